import type { ZipArchive } from 'archiver';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { ShareError, systemCode } from '../errors.ts';
import { unwritable, type OnBytes } from './intake.ts';

export interface ZipEntry {
  /** Path inside the ZIP, as `zipPaths` makes it: unique, safe, with `/`. */
  name: string;
  /** Where its bytes are. */
  path: string;
  sizeBytes: number;
  /** False for bytes that are compressed already: they are stored as they are. */
  compressible: boolean;
}

/** Part of the key of every ZIP: raise it when the same files make other bytes than before. */
const format = 1;

/** The first moment a ZIP can name. File times are private and change when bytes do not. */
const epoch = new Date(Date.UTC(1980, 0, 1));
const fileMode = 0o644;

/**
 * Up to this size an entry is handed over whole. Its sizes then stand before its bytes, which readers of a ZIP that
 * arrives piece by piece need for stored entries; larger ones are streamed, with the sizes behind.
 */
const wholeBytes = 4 * 1024 * 1024;
const chunkBytes = 256 * 1024;
const tellEveryMs = 100;

/**
 * Names the ZIP of exactly these files: 32 hex digits, whatever the order of the entries.
 */
export function zipKey(entries: readonly { name: string; sha256: string }[]): string {
  const hash = createHash('sha256').update(`${format}\n`);
  for (const { name, sha256 } of sorted(entries)) hash.update(`${name}\0${sha256}\n`);
  return hash.digest('hex').slice(0, 32);
}

/**
 * Writes the ZIP, synced to disk. The same entries give the same bytes in any order, time zone and locale (under the
 * same zlib). Memory stays bounded whatever the sizes.
 *
 * @param target  A path where nothing is yet.
 * @throws ShareError `source_unreadable` when an entry is gone or has another size than it had; `output_unwritable`.
 *   Nothing is left at `target` then.
 */
export async function writeZip(
  target: string,
  entries: readonly ZipEntry[],
  onBytes: OnBytes = () => undefined,
): Promise<{ sizeBytes: number }> {
  const file = await open(target, 'wx').catch((error: unknown) => {
    throw unwritable(error, target);
  });
  try {
    try {
      return { sizeBytes: await fill(file, sorted(entries), onBytes) };
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(target, { force: true });
    // Errors about an entry are worded already: what is left of system errors is about the target.
    throw unwritable(error, target);
  }
}

/** By code units: an order that no locale changes. */
function sorted<T extends { name: string }>(entries: readonly T[]): T[] {
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

/** Where it is needed, or before: it takes as long to load as a page to publish ten times (87 ms). */
export const loadArchiver = () => import('archiver');

/** Returns the size in bytes, synced. */
async function fill(file: FileHandle, entries: readonly ZipEntry[], onBytes: OnBytes): Promise<number> {
  const { ZipArchive } = await loadArchiver();
  // archiver 8 writes UTC unless `forceLocalTime`; one stat at a time keeps the order.
  const archive = new ZipArchive({ statConcurrency: 1, forceLocalTime: false, zlib: { level: 6 } });
  const stopped = new AbortController();
  const failures: unknown[] = [];
  // Whichever half fails first stops the other: archiver alone would wait for ever for a source that is gone.
  const stop = (error: unknown): void => {
    failures.push(error);
    stopped.abort();
    archive.destroy();
  };
  archive.on('error', stop);
  archive.on('warning', stop);
  const written = file.createWriteStream({ flush: true });
  await Promise.all([
    pipeline(archive, written).catch(stop),
    feed(archive, entries, stopped.signal, onBytes).catch(stop),
  ]);
  if (failures.length > 0) throw asError(failures[0]);
  return written.bytesWritten;
}

/** One entry after the other, so that one file is open and one buffer is full at a time. */
async function feed(
  archive: ZipArchive,
  entries: readonly ZipEntry[],
  stopped: AbortSignal,
  onBytes: OnBytes,
): Promise<void> {
  for (const entry of entries) {
    stopped.throwIfAborted();
    await append(archive, entry, stopped, onBytes);
  }
  // Its promise never settles when the archive is stopped; the end of the written file is what counts.
  archive.finalize().catch(() => undefined);
}

async function append(
  archive: ZipArchive,
  entry: ZipEntry,
  stopped: AbortSignal,
  onBytes: OnBytes,
): Promise<void> {
  const handle = await open(entry.path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
    throw unreadable(entry, error);
  });
  try {
    const data = { name: entry.name, date: epoch, mode: fileMode, store: !entry.compressible };
    if (entry.sizeBytes > wholeBytes) {
      await appendStream(archive, handle, entry, data, stopped, onBytes);
      return;
    }
    const bytes = await handle.readFile().catch((error: unknown) => {
      throw unreadable(entry, error);
    });
    if (bytes.length !== entry.sizeBytes) throw unreadable(entry);
    const added = once(archive, 'entry', { signal: stopped });
    archive.append(bytes, data);
    await added;
    onBytes(bytes.length);
  } finally {
    await handle.close();
  }
}

async function appendStream(
  archive: ZipArchive,
  handle: FileHandle,
  entry: ZipEntry,
  data: { name: string; date: Date; mode: number; store: boolean },
  stopped: AbortSignal,
  onBytes: OnBytes,
): Promise<void> {
  const stream = handle.createReadStream({ highWaterMark: chunkBytes, autoClose: false });
  let told = 0;
  const tell = (): void => {
    onBytes(stream.bytesRead - told);
    told = stream.bytesRead;
  };
  const telling = setInterval(tell, tellEveryMs);
  try {
    const broken = new Promise<never>((_, reject) =>
      stream.once('error', (error) => reject(unreadable(entry, error))),
    );
    const added = once(archive, 'entry', { signal: stopped });
    archive.append(stream, data);
    await Promise.race([added, broken]);
    tell();
    if (stream.bytesRead !== entry.sizeBytes) throw unreadable(entry);
  } finally {
    clearInterval(telling);
    stream.destroy();
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function unreadable(entry: ZipEntry, cause?: unknown): ShareError {
  const why =
    cause === undefined
      ? 'changed while the ZIP was written'
      : `cannot be read (${systemCode(cause) ?? 'unknown reason'})`;
  return new ShareError('source_unreadable', `"${entry.name}" ${why}; what was live is still live.`, {
    hint: 'Run `share sync` again.',
    cause,
  });
}
