import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createForeignReader, recogniseFile } from '../../../src/conversation/foreign.ts';
import { claudeCode } from '../../../src/conversation/formats/claude-code.ts';
import { noAttachments } from '../../../src/conversation/formats/format.ts';
import { gemini, geminiDocument } from '../../../src/conversation/formats/gemini.ts';
import { sourceSignature, watchPaths } from '../../../src/conversation/source.ts';
import { detect, options, readLog, testDamagedLog, textsOf } from './reading.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/gemini/${name}`, import.meta.url), 'utf8');
const session = fixture('session.jsonl').trimEnd().split('\n');
const document: unknown = JSON.parse(fixture('session.json'));

const read = (lines: readonly unknown[], more = {}) => readLog(gemini, lines, more);

const header = { sessionId: '1f2e3d4c-0000', projectHash: 'h', startTime: '2026-03-02T09:00:00Z' };
const user = (id: string, content: unknown, more: object = {}) => ({ id, type: 'user', content, ...more });
const answer = (id: string, content: unknown, more: object = {}) => ({
  id,
  type: 'gemini',
  content,
  ...more,
});

const textsIn = (lines: readonly unknown[]) => textsOf(read(lines).conversation.messages);
const callsIn = (lines: readonly unknown[]) =>
  read(lines).conversation.messages.flatMap(({ parts }) => parts.filter((part) => part.type === 'tool-call'));

describe('a whole session', () => {
  test('keeps what both sides said, without what was taken back and what the program added', () => {
    const { conversation } = read(session);
    expect(textsOf(conversation.messages)).toEqual([
      'The cart total is wrong, see @cart.ts and the picture.',
      'I will look at the total.',
      '/fix the rounding',
      'It is rounded twice.',
      'Thank you.',
    ]);
    expect(conversation).toMatchObject({
      title: 'Rounding of the cart',
      type: 'coding session',
      createdAt: '2026-03-02T09:00:10.000Z',
      updatedAt: '2026-03-02T09:04:00.000Z',
    });
  });

  test('takes the last version of a message, with thoughts, calls and what came of them', () => {
    const { conversation } = read(session);
    expect(conversation.messages[1]).toEqual({
      id: 'g1',
      role: 'assistant',
      createdAt: '2026-03-02T09:00:20.000Z',
      parts: [
        { type: 'thinking', text: '**Planning**\nLook at the rounding first.' },
        { type: 'text', text: 'I will look at the total.' },
        {
          type: 'tool-call',
          name: 'read_file',
          input: { file_path: 'src/cart.ts' },
          output: 'export const total = 1;',
          status: 'done',
        },
        {
          type: 'tool-call',
          name: 'run_shell_command',
          input: { command: 'npm test' },
          output: '1 test failed',
          status: 'failed',
        },
        {
          type: 'tool-call',
          name: 'invoke_agent',
          input: { agent_name: 'investigator', prompt: 'Find the rounding.' },
          output: 'It is in cart.ts.',
          status: 'done',
        },
        { type: 'tool-call', name: 'replace', input: { file_path: 'src/cart.ts' }, status: 'pending' },
      ],
    });
  });

  test('tells what was left out and why', () => {
    expect(read(session).losses).toEqual({
      hidden: {
        'injected context': 6,
        'notice of the program': 3,
        'earlier version': 1,
        'taken back': 2,
        bookkeeping: 2,
      },
      unknown: { 'made-up': 1, 'record without a type': 1 },
      malformedLines: [],
    });
  });

  test('puts nothing private into title, messages and files, and what describes the agent beside them', () => {
    const { title, messages, files, agent } = read(session).conversation;
    expect(JSON.stringify({ title, messages, files })).not.toContain('canary');
    expect(agent).toEqual({
      tool: 'Gemini CLI',
      sessionId: 'canary-session-1f2e3d4c',
      projectHash: 'canary-hash',
      kind: 'main',
      directories: ['/home/canary-home/shop'],
      model: 'canary-model',
    });
  });

  test('a growing log never renames a message or a file', () => {
    const last = read(session).conversation;
    expect(last.files.map(({ name }) => name)).toEqual(['image-1.png']);
    for (let count = 5; count < session.length; count += 1)
      expect(read(session.slice(0, count)).conversation.files[0]).toEqual(last.files[0]);
  });

  test('asking twice gives the same', () => {
    const reader = gemini.begin();
    for (const [index, line] of session.entries())
      reader.take(JSON.parse(line) as object as never, index + 1);
    expect(reader.finish(options)).toEqual(reader.finish(options));
  });

  test('the old document is read like the log', async () => {
    const { conversation, losses } = await geminiDocument.read(document, options, noAttachments);
    expect(textsOf(conversation.messages)).toEqual([
      'The cart total is wrong, see @cart.ts and the picture.',
      'I will look at the total.',
      'It is rounded twice.',
      'Thank you.',
    ]);
    expect(conversation.files.map(({ name }) => name)).toEqual(['image-1.png']);
    expect(JSON.stringify(conversation.messages)).not.toContain('canary');
    expect(losses.hidden).toMatchObject({ 'notice of the program': 1 });
  });
});

