import axe from 'axe-core';
import { HtmlValidate } from 'html-validate';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchBrowser } from '../support/browser.ts';
import { publishSamples, sampleNames, type Samples } from '../support/samples.ts';

const pageNames = [...sampleNames, '404'];
const missing = chromiumPath === undefined;

let samples: Samples;
let browser: Browser | undefined;

beforeAll(async () => {
  samples = await publishSamples();
  if (!missing) browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await samples.close();
});

const urlOf = (name: string) => samples.urls.get(name) ?? '';

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
    if (!asked.startsWith(`${samples.site}/`) && !asked.startsWith('data:'))
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
  await page.goto(url);
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

const looks: Look[] = [1440, 360].flatMap((width) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
);

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
    expect(await errorsIn(await response.text())).toEqual([]);
  });

  test('has something to say about a bad page', async () => {
    const bad =
      '<!DOCTYPE html><html lang="en"><head><title>t</title></head><body><p id="a"><p id="a"><ul><div></div></ul></body></html>';
    expect((await errorsIn(bad)).join('\n')).toMatch(/no-dup-id/);
  });
});
