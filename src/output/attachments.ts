import { lstatSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConversationFile } from '../conversation/conversation.ts';
import { bytesPerMb, refuseOver, type Limits } from '../limits.ts';
import type { Choice, FileFacts, PublishedFacts } from '../snapshot/privacy.ts';
import { toFound, type Finding, type FoundSecret } from '../snapshot/secrets.ts';
import type { SnapshotZip } from '../snapshot/snapshot.ts';
import { fileKind, kindLabel, mayHoldText } from './file-kinds.ts';
import type { Output, Stage } from './folder.ts';
import { takeFile, unwritable, type OnBytes, type TakenFile } from './intake.ts';
import { hasPlace, withoutMetadata } from './metadata.ts';
import { displayName, zipName, zipPaths } from './names.ts';
import { writeZip, zipKey } from './zip.ts';

/** Remembers what was found out about a file for as long as its signature stays the same. */
export interface FactsCache {
  fileFacts(conversation: string, name: string, signature: string): string | undefined;
  setFileFacts(conversation: string, name: string, signature: string, facts: string): void;
}

export interface Attached {
  /** In the order of the conversation's files. */
  facts: FileFacts[];
  zip: SnapshotZip | undefined;
  /** Paths that are in the output already and stay. */
  keep: string[];
  found: FoundSecret[];
}

/** What was found in a file that nobody changes meanwhile. */
export interface FileScanner {
  /** Other rules find other things: what was found by another version does not count. */
  readonly version: string;
  scanFile(path: string): Promise<FileFinding[]>;
}

type FileFinding = Pick<Finding, 'kind' | 'fingerprint'> & { line: number };

/** Everything that was found out about a file's bytes. */
interface Known {
  facts: PublishedFacts;
  passive: boolean;
  secrets: FileFinding[];
  /** It tells where it was taken. */
  hasPlace: boolean;
}

/** A file whose bytes lie at `location`, in the stage or published already. */
interface Placed extends Known {
  location: string;
}

/** What stays the same for all files of a conversation. */
interface Taking {
  output: Output;
  cache: FactsCache;
  scanner: FileScanner;
  conversation: string;
  stage: Stage;
  choice: AttachChoice;
  onBytes: OnBytes;
}

/** What the owner decided about the files. */
export interface AttachChoice extends Pick<Choice, 'stripMetadata'> {
  /** Fingerprints of secrets that may be published. */
  allowed: ReadonlySet<string>;
}

type Named = Pick<ConversationFile, 'name' | 'content'> & {
  publicName: string;
  mediaType: string | undefined;
};

/** Told how many bytes have been copied and zipped, of how many. */
export type OnProgress = (doneBytes: number, totalBytes: number) => void;

/** Raised when facts hold more, or what they hold is found out otherwise: those remembered before are not used then. */
const factsVersion = 3;

/** A file written this short a time ago may change again within the same clock tick. */
const settledAfterMs = 50;

/**
 * Takes a conversation's files into a stage, and their ZIP; what is published already stays where it is. A file with a
 * secret that the owner did not let through is only named.
 *
 * @throws ShareError `source_unreadable`, `source_invalid`, `output_unwritable`.
 */
export async function attach(
  tools: AttachTools,
  onProgress: OnProgress,
  request: AttachRequest,
): Promise<Attached> {
  try {
    return await attachAll(tools, onProgress, request);
  } catch (error) {
    // Errors about a source are worded already: what is left of system errors is about the stage.
    throw unwritable(error, join(request.stage.folder, 'files'));
  }
}

type AttachTools = Pick<Taking, 'output' | 'cache' | 'scanner'> & { limits: Limits };

