import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumPath, launchBrowser } from '../support/browser.ts';
import { freePort, type Service, share, startService } from '../support/cli.ts';
import { aConversation, aDataFolder, type DataFolder } from '../support/data-folder.ts';

let data: DataFolder;
let service: Service;
let browser: Browser;
let site: string;

const run = (...args: string[]) => share([...args, '--data', data.paths.data, '--site', site]);

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  const port = await freePort();
  site = `http://127.0.0.1:${port}`;
  data = aDataFolder(site);
  data.write('talk', aConversation({ title: 'Tides' }), {
    'moon.csv': 'day,height\n1,2\n',
    'sub/note.txt': 'a note',
  });
  browser = await launchBrowser();
  const args = ['serve', '--port', String(port), '--data', data.paths.data, '--site', site];
  service = await startService(args, /Serving/);
});

afterAll(async () => {
  if (chromiumPath === undefined) return;
  await browser.close();
  expect(await service.stop()).toBe(0);
  data.remove();
});

const statusOf = async (url: string) => (await fetch(url, { redirect: 'manual' })).status;

async function within<T>(ms: number, look: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await look();
    if (good(value)) return value;
    if (Date.now() > end) throw new Error(`not within ${ms} ms; last seen: ${String(value).slice(0, 2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test.skipIf(chromiumPath === undefined)(
  'the journey: create, view, follow, delete, create again (needs Chromium)',
  async () => {
    const source = join(data.paths.library, 'talk', 'conversation.json');

    // create → a bare link, and the same on second create
    const first = await run('create', 'talk');
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^http.*\/share\/[0-9a-z]{26}\n$/) as string,
    });
    const link = first.stdout.trim();
    const second = await run('create', 'talk');
    expect(second.stdout).toBe(first.stdout);
    expect(second.stderr).toContain('same link');

    // view
    const page = await browser.newPage();
    const trouble: string[] = [];
    page.on('console', (message) => trouble.push(message.text()));
    page.on('pageerror', (error) => trouble.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(`${site}/`)) trouble.push(request.url());
    });
    await page.goto(link);
    expect(await page.title()).toContain('Tides');
    expect(await page.locator('h1').innerText()).toBe('Tides');
    expect(await page.locator('main').innerText()).toContain('A key that is all you need.');
    const hrefs = await page
      .locator('a[download]')
      .evaluateAll((links) => links.map((a) => (a as HTMLAnchorElement).href));
    const urls = [...new Set(hrefs)];
    expect(urls).toHaveLength(3);
    const download = page.waitForEvent('download');
    await page.locator('a[download="moon.csv"]').first().click();
    expect(readFileSync(await (await download).path(), 'utf8')).toBe('day,height\n1,2\n');

    // edit → the same URL shows it within a second
    const edited = aConversation({ title: 'Tides and the Moon' });
    writeFileSync(source, JSON.stringify({ id: 'talk', ...edited }));
    const textOf = async () => (await fetch(link)).text();
    await within(1_000, textOf, (text) => text.includes('Tides and the Moon'));
    await page.reload();
    expect(await page.locator('h1').innerText()).toBe('Tides and the Moon');

    // add and remove a file → list and ZIP follow
    writeFileSync(join(data.paths.library, 'talk', 'files', 'added.txt'), 'added');
    rmSync(join(data.paths.library, 'talk', 'files', 'moon.csv'));
    await within(1_000, textOf, (text) => text.includes('added.txt') && !text.includes('moon.csv'));
    await page.reload();
    const after = await page
      .locator('a[download]')
      .evaluateAll((links) => links.map((a) => (a as HTMLAnchorElement).href));
    const zip = after.find((url) => url.endsWith('.zip')) ?? '';
    const zipText = Buffer.from(await (await fetch(zip)).arrayBuffer()).toString('latin1');
    expect(zipText).toContain('added.txt');
    expect(zipText).toContain('sub/note.txt');
    expect(zipText).not.toContain('moon.csv');
    expect(trouble).toEqual([]);

    // delete → 404 for everything; the conversation is untouched
    const before = readFileSync(source, 'utf8');
    expect(await run('delete', link, '--yes')).toMatchObject({ code: 0, stdout: '' });
    const all = [link, `${link}/`, `${link}/conversation.md`, `${link}/conversation.json`, ...urls, ...after];
    expect(await Promise.all(all.map(statusOf))).toEqual(all.map(() => 404));
    expect(readFileSync(source, 'utf8')).toBe(before);
    expect((await page.reload())?.status()).toBe(404);

    // create again → a new id; the old one stays 404
    const again = await run('create', 'talk');
    expect(again.stdout).not.toBe(first.stdout);
    expect(await statusOf(again.stdout.trim())).toBe(200);
    expect(await statusOf(link)).toBe(404);
    await run('sync');
    expect(await statusOf(link)).toBe(404);
  },
  60_000,
);
