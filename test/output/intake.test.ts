import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeFile } from '../../src/output/intake.ts';

let folder: string;
let staging: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'share-intake-'));
  staging = join(folder, 'staging');
  mkdirSync(staging);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function aFile(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe('takeFile', () => {
  test.each([0, 1, 65_536, 65_537, 1_048_576, 3_000_001])(
    'copies %i bytes with their hash and head',
    async (size) => {
      const bytes = Buffer.alloc(size, 'conversation ');
      const taken = await takeFile({ path: aFile('a.txt', bytes) }, staging);
      expect(readFileSync(taken.stagedPath).equals(bytes)).toBe(true);
      expect(taken).toMatchObject({ sha256: sha256(bytes), sizeBytes: size });
      expect(Buffer.from(taken.head).equals(bytes.subarray(0, 65_536))).toBe(true);
      expect(taken.stagedPath.startsWith(`${staging}/`)).toBe(true);
    },
  );

  test('tells how far it is', async () => {
    const told: number[] = [];
    await takeFile({ path: aFile('a.txt', Buffer.alloc(3_000_001)) }, staging, (bytes) => told.push(bytes));
    expect(told.length).toBeGreaterThan(1);
    expect(told.reduce((sum, bytes) => sum + bytes, 0)).toBe(3_000_001);
  });

  test('writes bytes that are in memory already', async () => {
    const bytes = Buffer.alloc(70_000, 'x');
    const taken = await takeFile({ bytes }, staging);
    expect(readFileSync(taken.stagedPath).equals(bytes)).toBe(true);
    expect(taken).toMatchObject({ sha256: sha256(bytes), sizeBytes: 70_000 });
    expect(taken.head.length).toBe(65_536);
  });

  test('takes the same file many times at once', async () => {
    const path = aFile('a.txt', 'same');
    const taken = await Promise.all(Array.from({ length: 20 }, () => takeFile({ path }, staging)));
    expect(new Set(taken.map((each) => each.stagedPath)).size).toBe(20);
  });

  test.each([
    ['a file that is gone', () => join(folder, 'none.txt'), /none\.txt is not there any more/],
    ['a folder', () => staging, /staging is no regular file/],
    ['a symbolic link', aLink, /link\.txt is a symbolic link/],
    ['a FIFO, without waiting for its other end', aFifo, /fifo is no regular file/],
  ])('refuses %s', async (_name, make, message) => {
    await expect(takeFile({ path: make() }, staging)).rejects.toMatchObject({
      name: 'ShareError',
      code: 'source_unreadable',
      message: expect.stringMatching(message) as string,
    });
    expect(readdirSync(staging)).toEqual([]);
  });

  test('refuses a socket', async () => {
    const path = join(folder, 'socket');
    const server = createServer().listen(path);
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      await expect(takeFile({ path }, staging)).rejects.toMatchObject({ code: 'source_unreadable' });
    } finally {
      server.close();
    }
  });

  test('gives up on a file that never rests, and leaves nothing behind', async () => {
    const path = aFile('busy.log', Buffer.alloc(8_000_000));
    const writer = setInterval(() => appendFileSync(path, 'more\n'), 1);
    try {
      await expect(takeFile({ path }, staging)).rejects.toMatchObject({
        code: 'source_unreadable',
        message: expect.stringContaining('busy.log keeps changing') as string,
      });
    } finally {
      clearInterval(writer);
    }
    expect(readdirSync(staging)).toEqual([]);
  });

  test('takes a file again that changed once while it was copied', async () => {
    const path = aFile('a.bin', Buffer.alloc(8_000_000, 'a'));
    const taking = takeFile({ path }, staging);
    // In the middle of the copy: the first chunk is there, the last is not.
    while (stagedBytes() === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(stagedBytes()).toBeLessThan(8_000_000);
    const whole = Buffer.alloc(8_000_000, 'b');
    writeFileSync(path, whole);
    const taken = await taking;
    expect(taken.sha256).toBe(sha256(whole));
    expect(readFileSync(taken.stagedPath).equals(whole)).toBe(true);
  });

  test('says which folder cannot be written', async () => {
    const nowhere = join(folder, 'nowhere');
    for (const content of [{ bytes: new Uint8Array(1) }, { path: aFile('a', 'a') }])
      await expect(takeFile(content, nowhere)).rejects.toMatchObject({
        code: 'output_unwritable',
        message: expect.stringContaining(nowhere) as string,
      });
  });

  test.skipIf(!canMount())('says which disk is full and removes the partial copy (needs mount)', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', staging]);
    try {
      const path = aFile('big.bin', Buffer.alloc(3_000_000, 1));
      for (const content of [{ path }, { bytes: readFileSync(path) }])
        await expect(takeFile(content, staging)).rejects.toMatchObject({
          code: 'output_unwritable',
          message: expect.stringMatching(/The disk that holds .*staging is full/) as string,
        });
      expect(readdirSync(staging)).toEqual([]);
    } finally {
      execFileSync('umount', [staging]);
    }
  });
});

function stagedBytes(): number {
  return readdirSync(staging).reduce((sum, name) => sum + statSync(join(staging, name)).size, 0);
}

function aLink(): string {
  const path = join(folder, 'link.txt');
  symlinkSync(aFile('target.txt', 'x'), path);
  return path;
}

function aFifo(): string {
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  return path;
}

function canMount(): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/bin/mount')) return false;
  const probe = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe]);
    return true;
  } catch {
    return false;
  } finally {
    execFileSync('rmdir', [probe]);
  }
}
