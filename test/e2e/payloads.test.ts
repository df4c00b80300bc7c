import type { Browser, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { App } from '../../cli/app.ts';
import { startServer, type Server } from '../../src/serve/server.ts';
import { shareUrl } from '../../src/urls.ts';
import { chromiumPath, launchBrowser } from '../support/browser.ts';
import { freePort } from '../support/cli.ts';
import { aConversation, aDataFolder, owner, type DataFolder } from '../support/data-folder.ts';
import {
  faultsOfHits,
  faultsOfMarkup,
  faultsOfPlace,
  globalsOf,
  listen,
  stir,
} from '../support/hostile-page.ts';
import {
  borrowing,
  corpora,
  giants,
  images,
  mutations,
  overlays,
  ownPayloads,
  paintedPayloads,
  publicPayloads,
  takeovers,
} from '../support/payloads.ts';

/*
 * Hostile texts go the whole way: a conversation is published and served, and a browser does with the page what a viewer
 * could. Nothing may run, be asked for, or leave the place of its message.
 */

const missing = chromiumPath === undefined;
const without = corpora === undefined ? ' (the public lists are skipped: CORPORA_DIR is not set)' : '';
const needs = missing ? ' (needs Chromium)' : '';

let data: DataFolder;
let app: App;
let server: Server;
let browser: Browser;

beforeAll(async () => {
  if (missing) return;
  const port = await freePort();
  data = aDataFolder(`http://127.0.0.1:${port}`);
  app = await data.open();
  server = await startServer({ folder: data.paths.output, host: '127.0.0.1', port });
  browser = await launchBrowser();
});

afterAll(async () => {
  if (missing) return;
  await browser.close();
  await server.close();
  app.close();
  data.remove();
});

interface ToolCall {
  name: string;
  input: unknown;
  output: unknown;
  status?: string;
}

/** One for each way in which a call is drawn; a payload stands in every place that is. */
const toolCalls: readonly ((payload: string) => ToolCall)[] = [
  (text) => ({ name: 'Bash', input: { command: text, description: text }, output: `Exit code 1\n${text}` }),
  (text) => ({
    name: 'Edit',
    input: { file_path: text, old_string: `one\n${text}`, new_string: `${text}\ntwo` },
    output: { [text]: text },
  }),
  (text) => ({ name: 'Write', input: { file_path: text, content: text }, output: text }),
  (text) => ({
    name: 'TodoWrite',
    input: { todos: [{ content: text, status: 'in_progress' }], [text]: text },
    output: text,
  }),
  (text) => ({ name: text, input: { [text]: [text, { [text]: text }] }, output: text, status: 'failed' }),
  (text) => ({ name: 'Grep', input: { pattern: text, path: text }, output: `Found 1 file\n${text}` }),
  (text) => ({ name: 'WebFetch', input: { url: text, prompt: text }, output: text }),
  (text) => ({
    name: 'apply_patch',
    input: `*** Begin Patch\n*** Update File: ${text}\n@@\n-${text}\n+${text}!\n*** End Patch`,
    output: `\u001B[31m${text}\u001B[0m`,
  }),
  (text) => ({ name: 'Read', input: text, output: text }),
];

/**
 * Each text as a message of a person, then as all there is in a tool call of the assistant.
 *
 * @param inCall  Texts in one call; more of them make fewer elements, and a call escapes them all alike.
 */
function messagesOf(payloads: readonly string[], inCall = 1): Record<string, unknown>[] {
  return payloads.flatMap((content, index) => {
    const texts = payloads.slice(Math.max(0, index - inCall + 1), index + 1).join('\n');
    const call = toolCalls[Math.floor(index / inCall) % toolCalls.length]?.(texts);
    const isFull = (index + 1) % inCall === 0 || index + 1 === payloads.length;
    const said = { id: `u${index}`, role: 'user', content };
    return isFull
      ? [said, { id: `a${index}`, role: 'assistant', content: [{ type: 'tool-call', ...call }] }]
      : [said];
  });
}

async function publish(id: string, conversation: Record<string, unknown>, files = {}): Promise<string> {
  data.write(id, aConversation(conversation), files);
  const { share } = await app.publisher.create(id, owner);
  return shareUrl(data.paths.site, share.id);
}

/** A page of a conversation as a viewer has it, with all that it does beside being there. */
interface Visit {
  page: Page;
  html: string;
  heard: string[];
}

async function visitAll(
  first: string,
  look: (visit: Visit) => Promise<void>,
  { width = 1280, bypassCSP = false } = {},
): Promise<void> {
  const context = await browser.newContext({ viewport: { width, height: 800 }, bypassCSP });
  // The pages themselves, and what their script asks from time to time: whether they are still the same. And a picture.
  const pages = new Set<string>();
  const isExpected = (request: Request) =>
    pages.has(request.url().replace(/\/$/, '')) ||
    (request.resourceType() === 'image' && request.url().startsWith(`${first}/files/`));
  const page = await context.newPage();
  const heard = await listen(page, isExpected);
  for (let number = 1; ; number += 1) {
    const url = number === 1 ? first : `${first}/${number}`;
    if ((await fetch(url, { method: 'HEAD' })).status !== 200) break;
    pages.add(url);
    const response = await page.goto(url);
    await look({ page, html: (await response?.text()) ?? '', heard });
    expect(page.url()).toBe(url);
    expect(page.frames()).toHaveLength(1);
  }
  await context.close();
}

async function expectNothing({ page, html, heard }: Visit): Promise<void> {
  await stir(page);
  expect(await faultsOfMarkup(page, html)).toEqual([]);
  expect(await faultsOfPlace(page)).toEqual([]);
  expect(await globalsOf(page)).toEqual([]);
  expect(heard).toEqual([]);
}

/** Without the policy of the page, so that only the cleaning stands between a text and the browser. */
async function visitUnguarded(first: string): Promise<void> {
  const look = async ({ page, heard }: Visit) => {
    await stir(page);
    expect(await globalsOf(page)).toEqual([]);
    expect(heard).toEqual([]);
  };
  await visitAll(first, look, { bypassCSP: true });
}

/** Every class that the style sheet of a page knows. */
async function ownClasses(url: string): Promise<string[]> {
  const style = /<style>([^]*?)<\/style>/.exec(await (await fetch(url)).text())?.[1] ?? '';
  return [...new Set([...style.matchAll(/\.([a-z][\w-]*)/g)].flatMap((match) => match[1] ?? []))];
}

describe.skipIf(missing)(`hostile text${needs}${without}`, { timeout: 300_000 }, () => {
  test('of our own runs nothing, asks for nothing and stays in its place', async () => {
    const classes = await ownClasses(await publish('small', {}));
    expect(classes.length).toBeGreaterThan(80);
    const payloads = [...ownPayloads, ...classes.map(borrowing)];
    const url = await publish('own', { messages: messagesOf(payloads) });
    let messages = 0;
    const look = async (visit: Visit) => {
      messages += await visit.page.locator('.message').count();
      await expectNothing(visit);
      expect(await faultsOfHits(visit.page)).toEqual([]);
    };
    await Promise.all([visitAll(url, look), visitUnguarded(url)]);
    expect(messages).toBe(2 * payloads.length);
  });

  test('that is wide or high stays in its place on a telephone, too', async () => {
    const url = await publish('telephone', {
      messages: messagesOf([...overlays, ...paintedPayloads, ...giants]),
    });
    await visitAll(url, expectNothing, { width: 360 });
  });

  test.skipIf(corpora === undefined)('of the public lists does not either', async () => {
    const payloads = publicPayloads();
    expect(payloads.length).toBeGreaterThan(6_500);
    const inCall = 8;
    const url = await publish('public', { messages: messagesOf(payloads, inCall) });
    let messages = 0;
    const look = async (visit: Visit) => {
      messages += await visit.page.locator('.message').count();
      await expectNothing(visit);
    };
    await Promise.all([visitAll(url, look), visitUnguarded(url)]);
    expect(messages).toBe(payloads.length + Math.ceil(payloads.length / inCall));
  });

  test('in titles, types and the names, words and bytes of files does not either', async () => {
    const isName = (name: string) =>
      Buffer.byteLength(name) < 250 && /^[^\0/\\]+$/.test(name) && !/^\.+$/.test(name);
    const texts = [...mutations, ...takeovers, ...images].map((text) => text.replaceAll('\n', ' '));
    const names = texts.map((text) => text.replaceAll('/', '∕')).filter(isName);
    const files = Object.fromEntries(names.map((name, index) => [`${name}.csv`, `${texts[index]},b\n1,2\n`]));
    const picture = `" onerror="alert(80)" x="<img src=1 onerror=alert(81)>.gif`;
    const bytes = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
    for (const [index, text] of [...mutations.slice(0, 5), ...takeovers.slice(0, 3)].entries()) {
      const all = index === 0 ? { ...files, [picture]: bytes } : { 'a.txt': text };
      const url = await publish(
        `title-${index}`,
        {
          title: text,
          type: text,
          messages: [
            { id: 'm', role: 'user', content: Object.keys(all).map((file) => ({ type: 'file', file })) },
            ...(index === 0
              ? [{ id: 'n', role: 'user', content: [{ type: 'image', file: picture, alt: text }] }]
              : []),
          ],
          files: Object.keys(all).map((name) => ({
            name,
            description: text,
            ...(name !== picture && { mediaType: text }),
          })),
        },
        all,
      );
      await visitAll(url, async (visit) => {
        expect(await visit.page.locator('h1').textContent()).toBe(text);
        if (index === 0) expect(await visit.page.locator('.picture img').getAttribute('alt')).toBe(text);
        await expectNothing(visit);
      });
      await visitUnguarded(url);
    }
    expect(names.length).toBeGreaterThan(40);
  });

  test('draws nothing on what another one said', async () => {
    const quiet = (index: number) => ({ id: `u${index}`, role: 'user', content: 'What was really said.' });
    const messages = paintedPayloads.flatMap((content, index) => [
      quiet(index),
      { id: `a${index}`, role: 'assistant', content },
    ]);
    const url = await publish('painted', { messages: [...messages, quiet(messages.length)] });
    const page = await (await browser.newContext({ viewport: { width: 700, height: 500 } })).newPage();
    await page.goto(url);
    const hostile = page.locator('.by-assistant > .prose');
    const quiets = page.locator('.by-user');
    expect(await quiets.count()).toBe(paintedPayloads.length + 1);
    const hide = (visibility: string) =>
      hostile.evaluateAll((all, value) => {
        for (const each of all) (each as HTMLElement).style.visibility = value;
      }, visibility);
    for (const one of await quiets.all()) {
      await hide('');
      const seen = await one.screenshot();
      await hide('hidden');
      expect(seen.equals(await one.screenshot())).toBe(true);
    }
    await page.context().close();
  });

  test('of a link tells its host nothing of the page', async () => {
    const url = await publish('link', {
      messages: [{ id: 'm', role: 'user', content: '[link](http://elsewhere.example/ "words")' }],
    });
    const context = await browser.newContext();
    const headers = new Promise<Record<string, string>>((resolve) => {
      void context.route('http://elsewhere.example/', async (route) => {
        resolve(await route.request().allHeaders());
        await route.fulfill({ body: 'there' });
      });
    });
    const page = await context.newPage();
    await page.goto(url);
    await page.locator('.prose a').click();
    expect(Object.keys(await headers)).not.toContain('referer');
    await context.close();
  });
});

describe.skipIf(missing)(`controls: what is not cleaned${needs}`, { timeout: 300_000 }, () => {
  const address = 'http://page.example/';

  /** Opens a page for each body, without our server, and gives what was heard of each. */
  async function openRaw(
    bodies: readonly string[],
    { policy = '', look = async (_page: Page): Promise<void> => {} } = {},
  ): Promise<string[][]> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    let body = '';
    const headers = policy === '' ? {} : { 'content-security-policy': policy };
    await context.route('**/*', (route) =>
      route.request().url() === address
        ? route.fulfill({ contentType: 'text/html; charset=utf-8', headers, body })
        : route.abort(),
    );
    const all: string[][] = [];
    for (body of bodies) {
      // A new one, since what is in it may be on its way to somewhere.
      const page = await context.newPage();
      const heard = await listen(page, (request) => request.url() === address);
      await page.goto(address, { waitUntil: 'domcontentloaded' });
      // What leads away while it is looked at was heard all the same.
      await stir(page).catch(() => undefined);
      await page.waitForTimeout(20);
      await look(page);
      all.push(heard);
      await page.close();
    }
    await context.close();
    return all;
  }

  /** A few on each page, so that few pages are opened; what one of them takes down is only that page. */
  function bare(texts: readonly string[]): string[] {
    const few = 4;
    return Array.from({ length: Math.ceil(texts.length / few) }, (_, index) => {
      const some = texts.slice(index * few, (index + 1) * few);
      return `<!doctype html><link rel="icon" href="data:,"><body>${some.join('\n')}`;
    });
  }

  const count = (heard: readonly string[][], start: string) =>
    heard.flat().filter((text) => text.startsWith(start)).length;

  test('runs, asks and is heard; under the policy of a page it does not run', async () => {
    const html = await (await fetch(await publish('policy', {}))).text();
    const written = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? '';
    const policy = written.replaceAll('&#39;', "'");
    expect(policy).toContain("default-src 'none'");
    const open = await openRaw([...bare(mutations), ...bare(takeovers), ...bare(images)]);
    const held = await openRaw(bare(mutations), { policy });
    expect(count(open, 'fired')).toBeGreaterThan(10);
    expect(count(open, 'request')).toBeGreaterThan(15);
    expect(count(held, 'fired')).toBe(0);
    expect(count(held, 'policy')).toBeGreaterThan(10);
  });

  test.skipIf(corpora === undefined)('of the public lists runs, too', async () => {
    const some = publicPayloads().filter((text, index) => index % 100 === 0 && /<\w/.test(text));
    const heard = await openRaw(bare(some));
    expect(count(heard, 'fired')).toBeGreaterThan(4);
  });

  test('leaves its place, borrows our names, and is found', async () => {
    const url = await publish('template', {
      messages: ['first', 'HERE', 'last'].map((content, index) => ({
        id: `m${index}`,
        role: 'user',
        content,
      })),
    });
    const html = (await (await fetch(url)).text()).replace(
      /<meta http-equiv="Content-Security-Policy"[^>]*>/,
      '',
    );
    expect(html).toContain('<p>HERE</p>');
    const bodies = [...overlays.slice(0, 3), borrowing('pill'), borrowing('skip')].map((text) =>
      html.replace('<p>HERE</p>', () => text),
    );
    const found: { markup: string[]; place: string[]; hits: string[] }[] = [];
    const look = async (page: Page) => {
      const markup = await faultsOfMarkup(page, bodies[found.length] ?? '');
      found.push({ markup, place: await faultsOfPlace(page), hits: await faultsOfHits(page) });
    };
    await openRaw(bodies, { look });
    for (const { markup, place } of found) {
      expect(markup).not.toEqual([]);
      expect(place).not.toEqual([]);
    }
    expect(found.filter(({ hits }) => hits.length > 0).length).toBeGreaterThan(2);
  });
});
