import { expect, test } from 'vitest';
import { workOf, type ToolCall } from '../../src/components/tool-call.ts';
import { readOutput } from '../../src/components/tool-output.ts';
import { summaryOf } from '../../src/components/tool-summary.ts';
import type { Json, SnapshotSubAgent } from '../../src/snapshot/snapshot.ts';
import { aRound } from '../support/rich-snapshot.ts';

function lineOf(name: string, input: Json, output?: string, status: ToolCall['status'] = 'done'): string {
  const call: ToolCall = {
    type: 'tool-call',
    name,
    input,
    status,
    ...(output === undefined ? {} : { output }),
  };
  const work = workOf(call);
  const isCommand = work.kind === 'command' || work.kind === 'patch';
  const said = output === undefined ? undefined : readOutput(output, isCommand);
  const { name: verb, object, amount, changed, mark } = summaryOf(call, work, said);
  const counts = changed === undefined ? '' : `+${changed.added} −${changed.removed}`;
  return [verb, object, amount, counts, mark].filter(Boolean).join(' ');
}

const patch =
  '*** Begin Patch\n*** Update File: src/a.ts\n-b\n+c\n+d\n*** Add File: b.ts\n+new\n*** End Patch';
const edit = { file_path: 'src/app.ts', old_string: 'a\nb', new_string: 'a\nc\nd' };
const numbered = '    10→a\n    11→b\n    12→c';

test.each<[string, string, Json, string | undefined, ToolCall['status']]>([
  ['Edit src/app.ts +2 −1', 'Edit', edit, 'ok', 'done'],
  ['Edit src/app.ts failed', 'Edit', edit, 'not found', 'failed'],
  [
    'Edit src/app.ts +3 −1',
    'MultiEdit',
    { file_path: 'src/app.ts', edits: [edit, { old_string: '', new_string: 'x' }] },
    'ok',
    'done',
  ],
  ['Edit a.ts +1 −1', 'edit', { filePath: 'a.ts', oldString: 'a', newString: 'b' }, 'ok', 'done'],
  ['Edit a.ts +1 −1', 'replace', { file_path: 'a.ts', old_string: 'a', new_string: 'b' }, 'ok', 'done'],
  [
    'Edit a.ts +1 −1',
    'str_replace_based_edit_tool',
    { command: 'str_replace', path: 'a.ts', old_str: 'a', new_str: 'b' },
    'ok',
    'done',
  ],
  ['Edit 2 files +3 −1', 'apply_patch', patch, 'ok', 'done'],
  ['Edit 2 files +3 −1', 'apply_patch', { input: patch }, 'ok', 'done'],
  ['Edit 2 files +3 −1', 'shell', { command: ['apply_patch', patch] }, 'ok', 'done'],
  ['Write notes.md 34 lines', 'Write', { file_path: 'notes.md', content: 'x\n'.repeat(34) }, 'ok', 'done'],
  ['Write notes.md 1 line', 'write_file', { file_path: 'notes.md', content: 'x' }, 'ok', 'done'],
  ['Read src/a.ts lines 10–40', 'Read', { file_path: 'src/a.ts', offset: 10, limit: 31 }, 'x', 'done'],
  ['Read src/a.ts lines 10–12', 'Read', { file_path: 'src/a.ts', offset: 10, limit: 31 }, numbered, 'done'],
  ['Read src/a.ts', 'read_file', { absolute_path: 'src/a.ts' }, 'x', 'done'],
  ['Read src/a.ts from line 10', 'read', { filePath: 'src/a.ts', offset: 10 }, 'x', 'done'],
  ['Bash npm test', 'Bash', { command: 'npm test' }, 'Exit code 12 is fine', 'done'],
  ['Bash npm test → exit 1', 'Bash', { command: 'npm test' }, 'Exit code 1\nno', 'failed'],
  ['Bash npm test failed', 'Bash', { command: 'npm test' }, 'no', 'failed'],
  ['Bash npm test no result', 'Bash', { command: 'npm test' }, undefined, 'pending'],
  [
    'shell npm test → exit 2',
    'shell',
    { command: ['bash', '-lc', 'npm test'] },
    '{"output":"no","metadata":{"exit_code":2}}',
    'done',
  ],
  ["shell ls 'a b'", 'shell', { command: ['ls', 'a b'] }, '{"output":"","metadata":{"exit_code":0}}', 'done'],
  [
    'exec_command ls → exit 1',
    'exec_command',
    { cmd: 'ls' },
    'Wall time: 1 s\nProcess exited with code 1\nOutput:\nx',
    'done',
  ],
  [
    'exec_command ls',
    'exec_command',
    { cmd: 'ls' },
    'Exit code: 0\nWall time: 1 s\nOutput:\nExit code: 3',
    'done',
  ],
  [
    'run_shell_command ls → exit 1',
    'run_shell_command',
    { command: 'ls' },
    'Command: ls\nOutput: no\nExit Code: 1\nSignal: 0',
    'done',
  ],
  [
    'Search "x+" in src 2 results',
    'Grep',
    { pattern: 'x+', path: 'src' },
    'src/a.ts:1:x\nsrc/b.ts:20:xx',
    'done',
  ],
  [
    'Search "*.md" 14 results',
    'Glob',
    { pattern: '*.md' },
    Array.from({ length: 14 }, (_, n) => `${n}.md`).join('\n'),
    'done',
  ],
  ['Search "x" 0 results', 'Grep', { pattern: 'x' }, 'No files found', 'done'],
  ['Search "x" 3 results', 'Grep', { pattern: 'x' }, 'Found 3 files\na.ts\nb.ts\nc.ts', 'done'],
  ['Search "ferries"', 'WebSearch', { query: 'ferries' }, 'Ferries are ships. They float.', 'done'],
  [
    'Fetch example.org/docs',
    'WebFetch',
    { url: 'https://example.org/docs?secret=1', prompt: 'p' },
    'x',
    'done',
  ],
  ['Task "find callers"', 'Task', { description: 'find callers', prompt: 'p' }, 'x', 'done'],
  [
    'Todo 1 of 2 done',
    'TodoWrite',
    {
      todos: [
        { content: 'a', status: 'completed' },
        { content: 'b', status: 'pending' },
      ],
    },
    'ok',
    'done',
  ],
  ['Todo 1 of 1 done', 'update_plan', { plan: [{ step: 'a', status: 'completed' }] }, 'ok', 'done'],
  ['github: search flaky', 'mcp__github__search', { query: 'flaky' }, 'x', 'done'],
  ['Unheard first', 'Unheard', { other: 'first', more: 'x' }, 'x', 'done'],
  ['Edit a.ts', 'Edit', { file_path: 'a.ts', old_string: 7 }, 'x', 'done'],
])('%s', (line, name, input, output, status) => {
  expect(lineOf(name, input, output, status)).toBe(line);
});

