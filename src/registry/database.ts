import Database from 'better-sqlite3';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ShareError, systemCode } from '../errors.ts';
import { migrations, type Migration } from './migrations.ts';

export type Connection = Database.Database;

export interface DatabaseOptions {
  /** Of a new file, in bytes: SQLite's own choice, or larger where rows are. */
  pageBytes?: number;
  /** Whether an old file is copied before it is migrated; not needed for what may be deleted at any time. */
  isCopied?: boolean;
  /** Called after each step of a migration; tests stop the process there. */
  at?: (step: string) => void;
}

/**
 * Opens an SQLite file the way everything here needs it: WAL, every commit on disk before it is reported,
 * deleted rows overwritten, readable by its owner only.
 *
 * @param steps  Schema history; the file's `user_version` counts the steps already taken.
 * @throws ShareError `registry_newer`, `registry_corrupt`, `registry_unwritable`.
 */
export function openDatabase(
  path: string,
  steps: readonly Migration[] = migrations,
  { pageBytes = 4096, isCopied = true, at = () => undefined }: DatabaseOptions = {},
): Connection {
  return explain(path, () => {
    const fresh = !existsSync(path);
    if (fresh) createPrivateFile(path);
    const db = new Database(path, { timeout: busyTimeoutMs });
    try {
      if (fresh) db.pragma(`page_size = ${pageBytes}`);
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
      db.pragma('foreign_keys = ON');
      db.pragma('secure_delete = ON');
      migrate(db, path, steps, isCopied, at);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** How long a writer waits for another process's commit. A commit here is renames only: milliseconds. */
const busyTimeoutMs = 5_000;

function createPrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  closeSync(openSync(path, 'a', 0o600)); // SQLite gives its -wal and -shm the same mode
}

function migrate(
  db: Connection,
  path: string,
  steps: readonly Migration[],
  isCopied: boolean,
  at: (step: string) => void,
): void {
  const version = schemaVersion(db);
  if (version > steps.length) {
    throw new ShareError(
      'registry_newer',
      `${path} was written by a newer conversation-share (schema ${version}; this one knows ${steps.length}). Nothing was changed.`,
      { hint: 'Update with `npm install -g conversation-share@latest`.' },
    );
  }
  if (version === steps.length) return;
  at('migrate:begin');
  db.transaction(() => {
    // Read again: another process may have migrated while this one waited for the lock.
    const current = schemaVersion(db);
    if (isCopied && current > 0 && current < steps.length)
      backUp(db, `${path}.before-schema-${steps.length}`, at);
    for (const step of steps.slice(current)) {
      step(db);
      at('migrate:step');
    }
    db.pragma(`user_version = ${steps.length}`);
    at('migrate:counted');
  }).immediate();
  at('migrate:committed');
}

function schemaVersion(db: Connection): number {
  return Number(db.pragma('user_version', { simple: true }));
}

/**
 * Runs while nobody else can write, so that the copy lacks nothing, and before anything is migrated. It gets its name
 * when it is whole and on disk: half a copy would keep the next start from making one.
 */
function backUp(db: Connection, path: string, at: (step: string) => void): void {
  if (existsSync(path)) return;
  const draft = `${path}.draft`;
  writeFileSync(draft, db.serialize(), { mode: 0o600, flush: true });
  at('migrate:copied');
  renameSync(draft, path);
  at('migrate:backed-up');
}

/**
 * Runs `action` and turns what SQLite and the disk say into errors an owner can act on.
 *
 * @throws ShareError `registry_corrupt`, `registry_unwritable`, `locked`; anything else passes through.
 */
export function explain<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toShareError(path, error) ?? error;
  }
}

function toShareError(path: string, error: unknown): ShareError | undefined {
  if (error instanceof ShareError) return undefined;
  const code = systemCode(error) ?? '';
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new ShareError(
      'registry_corrupt',
      `${path} is damaged, so it is not known what is shared. Pages that were live are still live.`,
      {
        hint: `Put back a copy of ${path}, and then delete again what was deleted since that copy was made: its links would be live again.`,
        cause: error,
      },
    );
  }
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_BUSY_TIMEOUT') {
    return new ShareError('locked', `${path} is in use by another process that does not let go.`, {
      hint: 'Try again; `share status` shows whether anything changed.',
      cause: error,
    });
  }
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') return unwritable(path, 'the disk is full', error);
  if (code.startsWith('SQLITE_READONLY') || code === 'EROFS')
    return unwritable(path, 'it is read-only', error);
  if (code.startsWith('SQLITE_CANTOPEN') || code === 'EACCES' || code === 'EPERM')
    return unwritable(path, 'it cannot be opened', error);
  if (code.startsWith('SQLITE_IOERR') || code === 'EIO')
    return unwritable(path, 'the disk reports an error', error);
  return undefined;
}

function unwritable(path: string, why: string, cause: unknown): ShareError {
  return new ShareError('registry_unwritable', `${path} cannot be written: ${why}. Nothing was changed.`, {
    hint: 'Check the disk and who owns the data folder (`share config` shows where it is).',
    cause,
  });
}
