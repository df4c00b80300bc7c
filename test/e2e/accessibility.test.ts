import axe from 'axe-core';
import { HtmlValidate } from 'html-validate';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer } from '../../src/serve/server.ts';
import { shareUrl } from '../../src/urls.ts';
import { chromiumPath, launchBrowser } from '../support/browser.ts';
import { freePort } from '../support/cli.ts';
import { aConversation, aDataFolder } from '../support/data-folder.ts';
import { publishSamples, sampleNames, type Samples } from '../support/samples.ts';

/** Pages of a conversation that has several: the first, one between, the last. */
const longPages = ['long page 1', 'long page 2', 'long page 3'];
const pageNames = [...sampleNames, '404', ...longPages];
const missing = chromiumPath === undefined;

let samples: Samples;
let browser: Browser | undefined;
let long: { url: string; close(): Promise<void> };

beforeAll(async () => {
  samples = await publishSamples();
  long = await publishLong();
  if (!missing) browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await samples.close();
  await long.close();
});

/** Three pages of few elements, so that axe is soon through; each kind of content stands on every one. */
async function publishLong(): Promise<typeof long> {
  const port = await freePort();
  const data = aDataFolder(`http://127.0.0.1:${port}`);
  const tides = 'The tide rises and falls. '.repeat(900);
  const answer = `${tides}\n\n- [ ] look\n\n\`\`\`ts\nconst a = 1;\n\`\`\`\n\n| a | b |\n|---|---|\n| 1 | 2 |`;
  const command = { name: 'Bash', input: { command: 'ls' }, output: 'a\n'.repeat(500), status: 'done' };
  const messages = Array.from({ length: 45 }, (_, index) => ({
    id: `m${index}`,
    role: index % 9 === 0 ? 'user' : 'assistant',
    content: index % 3 === 2 ? [{ type: 'tool-call', ...command }] : `Message ${index}. ${answer}`,
  }));
  data.write('long', aConversation({ messages }));
  const app = await data.open();
  const { share } = await app.publisher.create('long', 'tester');
  app.close();
  const server = await startServer({ folder: data.paths.output, host: '127.0.0.1', port });
  return {
    url: shareUrl(data.paths.site, share.id),
    async close() {
      await server.close();
      data.remove();
    },
  };
}

function urlOf(name: string): string {
  const number = longPages.indexOf(name) + 1;
  if (number > 0) return number === 1 ? long.url : `${long.url}/${number}`;
  return samples.urls.get(name) ?? '';
}

interface Look {
  width: number;
  colorScheme: 'light' | 'dark';
}

interface Opened {
  page: Page;
  /** What the console, the network and the page's policy had to say. */
  trouble: string[];
}

/** Opens an address in a browser that has seen nothing yet. `serve` stands in for the server. */
async function open(url: string, look: Look, serve?: string): Promise<Opened> {
  if (browser === undefined) throw new Error('Chromium is not installed.');
  const { width, colorScheme } = look;
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const page = await context.newPage();
  const trouble: string[] = [];
  const isExpected = (text: string) => url === urlOf('404') && /status of 404/.test(text);
  page.on('console', (message) => {
    if (!isExpected(message.text())) trouble.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const asked = request.url();
    if (new URL(asked).origin !== new URL(url).origin && !asked.startsWith('data:'))
      trouble.push(`request: ${asked}`);
  });
  await page.exposeFunction('tellViolation', (text: string) => void trouble.push(`policy: ${text}`));
  await page.addInitScript(() => {
    const { tellViolation } = globalThis as unknown as { tellViolation: (text: string) => void };
    document.addEventListener('securitypolicyviolation', (event) =>
      tellViolation(`${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  if (serve !== undefined)
    await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body: serve }));
  const response = await page.goto(url);
  expect(response?.status()).toBe(url === urlOf('404') ? 404 : 200);
  return { page, trouble };
}

/** What axe finds, with everything folded open: what is closed it cannot see. */
async function violationsOn(page: Page): Promise<string[]> {
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
  // A script tag would be against the page's own policy.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ['violations'] }),
  );
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`));
}

/** A theme has the same colours at every width. */
const looks: Look[] = [
  { width: 1440, colorScheme: 'light' },
  { width: 1440, colorScheme: 'dark' },
  { width: 360, colorScheme: 'dark' },
];

const scrollsSideways = (page: Page) =>
  page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
    const { scrollWidth, clientWidth } = document.scrollingElement ?? document.documentElement;
    return scrollWidth > clientWidth;
  });

describe.skipIf(missing)('in a browser (needs Chromium)', { timeout: 60_000 }, () => {
  describe.each(pageNames)('%s', (name) => {
    test.each(looks)('axe has nothing to say at $width px, $colorScheme', async (look) => {
      const { page, trouble } = await open(urlOf(name), look);
      expect(await violationsOn(page)).toEqual([]);
      expect(trouble).toEqual([]);
      await page.context().close();
    });

    test('does not scroll sideways at 320 px, and troubles nobody', async () => {
      const { page, trouble } = await open(urlOf(name), { width: 320, colorScheme: 'light' });
      expect(await scrollsSideways(page)).toBe(false);
      // Down to the end, so that what is lazy loads.
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      await page.waitForLoadState('networkidle');
      expect(trouble).toEqual([]);
      await page.context().close();
    });
  });

  test('a bad page is found out', async () => {
    const bad = `<!doctype html><html><head>
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'"><title>t</title></head>
      <body><img src="https://elsewhere.example/a.png"><p>${'x'.repeat(500)}</p></body></html>`;
    const { page, trouble } = await open(`${samples.site}/bad`, { width: 320, colorScheme: 'dark' }, bad);
    const found = await violationsOn(page);
    expect(found.map((each) => each.replace(/:.*/s, ''))).toEqual(
      expect.arrayContaining(['html-has-lang', 'image-alt']),
    );
    expect(await scrollsSideways(page)).toBe(true);
    await expect.poll(() => trouble.join('\n')).toMatch(/policy: img-src/);
    expect(trouble.join('\n')).toMatch(/console: /);
    await page.context().close();

    const outside = "<!doctype html><html><title>t</title><img src='https://elsewhere.example/a.png'></html>";
    const careless = await open(`${samples.site}/careless`, { width: 320, colorScheme: 'dark' }, outside);
    expect(careless.trouble.join('\n')).toMatch(/request: https:\/\/elsewhere\.example\/a\.png/);
    await careless.page.context().close();
  });
});

/** Rules of `html-validate:recommended` that say nothing about what a browser makes of a page. */
const switchedOff: Record<string, 'off'> = {
  // Inside `<pre>` it is part of what was said, and elsewhere nobody sees it.
  'no-trailing-whitespace': 'off',
};

const validator = new HtmlValidate({ extends: ['html-validate:recommended'], rules: switchedOff });

async function errorsIn(html: string): Promise<string[]> {
  const { results } = await validator.validateString(html);
  return results.flatMap(({ messages }) =>
    messages.map(({ ruleId, line, message }) => `${ruleId}: ${message} (line ${line})`),
  );
}

describe('html-validate', () => {
  test.each(pageNames)('has nothing to say about %s', async (name) => {
    const response = await fetch(urlOf(name));
    expect(response.status).toBe(name === '404' ? 404 : 200);
    expect(await errorsIn(await response.text())).toEqual([]);
  });

  test('has something to say about a bad page', async () => {
    const bad =
      '<!DOCTYPE html><html lang="en"><head><title>t</title></head><body><p id="a"><p id="a"><ul><div></div></ul></body></html>';
    expect((await errorsIn(bad)).join('\n')).toMatch(/no-dup-id/);
  });
});
