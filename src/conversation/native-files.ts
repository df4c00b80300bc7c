import { accessSync, constants, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { ShareError } from '../errors.ts';
import type { ConversationFile } from './conversation.ts';
import { isInside, isMissing, readRegularFile, refuseIrregular, toSourceError } from './disk.ts';
import { parseJson } from './json.ts';
import type { Native } from './native.ts';
import { parseNative, quote } from './native.ts';

export const conversationFileName = 'conversation.json';
export const filesFolderName = 'files';

/**
 * Reads and checks `<folder>/conversation.json`.
 *
 * @param folder  Absolute.
 * @returns The checked content, and when the file was last written.
 * @throws ShareError naming file and place: `source_missing`, `source_invalid`, `source_unreadable`.
 */
export function readNative(folder: string): { native: Native; modifiedAt: string } {
  const path = join(folder, conversationFileName);
  realPathInside(path, folder);
  const { bytes, stats } = readRegularFile(path);
  return { native: parseNative(parseJson(bytes, path), path), modifiedAt: stats.mtime.toISOString() };
}

/**
 * Finds the files of a native conversation: those that it lists, else all in `files/` but for dot names, sorted.
 *
 * Each is a regular file inside the conversation's folder when this returns, and its path holds no symbolic link.
 * `conversation.json` is refused under any name, whether by symbolic or by hard link.
 *
 * @param folder  Absolute.
 * @throws ShareError `source_invalid` or `source_unreadable`, naming the file.
 */
export function findFiles(folder: string, native: Native): ConversationFile[] {
  const files = native.files === undefined ? allFiles(folder, '') : listedFiles(folder, native.files);
  const conversation = lookAt(join(folder, conversationFileName));
  for (const { name, stats } of files)
    if (stats.ino === conversation.ino && stats.dev === conversation.dev)
      throw new ShareError(
        'source_invalid',
        `${join(folder, filesFolderName, name)}: is ${conversationFileName} under another name, which is private.`,
      );
  return files.map(({ stats: _, ...file }) => file);
}

type FoundFile = ConversationFile & { stats: Stats };

function listedFiles(folder: string, list: NonNullable<Native['files']>): FoundFile[] {
  return list.map((entry, index) => {
    const file = find(folder, entry.name);
    if (file) return { ...file, ...entry };
    throw new ShareError(
      'source_invalid',
      `${join(folder, conversationFileName)}: files[${index}]: ${quote(entry.name)} is listed but not in files/.`,
    );
  });
}

function allFiles(folder: string, below: string): FoundFile[] {
  const files: FoundFile[] = [];
  for (const name of namesIn(folder, below).sort()) {
    if (name.startsWith('.')) continue;
    const path = below === '' ? name : `${below}/${name}`;
    if (isFolder(join(folder, filesFolderName, path))) files.push(...allFiles(folder, path));
    // A file that went away since its folder was listed is left out: the next signature tells of it.
    else files.push(...[find(folder, path)].filter((file) => file !== undefined));
  }
  return files;
}

/** undefined where nothing has that name. */
function find(folder: string, name: string): FoundFile | undefined {
  const path = join(folder, filesFolderName, name);
  if (!exists(path)) return undefined;
  const real = realPathInside(path, folder);
  const stats = lookAt(real);
  refuseIrregular(stats, path);
  try {
    accessSync(real, constants.R_OK);
  } catch (error) {
    throw toSourceError(error, path);
  }
  return { name, content: { path: real }, stats };
}

function namesIn(folder: string, below: string): string[] {
  const path = join(folder, filesFolderName, below);
  if (!exists(path)) return [];
  if (!lookAt(path).isDirectory()) throw new ShareError('source_invalid', `${path}: must be a folder.`);
  realPathInside(path, folder);
  try {
    return readdirSync(path, { encoding: 'buffer' }).map((name) => decodeName(name, path));
  } catch (error) {
    throw toSourceError(error, path);
  }
}

/** Names are bytes on most systems; one that is not UTF-8 could not be opened by the name it is shown with. */
function decodeName(name: Uint8Array, folder: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    const shown = join(folder, new TextDecoder().decode(name));
    throw new ShareError('source_invalid', `${shown}: the name of the file is not valid UTF-8.`);
  }
}

/** Follows symbolic links, and refuses a path that they lead out of the conversation's folder. */
function realPathInside(path: string, folder: string): string {
  let real: string;
  try {
    real = realpathSync.native(path);
  } catch (error) {
    if (!isMissing(error) || !exists(path)) throw toSourceError(error, path);
    throw new ShareError('source_invalid', `${path}: is a symbolic link to nothing.`, { cause: error });
  }
  if (isInside(real, realpathSync.native(folder))) return real;
  throw new ShareError(
    'source_invalid',
    `${path}: is or lies behind a symbolic link out of the conversation's folder.`,
  );
}

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (isMissing(error)) return false;
    throw toSourceError(error, path);
  }
}

/** A link to a folder is not followed: it could lead in a circle. */
function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function lookAt(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw toSourceError(error, path);
  }
}
