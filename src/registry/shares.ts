import { dirname, join } from 'node:path';
import type { Manifest } from '../manifest.ts';
import type { Choice } from '../snapshot/privacy.ts';
import type { FoundSecret } from '../snapshot/secrets.ts';
import { isShareId, shortShareId, type ShareId } from '../urls.ts';
import { explain, openDatabase, type Connection } from './database.ts';
import { openRevokedIds, type RevokedIds } from './revoked-ids.ts';
import { migrations } from './migrations.ts';

export type ShareState = 'active' | 'revoked';

/** Why the output is not what the source asks for. */
export interface Problem {
  /** `failed`: could not be made. `held`: must not be published. `missing`: the source is gone, the page withdrawn. */
  kind: 'failed' | 'held' | 'missing';
  code: string;
  message: string;
}

/** A row of the registry. Times are ISO 8601 in UTC. */
export interface Share extends Choice {
  id: ShareId;
  /** Library id. */
  conversation: string;
  owner: string;
  state: ShareState;
  /** As last published, so that a list needs no reading of sources. */
  title: string;
  type: string;
  createdAt: string;
  revokedAt: string | undefined;
  publishedAt: string | undefined;
  /** What is in the output now; undefined while nothing is. */
  revision: string | undefined;
  /** A publish began to move files and has not said that it is done: the output may hold anything of two revisions. */
  publishing: boolean;
  /** What the last attempt was made from; see `publish/publisher.ts`. */
  inputs: string | undefined;
  problem: Problem | undefined;
  /** Secrets that the last publish met. */
  found: FoundSecret[];
}

/** An entry of the log, which is never changed. `share` is shortened. */
export interface LogEntry {
  at: string;
  who: string;
  did: Deed['did'];
  conversation: string;
  share: string | null;
  detail: string;
}

/** What somebody did. */
export interface Deed {
  did: 'created' | 'changed' | 'allowed' | 'deleted';
  who: string;
  conversation: string;
  shareId: ShareId | undefined;
  detail: string;
}

export interface NewShare extends Choice {
  id: ShareId;
  conversation: string;
  owner: string;
  title: string;
  type: string;
  createdAt: string;
}

export interface Publication {
  title: string;
  type: string;
  revision: string;
  publishedAt: string;
  inputs: string | undefined;
  found: readonly FoundSecret[];
  manifest: Manifest;
}

/** Which shares exist and what of them is out. Every method throws ShareError `registry_*` when the file gives trouble. */
export interface Registry {
  readonly path: string;
  /** Random, made with the registry: the mark of its output folders. */
  readonly identity: string;
  /** The share with this id, active or revoked. */
  get(id: ShareId): Share | undefined;
  /** The one active share of a conversation. */
  active(conversation: string): Share | undefined;
  /** All shares of a conversation, newest first. */
  of(conversation: string): Share[];
  all(): Share[];
  allActive(): Share[];
  /** Who shared the conversation first, even if that share is revoked by now. */
  firstOwner(conversation: string): string | undefined;
  /**
   * Runs `action` while no other process can write the registry, and commits what it wrote; nothing if it throws.
   * Takes the write lock at once: a deferred upgrade would fail with SQLITE_BUSY_SNAPSHOT. Nested calls join in.
   */
  exclusively<T>(action: () => T): T;
  add(share: NewShare): void;
  setChoice(id: ShareId, choice: Choice): void;
  /** Files are about to move; `setPublished` or `setWithdrawn` ends it. */
  setPublishing(id: ShareId): void;
  setPublished(id: ShareId, publication: Publication): void;
  /** What the files of a share were when they were published; undefined while nothing of it is. */
  manifest(id: ShareId): Manifest | undefined;
  /** The output holds nothing of this share any more, though it is still active. */
  setWithdrawn(id: ShareId): void;
  setInputs(id: ShareId, inputs: string | undefined): void;
  setProblem(id: ShareId, problem: Problem | undefined): void;
  setRevoked(id: ShareId, revokedAt: string): void;
  /** Remembers, beside the registry, that a share is deleted and its page gone. Holds whether or not this is committed. */
  rememberRevoked(id: ShareId, revokedAt: string): void;
  setFound(id: ShareId, found: readonly FoundSecret[]): void;
  /** Fingerprints of secrets that the owner of a conversation let through. */
  allowed(conversation: string): string[];
  /** Lets a secret of a conversation through; its share, if it has one, is to be published again. */
  allow(conversation: string, secret: { fingerprint: string; kind: string }, who: string, at: string): void;
  /** Appends to the log. */
  writeDown(deed: Deed, at: string): void;
  /** Newest first. */
  log(conversation?: string): LogEntry[];
  /** True when another connection committed something since the last call: `PRAGMA data_version`, about 35 µs. */
  changedByOthers(): boolean;
  /** @throws ShareError `registry_corrupt` */
  check(): void;
  close(): void;
}

