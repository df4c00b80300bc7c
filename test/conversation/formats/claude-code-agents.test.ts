import { describe, expect, test } from 'vitest';
import type { Message, SubAgent, ToolCallPart } from '../../../src/conversation/conversation.ts';
import { claudeCode } from '../../../src/conversation/formats/claude-code.ts';
import { readLog } from './reading.ts';

const user = (content: unknown, more: object = {}) => ({
  type: 'user',
  sessionId: 's',
  message: { role: 'user', content },
  ...more,
});
const assistant = (content: unknown, more: object = {}) => ({
  type: 'assistant',
  sessionId: 's',
  message: { role: 'assistant', content },
  ...more,
});
const starts = (id: string, prompt: string, more: object = {}) =>
  assistant([{ type: 'tool_use', id, name: 'Task', input: { prompt, subagent_type: 'Explore' } }], more);
const result = (id: string, content: unknown, more: object = {}) =>
  user([{ type: 'tool_result', tool_use_id: id, content }], more);

/** Lines of a sub-agent: what it is told, and what it says. */
const agent = (agentId: string, task: string, answer: string, more: object = {}) => {
  const fields = { isSidechain: true, agentId, ...more };
  return [user(task, fields), assistant([{ type: 'text', text: answer }], fields)];
};

function callsIn(messages: readonly Message[]): ToolCallPart[] {
  return messages.flatMap(({ parts }) => parts.filter((part) => part.type === 'tool-call'));
}

function agentsIn(
  lines: readonly unknown[],
  companions: Record<string, readonly unknown[]> = {},
): (SubAgent | undefined)[] {
  const { conversation } = readLog(claudeCode, lines, {}, companions);
  return callsIn(conversation.messages).map(({ subAgent }) => subAgent);
}

const wordsOf = (found: SubAgent | undefined) =>
  found?.messages.flatMap(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : part.type)));

describe('which call started a sub-agent', () => {
  const files = { 'agent-a1.jsonl': agent('a1', 'A task nobody repeats', 'Found it.') };
  const main = [user('go'), starts('t1', 'other words'), starts('t2', 'more words')];
  const found = [['A task nobody repeats', 'Found it.'], undefined];

  test('is told by the note beside its file', () => {
    const note = { agentType: 'Plan', description: 'canary', toolUseId: 't1', spawnDepth: 1 };
    const agents = agentsIn(main, { ...files, 'agent-a1.meta.json': [note] });
    expect(agents.map(wordsOf)).toEqual(found);
    expect(agents[0]?.name).toBe('Plan');
  });

  test('is told by the result of the call', () => {
    const toolUseResult = { status: 'completed', agentId: 'a1' };
    const agents = agentsIn([...main, result('t1', 'done', { toolUseResult })], files);
    expect(agents.map(wordsOf)).toEqual(found);
    expect(agents[0]?.name).toBe('Explore');
  });

  test('is told by the text of the result', () => {
    const text = [{ type: 'text', text: 'done\nagentId: a1 (for resuming to continue this agent’s work)' }];
    expect(agentsIn([...main, result('t1', text)], files).map(wordsOf)).toEqual(found);
  });

  test('is told while it runs', () => {
    const data = { type: 'agent_progress', agentId: 'a1', prompt: 'canary' };
    const progress = { type: 'progress', uuid: 'p', parentToolUseID: 't1', data };
    expect(agentsIn([...main, progress], files).map(wordsOf)).toEqual(found);
  });

  test('is told by its task where nothing else tells, in the order in which they began', () => {
    const at = (timestamp: string) => ({ timestamp });
    const agents = agentsIn([user('go'), starts('t1', 'look '), starts('t2', 'look'), starts('t3', 'rest')], {
      'agent-a.jsonl': agent('a', 'look', 'second', at('2026-01-01T00:00:02Z')),
      'agent-b.jsonl': agent('b', 'look', 'first', at('2026-01-01T00:00:01Z')),
    });
    expect(agents.map(wordsOf)).toEqual([['look', 'first'], ['look', 'second'], undefined]);
  });

  test('is told by the lines of a session that holds them between its own', () => {
    const side = (uuid: string, parentUuid: string | null) => ({ uuid, parentUuid, isSidechain: true });
    const agents = agentsIn([
      user('go', { uuid: '1', parentUuid: null }),
      starts('t1', 'look', { uuid: '2', parentUuid: '1' }),
      starts('t2', 'watch', { uuid: '3', parentUuid: '2' }),
      user('watch', side('a', null)),
      user('look', side('b', null)),
      assistant([{ type: 'text', text: 'watched' }], side('c', 'a')),
      assistant([{ type: 'text', text: 'looked' }], side('d', 'b')),
      result('t1', 'done', { uuid: '4', parentUuid: '3' }),
    ]);
    expect(agents.map(wordsOf)).toEqual([
      ['look', 'looked'],
      ['watch', 'watched'],
    ]);
  });

  test('is told by the field of a stream', () => {
    const side = { parent_tool_use_id: 't2' };
    const lines = [user('look', side), assistant([{ type: 'text', text: 'looked' }], side)];
    expect(agentsIn([...main, ...lines]).map(wordsOf)).toEqual([undefined, ['look', 'looked']]);
  });
});

