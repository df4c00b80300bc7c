import Database from 'better-sqlite3';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openCache, type Cache, type CachedFragment } from '../../src/registry/cache.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { openRegistry, type Registry } from '../../src/registry/shares.ts';
import type { ShareId } from '../../src/urls.ts';
import { usualChoice } from '../../src/snapshot/privacy.ts';

let folder: string;
let path: string;
let opened: Registry[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'share-registry-'));
  path = join(folder, 'registry.sqlite');
  opened = [];
});

afterEach(() => {
  for (const registry of opened) registry.close();
  rmSync(folder, { recursive: true });
});

function open(): Registry {
  const registry = openRegistry(path);
  opened.push(registry);
  return registry;
}

const idOf = (letter: string) => letter.repeat(26) as ShareId;
const aShare = (letter: string, conversation = 'talk') => ({
  id: idOf(letter),
  conversation,
  owner: 'mira',
  ...usualChoice,
  title: 'Talk',
  type: 'chat',
  createdAt: `2026-01-01T00:00:0${letter.charCodeAt(0) % 10}.000Z`,
});

test('a conversation has at most one active share', () => {
  const registry = open();
  registry.add(aShare('a'));
  expect(() => registry.add(aShare('b'))).toThrow(/UNIQUE/);
  registry.setRevoked(idOf('a'), '2026-01-02T00:00:00.000Z');
  registry.add(aShare('b'));
  expect(registry.active('talk')?.id).toBe(idOf('b'));
  expect(registry.of('talk')).toHaveLength(2);
});

test('an id is never used twice, not even after its share is revoked', () => {
  const registry = open();
  registry.add(aShare('a'));
  registry.setRevoked(idOf('a'), '2026-01-02T00:00:00.000Z');
  expect(() => registry.add(aShare('a', 'another'))).toThrow(/UNIQUE|PRIMARY/);
});

const publication = {
  title: 'x',
  type: 'x',
  revision: 'r',
  publishedAt: 'now',
  inputs: undefined,
  found: [],
  manifest: new Map([['index.html', 'a digest']]),
};

test('a revoked share cannot be marked published', () => {
  const registry = open();
  registry.add(aShare('a'));
  registry.setRevoked(idOf('a'), '2026-01-02T00:00:00.000Z');
  registry.setPublished(idOf('a'), publication);
  expect(registry.get(idOf('a'))?.revision).toBeUndefined();
  expect(registry.manifest(idOf('a'))).toBeUndefined();
});

test.each([
  ['withdrawn', (registry: Registry) => registry.setWithdrawn(idOf('a'))],
  ['revoked', (registry: Registry) => registry.setRevoked(idOf('a'), '2026-01-02T00:00:00.000Z')],
])('what was published is known until it is %s', (_name, end) => {
  const registry = open();
  registry.add(aShare('a'));
  expect(registry.manifest(idOf('a'))).toBeUndefined();
  registry.setPublished(idOf('a'), publication);
  expect(registry.manifest(idOf('a'))).toEqual(publication.manifest);
  end(registry);
  expect(registry.manifest(idOf('a'))).toBeUndefined();
});

test('what a transaction wrote is gone when it throws', () => {
  const registry = open();
  expect(() =>
    registry.exclusively(() => {
      registry.add(aShare('a'));
      throw new Error('stop');
    }),
  ).toThrow('stop');
  expect(registry.all()).toEqual([]);
});

test('another process’s commit is noticed once, one’s own is not', () => {
  const mine = open();
  const other = open();
  mine.changedByOthers();
  mine.add(aShare('a'));
  expect(mine.changedByOthers()).toBe(false);
  other.add(aShare('b', 'another'));
  expect(mine.changedByOthers()).toBe(true);
  expect(mine.changedByOthers()).toBe(false);
});

test('only its owner may read the file', () => {
  open().add(aShare('a'));
  for (const suffix of ['', '-wal']) expect(statSync(path + suffix).mode & 0o777).toBe(0o600);
});

