import { createHash, hash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ShareError } from '../errors.ts';
import { isArchive, openArchive, type Archive } from './archive.ts';
import type { Content, Conversation, Losses, Owner, Reading } from './conversation.ts';
import { copyMarkName, readCopyMark, type CopyMark } from './copy-mark.ts';
import { readHead, toSourceError } from './disk.ts';
import {
  attachmentsBeside,
  createForeignReader,
  fileBytes,
  recogniseBytes,
  valuesIn,
  type Bytes,
} from './foreign.ts';
import type { Attachments, DocumentFormat, ReadOptions } from './formats/format.ts';
import type { Recognised } from './formats/formats.ts';
import { maxSizeBytes, parseJson } from './json.ts';
import { toLibraryError } from './library.ts';
import { conversationFileName, filesFolderName } from './native-files.ts';
import { slugOf } from './slug.ts';
import { toNative } from './to-native.ts';

/*
 * Copies conversations out of an export into the library. The same export again changes nothing; a newer one brings the
 * copies up to date, so that their links follow.
 */

/** One conversation of an export, or what is wrong with it. */
export type Found = FoundConversation | { problem: ShareError };

export interface FoundConversation {
  conversation: Conversation;
  losses: Losses;
  /** The same for the same conversation in every export: its id there, else its place. */
  key: string;
  /** Nothing in it has a time: its times are those of the file that it was read from. */
  isUndated: boolean;
  /** This branch of it was asked for, though it may have been written to last before others. */
  isBranchChosen: boolean;
}

export type ImportOptions = Pick<ReadOptions, 'branch'>;

export interface Export {
  /** Of its format, as in `formats/`. */
  kind: string;
  /** What people call the tool. */
  tool: string;
  /** Why it was taken for that, as the end of a sentence that begins with "because". */
  why: string;
  /** Bytes that were read so far and in all, for a progress bar. */
  progress(): { done: number; total: number };
  /** Each call reads the export from its beginning. */
  conversations(): AsyncGenerator<Found>;
  close(): void;
}

/**
 * The conversation of an export that holds only one.
 *
 * @throws ShareError as {@link openExport}; what is wrong with the one that cannot be read; `source_invalid` for more
 *         than one.
 */
export async function onlyConversation(
  path: string,
  options: ImportOptions = {},
): Promise<FoundConversation> {
  const source = await openExport(path, options);
  try {
    let only: FoundConversation | undefined;
    let problem: ShareError | undefined;
    for await (const found of source.conversations()) {
      if ('problem' in found) problem ??= found.problem;
      else if (only === undefined) only = found;
      else
        throw new ShareError('source_invalid', `${path}: holds more than one conversation.`, {
          hint: 'Choose those that you want with `share import`, and share them after that.',
        });
    }
    if (only !== undefined) return only;
    throw problem ?? new ShareError('source_invalid', `${path}: holds no conversation.`);
  } finally {
    source.close();
  }
}

/** Whether a path is that of a ZIP. */
export function isZip(path: string): boolean {
  try {
    return statSync(path).isFile() && isArchive(readHead(path, 4));
  } catch (error) {
    throw toSourceError(error, path);
  }
}

/** Whether a path can only be that of an export: a JSON file may be one, too. */
export function isExport(path: string): boolean {
  return isZip(path) || statSync(path).isDirectory();
}

/**
 * Opens an export: the ZIP as it was downloaded, the folder it was unpacked to, or a JSON or JSONL file in it.
 *
 * @throws ShareError `source_missing`, `source_unreadable`, `source_invalid` when no conversations are in it.
 */
export async function openExport(path: string, options: ImportOptions = {}): Promise<Export> {
  try {
    if (statSync(path).isDirectory()) return await openFile(theDocumentIn(path), options);
    return isArchive(readHead(path, 4)) ? await openZip(path, options) : await openFile(path, options);
  } catch (error) {
    throw toSourceError(error, path);
  }
}

const documentName = /(?:^|\/)conversations[^/]*\.json$/i;

/** The file that holds the conversations of an export which was unpacked to `folder`; undefined where there is none. */
export function documentIn(folder: string): string | undefined {
  const name = readdirSync(folder)
    .sort()
    .find((each) => documentName.test(each));
  return name === undefined ? undefined : join(folder, name);
}

function theDocumentIn(folder: string): string {
  const path = documentIn(folder);
  if (path !== undefined) return path;
  throw new ShareError('source_invalid', `${folder}: holds no conversations.json.`, {
    hint: 'Name the file of the export, or the ZIP as it was downloaded.',
  });
}

