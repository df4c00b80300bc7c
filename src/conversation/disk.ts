import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import type { BigIntStats, Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import { ShareError, systemCode } from '../errors.ts';
import { maxSizeBytes } from './json.ts';

/*
 * Reading what an owner put on the disk, which may be anything. Files are opened without blocking and looked at before
 * they are read, so that a FIFO in the place of a file is refused instead of waited for.
 */

const openFlags = constants.O_RDONLY | constants.O_NONBLOCK;

/** A longer line is cut, and by that malformed: one line must not take the memory of all. */
const maxLineBytes = 64 * 1024 * 1024;
const chunkBytes = 256 * 1024;
const newline = 0x0a;
const carriageReturn = 0x0d;

/**
 * Reads a file whole.
 *
 * @throws ShareError `source_missing`, `source_unreadable`, or `source_invalid` for what is no regular file or is
 *         larger than `parseJson` takes.
 */
export function readRegularFile(path: string): { bytes: Uint8Array; stats: Stats } {
  return withFile(path, (file, stats) => {
    if (stats.size > maxSizeBytes)
      throw new ShareError('source_invalid', `${path}: larger than ${maxSizeBytes / 1024 / 1024} MiB.`);
    return { bytes: readFileSync(file), stats };
  });
}

/** Reads at most the first `maxBytes` of a file; errors as {@link readRegularFile}. */
export function readHead(path: string, maxBytes: number): Uint8Array {
  return withFile(path, (file, stats) => {
    const head = Buffer.alloc(Math.min(maxBytes, stats.size));
    let length = 0;
    for (let got = -1; got !== 0 && length < head.length; length += got)
      got = readSync(file, head, length, head.length - length, null);
    return head.subarray(0, length);
  });
}

/** A line without its end, which is `\n` and nothing else: U+2028, at which `node:readline` breaks, may stand in JSON. */
export interface Line {
  /** A line longer than 64 MiB is cut. The next line is written over these bytes. */
  bytes: Buffer;
  /** With its end, and with what was cut off. */
  sizeBytes: number;
  /** False for a last line that has no end, yet. */
  isWhole: boolean;
}

/** Bytes that are not UTF-8 are U+FFFD, a `\r` at the end is gone; a mark at the beginning of a file is kept. */
export function lineText(bytes: Buffer): string {
  return bytes.toString('utf8', 0, bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length);
}

/**
 * Reads an open file line by line, in memory for one line.
 *
 * @param start  Where the first line begins, in bytes.
 */
export async function eachLine(
  file: FileHandle,
  start: number,
  take: (line: Line) => void,
  longestBytes = maxLineBytes,
): Promise<void> {
  let buffer = Buffer.allocUnsafe(chunkBytes);
  /** How much of the buffer is read, and what of a line that is longer than the buffer may be was let go. */
  let filled = 0;
  let cutBytes = 0;
  for (let at = start; ;) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    const searched = filled;
    filled += bytesRead;
    const read = buffer.subarray(0, filled);
    let from = 0;
    for (let end = read.indexOf(newline, searched); end >= 0; end = read.indexOf(newline, from)) {
      take({ bytes: read.subarray(from, end), sizeBytes: end - from + 1 + cutBytes, isWhole: true });
      cutBytes = 0;
      from = end + 1;
    }
    buffer.copyWithin(0, from, filled);
    filled -= from;
    if (filled < buffer.length) continue;
    if (filled < longestBytes) buffer = Buffer.concat([buffer], Math.min(filled * 2, longestBytes));
    else {
      const kept = filled - chunkBytes;
      cutBytes += filled - kept;
      filled = kept;
    }
  }
  if (filled > 0) take({ bytes: buffer.subarray(0, filled), sizeBytes: filled + cutBytes, isWhole: false });
}

/**
 * Reads a file in chunks, each in memory of its own.
 *
 * Errors as {@link readRegularFile}, whatever the size.
 */
export async function* readChunks(path: string): AsyncGenerator<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, openFlags);
    refuseIrregular(await file.stat(), path);
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw toSourceError(error, path);
  } finally {
    await file?.close();
  }
}

function withFile<Result>(path: string, use: (file: number, stats: Stats) => Result): Result {
  let file: number | undefined;
  try {
    file = openSync(path, openFlags);
    const stats = fstatSync(file);
    refuseIrregular(stats, path);
    return use(file, stats);
  } catch (error) {
    throw toSourceError(error, path);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** @throws ShareError `source_invalid` for what is no regular file. */
export function refuseIrregular(stats: Stats | BigIntStats, path: string): void {
  if (stats.isFile()) return;
  throw new ShareError('source_invalid', `${path}: is ${kindOf(stats)}, but must be a regular file.`);
}

function kindOf(stats: Stats | BigIntStats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

/**
 * Turns a system error about a file into one for its owner, with the system's error as the cause. Any other error
 * comes back as it is.
 */
export function toSourceError(error: unknown, path: string): unknown {
  const code = systemCode(error) ?? '';
  const cause = error;
  if (isMissing(error)) return new ShareError('source_missing', `${path}: there is no such file.`, { cause });
  if (['EACCES', 'EPERM'].includes(code))
    return new ShareError('source_unreadable', `${path}: may not be read by this user (${code}).`, {
      hint: 'Give this user the right to read it, then run `share sync`.',
      cause,
    });
  if (['EIO', 'ESTALE', 'ETIMEDOUT', 'EBUSY'].includes(code))
    return new ShareError('source_unreadable', `${path}: the disk cannot read it now (${code}).`, { cause });
  if (code === 'ELOOP')
    return new ShareError('source_invalid', `${path}: its symbolic links lead in a circle.`, { cause });
  // A socket cannot be opened, and so is not looked at by fstat.
  if (code === 'ENXIO' || code === 'ENODEV')
    return new ShareError('source_invalid', `${path}: must be a regular file (${code}).`, { cause });
  return error;
}

/** Whether the system said that there is no such file. No file can have a name that is too long. */
export function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(systemCode(error) ?? '');
}

/** Whether `path` lies below `folder`; both absolute and without links. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
