import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Message, Part, Reading } from '../../../src/conversation/conversation.ts';
import {
  noAttachments,
  startLength,
  type Attachments,
  type Detection,
  type DocumentFormat,
  type Format,
  type LogFormat,
  type LogReader,
  type ReadOptions,
} from '../../../src/conversation/formats/format.ts';
import { parseObject } from '../../../src/conversation/formats/untyped.ts';
import { ShareError } from '../../../src/errors.ts';

export const options: ReadOptions = {
  fallbackTitle: 'Untitled session',
  fallbackTime: '1970-01-01T00:00:00.000Z',
};

/**
 * Reads records as a log holds them; a text stands for a line as it is, also one that is no JSON.
 *
 * @param companions  Lines of the files beside it, by name.
 */
export function readLog(
  format: LogFormat,
  lines: readonly unknown[],
  more: Partial<ReadOptions> = {},
  companions: Readonly<Record<string, readonly unknown[]>> = {},
): Reading {
  const others = Object.entries(companions).map(([name, own]): [string, LogReader] => [
    name,
    taken(format, own),
  ]);
  return taken(format, lines).finish({ ...options, ...more }, new Map(others));
}

function taken(format: LogFormat, lines: readonly unknown[]): LogReader {
  const reader = format.begin();
  for (const [index, line] of lines.entries()) {
    const text = lineOf(line);
    const record = format.skip?.(text.slice(0, startLength)) === undefined ? parseObject(text) : undefined;
    if (record) reader.take(record, index + 1);
  }
  return reader;
}

/** Reads a value as a document of which nothing lies beside. */
export async function readDocument(format: DocumentFormat, value: unknown): Promise<Reading> {
  return format.read(value, options, noAttachments);
}

/** The parts of each message. */
export function partsOf({ conversation }: Reading): Part[][] {
  return conversation.messages.map(({ parts }) => parts);
}

/** What a format says to a file of these lines, or of this one document. */
export function detect(format: Format, lines: readonly unknown[], document?: unknown): Detection | undefined {
  const texts = lines.map(lineOf);
  const records = texts.map(parseObject).filter((record) => record !== undefined);
  return format.detect({ lines: texts, records, document });
}

/** What a format says to a file of this text. */
export function detectText(format: Format, text: string): Detection | undefined {
  const lines = text.split('\n');
  return detect(format, lines, parseObject(text));
}

function lineOf(line: unknown): string {
  return typeof line === 'string' ? line : JSON.stringify(line);
}

/** Files beside a document: path → content. */
export function beside(files: Readonly<Record<string, string | Uint8Array>>): Attachments {
  const bytesOf = (name: string) => {
    const content = files[name];
    if (content === undefined) throw new Error(`There is no ${name}.`);
    return typeof content === 'string' ? new TextEncoder().encode(content) : content;
  };
  return {
    names: Object.keys(files),
    content: (name) => Promise.resolve({ bytes: bytesOf(name) }),
    head: (name, mostBytes) => Promise.resolve(bytesOf(name).subarray(0, mostBytes)),
  };
}

/** The words of all messages, in order. */
export function textsOf(messages: readonly Message[]): string[] {
  return messages.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])));
}

/** What a viewer can see of a reading at most, as one text. */
export function shownBy({ conversation }: Reading): string {
  const { title, messages, files } = conversation;
  return JSON.stringify({ title, messages, files: files.map(({ name }) => name) });
}

/**
 * Changes characters of a JSON file, cuts it, or mixes up the entries of its lists and objects, and has what is left of
 * it read, where it still is JSON. No reading may show a word of the file that begins with `canary`.
 *
 * @param mayShow  Canaries that come to light when what was damaged is the mark that hides them.
 */
