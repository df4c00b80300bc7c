import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkPage } from '../../src/render/gate.ts';
import { highlightCode } from '../../src/render/highlight.ts';
import { renderMarkdown, renderWith } from '../../src/render/markdown.ts';
import { chromiumPath, launchBrowser } from '../support/browser.ts';
import { pageAround } from '../support/page-shell.ts';

const corpora = process.env['CORPORA_DIR'];
const missing =
  corpora === undefined
    ? 'skipped: CORPORA_DIR is not set'
    : chromiumPath === undefined
      ? 'skipped: Chromium is not installed'
      : undefined;

function payloads(): string[] {
  const lines = readFileSync(join(corpora ?? '', 'xss-payload-list.txt'), 'utf8').split('\n');
  return [...new Set(lines.filter((line) => line.trim() !== ''))];
}

function naughtyStrings(): string[] {
  return JSON.parse(readFileSync(join(corpora ?? '', 'blns.json'), 'utf8')) as string[];
}

/** The places of a message in which a payload can stand. */
const places: readonly ((payload: string) => string)[] = [
  (payload) => payload,
  (payload) => `<div>\n${payload}\n\n**after**`,
  (payload) => `[a](${payload}) ![b](${payload}) <a href="${payload}">c</a>`,
  (payload) => `$${payload}$\n\n\`\`\`html ${payload}\n${payload}\n\`\`\``,
];

describe.skipIf(corpora === undefined)(
  `the lists of hostile text${corpora === undefined ? ' (skipped: CORPORA_DIR is not set)' : ''}`,
  () => {
    test('hold what they should', () => {
      expect(payloads().length).toBeGreaterThan(6_000);
      expect(naughtyStrings().length).toBeGreaterThan(500);
    });

    test('pass the gate in every place, one by one', () => {
      const passed = [...payloads(), ...naughtyStrings()].flatMap((text) =>
        places.map((place) => renderMarkdown(place(text))),
      );
      for (const html of passed) checkPage(pageAround(`<div>${html}</div>`));
      expect(passed.length).toBeGreaterThan(26_000);
    });

    test('are refused by the gate when nothing has cleaned them', () => {
      const refused = payloads().filter((payload) => {
        try {
          checkPage(pageAround(payload));
          return false;
        } catch {
          return true;
        }
      });
      expect(refused.length).toBeGreaterThan(5_000);
    });

    test('give the same by the short cut, where there is no raw HTML in them', () => {
      for (const text of naughtyStrings().filter((naughty) => !naughty.includes('<')))
        expect(renderWith(text, { shortCut: false })).toBe(renderMarkdown(text));
    });
  },
);

describe.skipIf(missing !== undefined)(
  `a real browser${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchBrowser();
    });
    afterAll(() => browser.close());

    /** Opens each batch as a page without any policy, so that only the cleaning stands between it and the browser. */
    async function openAll(
      batches: readonly string[],
    ): Promise<{ dialogs: number; requests: string[]; fired: number }> {
      const seen = { dialogs: 0, requests: [] as string[], fired: 0 };
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.addInitScript(() => {
        const fired = (): void => {
          document.documentElement.dataset['fired'] = 'yes';
        };
        for (const name of ['alert', 'confirm', 'prompt', 'print'] as const)
          Object.defineProperty(window, name, { value: fired, writable: false });
      });
      page.on('dialog', (dialog) => {
        seen.dialogs += 1;
        void dialog.dismiss();
      });
      let body = '';
      await context.route('**/*', (route) => {
        const url = route.request().url();
        if (url === 'http://page.example/')
          return route.fulfill({ contentType: 'text/html; charset=utf-8', body });
        if (url !== 'http://page.example/favicon.ico') seen.requests.push(url);
        return route.abort();
      });
      for (const batch of batches) {
        body = `<!doctype html><link rel="icon" href="data:,"><body>${batch}`;
        await page.goto('http://page.example/', { waitUntil: 'domcontentloaded' });
        await page.evaluate(clickEverything);
        await page.waitForTimeout(30);
        if ((await page.evaluate(() => document.documentElement.dataset['fired'])) === 'yes') seen.fired += 1;
      }
      await context.close();
      return seen;
    }

    test('runs nothing, asks nothing and loads nothing for any of them', async () => {
      const html = payloads().map((payload) =>
        places.map((place) => `<div>${renderMarkdown(place(payload))}</div>`).join(''),
      );
      const coloured = payloads().map((payload) => `<pre>${highlightCode(payload, 'html')}</pre>`);
      const seen = await openAll(batchesOf([...html, ...coloured], 500));
      expect(seen).toEqual({ dialogs: 0, requests: [], fired: 0 });
    }, 120_000);

    test('does all of that when they are not cleaned, so that the test above can fail', async () => {
      const raw = payloads().filter((payload) =>
        /^<(?:img|svg|details|body|input|video|audio)\b[^>]*\bon\w+=/i.test(payload),
      );
      const seen = await openAll(batchesOf(raw.slice(0, 200), 5));
      expect(seen.fired).toBeGreaterThan(5);
      expect(seen.requests.length).toBeGreaterThan(5);
    }, 120_000);
  },
);

function batchesOf(items: readonly string[], size: number): string[] {
  const batches: string[] = [];
  for (let index = 0; index < items.length; index += size)
    batches.push(items.slice(index, index + size).join('\n'));
  return batches;
}

/** Runs in the page: what a curious viewer could set off. Links out of the page are only hovered. */
function clickEverything(): void {
  for (const element of document.querySelectorAll<HTMLElement>('body *')) {
    for (const kind of ['mouseover', 'mouseenter', 'focus', 'pointerover'])
      element.dispatchEvent(new Event(kind, { bubbles: true }));
    if (!element.matches('a[href^="http"], a[href^="mailto:"]') && typeof element.click === 'function')
      element.click();
  }
}
