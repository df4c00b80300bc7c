import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Message } from '../../src/conversation/conversation.ts';
import { type Clean, exportConversation } from '../../src/export/export.ts';
import { columns } from '../../src/export/rows.ts';
import { aMessage, aReadConversation } from '../support/conversations.ts';

const asItIs: Clean = {
  snapshot: (snapshot) => Promise.resolve(snapshot),
  fileNames: ({ fileNames }) => Promise.resolve(fileNames),
};

/* Read back by DuckDB, which shares no code with what wrote them. */

let folder: string;
let duckdb: DuckDBInstance;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'share-tables-'));
  duckdb = await DuckDBInstance.create(':memory:');
});
afterAll(() => {
  duckdb.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

async function write(format: 'csv' | 'parquet', messages: Message[]): Promise<string> {
  const path = join(folder, `table.${format}`);
  const wish = { format, id: 'x', shown: undefined, link: undefined };
  const content = await exportConversation(aReadConversation({ messages }), wish, asItIs, () =>
    Promise.resolve(''),
  );
  writeFileSync(path, content);
  return `read_${format}('${path}')`;
}

async function query(sql: string) {
  const connection = await duckdb.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
  }
}

const typesOf = async (source: string) =>
  (await query(`describe select * from ${source}`)).map((row) => [row['column_name'], row['column_type']]);

const hard = [
  'plain',
  'أهلاً, 日本語, 👩‍👩‍👧, e\u0301 \u200F',
  '"quoted", with ; and\ttab',
  'line\nline\r\nline\rend',
  'alone\rhere',
  "=1+1;'x",
  ' ',
  '',
  'x'.repeat(70_000),
];

const messages: Message[] = [
  ...hard.map((text, index) => aMessage(`m${index}`, 'user', { type: 'text', text })),
  aMessage(
    'last',
    'assistant',
    { type: 'thinking', text: 'Hm.' },
    { type: 'tool-call', name: 'Bash', input: { command: 'echo "é"' }, output: 'é\n', status: 'done' },
    { type: 'file', file: 'a "b".csv' },
  ),
  { id: 'timeless', role: 'tool', parts: [] },
];

describe('Parquet', () => {
  test('has the documented columns and types', async () => {
    const types = { integer: 'INTEGER', timestamp: 'TIMESTAMP', text: 'VARCHAR' };
    expect(await typesOf(await write('parquet', messages))).toEqual(
      columns.map(({ name, type }) => [name, types[type]]),
    );
  });

  test('has them also where every value of a column is null, and where there is no row', async () => {
    const types = await typesOf(await write('parquet', messages));
    expect(await typesOf(await write('parquet', [{ id: 'm', role: 'user', parts: [] }]))).toEqual(types);
    expect(await typesOf(await write('parquet', []))).toEqual(types);
    expect(await query(`select count(*) as n from ${await write('parquet', [])}`)).toEqual([{ n: '0' }]);
  });

  test('gives back every text, time and null', async () => {
    const source = await write('parquet', messages);
    const texts = await query(`select text from ${source} order by message`);
    expect(texts.map(({ text }) => text)).toEqual([...hard, '', '']);
    expect(await query(`select * from ${source} where id = 'last'`)).toEqual([
      {
        round: 7, // those of white space alone begin none
        message: 10,
        id: 'last',
        role: 'assistant',
        created_at: '2026-03-01 10:00:00',
        text: '',
        thinking: 'Hm.',
        tool_calls: '[{"name":"Bash","input":{"command":"echo \\"é\\""},"output":"é\\n","status":"done"}]',
        tool_call_count: 1,
        sources: null,
        files: '["a \\"b\\".csv"]',
      },
    ]);
    expect(await query(`select created_at, tool_calls from ${source} where id = 'timeless'`)).toEqual([
      { created_at: null, tool_calls: null },
    ]);
    expect(
      await query(`select tool_calls->0->'input'->>'command' as c from ${source} where id = 'last'`),
    ).toEqual([{ c: 'echo "é"' }]);
  });

  test('holds 10,000 rows in their order', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      aMessage(`m${index}`, index % 2 === 0 ? 'user' : 'assistant', { type: 'text', text: `Text ${index}` }),
    );
    const source = await write('parquet', many);
    expect(
      await query(
        `select count(*) as n, max(round) as rounds, count(distinct id) as ids,
           bool_and(text = 'Text ' || (message - 1)) as same from ${source}`,
      ),
    ).toEqual([{ n: '10000', rounds: 5_000, ids: '10000', same: true }]);
    expect(await query(`select message from ${source} limit 1 offset 9999`)).toEqual([{ message: 10_000 }]);
  });
});

describe('CSV', () => {
  test('has the documented columns, and times that DuckDB takes for times', async () => {
    const types = { integer: 'BIGINT', timestamp: 'TIMESTAMP WITH TIME ZONE', text: 'VARCHAR' };
    expect(await typesOf(await write('csv', messages))).toEqual(
      columns.map(({ name, type }) => [name, name === 'sources' ? 'VARCHAR' : types[type]]),
    );
  });

  test('gives back every text', async () => {
    const source = await write('csv', messages);
    const texts = await query(`select text from ${source} order by message`);
    // To DuckDB an empty text in a CSV is none, quoted or not.
    expect(texts.map(({ text }) => text ?? '')).toEqual([...hard, '', '']);
  });

  test('tells an empty text from null by its quotes', async () => {
    await write('csv', messages);
    const wish = { format: 'csv', id: 'x', shown: undefined, link: undefined } as const;
    const conversation = aReadConversation({ messages: [{ id: 'm', role: 'user', parts: [] }] });
    const csv = await exportConversation(conversation, wish, asItIs, () => Promise.resolve(''));
    expect(csv).toBe(`${columns.map(({ name }) => `"${name}"`).join(',')}\n1,1,"m","user",,"",,,0,,\n`);
    expect(parse(csv as string)).toHaveLength(2);
  });
});
