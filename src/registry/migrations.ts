import type { Database } from 'better-sqlite3';

export type Migration = (db: Database) => void;

/** Schema history of the registry, oldest first; `PRAGMA user_version` counts the steps taken. Never edit a step. */
export const migrations: readonly Migration[] = [
  (db) =>
    db.exec(`
      -- Says which output folders are this registry's: the id stands in their marker file.
      CREATE TABLE identity (id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
      INSERT INTO identity VALUES (lower(hex(randomblob(16))));

      CREATE TABLE shares (
        id                 TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 26 AND id NOT GLOB '*[^0-9a-z]*'),
        conversation       TEXT NOT NULL CHECK (conversation <> ''),
        owner              TEXT NOT NULL CHECK (owner <> ''),
        state              TEXT NOT NULL CHECK (state IN ('active', 'revoked')),
        thinking           INTEGER NOT NULL CHECK (thinking IN (0, 1)),
        title              TEXT NOT NULL,
        type               TEXT NOT NULL,
        created_at         TEXT NOT NULL,
        revoked_at         TEXT CHECK ((revoked_at IS NULL) = (state = 'active')),
        -- What is in the output now; all NULL while nothing is.
        published_at       TEXT,
        published_revision TEXT,
        -- A publish has begun to move files: until it says published, nobody knows which revision is out.
        publishing         INTEGER NOT NULL DEFAULT 0 CHECK (publishing IN (0, 1)),
        -- What the last attempt was made from (source files, renderer, site): equal means nothing to do.
        inputs             TEXT,
        problem_kind       TEXT CHECK (problem_kind IN ('failed', 'held', 'missing')),
        problem_code       TEXT CHECK ((problem_code IS NULL) = (problem_kind IS NULL)),
        problem_message    TEXT CHECK ((problem_message IS NULL) = (problem_kind IS NULL)),
        CHECK ((published_at IS NULL) = (published_revision IS NULL))
      ) STRICT, WITHOUT ROWID;

      CREATE UNIQUE INDEX one_active_share_per_conversation ON shares (conversation) WHERE state = 'active';
      CREATE INDEX shares_by_conversation ON shares (conversation, created_at);
    `),
  (db) =>
    db.exec(`
      -- The owner lets chat applications that preview the link show the title.
      ALTER TABLE shares ADD COLUMN preview INTEGER NOT NULL DEFAULT 0 CHECK (preview IN (0, 1));
    `),
  (db) =>
    db.exec(`
      -- Publish nothing rather than a page of which a secret had to be hidden.
      ALTER TABLE shares ADD COLUMN strict INTEGER NOT NULL DEFAULT 0 CHECK (strict IN (0, 1));
      ALTER TABLE shares ADD COLUMN strip_metadata INTEGER NOT NULL DEFAULT 0 CHECK (strip_metadata IN (0, 1));
      -- Secrets that the last publish met, without their values: JSON.
      ALTER TABLE shares ADD COLUMN found TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(found));

      -- Secrets that the owner of a conversation lets through.
      CREATE TABLE allowed (
        conversation TEXT NOT NULL,
        fingerprint  TEXT NOT NULL CHECK (fingerprint <> ''),
        kind         TEXT NOT NULL,
        allowed_by   TEXT NOT NULL CHECK (allowed_by <> ''),
        allowed_at   TEXT NOT NULL,
        PRIMARY KEY (conversation, fingerprint)
      ) STRICT, WITHOUT ROWID;

      -- Who did what, and when. Share ids are shortened: whole ones open the page.
      CREATE TABLE log (
        number       INTEGER PRIMARY KEY AUTOINCREMENT,
        at           TEXT NOT NULL,
        who          TEXT NOT NULL CHECK (who <> ''),
        did          TEXT NOT NULL CHECK (did IN ('created', 'changed', 'allowed', 'deleted')),
        conversation TEXT NOT NULL,
        share        TEXT,
        detail       TEXT NOT NULL
      ) STRICT;
      CREATE INDEX log_by_conversation ON log (conversation, number);
      CREATE TRIGGER log_is_never_changed BEFORE UPDATE ON log BEGIN SELECT raise(ABORT, 'the log is never changed'); END;
      CREATE TRIGGER log_is_never_cut BEFORE DELETE ON log BEGIN SELECT raise(ABORT, 'the log is never cut'); END;
    `),
  (db) =>
    db.exec(`
      -- What the files of each share were when they were published: JSON, path → SHA-256.
      CREATE TABLE manifests (
        share TEXT NOT NULL PRIMARY KEY REFERENCES shares (id),
        files TEXT NOT NULL CHECK (json_valid(files))
      ) STRICT, WITHOUT ROWID;
    `),
];