async function attachAll(
  { output, cache, scanner, limits }: AttachTools,
  onProgress: OnProgress,
  { conversation, title, files, names, stage, choice }: AttachRequest,
): Promise<Attached> {
  const sizes = sizesOf(files, limits);
  const onBytes = counting(sizes, onProgress);
  const taking: Taking = { output, cache, scanner, conversation, stage, choice, onBytes };
  const attached: Attached = { facts: [], zip: undefined, keep: [], found: [] };
  const placed: Placed[] = [];
  for (const [index, { content, mediaType, name }] of files.entries()) {
    const file: Named = { name, publicName: names[index] ?? 'file', mediaType, content };
    const known = knownFile(taking, file);
    const one = known ?? (await takeIn(taking, file));
    attached.found.push(...foundIn(one, choice.allowed));
    const secrets = notAllowed(one, choice);
    if (secrets.length > 0) {
      attached.facts.push(withheld(one.facts, secrets));
      continue;
    }
    attached.facts.push(one.facts);
    if (known !== undefined) attached.keep.push(one.facts.path);
    placed.push(one);
  }
  if (placed.length > 0) attached.zip = await placeZip(taking, title, placed, attached.keep);
  return attached;
}

export interface AttachRequest {
  conversation: string;
  /** Names the ZIP. */
  title: string;
  files: readonly ConversationFile[];
  /** What viewers may see each file called, in the order of `files`. */
  names: readonly string[];
  stage: Stage;
  choice: AttachChoice;
}

function notAllowed({ secrets }: Pick<Known, 'secrets'>, { allowed }: AttachChoice): FileFinding[] {
  return secrets.filter(({ fingerprint }) => !allowed.has(fingerprint));
}

/** The other facts of a file would tell who has the same one. */
function withheld(
  { displayName, mediaType, kind, sizeBytes }: PublishedFacts,
  secrets: readonly FileFinding[],
): FileFacts {
  const kinds = new Set(secrets.map((secret) => secret.kind));
  return { displayName, mediaType, kind, sizeBytes, withheld: [...kinds] };
}

function foundIn({ facts, secrets, hasPlace }: Placed, allowed: ReadonlySet<string>): FoundSecret[] {
  const place = `file ${facts.displayName}`;
  const found = secrets.map(({ line, ...secret }) =>
    toFound(secret, `${place}, line ${line}`, allowed, 'withheld'),
  );
  if (!hasPlace) return found;
  const fingerprint = facts.sha256.slice(0, 16);
  return [
    ...found,
    toFound({ kind: 'place where a picture was taken', fingerprint }, place, allowed, 'shown'),
  ];
}

function knownFile(
  { output, cache, scanner, conversation, stage, choice }: Taking,
  file: Named,
): Placed | undefined {
  const signature = signatureOf(file, scanner.version, choice);
  const text = signature && cache.fileFacts(conversation, file.name, signature);
  if (text === undefined) return undefined;
  const known = JSON.parse(text) as Known;
  const { path } = known.facts;
  // A withheld file is nowhere, and need not be taken in again to stay so.
  if (notAllowed(known, choice).length === 0 && !output.hasPath(stage.id, path)) return undefined;
  return { ...known, location: output.locate(stage.id, path) };
}

/** @throws ShareError `source_invalid` where they are larger than the limits allow, before a byte of them is copied. */
function sizesOf(files: readonly ConversationFile[], limits: Limits): number[] {
  const sizes = files.map(sizeOf);
  for (const [index, size] of sizes.entries())
    refuseOver(limits, 'fileMb', size / bytesPerMb, (mb) => `File ${files[index]?.name ?? ''} has ${mb} MB`);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  refuseOver(limits, 'filesMb', total / bytesPerMb, (mb) => `The files have ${mb} MB together`);
  return sizes;
}

/** Every byte is copied once and zipped once; what is published already counts for nothing. */
function counting(sizes: readonly number[], onProgress: OnProgress): OnBytes {
  const total = sizes.reduce((sum, size) => sum + 2 * size, 0);
  let done = 0;
  return (bytes) => {
    done += bytes;
    onProgress(Math.min(done, total), total);
  };
}

function sizeOf({ content }: ConversationFile): number {
  if ('bytes' in content) return content.bytes.length;
  return statSync(content.path, { throwIfNoEntry: false })?.size ?? 0;
}

