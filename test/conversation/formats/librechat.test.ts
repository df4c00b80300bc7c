import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Part } from '../../../src/conversation/conversation.ts';
import { noAttachments } from '../../../src/conversation/formats/format.ts';
import { libreChat } from '../../../src/conversation/formats/librechat.ts';
import { damage, detect, options, shownBy, textsOf } from './reading.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/librechat/${name}`, import.meta.url), 'utf8');
const flat = fixture('flat.json');
const nested = fixture('nested.json');

const read = async (value: unknown, more: object = {}) =>
  libreChat.read(value, { ...options, ...more }, noAttachments);

const root = '00000000-0000-0000-0000-000000000000';

const said = (messageId: string, parentMessageId?: string, more: object = {}) => ({
  messageId,
  parentMessageId,
  text: messageId,
  isCreatedByUser: true,
  ...more,
});

async function answer(message: object): Promise<Part[]> {
  const { conversation } = await read({
    conversationId: 'x',
    messages: [said('a', root, { isCreatedByUser: false, text: '', ...message })],
  });
  return conversation.messages.flatMap(({ parts }) => parts);
}

describe.each([
  ['a list', flat],
  ['nested', nested],
])('an export of messages as %s', (_name, file) => {
  const whole: unknown = JSON.parse(file);

  test('is read with thoughts, tools, files and sources, on the newest branch', async () => {
    const { conversation } = await read(whole);
    expect(conversation.title).toBe('The race');
    expect(conversation.messages.map(({ id, role, parts }) => [id, role, parts])).toEqual([
      [
        'q1',
        'user',
        [
          { type: 'text', text: 'Who won the race?' },
          { type: 'file', file: 'list.pdf.txt' },
          { type: 'text', text: '*[image not in the export: `finish.png`]*' },
        ],
      ],
      [
        'a2',
        'assistant',
        [
          { type: 'thinking', text: 'I should search.' },
          {
            type: 'tool-call',
            name: 'web_search',
            input: { query: 'race' },
            output: 'Found it at /images/free.png',
            status: 'done',
          },
          { type: 'text', text: 'Mira won.' },
          { type: 'sources', sources: [{ title: 'The race', url: 'https://example.org/race' }] },
        ],
      ],
      ['q2', 'user', [{ type: 'text', text: 'And who was second?' }]],
      [
        'a3',
        'assistant',
        [
          { type: 'thinking', text: 'The list has one name.' },
          { type: 'text', text: 'Nobody: see *[image not in the export]*.' },
        ],
      ],
    ]);
    expect([conversation.createdAt, conversation.updatedAt]).toEqual([
      '2026-04-01T08:00:00.000Z',
      '2026-04-01T08:00:25.000Z',
    ]);
  });

  test('tells what was left out, and why', async () => {
    expect((await read(whole)).losses).toEqual({
      hidden: { bookkeeping: 1, memory: 1, 'notice of the program': 1, 'other branch': 1 },
      unknown: { 'image not in the export': 2 },
      malformedLines: [],
      branch: { taken: 2, of: 2 },
    });
  });

  test('shows nothing private, nor an id of an account', async () => {
    expect(shownBy(await read(whole))).not.toMatch(/canary|0123456789abcdef/);
  });

  test('keeps what describes the agent, and its settings, apart', async () => {
    const { agent, settings } = (await read(whole)).conversation;
    expect(agent).toEqual({
      tool: 'LibreChat',
      sessionId: 'c0ffee00-4444-4555-8666-canary000006',
      model: 'canary-model',
      endpoint: 'canary-endpoint',
      promptPrefix: 'canary-prompt',
    });
    expect(settings).toEqual({ temperature: 0.8 });
  });

  test('an answer that was tried again is read by the number of its branch', async () => {
    const { conversation } = await read(whole, { branch: 1 });
    expect(textsOf(conversation.messages).at(-1)).toBe('canary-retried');
  });

  test('damaged, it is read or refused, and shows no private field', async () => {
    await damage(file, (value) => read(value), /retried|not-cited|path/);
  });
});

