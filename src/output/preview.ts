import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { shownColumns, shownRows, takenOfCell, takenOfText, type FilePreview } from '../snapshot/preview.ts';
import { plainText } from './names.ts';

export interface PreviewedFile {
  /** As decided by `fileKind`. */
  mediaType: string;
  /** False for program sources and whatever else may not keep its name. */
  passive: boolean;
  /** The first bytes. */
  head: Uint8Array;
  /** Of the whole file. */
  sizeBytes: number;
}

/**
 * Takes from a file's first bytes what a page may show of it: text, or the first rows of a CSV or TSV. A little more
 * than is shown, since the owner's details are still to be hidden in it; characters that deceive are harmless already.
 *
 * @returns Undefined for what is empty, is no valid UTF-8 or is a format of bytes.
 */
export function previewOf({ mediaType, passive, head, sizeBytes }: PreviewedFile): FilePreview | undefined {
  // What is not passive has no type that could be trusted; there the bytes alone decide.
  if (passive && !textTypes.test(mediaType)) return undefined;
  const isCut = head.length < sizeBytes;
  const text = textOf(head, isCut);
  if (text === undefined || text.trim() === '') return undefined;
  const table = tableTypes.test(mediaType) ? tableOf(text, delimiterOf(text, mediaType), isCut) : undefined;
  return table ?? { kind: 'text', ...taken(text, takenOfText, isCut) };
}

const textTypes = /^(?:text\/|application\/(?:json|jsonl|geo\+json|x-ipynb\+json|yaml|toml|sql|x-subrip)$)/;
const tableTypes = /^text\/(?:csv|tab-separated-values)$/;

/** @returns Undefined for bytes that are no text: invalid UTF-8, or any NUL, by which Git, too, tells them. */
function textOf(head: Uint8Array, isCut: boolean): string | undefined {
  if (head.includes(0)) return undefined;
  try {
    // With `stream`, a last character that the cut left incomplete waits for its other half.
    return new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: isCut });
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function taken(text: string, length: number, isCut: boolean): { text: string; cut: boolean } {
  const plain = plainText(text);
  return { text: plain.slice(0, length).toWellFormed(), cut: isCut || plain.length > length };
}

/** @returns Undefined for what is no table: quotes that do not end, or nothing but empty cells. */
function tableOf(text: string, delimiter: string, isCut: boolean): FilePreview | undefined {
  const records = recordsOf(isCut ? wholeLines(text) : text, delimiter);
  if (records === undefined) return undefined;
  const rows = records.slice(0, shownRows + 1);
  const width = Math.max(0, ...rows.map((row) => row.length));
  const columns = Math.min(width, shownColumns);
  if (rows.flat().every((cell) => cell.trim() === '')) return undefined;
  return {
    kind: 'table',
    rows: rows.map((row) => Array.from({ length: columns }, (_, index) => toCell(row[index] ?? ''))),
    cut: isCut || records.length > rows.length || width > columns,
  };
}

function recordsOf(text: string, delimiter: string): string[][] | undefined {
  try {
    return parse(text, {
      delimiter,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      to: shownRows + 2,
    });
  } catch (error) {
    if (error instanceof CsvError) return undefined;
    throw error;
  }
}

/** Where the comma stands in numbers, programs part cells by semicolons and still call it CSV. */
function delimiterOf(text: string, mediaType: string): string {
  if (mediaType !== 'text/csv') return '\t';
  const [line = ''] = text.trimStart().split('\n', 1);
  const count = (delimiter: string) => line.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, each) => (count(each) > count(best) ? each : best));
}

/** Without the last line, which the cut may have gone through. A single line is all there is. */
function wholeLines(text: string): string {
  return text.slice(0, text.lastIndexOf('\n') + 1) || text;
}

/** One line: a table of which one cell fills the screen shows nothing. */
function toCell(cell: string): string {
  const line = plainText(cell).replace(/\s+/g, ' ').trim();
  return line.slice(0, takenOfCell).toWellFormed();
}
