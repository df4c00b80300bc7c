import { describe, expect, test } from 'vitest';
import type { Message, Part, Reading, ToolCallPart } from '../../../src/conversation/conversation.ts';
import { claudeCode } from '../../../src/conversation/formats/claude-code.ts';
import { codex } from '../../../src/conversation/formats/codex.ts';
import { noAttachments } from '../../../src/conversation/formats/format.ts';
import { gemini } from '../../../src/conversation/formats/gemini.ts';
import { InlineFiles } from '../../../src/conversation/formats/inline-files.ts';
import { opencode } from '../../../src/conversation/formats/opencode.ts';
import { pi } from '../../../src/conversation/formats/pi.ts';
import { addWrittenFiles } from '../../../src/conversation/formats/written-files.ts';
import { options, readLog } from './reading.ts';

const call = (name: string, input: unknown, more: Partial<ToolCallPart> = {}): ToolCallPart => ({
  type: 'tool-call',
  name,
  input,
  output: 'ok',
  status: 'done',
  ...more,
});
const write = (file_path: string, content: string, more: Partial<ToolCallPart> = {}) =>
  call('Write', { file_path, content }, more);
const edit = (file_path: string, old_string: string, new_string: string, more = {}) =>
  call('Edit', { file_path, old_string, new_string, ...more });
const patch = (...lines: string[]) =>
  call('apply_patch', ['*** Begin Patch', ...lines, '*** End Patch'].join('\n'));

function written(parts: Part[], folder: string | undefined = '/shop'): Record<string, string> {
  const messages: Message[] = [{ id: '1', role: 'assistant', parts }];
  const files = new InlineFiles();
  const shown = files.shown(messages, addWrittenFiles(files, messages, folder));
  return Object.fromEntries(
    shown.map(({ name, content }) => [
      name,
      'bytes' in content ? new TextDecoder().decode(content.bytes) : content.path,
    ]),
  );
}

describe('writing and editing', () => {
  test.each<[string, Part[], Record<string, string>]>([
    ['a file is what was written last', [write('/shop/a', '1'), write('/shop/a', '2')], { a: '2' }],
    [
      'an edit changes the first place',
      [write('/shop/a', 'x x'), edit('/shop/a', 'x', '$&y')],
      { a: '$&y x' },
    ],
    [
      'or all places',
      [write('/shop/a', 'x x'), edit('/shop/a', 'x', 'y', { replace_all: true })],
      { a: 'y y' },
    ],
    [
      'several edits follow one another',
      [
        write('/shop/a', 'one two'),
        call('MultiEdit', {
          file_path: '/shop/a',
          edits: [
            { old_string: 'one', new_string: 'three' },
            { old_string: 'three two', new_string: 'four' },
          ],
        }),
      ],
      { a: 'four' },
    ],
    ['a file that was only edited is not known', [edit('/shop/a', 'x', 'y')], {}],
    ['nor one whose edit does not fit', [write('/shop/a', 'x'), edit('/shop/a', 'z', 'y')], {}],
    [
      'until it is written again',
      [write('/shop/a', 'x'), edit('/shop/a', 'z', 'y'), write('/shop/a', 'w')],
      { a: 'w' },
    ],
    ['an edit of nothing writes', [edit('/shop/a', '', 'new')], { a: 'new' }],
    ['but not over something', [write('/shop/a', 'x'), edit('/shop/a', '', 'new')], {}],
    [
      'a notebook is not followed',
      [write('/shop/a', '{}'), call('NotebookEdit', { notebook_path: '/shop/a' })],
      {},
    ],
    [
      'calls that failed or are not over write nothing',
      [write('/shop/a', 'x', { status: 'failed' }), write('/shop/b', 'x', { status: 'pending' })],
      {},
    ],
    ['reading is not writing', [call('Read', { file_path: '/shop/a', content: 'x' })], {}],
    [
      'sub-agents write, too',
      [
        call(
          'Task',
          {},
          { subAgent: { messages: [{ id: '2', role: 'assistant', parts: [write('/shop/a', 'x')] }] } },
        ),
        edit('/shop/a', 'x', 'y'),
      ],
      { a: 'y' },
    ],
    [
      'opencode',
      [
        call('write', { filePath: '/shop/a', content: 'x' }),
        call('edit', { filePath: 'a', oldString: 'x', newString: 'y' }),
      ],
      { a: 'y' },
    ],
    [
      'Gemini CLI',
      [
        call('write_file', { file_path: 'a', content: 'x' }),
        call('replace', { file_path: '/shop/a', old_string: 'x', new_string: 'y' }),
      ],
      { a: 'y' },
    ],
    [
      'the editor tool',
      [
        call('str_replace_based_edit_tool', { command: 'create', path: '/shop/a', file_text: 'x' }),
        call('str_replace_based_edit_tool', {
          command: 'str_replace',
          path: '/shop/a',
          old_str: 'x',
          new_str: 'y',
        }),
      ],
      { a: 'y' },
    ],
    [
      'looking is not editing',
      [
        write('/shop/a', 'x'),
        call('str_replace_editor', { command: 'view', path: '/shop/a' }),
        call('str_replace_editor', { command: 'view', path: '/shop/b' }),
      ],
      { a: 'x' },
    ],
    [
      'an insertion is not followed',
      [
        write('/shop/a', 'x'),
        call('str_replace_editor', { command: 'insert', path: '/shop/a', new_str: 'y' }),
      ],
      {},
    ],
  ])('%s', (_name, parts, expected) => {
    expect(written(parts)).toEqual(expected);
  });

  test('edits that double a text end', () => {
    const double = edit('/shop/a', 'a', 'aa', { replace_all: true });
    expect(written([write('/shop/a', 'a'), ...Array.from({ length: 100 }, () => double)])).toEqual({});
  });
});

