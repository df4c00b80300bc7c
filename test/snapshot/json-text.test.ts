import { expect, test } from 'vitest';
import type { Message, Part } from '../../src/conversation/conversation.ts';
import { toSnapshot } from '../../src/snapshot/privacy.ts';
import { redactText, toIndentedJson } from '../../src/snapshot/json-text.ts';
import { cpuMs } from '../support/cpu.ts';
import type { Json, SnapshotPart } from '../../src/snapshot/snapshot.ts';

const at = '2026-03-01T10:00:00.000Z';

function published(
  part: Pick<Extract<Part, { type: 'tool-call' }>, 'input' | 'output'>,
): SnapshotPart | undefined {
  const call: Part = { type: 'tool-call', name: 'shell', status: 'done', ...part };
  const messages: Message[] = [{ id: 'm1', role: 'assistant', parts: [call] }];
  const about = { title: 'Talk', type: 'chat', createdAt: at, updatedAt: at, agent: {}, settings: {} };
  const conversation = { ...about, owner: { name: 'Mira Lind' }, messages, files: [] };
  const { rounds } = toSnapshot(conversation, [], undefined, { thinking: false });
  return rounds[0]?.messages[0]?.parts[0];
}

const escaped = String.raw`cat \u002fhome\u002fmira/x # \u004dira Lind`;

test('a tool input that is JSON text is read, and redacted as it reads', () => {
  expect(published({ input: `{"cmd":"${escaped}"}` })).toMatchObject({ input: { cmd: 'cat ~/x # [owner]' } });
});

test('a tool output that is JSON text is redacted as a page shows it', () => {
  const output = `{"output":"${escaped}","metadata":{"exit_code":0}}`;
  expect(published({ input: {}, output })).toMatchObject({
    output: '{"output":"cat ~/x # [owner]","metadata":{"exit_code":0}}',
  });
});

test('so is one that is an array', () => {
  expect(published({ input: {}, output: `[{"cmd":"${escaped}"}]` })).toMatchObject({
    output: '[{"cmd":"cat ~/x # [owner]"}]',
  });
});

test('so is each line that is JSON, and the others stay', () => {
  const output = `start\\\r\n{ "a": 1 }\r\n{"cmd":"${escaped}"}\r\n ["${escaped}"]\n{ "b": "\\n" }\n{"c":\\}\n`;
  expect(published({ input: {}, output })).toMatchObject({
    output: output
      .replace(`{"cmd":"${escaped}"}`, '{"cmd":"cat ~/x # [owner]"}')
      .replace(` ["${escaped}"]`, '["cat ~/x # [owner]"]'),
  });
});

test.each(['["\\"]\n', '[\\\n', '[1,\\]\n', '[[[["\\n"]]]]\n', '["\\u0041"]\n', '{"a":"\\n"} ', '] '])(
  'a megabyte of %j is read in under a second',
  (unit) => {
    const text = `[\\${unit.repeat(Math.ceil(1_000_000 / unit.length))}`;
    expect(cpuMs(() => redactText(text, (each) => each))).toBeLessThan(1000);
  },
);

test('JSON text without escapes that hide stays as it was written', () => {
  const output = '{ "output": "a\\n/home/mira/x" }';
  expect(published({ input: {}, output })).toMatchObject({ output: '{ "output": "a\\n~/x" }' });
});

test('what is no JSON object, or nested too deep to be handled, stays a text', () => {
  const deep = '{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000);
  for (const input of ['{"a"', '[1]', 'ls', deep])
    expect(published({ input, output: input })).toMatchObject({ input, output: input });
});

test('JSON is indented for people, but not so deep that the indents are most of it', () => {
  const deep = (levels: number) => JSON.parse('['.repeat(levels) + '1' + ']'.repeat(levels)) as Json;
  expect(toIndentedJson({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(toIndentedJson(deep(200))).toHaveLength(401);
});
