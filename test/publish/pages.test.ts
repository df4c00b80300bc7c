import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { App } from '../../cli/app.ts';
import { aConversation, aDataFolder, type DataFolder } from '../support/data-folder.ts';

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

function write(messages: number, change = ''): void {
  const said = Array.from({ length: messages }, (_, index) => ({
    id: `m${index}`,
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `Message ${index}. ${'The tide rises and falls. '.repeat(40)}${index === messages - 1 ? change : ''}`,
  }));
  data.write('long-talk', aConversation({ messages: said }));
}

test('a long conversation stands on several pages, and what is added touches the first and the last only', async () => {
  write(1_000);
  const { share } = await app.publisher.create('long-talk', 'mira');
  const folder = join(data.paths.output, 'share', share.id);
  const pages = readdirSync(folder).filter((name) => /^\d+$/.test(name));
  expect(pages.length).toBeGreaterThan(2);
  const html = (page: string) => readFileSync(join(folder, page, 'index.html'), 'utf8');
  for (const page of ['', ...pages]) expect(Buffer.byteLength(html(page))).toBeLessThan(500_000);

  const everything = ['', ...pages].map(html).join('');
  for (let index = 0; index < 1_000; index += 1)
    expect(everything.split(`Message ${index}.`).length).toBeGreaterThan(1);
  expect(html('2')).toContain(`<a rel="prev" href="/share/${share.id}">`);
  expect(html('')).toContain(`<a rel="next" href="/share/${share.id}/2">`);
  expect(html('')).toContain(`href="/share/${share.id}/${pages.length + 1}" data-start=`);
  expect(html(String(pages.length + 1))).not.toContain('rel="next"');

  const inode = (page: string) => statSync(join(folder, page, 'index.html')).ino;
  const before = new Map(['', ...pages].map((page) => [page, inode(page)]));
  write(1_000, 'And one word more.');
  await app.publisher.sync('long-talk');
  const last = String(pages.length + 1);
  expect(html(last)).toContain('And one word more.');
  const touched = ['', ...pages].filter((page) => inode(page) !== before.get(page));
  expect(touched).toEqual(['', last]);
});

test('pages that a shorter conversation no longer has are gone', async () => {
  write(1_000);
  const { share } = await app.publisher.create('long-talk', 'mira');
  const folder = join(data.paths.output, 'share', share.id);
  expect(existsSync(join(folder, '2'))).toBe(true);
  write(10);
  await app.publisher.sync('long-talk');
  expect(readdirSync(folder).sort()).toEqual(['conversation.json', 'conversation.md', 'index.html']);
});

test('a page that somebody changed is put back when its conversation changes', async () => {
  write(1_000);
  const { share } = await app.publisher.create('long-talk', 'mira');
  const page = join(data.paths.output, 'share', share.id, '2', 'index.html');
  writeFileSync(page, '<p>mine</p>');
  write(1_000, 'And one word more.');
  await app.publisher.sync('long-talk');
  expect(readFileSync(page, 'utf8')).toContain('Message ');
});
