import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { share } from '../support/cli.ts';
import { aDataFolder, type DataFolder } from '../support/data-folder.ts';
import { aChatGptConversation, aClaudeConversation, unpacked, zipped } from '../support/exports.ts';

let data: DataFolder;

beforeEach(() => {
  data = aDataFolder();
});

afterEach(() => data.remove());

const run = (...args: string[]) => share(args, { env: { SHARE_DATA: data.paths.data } });

const aMessage = (text: string) => ({
  author: { role: 'assistant' },
  content: { content_type: 'text', parts: [text] },
  metadata: {},
  recipient: 'all',
});

const holding = (...conversations: unknown[]) => ({ 'conversations.json': JSON.stringify(conversations) });

const pageOf = (link: string) =>
  readFileSync(join(data.paths.output, 'share', link.trim().slice(-26), 'index.html'), 'utf8');

test('a ZIP with one conversation is copied into the library and shared; a newer one brings the same link up to date', async () => {
  const first = await run(
    'create',
    await zipped(data.paths.data, holding(aClaudeConversation(1, 'The gate', 'Mend it.'))),
  );
  expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('Shared "The gate"') as string });
  expect(pageOf(first.stdout)).toContain('Mend it.');
  const newer = holding(aClaudeConversation(1, 'The gate', 'Paint it.'));
  const again = await run('create', await zipped(data.paths.data, newer));
  expect(again).toMatchObject({ code: 0, stdout: first.stdout });
  expect(pageOf(first.stdout)).toContain('Paint it.');
  expect(readdirSync(data.paths.library)).toHaveLength(1);
});

test('--branch takes another branch of the one in a ZIP', async () => {
  const { mapping, ...rest } = aChatGptConversation('c1', 'Gate', 'With steel.') as {
    mapping: Record<string, object>;
  };
  const other = { id: 'c', parent: 'a', children: [], message: aMessage('With wood.') };
  const tree = { ...mapping, a: { ...mapping.a, children: ['b', 'c'] }, c: other };
  const path = await zipped(data.paths.data, holding({ ...rest, mapping: tree }));
  const first = await run('create', path);
  expect(pageOf(first.stdout)).toContain('With steel.');
  const pages = [];
  for (const branch of ['1', '2']) {
    const { stdout } = await run('create', path, '--branch', branch);
    expect(stdout).toBe(first.stdout);
    pages.push(/With (?:steel|wood)/.exec(pageOf(stdout))?.[0]);
  }
  expect(pages.sort()).toEqual(['With steel', 'With wood']);
  expect(await run('create', path, '--branch', '3')).toMatchObject({ code: 1 });
  expect(await run('create', path, '--with-written-files')).toMatchObject({ code: 2 });
});

test('a ZIP with many is refused with the command that takes them, and nothing is copied', async () => {
  const path = await zipped(
    data.paths.data,
    holding(aClaudeConversation(1, 'The gate'), aClaudeConversation(2, 'The boat')),
  );
  const { code, stdout, stderr } = await run('create', path);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`${path}: holds more than one conversation.`);
  expect(stderr).toContain('`share import`');
  expect(readdirSync(data.paths.library)).toEqual([]);
});

test('a ZIP that is no export says what it must be', async () => {
  const { code, stderr } = await run('create', await zipped(data.paths.data, { 'notes.txt': 'nothing' }));
  expect(code).toBe(1);
  expect(stderr).toContain('conversations.json');
});

test('a conversation in a ZIP that cannot be read says why', async () => {
  const { code, stderr } = await run(
    'create',
    await zipped(data.paths.data, holding({ ...aClaudeConversation(1, 'Empty'), chat_messages: [{}] })),
  );
  expect(code).toBe(1);
  expect(stderr).toContain('export.zip');
});

test('the folder of an unpacked export with one conversation is followed where it lies', async () => {
  const folder = unpacked(data.paths.data, holding(aClaudeConversation(1, 'The gate', 'Mend it.')));
  const { code, stdout } = await run('create', folder);
  expect(code).toBe(0);
  expect(pageOf(stdout)).toContain('Mend it.');
  unpacked(data.paths.data, holding(aClaudeConversation(1, 'The gate', 'Paint it.')));
  expect((await run('create', folder)).stdout).toBe(stdout);
  expect(pageOf(stdout)).toContain('Paint it.');
});

test('--branch takes one that was written to before the others, and an older export leaves the copy as it is', async () => {
  const at = (updated: number, ...children: string[]) => {
    const said = (text: string, time: number) => ({ ...aMessage(text), create_time: time });
    const leaf = (id: string, text: string, time: number) => ({
      [id]: { id, parent: 'a', children: [], message: said(text, time) },
    });
    return {
      conversation_id: 'c1',
      title: 'Gate',
      create_time: 1_772_442_000,
      update_time: updated,
      current_node: children.at(-1),
      mapping: {
        a: {
          id: 'a',
          parent: null,
          children,
          message: { ...said('Hello', 1_772_442_000), author: { role: 'user' } },
        },
        ...leaf('b', 'With wood.', 1_772_443_000),
        ...(children.includes('c') ? leaf('c', 'With steel.', 1_772_448_000) : {}),
      },
    };
  };
  const newer = holding(at(1_772_448_000, 'b', 'c'));
  const { stdout: link } = await run('create', await zipped(data.paths.data, newer));
  expect(pageOf(link)).toContain('With steel.');
  const older = await run('create', await zipped(data.paths.data, holding(at(1_772_443_000, 'b'))));
  expect(older).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('is newer, and is left') as string,
  });
  expect(pageOf(link)).toContain('With steel.');
  await run('create', await zipped(data.paths.data, newer), '--branch', '1');
  expect(pageOf(link)).toContain('With wood.');
});

test('a branch that is not there is refused', async () => {
  const path = await zipped(data.paths.data, holding(aClaudeConversation(1, 'The gate')));
  expect(await run('create', path, '--branch', '2')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('There is no branch 2') as string,
  });
});
