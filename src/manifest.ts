/**
 * What a share's files were when they were published: path below the share's folder → SHA-256 in hexadecimal. By it one
 * can tell whether somebody changed them since.
 */
export type Manifest = ReadonlyMap<string, string>;

/** In the place of a digest, for a file that was out before anything was recorded. */
export const notRecorded = '';

/** @param keep  Paths that are out already and stay as they are. */
export function toManifest(
  staged: Manifest,
  keep: readonly string[],
  before: Manifest | undefined,
): Manifest {
  return new Map([
    ...keep.map((path): [string, string] => [path, before?.get(path) ?? notRecorded]),
    ...staged,
  ]);
}
