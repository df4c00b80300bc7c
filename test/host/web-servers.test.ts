import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addresses } from '../../src/host/addresses.ts';
import { staticHeaders, type Headers } from '../../src/host/headers.ts';
import { mediaTypeOf } from '../../src/host/media-types.ts';
import { startServer, type Server } from '../../src/serve/server.ts';
import { toRoute } from '../../src/serve/routes.ts';
import { get, undated, unknownId } from '../serve/site.ts';
import { aPublishedSite, type PublishedSite } from '../support/published-site.ts';
import { isInstalled, serverNames, startWebServer, type WebServer } from '../support/web-servers.ts';

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

let site: PublishedSite;

beforeAll(async () => {
  site = await aPublishedSite({
    'numbers.csv': 'a,b\n1,2\n'.repeat(400),
    'dot.PNG': png,
    'page.html': '<script>alert(1)</script>',
    'two words ü.txt': 'text',
    'report.pdf': '%PDF-1.4\n',
  });
  symlinkSync('/etc/hostname', join(site.output, 'share', site.id, 'files', 'aaaaaaaa'));
});

afterAll(() => site.remove());

const fileNamed = (end: string): string =>
  `/share/${site.id}/${encodeURI(site.files.find((path) => path.endsWith(end)) ?? `no ${end}`)}`;

/** Address → what a server must say with it. */
function liveAddresses(): string[] {
  const page = `/share/${site.id}`;
  return [
    page,
    `${page}/`,
    `${page}?from=chat`,
    `${page}/conversation.md`,
    `${page}/conversation.json`,
    `${page}/${encodeURI(site.zip)}`,
    fileNamed('.csv'),
    fileNamed('.PNG'),
    fileNamed('.html.wasm'),
    fileNamed('.txt'),
    fileNamed('.pdf'),
    '/robots.txt',
  ];
}

/** What all look the same: deleted, unknown, malformed, folders, and what is nobody's business. */
function deadAddresses(): string[] {
  const page = `/share/${site.id}`;
  const folder = fileNamed('.csv').replace(/[^/]*$/, '');
  return [
    `/share/${site.revokedId}`,
    `/share/${site.revokedId}/`,
    `/share/${site.revokedId}/conversation.md`,
    `/share/${site.revokedId}/conversation.json`,
    `/share/${site.revokedId}/zip/0123456789abcdef/A.zip`,
    `/share/${unknownId}`,
    '/share/malformed',
    `/share/${site.id.toUpperCase()}`,
    `${page}/index.html`,
    `${page}/2`,
    `${page}/files`,
    `${page}/files/`,
    folder,
    folder.slice(0, -1),
    `${folder}nothing.csv`,
    `${folder}.hidden`,
    `${page}/zip/`,
    '/',
    '/share',
    '/share/',
    '/404.html',
    '/_headers',
    '/.nojekyll',
    '/.conversation-share',
    '/nothing/here.html',
  ];
}

/** The same address in a share that never was. */
function ofNoShare(address: string): string {
  return address.replace(site.revokedId, unknownId).replace(site.id, unknownId);
}

/** The headers of ours that came back, by the names that we give them. */
function ours(headers: Readonly<Record<string, unknown>>): Headers {
  const names = Object.keys({ ...staticHeaders('file', false), 'Content-Type': '' });
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name.toLowerCase()];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

test('the addresses by regular expression are those that the built-in server knows', () => {
  for (const address of [...liveAddresses(), ...deadAddresses()]) {
    const path = decodeURI(address.replace(/\?.*/, ''));
    const match = addresses
      .map(({ kind, pattern, file }) => ({ kind, file, groups: new RegExp(`^${pattern}$`).exec(path) }))
      .find(({ groups }) => groups !== null);
    const file = match?.file.replace(/\$(\d)/g, (_, group: string) => match.groups?.[Number(group)] ?? '');
    const route = toRoute(address, []);
    expect([address, match?.kind, file]).toEqual([
      address,
      route?.kind,
      route && `/${route.segments.join('/')}`,
    ]);
  }
});

describe('the built-in server and hosts say the same', () => {
  let builtIn: Server;
  beforeAll(async () => {
    builtIn = await startServer({ folder: site.output, host: '127.0.0.1', port: 0 });
  });
  afterAll(() => builtIn.close());

  test('but for the policy of a page, which hosts do not know, and the name of a download', async () => {
    for (const address of liveAddresses()) {
      const { headers } = await get(builtIn.port, address);
      const route = toRoute(address, []);
      if (route === undefined) throw new Error(address);
      const type = mediaTypeOf(route);
      const expected: Headers = { ...staticHeaders(route.kind, type.inline), 'Content-Type': type.type };
      const said = ours(headers);
      if (route.kind === 'page') delete expected['Content-Security-Policy'];
      if (route.kind === 'page') delete said['Content-Security-Policy'];
      if (said['Content-Disposition'] !== undefined)
        said['Content-Disposition'] = said['Content-Disposition'].replace(/;.*/, '');
      expect([address, said]).toEqual([address, expected]);
    }
  });
});

