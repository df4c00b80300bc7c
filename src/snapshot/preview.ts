import type { Redact } from './redact.ts';

/** The beginning of a file, to be seen without leaving the page. Plain text: nothing in it is markup. */
export type FilePreview =
  | { kind: 'text'; text: string; cut: boolean }
  /** The first row names the columns. All rows have the same number of cells. */
  | { kind: 'table'; rows: string[][]; cut: boolean };

/** What a viewer sees of a text at most. */
const shownLines = 40;
const shownCharacters = 4_000;
/** What a viewer sees of a table at most; the row that names the columns is not counted. */
export const shownRows = 10;
export const shownColumns = 12;
const shownOfCell = 80;

/**
 * Taken beyond what is shown, in UTF-16 units: the owner's address must be found even where the cut goes through it.
 * An address has at most 320 (RFC 3696 erratum 1690); most names and home folders are shorter.
 */
const margin = 320;
/** What `toFilePreview` wants to be given, at most. */
export const takenOfText = shownCharacters + margin;
export const takenOfCell = shownOfCell + margin;

/** Hides who the owner is, and only then cuts to what is shown: half an address would not be found. */
export function toFilePreview(preview: FilePreview, redact: Redact): FilePreview {
  if (preview.kind === 'text') {
    const whole = sure(preview.text, preview.cut, redact);
    const text = firstLines(whole, preview.cut);
    return { kind: 'text', text, cut: preview.cut || text.length < whole.length };
  }
  let cut = preview.cut;
  const rows = preview.rows.map((row) =>
    row.map((cell) => {
      const isCut = cell.length >= takenOfCell;
      const whole = sure(cell, isCut, redact);
      if (whole.length <= shownOfCell && !isCut) return whole;
      cut = true;
      return `${firstCharacters(whole, shownOfCell - 1).trimEnd()}…`;
    }),
  );
  return { kind: 'table', rows, cut };
}

/** Redacted, and without the end of what was not taken whole: the half of an address may stand there. */
function sure(text: string, isCut: boolean, redact: Redact): string {
  const redacted = redact(text);
  return isCut ? firstCharacters(redacted, Math.max(redacted.length - margin, 0)) : redacted;
}

/** Whole lines, unless the first one alone is too long. */
function firstLines(text: string, isCut: boolean): string {
  let end = 0;
  for (let lines = 0; lines < shownLines; lines += 1) {
    const next = text.indexOf('\n', end) + 1;
    if ((next === 0 ? text.length : next) > shownCharacters) break;
    if (next === 0) return isCut && end > 0 ? text.slice(0, end) : text;
    end = next;
  }
  return end === 0 ? firstCharacters(text, shownCharacters) : text.slice(0, end);
}

/** At most `length` UTF-16 units, no half of a character among them. */
function firstCharacters(text: string, length: number): string {
  const isParted = /[\uD800-\uDBFF]/.test(text.charAt(length - 1)) && length < text.length;
  return text.slice(0, isParted ? length - 1 : length);
}

/** Bounds for one page, whatever is attached to the conversation: files that have a preview, and bytes of HTML. */
const previewedFiles = 50;
const previewBytes = 60_000;
/** `<td></td>` and the row around it, and what else a preview needs around its text. */
const cellBytes = 12;
const frameBytes = 300;

interface Previewed {
  preview?: FilePreview;
  withheld?: unknown;
}

/** Which of a conversation's files show their preview, in their order: what comes first, and what still fits. */
export function fittingPreviews(files: readonly Previewed[]): (FilePreview | undefined)[] {
  let room = previewBytes;
  return files.map(({ preview }, index) => {
    if (preview === undefined || index >= previewedFiles) return undefined;
    const bytes = htmlBytes(preview);
    if (bytes > room) return undefined;
    room -= bytes;
    return preview;
  });
}

/** Pictures are only named by a page, but each of them is one more file to load. */
export function mayShowPicture(index: number): boolean {
  return index < previewedFiles;
}

function htmlBytes(preview: FilePreview): number {
  if (preview.kind === 'text') return frameBytes + escapedBytes(preview.text);
  const cells = preview.rows.flat();
  return frameBytes + cells.reduce((sum, cell) => sum + cellBytes + escapedBytes(cell), 0);
}

/** The longest of the five references, `&quot;`, has five bytes more than what it stands for. */
function escapedBytes(text: string): number {
  return new TextEncoder().encode(text).length + 5 * (text.match(/[&<>"']/g)?.length ?? 0);
}
