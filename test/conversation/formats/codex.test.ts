import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ToolCallPart } from '../../../src/conversation/conversation.ts';
import { claudeCode } from '../../../src/conversation/formats/claude-code.ts';
import { codex } from '../../../src/conversation/formats/codex.ts';
import { startLength } from '../../../src/conversation/formats/format.ts';
import { detect, readLog, testDamagedLog, textsOf } from './reading.ts';

const rollout = readFileSync(new URL('../../fixtures/codex/rollout.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');

const read = (lines: readonly unknown[], options = {}) => readLog(codex, lines, options);

const item = (payload: object) => ({ timestamp: '2026-01-01T10:00:00Z', type: 'response_item', payload });
const event = (payload: object) => ({ timestamp: '2026-01-01T10:00:00Z', type: 'event_msg', payload });
const given = (text: string) =>
  item({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
const said = (message: string, more = {}) => event({ type: 'user_message', message, ...more });
const answered = (text: string) =>
  item({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] });
const called = (name: string, input: unknown, call_id = 'c') =>
  item({ type: 'function_call', name, arguments: JSON.stringify(input), call_id });
const gave = (output: unknown, call_id = 'c') => item({ type: 'function_call_output', call_id, output });
const completed = (turnItem: object) => event({ type: 'item_completed', turn_id: 'u', item: turnItem });

function callsIn(lines: readonly unknown[]): ToolCallPart[] {
  const { messages } = read([given('go'), ...lines]).conversation;
  return messages.flatMap(({ parts }) => parts.filter((part) => part.type === 'tool-call'));
}

describe('a whole rollout', () => {
  test('keeps the words of both sides once, in order', () => {
    expect(textsOf(read(rollout).conversation.messages)).toEqual([
      'The cart total is wrong, see the picture.',
      'I will look at the total and its test.',
      'The total is rounded twice.',
      'Please fix it.',
      'Fixed: it is rounded once.',
    ]);
  });

  test('puts thinking, words and calls of one answer into one message, with what the calls gave back', () => {
    const { messages } = read(rollout).conversation;
    expect(messages.slice(0, 2)).toEqual([
      {
        id: 'line-8',
        role: 'user',
        createdAt: '2026-03-02T09:00:02.000Z',
        parts: [
          { type: 'text', text: 'The cart total is wrong, see the picture.' },
          { type: 'image', file: 'image-1.png' },
        ],
      },
      {
        id: 'line-11',
        role: 'assistant',
        createdAt: '2026-03-02T09:00:03.100Z',
        parts: [
          { type: 'thinking', text: '**Looking at the rounding**' },
          { type: 'text', text: 'I will look at the total and its test.' },
          {
            type: 'tool-call',
            name: 'shell',
            input: { command: ['bash', '-lc', 'cat src/cart.ts'], workdir: 'src' },
            output: 'export const total = 1;\n',
            status: 'done',
          },
          {
            type: 'tool-call',
            name: 'exec_command',
            input: { cmd: 'npm test' },
            output: '1 test failed\n',
            status: 'failed',
          },
        ],
      },
    ]);
    expect(messages.at(-2)?.parts).toMatchObject([
      {
        name: 'apply_patch',
        output: 'Success. Updated the following files:\nM src/cart.ts\n',
        status: 'done',
      },
      { name: 'local_shell', input: { command: ['npm', 'test'], workdir: 'src' }, status: 'pending' },
      { name: 'web_search', input: { query: 'round half even' }, status: 'done' },
    ]);
  });

  test('puts nothing but words, calls and pictures into title, messages and files', () => {
    const { title, messages, files, agent, settings } = read(rollout).conversation;
    expect(JSON.stringify({ title, messages, files })).not.toContain('canary');
    expect(agent).toEqual({
      tool: 'Codex CLI',
      sessionId: 'canary-session',
      cwd: '/home/canary-cwd/shop',
      originator: 'codex-tui',
      version: '0.144.3',
      modelProvider: 'canary-provider',
      model: 'canary-model',
      gitBranch: 'canary-branch',
      gitCommit: 'canary-commit',
      gitRepository: 'https://canary-git.example/shop.git',
    });
    expect(settings).toEqual({ approvalPolicy: 'on-request', effort: 'high' });
  });

  test('tells what was left out and why', () => {
    // What `skip` passes over is counted by who reads the file: world state, tokens, one reasoning, a compaction.
    expect(read(rollout).losses).toEqual({
      hidden: {
        bookkeeping: 9,
        'system message': 1,
        'injected context': 5,
        'repeated record': 8,
        'interruption notice': 1,
        'taken back': 2,
      },
      unknown: { 'item made_up_item': 1 },
      malformedLines: [],
    });
  });

  test('has the last name it was given, and the times of what is shown', () => {
    const { title, type, createdAt, updatedAt } = read(rollout).conversation;
    expect({ title, type, createdAt, updatedAt }).toEqual({
      title: 'Rounding in the cart',
      type: 'coding session',
      createdAt: '2026-03-02T09:00:02.000Z',
      updatedAt: '2026-03-02T09:02:08.000Z',
    });
  });

  test('a growing log never renames a message or a file, and every id is its own', () => {
    const whole = read(rollout).conversation;
    expect(new Set(whole.messages.map(({ id }) => id)).size).toBe(whole.messages.length);
    for (let count = 14; count < rollout.length; count += 1) {
      const { conversation } = read(rollout.slice(0, count));
      for (const file of conversation.files) expect(whole.files).toContainEqual(file);
      expect(conversation.messages.slice(0, 2).map(({ id }) => id)).toEqual(['line-8', 'line-11']);
    }
  });

  test('reading on gives what reading at once gives, and asking in between changes nothing', () => {
    const reader = codex.begin();
    for (const [index, line] of rollout.entries()) {
      if (codex.skip?.(line.slice(0, startLength)) === undefined)
        reader.take(JSON.parse(line) as Record<string, unknown>, index + 1);
      if (index > 10) reader.finish({ fallbackTitle: '', fallbackTime: '' });
    }
    const options = { fallbackTitle: '', fallbackTime: '' };
    expect(reader.finish(options)).toEqual(read(rollout, options));
  });
});

describe('what is told twice', () => {
  test('answers, thinking and calls are taken from the program where the model’s own are missing', () => {
    const { conversation, losses } = read([
      said('go'),
      event({ type: 'agent_reasoning', text: 'hm' }),
      event({ type: 'agent_message', message: 'looking' }),
      event({ type: 'exec_command_begin', call_id: '1', command: ['ls'] }),
      event({
        type: 'exec_command_end',
        call_id: '1',
        command: ['ls'],
        aggregated_output: 'a\n',
        exit_code: 0,
      }),
      event({
        type: 'mcp_tool_call_end',
        call_id: '2',
        invocation: { server: 'docs', tool: 'find', arguments: { q: 'x' } },
        result: { Ok: { content: [{ type: 'text', text: 'found' }], isError: false } },
      }),
      event({ type: 'web_search_end', call_id: '3', query: 'tides', action: { type: 'search' } }),
      event({
        type: 'patch_apply_end',
        call_id: '4',
        stdout: '',
        stderr: 'no such file',
        success: false,
        changes: {
          'a.txt': { add: { content: 'one\ntwo\n' } },
          'b.txt': { type: 'update', unified_diff: '@@ -1 +1 @@\n-x\n+y\n', move_path: 'c.txt' },
          'd.txt': { type: 'delete', content: 'gone' },
        },
      }),
      event({ type: 'agent_message', message: 'done' }),
    ]);
    expect(conversation.messages.map(({ role, parts }) => [role, parts])).toEqual([
      ['user', [{ type: 'text', text: 'go' }]],
      [
        'assistant',
        [
          { type: 'thinking', text: 'hm' },
          { type: 'text', text: 'looking' },
          {
            type: 'tool-call',
            name: 'exec_command',
            input: { command: ['ls'] },
            output: 'a\n',
            status: 'done',
          },
          { type: 'tool-call', name: 'mcp__docs__find', input: { q: 'x' }, output: 'found', status: 'done' },
          { type: 'tool-call', name: 'web_search', input: { query: 'tides' }, output: '', status: 'done' },
          {
            type: 'tool-call',
            name: 'apply_patch',
            input:
              '*** Begin Patch\n*** Add File: a.txt\n+one\n+two\n*** Update File: b.txt\n*** Move to: c.txt\n' +
              '@@ -1 +1 @@\n-x\n+y\n*** Delete File: d.txt\n*** End Patch',
            output: 'no such file',
            status: 'failed',
          },
        ],
      ],
      ['assistant', [{ type: 'text', text: 'done' }]],
    ]);
    expect(losses).toMatchObject({ hidden: {}, unknown: {} });
  });

  test.each([
    ['before', [event({ type: 'agent_message', message: 'yes' }), answered('yes')]],
    ['after', [answered('yes'), event({ type: 'agent_message', message: 'yes' })]],
  ])('an answer is shown once, with the event %s it', (_name, lines) => {
    const { conversation, losses } = read([said('go'), ...lines]);
    expect(textsOf(conversation.messages)).toEqual(['go', 'yes']);
    expect(losses.hidden).toEqual({ 'repeated record': 1 });
  });

  test('words that only the model got are not the person’s where the program says what those are', () => {
    const { conversation, losses } = read([
      given('A context that no reader knows.'),
      given('hello'),
      said('hello'),
    ]);
    expect(textsOf(conversation.messages)).toEqual(['hello']);
    expect(losses.hidden).toEqual({ 'repeated record': 1, 'injected context': 1 });
  });

  test('the events of a session in pages are the words, where there is nothing else', () => {
    const { conversation } = read([
      completed({ type: 'UserMessage', id: 'u1', content: [{ type: 'text', text: 'what is this?' }] }),
      completed({ type: 'Reasoning', id: 'r1', summary_text: ['Hm.'], raw_content: ['canary'] }),
      completed({ type: 'AgentMessage', id: 'a1', content: [{ type: 'Text', text: 'A fox.' }] }),
      completed({
        type: 'CommandExecution',
        id: 'e1',
        command: ['ls'],
        stdout: 'x',
        stderr: 'y',
        exit_code: 2,
      }),
      completed({
        type: 'Extension',
        kind: 'web.search',
        id: 'e2',
        query: '',
        action: { url: 'https://a.example' },
      }),
      completed({ type: 'ContextCompaction', id: 'c' }),
    ]);
    expect(conversation.messages).toMatchObject([
      { id: 'u1', parts: [{ text: 'what is this?' }] },
      {
        id: 'line-2',
        parts: [
          { text: 'Hm.' },
          { text: 'A fox.' },
          { name: 'exec_command', output: 'x\ny', status: 'failed' },
          { name: 'web_search', input: { url: 'https://a.example' } },
        ],
      },
    ]);
  });

  test('one answer of such a session is not shown twice because it has a record of the model, too', () => {
    const { conversation } = read([
      given('hi'),
      completed({ type: 'UserMessage', id: 'u1', content: [{ type: 'text', text: 'hi' }] }),
      answered('ho'),
      completed({ type: 'AgentMessage', id: 'a1', content: [{ type: 'Text', text: 'ho' }] }),
    ]);
    expect(textsOf(conversation.messages)).toEqual(['hi', 'ho']);
  });
});

describe('words of the person', () => {
  test.each([
    ['## My request for Codex:\nlist files\n', 'list files'],
    ['# Context from my IDE setup:\n\nx\n\n## My request for Codex:\nlist', 'list'],
    [
      '# Files mentioned by the user:\n\n## My request for Codex:\nold\n\n## My request for Codex:\nlist',
      'list',
    ],
    ['What does "## My request for Codex:" do?', 'What does "## My request for Codex:" do?'],
    ['Explain\n## My request for Codex:\nplease', 'Explain\n## My request for Codex:\nplease'],
    ['<b>bold</b> words', '<b>bold</b> words'],
    [
      '<send_user_message_question_reply>\n[{"answer":"Safari","question":"?"}]\n</send_user_message_question_reply>',
      'Safari',
    ],
  ])('%j is shown as %j', (text, shown) => {
    expect(textsOf(read([given(text)]).conversation.messages)).toEqual([shown]);
    expect(textsOf(read([said(text)]).conversation.messages)).toEqual([shown]);
  });

  test.each([
    '# AGENTS.md instructions for /x\n\n<INSTRUCTIONS>\nx\n</INSTRUCTIONS>',
    '<environment_context>\n<cwd>/x</cwd>',
    '<user_instructions>\n\nx</user_instructions>',
    '<INSTRUCTIONS>x</INSTRUCTIONS>',
    '<turn_aborted>x</turn_aborted>',
    '<subagent_notification>x</subagent_notification>',
    '<skill>\n<name>x</name></skill>',
    '<hook_prompt hook_run_id="1">x</hook_prompt>',
    '<user_shell_command>\n<command>ls</command>\n</user_shell_command>',
  ])('%j is not shown', (text) => {
    for (const lines of [
      [given('hello'), given(text)],
      [said('hello'), said(text, { kind: 'plain' })],
    ]) {
      const { conversation, losses } = read(lines);
      expect(textsOf(conversation.messages)).toEqual(['hello']);
      expect(Object.values(losses.hidden)).toEqual([1]);
    }
  });

  test('a picture without words keeps its place', () => {
    const image = { type: 'input_image', image_url: 'data:image/png;base64,AQID' };
    const { conversation } = read([
      item({ type: 'message', role: 'user', content: [image] }),
      said('', { images: ['data:image/png;base64,AQID'] }),
      said('', { images: ['data:image/png;base64,AQIE', 'https://example.org/x.png'] }),
    ]);
    expect(conversation.messages.map(({ parts }) => parts)).toEqual([
      [{ type: 'image', file: 'image-1.png' }],
      [{ type: 'image', file: 'image-2.png' }],
    ]);
  });
});

describe('what an answer cites out of the memory', () => {
  const cited = [
    '<oai-mem-citation>\n<citation_entries>\nMEMORY.md:1-2|note=[canary]\n</citation_entries>',
    '<rollout_ids>\ncanary-id\n</rollout_ids>\n</oai-mem-citation>',
  ].join('\n');
  const done = (sentItem: object) => ({ type: 'item.completed', item: { id: 'item_0', ...sentItem } });

  test.each([
    [`Done.\n\n${cited}`, 'Done.'],
    [`Done${cited}, and more.`, 'Done, and more.'],
    [`${cited}Done.${cited}`, 'Done.'],
    ['Done.\n<oai-mem-citation>\n<rollout_ids>\ncanary-id', 'Done.'],
    ['Done.<oai-mem-citation>x </oai-mem-citation> canary</oai-mem-citation>', 'Done.'],
    ['Done. ', 'Done. '],
  ])('%j is shown as %j', (text, shown) => {
    const count = text.split('<oai-mem-citation>').length - 1;
    for (const record of [
      answered(text),
      event({ type: 'agent_message', message: text }),
      completed({ type: 'AgentMessage', id: 'm', content: [{ type: 'Text', text }] }),
      completed({ type: 'Plan', id: 'p', text }),
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] },
      { type: 'message', role: 'assistant', content: text },
      done({ type: 'agent_message', text }),
      done({ item_type: 'assistant_message', text }),
    ]) {
      const { conversation, losses } = read([record]);
      expect(textsOf(conversation.messages)).toEqual([shown]);
      expect(conversation.title).not.toContain('canary');
      expect(losses.hidden['memory citation'] ?? 0).toBe(count);
    }
  });

  test('is hidden where it goes on in the next piece, or is all there is', () => {
    const content = ['One.<oai-mem-citation>', 'canary', 'canary</oai-mem-citation>', 'Two.'];
    const { conversation, losses } = read([
      item({ type: 'message', role: 'assistant', content }),
      given('and?'),
      answered(cited),
    ]);
    expect(textsOf(conversation.messages)).toEqual(['One.', 'Two.', 'and?']);
    expect(losses.hidden).toEqual({ 'memory citation': 2 });
  });

  test('stays where the person wrote it', () => {
    const text = 'What is <oai-mem-citation>?';
    expect(textsOf(read([given(text)]).conversation.messages)).toEqual([text]);
  });
});

