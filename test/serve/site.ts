import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { startServer } from '../../src/serve/server.ts';
import type { RequestLine, Server } from '../../src/serve/server.ts';

export const liveId = 'abcd0123456789efghjkmnpqrs';
export const unknownId = 'zyxw0123456789efghjkmnpqrs';
export const fileHash = '00112233445566778899aabbccddeeff';

export const pagePolicy = "default-src 'none'; style-src 'sha256-AAAA'; img-src 'self' data:";

export function aPage(text: string): string {
  const paragraphs = Array.from({ length: 400 }, (_, line) => `<p>${text}, line ${line}</p>`);
  return (
    `<!doctype html><html lang="en"><head>` +
    `<meta http-equiv="Content-Security-Policy" content="${pagePolicy}"><meta charset="utf-8">` +
    `<title>${text}</title></head><body>${paragraphs.join('\n')}</body></html>`
  );
}

export const notFoundPage = aPage('There is nothing here');

export interface Site {
  /** Holds `output` and what must never be served. */
  home: string;
  /** The output folder. */
  output: string;
  server: Server;
  lines: RequestLine[];
  errors: unknown[];
  get(path: string, options?: Ask): Promise<Answer>;
  write(path: string, content: string | Buffer): Promise<void>;
  close(): Promise<void>;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Undecoded, as it came over the wire. */
  body: Buffer;
}

/** A small output folder with one share, beside what must never be served. */
export async function anOutput(): Promise<Pick<Site, 'home' | 'output' | 'write'>> {
  const home = await mkdtemp(join(tmpdir(), 'serve-'));
  const output = join(home, 'output');
  const write = async (path: string, content: string | Buffer): Promise<void> => {
    await mkdir(dirname(join(output, path)), { recursive: true });
    await writeFile(join(output, path), content);
  };
  await writeFile(join(home, 'secret.txt'), 'the secret');
  await write('404.html', notFoundPage);
  await write('robots.txt', 'User-agent: *\nAllow: /share/\n');
  await write('_headers', '/*\n  X-Robots-Tag: noindex\n');
  await write('.nojekyll', '');
  await write(`share/${liveId}/index.html`, aPage('The first page'));
  await write(`share/${liveId}/2/index.html`, aPage('The second page'));
  await write(`share/${liveId}/conversation.md`, '# A conversation\n'.repeat(100));
  await write(`share/${liveId}/conversation.json`, JSON.stringify({ version: 1, files: [] }));
  await write(`share/${liveId}/files/${fileHash}/numbers.csv`, 'a,b\n1,2\n'.repeat(200));
  await write(`share/${liveId}/zip/${fileHash}/A conversation.zip`, Buffer.from('PK\u0003\u0004stored'));
  return { home, output, write };
}

/** A running server over a small output folder with one share. */
export async function aSite(basePath = ''): Promise<Site> {
  const { home, output, write } = await anOutput();
  const lines: RequestLine[] = [];
  const errors: unknown[] = [];
  const server = await startServer({
    folder: output,
    host: '127.0.0.1',
    port: 0,
    basePath,
    onRequest: (line) => lines.push(line),
    onError: (error) => errors.push(error),
  });
  return {
    home,
    output,
    server,
    lines,
    errors,
    write,
    get: (path, ask) => get(server.port, path, ask),
    close: async () => {
      await server.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Sends the path as it is: no client library tidies `..` away. */
export function get(port: number, path: string, { method = 'GET', headers = {} }: Ask = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = httpRequest(
    { host: '127.0.0.1', port, path, method, headers, agent: false },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    },
  );
  request.on('error', reject);
  request.end();
  return promise;
}

/** Writes bytes to a socket and gives back what comes until the server closes it. */
export function exchange(port: number, bytes: string | Buffer): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', reject);
  socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  return promise;
}

/**
 * Headers without what tells only when an answer was given: its date, and whether its ETag is weak, as Apache's is
 * while the file is younger than a second.
 */
export function undated(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { etag, ...others } = headers;
  delete others.date;
  return etag === undefined ? others : { ...others, etag: etag.replace(/^W\//, '') };
}
