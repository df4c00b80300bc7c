import { describe, expect, test } from 'vitest';

import { toBaseSegments, toLogPath, toRoute } from '../../src/serve/routes.ts';
import { fileHash, liveId } from './site.ts';

const share = `/share/${liveId}`;
const wide = '\u00e9'.repeat(60);

describe('a request target leads to one file', () => {
  test.each([
    [share, 'page', `share/${liveId}/index.html`],
    [`${share}/`, 'page', `share/${liveId}/index.html`],
    [`${share}?utm=1`, 'page', `share/${liveId}/index.html`],
    [`http://example.org${share}`, 'page', `share/${liveId}/index.html`],
    [`/%73hare/${liveId}`, 'page', `share/${liveId}/index.html`],
    [`${share}/2`, 'page', `share/${liveId}/2/index.html`],
    [`${share}/17/`, 'page', `share/${liveId}/17/index.html`],
    [`${share}/conversation.md`, 'markdown', `share/${liveId}/conversation.md`],
    [`${share}/conversation.json`, 'json', `share/${liveId}/conversation.json`],
    [`${share}/files/${fileHash}/a%20b.csv`, 'file', `share/${liveId}/files/${fileHash}/a b.csv`],
    [
      `${share}/files/${fileHash}/${encodeURIComponent(wide)}`,
      'file',
      `share/${liveId}/files/${fileHash}/${wide}`,
    ],
    [`${share}/zip/${fileHash}/T.zip`, 'zip', `share/${liveId}/zip/${fileHash}/T.zip`],
    ['/robots.txt', 'robots', 'robots.txt'],
  ])('%s', (target, kind, path) => {
    expect(toRoute(target, [])).toEqual({ kind, segments: path.split('/') });
  });
});

const overlongSlash = '%c0%af';

describe('what has no known shape is not there', () => {
  test.each([
    '',
    '*',
    '/',
    'share',
    '//',
    '/share',
    '/share/',
    '/index.html',
    '/404.html',
    '/_headers',
    '/.nojekyll',
    '/robots.txt/',
    `/${share}`,
    `${share}//`,
    `${share}/index.html`,
    `${share}/.`,
    `${share}/..`,
    `${share}/0`,
    `${share}/02`,
    `${share}/1234567`,
    `${share}/conversation.md/`,
    `${share}/files`,
    `${share}/files/${fileHash}`,
    `${share}/files/${fileHash}/`,
    `${share}/files/not-hex-not-hex/a.csv`,
    `${share}/files/${fileHash}/a/b.csv`,
    `${share}/files/${fileHash}/.htaccess`,
    `${share}/files/${fileHash}/%2ehtaccess`,
    `${share}/files/${fileHash}/..`,
    `${share}/files/${fileHash}/%2e%2e`,
    `${share}/files/${fileHash}/a%2fb.csv`,
    `${share}/files/${fileHash}/a%5cb.csv`,
    `${share}/files/${fileHash}/a\\b.csv`,
    `${share}/files/${fileHash}/a%00.csv`,
    `${share}/files/${fileHash}/a%0a.csv`,
    `${share}/files/${fileHash}/a.csv::$DATA`,
    `${share}/files/${fileHash}/${overlongSlash}`,
    `${share}/files/${fileHash}/%`,
    `${share}/files/${fileHash}/%ed%a0%80`,
    `${share}/zip/${fileHash}/T.html`,
    '/share/../../etc/passwd',
    '/share/%2e%2e/%2e%2e/etc/passwd',
    '/share/..%2f..%2fetc%2fpasswd',
    '/share/..%5c..%5cetc%5cpasswd',
    '/share/%252e%252e/secret.txt',
    `/share/${overlongSlash}etc`,
    `/share/${liveId.toUpperCase()}`,
    `/share/${liveId}%20`,
    `/share/${liveId}%00`,
    `/share/${liveId.slice(1)}`,
    `/SHARE/${liveId}`,
    `${share}?${'x'.repeat(2048)}`,
  ])('%j', (target) => {
    expect(toRoute(target, [])).toBeUndefined();
  });
});

describe('a base path', () => {
  test.each(['/repo', '/repo/', '/my%20repo/deep', ''])('%j is stripped as whole segments', (basePath) => {
    const base = toBaseSegments(basePath);
    expect(base).toBeDefined();
    expect(toRoute(`${basePath.replace(/\/$/, '')}${share}`, base ?? [])?.kind).toBe('page');
  });

  test.each([share, `/repository${share}`, `/repo${share.slice(1)}`, `/REPO${share}`, '/repo'])(
    '%s lies outside /repo',
    (target) => {
      expect(toRoute(target, ['repo'])).toBeUndefined();
    },
  );

  test.each(['repo', '/../x', '/a//b', '/%zz'])('%j is refused', (basePath) => {
    expect(toBaseSegments(basePath)).toBeUndefined();
  });
});

describe('a logged path', () => {
  test.each([
    [share, '/share/abcd…'],
    [`${share}/?a=${liveId}`, '/share/abcd…/'],
    [`/share/%61${liveId.slice(1)}`, '/share/%61b…'],
    [`${share}/files/${fileHash}/salary.csv`, '/share/abcd…/files/0011…/sala…'],
    [`//${liveId}\u001b[31m`, '//abcd…'],
    ['/\u001b[31', '/?[31'],
    ['/a/b/c/d/e/f/g/h/i/j', '/a/b/c/d/e/f/g/…'],
  ])('of %j', (target, expected) => {
    expect(toLogPath(target)).toBe(expected);
  });
});
