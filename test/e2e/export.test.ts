import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clean, exportConversation } from '../../src/export/export.ts';
import { loadRenderer } from '../../src/render/renderer.ts';
import { chromiumPath, launchBrowser } from '../support/browser.ts';
import { readEntry } from '../support/conversations.ts';
import { sampleNames } from '../support/samples.ts';

const missing = chromiumPath === undefined;

let folder: string;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'share-export-'));
  if (!missing) browser = await launchBrowser();
});
afterAll(async () => {
  if (!missing) await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

const asItIs: Clean = {
  snapshot: (snapshot) => Promise.resolve(snapshot),
  fileNames: ({ fileNames }) => Promise.resolve(fileNames),
};

describe.skipIf(missing)('an exported page (needs Chromium)', () => {
  test.each(sampleNames)('of %s works from the disk, asks for nothing and leads nowhere', async (name) => {
    const path = join(folder, `${name}.html`);
    const conversation = await readEntry(name);
    const wish = { format: 'html', id: name, shown: undefined, link: undefined } as const;
    const renderer = await loadRenderer();
    writeFileSync(
      path,
      await exportConversation(conversation, wish, asItIs, (each) => renderer.renderAlone(each)),
    );

    const page = await (await browser.newContext()).newPage();
    const asked: string[] = [];
    const trouble: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => trouble.push(message.text()));
    page.on('pageerror', (error) => trouble.push(error.message));
    await page.clock.install();
    await page.goto(pathToFileURL(path).href);
    // The script has run: it makes the button, and would by now have asked for news several times.
    await page.locator('button').first().waitFor();
    await page.clock.fastForward(120_000);
    await page.waitForTimeout(300);

    expect(asked.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(path).href]);
    expect(trouble).toEqual([]);
    expect(await page.locator('h1').innerText()).toBe(conversation.title);
    const dead = await page.locator('a').evaluateAll((links) =>
      links
        .map((link) => link.getAttribute('href') ?? '')
        .filter((href) => !/^(?:https?:|mailto:)/.test(href))
        .filter((href) => !href.startsWith('#') || document.getElementById(href.slice(1)) === null),
    );
    expect(dead).toEqual([]);
    await page.context().close();
  });
});