describe('going back', () => {
  const turn = (text: string) => [given(text), said(text), answered(`re ${text}`)];
  const back = (num_turns: number) => event({ type: 'thread_rolled_back', num_turns });

  test.each([
    [
      [...turn('a'), ...turn('b'), back(1), ...turn('c')],
      ['a', 're a', 'c', 're c'],
    ],
    [
      [...turn('a'), ...turn('b'), back(2), ...turn('c')],
      ['c', 're c'],
    ],
    [
      [...turn('a'), back(9), ...turn('c')],
      ['c', 're c'],
    ],
    [
      [...turn('a'), back(0)],
      ['a', 're a'],
    ],
    [
      [...turn('a'), ...turn('b'), back(1), ...turn('c'), back(1)],
      ['a', 're a'],
    ],
    [
      [...turn('a'), back(-1)],
      ['a', 're a'],
    ],
  ])('example %#', (lines, texts) => {
    expect(textsOf(read(lines).conversation.messages)).toEqual(texts);
  });

  test('takes a turn as a whole, whatever the person added while it ran', () => {
    const lines = [
      ...turn('a'),
      event({ type: 'task_started', turn_id: '2' }),
      ...turn('b'),
      ...turn('and c'),
      event({ type: 'task_complete', turn_id: '2' }),
      back(1),
    ];
    expect(textsOf(read(lines).conversation.messages)).toEqual(['a', 're a']);
  });

  test('an undo, a compaction and an interruption take no words away', () => {
    const { conversation } = read([
      ...turn('a'),
      event({ type: 'undo_completed', success: true, message: 'Undo restored snapshot.' }),
      { type: 'compacted', payload: { message: 'canary' } },
      event({ type: 'turn_aborted', reason: 'interrupted' }),
      ...turn('b'),
    ]);
    expect(textsOf(conversation.messages)).toEqual(['a', 're a', 'b', 're b']);
  });
});

