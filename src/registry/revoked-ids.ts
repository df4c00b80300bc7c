import { hash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { systemCode } from '../errors.ts';
import type { ShareId } from '../urls.ts';

/**
 * Which shares were deleted, in a file beside the registry: a copy of the registry that is put back does not know what
 * was deleted since, and a deleted link must stay dead. A line for each share: the hash of its id, and when.
 */
export interface RevokedIds {
  /** On disk when it returns, unless the disk refuses: a page must come down even then. */
  add(id: ShareId, revokedAt: string): void;
  /** When the share was deleted, ISO 8601; undefined for one that was not. */
  revokedAt(id: ShareId): string | undefined;
}

/** @param path  Made when it is needed. */
export function openRevokedIds(path: string): RevokedIds {
  const known = read(path);
  return Object.freeze<RevokedIds>({
    add: (id, revokedAt) => {
      if (known.has(digestOf(id))) return;
      known.set(digestOf(id), revokedAt);
      try {
        append(path, `${digestOf(id)} ${revokedAt}`);
      } catch (error) {
        if (systemCode(error) === undefined) throw error;
      }
    },
    revokedAt: (id) => known.get(digestOf(id)),
  });
}

/** What a crash left of a line is passed over. */
function read(path: string): Map<string, string> {
  if (!existsSync(path)) return new Map();
  const lines = readFileSync(path, 'utf8').matchAll(/^([\da-f]{64}) (\S+Z)$/gm);
  return new Map(Array.from(lines, ([, digest = '', revokedAt = '']) => [digest, revokedAt]));
}

/** Begins with a line end, so that half a line before it spoils nothing. */
function append(path: string, line: string): void {
  const file = openSync(path, 'a', 0o600);
  try {
    writeSync(file, `\n${line}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

const digestOf = (id: ShareId): string => hash('sha256', id);
