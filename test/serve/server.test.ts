import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { request as httpRequest, Agent } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { startServer } from '../../src/serve/server.ts';
import {
  aPage,
  aSite,
  exchange,
  fileHash,
  get,
  liveId,
  notFoundPage,
  pagePolicy,
  undated,
  unknownId,
} from './site.ts';
import type { Answer, Site } from './site.ts';

const share = `/share/${liveId}`;
const csvPath = `${share}/files/${fileHash}/numbers.csv`;
const zipPath = `${share}/zip/${fileHash}/A%20conversation.zip`;
const csv = 'a,b\n1,2\n'.repeat(200);

const houseHeaders = {
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'permissions-policy': expect.stringContaining('camera=()') as string,
};
const robotsTag = 'noindex, nofollow, noarchive, nosnippet, noimageindex';

let site: Site;
beforeEach(async () => {
  site = await aSite();
});
afterEach(() => site.close());

describe('what is served', () => {
  test.each([
    [share, 'text/html; charset=utf-8', 'no-cache', `${pagePolicy}; frame-ancestors 'none'`],
    [`${share}/`, 'text/html; charset=utf-8', 'no-cache', `${pagePolicy}; frame-ancestors 'none'`],
    [`${share}/2`, 'text/html; charset=utf-8', 'no-cache', `${pagePolicy}; frame-ancestors 'none'`],
    [
      `${share}/conversation.md`,
      'text/markdown; charset=utf-8',
      'no-cache',
      "default-src 'none'; sandbox; frame-ancestors 'none'",
    ],
    [
      `${share}/conversation.json`,
      'application/json',
      'no-cache',
      "default-src 'none'; sandbox; frame-ancestors 'none'",
    ],
    [
      csvPath,
      'text/csv; charset=utf-8',
      'private, max-age=31536000, immutable',
      "sandbox; default-src 'none'",
    ],
    [zipPath, 'application/zip', 'private, max-age=31536000, immutable', "sandbox; default-src 'none'"],
  ])('%s carries every header, with its body and without', async (path, type, cacheControl, policy) => {
    const answer = await site.get(path);
    const expected = {
      ...houseHeaders,
      'x-robots-tag': robotsTag,
      'content-type': type,
      'cache-control': cacheControl,
      'content-security-policy': policy,
      'content-length': String(answer.body.length),
      'accept-ranges': 'bytes',
    };
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject(expected);

    const head = await site.get(path, { method: 'HEAD' });
    expect(head.body).toHaveLength(0);
    expect(undated(head.headers)).toEqual(undated(answer.headers));

    const copy = await site.get(path, { headers: { 'If-None-Match': String(answer.headers.etag) } });
    expect(copy.status).toBe(304);
    expect(copy.body).toHaveLength(0);
    expect(copy.headers['content-type']).toBeUndefined();
    const kept = [
      'x-robots-tag',
      'cache-control',
      'content-security-policy',
      'vary',
      'etag',
      'content-disposition',
    ];
    for (const name of [...Object.keys(houseHeaders), ...kept])
      expect(copy.headers[name]).toBe(answer.headers[name]);
  });

  test('both forms of the link give the same bytes', async () => {
    const [plain, slashed] = await Promise.all([site.get(share), site.get(`${share}/`)]);
    expect(plain.body.toString()).toBe(aPage('The first page'));
    expect(slashed.body).toEqual(plain.body);
  });

  test('robots.txt may be indexed, since crawlers must read it', async () => {
    const answer = await site.get('/robots.txt');
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject(houseHeaders);
    expect(answer.headers['x-robots-tag']).toBeUndefined();
  });

  test('a date is as good as a tag for asking again', async () => {
    const { headers } = await site.get(share);
    const since = { 'If-Modified-Since': String(headers['last-modified']) };
    expect((await site.get(share, { headers: since })).status).toBe(304);
    const earlier = { 'If-Modified-Since': 'Sun, 06 Nov 1994 08:49:37 GMT' };
    expect((await site.get(share, { headers: earlier })).status).toBe(200);
  });

  test('a site under a path answers below that path only', async () => {
    const other = await aSite('/repo/');
    try {
      expect(other.server.url).toBe(`http://127.0.0.1:${other.server.port}/repo`);
      expect((await other.get(`/repo${share}`)).status).toBe(200);
      for (const path of [share, `/repository${share}`, '/repo', '/repo/'])
        expect((await other.get(path)).status).toBe(404);
    } finally {
      await other.close();
    }
  });
});

