import { lstatSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { createMemory } from '../../src/serve/memory.ts';
import type { SmallFile } from '../../src/serve/memory.ts';

const stat = lstatSync(import.meta.filename, { bigint: true });
const identity = { stat, name: 'a.txt' };

function aFile(bytes: Buffer): SmallFile {
  return {
    bytes,
    headers: { 'Content-Type': 'text/plain' },
    compressible: true,
    validators: { etag: '"tag"', lastModified: 'Sun, 22 Nov 2026 10:00:00 GMT' },
    variants: new Map(),
  };
}

test('a file is forgotten when another inode, time, size or name stands under its path', () => {
  const memory = createMemory(1000);
  memory.keep('/a', identity, aFile(Buffer.from('x')));
  expect(memory.match('/a', identity)).toBeDefined();
  for (const key of ['ino', 'mtimeNs', 'ctimeNs', 'size'] as const) {
    const changed = Object.assign(Object.create(stat) as typeof stat, { [key]: stat[key] + 1n });
    expect(memory.match('/a', { stat: changed, name: 'a.txt' })).toBeUndefined();
  }
  expect(memory.match('/a', { stat, name: 'b.txt' })).toBeUndefined();
});

test('what was unused longest goes first, and the bytes held never pass the limit', () => {
  const memory = createMemory(300);
  for (const path of ['/a', '/b', '/c']) memory.keep(path, identity, aFile(Buffer.alloc(100)));
  memory.match('/a', identity);
  memory.keep('/d', identity, aFile(Buffer.alloc(100)));
  expect(memory.match('/b', identity)).toBeUndefined();
  expect(memory.match('/a', identity)).toBeDefined();
  memory.keep('/e', identity, aFile(Buffer.alloc(301)));
  expect(memory.heldBytes).toBe(0);
});

test('codings count as held, are made once, and go with their file', async () => {
  const memory = createMemory(100_000);
  const file = aFile(Buffer.from('the same words again and again '.repeat(200)));
  memory.keep('/a', identity, file);
  const [br, again, zipped] = await Promise.all([
    memory.variant('/a', file, 'br'),
    memory.variant('/a', file, 'br'),
    memory.variant('/a', file, 'gzip'),
  ]);
  expect(again).toBe(br);
  expect(brotliDecompressSync(br.bytes)).toEqual(file.bytes);
  expect(gunzipSync(zipped.bytes)).toEqual(file.bytes);
  expect(
    new Set([br, zipped, await memory.variant('/a', file, 'identity')].map((v) => v.validators?.etag)).size,
  ).toBe(3);
  expect(memory.heldBytes).toBe(file.bytes.length + br.bytes.length + zipped.bytes.length);
  memory.forget('/a');
  expect(memory.heldBytes).toBe(0);
});

test('a coding that is not shorter is not used', async () => {
  const memory = createMemory(100_000);
  const file = aFile(crypto.getRandomValues(Buffer.alloc(2000)));
  memory.keep('/a', identity, file);
  const variant = await memory.variant('/a', file, 'gzip');
  expect(variant.bytes).toBe(file.bytes);
  expect(variant.headers).not.toContain('Content-Encoding');
  expect(memory.heldBytes).toBe(2000);
});

test('a coding made after its file was dropped is not counted', async () => {
  const memory = createMemory(100_000);
  const file = aFile(Buffer.from('words '.repeat(500)));
  memory.keep('/a', identity, file);
  const variant = memory.variant('/a', file, 'br');
  memory.forget('/a');
  await variant;
  expect(memory.heldBytes).toBe(0);
});
