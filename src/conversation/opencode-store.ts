import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { ShareError, systemCode } from '../errors.ts';
import { isMissing, readHead, readRegularFile, toSourceError } from './disk.ts';
import { oneLine } from './formats/titles.ts';
import { objectOf, parseObject, textOf, timeOf, type JsonObject } from './formats/untyped.ts';
import { parseJson } from './json.ts';

/*
 * Gathers sessions of opencode out of what it keeps on the disk, into the shape that `formats/opencode.ts` reads. Nothing
 * is ever written there.
 */

/** Where a conversation lies that is more than a file. */
export interface Store {
  /** Its file holds several conversations, so that a path may name one: `opencode.db#ses_…`. */
  readonly holdsMany: boolean;
  /**
   * Makes a path name one conversation.
   *
   * @throws ShareError `source_invalid` when the path does not tell which; the hint lists the newest.
   */
  settle(path: string): string;
  /** @throws ShareError `source_missing` when the conversation is not there, `source_unreadable`, `source_invalid`. */
  gather(path: string): unknown;
  /** Files and folders that {@link gather} reads beside the file itself; what is not there yet may be among them. */
  beside(path: string): Beside;
}

export interface Beside {
  read: string[];
  /** Those in which something may change. */
  watched: string[];
}

export function storeOf(kind: string): Store | undefined {
  return new Map([
    ['opencode-files', fileStore],
    ['opencode-sqlite', databaseStore],
  ]).get(kind);
}

/** The file of a path, and the session in it that the path names. */
export function splitPath(path: string): { file: string; session: string | undefined } {
  const [, file = path, session] = /^(.+)#(ses_\w+)$/s.exec(path) ?? [];
  return { file, session };
}

/** Of sub-agents of sub-agents. */
const deepestAgent = 8;

// ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What was said longer ago does not change, but for a compaction, which a full comparison finds. */
const watchedMessages = 8;

const fileStore: Store = {
  holdsMany: false,
  settle: (path) => path,
  gather: gatherFiles,
  beside(path) {
    const { messages, partsOf } = placesOf(path);
    const parts = namesIn(messages).map((name) => partsOf(idOf(name)));
    return { read: [messages, ...parts], watched: [messages, ...parts.slice(-watchedMessages)] };
  },
};

/** `session/<project>/<session>.json`, `message/<session>/<message>.json`, `part/<message>/<part>.json`. */
function placesOf(path: string): { messages: string; partsOf: (message: string) => string } {
  const root = dirname(dirname(dirname(path)));
  return {
    messages: join(root, 'message', idOf(basename(path))),
    partsOf: (message) => join(root, 'part', message),
  };
}

function idOf(name: string): string {
  return name.replace(/\.json$/, '');
}

function gatherFiles(path: string): JsonObject {
  const info = parseJson(readRegularFile(path).bytes, path);
  const { messages } = placesOf(path);
  if (!statSync(messages, { throwIfNoEntry: false })?.isDirectory())
    throw new ShareError('source_invalid', `${path}: its messages are not beside it, in ${messages}.`, {
      hint: 'Share the file where opencode keeps it, or share the output of `opencode export`.',
    });
  return gatherBeside(path, info, new Set([idOf(basename(path))]), 0);
}

function gatherBeside(path: string, info: unknown, seen: Set<string>, depth: number): JsonObject {
  const { messages: folder, partsOf } = placesOf(path);
  const messages = namesIn(folder).map((name) => ({
    info: objectIn(join(folder, name)) ?? { id: idOf(name) },
    parts: namesIn(partsOf(idOf(name))).map((part) => objectIn(join(partsOf(idOf(name)), part)) ?? {}),
  }));
  const children: JsonObject[] = [];
  for (const id of depth < deepestAgent ? agentsCalledIn(messages) : []) {
    const child = join(dirname(path), `${id}.json`);
    const childInfo = seen.has(id) ? undefined : objectIn(child);
    seen.add(id);
    // A call may show the id of any session, and only its own sub-agents are part of this one.
    if (childInfo?.['parentID'] === idOf(basename(path)))
      children.push(gatherBeside(child, childInfo, seen, depth + 1));
  }
  return { info, messages, children };
}