interface Row {
  id: string;
  conversation: string;
  owner: string;
  state: ShareState;
  thinking: number;
  preview: number;
  strict: number;
  strip_metadata: number;
  title: string;
  type: string;
  created_at: string;
  revoked_at: string | null;
  published_at: string | null;
  published_revision: string | null;
  publishing: number;
  inputs: string | null;
  problem_kind: Problem['kind'] | null;
  problem_code: string | null;
  problem_message: string | null;
  found: string;
}

/**
 * Opens the registry. What was deleted while another copy of it was in this place is deleted in this one, too.
 *
 * @param at  Called after each step of a migration.
 * @throws ShareError `registry_newer`, `registry_corrupt`, `registry_unwritable`
 */
export function openRegistry(path: string, at?: (step: string) => void): Registry {
  const db = openDatabase(path, migrations, at === undefined ? {} : { at });
  const run = <T>(action: () => T): T => explain(path, action);
  const rows = prepareAll(db);
  const revokedIds = run(() => openRevokedIds(join(dirname(path), 'deleted-shares.txt')));
  run(() => revokeRemembered(db, rows, revokedIds));
  let seenVersion = dataVersion(db);

  return Object.freeze<Registry>({
    path,
    identity: run(() => readIdentity(db)),
    get: (id) => run(() => one(rows.get.get(id))),
    active: (conversation) => run(() => one(rows.active.get(conversation))),
    of: (conversation) => run(() => rows.of.all(conversation).map(toShare)),
    all: () => run(() => rows.all.all().map(toShare)),
    allActive: () => run(() => rows.allActive.all().map(toShare)),
    firstOwner: (conversation) => run(() => rows.firstOwner.get(conversation)?.owner),
    exclusively: (action) => run(() => (db.inTransaction ? action() : db.transaction(action).immediate())),
    add: (share) => run(() => void rows.add.run({ ...share, ...toNumbers(share) })),
    setChoice: (id, choice) => run(() => void rows.setChoice.run({ ...toNumbers(choice), id })),
    setPublishing: (id) => run(() => void rows.setPublishing.run(id)),
    setPublished: (id, { manifest, inputs = null, found, ...publication }) =>
      run(() => {
        const row = { ...publication, inputs, found: JSON.stringify(found), id };
        if (rows.setPublished.run(row).changes > 0)
          rows.setManifest.run(id, JSON.stringify(Object.fromEntries(manifest)));
      }),
    manifest: (id) => run(() => toManifest(rows.manifest.get(id))),
    setWithdrawn: (id) =>
      run(() => {
        rows.setWithdrawn.run(id);
        rows.dropManifest.run(id);
      }),
    setInputs: (id, inputs) => run(() => void rows.setInputs.run(inputs ?? null, id)),
    setProblem: (id, problem) =>
      run(
        () =>
          void rows.setProblem.run(
            problem?.kind ?? null,
            problem?.code ?? null,
            problem?.message ?? null,
            id,
          ),
      ),
    setRevoked: (id, revokedAt) => run(() => setRevoked(rows, id, revokedAt)),
    rememberRevoked: (id, revokedAt) => run(() => revokedIds.add(id, revokedAt)),
    setFound: (id, found) => run(() => void rows.setFound.run(JSON.stringify(found), id)),
    allowed: (conversation) => run(() => rows.allowed.all(conversation)),
    allow: (conversation, { fingerprint, kind }, who, at) =>
      run(() => {
        rows.allow.run(conversation, fingerprint, kind, who, at);
        rows.forgetInputs.run(conversation);
      }),
    writeDown: ({ did, who, conversation, shareId, detail }, at) =>
      run(
        () =>
          void rows.writeDown.run(
            at,
            who,
            did,
            conversation,
            shareId === undefined ? null : shortShareId(shareId),
            detail,
          ),
      ),
    log: (conversation) =>
      run(() => (conversation === undefined ? rows.log.all() : rows.logOf.all(conversation))),
    changedByOthers: () =>
      run(() => {
        const version = dataVersion(db);
        const changed = version !== seenVersion;
        seenVersion = version;
        return changed;
      }),
    check: () => run(() => checkIntegrity(db)),
    close: () => void db.close(),
  });
}

