import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Renderer } from '../../src/render/renderer.ts';
import type { Round, Snapshot } from '../../src/snapshot/snapshot.ts';
import { sharePath, shareUrl, toSiteUrl, type ShareId } from '../../src/urls.ts';
import { aSnapshot } from './rich-snapshot.ts';

const shareId = '0123456789abcdefghjkmnpqrs' as ShareId;

/** A static host with one share below a prefix, whose files a test changes while a browser looks. */
export interface LiveHost {
  /** Address of the share, without trailing slash. */
  url: string;
  /** Paths below the share's folder that were asked for, in order. */
  asked: string[];
  /** What a browser gets that goes to the first page; undefined for the file, as whoever fetches it. */
  cached: string | undefined;
  /** What every path answers with instead of a file; undefined for files. */
  outage: number | undefined;
  /** Publishes each list of rounds as a page. */
  publish(...pages: Round[][]): Promise<void>;
  publishSnapshot(...pages: Snapshot[]): Promise<void>;
  /** A file in the place of another; undefined takes it away. */
  put(path: string, body: string | undefined): void;
  read(path: string): string;
  close(): Promise<void>;
}

export async function startLiveHost(renderer: Renderer): Promise<LiveHost> {
  const files = new Map<string, string>();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://host');
    // Any address elsewhere shows the first page, as a mirror of it would.
    const path = pathname.startsWith(folder) ? pathname.slice(folder.length) : '';
    host.asked.push(request.method === 'HEAD' ? `HEAD ${path}` : path);
    const file = files.get(/\.\w+$/.test(path) ? path : `${path.replace(/\/$/, '')}/`);
    const body = request.headers['sec-fetch-dest'] === 'document' ? (host.cached ?? file) : file;
    response.statusCode = host.outage ?? (body === undefined ? 404 : 200);
    response.setHeader(
      'Content-Type',
      path.endsWith('.json') ? 'application/json' : 'text/html; charset=utf-8',
    );
    if (body !== undefined)
      response.setHeader('ETag', `"${createHash('sha256').update(body).digest('hex')}"`);
    response.end(response.statusCode === 200 ? body : 'nothing');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const site = toSiteUrl(`http://127.0.0.1:${(server.address() as AddressInfo).port}/repo`);
  const folder = sharePath(site, shareId);

  const host: LiveHost = {
    url: shareUrl(site, shareId),
    asked: [],
    cached: undefined,
    outage: undefined,
    publish: (...pages) => host.publishSnapshot(...pages.map((rounds) => aSnapshot({ rounds }))),
    async publishSnapshot(...snapshots) {
      for (const [index, snapshot] of snapshots.entries()) {
        const place = { site, shareId, conversation: 'talk', revision: 'r', preview: false };
        const drawn = await renderer.render(snapshot, place);
        const links = snapshots.map(({ rounds }, other) => {
          const href = `${folder}/${other === 0 ? '' : `${other + 1}/`}`;
          const rel = other === index + 1 ? ' rel="next"' : '';
          return `<a href="${href}"${rel} data-start="${rounds[0]?.number}">${other + 1}</a>`;
        });
        const nav = `<nav class="pages${index === 0 ? ' all-pages' : ''}" aria-label="Pages">${links.join(' ')}</nav>`;
        const html = (drawn.pages.get('index.html')?.toString() ?? '').replace(
          '</main>',
          `${links.length > 1 ? nav : ''}</main>`,
        );
        const hash = createHash('sha256').update(html).digest('hex').slice(0, 16);
        const page = html.replace(
          'data-page="1" data-state="r"',
          `data-page="${index + 1}" data-state="${hash}"`,
        );
        files.set(index === 0 ? '/' : `/${index + 1}/`, page);
      }
      files.set('/conversation.json', JSON.stringify({ rounds: snapshots.flatMap(({ rounds }) => rounds) }));
    },
    put(path, body) {
      if (body === undefined) files.delete(path);
      else files.set(path, body);
    },
    read: (path) => files.get(path) ?? '',
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return host;
}
