import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { claudeCode } from '../../../src/conversation/formats/claude-code.ts';
import { noAttachments } from '../../../src/conversation/formats/format.ts';
import { gemini, geminiDocument } from '../../../src/conversation/formats/gemini.ts';
import {
  opencode,
  opencodeDatabase,
  opencodeEvents,
  opencodeFiles,
} from '../../../src/conversation/formats/opencode.ts';
import type { Reading } from '../../../src/conversation/conversation.ts';
import { ShareError } from '../../../src/errors.ts';
import { changed, detect, options, readLog, textsOf } from './reading.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/opencode/${name}`, import.meta.url), 'utf8');
const exported = JSON.parse(fixture('export.json')) as { info: object; messages: object[] };
const events = fixture('events.jsonl').trimEnd().split('\n');

async function read(value: unknown): Promise<Reading> {
  return opencode.read(value, options, noAttachments);
}

const session = (messages: unknown, more: object = {}) => ({ info: { id: 'ses_1', ...more }, messages });
const message = (id: string, role: string, parts: unknown, more: object = {}) => ({
  info: { id, role, ...more },
  parts,
});
const text = (words: string, more: object = {}) => ({ type: 'text', text: words, ...more });

const textsIn = async (value: unknown) => textsOf((await read(value)).conversation.messages);
const partsIn = async (value: unknown) =>
  (await read(value)).conversation.messages.flatMap(({ parts }) => parts);