describe('a file that gives trouble is named, and nothing is changed', () => {
  test('written by a newer version', () => {
    open().close();
    const db = new Database(path);
    db.pragma('user_version = 99');
    db.close();
    expect(() => openRegistry(path)).toThrow(expect.objectContaining({ code: 'registry_newer' }));
  });

  test('not a database', () => {
    writeFileSync(path, 'this is not a database, and long enough to be read as a header '.repeat(20));
    expect(() => openRegistry(path)).toThrow(
      expect.objectContaining({ code: 'registry_corrupt', message: expect.stringContaining(path) as string }),
    );
  });
});

test('before a migration the old registry is copied', () => {
  openDatabase(path, [(db) => db.exec('CREATE TABLE a (x)')]).close();
  openDatabase(path, [() => undefined, (db) => db.exec('CREATE TABLE b (x)')]).close();
  expect(existsSync(`${path}.before-schema-2`)).toBe(true);
  const tables = new Database(path).prepare('SELECT name FROM sqlite_master ORDER BY name').pluck().all();
  expect(tables).toEqual(['a', 'b']);
});

test('what may be deleted at any time is not copied before a migration', () => {
  openDatabase(path, [(db) => db.exec('CREATE TABLE a (x)')]).close();
  const steps = [() => undefined, () => undefined];
  openDatabase(path, steps, { isCopied: false }).close();
  expect(existsSync(`${path}.before-schema-2`)).toBe(false);
});

const fragment = (position: number): CachedFragment => ({
  position,
  validator: `v${position}`,
  html: `<p>${position}</p>`,
});

const manyFragments = Array.from({ length: 500 }, (_, position) => fragment(position));

const uses: Record<string, (cache: Cache) => void> = {
  load: (cache) => void cache.load('talk'),
  store: (cache) => cache.store('talk', [fragment(1)], 2),
  'find facts': (cache) => void cache.fileFacts('talk', '7.csv', 's'),
  'keep facts': (cache) => cache.setFileFacts('talk', '7.csv', 's', '{"new":1}'),
  forget: (cache) => cache.forget('talk'),
};

