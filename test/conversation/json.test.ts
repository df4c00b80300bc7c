import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxDepth, parseJson } from '../../src/conversation/json.ts';
import { ShareError } from '../../src/errors.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

/** The message of the ShareError that refuses the bytes; anything else thrown fails the test. */
function refusal(bytes: Uint8Array): string {
  try {
    parseJson(bytes, 'a.json');
  } catch (error) {
    if (error instanceof ShareError && error.code === 'source_invalid') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('parseJson', () => {
  test.each([
    ['an empty file', '', 'a.json: the file is empty.'],
    ['white space alone', ' \n ', 'a.json: the file is empty.'],
    ['a byte order mark alone', '\ufeff', 'a.json: the file is empty.'],
    ['no value', 'hello', 'a.json: line 1, column 1: expected a value.'],
    ['a missing colon', '{\n  "a" 1\n}', 'a.json: line 2, column 7: expected ":".'],
    ['a comma too many', '{\n  "a": 1,\n}', 'a.json: line 3, column 1: expected a key in double quotes.'],
    ['a missing comma', '[1\r\n 2]', 'a.json: line 2, column 2: expected "," or "]".'],
    ['the wrong bracket', '{"a": [1}', 'a.json: line 1, column 9: expected "," or "]".'],
    ['more after the end', '{} {}', 'a.json: line 1, column 4: expected the end of the file.'],
    ['a file cut in a list', '[1, 2', 'a.json: line 1, column 6: the file ends, but expected "," or "]".'],
    ['a file cut in a string', '{"a": "b', 'a.json: line 1, column 9: a string is not closed.'],
    ['a line break in a string', '"a\nb"', 'a.json: line 1, column 3: a control character in a string.'],
    ['an unknown escape', '["\\x"]', 'a.json: line 1, column 3: unknown escape in a string.'],
    ['a leading zero', '[01]', 'a.json: line 1, column 3: expected "," or "]".'],
  ])('refuses %s and says where', (_name, text, message) => {
    expect(refusal(utf8(text))).toBe(message);
  });

  test('names the line that is not UTF-8', () => {
    const bytes = Buffer.concat([utf8('{\n"a": "é",\n"b": "'), Buffer.from([0xc3, 0x28]), utf8('"\n}')]);
    expect(refusal(bytes)).toBe('a.json: line 3 is not valid UTF-8.');
  });

  test('names the last line when a character is cut off at the end of the file', () => {
    expect(refusal(Buffer.concat([utf8('[\n"'), Buffer.from([0xe2, 0x82])]))).toBe(
      'a.json: line 2 is not valid UTF-8.',
    );
  });

  test('never quotes the text around the problem', () => {
    expect(refusal(utf8('{"password": secret-canary}'))).not.toContain('canary');
  });

  test('tolerates a byte order mark, and NUL written as an escape', () => {
    expect(parseJson(utf8('\ufeff{"a":"\\u0000"}'), 'a.json')).toEqual({ a: '\0' });
  });

  test.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
  ])(`reads %s nested ${maxDepth} deep and not one deeper`, (_name, opener, closer) => {
    const nested = (depth: number) => utf8(opener.repeat(depth - 1) + '[]' + closer.repeat(depth - 1));
    expect(parseJson(nested(maxDepth), 'a.json')).toBeTypeOf('object');
    expect(refusal(nested(maxDepth + 1))).toMatch(/line 1, column \d+: nested deeper than 200 levels\.$/);
  });

  test.each([
    ['closed', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['never closed', '['.repeat(100_000)],
    ['of objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
  ])('refuses nesting 100,000 deep, %s, with its place', (_name, text) => {
    expect(refusal(utf8(text))).toMatch(/^a\.json: line 1, column \d+: nested deeper than 200 levels\.$/);
  });

  test('gives what JSON.parse gives, and refuses what JSON.parse refuses, with a place', () => {
    const texts = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', ',', '"', '\\', '}', '[', '0', '-', '\n', 'e', 'x'),
        fc.nat(2),
      )
      .map(([json, at, inserted, removed]) => {
        const place = at % (json.length + 1);
        return json.slice(0, place) + inserted + json.slice(place + removed);
      });
    fc.assert(
      fc.property(texts, (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text.toWellFormed());
        } catch {
          expect(refusal(utf8(text))).toMatch(/^a\.json: (the file is empty|line \d+, column \d+: .+)\.$/s);
          return;
        }
        expect(parseJson(utf8(text), 'a.json')).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

const corpora = process.env['CORPORA_DIR'];

describe.skipIf(corpora === undefined)('JSONTestSuite (set CORPORA_DIR to run)', () => {
  const folder = join(corpora ?? '', 'test_parsing');
  const names = corpora === undefined ? [] : readdirSync(folder);

  test('has its 318 files', () => {
    expect(names).toHaveLength(318);
  });

  test.each(names)('%s', (name) => {
    const bytes = readFileSync(join(folder, name));
    if (name.startsWith('y_')) expect(parseJson(bytes, name)).not.toBeUndefined();
    else if (name.startsWith('n_')) expect(refusal(bytes)).toMatch(/^a\.json: /);
    else {
      try {
        parseJson(bytes, name);
      } catch (error) {
        expect(error).toBeInstanceOf(ShareError);
      }
    }
  });
});
