import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { Reading } from '../../../src/conversation/conversation.ts';
import {
  createForeignReader,
  fileBytes,
  headOf,
  recogniseFile,
  valuesIn,
} from '../../../src/conversation/foreign.ts';
import { noAttachments, type Format } from '../../../src/conversation/formats/format.ts';
import { formats } from '../../../src/conversation/formats/formats.ts';
import { ShareError } from '../../../src/errors.ts';
import { toSnapshot } from '../../../src/snapshot/privacy.ts';
import { fixtures, writeFixture, type Fixture } from './fixtures.ts';
import { options, workMs } from './reading.ts';

/*
 * What holds for every format, seen on its fixture through the same way as the owner's files go: from the disk to the
 * snapshot.
 */

const folder = mkdtempSync(join(tmpdir(), 'formats-'));
let files = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder of its own each time: readers look at what lies beside. */
function put(fixture: Fixture, content: string | Uint8Array): string {
  files += 1;
  return writeFixture(join(folder, String(files)), fixture, content);
}

function discard(path: string): void {
  rmSync(join(folder, path.slice(folder.length + 1).split('/')[0] ?? ''), { recursive: true, force: true });
}

/** Everything that a reading lets a viewer see: the words, the names, and the files. */
function publishedBy({ conversation }: Reading): string {
  const facts = conversation.files.map(({ name, mediaType = '' }) => ({
    displayName: name,
    path: name,
    mediaType,
    kind: 'file',
    sizeBytes: 0,
    sha256: '',
  }));
  const snapshot = toSnapshot(conversation, facts, undefined, { thinking: true });
  const contents = conversation.files.map(({ content }) =>
    'bytes' in content ? new TextDecoder().decode(content.bytes) : '',
  );
  return [JSON.stringify(snapshot), ...contents].join('\n');
}

const longestMs = 1000;

/** What is published of a file, of each of its conversations where it holds many; nothing where it is refused. */
async function publish(path: string, format: Format): Promise<string> {
  const start = workMs();
  const published: string[] = [];
  await unlessRefused(async () => {
    published.push(publishedBy(await createForeignReader().read(path, format)));
  });
  const { many } = format.detect(await headOf(fileBytes(path))) ?? {};
  if (format.shape === 'document' && many)
    await unlessRefused(async () => {
      for await (const value of valuesIn(fileBytes(path)))
        await unlessRefused(async () => {
          published.push(publishedBy(await format.read(value, options, noAttachments)));
        });
    });
  expect(workMs() - start).toBeLessThan(longestMs);
  return published.join('\n');
}

/** Any other error than one for the owner is a bug, and fails the test. */
async function unlessRefused(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof ShareError)) throw error;
  }
}

function canariesIn(published: string, excused?: RegExp): string[] {
  // The hyphen itself may have been changed.
  return (published.match(/canary.?[\w-]*/g) ?? []).filter(
    (canary) => !excused?.test(canary.replace(/^canary./, 'canary-')),
  );
}

/** Publishes what a file becomes, and says which canaries it shows. */
async function leaks(
  format: Format,
  fixture: Fixture,
  content: string | Uint8Array,
  excused: RegExp | undefined,
): Promise<string[]> {
  const path = put(fixture, content);
  await unlessRefused(async () => {
    await recogniseFile(path);
  });
  const found = canariesIn(await publish(path, format), excused);
  discard(path);
  return found;
}

test('every format has a fixture, and every fixture a format', () => {
  expect(Object.keys(fixtures).sort()).toEqual(formats.map(({ kind }) => kind).sort());
});

const pairs = formats.flatMap((format): [string, Format, Fixture][] => {
  const fixture = fixtures[format.kind];
  return fixture ? [[format.kind, format, fixture]] : [];
});

describe.each(pairs)('%s', (kind, format, fixture) => {
  const bytes = Buffer.from(fixture.content);
  const excusedWhenChanged = either(fixture.shownWhenCut, fixture.shownWhenChanged);

  test('is recognised as itself, and as no other', async () => {
    const path = put(fixture, bytes);
    const { format: recognised, why } = await recogniseFile(path);
    expect([recognised.kind, why]).toEqual([kind, expect.stringMatching(/\S/)]);
    const head = await headOf(fileBytes(path));
    const taking = formats.filter((other) => other.detect(head)).map((other) => other.kind);
    expect(taking).toEqual([kind, ...(fixture.looksLike ?? [])]);
  });

  test('shows the words and no canary', async () => {
    const published = await publish(put(fixture, bytes), format);
    for (const words of fixture.shows) expect(published).toContain(JSON.stringify(words).slice(1, -1));
    expect(canariesIn(published)).toEqual([]);
    expect(canariesIn(bytes.toString('latin1')), 'canaries in the fixture').not.toEqual([]);
  });

  test('cut off anywhere, it is read or refused, and leaks nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), async (end) => {
        expect(await leaks(format, fixture, bytes.subarray(0, end), fixture.shownWhenCut)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('with bytes changed anywhere, it is read or refused, and leaks nothing', async () => {
    const marks = [...Buffer.from('"{}[]\\,:\n\r x\0 5<>#*`-')];
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.oneof(fc.constantFrom(...marks), fc.nat(255)));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const changed = Uint8Array.from(bytes);
        for (const [place, byte] of changes) changed[place] = byte;
        expect(await leaks(format, fixture, changed, excusedWhenChanged)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('in any order, it is read or refused, and leaks nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const content = shuffled(bytes, seed);
        expect(await leaks(format, fixture, content, excusedWhenChanged)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

function either(one: RegExp | undefined, other: RegExp | undefined): RegExp | undefined {
  return one && other ? new RegExp(`${one.source}|${other.source}`) : (one ?? other);
}

/** Every list of a JSON document is shuffled; of any other file the lines. */
function shuffled(bytes: Uint8Array, seed: number): string {
  const text = new TextDecoder().decode(bytes);
  const next = dice(seed);
  try {
    return JSON.stringify(shuffleLists(JSON.parse(text), next));
  } catch {
    return shuffle(text.split('\n'), next).join('\n');
  }
}

function shuffleLists(value: unknown, next: () => number): unknown {
  if (Array.isArray(value))
    return shuffle(
      value.map((item) => shuffleLists(item, next)),
      next,
    );
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shuffleLists(item, next)]));
}

function shuffle<Item>(items: readonly Item[], next: () => number): Item[] {
  return items
    .map((item) => ({ item, place: next() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

/** Mulberry32: the same seed, the same order. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

// ── JSON as it may be ────────────────────────────────────────────────────────────────────────────────────────────

const { CORPORA_DIR } = process.env;

describe.skipIf(CORPORA_DIR === undefined)('the files of JSONTestSuite, in $CORPORA_DIR/test_parsing', () => {
  const corpus = join(CORPORA_DIR ?? '', 'test_parsing');
  const names = CORPORA_DIR === undefined ? [] : readdirSync(corpus);

  test('are all there', () => {
    expect(names).toHaveLength(318);
  });

  test('are recognised as nothing, or refused', async () => {
    for (const name of names)
      await expect(recogniseFile(join(corpus, name)), name).rejects.toMatchObject({ code: 'source_invalid' });
  });

  test.each(formats.map((format): [string, Format] => [format.kind, format]))(
    'are refused by %s, each within a second',
    async (_kind, format) => {
      for (const name of names) expect(await publish(join(corpus, name), format), name).toBe('');
    },
  );
});
