import Database from 'better-sqlite3';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ShareError, systemCode } from '../errors.ts';

/**
 * Takes the right to be the one watcher of a data folder.
 *
 * It is `BEGIN EXCLUSIVE` on a database of its own: the kernel gives it back when the process ends in any way,
 * and not while it is merely stopped; lock files judged by their age fail both (measured with kill -9 and SIGSTOP).
 *
 * @returns Gives the lock back.
 * @throws ShareError `locked`, naming the process that holds it.
 */
export function takeWatchLock(path: string): () => void {
  const holder = `${path}.json`;
  const db = new Database(path, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (!(systemCode(error) ?? '').startsWith('SQLITE_BUSY')) throw error;
    throw new ShareError('locked', `Another watcher is running${describeHolder(holder)}.`, {
      hint: 'It keeps every page up to date already; stop it first, or use `share serve --no-watch`.',
      cause: error,
    });
  }
  writeFileSync(holder, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }), {
    mode: 0o600,
  });
  return () => {
    rmSync(holder, { force: true });
    db.close();
  };
}

/** Only tells the owner whom to look for; the lock itself does not depend on it. */
function describeHolder(path: string): string {
  try {
    const { pid, since } = JSON.parse(readFileSync(path, 'utf8')) as { pid: number; since: string };
    return `: process ${pid}, since ${since}`;
  } catch {
    return '';
  }
}
