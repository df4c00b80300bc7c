import { describe, expect, test } from 'vitest';
import { openAiMessages } from '../../../src/conversation/formats/openai-messages.ts';
import { detect, partsOf, readDocument } from './reading.ts';

const read = (messages: readonly unknown[], more: object = {}) =>
  readDocument(openAiMessages, { messages, ...more });

const said = (content: unknown) => ({ role: 'user', content });
const answered = (content: unknown, more: object = {}) => ({ role: 'assistant', content, ...more });
const called = (id: string, name: string, text: string) => ({
  id,
  type: 'function',
  function: { name, arguments: text },
});

describe('messages', () => {
  test('are numbered by their place, which does not change while the list grows', async () => {
    const { conversation, losses } = await read([
      { role: 'system', content: 'x' },
      said('Hi'),
      answered('Hello'),
    ]);
    expect(conversation.messages).toEqual([
      { id: 'message-2', role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
      { id: 'message-3', role: 'assistant', parts: [{ type: 'text', text: 'Hello' }] },
    ]);
    expect(conversation).toMatchObject({
      title: 'Hi',
      type: 'chat',
      createdAt: '1970-01-01T00:00:00.000Z',
      updatedAt: '1970-01-01T00:00:00.000Z',
      agent: { tool: 'OpenAI messages' },
    });
    expect(losses).toEqual({ hidden: { 'system message': 1 }, unknown: {}, malformedLines: [] });
  });

  test('keep an id and a time of their own where the program wrote some', async () => {
    const { conversation } = await read(
      [
        { ...said('a'), id: 'x', created_at: 1767261600 },
        { ...said('b'), id: 'x', timestamp: '2026-01-01T11:00:00Z' },
      ],
      { id: 'chat-1', title: 'Kept', model: 'gpt' },
    );
    expect(conversation.messages.map(({ id }) => id)).toEqual(['x', 'x-2']);
    expect(conversation).toMatchObject({
      title: 'Kept',
      createdAt: '2026-01-01T10:00:00.000Z',
      updatedAt: '2026-01-01T11:00:00.000Z',
      agent: { sessionId: 'chat-1', model: 'gpt' },
    });
  });

  test('are read from a bare list, too', async () => {
    expect(partsOf(await readDocument(openAiMessages, [said('Hi')]))).toEqual([
      [{ type: 'text', text: 'Hi' }],
    ]);
  });

  test('show text, refusals and thinking', async () => {
    const reading = await read([
      said([{ type: 'input_text', text: 'a' }, { text: 'b' }, 'c']),
      answered([
        { type: 'output_text', text: 'd' },
        { type: 'refusal', refusal: 'e' },
      ]),
      answered('<think>\nf\n</think>\n\ng'),
      answered('h', { reasoning_content: 'i' }),
      answered('<think>never closed'),
      said('<think>asked about it</think>'),
    ]);
    expect(partsOf(reading)).toEqual([
      ['a', 'b', 'c'].map((text) => ({ type: 'text', text })),
      ['d', 'e'].map((text) => ({ type: 'text', text })),
      [
        { type: 'thinking', text: 'f' },
        { type: 'text', text: 'g' },
      ],
      [
        { type: 'thinking', text: 'i' },
        { type: 'text', text: 'h' },
      ],
      [{ type: 'thinking', text: 'never closed' }],
      [{ type: 'text', text: '<think>asked about it</think>' }],
    ]);
  });

  test('of an unknown role, or no messages at all, are counted and not shown', async () => {
    const { conversation, losses } = await read([said('a'), { role: 'critic', content: 'b' }, 'c', {}]);
    expect(conversation.messages).toHaveLength(1);
    expect(losses.unknown).toEqual({
      'message with the role critic': 1,
      'message that is no object': 1,
      'message with no role': 1,
    });
  });

  test('that show nothing are refused', async () => {
    for (const messages of [[], [{ role: 'system', content: 'x' }], [said('  ')], 'x'])
      await expect(readDocument(openAiMessages, { messages })).rejects.toMatchObject({
        code: 'source_invalid',
      });
  });
});

describe('calls of tools', () => {
  test('are joined to their answers by id, in whatever order these come', async () => {
    const reading = await read([
      answered(null, { tool_calls: [called('1', 'a', '{"x":1}'), called('2', 'b', 'not JSON')] }),
      { role: 'tool', tool_call_id: '2', content: [{ type: 'text', text: 'two' }] },
      { role: 'tool', tool_call_id: '1', content: 'one' },
      answered(null, { tool_calls: [called('3', 'c', '')] }),
    ]);
    expect(partsOf(reading)).toEqual([
      [
        { type: 'tool-call', name: 'a', input: { x: 1 }, output: 'one', status: 'done' },
        { type: 'tool-call', name: 'b', input: 'not JSON', output: 'two', status: 'done' },
      ],
      [{ type: 'tool-call', name: 'c', input: '', status: 'pending' }],
    ]);
  });

  test('with the same id twice are answered one after the other', async () => {
    const call = answered(null, { tool_calls: [called('call_0', 'a', '{}')] });
    const answer = (content: string) => ({ role: 'tool', tool_call_id: 'call_0', content });
    const reading = await read([call, answer('first'), call, answer('second')]);
    expect(partsOf(reading).flat()).toMatchObject([{ output: 'first' }, { output: 'second' }]);
  });

  test('of the old kind are joined by name', async () => {
    const reading = await read([
      answered(null, { function_call: { name: 'f', arguments: '{}' } }),
      { role: 'function', name: 'f', content: '42' },
    ]);
    expect(partsOf(reading)).toEqual([
      [{ type: 'tool-call', name: 'f', input: {}, output: '42', status: 'done' }],
    ]);
  });

  test('of the Responses API stand beside the messages', async () => {
    const reading = await read([
      said('go'),
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'x' },
      { type: 'function_call', call_id: '1', name: 'f', arguments: '{"a":1}' },
      { type: 'function_call_output', call_id: '1', output: 'done' },
    ]);
    expect(partsOf(reading).slice(1)).toEqual([
      [
        { type: 'thinking', text: 'Hm.' },
        { type: 'tool-call', name: 'f', input: { a: 1 }, output: 'done', status: 'done' },
      ],
    ]);
    expect(reading.losses.hidden).toEqual({ 'encrypted reasoning': 1 });
  });

  test('of Anthropic are blocks, with pictures in the answer', async () => {
    const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AQID' } };
    const reading = await read([
      answered([
        { type: 'thinking', thinking: 'Hm.', signature: 'x' },
        { type: 'redacted_thinking', data: 'x' },
        { type: 'tool_use', id: '1', name: 'shot', input: { of: 'page' } },
      ]),
      said([
        {
          type: 'tool_result',
          tool_use_id: '1',
          is_error: true,
          content: [{ type: 'text', text: 'half' }, picture],
        },
      ]),
    ]);
    expect(partsOf(reading)).toEqual([
      [
        { type: 'thinking', text: 'Hm.' },
        { type: 'tool-call', name: 'shot', input: { of: 'page' }, output: 'half', status: 'failed' },
      ],
      [{ type: 'image', file: 'image-1.png' }],
    ]);
    expect(reading.losses.hidden).toEqual({ 'redacted thinking': 1 });
  });

  test('are answered once: a second answer is shown as a call of its own', async () => {
    const reading = await read([
      answered(null, { tool_calls: [called('1', 'a', '{}')] }),
      { role: 'tool', tool_call_id: '1', content: 'first' },
      { role: 'tool', tool_call_id: '1', content: 'second' },
    ]);
    expect(partsOf(reading).flat()).toMatchObject([
      { name: 'a', output: 'first' },
      { name: 'tool', output: 'second' },
    ]);
  });

  test('an answer to no call is shown as a call of its own', async () => {
    const reading = await read([said('a'), { role: 'tool', name: 'f', tool_call_id: '9', content: 'x' }]);
    expect(partsOf(reading)[1]).toEqual([
      { type: 'tool-call', name: 'f', input: null, output: 'x', status: 'done' },
    ]);
  });

  test('nested beyond reason lose their input and their output with a count', async () => {
    const deep: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    const { conversation, losses } = await read([
      answered([{ type: 'tool_use', id: '1', name: 'T', input: deep }]),
      said([{ type: 'tool_result', tool_use_id: '1', content: deep }]),
    ]);
    expect(conversation.messages[0]?.parts).toMatchObject([{ input: null, output: '' }]);
    expect(losses.hidden).toEqual({ 'tool input nested too deep': 1, 'tool output nested too deep': 1 });
  });
});

