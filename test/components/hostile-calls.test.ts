import { expect, test } from 'vitest';
import { blocksOf } from '../../src/components/tool-body.ts';
import { workOf, type ToolCall } from '../../src/components/tool-call.ts';
import { readOutput } from '../../src/components/tool-output.ts';
import { summaryOf } from '../../src/components/tool-summary.ts';
import type { Json } from '../../src/snapshot/snapshot.ts';
import { cpuMs } from '../support/cpu.ts';

function draw(name: string, input: Json, output: string): string {
  const call: ToolCall = { type: 'tool-call', name, input, output, status: 'done' };
  const work = workOf(call);
  const said = readOutput(output, work.kind === 'command');
  const { isFailed } = summaryOf(call, work, said);
  return blocksOf(call, work, said, isFailed, '/share/x')
    .map((block) => block.html)
    .join('');
}

const lines = (other: string, every: number) =>
  Array.from({ length: 25_000 }, (_, index) => (index % every === 0 ? other : 'a')).join('\n');
const edit = { old_string: lines('b', 2), new_string: lines('c', 3) };
const edits = Array.from({ length: 100 }, () => edit);

/** Nine megabytes and more, but for the search: each took from 9 s to minutes once. */
test.each<[string, string, Json, string?]>([
  ['an output of one line of dots', 'Grep', { pattern: 'x' }, `${'.'.repeat(200_000)} x`],
  ['a hundred long edits', 'MultiEdit', { file_path: 'a', edits }],
  [
    'a patch that takes and gives lines in turn',
    'apply_patch',
    `*** Begin Patch\n*** Update File: a\n${'+x\n-y\n'.repeat(1_500_000)}*** End Patch`,
  ],
  ['sequences that do not end', 'Bash', { command: 'x' }, '\u001B['.repeat(4_500_000)],
])('%s is drawn in a moment', (_name, tool, input, output = '') => {
  let html = '';
  expect(cpuMs(() => (html = draw(tool, input, output)))).toBeLessThan(3_000);
  expect(html.length).toBeLessThan(60_000);
});