describe('events', () => {
  const three = [header, user('1', 'one'), answer('2', 'two'), user('3', 'three')];

  test('a message with a known id replaces the other in its place', () => {
    expect(textsIn([...three, answer('2', 'TWO')])).toEqual(['one', 'TWO', 'three']);
  });

  test('a rewind takes back the message and all after it', () => {
    expect(textsIn([...three, { $rewindTo: '2' }, user('4', 'four')])).toEqual(['one', 'four']);
  });

  test('a rewind to an unknown message takes back all', () => {
    expect(textsIn([...three, { $rewindTo: 'x' }, user('4', 'four')])).toEqual(['four']);
  });

  test('a message that was taken back stands at the end when it is said again', () => {
    expect(textsIn([...three, { $rewindTo: '1' }, user('3', 'three'), user('1', 'one')])).toEqual([
      'three',
      'one',
    ]);
  });

  test('messages that are set replace all, and later ones follow them', () => {
    const set = { $set: { messages: [user('1', 'ONE'), answer('9', 'nine')] } };
    const { conversation, losses } = read([...three, set, user('4', 'four')]);
    expect(textsOf(conversation.messages)).toEqual(['ONE', 'nine', 'four']);
    expect(losses.hidden).toMatchObject({ 'taken back': 2 });
  });

  test('a compression of the history takes nothing away from a reader', () => {
    const snapshot = user('s', [{ text: '<state_snapshot>\nsummary\n</state_snapshot>' }]);
    const set = {
      $set: {
        messages: [snapshot, answer('t', 'Got it. Thanks for the additional context!'), user('3', 'three')],
      },
    };
    const { conversation, losses } = read([...three, set, answer('4', 'four')]);
    expect(textsOf(conversation.messages)).toEqual(['one', 'two', 'three', 'four']);
    expect(losses.hidden).toMatchObject({ 'compaction summary': 1, 'injected context': 1 });
    expect(read([...three, { $set: { messages: [snapshot] } }]).conversation.messages).toHaveLength(3);
  });

  test('a header that is written again changes no message', () => {
    expect(textsIn([...three, header])).toEqual(['one', 'two', 'three']);
  });
});

