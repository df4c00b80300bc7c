import { createHash } from 'node:crypto';
import { constants, lstatSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { systemCode } from '../errors.ts';

/** Codes that mean "there is no such file for a viewer"; ELOOP is a symlink that was not followed. */
const absentCodes = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP']);

function isAbsent(error: unknown): boolean {
  return absentCodes.has(systemCode(error) ?? '');
}

/**
 * What the file system says about a regular file now, or undefined where there is none or it is a symlink.
 *
 * Synchronous on purpose: it runs once for every request, and asking a warm inode takes a few microseconds, a trip
 * through the thread pool several times that.
 *
 * @throws a system error when the disk cannot say (EACCES, EIO, …).
 */
export function statFile(path: string): BigIntStats | undefined {
  try {
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stat?.isFile() ? stat : undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Whether two stats are of one file with the same content. Output files are replaced by rename, never written in place. */
export function isSameFile(one: BigIntStats, other: BigIntStats): boolean {
  return (
    one.ino === other.ino &&
    one.mtimeNs === other.mtimeNs &&
    one.ctimeNs === other.ctimeNs &&
    one.size === other.size
  );
}

/** A strong validator of the file's own bytes; hashed, since inode numbers are nobody's business. */
export function etagOf(stat: BigIntStats): string {
  const identity = `${stat.ino}:${stat.mtimeNs}:${stat.size}`;
  return `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`;
}

export interface OpenFile {
  handle: FileHandle;
  stat: BigIntStats;
}

/**
 * Opens a regular file of the output. What is read from the handle stays one whole file, whatever a rename or an
 * unlink does to its name meanwhile. The caller closes the handle.
 *
 * @returns undefined where there is no such file, or where a symlink stands anywhere on the way to it.
 * @throws a system error for everything else (EMFILE, EACCES, …).
 */
export async function openFile(folder: string, segments: readonly string[]): Promise<OpenFile | undefined> {
  let handle: FileHandle | undefined;
  try {
    // O_NONBLOCK: opening a FIFO would wait for a writer.
    handle = await open(
      join(folder, ...segments),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    const stat = await handle.stat({ bigint: true });
    if (stat.isFile() && (await isInside(folder, segments))) return { handle, stat };
  } catch (error) {
    await handle?.close();
    if (isAbsent(error)) return undefined;
    throw error;
  }
  await handle.close();
  return undefined;
}

/** The output folder itself may be a symlink; below it there is none that a viewer may walk through. */
async function isInside(folder: string, segments: readonly string[]): Promise<boolean> {
  const [root, real] = await Promise.all([realpath(folder), realpath(join(folder, ...segments))]);
  return real === join(root, ...segments);
}
