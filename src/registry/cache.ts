import { rmSync, statSync } from 'node:fs';
import { ShareError, systemCode } from '../errors.ts';
import { openDatabase, type Connection } from './database.ts';
import type { Migration } from './migrations.ts';

/** A rendered message part. `validator` is the hash of its text and the renderer's version. */
export interface CachedFragment {
  position: number;
  validator: string;
  html: string;
}

/**
 * What is expensive to find out twice: rendered messages and facts about files. May be deleted at any time.
 *
 * No method throws what SQLite or the disk says: a publish without its cache is slow, and a delete must not wait for it.
 *
 * Fragments are kept by (conversation, position): 5,000 come back in one query in 18 ms, against 118 ms for
 * 5,000 look-ups by hash and 1,840 ms for rendering them again.
 */
export interface Cache {
  load(conversation: string): CachedFragment[];
  /**
   * Keeps what changed, and drops positions from `count` on. Written a moment later, with what came meanwhile: nobody
   * waits for it, and of two threads that fill the cache neither waits for the other's lock at every page.
   */
  store(conversation: string, changed: readonly CachedFragment[], count: number): void;
  /** JSON text stored for a file of a conversation, while its signature is still the same. */
  fileFacts(conversation: string, name: string, signature: string): string | undefined;
  setFileFacts(conversation: string, name: string, signature: string, facts: string): void;
  /** What `setScanned` was given last for this conversation, if that was of the same version. */
  scanned(conversation: string, version: string): Uint8Array | undefined;
  /** Keeps which texts hold no secret, as digests; written a moment later, like fragments. */
  setScanned(conversation: string, version: string, digests: Uint8Array): void;
  /** Forgets everything about a conversation; the bytes go a moment later, since a delete must not wait for them. */
  forget(conversation: string): void;
  /** Writes what is not written yet. */
  close(): void;
}

const steps: readonly Migration[] = [
  (db) =>
    db.exec(`
      CREATE TABLE fragments (
        conversation TEXT NOT NULL, position INTEGER NOT NULL, validator TEXT NOT NULL, html TEXT NOT NULL,
        PRIMARY KEY (conversation, position)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE files (
        conversation TEXT NOT NULL, name TEXT NOT NULL, signature TEXT NOT NULL, facts TEXT NOT NULL,
        PRIMARY KEY (conversation, name)
      ) STRICT, WITHOUT ROWID;
    `),
  (db) =>
    db.exec(`
      CREATE TABLE scans (
        conversation TEXT NOT NULL PRIMARY KEY, version TEXT NOT NULL, digests BLOB NOT NULL
      ) STRICT, WITHOUT ROWID;
    `),
];

/**
 * Opens the cache, and keeps it going: nothing in it is the only copy, so a file that gives trouble, now or later, is
 * thrown away and made anew, once. If that does not help either, everything is a miss until the next start.
 */
export function openCache(path: string): Cache {
  let tables: Tables | undefined;
  let replaced = false;
  let unwritten = new Map<string, Stored[]>();
  let unwrittenScans = new Map<string, Scanned>();
  let forgotten = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  try {
    tables = openTables(path);
  } catch (error) {
    tables = afterTrouble(error);
  }

  return Object.freeze<Cache>({
    load: (conversation) => {
      if (unwritten.has(conversation)) write();
      settle(conversation);
      return attempt((open) => open.load.all(conversation)) ?? [];
    },
    store: (conversation, changed, count) => {
      settle(conversation);
      const stored = unwritten.get(conversation) ?? [];
      unwritten.set(conversation, [...stored, { changed, count }]);
      timer ??= setTimeout(write, writeAfterMs);
    },
    fileFacts: (conversation, name, signature) => {
      settle(conversation);
      return attempt((open) => open.getFacts.get(conversation, name, signature)?.facts);
    },
    setFileFacts: (conversation, name, signature, facts) => {
      settle(conversation);
      attempt((open) => open.putFacts.run(conversation, name, signature, facts));
    },
    scanned: (conversation, version) => {
      settle(conversation);
      const { version: of, digests } =
        unwrittenScans.get(conversation) ?? attempt((open) => open.getScanned.get(conversation)) ?? {};
      return of === version ? digests : undefined;
    },
    setScanned: (conversation, version, digests) => {
      settle(conversation);
      unwrittenScans.set(conversation, { version, digests });
      timer ??= setTimeout(write, writeAfterMs);
    },
    forget: (conversation) => {
      unwritten.delete(conversation);
      unwrittenScans.delete(conversation);
      forgotten.add(conversation);
      timer ??= setTimeout(write, writeAfterMs);
    },
    close: () => {
      write();
      if (tables) closeQuietly(tables);
      tables = undefined;
    },
  });

  /** What was forgotten of a conversation must be gone before anything new is kept of it, or asked about it. */
  function settle(conversation: string): void {
    if (forgotten.has(conversation)) write();
  }

  function write(): void {
    clearTimeout(timer);
    timer = undefined;
    const [gone, all, scans] = [forgotten, unwritten, unwrittenScans];
    forgotten = new Set();
    unwritten = new Map();
    unwrittenScans = new Map();
    for (const conversation of gone) attempt((open) => open.forget.immediate(conversation));
    if (all.size + scans.size > 0) attempt((open) => open.store.immediate(all, scans));
  }

  /** @returns undefined for a miss. */
  function attempt<Result>(action: (open: Tables) => Result): Result | undefined {
    if (tables === undefined) return undefined;
    try {
      return action(tables);
    } catch (error) {
      const before = tables;
      tables = afterTrouble(error, before);
      return tables === undefined || tables === before ? undefined : attempt(action);
    }
  }

  /**
   * @param before  What was open when the error came; undefined where nothing could be opened.
   * @returns What to go on with: the same, a new file, or nothing.
   */
  function afterTrouble(error: unknown, before?: Tables): Tables | undefined {
    if (!isTrouble(error)) throw error;
    if (passes(error)) return before;
    if (before) closeQuietly(before);
    if (replaced) return undefined;
    replaced = true;
    try {
      // Another process may have replaced the file already, and be writing to the new one.
      if (before === undefined || before.inode === inodeOf(path))
        for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
      return openTables(path);
    } catch (again) {
      if (!isTrouble(again)) throw again;
      return undefined;
    }
  }
}

