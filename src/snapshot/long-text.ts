import { createHash } from 'node:crypto';
import { messagesIn, partsIn } from './parts.ts';
import type { Snapshot } from './snapshot.ts';

/** UTF-16 units. A browser lays out this much at once without a pause; what tools say can be a hundred times as long. */
export const shownWhole = 20_000;

/** A tool's output too long for the page: a text file beside it. */
export interface LongText {
  /** Path below the share's folder, made like that of an attached file; other words, another path. */
  path: string;
  text: string;
  sizeBytes: number;
}

/**
 * Before all of its words: a browser that is told no type or encoding then takes the file for text in UTF-8, and never
 * for HTML, whatever it begins with (WHATWG MIME Sniffing, 7.1).
 */
const byteOrderMark = '\uFEFF';

/** The file for a tool's output; undefined where the page has room for it. */
export function toLongText(output: string): LongText | undefined {
  if (output.length <= shownWhole) return undefined;
  const text = byteOrderMark + output;
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return { path: `files/${digest}/output.txt`, text, sizeBytes: Buffer.byteLength(text) };
}

/** Every file that the page links for an output, those in sub-agents too, each path once. */
export function longTexts(snapshot: Snapshot): LongText[] {
  const byPath = new Map<string, LongText>();
  for (const part of partsIn(messagesIn(snapshot.rounds))) {
    const long = part.type === 'tool-call' ? toLongText(part.output ?? '') : undefined;
    if (long !== undefined) byPath.set(long.path, long);
  }
  return [...byPath.values()];
}