describe('what calls give back', () => {
  test.each([
    ['plain', 'plain', 'done'],
    ['{"output":"bad\\n","metadata":{"exit_code":2}}', 'bad\n', 'failed'],
    ['{"output":"good","metadata":{"exit_code":0}}', 'good', 'done'],
    ['{"metadata":{"exit_code":0},"output":"good"}', 'good', 'done'],
    ['{"files":["a"]}', '{"files":["a"]}', 'done'],
    ['{"output":"broken', '{"output":"broken', 'done'],
    [{ output: 'bad', metadata: { exit_code: 1 } }, 'bad', 'failed'],
    [{ content: 'refused', success: false }, 'refused', 'failed'],
    [
      [
        { type: 'input_text', text: 'one' },
        { type: 'input_text', text: 'two' },
      ],
      'one\ntwo',
      'done',
    ],
    ['[{"type":"text","text":"one"}]', 'one', 'done'],
    ['Exit code: 1\nWall time: 0.5 seconds\nOutput:\nno', 'no', 'failed'],
    ['Exit code: 0\nWall time: 0.5 seconds\nTotal output lines: 3\nOutput:\nyes\n', 'yes\n', 'done'],
    ['Chunk ID: a\nProcess exited with code 127\nOutput:\nno', 'no', 'failed'],
    ['Wall time: 1 seconds\nProcess running with session ID 7\nOutput:\n', '', 'done'],
    ['aborted by user after 3.2s', 'aborted by user after 3.2s', 'failed'],
    [null, '', 'done'],
    [7, '7', 'done'],
  ])('%j is shown as %j, %s', (output, shown, status) => {
    expect(callsIn([called('t', {}), gave(output)])).toMatchObject([{ output: shown, status }]);
  });

  test('pictures are files, and encrypted pieces are nothing', () => {
    const { conversation } = read([
      called('view_image', { path: 'x.png' }),
      gave([
        { type: 'input_image', image_url: 'data:image/jpeg;base64,AQID' },
        { type: 'encrypted_content', encrypted_content: 'canary' },
      ]),
      item({
        type: 'image_generation_call',
        id: 'ig_1',
        status: 'completed',
        revised_prompt: 'a fox',
        result: 'AQIE',
      }),
    ]);
    expect(conversation.messages[0]?.parts).toMatchObject([
      { name: 'view_image', output: '' },
      { type: 'image', file: 'image-1.jpg' },
      { name: 'image_generation', input: { prompt: 'a fox' } },
      { type: 'image', file: 'image-2.png' },
    ]);
    expect(JSON.stringify(conversation)).not.toContain('canary');
  });

  test('calls with one id are two, and an output without a call is counted', () => {
    expect(callsIn([called('one', {}), called('two', {}), gave('x')])).toMatchObject([
      { name: 'one', status: 'pending' },
      { name: 'two', output: 'x' },
    ]);
    expect(read([given('go'), gave('x')]).losses.unknown).toEqual({ 'output without its call': 1 });
  });

  test('an MCP tool has its server before its name', () => {
    const call = { type: 'function_call', call_id: 'c', arguments: '{}' };
    expect(
      callsIn([
        item({ ...call, name: 'find', namespace: 'mcp__docs__' }),
        item({ ...call, name: 'mcp__docs__find' }),
      ]).map(({ name }) => name),
    ).toEqual(['mcp__docs__find', 'mcp__docs__find']);
  });

  test('a tool search lists what it found', () => {
    expect(
      callsIn([
        item({ type: 'tool_search_call', call_id: 's', arguments: { query: 'calendar' } }),
        item({
          type: 'tool_search_output',
          call_id: 's',
          tools: [{ name: 'calendar.add', description: 'x' }],
        }),
      ]),
    ).toMatchObject([{ name: 'tool_search', input: { query: 'calendar' }, output: 'calendar.add' }]);
  });
});