function revokeRemembered(db: Connection, rows: ReturnType<typeof prepareAll>, revokedIds: RevokedIds): void {
  const dead = rows.activeIds.all().filter((id) => revokedIds.revokedAt(id) !== undefined);
  if (dead.length === 0) return;
  db.transaction(() => {
    for (const id of dead) {
      const share = one(rows.get.get(id));
      const revokedAt = revokedIds.revokedAt(id);
      if (share?.state !== 'active' || revokedAt === undefined) continue;
      setRevoked(rows, id, revokedAt);
      const { owner, conversation } = share;
      const detail = 'this copy of the registry did not know';
      rows.writeDown.run(revokedAt, owner, 'deleted', conversation, shortShareId(id), detail);
    }
  }).immediate();
}

function setRevoked(rows: ReturnType<typeof prepareAll>, id: ShareId, revokedAt: string): void {
  rows.setRevoked.run(revokedAt, id);
  rows.dropManifest.run(id);
}

function prepareAll(db: Connection) {
  const select = (rest: string) => db.prepare<unknown[], Row>(`SELECT * FROM shares ${rest}`);
  return {
    get: select('WHERE id = ?'),
    active: select(`WHERE conversation = ? AND state = 'active'`),
    of: select('WHERE conversation = ? ORDER BY created_at DESC, id'),
    all: select('ORDER BY created_at, id'),
    allActive: select(`WHERE state = 'active' ORDER BY created_at, id`),
    activeIds: db.prepare<[], ShareId>(`SELECT id FROM shares WHERE state = 'active'`).pluck(),
    firstOwner: select('WHERE conversation = ? ORDER BY created_at, id LIMIT 1'),
    add: db.prepare(`
      INSERT INTO shares
        (id, conversation, owner, state, thinking, preview, strict, strip_metadata, title, type, created_at)
      VALUES
        (@id, @conversation, @owner, 'active', @thinking, @preview, @strict, @stripMetadata, @title, @type, @createdAt)`),
    setChoice: db.prepare(`
      UPDATE shares SET thinking = @thinking, preview = @preview, strict = @strict, strip_metadata = @stripMetadata,
        inputs = NULL
      WHERE id = @id`),
    setPublishing: db.prepare('UPDATE shares SET publishing = 1, inputs = NULL WHERE id = ?'),
    setPublished: db.prepare(`
      UPDATE shares SET title = @title, type = @type, published_revision = @revision, published_at = @publishedAt,
        publishing = 0, inputs = @inputs, found = @found, problem_kind = NULL, problem_code = NULL, problem_message = NULL
      WHERE id = @id AND state = 'active'`),
    setWithdrawn: db.prepare(
      'UPDATE shares SET published_revision = NULL, published_at = NULL, publishing = 0, inputs = NULL WHERE id = ?',
    ),
    manifest: db.prepare<[ShareId], string>('SELECT files FROM manifests WHERE share = ?').pluck(),
    setManifest: db.prepare('INSERT OR REPLACE INTO manifests VALUES (?, ?)'),
    dropManifest: db.prepare('DELETE FROM manifests WHERE share = ?'),
    setFound: db.prepare('UPDATE shares SET found = ? WHERE id = ?'),
    allowed: db
      .prepare<[string], string>(
        'SELECT fingerprint FROM allowed WHERE conversation = ? ORDER BY fingerprint',
      )
      .pluck(),
    // Who let it through first stays known.
    allow: db.prepare('INSERT OR IGNORE INTO allowed VALUES (?, ?, ?, ?, ?)'),
    forgetInputs: db.prepare('UPDATE shares SET inputs = NULL WHERE conversation = ?'),
    writeDown: db.prepare(
      'INSERT INTO log (at, who, did, conversation, share, detail) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    log: db.prepare<[], LogEntry>(
      'SELECT at, who, did, conversation, share, detail FROM log ORDER BY number DESC',
    ),
    logOf: db.prepare<[string], LogEntry>(
      'SELECT at, who, did, conversation, share, detail FROM log WHERE conversation = ? ORDER BY number DESC',
    ),
    setInputs: db.prepare('UPDATE shares SET inputs = ? WHERE id = ?'),
    setProblem: db.prepare(
      'UPDATE shares SET problem_kind = ?, problem_code = ?, problem_message = ? WHERE id = ?',
    ),
    setRevoked: db.prepare(`
      UPDATE shares SET state = 'revoked', revoked_at = ?, published_revision = NULL, published_at = NULL,
        inputs = NULL, found = '[]', problem_kind = NULL, problem_code = NULL, problem_message = NULL
      WHERE id = ? AND state = 'active'`),
  };
}