async function takeIn(taking: Taking, file: Named): Promise<Placed> {
  const { cache, scanner, conversation, stage, choice } = taking;
  const signature = signatureOf(file, scanner.version, choice);
  const taken = await takeClean(taking, file);
  const kind = fileKind({
    name: file.publicName,
    head: taken.head,
    ...(file.mediaType === undefined ? {} : { mediaType: file.mediaType }),
  });
  const { previewOf } = await import('./preview.ts'); // brings a parser that most shares do without
  const preview = previewOf({ ...kind, ...taken });
  const facts: PublishedFacts = {
    displayName: displayName(file.publicName),
    path: `files/${taken.sha256.slice(0, 32)}/${kind.servedName}`,
    mediaType: kind.mediaType,
    kind: kindLabel(kind.mediaType, file.publicName),
    sizeBytes: taken.sizeBytes,
    sha256: taken.sha256,
    ...kind.image,
    ...(preview === undefined ? {} : { preview }),
  };
  const known: Known = {
    facts,
    passive: kind.passive,
    secrets: mayHoldText(kind.mediaType)
      ? (await scanner.scanFile(taken.stagedPath)).map(({ kind, fingerprint, line }) => ({
          kind,
          fingerprint,
          line,
        }))
      : [],
    hasPlace: kind.image !== undefined && (await hasPlace(taken.stagedPath)),
  };
  if (notAllowed(known, choice).length === 0) stage.adopt(facts.path, taken.stagedPath);
  else await rm(taken.stagedPath);
  if (signature !== undefined && signature === signatureOf(file, scanner.version, choice))
    cache.setFileFacts(conversation, file.name, signature, JSON.stringify(known));
  return { ...known, location: `${stage.folder}/${facts.path}` };
}

/** The file as it is to be published. */
async function takeClean({ stage, choice, onBytes }: Taking, file: Named): Promise<TakenFile> {
  const taken = await takeFile(file.content, stage.folder, onBytes);
  if (!choice.stripMetadata) return taken;
  const bytes = await withoutMetadata(taken.stagedPath, taken.head);
  if (bytes === undefined) return taken;
  await rm(taken.stagedPath, { force: true });
  return takeFile({ bytes }, stage.folder);
}

/** Undefined for bytes that came out of a log, and for a file so fresh that it may change unseen. */
function signatureOf(file: Named, scanVersion: string, { stripMetadata }: AttachChoice): string | undefined {
  if (!('path' in file.content)) return undefined;
  const stats = lstatSync(file.content.path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined || stats.isSymbolicLink()) return undefined;
  if (Date.now() - Number(stats.ctimeMs) < settledAfterMs) return undefined;
  const { ino, size, mtimeNs, ctimeNs } = stats;
  const drawnBy = [factsVersion, scanVersion, stripMetadata];
  return [...drawnBy, ino, size, mtimeNs, ctimeNs, file.mediaType ?? '', file.publicName].join(':');
}

async function placeZip(
  { output, stage, onBytes }: Taking,
  title: string,
  files: readonly Placed[],
  keep: string[],
): Promise<SnapshotZip> {
  const names = zipPaths(files.map((file) => file.facts.displayName));
  const entries = files.map((file, index) => ({
    name: names[index] ?? file.facts.displayName,
    path: file.location,
    sizeBytes: file.facts.sizeBytes,
    sha256: file.facts.sha256,
    compressible: isCompressible(file.facts.mediaType),
  }));
  const path = `zip/${zipKey(entries)}/${zipName(title)}`;
  if (output.hasPath(stage.id, path)) {
    keep.push(path);
    return { path, sizeBytes: statSync(output.locate(stage.id, path)).size };
  }
  const target = stage.place(path);
  const { sizeBytes } = await writeZip(target, entries, onBytes);
  return { path, sizeBytes };
}

/** These are compressed already: storing them is faster and no larger. */
function isCompressible(mediaType: string): boolean {
  return !/^(?:image\/(?!bmp)|audio\/(?!wav)|video\/|application\/(?:zip|pdf|gzip|x-7z|vnd\.openxml))/.test(
    mediaType,
  );
}
