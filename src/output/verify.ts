import { systemCode } from '../errors.ts';
import type { ShareId } from '../urls.ts';
import type { Output } from './folder.ts';
import { digestFile, notRecorded } from './manifests.ts';

/** Where the output is not what was put there. */
export interface Difference {
  /**
   * `missing`: was published and is gone. `foreign`: was not published. `altered`: is not what was published.
   * `unrecorded`: nothing is noted of it, so that nobody can tell.
   */
  kind: 'missing' | 'foreign' | 'altered' | 'unrecorded';
  /** Name in the share folder: a share id, unless it is foreign. */
  name: string;
  /** Below the share's folder; undefined for all of it. */
  path: string | undefined;
}

type Looked = Pick<Output, 'names' | 'paths' | 'digests' | 'locate'>;

/**
 * Compares the output, byte by byte, with what the registry and the notes of each commit say of it.
 *
 * @param published  Active shares that the registry has as published.
 */
export async function findDifferences(output: Looked, published: readonly ShareId[]): Promise<Difference[]> {
  const known = new Set<string>(published);
  const foreign = output
    .names()
    .filter((name) => !known.has(name))
    .map((name): Difference => ({ kind: 'foreign', name, path: undefined }));
  const found = [...foreign];
  for (const id of published) found.push(...(await differencesOf(output, id)));
  return found;
}

async function differencesOf(output: Looked, id: ShareId): Promise<Difference[]> {
  const paths = output.paths(id);
  if (paths.length === 0) return [{ kind: 'missing', name: id, path: undefined }];
  const digests = output.digests(id);
  if (digests === undefined) return [{ kind: 'unrecorded', name: id, path: undefined }];
  const found = [...digests.keys()]
    .filter((path) => !paths.includes(path))
    .map((path): Difference => ({ kind: 'missing', name: id, path }));
  for (const path of paths) {
    const digest = digests.get(path);
    if (digest === undefined) found.push({ kind: 'foreign', name: id, path });
    else if (digest === notRecorded) found.push({ kind: 'unrecorded', name: id, path });
    else if ((await digestIfThere(output.locate(id, path))) !== digest)
      found.push({ kind: 'altered', name: id, path });
  }
  return found;
}

/** A publish in another process may take a file away between two looks. */
async function digestIfThere(path: string): Promise<string | undefined> {
  try {
    return await digestFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
