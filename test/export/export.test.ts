import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Conversation } from '../../src/conversation/conversation.ts';
import { createImporter, openExport } from '../../src/conversation/import.ts';
import { withoutFiles } from '../../src/conversation/without-files.ts';
import { type Clean, exportConversation, formatOfPath, type ExportOptions } from '../../src/export/export.ts';
import { toSnapshot } from '../../src/snapshot/privacy.ts';
import { aMessage, aReadConversation, readEntry } from '../support/conversations.ts';
import { sampleNames } from '../support/samples.ts';

const asItIs: Clean = {
  snapshot: (snapshot) => Promise.resolve(snapshot),
  fileNames: ({ fileNames }) => Promise.resolve(fileNames),
};

const all: ExportOptions = { format: 'json', id: 'talk', shown: undefined, link: undefined };
const shown = { thinking: false };
const draw = (snapshot: object) => Promise.resolve(JSON.stringify(snapshot));

const snapshotOf = (conversation: Conversation) =>
  JSON.stringify(toSnapshot(conversation, [], undefined, { thinking: true }));

describe('a round trip', () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'share-round-trip-')));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Exports, imports the file into an empty library, and reads what is in there. */
  async function thereAndBack(conversation: Conversation): Promise<Conversation> {
    const path = join(folder, 'exported.json');
    writeFileSync(path, await exportConversation(conversation, all, asItIs, draw));
    const library = join(folder, 'library');
    const source = await openExport(path);
    for await (const found of source.conversations()) {
      if ('problem' in found) throw found.problem;
      expect(createImporter(library).add(found).what).toBe('added');
      expect(createImporter(library).add(found).what).toBe('unchanged');
    }
    source.close();
    const [id, ...more] = readdirSync(library);
    expect(more).toEqual([]);
    return readEntry(id ?? '', library);
  }

  test.each(sampleNames)('of %s gives the same snapshot, byte for byte, but for its files', async (name) => {
    const conversation = await readEntry(name);
    const back = await thereAndBack(conversation);
    expect(snapshotOf(back)).toBe(snapshotOf(withoutFiles(conversation)));
    expect(back).toEqual(withoutFiles(conversation));
  });

  test('of a conversation without files gives all of it back, private fields too', async () => {
    const conversation = aReadConversation({
      title: 'Zwei\u2028Zeilen "und" mehr 👩‍👩‍👧',
      owner: { id: 'mira', name: 'Mira Kern', email: 'mira@example.org' },
      agent: { sessionId: 's-1', model: 'm' },
      settings: [1, { a: null }],
      messages: [
        aMessage('s', 'system', { type: 'text', text: 'Be kind.' }),
        { id: 'empty', role: 'user', parts: [] },
        aMessage('blank', 'user', { type: 'text', text: '' }),
        aMessage(
          'm1',
          'assistant',
          { type: 'thinking', text: 'Hm.' },
          { type: 'tool-call', name: 'x', input: null, status: 'pending' },
          { type: 'tool-call', name: 'y', input: { a: ['\r\n\0'] }, output: '', status: 'failed' },
          {
            type: 'tool-call',
            name: 'Task',
            input: 'go',
            output: '{"a": 1}',
            status: 'done',
            subAgent: {
              name: 'Explore',
              messages: [
                aMessage('m1', 'user', { type: 'text', text: 'Look.' }),
                aMessage('m2', 'assistant', {
                  type: 'tool-call',
                  name: 'Task',
                  input: {},
                  status: 'done',
                  subAgent: { messages: [aMessage('m1', 'user', { type: 'text', text: 'Deeper.' })] },
                }),
              ],
            },
          },
          { type: 'sources', sources: [{ title: 'T', url: 'https://example.org/' }, { url: 'file:///x' }] },
        ),
      ],
    });
    const back = await thereAndBack(conversation);
    expect(snapshotOf(back)).toBe(snapshotOf(conversation));
    expect(back).toEqual(conversation);
  });
});

const secretive = aReadConversation({
  title: 'Public title by Canary-Name',
  owner: { id: 'canary-owner', name: 'Canary-Name', email: 'canary@example.org' },
  agent: { model: 'canary-model' },
  settings: { theme: 'canary-settings' },
  files: [{ name: 'public by canary@example.org.png', content: { bytes: new Uint8Array([1]) } }],
  messages: [
    aMessage('canary-id-1', 'system', { type: 'text', text: 'canary-system' }),
    aMessage('canary-id-2', 'developer', { type: 'text', text: 'canary-developer' }),
    aMessage('canary-id-3', 'user', { type: 'text', text: 'public-question in /home/canary/app' }),
    aMessage(
      'canary-id-4',
      'assistant',
      { type: 'thinking', text: 'canary-thinking' },
      { type: 'text', text: 'public-answer for Canary-Name' },
      { type: 'image', file: 'public by canary@example.org.png', alt: 'public-alt canary@example.org' },
      {
        type: 'tool-call',
        name: 'public-tool',
        input: { path: '/home/canary/in' },
        output: 'public-output of canary@example.org',
        status: 'done',
        subAgent: {
          messages: [
            aMessage('canary-id-5', 'system', { type: 'text', text: 'canary-agent-system' }),
            aMessage(
              'canary-id-6',
              'user',
              { type: 'text', text: 'public-task' },
              { type: 'image', file: 'public by canary@example.org.png' },
            ),
          ],
        },
      },
      { type: 'sources', sources: [{ title: 'public-source', url: 'file:///home/canary/x' }] },
    ),
  ],
});