describe('sub-agents of sub-agents', () => {
  test('stand at the call in the sub-agent', () => {
    const side = { isSidechain: true, agentId: 'a' };
    const [top] = agentsIn([user('go'), starts('t1', 'one')], {
      'agent-a.jsonl': [user('one', side), starts('t2', 'two', side), result('t2', 'ok', side)],
      'agent-b.jsonl': agent('b', 'two', 'deep'),
    });
    const [inner] = callsIn(top?.messages ?? []);
    expect(inner).toMatchObject({ output: 'ok', status: 'done' });
    expect(wordsOf(inner?.subAgent)).toEqual(['two', 'deep']);
  });

  test('that hold one another in a circle end', () => {
    const note = (toolUseId: string) => [{ agentType: 'x', toolUseId }];
    const side = (agentId: string) => ({ isSidechain: true, agentId });
    const { conversation, losses } = readLog(
      claudeCode,
      [user('go'), starts('t1', 'x')],
      {},
      {
        'agent-a.jsonl': [user('a', side('a')), starts('in-a', 'x', side('a'))],
        'agent-a.meta.json': note('in-b'),
        'agent-b.jsonl': [user('b', side('b')), starts('in-b', 'x', side('b'))],
        'agent-b.meta.json': note('in-a'),
        'agent-c.jsonl': [user('c', side('c')), starts('in-c', 'x', side('c'))],
        'agent-c.meta.json': note('in-c'),
      },
    );
    expect(callsIn(conversation.messages)).toHaveLength(1);
    expect(losses.hidden).toEqual({ 'sub-agent without its call': 6 });
  });
});

describe('what is not shown', () => {
  test('sub-agents whose call is not there are counted', () => {
    const { conversation, losses } = readLog(
      claudeCode,
      [user('go'), starts('t1', 'x')],
      {},
      {
        'agent-a.jsonl': agent('a', 'canary', 'canary'),
      },
    );
    expect(JSON.stringify(conversation)).not.toContain('canary');
    expect(losses.hidden).toEqual({ 'sub-agent without its call': 2 });
  });

  test('sub-agents of another session are not looked at', () => {
    const other = agent('a', 'look', 'canary', { sessionId: 'other' });
    const { conversation, losses } = readLog(
      claudeCode,
      [user('go'), starts('t1', 'look')],
      {},
      {
        'agent-a.jsonl': other,
      },
    );
    expect(JSON.stringify(conversation)).not.toContain('canary');
    expect(losses.hidden).toEqual({});
  });

  test('a note or a log of no use changes nothing', () => {
    const lines = [user('go'), starts('t1', 'look')];
    const odd = {
      'agent-x.meta.json': [{ toolUseId: 7 }],
      'agent-y.jsonl': [{ type: 'user' }],
      'agent-z.jsonl': [],
    };
    expect(agentsIn(lines, odd)).toEqual([undefined]);
  });

  test('what is hidden in a session is hidden in its sub-agents, and counted', () => {
    const side = {
      isSidechain: true,
      agentId: 'a',
      cwd: '/home/canary',
      gitBranch: 'canary',
      version: 'canary',
    };
    const { conversation, losses } = readLog(
      claudeCode,
      [user('go'), starts('t1', 'look')],
      {},
      {
        'agent-a.jsonl': [
          user('look', side),
          user('<system-reminder>canary</system-reminder>', side),
          user('canary', { ...side, isMeta: true }),
          assistant([{ type: 'thinking', thinking: '', signature: 'canary' }], side),
          assistant([{ type: 'text', text: 'canary' }], { ...side, isApiErrorMessage: true }),
          assistant([{ type: 'text', text: 'done' }], { ...side, requestId: 'canary' }),
          { type: 'made-up', ...side },
        ],
      },
    );
    const { title, messages, files, agent: about } = conversation;
    expect(JSON.stringify({ title, messages, files, about })).not.toContain('canary');
    expect(losses.hidden).toEqual({
      'injected context': 2,
      'redacted thinking': 1,
      'notice of the program': 1,
    });
    expect(losses.unknown).toEqual({ 'made-up': 1 });
  });

  test('a model or title of a sub-agent is not that of the session', () => {
    const side = { isSidechain: true, agentId: 'a' };
    const { conversation } = readLog(
      claudeCode,
      [user('go'), starts('t1', 'look')],
      {},
      {
        'agent-a.jsonl': [
          { type: 'custom-title', customTitle: 'Theirs', ...side },
          ...agent('a', 'look', 'ok', { version: '9' }),
        ],
      },
    );
    expect(conversation.title).toBe('go');
    expect(conversation.agent).toEqual({ tool: 'Claude Code', sessionId: 's' });
  });
});

