import { ShareError } from './errors.ts';

/**
 * What may be published of one conversation, and what may be spent on it. Real use meets none of these; they are there so
 * that a file that is broken or hostile gives a clear error instead of a stall, a full disk or a full memory. Whoever runs
 * this may set each of them: `limits` in a `config.json`, or `SHARE_LIMITS`.
 *
 * Bounds that stand elsewhere are not limits of this kind: what may be drawn in colour or as a formula in one message
 * (`src/render/`), how much of a tool's output stands on a page (`src/components/`, `src/snapshot/scales.ts`). Beyond them
 * all is still published, in plainer form or in a file beside the page. And those that guard the program itself cannot be
 * raised: the nesting and size of a JSON file (`src/conversation/json.ts`), the length of a line of a log (`disk.ts`).
 */
export interface Limits {
  /** Messages of a conversation, those of its sub-agents among them. */
  messages: number;
  /** Megabytes of text in one message: what it says, and what its tools were given and gave back. */
  messageMb: number;
  /** Arrays and objects inside one another in what a tool was given. A file nested deeper than 200 is not read at all. */
  nesting: number;
  /** Files that go with a conversation. */
  files: number;
  /** Megabytes of one file. */
  fileMb: number;
  /** Megabytes of all files together; their ZIP is as large again. */
  filesMb: number;
  /** Pages, of some 300 KB each. All are in memory until the last is drawn. */
  pages: number;
  /** Seconds for which one conversation may keep its thread busy without a pause, as drawing it does. */
  seconds: number;
  /** Megabytes of heap for one conversation. The usual is what V8 gives to a process on a large machine. */
  memoryMb: number;
}

export const usualLimits: Readonly<Limits> = Object.freeze({
  messages: 500_000,
  messageMb: 64,
  nesting: 100,
  files: 10_000,
  fileMb: 5_000,
  filesMb: 20_000,
  pages: 2_000,
  seconds: 60,
  memoryMb: 4_096,
});

export type LimitName = keyof Limits;

export const limitNames = Object.keys(usualLimits) as LimitName[];

/** A million, as what tells the sizes of files counts. */
export const bytesPerMb = 1_000_000;

/**
 * @param words  Says what is how large; given the size in figures.
 * @throws ShareError `source_invalid` when `size` is over the limit.
 */
export function refuseOver<Name extends LimitName>(
  limits: Pick<Limits, Name>,
  name: Name,
  size: number,
  words: (size: string) => string,
): void {
  if (size > limits[name]) throw overLimit(limits, name, words(figures(size)));
}

/** @param what  What happened, without a stop at its end. */
export function overLimit<Name extends LimitName>(
  limits: Pick<Limits, Name>,
  name: Name,
  what: string,
): ShareError {
  return new ShareError('source_invalid', `${what}; the limit \`${name}\` is ${figures(limits[name])}.`, {
    hint: `To raise it, write {"limits": {"${name}": …}} into the config.json of the data folder.`,
  });
}

/** Rounded up: what is a little over a limit does not read as if it were the limit. */
function figures(value: number): string {
  return (Math.ceil(value * 1_000) / 1_000).toLocaleString('en');
}
