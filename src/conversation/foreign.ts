import { readdirSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { ShareError } from '../errors.ts';
import type { Reading } from './conversation.ts';
import { readChunks, readHead, readRegularFile, toSourceError } from './disk.ts';
import type {
  Attachments,
  Companions,
  Format,
  Head,
  LogFormat,
  LogReader,
  ReadOptions,
} from './formats/format.ts';
import { formats, recognise, type Recognised } from './formats/formats.ts';
import { objectOf, parseObject } from './formats/untyped.ts';
import { jsonElements } from './json-elements.ts';
import { parseJson } from './json.ts';
import { LogFile, type LogState } from './log-file.ts';
import { addLosses } from './losses.ts';
import { splitPath, storeOf } from './opencode-store.ts';

/*
 * Conversations in the files of other tools: which format a file is in, and how to read it. The readers in `formats/`
 * do not look at the disk; this does.
 */

/** What the owner chose for one source; it stands in its `source.json`. */
export type ForeignOptions = Pick<ReadOptions, 'branch' | 'writtenFiles'>;

export interface ForeignReader {
  /**
   * Reads a conversation.
   *
   * @throws ShareError naming the file: `source_missing`, `source_unreadable`, `source_invalid`.
   */
  read(path: string, format: Format, options?: ForeignOptions): Promise<Reading>;
}

const mostLogs = 16;

/** A log, and those of its sub-agents by path. */
interface Logs {
  main: LogFile;
  companions: Map<string, LogFile>;
}

/**
 * Keeps the logs that were read last in memory, so that one that grows is read on from where it ended.
 */
export function createForeignReader(): ForeignReader {
  const kept = new Map<string, Logs>();

  function logsAt(path: string, format: LogFormat): Logs {
    const logs = kept.get(path) ?? { main: new LogFile(path, format), companions: new Map() };
    kept.delete(path);
    kept.set(path, logs); // the map's order is that of use
    const [oldest] = kept.keys();
    if (kept.size > mostLogs && oldest !== undefined) kept.delete(oldest);
    return logs;
  }

  async function readLog(path: string, format: LogFormat, options: ReadOptions): Promise<Reading> {
    const logs = logsAt(path, format);
    const main = await logs.main.update();
    const before = logs.companions;
    const places = companionsOf(path, format);
    logs.companions = new Map(
      places.map(([, place]) => [place, before.get(place) ?? new LogFile(place, format)]),
    );
    const readers = new Map<string, LogReader>();
    for (const [name, place] of places) {
      const state = await logs.companions.get(place)?.update();
      if (state) readers.set(name, state.reader);
    }
    const { conversation, losses } = main.reader.finish(options, readers);
    return { conversation, losses: withLines(losses, main) };
  }

  return {
    async read(path, format, options = {}) {
      try {
        const all = { ...fallbacks(path, format), ...options };
        if (format.shape === 'log') return await readLog(path, format, all);
        if (format.shape === 'store') return format.read(storeOf(format.kind)?.gather(path), all);
        const bytes = fileBytes(path);
        if (format.shape === 'text') return format.read(new TextDecoder().decode(await bytes.whole()), all);
        return await format.read(await documentOf(bytes, format), all, attachmentsBeside(path));
      } catch (error) {
        throw toSourceError(withPath(error, path), path);
      }
    },
  };
}

function fallbacks(path: string, format: Format): Pick<ReadOptions, 'fallbackTitle' | 'fallbackTime'> {
  return {
    fallbackTitle: ['log', 'store'].includes(format.shape) ? 'Coding session' : 'Conversation',
    fallbackTime: statSync(splitPath(path).file).mtime.toISOString(),
  };
}

function withLines(losses: Reading['losses'], { malformedLines, skipped }: LogState): Reading['losses'] {
  return addLosses(losses, { ...skipped.toLosses(), malformedLines: [...malformedLines] });
}

/** How far into a file {@link Companions.amongOthers} is looked for. */
const companionHeadBytes = 8 * 1024;

/** Name → path. A folder that is not there has none. */
function companionsOf(path: string, format: LogFormat): [string, string][] {
  return companionFolders(path, format).flatMap(({ folder, names, amongOthers }) =>
    namesIn(folder)
      .filter((name) => names.test(name))
      .sort()
      .map((name): [string, string] => [name, join(folder, name)])
      .filter(([, place]) => amongOthers === undefined || begins(place, amongOthers)),
  );
}

/** The folders that hold what belongs to a log, and which of the names in them are meant. */
export function companionFolders(path: string, format: LogFormat): Companions[] {
  return (format.companions?.(path) ?? []).flatMap((companions) => {
    const { folder, below, names } = companions;
    if (below === undefined) return [companions];
    return namesIn(folder)
      .filter((name) => below.test(name) && !names.test(name))
      .sort()
      .map((name) => ({ folder: join(folder, name), names }));
  });
}

function begins(path: string, text: string): boolean {
  try {
    return Buffer.from(readHead(path, companionHeadBytes)).includes(text);
  } catch {
    return false; // what cannot be read is of another
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** An export of many that holds only one is that one. */
async function documentOf(bytes: Bytes, format: Format): Promise<unknown> {
  if (format.detect(await headOf(bytes))?.many !== true) return parseJson(await bytes.whole(), bytes.path);
  const found: unknown[] = [];
  for await (const value of valuesIn(bytes)) {
    found.push(value);
    if (found.length > 1) throw holdsMany();
  }
  if (found.length === 0) throw new ShareError('source_invalid', `${bytes.path}: holds no conversation.`);
  return found[0];
}

function holdsMany(): ShareError {
  return new ShareError('source_invalid', 'holds more than one conversation.', {
    hint: 'Copy those that you want to share into the library with `share import`.',
  });
}

// ── Which format ─────────────────────────────────────────────────────────────────────────────────────────────────

/** A file, or the member of a ZIP. */
export interface Bytes {
  /** Named in errors. */
  path: string;
  chunks(): AsyncIterable<Uint8Array>;
  /** @throws ShareError `source_invalid` when it is larger than `parseJson` takes. */
  whole(): Promise<Uint8Array>;
}

export function fileBytes(path: string): Bytes {
  return {
    path,
    chunks: () => readChunks(path),
    // eslint-disable-next-line @typescript-eslint/require-await -- what it throws becomes a rejection
    whole: async () => readRegularFile(path).bytes,
  };
}

/**
 * Tells the format of a file by what is in it.
 *
 * @throws ShareError `source_missing`, `source_unreadable`; `source_invalid` when it is in no format that is read, or is
 *         broken JSON, with the place.
 */
export async function recogniseBytes(bytes: Bytes): Promise<Recognised> {
  const head = await headOf(bytes);
  const recognised = recognise(head);
  if (recognised) return recognised;
  const text = head.lines.join('\n').trimStart();
  if (/^[[{]/.test(text) && head.records.length === 0 && head.document === undefined)
    parseJson(await bytes.whole(), bytes.path); // says where it is broken
  throw new ShareError('source_invalid', `${bytes.path}: it is in no format that is read.`, {
    hint: `Conversations of these are read: ${toolNames()}; and folders with a conversation.json.`,
  });
}

/** @param path  Absolute; a session that stands behind the file is passed over. Errors as {@link recogniseBytes}. */
export function recogniseFile(path: string): Promise<Recognised> {
  return recogniseBytes(fileBytes(splitPath(path).file));
}

function toolNames(): string {
  return [...new Set(formats.map((format) => format.tool))].join(', ');
}

/** The values of an export that holds many: the elements of its array, or its lines. */
export async function* valuesIn(bytes: Bytes): AsyncGenerator {
  if (/^\s*\[/.test(await firstText(bytes)))
    for await (const element of jsonElements(bytes.chunks())) yield parseJson(element, bytes.path);
  else
    for (const line of new TextDecoder().decode(await bytes.whole()).split('\n')) {
      const record = parseObject(line);
      if (record) yield record;
    }
}

const headBytes = 1024 * 1024;
const headLines = 50;
/** Turns of a written transcript are long, and only two of them show what it is. */
const headLinesOfText = 2000;
const headElements = 3;

export async function headOf(bytes: Bytes): Promise<Head> {
  const text = await firstText(bytes);
  const lines = text.split('\n', /^\s*[[{]/.test(text) ? headLines : headLinesOfText);
  const records = lines.map(parseObject).filter((record) => record !== undefined);
  return { lines, records, document: await firstDocument(bytes, lines) };
}

async function firstText(bytes: Bytes): Promise<string> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of bytes.chunks()) {
    pieces.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes >= headBytes) break;
  }
  return new TextDecoder().decode(Buffer.concat(pieces).subarray(0, headBytes));
}

/** Undefined where the file is not one JSON value. */
async function firstDocument(bytes: Bytes, lines: readonly string[]): Promise<unknown> {
  const [first = '', second] = lines.filter((line) => line.trim() !== '');
  if (/^\s*\[/.test(first)) return firstElements(bytes);
  if (!/^\s*\{/.test(first) || (second !== undefined && parseObject(first))) return undefined;
  try {
    return objectOf(parseJson(await bytes.whole(), bytes.path));
  } catch (error) {
    if (error instanceof ShareError && error.code === 'source_invalid') return undefined;
    throw error;
  }
}

async function firstElements(bytes: Bytes): Promise<unknown[] | undefined> {
  const elements: unknown[] = [];
  try {
    for await (const element of jsonElements(bytes.chunks())) {
      elements.push(parseJson(element, bytes.path));
      if (elements.length === headElements) break;
    }
  } catch (error) {
    if (!(error instanceof ShareError) || error.code !== 'source_invalid') throw error;
    return elements.length === 0 ? undefined : elements;
  }
  return elements;
}

// ── Files beside ─────────────────────────────────────────────────────────────────────────────────────────────────

const mostNames = 20_000;
const deepestFolder = 4;

/**
 * The files in the folder of an export and below. Links are not followed.
 *
 * @param path  Of the export.
 */
export function attachmentsBeside(path: string): Attachments {
  const folder = dirname(path);
  const placeOf = (name: string) => join(folder, ...name.split('/'));
  let names: string[] | undefined;
  return {
    get names() {
      names ??= [...filesBelow(folder, '', deepestFolder)].slice(0, mostNames);
      return names;
    },
    content: (name) => Promise.resolve({ path: placeOf(name) }),
    // Not Promise.resolve(): what cannot be read rejects.
    head: async (name, mostBytes) => Promise.resolve(readHead(placeOf(name), mostBytes)),
  };
}

function* filesBelow(folder: string, prefix: string, levels: number): Generator<string> {
  let entries;
  try {
    entries = readdirSync(folder + sep + prefix, { withFileTypes: true });
  } catch {
    return; // what may not be listed is no attachment
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    if (entry.isFile()) yield prefix + entry.name;
    else if (entry.isDirectory() && levels > 1)
      yield* filesBelow(folder, `${prefix}${entry.name}/`, levels - 1);
  }
}

/** The readers in `formats/` do not know the path of what they read. */
function withPath(error: unknown, path: string): unknown {
  if (!(error instanceof ShareError) || error.message.startsWith(path)) return error;
  const { hint, cause } = error;
  return new ShareError(error.code, `${path}: ${error.message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}
