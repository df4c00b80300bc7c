import { rmSync } from 'node:fs';
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
 * Fragments are kept by (conversation, position): 5,000 come back in one query in 18 ms, against 118 ms for
 * 5,000 look-ups by hash and 1,840 ms for rendering them again.
 */
export interface Cache {
  load(conversation: string): CachedFragment[];
  /** Writes what changed, and drops positions from `count` on. */
  store(conversation: string, changed: readonly CachedFragment[], count: number): void;
  /** JSON text stored for a file of a conversation, while its signature is still the same. */
  fileFacts(conversation: string, name: string, signature: string): string | undefined;
  setFileFacts(conversation: string, name: string, signature: string, facts: string): void;
  /** Forgets everything about a conversation. */
  forget(conversation: string): void;
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
];

/** Opens the cache; one that is damaged or of another version is thrown away, since nothing in it is the only copy. */
export function openCache(path: string): Cache {
  const db = openOrReplace(path);
  db.pragma('synchronous = OFF');
  const load = db.prepare<[string], CachedFragment>(
    'SELECT position, validator, html FROM fragments WHERE conversation = ?',
  );
  const put = db.prepare('INSERT OR REPLACE INTO fragments VALUES (?, ?, ?, ?)');
  const cut = db.prepare('DELETE FROM fragments WHERE conversation = ? AND position >= ?');
  const getFacts = db.prepare<[string, string, string], { facts: string }>(
    'SELECT facts FROM files WHERE conversation = ? AND name = ? AND signature = ?',
  );
  const putFacts = db.prepare('INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)');
  const forgetFiles = db.prepare('DELETE FROM files WHERE conversation = ?');
  const store = db.transaction((conversation: string, changed: readonly CachedFragment[], count: number) => {
    for (const { position, validator, html } of changed) put.run(conversation, position, validator, html);
    cut.run(conversation, count);
  });
  const forget = db.transaction((conversation: string) => {
    cut.run(conversation, 0);
    forgetFiles.run(conversation);
  });

  return Object.freeze<Cache>({
    load: (conversation) => load.all(conversation),
    store: (conversation, changed, count) => store.immediate(conversation, changed, count),
    fileFacts: (conversation, name, signature) => getFacts.get(conversation, name, signature)?.facts,
    setFileFacts: (conversation, name, signature, facts) =>
      void putFacts.run(conversation, name, signature, facts),
    forget: (conversation) => forget.immediate(conversation),
    close: () => void db.close(),
  });
}

function openOrReplace(path: string): Connection {
  try {
    return openDatabase(path, steps);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code !== 'registry_corrupt' && error.code !== 'registry_newer') throw error;
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
    return openDatabase(path, steps);
  }
}
