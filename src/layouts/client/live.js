import { ask, pageNumber, pathOfPage, sharePath } from './address.js';
import { enhance, forgetSource } from './enhance.js';
import { tell } from './news.js';
import { markRound, watchRounds } from './outline.js';
import { patch } from './patch.js';

const root = document.documentElement;

const firstMs = 5_000;
const quickMs = 2_000;
const slowestMs = 60_000;

/** Keeps the page like the one on the host, and clears it once that is gone. */
export function follow() {
  if (!sharePath || !root.dataset.state) return;
  let waitMs = firstMs;
  let timer;
  let isBusy = false;
  let hasEnded = false;
  /** Pages of the conversation, once known. */
  let pageCount;

  function schedule() {
    clearTimeout(timer);
    // Not all viewers of a page at the same moment.
    if (!hasEnded) timer = setTimeout(look, waitMs * (0.85 + Math.random() * 0.3));
  }

  async function look() {
    clearTimeout(timer);
    // A hidden tab sets no timer again: it looks when it is shown.
    if (isBusy || hasEnded || document.hidden) return;
    isBusy = true;
    try {
      const fresh = await findChange().catch(() => {
        // Offline, a host in trouble, an answer that is not ours: what is shown stays.
      });
      if (fresh) show(fresh.page, fresh.hasGrown);
      waitMs = fresh ? quickMs : Math.min(waitMs * 1.5, slowestMs);
    } finally {
      isBusy = false;
      schedule();
    }
  }

  /** @returns The page as it is now, where it is another one than is shown. */
  async function findChange() {
    // The browser would only write into its console that it cannot.
    if (!navigator.onLine) return;
    const response = await ask(`${sharePath}/live.json`);
    if (isGone(response)) return endIfGone();
    if (!response.ok) return;
    const { pages } = await response.json();
    const hasGrown = pages.length > pageCount;
    if (pages[pageNumber - 1] !== root.dataset.state || hasGrown) {
      const page = await fetchPage(pages.length);
      // A cache on the way may hold the page of before for a while.
      if (!page || (page.documentElement.dataset.state === root.dataset.state && !hasGrown)) return;
      pageCount = pages.length;
      return { page, hasGrown };
    }
    pageCount = pages.length;
  }

  async function fetchPage(count) {
    const response = await ask(pathOfPage(pageNumber));
    // Rounds were taken away, and this page with them.
    if (isGone(response) && count > 0 && count < pageNumber) location.replace(pathOfPage(count));
    if (!response.ok) return;
    const html = await response.text();
    // Where a network asks to sign in, another page comes with 200.
    if (!/<html[^>]* data-state=/.test(html)) return;
    // Drawn by another version: this page's style and script are not made for it, and the policy knows no others.
    if (!ownHashes().every((hash) => html.includes(hash))) return location.reload();
    return new DOMParser().parseFromString(html, 'text/html');
  }

  /** A file may be away for a moment while it is replaced; a share that is deleted is gone twice, and its page too. */
  async function endIfGone() {
    await new Promise((resolve) => setTimeout(resolve, quickMs));
    const isOver = isGone(await ask(`${sharePath}/live.json`)) && isGone(await ask(pathOfPage(pageNumber)));
    if (!isOver) return;
    hasEnded = true;
    clearPage();
  }

  schedule();
  const lookSoon = () => {
    waitMs = firstMs;
    look();
  };
  document.addEventListener('visibilitychange', () => document.hidden || lookSoon());
  addEventListener('online', lookSoon);
  // Back from the browser's memory, a page may be long out of date.
  addEventListener('pageshow', (event) => event.persisted && lookSoon());
}

const isGone = ({ status }) => status === 404 || status === 410;

function show(page, hasGrown) {
  keepPlace(() => {
    const { added, replaced } = patch(document.body, page.body);
    document.title = page.title;
    root.dataset.state = page.documentElement.dataset.state;
    for (const element of [...added, ...replaced]) {
      enhance(element);
      watchRounds(element);
    }
    markRound();
    forgetSource();
    const leads = hasGrown ? replaced.filter((element) => element.matches('.pages')) : [];
    tell([...added.filter((element) => element.closest('main') || element.matches('.pages')), ...leads]);
  });
}

/** Hashes of style and script, as the page's own policy has them. */
const ownHashes = () => document.querySelector('meta[http-equiv]')?.content.match(/sha256-[^']+/g) ?? [];

/** Changes the page so that what the viewer reads does not move, whatever happens above it. */
function keepPlace(change) {
  const inView = ['.message > *', '.message', '.round', 'main > *']
    .flatMap((selector) => (scrollY > 0 ? [...document.querySelectorAll(selector)] : []))
    .map((element) => ({ element, rect: element.getBoundingClientRect() }))
    .filter(({ rect }) => rect.bottom > 0 && rect.top < innerHeight);
  change();
  const anchor = inView.find(({ element }) => element.isConnected);
  if (anchor)
    scrollBy({
      top: anchor.element.getBoundingClientRect().top - anchor.rect.top,
      behavior: 'instant',
    });
}

/** Leaves nothing of the conversation. */
function clearPage() {
  for (const element of document.head.querySelectorAll('link, meta[property]')) element.remove();
  document.title = 'No longer shared';
  delete root.dataset.state;
  const notice = document.createElement('p');
  notice.role = 'status';
  notice.tabIndex = -1;
  const main = document.createElement('main');
  main.className = 'notice';
  main.append(notice);
  document.body.replaceChildren(main);
  notice.textContent = 'This conversation is no longer shared.';
  notice.focus();
}