describe('patches', () => {
  const added = patch('*** Add File: src/a.ts', '+one', '+two', '+', '+three');
  test.each<[string, Part[], Record<string, string>]>([
    ['add', [added], { 'src/a.ts': 'one\ntwo\n\nthree\n' }],
    [
      'update',
      [added, patch('*** Update File: src/a.ts', '@@', ' one', '-two', '+2', '', '@@', '-three', '+3', '+4')],
      { 'src/a.ts': 'one\n2\n\n3\n4\n' },
    ],
    [
      'find a place by the line before',
      [patch('*** Add File: a', '+x', '+b', '+x'), patch('*** Update File: a', '@@ b', '-x', '+y')],
      { a: 'x\nb\ny\n' },
    ],
    [
      'find a place with other white space',
      [patch('*** Add File: a', '+  x '), patch('*** Update File: a', '@@', '-x', '+y')],
      { a: 'y\n' },
    ],
    [
      'take line numbers for nothing',
      [added, patch('*** Update File: src/a.ts', '@@ -2 +2 @@', '-two', '+2')],
      { 'src/a.ts': 'one\n2\n\nthree\n' },
    ],
    [
      'add to the end',
      [patch('*** Add File: a', '+x'), patch('*** Update File: a', '@@', '+y', '*** End of File')],
      { a: 'x\ny\n' },
    ],
    [
      'move',
      [added, patch('*** Update File: src/a.ts', '*** Move to: src/b.ts', '@@', '-one', '+1')],
      { 'src/b.ts': '1\ntwo\n\nthree\n' },
    ],
    ['delete', [added, patch('*** Delete File: src/a.ts')], {}],
    [
      'change several files',
      [patch('*** Add File: a', '+x', '*** Add File: b', '+y', '*** Delete File: a')],
      { b: 'y\n' },
    ],
    ['that do not fit make a file unknown', [added, patch('*** Update File: src/a.ts', '@@', '-four')], {}],
    ['of files that are not known are nothing', [patch('*** Update File: a', '@@', '+x')], {}],
    [
      'stand in commands',
      [call('shell', { command: ['apply_patch', '*** Begin Patch\n*** Add File: a\n+x\n*** End Patch'] })],
      { a: 'x\n' },
    ],
    [
      'stand in scripts',
      [
        call('exec_command', {
          cmd: "apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: a\n+x\n*** End Patch\nEOF",
        }),
      ],
      { a: 'x\n' },
    ],
    [
      'are below the folder of the command',
      [
        call('shell', {
          workdir: 'src',
          command: ['apply_patch', '*** Begin Patch\n*** Add File: a\n+x\n*** End Patch'],
        }),
      ],
      { 'src/a': 'x\n' },
    ],
    [
      'that are only quoted are nothing',
      [call('shell', { command: ['echo', '*** Begin Patch\n*** Add File: a\n+x\n*** End Patch'] })],
      {},
    ],
    [
      'without an end are taken as far as they go',
      [call('apply_patch', '*** Begin Patch\n*** Add File: a\n+x')],
      { a: 'x\n' },
    ],
  ])('%s', (_name, parts, expected) => {
    expect(written(parts)).toEqual(expected);
  });
});