const listing = (lines: string) => `<path>a.ts</path>\n<type>file</type>\n<content>\n${lines}\n</content>`;
const onePatch = (action: string, line = '') =>
  `*** Begin Patch\n*** ${action}: a.ts\n${line}*** End Patch\n`;

test.each<[string, string, Json, string?]>([
  ['Edit a.ts (new) +1 −0', 'apply_patch', onePatch('Add File', '+x\n')],
  ['Edit a.ts (deleted)', 'apply_patch', onePatch('Delete File')],
  ['Edit 0 files', 'apply_patch', '*** Begin Patch\n*** End Patch\n'],
  ['Edit a.ts', 'Edit', { file_path: 'a.ts', old_string: 'a', new_string: 'a' }],
  ['Edit a.ts +0 −1', 'str_replace', { path: 'a.ts', old_str: 'a' }],
  [
    'Edit a.ts +2 −0',
    'str_replace_based_edit_tool',
    { command: 'insert', path: 'a.ts', insert_line: 3, insert_text: 'a\nb' },
  ],
  ['Write Tides 2 lines', 'artifacts', { id: 't', command: 'create', title: 'Tides', content: 'a\nb\n' }],
  ['Edit t +1 −1', 'artifacts', { id: 't', command: 'update', old_str: 'a', new_str: 'b' }],
  ['Read a.ts', 'view', { path: 'a.ts', view_range: [1, -1] }],
  ['Read a.ts lines 1–2', 'read', { filePath: 'a.ts', offset: 0, limit: 500 }, listing('1: a\n2: b')],
  ['Read a.ts lines 1–2', 'read', { filePath: 'a.ts', offset: 0, limit: 500 }, '<file>\n00001| a\n00002| b'],
  ['shell ls', 'shell', { command: ['powershell.exe', '-NoProfile', '-Command', 'ls'] }],
  ['local_shell_call ls', 'local_shell_call', { action: { type: 'exec', command: ['bash', '-lc', 'ls'] } }],
  ['functions.exec_command ls', 'functions.exec_command', { cmd: 'ls' }],
  ['container.exec ls', 'container.exec', { cmd: ['bash', '-lc', 'ls'] }],
  ['bash_tool ls → exit 2', 'bash_tool', { command: 'ls' }, '{"returncode":2,"stdout":"","stderr":"no"}'],
  ['run_shell_command ls → exit 2', 'run_shell_command', { command: 'ls' }, 'Output: no\nExit Code: 2'],
  ['Bash echo', 'Bash', { command: '\u0000\necho\rmore' }],
  ['Search "tides"', 'web_search_call', { action: { type: 'search', query: 'tides' } }],
  ['Fetch example.org/a', 'web_search', { type: 'open_page', url: 'https://example.org/a' }],
  ['Search "tides, moon"', 'file_search.msearch', { queries: ['tides', 'moon'] }],
  ['Search "x" in src 1 result', 'grep_search', { pattern: 'x', dir_path: 'src' }, 'Found 1 match for "x"'],
  ['web.run tides', 'web.run', { search_query: [{ q: 'tides' }, { q: 'moon' }] }],
  [
    'AskUserQuestion Which one?',
    'AskUserQuestion',
    { questions: [{ header: 'Pick', question: 'Which one?' }] },
  ],
  ['TaskCreate Write tests', 'TaskCreate', { description: 'All of them', subject: 'Write tests' }],
  ['read_many_files a.ts, b.ts', 'read_many_files', { paths: ['a.ts', 'b.ts'] }],
  ['read_mcp_resource res://x', 'read_mcp_resource', { server: 's', uri: 'res://x' }],
  ['lsp a.ts', 'lsp', { operation: 'hover', filePath: 'a.ts', line: 3 }],
])('%s, in the words of other programs', (line, name, input, output = 'ok') => {
  expect(lineOf(name, input, output)).toBe(line);
});

