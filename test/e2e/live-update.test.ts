import { createHash } from 'node:crypto';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadRenderer } from '../../src/render/renderer.ts';
import type { Round } from '../../src/snapshot/snapshot.ts';
import { chromiumPath, launchBrowser } from '../support/browser.ts';
import { startLiveHost, type LiveHost } from '../support/live-host.ts';
import { aFile, aLongSnapshot, aRound, aSnapshot } from '../support/rich-snapshot.ts';

const renderer = await loadRenderer();

let browser: Browser;
let host: LiveHost;
let context: BrowserContext;
/** What the console and the policy complained about. */
let trouble: string[];

beforeAll(async () => {
  if (chromiumPath !== undefined) browser = await launchBrowser();
});

afterAll(async () => {
  if (chromiumPath !== undefined) await browser.close();
});

beforeEach(async () => {
  if (chromiumPath === undefined) return;
  host = await startLiveHost(renderer);
  trouble = [];
});

afterEach(async () => {
  if (chromiumPath === undefined) return;
  await context.close();
  await host.close();
});

async function open(address = '', options: BrowserContextOptions = {}): Promise<Page> {
  context = await browser.newContext({ viewport: { width: 1300, height: 700 }, ...options });
  return openTab(address);
}

async function openTab(address = ''): Promise<Page> {
  const page = await context.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) trouble.push(message.text());
  });
  page.on('pageerror', (error) => trouble.push(error.message));
  await page.goto(host.url + address);
  await untilEquipped(page);
  return page;
}

/** Its script gives a page its buttons one after the other, so that it never stands still. */
async function untilEquipped(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const all = (selector: string) => [...document.querySelectorAll(selector)];
    return (
      all('.round[id]').every((round) => round.querySelector(':scope > .copy-link')) &&
      all('.prose pre > code').every((code) => code.closest('.copyable')) &&
      all('.message[data-message]:has(> .prose)').every((message) =>
        message.querySelector(':scope > .copy-message'),
      )
    );
  });
}

/** The network came back: the page looks at once. */
const look = (page: Page) => page.evaluate(() => void dispatchEvent(new Event('online')));

/** Publishes while the page is open, and waits until it shows that. */
async function update(page: Page, rounds: Round[]): Promise<void> {
  await host.publish(rounds);
  await lookUntilShown(page);
}

async function lookUntilShown(page: Page): Promise<void> {
  const state = /data-state="(\w+)"/.exec(host.read('/'))?.[1];
  await look(page);
  await page.waitForFunction((wanted) => document.documentElement.dataset['state'] === wanted, state);
  await untilEquipped(page);
}

const rounds = (count: number): Round[] => aLongSnapshot(count).rounds;

/** Rounds of which one says something else. */
function withAnswer(count: number, number: number, answer: string): Round[] {
  return rounds(count).map((round) => (round.number === number ? aRound(number, 'Changed', answer) : round));
}

function aToolRound(number: number, output: string): Round {
  const round = aRound(number, 'Run it', 'Here it is.');
  for (const name of ['First', 'Second'])
    round.messages[1]?.parts.push({ type: 'tool-call', name, input: {}, output, status: 'done' });
  return round;
}

const sha256 = (bytes: string): string => createHash('sha256').update(bytes).digest('base64');

