import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { systemCode } from '../errors.ts';
import { isShareId, type ShareId } from '../urls.ts';

/** What each share's files were when they were put in place, to tell by whether somebody changed them since. */
export interface Manifests {
  /** Remembers the digests of a stage until it is committed or discarded. */
  expect(stageFolder: string, digests: ReadonlyMap<string, string>): void;
  forget(stageFolder: string): void;
  /** Notes what a share consists of after a commit; what it keeps has the digests it had. Never throws for a full disk. */
  note(stage: { id: ShareId; folder: string }, keep: readonly string[]): void;
  read(id: ShareId): ReadonlyMap<string, string> | undefined;
  remove(name: string): void;
  /** Removes what a crash left: notes of shares that are not there, and drafts that nobody finishes. */
  sweep(isThere: (id: ShareId) => boolean): void;
}

/** In the place of a digest, for a file that an earlier release put there. */
export const notRecorded = '';

/** @param folder  Outside the web root; made when it is needed. */
export function openManifests(folder: string): Manifests {
  const expected = new Map<string, ReadonlyMap<string, string>>();
  const pathOf = (id: ShareId): string => join(folder, `${id}.json`);

  function read(id: ShareId): ReadonlyMap<string, string> | undefined {
    if (!existsSync(pathOf(id))) return undefined;
    try {
      return new Map(Object.entries(JSON.parse(readFileSync(pathOf(id), 'utf8')) as Record<string, string>));
    } catch (error) {
      if (error instanceof SyntaxError) return undefined; // not on disk yet when the power went: nothing is noted
      throw error;
    }
  }

  function write(id: ShareId, digests: ReadonlyMap<string, string>): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const draft = `${pathOf(id)}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(Object.fromEntries(digests)), { mode: 0o600 });
    renameSync(draft, pathOf(id));
  }

  return Object.freeze<Manifests>({
    expect: (stageFolder, digests) => void expected.set(stageFolder, digests),
    forget: (stageFolder) => void expected.delete(stageFolder),
    note: ({ id, folder: stageFolder }, keep) => {
      const before = read(id);
      const kept = keep.map((path): [string, string] => [path, before?.get(path) ?? notRecorded]);
      try {
        write(id, new Map([...kept, ...(expected.get(stageFolder) ?? [])]));
      } catch (error) {
        if (systemCode(error) === undefined) throw error;
        // The files are in place, so the publish has succeeded; what is not noted is only published again one day.
        rmSync(pathOf(id), { force: true });
      }
    },
    read,
    remove: (name) => {
      if (isShareId(name)) rmSync(pathOf(name), { force: true });
    },
    sweep: (isThere) => {
      if (!existsSync(folder)) return;
      for (const file of readdirSync(folder)) {
        const id = file.replace(/\.json$/, '');
        if (isShareId(id) ? !isThere(id) : isOld(join(folder, file)))
          rmSync(join(folder, file), { force: true });
      }
    },
  });
}

const draftMs = 60_000;

function isOld(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > draftMs;
}

/** SHA-256 of a file, in hexadecimal. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
