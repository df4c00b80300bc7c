import { describe, expect, test } from 'vitest';

import { parseNames } from '../../src/serve/file-names.ts';
import { toContentDisposition, toPagePolicy } from '../../src/serve/headers.ts';
import { mediaTypeOf } from '../../src/host/media-types.ts';
import { chooseCoding, isFresh } from '../../src/serve/negotiation.ts';

describe('the coding a client gets', () => {
  test.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip', 'gzip'],
    ['gzip, deflate, br, zstd', 'br'],
    ['GZIP;Q=1', 'gzip'],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['gzip;q=0, br;q=0', 'identity'],
    ['identity;q=1, gzip;q=0.5', 'identity'],
    ['*', 'br'],
    ['*;q=0', 'identity'],
    ['*;q=0.1, gzip', 'gzip'],
    ['identity;q=0', 'identity'],
    ['identity;q=0, *', 'br'],
    ['identity;q=0, gzip;q=0.1', 'gzip'],
    ['gzip;q=nonsense', 'identity'],
    ['deflate', 'identity'],
  ])('%j → %s', (acceptEncoding, coding) => {
    expect(chooseCoding(acceptEncoding)).toBe(coding);
  });
});

describe('whether a copy is still good', () => {
  const validators = { etag: '"one"', lastModified: 'Sun, 22 Nov 2026 10:00:00 GMT' };
  test.each([
    ['no condition', {}, false],
    ['the same tag', { 'if-none-match': '"one"' }, true],
    ['the same tag, weak', { 'if-none-match': 'W/"one"' }, true],
    ['the same tag in a list', { 'if-none-match': '"zero" , "one"' }, true],
    ['any tag', { 'if-none-match': '*' }, true],
    ['another tag', { 'if-none-match': '"one-br"' }, false],
    ['the same second', { 'if-modified-since': 'Sun, 22 Nov 2026 10:00:00 GMT' }, true],
    ['a second earlier', { 'if-modified-since': 'Sun, 22 Nov 2026 09:59:59 GMT' }, false],
    ['no date', { 'if-modified-since': 'soon' }, false],
    [
      'another tag, whatever the date says',
      { 'if-none-match': '"two"', 'if-modified-since': 'Sun, 22 Nov 2026 10:00:00 GMT' },
      false,
    ],
  ])('%s', (_name, headers, expected) => {
    expect(isFresh(headers, validators)).toBe(expected);
  });
});

describe('the policy of a page', () => {
  const page = (head: string): Buffer =>
    Buffer.from(`<!DOCTYPE html>\n<html lang="en" dir="auto"><head>${head}`);
  const closed = toPagePolicy(Buffer.from('no page'));

  test('is the one in its first element, with frame-ancestors', () => {
    const head = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-x='">`;
    expect(toPagePolicy(page(head))).toBe(
      "default-src 'none'; style-src 'sha256-x='; frame-ancestors 'none'",
    );
  });

  test('is found with its attributes the other way round, and with its quotes escaped', () => {
    const head = `<meta content="img-src &#39;self&#39;;" http-equiv='content-security-policy' >`;
    expect(toPagePolicy(page(head))).toBe("img-src 'self'; frame-ancestors 'none'");
  });

  test.each([
    ['there is none', '<meta charset="utf-8">'],
    [
      'it is not the first element',
      `<title>x</title><meta http-equiv="Content-Security-Policy" content="img-src *">`,
    ],
    ['it could break the header', `<meta http-equiv="Content-Security-Policy" content="img-src \u00e9*">`],
    ['it is empty', `<meta http-equiv="Content-Security-Policy" content="">`],
  ])('is closed where %s', (_name, head) => {
    expect(toPagePolicy(page(head))).toBe(closed);
    expect(closed).toContain("default-src 'none'");
    expect(closed).not.toContain('*');
  });
});

describe('the name of a download', () => {
  test.each([
    ['report.pdf', 'filename="report.pdf"; filename*=UTF-8\'\'report.pdf'],
    ['charts/2026/sales.png', 'filename="sales.png"; filename*=UTF-8\'\'sales.png'],
    ['a "b" \\ c.txt', 'filename=" c.txt"; filename*=UTF-8\'\'%20c.txt'],
    [
      'say "hi" (50%).txt',
      'filename="say _hi_ (50_).txt"; filename*=UTF-8\'\'say%20%22hi%22%20%2850%25%29.txt',
    ],
    [
      'größe 数据.csv',
      'filename="gr__e __.csv"; filename*=UTF-8\'\'gr%C3%B6%C3%9Fe%20%E6%95%B0%E6%8D%AE.csv',
    ],
    [
      'a\r\nSet-Cookie: x=1.txt',
      'filename="aSet-Cookie: x=1.txt"; filename*=UTF-8\'\'aSet-Cookie%3A%20x%3D1.txt',
    ],
    ['\u202egpj.exe', 'filename="gpj.exe"; filename*=UTF-8\'\'gpj.exe'],
    ['half \ud800.txt', 'filename="half _.txt"; filename*=UTF-8\'\'half%20%EF%BF%BD.txt'],
    ["it's*.md", "filename=\"it's*.md\"; filename*=UTF-8''it%27s%2A.md"],
    ['', 'filename="file"; filename*=UTF-8\'\'file'],
  ])('%j', (name, expected) => {
    expect(toContentDisposition(false, name)).toBe(`attachment; ${expected}`);
  });
});

describe('an attached file', () => {
  test.each([
    ['chart.PNG', 'image/png', true],
    ['a.csv', 'text/csv; charset=utf-8', false],
    ['a.pdf', 'application/pdf', false],
    ['a.ipynb', 'application/x-ipynb+json', false],
    ['page.html', 'application/octet-stream', false],
    ['page.html.wasm', 'application/octet-stream', false],
    ['drawing.svg', 'application/octet-stream', false],
    ['feed.xml', 'application/octet-stream', false],
    ['script.js', 'application/octet-stream', false],
    ['code.ts', 'application/octet-stream', false],
    ['png', 'application/octet-stream', false],
  ])('%s is sent as %s', (name, type, inline) => {
    const mediaType = mediaTypeOf({ kind: 'file', segments: ['share', 'x', 'files', 'y', name] });
    expect(mediaType).toMatchObject({ type, inline });
  });
});

test('names are read from whatever JSON there is', () => {
  const json = JSON.stringify({
    files: [null, 7, { name: 1, path: 'x' }, { name: 'a/b.html', path: 'files/1/b.html.wasm' }],
  });
  expect([...parseNames(json)]).toEqual([['files/1/b.html.wasm', 'a/b.html']]);
  for (const other of ['', '[]', 'null', '{"files":{}}', '{"files"']) expect(parseNames(other).size).toBe(0);
});
