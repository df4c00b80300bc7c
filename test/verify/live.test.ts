import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openDesk } from '../../cli/desk.ts';
import { askLiveHost } from '../../cli/verification.ts';
import { startServer } from '../../src/serve/server.ts';
import { toSiteUrl } from '../../src/urls.ts';
import { isInert, type LiveFinding } from '../../src/verify/live.ts';
import { share } from '../support/cli.ts';
import { aPublishedSite, type PublishedSite } from '../support/published-site.ts';
import { isInstalled, serverNames, startWebServer } from '../support/web-servers.ts';

let site: PublishedSite;

beforeAll(async () => {
  site = await aPublishedSite({ 'numbers.csv': 'a,b\n', 'page.html': '<p>x' });
});

afterAll(() => site.remove());

async function look(url: string): Promise<LiveFinding[]> {
  const desk = openDesk(site.data.paths);
  try {
    return await askLiveHost(desk, toSiteUrl(url));
  } finally {
    desk.close();
  }
}

const said = (findings: LiveFinding[]) => findings.map(({ level, problem }) => `${level}: ${problem}`).sort();

describe('a host that serves as it should has nothing to be told', () => {
  test('the built-in server', async () => {
    const server = await startServer({ folder: site.output, host: '127.0.0.1', port: 0 });
    try {
      expect(await look(server.url)).toEqual([]);
    } finally {
      await server.close();
    }
  });

  for (const name of serverNames)
    test.skipIf(!isInstalled(name))(`${name} with its generated configuration (needs ${name})`, async () => {
      const server = await startWebServer(name, site.output);
      try {
        expect(await look(server.url)).toEqual([]);
      } finally {
        await server.close();
      }
    });

  test('and no canary is left behind', () => {
    expect(
      readdirSync(site.output, { recursive: true }).filter((path) => String(path).includes('canary')),
    ).toEqual([]);
  });
});

/** A static host that goes wrong in one way. */
let closeHost: (() => Promise<void>) | undefined;

afterEach(async () => {
  await closeHost?.();
  closeHost = undefined;
});

type Fault = (path: string, request: IncomingMessage, response: ServerResponse) => string | undefined;

