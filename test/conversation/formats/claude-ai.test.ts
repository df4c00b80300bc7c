import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Part } from '../../../src/conversation/conversation.ts';
import { claudeAi } from '../../../src/conversation/formats/claude-ai.ts';
import { noAttachments, type Attachments } from '../../../src/conversation/formats/format.ts';
import { beside, damage, detect, options, shownBy, textsOf } from './reading.ts';

const file = readFileSync(new URL('../../fixtures/claude-ai/conversations.json', import.meta.url), 'utf8');
const [empty, whole, old] = JSON.parse(file) as [object, object, object];

const read = async (value: unknown, more: object = {}, attachments: Attachments = noAttachments) =>
  claudeAi.read(value, { ...options, ...more }, attachments);

const said = (content: unknown, more: object = {}) => ({ sender: 'assistant', text: '', content, ...more });
const text = (words: string, more: object = {}) => ({ type: 'text', text: words, ...more });

async function partsOf(content: unknown, more: object = {}): Promise<Part[]> {
  const reading = await read({ chat_messages: [said(content, more)] });
  return reading.conversation.messages.flatMap(({ parts }) => parts);
}

describe('an export', () => {
  test('is read with thoughts, tools, attached text and sources, on the branch that is shown', async () => {
    const { conversation } = await read(whole);
    expect(conversation.title).toBe('Bread at home');
    expect(conversation.messages.map(({ role, parts }) => [role, parts])).toEqual([
      [
        'user',
        [
          { type: 'text', text: 'Plan my bread.' },
          { type: 'file', file: 'flour.pdf.txt' },
          { type: 'text', text: '*[image not in the export: `oven.jpg`]*' },
        ],
      ],
      [
        'assistant',
        [
          { type: 'thinking', text: 'Rye wants sourdough.' },
          {
            type: 'tool-call',
            name: 'web_search',
            input: { query: 'rye bread' },
            output: 'Rye\nhttps://example.org/rye\nRye needs acid.',
            status: 'done',
          },
          { type: 'text', text: 'Rye needs acid, so use sourdough.' },
          {
            type: 'tool-call',
            name: 'artifacts',
            input: {
              command: 'create',
              id: 'plan',
              type: 'text/markdown',
              title: 'Plan',
              content: '# Bread',
            },
            output: 'OK',
            status: 'done',
          },
          { type: 'sources', sources: [{ title: 'Rye', url: 'https://example.org/rye' }] },
        ],
      ],
      ['user', [{ type: 'text', text: 'And rolls?' }]],
      ['assistant', [{ type: 'text', text: 'Use half of it.' }]],
    ]);
    expect(conversation.files).toEqual([
      {
        name: 'flour.pdf.txt',
        mediaType: 'text/plain',
        content: { bytes: new TextEncoder().encode('500 g of rye flour') },
      },
    ]);
    expect([conversation.createdAt, conversation.updatedAt]).toEqual([
      '2026-03-01T10:00:00.000Z',
      '2026-03-01T10:05:00.000Z',
    ]);
  });

  test('tells what was left out, and why', async () => {
    expect((await read(whole)).losses).toEqual({
      hidden: { bookkeeping: 1, 'other branch': 2 },
      unknown: { 'image not in the export': 1 },
      malformedLines: [],
      branch: { taken: 3, of: 3 },
    });
  });

  test('shows nothing private', async () => {
    expect(shownBy(await read(whole))).not.toMatch(/canary/);
    expect(shownBy(await read(old))).not.toMatch(/canary/);
  });

  test('keeps what describes the agent, and its settings, apart', async () => {
    const { agent, settings } = (await read(whole)).conversation;
    expect(agent).toEqual({
      tool: 'Claude.ai',
      sessionId: 'c0ffee00-2222-4333-8444-canary000002',
      model: 'canary-model',
      project_uuid: 'canary-project',
    });
    expect(settings).toEqual({ preview_feature_uses_artifacts: true });
  });

  test('of 2024 is read, with the artifacts that stand in its text', async () => {
    const { conversation } = await read(old);
    expect(conversation.title).toBe('A page with a button, please.');
    expect(conversation.messages[1]?.parts).toEqual([
      { type: 'thinking', text: 'One page is enough.' },
      { type: 'text', text: 'Here it is:' },
      {
        type: 'tool-call',
        name: 'artifacts',
        input: {
          identifier: 'button',
          type: 'text/html',
          title: 'A button',
          content: '<button>Press</button>',
        },
        status: 'done',
      },
      { type: 'text', text: 'Press it.' },
    ]);
  });

  test.each([
    ['a conversation that was opened and left', empty],
    ['null', null],
    ['a conversation without messages', { uuid: 'x' }],
    ['only a system message', { chat_messages: [{ sender: 'system', text: 'x' }] }],
  ])('%s is refused', async (_name, value) => {
    await expect(read(value)).rejects.toMatchObject({ code: 'source_invalid' });
  });
});