describe('words of the person', () => {
  test.each([
    ['look\n--- Content from referenced files ---\nx\n--- End of content ---', ['look']],
    ['look\n--- Content from referenced files ---\nnever ended', ['look']],
    [
      'a\n--- Content from referenced files ---\n--- End of content ---\nfile goes on\n--- End of content ---\nb',
      ['a\nb'],
    ],
    ['mine<hook_context>theirs</hook_context>', ['mine']],
    ['mine<hook_context>never closed', ['mine']],
    ['This is the Gemini CLI. We are setting up the context for our chat.\nx', []],
    ["Here is a summary of changes in the user's editor context, in JSON format: {}", []],
    ['<session_context>x</session_context>', []],
    ['\n<loaded_context>\n<project_context>x</project_context>\n</loaded_context>', []],
    ['What is <loaded_context>?', ['What is <loaded_context>?']],
    ['<state_snapshot>x</state_snapshot>', []],
    ['System: Please continue.', []],
    ['System: Please continue. And hurry.', ['System: Please continue. And hurry.']],
    ['Here is my text', ['Here is my text']],
  ])('%j is shown as %j', (text, shown) => {
    expect(textsIn([user('0', 'first'), user('1', text)])).toEqual(['first', ...shown]);
  });

  test('what was typed is shown in place of what was sent, with the pictures of that', () => {
    const picture = { inlineData: { mimeType: 'image/webp', data: 'AQID' } };
    const { conversation } = read([
      user('1', [{ text: 'expanded' }, picture], { displayContent: [{ text: '/look' }] }),
    ]);
    expect(conversation.messages[0]?.parts).toEqual([
      { type: 'text', text: '/look' },
      { type: 'image', file: 'image-1.webp' },
    ]);
  });

  test('the answer to injected context is hidden, and the same words elsewhere are not', () => {
    const ack = answer('2', 'Got it. Thanks for the context!');
    expect(textsIn([user('1', '<session_context>x'), ack, user('3', 'go')])).toEqual(['go']);
    expect(textsIn([user('1', '<loaded_context>x'), ack, user('3', 'go')])).toEqual(['go']);
    expect(textsIn([user('1', 'Some context'), ack])).toHaveLength(2);
  });
});

describe('tool calls', () => {
  test.each([
    ['success', 'done'],
    ['error', 'failed'],
    ['cancelled', 'failed'],
    ['executing', 'pending'],
    ['scheduled', 'pending'],
  ])('with the status %s are %s', (status, shown) => {
    expect(callsIn([answer('1', '', { toolCalls: [{ id: 'c', name: 't', status }] })])).toMatchObject([
      { name: 't', input: null, status: shown },
    ]);
  });

  test.each([
    ['text', 'text'],
    [[{ functionResponse: { response: { output: 'out', error: '(none)' } } }], 'out'],
    [[{ functionResponse: { response: { error: 'err' } } }], 'err'],
    [[{ functionResponse: { response: { output: '', error: 'err' } } }], 'err'],
    [[{ functionResponse: { response: { output: '', error: '(none)' } } }], ''],
    [[{ functionResponse: { response: { rows: 2 } } }], '{\n  "rows": 2\n}'],
    [[{ functionResponse: { response: { output: 'a' } } }, { text: 'b' }], 'a\nb'],
    [{ functionResponse: { response: { output: 'alone' } } }, 'alone'],
  ])('whose result is %j show %j', (result, output) => {
    const toolCalls = [{ id: 'c', name: 't', args: {}, status: 'success', result }];
    expect(callsIn([answer('1', '', { toolCalls })])).toMatchObject([{ output }]);
  });

  test('that stand in the history again are one', () => {
    const call = { functionCall: { id: 'c', name: 't', args: { a: 1 } } };
    const result = user('2', [{ functionResponse: { id: 'c', response: { output: 'out' } } }]);
    const recorded = { id: 'c', name: 't', args: { a: 1 }, status: 'success' };
    const expected = [{ type: 'tool-call', name: 't', input: { a: 1 }, output: 'out', status: 'done' }];
    expect(callsIn([answer('1', [call], { toolCalls: [recorded] }), result])).toEqual(expected);
    expect(callsIn([answer('1', [call]), result])).toEqual(expected);
    expect(read([answer('1', [call]), result]).conversation.messages).toHaveLength(1);
  });

  test('keep the pictures that they gave back', () => {
    const result = [
      { functionResponse: { response: { output: 'shot' } } },
      { inlineData: { mimeType: 'image/png', data: 'AQID' } },
    ];
    const { conversation } = read([
      answer('1', '', { toolCalls: [{ id: 'c', name: 't', status: 'success', result }] }),
    ]);
    expect(conversation.messages[0]?.parts[1]).toEqual({ type: 'image', file: 'image-1.png' });
    expect(conversation.files).toHaveLength(1);
  });

  test('with input nested beyond reason lose it, with a count', () => {
    const args = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const { conversation, losses } = read([
      `{"id":"1","type":"gemini","content":"","toolCalls":[{"id":"c","name":"t","args":${args}}]}`,
    ]);
    expect(conversation.messages[0]?.parts[0]).toMatchObject({ input: null });
    expect(losses.hidden).toEqual({ 'tool input nested too deep': 1 });
    const result = `[{"functionResponse":{"response":${args}}}]`;
    expect(callsIn([`{"id":"1","type":"gemini","toolCalls":[{"result":${result}}]}`])).toHaveLength(1);
    const object = `[{"functionResponse":{"response":{"x":${args}}}}]`;
    expect(callsIn([`{"id":"1","type":"gemini","toolCalls":[{"result":${object}}]}`])).toMatchObject([
      { output: 'null' },
    ]);
  });
});

