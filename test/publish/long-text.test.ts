import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { App } from '../../cli/app.ts';
import { longInput, longOutput } from '../../src/snapshot/long-text.ts';
import { aConversation, aDataFolder, owner, type DataFolder } from '../support/data-folder.ts';

let data: DataFolder;
let app: App;

beforeEach(async () => {
  data = aDataFolder();
  app = await data.open();
});

afterEach(() => {
  app.close();
  data.remove();
});

const outputOf = (word: string) => `${word} 🙂\n`.repeat(5_000);
const aCall = { type: 'tool-call', name: 'Bash', input: {}, status: 'done' } as const;
const pathOf = (output: string) => longOutput({ ...aCall, output })?.path ?? '';
/** With a byte order mark, so that no browser takes it for anything but text. */
const markedAsText = (output: string) => `\uFEFF${output}`;

function write(outputs: string[], title = 'A talk', files: Record<string, string> = {}): void {
  const content = outputs.map((output) => ({
    type: 'tool-call',
    name: 'Bash',
    input: { command: 'cat' },
    output,
    status: 'done',
  }));
  const messages = [
    { id: 'm1', role: 'user', content: 'Go.' },
    { id: 'm2', role: 'assistant', content: [{ type: 'text', text: 'Done.' }, ...content] },
  ];
  data.write('talk', aConversation({ title, messages }), files);
}

async function publish(): Promise<string> {
  const { share } = await app.publisher.create('talk', owner);
  return join(data.paths.output, 'share', share.id);
}

test('a long output is a file that the page links; it stays, is replaced, and goes with its call', async () => {
  const [first, second] = [outputOf('first'), outputOf('second')];
  write([first, first, 'short']);
  const folder = await publish();
  const file = join(folder, pathOf(first));
  expect(readFileSync(file, 'utf8')).toBe(markedAsText(first));
  expect(readFileSync(join(folder, 'index.html'), 'utf8')).toContain(
    `/${pathOf(first)}" download="output.txt"`,
  );
  expect(readdirSync(join(folder, 'files'))).toHaveLength(1);
  const { ino } = statSync(file);

  write([first, second], 'Another title');
  expect(await app.publisher.sync('talk')).toBe('published');
  expect(statSync(file).ino).toBe(ino); // not written again
  expect(readFileSync(join(folder, pathOf(second)), 'utf8')).toBe(markedAsText(second));

  write(['short', second]);
  await app.publisher.sync('talk');
  expect(existsSync(file)).toBe(false);
  expect(existsSync(join(folder, pathOf(second)))).toBe(true);

  write(['short']);
  await app.publisher.sync('talk');
  expect(existsSync(join(folder, 'files'))).toBe(false);
});

test('a long output in a sub-agent is a file that the page links too', async () => {
  const output = outputOf('inner');
  const bash = { type: 'tool-call', name: 'Bash', input: { command: 'cat' }, output };
  const subAgent = { messages: [{ id: 'a1', role: 'assistant', content: [bash] }] };
  const messages = [
    { id: 'm1', role: 'assistant', content: [{ type: 'tool-call', name: 'Task', subAgent }] },
  ];
  data.write('talk', aConversation({ title: 'A talk', messages }), {});
  const folder = await publish();
  expect(readFileSync(join(folder, pathOf(output)), 'utf8')).toBe(markedAsText(output));
  expect(readFileSync(join(folder, 'index.html'), 'utf8')).toContain(
    `/${pathOf(output)}" download="output.txt"`,
  );
});

test('the same text attached under the same name is one file', async () => {
  const output = outputOf('twin');
  write([output], 'A talk', { 'output.txt': markedAsText(output) });
  const folder = await publish();
  expect(readFileSync(join(folder, pathOf(output)), 'utf8')).toBe(markedAsText(output));
  write([output], 'Another title', { 'output.txt': markedAsText(output) });
  expect(await app.publisher.sync('talk')).toBe('published');
  expect(readFileSync(join(folder, pathOf(output)), 'utf8')).toBe(markedAsText(output));
});

test('a long input is a file, too: its fields as they read, the same in every call that has it', async () => {
  const content = outputOf('written');
  const input = { file_path: 'tides.md', content, mode: { append: false } };
  const call = { type: 'tool-call', name: 'Write', input, output: 'ok', status: 'done' };
  const messages = [
    { id: 'm1', role: 'assistant', content: [call, call, { ...call, input: { content: 'short' } }] },
  ];
  data.write('talk', aConversation({ messages }));
  const folder = await publish();
  const path = longInput({ ...aCall, input })?.path ?? '';
  expect(readFileSync(join(folder, path), 'utf8')).toBe(
    markedAsText(`file_path: tides.md\ncontent:\n${content}\n\nmode:\n{\n  "append": false\n}\n`),
  );
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  expect(html.split(`/${path}" download="input.txt"`)).toHaveLength(3);
  expect(html).not.toContain('conversation.json</a> has all of it');
  expect(readdirSync(join(folder, 'files'))).toHaveLength(1);
});
