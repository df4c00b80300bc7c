import { ask, sharePath } from './address.js';
import { announce } from './announce.js';
import { answer, makeButton } from './button.js';

/** Adds what only a browser can to a part of the page that just came: `root` and all below it, a moment later. */
export function enhance(root) {
  const all = (selector) => [...(root.matches(selector) ? [root] : []), ...root.querySelectorAll(selector)];
  all('time').forEach(showLocally);
  soon(all('.prose pre > code'), addCodeTools);
  soon(all('.round[id]'), addLinkButton);
  if (sharePath) {
    // What came may be the first text of a message that stood here before.
    const message = root.parentElement?.closest('.message[data-message]');
    soon([...(message ? [message] : []), ...all('.message[data-message]')], addMarkdownButton);
  }
  // At once: whoever comes by keyboard must not pass over what scrolls.
  all('pre, .prose table, math').forEach((box) => sizes.observe(box));
}

/** What is still to be done. All at once would hold up a finger on a slow telephone for a quarter of a second. */
const waiting = [];
const sliceMs = 6;
const whenIdle = window.requestIdleCallback ?? setTimeout;

function soon(elements, action) {
  if (waiting.length === 0 && elements.length > 0) whenIdle(workOff);
  waiting.push(...elements.map((element) => () => element.isConnected && action(element)));
}

function workOff() {
  const end = performance.now() + sliceMs;
  do waiting.shift()();
  while (waiting.length > 0 && performance.now() < end);
  if (waiting.length > 0) whenIdle(workOff);
}

/** In the words of the server, but in the viewer's zone. `Intl` would do it, too, and stop a slow telephone for 0.3 s. */
function showLocally(time) {
  const date = new Date(time.dateTime);
  const ahead = -date.getTimezoneOffset();
  const clock = (minutes) => new Date(minutes * 60_000).toISOString().slice(11, 16);
  const [, month, day, year] = date.toDateString().split(' ');
  const zone = ahead === 0 ? '' : (ahead < 0 ? '−' : '+') + clock(Math.abs(ahead)).replace(/^0|:00/g, '');
  time.title = time.textContent;
  time.textContent = `${Number(day)} ${month} ${year}, ${clock(date / 60_000 + ahead)} UTC${zone}`;
}

/** Looks again when a box gets another size: when its window does, or `<details>` around it opens. */
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const isWide = target.scrollWidth > target.clientWidth;
    if (isWide) target.tabIndex = 0;
    const wrap = target.parentElement?.querySelector(':scope > .code-tools > .wrap');
    if (wrap) wrap.hidden = !isWide && wrap.ariaPressed !== 'true';
  }
});

function addCodeTools(code) {
  const box = code.parentElement;
  // A part that came anew before its turn was there to be done twice.
  if (box.parentElement.matches('.copyable')) return;
  const wrap = makeButton('copy wrap', 'Wrap lines', () => {
    wrap.ariaPressed = String(box.classList.toggle('wrapped'));
  });
  wrap.ariaPressed = 'false';
  wrap.hidden = true;
  const copy = makeButton('copy', 'Copy', async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      answer(copy, 'Copied');
    } catch {
      // No permission, or no HTTPS: leave the text selected for the viewer's own Ctrl+C.
      getSelection().selectAllChildren(code);
      answer(copy, 'Selected');
    }
  });
  const tools = document.createElement('div');
  tools.className = 'code-tools';
  tools.append(wrap, copy);
  const frame = document.createElement('div');
  frame.className = 'copyable';
  box.replaceWith(frame);
  frame.append(box, tools);
  // Once more, for there is a button to show now.
  sizes.unobserve(box);
  sizes.observe(box);
}

function addLinkButton(round) {
  if (round.querySelector(':scope > .copy-link')) return;
  const button = makeButton('copy copy-link', 'Copy link', async () => {
    const link = new URL(`#${round.id}`, location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      announce('Link copied');
      answer(button, 'Copied');
    } catch {
      location.replace(link);
      announce('The link is in the address bar');
      answer(button, 'See address');
    }
  });
  button.ariaLabel = `Copy link to round ${round.id.slice(1)}`;
  round.querySelector('h2')?.after(button);
}

function addMarkdownButton(message) {
  // A message of tool calls alone has no text of its own.
  if (!message.querySelector(':scope > .prose') || message.querySelector(':scope > .copy-message')) return;
  const button = makeButton('copy copy-message', 'Copy as Markdown', async () => {
    try {
      const text = markdownOf(Number(message.dataset.message));
      // A promise, not its value: Safari lets a page write only while the press of the button lasts.
      const blob = text.then((markdown) => new Blob([markdown], { type: 'text/plain' }));
      await navigator.clipboard.write([new ClipboardItem({ 'text/plain': blob })]);
      answer(button, 'Copied');
      announce('Message copied');
    } catch {
      answer(button, 'Not copied');
      announce('The message could not be copied');
    }
  });
  message.append(button);
}

let messages;

async function markdownOf(index) {
  messages ??= ask(`${sharePath}/conversation.json`)
    .then((response) => response.json())
    .then(({ rounds }) => rounds.flatMap((round) => round.messages));
  try {
    const { parts } = (await messages)[index];
    return parts.flatMap((part) => (part.type === 'text' ? part.text : [])).join('\n\n');
  } catch (error) {
    forgetSource();
    throw error;
  }
}

/** The next message to be copied is read anew. */
export function forgetSource() {
  messages = undefined;
}
