import { codeHtml, plainProse, withoutControls } from '../render/characters.ts';
import { shownWhole } from '../snapshot/long-text.ts';
import { shorten } from './words.ts';

/** What a page shows of a long text. */
export interface Excerpt {
  head: string;
  /** Characters between head and tail; 0 where the head is the whole text. */
  leftOut: number;
  tail: string;
}

const headLength = 12_000;
const tailLength = 4_000;
/** A line end this near is where the text is cut. */
const nearLength = 1_000;

/**
 * The whole of a text that is short enough, else its beginning and its end, cut between lines if it has any.
 *
 * @param scale  Shrinks all lengths: 1 for 20,000 characters whole, else 12,000 and 4,000.
 */
export function excerptOf(text: string, scale = 1): Excerpt {
  if (text.length <= shownWhole * scale) return { head: text, leftOut: 0, tail: '' };
  const headEnd = headEndOf(text, Math.floor(headLength * scale), nearLength * scale);
  const tailStart = tailStartOf(text, text.length - Math.floor(tailLength * scale), nearLength * scale);
  return {
    head: text.slice(0, headEnd),
    leftOut: countCharacters(text.slice(headEnd, tailStart)),
    tail: text.slice(tailStart),
  };
}

function headEndOf(text: string, end: number, near: number): number {
  const lineEnd = text.lastIndexOf('\n', end - 1) + 1;
  if (lineEnd > end - near) return lineEnd;
  const cut = /\u001B\[?[\d;]*$/.exec(text.slice(Math.max(0, end - longestColour), end));
  if (cut !== null) return end - cut[0].length;
  return isLowHalf(text, end) ? end - 1 : end;
}

function tailStartOf(text: string, start: number, near: number): number {
  const lineStart = text.slice(start - 1, start + near).indexOf('\n') + start;
  if (lineStart >= start) return lineStart;
  const cut = /\u001B\[?[\d;]*$/.test(text.slice(start - longestColour, start));
  const rest = cut ? /^\[?[\d;]*m/.exec(text.slice(start, start + longestColour)) : null;
  if (rest !== null) return start + rest[0].length;
  return isLowHalf(text, start) ? start + 1 : start;
}

/** Characters in a colour sequence; one that is longer may be cut in two and leaves digits on the page. */
const longestColour = 40;

/** Whether a cut here would part the two UTF-16 halves of one character. */
function isLowHalf(text: string, index: number): boolean {
  return /[\uDC00-\uDFFF]/.test(text.charAt(index));
}

function countCharacters(text: string): number {
  return text.length - (text.match(/[\uDC00-\uDFFF]/g)?.length ?? 0);
}

/** HTML of a text, or of its beginning and its end. */
export interface Shown {
  head: string;
  /** Characters between head and tail. */
  leftOut: number;
  tail: string;
}

/**
 * As much of a text as fits.
 *
 * @param limit   Characters of HTML. Markup can be many times as long as the text it marks.
 * @param toHtml  Escapes whatever it is given.
 */
export function fit(text: string, limit: number, toHtml: (text: string) => string): Shown {
  for (let scale = 1; scale >= 1 / 256; scale /= 2) {
    const { head, leftOut, tail } = excerptOf(text, scale);
    const shown = { head: toHtml(head), leftOut, tail: toHtml(tail) };
    if (shown.head.length + shown.tail.length <= limit) return shown;
  }
  return { head: '', leftOut: countCharacters(text), tail: '' };
}

/** Code, values and whatever else is shown sign by sign, as HTML. */
export function plainHtml(text: string): string {
  return codeHtml(withoutControls(text));
}

/** Text for one line of prose, such as a summary. Not escaped. */
export function oneLine(text: string, limit: number): string {
  const [line = ''] = plainProse(withoutControls(text.slice(0, 4000)))
    .trimStart()
    .split('\n', 1);
  return shorten(line.trim(), limit);
}

/** A path loses its beginning, which says the least. */
export function shortPath(path: string, limit: number): string {
  const line = plainProse(withoutControls(path.slice(-4000)))
    .replace(/\s+/g, ' ')
    .trim();
  const characters = Array.from(line);
  if (characters.length <= limit && path.length <= 4000) return line;
  return `…${characters
    .slice(1 - limit)
    .join('')
    .replace(/^[^/]*(?=\/.)/, '')}`;
}

/** HTML for a `<pre>`, whose first line break a browser takes for part of the source and drops. */
export function inPre(html: string): string {
  return html.startsWith('\n') ? `\n${html}` : html;
}

/** `''` has no lines; the line break that ends a text begins no line. */
export function countLines(text: string): number {
  if (text === '') return 0;
  let count = text.endsWith('\n') ? 0 : 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
