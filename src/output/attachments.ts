import { lstatSync, statSync } from 'node:fs';
import type { ConversationFile } from '../conversation/conversation.ts';
import type { FileFacts } from '../snapshot/privacy.ts';
import type { SnapshotZip } from '../snapshot/snapshot.ts';
import type { ShareId } from '../urls.ts';
import { fileKind, kindLabel } from './file-kinds.ts';
import type { Output, Stage } from './folder.ts';
import { takeFile, type OnBytes } from './intake.ts';
import { displayName, zipName, zipPaths } from './names.ts';
import { previewOf } from './preview.ts';
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
}

/** A file whose bytes lie at `location`, in the stage or published already. */
interface Placed {
  facts: FileFacts;
  location: string;
  passive: boolean;
}

type Named = Pick<ConversationFile, 'name' | 'content'> & {
  publicName: string;
  mediaType: string | undefined;
};

/** Told how many bytes have been copied and zipped, of how many. */
export type OnProgress = (doneBytes: number, totalBytes: number) => void;

/** Raised when facts hold more, or what they hold is found out otherwise: those remembered before are not used then. */
const factsVersion = 2;

/** A file written this short a time ago may change again within the same clock tick. */
const settledAfterMs = 50;

/**
 * Takes a conversation's files into a stage, and their ZIP; what is published already stays where it is.
 *
 * @param title  Names the ZIP.
 * @param names  What viewers may see each file called, in the order of `files`.
 * @throws ShareError `source_unreadable`, `source_invalid`, `output_unwritable`.
 */
export async function attach(
  output: Output,
  cache: FactsCache,
  onProgress: OnProgress,
  conversation: string,
  title: string,
  files: readonly ConversationFile[],
  names: readonly string[],
  stage: Stage,
): Promise<Attached> {
  const keep: string[] = [];
  const placed: Placed[] = [];
  const onBytes = counting(files, onProgress);
  for (const [index, { content, mediaType, name }] of files.entries()) {
    const file: Named = { name, publicName: names[index] ?? 'file', mediaType, content };
    const known = knownFile(output, cache, conversation, file, stage.id);
    if (known !== undefined) keep.push(known.facts.path);
    placed.push(known ?? (await takeIn(cache, conversation, file, stage, onBytes)));
  }
  const zip = files.length === 0 ? undefined : await placeZip(output, title, placed, stage, keep, onBytes);
  return { facts: placed.map((file) => file.facts), zip, keep };
}

function knownFile(
  output: Output,
  cache: FactsCache,
  conversation: string,
  file: Named,
  id: ShareId,
): Placed | undefined {
  const signature = signatureOf(file);
  const text = signature && cache.fileFacts(conversation, file.name, signature);
  if (text === undefined) return undefined;
  const { facts, passive } = JSON.parse(text) as Pick<Placed, 'facts' | 'passive'>;
  return output.hasPath(id, facts.path)
    ? { facts, passive, location: output.locate(id, facts.path) }
    : undefined;
}

/** Every byte is copied once and zipped once; what is published already counts for nothing. */
function counting(files: readonly ConversationFile[], onProgress: OnProgress): OnBytes {
  const total = files.reduce((sum, file) => sum + 2 * sizeOf(file), 0);
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

async function takeIn(
  cache: FactsCache,
  conversation: string,
  file: Named,
  stage: Stage,
  onBytes: OnBytes,
): Promise<Placed> {
  const signature = signatureOf(file);
  const taken = await takeFile(file.content, stage.folder, onBytes);
  const kind = fileKind({
    name: file.publicName,
    head: taken.head,
    ...(file.mediaType === undefined ? {} : { mediaType: file.mediaType }),
  });
  const preview = previewOf({ ...kind, ...taken });
  const facts: FileFacts = {
    displayName: displayName(file.publicName),
    path: `files/${taken.sha256.slice(0, 32)}/${kind.servedName}`,
    mediaType: kind.mediaType,
    kind: kindLabel(kind.mediaType, file.publicName),
    sizeBytes: taken.sizeBytes,
    sha256: taken.sha256,
    ...kind.image,
    ...(preview === undefined ? {} : { preview }),
  };
  stage.adopt(facts.path, taken.stagedPath);
  if (signature !== undefined && signature === signatureOf(file)) {
    const text = JSON.stringify({ facts, passive: kind.passive });
    cache.setFileFacts(conversation, file.name, signature, text);
  }
  return { facts, passive: kind.passive, location: `${stage.folder}/${facts.path}` };
}

/** Undefined for bytes that came out of a log, and for a file so fresh that it may change unseen. */
function signatureOf(file: Named): string | undefined {
  if (!('path' in file.content)) return undefined;
  const stats = lstatSync(file.content.path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined || stats.isSymbolicLink()) return undefined;
  if (Date.now() - Number(stats.ctimeMs) < settledAfterMs) return undefined;
  const { ino, size, mtimeNs, ctimeNs } = stats;
  return [factsVersion, ino, size, mtimeNs, ctimeNs, file.mediaType ?? '', file.publicName].join(':');
}

async function placeZip(
  output: Output,
  title: string,
  files: readonly Placed[],
  stage: Stage,
  keep: string[],
  onBytes: OnBytes,
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
