import { expect, test } from 'vitest';
import { roundLabel } from '../../src/components/words.ts';
import type { SnapshotMessage } from '../../src/snapshot/snapshot.ts';

const say = (role: SnapshotMessage['role'], text: string): SnapshotMessage => ({
  role,
  parts: [{ type: 'text', text }],
});

test.each<[string, SnapshotMessage[], string]>([
  [
    'what the user said',
    [say('assistant', 'Hello.'), say('user', '## When is *low* tide?\n')],
    'When is low tide?',
  ],
  ['what was said, where a page goes on with it', [say('assistant', 'At six.'), say('tool', 'x')], 'At six.'],
  ['its number, where nothing was said', [{ role: 'assistant', parts: [] }], 'Round 7'],
])('a round is called by %s', (_name, messages, label) => {
  const shown = messages.map((message, index) => ({ index, message }));
  expect(roundLabel({ number: 7, beginsOn: 1, messages: shown })).toBe(label);
});
