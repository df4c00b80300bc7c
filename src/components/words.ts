import type { PageRound } from '../snapshot/pages.ts';
import type { Json, SnapshotFile, SnapshotMessage, SnapshotPart } from '../snapshot/snapshot.ts';

export type ToolCall = Extract<SnapshotPart, { type: 'tool-call' }>;

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `22 Nov 2026, 10:00 UTC`. Written by hand: `Intl` may word a date differently in the next version of Node. */
export function formatUtc(iso: string): string {
  const time = new Date(iso);
  const clock = time.toISOString().slice(11, 16);
  return `${time.getUTCDate()} ${months[time.getUTCMonth()]} ${time.getUTCFullYear()}, ${clock} UTC`;
}

/** Decimal units, as file managers and download dialogs use them: `512 bytes`, `48 kB`, `1.2 MB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return countOf(bytes, 'byte');
  let size = bytes;
  let unit = 'kB';
  for (const next of ['kB', 'MB', 'GB', 'TB']) {
    size /= 1000;
    unit = next;
    if (size < 999.5) break;
  }
  return `${size < 9.95 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}

export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** At most `limit` characters (not UTF-16 halves), with an ellipsis where something is missing. */
export function shorten(text: string, limit: number): string {
  // A megabyte of output must not be taken apart to show its first line.
  const characters = Array.from(text.slice(0, limit * 2 + 2));
  if (characters.length <= limit && text.length <= limit * 2 + 2) return text;
  return `${characters.slice(0, limit).join('').trimEnd()}…`;
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** What a page shows of a long text. */
export interface Excerpt {
  head: string;
  /** Characters between head and tail; 0 where the head is the whole text. */
  leftOut: number;
  tail: string;
}

/** A browser lays out this much at once without a pause; what tools say can be a hundred times as long. */
const shownWhole = 20_000;
const headLength = 12_000;
const tailLength = 4_000;
/** A line end this near is where the text is cut. */
const nearLength = 1_000;

/** The whole of a text up to 20,000 characters long, else its beginning and its end, cut between lines if it has any. */
export function excerptOf(text: string): Excerpt {
  if (text.length <= shownWhole) return { head: text, leftOut: 0, tail: '' };
  const headEnd = headEndOf(text);
  const tailStart = tailStartOf(text);
  return {
    head: text.slice(0, headEnd),
    leftOut: countCharacters(text.slice(headEnd, tailStart)),
    tail: text.slice(tailStart),
  };
}

function headEndOf(text: string): number {
  const lineEnd = text.lastIndexOf('\n', headLength - 1) + 1;
  if (lineEnd > headLength - nearLength) return lineEnd;
  return isLowHalf(text, headLength) ? headLength - 1 : headLength;
}

function tailStartOf(text: string): number {
  const start = text.length - tailLength;
  const lineStart = text.slice(start - 1, start + nearLength).indexOf('\n') + start;
  if (lineStart >= start) return lineStart;
  return isLowHalf(text, start) ? start + 1 : start;
}

/** Whether a cut here would part the two UTF-16 halves of one character. */
function isLowHalf(text: string, index: number): boolean {
  return /[\uDC00-\uDFFF]/.test(text.charAt(index));
}

function countCharacters(text: string): number {
  return text.length - (text.match(/[\uDC00-\uDFFF]/g)?.length ?? 0);
}

/** The last segment of a name with sub-folders: what a download is called. */
export function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Whose words these are. What a tool says belongs to the assistant that asked it. */
export function speakerOf(message: SnapshotMessage): 'User' | 'Assistant' {
  return message.role === 'user' ? 'User' : 'Assistant';
}

/** What a round is about, for the outline: the first line of what the user said, without its Markdown marks. */
export function roundLabel({ number, messages }: PageRound): string {
  const asked = messages.find(({ message }) => message.role === 'user' && textsOf(message).length > 0);
  return firstWords(asked === undefined ? '' : (textsOf(asked.message)[0] ?? '')) || `Round ${number}`;
}

/** The first line of a text that says something, without its Markdown marks; empty where none does. */
export function firstWords(text: string): string {
  return shorten(text.split('\n', 20).map(withoutMarks).find(Boolean) ?? '', 60);
}

/** Where a page stands, as an absolute path; the first page has the address of the share. */
export function pageAddress(folder: string, page: number): string {
  return page === 1 ? folder : `${folder}/${page}`;
}

/** Scripts that one language is written in, or nearly so. The first that most letters belong to decides. */
const scripts: readonly [language: string, letters: RegExp][] = [
  ['ja', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['ko', /\p{Script=Hangul}/gu],
  ['zh', /\p{Script=Han}/gu],
  ['fa', /[\u067E\u0686\u0698\u06AF\u06CC\u06A9]/gu],
  ['ar', /\p{Script=Arabic}/gu],
  ['he', /\p{Script=Hebrew}/gu],
  ['th', /\p{Script=Thai}/gu],
  ['hi', /\p{Script=Devanagari}/gu],
  ['el', /\p{Script=Greek}/gu],
];
const looked = 400;
/** Kana in Japanese and its own letters in Persian are a part of the text only. */
const smallestShare: Readonly<Record<string, number>> = { ja: 0.1, fa: 0.08 };

/**
 * The language that a text's letters give away, as a BCP 47 tag, so that it is read aloud and set in the right shapes;
 * undefined for letters that many languages share.
 */
export function languageOf(text: string): string | undefined {
  const start = text.slice(0, looked);
  if (!/[\u0370-\u03FF\u0590-\u06FF\u0900-\u097F\u0E00-\u0E7F\u3040-\u9FFF\uAC00-\uD7AF]/.test(start))
    return undefined;
  const letters = start.match(/\p{L}/gu)?.length ?? 0;
  const [language] =
    scripts.find(([name, pattern]) => {
      const found = start.match(pattern)?.length ?? 0;
      return found > 0 && found >= letters * (smallestShare[name] ?? 0.5);
    }) ?? [];
  return language;
}

function textsOf(message: SnapshotMessage): string[] {
  return message.parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
}

function withoutMarks(line: string): string {
  return line
    .slice(0, 400)
    .replace(/^[\s>#*+-]+|^```.*$/g, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]{1,3}|(?<![\p{L}\p{N}])_{1,3}|_{1,3}(?![\p{L}\p{N}])/gu, '')
    .trim();
}

/** Text for a `<pre>`, whose first line break a browser takes for part of the source and drops. */
export function inPre(text: string): string {
  return text.startsWith('\n') ? `\n${text}` : text;
}

/** Fields that say most about a tool call, the most telling first. */
const tellingFields = [
  'command',
  'file_path',
  'path',
  'notebook_path',
  'pattern',
  'query',
  'url',
  'description',
  'prompt',
  'title',
  'name',
];

/** One line that tells what a tool was asked: `npm test`, `src/main.ts`. Empty where nothing says it shortly. */
export function toolHint(input: Json): string {
  if (typeof input === 'string') return firstLine(input);
  if (!isObject(input)) return '';
  const field = tellingFields.find((name) => typeof input[name] === 'string' && input[name] !== '');
  const value =
    field === undefined ? Object.values(input).find((each) => typeof each === 'string') : input[field];
  return typeof value === 'string' ? firstLine(value) : '';
}

function firstLine(text: string): string {
  const line = text.slice(0, 2000).trimStart().split('\n', 1)[0] ?? '';
  return shorten(line.trimEnd(), 120);
}

export interface Edit {
  removed: string;
  added: string;
}

export interface ToolInput {
  /** Simple values, in the order they were given. */
  fields: [name: string, value: string][];
  edits: Edit[];
  /** The whole input, where it is neither fields nor edits. */
  json?: string;
}

const mostFields = 50;

/** Sorts the input of a tool into what can be shown plainly: fields and edits, or JSON where it is nested. */
export function toolInput(input: Json): ToolInput {
  if (!isObject(input)) {
    const json = typeof input === 'string' ? input : JSON.stringify(input, null, 2);
    return { fields: [], edits: [], json };
  }
  const { edits, rest } = takeEdits(input);
  // Each of them is bounded on the page, so their number must be, too; no real tool takes so many.
  if (Object.keys(rest).length > mostFields)
    return { fields: [], edits, json: JSON.stringify(rest, null, 2) };
  const fields: [string, string][] = [];
  for (const [name, value] of Object.entries(rest)) {
    if (typeof value === 'object' && value !== null)
      return { fields: [], edits, json: JSON.stringify(rest, null, 2) };
    fields.push([name, String(value)]);
  }
  return { fields, edits };
}

function takeEdits(input: { [key: string]: Json }): { edits: Edit[]; rest: { [key: string]: Json } } {
  const edit = editOf(input);
  if (edit) return { edits: [edit], rest: without(input, 'old_string', 'new_string') };
  const list = Array.isArray(input['edits']) ? input['edits'] : [];
  const edits = list.flatMap((each) => editOf(each) ?? []);
  if (edits.length === 0 || edits.length < list.length) return { edits: [], rest: input };
  return { edits, rest: without(input, 'edits') };
}

function without(input: { [key: string]: Json }, ...names: string[]): { [key: string]: Json } {
  return Object.fromEntries(Object.entries(input).filter(([name]) => !names.includes(name)));
}

function editOf(value: Json): Edit | undefined {
  if (!isObject(value)) return undefined;
  const { old_string: removed, new_string: added } = value;
  return typeof removed === 'string' && typeof added === 'string' ? { removed, added } : undefined;
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Raster types that browsers draw inside a page. SVG is a document and is offered as a download only. */
const rasterTypes = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
]);

export function isPicture(file: SnapshotFile): boolean {
  // A picture whose bytes are something else carries the inert suffix, and no browser would draw it.
  return rasterTypes.has(file.mediaType) && !file.path.endsWith('.wasm');
}

/** A part names its file by index; a snapshot whose index leads nowhere was built wrongly. */
export function fileAt(files: readonly SnapshotFile[], index: number): SnapshotFile {
  const file = files[index];
  if (file === undefined) throw new Error(`The snapshot has no file ${index}.`);
  return file;
}

export type FileKind = 'picture' | 'table' | 'code' | 'archive' | 'sound' | 'film' | 'text' | 'other';

export function kindOf({ mediaType, name }: SnapshotFile): FileKind {
  const [family = '', subtype = ''] = mediaType.split('/');
  if (family === 'image') return 'picture';
  if (family === 'audio') return 'sound';
  if (family === 'video') return 'film';
  if (/csv|spreadsheet|excel|tab-separated|parquet/.test(subtype)) return 'table';
  if (/zip|tar|compressed|gzip|7z/.test(subtype)) return 'archive';
  if (/json|javascript|typescript|python|x-sh|html|xml|css|yaml|toml|sql/.test(subtype)) return 'code';
  if (/\.(?:[cm]?[jt]sx?|py|ipynb|rs|go|java|c|h|cpp|rb|php|sh|sql|ya?ml|toml)$/i.test(name)) return 'code';
  if (family === 'text' || /pdf|document|presentation/.test(subtype)) return 'text';
  return 'other';
}