describe('the tree', () => {
  test('a message whose parent was left out follows the one before it', async () => {
    const messages = [said('a', root), said('b', 'gone'), said('c')];
    const { conversation, losses } = await read({ conversationId: 'x', messages });
    expect(textsOf(conversation.messages)).toEqual(['a', 'b', 'c']);
    expect(losses.branch).toEqual({ taken: 1, of: 1 });
  });

  test('a first message that was edited is a branch', async () => {
    const messages = [said('a', root), said('b', 'a'), said('c', root)];
    const { conversation, losses } = await read({ conversationId: 'x', messages });
    expect(textsOf(conversation.messages)).toEqual(['c']);
    expect(losses.branch).toEqual({ taken: 2, of: 2 });
  });

  test('the messages may hang below an object', async () => {
    const messages = { message: null, children: [said('a', root, { children: [said('b', 'a')] })] };
    const { conversation } = await read({ conversationId: 'x', recursive: true, messages });
    expect(textsOf(conversation.messages)).toEqual(['a', 'b']);
  });

  test('a conversation that nests 20,000 deep is read', async () => {
    let message: object = said('last');
    for (let n = 0; n < 20_000; n += 1) message = said(`m${n}`, undefined, { children: [message] });
    const { conversation } = await read({ conversationId: 'x', messagesTree: [message] });
    expect(conversation.messages).toHaveLength(20_001);
  });

  test.each([
    ['null', null],
    ['no messages', { conversationId: 'x' }],
    ['only an error', { conversationId: 'x', messages: [said('a', root, { error: true, text: 'canary' })] }],
  ])('%s is refused', async (_name, value) => {
    await expect(read(value)).rejects.toMatchObject({ code: 'source_invalid' });
  });
});

