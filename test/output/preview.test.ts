import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { previewOf } from '../../src/output/preview.ts';
import type { FilePreview } from '../../src/snapshot/preview.ts';

const headBytes = 64 * 1024;

/** What a file of this content shows: only its beginning is ever seen. */
function shown(content: string | Uint8Array, mediaType = 'text/plain', passive = true) {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const head = bytes.slice(0, headBytes);
  return previewOf({ mediaType, passive, head, sizeBytes: bytes.length });
}

const table = (rows: string[][], cut = false): FilePreview => ({ kind: 'table', rows, cut });
const text = (content: string, cut = false): FilePreview => ({ kind: 'text', text: content, cut });
const csv = (content: string) => shown(content, 'text/csv');

describe('what has a preview', () => {
  test.each([
    ['text', 'text/plain', true],
    ['Markdown', 'text/markdown', true],
    ['JSON', 'application/json', true],
    ['a notebook', 'application/x-ipynb+json', true],
    ['a patch', 'text/x-diff', true],
    ['a program, of whatever kind', 'application/octet-stream', false],
  ])('%s', (_what, mediaType, passive) => {
    expect(shown('one\ntwo\n', mediaType, passive)).toEqual(text('one\ntwo\n'));
  });

  test.each([
    ['nothing', ''],
    ['white space only', ' \n\n'],
    ['bytes that are no UTF-8', Uint8Array.of(0x61, 0xff, 0x62)],
    ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x61, 0x00)],
    ['a NUL', 'a\0b'],
    ['half a character at its end', new TextEncoder().encode('naïve').slice(0, 3)],
  ])('not a file with %s', (_what, content) => {
    expect(shown(content)).toBeUndefined();
  });

  test('not a format of bytes, even where they read as text', () => {
    expect(shown('%PDF-1.4\n', 'application/pdf')).toBeUndefined();
    expect(shown('GIF89a', 'image/gif')).toBeUndefined();
  });

  test('a file whose beginning ends within a character', () => {
    const long = `${'x'.repeat(headBytes - 1)}é`;
    expect(shown(long)).toMatchObject({ kind: 'text', cut: true });
    expect(shown(`${'x'.repeat(headBytes - 2)}é`)).toMatchObject({ kind: 'text', cut: true });
  });
});

describe('a table', () => {
  test.each([
    [
      'commas',
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'semicolons, where the comma stands in numbers',
      'a;b\n1,5;2\n',
      [
        ['a', 'b'],
        ['1,5', '2'],
      ],
    ],
    [
      'a byte order mark and line ends of Windows',
      '\uFEFFa,b\r\n1,2\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'quotes around commas and line ends',
      'a,b\n"1,\n2","say ""x"""\n',
      [
        ['a', 'b'],
        ['1, 2', 'say "x"'],
      ],
    ],
    ['quotes in the middle of a cell', 'a\n5" x 3"\n', [['a'], ['5" x 3"']]],
    [
      'rows of different length',
      'a,b\n1\n1,2,3\n',
      [
        ['a', 'b', ''],
        ['1', '', ''],
        ['1', '2', '3'],
      ],
    ],
    ['empty lines', 'a\n\n1\n\n', [['a'], ['1']]],
  ])('with %s', (_what, content, rows) => {
    expect(csv(content)).toEqual(table(rows));
  });

  test('with tabs', () => {
    const preview = shown('a\tb,c\n1\t2\n', 'text/tab-separated-values');
    expect(preview).toEqual(
      table([
        ['a', 'b,c'],
        ['1', '2'],
      ]),
    );
  });

  test.each([
    ['quotes that do not end', 'a,b\n1,"open\n'],
    ['nothing in it', ',,\n,,\n'],
  ])('with %s is text', (_what, content) => {
    expect(csv(content)).toEqual(text(content));
  });

  test('has at most ten rows below its head and twelve columns, and says that there are more', () => {
    const row = (cells: number, value: string) => Array.from({ length: cells }, () => value).join(',');
    const all = (rows: number, cells: number) => `${row(cells, 'h')}\n${`${row(cells, 'v')}\n`.repeat(rows)}`;
    const whole = csv(all(10, 12));
    expect(whole).toMatchObject({ kind: 'table', cut: false });
    expect(csv(all(11, 12))).toEqual({ ...whole, cut: true });
    expect(csv(all(10, 13))).toEqual({ ...whole, cut: true });
    expect(csv(all(50_000, 12))).toEqual({ ...whole, cut: true });
  });

  test('does not show the line that the end of the first bytes goes through', () => {
    const content = `a,b\n${'x'.repeat(headBytes - 10)},1\nsecond,2\n`;
    expect(csv(content)).toMatchObject({ rows: [['a', 'b'], expect.anything()], cut: true });
  });
});

describe('hostile text', () => {
  test('has its reordering characters spelled out and its invisible ones left out', () => {
    const hostile = 'a\u202Eb\u2066c\u200Bd\u{E0041}e\u0007f\u001B[31mg\uFEFFh\u2028i';
    const harmless = 'a⟨U+202E⟩b⟨U+2066⟩cde⟨U+0007⟩fgh⟨U+2028⟩i';
    expect(shown(`-${hostile}`)).toEqual(text(`-${harmless}`));
    expect(csv(`-${hostile}\n`)).toEqual(table([[`-${harmless}`]]));
  });

  test('keeps line ends, tabs, and the joiners that scripts and emoji need', () => {
    expect(shown('a\tb\r\nc\rمی\u200Cخواهم 👩\u200D💻 ❤\uFE0F')).toEqual(
      text('a\tb\nc\nمی\u200Cخواهم 👩\u200D💻 ❤\uFE0F'),
    );
  });

  test('markup stays the text it is', () => {
    expect(shown('<script>alert(1)</script>', 'application/octet-stream', false)).toEqual(
      text('<script>alert(1)</script>'),
    );
  });

  test('is bounded and quick, whatever it is', () => {
    const bombs = [
      '"'.repeat(headBytes),
      ','.repeat(headBytes),
      '\n'.repeat(headBytes - 1) + 'x',
      'a,"'.repeat(20_000),
      '\u202E'.repeat(20_000),
      '\u001B['.repeat(30_000),
    ];
    const start = performance.now();
    for (const bomb of bombs) {
      expect(JSON.stringify(csv(bomb) ?? '').length).toBeLessThan(200_000);
      expect(JSON.stringify(shown(bomb) ?? '').length).toBeLessThan(20_000);
    }
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test('never throws, whatever the bytes', () => {
    const types = fc.constantFrom('text/csv', 'text/tab-separated-values', 'text/plain');
    const csvText = fc.string({
      unit: fc.constantFrom('a', ',', ';', '"', '\n', '\r', '\t', ' ', '\0', '\u202E'),
    });
    fc.assert(
      fc.property(fc.oneof(csvText, fc.uint8Array()), types, (content, type) => {
        const preview = shown(content, type);
        if (preview?.kind === 'table') expect(new Set(preview.rows.map((row) => row.length)).size).toBe(1);
      }),
    );
    expect(shown(randomBytes(1_000), 'text/csv')).toBeUndefined();
  });
});
