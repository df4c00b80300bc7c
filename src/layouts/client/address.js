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
export function ask(path) {
  return fetch(path, { cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(20_000) });
}

/** What lies at a name below the share's folder. Throws where it is not there. */
export async function askForJson(name) {
  const response = await ask(`${sharePath}/${name}`);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response.json();
}

/** Goes to the page that holds the round of a link like `#r123`, for links from before the conversation grew. */
export async function landOnPage() {
  const round = Number(/^#r(\d+)$/.exec(location.hash)?.[1]);
  if (!round || !sharePath || document.getElementById(`r${round}`)) return;
  try {
    const { starts } = await askForJson('live.json');
    // A round that goes on over several pages has its id on the first of them: from one of them, look further up.
    const pages = starts.flatMap((first, index) =>
      first <= round && round <= (starts[index + 1] ?? round) ? index + 1 : [],
    );
    const target = pages.findLast((page) => page < pageNumber || !pages.includes(pageNumber));
    if (target) location.replace(pathOfPage(target) + location.hash);
  } catch {
    // The viewer stays on the page that did load.
  }
}