describe('names', () => {
  test.each([
    ['/shop/src/a.ts', '/shop', 'src/a.ts'],
    ['src/a.ts', '/shop', 'src/a.ts'],
    ['./src/../b.ts', '/shop/', 'b.ts'],
    ['/shop/x/../a', '/shop', 'a'],
    ['a', undefined, 'a'],
    ['x/./a', undefined, 'x/a'],
    ['C:\\shop\\src\\a.ts', 'C:\\shop', 'src/a.ts'],
    ['C:/shop/a.ts', 'C:\\shop', 'a.ts'],
  ])('%s in %s is %s', (path, folder, name) => {
    expect(Object.keys(writtenIn(path, folder))).toEqual([name]);
  });

  test.each([
    ['/home/mira/.ssh/config', '/shop'],
    ['/shop', '/shop'],
    ['/shop/../etc/x', '/shop'],
    ['../x', '/shop'],
    ['/shopping/x', '/shop'],
    ['~/x', '/shop'],
    ['/shop/a', undefined],
    ['../x', undefined],
    ['~/x', undefined],
    ['D:\\shop\\a', 'C:\\shop'],
    ['', '/shop'],
  ])('%s is not in %s', (path, folder) => {
    expect(writtenIn(path, folder)).toEqual({});
  });

  function writtenIn(path: string, folder: string | undefined): Record<string, string> {
    const messages: Message[] = [{ id: '1', role: 'assistant', parts: [write(path, 'x')] }];
    const files = new InlineFiles();
    return Object.fromEntries(
      files.shown(messages, addWrittenFiles(files, messages, folder)).map(({ name }) => [name, 'x']),
    );
  }
});

