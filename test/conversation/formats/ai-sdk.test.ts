import { describe, expect, test } from 'vitest';
import { aiSdk } from '../../../src/conversation/formats/ai-sdk.ts';
import { detect, partsOf, readDocument } from './reading.ts';

const said = (...parts: unknown[]) => ({ id: 'u', role: 'user', parts });
const answered = (...parts: unknown[]) => ({ id: 'a', role: 'assistant', parts });
const read = (messages: readonly unknown[]) => readDocument(aiSdk, messages);
const call = (state: string, more: object = {}) => ({
  type: 'tool-weather',
  toolCallId: '1',
  state,
  input: { city: 'Oslo' },
  ...more,
});

test('a message shows text, thinking and links, and nothing of the application', async () => {
  const reading = await read([
    answered(
      { type: 'step-start' },
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'Yes.' },
      { type: 'source-url', sourceId: 's', url: 'https://example.org/', title: 'Example' },
      { type: 'source-document', sourceId: 's', title: 'x' },
      { type: 'data-progress', data: 1 },
      { type: 'hologram' },
    ),
  ]);
  expect(partsOf(reading)).toEqual([
    [
      { type: 'thinking', text: 'Hm.' },
      { type: 'text', text: 'Yes.' },
      { type: 'sources', sources: [{ title: 'Example', url: 'https://example.org/' }] },
    ],
  ]);
  expect(reading.losses).toMatchObject({
    hidden: { bookkeeping: 1, 'source without an address': 1, 'data of the application': 1 },
    unknown: { 'part hologram': 1 },
  });
});

describe('a tool call', () => {
  test.each([
    ['input-streaming', {}, { status: 'pending' }],
    ['input-available', {}, { status: 'pending' }],
    ['approval-requested', { approval: { id: 'x' } }, { status: 'pending' }],
    ['approval-responded', { approval: { id: 'x', approved: true } }, { status: 'pending' }],
    ['output-available', { output: { rain: 1 } }, { status: 'done', output: '{\n  "rain": 1\n}' }],
    ['output-available', { output: 'so far', preliminary: true }, { status: 'pending', output: 'so far' }],
    ['output-available', {}, { status: 'done', output: '' }],
    ['output-error', { errorText: 'gone' }, { status: 'failed', output: 'gone' }],
    ['output-denied', { approval: { approved: false, reason: 'no' } }, { status: 'failed', output: 'no' }],
    ['output-denied', { approval: { approved: false } }, { status: 'failed' }],
  ])('with the state %s and %j', async (state, more, expected) => {
    expect(partsOf(await read([answered(call(state, more))]))).toEqual([
      [{ type: 'tool-call', name: 'weather', input: { city: 'Oslo' }, ...expected }],
    ]);
  });

  test('may have its name beside it', async () => {
    const dynamic = { ...call('output-available', { output: 'x' }), type: 'dynamic-tool', toolName: 'mcp' };
    expect(partsOf(await read([answered(dynamic)]))).toMatchObject([[{ name: 'mcp', output: 'x' }]]);
  });

  test('of version 4 stands in a part or beside the content', async () => {
    const invocation = { state: 'result', toolCallId: '1', toolName: 'f', args: { a: 1 }, result: [2] };
    const joined = { type: 'tool-call', name: 'f', input: { a: 1 }, output: '[\n  2\n]', status: 'done' };
    const reading = await read([
      { id: '1', role: 'assistant', content: 'x', toolInvocations: [invocation] },
      {
        id: '2',
        role: 'assistant',
        content: 'x',
        reasoning: 'said again in the parts',
        toolInvocations: [invocation],
        parts: [
          { type: 'reasoning', reasoning: 'Hm.', details: [] },
          { type: 'tool-invocation', toolInvocation: invocation },
          { type: 'tool-invocation', toolInvocation: { ...invocation, state: 'call', result: undefined } },
          { type: 'text', text: 'x' },
        ],
      },
    ]);
    expect(partsOf(reading)).toEqual([
      [{ type: 'text', text: 'x' }, joined],
      [
        { type: 'thinking', text: 'Hm.' },
        joined,
        { type: 'tool-call', name: 'f', input: { a: 1 }, status: 'pending' },
        { type: 'text', text: 'x' },
      ],
    ]);
  });

  test('of a model message is joined to the answer of the tool', async () => {
    const made = (id: string) => ({ type: 'tool-call', toolCallId: id, toolName: 'f', input: { id } });
    const result = (id: string, output: object) => ({ type: 'tool-result', toolCallId: id, output });
    const reading = await read([
      { role: 'assistant', content: [made('1'), made('2'), made('3')] },
      {
        role: 'tool',
        content: [
          result('2', { type: 'error-text', value: 'no' }),
          result('1', { type: 'json', value: { x: 1 } }),
          result('3', { type: 'execution-denied', reason: 'not now' }),
        ],
      },
    ]);
    expect(partsOf(reading)).toMatchObject([
      [
        { input: { id: '1' }, output: '{\n  "x": 1\n}', status: 'done' },
        { input: { id: '2' }, output: 'no', status: 'failed' },
        { input: { id: '3' }, output: 'not now', status: 'failed' },
      ],
    ]);
  });
});

test('files come from every version', async () => {
  const { conversation } = await read([
    said({ type: 'file', mediaType: 'image/png', filename: 'a.png', url: 'data:image/png;base64,AQID' }),
    said({ type: 'file', mimeType: 'application/pdf', data: 'AQIE' }),
    {
      role: 'user',
      content: 'x',
      experimental_attachments: [
        { name: 'b.txt', contentType: 'text/plain', url: 'data:text/plain;base64,AQIF' },
        { name: 'c.txt', contentType: 'text/plain', url: 'https://example.org/c.txt' },
      ],
    },
  ]);
  expect(conversation.files.map(({ name, mediaType }) => [name, mediaType])).toEqual([
    ['a.png', 'image/png'],
    ['document-2.pdf', 'application/pdf'],
    ['b.txt', 'text/plain'],
  ]);
});

test('a time in the metadata is the time of the message', async () => {
  const { conversation } = await read([
    { ...said({ type: 'text', text: 'x' }), metadata: { createdAt: 1767261600000 } },
  ]);
  expect(conversation.createdAt).toBe('2026-01-01T10:00:00.000Z');
});

describe('recognising the format', () => {
  const message = said({ type: 'text', text: 'x' });

  test.each([
    ['a list', [message]],
    ['an object', { id: 'x', messages: [message] }],
    ['version 4', [{ id: 'x', role: 'assistant', content: '', toolInvocations: [] }]],
    ['model messages', [{ role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'x' }] }]],
  ])('%s is', (_name, document) => {
    expect(detect(aiSdk, [], document)).toBeDefined();
  });

  test('many are', () => {
    expect(detect(aiSdk, [], [{ messages: [message] }])).toMatchObject({ many: true });
    expect(detect(aiSdk, [{ messages: [message] }, { messages: [message] }])).toMatchObject({ many: true });
  });

  test.each([
    ['OpenAI messages', [{ role: 'user', content: 'x' }]],
    ['opencode', { info: {}, messages: [{ info: { role: 'user' }, parts: [{ type: 'text' }] }] }],
    ['contents of the Gemini API', [{ role: 'user', parts: [{ text: 'x' }] }]],
    ['Claude.ai', [{ uuid: 'x', chat_messages: [{ sender: 'human', text: 'x' }] }]],
  ])('%s is not', (_name, document) => {
    expect(detect(aiSdk, [], document)).toBeUndefined();
  });
});