/** In the order of time, by which opencode makes its ids. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\w.*\.json$/.test(name))
      .sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw toSourceError(error, folder);
  }
}

/** Undefined for what is not whole yet, or is gone again. */
function objectIn(path: string): JsonObject | undefined {
  try {
    return parseObject(new TextDecoder().decode(readRegularFile(path).bytes));
  } catch (error) {
    if (error instanceof ShareError && error.code === 'source_missing') return undefined;
    throw error;
  }
}

function agentsCalledIn(messages: readonly { parts: readonly JsonObject[] }[]): Set<string> {
  const ids = new Set<string>();
  for (const part of messages.flatMap(({ parts }) => parts)) {
    if (part['type'] !== 'tool') continue;
    const state = objectOf(part['state']);
    const metadata = objectOf(state?.['metadata']);
    for (const place of [metadata?.['sessionId'], metadata?.['sessionID'], state?.['output']]) {
      const id = /\bses_\w+/.exec(textOf(place)?.slice(0, 200) ?? '')?.[0];
      if (id !== undefined) ids.add(id);
    }
  }
  return ids;
}

// ── Database ─────────────────────────────────────────────────────────────────────────────────────────────────────

const databaseStore: Store = {
  holdsMany: true,
  settle(path) {
    const { file, session } = splitPath(path);
    return session === undefined ? read(file, (database) => `${file}#${onlySession(database, file)}`) : path;
  },
  gather(path) {
    const { file, session } = splitPath(path);
    return read(file, (database) => gatherSession(database, session ?? onlySession(database, file), path));
  },
  beside(path) {
    const log = `${splitPath(path).file}-wal`;
    return { read: [log], watched: [log] };
  },
};

/** The tables that hold the same, in the order of opencode's generations. */
const sessionTables = ['session', 'session_v2'];

interface Database {
  rows(sql: string, ...values: string[]): Record<string, SQLOutputValue>[];
  /** Empty for a table that is not there. */
  columns(table: string): ReadonlySet<string>;
}

function onlySession(database: Database, file: string): string {
  const [only, second] = newestSessions(database, 2);
  if (only === undefined) throw new ShareError('source_invalid', `${file}: holds no session yet.`);
  if (second === undefined) return only.id;
  const list = newestSessions(database, listedSessions).map(
    ({ id, title, day }) => `\n  ${id}  ${day}  ${title}`,
  );
  throw new ShareError('source_invalid', `${file}: holds more than one session.`, {
    hint: `Name the one that you want behind the file, like ${basename(file)}#${only.id}. The newest are:${list.join('')}`,
  });
}

const listedSessions = 10;

function newestSessions(database: Database, most: number): { id: string; title: string; day: string }[] {
  const rows = sessionTables.flatMap((table) => {
    const columns = database.columns(table);
    if (!columns.has('id')) return [];
    const time = columns.has('time_updated') ? 'time_updated' : 'rowid';
    const roots = columns.has('parent_id') ? 'WHERE parent_id IS NULL' : '';
    const title = columns.has('title') ? 'title' : "''";
    return database.rows(
      `SELECT id, ${title} AS title, ${time} AS time FROM ${table} ${roots} ORDER BY ${time} DESC LIMIT ${most}`,
    );
  });
  const byId = new Map(rows.map((row) => [String(row['id']), row]));
  return [...byId]
    .sort(([, one], [, other]) => Number(other['time']) - Number(one['time']))
    .slice(0, most)
    .map(([id, row]) => ({
      id,
      title: oneLine(textOf(row['title']) ?? ''),
      day: timeOf(row['time'])?.slice(0, 10) ?? '',
    }));
}

