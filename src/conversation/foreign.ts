import { readdirSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { ShareError } from '../errors.ts';
import type { Reading } from './conversation.ts';
import { readChunks, readHead, readRegularFile, toSourceError } from './disk.ts';
import type { Attachments, Format, Head, LogFormat, LogReader, ReadOptions } from './formats/format.ts';
import { formats, recognise, type Recognised } from './formats/formats.ts';
import { Tally } from './formats/tally.ts';
import { objectOf, parseObject } from './formats/untyped.ts';
import { jsonElements } from './json-elements.ts';
import { parseJson } from './json.ts';
import { LogFile, type LogState } from './log-file.ts';

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

/**
 * Keeps the logs that were read last in memory, so that one that grows is read on from where it ended.
 */
export function createForeignReader(): ForeignReader {
  const logs = new Map<string, LogFile>();

  function logAt(path: string, format: LogFormat): LogFile {
    const log = logs.get(path) ?? new LogFile(path, format);
    logs.delete(path);
    logs.set(path, log); // the map's order is that of use
    const [oldest] = logs.keys();
    if (logs.size > mostLogs && oldest !== undefined) logs.delete(oldest);
    return log;
  }

  async function readLog(path: string, format: LogFormat, options: ReadOptions): Promise<Reading> {
    const main = await logAt(path, format).update();
    const states = new Map<string, LogState>();
    for (const [name, place] of companionsOf(path, format))
      states.set(name, await logAt(place, format).update());
    const readers = new Map<string, LogReader>([...states].map(([name, { reader }]) => [name, reader]));
    const { conversation, losses } = main.reader.finish(options, readers);
    return { conversation, losses: withLines(losses, main) };
  }

  return {
    async read(path, format, options = {}) {
      try {
        const all = { ...fallbacks(path, format), ...options };
        if (format.shape === 'log') return await readLog(path, format, all);
        const { bytes } = readRegularFile(path);
        if (format.shape === 'text') return format.read(new TextDecoder().decode(bytes), all);
        return await format.read(await documentOf(bytes, path, format), all, attachmentsBeside(path));
      } catch (error) {
        throw toSourceError(withPath(error, path), path);
      }
    },
  };
}

function fallbacks(path: string, format: Format): Pick<ReadOptions, 'fallbackTitle' | 'fallbackTime'> {
  return {
    fallbackTitle: format.shape === 'log' ? 'Coding session' : 'Conversation',
    fallbackTime: statSync(path).mtime.toISOString(),
  };
}

function withLines(losses: Reading['losses'], { malformedLines, skipped }: LogState): Reading['losses'] {
  const hidden = new Tally();
  for (const counts of [losses.hidden, skipped.toLosses().hidden])
    for (const [reason, count] of Object.entries(counts)) hidden.hide(reason, count);
  return { ...losses, hidden: hidden.toLosses().hidden, malformedLines: [...malformedLines] };
}

/** Name → path. A folder that is not there has none. */
function companionsOf(path: string, format: LogFormat): [string, string][] {
  return (format.companions?.(path) ?? []).flatMap(({ folder, names }) =>
    namesIn(folder)
      .filter((name) => names.test(name))
      .sort()
      .map((name): [string, string] => [name, join(folder, name)]),
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** An export of many that holds only one is that one. */
async function documentOf(bytes: Uint8Array, path: string, format: Format): Promise<unknown> {
  const head = await headOf(path);
  const { many } = format.detect(head) ?? {};
  if (many !== true) return parseJson(bytes, path);
  const found: unknown[] = [];
  for await (const { value } of conversationsIn(path)) {
    found.push(value);
    if (found.length > 1) throw holdsMany();
  }
  if (found.length === 0) throw new ShareError('source_invalid', `${path}: holds no conversation.`);
  return found[0];
}

function holdsMany(): ShareError {
  return new ShareError('source_invalid', 'holds more than one conversation.', {
    hint: 'Copy those that you want to share into the library with `share import`.',
  });
}

export interface FoundConversation {
  /** 0-based, in the file. */
  index: number;
  value: unknown;
}

/** The values of an export that holds many: the elements of its array, or its lines. */
export async function* conversationsIn(path: string): AsyncGenerator<FoundConversation> {
  let index = 0;
  if (/^\s*\[/.test(firstText(path)))
    for await (const bytes of jsonElements(readChunks(path)))
      yield { index: index++, value: parseJson(bytes, path) };
  else
    for (const line of new TextDecoder().decode(readRegularFile(path).bytes).split('\n')) {
      const value = parseObject(line);
      if (value) yield { index: index++, value };
    }
}

// ── Which format ─────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Tells the format of a file by what is in it.
 *
 * @param path  Absolute.
 * @throws ShareError `source_missing`, `source_unreadable`; `source_invalid` when it is in no format that is read, or is
 *         broken JSON, with the place.
 */
export async function recogniseFile(path: string): Promise<Recognised> {
  const head = await headOf(path);
  const recognised = recognise(head);
  if (recognised) return recognised;
  const text = head.lines.join('\n').trimStart();
  if (/^[[{]/.test(text) && head.records.length === 0 && head.document === undefined)
    parseJson(readRegularFile(path).bytes, path); // says where it is broken
  throw new ShareError('source_invalid', `${path}: it is in no format that is read.`, {
    hint: `Conversations of these are read: ${toolNames()}; and folders with a conversation.json.`,
  });
}

function toolNames(): string {
  return [...new Set(formats.map((format) => format.tool))].join(', ');
}

const headBytes = 1024 * 1024;
const headLines = 50;
/** Turns of a written transcript are long, and only two of them show what it is. */
const headLinesOfText = 2000;
const headElements = 3;

export async function headOf(path: string): Promise<Head> {
  const text = firstText(path);
  const lines = text.split('\n', /^\s*[[{]/.test(text) ? headLines : headLinesOfText);
  const records = lines.map(parseObject).filter((record) => record !== undefined);
  return { lines, records, document: await firstDocument(path, lines) };
}

function firstText(path: string): string {
  return new TextDecoder().decode(readHead(path, headBytes));
}

/** Undefined where the file is not one JSON value. */
async function firstDocument(path: string, lines: readonly string[]): Promise<unknown> {
  const [first = '', second] = lines.filter((line) => line.trim() !== '');
  if (/^\s*\[/.test(first)) return firstElements(path);
  if (!/^\s*\{/.test(first) || (second !== undefined && parseObject(first))) return undefined;
  try {
    return objectOf(parseJson(readRegularFile(path).bytes, path));
  } catch (error) {
    if (error instanceof ShareError && error.code === 'source_invalid') return undefined;
    throw error;
  }
}

async function firstElements(path: string): Promise<unknown[] | undefined> {
  const elements: unknown[] = [];
  try {
    for await (const bytes of jsonElements(readChunks(path))) {
      elements.push(parseJson(bytes, path));
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

/** The files in the folder of an export and below. Links are not followed. */
function attachmentsBeside(path: string): Attachments {
  const folder = dirname(path);
  let names: string[] | undefined;
  return {
    get names() {
      names ??= [...filesBelow(folder, '', deepestFolder)].slice(0, mostNames);
      return names;
    },
    content: (name) => Promise.resolve({ path: join(folder, ...name.split('/')) }),
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