function one(row: Row | undefined): Share | undefined {
  return row === undefined ? undefined : toShare(row);
}

function toShare(row: Row): Share {
  if (!isShareId(row.id)) throw Object.assign(new Error('malformed share id'), { code: 'SQLITE_CORRUPT' });
  return {
    id: row.id,
    conversation: row.conversation,
    owner: row.owner,
    state: row.state,
    thinking: row.thinking === 1,
    preview: row.preview === 1,
    strict: row.strict === 1,
    stripMetadata: row.strip_metadata === 1,
    title: row.title,
    type: row.type,
    createdAt: row.created_at,
    revokedAt: row.revoked_at ?? undefined,
    publishedAt: row.published_at ?? undefined,
    revision: row.published_revision ?? undefined,
    publishing: row.publishing === 1,
    inputs: row.inputs ?? undefined,
    problem: toProblem(row),
    found: JSON.parse(row.found) as FoundSecret[],
  };
}

function toManifest(json: string | undefined): Manifest | undefined {
  return json === undefined ? undefined : new Map(Object.entries(JSON.parse(json) as Record<string, string>));
}

/** SQLite knows no booleans. */
function toNumbers({ thinking, preview, strict, stripMetadata }: Choice): Record<keyof Choice, number> {
  return {
    thinking: Number(thinking),
    preview: Number(preview),
    strict: Number(strict),
    stripMetadata: Number(stripMetadata),
  };
}

function toProblem(row: Row): Problem | undefined {
  if (row.problem_kind === null) return undefined;
  return { kind: row.problem_kind, code: row.problem_code ?? '', message: row.problem_message ?? '' };
}

function readIdentity(db: Connection): string {
  return db.prepare<[], { id: string }>('SELECT id FROM identity').get()?.id ?? '';
}

function dataVersion(db: Connection): number {
  return Number(db.pragma('data_version', { simple: true }));
}

function checkIntegrity(db: Connection): void {
  const answer = String(db.pragma('quick_check(1)', { simple: true }));
  if (answer !== 'ok') throw Object.assign(new Error(answer), { code: 'SQLITE_CORRUPT' });
}