function gatherSession(database: Database, id: string, path: string): JsonObject {
  return gatherRows(database, id, path, new Set([id]), 0);
}

function gatherRows(
  database: Database,
  id: string,
  path: string,
  seen: Set<string>,
  depth: number,
): JsonObject {
  const info = infoOf(database, id);
  if (info === undefined) throw new ShareError('source_missing', `${path}: there is no session ${id} in it.`);
  const children: JsonObject[] = [];
  for (const child of depth < deepestAgent ? childrenOf(database, id) : []) {
    if (seen.has(child)) continue;
    seen.add(child);
    children.push(gatherRows(database, child, path, seen, depth + 1));
  }
  return { info, messages: messagesOf(database, id), children };
}

/** Columns that are not listed hold what nobody needs, like the differences of all files. */
const infoColumns = [
  'id',
  'title',
  'directory',
  'version',
  'project_id',
  'time_created',
  'time_updated',
  'revert',
];

function infoOf(database: Database, id: string): JsonObject | undefined {
  for (const table of sessionTables) {
    const columns = infoColumns.filter((column) => database.columns(table).has(column));
    if (!columns.includes('id')) continue;
    const [row] = database.rows(`SELECT ${columns.join(', ')} FROM ${table} WHERE id = ?`, id);
    if (row)
      return {
        id,
        title: row['title'],
        directory: row['directory'],
        version: row['version'],
        projectID: row['project_id'],
        time: { created: row['time_created'], updated: row['time_updated'] },
        revert: jsonIn(row['revert']),
      };
  }
  return undefined;
}

function childrenOf(database: Database, id: string): string[] {
  return sessionTables
    .filter((table) => database.columns(table).has('parent_id'))
    .flatMap((table) => database.rows(`SELECT id FROM ${table} WHERE parent_id = ? ORDER BY id`, id))
    .map((row) => String(row['id']));
}

/** A session that was begun before an update may stand in the tables of both generations; the fuller one counts. */
function messagesOf(database: Database, id: string): JsonObject[] {
  const [first, second] = [firstMessages(database, id), secondMessages(database, id)];
  const said = (messages: readonly JsonObject[]) =>
    messages.filter((message) => (objectOf(message['info'])?.['role'] ?? message['type']) === 'user').length;
  return first.length > 0 && said(first) >= said(second) ? first : second;
}

function firstMessages(database: Database, id: string): JsonObject[] {
  if (!database.columns('message').has('data') || !database.columns('part').has('data')) return [];
  const parts = new Map<string, JsonObject[]>();
  for (const row of database.rows(
    'SELECT id, message_id, data FROM part WHERE session_id = ? ORDER BY id',
    id,
  )) {
    const message = String(row['message_id']);
    const list = parts.get(message) ?? [];
    list.push({ ...jsonIn(row['data']), id: row['id'] });
    parts.set(message, list);
  }
  return database
    .rows('SELECT id, data FROM message WHERE session_id = ? ORDER BY time_created, id', id)
    .map((row) => ({
      info: { ...jsonIn(row['data']), id: row['id'] },
      parts: parts.get(String(row['id'])) ?? [],
    }));
}

function secondMessages(database: Database, id: string): JsonObject[] {
  const columns = database.columns('session_message');
  if (!columns.has('data')) return [];
  const order = columns.has('seq') ? 'seq' : 'time_created, id';
  return database
    .rows(`SELECT id, type, data FROM session_message WHERE session_id = ? ORDER BY ${order}`, id)
    .map((row) => ({ ...jsonIn(row['data']), id: row['id'], type: row['type'] }));
}

function jsonIn(value: SQLOutputValue | undefined): JsonObject | undefined {
  return typeof value === 'string' ? parseObject(value) : undefined;
}

// ── SQLite ───────────────────────────────────────────────────────────────────────────────────────────────────────

const busyMs = 2000;
const mostTries = 3;