test('an older session is read from its bare items', () => {
  const { conversation, losses } = read([
    {
      id: 'canary-id',
      timestamp: '2025-08-18T01:16:13.522Z',
      instructions: 'canary',
      git: { branch: 'main' },
    },
    { record_type: 'state' },
    {
      type: 'message',
      id: null,
      role: 'user',
      content: [{ type: 'input_text', text: '<environment_context>x' }],
    },
    { type: 'message', id: null, role: 'user', content: [{ type: 'input_text', text: 'hello' }] },
    {
      type: 'reasoning',
      id: 'rs',
      summary: [{ type: 'summary_text', text: 'Hm.' }],
      encrypted_content: 'canary',
    },
    { type: 'function_call', name: 'shell', arguments: '{"command":["ls"]}', call_id: '1' },
    { record_type: 'state' },
    { type: 'function_call_output', call_id: '1', output: '{"output":"a\\n","metadata":{"exit_code":0}}' },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'One file.' }] },
  ]);
  expect(conversation.messages).toEqual([
    { id: 'line-4', role: 'user', parts: [{ type: 'text', text: 'hello' }] },
    {
      id: 'line-5',
      role: 'assistant',
      parts: [
        { type: 'thinking', text: 'Hm.' },
        { type: 'tool-call', name: 'shell', input: { command: ['ls'] }, output: 'a\n', status: 'done' },
      ],
    },
    { id: 'line-9', role: 'assistant', parts: [{ type: 'text', text: 'One file.' }] },
  ]);
  expect(conversation.createdAt).toBe('1970-01-01T00:00:00.000Z');
  expect(losses.hidden).toEqual({ bookkeeping: 3, 'injected context': 1 });
  expect(conversation.agent).toEqual({ tool: 'Codex CLI', sessionId: 'canary-id', gitBranch: 'main' });
});

