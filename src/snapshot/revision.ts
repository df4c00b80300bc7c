import { createHash } from 'node:crypto';

declare const brand: unique symbol;

/** Hash of a snapshot and of what draws it: same revision, same bytes. 32 hex digits. */
export type Revision = string & { readonly [brand]: 'Revision' };

/**
 * @param drawnBy  Everything else that decides the bytes: the renderer's version and the site's address.
 */
export function toRevision(snapshotJson: string, drawnBy: readonly string[]): Revision {
  const hash = createHash('sha256').update(snapshotJson);
  for (const part of drawnBy) hash.update('\0').update(part);
  return hash.digest('hex').slice(0, 32) as Revision;
}
