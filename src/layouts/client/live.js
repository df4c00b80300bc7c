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
  /** What the host said of the page that is shown; undefined until it was asked. */
  let shownMark;

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
      if (fresh) show(fresh);
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
    const path = pathOfPage(pageNumber);
    const state = await ask(path, 'HEAD');
    if (isGone(state)) return endIfGone(path);
    const mark = markOf(state);
    if (!state.ok || (mark && mark === shownMark)) return;
    const response = await ask(path);
    if (!response.ok) return;
    const html = await response.text();
    // Where a network asks to sign in, another page comes with 200.
    const [, fresh] = /<html[^>]* data-state="(\w+)"/.exec(html) ?? [];
    if (!fresh) return;
    shownMark = markOf(response);
    if (fresh === root.dataset.state) return;
    // Drawn by another version: this page's style and script are not made for it, and the policy knows no others.
    if (!ownHashes().every((hash) => html.includes(hash))) return loadAgain(fresh);
    return new DOMParser().parseFromString(html, 'text/html');
  }

  /** A file may be away for a moment while it is replaced; a share that is deleted is gone twice, and all of it. */
  async function endIfGone(path) {
    await new Promise((resolve) => setTimeout(resolve, quickMs));
    if (!isGone(await ask(path, 'HEAD'))) return;
    if (isGone(await ask(`${sharePath}/conversation.json`, 'HEAD'))) {
      hasEnded = true;
      clearPage();
      // Rounds were taken away, and this page with them.
    } else if (pageNumber > 1) location.replace(pathOfPage(1));
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

/** Once for each state: a host that goes on sending the old page must not take the viewer's place again and again. */
function loadAgain(state) {
  if (history.state?.loadedFor === state) return;
  history.replaceState({ ...history.state, loadedFor: state }, '');
  location.reload();
}

/** A few bytes that change with a file, in the words of whichever host; empty where it has none. */
const markOf = ({ headers }) => ['etag', 'last-modified'].map((name) => headers.get(name) ?? '').join('');

function show(page) {
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
    const leads = replaced.filter((element) => element.matches('.pages'));
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