/**
 * Looks into a database as it is at one moment.
 *
 * A database whose write-ahead log is empty is opened as one that does not change: SQLite would make files beside it
 * otherwise, in a folder that is not ours. Should it change under our eyes, we look again.
 */
function read<Result>(file: string, use: (database: Database) => Result): Result {
  for (let tries = 1; ; tries += 1) {
    const before = stateOf(file);
    const isQuiet = before.isQuiet && tries <= mostTries;
    const isAsBefore = () => !isQuiet || stateOf(file).text === before.text;
    try {
      const result = readOnce(file, isQuiet, use);
      if (isAsBefore()) return result;
    } catch (error) {
      if (isAsBefore()) throw toStoreError(error, file);
    }
  }
}

function readOnce<Result>(file: string, isQuiet: boolean, use: (database: Database) => Result): Result {
  const url = pathToFileURL(file);
  if (isQuiet) url.searchParams.set('immutable', '1');
  const sqlite = new (loadSqlite().DatabaseSync)(url, { readOnly: true });
  try {
    // `timeout` is no option of every Node 22.
    sqlite.exec(`PRAGMA busy_timeout = ${busyMs}; BEGIN`);
    return use(toDatabase(sqlite, file));
  } finally {
    sqlite.close();
  }
}

function toDatabase(sqlite: DatabaseSync, file: string): Database {
  const known = new Map<string, ReadonlySet<string>>();
  const database: Database = {
    rows: (sql, ...values) => sqlite.prepare(sql).all(...values),
    columns(table) {
      const columns =
        known.get(table) ??
        new Set(database.rows(`PRAGMA table_info(${table})`).map((row) => String(row['name'])));
      known.set(table, columns);
      return columns;
    },
  };
  const isOurs =
    sessionTables.some((table) => database.columns(table).has('id')) &&
    ['message', 'session_message'].some((table) => database.columns(table).has('data'));
  if (!isOurs)
    throw new ShareError('source_invalid', `${file}: is a SQLite database, but not one of opencode.`);
  return database;
}

/** Node 22 warns on stderr that the module is experimental; what is used of it did not change since. */
function loadSqlite() {
  const emitWarning: unknown = Reflect.get(process, 'emitWarning');
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    Reflect.set(process, 'emitWarning', emitWarning);
  }
}

/** Where the header says which version of the format a reader must know: 2 where there is a write-ahead log. */
const versionPlace = 19;
const writesAhead = 2;

function stateOf(file: string): { text: string; isQuiet: boolean } {
  const [main, log] = [file, `${file}-wal`].map((path) =>
    statSync(path, { bigint: true, throwIfNoEntry: false }),
  );
  const version = readHead(file, versionPlace + 1)[versionPlace];
  const text = [main, log]
    .map((stats) => (stats ? `${stats.ino} ${stats.size} ${stats.mtimeNs}` : ''))
    .join();
  return { text, isQuiet: (log === undefined || log.size === 0n) && version === writesAhead };
}

/** Primary result codes of SQLite. */
const [busy, locked, readOnly, inputOutput, cannotOpen] = [5, 6, 8, 10, 14];

function toStoreError(error: unknown, file: string): unknown {
  if (systemCode(error) !== 'ERR_SQLITE_ERROR' || !(error instanceof Error)) return error;
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode % 256 : 0;
  const cause = error;
  if (code === busy || code === locked)
    return new ShareError('source_unreadable', `${file}: opencode is writing to it.`, { cause });
  if (code === readOnly || code === inputOutput || code === cannotOpen)
    return new ShareError('source_unreadable', `${file}: cannot be opened (${error.message}).`, {
      hint: 'Give this user the right to read it and the -wal and -shm files beside it.',
      cause,
    });
  return new ShareError(
    'source_invalid',
    `${file}: cannot be read as a database of opencode: ${error.message}.`,
    {
      cause,
    },
  );
}