/** What one `store` was given. */
interface Stored {
  changed: readonly CachedFragment[];
  count: number;
}

interface Scanned {
  version: string;
  digests: Uint8Array;
}

const writeAfterMs = 50;
/** A conversation's fragments are some 60 KB: in pages of 4 KB they take five times as many writes. */
const pageBytes = 16_384;

type Tables = ReturnType<typeof openTables>;

/** The open file, and all that is asked of it. */
function openTables(path: string) {
  const db = openDatabase(path, steps, { pageBytes, isCopied: false });
  try {
    return prepareAll(db, path);
  } catch (error) {
    closeQuietly({ db });
    throw error;
  }
}

function prepareAll(db: Connection, path: string) {
  db.pragma('synchronous = OFF');
  db.pragma('busy_timeout = 1000'); // milliseconds; drawing again is not slower
  const put = db.prepare('INSERT OR REPLACE INTO fragments VALUES (?, ?, ?, ?)');
  const cut = db.prepare('DELETE FROM fragments WHERE conversation = ? AND position >= ?');
  const forgetFiles = db.prepare('DELETE FROM files WHERE conversation = ?');
  const putScanned = db.prepare('INSERT OR REPLACE INTO scans VALUES (?, ?, ?)');
  const forgetScanned = db.prepare('DELETE FROM scans WHERE conversation = ?');
  return {
    db,
    inode: inodeOf(path),
    load: db.prepare<[string], CachedFragment>(
      'SELECT position, validator, html FROM fragments WHERE conversation = ?',
    ),
    getFacts: db.prepare<[string, string, string], { facts: string }>(
      'SELECT facts FROM files WHERE conversation = ? AND name = ? AND signature = ?',
    ),
    putFacts: db.prepare('INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)'),
    getScanned: db.prepare<[string], Scanned>('SELECT version, digests FROM scans WHERE conversation = ?'),
    store: db.transaction(
      (all: ReadonlyMap<string, readonly Stored[]>, scans: ReadonlyMap<string, Scanned>) => {
        for (const [conversation, stored] of all)
          for (const { changed, count } of stored) {
            for (const { position, validator, html } of changed)
              put.run(conversation, position, validator, html);
            cut.run(conversation, count);
          }
        for (const [conversation, { version, digests }] of scans)
          putScanned.run(conversation, version, digests);
      },
    ),
    forget: db.transaction((conversation: string) => {
      cut.run(conversation, 0);
      forgetFiles.run(conversation);
      forgetScanned.run(conversation);
    }),
  };
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/** Closing writes what is still in the WAL, which a damaged file or a full disk may refuse. */
function closeQuietly({ db }: { db: Connection }): void {
  try {
    db.close();
  } catch (error) {
    if (!isTrouble(error)) throw error;
  }
}

/** What SQLite or the disk says; everything else is a bug. */
function isTrouble(error: unknown): boolean {
  return error instanceof ShareError || /^(?:SQLITE_|ERR_FS_|E[A-Z]+$)/.test(systemCode(error) ?? '');
}

/** Another process holds the file, or there is no room just now: the file itself is sound. */
function passes(error: unknown): boolean {
  if (error instanceof ShareError) return error.code === 'locked' || passes(error.cause);
  return /^SQLITE_(?:BUSY|LOCKED|FULL|NOMEM|READONLY$)|^ENOSPC$/.test(systemCode(error) ?? '');
}
