import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Losses } from './conversation.ts';
import { readHead } from './disk.ts';

/*
 * What `import.ts` writes beside a conversation that it copied into the library.
 */

export const copyMarkName = 'import.json';
/** Some hundred bytes are usual; what is longer was written by somebody else. */
const mostBytes = 1024 * 1024;

const counts = z.record(z.string(), z.number());
const schema = z.object({
  /** Which conversation it is a copy of. */
  key: z.string(),
  /** Of what it was made from. */
  digest: z.string(),
  /** Digests of the conversation.json that was written last and, because a crash may come between, before that. */
  written: z.array(z.string()),
  /** What was left out when it was copied. */
  losses: z
    .object({
      hidden: counts,
      unknown: counts,
      malformedLines: z.array(z.number()),
      branch: z.object({ taken: z.number(), of: z.number() }).exactOptional(),
    })
    .exactOptional(),
});

export type CopyMark = z.output<typeof schema>;

/**
 * The mark in a conversation's folder; undefined where there is none, or none of ours. One that cannot be read may be
 * ours: taken for nobody's, the conversation would be copied a second time.
 *
 * @throws ShareError `source_unreadable`, `source_invalid` for what is no regular file
 */
export function readCopyMark(folder: string): CopyMark | undefined {
  const path = join(folder, copyMarkName);
  if (!existsSync(path)) return undefined;
  const bytes = readHead(path, mostBytes);
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}

/** What was left out of a copy when it was made; undefined for what is no copy. Never throws. */
export function lossesOfCopy(folder: string): Losses | undefined {
  try {
    return readCopyMark(folder)?.losses;
  } catch {
    return undefined;
  }
}
