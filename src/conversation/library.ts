import { hash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve as absolute, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { ShareError, systemCode } from '../errors.ts';
import { isInside, isMissing, readRegularFile, toSourceError } from './disk.ts';
import { formatOf } from './formats/formats.ts';
import { native as nativeDocument } from './formats/native.ts';
import { parseJson } from './json.ts';
import { conversationFileName, readNative } from './native-files.ts';
import { quote } from './native.ts';
import { createForeignReader, recogniseFile, type ForeignOptions } from './foreign.ts';
import { splitPath, storeOf } from './opencode-store.ts';
import { slugOf } from './slug.ts';
import type { Source } from './source.ts';

export { createSourceReader, sourceSignature, watchPaths } from './source.ts';
export type { ReadSource, Signature, Source } from './source.ts';

/**
 * The folder of the owner's conversations. An entry is a folder, named by the conversation's library id, that holds
 * either a native conversation or a `source.json` which points to a conversation elsewhere. Nothing is kept in memory:
 * each call looks at the disk.
 */
export interface Library {
  /** Absolute. Need not exist: then the library is empty. */
  readonly folder: string;

  /** All entries, sorted by id. What is no entry is passed over. */
  list(): Entry[];

  /**
   * The entry of a library id; undefined where there is none, and for whatever could not be the name of a folder in
   * the library.
   *
   * @throws ShareError `source_invalid` or `source_unreadable` for a broken `source.json`.
   */
  find(conversation: string): Source | undefined;

  /**
   * What a user may have typed: a library id, or the path of an entry's folder, of a `conversation.json`, or of a
   * folder or session file that was linked. Ids go before paths. A session in a database stands behind its file:
   * `opencode.db#ses_…`.
   *
   * @throws ShareError as {@link Library.find}, for the entry that is meant.
   */
  resolve(text: string): Source | undefined;

  /**
   * Makes an entry for a native folder or a session file that stays where it is. The same path, with all links
   * followed, gives the same entry however often it is linked, also from two processes at once. Of a database that
   * holds several sessions the path must name one, as in {@link Library.resolve}.
   *
   * @throws ShareError `source_missing`, `source_unreadable`, `source_invalid` when it has no format that is read,
   *         `conversation_taken` when another conversation has its id, `output_unwritable` when the library cannot
   *         be written. The library is then as it was.
   * @param options  How the file is to be read from now on; what it leaves out stays as it was.
   */
  link(path: string, options?: LinkOptions): Promise<Source>;
}

export interface LinkOptions {
  /** `current` for the branch that the tool itself shows, whichever that is at the time. */
  branch?: number | 'current';
  writtenFiles?: boolean;
}

export type Entry = Source | BrokenEntry;

/** An entry whose `source.json` cannot be used. */
export interface BrokenEntry {
  conversation: string;
  problem: ShareError;
}

const linkFileName = 'source.json';

const linkSchema = z.object({
  version: z.literal(1),
  kind: z.string().refine((kind) => kind === 'native' || formatOf(kind) !== undefined),
  path: z.string().refine((path) => isAbsolute(path) && !path.includes('\0')),
  branch: z.int().positive().exactOptional(),
  writtenFiles: z.boolean().exactOptional(),
});

/** @param folder  Made absolute against the working directory. */
export function openLibrary(folder: string): Library {
  const root = absolute(folder);
  const find = (conversation: string) =>
    isEntryName(conversation) ? readEntry(root, conversation) : undefined;
  return {
    folder: root,
    list: () => listEntries(root),
    find,
    resolve: (text) => find(text) ?? findByPath(root, text),
    link: (path, options) => linkInto(root, path, options),
  };
}

/** Bytes: what the file systems of Linux take. */
const longestName = 255;

/** A name without dot in front that stands for one folder directly in the library, on any system. */
function isEntryName(name: string): boolean {
  if (name === '' || name.startsWith('.') || name.includes('\0') || !name.isWellFormed()) return false;
  return basename(name) === name && !name.includes('/') && Buffer.byteLength(name) <= longestName;
}

function listEntries(root: string): Entry[] {
  const entries: Entry[] = [];
  for (const name of namesIn(root).sort()) {
    if (!isEntryName(name)) continue;
    const entry = tryEntry(root, name);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function namesIn(root: string): string[] {
  try {
    return readdirSync(root);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    if (systemCode(error) === 'ENOTDIR')
      throw new ShareError('config_invalid', `${root}: the library must be a folder.`, { cause: error });
    throw toSourceError(error, root);
  }
}

function tryEntry(root: string, conversation: string): Entry | undefined {
  try {
    return readEntry(root, conversation);
  } catch (error) {
    if (error instanceof ShareError) return { conversation, problem: error };
    throw error;
  }
}

/** A native conversation goes before a link. An entry that is itself a symbolic link is none: watchers do not follow. */
function readEntry(root: string, conversation: string): Source | undefined {
  const folder = join(root, conversation);
  if (!isThere(folder, 'folder')) return undefined;
  if (isThere(join(folder, conversationFileName)))
    return { conversation, kind: 'native', path: folder, linked: false };
  const linkFile = join(folder, linkFileName);
  if (!isThere(linkFile)) return undefined;
  const { kind, path, branch, writtenFiles } = readLink(linkFile);
  const wish = { ...(branch && { branch }), ...(writtenFiles && { writtenFiles }) };
  return withOptions({ conversation, kind, path, linked: true }, wish);
}

function isThere(path: string, what: 'folder' | 'anything' = 'anything'): boolean {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats !== undefined && (what === 'anything' || stats.isDirectory());
  } catch (error) {
    if (isMissing(error)) return false;
    throw toSourceError(error, path);
  }
}

function readLink(linkFile: string): Pick<Source, 'kind' | 'path'> & LinkOptions {
  const result = linkSchema.safeParse(parseJson(readRegularFile(linkFile).bytes, linkFile));
  if (result.success) return result.data;
  throw new ShareError(
    'source_invalid',
    `${linkFile}: expected {"version": 1, "kind": the format, like "native", "path": an absolute path}.`,
    {
      hint: 'Correct the file, or remove its folder and run `share create` with the path of the conversation.',
    },
  );
}

function findByPath(root: string, text: string): Source | undefined {
  if (text === '' || text.includes('\0')) return undefined;
  const path = withSession(absolute(text), realPathOf);
  const folder = nativeFolderOf(path);
  return (folder === undefined ? undefined : findAt(root, folder)) ?? findAt(root, path);
}

function findAt(root: string, path: string): Source | undefined {
  return findInside(root, path) ?? findLinked(root, path);
}

/** A native conversation is named by its folder; undefined for what cannot be the file in it. */
function nativeFolderOf(path: string): string | undefined {
  return basename(path) === conversationFileName ? dirname(path) : undefined;
}

/** A session that stands behind a file is no part of its path. */
function withSession(path: string, change: (file: string) => string): string {
  const { file, session } = splitPath(path);
  return session === undefined ? change(file) : `${change(file)}#${session}`;
}

function findInside(root: string, path: string): Source | undefined {
  const realRoot = realPathOf(root);
  if (!isInside(path, realRoot)) return undefined;
  const [name = '', ...below] = relative(realRoot, path).split(sep);
  const isEntry = below.length === 0 || (below.length === 1 && below[0] === linkFileName);
  return isEntry && isEntryName(name) ? readEntry(root, name) : undefined;
}

function findLinked(root: string, path: string): Source | undefined {
  for (const entry of listEntries(root))
    if (
      !('problem' in entry) &&
      entry.linked &&
      (entry.path === path || withSession(entry.path, realPathOf) === path)
    )
      return entry;
  return undefined;
}

/** Follows the links of as much of a path as exists, so that one whose end was removed is still known. */
function realPathOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPathOf(parent), basename(path));
  }
}