describe('files', () => {
  test('that stand in the message are kept, once, without the folder they were in', async () => {
    const { conversation } = await read([
      said([
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AQID' } },
        { type: 'input_image', image_url: 'data:image/png;base64,AQID' },
        {
          type: 'file',
          file: { filename: 'C:\\Users\\me\\a.pdf', file_data: 'data:application/pdf;base64,AQIE' },
        },
        { type: 'document', title: 'note', source: { type: 'text', media_type: 'text/plain', data: 'Hi' } },
      ]),
    ]);
    expect(conversation.files).toEqual([
      { name: 'image-1.png', mediaType: 'image/png', content: { bytes: new Uint8Array([1, 2, 3]) } },
      { name: 'a.pdf', mediaType: 'application/pdf', content: { bytes: new Uint8Array([1, 2, 4]) } },
      { name: 'note', mediaType: 'text/plain', content: { bytes: new TextEncoder().encode('Hi') } },
    ]);
    expect(conversation.messages[0]?.parts).toHaveLength(4);
  });

  test('that are somewhere else are counted; a voice message leaves a note', async () => {
    const { conversation, losses } = await read([
      said([
        { type: 'image_url', image_url: { url: 'https://example.org/x.png?key=1' } },
        { type: 'file', file: { file_id: 'file-1' } },
        { type: 'input_audio', input_audio: { data: 'AQID', format: 'wav' } },
      ]),
    ]);
    expect(conversation.messages[0]?.parts).toEqual([{ type: 'text', text: '*A voice message.*' }]);
    expect(losses).toMatchObject({
      hidden: { sound: 1 },
      unknown: { 'image_url without bytes': 1, 'file without bytes': 1 },
    });
  });
});