describe('codings', () => {
  test.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ] as const)('%s is negotiated, and has its own tag and length', async (coding, decode) => {
    const plain = await site.get(share);
    const packed = await site.get(share, { headers: { 'Accept-Encoding': coding } });
    expect(packed.headers['content-encoding']).toBe(coding);
    expect(packed.headers['content-length']).toBe(String(packed.body.length));
    expect(packed.body.length).toBeLessThan(plain.body.length / 2);
    expect(decode(packed.body)).toEqual(plain.body);
    expect(packed.headers.etag).not.toBe(plain.headers.etag);
    for (const answer of [plain, packed]) expect(answer.headers.vary).toBe('Accept-Encoding');

    const headers = { 'Accept-Encoding': coding, 'If-None-Match': String(packed.headers.etag) };
    expect((await site.get(share, { headers })).status).toBe(304);
    const crossed = { 'Accept-Encoding': coding, 'If-None-Match': String(plain.headers.etag) };
    expect((await site.get(share, { headers: crossed })).status).toBe(200);
  });

  test('what is packed already goes out as it is', async () => {
    const answer = await site.get(zipPath, { headers: { 'Accept-Encoding': 'br, gzip' } });
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.headers.vary).toBeUndefined();
  });
});

describe('byte ranges', () => {
  test.each([
    ['the first bytes', 'bytes=0-3', 'bytes 0-3/1600', csv.slice(0, 4)],
    ['from a place on', 'bytes=1590-', 'bytes 1590-1599/1600', csv.slice(1590)],
    ['the last bytes', 'bytes=-8', 'bytes 1592-1599/1600', csv.slice(-8)],
    ['more than there is', 'bytes=1599-9999', 'bytes 1599-1599/1600', csv.slice(-1)],
  ])('%s', async (_name, range, contentRange, body) => {
    const headers = { Range: range, 'Accept-Encoding': 'br' };
    const answer = await site.get(csvPath, { headers });
    expect(answer.status).toBe(206);
    expect(answer.headers['content-range']).toBe(contentRange);
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.body.toString()).toBe(body);
    expect(answer.headers).toMatchObject({ ...houseHeaders, 'x-robots-tag': robotsTag });
  });

  test('several ranges, or one that makes no sense, give the whole file', async () => {
    for (const range of ['bytes=0-1,5-6', 'bytes=x', 'lines=1-2']) {
      const answer = await site.get(csvPath, { headers: { Range: range } });
      expect(answer.status).toBe(200);
      expect(answer.body.toString()).toBe(csv);
    }
  });

  test('a range behind the end is 416 and says how long the file is', async () => {
    const answer = await site.get(csvPath, { headers: { Range: 'bytes=5000-' } });
    expect(answer.status).toBe(416);
    expect(answer.headers).toMatchObject({ ...houseHeaders, 'content-range': 'bytes */1600' });
    expect(answer.headers['content-disposition']).toBeUndefined();
    expect(site.errors).toEqual([]);
  });

  test('If-Range gives the part of the same file, and the whole of another', async () => {
    const { headers } = await site.get(csvPath);
    const ask = async (ifRange: string): Promise<number> =>
      (await site.get(csvPath, { headers: { Range: 'bytes=0-3', 'If-Range': ifRange } })).status;
    expect(await ask(String(headers.etag))).toBe(206);
    expect(await ask('"another"')).toBe(200);
    expect(await ask(String(headers['last-modified']))).toBe(206);
    expect(await ask('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(200);
  });

  test('HEAD has no ranges', async () => {
    const answer = await site.get(csvPath, { method: 'HEAD', headers: { Range: 'bytes=0-3' } });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-length']).toBe('1600');
  });

  test('a failed precondition is 412', async () => {
    const headers = { Range: 'bytes=0-3', 'If-Match': '"another"' };
    expect((await site.get(csvPath, { headers })).status).toBe(412);
  });
});

describe('large files', () => {
  const bytes = Buffer.alloc(9 * 1024 * 1024, 'a large file ');
  const path = `/share/${liveId}/files/${fileHash}/big.zip`;
  beforeEach(() => site.write(path, bytes));

  test('go out whole, in parts, and not at all to who has them', async () => {
    const whole = await site.get(path);
    expect(whole.body.equals(bytes)).toBe(true);
    expect(whole.headers).toMatchObject({ ...houseHeaders, 'content-length': String(bytes.length) });
    const head = await site.get(path, { method: 'HEAD' });
    expect(undated(head.headers)).toEqual(undated(whole.headers));
    const headPart = await site.get(path, { method: 'HEAD', headers: { Range: 'bytes=0-3' } });
    expect(headPart.status).toBe(200);
    const part = await site.get(path, { headers: { Range: 'bytes=5000000-5000009' } });
    expect(part.body).toEqual(bytes.subarray(5_000_000, 5_000_010));
    const copy = await site.get(path, { headers: { 'If-None-Match': String(whole.headers.etag) } });
    expect(copy.status).toBe(304);
    expect(copy.headers['content-type']).toBeUndefined();
  });

  test('are whole even when replaced and deleted while they are read', async () => {
    const { response, read } = await openSlowly(site.server.port, path);
    await writeFile(join(site.home, 'next'), 'something short');
    await rename(join(site.home, 'next'), join(site.output, path));
    await rm(join(site.output, path));
    expect((await read()).equals(bytes)).toBe(true);
    expect(response.complete).toBe(true);
    expect((await site.get(path)).status).toBe(404);
  });

  test('leave no file open behind them, whether read to the end, broken off, or only asked about', async () => {
    const before = openFilesUnder(site.output);
    for (let round = 0; round < 5; round++) {
      await site.get(path, { method: 'HEAD' });
      await site.get(path, { headers: { Range: 'bytes=99999999-' } });
      await site.get(path);
      const { response } = await openSlowly(site.server.port, path);
      response.destroy();
    }
    await expect.poll(() => openFilesUnder(site.output)).toBe(before);
  });

  test('a page too large for memory keeps its policy', async () => {
    await site.write(`share/${liveId}/3/index.html`, aPage('Long') + ' '.repeat(5 * 1024 * 1024));
    const answer = await site.get(`${share}/3`, { headers: { 'Accept-Encoding': 'br' } });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-security-policy']).toBe(`${pagePolicy}; frame-ancestors 'none'`);
  });
});

/** How many files below a folder this process holds open; 0 where the system cannot say. */
function openFilesUnder(folder: string): number {
  if (process.platform !== 'linux') return 0;
  const listing = execFileSync('ls', ['-l', `/proc/${process.pid}/fd`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return listing.split('\n').filter((line) => line.includes(folder)).length;
}

/** Starts a response and reads nothing of it until told. */
async function openSlowly(
  port: number,
  path: string,
): Promise<{ response: IncomingMessage; read: () => Promise<Buffer> }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  httpRequest({ host: '127.0.0.1', port, path, agent: false }, resolve).on('error', reject).end();
  const response = await promise;
  response.pause();
  return { response, read: async () => Buffer.concat((await response.toArray()) as Buffer[]) };
}

describe('attached files', () => {
  const nameOf = async (name: string, served: string): Promise<string | undefined> => {
    const below = `files/${fileHash}/${served}`;
    await site.write(`share/${liveId}/${below}`, 'x');
    await site.write(`share/${liveId}/conversation.json`, JSON.stringify({ files: [{ name, path: below }] }));
    const answer = await site.get(`${share}/files/${fileHash}/${encodeURIComponent(served)}`);
    expect(answer.status).toBe(200);
    return answer.headers['content-disposition'];
  };

  test('are downloaded under the name their owner gave them', async () => {
    expect(await nameOf('web/page.html', 'page.html.wasm')).toBe(
      `attachment; filename="page.html"; filename*=UTF-8''page.html`,
    );
    expect(await nameOf('"数据"\n.csv', 'data.csv')).toBe(
      `attachment; filename="____.csv"; filename*=UTF-8''%22%E6%95%B0%E6%8D%AE%22.csv`,
    );
  });

  test('follow a new name at once', async () => {
    expect(await nameOf('first.csv', 'a.csv')).toContain('filename="first.csv"');
    expect(await nameOf('second name.csv', 'a.csv')).toContain('filename="second name.csv"');
  });

  test('keep the name in the link where the list does not know them', async () => {
    expect((await site.get(csvPath)).headers['content-disposition']).toContain('filename="numbers.csv"');
    await rm(join(site.output, share, 'conversation.json'));
    expect((await site.get(csvPath)).headers['content-disposition']).toContain('filename="numbers.csv"');
    expect((await site.get(zipPath)).headers['content-disposition']).toContain(
      'filename="A conversation.zip"',
    );
  });

  test('that are raster images may be looked at in place, in the style of the browser', async () => {
    expect(await nameOf('chart.png', 'chart.png')).toMatch(/^inline; /);
    const { headers } = await site.get(`${share}/files/${fileHash}/chart.png`);
    expect(headers['content-type']).toBe('image/png');
    expect(headers['content-security-policy']).toBe("sandbox; default-src 'none'; style-src 'unsafe-inline'");
  });
});

describe('what is not there', () => {
  const paths = [
    '/',
    '/share',
    '/share/',
    `/share/${unknownId}`,
    `/share/${unknownId}/`,
    `/share/${unknownId}/conversation.json`,
    `/share/${unknownId}/files/${fileHash}/numbers.csv`,
    `/share/${unknownId}/zip/${fileHash}/A%20conversation.zip`,
    '/share/short',
    `/share/${liveId.toUpperCase()}`,
    '/share/%',
    '/share/%c0%af',
    `${share}/9`,
    `${share}/index.html`,
    `${share}/files/`,
    `${share}/files/${fileHash}/other.csv`,
    `${share}/files/${fileHash}/${'n'.repeat(300)}`,
    '/404.html',
    '/_headers',
    '/.nojekyll',
    '/.git/config',
    '/secret.txt',
    '/share/../../secret.txt',
    '/share/%2e%2e/%2e%2e/secret.txt',
    '/share/..%2f..%2fsecret.txt',
    '/share/..%5c..%5csecret.txt',
    '/share/%252e%252e/%252e%252e/secret.txt',
    `${share}/%00`,
    `/${'x'.repeat(5000)}`,
    '//share/x',
  ];

  test.each([undefined, 'gzip', 'br'])('looks the same everywhere, coded %s', async (coding) => {
    const headers = {
      ...(coding && { 'Accept-Encoding': coding }),
      Range: 'bytes=0-3',
      'If-None-Match': '*',
    };
    await rm(join(site.output, 'share', liveId, '2'), { recursive: true });
    const answers = await Promise.all([...paths, `${share}/2`].map((path) => site.get(path, { headers })));
    const [first] = answers as [Answer, ...Answer[]];
    expect(first.headers).toMatchObject({
      ...houseHeaders,
      'x-robots-tag': robotsTag,
      'cache-control': 'no-cache',
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `${pagePolicy}; frame-ancestors 'none'`,
    });
    expect(first.headers.etag).toBeUndefined();
    if (coding === undefined) expect(first.body.toString()).toBe(notFoundPage);
    for (const answer of answers) {
      expect(answer.status).toBe(404);
      expect(undated(answer.headers)).toEqual(undated(first.headers));
      expect(answer.body.equals(first.body)).toBe(true);
    }
  });

  test('looks the same to HEAD, but for the body', async () => {
    const [answer, head] = [await site.get('/x'), await site.get('/x', { method: 'HEAD' })];
    expect(undated(head.headers)).toEqual(undated(answer.headers));
    expect(head.body).toHaveLength(0);
  });

  test('looks the same in an output folder without 404.html, and in none', async () => {
    await rm(join(site.output, '404.html'));
    const bare = await site.get('/');
    expect(bare.status).toBe(404);
    expect(bare.headers).toMatchObject({ ...houseHeaders, 'x-robots-tag': robotsTag });
    await rm(site.output, { recursive: true });
    const gone = await site.get(share);
    expect(undated(gone.headers)).toEqual(undated(bare.headers));
    expect(gone.body).toEqual(bare.body);
  });

  test('a share is gone with its directory, files and ZIP too, at the next request', async () => {
    const all = [
      share,
      `${share}/2`,
      `${share}/conversation.md`,
      `${share}/conversation.json`,
      csvPath,
      zipPath,
    ];
    for (const path of all) expect((await site.get(path)).status).toBe(200);
    const { headers } = await site.get(share);
    await rename(join(site.output, share), join(site.home, 'withdrawn'));
    const copy = {
      'If-None-Match': String(headers.etag),
      'If-Modified-Since': String(headers['last-modified']),
    };
    for (const path of all) {
      expect((await site.get(path)).status).toBe(404);
      expect((await site.get(path, { headers: copy })).status).toBe(404);
      expect((await site.get(path, { headers: { Range: 'bytes=0-3' } })).status).toBe(404);
    }
  });

  test.each([
    ['a symlink to a file', 'index.html', 'secret.txt'],
    ['a symlink to a directory on the way', '', 'outside'],
  ])('%s is not followed out of the folder', async (_name, below, target) => {
    await mkdir(join(site.home, 'outside'));
    await writeFile(join(site.home, 'outside', 'index.html'), 'the secret');
    const link = join(site.output, 'share', unknownId, below);
    await mkdir(join(link, '..'), { recursive: true });
    await symlink(join(site.home, target), link);
    for (const headers of [{}, { Range: 'bytes=0-3' }]) {
      const answer = await site.get(`/share/${unknownId}`, { headers });
      expect(answer.status).toBe(404);
      expect(answer.body.toString()).toBe(notFoundPage);
    }
  });

  test('a symlink from one share to another is not followed either', async () => {
    await symlink(join(site.output, 'share', liveId), join(site.output, 'share', unknownId));
    expect((await site.get(share)).status).toBe(200);
    expect((await site.get(`/share/${unknownId}`)).status).toBe(404);
  });

  test('a directory or a pipe in the place of a page is not there, and holds nobody up', async () => {
    await mkdir(join(site.output, 'share', unknownId, 'index.html'), { recursive: true });
    expect((await site.get(`/share/${unknownId}`)).status).toBe(404);
    await rm(join(site.output, 'share', unknownId, 'index.html'), { recursive: true });
    execFileSync('mkfifo', [join(site.output, 'share', unknownId, 'index.html')]);
    expect((await site.get(`/share/${unknownId}`)).status).toBe(404);
  });

  test('the output folder itself may be a symlink', async () => {
    await symlink(site.output, join(site.home, 'current'));
    const server = await startServer({ folder: join(site.home, 'current'), host: '127.0.0.1', port: 0 });
    try {
      expect((await get(server.port, share)).status).toBe(200);
    } finally {
      await server.close();
    }
  });
});

describe('while things change', () => {
  test('200 readers of a page that is being replaced see whole pages only, and the newest soon', async () => {
    const generations = 60;
    const pages = new Set(Array.from({ length: generations }, (_, n) => aPage(`Generation ${n}`)));
    const target = join(site.output, share, 'index.html');
    const agent = new Agent({ keepAlive: true, maxSockets: 200 });
    await writeFile(target, aPage('Generation 0'));
    let isWriting = true;
    const seen = new Set<string>();
    const reader = async (number: number): Promise<void> => {
      while (isWriting) {
        const coding = number % 2 === 0 ? 'gzip' : 'identity';
        const { status, body } = await getWith(agent, site.server.port, share, coding);
        expect(status).toBe(200);
        seen.add(coding === 'gzip' ? gunzipSync(body).toString() : body.toString());
      }
    };
    const readers = Array.from({ length: 200 }, (_, number) => reader(number));
    for (const page of pages) {
      await writeFile(join(site.home, 'next'), page);
      await rename(join(site.home, 'next'), target);
      await sleep(5);
    }
    isWriting = false;
    await Promise.all(readers);
    agent.destroy();
    for (const page of seen) expect(pages.has(page)).toBe(true);
    expect(seen.size).toBeGreaterThan(5);
    expect((await site.get(share)).body.toString()).toBe(aPage(`Generation ${generations - 1}`));
    expect(site.errors).toEqual([]);
  });

  test('a page that comes and goes is there or not there, and never anything else', async () => {
    const page = join(site.output, share);
    const away = join(site.home, 'away');
    const statuses = new Set<number>();
    for (let round = 0; round < 40; round++) {
      const answers = Array.from({ length: 10 }, () => site.get(share));
      if (round % 2 === 0) await rename(page, away);
      else await rename(away, page);
      for (const { status } of await Promise.all(answers)) statuses.add(status);
    }
    expect([...statuses].sort()).toEqual([200, 404]);
    expect(site.errors).toEqual([]);
  });
});

function getWith(
  agent: Agent,
  port: number,
  path: string,
  coding: string,
): Promise<{ status: number; body: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Buffer }>();
  const headers = { 'Accept-Encoding': coding };
  httpRequest({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
    response.toArray().then((chunks: Buffer[]) => {
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
    }, reject);
  })
    .on('error', reject)
    .end();
  return promise;
}

describe('requests that are not asked for', () => {
  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])(
    '%s is 405 on every path',
    async (method) => {
      for (const path of [share, '/']) {
        const answer = await site.get(path, { method });
        expect(answer.status).toBe(405);
        expect(answer.headers).toMatchObject({
          ...houseHeaders,
          allow: 'GET, HEAD',
          'x-robots-tag': robotsTag,
        });
      }
    },
  );

  test.each([
    ['no HTTP', 'nonsense\r\n\r\n', '400'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', '400'],
    ['a header of 20 KB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, '431'],
  ])('%s is refused and the connection closed', async (_name, bytes, status) => {
    const answer = await exchange(site.server.port, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/connection: close/i);
    expect((await site.get(share)).status).toBe(200);
  });

  test.each([
    '/share/../../secret.txt',
    '/../secret.txt',
    '/share/..\\..\\secret.txt',
    '/share/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/share/\u00c0\u00ae\u00c0\u00ae/secret.txt',
    'http://x/share/../../secret.txt',
  ])('the raw target %j tells nothing', async (target) => {
    const request = `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const answer = await exchange(site.server.port, Buffer.from(request, 'latin1'));
    expect(answer).toMatch(/^HTTP\/1.1 40[04] /);
    expect(answer).not.toContain('the secret');
  });

  test('rubbish after a good request leaves the good response whole', async () => {
    const good = `GET ${share} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const answer = await exchange(site.server.port, `${good}nonsense\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer.endsWith(aPage('The first page'))).toBe(true);
    expect((await site.get(share)).status).toBe(200);
  });
});

test('a disk that fails is a 500 without words, told to the operator, and the server lives', async () => {
  // Root may read everything, so a folder that the disk cannot be asked about stands in for one that it refuses.
  const failing = await startServer({
    folder: `${site.output}\0`,
    host: '127.0.0.1',
    port: 0,
    onError: (error) => site.errors.push(error),
  });
  try {
    const answer = await get(failing.port, share);
    expect(answer.status).toBe(500);
    expect(answer.body.toString()).toBe('Internal Server Error\n');
    expect(answer.headers).toMatchObject({ ...houseHeaders, 'cache-control': 'no-store' });
    expect(site.errors).toHaveLength(1);
    expect((await get(failing.port, share)).status).toBe(500);
  } finally {
    await failing.close();
  }
});

test('the log has one line for each request and no whole share id', async () => {
  await site.get(csvPath);
  await site.get(`/share/${unknownId}?again=${unknownId}`);
  await site.get(share, { method: 'POST' });
  await expect.poll(() => site.lines.length).toBe(3);
  expect(site.lines.map(({ method, status, path }) => [method, status, path])).toEqual([
    ['GET', 200, '/share/abcd…/files/0011…/numb…'],
    ['GET', 404, '/share/zyxw…'],
    ['POST', 405, '/share/abcd…'],
  ]);
  for (const { ms } of site.lines) expect(ms).toBeGreaterThan(0);
});

describe('opening and closing', () => {
  test('a port in use is explained', async () => {
    const { port } = site.server;
    const second = startServer({ folder: site.output, host: '127.0.0.1', port });
    await expect(second).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining(`Port ${port} `) as string,
      hint: expect.stringContaining('share serve --port') as string,
    });
  });

  test.each([
    ['an address of another machine', { host: '192.0.2.1' }],
    ['a base path with dots', { basePath: '/../x' }],
  ])('%s is explained', async (_name, options) => {
    const started = startServer({ folder: site.output, host: '127.0.0.1', port: 0, ...options });
    await expect(started).rejects.toMatchObject({ code: 'config_invalid' });
  });

  test('closing finishes the response under way, ends idle connections and takes no new ones', async () => {
    const path = `${share}/files/${fileHash}/big.zip`;
    const bytes = Buffer.alloc(9 * 1024 * 1024, 7);
    await site.write(path, bytes);
    const idle = connect(site.server.port, '127.0.0.1', () =>
      idle.write(`HEAD ${share} HTTP/1.1\r\nHost: x\r\n\r\n`),
    );
    const idleEnded = new Promise((resolve) => idle.once('close', resolve));
    await new Promise((resolve) => idle.once('data', resolve));
    const { read } = await openSlowly(site.server.port, path);

    const startedMs = performance.now();
    const closed = Promise.all([site.server.close(), site.server.close()]);
    await idleEnded;
    await expect(get(site.server.port, share)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect((await read()).equals(bytes)).toBe(true);
    await closed;
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });

  test('a reader that takes nothing holds up closing for 5 s at most', { timeout: 15_000 }, async () => {
    await site.write(`${share}/files/${fileHash}/big.zip`, Buffer.alloc(9 * 1024 * 1024));
    const { response } = await openSlowly(site.server.port, `${share}/files/${fileHash}/big.zip`);
    response.on('error', () => undefined);
    const startedMs = performance.now();
    await site.server.close();
    expect(performance.now() - startedMs).toBeGreaterThan(4_500);
    expect(performance.now() - startedMs).toBeLessThan(6_500);
  });
});