const long = 'very/long/'.repeat(100_000);
test.each<[string, string, Json]>([
  ['name', long, {}],
  ['path', 'Edit', { file_path: long, old_string: 'a'.repeat(50), new_string: 'b' }],
  ['command', 'Bash', { command: long }],
  ['search', 'Grep', { pattern: long, path: long }],
  ['address', 'WebFetch', { url: `https://example.org/${long}` }],
  ['task', 'Task', { description: long }],
  ['unknown', `mcp__${'s'.repeat(300)}__t`, { x: long }],
])('a long %s leaves the line short', (_what, name, input) => {
  expect(lineOf(name, input, 'Exit code 1', 'failed').length).toBeLessThanOrEqual(130);
});

test('a shortened path keeps its end', () => {
  expect(lineOf('Read', { file_path: `${'deep/'.repeat(40)}main.ts` })).toMatch(/^Read ….*\/deep\/main\.ts$/);
});

test('a line holds nothing that rearranges it', () => {
  expect(lineOf('Ba\u202Esh', { command: 'a\u202Eb\u001B[31mc' })).toBe('Bash abc');
});

test.each<[string, string, Json, SnapshotSubAgent]>([
  [
    'Explore agent "Find the loader" 2 messages',
    'Task',
    { description: 'Find the loader' },
    anAgent('Explore'),
  ],
  ['Agent "What is 2 + 2?" 2 messages', 'spawn_agent', { effort: 'high' }, anAgent()],
  ['code-review agent "What is 2 + 2?" 2 messages', 'x', null, anAgent('code-review')],
  ['Browser Agent "What is 2 + 2?" 2 messages', 'x', '**What** is 2 + 2?', anAgent('Browser Agent')],
])('%s', (line, name, input, subAgent) => {
  const call: ToolCall = { type: 'tool-call', name, input, output: 'done', status: 'done', subAgent };
  const summary = summaryOf(call, workOf(call), readOutput('done', false));
  expect([summary.name, summary.object, summary.amount].join(' ')).toBe(line);
});

function anAgent(name?: string): SnapshotSubAgent {
  return { ...(name === undefined ? {} : { name }), rounds: [aRound(1, '**What** is 2 + 2?', '4')] };
}
