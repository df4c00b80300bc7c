import type { Manifest } from '../manifest.ts';
import type { ShareId } from '../urls.ts';
import type { Output } from './folder.ts';

/** Where the output is not what was put there. */
export interface Difference {
  /**
   * `missing`: was published and is gone. `foreign`: was not published. `altered`: is not what was published.
   * `unrecorded`: nothing is recorded of it, so that nobody can tell.
   */
  kind: 'missing' | 'foreign' | 'altered' | 'unrecorded';
  /** Name in the share folder: a share id, unless it is foreign. */
  name: string;
  /** Below the share's folder; undefined for all of it. */
  path: string | undefined;
}

type Looked = Pick<Output, 'names' | 'paths' | 'digest'>;

/**
 * Compares the output, byte by byte, with what was published.
 *
 * @param published  Active shares that the registry has as published, and what their files were; undefined where that is
 *   not recorded.
 */
export async function findDifferences(
  output: Looked,
  published: ReadonlyMap<ShareId, Manifest | undefined>,
): Promise<Difference[]> {
  const known = new Set<string>(published.keys());
  const foreign = output
    .names()
    .filter((name) => !known.has(name))
    .map((name): Difference => ({ kind: 'foreign', name, path: undefined }));
  const found = [...foreign];
  for (const [id, manifest] of published) found.push(...(await differencesOf(output, id, manifest)));
  return found;
}

async function differencesOf(
  output: Looked,
  id: ShareId,
  manifest: Manifest | undefined,
): Promise<Difference[]> {
  const paths = output.paths(id);
  if (paths.length === 0) return [{ kind: 'missing', name: id, path: undefined }];
  if (manifest === undefined) return [{ kind: 'unrecorded', name: id, path: undefined }];
  const found = [...manifest.keys()]
    .filter((path) => !paths.includes(path))
    .map((path): Difference => ({ kind: 'missing', name: id, path }));
  for (const path of paths) {
    const digest = manifest.get(path);
    if (digest === undefined) found.push({ kind: 'foreign', name: id, path });
    else if ((await output.digest(id, path)) !== digest) found.push({ kind: 'altered', name: id, path });
  }
  return found;
}
