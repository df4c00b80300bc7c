import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { aider } from '../../../src/conversation/formats/aider.ts';
import { detectText, options, partsOf, textsOf } from './reading.ts';

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

describe('thinking', () => {
  const tag = 'thinking-content-7bbeb8e1441453ad999a0bbba8a46d4b';
  const other = `thinking-content-${'0a'.repeat(16)}`;
  const begin = '--------------\n► **THINKING**';
  const end = '------------\n► **ANSWER**';
  const thought = (text: string) => ({ type: 'thinking', text });
  const words = (text: string) => ({ type: 'text', text });
  const chat = (...answers: string[]) =>
    answers.map((answer, index) => `#### ${index + 1}  \n\n${answer}\n\n> Tokens: 3.1k sent  \n\n`).join('');
  const answersIn = (text: string) =>
    read(`# aider chat started at 2026-03-02 09:00:05\n\n${text}`)
      .conversation.messages.filter(({ role }) => role === 'assistant')
      .map(({ parts }) => parts);

  test.each([
    ['tags of Aider', `<${tag}>\n\nhm\n\nhm\n\n</${tag}>\n\nb`],
    ['tags of another version', `<${other}>\n\nhm\n\nhm\n\n</${other}>\n\nb`],
    ['headings', `${begin}\n\nhm\n\nhm\n\n${end}\n\nb`],
    ['older headings', '-----\n**► THINKING**\n\nhm\n\nhm\n\n-----\n**► ANSWER**\n\nb'],
    ['headings without a rule', '► **THINKING**\n\nhm\n\nhm\n\n► **ANSWER**\n\nb'],
    ['tags of the model', '<think>\nhm\n\nhm\n</think>\n\nb'],
    ['other tags of the model', '<thinking>hm\n\nhm</thinking>\nb'],
    ['tags within a line', `<${tag}>hm\n\nhm</${tag}>b`],
    ['an end alone', `hm\n\nhm\n\n</${tag}>\n\nb`],
    ['an end alone, shown', `hm\n\nhm\n\n${end}\n\nb`],
  ])('between %s is no answer', (_name, text) => {
    expect(answersIn(chat(text))).toEqual([[thought('hm\n\nhm'), words('b')]]);
  });

  test.each([
    ['tag of Aider', `<${tag}>\n\nhm`],
    ['heading', `${begin}\n\nhm`],
    ['tag of the model', '<think>\nhm'],
  ])('after a %s that nothing ends goes on to the words of the person', (_name, text) => {
    expect(answersIn(chat(text, 'b'))).toEqual([[thought('hm')], [words('b')]]);
  });

  test.each([
    ['tags', `<${tag}>\n\nhm\n\n</${tag}>\n\nb`],
    ['headings', `${begin}\n\nhm\n\n${end}\n\nb`],
    ['tags of the model', '<think>\nhm\n</think>\n\nb'],
  ])('of a second answer without a word of the person is found by its %s', (_name, text) => {
    expect(answersIn(chat(`a\n\n> Fix lint errors? y  \n\n${text}`))).toEqual([
      [words('a'), thought('hm'), words('b')],
    ]);
    expect(answersIn(chat(`${text}\n\n> Fix lint errors? y  \n\n${text}`))).toEqual([
      [thought('hm'), words('b'), thought('hm'), words('b')],
    ]);
  });

  test.each([
    ['tags', `<${tag}>\n\nhm\n\n#### Step 1  \n#### 2\n\nhm\n\n</${tag}>\n\nb`],
    ['headings', `${begin}\n\nhm\n\n#### Step 1  \n#### 2\n\nhm\n\n${end}\n\nb`],
    ['tags of the model', '<think>\nhm\n\n#### Step 1  \n#### 2\n\nhm\n</think>\n\nb'],
  ])('with headings like the words of the person stays thinking between %s', (_name, text) => {
    const parts = [thought('hm\n\n#### Step 1  \n#### 2\n\nhm'), words('b')];
    expect(answersIn(chat(text))).toEqual([parts]);
    expect(answersIn(chat(text).replaceAll('#### 1  ', '#### 1'))).toEqual([parts]);
  });

  test('with marks of other thinking stays thinking up to its own end', () => {
    const inner = 'hm\n\n<think>\nhm\n</think>\n\nhm';
    expect(answersIn(chat(`<${tag}>\n\n${inner}\n\n</${tag}>\n\nb`))).toEqual([[thought(inner), words('b')]]);
  });

  test('that was broken off does not swallow the turns until thinking ends again', () => {
    const whole = `<${tag}>\n\nhm\n\n</${tag}>\n\nb`;
    expect(answersIn(chat(`<${tag}>\n\nhm`, whole))).toEqual([[thought('hm')], [thought('hm'), words('b')]]);
    const broken = chat(`<${tag}>\n\nhm`);
    const next = `# aider chat started at 2026-03-03 09:00:05\n\n${chat(`hm\n\n</${tag}>\n\nb`)}`;
    expect(answersIn(broken + next)).toEqual([[thought('hm')], [thought('hm'), words('b')]]);
  });

  test('is not what an answer or the person says about its tags', () => {
    const text = 'Write <think> and </think>, or:\n\n```xml\n<x>\n<think>\n</think>\n```';
    expect(answersIn(chat(text))).toEqual([[words(text)]]);
    expect(
      textsOf(read(`${chat('b')}#### <${tag}>  \n#### ► **THINKING**  \n`).conversation.messages),
    ).toEqual(['1', 'b', `<${tag}>\n► **THINKING**`]);
  });

  test('is told in time from many marks', () => {
    const texts = [
      '<think>\n\n',
      '</think>',
      `<${tag}>\n`,
      `</${tag}>\n`,
      `<${tag}>a</${tag}>\n`,
      `${begin}\n`,
    ]
      .concat(`${end}\n`, '-', '---\n', '► **', '<think>\n', '\n')
      .map((text) => text.repeat(300_000 / text.length));
    const start = performance.now();
    for (const text of texts) answersIn(chat('a', text, text));
    // 1 s on an idle core.
    expect(performance.now() - start).toBeLessThan(5_000);
  });
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
