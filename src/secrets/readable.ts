import { escapeSequence } from '../snapshot/escape-sequences.ts';

/** A text as rules may read it, and where each of its letters stands in the original. */
export interface Readable {
  text: string;
  positionOf: (index: number) => number;
}

/** What no page shows, and what would stand in the middle of a secret: control characters, zero widths, variants. */
const invisible =
  '[\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F-\\u009F\\u00AD\\u034F\\u200B-\\u200F\\u202A-\\u202E\\u2060-\\u2069\\uFE00-\\uFE0F\\uFEFF]|[\\u{E0000}-\\u{E007F}]';
/** Markdown shows only what stands behind the backslash. So does JSON of a quote. */
const escaped = String.raw`(?<!\\)\\{1,16}(?=["'\x60*_~.!#-])`;
/** A letter of ASCII as HTML or JSON may write it. */
const spelled = String.raw`&#(?<decimal>\d{2,3});|&#[xX](?<hex>[2-7][\dA-Fa-f]);|\\u00(?<json>[2-7][\dA-Fa-f])|&(?:lowbar|UnderBar);`;
const changed = new RegExp(`${spelled}|${escapeSequence.source}|${invisible}|${escaped}`, 'gu');
const mayChange = new RegExp(`[\\\\\\u001B]|&(?:#|lowbar|UnderBar)|${invisible}`, 'u');

/** The letter of `\n` would be the beginning of the word behind it: as long as it is, white space stands there. */
const escapedSpace = /\\[nrt]/g;

export function toReadable(original: string): Readable {
  const spaced = original.includes('\\') ? original.replace(escapedSpace, '  ') : original;
  if (!mayChange.test(spaced)) return { text: spaced, positionOf: (index) => index };
  const kept: string[] = [];
  /** Of each piece that is kept, where it begins here, and there. */
  const starts: number[] = [];
  const places: number[] = [];
  let [here, from] = [0, 0];
  const keep = (piece: string, there: number): void => {
    if (piece === '') return;
    starts.push(here);
    places.push(there);
    kept.push(piece);
    here += piece.length;
  };
  for (const match of spaced.matchAll(changed)) {
    keep(spaced.slice(from, match.index), from);
    keep(letterOf(match), match.index);
    from = match.index + match[0].length;
  }
  keep(spaced.slice(from), from);
  const positionOf = (index: number): number => {
    const piece = lastAtMost(starts, index);
    return (places[piece] ?? 0) + index - (starts[piece] ?? 0);
  };
  return { text: kept.join(''), positionOf };
}

/** What is shown instead: nothing, or the letter that is spelled. */
function letterOf({ 0: text, groups = {} }: RegExpMatchArray): string {
  const { decimal, hex = groups.json } = groups;
  if (decimal !== undefined) return String.fromCharCode(Number(decimal));
  if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
  return text.startsWith('&') ? '_' : '';
}

/** Index of the last number that is not greater than `value`; 0 where none is. */
export function lastAtMost(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