async function linkInto(root: string, path: string, wish: LinkOptions = {}): Promise<Source> {
  const target = await realTarget(path);
  const known = findAt(root, target);
  if (known !== undefined) return relink(root, known, wish);
  const { kind, id, path: settled } = await recognised(target);
  const settledAs = settled === target ? undefined : findLinked(root, settled);
  if (settledAs !== undefined) return relink(root, settledAs, wish);
  if (!isEntryName(id))
    throw new ShareError('source_invalid', `${target}: its id ${quote(id)} cannot be the name of a folder.`);
  return writeLink(root, withOptions({ conversation: id, kind, path: settled, linked: true }, wish));
}

function relink(root: string, known: Source, wish: LinkOptions): Source {
  const wanted = withOptions(known, wish);
  if (isDeepStrictEqual(wanted, known)) return known;
  const linkFile = join(root, known.conversation, linkFileName);
  const draft = join(root, known.conversation, `.${linkFileName}-${process.pid}`);
  try {
    writeDurably(draft, linkText(wanted));
    renameSync(draft, linkFile);
  } catch (error) {
    rmSync(draft, { force: true });
    throw toLibraryError(error, root);
  }
  return wanted;
}

/** Options that are off are left out, so that sources that are read alike compare as equal. */
function withOptions({ options, ...source }: Source, wish: LinkOptions): Source {
  if (source.kind === 'native' && Object.keys(wish).length > 0)
    throw new ShareError(
      'source_invalid',
      `${source.path}: has no branches and no written files to choose.`,
      {
        hint: 'These options are for files of other tools.',
      },
    );
  const branch = wish.branch ?? options?.branch ?? 'current';
  const writtenFiles = wish.writtenFiles ?? options?.writtenFiles ?? false;
  const wanted: ForeignOptions = {
    ...(branch === 'current' ? {} : { branch }),
    ...(writtenFiles ? { writtenFiles } : {}),
  };
  return Object.keys(wanted).length === 0 ? source : { ...source, options: wanted };
}

async function realTarget(path: string): Promise<string> {
  if (path === '' || path.includes('\0'))
    throw new ShareError('source_missing', `${quote(path)}: there is no such file.`);
  const target = realPathOfTarget(absolute(path));
  const folder = nativeFolderOf(target);
  return folder === undefined || (!isNative(folder) && (await isForeign(target))) ? target : folder;
}

