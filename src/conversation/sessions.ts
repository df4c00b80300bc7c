import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ShareError } from '../errors.ts';
import { toSourceError } from './disk.ts';
import type { Reading } from './conversation.ts';
import { noAttachments } from './formats/format.ts';
import { objectOf, parseObject, textOf, type JsonObject } from './formats/untyped.ts';

/*
 * Which sessions the tools on this machine have written. Sessions are many and large, so only the beginning and the end
 * of each file are read, and what was found out is kept in an index.
 */

export const toolNames = ['claude-code', 'codex', 'gemini', 'opencode', 'pi'] as const;
export type ToolName = (typeof toolNames)[number];

export interface Session {
  path: string;
  tool: ToolName;
  title: string;
  /** Where the tool was started; undefined where the file does not say. */
  folder: string | undefined;
  /** ISO 8601. */
  modifiedAt: string;
  sizeBytes: number;
}

interface Place {
  tool: ToolName;
  folder: string;
  /** Folders between `folder` and the files, each of any name. */
  levels: number;
  names: RegExp;
}

/**
 * Where the tools keep their sessions.
 *
 * @param env   Whose `CLAUDE_CONFIG_DIR`, `CODEX_HOME`, `XDG_DATA_HOME` and so on move them.
 * @param home  The user's home folder.
 */
function placesOf(env: NodeJS.ProcessEnv, home: string): Place[] {
  const claude = env['CLAUDE_CONFIG_DIR'] ?? join(home, '.claude');
  const codex = env['CODEX_HOME'] ?? join(home, '.codex');
  const gemini = join(env['GEMINI_CLI_HOME'] ?? home, '.gemini');
  const shared = env['XDG_DATA_HOME'] ?? join(home, '.local', 'share');
  const log = /\.jsonl$/;
  return [
    { tool: 'claude-code', folder: join(claude, 'projects'), levels: 1, names: /^(?!agent-).*\.jsonl$/ },
    { tool: 'codex', folder: join(codex, 'sessions'), levels: 3, names: log },
    { tool: 'codex', folder: join(codex, 'archived_sessions'), levels: 0, names: log },
    { tool: 'gemini', folder: join(gemini, 'tmp'), levels: 2, names: /^session-.*\.jsonl?$/ },
    {
      tool: 'opencode',
      folder: join(shared, 'opencode', 'storage', 'session'),
      levels: 1,
      names: /^ses_.*\.json$/,
    },
    { tool: 'pi', folder: join(home, '.pi', 'agent', 'sessions'), levels: 1, names: log },
  ];
}

interface Found {
  path: string;
  tool: ToolName;
  sizeBytes: number;
  modifiedMs: number;
}

function* filesOf({ tool, folder, levels, names }: Place): Generator<Found> {
  for (const entry of entriesIn(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && levels > 0) yield* filesOf({ tool, folder: path, levels: levels - 1, names });
    if (!entry.isFile() || levels > 0 || !names.test(entry.name)) continue;
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined) yield { path, tool, sizeBytes: stats.size, modifiedMs: stats.mtimeMs };
  }
}