test('citations become sources', async () => {
  const link = { url: 'https://example.org/', title: 'Example' };
  const reading = await read([
    answered('a', { annotations: [{ type: 'url_citation', url_citation: link }] }),
    answered([{ type: 'output_text', text: 'b', annotations: [{ type: 'url_citation', ...link }] }]),
    answered([{ type: 'text', text: 'c', citations: [{ type: 'char_location', cited_text: 'x' }] }]),
  ]);
  const sources = { type: 'sources', sources: [link] };
  expect(partsOf(reading).map(([, part]) => part)).toEqual([sources, sources, undefined]);
});

describe('recognising the format', () => {
  const chat = { messages: [said('a'), answered('b')] };

  test.each([
    ['an object', [], chat, {}],
    ['a bare list', [], chat.messages, {}],
    ['a list of objects', [], [chat, chat], { many: true }],
    ['lines', [chat, chat, '{"messages":[{"ro'], undefined, { many: true }],
    ['a call without content', [], [{ role: 'assistant', tool_calls: [] }], {}],
    ['one odd message among others', [], [said('a'), answered('b'), { role: 'critic' }], {}],
  ])('%s is', (_name, lines, document, expected) => {
    const detection = detect(openAiMessages, lines, document);
    expect(detection).toMatchObject(expected);
    expect(detection?.many).toBe('many' in expected ? true : undefined);
  });

  test.each([
    ['nothing', [], undefined],
    ['an empty list', [], []],
    ['no messages', [], { messages: [] }],
    ['LibreChat', [], { conversationId: 'x', messages: [{ messageId: 'y', sender: 'User', text: 'z' }] }],
    ['opencode', [], { info: {}, messages: [{ info: { role: 'user' }, parts: [] }] }],
    ['Gemini', [], { sessionId: 'x', messages: [{ type: 'user', content: 'x' }] }],
    ['a design chat of Claude.ai', [], { uuid: 'x', project: {}, messages: chat.messages }],
    ['a message of the AI SDK', [], [{ id: 'x', role: 'user', content: '', parts: [{ type: 'text' }] }]],
    ['Open WebUI', [], [{ id: 'x', chat: { history: {} } }]],
    ['a Claude Code line', [{ type: 'user', message: said('x'), uuid: 'y' }], undefined],
    ['an old Codex line', [{ type: 'message', role: 'user', content: [] }], undefined],
    ['other lists', [], [1, 2]],
  ])('%s is not', (_name, lines, document) => {
    expect(detect(openAiMessages, lines, document)).toBeUndefined();
  });
});