/** `fault` may set headers, and may name another file to answer with. */
async function aHost(folder: () => string, fault: Fault): Promise<string> {
  const types: Record<string, string> = { html: 'text/html', md: 'text/markdown', json: 'application/json' };
  const server = createServer((request, response) => {
    const path = decodeURI(request.url ?? '/');
    const file = [path, `${path}/index.html`, `${path}index.html`].find((candidate) =>
      isFile(folder() + candidate),
    );
    response.setHeader(
      'Content-Type',
      types[/\.(\w+)$/.exec(file ?? '.html')?.[1] ?? ''] ?? 'application/wasm',
    );
    response.setHeader('X-Robots-Tag', 'noindex').setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('X-Frame-Options', 'DENY');
    response.statusCode = file === undefined || file.startsWith('/.') ? 404 : 200;
    const other = fault(path, request, response);
    response.end(
      other ?? readFileSync(folder() + (response.statusCode === 200 ? (file ?? '/404.html') : '/404.html')),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closeHost = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const isFile = (path: string) => existsSync(path) && statSync(path).isFile();

describe('a host that goes wrong in one way is told which setting to change', () => {
  const faults: [name: string, fault: Fault, problem: string, setting: RegExp][] = [
    ['nothing wrong', () => undefined, '', /./],
    [
      'answers everything with the first page',
      (_path, _request, response) => {
        response.statusCode = 200;
        return undefined;
      },
      'fail: A link that never was answers 200.',
      /404\.html and status 404/,
    ],
    [
      'a listing',
      (path, _request, response) => {
        if (!/\/(?:share|files|zip)\/$/.test(path)) return undefined;
        response.statusCode = 200;
        return '<h1>Index of</h1>';
      },
      'fail: A folder shows something.',
      /listings off/,
    ],
    [
      'a deleted page still in a cache',
      (path, _request, response) => {
        if (!path.endsWith(site.revokedId)) return undefined;
        response.statusCode = 200;
        return 'the old page';
      },
      'fail: A link that was deleted answers 200.',
      /caches/,
    ],
    [
      'deleted Markdown still in a cache',
      (path, _request, response) => {
        if (!path.endsWith(`${site.revokedId}/conversation.md`)) return undefined;
        response.statusCode = 200;
        return '# old';
      },
      'fail: A link that was deleted answers 200.',
      /caches/,
    ],
    [
      'another page for what is deleted',
      (path, _request, response) => {
        if (!path.endsWith(site.revokedId)) return undefined;
        response.statusCode = 410;
        return 'It was deleted.';
      },
      'fail: A deleted link looks other than an unknown one.',
      /404\.html/,
    ],
    [
      'files as HTML',
      (path, _request, response) => {
        if (path.endsWith('.wasm')) response.setHeader('Content-Type', 'text/html; charset=utf-8');
        return undefined;
      },
      'fail: A browser would run a file of HTML that is attached.',
      /\.wasm/,
    ],
    [
      'a page without its policy',
      (path) =>
        path.endsWith(site.id) ? '<!doctype html><meta name="robots" content="noindex">' : undefined,
      'fail: The page has lost its Content-Security-Policy.',
      /on the way/,
    ],
    [
      'an old page',
      (path) => (path.endsWith(site.id) ? `${site.read('index.html').toString()} ` : undefined),
      'fail: The page is not the one in the output.',
      /upload/,
    ],
    [
      'no header against indexing',
      (_path, _request, response) => {
        response.removeHeader('X-Robots-Tag');
        return undefined;
      },
      'warn: A page comes without X-Robots-Tag: noindex.',
      /X-Robots-Tag/,
    ],
    [
      'nosniff left out',
      (_path, _request, response) => {
        response.removeHeader('X-Content-Type-Options');
        return undefined;
      },
      'warn: Pages come without nosniff.',
      /nosniff/,
    ],
    [
      'pages in any frame',
      (_path, _request, response) => {
        response.removeHeader('X-Frame-Options');
        return undefined;
      },
      'warn: Anybody may frame a page.',
      /frame-ancestors/,
    ],
    [
      'pages cached for an hour',
      (_path, _request, response) => {
        response.setHeader('Cache-Control', 'public, max-age=3600');
        return undefined;
      },
      'warn: A page is cached for 3600 seconds, also when it is deleted meanwhile.',
      /no-cache/,
    ],
    [
      'hidden files',
      (path, _request, response) => {
        if (path === '/.conversation-share') response.statusCode = 200;
        return undefined;
      },
      'warn: A hidden file is served.',
      /dot/,
    ],
  ];

  test.each(faults)('%s', async (_name, fault, problem, setting) => {
    const findings = await look(await aHost(() => site.output, fault));
    if (problem === '') expect(findings).toEqual([]);
    else {
      expect(said(findings)).toContain(problem);
      expect(findings.find((each) => problem.endsWith(each.problem))?.setting).toMatch(setting);
    }
    expect(JSON.stringify(findings)).not.toContain(site.id);
    expect(JSON.stringify(findings)).not.toContain(site.revokedId);
  });

  test('an upload that is not there yet, and one that was not deleted', async () => {
    const uploaded = join(site.data.paths.data, 'uploaded');
    cpSync(site.output, uploaded, { recursive: true });
    rmSync(join(uploaded, 'share', site.id), { recursive: true });
    mkdirSync(join(uploaded, 'share', site.revokedId));
    cpSync(join(site.output, '404.html'), join(uploaded, 'share', site.revokedId, 'index.html'));
    const findings = await look(
      await aHost(
        () => uploaded,
        () => undefined,
      ),
    );
    expect(said(findings)).toContain('fail: A link that is shared answers 404.');
    expect(said(findings)).toContain('fail: A link that was deleted answers 200.');
  });
});

test.each([
  ['text/html', '', '', '', false],
  ['image/svg+xml', '', '', '', false],
  ['application/xhtml+xml; charset=utf-8', '', '', 'nosniff', false],
  ['text/html', 'attachment; filename=x', '', '', true],
  ['text/html', '', "sandbox; default-src 'none'", '', true],
  ['text/html', 'inline', "default-src 'none'", '', false],
  ['application/wasm', '', '', '', true],
  ['application/octet-stream', '', '', '', true],
  ['', '', '', '', false],
  ['', '', '', 'nosniff', true],
])(
  'type "%s", disposition "%s", policy "%s", sniffing "%s" → inert: %s',
  (type, disposition, policy, sniffing, expected) => {
    const headers = new Headers();
    if (type !== '') headers.set('Content-Type', type);
    if (disposition !== '') headers.set('Content-Disposition', disposition);
    if (policy !== '') headers.set('Content-Security-Policy', policy);
    if (sniffing !== '') headers.set('X-Content-Type-Options', sniffing);
    expect(isInert({ headers })).toBe(expected);
  },
);

describe('share verify --url', () => {
  test('asks the site that is set, or the one that is named, and exits 6 when a promise is broken', async () => {
    const env = { SHARE_DATA: site.data.paths.data };
    const good = await startServer({ folder: site.output, host: '127.0.0.1', port: 0 });
    try {
      expect(await share(['verify', '--url'], { env: { ...env, SHARE_SITE: good.url } })).toMatchObject({
        code: 0,
        stdout: '',
      });
      expect(JSON.parse((await share(['verify', '--json', '--url', good.url], { env })).stdout)).toEqual({
        site: good.url,
        findings: [],
      });
    } finally {
      await good.close();
    }
    const gone = await share(['verify', '--url', good.url], { env });
    expect(gone).toMatchObject({
      code: 6,
      stdout: expect.stringContaining('The host does not answer.') as string,
    });
  });

  test('exits 0 with a warning where only headers are missing', async () => {
    const url = await aHost(
      () => site.output,
      (_path, _request, response) => {
        response.removeHeader('X-Frame-Options');
        return undefined;
      },
    );
    const { code, stdout } = await share(['verify', '--url', url], {
      env: { SHARE_DATA: site.data.paths.data },
    });
    expect([code, stdout]).toEqual([0, expect.stringContaining('Anybody may frame a page.')]);
  });
});
