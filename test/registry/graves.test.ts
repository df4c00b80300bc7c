import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openGraves } from '../../src/registry/graves.ts';
import type { ShareId } from '../../src/urls.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'share-graves-'));
  path = join(folder, 'deleted-shares.txt');
});
afterEach(() => rmSync(folder, { recursive: true }));

const [one, other] = ['a'.repeat(26), 'b'.repeat(26)] as [ShareId, ShareId];
const [then, later] = ['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'];

test('remember what was deleted, and when it was first', () => {
  const graves = openGraves(path);
  graves.dig(one, then);
  graves.dig(one, later);
  expect(graves.revokedAt(one)).toBe(then);
  expect(openGraves(path).revokedAt(one)).toBe(then);
  expect(openGraves(path).revokedAt(other)).toBeUndefined();
});

test('hold no link, for the owner only', () => {
  openGraves(path).dig(one, then);
  expect(readFileSync(path, 'utf8')).not.toContain(one);
  expect(statSync(path).mode & 0o077).toBe(0);
});

test('outlive half a line that a crash left', () => {
  openGraves(path).dig(one, then);
  appendFileSync(path, 'abcdef0123');
  openGraves(path).dig(other, later);
  expect([one, other].map((id) => openGraves(path).revokedAt(id))).toEqual([then, later]);
});

test('stop no delete where they cannot be written', () => {
  const graves = openGraves(join(folder, 'not there', 'deleted-shares.txt'));
  expect(() => graves.dig(one, then)).not.toThrow();
});
