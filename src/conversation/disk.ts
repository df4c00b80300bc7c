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
  /** Bytes that are not UTF-8 are U+FFFD, a `\r` at the end is gone. A line longer than 64 MiB is cut. */
  text: string;
  /** With its end. */
  sizeBytes: number;
  /** False for a last line that has no end, yet. */
  isWhole: boolean;
}

/** Cuts bytes that come in chunks into lines. */
export class LineSplitter {
  private pieces: Uint8Array[] = [];
  private sizeBytes = 0;

  /** The lines that end in this chunk. */
  *take(chunk: Uint8Array): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.add(chunk.subarray(start, end));
      yield this.line(true);
      start = end + 1;
    }
    this.add(chunk.subarray(start));
  }

  /** What is left when there are no more chunks. */
  *end(): Generator<Line> {
    if (this.sizeBytes > 0) yield this.line(false);
  }

  private add(piece: Uint8Array): void {
    if (piece.length > 0 && this.sizeBytes <= maxLineBytes) this.pieces.push(piece);
    this.sizeBytes += piece.length;
  }

  private line(isWhole: boolean): Line {
    const [first] = this.pieces;
    const bytes = this.pieces.length === 1 && first ? first : Buffer.concat(this.pieces);
    const text = decoder.decode(bytes);
    const sizeBytes = this.sizeBytes + (isWhole ? 1 : 0);
    this.pieces = [];
    this.sizeBytes = 0;
    return { text: text.endsWith('\r') ? text.slice(0, -1) : text, sizeBytes, isWhole };
  }
}

/** A mark at the beginning of the file is the reader's to take off: here it would vanish from every line. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

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