describe('the cache', () => {
  test('keeps fragments by position and drops those past the end', () => {
    const cache = openCache(join(folder, 'cache.sqlite'));
    cache.store('talk', [fragment(0), fragment(1), fragment(2)], 3);
    cache.store('talk', [{ ...fragment(1), html: 'new' }], 2);
    expect(cache.load('talk')).toEqual([fragment(0), { ...fragment(1), html: 'new' }]);
    cache.close();
  });

  describe.each([
    ['not a database', (file: string) => writeFileSync(file, 'damaged '.repeat(500))],
    ['a database of something else', (file: string) => withDatabase(file, 'user_version = 1')],
    ['of a newer version', (file: string) => withDatabase(file, 'user_version = 99')],
  ])('that is %s', (_name, damage) => {
    test('is made anew', () => {
      const file = join(folder, 'cache.sqlite');
      damage(file);
      const cache = openCache(file);
      cache.store('talk', [fragment(0)], 1);
      expect(cache.load('talk')).toEqual([fragment(0)]);
      cache.close();
    });
  });

  describe.each(Object.entries(uses))('with garbage in its pages, asked to %s,', (_name, use) => {
    test('while it was closed, misses or works, and keeps what comes then', () => {
      const file = filledCache();
      overwritePages(file);
      const cache = openCache(file);
      use(cache);
      expectToKeep(cache);
    });

    test('while it is open, misses or works, and keeps what comes then', () => {
      const file = filledCache();
      const cache = openCache(file);
      overwritePages(file);
      use(cache);
      expectToKeep(cache);
    });
  });

  test('keeps what came in a moment for all who ask, and forgets what was not written yet, too', async () => {
    const file = join(folder, 'cache.sqlite');
    const [one, other] = [openCache(file), openCache(file)];
    one.store('talk', [fragment(0), fragment(1)], 2);
    one.store('talk', [], 1);
    await expect.poll(() => other.load('talk')).toEqual([fragment(0)]);
    one.store('talk', [fragment(1)], 2);
    one.forget('talk');
    one.close();
    expect(other.load('talk')).toEqual([]);
    other.close();
  });

  test('writes at its end what was not written yet', () => {
    const file = join(folder, 'cache.sqlite');
    const cache = openCache(file);
    cache.store('talk', [fragment(0)], 1);
    cache.close();
    const again = openCache(file);
    expect(again.load('talk')).toEqual([fragment(0)]);
    again.close();
  });

  test('that was damaged is replaced once, so that a failing disk is not asked for ever', () => {
    const file = filledCache();
    const cache = openCache(file);
    overwritePages(file);
    cache.store('talk', manyFragments, manyFragments.length);
    expect(cache.load('talk')).toEqual(manyFragments); // written by now
    closeInto(file);
    overwritePages(file);
    for (const use of Object.values(uses)) use(cache);
    cache.store('later', [fragment(0)], 1);
    expect(cache.load('later')).toEqual([]);
    cache.close();
  });

  test('that another process has replaced is left to it', () => {
    const file = filledCache();
    const [one, other] = [openCache(file), openCache(file)];
    overwritePages(file);
    expect(one.load('talk')).toEqual([]);
    one.store('talk', [fragment(0)], 1);
    expect(one.load('talk')).toEqual([fragment(0)]); // written by now
    expect(other.load('talk')).toEqual([fragment(0)]);
    one.close();
    other.close();
  });

  test('that cannot be opened is one that knows nothing', () => {
    const file = join(folder, 'cache.sqlite');
    mkdirSync(file);
    const cache = openCache(file);
    for (const use of Object.values(uses)) use(cache);
    expect(cache.load('talk')).toEqual([]);
    expect(cache.fileFacts('talk', 'a.csv', 's')).toBeUndefined();
    cache.close();
  });

  test('that another process is writing to is a miss, and is kept', () => {
    const file = filledCache();
    const cache = openCache(file);
    const writer = new Database(file);
    writer.exec('BEGIN IMMEDIATE');
    cache.setFileFacts('talk', 'b.csv', 's', '{}');
    writer.exec('ROLLBACK');
    writer.close();
    expect(cache.fileFacts('talk', 'b.csv', 's')).toBeUndefined();
    expect(cache.load('talk')).toEqual(manyFragments);
    cache.close();
  });

  /** Enough that the tables do not fit in one page each. */
  function filledCache(): string {
    const file = join(folder, 'cache.sqlite');
    const cache = openCache(file);
    cache.store('talk', manyFragments, manyFragments.length);
    for (let index = 0; index < 200; index += 1) cache.setFileFacts('talk', `${index}.csv`, 's', '{}');
    cache.close();
    return file;
  }
});

function expectToKeep(cache: Cache): void {
  cache.store('later', [fragment(0)], 1);
  expect(cache.load('later')).toEqual([fragment(0)]);
  cache.setFileFacts('later', 'a.csv', 's', '{}');
  expect(cache.fileFacts('later', 'a.csv', 's')).toBe('{}');
  cache.forget('later');
  expect(cache.load('later')).toEqual([]);
  cache.close();
}

/** The roots of both tables are in the second and third page. */
function overwritePages(file: string): void {
  const page = 16_384; // of the cache, in bytes
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(2 * page, 0xa5), 0, 2 * page, page);
  closeSync(handle);
}

/** Moves what is still in the WAL into the file itself. */
function closeInto(file: string): void {
  const db = new Database(file);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}

function withDatabase(file: string, pragma: string): void {
  const db = new Database(file);
  db.pragma(pragma);
  db.close();
}
