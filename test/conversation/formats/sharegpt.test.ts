import { describe, expect, test } from 'vitest';
import { shareGpt } from '../../../src/conversation/formats/sharegpt.ts';
import { detect, partsOf, readDocument, workMs } from './reading.ts';

const turn = (from: string, value: string) => ({ from, value });
const read = (conversations: readonly unknown[], more: object = {}) =>
  readDocument(shareGpt, { conversations, ...more });

describe('turns', () => {
  test.each(['human', 'user', 'User'])('%s is the person', async (from) => {
    const { conversation } = await read([turn(from, 'x')]);
    expect(conversation.messages[0]?.role).toBe('user');
  });

  test.each(['gpt', 'chatgpt', 'bard', 'bing', 'assistant', 'GPT'])('%s is the assistant', async (from) => {
    const { conversation } = await read([turn(from, 'x')]);
    expect(conversation.messages[0]?.role).toBe('assistant');
  });

  test('of the system, and of an unknown speaker, are left out with a count', async () => {
    const { conversation, losses } = await read(
      [turn('system', 'x'), turn('human', 'y'), turn('critic', 'z'), 'w'],
      { system: 'v', images: ['a.png'] },
    );
    expect(conversation.messages).toEqual([
      { id: 'message-2', role: 'user', parts: [{ type: 'text', text: 'y' }] },
    ]);
    expect(losses).toMatchObject({
      hidden: { 'system message': 2 },
      unknown: { 'turn of critic': 1, 'turn without a speaker': 1, 'images beside the conversation': 1 },
    });
  });

  test('show as thinking what a model thought before its answer, with the calls that it thought of', async () => {
    const call = '<tool_call>{"name":"f","arguments":{}}</tool_call>';
    const thought = { type: 'thinking', text: `hm ${call}` };
    const reading = await read([
      turn('gpt', `<think>hm ${call}</think>\nb`),
      turn('gpt', `<think>hm ${call}</think><thinking>on</thinking>${call}`),
      turn('gpt', `<think>hm ${call}`),
      turn('human', '<think>mine</think>'),
    ]);
    expect(partsOf(reading)).toMatchObject([
      [thought, { type: 'text', text: 'b' }],
      [thought, { type: 'thinking', text: 'on' }, { type: 'tool-call', name: 'f' }],
      [thought],
      [{ type: 'text', text: '<think>mine</think>' }],
    ]);
  });

  test('with a megabyte of thoughts are read in time', async () => {
    const start = performance.now();
    const texts = ['<think></think>', '<think>', '<think>a</think> \n', '</think>'];
    await read(texts.map((text) => turn('gpt', text.repeat(1_000_000 / text.length))));
    // 0.1 s on an idle core.
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test('may say role and content', async () => {
    const reading = await read([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ]);
    expect(partsOf(reading).flat()).toMatchObject([{ text: 'a' }, { text: 'b' }]);
  });
});

describe('calls of tools', () => {
  test('are joined to what was observed', async () => {
    const reading = await read([
      turn('function_call', '{"name":"f","arguments":{"a":1}}'),
      turn('observation', ' one '),
      turn('function_call', 'free text'),
      turn('gpt', 'ok'),
    ]);
    expect(partsOf(reading)).toEqual([
      [
        { type: 'tool-call', name: 'f', input: { a: 1 }, output: 'one', status: 'done' },
        { type: 'tool-call', name: 'tool', input: 'free text', status: 'pending' },
      ],
      [{ type: 'text', text: 'ok' }],
    ]);
  });

  test('between tags are taken out of the text', async () => {
    const call = (name: string) => `<tool_call>\n{"name":"${name}","arguments":{}}\n</tool_call>`;
    const reading = await read([
      turn('gpt', `Both.\n${call('a')}\n${call('b')}`),
      turn('tool', '<tool_response>\n1\n</tool_response>\n<tool_response>2</tool_response>'),
      turn('gpt', 'Not closed: <tool_call>'),
    ]);
    expect(partsOf(reading)).toEqual([
      [
        { type: 'text', text: 'Both.' },
        { type: 'tool-call', name: 'a', input: {}, output: '1', status: 'done' },
        { type: 'tool-call', name: 'b', input: {}, output: '2', status: 'done' },
      ],
      [{ type: 'text', text: 'Not closed: <tool_call>' }],
    ]);
  });

  test('a text full of open tags is read in no time', async () => {
    const start = workMs();
    await read([turn('gpt', '<tool_call>'.repeat(200_000))]);
    expect(workMs() - start).toBeLessThan(1000);
  });
});

describe('recognising the format', () => {
  const one = { id: 'x', conversations: [turn('human', 'a'), turn('gpt', 'b')] };

  test('one, a list, and lines are', () => {
    expect(detect(shareGpt, [], one)).toEqual({ why: expect.stringMatching(/conversations/) as string });
    expect(detect(shareGpt, [], [one])).toMatchObject({ many: true });
    expect(detect(shareGpt, [one, one])).toMatchObject({ many: true });
  });

  test.each([
    ['an empty one', { conversations: [] }],
    ['a list of chats', { conversations: [{ id: 'x', title: 'y', mapping: {} }] }],
    ['messages', { messages: [{ role: 'user', content: 'x' }] }],
    ['bare turns', [turn('human', 'x')]],
  ])('%s is not', (_name, document) => {
    expect(detect(shareGpt, [], document)).toBeUndefined();
  });
});
