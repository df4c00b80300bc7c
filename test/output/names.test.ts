import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { displayName, safeName, safeNames, zipName, zipPaths } from '../../src/output/names.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  // The characters that matter, thrown together, lone surrogates included.
  fc
    .array(
      fc.constantFrom(
        ...[
          '.',
          '..',
          '/',
          '\\',
          ' ',
          '-',
          '_',
          ':',
          '%',
          '#',
          '\0',
          '\n',
          '\u0085',
          '\u00a0',
          '\u200d',
          '\u202e',
        ],
        ...[
          '\u{e0041}',
          '\ufeff',
          '\ud800',
          '\udc00',
          '\u0301',
          '\u0338',
          'e',
          'K',
          '\u212a',
          '\u037e',
          '\u3000',
        ],
        ...[
          'CON',
          'nul',
          'COM¹',
          '.txt',
          '.php',
          'é',
          '日',
          '😀',
          'ß',
          'İ',
          'ﬁ',
          '／',
          'a'.repeat(60),
          '日'.repeat(40),
        ],
      ),
      { maxLength: 12 },
    )
    .map((pieces) => pieces.join('')),
);

/** Told apart by every disk: written independently of the code under test. */
const onDisk = (name: string) => name.normalize('NFKC').toLowerCase().normalize('NFKC');
const bytes = (text: string) => Buffer.byteLength(text);
const bigList = process.env['CORPORA_DIR'] && join(process.env['CORPORA_DIR'], 'blns.json');

function expectSafe(name: string): void {
  expect(name).not.toBe('');
  expect(bytes(name)).toBeLessThanOrEqual(150);
  expect(name.isWellFormed()).toBe(true);
  expect(name.normalize('NFC')).toBe(name);
  expect(name).not.toMatch(
    /[<>:"/\\|?*#%;\p{Cc}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u,
  );
  expect(name).not.toMatch(/^[.\- ]|[. ]$/);
  expect(name).not.toMatch(/^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(?:\.|$)/i);
  expect(decodeURIComponent(encodeURIComponent(name))).toBe(name);
}

describe('safeName', () => {
  test.each([
    ['keeps a plain name', 'sales 2026.csv', 'sales 2026.csv'],
    ['keeps other scripts', '売上：表.csv', '売上：表.csv'],
    ['keeps the case', 'README.MD', 'README.MD'],
    ['takes slashes away', '../../etc/passwd', '_.._etc_passwd'],
    ['takes a drive and backslashes away', 'C:\\Windows\\x.txt', 'C__Windows_x.txt'],
    ['takes fullwidth slashes away', '..／..／x', '_.._x'],
    ['drops NUL and control characters', 'a\0b\u0007\u009b.txt', 'ab.txt'],
    ['makes a newline a space', 'a\r\nSet-Cookie: x', 'a Set-Cookie_ x'],
    ['drops the override that hides an extension', 'photo\u202Egnp.exe', 'photognp.exe'],
    ['drops zero width and tag characters', 'a\u200B\u2066\uFEFF\u{E0041}b', 'ab'],
    ['replaces half a surrogate pair', 'a\ud800b', 'a_b'],
    ['renames a device', 'NUL.txt', 'NUL_.txt'],
    ['renames a device with a space before its extension', 'con .txt', 'con_ .txt'],
    ['renames a device with a superscript digit', 'COM¹', 'COM¹_'],
    ['leaves a name that only begins like a device', 'console.log', 'console.log'],
    ['drops dots and spaces at the end', 'a.txt. . ', 'a.txt'],
    ['shows a hidden file', '.gitignore', 'gitignore'],
    ['is no option', '--rf', 'rf'],
    ['normalises', 'e\u0301.txt', 'é.txt'],
    ['normalises what a dropped character kept apart', 'e\u200d\u0301', 'é'],
    ['has a name for nothing', '', 'file'],
    ['has a name for dots', '..', 'file'],
    ['has a name for invisible characters', '\u200B\u202E', 'file'],
    ['replaces what unzip takes for a file version', 'a;1', 'a_1'],
    ['replaces what a host may decode twice', '%2e%2e%2fx#y?z', '_2e_2e_2fx_y_z'],
  ])('%s', (_name, original, expected) => {
    expect(safeName(original)).toBe(expected);
  });

  test('cuts a long name at a code point and keeps its extension', () => {
    const name = safeName(`${'😀'.repeat(100)}.csv`);
    expect(name).toMatch(/^(?:😀)+\.csv$/u);
    expect(bytes(name)).toBeGreaterThan(145);
    expectSafe(name);
  });

  test('takes a megabyte of dots in its stride', () => {
    const started = performance.now();
    expectSafe(safeName(`x${'.'.repeat(1_000_000)}x`));
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test('is safe and stable for any text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const name = safeName(text);
        expectSafe(name);
        expect(safeName(name)).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });

  test.skipIf(!bigList)('is safe for the big list of naughty strings (needs CORPORA_DIR)', () => {
    const strings = JSON.parse(readFileSync(bigList ?? '', 'utf8')) as string[];
    expect(strings.length).toBeGreaterThan(400);
    for (const text of strings) expectSafe(safeName(text));
  });
});

describe('safeNames', () => {
  test('numbers twins before the extension, in order', () => {
    expect(safeNames(['a.txt', 'A.txt', 'a.txt', 'b'])).toEqual(['a.txt', 'A (2).txt', 'a (3).txt', 'b']);
  });

  test('tells decomposed and compatibility twins apart', () => {
    expect(safeNames(['é.txt', 'e\u0301.txt', 'ﬁ', 'FI', 'straße', 'STRASSE'])).toEqual([
      'é.txt',
      'é (2).txt',
      'ﬁ',
      'FI (2)',
      'straße',
      'STRASSE (2)',
    ]);
  });

  test('does not collide with a name that has the number already', () => {
    expect(safeNames(['a.txt', 'a (2).txt', 'a.txt'])).toEqual(['a.txt', 'a (2).txt', 'a (3).txt']);
  });

  test('keeps long twins apart and within bounds', () => {
    const names = safeNames([`${'x'.repeat(300)}.csv`, `${'x'.repeat(299)}.csv`]);
    expect(new Set(names).size).toBe(2);
    names.forEach(expectSafe);
  });

  test('numbers ten thousand twins quickly', () => {
    const started = performance.now();
    expect(new Set(safeNames(Array.from({ length: 10_000 }, () => 'a.txt'))).size).toBe(10_000);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('is safe, unique and the same each time for any texts', () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 12 }), (texts) => {
        const names = safeNames(texts);
        names.forEach(expectSafe);
        expect(new Set(names.map(onDisk)).size).toBe(texts.length);
        expect(safeNames(texts)).toEqual(names);
      }),
      { numRuns: 500 },
    );
  });
});