async function openFile(path: string, options: ImportOptions): Promise<Export> {
  const counter = counting(fileBytes(path));
  const recognised = await recogniseBytes(counter.bytes);
  return {
    ...namesOf(recognised),
    progress: () => ({ done: counter.done(), total: statSync(path).size }),
    conversations() {
      counter.reset();
      return conversationsOf(counter.bytes, recognised, attachmentsBeside(path), path, options);
    },
    close: () => undefined,
  };
}

async function openZip(path: string, options: ImportOptions): Promise<Export> {
  const archive = await openArchive(path);
  try {
    const name = archive.names.find((each) => documentName.test(each));
    if (name === undefined)
      throw new ShareError('source_invalid', `${path}: holds no conversations.json.`, {
        hint: 'It must be the ZIP that ChatGPT or Claude sends when you export your data.',
      });
    const counter = counting(memberBytes(archive, name, path));
    const recognised = await recogniseBytes(counter.bytes);
    return {
      ...namesOf(recognised),
      progress: () => ({ done: counter.done(), total: archive.sizeBytes(name) }),
      conversations() {
        counter.reset();
        return conversationsOf(counter.bytes, recognised, attachmentsIn(archive, name), path, options);
      },
      close: () => archive.close(),
    };
  } catch (error) {
    archive.close();
    throw error;
  }
}

function namesOf({ format, why }: Recognised): Pick<Export, 'kind' | 'tool' | 'why'> {
  return { kind: format.kind, tool: format.tool, why };
}

function memberBytes(archive: Archive, name: string, path: string): Bytes {
  return {
    path: `${path}: ${name}`,
    chunks: () => archive.chunks(name),
    whole: () => archive.bytes(name, maxSizeBytes),
  };
}

function attachmentsIn(archive: Archive, document: string): Attachments {
  const folder = document.slice(0, document.lastIndexOf('/') + 1);
  const names = archive.names.filter((name) => name !== document && name.startsWith(folder));
  return {
    names: names.map((name) => name.slice(folder.length)),
    content: async (name) => ({ bytes: await archive.bytes(folder + name, maxSizeBytes) }),
    head: (name, mostBytes) => archive.head(folder + name, mostBytes),
  };
}

function counting(bytes: Bytes): { bytes: Bytes; done(): number; reset(): void } {
  let done = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes.chunks()) {
      done += chunk.length;
      yield chunk;
    }
  }
  return { bytes: { ...bytes, chunks }, done: () => done, reset: () => void (done = 0) };
}

/** One that cannot be read is given as a problem, and the next is gone on with. */
async function* conversationsOf(
  bytes: Bytes,
  { format, many }: Recognised,
  attachments: Attachments,
  file: string,
  options: ImportOptions,
): AsyncGenerator<Found> {
  const finding = {
    kind: format.kind,
    fileTime: statSync(file).mtime.toISOString(),
    isBranchChosen: options.branch !== undefined,
  };
  if (format.shape !== 'document') {
    // A log within a ZIP is in no export.
    if (file === bytes.path)
      yield await found('0', () => createForeignReader().read(file, format, options), finding);
    return;
  }
  const account = await accountIn(attachments);
  const values = many === true ? valuesIn(bytes) : [parseJson(await bytes.whole(), bytes.path)];
  let place = 0;
  for await (const value of values) {
    place += 1;
    const where = `${bytes.path}: conversation ${place}`;
    const read = async () => {
      const { conversation, losses } = await readValue(value, format, attachments, where, options);
      return { conversation: { ...conversation, owner: { ...account, ...conversation.owner } }, losses };
    };
    yield await found(String(place), read, finding);
  }
}

const accountFields = z.object({
  full_name: z.string().min(1).exactOptional(),
  email_address: z.string().min(1).exactOptional(),
  email: z.string().min(1).exactOptional(),
});

/** Whose export it is, as ChatGPT and Claude write it beside the conversations: hidden where it stands in a text. */
async function accountIn(attachments: Attachments): Promise<Pick<Owner, 'name' | 'email'>> {
  const file = attachments.names.find((name) => /^users?\.json$/i.test(name));
  if (file === undefined) return {};
  try {
    const bytes = bytesOf(await attachments.content(file));
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const {
      full_name: name,
      email_address,
      email = email_address,
    } = accountFields.parse(Array.isArray(value) ? value[0] : value);
    return { ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) };
  } catch {
    return {}; // the conversations are there all the same
  }
}

