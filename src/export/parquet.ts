import { parquetWriteBuffer } from 'hyparquet-writer';
import { columns, type Column, type Row } from './rows.ts';

const types = { integer: 'INT32', timestamp: 'TIMESTAMP', text: 'STRING' } as const;

/** Apache Parquet, compressed with Snappy; times in milliseconds of UTC. */
export function toParquet(rows: readonly Row[]): Uint8Array {
  const columnData = columns.map((column) => ({
    name: column.name,
    type: types[column.type],
    nullable: column.isNullable,
    data: rows.map((row) => valueOf(row, column)),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: 'conversation-share' }));
}

function valueOf(row: Row, { name }: Column): Row[keyof Row] {
  return row[name];
}
