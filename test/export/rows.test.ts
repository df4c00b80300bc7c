import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columns, toRows } from '../../src/export/rows.ts';
import { toSnapshot } from '../../src/snapshot/privacy.ts';
import type { Message, Part } from '../../src/conversation/conversation.ts';
import { aMessage, aReadConversation } from '../support/conversations.ts';

const rowsOf = (...messages: Message[]) => toRows(messages, (name) => name);

describe('rows', () => {
  test('hold every part of a message', () => {
    const row = rowsOf(
      aMessage(
        'm1',
        'assistant',
        { type: 'thinking', text: 'Hm.' },
        { type: 'text', text: 'One' },
        { type: 'tool-call', name: 'Bash', input: { command: 'ls' }, output: 'a', status: 'done' },
        { type: 'text', text: 'Two' },
        { type: 'image', file: 'a.png', alt: 'A' },
        { type: 'file', file: 'b.csv' },
        { type: 'sources', sources: [{ title: 'T', url: 'https://example.org/' }] },
      ),
    );
    expect(row).toEqual([
      {
        round: 1,
        message: 1,
        id: 'm1',
        role: 'assistant',
        created_at: new Date('2026-03-01T10:00:00.000Z'),
        text: 'One\n\nTwo',
        thinking: 'Hm.',
        tool_calls: '[{"name":"Bash","input":{"command":"ls"},"output":"a","status":"done"}]',
        tool_call_count: 1,
        sources: '[{"title":"T","url":"https://example.org/"}]',
        files: '["a.png","b.csv"]',
      },
    ]);
  });

  test('have null for what is not there', () => {
    const [row] = toRows([{ role: 'user', parts: [] }], String);
    expect(row).toMatchObject({ id: null, created_at: null, text: '', thinking: null, tool_calls: null });
    expect(row).toMatchObject({ tool_call_count: 0, sources: null, files: null });
  });

  test('have the columns that are documented, in their order', () => {
    const [row] = rowsOf(aMessage('m1', 'user'));
    expect(Object.keys(row ?? {})).toEqual(columns.map(({ name }) => name));
  });

  test('count rounds as the page does, whatever else stands between', () => {
    const part: fc.Arbitrary<Part> = fc.oneof(
      fc.record({ type: fc.constant('text' as const), text: fc.constantFrom('words', ' ', '') }),
      fc.record({ type: fc.constant('thinking' as const), text: fc.constantFrom('words', '') }),
      fc.constant<Part>({ type: 'tool-call', name: 'x', input: null, status: 'done' }),
    );
    const role = fc.constantFrom<Message['role'][]>('user', 'assistant', 'system', 'developer', 'tool');
    const message = fc.tuple(role, fc.array(part, { maxLength: 2 }));
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), (list) => {
        const messages = list.map(([who, parts], index) => aMessage(`m${index}`, who, ...parts));
        const choice = { thinking: true, preview: false };
        const { rounds } = toSnapshot(aReadConversation({ messages }), [], undefined, choice);
        const shown = rounds.flatMap(({ number, messages: inRound }) => inRound.map(() => number));
        const isShown = (one: Message) =>
          one.role !== 'system' &&
          one.role !== 'developer' &&
          one.parts.some((each) => !('text' in each) || each.text.trim() !== '');
        const counted = rowsOf(...messages).filter((_row, index) => {
          const one = messages[index];
          return one !== undefined && isShown(one);
        });
        expect(counted.map(({ round }) => round)).toEqual(shown);
      }),
    );
  });
});