for (const name of serverNames)
  describe.skipIf(!isInstalled(name))(`${name} with its generated configuration (needs ${name})`, () => {
    let server: WebServer;
    beforeAll(async () => {
      server = await startWebServer(name, site.output);
    });
    afterAll(async () => {
      await server.close();
    });

    test('serves every address with 200, the right bytes and every header', async () => {
      for (const address of liveAddresses()) {
        const route = toRoute(address, []);
        if (route === undefined) throw new Error(address);
        const { status, headers, body } = await get(server.port, address);
        const type = mediaTypeOf(route);
        expect([address, status, ours(headers)]).toEqual([
          address,
          200,
          { ...staticHeaders(route.kind, type.inline), 'Content-Type': type.type },
        ]);
        if (route.kind !== 'robots')
          expect(body.equals(site.read(route.segments.slice(2).join('/'))), address).toBe(true);
      }
    });

    test('shows what is deleted, unknown, malformed, a folder or hidden as one and the same 404', async () => {
      const first = await get(server.port, `/share/${site.revokedId}`);
      expect(first.status).toBe(404);
      expect(first.body.toString()).toMatch(/^<!doctype html>/i);
      expect(ours(first.headers)).toEqual({
        ...staticHeaders('not-found', false),
        'Content-Type': 'text/html; charset=utf-8',
      });
      for (const address of deadAddresses()) {
        const { status, headers, body } = await get(server.port, address);
        // lighttpd settles headers by the shape of an address, so only equal shapes have equal headers.
        const alike = name === 'lighttpd' ? await get(server.port, ofNoShare(address)) : first;
        expect([address, status, undated(headers)]).toEqual([address, 404, undated(alike.headers)]);
        expect(body.equals(first.body), address).toBe(true);
      }
    });

    test('leaks no file by a path that is malformed, climbs or is encoded', async () => {
      const secrets = [
        '/share/../.conversation-share',
        '/share/%2e%2e/.conversation-share',
        '/share/..%2f.conversation-share',
        '/%2econversation-share',
        '/../registry.sqlite',
        '/..%2fregistry.sqlite',
        '/..%5cregistry.sqlite',
        `/share/${site.id}/files/../../../.conversation-share`,
        `/share/${site.id}/files/aaaaaaaa/x`,
        `/share/${site.id}/files/aaaaaaaa`,
        '/%',
        '/%00',
        '/share/%ff',
      ];
      for (const address of secrets) {
        const { status } = await get(server.port, address);
        expect([address, [400, 403, 404].includes(status)]).toEqual([address, true]);
      }
    });

    test('gives parts of a file, and says when a copy is still good', async () => {
      const address = fileNamed('.csv');
      const part = await get(server.port, address, { headers: { range: 'bytes=4-7' } });
      expect(part).toMatchObject({ status: 206, headers: { 'content-range': 'bytes 4-7/3200' } });
      expect(part.body.toString()).toBe('1,2\n');
      expect((await get(server.port, address, { headers: { range: 'bytes=9999-' } })).status).toBe(416);
      const page = `/share/${site.id}`;
      const whole = await get(server.port, page);
      const { etag } = whole.headers;
      const again = await get(server.port, page, { headers: { 'if-none-match': etag ?? 'no etag' } });
      expect(again).toMatchObject({ status: 304, body: Buffer.alloc(0) });
    });

    test('compresses pages and text, answers HEAD like GET, and refuses other methods alike', async () => {
      const page = `/share/${site.id}`;
      const packed = await get(server.port, page, { headers: { 'accept-encoding': 'gzip' } });
      const isPacked = packed.headers['content-encoding'] === 'gzip';
      expect(isPacked).toBe(name !== 'lighttpd'); // where that is a package of its own
      expect((isPacked ? gunzipSync(packed.body) : packed.body).equals(site.read('index.html'))).toBe(true);
      const head = await get(server.port, page, { method: 'HEAD' });
      expect([head.status, ours(head.headers), head.body.length]).toEqual([
        200,
        ours((await get(server.port, page)).headers),
        0,
      ]);
      for (const address of [page, `/share/${unknownId}`])
        expect([address, (await get(server.port, address, { method: 'POST' })).status]).toEqual([
          address,
          name === 'lighttpd' ? 403 : 405, // lighttpd has a word for it only where it runs programs
        ]);
    });

    test('serves a site below a path, and nothing beside it', async () => {
      const below = await startWebServer(name, site.output, { basePath: '/re.po' });
      try {
        const page = `/share/${site.id}`;
        for (const address of liveAddresses())
          expect([address, (await get(below.port, `/re.po${address}`)).status]).toEqual([address, 200]);
        for (const address of [page, `/re_po${page}`, '/re.po', '/re.po/', `/re.po/share/${unknownId}`])
          expect([address, (await get(below.port, address)).status]).toEqual([address, 404]);
      } finally {
        await below.close();
      }
    });
  });