describe('zipPaths', () => {
  test('keeps folders and makes each segment safe', () => {
    expect(zipPaths(['src/app.ts', '/abs/NUL/x', '../../up.txt', 'a//./b\\c', ''])).toEqual([
      'src/app.ts',
      'abs/NUL_/x',
      'up.txt',
      'a/b_c',
      'file',
    ]);
  });

  test('numbers the name, not the folder', () => {
    expect(zipPaths(['d/a.txt', 'D/A.txt'])).toEqual(['d/a.txt', 'D/A (2).txt']);
  });

  test('never puts a file where a folder must be', () => {
    expect(zipPaths(['a', 'A/b', 'c/d', 'C'])).toEqual(['a (2)', 'A/b', 'c/d', 'C (2)']);
  });

  test('drops the outer folders of a path that is too deep', () => {
    const [path = ''] = zipPaths([`${'folder/'.repeat(2000)}x.txt`]);
    expect(bytes(path)).toBeLessThanOrEqual(1000);
    expect(path).toMatch(/^(?:folder\/)+x\.txt$/);
  });

  test('is safe, unique and free of file-folder clashes for any texts', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyText, { maxLength: 3 }), { maxLength: 8 }), (lists) => {
        const paths = zipPaths(lists.map((list) => list.join('/')));
        const keys = paths.map(onDisk);
        expect(new Set(keys).size).toBe(paths.length);
        for (const path of paths) path.split('/').forEach(expectSafe);
        for (const key of keys) expect(keys.some((other) => other.startsWith(`${key}/`))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

describe('displayName', () => {
  test.each([
    ['keeps folders', 'src/app.ts', 'src/app.ts'],
    ['spells an override out', 'photo\u202Egnp.exe', 'photo⟨U+202E⟩gnp.exe'],
    ['spells a newline out', 'a\nb', 'a⟨U+000A⟩b'],
    ['drops what merely does not show', 'a\u200B\u00ADb\u{E0041}\uFEFF', 'ab'],
    ['replaces half a surrogate pair', 'a\ud800', 'a\ufffd'],
    ['has a name for nothing', '\u200B', 'file'],
  ])('%s', (_name, original, expected) => {
    expect(displayName(original)).toBe(expected);
  });

  test('shows nothing that reorders or hides, for any text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const name = displayName(text);
        expect(name).not.toMatch(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u);
        expect(name.trim()).not.toBe('');
        expect(name.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('zipName', () => {
  test.each([
    ['adds the extension', 'Sales analysis', 'Sales analysis.zip'],
    ['keeps a version number', 'Plan v1.2', 'Plan v1.2.zip'],
    ['hides no program behind the extension', 'notes.php', 'notes_php.zip'],
    ['renames a device', 'NUL', 'NUL_.zip'],
    ['has a name for nothing', ' /// ', 'conversation.zip'],
  ])('%s', (_name, title, expected) => {
    expect(zipName(title)).toBe(expected);
  });

  test('is a safe name of at most 80 bytes for any title', () => {
    fc.assert(
      fc.property(anyText, (title) => {
        const name = zipName(title);
        expect(bytes(name)).toBeLessThanOrEqual(80);
        expect(name).toMatch(/[^.].*\.zip$/);
        expectSafe(name);
        expect(safeName(name)).toBe(name);
      }),
      { numRuns: 1000 },
    );
  });
});
