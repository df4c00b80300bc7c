import { escapeSequence } from './escape-sequences.ts';

/** A sequence of which the ESC is written out (`\u001b[1m`, `\033[1m`, `^[[1m`), or a colour that lost it (`[32m`). */
const writtenSequence =
  /(?:\\{1,8}(?:u001[Bb]|u\{1[Bb]\}|x1[Bb]|0?33|[eE])|\^\[|%1[Bb])\[[\d;:?]{0,32}[A-Za-z]|\[\d{1,3}(?:;\d{1,3}){0,8}[mK]/g;
export const mayHoldColour = /\u001B|(?:\\(?:[ux]\{?0{0,2}1b\}?|0?33|e)|\^\[|%1b)\[|\[\d[\d;]{0,40}[mK]/i;
const sequence = new RegExp(`${escapeSequence.source}|${writtenSequence.source}`, 'g');

/** What is to be hidden: UTF-16 units from `start` to before `end`, and what stands there instead. */
export interface Hidden {
  start: number;
  end: number;
  label: string;
}

/**
 * The `m` that ends a colour is a letter to every pattern, and a colour may begin inside a name. So the text is read
 * three times: parted at each sequence, whole without them, and as it stands, since what looks like a sequence may be one
 * letter of a name (`\033[Mira`) and a link has an address in it. Where a sequence stands within what is hidden, colours
 * are given up.
 */
export function redactColoured(text: string, find: (text: string) => Hidden[]): string {
  const sequences = Array.from(text.matchAll(sequence), (match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
  const blank = (found: string) => '\n'.repeat(found.length);
  const found = [
    ...find(text.replace(sequence, blank)),
    ...asBefore(find(text.replace(sequence, '')), sequences),
    ...find(text.replaceAll(/[\u001B\u0007]/g, '\n')),
  ];
  const hidden = united(found.map((each) => withoutLast(each, sequences)));
  const isWithin = hidden.some(({ start, end }) => {
    const first = sequences[firstAfter(sequences, start)];
    return first !== undefined && first.end < end;
  });
  let from = 0;
  const kept = hidden.map(({ start, end, label }) => {
    const before = text.slice(from, start);
    from = end;
    return (isWithin ? before.replace(sequence, '') : before) + label;
  });
  const rest = text.slice(from);
  return kept.join('') + (isWithin ? rest.replace(sequence, '') : rest);
}

interface Span {
  start: number;
  end: number;
}

/** Where that stands in the text which still has its sequences. */
function asBefore(found: readonly Hidden[], sequences: readonly Span[]): Hidden[] {
  let length = 0;
  const removed = sequences.map(({ start, end }) => {
    const at = start - length;
    length += end - start;
    return { start: at, length };
  });
  const before = (index: number) => index + (removed[firstAfter(removed, index) - 1]?.length ?? 0);
  return found.map(({ start, end, label }) => ({ start: before(start), end: before(end - 1) + 1, label }));
}

/** Without the half of a sequence that it ends in: the `^` of `^[[0m` is no letter of a name. */
function withoutLast(hidden: Hidden, sequences: readonly Span[]): Hidden {
  const last = sequences[firstAfter(sequences, hidden.end - 1) - 1];
  return last !== undefined && hidden.start < last.start && hidden.end < last.end
    ? { ...hidden, end: last.start }
    : hidden;
}

/** Index of the first that starts after a place, by halves. */
function firstAfter(sorted: readonly { start: number }[], place: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.start ?? 0) > place) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** In order, those that overlap as one. */
function united(found: readonly Hidden[]): Hidden[] {
  const result: Hidden[] = [];
  for (const each of found.toSorted((one, other) => one.start - other.start || other.end - one.end)) {
    const last = result.at(-1);
    if (last !== undefined && each.start < last.end) last.end = Math.max(last.end, each.end);
    else result.push({ ...each });
  }
  return result;
}