describe('content', () => {
  test('where there is content, the text is not shown again', async () => {
    expect(await answer({ text: 'x', content: [{ type: 'text', text: { value: 'y' } }] })).toEqual([
      { type: 'text', text: 'y' },
    ]);
    expect(await answer({ text: 'x', content: [] })).toEqual([{ type: 'text', text: 'x' }]);
    expect(await answer({ text: 'x', content: null })).toEqual([{ type: 'text', text: 'x' }]);
  });

  test('what a model thought between tags before its answer is thinking', async () => {
    const hm = { type: 'thinking', text: 'hm' };
    const b = { type: 'text', text: 'b' };
    expect(await answer({ text: '<think>\nhm\n</think>\n\nb' })).toEqual([hm, b]);
    expect(await answer({ text: ':::thinking\nhm\n:::\n<thinking>hm</thinking>b' })).toEqual([hm, hm, b]);
    expect(await answer({ content: [{ type: 'text', text: '<think>hm</think>b' }] })).toEqual([hm, b]);
    expect(await answer({ text: '<think>hm' })).toEqual([hm]);
    const [asked] = await answer({ isCreatedByUser: true, text: '<think>hm</think>b' });
    expect(asked).toEqual({ type: 'text', text: '<think>hm</think>b' });
  });

  test('every form of a tool call is read', async () => {
    const calls = [
      { type: 'function', function: { name: 'dice', arguments: '{"sides":6}', output: '4' } },
      {
        type: 'code_interpreter',
        code_interpreter: { input: '2 + 2', outputs: [{ type: 'logs', logs: '4' }] },
      },
      { type: 'retrieval', retrieval: {}, progress: 1 },
      { name: 'slow', args: { a: 1 }, output: '' },
      {},
    ];
    expect(await answer({ content: calls.map((tool_call) => ({ type: 'tool_call', tool_call })) })).toEqual([
      { type: 'tool-call', name: 'dice', input: { sides: 6 }, output: '4', status: 'done' },
      { type: 'tool-call', name: 'code_interpreter', input: '2 + 2', output: '4', status: 'done' },
      { type: 'tool-call', name: 'retrieval', input: null, status: 'done' },
      { type: 'tool-call', name: 'slow', input: { a: 1 }, status: 'pending' },
      { type: 'tool-call', name: 'tool', input: null, status: 'pending' },
    ]);
  });

  test('images are files where their bytes are there, and notes elsewhere, once', async () => {
    const url = 'data:image/png;base64,iVBORw==';
    const parts = await answer({
      content: [
        { type: 'image_url', image_url: { url } },
        { type: 'image_url', image_url: url },
        {
          type: 'image_file',
          image_file: { file_id: '1', filename: 'a.png', filepath: '/images/canary/a.png' },
        },
        { type: 'image_file', image_file: { filename: 'b.png' } },
      ],
      attachments: [
        { file_id: '1', filename: 'a.png', width: 1 },
        { filename: 'c.csv', filepath: 'canary' },
      ],
    });
    expect(parts).toEqual([
      { type: 'image', file: 'image-1.png' },
      { type: 'image', file: 'image-1.png' },
      { type: 'text', text: '*[image not in the export: `b.png`]*' },
      { type: 'text', text: '*[image not in the export: `a.png`]*' },
      { type: 'text', text: '*[file not in the export: `c.csv`]*' },
    ]);
  });

  test('content that is hidden, empty or unknown is counted', async () => {
    const { losses } = await read({
      conversationId: 'x',
      messages: [
        said('a', root, {
          content: [
            { type: 'summary', text: 'canary' },
            { type: 'input_audio', input_audio: { data: 'canary' } },
            { type: 'hologram' },
            null,
          ],
        }),
        said('b', 'a', {
          text: '',
          attachments: [{ type: 'ui_resources' }, { type: 'file_search', file_search: {} }],
        }),
        said('c', 'b', { error: true }),
      ],
    });
    expect(losses.hidden).toEqual({
      'compaction summary': 1,
      'voice recording': 1,
      'empty message': 1,
      'notice of the program': 1,
    });
    expect(losses.unknown).toEqual({
      'content hologram': 1,
      'content without a type': 1,
      'attachment ui_resources': 1,
    });
  });

  test('marks of citations are taken out, and what they cite are sources', async () => {
    const attachments = [
      {
        type: 'web_search',
        web_search: { turn: 0, references: [{ link: 'https://a.example', title: 'A' }] },
      },
      { type: 'web_search', web_search: { turn: 1, topStories: [{ link: 'https://b.example' }] } },
    ];
    const text =
      'One \ue202turn0ref0. \ue203Two\ue204 \ue200\ue202turn1news0\ue202turn0ref0\ue201, three \ue202turn7search0 \\ue202turn0search9';
    expect(await answer({ text, attachments })).toEqual([
      { type: 'text', text: 'One. Two, three' },
      { type: 'sources', sources: [{ title: 'A', url: 'https://a.example' }, { url: 'https://b.example' }] },
    ]);
  });

  test('the frame of an artifact is taken off', async () => {
    const text = 'So:\n:::artifact{identifier="a" type="text/html" title="A"}\n```html\n<b>\n```\n:::\nDone.';
    expect(await answer({ text })).toEqual([{ type: 'text', text: 'So:\n```html\n<b>\n```\n\nDone.' }]);
  });

  test('an older export without isCreatedByUser tells the person by the sender', async () => {
    const messages = [
      { messageId: 'a', sender: 'User', text: 'a' },
      { messageId: 'b', sender: 'GPT-4', text: 'b' },
    ];
    const { conversation } = await read({ conversationId: 'x', messages });
    expect(conversation.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
  });
});

describe('recognising the format', () => {
  test.each([
    ['messages as a list', JSON.parse(flat) as unknown],
    ['nested messages', JSON.parse(nested) as unknown],
    ['no messages yet', { conversationId: null, exportAt: 'x', recursive: false, messages: [] }],
  ])('an export of %s is one', (_name, document) => {
    expect(detect(libreChat, [], document)).toBeDefined();
  });

  test.each([
    ['nothing', undefined],
    ['messages', { messages: [{ role: 'user', content: 'x' }] }],
    ['a list', [{ conversationId: 'x', messages: [{ messageId: 'y' }] }]],
    ['ChatGPT', { mapping: {}, current_node: 'x', conversation_id: 'x', create_time: 1 }],
    ['Claude.ai', { uuid: 'x', chat_messages: [{ sender: 'human', text: 'x' }] }],
    ['Open WebUI', { id: 'x', chat: { history: { currentId: 'x', messages: {} } } }],
    ['chatbot-ui', { version: 4, history: [{ messages: [] }], folders: [] }],
    ['Gemini', { sessionId: 'x', projectHash: 'y', messages: [{ id: '1', type: 'user', content: 'x' }] }],
    ['opencode', { info: { id: 'ses_1' }, messages: [{ info: {}, parts: [] }] }],
  ])('%s is not', (_name, document) => {
    expect(detect(libreChat, [], document)).toBeUndefined();
  });
});
