import { createHash, randomUUID, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ShareError, systemCode } from '../errors.ts';
import { headBytes } from './file-kinds.ts';

export interface TakenFile {
  /** Absolute path of the copy, synced to disk, below the staging folder. */
  stagedPath: string;
  /** Lower-case hex, of exactly the bytes in the copy. */
  sha256: string;
  sizeBytes: number;
  /** The first bytes, at most `headBytes`. */
  head: Uint8Array;
}

/** Told of bytes that were copied since the last call. */
export type OnBytes = (bytes: number) => void;

type Copied = Omit<TakenFile, 'stagedPath'>;

const bufferBytes = 1024 * 1024;
const attempts = 3;
const pauseMs = 20;

/**
 * Copies a file of a conversation into the staging folder: a copy of one moment, never the half of an old file and the
 * half of a new one. A file that changes meanwhile is taken again, three times in all.
 *
 * @throws ShareError `source_unreadable` when it is not there, is no regular file, may not be read or keeps changing;
 *   `output_unwritable` when the copy cannot be written. Nothing is left in the staging folder then.
 */
export async function takeFile(
  content: { path: string } | { bytes: Uint8Array },
  staging: string,
  onBytes: OnBytes = () => undefined,
): Promise<TakenFile> {
  const stagedPath = join(staging, `.taking-${randomUUID()}`);
  try {
    const copied =
      'bytes' in content
        ? await writeBytes(content.bytes, stagedPath)
        : await copyWhenStill(content.path, stagedPath, onBytes);
    return { stagedPath, ...copied };
  } catch (error) {
    await rm(stagedPath, { force: true });
    throw error;
  }
}

/** What a failed write to our own folders means for the owner. Anything that is not a system error stays what it is. */
export function unwritable(error: unknown, path: string): unknown {
  const code = systemCode(error);
  if (code === undefined || code.startsWith('ERR_') || error instanceof ShareError) return error;
  const folder = dirname(path);
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const what = full ? `The disk that holds ${folder} is full` : `${folder} cannot be written (${code})`;
  const hint = full
    ? 'Make room on it, then run `share sync`.'
    : 'Check who may write there, then run `share sync`.';
  return new ShareError('output_unwritable', `${what}; what was live is still live.`, { hint, cause: error });
}

async function writeBytes(bytes: Uint8Array, target: string): Promise<Copied> {
  await writing(target, async () => {
    const file = await open(target, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { sha256, sizeBytes: bytes.length, head: bytes.slice(0, headBytes) };
}

async function copyWhenStill(path: string, target: string, onBytes: OnBytes): Promise<Copied> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const copied = await copyOnce(path, target, onBytes);
    if (copied !== undefined) return copied;
    if (attempt < attempts) await wait(attempt * pauseMs);
  }
  throw new ShareError('source_unreadable', `${path} keeps changing; what was live is still live.`, {
    hint: 'Wait until whatever writes it is done, then run `share sync`.',
  });
}

/** Undefined when the file changed while it was copied. */
async function copyOnce(path: string, target: string, onBytes: OnBytes): Promise<Copied | undefined> {
  const source = await reading(path, () => openRegular(path));
  try {
    const file = await writing(target, () => open(target, 'w'));
    try {
      const before = await reading(path, () => version(source));
      const from = { handle: source, path };
      const copied = await copyBytes(from, { handle: file, path: target }, before.size, onBytes);
      const after = await reading(path, () => version(source));
      if (copied.sizeBytes !== before.size || after.text !== before.text) return undefined;
      await writing(target, () => file.sync());
      return copied;
    } finally {
      await file.close();
    }
  } finally {
    await source.close();
  }
}

/**
 * Never follows a link at the end of the path (it could have been put there after the library looked) and never waits
 * for the other end of a FIFO.
 */
async function openRegular(path: string): Promise<FileHandle> {
  // Windows has neither flag; there they are undefined, which `|` takes for 0.
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if ((await handle.stat()).isFile()) return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  throw unreadable(path, 'is no regular file');
}

async function version(handle: FileHandle): Promise<{ size: number; text: string }> {
  const { size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
  return { size: Number(size), text: `${size}:${mtimeNs}:${ctimeNs}` };
}

interface Opened {
  handle: FileHandle;
  path: string;
}

async function copyBytes(
  source: Opened,
  target: Opened,
  expected: number,
  onBytes: OnBytes,
): Promise<Copied> {
  const hash: Hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(bufferBytes, Math.max(expected, 1)));
  let head = new Uint8Array();
  let sizeBytes = 0;
  // One byte too many is enough to know that it grew: a file that grows as fast as it is read would never end.
  while (sizeBytes <= expected) {
    const { bytesRead } = await reading(source.path, () => source.handle.read(buffer, 0, buffer.length));
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    if (head.length < headBytes) head = joined(head, chunk.subarray(0, headBytes - head.length));
    hash.update(chunk);
    await writing(target.path, () => target.handle.writeFile(chunk));
    sizeBytes += bytesRead;
    onBytes(bytesRead);
  }
  return { sha256: hash.digest('hex'), sizeBytes, head };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

async function reading<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined || error instanceof ShareError) throw error;
    throw unreadable(path, whyUnreadable[code] ?? `cannot be read (${code})`, error);
  }
}

async function writing<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw unwritable(error, path);
  }
}

const whyUnreadable: Readonly<Record<string, string | undefined>> = {
  ENOENT: 'is not there any more',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  ELOOP: 'is a symbolic link',
  ENXIO: 'is no regular file',
};

function unreadable(path: string, why: string, cause?: unknown): ShareError {
  return new ShareError('source_unreadable', `${path} ${why}; what was live is still live.`, { cause });
}