/** Stands for both times where there are none: the key of a conversation is the same in every file. */
const noTime = new Date(0).toISOString();

async function readValue(
  value: unknown,
  format: DocumentFormat,
  attachments: Attachments,
  where: string,
  options: ImportOptions,
) {
  try {
    const all = { fallbackTitle: 'Conversation', fallbackTime: noTime, ...options };
    return await format.read(value, all, attachments);
  } catch (error) {
    if (error instanceof ShareError) throw new ShareError(error.code, `${where}: ${error.message}`);
    throw error;
  }
}

async function found(
  place: string,
  read: () => Promise<Reading>,
  { kind, fileTime, isBranchChosen }: { kind: string; fileTime: string; isBranchChosen: boolean },
): Promise<Found> {
  try {
    const { conversation, losses } = await read();
    const { data } = z.object({ sessionId: z.string().min(1) }).safeParse(conversation.agent);
    const { createdAt, updatedAt, title } = conversation;
    const own = data?.sessionId ?? `${place} ${createdAt} ${title}`;
    const isUndated = createdAt === noTime && updatedAt === noTime;
    return {
      conversation: isUndated ? { ...conversation, createdAt: fileTime, updatedAt: fileTime } : conversation,
      losses,
      key: hash('sha256', `${kind}\0${own}`).slice(0, 32),
      isUndated,
      isBranchChosen,
    };
  } catch (error) {
    if (error instanceof ShareError) return { problem: error };
    throw error;
  }
}

// ── Into the library ─────────────────────────────────────────────────────────────────────────────────────────────

/** `older`: the copy was written to since, and is left as it is. */
export type Imported = 'added' | 'updated' | 'unchanged' | 'older' | 'changed by hand';

export interface Importer {
  /** What `add` would do. */
  plan(found: FoundConversation): { conversation: string; what: Imported };
  /**
   * Copies a conversation into the library, or brings its copy up to date. A copy that its owner changed, or that is newer,
   * is left as it is. An entry is there whole or not at all.
   *
   * @throws ShareError `output_unwritable`
   */
  add(found: FoundConversation): { conversation: string; what: Imported };
}

/**
 * @param library  Its folder; made if it is not there.
 * @param at       Called after each step of writing a copy; tests stop the process there.
 * @throws ShareError `output_unwritable`
 */
export function createImporter(library: string, at: (step: string) => void = () => undefined): Importer {
  const entries = worded(library, () => knownCopies(library));
  let isSwept = false;

  function plan(found: FoundConversation) {
    const id = entries.get(found.key) ?? freeId(library, found.conversation.title, found.key);
    const folder = join(library, id);
    const dated = found.isUndated ? datedAs(timesIn(folder), found) : found;
    const what = standing(folder, toNative(dated.conversation, id));
    return { id, dated, what: what === 'older' && found.isBranchChosen ? ('updated' as const) : what };
  }

  return {
    plan: (found) =>
      worded(library, () => {
        const { id, what } = plan(found);
        return { conversation: id, what };
      }),
    add: (found) =>
      worded(library, () => {
        if (!isSwept) removeAbandonedDrafts(library);
        isSwept = true;
        const { id, dated, what } = plan(found);
        if (what === 'added' || what === 'updated') {
          write(library, id, dated, at);
          entries.set(found.key, id);
        }
        return { conversation: id, what };
      }),
  };
}

/** @returns key → library id */
function knownCopies(library: string): Map<string, string> {
  const known = new Map<string, string>();
  for (const conversation of namesIn(library)) {
    const mark = readCopyMark(join(library, conversation));
    if (mark) known.set(mark.key, conversation);
  }
  return known;
}

function worded<T>(library: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toLibraryError(error, library);
  }
}

function namesIn(library: string): string[] {
  return existsSync(library) ? readdirSync(library).filter((name) => !name.startsWith('.')) : [];
}

function freeId(library: string, title: string, key: string): string {
  const slug = slugOf(title) || 'conversation';
  // A folder of that name is no copy of ours, or it would be known by its key: it is not to be written over.
  for (let digits = 8; digits < key.length; digits += 4) {
    const id = `${slug}-${key.slice(0, digits)}`;
    if (!existsSync(join(library, id))) return id;
  }
  return `${slug}-${key}`;
}

