import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toHeadersFile } from '../../src/host/headers-file.ts';
import { staticHeaders } from '../../src/host/headers.ts';
import { hosts, type HostName } from '../../src/host/hosts.ts';
import { toFunction } from '../../src/host/s3.ts';
import { toBaseSegments, toRoute } from '../../src/serve/routes.ts';
import { toSiteUrl } from '../../src/urls.ts';
import { fileHash, liveId } from '../serve/site.ts';
import { share } from '../support/cli.ts';
import { findProgram } from '../support/programs.ts';

const target = { site: toSiteUrl('https://share.example.org'), output: '/srv/shares/site' };
const names = Object.keys(hosts) as HostName[];

describe('every configuration', () => {
  test.each(names)(
    'of %s begins with the steps: a domain, the settings, the question whether it works',
    (name) => {
      const text = hosts[name](target);
      const steps = text.split('\n').filter((line) => /^# \d\./.test(line));
      expect(steps[0]).toContain('share.example.org to the shares alone');
      expect(steps.at(-1)).toBe(
        `# ${steps.length}. Ask the live host whether it behaves: share verify --url`,
      );
      expect(text).toContain('SHARE_SITE=https://share.example.org');
    },
  );

  test.each(names)('of %s refuses a folder whose name could mean something in it', (name) => {
    for (const output of ['/srv/a"b', '/srv/$HOME', '/srv/a\nb', '/srv/{x}', '/srv/a;b'])
      expect(() => hosts[name]({ ...target, output })).toThrow(/cannot be written/);
  });

  test('that sets headers sets all of them, for pages and for files', () => {
    const setting = names.filter((name) => name !== 'github-pages');
    for (const name of setting) {
      const text = hosts[name](target);
      const values = [staticHeaders('page', false), staticHeaders('file', false)].map((headers) => ({
        ...headers,
        // Static hosts keep one policy of caching for all, and AWS writes some names its own way.
        'Cache-Control': 'no-cache',
        'X-Content-Type-Options': name === 's3' ? 'ContentTypeOptions' : 'nosniff',
      }));
      for (const value of values.flatMap((headers) => Object.values(headers))) expect(text).toContain(value);
    }
  });
});

test('_headers says every header of a page, and of a file only what differs', () => {
  const [everything = '', files = '', zip = ''] = toHeadersFile().split('\n\n');
  const lines = Object.entries(staticHeaders('page', false)).map(([name, value]) => `  ${name}: ${value}`);
  expect(everything.split('\n')).toEqual(['/*', ...lines]);
  expect(files).toBe(
    "/share/:id/files/*\n  Content-Security-Policy: sandbox; default-src 'none'\n  Content-Disposition: attachment",
  );
  expect(zip.trim().split('\n').slice(1)).toEqual(files.split('\n').slice(1));
});

describe('the function for CloudFront', () => {
  const page = `/share/${liveId}`;
  const paths = [
    page,
    `${page}/`,
    `${page}/3`,
    `${page}/conversation.md`,
    `${page}/conversation.json`,
    `${page}/files/${fileHash}/a%20b.csv`,
    `${page}/zip/${fileHash}/A.zip`,
    '/robots.txt',
    '/',
    '/share/',
    '/404.html',
    '/_headers',
    '/.conversation-share',
    `${page}/index.html`,
    `${page}/files/${fileHash}/`,
  ];

  test.each(['', '/re.po'])('finds the file that the built-in server finds, below "%s"', (basePath) => {
    const code = toFunction({ ...target, site: toSiteUrl(`https://example.org${basePath}`) });
    const context: { handler?: (event: unknown) => { uri: string } } = {};
    runInNewContext(code, context);
    for (const path of paths) {
      const route = toRoute(basePath + path, toBaseSegments(basePath) ?? []);
      const expected =
        route === undefined ? '/nowhere' : `/${route.segments.map(encodeURIComponent).join('/')}`;
      expect(context.handler?.({ request: { uri: basePath + path } }).uri).toBe(expected);
    }
    if (basePath !== '') expect(context.handler?.({ request: { uri: page } }).uri).toBe('/nowhere');
  });
});

describe('the command', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'share-host-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('prints for the site and the output that are set, or for another domain, or writes a file', async () => {
    const env = { SHARE_DATA: folder, SHARE_SITE: 'https://a.example.org/x', SHARE_OUTPUT: '/srv/out' };
    const printed = await share(['host', 'nginx'], { env });
    expect(printed.code).toBe(0);
    expect(printed.stdout).toContain('server_name a.example.org;');
    expect(printed.stdout).toContain('root "/srv/out";');
    expect(printed.stdout).toContain('location ~ "^/x/share/');
    const out = join(folder, 'Caddyfile');
    const written = await share(['host', 'caddy', '--domain', 'b.example.org', '--out', out], { env });
    expect([written.code, written.stdout]).toEqual([0, '']);
    const again = await share(['host', 'caddy', '--domain', 'b.example.org'], { env });
    expect(execFileSync('cat', [out], { encoding: 'utf8' })).toBe(again.stdout);
    expect(again.stdout).toContain('\nb.example.org {\n');
  });

  test('asks for a domain where none is known, and for a host that is', async () => {
    const env = { SHARE_DATA: folder };
    expect(await share(['host', 'nginx'], { env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--domain') as string,
    });
    expect(await share(['host', 'iis'], { env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nginx, caddy, apache') as string,
    });
  });

  test.skipIf(findProgram('git') === undefined)(
    'gives GitHub Pages one commit without a past, and not our own files (needs git)',
    () => {
      const output = join(folder, 'site');
      mkdirSync(join(output, 'share'), { recursive: true });
      for (const name of ['404.html', '.nojekyll', '_headers', '.conversation-share', 'share/page'])
        writeFileSync(join(output, name), name);
      const repository = join(folder, 'shares.git');
      const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' });
      git('init', '-q', '--bare', repository);
      const script = join(folder, 'publish.sh');
      writeFileSync(script, hosts['github-pages']({ ...target, output }));
      for (const title of ['first', 'second']) {
        writeFileSync(join(output, 'share', 'page'), title);
        execFileSync('sh', [script, repository], { stdio: 'pipe' });
      }
      const inRepository = (...args: string[]) => git(`--git-dir=${repository}`, ...args);
      expect(inRepository('rev-list', '--count', 'gh-pages').trim()).toBe('1');
      expect(inRepository('show', 'gh-pages:share/page')).toBe('second');
      expect(inRepository('ls-tree', '-r', '--name-only', 'gh-pages').trim().split('\n')).toEqual([
        '.nojekyll',
        '404.html',
        'CNAME',
        'share/page',
      ]);
    },
  );
});