describe.skipIf(chromiumPath === undefined)('an open page (needs Chromium)', () => {
  test('gets new rounds, and keeps every node that says the same', async () => {
    await host.publish(rounds(5));
    const page = await open();
    await page.evaluate(() => {
      for (const [index, each] of document.querySelectorAll('main *, .masthead *, .outline *').entries())
        (each as HTMLElement & { mark?: number }).mark = index;
    });
    await update(page, [
      ...withAnswer(5, 2, 'Another answer.'),
      aRound(6, 'A new question', 'A new answer.'),
    ]);
    expect(await page.locator('.round').count()).toBe(6);
    expect(await page.locator('#r6').innerText()).toContain('A new answer.');
    expect(await page.locator('.outline li').count()).toBe(6);
    expect(await page.locator('.facts').innerText()).toContain('6 rounds');
    const unmarked = await page.evaluate(() =>
      [...document.querySelectorAll('.round, .message, .message > *, .outline li, .masthead > *')]
        .filter((each) => !('mark' in each))
        .map((each) => each.id || `${each.closest('.round')?.id ?? ''} ${each.className}`.trim()),
    );
    // Round 2's two texts, round 6, its line in the outline, the changed line of round 2 there, and the facts.
    expect(unmarked.filter((each) => !each.startsWith('r6'))).toEqual([
      'facts',
      '',
      '',
      'r2 prose',
      'r2 prose',
    ]);
    expect(unmarked.some((each) => each.startsWith('r6'))).toBe(true);
    expect(trouble).toEqual([]);
  });

  test('shows times of new messages in the zone of the viewer, and gives them their buttons', async () => {
    await host.publish(rounds(1));
    const page = await open('', { timezoneId: 'Asia/Tokyo' });
    await update(page, [...rounds(1), aRound(2, 'When?', 'Now:\n\n```js\n1\n```')]);
    expect(await page.locator('#r2 time').first().innerText()).toMatch(/, 19:00 UTC\+9$/);
    expect(await page.locator('#r2 .copyable .copy').allInnerTexts()).toContain('Copy');
    expect(await page.getByRole('button', { name: 'Copy link to round 2' }).count()).toBe(1);
  });

  test('keeps title, file list and page links like those on the host', async () => {
    await host.publishSnapshot(aSnapshot({ rounds: rounds(2) }));
    const page = await open();
    const files = [aFile('moon.csv', 'text/csv', 100)];
    await host.publishSnapshot(
      aSnapshot({ rounds: rounds(2), title: 'Another title', files }),
      aSnapshot({ rounds: [aRound(3, 'a', 'b')] }),
    );
    await lookUntilShown(page);
    expect(await page.title()).toBe('Another title');
    expect(await page.locator('h1').innerText()).toBe('Another title');
    expect(await page.locator('.files li').innerText()).toContain('moon.csv');
    expect(await page.locator('nav.pages a').allInnerTexts()).toEqual(['1', '2']);
    await host.publish(rounds(2));
    await lookUntilShown(page);
    expect(await page.locator('nav.pages, .files').count()).toBe(0);
  });

  test.each([
    ['grows', 'auto', 'word '.repeat(4_000)],
    ['grows', 'none', 'word '.repeat(4_000)],
    ['shrinks', 'auto', 'short'],
    ['shrinks', 'none', 'short'],
  ])(
    'does not move what is read when something above it %s (overflow-anchor: %s)',
    async (_what, anchor, answer) => {
      await host.publish(withAnswer(20, 2, 'word '.repeat(1_000)));
      const page = await open();
      // Safari has no anchoring of its own.
      await page.evaluate((value) => void (document.documentElement.style.overflowAnchor = value), anchor);
      await page.locator('#r12').evaluate((round) => round.scrollIntoView({ behavior: 'instant' }));
      await page.mouse.wheel(0, 120);
      await page.waitForTimeout(300);
      const top = () => page.locator('#r12').evaluate((round) => round.getBoundingClientRect().top);
      const before = await top();
      const scrolled = await page.evaluate(() => scrollY);
      await update(page, withAnswer(20, 2, answer));
      await page.waitForTimeout(300);
      expect(await page.evaluate(() => scrollY)).not.toBe(scrolled);
      expect(Math.abs((await top()) - before)).toBeLessThan(2);
    },
  );

  test('keeps what the viewer opened, selected and focused', async () => {
    await host.publish([aToolRound(1, 'one'), ...rounds(5).slice(1)]);
    const page = await open();
    await page.locator('#r1 details').nth(1).locator('summary').click();
    await page.evaluate(() =>
      getSelection()?.selectAllChildren(document.querySelector('#r3 .prose') ?? document),
    );
    await page.locator('#r4 h2 a').focus();
    const selected = await page.evaluate(() => String(getSelection()));
    // Both tool calls are drawn anew, the open one and the closed one.
    await update(page, [aToolRound(1, 'two'), ...rounds(6).slice(1)]);
    expect(await page.locator('#r1 details .output').first().textContent()).toBe('two');
    expect(
      await page
        .locator('#r1 details')
        .evaluateAll((all) => all.map((each) => (each as HTMLDetailsElement).open)),
    ).toEqual([false, true]);
    expect(selected.length).toBeGreaterThan(20);
    expect(await page.evaluate(() => String(getSelection()))).toBe(selected);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('href'))).toBe('#r4');
  });

  test('says how many messages are new, in a polite region and on a pill that leads there and goes', async () => {
    await host.publish(rounds(8));
    const page = await open('', { reducedMotion: 'reduce' });
    const pill = page.locator('.pill');
    await update(page, rounds(9));
    await pill.waitFor();
    expect(await pill.innerText()).toBe('2 new messages');
    expect(await page.locator('[aria-live=polite]').textContent()).toBe('2 new messages');
    await update(page, rounds(10));
    await expect.poll(() => pill.innerText()).toBe('4 new messages');
    expect(await page.locator('[aria-live=polite]').textContent()).toBe('2 new messages');
    await pill.focus();
    await page.keyboard.press('Enter');
    // No motion: it is there at once.
    expect(await page.locator('#r9').evaluate((round) => round.getBoundingClientRect().top)).toBeLessThan(
      100,
    );
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('r9');
    await page.evaluate(() => scrollTo({ top: document.body.scrollHeight, behavior: 'instant' }));
    await expect.poll(() => pill.count()).toBe(0);
  });

  test('has no pill for what is in view already', async () => {
    await host.publish([aRound(1, 'a', 'b')]);
    const page = await open();
    await update(page, [aRound(1, 'a', 'b'), aRound(2, 'c', 'd')]);
    expect(await page.locator('[aria-live=polite]').textContent()).toBe('2 new messages');
    await page.waitForTimeout(300);
    expect(await page.locator('.pill').count()).toBe(0);
  });

  test('is loaded again where the host has a page of another style', async () => {
    await host.publish(rounds(1));
    const page = await open();
    await host.publish(rounds(2));
    const style = /<style>(.*?)<\/style>/s.exec(host.read('/'))?.[1] ?? '';
    const other = `${style} h1 { letter-spacing: 3px }`;
    const restyled = host
      .read('/')
      .replace(style, () => other)
      .replace(sha256(style), sha256(other));
    host.put('/', restyled);
    await lookUntilShown(page);
    await page.waitForLoadState();
    expect(await page.locator('h1').evaluate((title) => getComputedStyle(title).letterSpacing)).toBe('3px');
    expect(trouble).toEqual([]);
  });

  test('is loaded again once where the host goes on sending the old page', async () => {
    await host.publish(rounds(1));
    host.cached = host.read('/');
    const page = await open();
    let loads = 0;
    page.on('load', () => (loads += 1));
    for (const count of [2, 3]) {
      await host.publish(rounds(count));
      host.put('/', host.read('/').replaceAll(/sha256-[^']+/g, 'sha256-x'));
      const loaded = page.waitForEvent('load');
      await look(page);
      await loaded;
      for (let looks = 0; looks < 3; looks++) {
        host.asked.length = 0;
        await look(page);
        await expect.poll(() => host.asked).toContain('HEAD /');
        await page.waitForTimeout(200); // long enough to be loaded again
      }
      expect(loads).toBe(count - 1);
    }
  });

  test('never takes script, style or another page from what it fetches', async () => {
    await host.publish(rounds(1));
    const page = await open();
    await host.publish(rounds(2));
    const evil =
      '<script>document.title="evil"</script><style>main{display:none}</style><img src="x" onerror="document.title=1">';
    host.put('/', host.read('/').replace('</article>', `<div class="prose">${evil}</div></article>`));
    await lookUntilShown(page);
    expect(await page.locator('body script').count()).toBe(0);
    expect(await page.locator('body style').count()).toBe(0);
    expect(await page.title()).toBe('A small talk');
    // A sign-in page of the network in between, with 200.
    await host.publish(rounds(3));
    host.put('/', '<!doctype html><title>Sign in</title><p>Please pay</p>');
    host.asked.length = 0;
    await look(page);
    await expect.poll(() => host.asked).toEqual(['HEAD /', '/']);
    await page.waitForTimeout(200);
    expect(await page.locator('.round').count()).toBe(2);
  });
});

describe.skipIf(chromiumPath === undefined)('a page whose share is deleted (needs Chromium)', () => {
  const notice = 'This conversation is no longer shared.';

  test('clears itself, says so, and asks no more', async () => {
    await host.publish(rounds(5));
    const page = await open();
    for (const path of ['/', '/conversation.json']) host.put(path, undefined);
    host.asked.length = 0;
    await look(page);
    await page.getByRole('status').filter({ hasText: notice }).waitFor();
    expect(await page.locator('body').innerText()).toBe(notice);
    expect(await page.title()).toBe('No longer shared');
    expect(await page.content()).not.toMatch(/Question|Smoothing|conversation\.md|small talk/);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(notice);
    expect(host.asked).toEqual(['HEAD /', 'HEAD /', 'HEAD /conversation.json']);
    await look(page);
    await page.waitForTimeout(300);
    expect(host.asked).toHaveLength(3);
    expect(trouble.filter((each) => !each.includes('404'))).toEqual([]);
  });

  test.each([
    ['the host is in trouble', () => (host.outage = 503)],
    ['only the page is away', () => host.put('/', undefined)],
    ['another page answers for it', () => host.put('/', '<p>sign in</p>')],
  ])('stays as it is when %s', async (_what, happen) => {
    await host.publish(rounds(5));
    const page = await open();
    happen();
    host.asked.length = 0;
    await look(page);
    await expect.poll(() => host.asked.length).toBeGreaterThan(0);
    await page.waitForTimeout(3_000);
    expect(await page.locator('.round').count()).toBe(5);
    expect(await page.getByText(notice).count()).toBe(0);
    // And goes on once it is over.
    host.outage = undefined;
    await update(page, rounds(6));
    expect(await page.locator('.round').count()).toBe(6);
  });

  test('stays as it is when the viewer is offline, and looks when the network is back', async () => {
    await host.publish(rounds(2));
    const page = await open();
    await context.setOffline(true);
    for (const path of ['/', '/conversation.json']) host.put(path, undefined);
    await look(page);
    await page.waitForTimeout(300);
    expect(await page.locator('.round').count()).toBe(2);
    await host.publish(rounds(3));
    await context.setOffline(false);
    await expect.poll(() => page.locator('.round').count()).toBe(3);
    expect(trouble).toEqual([]);
  });
});

describe.skipIf(chromiumPath === undefined)('asking the host (needs Chromium)', () => {
  const polls = () => host.asked.filter((path) => path === 'HEAD /').length;

  /** With a clock that the test turns; `Math.random` in the middle, so that nothing is added or taken. */
  async function openWithClock(): Promise<Page> {
    context = await browser.newContext();
    await context.clock.install();
    await context.addInitScript(() => {
      Math.random = () => 0.5;
    });
    return openTab();
  }

  /** Lets so much time pass, and what it set off come to an end. */
  async function pass(page: Page, ms: number): Promise<void> {
    await page.clock.runFor(ms);
    await page.waitForTimeout(150);
  }

  test('begins after 5 s, slows down to once a minute, and is quick after a change', async () => {
    await host.publish(rounds(1));
    const page = await openWithClock();
    const seen: number[] = [];
    let before = polls();
    for (let second = 1; second <= 240; second += 1) {
      await page.clock.runFor(1_000);
      await page.waitForTimeout(20);
      if (polls() > before) {
        seen.push(second);
        // The clock of the page stands still while the answer is on its way.
        await page.waitForTimeout(150);
      }
      before = polls();
    }
    const gaps = seen.map((second, index) => second - (seen[index - 1] ?? 0));
    expect(gaps[0]).toBeGreaterThanOrEqual(5);
    expect(gaps[0]).toBeLessThanOrEqual(7);
    for (const [index, gap] of gaps.slice(1).entries())
      expect(gap).toBeGreaterThanOrEqual((gaps[index] ?? 0) - 1);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(56);
    expect(gaps.at(-1)).toBeLessThanOrEqual(63);
    await host.publish(rounds(2));
    for (let second = 0; second < 70 && polls() === before; second += 1) {
      await page.clock.runFor(1_000);
      await page.waitForTimeout(20);
    }
    await expect.poll(() => page.locator('.round').count()).toBe(2);
    before = polls();
    await pass(page, 2_500);
    await expect.poll(polls).toBe(before + 1);
  });

  test('stops while the tab is hidden, and is resumed at once', async () => {
    await host.publish(rounds(1));
    const page = await openWithClock();
    const setHidden = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { value, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await setHidden(true);
    await pass(page, 600_000);
    expect(polls()).toBe(0);
    await setHidden(false);
    await expect.poll(polls).toBe(1);
  });

  test('is not done by a copy of the page at another address, nor is that ever cleared', async () => {
    await host.publish(rounds(2));
    context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(new URL('/mirror', host.url).href);
    for (const path of ['/', '/conversation.json']) host.put(path, undefined);
    await look(page);
    await page.waitForTimeout(2_600);
    expect(host.asked).toEqual(['']);
    expect(await page.locator('.round').count()).toBe(2);
    expect(await page.getByRole('button', { name: 'Copy link to round 2' }).count()).toBe(1);
  });

  test('is done once at a time', async () => {
    await host.publish(rounds(1));
    const page = await open();
    await page.evaluate(() => {
      for (let count = 0; count < 5; count += 1) dispatchEvent(new Event('online'));
    });
    await page.waitForTimeout(300);
    expect(polls()).toBe(1);
  });
});

describe.skipIf(chromiumPath === undefined)('an old link (needs Chromium)', () => {
  const three = () =>
    host.publish(rounds(3), [aRound(4, 'd', 'd'), aRound(5, 'e', 'e')], [aRound(6, 'f', 'f')]);

  test.each([
    ['#r5', '/2/#r5'],
    ['#r6', '/3/#r6'],
    ['#r2', '#r2'],
    ['#r99', '/3/#r99'],
    ['#files', '#files'],
    ['/3/#r1', '/#r1'],
  ])('%s lands on %s', async (from, to) => {
    await three();
    const page = await open(from);
    await page.waitForURL(host.url + to);
    await page.waitForTimeout(300);
    expect(page.url()).toBe(host.url + to);
    if (/^\/.*#r[1-6]$/.test(to)) expect(await page.locator(to.slice(to.indexOf('#'))).count()).toBe(1);
  });

  test('to a round that begins on one page and goes on on the next two lands where it begins', async () => {
    await three();
    for (const path of ['/2/', '/3/']) host.put(path, host.read(path).replace(/id="r[456]"/g, ''));
    host.put('/', host.read('/').replaceAll(/ data-start="[46]"/g, ''));
    const page = await open('/3/#r3');
    await page.waitForURL(`${host.url}/#r3`);
  });
});

describe.skipIf(chromiumPath === undefined)('what the viewer can press (needs Chromium)', () => {
  const wide = `${'x'.repeat(300)}\ny`;
  const withCode = () => [
    aRound(1, 'Show it', `Look:\n\n\`\`\`\n${wide}\n\`\`\`\n\nthen:\n\n\`\`\`\nshort\n\`\`\``),
    ...rounds(5).slice(1),
  ];
  const permissions = ['clipboard-read', 'clipboard-write'];
  const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

  test('every button is reached by Tab, has a name, and is at least 24 pixels each way', async () => {
    await host.publish(withCode());
    const page = await open();
    await page.locator('.wrap').first().waitFor({ state: 'visible' }); // the last thing that the script does
    const buttons = await page.locator('button:visible').count();
    expect(buttons).toBeGreaterThan(10);
    const reached = new Set<string>();
    for (let presses = 0; presses < 120; presses += 1) {
      await page.keyboard.press('Tab');
      const found = await page.evaluate(() => {
        const button = document.activeElement;
        if (!(button instanceof HTMLButtonElement)) return undefined;
        const { width, height } = button.getBoundingClientRect();
        const name = button.ariaLabel ?? button.textContent;
        const at = [...document.querySelectorAll('button')].indexOf(button);
        const isSeen = button.checkVisibility({ opacityProperty: true });
        return { at, name, isGood: width >= 24 && height >= 24 && name.trim() !== '' && isSeen };
      });
      if (!found) continue;
      expect(found).toMatchObject({ isGood: true });
      reached.add(String(found.at));
    }
    expect(reached.size).toBe(buttons);
    expect(trouble).toEqual([]);
  });

  test('lines are wrapped on request, where they are wider than their box', async () => {
    await host.publish(withCode());
    const page = await open();
    const wrap = page.getByRole('button', { name: 'Wrap lines' });
    await expect.poll(() => wrap.count()).toBe(1);
    const width = () =>
      page
        .locator('#r1 pre')
        .first()
        .evaluate((box) => box.scrollWidth - box.clientWidth);
    expect(await width()).toBeGreaterThan(100);
    await wrap.click();
    expect(await wrap.getAttribute('aria-pressed')).toBe('true');
    expect(await width()).toBe(0);
    await page.waitForTimeout(100);
    await wrap.click();
    expect(await width()).toBeGreaterThan(100);
  });

  test('code, the link of a round and a message as Markdown are copied', async () => {
    await host.publish(withCode());
    const page = await open('', { permissions });
    await page.locator('#r1 .copyable .copy:not(.wrap)').first().click();
    await expect.poll(() => clipboard(page)).toBe(`${wide}\n`);
    await page.getByRole('button', { name: 'Copy link to round 3' }).click();
    await expect.poll(() => clipboard(page)).toBe(`${host.url}#r3`);
    expect(await page.locator('[aria-live=polite]').textContent()).toBe('Link copied');
    const copy = page.locator('#r1 .by-assistant').getByRole('button', { name: 'Copy as Markdown' });
    await copy.click();
    await expect.poll(() => clipboard(page)).toMatch(/^Look:\n\n```\nx+/);
    await page.locator('#r2 .by-user').getByRole('button', { name: 'Copy as Markdown' }).click();
    await expect.poll(() => clipboard(page)).toMatch(/^Question 2: A moving/);
    // One file for both.
    expect(host.asked.filter((path) => path === '/conversation.json')).toHaveLength(1);
  });

  test('a message without an index has no button for its source', async () => {
    await host.publish(rounds(2));
    host.put('/', host.read('/').replaceAll(/ data-message="\d+"/g, ''));
    const page = await open();
    expect(await page.getByRole('button', { name: 'Copy as Markdown' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Copy link to round 2' }).count()).toBe(1);
  });

  test('the theme goes auto, light, dark and is remembered', async () => {
    await host.publish(rounds(2));
    const page = await open('', { colorScheme: 'light' });
    const button = page.getByRole('button', { name: /^Theme/ });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [light, dark] = ['rgb(253, 252, 250)', 'rgb(22, 24, 27)'];
    expect([await button.innerText(), await ground()]).toEqual(['Theme: auto', light]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await ground()).toBe(dark);
    await button.click();
    expect([await button.innerText(), await ground()]).toEqual(['Theme: light', light]);
    await button.click();
    await page.emulateMedia({ colorScheme: 'light' });
    expect([await button.innerText(), await ground()]).toEqual(['Theme: dark', dark]);
    await page.emulateMedia({ media: 'print' });
    expect(await ground()).toBe('rgb(255, 255, 255)');
    await page.emulateMedia({ media: 'screen' });
    await page.reload();
    expect([await button.innerText(), await ground()]).toEqual(['Theme: dark', dark]);
    await button.click();
    await page.reload();
    expect([await button.innerText(), await ground()]).toEqual(['Theme: auto', light]);
  });

  test('the script works from the head, too, and sets the theme there before there is a body', async () => {
    await host.publish(withCode());
    const script = /<script>.*<\/script>/s.exec(host.read('/'))?.[0] ?? '';
    host.put(
      '/',
      host
        .read('/')
        .replace(script, '')
        .replace('</head>', () => `${script}</head>`),
    );
    context = await browser.newContext();
    await context.addInitScript(() => {
      localStorage.setItem('conversation-share-theme', 'dark');
      new MutationObserver(() => {
        const { dataset } = document.documentElement;
        if (document.body as HTMLElement | null) dataset['early'] ??= dataset['theme'] ?? 'none';
      }).observe(document, { childList: true, subtree: true });
    });
    const page = await openTab();
    expect(await page.locator('html').getAttribute('data-early')).toBe('dark');
    expect(await page.getByRole('button', { name: 'Theme: dark' }).count()).toBe(1);
    await update(page, rounds(6));
    expect(await page.locator('.round').count()).toBe(6);
    expect(trouble).toEqual([]);
  });

  test('the outline marks the round that is read, and keeps the mark through an update', async () => {
    await host.publish(rounds(60));
    const page = await open();
    const marked = () =>
      page
        .locator('.outline a[aria-current=true]')
        .evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    await page.locator('#r50').evaluate((round) => round.scrollIntoView({ behavior: 'instant' }));
    await expect.poll(marked).toEqual(['#r50']);
    const isInView = await page.locator('.outline a[aria-current=true]').evaluate((link) => {
      const { top, bottom } = link.getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    });
    expect(isInView).toBe(true);
    await update(page, withAnswer(60, 50, 'Another answer. '.repeat(300)));
    expect(await marked()).toEqual(['#r50']);
    await page.locator('#r5').evaluate((round) => round.scrollIntoView({ behavior: 'instant' }));
    await expect.poll(marked).toEqual(['#r5']);
  });

  test('printing opens what is closed, and closes it again', async () => {
    await host.publish([aToolRound(1, 'one')]);
    const page = await open();
    const opened = () => page.locator('details[open]').count();
    await page.evaluate(() => void dispatchEvent(new Event('beforeprint')));
    expect(await opened()).toBe(2);
    await page.evaluate(() => void dispatchEvent(new Event('afterprint')));
    expect(await opened()).toBe(0);
  });
});
