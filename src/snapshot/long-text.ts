import { createHash } from 'node:crypto';
import { toIndentedJson } from './json-text.ts';
import { messagesIn, partsIn } from './parts.ts';
import type { Json, Snapshot, SnapshotPart } from './snapshot.ts';

/** UTF-16 units. A browser lays out this much at once without a pause; what tools say can be a hundred times as long. */
export const shownWhole = 20_000;

type ToolCall = Extract<SnapshotPart, { type: 'tool-call' }>;

/** A tool's input or output too long for the page: a text file beside it. */
export interface LongText {
  name: string;
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

/** The file for what a tool said; undefined where the page has room for it. */
export function longOutput({ output = '' }: ToolCall): LongText | undefined {
  return toLongText('output.txt', output);
}

/** The file for what a tool was given, field by field; undefined where the page has room for it. */
export function longInput({ input }: ToolCall): LongText | undefined {
  return toLongText(
    'input.txt',
    typeof input === 'object' && input !== null ? fieldsText(input) : String(input),
  );
}

function fieldsText(input: object & Json): string {
  if (Array.isArray(input)) return toIndentedJson(input);
  const fields = Object.entries(input).map(([name, value]) => {
    const text = typeof value === 'object' ? toIndentedJson(value) : String(value);
    return text.includes('\n') ? `${name}:\n${text}\n` : `${name}: ${text}`;
  });
  return fields.join('\n');
}

function toLongText(name: string, words: string): LongText | undefined {
  if (words.length <= shownWhole) return undefined;
  const text = byteOrderMark + words;
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return { name, path: `files/${digest}/${name}`, text, sizeBytes: Buffer.byteLength(text) };
}

/** Every file that the page links for an input or an output, those in sub-agents too, each path once. */
export function longTexts(snapshot: Snapshot): LongText[] {
  const byPath = new Map<string, LongText>();
  for (const part of partsIn(messagesIn(snapshot.rounds))) {
    if (part.type !== 'tool-call') continue;
    for (const long of [longInput(part), longOutput(part)])
      if (long !== undefined) byPath.set(long.path, long);
  }
  return [...byPath.values()];
}
