import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRevokedIds } from '../../src/registry/revoked-ids.ts';
import type { ShareId } from '../../src/urls.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'share-revoked-'));
  path = join(folder, 'deleted-shares.txt');
});
afterEach(() => rmSync(folder, { recursive: true }));

const [one, other] = ['a'.repeat(26), 'b'.repeat(26)] as [ShareId, ShareId];
const [then, later] = ['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'];

test('remember what was deleted, and when it was first', () => {
  const revokedIds = openRevokedIds(path);
  revokedIds.add(one, then);
  revokedIds.add(one, later);
  expect(revokedIds.revokedAt(one)).toBe(then);
  expect(openRevokedIds(path).revokedAt(one)).toBe(then);
  expect(openRevokedIds(path).revokedAt(other)).toBeUndefined();
});

test('hold no link, for the owner only', () => {
  openRevokedIds(path).add(one, then);
  expect(readFileSync(path, 'utf8')).not.toContain(one);
  expect(statSync(path).mode & 0o077).toBe(0);
});

test('outlive half a line that a crash left', () => {
  openRevokedIds(path).add(one, then);
  appendFileSync(path, 'abcdef0123');
  openRevokedIds(path).add(other, later);
  expect([one, other].map((id) => openRevokedIds(path).revokedAt(id))).toEqual([then, later]);
});

test('stop no delete where they cannot be written', () => {
  const revokedIds = openRevokedIds(join(folder, 'not there', 'deleted-shares.txt'));
  expect(() => revokedIds.add(one, then)).not.toThrow();
});