test('pictures of sub-agents are files that keep their names while the session goes on', () => {
  const picture = (data: string) => ({
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data },
  });
  const side = { isSidechain: true, agentId: 'a' };
  const files = {
    'agent-a.jsonl': [
      user('look', side),
      assistant([{ type: 'tool_use', id: 'r', name: 'Read', input: {} }], side),
      result('r', [picture('AQIE'), picture('AQID')], side),
    ],
  };
  const lines = [user([picture('AQID')]), starts('t1', 'look'), user([picture('AQIF')])];
  for (const [count, own] of [
    [2, ['image-1.png']],
    [3, ['image-1.png', 'image-2.png']],
  ] as const) {
    const { conversation } = readLog(claudeCode, lines.slice(0, count), {}, files);
    expect(conversation.files.map(({ name }) => name)).toEqual([...own, 'sub-agent-1-image-1.png']);
    const [call] = callsIn(conversation.messages);
    expect(call?.subAgent?.messages[1]?.parts.slice(1)).toEqual([
      { type: 'image', file: 'sub-agent-1-image-1.png' },
      { type: 'image', file: 'image-1.png' },
    ]);
  }
});

test('the times of sub-agents count, and asking again gives the same', () => {
  const reader = claudeCode.begin();
  const other = claudeCode.begin();
  for (const [index, line] of [
    user('go', { timestamp: '2026-01-01T00:00:00Z' }),
    starts('t1', 'look'),
  ].entries())
    reader.take(line, index + 1);
  for (const [index, line] of agent('a', 'look', 'ok', { timestamp: '2026-01-01T00:09:00Z' }).entries())
    other.take(line, index + 1);
  const give = () =>
    reader.finish({ fallbackTitle: '', fallbackTime: '' }, new Map([['agent-a.jsonl', other]]));
  expect(give().conversation.updatedAt).toBe('2026-01-01T00:09:00.000Z');
  expect(give()).toEqual(give());
});

describe('where the files of sub-agents are', () => {
  const matching = (path: string, name: string) =>
    claudeCode
      .companions?.(path)
      .flatMap(({ folder, names, amongOthers }) => (names.test(name) ? [[folder, amongOthers]] : []));

  test.each([
    [
      '/p/abc.jsonl',
      'agent-1.jsonl',
      [
        ['/p/abc/subagents', undefined],
        ['/p/', '"sessionId":"abc"'],
      ],
    ],
    ['/p/abc.jsonl', 'agent-1.meta.json', [['/p/abc/subagents', undefined]]],
    ['/p/abc.jsonl', 'agent-acompact-1.jsonl', [['/p/', '"sessionId":"abc"']]],
    ['/p/abc.jsonl', 'def.jsonl', []],
    ['/p/agent-1.jsonl', 'agent-2.jsonl', []],
    ['/p/abc.json', 'agent-1.jsonl', []],
  ])('%s and %s', (path, name, expected) => {
    expect(matching(path, name)).toEqual(expected);
  });
});