test('a session begun as a copy of another is itself, and holds what was said in the other', () => {
  const { conversation } = read([
    { type: 'session_meta', payload: { id: 'own', cwd: '/own', forked_from_id: 'other' } },
    { type: 'session_meta', payload: { id: 'other', cwd: '/other', cli_version: '1' } },
    given('hello'),
  ]);
  expect(conversation.agent).toEqual({ tool: 'Codex CLI', sessionId: 'own', cwd: '/own' });
  expect(textsOf(conversation.messages)).toEqual(['hello']);
});

describe('codex exec --json', () => {
  const events = [
    { type: 'thread.started', thread_id: 'canary-thread' },
    { type: 'turn.started' },
    { type: 'item.completed', item: { id: 'item_0', type: 'reasoning', text: '**Listing**' } },
    {
      type: 'item.started',
      item: { id: 'item_1', type: 'command_execution', command: 'ls', status: 'in_progress' },
    },
    {
      type: 'item.completed',
      item: {
        id: 'item_1',
        type: 'command_execution',
        command: 'ls',
        aggregated_output: 'a',
        exit_code: 1,
        status: 'failed',
      },
    },
    {
      type: 'item.completed',
      item: { id: 'item_2', type: 'file_change', changes: [{ path: 'a', kind: 'add' }], status: 'completed' },
    },
    {
      type: 'item.started',
      item: { id: 'item_3', type: 'todo_list', items: [{ text: 'a', completed: false }] },
    },
    {
      type: 'item.updated',
      item: { id: 'item_3', type: 'todo_list', items: [{ text: 'a', completed: true }] },
    },
    {
      type: 'item.started',
      item: {
        id: 'item_4',
        type: 'mcp_tool_call',
        server: 's',
        tool: 't',
        arguments: {},
        status: 'in_progress',
      },
    },
    { type: 'item.completed', item: { id: 'item_5', item_type: 'assistant_message', text: 'One file.' } },
    { type: 'turn.completed', usage: { input_tokens: 1 } },
    { type: 'error', message: 'canary-error' },
  ];

  test('is read, each item where it began and as it is now', () => {
    const { conversation, losses } = read(events);
    expect(conversation.messages).toEqual([
      {
        id: 'line-3',
        role: 'assistant',
        parts: [
          { type: 'thinking', text: '**Listing**' },
          {
            type: 'tool-call',
            name: 'exec_command',
            input: { command: 'ls' },
            output: 'a',
            status: 'failed',
          },
          {
            type: 'tool-call',
            name: 'apply_patch',
            input: { changes: [{ path: 'a', kind: 'add' }] },
            output: '',
            status: 'done',
          },
          {
            type: 'tool-call',
            name: 'update_plan',
            input: { plan: [{ step: 'a', status: 'completed' }] },
            status: 'pending',
          },
          { type: 'tool-call', name: 'mcp__s__t', input: {}, status: 'pending' },
        ],
      },
      { id: 'line-10', role: 'assistant', parts: [{ type: 'text', text: 'One file.' }] },
    ]);
    expect(losses).toMatchObject({ hidden: { bookkeeping: 3, 'notice of the program': 1 }, unknown: {} });
    expect(conversation.title).toBe('Untitled session');
    expect(conversation.agent).toEqual({ tool: 'Codex CLI', sessionId: 'canary-thread' });
  });

  test('a second run in the same file may use the ids again', () => {
    const { conversation } = read([...events, ...events]);
    expect(conversation.messages).toHaveLength(4);
  });
});