test('encrypted and repeated thoughts are hidden, and a part of another kind is counted', () => {
  const { conversation, losses } = read([
    answer(
      '1',
      [
        { thoughtSignature: 'x' },
        { text: 'again', thought: true },
        { text: 'said' },
        { fileData: { fileUri: 'gs://x' } },
      ],
      { thoughts: [{ description: 'once' }] },
    ),
  ]);
  expect(conversation.messages[0]?.parts).toEqual([
    { type: 'thinking', text: 'once' },
    { type: 'text', text: 'said' },
  ]);
  expect(losses).toMatchObject({
    hidden: { 'encrypted reasoning': 1, 'repeated record': 1 },
    unknown: { 'part fileData': 1 },
  });
});

describe('a session that is none yet', () => {
  test.each([
    ['nothing', []],
    ['only the header', [header]],
    ['only notices', [header, { id: '1', type: 'info', content: 'Update available' }]],
    ['all taken back', [header, user('1', 'one'), { $rewindTo: '1' }]],
  ])('%s is refused', (_name, lines) => {
    expect(() => read(lines)).toThrow(expect.objectContaining({ code: 'source_invalid' }));
  });

  test('a fallback stands for title and times', () => {
    expect(read([answer('1', 'hello')]).conversation).toMatchObject({
      title: 'Untitled session',
      createdAt: '1970-01-01T00:00:00.000Z',
    });
  });
});

describe('recognising the format', () => {
  test.each([
    ['a session', session],
    ['the header alone', [header]],
    ['a header of a sub-agent', [{ sessionId: 'x', projectHash: 'y', kind: 'subagent' }]],
    ['a log whose first line is cut', ['ionId":1}', ...session.slice(5, 8)]],
  ])('%s is Gemini CLI, and not Claude Code', (_name, lines) => {
    expect(detect(gemini, lines)).toBeDefined();
    expect(detect(claudeCode, lines)).toBeUndefined();
  });

  test('the old form is a document', () => {
    expect(detect(geminiDocument, [], document)).toBeDefined();
    expect(detect(geminiDocument, [], { ...header, messages: [] })).toBeUndefined();
    expect(detect(geminiDocument, [], { sessionId: 'x', messages: [{ role: 'user' }] })).toBeUndefined();
    expect(detect(geminiDocument, [], [document])).toBeUndefined();
  });

  test.each([
    ['Claude Code', { type: 'user', uuid: 'x', sessionId: 'y', message: { content: 'z' } }],
    ['Claude Code, bookkeeping', { type: 'summary', summary: 'x', leafUuid: 'y' }],
    ['Qwen Code', { type: 'user', uuid: 'x', sessionId: 'y', message: { role: 'user', parts: [] } }],
    ['Codex', { timestamp: 'x', type: 'session_meta', payload: { id: 'x', cwd: '/x' } }],
    ['an older Codex', { id: 'x', timestamp: 'y', git: {} }],
    ['opencode', { type: 'text', timestamp: 1, sessionID: 'ses_1', part: {} }],
    ['pi', { type: 'session', version: 3, id: 'x', timestamp: 'y', cwd: '/x' }],
    ['chat messages', { messages: [{ role: 'user', content: 'x' }] }],
    ['one message', { id: '1', type: 'user', content: 'x' }],
  ])('%s is not', (_name, record) => {
    expect(detect(gemini, [record], record)).toBeUndefined();
    expect(detect(geminiDocument, [record], record)).toBeUndefined();
  });
});

