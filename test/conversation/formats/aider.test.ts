import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { aider } from '../../../src/conversation/formats/aider.ts';
import { detectText, options, partsOf } from './reading.ts';

const history = readFileSync(new URL('../../fixtures/aider/.aider.chat.history.md', import.meta.url), 'utf8');
const read = (text: string) => aider.read(text, options);

test('a history shows both sides, and nothing of the program', () => {
  const reading = read(history);
  expect(partsOf(reading).flat()).toEqual([
    { type: 'text', text: 'The cart total is wrong.\n\n```ts\ntotal(1.005)\n```' },
    {
      type: 'text',
      text: [
        '#### Where it happens\n\nIt is rounded twice:\n\n\nsrc/cart.ts',
        '```ts\n-Math.round(Math.round(total))\n+Math.round(total)\n```',
      ].join('\n'),
    },
    { type: 'text', text: '/ask and now?' },
    { type: 'text', text: 'Now it is right.' },
  ]);
  expect(reading.conversation).toMatchObject({
    title: 'The cart total is wrong. ```ts total(1.005) ```',
    type: 'coding session',
    createdAt: '2026-03-02T09:00:05.000Z',
    updatedAt: '2026-03-03T10:00:00.000Z',
  });
  expect(reading.losses.hidden).toEqual({ 'notice of the program': 9 });
});

test('lines of the person are told from headings where an editor took the spaces away, too', () => {
  const { conversation } = read(
    '# aider chat started at 2026-03-02 09:00:05\n\n#### one\n#### two\n\nanswer\n',
  );
  expect(conversation.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
});

test('a history without a word of the person is refused', () => {
  expect(() => read('# aider chat started at 2026-03-02 09:00:05\n\n> Aider v0.86.2  \n')).toThrow(
    expect.objectContaining({ code: 'source_invalid' }),
  );
});

test('only a file that begins with a chat is recognised', () => {
  expect(detectText(aider, history)).toBeDefined();
  expect(detectText(aider, `${'\n'.repeat(20)}# aider chat started at`)).toBeUndefined();
  expect(detectText(aider, '# Notes on aider chat\n\n#### one  \n')).toBeUndefined();
});
