import { diffArrays } from 'diff';
import { countLines, plainHtml } from './tool-text.ts';

export type Sign = '+' | '−' | ' ';

/** Lines in a row that share a sign. */
export interface Run {
  sign: Sign;
  lines: string[];
}

/** What was changed in one place. */
export interface Change {
  /** Undefined for texts too long to compare. */
  runs: Run[] | undefined;
  removed: string;
  added: string;
  removedLines: number;
  addedLines: number;
}

/** UTF-16 units in both texts of one call, and in one line: beyond them nobody reads a comparison. */
export const longestCompared = 100_000;
const longestLine = 4_000;
/** Steps the comparison may take. A count, not a time: the same texts always give the same page. */
const mostSteps = 300;

/**
 * Compares two texts line by line.
 *
 * @param longest  UTF-16 units in both texts that are still compared.
 */
export function changeOf(removed: string, added: string, longest = longestCompared): Change {
  if (!isComparable(removed, added, longest)) {
    return {
      runs: undefined,
      removed,
      added,
      removedLines: countLines(removed),
      addedLines: countLines(added),
    };
  }
  return changeOfRuns(compare(removed, added));
}

/** A change that came as a list of lines. */
export function changeOfRuns(runs: Run[]): Change {
  const linesOf = (...signs: Sign[]) => runs.flatMap((run) => (signs.includes(run.sign) ? run.lines : []));
  return {
    runs,
    removed: linesOf('−', ' ').join('\n'),
    added: linesOf('+', ' ').join('\n'),
    removedLines: linesOf('−').length,
    addedLines: linesOf('+').length,
  };
}

function isComparable(removed: string, added: string, longest: number): boolean {
  if (removed.length + added.length > longest) return false;
  return ![removed, added].some((text) => text.split('\n').some((line) => line.length > longestLine));
}

function compare(removed: string, added: string): Run[] {
  const [before, after] = linesOfBoth(removed, added);
  let start = 0;
  while (start < Math.min(before.length, after.length) && before[start] === after[start]) start += 1;
  let end = 0;
  const shorter = Math.min(before.length, after.length) - start;
  while (end < shorter && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const same = before.slice(before.length - end);
  if (same.at(-1) === '') same.pop(); // what follows the last line break
  return [
    { sign: ' ' as const, lines: before.slice(0, start) },
    ...compareMiddles(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    { sign: ' ' as const, lines: same },
  ].filter(({ lines }) => lines.length > 0);
}

function compareMiddles(before: string[], after: string[]): Run[] {
  const changes = diffArrays(before, after, { maxEditLength: mostSteps });
  if (changes === undefined)
    return [
      { sign: '−', lines: before },
      { sign: '+', lines: after },
    ];
  return changes.map(({ value, added, removed }) => ({
    sign: added ? '+' : removed ? '−' : ' ',
    lines: value,
  }));
}

/**
 * Both texts are pieces of a file, so a line break at the end of one only says something where the other has none. An
 * empty text is no line at all.
 */
function linesOfBoth(removed: string, added: string): [string[], string[]] {
  const isEnded = removed === '' || added === '' || (removed.endsWith('\n') && added.endsWith('\n'));
  const linesOf = (text: string) =>
    text === '' ? [] : (isEnded ? text.replace(/\n$/, '') : text).split('\n');
  return [linesOf(removed), linesOf(added)];
}

/** Unchanged lines beside a change that stay; fewer than this many between them are not worth a fold. */
const context = 3;

/** A comparison as HTML, each run of lines one block with its signs; every character of the lines is escaped. */
export function runsHtml(runs: readonly Run[]): string {
  return runs.map((run, index) => runHtml(run, index === 0, index === runs.length - 1)).join('');
}

function runHtml({ sign, lines }: Run, isFirst: boolean, isLast: boolean): string {
  if (sign === '+') return `<span class="added">${signed(sign, lines)}</span>`;
  if (sign === '−') return `<span class="removed">${signed(sign, lines)}</span>`;
  const head = isFirst ? 0 : context;
  const tail = isLast ? 0 : context;
  if (lines.length <= head + tail + 2) return signed(sign, lines);
  const folded = lines.length - head - tail;
  const fold = `<span class="fold">${folded} unchanged lines</span>\n`;
  return signed(sign, lines.slice(0, head)) + fold + signed(sign, lines.slice(lines.length - tail));
}

/** The first `most` lines of all runs together. */
export function firstLines(runs: readonly Run[], most: number): Run[] {
  let room = most;
  return runs.flatMap(({ sign, lines }) => {
    const kept = lines.slice(0, room);
    room -= kept.length;
    return kept.length === 0 ? [] : [{ sign, lines: kept }];
  });
}

function signed(sign: Sign, lines: readonly string[]): string {
  return lines.map((line) => `${sign}${plainHtml(line)}\n`).join('');
}