describe('branches', () => {
  const chain = (...names: [id: string, parent?: string][]) =>
    names.map(([uuid, parent_message_uuid]) => said([text(uuid)], { uuid, parent_message_uuid }));

  test('without a leaf, the branch that was written to last is shown', async () => {
    const chat_messages = chain(['a'], ['b', 'a'], ['c', 'b'], ['d', 'a']);
    const { conversation, losses } = await read({ chat_messages });
    expect(textsOf(conversation.messages)).toEqual(['a', 'd']);
    expect(losses.branch).toEqual({ taken: 2, of: 2 });
    expect(textsOf((await read({ chat_messages }, { branch: 1 })).conversation.messages)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  test('a message that names none before it, or one that is not there, follows the one before it', async () => {
    const { conversation, losses } = await read({ chat_messages: chain(['a'], ['b'], ['c', 'gone']) });
    expect(textsOf(conversation.messages)).toEqual(['a', 'b', 'c']);
    expect(losses.branch).toEqual({ taken: 1, of: 1 });
  });

  test('messages without ids are told apart', async () => {
    const { conversation } = await read({ chat_messages: [said([text('a')]), said([text('b')])] });
    expect(conversation.messages.map(({ id }) => id)).toEqual(['message-1', 'message-2']);
  });

  test('a first message that was edited is a branch', async () => {
    const root = '00000000-0000-4000-8000-000000000000';
    const { conversation, losses } = await read({
      chat_messages: chain(['a', root], ['b', 'a'], ['c', root]),
    });
    expect(textsOf(conversation.messages)).toEqual(['c']);
    expect(losses.branch).toEqual({ taken: 2, of: 2 });
  });
});

describe('text and content', () => {
  test('where both differ, the content is shown', async () => {
    expect(await partsOf([text('content')], { text: 'text' })).toEqual([{ type: 'text', text: 'content' }]);
  });

  test('a content without words is completed by the text', async () => {
    const thinking = { type: 'thinking', thinking: 'hm' };
    expect(await partsOf([thinking], { text: 'words' })).toEqual([
      { type: 'thinking', text: 'hm' },
      { type: 'text', text: 'words' },
    ]);
    expect(await partsOf('words')).toEqual([{ type: 'text', text: 'words' }]);
    expect(await partsOf(null, { text: 'words' })).toEqual([{ type: 'text', text: 'words' }]);
  });

  test('the note that a block cannot be shown on this device is no word of the answer', async () => {
    const note = '```\nThis block is not supported on your current device yet.\n```';
    expect(
      await partsOf([{ type: 'tool_use', name: 't', input: {} }], { text: `${note}\n\n${note}` }),
    ).toEqual([{ type: 'tool-call', name: 't', input: {}, status: 'pending' }]);
    expect(await partsOf([], { text: `Before\n${note}\nafter` })).toEqual([
      { type: 'text', text: 'Before\n\nafter' },
    ]);
  });

  test('white space at the begin of a line is kept', async () => {
    expect(await partsOf([text('\n    code\n')])).toEqual([{ type: 'text', text: '    code' }]);
  });

  test('an artifact that was cut off goes to the end', async () => {
    expect(await partsOf([text('Here: <antArtifact identifier="x">half')])).toMatchObject([
      { type: 'text', text: 'Here:' },
      { type: 'tool-call', input: { identifier: 'x', content: 'half' } },
    ]);
  });

  test('blocks that are hidden, empty or unknown are counted', async () => {
    const { losses } = await read({
      chat_messages: [
        said([
          { type: 'redacted_thinking', data: 'canary' },
          { type: 'thinking', thinking: '', signature: 'canary' },
          { type: 'flag', flag: 'canary' },
          { type: 'hologram' },
          {},
        ]),
        said([]),
        null,
        { sender: 'critic', text: 'canary' },
      ],
    });
    expect(losses.hidden).toEqual({
      'encrypted reasoning': 2,
      'notice of the program': 1,
      'empty message': 1,
    });
    expect(losses.unknown).toEqual({
      'block hologram': 1,
      'block without a type': 1,
      'message that is no object': 1,
      'message of critic': 1,
    });
  });

  test('thoughts of which only summaries are kept are shown by them', async () => {
    const summaries = [{ summary: 'One.' }, { summary: 'Two.' }];
    expect(await partsOf([{ type: 'thinking', thinking: '', summaries }])).toEqual([
      { type: 'thinking', text: 'One.\n\nTwo.' },
    ]);
  });

  test('the pages that a note of a source gathers are sources', async () => {
    const citations = [
      { url: 'https://a.example', title: 'A', sources: [{ url: 'https://b.example', title: 'B' }] },
    ];
    expect(
      await partsOf([text('x', { citations }), { type: 'odd', citations: [{ url: 'https://c.example' }] }]),
    ).toEqual([
      { type: 'text', text: 'x' },
      {
        type: 'sources',
        sources: [
          { url: 'https://a.example', title: 'A' },
          { url: 'https://b.example', title: 'B' },
        ],
      },
    ]);
  });
});

describe('tools', () => {
  const call = (name: string, id?: string) => ({ type: 'tool_use', id, name, input: { of: name } });
  const result = (content: unknown, more: object = {}) => ({ type: 'tool_result', content, ...more });

  test('calls that are made together get their own results, by id, else by name and order', async () => {
    expect(
      await partsOf([
        call('a', '1'),
        call('a', '2'),
        call('b'),
        call('b'),
        result('second', { tool_use_id: '2', name: 'a' }),
        result('first', { tool_use_id: '1', name: 'a', is_error: true }),
        result('third', { name: 'b' }),
        result([text('fourth'), text('more')], { tool_use_id: null, name: 'b' }),
        result('nobody asked', { name: 'c' }),
      ]),
    ).toMatchObject([
      { name: 'a', output: 'first', status: 'failed' },
      { name: 'a', output: 'second', status: 'done' },
      { name: 'b', output: 'third' },
      { name: 'b', output: 'fourth\n\nmore' },
      { name: 'c', input: null, output: 'nobody asked' },
    ]);
  });

  test('a result in a later message belongs to its call', async () => {
    const { conversation } = await read({
      chat_messages: [
        said([call('a', '1')]),
        said([result('here', { tool_use_id: '1' })], { sender: 'human' }),
      ],
    });
    expect(conversation.messages).toHaveLength(1);
    expect(conversation.messages[0]?.parts).toMatchObject([{ name: 'a', output: 'here' }]);
  });

  test('files of a result stand behind the call', async () => {
    const parts = await partsOf([
      call('a', '1'),
      result(
        [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw==' } },
          { type: 'local_resource', file_path: '/mnt/x/plan.docx', name: 'plan.docx', uuid: 'x' },
          { type: 'hologram' },
        ],
        { tool_use_id: '1' },
      ),
    ]);
    expect(parts.slice(1)).toEqual([
      { type: 'image', file: 'image-1.png' },
      { type: 'text', text: '*[file not in the export: `plan.docx`]*' },
    ]);
  });

  test('input that is nested too deep is left out', async () => {
    let input: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) input = [input];
    expect(await partsOf([{ type: 'tool_use', name: 'a', input }])).toMatchObject([{ input: null }]);
  });
});

describe('attachments', () => {
  const attached = (attachments: object[], files: object[] = []) =>
    partsOf([text('look')], { attachments, files });

  test.each([
    ['notes.md', 'notes.md'],
    ['report.docx', 'report.docx.txt'],
    ['folder/data.csv', 'data.csv'],
    ['LICENSE', 'LICENSE.txt'],
    ['', 'pasted.txt'],
    [undefined, 'pasted.txt'],
  ])('the text of %j becomes the file %s', async (file_name, name) => {
    expect((await attached([{ file_name, extracted_content: 'x' }]))[1]).toEqual({
      type: 'file',
      file: name,
    });
  });

  test('what has no text leaves a note, once', async () => {
    const parts = await attached(
      [{ file_name: 'a.zip', extracted_content: '' }],
      [{ file_name: 'a.zip' }, { file_name: 'b.png' }, { file_uuid: 'x' }],
    );
    expect(parts.slice(1)).toEqual([
      { type: 'text', text: '*[file not in the export: `a.zip`]*' },
      { type: 'text', text: '*[image not in the export: `b.png`]*' },
      { type: 'text', text: '*[file not in the export]*' },
    ]);
  });

  test('a file that lies beside the export under its id is shown', async () => {
    const files = [{ file_name: 'b.png', file_uuid: '22222222-0000-4000-8000-000000000001' }];
    const { conversation } = await read(
      { chat_messages: [said([text('look')], { files })] },
      {},
      beside({ 'files/22222222-0000-4000-8000-000000000001': new Uint8Array([0xff, 0xd8, 0xff]) }),
    );
    expect(conversation.messages[0]?.parts[1]).toEqual({ type: 'image', file: 'b.jpg' });
  });
});

test('damaged exports are read or refused, and show no private field', async () => {
  await damage(file, (value) => read(value), /abandoned|text|edited|thought/);
});

describe('recognising the format', () => {
  test('an export is one, also where it begins with conversations that were left empty', () => {
    expect(detect(claudeAi, [], JSON.parse(file))).toMatchObject({ many: true });
    expect(detect(claudeAi, [], [empty, empty])).toMatchObject({ many: true });
    expect(detect(claudeAi, [], whole)).toEqual({ why: expect.any(String) as string });
    expect(
      detect(claudeAi, [], { title: 'x', chat_messages: [{ role: 'user', content: 'x' }] }),
    ).toBeDefined();
  });

  test.each([
    ['nothing', undefined],
    [
      'a design chat',
      { uuid: 'x', title: 'Chat', project: {}, messages: [{ uuid: 'x', role: 'user', content: {} }] },
    ],
    ['projects', [{ uuid: 'x', name: 'y', docs: [], creator: {} }]],
    ['memories', [{ conversations_memory: 'x', account_uuid: 'y' }]],
    ['users', [{ uuid: 'x', full_name: 'y', email_address: 'z' }]],
    ['ChatGPT', [{ mapping: {}, current_node: 'x', create_time: 1 }]],
    ['messages of something else', [{ chat_messages: [{ body: 'x' }] }]],
    ['an empty list of something else', [{ chat_messages: [] }]],
  ])('%s is not', (_name, document) => {
    expect(detect(claudeAi, [], document)).toBeUndefined();
  });
});

test('a conversation whose messages have no time is of the time that the export gives it', async () => {
  const message = { sender: 'human', text: 'Hello', content: [text('Hello')], created_at: 'yesterday' };
  const times = { created_at: '2022-12-28T18:09:27.970040+00:00', updated_at: '2024-08-08T19:12:06Z' };
  const timesOf = async (more: object) => {
    const { createdAt, updatedAt } = (await read({ uuid: 'x', chat_messages: [message], ...more }))
      .conversation;
    return [createdAt, updatedAt];
  };
  expect(await timesOf(times)).toEqual(['2022-12-28T18:09:27.970Z', '2024-08-08T19:12:06.000Z']);
  expect(await timesOf({ created_at: times.created_at })).toEqual([
    '2022-12-28T18:09:27.970Z',
    '2022-12-28T18:09:27.970Z',
  ]);
  expect(await timesOf({})).toEqual([options.fallbackTime, options.fallbackTime]);
});
