import type { PageRound } from '../snapshot/pages.ts';
import type { PublishedFile, SnapshotFile, SnapshotMessage } from '../snapshot/snapshot.ts';

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

/** The last segment of a name with sub-folders: what a download is called. */
export function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Whose words these are. What a tool says belongs to the assistant that asked it. */
export function speakerOf(message: SnapshotMessage): 'User' | 'Assistant' {
  return message.role === 'user' ? 'User' : 'Assistant';
}

/** Messages in a row by the same speaker read as one; only the first carries the name. */
export function continues(before: SnapshotMessage | undefined, message: SnapshotMessage): boolean {
  return before !== undefined && speakerOf(before) === speakerOf(message);
}

/**
 * What a round, or the piece of it on a page, is about, for the outline: the first line of what the user said there, or
 * else of what was said, without its Markdown marks.
 */
export function roundLabel({ number, messages }: PageRound): string {
  const said = messages.map(({ message }) => message).filter((message) => textsOf(message).length > 0);
  const first = said.find(({ role }) => role === 'user') ?? said[0];
  return firstWords(first === undefined ? '' : (textsOf(first)[0] ?? '')) || `Round ${number}`;
}

/** The first line of a text that says something, without its Markdown marks; empty where none does. */
export function firstWords(text: string): string {
  for (const line of text.split('\n', 20)) {
    const words = withoutMarks(line);
    if (words !== '') return shorten(words, 60);
  }
  return '';
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

/** Raster types that browsers draw inside a page. SVG is a document and is offered as a download only. */
const rasterTypes = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
]);

export function isPicture(file: SnapshotFile): file is PublishedFile {
  // A picture whose bytes are something else carries the inert suffix, and no browser would draw it.
  return !('withheld' in file) && rasterTypes.has(file.mediaType) && !file.path.endsWith('.wasm');
}

/** A part names its file by index; a snapshot whose index leads nowhere was built wrongly. */
export function fileAt(files: readonly SnapshotFile[], index: number): SnapshotFile {
  const file = files[index];
  if (file === undefined) throw new Error(`The snapshot has no file ${index}.`);
  return file;
}

/** What viewers read in place of a file that they do not get. */
export function whyWithheld(kinds: readonly string[]): string {
  return `Withheld, because a secret was found in it: ${kinds.join(', ')}.`;
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