export async function damage(
  file: string,
  read: (value: unknown) => Promise<Reading> | Reading,
  mayShow = /^$/,
): Promise<void> {
  const words = new Set((file.match(/canary(?:-\w+)+/g) ?? []).filter((word) => !mayShow.test(word)));
  expect(words.size).toBeGreaterThan(5);
  const readAll = async (text: string) => {
    for (const value of entriesOf(text)) {
      try {
        const shown = shownBy(await read(value));
        expect([...words].filter((word) => shown.includes(word))).toEqual([]);
      } catch (error) {
        if (!(error instanceof ShareError)) throw error;
      }
    }
  };
  const values = fc.constantFrom(
    'null',
    '7',
    '""',
    '[]',
    '{}',
    'true',
    '"x"',
    '-1e300',
    '[null]',
    '{"a":{}}',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(), values), { minLength: 1, maxLength: 6 }), (changes) =>
      readAll(withValues(file, changes)),
    ),
    { numRuns: 300 },
  );
  const letter = fc.constantFrom('"', '{', '}', '\\', ',', 'x', '0', ':');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(file.length - 1), letter), { minLength: 1, maxLength: 4 }),
      (changes) => {
        const letters = Array.from(file);
        for (const [place, changed] of changes) letters[place] = changed;
        return readAll(letters.join(''));
      },
    ),
    { numRuns: 150 },
  );
  await fc.assert(
    fc.asyncProperty(fc.integer(), (seed) => readAll(JSON.stringify(shuffled(JSON.parse(file), seed)))),
    { numRuns: 50 },
  );
}

/** Nothing where the text is no JSON any more. */
function entriesOf(text: string): unknown[] {
  try {
    const value = JSON.parse(text) as unknown;
    return Array.isArray(value) ? value : [value];
  } catch {
    return [];
  }
}

/** Puts other values where values stand. */
function withValues(file: string, changes: readonly (readonly [number, string])[]): string {
  const places = Array.from(file.matchAll(/(?<=: )(?:"(?:[^"\\]|\\.)*"|-?\d[\d.e+]*|true|false|null)/g));
  const chosen = new Map(changes.map(([place, value]) => [place % places.length, value]));
  let [text, from] = ['', 0];
  for (const [index, place] of places.entries()) {
    const value = chosen.get(index);
    if (value === undefined) continue;
    text += file.slice(from, place.index) + value;
    from = place.index + place[0].length;
  }
  return text + file.slice(from);
}

function shuffled(value: unknown, seed: number): unknown {
  const order = <Item>(items: Item[]): Item[] =>
    items
      .map((item, index): [number, Item] => [Math.imul(index + 1, seed | 1) >>> 0, item])
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  if (Array.isArray(value)) return order(value.map((item) => shuffled(item, seed)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(order(Object.entries(value).map(([key, item]) => [key, shuffled(item, seed)])));
}

/** Milliseconds of work that this process has done: unlike the clock, they do not count what other processes do. */
export function workMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Words that must not show, by what was done to the file: some are hidden by a mark that the damage may take away. */
export interface Forbidden {
  whenCut: RegExp;
  whenChanged: RegExp;
  whenShuffled: RegExp;
}

/** Tests that what is left of a damaged log is read or refused, and shows none of the words. */
export function testDamagedLog(format: LogFormat, lines: readonly string[], forbidden: Forbidden): void {
  const text = lines.join('\n');
  const keepsPrivate = (left: readonly string[], words: RegExp): boolean => {
    try {
      const { title, messages } = readLog(format, left).conversation;
      return !words.test(JSON.stringify({ title, messages }));
    } catch (error) {
      if (error instanceof ShareError) return true;
      throw error;
    }
  };
  const runs = { numRuns: 150 };

  test('cut anywhere', () => {
    const end = fc.nat(text.length);
    fc.assert(
      fc.property(end, (at) => keepsPrivate(text.slice(0, at).split('\n'), forbidden.whenCut)),
      runs,
    );
  });

  test('with characters changed anywhere', () => {
    const letter = fc.constantFrom('"', '{', '}', '\\', ',', '\n', 'x', '\0', '5');
    const changes = fc.array(fc.tuple(fc.nat(text.length - 1), letter), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(changes, (all) => keepsPrivate(changed(text, all).split('\n'), forbidden.whenChanged)),
      runs,
    );
  });

  test('in any order', () => {
    const some = fc.shuffledSubarray([...lines]);
    fc.assert(
      fc.property(some, (left) => keepsPrivate(left, forbidden.whenShuffled)),
      runs,
    );
  });
}

/** Puts other characters into a text, but for the canaries: one that is misspelt would be taken for another. */
export function changed(text: string, changes: readonly (readonly [number, string])[]): string {
  const letters = Array.from(text);
  const spared = new Set<number>();
  for (const { index, 0: word } of letters.join('').matchAll(/canary[\w-]*/g))
    for (let place = index; place < index + word.length; place += 1) spared.add(place);
  for (const [place, letter] of changes) if (!spared.has(place)) letters[place] = letter;
  return letters.join('');
}