/** A tool that is not there has no sessions, and what may not be looked at is nobody's to share. */
function entriesIn(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

// ── The index ────────────────────────────────────────────────────────────────────────────────────────────────────

interface Row {
  sizeBytes: number;
  modifiedMs: number;
  /** null for a file that holds no conversation yet. */
  title: string | null;
  folder?: string;
}

const indexVersion = 1;

/** By hand: a schema takes as long for thousands of rows as looking at their files. */
function isRow(value: unknown): value is Row {
  const { sizeBytes, modifiedMs, title, folder } = objectOf(value) ?? {};
  return (
    typeof sizeBytes === 'number' &&
    typeof modifiedMs === 'number' &&
    (title === null || typeof title === 'string') &&
    (folder === undefined || typeof folder === 'string')
  );
}

export interface FindOptions {
  env: NodeJS.ProcessEnv;
  home: string;
  /** File to keep the index in; it may be deleted at any time. */
  index: string;
  onProgress?: (done: number, total: number) => void;
}

/**
 * Lists the sessions of every tool on this machine, the newest first. Only files that changed since the last time are
 * opened.
 */
export async function findSessions({ env, home, index, onProgress }: FindOptions): Promise<Session[]> {
  const files = placesOf(env, home).flatMap((place) => [...filesOf(place)]);
  const known = readIndex(index);
  const rows = new Map<string, Row>();
  let changed = known.size !== files.length;
  for (const [done, file] of files.entries()) {
    onProgress?.(done, files.length);
    const before = known.get(file.path);
    const isSame = before?.sizeBytes === file.sizeBytes && before.modifiedMs === file.modifiedMs;
    changed ||= !isSame;
    rows.set(file.path, isSame ? before : await peek(file));
  }
  if (changed) writeIndex(index, rows);
  return files
    .flatMap((file) => toSession(file, rows.get(file.path)))
    .sort((one, other) => (one.modifiedAt < other.modifiedAt ? 1 : -1));
}

/** @throws ShareError `not_found` when the tool has no session here. */
export async function latestSession(tool: ToolName, options: FindOptions): Promise<Session> {
  const latest = (await findSessions(options)).find((session) => session.tool === tool);
  if (latest !== undefined) return latest;
  throw new ShareError('not_found', `There is no session of ${tool} on this machine.`, {
    hint: '`share find` lists the sessions that there are.',
  });
}

function toSession({ path, tool, sizeBytes, modifiedMs }: Found, row: Row | undefined): Session[] {
  if (row === undefined || row.title === null) return [];
  const { title, folder } = row;
  return [{ path, tool, title, folder, sizeBytes, modifiedAt: new Date(modifiedMs).toISOString() }];
}

function readIndex(path: string): Map<string, Row> {
  try {
    const { version, files } = parseObject(readFileSync(path, 'utf8')) ?? {};
    const rows = version === indexVersion ? Object.entries(objectOf(files) ?? {}) : [];
    return new Map(rows.filter((row): row is [string, Row] => isRow(row[1])));
  } catch {
    return new Map(); // it is made anew
  }
}

function writeIndex(path: string, rows: ReadonlyMap<string, Row>): void {
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, JSON.stringify({ version: indexVersion, files: Object.fromEntries(rows) }), {
      mode: 0o600,
    });
    renameSync(draft, path);
  } catch (error) {
    throw toSourceError(error, path);
  }
}

// ── One file ─────────────────────────────────────────────────────────────────────────────────────────────────────

const headBytes = 128 * 1024;
/** Titles that a tool or a person gave later stand near the end. */
const tailBytes = 32 * 1024;
/** A document can only be read whole. */
const mostDocumentBytes = 16 * 1024 * 1024;

async function peek({ path, sizeBytes, modifiedMs }: Found): Promise<Row> {
  const row = { sizeBytes, modifiedMs };
  try {
    return { ...row, ...(await headline(path, sizeBytes)) };
  } catch {
    return { ...row, title: null }; // `share create` on it says what is wrong
  }
}

type Headline = Pick<Row, 'title' | 'folder'>;

/** Where no file changed, nothing is waited for that could read one. */
const readers = () => import('./formats/formats.ts');

const fallbacks = { fallbackTitle: 'Coding session', fallbackTime: new Date(0).toISOString() };

async function headline(path: string, sizeBytes: number): Promise<Headline> {
  const records = path.endsWith('.jsonl') ? endsOf(path) : [];
  if (records.length === 0) return documentHeadline(path, sizeBytes);
  const { recognise } = await readers();
  const format = recognise({ lines: [], records, document: undefined })?.format;
  if (format?.shape !== 'log') return { title: null };
  const reader = format.begin();
  for (const [index, record] of records.entries()) reader.take(record, index + 1);
  return headlineOf(reader.finish(fallbacks));
}

function headlineOf({ conversation: { title, agent } }: Reading): Headline {
  const folder = textOf(objectOf(agent)?.['cwd']);
  return { title, ...(folder === undefined ? {} : { folder }) };
}

/** The records of the first and of the last lines. */
function endsOf(path: string): JsonObject[] {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const head = bytesAt(file, 0, Math.min(headBytes, size));
    const tailStart = Math.max(head.length, size - tailBytes);
    const tail = bytesAt(file, tailStart, size - tailStart);
    return [...recordsIn(head), ...recordsIn(tail)];
  } finally {
    closeSync(file);
  }
}

function bytesAt(file: number, position: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(file, bytes, 0, length, position));
}

/** Lines that are cut off at the border are no JSON, and passed over. */
function recordsIn(bytes: Uint8Array): JsonObject[] {
  const lines = new TextDecoder().decode(bytes).split('\n');
  return lines.map(parseObject).filter((record) => record !== undefined);
}

/** A document that no reader takes whole may still name its title: that is how opencode keeps its sessions. */
async function documentHeadline(path: string, sizeBytes: number): Promise<Headline> {
  const document = sizeBytes > mostDocumentBytes ? undefined : parseObject(readFileSync(path, 'utf8'));
  if (document === undefined) return { title: null };
  const { recognise } = await readers();
  const format = recognise({ lines: [], records: [], document })?.format;
  if (format?.shape === 'document') return headlineOf(await format.read(document, fallbacks, noAttachments));
  const folder = textOf(document['directory']);
  return { title: textOf(document['title']) ?? null, ...(folder === undefined ? {} : { folder }) };
}
