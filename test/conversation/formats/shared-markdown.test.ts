import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sharedMarkdown } from '../../../src/conversation/formats/shared-markdown.ts';
import { toSnapshot } from '../../../src/snapshot/privacy.ts';
import type { Snapshot, SnapshotMessage, SnapshotPart } from '../../../src/snapshot/snapshot.ts';
import { toMarkdown } from '../../../src/snapshot/to-markdown.ts';
import { aRichSnapshot, aSnapshot } from '../../support/rich-snapshot.ts';
import { detectText, options } from './reading.ts';

const link = 'https://talks.example/share/0123456789abcdefghjkmnpqrs';

function readBack(markdown: string): Snapshot {
  const { conversation } = sharedMarkdown.read(markdown, options);
  return toSnapshot(conversation, [], undefined, { thinking: true });
}

function saying(...parts: SnapshotPart[]): Snapshot {
  const messages: SnapshotMessage[] = [
    { role: 'user', parts: [{ type: 'text', text: 'Go.' }] },
    { role: 'assistant', parts },
  ];
  return aSnapshot({ rounds: [{ number: 1, messages }] });
}

const partsReadBack = (...parts: SnapshotPart[]) =>
  readBack(toMarkdown(saying(...parts), link)).rounds[0]?.messages[1]?.parts;

describe('what a share says as Markdown', () => {
  test('reads back with its title, type, times and rounds', () => {
    const snapshot = saying({ type: 'text', text: 'Done.' });
    expect(readBack(toMarkdown({ ...snapshot, title: 'A *b* [c] #d' }, link))).toEqual({
      ...snapshot,
      title: 'A *b* [c] #d',
    });
  });

  test.each<[string, SnapshotPart[]]>([
    ['thinking', [{ type: 'thinking', text: 'One.\n\n> Two.' }]],
    ['a call without anything', [{ type: 'tool-call', name: 'Stop', input: null, status: 'pending' }]],
    [
      'a call with input and output',
      [{ type: 'tool-call', name: 'Run', input: { a: [1] }, output: 'x\n```\ny', status: 'failed' }],
    ],
    ['a call with output', [{ type: 'tool-call', name: 'mcp__a', input: null, output: 'x', status: 'done' }]],
    ['a call with text', [{ type: 'tool-call', name: 'p`q', input: 'text', output: 'x', status: 'done' }]],
    [
      'sources',
      [
        {
          type: 'sources',
          sources: [{ url: 'https://a.example/' }, { title: 'B: <b>', url: 'https://b.example/' }],
        },
      ],
    ],
    ['code that looks like a turn', [{ type: 'text', text: '```md\n**User**\n\n## Files\n```' }]],
    [
      'one after the other',
      [
        { type: 'text', text: 'First.' },
        { type: 'tool-call', name: 'Run', input: { a: 1 }, status: 'done' },
        { type: 'text', text: 'Then.' },
      ],
    ],
  ])('reads %s back', (_name, parts) => {
    expect(partsReadBack(...parts)).toEqual(parts);
  });

  test('reads the work of a sub-agent back, and of one that this one set to work', () => {
    const inner: SnapshotPart = {
      type: 'tool-call',
      name: 'Task',
      input: null,
      output: 'inner',
      status: 'done',
      subAgent: {
        rounds: [
          {
            number: 1,
            messages: [
              { role: 'user', parts: [{ type: 'text', text: 'Look deeper.' }] },
              { role: 'assistant', parts: [{ type: 'text', text: '```\nx\n```' }] },
            ],
          },
        ],
      },
    };
    const outer: SnapshotPart = {
      type: 'tool-call',
      name: 'Task',
      input: { prompt: 'Look.' },
      output: 'outer',
      status: 'done',
      subAgent: {
        name: 'Explore',
        rounds: [
          {
            number: 1,
            messages: [
              { role: 'user', parts: [{ type: 'text', text: 'Look.' }] },
              { role: 'assistant', parts: [inner, { type: 'text', text: 'Found.' }] },
            ],
          },
        ],
      },
    };
    expect(partsReadBack(outer, { type: 'text', text: 'Thanks.' })).toEqual([
      outer,
      { type: 'text', text: 'Thanks.' },
    ]);
  });

  test.each([
    ['Explore', 'Explore'],
    ['Explore agent', 'Explore'],
    ['code-agent', 'code-agent'],
    [undefined, undefined],
  ])('reads the name of a sub-agent %s back', (name, readAs) => {
    const messages: SnapshotMessage[] = [{ role: 'assistant', parts: [{ type: 'text', text: 'Found.' }] }];
    const subAgent = { ...(name !== undefined && { name }), rounds: [{ number: 1, messages }] };
    const [call] =
      partsReadBack({ type: 'tool-call', name: 'Task', input: null, status: 'done', subAgent }) ?? [];
    expect(call).toMatchObject({ subAgent: { rounds: [{ messages }] } });
    expect(call?.type === 'tool-call' ? call.subAgent?.name : 'no call').toBe(readAs);
  });

  test('reads everything at once back, but for the files and the link', () => {
    const markdown = toMarkdown(aRichSnapshot(), link);
    const again = toMarkdown(readBack(markdown), link);
    const linkOfAFile = new RegExp(`^(?:> )*!?\\[.*\\]\\(${link}/.*\\)\\n[> ]*\\n`, 'gm');
    const kept = markdown.slice(0, markdown.indexOf('\n\n## Files') + 1).replace(linkOfAFile, '');
    expect(again).toBe(kept);
    expect(JSON.stringify(readBack(markdown))).not.toContain(link);
  });
});

test('a file that is cut off within the address of a file does not tell half of the link', () => {
  const markdown = toMarkdown(saying({ type: 'text', text: `![a](${link}/files/a.png)` }), link);
  const cut = markdown.slice(0, markdown.lastIndexOf(link) + link.length - 5);
  expect(JSON.stringify(readBack(cut))).not.toContain('talks.example');
});

test('only the Markdown of a share is recognised', () => {
  const fixture = readFileSync(
    new URL('../../fixtures/shared-markdown/conversation.md', import.meta.url),
    'utf8',
  );
  expect(detectText(sharedMarkdown, fixture)).toBeDefined();
  expect(detectText(sharedMarkdown, toMarkdown(aSnapshot(), link))).toBeDefined();
  expect(detectText(sharedMarkdown, toMarkdown(aSnapshot()))).toBeDefined();
  expect(detectText(sharedMarkdown, '# Title\n\n- Type: x\n- Link: <y>\n')).toBeUndefined();
});
