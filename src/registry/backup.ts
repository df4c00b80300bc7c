import Database from 'better-sqlite3';
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { ShareError, systemCode } from '../errors.ts';
import { explain } from './database.ts';

/**
 * Copies a registry while others write to it: one moment of it, whole, readable by its owner only.
 *
 * @returns How many shares the copy holds.
 * @throws ShareError `registry_*`; `output_unwritable` where the copy cannot be written, or something is there already.
 *   Nothing is left of an attempt that failed.
 */
export function backUpRegistry(registry: string, copy: string): number {
  reserve(copy);
  try {
    const db = explain(registry, () => new Database(registry, { fileMustExist: true, timeout: 5_000 }));
    try {
      explain(registry, () => db.prepare('VACUUM INTO ?').run(copy)); // which takes an empty file and keeps its mode
    } finally {
      db.close();
    }
    settle(copy);
    return explain(copy, () => countShares(copy));
  } catch (error) {
    rmSync(copy, { force: true });
    throw error;
  }
}

function reserve(copy: string): void {
  try {
    mkdirSync(dirname(copy), { recursive: true, mode: 0o700 });
    closeSync(openSync(copy, 'wx', 0o600));
  } catch (cause) {
    const code = systemCode(cause);
    if (code === undefined) throw cause;
    throw new ShareError(
      'output_unwritable',
      code === 'EEXIST'
        ? `${copy} is there already. Nothing was changed.`
        : `${copy} cannot be written (${code}).`,
      { hint: 'Name another file: a backup replaces nothing.', cause },
    );
  }
}

function settle(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Also proves that the copy can be read. */
function countShares(path: string): number {
  const db = new Database(path, { readonly: true });
  try {
    const answer = String(db.pragma('integrity_check(1)', { simple: true }));
    if (answer !== 'ok') throw Object.assign(new Error(answer), { code: 'SQLITE_CORRUPT' });
    return db.prepare<[], { count: number }>('SELECT count(*) AS count FROM shares').get()?.count ?? 0;
  } finally {
    db.close();
  }
}
