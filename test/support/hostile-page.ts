import type { Page, Request } from 'playwright-core';
import { borrowedWord } from './payloads.ts';

/*
 * What a hostile text may have done to a page, seen from inside a real browser. Each function gives a list of faults, which
 * is empty where nothing happened; a test of controls shows that none of them is always empty.
 */

/** Hears all that a page does beyond being there, from before its first script. The list grows while the page is open. */
export async function listen(page: Page, isExpected: (request: Request) => boolean): Promise<string[]> {
  const heard: string[] = [];
  page.on('console', (message) => heard.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => heard.push(`error: ${error.message}`));
  page.on('popup', () => heard.push('window: another one'));
  page.on('dialog', (dialog) => {
    heard.push(`dialog: ${dialog.type()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!isExpected(request)) heard.push(`request: ${request.method()} ${request.url()}`);
  });
  await page.exposeFunction('tellTest', (text: string) => void heard.push(text));
  await page.addInitScript(recordFirings);
  return heard;
}

interface Recording extends Window {
  tellTest: (text: string) => void;
  /** Names of globals that were not there when the page began. */
  newGlobals?: () => string[];
}

function recordFirings(): void {
  const { tellTest } = window as unknown as Recording;
  for (const name of ['alert', 'confirm', 'prompt', 'print', 'open'])
    Object.defineProperty(window, name, { value: () => tellTest(`fired: ${name}`) });
  document.addEventListener('securitypolicyviolation', (event) =>
    tellTest(`policy: ${event.violatedDirective} ${event.blockedURI}`),
  );
  const known = new Set(['newGlobals', ...Object.getOwnPropertyNames(window)]);
  const newGlobals = () => Object.getOwnPropertyNames(window).filter((name) => !known.has(name));
  Object.defineProperty(window, 'newGlobals', { value: newGlobals });
}

/** Opens what can be opened and sets off what a viewer could. Links to other sites, and what is ours, are left alone. */
export async function stir(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
    const isLeftAlone = 'a:is([href^="http"], [href^="mailto:"], [href^="#"], [href^="/"]), .copy, .theme';
    const kinds = ['mouseover', 'mouseenter', 'pointerover', 'focus', 'focusin', 'wheel', 'toggle'];
    for (const element of document.querySelectorAll<HTMLElement>('body *')) {
      for (const kind of kinds) element.dispatchEvent(new Event(kind, { bubbles: kind !== 'toggle' }));
      if (!element.matches(`summary, ${isLeftAlone}`)) element.dispatchEvent(new MouseEvent('click'));
      if (element.matches('a, button, input') && !element.matches(isLeftAlone)) element.click();
    }
  });
}

/** Names of globals that a page has and no page has by itself. */
export function globalsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => (window as unknown as Recording).newGlobals?.() ?? []);
}

/** What stands in the messages of a page, as it came from the server, and may not. Links are looked at here, too. */
export function faultsOfMarkup(page: Page, html: string): Promise<string[]> {
  return page.evaluate(findMarkup, { html, borrowedWord });
}

function findMarkup({ html, borrowedWord: word }: { html: string; borrowedWord: string }): string[] {
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  const faults = new Set<string>();
  const own = new Set(
    `class dir href title rel src alt loading decoding type disabled checked aria-label start reversed value scope
    colspan rowspan open download`.split(/\s+/),
  );
  const classes =
    /^(?:align-(?:left|center|right)|alert(?:-[a-z]+)?|footnotes(?:-title)?|footnote-mark|task-list-item|contains-task-list|code|katex|invisible|language-\S+|hljs-\S+|[a-z]+_)$/;
  const banned =
    'script, style, link, meta, base, iframe, frame, object, embed, form, button, select, textarea, svg, dialog, template, canvas, audio, video, [popover], [style], [id], [name]';
  const ownText = (element: Element): string =>
    [...element.childNodes].map((node) => (node instanceof Text ? node.data : '')).join('');

  if (parsed.querySelector('.message .message, .message :is(main, footer)') !== null)
    faults.add('a message that holds a piece of the page');
  if (
    parsed.querySelector('body > .columns > main') === null ||
    parsed.querySelector('body > footer') === null
  )
    faults.add('a piece of the page that is not in its place');
  for (const element of parsed.querySelectorAll('.message .prose *, .message .tool > :not(summary) *')) {
    const name = element.localName;
    if (element.matches(banned)) faults.add(`<${name}> as no message may have it`);
    const isMath = element.namespaceURI === 'http://www.w3.org/1998/Math/MathML';
    for (const attribute of element.attributes) {
      const isKnown = isMath
        ? !/^(?:on|xlink|href|src|class)/i.test(attribute.name)
        : own.has(attribute.name);
      if (!isKnown) faults.add(`${attribute.name} of <${name}>`);
    }
    if (element.closest('.tool') === null)
      for (const each of element.classList) if (!classes.test(each)) faults.add(`class ${each}`);
    const isNamed = [...element.classList].some((each) => name !== 'code' || !each.startsWith('language-'));
    if (ownText(element).includes(word) && isNamed && element.closest('pre') === null)
      faults.add(`<${name} class="${element.className}"> that was borrowed`);
  }
  for (const link of parsed.querySelectorAll<HTMLAnchorElement>('.message .prose a')) {
    if (!/^(?:https?:\/\/|mailto:)[^/]/.test(link.getAttribute('href') ?? ''))
      faults.add(`a link to ${link.href}`);
    if (link.rel !== 'noopener noreferrer nofollow ugc') faults.add(`a link with rel="${link.rel}"`);
    if (link.hasAttribute('target') || link.hasAttribute('download'))
      faults.add('a link that opens otherwise');
  }
  for (const image of parsed.querySelectorAll('.message .prose img'))
    if (!/^data:image\//.test(image.getAttribute('src') ?? '')) faults.add('an image from elsewhere');
  return [...faults];
}

/**
 * What reaches out of its message. A message has its row: from the left to the right of the conversation, and half of what
 * parts two messages above and below it. Scroll containers and clips are minded; only what a viewer can see counts.
 */
export function faultsOfPlace(page: Page): Promise<string[]> {
  return page.evaluate(findEscapes);
}

function findEscapes(): string[] {
  const faults = new Set<string>();
  const main = document.querySelector('main')?.getBoundingClientRect();
  const [from, to] = [main?.left ?? 0, main?.right ?? innerWidth];
  interface Room {
    left: number;
    right: number;
    top: number;
    bottom: number;
  }
  const margin = 16;

  const clippedBy = (element: Element, room: Room): Room => {
    const rect = element.getBoundingClientRect();
    const { overflowX, overflowY, overflowClipMargin } = getComputedStyle(element);
    const beyond = (overflow: string) => (overflow === 'clip' ? Number.parseFloat(overflowClipMargin) : 0);
    return {
      left: overflowX === 'visible' ? room.left : Math.max(room.left, rect.left - beyond(overflowX)),
      right: overflowX === 'visible' ? room.right : Math.min(room.right, rect.right + beyond(overflowX)),
      top: overflowY === 'visible' ? room.top : Math.max(room.top, rect.top - beyond(overflowY)),
      bottom: overflowY === 'visible' ? room.bottom : Math.min(room.bottom, rect.bottom + beyond(overflowY)),
    };
  };
  const rectOf = (node: Node): DOMRect => {
    if (node instanceof Element) return node.getBoundingClientRect();
    const range = document.createRange();
    range.selectNodeContents(node);
    return range.getBoundingClientRect();
  };
  const look = (node: Node, room: Room, row: Room): void => {
    // Buttons are the script's own: the page as it came has none.
    if (node instanceof Element && node.matches('button, .code-tools')) return;
    const rect = rectOf(node);
    const [left, right] = [Math.max(rect.left, room.left), Math.min(rect.right, room.right)];
    const [top, bottom] = [Math.max(rect.top, room.top), Math.min(rect.bottom, room.bottom)];
    const isSeen = right - left > 0.5 && bottom - top > 0.5;
    const isOutside =
      left < row.left - 1 || right > row.right + 1 || top < row.top - 1 || bottom > row.bottom + 1;
    const name =
      node instanceof Element ? `<${node.localName}>` : `the text ${node.textContent?.slice(0, 20) ?? ''}`;
    if (isSeen && isOutside) faults.add(`${name} reaches out of its message`);
    if (!(node instanceof Element)) return;
    const { position, display } = getComputedStyle(node);
    if (!['static', 'relative'].includes(position)) faults.add(`${name} is ${position}`);
    if (display === 'none') return;
    const inner = clippedBy(node, room);
    for (const child of node.childNodes)
      if (child instanceof Element || (child instanceof Text && child.data.trim() !== ''))
        look(child, inner, row);
  };
  const everywhere = { left: -Infinity, right: Infinity, top: -Infinity, bottom: Infinity };
  const room =
    document.querySelector('main') === null ? everywhere : { ...everywhere, left: from, right: to };
  for (const message of document.querySelectorAll('.message')) {
    const { top, bottom } = message.getBoundingClientRect();
    const row = { left: from, right: to, top: top - margin, bottom: bottom + margin };
    for (const child of message.children) look(child, room, row);
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.add('the page is wider than its window');
  return [...faults];
}

/** Places of the page where a click would land on another thing than the one that is there. */
export function faultsOfHits(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const faults = new Set<string>();
    // Ours, and hidden until its message is pointed at.
    const overhanging = '.copy, .code-tools, .theme';
    const places = [
      ...document.querySelectorAll('.masthead > :not(button), .message, .round > h2, .colophon'),
    ];
    const check = (place: Element): void => {
      const { left, top, width, height } = place.getBoundingClientRect();
      for (const x of [0.02, 0.5, 0.98])
        for (const y of [0.1, 0.5, 0.9]) {
          const hit = document.elementFromPoint(left + width * x, top + height * y);
          if (hit === null || hit.closest(overhanging) !== null) continue;
          if (!place.contains(hit) && !hit.contains(place))
            faults.add(
              `<${hit.localName} class="${hit.className}"> over ${place.className || place.localName}`,
            );
        }
    };
    const end = document.documentElement.scrollHeight;
    for (let top = 0; top < end; top += innerHeight) {
      scrollTo({ top, behavior: 'instant' });
      for (const place of places) {
        const rect = place.getBoundingClientRect();
        if (rect.bottom > 0 && rect.top < innerHeight) check(place);
      }
    }
    return [...faults];
  });
}