describe('bad input', () => {
  test.each([
    ['no lines', []],
    ['only a header', rollout.slice(0, 1)],
    ['only injected context', [given('<environment_context>x</environment_context>')]],
    ['not JSON', ['hello', 'there']],
  ])('%s is refused', (_name, lines) => {
    expect(() => read(lines)).toThrow(expect.objectContaining({ code: 'source_invalid' }));
  });

  test('what is nested beyond reason is dropped', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const line = (payload: string) => `{"type":"response_item","payload":${payload}}`;
    const { conversation, losses } = read([
      given('go'),
      line(`{"type":"function_call","name":"t","call_id":"1","arguments":${JSON.stringify(deep)}}`),
      line(
        `{"type":"function_call_output","call_id":"1","output":{"content":${deep.replace('[', '{"a":').slice(0, -1)}}}}`,
      ),
      line(`{"type":"custom_tool_call","name":"t","call_id":"2","input":${deep}}`),
      line(`{"type":"message","role":"user","content":${deep}}`),
    ]);
    expect(conversation.messages[1]?.parts).toEqual([
      { type: 'tool-call', name: 't', input: null, output: '', status: 'done' },
      { type: 'tool-call', name: 't', input: null, status: 'pending' },
    ]);
    expect(losses.hidden).toEqual({ 'tool input nested too deep': 2 });
  });

  test('a record may be of any type', () => {
    const { losses } = read([
      given('x'),
      { type: '__proto__', payload: {} },
      event({ type: 'constructor' }),
      item({}),
      { type: 'session_meta' },
      {},
    ]);
    expect(Object.entries(losses.unknown)).toEqual([
      ['record __proto__', 1],
      ['event constructor', 1],
      ['item without a type', 2],
      ['item session_meta', 1],
    ]);
  });
});

