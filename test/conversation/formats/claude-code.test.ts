import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { claudeCode, claudeCodeWeb } from '../../../src/conversation/formats/claude-code.ts';
import { noAttachments } from '../../../src/conversation/formats/format.ts';
import { detect, options, readLog, testDamagedLog, textsOf } from './reading.ts';

const session = readFileSync(new URL('../../fixtures/claude-code/session.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');

const read = (lines: readonly unknown[], options = {}) => readLog(claudeCode, lines, options);

const said = (content: unknown, more: object = {}) => ({
  type: 'user',
  message: { role: 'user', content },
  ...more,
});
const answered = (content: unknown, more: object = {}) => ({
  type: 'assistant',
  message: { role: 'assistant', content },
  ...more,
});

describe('a whole session', () => {
  test('keeps the words of both sides, on the current branch, in order', () => {
    const { conversation } = read(session);
    expect(textsOf(conversation.messages)).toEqual([
      'The cart total is wrong, see the picture.',
      'I will look at the total and its test.',
      'The total is rounded twice.',
      'Please fix it\nand keep the test.',
      'Also update the changelog.',
      '/review src/cart.ts',
      'Looks right to me.',
    ]);
  });

  test('joins the lines of one assistant message, and tool results to their calls across side branches', () => {
    const { conversation } = read(session);
    expect(conversation.messages[1]).toEqual({
      id: 'a1',
      role: 'assistant',
      createdAt: '2026-03-02T09:00:30.000Z',
      parts: [
        { type: 'thinking', text: 'Look at the rounding first.' },
        { type: 'text', text: 'I will look at the total and its test.' },
        {
          type: 'tool-call',
          name: 'Read',
          input: { file_path: 'src/cart.ts' },
          output: 'export const total = 1;',
          status: 'done',
        },
        { type: 'image', file: 'image-2.png' },
        {
          type: 'tool-call',
          name: 'Bash',
          input: { command: 'npm test' },
          output: '1 test failed',
          status: 'failed',
        },
      ],
    });
  });

  test('leaves a call without a result pending', () => {
    const { conversation } = read(session);
    const calls = conversation.messages.flatMap(({ parts }) =>
      parts.filter((part) => part.type === 'tool-call'),
    );
    expect(calls.at(-1)).toEqual({
      type: 'tool-call',
      name: 'Edit',
      input: { file_path: 'src/cart.ts', old_string: 'a', new_string: 'b' },
      status: 'pending',
    });
  });

  test('puts nothing but words, calls and pictures into title, messages and files', () => {
    const { conversation } = read(session);
    const { title, messages, files } = conversation;
    expect(JSON.stringify({ title, messages, files })).not.toContain('canary');
    expect(conversation.agent).toEqual({
      tool: 'Claude Code',
      model: 'claude-canary-model',
      sessionId: 'canary-session',
      version: '2.1.9',
      cwd: '/home/canary-cwd/shop',
      gitBranch: 'canary-branch',
      userType: 'external',
    });
  });

  test('tells what was left out and why', () => {
    const { losses } = read(session);
    expect(losses).toEqual({
      hidden: {
        bookkeeping: 8,
        'sub-agent without its call': 1,
        'injected context': 6,
        'local command': 2,
        'redacted thinking': 1,
        'compaction summary': 1,
        'interruption notice': 1,
        'other branch': 1,
      },
      unknown: { 'made-up-record': 1 },
      malformedLines: [],
      branch: { taken: 2, of: 2 },
    });
  });

  test('takes its times from the lines that are shown', () => {
    const { conversation } = read(session);
    expect(conversation.createdAt).toBe('2026-03-02T09:00:20.000Z');
    expect(conversation.updatedAt).toBe(conversation.messages.at(-1)?.createdAt);
    expect(conversation.type).toBe('coding session');
  });

  test('a growing log never renames a message or a file, and every id is its own', () => {
    const whole = read(session).conversation;
    expect(new Set(whole.messages.map(({ id }) => id)).size).toBe(whole.messages.length);
    for (let count = 12; count < session.length; count += 1) {
      const { conversation } = read(session.slice(0, count));
      for (const file of conversation.files) expect(whole.files).toContainEqual(file);
    }
    expect(whole.files.map(({ name, mediaType }) => [name, mediaType])).toEqual([
      ['image-1.png', 'image/png'],
      ['image-2.png', 'image/png'],
    ]);
  });
});

describe('words of the person', () => {
  test.each([
    ['Before\n<system-reminder>x\n\ny</system-reminder>\nAfter', 'Before\nAfter'],
    ['<system-reminder>a <system-reminder>b</system-reminder> c</system-reminder>mine', 'mine'],
    ['mine <system-reminder>never closed', 'mine'],
    ['<system-reminder>a</system-reminder>mine<system-reminder>b</system-reminder>too', 'mine\ntoo'],
    ['<system-reminder>a `</system-reminder>` b</system-reminder>mine', 'mine'],
    ['<system-reminder>a </system-reminder> b </system-reminder> c</system-reminder>mine', 'mine'],
    [
      'mine <system-reminder>a</system-reminder>x<system-reminder>b </system-reminder> c</system-reminder>too',
      'mine\ntoo',
    ],
    [
      '<ide_selection>a</ide_selection>mine <system-reminder>b </system-reminder> c</system-reminder>',
      'mine',
    ],
    [
      'mine <ide_selection>a</ide_selection>x<system-reminder>b</system-reminder>y</ide_selection>z<bash-input>c</bash-input></system-reminder>too',
      'mine\ntoo',
    ],
    ['what does </system-reminder> mean?', 'what does </system-reminder> mean?'],
    ['look <ide_selection>code</ide_selection> here', 'look\nhere'],
    ['<command-name>review</command-name><command-args>x</command-args>', '/review x'],
    ['<command-name>/pr $& 1</command-name>', '<command-name>/pr $& 1</command-name>'],
    ['keep   <b>my</b>\n\n\n  spacing', 'keep   <b>my</b>\n\n\n  spacing'],
    ['Caveat: I only tried it once.', 'Caveat: I only tried it once.'],
    ['[Request interrupted by user]\nstop there', 'stop there'],
  ])('%j is shown as %j', (text, shown) => {
    expect(textsOf(read([said(text)]).conversation.messages)).toEqual([shown]);
  });

  test.each([
    '<task-notification>done</task-notification>',
    'Caveat: The messages below were generated by the user while running local commands.',
    '[Request interrupted by user for tool use]',
    '<bash-stdout>x</bash-stdout><bash-stderr></bash-stderr>',
  ])('%j is not shown', (text) => {
    const { conversation, losses } = read([said('hello'), said(text)]);
    expect(textsOf(conversation.messages)).toEqual(['hello']);
    expect(Object.keys(losses.hidden)).toHaveLength(1);
  });

  test('a megabyte of such tags is read in time', () => {
    const [opening, closing] = ['<system-reminder>', '</system-reminder>'];
    const named = Array.from({ length: 20_000 }, (_, index) => `<ide_${index}></ide_${index}>x`).join('');
    const texts = [
      opening.repeat(60_000),
      closing.repeat(60_000),
      `${opening}a${closing}b`.repeat(30_000),
      `${opening}a${closing}b${closing}`.repeat(20_000),
      `${opening}a${closing}${closing.repeat(60_000)}`,
      named + named.replaceAll('<ide', '</ide'),
      '<system-reminder '.repeat(60_000),
    ];
    const start = performance.now();
    read([said('hello'), ...texts.map((text) => said(text))]);
    // 0.3 s on an idle core.
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test('what the assistant writes about such tags stays', () => {
    const text = 'Use <system-reminder>x</system-reminder> sparingly.';
    expect(textsOf(read([answered(text)]).conversation.messages)).toEqual([text]);
  });
});

describe('branches', () => {
  const node = (uuid: string, parentUuid: string | null, text: string, sessionId = 's') =>
    said(text, { uuid, parentUuid, sessionId });

  test('a retried message replaces the first try and what followed it', () => {
    const { conversation, losses } = read([
      node('1', null, 'one'),
      node('2', '1', 'old'),
      node('3', '2', 'old answer'),
      node('4', '1', 'new'),
    ]);
    expect(textsOf(conversation.messages)).toEqual(['one', 'new']);
    expect(losses.hidden).toEqual({ 'other branch': 2 });
  });

  test('rewinding to the start leaves only the new start', () => {
    const { conversation } = read([node('1', null, 'old'), node('2', null, 'new')]);
    expect(textsOf(conversation.messages)).toEqual(['new']);
  });

  test('a lost line or an unwritten parent does not cut the conversation', () => {
    const { conversation } = read([
      node('1', null, 'one'),
      '{"type":"user","uuid":"2',
      node('3', '2', 'three'),
    ]);
    expect(textsOf(conversation.messages)).toEqual(['one', 'three']);
  });

  test('parallel tool calls are kept although only one of them leads on', () => {
    const call = (uuid: string, parentUuid: string) =>
      answered([{ type: 'tool_use', id: `call-${uuid}`, name: uuid, input: {} }], { uuid, parentUuid });
    const [first, second] = [call('2', '1'), call('3', '2')].map((line) => ({
      ...line,
      message: { ...line.message, id: 'msg' },
    }));
    const result = (id: string, uuid: string, parentUuid: string) =>
      said([{ type: 'tool_result', tool_use_id: id, content: `result of ${id}` }], { uuid, parentUuid });
    const { conversation, losses } = read([
      node('1', null, 'go'),
      first,
      second,
      result('call-3', '5', '3'),
      result('call-2', '4', '2'),
      node('6', '4', 'thanks'),
    ]);
    expect(conversation.messages[1]?.parts).toMatchObject([
      { name: '2', output: 'result of call-2' },
      { name: '3', output: 'result of call-3' },
    ]);
    expect(losses.hidden).toEqual({});
  });

  test('a compaction goes on from the record it names, not from an abandoned one before it', () => {
    const { conversation } = read([
      node('1', null, 'one'),
      node('2', '1', 'abandoned'),
      { type: 'system', subtype: 'compact_boundary', uuid: '3', parentUuid: null, logicalParentUuid: '1' },
      node('4', '3', 'on'),
    ]);
    expect(textsOf(conversation.messages)).toEqual(['one', 'on']);
  });

  test('a circle of parents ends', () => {
    const { conversation } = read([node('1', '2', 'one'), node('2', '1', 'two')]);
    expect(textsOf(conversation.messages)).toEqual(['one', 'two']);
  });

  test('another conversation written into the file by mistake is not shown', () => {
    const { conversation, losses } = read([
      node('1', null, 'ours'),
      node('9', 'elsewhere', 'theirs', 'other'),
      { type: 'custom-title', customTitle: 'Theirs', sessionId: 'other' },
    ]);
    expect(textsOf(conversation.messages)).toEqual(['ours']);
    expect(conversation.title).toBe('ours');
    expect(losses.hidden).toMatchObject({ 'other conversation': 1 });
  });

  test('a session continued under a new id goes on', () => {
    const { conversation } = read([
      node('1', null, 'one'),
      node('2', '1', 'two', 'new'),
      node('3', '2', 'three', 'new'),
    ]);
    expect(textsOf(conversation.messages)).toEqual(['one', 'two', 'three']);
  });

  test('lines without ids are taken in file order', () => {
    const { conversation } = read([said('one'), answered('two'), said('three')]);
    expect(conversation.messages.map(({ id }) => id)).toEqual(['line-1', 'line-2', 'line-3']);
  });
});

describe('titles', () => {
  const titles = [
    { type: 'summary', summary: '"Quoted summary"' },
    { type: 'agent-name', agentName: 'Agent' },
    { type: 'ai-title', aiTitle: 'First idea' },
    { type: 'ai-title', aiTitle: 'Second idea' },
    { type: 'custom-title', customTitle: 'Chosen' },
  ];
  test.each([
    [0, 'words'],
    [1, 'Quoted summary'],
    [2, 'Agent'],
    [3, 'First idea'],
    [4, 'Second idea'],
    [5, 'Chosen'],
  ])('with the first %i records the title is %j', (count, title) => {
    const { conversation } = read([said('words'), ...titles.slice(0, count), said('more words')]);
    expect(conversation.title).toBe(title);
  });

  test('the summary of another session, written into this file, is not taken', () => {
    const summary = { type: 'summary', summary: 'Theirs', leafUuid: 'elsewhere' };
    expect(read([summary, said('ours', { uuid: '1' })]).conversation.title).toBe('ours');
    expect(read([{ ...summary, leafUuid: '1' }, said('ours', { uuid: '1' })]).conversation.title).toBe(
      'Theirs',
    );
  });

  test('the fallback stands when nothing was said', () => {
    const { conversation } = read([said('<system-reminder>x</system-reminder>')]);
    expect(conversation.title).toBe('Untitled session');
    expect(conversation.createdAt).toBe('1970-01-01T00:00:00.000Z');
  });
});

describe('files in the log', () => {
  const picture = (data: string) => ({
    type: 'image',
    source: { type: 'base64', media_type: 'image/webp', data },
  });

  test('the same bytes are one file', () => {
    const { conversation } = read([said([picture('AQID'), picture('AQID'), picture('AQIE')])]);
    expect(conversation.files).toEqual([
      { name: 'image-1.webp', mediaType: 'image/webp', content: { bytes: new Uint8Array([1, 2, 3]) } },
      { name: 'image-2.webp', mediaType: 'image/webp', content: { bytes: new Uint8Array([1, 2, 4]) } },
    ]);
    expect(conversation.messages[0]?.parts).toHaveLength(3);
  });

  test('a picture on an abandoned branch is not kept, and the others keep their numbers', () => {
    const { conversation } = read([
      said('one', { uuid: '1', parentUuid: null }),
      said([picture('AQID')], { uuid: '2', parentUuid: '1' }),
      said([picture('AQIE')], { uuid: '3', parentUuid: '1' }),
    ]);
    expect(conversation.files.map(({ name }) => name)).toEqual(['image-2.webp']);
  });

  test('a picture that is only named by its address is counted, not shown', () => {
    const { conversation, losses } = read([
      said([
        { type: 'image', source: { type: 'url', url: 'https://example.org/x.png' } },
        { type: 'text', text: 'hm' },
      ]),
    ]);
    expect(conversation.messages[0]?.parts).toEqual([{ type: 'text', text: 'hm' }]);
    expect(losses.unknown).toEqual({ 'image without bytes': 1 });
  });
});

describe('bad input', () => {
  test.each([
    ['no lines', []],
    ['only bookkeeping', [{ type: 'summary', summary: 'x' }]],
    ['only a sub-agent', [said('x', { isSidechain: true })]],
    ['not JSON', ['hello', 'there']],
  ])('%s is refused', (_name, lines) => {
    expect(() => read(lines)).toThrow(expect.objectContaining({ code: 'source_invalid' }));
  });

  test('tool input nested beyond reason is dropped with a count', () => {
    const nested = `{"type":"tool_use","id":"t","name":"T","input":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const { conversation, losses } = read([`{"type":"assistant","message":{"content":[${nested}]}}`]);
    expect(conversation.messages[0]?.parts[0]).toMatchObject({ name: 'T', input: null });
    expect(losses.hidden).toEqual({ 'tool input nested too deep': 1 });
  });

  test('a record type may have any name', () => {
    const { losses } = read([said('x'), '{"type":"__proto__"}', '{"type":"constructor"}']);
    expect(Object.entries(losses.unknown)).toEqual([
      ['__proto__', 1],
      ['constructor', 1],
    ]);
  });
});

describe('damaged sessions, read or refused', () =>
  testDamagedLog(claudeCode, session, {
    whenCut: /canary-(?!abandoned)/,
    whenChanged: /canary-(?:cwd|session|branch|account|request|sig)/,
    whenShuffled: /canary-(?:cwd|session|branch|account|request|sig)/,
  }));

describe('recognising the format', () => {
  test.each([
    ['a session', session.slice(0, 5)],
    ['a session whose first line is cut', ['mentUuid":1}', ...session.slice(3, 6)]],
    ['an old line', [JSON.stringify(said('x', { cwd: '/x' }))]],
  ])('%s is Claude Code', (_name, lines) => {
    expect(detect(claudeCode, lines)).toBeDefined();
  });

  test('a document with loglines is a session of the web', () => {
    expect(detect(claudeCodeWeb, [], { loglines: [] })).toBeDefined();
    expect(detect(claudeCodeWeb, [], [{ loglines: [] }])).toBeUndefined();
  });

  test.each([
    ['a new Gemini file', { sessionId: 'x', projectHash: 'y', startTime: 'z', kind: 'main' }],
    ['a Gemini header without hash', { sessionId: 'x', startTime: 'z' }],
    ['a Gemini rewind', { $rewindTo: 'x', sessionId: 'y', type: 'user' }],
    [
      'Qwen Code',
      { type: 'user', uuid: 'x', parentUuid: null, sessionId: 'y', message: { role: 'user', parts: [] } },
    ],
    ['Codex', { timestamp: 'x', type: 'session_meta', payload: { id: 'x', cwd: '/x' } }],
    ['Codex events', { type: 'item.completed', item: {}, sessionId: 'x' }],
    ['opencode', { type: 'text', timestamp: 1, sessionID: 'ses_1', part: {} }],
    ['pi', { type: 'session', version: 3, sessionId: 'x' }],
    ['a bare role', { type: 'user', text: 'hello' }],
    ['chat messages', { role: 'user', message: { content: [] } }],
  ])('%s is not', (_name, record) => {
    expect(detect(claudeCode, [record])).toBeUndefined();
  });

  test('nothing, and text that is not JSON, are not', () => {
    expect(detect(claudeCode, [])).toBeUndefined();
    expect(detect(claudeCode, ['# Notes', '[1, 2]', '{'])).toBeUndefined();
  });
});

test('a web session is read like a local one', async () => {
  const loglines = [
    said('add two numbers', { timestamp: '2026-01-01T00:00:00Z' }),
    answered([{ type: 'text', text: 'ok' }]),
  ];
  const { conversation } = await claudeCodeWeb.read({ loglines }, options, noAttachments);
  expect(textsOf(conversation.messages)).toEqual(['add two numbers', 'ok']);
  expect(conversation.createdAt).toBe('2026-01-01T00:00:00.000Z');
});
