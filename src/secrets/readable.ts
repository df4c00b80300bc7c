import { escapeSequence } from '../snapshot/escape-sequences.ts';

/** A text as rules may read it, and where each of its letters stands in the original. */
export interface Readable {
  text: string;
  positionOf: (index: number) => number;
}

/** What no page shows, and what would stand in the middle of a secret: colours, control characters, zero widths. */
const unseen = new RegExp(
  `${escapeSequence.source}|[\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F-\\u009F\\u00AD\\u200B-\\u200F\\u202A-\\u202E\\u2060-\\u2069\\uFEFF]|[\\u{E0000}-\\u{E007F}]`,
  'gu',
);
const hasUnseen =
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]|\uDB40/;

/** The letter of `\n` would be the beginning of the word behind it: as long as it is, white space stands there. */
const escapedSpace = /\\[nrt]/g;

export function toReadable(original: string): Readable {
  const spaced = original.includes('\\') ? original.replace(escapedSpace, '  ') : original;
  if (!hasUnseen.test(spaced)) return { text: spaced, positionOf: (index) => index };
  const kept: string[] = [];
  /** For each piece that is kept, where it begins here and there. */
  const starts: [number, number][] = [];
  let [here, from] = [0, 0];
  const keep = (to: number): void => {
    if (to === from) return;
    starts.push([here, from]);
    kept.push(spaced.slice(from, to));
    here += to - from;
  };
  for (const match of spaced.matchAll(unseen)) {
    keep(match.index);
    from = match.index + match[0].length;
  }
  keep(spaced.length);
  return { text: kept.join(''), positionOf: (index) => positionIn(starts, index) };
}

function positionIn(starts: readonly [number, number][], index: number): number {
  const [here, there] = starts.findLast(([start]) => start <= index) ?? [0, 0];
  return there + index - here;
}