/**
 * The native conversation that a path leads to, by its folder or the file in it, be it in a library or not; undefined for
 * what is none. Its library id is empty.
 *
 * @throws ShareError `source_missing`, `source_unreadable`
 */
export async function nativeAt(path: string): Promise<Source | undefined> {
  const { file, session } = splitPath(await realTarget(path));
  if (session !== undefined || !isThere(join(file, conversationFileName))) return undefined;
  return { conversation: '', kind: 'native', path: file, linked: true };
}

function realPathOfTarget(path: string): string {
  try {
    return withSession(path, (file) => realpathSync.native(file));
  } catch (error) {
    throw toSourceError(error, path);
  }
}

function isNative(folder: string): boolean {
  try {
    readNative(folder);
    return true;
  } catch (error) {
    if (error instanceof ShareError) return false;
    throw error;
  }
}

/** Other tools call their files `conversation.json`, too. What nobody knows is read as a native one, which says what is wrong. */
async function isForeign(file: string): Promise<boolean> {
  try {
    return (await recogniseFile(file)).format.kind !== nativeDocument.kind;
  } catch (error) {
    if (error instanceof ShareError) return false;
    throw error;
  }
}

/** By content and not by name. The path names one conversation, also where the file holds several. */
async function recognised(named: string): Promise<{ kind: string; id: string; path: string }> {
  const { file, session } = splitPath(named);
  if (session === undefined && statSync(file).isDirectory()) {
    if (!isThere(join(file, conversationFileName))) throw noConversation(file);
    return { kind: 'native', id: readNative(file).native.id, path: file };
  }
  const { format } = await recogniseFile(file);
  const store = storeOf(format.kind);
  if (session !== undefined && !store?.holdsMany)
    throw new ShareError('source_missing', `${named}: there is no such file.`);
  const path = store?.settle(named) ?? named;
  const { title, agent } = (await createForeignReader().read(path, format)).conversation;
  return { kind: format.kind, id: linkedId(title, agent, path), path };
}

function noConversation(path: string): ShareError {
  return new ShareError('source_invalid', `${path}: holds no conversation.json.`, {
    hint: 'A conversation is a folder with a conversation.json, or a file that another tool wrote.',
  });
}

/** `<slug of the title>-<8 hex digits>`: short enough to type, and told apart from a session of the same title. */
function linkedId(title: string, agent: unknown, path: string): string {
  const { data } = z.object({ sessionId: z.string() }).safeParse(agent);
  const uuid = /^[\da-f]{8}(?=-)/i.exec(data?.sessionId ?? '')?.[0].toLowerCase();
  return `${slugOf(title) || 'session'}-${uuid ?? hash('sha256', path).slice(0, 8)}`;
}

/**
 * The entry is made under a dot name, which is no entry, and then renamed: onto nothing or an empty folder, which the
 * system refuses for a folder that holds something. So an entry is there whole or not at all, and of two processes
 * that want one id only one gets it.
 */
function writeLink(root: string, source: Source): Source {
  const entry = join(root, source.conversation);
  let draft: string | undefined;
  try {
    mkdirSync(root, { recursive: true });
    draft = mkdtempSync(join(root, '.link-'));
    writeDurably(join(draft, linkFileName), linkText(source));
    renameSync(draft, entry);
    syncFolder(root);
  } catch (error) {
    if (draft !== undefined) rmSync(draft, { recursive: true, force: true });
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM'].includes(systemCode(error) ?? '') && isThere(entry))
      return takenBySame(root, source);
    throw toLibraryError(error, root);
  }
  return source;
}

function linkText({ kind, path, options }: Source): string {
  return `${JSON.stringify({ version: 1, kind, path, ...options }, null, 2)}\n`;
}

function writeDurably(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600, flush: true });
  syncFolder(dirname(path));
}

/** Makes the names in a folder durable. Windows cannot open folders, and keeps names without it. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const file = openSync(folder, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The other process may have linked the same conversation a moment before. */
function takenBySame(root: string, source: Source): Source {
  const other = readEntry(root, source.conversation);
  if (other?.linked && other.path === source.path) return other;
  throw new ShareError(
    'conversation_taken',
    `${source.path}: the id ${quote(source.conversation)} is taken by ${other?.path ?? join(root, source.conversation)}.`,
    {
      hint: other?.linked
        ? `If the conversation was moved, write its new path into ${join(root, source.conversation, linkFileName)}.`
        : 'Give one of the two another id.',
    },
  );
}

const libraryCodes: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EIO',
  'ENOSPC',
  'EDQUOT',
  'ENOTDIR',
  'EEXIST',
  'ENAMETOOLONG',
]);

/** An error of writing the library as one for its owner; any other comes back as it is. */
export function toLibraryError(error: unknown, root: string): unknown {
  const code = systemCode(error) ?? '';
  if (!libraryCodes.has(code)) return error;
  return new ShareError('output_unwritable', `${root}: the library cannot be written (${code}).`, {
    hint: 'Make room or give the right to write, or choose another library with --library.',
    cause: error,
  });
}
