import { stringify } from 'csv-stringify/sync';
import { columns, type Row } from './rows.ts';

/**
 * Comma-separated values in UTF-8 with a header (RFC 4180, lines end with `\n`). Every text is quoted, so that an
 * empty one is told from null, which is an empty field without quotes.
 */
export function toCsv(rows: readonly Row[]): string {
  return stringify([...rows], {
    header: true,
    columns: columns.map(({ name }) => name),
    quoted_string: true,
    cast: { date: (time) => ({ value: time.toISOString(), quoted_string: false }) },
  });
}
