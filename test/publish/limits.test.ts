import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { usualLimits, type Limits } from '../../src/limits.ts';
import { aConversation, aDataFolder, owner, type DataFolder } from '../support/data-folder.ts';

let data: DataFolder;

beforeEach(() => {
  data = aDataFolder();
});

afterEach(() => data.remove());

const message = (index: number, content: unknown = 'Hello.') => ({ id: `m${index}`, role: 'user', content });
const call = (input: unknown, more = {}) => [{ type: 'tool-call', name: 'Ask', input, ...more }];
const manyOf = (count: number) => Array.from({ length: count }, (_, index) => message(index));

interface Case {
  limits: Partial<Limits>;
  conversation: Record<string, unknown>;
  files?: Record<string, string>;
  says: string;
}

const half = 'x'.repeat(600_000);

const over: [string, Case][] = [
  [
    'more messages',
    {
      limits: { messages: 3 },
      conversation: { messages: manyOf(4) },
      says: 'The conversation has 4 messages; the limit `messages` is 3.',
    },
  ],
  [
    'more messages of sub-agents',
    {
      limits: { messages: 3 },
      conversation: { messages: [message(0, call({}, { subAgent: { messages: manyOf(4) } }))] },
      says: 'The conversation has 5 messages; the limit `messages` is 3.',
    },
  ],
  [
    'a longer message',
    {
      limits: { messageMb: 1 },
      conversation: {
        messages: [message(0), message(1, [{ type: 'text', text: half }, ...call({ a: [half] })])],
      },
      says: 'Message 2 of the conversation has 1.201 MB of text; the limit `messageMb` is 1.',
    },
  ],
  [
    'deeper nesting',
    {
      limits: { nesting: 3 },
      conversation: { messages: [message(0, call({ a: [{ b: [] }] }))] },
      says: 'What a tool was given is nested deeper; the limit `nesting` is 3.',
    },
  ],
  [
    'more files',
    {
      limits: { files: 1 },
      conversation: { files: [{ name: 'a.txt' }, { name: 'b.txt' }] },
      files: { 'a.txt': 'a', 'b.txt': 'b' },
      says: 'The conversation has 2 files; the limit `files` is 1.',
    },
  ],
  [
    'a larger file',
    {
      limits: { fileMb: 1 },
      conversation: { files: [{ name: 'a.txt' }] },
      files: { 'a.txt': half + half },
      says: 'File a.txt has 1.2 MB; the limit `fileMb` is 1.',
    },
  ],
  [
    'larger files together',
    {
      limits: { filesMb: 1 },
      conversation: { files: [{ name: 'a.txt' }, { name: 'b.txt' }] },
      files: { 'a.txt': half, 'b.txt': half },
      says: 'The files have 1.2 MB together; the limit `filesMb` is 1.',
    },
  ],
  [
    'more pages',
    {
      limits: { pages: 2 },
      conversation: {
        messages: Array.from({ length: 9 }, (_, index) => message(index, 'word '.repeat(20_000))),
      },
      says: 'The conversation fills 5 pages; the limit `pages` is 2.',
    },
  ],
];

describe.each(over)(
  'a conversation with %s than the limit',
  (_name, { limits, conversation, files, says }) => {
    test('is not published: the error says what is how large, and how to raise the limit', async () => {
      data.write('talk', aConversation(conversation), files);
      const app = await open(limits);
      await expect(app.publisher.create('talk', owner)).rejects.toMatchObject({
        code: 'source_invalid',
        message: says,
        hint: expect.stringContaining(`{"limits": {"${Object.keys(limits).join()}": …}}`) as string,
      });
      app.close();
    });

    test('keeps its last good page, and is published once the limit is raised', async () => {
      data.write('talk');
      let app = await open(limits);
      const { share } = await app.publisher.create('talk', owner);
      const page = () => readFileSync(join(data.paths.output, 'share', share.id, 'index.html'), 'utf8');
      const before = page();
      data.write('talk', aConversation(conversation), files);
      await sleep(100); // until nothing more can be written in the same tick of the file system's clock
      expect(await app.publisher.sync('talk')).toBe('failed');
      expect(page()).toBe(before);
      expect(app.registry.active('talk')?.problem).toEqual({
        kind: 'failed',
        code: 'source_invalid',
        message: `${says} The page that was live is still live.`,
      });
      expect(await app.publisher.syncAll()).toMatchObject({ unchanged: 1, failed: 0 });
      app.close();
      app = await open({});
      expect(await app.publisher.syncAll()).toMatchObject({ published: 1, failed: 0 });
      expect(page()).not.toBe(before);
      app.close();
    });
  },
);

test('at the limits a conversation is published', async () => {
  const limits = { messages: 3, messageMb: 1, nesting: 3, files: 2, fileMb: 1, filesMb: 2, pages: 3 };
  const names = [{ name: 'a.txt' }, { name: 'b.txt' }];
  const million = 'x'.repeat(1_000_000);
  const messages = [message(0, call({ a: [[]] })), message(1, million), message(2)];
  data.write('talk', aConversation({ messages, files: names }), { 'a.txt': million, 'b.txt': million });
  const app = await open(limits);
  expect((await app.publisher.create('talk', owner)).outcome).toBe('published');
  app.close();
});

async function open(limits: Partial<Limits>) {
  const { openApp } = await import('../../cli/app.ts');
  return openApp({ ...data.paths, limits: { ...usualLimits, ...limits } });
}