describe('in a session', () => {
  const lines = [
    { type: 'user', cwd: '/home/mira/app', message: { content: 'go' } },
    {
      type: 'assistant',
      cwd: '/home/mira/app/src',
      message: {
        content: [
          {
            type: 'tool_use',
            id: '1',
            name: 'Write',
            input: { file_path: '/home/mira/app/notes.md', content: '# Hi' },
          },
          {
            type: 'tool_use',
            id: '2',
            name: 'Write',
            input: { file_path: '/home/mira/canary', content: 'canary' },
          },
        ],
      },
    },
    {
      type: 'user',
      message: {
        content: ['1', '2'].map((tool_use_id) => ({ type: 'tool_result', tool_use_id, content: 'ok' })),
      },
    },
  ];

  test('of Claude Code they are files only when they are wanted', () => {
    expect(readLog(claudeCode, lines).conversation.files).toEqual([]);
    expect(readLog(claudeCode, lines, { writtenFiles: true }).conversation.files).toEqual([
      { name: 'notes.md', mediaType: 'text/markdown', content: { bytes: new TextEncoder().encode('# Hi') } },
    ]);
  });

  test.each([
    ['a header', { type: 'session_meta', payload: { id: 'x', cwd: '/home/mira/app' } }],
    [
      'a context',
      {
        type: 'message',
        role: 'user',
        content: '<environment_context><cwd>/home/mira/app</cwd></environment_context>',
      },
    ],
  ])('of Codex they are below the folder in %s', (_name, head) => {
    const input = '*** Begin Patch\n*** Add File: /home/mira/app/a.txt\n+x\n*** End Patch';
    const session = [
      head,
      { type: 'message', role: 'user', content: 'go' },
      { type: 'custom_tool_call', name: 'apply_patch', call_id: '1', input },
      { type: 'custom_tool_call_output', call_id: '1', output: 'Success' },
    ];
    const { conversation } = readLog(codex, session, { writtenFiles: true });
    expect(conversation.files.map(({ name }) => name)).toEqual(['a.txt']);
    expect(readLog(codex, session).conversation.files).toEqual([]);
  });

  test('of Gemini CLI they are below the first of its folders', () => {
    const call = {
      id: 'w',
      name: 'write_file',
      args: { file_path: '/home/mira/app/a.txt', content: 'x' },
      status: 'success',
      result: [{ functionResponse: { id: 'w', name: 'write_file', response: { output: 'ok' } } }],
    };
    const outside = { ...call, id: 'o', args: { file_path: '/home/mira/canary', content: 'canary' } };
    const session = [
      {
        sessionId: 's',
        projectHash: 'h',
        startTime: '2026-03-02T09:00:00Z',
        directories: ['/home/mira/app'],
      },
      { id: 'u', type: 'user', content: [{ text: 'go' }] },
      { id: 'g', type: 'gemini', content: 'Done.', toolCalls: [call, outside] },
    ];
    expect(namesIn(readLog(gemini, session, { writtenFiles: true }))).toEqual(['a.txt']);
    expect(namesIn(readLog(gemini, session))).toEqual([]);
  });

  test('of pi they are below the folder of its header', () => {
    const call = { type: 'toolCall', id: 'c', name: 'write', arguments: { path: 'src/a.txt', content: 'x' } };
    const session = [
      { type: 'session', version: 3, id: 's', cwd: '/home/mira/app' },
      { type: 'message', id: 'a', parentId: null, message: { role: 'user', content: 'go' } },
      { type: 'message', id: 'b', parentId: 'a', message: { role: 'assistant', content: [call] } },
      {
        type: 'message',
        id: 'c',
        parentId: 'b',
        message: {
          role: 'toolResult',
          toolCallId: 'c',
          toolName: 'write',
          content: [{ type: 'text', text: 'ok' }],
        },
      },
    ];
    expect(namesIn(readLog(pi, session, { writtenFiles: true }))).toEqual(['src/a.txt']);
    expect(namesIn(readLog(pi, session))).toEqual([]);
  });

  test('of opencode they are below the folder of the session', async () => {
    const state = {
      status: 'completed',
      input: { filePath: '/home/mira/app/a.txt', content: 'x' },
      output: 'Wrote file successfully.',
    };
    const tool = { id: 'p2', type: 'tool', callID: 'c', tool: 'write', state };
    const session = {
      info: { id: 'ses_1', directory: '/home/mira/app', title: 'A file' },
      messages: [
        { info: { id: 'm1', role: 'user' }, parts: [{ id: 'p1', type: 'text', text: 'go' }] },
        { info: { id: 'm2', role: 'assistant' }, parts: [tool] },
      ],
    };
    const read = async (writtenFiles: boolean) =>
      namesIn(await opencode.read(session, { ...options, writtenFiles }, noAttachments));
    expect(await read(true)).toEqual(['a.txt']);
    expect(await read(false)).toEqual([]);
  });
});

function namesIn({ conversation }: Reading): string[] {
  return conversation.files.map(({ name }) => name);
}