describe('an exported session', () => {
  test('keeps what both sides said, without what was injected and what was taken back', async () => {
    const { conversation } = await read(exported);
    expect(textsOf(conversation.messages)).toEqual([
      'The cart total is wrong, see @src/cart.ts and the picture.',
      'I will look at the total.',
      'It is rounded twice.',
    ]);
    expect(conversation).toMatchObject({
      title: 'Rounding of the cart',
      type: 'coding session',
      createdAt: '2026-03-02T09:00:01.000Z',
      updatedAt: '2026-03-02T09:00:06.000Z',
    });
  });

  test('keeps thinking, calls with what came of them, and files', async () => {
    const { conversation } = await read(exported);
    expect(conversation.messages[0]?.parts[1]).toEqual({ type: 'image', file: 'total.png' });
    expect(conversation.messages[1]).toEqual({
      id: 'msg_2',
      role: 'assistant',
      createdAt: '2026-03-02T09:00:02.000Z',
      parts: [
        { type: 'thinking', text: 'Look at the rounding first.' },
        { type: 'text', text: 'I will look at the total.' },
        {
          type: 'tool-call',
          name: 'read',
          input: { filePath: 'src/cart.ts' },
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
        {
          type: 'tool-call',
          name: 'task',
          input: { description: 'Find it', prompt: 'Find the rounding.', subagent_type: 'explore' },
          output: 'It is in cart.ts.',
          status: 'done',
        },
        { type: 'tool-call', name: 'edit', input: { filePath: 'src/cart.ts' }, status: 'pending' },
      ],
    });
    expect(conversation.files).toEqual([
      {
        name: 'total.png',
        mediaType: 'image/png',
        content: { bytes: new Uint8Array(Buffer.from('iVBORw0KGgo=', 'base64')) },
      },
      {
        name: 'image-2.png',
        mediaType: 'image/png',
        content: { bytes: new Uint8Array(Buffer.from('iVBORw0KGgoB', 'base64')) },
      },
    ]);
  });

  test('tells what was left out and why', async () => {
    expect((await read(exported)).losses).toEqual({
      hidden: {
        'injected context': 2,
        'file that is only named': 1,
        bookkeeping: 5,
        'ignored text': 1,
        'encrypted reasoning': 1,
        'compaction notice': 1,
        'compaction summary': 1,
        'notice of the program': 1,
        'taken back': 2,
      },
      unknown: { 'part made-up': 1 },
      malformedLines: [],
    });
  });

  test('puts nothing private into title, messages and files', async () => {
    const { title, messages, files, agent, settings } = (await read(exported)).conversation;
    expect(JSON.stringify({ title, messages, files, settings })).not.toContain('canary');
    expect(agent).toEqual({
      tool: 'opencode',
      sessionId: 'ses_canary1',
      version: '1.2.0',
      directory: '/home/canary-directory',
      projectId: 'canary-project',
      agent: 'build',
      provider: 'canary-provider',
      model: 'canary-model',
    });
  });
});

describe('what was taken back', () => {
  const messages = [
    message('1', 'user', [text('one')]),
    message('2', 'assistant', [text('two', { id: 'a' }), text('and more', { id: 'b' })]),
    message('3', 'user', [text('three')]),
  ];
  test.each([
    [{ messageID: '3' }, ['one', 'two', 'and more']],
    [{ messageID: '2', partID: 'b' }, ['one', 'two']],
    [{ messageID: '2', partID: 'a' }, ['one']],
    [{ messageID: 'gone' }, ['one', 'two', 'and more', 'three']],
    [null, ['one', 'two', 'and more', 'three']],
  ])('with %j leaves %j', async (revert, left) => {
    expect(await textsIn(session(messages, { revert }))).toEqual(left);
  });
});

describe('titles', () => {
  test.each([
    ['Rounding', 'Rounding'],
    ['New session - 2026-03-02T09:00:00.000Z', 'words'],
    ['Child session - 2026-03-02T09:00:00.000Z', 'words'],
    ['', 'words'],
    [undefined, 'words'],
  ])('%j gives %j', async (title, expected) => {
    const { conversation } = await read(session([message('1', 'user', [text('words')])], { title }));
    expect(conversation.title).toBe(expected);
  });
});

describe('tool calls', () => {
  const call = (state: object, more: object = {}) =>
    session([message('1', 'assistant', [{ type: 'tool', tool: 't', state, ...more }])]);

  test.each([
    [
      { status: 'pending', input: {}, raw: '{"a":1' },
      { input: '{"a":1', status: 'pending' },
    ],
    [
      { status: 'pending', input: {}, raw: '{"a":1}' },
      { input: { a: 1 }, status: 'pending' },
    ],
    [
      { status: 'running', input: { a: 1 } },
      { input: { a: 1 }, status: 'pending' },
    ],
    [
      { status: 'completed', input: '{"a":1}', output: 'x' },
      { input: { a: 1 }, output: 'x', status: 'done' },
    ],
    [
      { status: 'error', input: {}, error: 'x' },
      { input: {}, output: 'x', status: 'failed' },
    ],
    [
      { status: 'error', input: {}, metadata: { output: 'y' } },
      { output: 'y', status: 'failed' },
    ],
    [{}, { input: null, status: 'pending' }],
  ])('%j', async (state, shown) => {
    expect(await partsIn(call(state))).toEqual([expect.objectContaining({ name: 't', ...shown })]);
  });

  test('with input nested beyond reason lose it, with a count', async () => {
    const input: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    const { conversation, losses } = await read(call({ status: 'completed', input, output: '' }));
    expect(conversation.messages[0]?.parts[0]).toMatchObject({ input: null });
    expect(losses.hidden).toEqual({ 'tool input nested too deep': 1 });
  });
});

describe('messages of the second generation', () => {
  const time = { created: 1772442000000 };
  const messages = [
    { id: 'm0', type: 'agent-switched', agent: 'canary', time },
    { id: 'm1', type: 'system', text: 'canary', time },
    {
      id: 'm2',
      type: 'user',
      text: 'Hello',
      files: [
        { uri: 'data:text/plain;base64,eA==', mime: 'text/plain', name: 'notes.txt' },
        { uri: 'file:///home/canary', mime: 'text/plain' },
      ],
      time,
    },
    { id: 'm3', type: 'synthetic', text: 'canary', time },
    {
      id: 'm4',
      type: 'assistant',
      agent: 'build',
      model: { id: 'canary', providerID: 'canary' },
      content: [
        { type: 'reasoning', id: 'r', text: 'Hm.', native: { x: 'canary' } },
        { type: 'text', text: 'Hi.' },
        { type: 'text', text: 'canary', synthetic: true },
        {
          type: 'tool',
          id: 'c1',
          name: 'read',
          state: {
            status: 'completed',
            input: { path: 'a' },
            content: [
              { type: 'text', text: 'one' },
              { type: 'text', text: 'two' },
              { type: 'file', uri: 'data:image/png;base64,AQID', mime: 'image/png' },
            ],
            structured: { x: 'canary' },
          },
        },
        {
          type: 'tool',
          id: 'c2',
          name: 'bash',
          state: { status: 'error', input: {}, content: [], error: { type: 'unknown', message: 'No.' } },
        },
        { type: 'tool', id: 'c3', name: 'edit', state: { status: 'streaming', input: '{"path":"b"}' } },
      ],
      time,
    },
    { id: 'm5', type: 'shell', command: 'ls', output: 'a', exit: 0, time: { ...time, completed: 1 } },
    { id: 'm6', type: 'shell', command: 'false', exit: 1, time: { ...time, completed: 1 } },
    { id: 'm7', type: 'compaction', summary: 'canary', recent: 'canary', time },
    { id: 'm8', type: 'idle', outcome: 'succeeded', time },
    { id: 'm9', type: 'made-up', text: 'canary', time },
  ];

  test('are read like those of the first', async () => {
    const { conversation, losses } = await read(session(messages));
    expect(conversation.messages).toEqual([
      {
        id: 'm2',
        role: 'user',
        createdAt: '2026-03-02T09:00:00.000Z',
        parts: [
          { type: 'text', text: 'Hello' },
          { type: 'file', file: 'notes.txt' },
        ],
      },
      {
        id: 'm4',
        role: 'assistant',
        createdAt: '2026-03-02T09:00:00.000Z',
        parts: [
          { type: 'thinking', text: 'Hm.' },
          { type: 'text', text: 'Hi.' },
          { type: 'tool-call', name: 'read', input: { path: 'a' }, output: 'one\ntwo', status: 'done' },
          { type: 'image', file: 'image-2.png' },
          { type: 'tool-call', name: 'bash', input: {}, output: 'No.', status: 'failed' },
          { type: 'tool-call', name: 'edit', input: { path: 'b' }, status: 'pending' },
        ],
      },
      expect.objectContaining({
        id: 'm5',
        parts: [{ type: 'tool-call', name: 'bash', input: { command: 'ls' }, output: 'a', status: 'done' }],
      }),
      expect.objectContaining({
        id: 'm6',
        parts: [{ type: 'tool-call', name: 'bash', input: { command: 'false' }, status: 'failed' }],
      }),
    ]);
    expect(JSON.stringify([conversation.title, conversation.messages])).not.toContain('canary');
    expect(losses).toMatchObject({
      hidden: {
        bookkeeping: 2,
        'system message': 1,
        'injected context': 2,
        'compaction summary': 1,
        'file that is only named': 1,
      },
      unknown: { 'message made-up': 1 },
    });
  });
});

describe('sub-agents', () => {
  const task = (id: string, metadata: object, output = '') => ({
    type: 'tool',
    tool: 'task',
    state: { status: 'completed', input: { subagent_type: id }, output, metadata },
  });
  const child = (id: string, parts: unknown[], children: unknown[] = []) => ({
    info: { id },
    messages: [message(`m-${id}`, 'assistant', parts)],
    children,
  });

  test.each([
    ['the metadata of its call', task('explore', { sessionId: 'ses_2' })],
    ['the metadata, in capitals', task('explore', { sessionID: 'ses_2' })],
    ['the output of its call', task('explore', {}, 'task_id: ses_2 (for resuming)')],
  ])('are found by %s', async (_name, call) => {
    const parts = await partsIn({
      ...session([message('1', 'assistant', [call])]),
      children: [child('ses_2', [text('inside')])],
    });
    expect(parts[0]).toMatchObject({
      subAgent: { name: 'explore', messages: [{ id: 'm-ses_2', parts: [{ type: 'text', text: 'inside' }] }] },
    });
  });

  test('may have sub-agents again, and those that no call names are counted', async () => {
    const grandchild = child('ses_3', [text('deep')]);
    const { conversation, losses } = await read({
      ...session([message('1', 'assistant', [task('a', { sessionId: 'ses_2' })])]),
      children: [
        child('ses_2', [task('b', { sessionId: 'ses_3' })], [grandchild]),
        child('ses_4', [text('stray')]),
      ],
    });
    expect(conversation.messages[0]?.parts[0]).toMatchObject({
      subAgent: { messages: [{ parts: [{ subAgent: { messages: [{ parts: [{ text: 'deep' }] }] } }] }] },
    });
    expect(losses.hidden).toEqual({ 'sub-agent': 1 });
  });

  test('in a circle, or one below the other without end, end', async () => {
    const circle = { ...session([message('1', 'assistant', [task('a', { sessionId: 'ses_2' })])]) };
    expect(
      await partsIn({ ...circle, children: [child('ses_2', [task('a', { sessionId: 'ses_2' })])] }),
    ).toHaveLength(1);
    let chain = child('ses_9999', [text('end')]);
    for (let n = 9998; n > 1; n -= 1)
      chain = child(`ses_${n}`, [task('a', { sessionId: `ses_${n + 1}` })], [chain]);
    expect(await partsIn({ ...circle, children: [chain] })).toHaveLength(1);
  });
});

describe('the events of a run', () => {
  test('are one message for each of the assistant', () => {
    const { conversation, losses } = readLog(opencodeEvents, events);
    expect(conversation.messages).toEqual([
      {
        id: 'msg_1',
        role: 'assistant',
        createdAt: '2026-03-02T09:00:00.005Z',
        parts: [
          { type: 'thinking', text: 'Look first.' },
          { type: 'text', text: 'I will look.' },
          { type: 'tool-call', name: 'bash', input: { command: 'ls' }, output: 'cart.ts', status: 'done' },
        ],
      },
      {
        id: 'msg_2',
        role: 'assistant',
        createdAt: '2026-03-02T09:00:00.040Z',
        parts: [{ type: 'text', text: 'There is one file.' }],
      },
    ]);
    expect(conversation.title).toBe('Untitled session');
    expect(JSON.stringify([conversation.title, conversation.messages])).not.toContain('canary');
    expect(losses).toMatchObject({
      hidden: { bookkeeping: 3, 'notice of the program': 1, 'earlier version': 1 },
      unknown: { 'made-up': 1 },
    });
  });

  test('that hold nothing to show are refused', () => {
    expect(() => readLog(opencodeEvents, events.slice(0, 1))).toThrow(
      expect.objectContaining({ code: 'source_invalid' }),
    );
  });
});

describe('recognising the format', () => {
  const stored = { id: 'ses_1', projectID: 'p', title: 'x', time: { created: 1, updated: 2 } };

  test('an export, a stored session, events, and a database are told apart', () => {
    expect(detect(opencode, [], exported)).toBeDefined();
    expect(detect(opencodeFiles, [], exported)).toBeUndefined();
    expect(detect(opencodeFiles, [], stored)).toBeDefined();
    expect(detect(opencode, [], stored)).toBeUndefined();
    expect(detect(opencodeEvents, events)).toBeDefined();
    expect(detect(opencodeDatabase, ['SQLite format 3\0\u0010'])).toBeDefined();
  });

  test('they are not Claude Code and not Gemini CLI', () => {
    for (const format of [claudeCode, gemini]) {
      expect(detect(format, events)).toBeUndefined();
      expect(detect(format, [stored])).toBeUndefined();
    }
    expect(detect(geminiDocument, [], exported)).toBeUndefined();
  });

  test.each([
    ['Claude Code', { type: 'user', uuid: 'x', sessionId: 'ses_y', message: { content: 'z' } }],
    ['Gemini CLI', { sessionId: 'ses_1', projectHash: 'y', startTime: 'z', messages: [] }],
    ['Codex', { timestamp: 'x', type: 'session_meta', payload: { id: 'ses_x', cwd: '/x' } }],
    ['pi', { type: 'session', version: 3, id: 'ses_x', timestamp: 'y', cwd: '/x' }],
    ['messages', { info: { id: 'x' }, messages: [] }],
    ['a text event of others', { type: 'text', text: 'x' }],
  ])('%s is not', (_name, record) => {
    for (const format of [opencode, opencodeEvents, opencodeFiles, opencodeDatabase])
      expect(detect(format, [record], record)).toBeUndefined();
  });
});

describe('bad input', () => {
  test.each([
    ['nothing', undefined],
    ['no messages', session([])],
    ['messages that are none', session(['x', 1, null])],
  ])('%s is refused', async (_name, value) => {
    await expect(read(value)).rejects.toMatchObject({ code: 'source_invalid' });
  });

  test('odd records are counted and fail nothing', async () => {
    const { conversation, losses } = await read(
      session([
        { info: {}, parts: [] },
        { type: 'user' },
        message('1', 'tool', []),
        message('2', 'user', 'x'),
        message('3', 'user', [text('here'), {}, { type: 7 }, null]),
      ]),
    );
    expect(textsOf(conversation.messages)).toEqual(['here']);
    expect(losses.unknown).toEqual({
      'message without an id': 2,
      'message of tool': 1,
      'part without a type': 2,
    });
  });

  /** A changed character may take the mark away that hides a text: those are private by the mark alone. */
  const marked =
    /canary-(?!injected|ignored|instructions|compaction|taken-back|made-up|error|encrypted|signature|title)/;

  async function keepsPrivate(json: string): Promise<boolean> {
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch {
      return true;
    }
    try {
      const { title, messages } = (await read(value)).conversation;
      return !marked.test(JSON.stringify({ title, messages }));
    } catch (error) {
      if (error instanceof ShareError) return true;
      throw error;
    }
  }

  test('a session with characters changed anywhere is read or refused, and leaks no field', async () => {
    const json = JSON.stringify(exported);
    const change = fc.tuple(fc.nat(json.length - 1), fc.constantFrom('x', '5', '_', ' ', 't'));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        return keepsPrivate(changed(json, changes));
      }),
      { numRuns: 150 },
    );
  });

  test('a session with messages in any order, and events cut or in any order, leak no field', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(exported.messages), (messages) =>
        keepsPrivate(JSON.stringify({ ...exported, messages })),
      ),
      { numRuns: 100 },
    );
    const all = events.join('\n');
    const shows = (lines: readonly string[]) => {
      try {
        return JSON.stringify(readLog(opencodeEvents, lines).conversation.messages);
      } catch (error) {
        if (error instanceof ShareError) return '';
        throw error;
      }
    };
    fc.assert(
      fc.property(fc.shuffledSubarray(events), fc.nat(all.length), (lines, end) => {
        expect(shows(lines)).not.toContain('canary');
        expect(shows(all.slice(0, end).split('\n'))).not.toContain('canary');
      }),
      { numRuns: 100 },
    );
  });
});
