import Database from 'better-sqlite3';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openCache } from '../../src/registry/cache.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { openRegistry, type Registry } from '../../src/registry/shares.ts';
import type { ShareId } from '../../src/urls.ts';

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
  thinking: false,
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

test('a revoked share cannot be marked published', () => {
  const registry = open();
  registry.add(aShare('a'));
  registry.setRevoked(idOf('a'), '2026-01-02T00:00:00.000Z');
  const publication = { title: 'x', type: 'x', revision: 'r', publishedAt: 'now', inputs: undefined };
  registry.setPublished(idOf('a'), publication);
  expect(registry.get(idOf('a'))?.revision).toBeUndefined();
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

describe('the cache', () => {
  test('keeps fragments by position and drops those past the end', () => {
    const cache = openCache(join(folder, 'cache.sqlite'));
    const fragment = (position: number) => ({
      position,
      validator: `v${position}`,
      html: `<p>${position}</p>`,
    });
    cache.store('talk', [fragment(0), fragment(1), fragment(2)], 3);
    cache.store('talk', [{ ...fragment(1), html: 'new' }], 2);
    expect(cache.load('talk')).toEqual([fragment(0), { ...fragment(1), html: 'new' }]);
    cache.close();
  });

  test('is made anew when it is damaged', () => {
    const file = join(folder, 'cache.sqlite');
    writeFileSync(file, 'damaged '.repeat(500));
    const cache = openCache(file);
    expect(cache.load('talk')).toEqual([]);
    cache.close();
  });
});