test('before the program says what the person wrote, nothing that the model got passes for it', () => {
  const begun = [event({ type: 'task_started' }), given('A hint that no reader knows.')];
  expect(() => read(begun)).toThrow(expect.objectContaining({ code: 'source_invalid' }));
  expect(textsOf(read([...begun, said('Hello')]).conversation.messages)).toEqual(['Hello']);
});

describe('damaged rollouts, read or refused', () =>
  testDamagedLog(codex, rollout, {
    whenCut: /canary-(?!abandoned)/,
    whenChanged: /canary-(?!abandoned|file|plugin|agents|cwd|permissions|compacted|developer)/,
    whenShuffled: /canary-(?!abandoned|file|plugin|agents|cwd|permissions|compacted|developer)/,
  }));

describe('recognising the format', () => {
  test.each([
    ['a rollout', rollout.slice(0, 5)],
    ['a rollout whose first line is cut', ['payload":{}}', ...rollout.slice(6, 9)]],
    ['an older header', [{ id: 'x', timestamp: '2025-08-18T01:16:13Z', instructions: null }]],
    ['an older header with git', [{ id: 'x', timestamp: '2025-08-18T01:16:13Z', git: {} }]],
    ['the state of an older session', [{ record_type: 'state' }]],
    ['the start of a thread', [{ type: 'thread.started', thread_id: 'x' }]],
    ['an item', [{ type: 'item.completed', item: { id: 'x', type: 'reasoning' } }]],
  ])('%s is Codex and not Claude Code', (_name, lines) => {
    expect(detect(codex, lines)).toBeDefined();
    expect(detect(claudeCode, lines)).toBeUndefined();
  });

  test.each([
    ['Claude Code', { type: 'user', uuid: 'x', sessionId: 'y', timestamp: 'z', message: { content: 'x' } }],
    ['a file of Claude Code', { type: 'summary', summary: 'x', leafUuid: 'y' }],
    ['a Gemini header', { sessionId: 'x', projectHash: 'y', startTime: 'z', kind: 'main' }],
    ['a Gemini message', { id: 'x', timestamp: 'y', type: 'user', content: 'z' }],
    ['opencode', { type: 'text', timestamp: 1, sessionID: 'ses_1', part: {} }],
    ['pi', { type: 'session', version: 3, id: 'x', timestamp: 'y', cwd: '/x' }],
    [
      'a message of pi',
      { type: 'message', id: 'x', parentId: null, timestamp: 'y', message: { role: 'user' } },
    ],
    ['chat messages', { messages: [{ role: 'user', content: 'x' }] }],
    ['a bare message', { role: 'user', content: 'x' }],
    ['some log with a payload', { type: 'request', payload: {} }],
    ['ShareGPT', { id: 'x', conversations: [{ from: 'human', value: 'x' }] }],
    ['a payload that is text', { type: 'event_msg', payload: 'x' }],
  ])('%s is not', (_name, record) => {
    expect(detect(codex, [record])).toBeUndefined();
  });

  test('nothing, and text that is not JSON, are not', () => {
    expect(detect(codex, [])).toBeUndefined();
    expect(detect(codex, ['# Notes', '[1, 2]', '{'], { a: 1 })).toBeUndefined();
  });
});

