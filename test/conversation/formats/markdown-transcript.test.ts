import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { markdownTranscript } from '../../../src/conversation/formats/markdown-transcript.ts';
import { recogniseFile } from '../../../src/conversation/foreign.ts';
import { detectText, options, workMs } from './reading.ts';

const chat = readFileSync(new URL('../../fixtures/markdown-transcript/chat.md', import.meta.url), 'utf8');
const read = (text: string) => markdownTranscript.read(text, options);

function turnsIn(text: string) {
  return read(text).conversation.messages.map(({ role, parts }) => [
    role,
    ...parts.map((part) => ('text' in part ? part.text : part.type)),
  ]);
}

test('a written chat shows its turns, and nothing that stands before them or was said by the system', () => {
  const { conversation, losses } = read(chat);
  expect(turnsIn(chat)).toEqual([
    ['user', 'How do I round to two places?\n\n```md\n## Assistant\n\nnot a turn\n```'],
    ['assistant', 'Multiply first.\n\n### Response\n\nA heading of the answer.'],
    ['user', 'Thanks.'],
  ]);
  expect(conversation).toMatchObject({
    title: 'Rounding',
    type: 'chat',
    createdAt: '2026-03-02T09:00:05.000Z',
  });
  expect(losses.hidden).toEqual({ 'text before the first turn': 1, 'system message': 1 });
});

describe('turns may begin with', () => {
  test.each([
    ['headings', '## User\n\nHi\n\n## Assistant\n\nHello'],
    ['headings of a level for each side', '##### You said:\n\nHi\n\n###### ChatGPT said:\n\nHello'],
    ['headings of an exporter', '# T\n\n**User:** Mira\n\n## Prompt:\nHi\n\n## Response:\nHello'],
    ['headings with pictures and bold names', '### 🧑‍💻 **Human**\nHi\n### 🤖 **Claude 4.5 Opus:**\nHello'],
    ['bold names', '**User:** Hi\n\n**Assistant:** Hello'],
    ['bold names on a line', '**User**\n\nHi\n\n**Gemini**\n\nHello'],
    ['bold names with a colon after', '**You**: Hi\n\n**ChatGPT**: Hello'],
    ['names', 'Human: Hi\n\nAssistant: Hello'],
    ['names as copied from a page', 'Skip to content\nYou said:\nHi\nChatGPT said:\nHello'],
    ['names, with rules between', 'User: Hi\n\n---\n\nAI: Hello\n\n---\n'],
    ['names, with the line ends of Windows', 'User: Hi\r\n\r\nAI: Hello\r\n'],
  ])('%s', (_name, text) => {
    expect(detectText(markdownTranscript, text)).toBeDefined();
    expect(turnsIn(text)).toEqual([
      ['user', 'Hi'],
      ['assistant', 'Hello'],
    ]);
  });
});

test('what a tool gave back is a call of its own, and thinking is no text', () => {
  const text = '## User\na\n## Assistant\n<think>hm</think>b\n## Tool\nc\n## Developer\nd';
  expect(read(text).conversation.messages).toMatchObject([
    { role: 'user' },
    {
      role: 'assistant',
      parts: [
        { type: 'thinking', text: 'hm' },
        { type: 'text', text: 'b' },
        { type: 'tool-call', name: 'tool', output: 'c' },
      ],
    },
  ]);
});

test('a code block that is never closed swallows no turn', () => {
  expect(turnsIn('## User\n```\na\n## Assistant\nb')).toEqual([
    ['user', '```\na'],
    ['assistant', 'b'],
  ]);
});

test('nor does it keep the code block after it from being one', () => {
  expect(turnsIn('## User\n````\na\n## Assistant\n```\n## User\n```\nb')).toEqual([
    ['user', '````\na'],
    ['assistant', '```\n## User\n```\nb'],
  ]);
});

test('a question may be long', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'transcript-'));
  const path = join(folder, 'chat.md');
  writeFileSync(path, `## User\n${'a line\n'.repeat(1000)}\n## Assistant\nHello\n`);
  expect((await recogniseFile(path)).format).toBe(markdownTranscript);
  rmSync(folder, { recursive: true });
});

describe('no transcript is', () => {
  test.each([
    ['nothing', ''],
    ['a text', '# Notes\n\nThe user said: nothing.\n'],
    ['one side alone', '## User\n\na\n\n## User\n\nb'],
    ['sides of two styles', '## User\n\na\n\n**Assistant:** b'],
    ['turns in a code block', '```\nUser: a\nAssistant: b\n```\n'],
    ['settings', 'user: mira\nassistant: on\n'],
    ['lists', '- User: a\n- Assistant: b'],
    ['bold words at the beginning of a line', '**User** asks\n\n**Assistant** answers'],
    ['a table of names', '| User | Assistant |\n|---|---|'],
    ['an address', 'User:a\nAssistant:b'],
    ['prose', 'Users: many\nAssistants: few\nYou: see\n'],
    ['JSON', '{"a":\n"## User\\n## Assistant"}'],
    ['a log', '{"type":"user"}\nUser: a\nAssistant: b'],
  ])('%s', (_name, text) => {
    expect(detectText(markdownTranscript, text)).toBeUndefined();
  });

  test('and such a text is refused', () => {
    expect(() => read('## User\n\na')).toThrow(expect.objectContaining({ code: 'source_invalid' }));
  });
});

test.each([
  ['openings of code blocks', '```x\n'],
  ['marks', '## User\n'],
  ['stars', '**'],
  ['hashes', '#'],
  ['rules', '---\n'],
  ['spaces', ' '],
  ['names', 'A:'],
])('300 KB of %s is read in no time', (_name, piece) => {
  const text = `User: a\n\nAssistant: b\n${piece.repeat(300_000 / piece.length)}\n`;
  const start = workMs();
  detectText(markdownTranscript, text);
  read(text);
  expect(workMs() - start).toBeLessThan(1000);
});