describe('sub-agents', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gemini-'));
    path = join(folder, 'session-2026-03-02T09-00-canary-s.jsonl');
    writeFileSync(path, fixture('session.jsonl'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const agents = () => join(folder, 'canary-session-1f2e3d4c');
  function putAgent(name = 'canary-agent.jsonl', text = fixture('agent.jsonl')): void {
    mkdirSync(agents(), { recursive: true });
    writeFileSync(join(agents(), name), text);
  }

  test('are shown inside of the call that set them to work', async () => {
    putAgent();
    putAgent('other.jsonl', `${JSON.stringify({ ...header, sessionId: 'other' })}\n`);
    const { format } = await recogniseFile(path);
    const { conversation, losses } = await createForeignReader().read(path, format);
    const call = conversation.messages[1]?.parts.find(
      (part) => part.type === 'tool-call' && part.name === 'invoke_agent',
    );
    expect(call).toMatchObject({
      subAgent: {
        name: 'investigator',
        messages: [
          { id: 's1', role: 'user', parts: [{ type: 'text', text: 'Find the rounding.' }] },
          {
            id: 's2',
            role: 'assistant',
            parts: [
              { type: 'text', text: 'Searching.' },
              { type: 'tool-call', name: 'grep', output: 'cart.ts:1', status: 'done' },
            ],
          },
        ],
      },
    });
    expect(JSON.stringify(conversation.messages)).not.toContain('canary');
    expect(losses.hidden).not.toHaveProperty('sub-agent');
  });

  test('that no call names are counted', async () => {
    putAgent('stray.jsonl', fixture('agent.jsonl').replace('canary-agent', 'stray'));
    const { losses } = await createForeignReader().read(path, gemini);
    expect(losses.hidden).toMatchObject({ 'sub-agent': 1 });
  });

  test('that call themselves end', () => {
    const calling = gemini.begin();
    const call = { id: 'c', name: 't', status: 'success', agentId: 'a' };
    for (const record of [{ ...header, sessionId: 'a' }, answer('1', '', { toolCalls: [call] })])
      calling.take(record, 1);
    const { conversation } = calling.finish(options, new Map([['a.jsonl', calling]]));
    expect(conversation.messages[0]?.parts[0]).toMatchObject({ subAgent: { messages: [{ id: '1' }] } });
  });

  test('are watched with their session, and change its signature', () => {
    const source = { conversation: 'x', kind: 'gemini', path, linked: true };
    const before = sourceSignature(source)?.text;
    putAgent();
    expect(watchPaths(source)).toEqual([path, agents()]);
    expect(sourceSignature(source)?.text).not.toBe(before);
  });

  test('belong to a file with the name of a session only', () => {
    expect(gemini.companions?.(join(folder, 'copy.jsonl'))).toEqual([]);
  });
});

describe('damaged sessions, read or refused', () =>
  testDamagedLog(gemini, session, {
    whenCut: /canary-(?!taken-back)/,
    // A character that is changed may take the mark away that hides what the program put into a message.
    whenChanged:
      /canary-(?!context|editor|reference|hook|instructions|taken-back|expanded|display|shell|info|error|warning|made-up|signature)/,
    whenShuffled: /canary-(?!taken-back)/,
  }));
