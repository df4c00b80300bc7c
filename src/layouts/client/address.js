const canonical = document.querySelector('link[rel=canonical]');

const ownPath = canonical && /^.*\/share\/[^/]+/.exec(new URL(canonical.href).pathname)?.[0];

/**
 * Path of the share's folder, with the prefix of the site if it has one. Undefined on a page that shows no share, and in
 * a copy that somebody saved or mirrors: what its host says of this path means nothing.
 */
export const sharePath = ownPath && location.pathname.startsWith(ownPath) ? ownPath : undefined;

export const pageNumber = Number(document.documentElement.dataset.page ?? 1);

export function pathOfPage(number) {
  return number === 1 ? `${sharePath}/` : `${sharePath}/${number}/`;
}

/** What a host says about a path now, not what a cache remembers. Throws when it says nothing for 20 s. */
export function ask(path, method = 'GET') {
  return fetch(path, {
    method,
    cache: 'no-store',
    credentials: 'omit',
    signal: AbortSignal.timeout(20_000),
  });
}

/**
 * Goes to the page that holds the round of a link like `#r123`, for links from before the conversation grew. The first
 * page knows where each page starts, so any other asks it.
 */
export function landOnPage() {
  const round = Number(/^#r(\d+)$/.exec(location.hash)?.[1]);
  if (!round || !sharePath || document.getElementById(`r${round}`)) return;
  const page = [...document.querySelectorAll('.all-pages a')].findLast(
    ({ dataset }) => dataset.start <= round,
  );
  if (page) location.replace(page.href + location.hash);
  else if (pageNumber > 1 && isBefore(round)) location.replace(pathOfPage(1) + location.hash);
}

/** Whether a round begins before this page: the first one here may begin there, too. */
function isBefore(round) {
  return round <= Number.parseInt(document.querySelector('.round > h2')?.id.slice(1));
}
