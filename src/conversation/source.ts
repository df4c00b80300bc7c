import { hash } from 'node:crypto';
import { lstatSync, readdirSync, statSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { join, sep } from 'node:path';
import { ShareError, systemCode } from '../errors.ts';
import type { Reading } from './conversation.ts';
import { lossesOfCopy } from './copy-mark.ts';
import { isMissing } from './disk.ts';
import { companionFolders, createForeignReader, type ForeignOptions } from './foreign.ts';
import type { Companions } from './formats/format.ts';
import { formatOf } from './formats/formats.ts';
import { addLosses, noLosses } from './losses.ts';
import { conversationFileName, filesFolderName, findFiles, readNative } from './native-files.ts';
import { quote, toReading } from './native.ts';
import { splitPath, storeOf } from './opencode-store.ts';

/** `native`, or the `kind` of a format in `formats/`. */
export type SourceKind = string;

/** Where a conversation is read from. */
export interface Source {
  /** Library id: the name of the entry's folder in the library. */
  conversation: string;
  kind: SourceKind;
  /** Absolute: the conversation's folder (native), or the file; a file of many may have a session behind it, `#ses_…`. */
  path: string;
  /** Lies outside the library, which knows it by `<library>/<id>/source.json`. */
  linked: boolean;
  /** How a file of another tool is to be read. */
  options?: ForeignOptions;
}

/**
 * Reads conversations. Their files are not read but named by absolute path; of a native conversation, each was a
 * regular file inside the conversation's folder when this returned.
 *
 * @throws ShareError naming the file and the place: `source_missing` when the conversation is not there,
 *         `source_invalid` when it breaks its format, `source_unreadable` when a file may not be read.
 */
export type ReadSource = (source: Source) => Promise<Reading>;

/** A reader that remembers how far it read in the logs of other tools. */
export function createSourceReader(): ReadSource {
  const foreign = createForeignReader();
  return async (source) => {
    if (source.kind === 'native') return readNativeFolder(source);
    const format = formatOf(source.kind);
    if (format === undefined)
      throw new ShareError('source_invalid', `${source.path}: no reader for ${quote(source.kind)}.`, {
        hint: 'It was linked by a newer version of conversation-share.',
      });
    return foreign.read(source.path, format, source.options);
  };
}

function readNativeFolder(source: Source): Reading {
  const path = join(source.path, conversationFileName);
  const { native, modifiedAt } = readNative(source.path);
  if (!source.linked && native.id !== source.conversation)
    throw new ShareError(
      'source_invalid',
      `${path}: id: ${quote(native.id)} must be the name of its folder, ${quote(source.conversation)}.`,
    );
  const files = findFiles(source.path, native);
  const { conversation, losses } = toReading(native, files, { path, fallbackTime: modifiedAt });
  return { conversation, losses: addLosses(lossesOfCopy(source.path) ?? noLosses, losses) };
}

/** What a watcher must watch: the whole folder of a native conversation, else the file and what belongs to it. */
export function watchPaths(source: Source): string[] {
  const watched = companionsOf(source).filter(({ amongOthers }) => amongOthers === undefined);
  return [
    splitPath(source.path).file,
    ...watched.map(({ folder }) => folder),
    ...(storeOf(source.kind)?.beside(source.path).watched ?? []),
  ];
}

function companionsOf({ kind, path }: Source): Companions[] {
  const format = formatOf(kind);
  return format?.shape === 'log' ? companionFolders(path, format) : [];
}

/** What a conversation's files looked like at one moment, told without reading them. */
export interface Signature {
  /** Equal texts mean that nothing changed since, if the earlier signature was settled. */
  text: string;
  /**
   * False when a file changed so lately that one more change in the same tick of the file system's clock would leave
   * the signature as it is. Git calls such files "racy". An unsettled signature must not be trusted later.
   */
  settled: boolean;
}

/** The clock that stamps files ticks every 1 to 10 ms on Linux; this is well above. */
const settledMs = 50;

/**
 * Takes the signature of all that {@link readSource} reads or names; undefined when the source is not there.
 * Costs an `lstat` for each file and reads none. What this user may not look at is part of the signature, no error.
 *
 * Whether it is settled is told from change times alone: every write sets them to now, and unlike modification
 * times they cannot be set to another moment.
 *
 * @param nowMs  Unix time, taken before the files are looked at.
 */
export function sourceSignature(source: Source, nowMs: number = Date.now()): Signature | undefined {
  const marks = new Marks();
  const isThere =
    source.kind === 'native'
      ? marks.add(conversationFileName, source.path + sep + conversationFileName)
      : marks.add('', splitPath(source.path).file);
  if (!isThere) return undefined;
  if (source.kind === 'native') marks.addFolder(filesFolderName, source.path + sep + filesFolderName);
  for (const { folder, names } of companionsOf(source)) marks.addMatching(names, folder);
  for (const path of storeOf(source.kind)?.beside(source.path).read ?? []) marks.addFolder(path, path);
  if (source.options) marks.text += JSON.stringify(source.options);
  return {
    text: hash('sha256', marks.text),
    settled: marks.newestNs < BigInt(nowMs - settledMs) * 1_000_000n,
  };
}

/** Collects a line of marks for each file. A NUL ends each mark: no name holds one. */
class Marks {
  text = '';
  /** The newest change time, in nanoseconds of Unix time. */
  newestNs = 0n;

  /** False when nothing is there. A link is marked, and what it leads to as well. */
  add(name: string, path: string): boolean {
    const stats = look(lstatSync, path);
    if (stats === undefined) return false;
    this.mark(name, stats);
    if (typeof stats !== 'string' && stats.isSymbolicLink())
      this.mark(name, look(statSync, path) ?? 'nothing');
    return true;
  }

  addFolder(name: string, path: string): void {
    for (const entry of this.entriesOf(name, path)) {
      const entryName = `${name}/${entry.name}`;
      const entryPath = path + sep + entry.name;
      if (entry.isDirectory()) this.addFolder(entryName, entryPath);
      else this.add(entryName, entryPath);
    }
  }

  addMatching(names: RegExp, path: string): void {
    for (const entry of this.entriesOf(path, path))
      if (names.test(entry.name)) this.add(entry.name, path + sep + entry.name);
  }

  /** What is no folder, or cannot be listed, is marked as such and has no entries. */
  private entriesOf(name: string, path: string) {
    try {
      const entries = readdirSync(path, { withFileTypes: true });
      return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
    } catch (error) {
      if (this.add(name, path)) this.mark(name, systemCode(error) ?? 'unlisted');
      return [];
    }
  }

  private mark(name: string, stats: BigIntStats | string): void {
    this.text += `${name}\0`;
    if (typeof stats === 'string') this.text += `${stats}\0`;
    else {
      this.text += `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}\0`;
      if (stats.ctimeNs > this.newestNs) this.newestNs = stats.ctimeNs;
    }
  }
}

const bigint = { bigint: true, throwIfNoEntry: false } as const;

/** undefined when nothing is there; the system's error code when it may not be looked at. */
function look(stat: typeof lstatSync, path: string): BigIntStats | string | undefined {
  try {
    return stat(path, bigint);
  } catch (error) {
    return isMissing(error) ? undefined : (systemCode(error) ?? 'unknown');
  }
}
