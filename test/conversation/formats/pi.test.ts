import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { claudeCode } from '../../../src/conversation/formats/claude-code.ts';
import { gemini } from '../../../src/conversation/formats/gemini.ts';
import { opencodeEvents } from '../../../src/conversation/formats/opencode.ts';
import { pi } from '../../../src/conversation/formats/pi.ts';
import { detect, readLog, testDamagedLog, textsOf } from './reading.ts';

const session = readFileSync(new URL('../../fixtures/pi/session.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');

const read = (lines: readonly unknown[], more = {}) => readLog(pi, lines, more);

const header = { type: 'session', version: 3, id: 's', timestamp: '2026-03-02T09:00:00Z', cwd: '/x' };
const entry = (id: string, parentId: string | null, message: object) => ({
  type: 'message',
  id,
  parentId,
  message,
});
const said = (id: string, parentId: string | null, content: unknown) =>
  entry(id, parentId, { role: 'user', content });
const answered = (id: string, parentId: string | null, content: unknown) =>
  entry(id, parentId, { role: 'assistant', content });

const textsIn = (lines: readonly unknown[], more = {}) => textsOf(read(lines, more).conversation.messages);

describe('a whole session', () => {
  test('keeps what both sides said on the branch of the last entry', () => {
    const { conversation } = read(session);
    expect(textsOf(conversation.messages)).toEqual([
      'The cart total is wrong, see the picture.',
      'I will look.',
      'It is rounded twice.',
      '/skill:fix Please fix it.',
    ]);
    expect(conversation).toMatchObject({
      title: 'Rounding of the cart',
      type: 'coding session',
      createdAt: '2026-03-02T09:00:03.000Z',
      updatedAt: '2026-03-02T09:00:21.000Z',
    });
  });

  test('keeps thinking, calls with what came of them, commands, and pictures', () => {
    const { conversation } = read(session);
    expect(conversation.messages[1]).toEqual({
      id: 'b1',
      role: 'assistant',
      createdAt: '2026-03-02T09:00:04.000Z',
      parts: [
        { type: 'thinking', text: 'Look at the rounding first.' },
        { type: 'text', text: 'I will look.' },
        {
          type: 'tool-call',
          name: 'read',
          input: { path: 'src/cart.ts' },
          output: 'export const total = 1;',
          status: 'done',
        },
        { type: 'image', file: 'image-2.png' },
        {
          type: 'tool-call',
          name: 'bash',
          input: { command: 'npm test' },
          output: '1 test failed',
          status: 'failed',
        },
      ],
    });
    expect(conversation.messages.slice(3).flatMap(({ parts }) => parts)).toEqual([
      { type: 'tool-call', name: 'bash', input: { command: 'ls' }, output: 'cart.ts', status: 'done' },
      { type: 'text', text: '/skill:fix Please fix it.' },
      { type: 'tool-call', name: 'edit', input: { path: 'src/cart.ts' }, status: 'pending' },
    ]);
    expect(conversation.files.map(({ name }) => name)).toEqual(['image-1.png', 'image-2.png']);
  });

  test('tells what was left out and why', () => {
    expect(read(session).losses).toEqual({
      hidden: {
        bookkeeping: 6,
        'encrypted reasoning': 1,
        'branch summary': 1,
        'injected context': 3,
        'compaction summary': 1,
        'notice of the program': 1,
        'other branch': 2,
      },
      unknown: { 'made-up': 1 },
      malformedLines: [],
      branch: { taken: 2, of: 2 },
    });
  });

  test('puts nothing private into title, messages and files', () => {
    const { title, messages, files, agent } = read(session).conversation;
    expect(JSON.stringify({ title, messages, files })).not.toContain('canary');
    expect(agent).toEqual({
      tool: 'pi',
      sessionId: 'canary-session',
      cwd: '/home/canary-cwd',
      parentSession: '/home/canary-parent',
      provider: 'canary-provider',
      model: 'canary-model',
    });
  });

  test('a growing log never renames a message or a file', () => {
    const whole = read(session).conversation;
    for (let count = 4; count < session.length; count += 1)
      for (const file of read(session.slice(0, count)).conversation.files)
        expect(whole.files).toContainEqual(file);
  });
});

describe('branches', () => {
  const lines = [
    header,
    said('1', null, 'one'),
    answered('2', '1', 'old'),
    said('3', '2', 'old question'),
    answered('4', '1', 'new'),
  ];

  test('the last entry tells which is the current one', () => {
    expect(textsIn(lines)).toEqual(['one', 'new']);
    expect(textsIn([...lines, { type: 'label', id: '5', parentId: '3' }])).toEqual([
      'one',
      'old',
      'old question',
    ]);
  });

  test('another is read when it is asked for, and one that is not there is refused', () => {
    const { conversation, losses } = read(lines, { branch: 1 });
    expect(textsOf(conversation.messages)).toEqual(['one', 'old', 'old question']);
    expect(losses).toMatchObject({ hidden: { 'other branch': 1 }, branch: { taken: 1, of: 2 } });
    expect(() => read(lines, { branch: 3 })).toThrow('There is no branch 3');
  });

  test('entries that are not shown make none', () => {
    const { losses } = read([
      header,
      said('1', null, 'one'),
      { type: 'custom', id: 'x', parentId: '1' },
      answered('2', '1', 'two'),
    ]);
    expect(losses.branch).toEqual({ taken: 1, of: 1 });
  });

  test('a lost line does not cut the conversation, and a circle of parents ends', () => {
    expect(textsIn([header, said('1', null, 'one'), '{"type":"mess', said('3', '2', 'three')])).toEqual([
      'one',
      'three',
    ]);
    expect(textsIn([said('1', '2', 'one'), said('2', '1', 'two')])).toEqual(['one', 'two']);
    const custom = (id: string, parentId: string) => ({ type: 'custom', id, parentId });
    expect(textsIn([custom('a', 'b'), custom('b', 'a'), said('1', 'b', 'one')])).toEqual(['one']);
  });

  test('a session of version 1 is a list', () => {
    const list = [
      { type: 'session', id: 's', cwd: '/x', provider: 'p', modelId: 'm' },
      { type: 'message', message: { role: 'user', content: 'one' } },
      { type: 'model_change', modelId: 'm2' },
      { type: 'message', message: { role: 'assistant', content: [{ type: 'text', text: 'two' }] } },
      { type: 'message', message: { role: 'hookMessage', content: 'hidden' } },
    ];
    const { conversation } = read(list);
    expect(conversation.messages.map(({ id }) => id)).toEqual(['line-2', 'line-4']);
    expect(conversation.agent).toMatchObject({ provider: 'p', model: 'm2' });
  });
});

describe('words of the person', () => {
  test.each([
    ['<file name="/home/x/a.ts">\ncode\n</file>\nLook at this.', ['Look at this.']],
    ['<file name="a"></file>\n<file name="b">x</file>\nBoth.', ['Both.']],
    ['<file name="a">never closed', []],
    ['<skill name="fix" location="/x">\nsteps\n</skill>', ['/skill:fix ']],
    ['Use <file name="a">x</file> here', ['Use <file name="a">x</file> here']],
    ['<files> are not these', ['<files> are not these']],
  ])('%j is shown as %j', (text, shown) => {
    expect(textsIn([said('0', null, 'first'), said('1', '0', text)])).toEqual(['first', ...shown]);
  });
});

test.each([
  [{ exitCode: 0 }, 'done'],
  [{ exitCode: 1 }, 'failed'],
  [{ cancelled: true }, 'failed'],
  [{}, 'done'],
])('a command of the person with %j is %s', (more, status) => {
  const ran = entry('1', null, { role: 'bashExecution', command: 'x', output: 'y', ...more });
  expect(read([ran]).conversation.messages[0]?.parts).toEqual([
    { type: 'tool-call', name: 'bash', input: { command: 'x' }, output: 'y', status },
  ]);
});

test('the events of --mode json are read by their ends of messages', () => {
  const message = { role: 'assistant', content: [{ type: 'text', text: 'Hello' }] };
  const { conversation, losses } = read([
    header,
    { type: 'agent_start' },
    { type: 'turn_start' },
    { type: 'message_start', message },
    { type: 'message_update', message },
    { type: 'message_end', message },
    { type: 'turn_end', message, toolResults: [] },
    { type: 'agent_end', messages: [message] },
  ]);
  expect(textsOf(conversation.messages)).toEqual(['Hello']);
  expect(losses.hidden).toMatchObject({ 'repeated record': 2, bookkeeping: 3 });
  expect(losses.unknown).toEqual({});
});

test('odd records are counted and fail nothing', () => {
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const { conversation, losses } = read([
    said('1', null, [{ type: 'text', text: 'here' }, { type: 'audio' }, {}, { type: 'image' }]),
    { type: 'message' },
    {},
    entry('2', '1', { role: 'judge', content: 'x' }),
    entry('3', '2', { role: 'toolResult', content: 'x' }),
    `{"type":"message","message":{"role":"assistant","content":[{"type":"toolCall","name":"t","arguments":${nested}}]}}`,
    said('1', null, 'again'),
  ]);
  expect(textsOf(conversation.messages)).toEqual(['here']);
  expect(conversation.messages[1]?.parts[0]).toMatchObject({ name: 't', input: null });
  expect(losses).toMatchObject({
    hidden: { 'tool input nested too deep': 1, 'repeated record': 1 },
    unknown: {
      'block audio': 1,
      'block without a type': 1,
      'image without bytes': 1,
      message: 1,
      'record without a type': 1,
      'message of judge': 1,
      'tool result without a call': 1,
    },
  });
});

test.each([
  ['nothing', []],
  ['only the header', [header]],
  ['only bookkeeping', session.slice(0, 3)],
])('%s is no conversation yet', (_name, lines) => {
  expect(() => read(lines)).toThrow(expect.objectContaining({ code: 'source_invalid' }));
});

describe('recognising the format', () => {
  test.each([
    ['a session', session],
    ['the header alone', [header]],
    ['a header of version 1', [{ type: 'session', id: 'x', cwd: '/x' }]],
    ['a log whose first line is cut', ['ion":3}', ...session.slice(3, 6)]],
  ])('%s is pi, and no other', (_name, lines) => {
    expect(detect(pi, lines)).toBeDefined();
    for (const format of [claudeCode, gemini, opencodeEvents]) expect(detect(format, lines)).toBeUndefined();
  });

  test.each([
    ['Claude Code', { type: 'user', uuid: 'x', parentUuid: null, sessionId: 'y', message: { role: 'user' } }],
    ['Gemini CLI', { sessionId: 'x', projectHash: 'y', startTime: 'z' }],
    ['Codex', { timestamp: 'x', type: 'session_meta', payload: { id: 'x', cwd: '/x' } }],
    ['an older Codex', { type: 'message', role: 'user', content: [] }],
    ['opencode', { type: 'text', timestamp: 1, sessionID: 'ses_1', part: {} }],
    ['a session of another tool', { type: 'session', id: 'x' }],
    ['LibreChat', { messageId: 'x', parentMessageId: null, text: 'y' }],
  ])('%s is not', (_name, record) => {
    expect(detect(pi, [record], record)).toBeUndefined();
  });
});

describe('damaged sessions, read or refused', () =>
  testDamagedLog(pi, session, {
    whenCut: /canary-(?!abandoned)/,
    // A changed character may take the mark away that hides a text: those are private by the mark alone.
    whenChanged:
      /canary-(?!abandoned|branch-summary|custom|compaction|made-up|instructions|skill|label|signature|encrypted|error)/,
    whenShuffled: /canary-(?!abandoned)/,
  }));