type Copy = ReturnType<typeof toNative>;

function standing(folder: string, copy: Copy): Imported {
  const mark = readCopyMark(folder);
  if (mark === undefined) return 'added';
  const current = currentDigest(folder);
  if (current === undefined || !mark.written.includes(current)) return 'changed by hand';
  if (current === mark.written[0] && mark.digest === digestOf(copy)) return 'unchanged';
  const { updatedAt } = timesIn(folder) ?? {};
  return updatedAt !== undefined && String(copy.json['updatedAt']) < updatedAt ? 'older' : 'updated';
}

const timesSchema = z.object({ createdAt: z.string(), updatedAt: z.string() });
type Times = z.output<typeof timesSchema>;

/** Of the copy that is there. */
function timesIn(folder: string): Times | undefined {
  const path = join(folder, conversationFileName);
  if (!existsSync(path)) return undefined;
  try {
    return timesSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined; // then it was changed by hand
  }
}

/** What has no time of its own keeps that of its first copy, or each file would be another version of it. */
function datedAs(times: Times | undefined, found: FoundConversation): FoundConversation {
  return { ...found, conversation: { ...found.conversation, ...times } };
}

function currentDigest(folder: string): string | undefined {
  const path = join(folder, conversationFileName);
  return existsSync(path) ? hash('sha256', readFileSync(path)) : undefined;
}

function textOf(copy: Copy): string {
  return `${JSON.stringify(copy.json, null, 2)}\n`;
}

function digestOf(copy: Copy): string {
  const digest = createHash('sha256').update(textOf(copy));
  for (const [name, content] of copy.files) digest.update(`\0${name}\0`).update(bytesOf(content));
  return digest.digest('hex');
}

function bytesOf(content: Content): Uint8Array {
  return 'bytes' in content ? content.bytes : readFileSync(content.path);
}

/** A new entry appears by one rename. In one that is there, files go first, then the mark, `conversation.json` last. */
function write(
  library: string,
  id: string,
  { conversation, losses, key }: FoundConversation,
  at: (step: string) => void,
): void {
  const copy = toNative(conversation, id);
  const text = textOf(copy);
  const entry = join(library, id);
  const written = [hash('sha256', text), currentDigest(entry)].filter((digest) => digest !== undefined);
  const mark: CopyMark = { key, digest: digestOf(copy), written, losses };
  let draft: string | undefined;
  try {
    mkdirSync(library, { recursive: true });
    draft = mkdtempSync(join(library, draftPrefix));
    at('import:draft');
    for (const [name, content] of copy.files) writeContent(join(draft, filesFolderName, name), content);
    at('import:files');
    writeFileSync(join(draft, conversationFileName), text, { mode: 0o600, flush: true });
    writeFileSync(join(draft, copyMarkName), `${JSON.stringify(mark)}\n`, { mode: 0o600, flush: true });
    at('import:written');
    if (existsSync(entry)) replace(draft, entry, new Set(copy.files.keys()), at);
    else renameSync(draft, entry);
    at('import:moved');
  } finally {
    if (draft !== undefined) rmSync(draft, { recursive: true, force: true });
  }
}

function writeContent(path: string, content: Content): void {
  mkdirSync(dirname(path), { recursive: true });
  if ('bytes' in content) writeFileSync(path, content.bytes, { mode: 0o600 });
  else copyFileSync(content.path, path);
}

function replace(draft: string, entry: string, names: ReadonlySet<string>, at: (step: string) => void): void {
  for (const name of names) {
    const to = join(entry, filesFolderName, name);
    mkdirSync(dirname(to), { recursive: true });
    renameSync(join(draft, filesFolderName, name), to);
    at('import:file-replaced');
  }
  renameSync(join(draft, copyMarkName), join(entry, copyMarkName));
  at('import:mark-replaced');
  renameSync(join(draft, conversationFileName), join(entry, conversationFileName));
}

const draftPrefix = '.import-';
/** A draft is written in one go, within seconds. */
const abandonedAfterMs = 60 * 60 * 1000;

/** A crash leaves a whole conversation in a draft, where nobody looks for it. */
function removeAbandonedDrafts(library: string): void {
  if (!existsSync(library)) return;
  for (const name of readdirSync(library).filter((each) => each.startsWith(draftPrefix))) {
    const path = join(library, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && Date.now() - stats.mtimeMs > abandonedAfterMs)
      rmSync(path, { recursive: true, force: true });
  }
}
