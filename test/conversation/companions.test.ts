import { appendFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createForeignReader, type ForeignReader } from '../../src/conversation/foreign.ts';
import { claudeCode } from '../../src/conversation/formats/claude-code.ts';
import { sourceSignature, watchPaths, type Source } from '../../src/conversation/source.ts';

let folder: string;
let path: string;
let reader: ForeignReader;

const line = (type: 'user' | 'assistant', content: unknown, more: object = {}) =>
  `${JSON.stringify({ type, sessionId: 'abc', ...more, message: { role: type, content } })}\n`;
const says = (text: string, more: object = {}) => line('assistant', [{ type: 'text', text }], more);
const side = { isSidechain: true, agentId: 'a1' };

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'companions-')));
  path = join(folder, 'abc.jsonl');
  const call = { type: 'tool_use', id: 't1', name: 'Agent', input: { prompt: 'look' } };
  writeFileSync(path, line('user', 'go') + line('assistant', [call]));
  reader = createForeignReader();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function saidBySubAgent(): Promise<string[]> {
  const { conversation } = await reader.read(path, claudeCode);
  const [call] = conversation.messages.flatMap(({ parts }) =>
    parts.filter((part) => part.type === 'tool-call'),
  );
  const parts = call?.subAgent?.messages.flatMap((message) => message.parts) ?? [];
  return parts.map((part) => (part.type === 'text' ? part.text : part.type));
}

test('a sub-agent’s file that comes, and grows, changes what is read', async () => {
  expect(await saidBySubAgent()).toEqual([]);
  const own = join(folder, 'abc', 'subagents');
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'agent-a1.jsonl'), line('user', 'Words that no call has', side));
  expect(await saidBySubAgent()).toEqual([]);
  writeFileSync(join(own, 'agent-a1.meta.json'), '{"agentType":"Explore","toolUseId":"t1"}');
  expect(await saidBySubAgent()).toEqual(['Words that no call has']);
  appendFileSync(join(own, 'agent-a1.jsonl'), says('Here it is.', side));
  expect(await saidBySubAgent()).toEqual(['Words that no call has', 'Here it is.']);
  rmSync(own, { recursive: true });
  expect(await saidBySubAgent()).toEqual([]);
});

test('of the files among other sessions only those of this one are read', async () => {
  writeFileSync(join(folder, 'agent-a1.jsonl'), line('user', 'look', side) + says('ours', side));
  const theirs = { ...side, sessionId: 'def', timestamp: '2020-01-01T00:00:00Z' };
  writeFileSync(join(folder, 'agent-a0.jsonl'), line('user', 'look', theirs) + says('theirs', theirs));
  mkdirSync(join(folder, 'agent-a2.jsonl'));
  expect(await saidBySubAgent()).toEqual(['look', 'ours']);
});

test('more sub-agents than logs are kept are read on, too', async () => {
  const own = join(folder, 'abc', 'subagents');
  mkdirSync(own, { recursive: true });
  for (let n = 0; n < 40; n += 1) writeFileSync(join(own, `agent-b${n}.jsonl`), line('user', `${n}`, side));
  writeFileSync(join(own, 'agent-a1.jsonl'), line('user', 'look', side));
  expect(await saidBySubAgent()).toEqual(['look']);
  appendFileSync(join(own, 'agent-a1.jsonl'), says('Here it is.', side));
  expect(await saidBySubAgent()).toEqual(['look', 'Here it is.']);
});

test('the folder of its own is watched, and every file of a sub-agent is in the signature', () => {
  const source: Source = { conversation: 'x', kind: 'claude-code', path, linked: true };
  const own = join(folder, 'abc', 'subagents');
  expect(watchPaths(source)).toEqual([path, own]);
  const signatures = [sourceSignature(source)?.text];
  mkdirSync(own, { recursive: true });
  for (const file of [
    join(own, 'agent-a1.jsonl'),
    join(own, 'agent-a1.meta.json'),
    join(folder, 'agent-a2.jsonl'),
  ]) {
    writeFileSync(file, '{}');
    signatures.push(sourceSignature(source)?.text);
    appendFileSync(file, '\n');
    signatures.push(sourceSignature(source)?.text);
  }
  writeFileSync(join(folder, 'def.jsonl'), '{}');
  expect(new Set(signatures).size).toBe(7);
  expect(sourceSignature(source)?.text).toBe(signatures.at(-1));
});