describe('lines that are passed over', () => {
  const line = (type: string, payload: object) => JSON.stringify({ timestamp: 't', type, payload });
  test.each([
    ['world state', line('world_state', { full: true }), 'bookkeeping'],
    ['a compaction', line('compacted', { message: '' }), 'compaction summary'],
    ['a count of tokens', line('event_msg', { type: 'token_count' }), 'bookkeeping'],
    [
      'encrypted reasoning',
      line('response_item', { type: 'reasoning', id: 'x', summary: [], encrypted_content: 'x' }),
      'encrypted reasoning',
    ],
    [
      'encrypted reasoning of a numbered record',
      '{"timestamp":"t","ordinal":7,"type":"response_item","payload":{"type":"reasoning","summary":[],"content":null,"encrypted_content":"x"}}',
      'encrypted reasoning',
    ],
    [
      'thinking',
      line('response_item', { type: 'reasoning', summary: [{ text: '"summary":[],' }] }),
      undefined,
    ],
    [
      'an answer that looks like it',
      line('event_msg', { type: 'agent_message', message: '"token_count"' }),
      undefined,
    ],
    ['a message', line('response_item', { type: 'message', role: 'user' }), undefined],
    ['a line of another order', '{"type":"compacted","payload":{}}', undefined],
  ])('%s', (_name, text, reason) => {
    expect(codex.skip?.(text)).toBe(reason);
  });
});
