import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noAttachments } from '../../../src/conversation/formats/format.ts';
import { recognise } from '../../../src/conversation/formats/formats.ts';
import { native } from '../../../src/conversation/formats/native.ts';
import { createForeignReader, recogniseFile } from '../../../src/conversation/foreign.ts';
import { detect, options } from './reading.ts';

const messages = [{ id: 'm1', role: 'user', content: 'Hello' }];
const document = { version: 1, id: 'talk', title: 'A talk', messages };

describe('a document of this program', () => {
  test('is told by version, id, title and messages, before any other format', () => {
    expect(recognise({ lines: [], records: [], document })?.format).toBe(native);
    expect(recognise({ lines: [], records: [document], document })?.format).toBe(native);
    expect(detect(native, [], { ...document, messages: [] })).toBeDefined();
  });

  test.each([
    ['messages for a model', { model: 'm', messages: [{ role: 'user', content: 'Hello' }] }],
    ['a chat of a UI library', { id: 'x', messages: [{ id: 'm', role: 'user', parts: [] }] }],
    ['one with parts in place of content', { ...document, messages: [{ id: 'm', role: 'user', parts: [] }] }],
    ['a conversation with a tree', { id: 'x', title: 'x', mapping: {}, current_node: 'y' }],
    ['a conversation without a version', { id: 'x', title: 'x', messages }],
    ['a session', { version: '1.0', id: 'x', title: 'x', messages }],
    ['an array', [document]],
    ['nothing', undefined],
  ])('is not %s', (_what, other) => {
    expect(detect(native, [], other)).toBeUndefined();
  });

  test('of a newer version says what to do', async () => {
    const newer = { ...document, version: 2 };
    expect(detect(native, [], newer)).toBeDefined();
    await expect(async () => native.read(newer, options, noAttachments)).rejects.toMatchObject({
      code: 'source_invalid',
      hint: 'Install a newer conversation-share.',
    });
  });
});

describe('its files', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'share-native-')));
    path = join(folder, 'exported.json');
    mkdirSync(join(folder, 'files', 'sub'), { recursive: true });
    for (const name of ['a.csv', 'sub/b.png', 'somebody-elses.txt'])
      writeFileSync(join(folder, 'files', name), name);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function read(value: object) {
    writeFileSync(path, JSON.stringify(value, null, 2));
    const { format } = await recogniseFile(path);
    expect(format).toBe(native);
    return (await createForeignReader().read(path, format)).conversation;
  }

  test('are those that it lists', async () => {
    const { files } = await read({ ...document, files: [{ name: 'a.csv', description: 'Sales' }] });
    expect(files).toEqual([
      { name: 'a.csv', description: 'Sales', content: { path: join(folder, 'files', 'a.csv') } },
    ]);
  });

  test('are those that its messages show where it lists none, and never all that lies there', async () => {
    const content = [{ type: 'image', file: 'sub/b.png' }];
    const { files } = await read({ ...document, messages: [{ id: 'm1', role: 'user', content }] });
    expect(files.map(({ name }) => name)).toEqual(['sub/b.png']);
    expect((await read(document)).files).toEqual([]);
  });

  test('must be there', async () => {
    await expect(read({ ...document, files: [{ name: 'gone.csv' }] })).rejects.toThrow(
      `${path}: conversation: "gone.csv" is not in files/ beside it.`,
    );
  });

  test('are not looked for outside of files/', async () => {
    await expect(read({ ...document, files: [{ name: '../exported.json' }] })).rejects.toThrow(
      'expected a path inside files/',
    );
  });
});
