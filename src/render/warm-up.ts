import type { Snapshot } from '../snapshot/snapshot.ts';

const writtenAt = '2026-01-01T00:00:00.000Z';

const answer = `Some *prose* with **strong words**, \`code\` and [a link](https://example.org/).

- first
- second

\`\`\`ts
export function tide(hours: number): number {
  return 2 * Math.cos(hours); // metres
}
\`\`\`

| hour | cm |
|---|---|
| 0 | 12 |

$$h(t) = a \\cos(2\\pi t / T)$$
`;

/**
 * Something of all that conversations are made of, to be drawn for no reader: the engine compiles what draws well only
 * once it has seen it at work. Drawn some sixty times, a page takes a quarter of the time that the first one takes.
 */
export const warmUpSnapshot: Snapshot = {
  version: 1,
  title: 'Warm-up',
  type: 'chat',
  createdAt: writtenAt,
  updatedAt: writtenAt,
  files: [],
  rounds: Array.from({ length: 10 }, (_, index) => ({
    number: index + 1,
    messages: [
      { role: 'user', createdAt: writtenAt, parts: [{ type: 'text', text: 'What do the tides do?' }] },
      {
        role: 'assistant',
        createdAt: writtenAt,
        parts: [
          { type: 'text', text: answer },
          { type: 'tool-call', name: 'Bash', input: { command: 'ls' }, output: 'one\ntwo', status: 'done' },
        ],
      },
    ],
  })),
};