async function textOf(options: Partial<ExportOptions>): Promise<string> {
  const content = await exportConversation(secretive, { ...all, ...options }, asItIs, draw);
  return typeof content === 'string' ? content : readParquet(content);
}

async function readParquet(bytes: Uint8Array): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'share-parquet-'));
  const path = join(folder, 'table.parquet');
  const duckdb = await DuckDBInstance.create(':memory:');
  try {
    writeFileSync(path, bytes);
    const rows = await (await duckdb.connect()).runAndReadAll(`select * from '${path}'`);
    return JSON.stringify(rows.getRowObjectsJson());
  } finally {
    duckdb.closeSync();
    rmSync(folder, { recursive: true, force: true });
  }
}

const canaries = /canary(?:-[a-z-]+)?/gi;

describe('what is private', () => {
  test.each(['json', 'csv', 'parquet', 'markdown', 'html'] as const)(
    'is not in %s for everybody, and what is public is',
    async (format) => {
      const text = await textOf({ format, shown });
      expect(text.match(canaries)).toBeNull();
      for (const word of ['public-question', 'public-answer', 'public-output', 'public-task'])
        expect(text).toContain(word);
    },
  );

  test.each(['markdown', 'html'] as const)('is in %s only as far as it is thinking', async (format) => {
    expect((await textOf({ format })).match(canaries)).toEqual(['canary-thinking']);
    const withThinking = { thinking: true };
    expect((await textOf({ format, shown: withThinking })).match(canaries)).toEqual(['canary-thinking']);
  });

  test.each(['json', 'csv', 'parquet'] as const)('is in %s for the owner', async (format) => {
    const text = await textOf({ format });
    for (const word of ['canary-system', 'canary-thinking', 'canary-agent-system', 'canary-id-4'])
      expect(text).toContain(word);
  });
});

describe('for everybody', () => {
  test('JSON is what is published beside the page, but for the files', async () => {
    const json = JSON.parse(await textOf({ shown, link: 'https://x.example/share/1' })) as object;
    expect(json).toEqual({
      link: 'https://x.example/share/1',
      ...toSnapshot(withoutFiles(secretive), [], undefined, shown),
    });
    expect(Object.keys(JSON.parse(await textOf({ shown })) as object)[0]).toBe('version');
  });

  test('tables name files as viewers see them', async () => {
    const csv = await textOf({ format: 'csv', shown });
    expect(csv).toMatch(/"\[""public by [^@]*\.png""\]"/);
  });

  test('Markdown has a link where the conversation is shared, and no files', async () => {
    const link = 'https://x.example/share/1';
    expect(await textOf({ format: 'markdown', link })).toContain(`- Link: <${link}>`);
    const unshared = await textOf({ format: 'markdown' });
    expect(unshared).not.toContain('Link:');
    expect(unshared).not.toContain('## Files');
  });
});

test('exporting changes nothing of the conversation', async () => {
  const before = structuredClone(secretive);
  for (const format of ['json', 'csv', 'parquet', 'markdown', 'html'] as const)
    await textOf({ format, shown });
  expect(secretive).toEqual(before);
});

test.each([
  ['a.json', 'json'],
  ['/x/a.CSV', 'csv'],
  ['a.b.parquet', 'parquet'],
  ['a.md', 'markdown'],
  ['a.htm', 'html'],
  ['a.txt', undefined],
  ['json', undefined],
  ['a.json.gz', undefined],
])('the extension of %s means %s', (path, format) => {
  expect(formatOfPath(path)).toBe(format);
});

test('a sample exported as JSON reads like its conversation.json', async () => {
  const conversation = await readEntry('refund-ticket');
  const exported = JSON.parse(
    (await exportConversation(conversation, { ...all, id: 'refund-ticket' }, asItIs, draw)) as string,
  ) as { id: string; messages: { id: string }[] };
  const path = new URL('../../data/conversations/refund-ticket/conversation.json', import.meta.url);
  const original = JSON.parse(readFileSync(path, 'utf8')) as typeof exported;
  expect(exported.id).toBe('refund-ticket');
  const visible = original.messages.filter((message) => !('hidden' in message));
  expect(exported.messages.map(({ id }) => id)).toEqual(visible.map(({ id }) => id));
});
