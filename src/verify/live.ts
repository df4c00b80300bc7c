import { encodePath, sharePath, shareUrl, shortShareId, type ShareId, type SiteUrl } from '../urls.ts';
import { isGone, type Answer, type Ask } from './ask.ts';

/** Something that the live host does otherwise than it should. */
export interface LiveFinding {
  /** `fail`: a promise is broken. `warn`: a header that would protect a viewer further is not sent. */
  level: 'fail' | 'warn';
  /** Where it was seen first, with share ids cut short, and in how many more places. */
  address: string;
  more: number;
  problem: string;
  /** Which setting of the host to change. */
  setting: string;
}

export interface Probe {
  site: SiteUrl;
  active: readonly ShareId[];
  revoked: readonly ShareId[];
  /** An id that was never given to anybody. */
  unknown: ShareId;
  /** The page as it is in the output; undefined where it is not there. */
  page(id: ShareId): Buffer | undefined;
  /** A harmless HTML file, put among the files of an active share for this probe. */
  canary: { id: ShareId; path: string } | undefined;
  ask: Ask;
}

type Report = (level: LiveFinding['level'], url: string, problem: string, setting: string) => void;

const configure = '`share host` prints the whole configuration.';
const settings = {
  reach:
    'Check the domain, the certificate and that the host is up, and that the site is set to its address.',
  notFound: `Answer unknown addresses with 404.html and status 404, not with another page. ${configure}`,
  listing: `Switch directory listings off. ${configure}`,
  hidden: `Serve no file whose name begins with a dot. ${configure}`,
  page: 'Serve share/<id>/index.html at /share/<id>, with and without a slash at the end; run `share sync`, and upload.',
  deleted:
    'Empty the caches in front of the host, remove old deployments, and upload with deletions (`aws s3 sync --delete`).',
  robots: `Send X-Robots-Tag: noindex for everything but robots.txt. ${configure}`,
  policy: `Leave the page as it is: something on the way takes out its Content-Security-Policy.`,
  frames: `Send Content-Security-Policy: frame-ancestors 'none' for pages. ${configure}`,
  sniffing: `Send X-Content-Type-Options: nosniff for everything. ${configure}`,
  cache: `Send Cache-Control: no-cache for pages, so that a deleted page is gone at once. ${configure}`,
  files: `Send Content-Disposition: attachment and Content-Security-Policy: sandbox for /share/*/files/, and no HTML type for .wasm. ${configure}`,
} as const;

/**
 * Asks the live host whether it does what the output promises.
 *
 * @returns What it does otherwise, each fault once; empty where all is well.
 */
export async function askHost(probe: Probe): Promise<LiveFinding[]> {
  const found = new Map<string, LiveFinding>();
  const report: Report = (level, url, problem, setting) => {
    const known = found.get(problem);
    if (known === undefined)
      found.set(problem, { level, address: shortened(url), more: 0, problem, setting });
    else known.more += 1;
  };
  const { site, ask, unknown } = probe;
  const nothing = await ask(shareUrl(site, unknown));
  if (nothing === undefined) {
    report('fail', site, 'The host does not answer.', settings.reach);
    return [...found.values()];
  }
  if (!isGone(nothing))
    report(
      'fail',
      shareUrl(site, unknown),
      `A link that never was answers ${nothing.status}.`,
      settings.notFound,
    );
  await checkPlaces(probe, nothing, report);
  await inTurns(probe.active, (id) => checkActive(probe, id, report));
  await inTurns(probe.revoked, (id) => checkRevoked(probe, id, nothing, report));
  if (probe.canary !== undefined) await checkCanary(probe, probe.canary, report);
  return [...found.values()];
}

async function checkPlaces({ site, active, ask }: Probe, nothing: Answer, report: Report): Promise<void> {
  const malformed = `${site}/share/malformed`;
  const answer = await ask(malformed);
  if (answer !== undefined && !looksAlike(answer, nothing))
    report('fail', malformed, 'A malformed link looks other than an unknown one.', settings.notFound);
  const folders = active
    .slice(0, 1)
    .flatMap((id) => ['/files/', '/zip/'].map((end) => shareUrl(site, id) + end));
  for (const folder of [`${site}/share/`, ...folders])
    if ((await ask(folder))?.status === 200)
      report('fail', folder, 'A folder shows something.', settings.listing);
  const hidden = `${site}/.conversation-share`;
  if ((await ask(hidden))?.status === 200)
    report('warn', hidden, 'A hidden file is served.', settings.hidden);
}

async function checkActive(probe: Probe, id: ShareId, report: Report): Promise<void> {
  const { site, ask } = probe;
  const url = shareUrl(site, id);
  for (const address of [url, `${url}/`]) {
    const answer = await askPage(ask, address);
    if (answer?.status !== 200)
      report('fail', address, `A link that is shared answers ${answer?.status ?? 'nothing'}.`, settings.page);
    else if (address === url) checkPage(answer, url, probe.page(id), report);
  }
  for (const name of ['conversation.md', 'conversation.json']) {
    const answer = await ask(`${url}/${name}`);
    if (answer?.status !== 200)
      report('fail', `${url}/${name}`, `${name} answers ${answer?.status ?? 'nothing'}.`, settings.page);
    else {
      if (!isInert(answer)) report('fail', `${url}/${name}`, `A browser would run ${name}.`, settings.files);
      if (name === 'conversation.json') await checkFiles(probe, id, answer, report);
    }
  }
}

/** Some hosts lead from the one form of the address to the other. */
async function askPage(ask: Ask, url: string): Promise<Answer | undefined> {
  const answer = await ask(url);
  const location = answer?.headers.get('location') ?? undefined;
  if (answer === undefined || location === undefined || ![301, 302, 307, 308].includes(answer.status))
    return answer;
  const target = new URL(location, url).href;
  return target === `${url}/` || `${target}/` === url ? ask(target) : answer;
}

function checkPage(answer: Answer, url: string, expected: Buffer | undefined, report: Report): void {
  const { headers, body } = answer;
  const head = body.toString('latin1', 0, 16 * 1024);
  const policy = headers.get('content-security-policy') ?? '';
  if (expected !== undefined && !expected.equals(body))
    report('fail', url, 'The page is not the one in the output.', settings.page);
  const saysNoindex = /<meta name="robots" content="[^"]*\bnoindex\b/i.test(head);
  if (!isNotIndexed(headers))
    report(
      saysNoindex ? 'warn' : 'fail',
      url,
      'A page comes without X-Robots-Tag: noindex.',
      settings.robots,
    );
  if (!/<meta http-equiv="content-security-policy" content="default-src 'none'/i.test(head))
    report('fail', url, 'The page has lost its Content-Security-Policy.', settings.policy);
  if (
    !/frame-ancestors\s+'none'/.test(policy) &&
    !/deny|sameorigin/i.test(headers.get('x-frame-options') ?? '')
  )
    report('warn', url, 'Anybody may frame a page.', settings.frames);
  if (!isNosniff(headers)) report('warn', url, 'Pages come without nosniff.', settings.sniffing);
  const age = /(?:s-maxage|max-age)=(\d+)/.exec(headers.get('cache-control') ?? '')?.[1];
  if (age !== undefined && Number(age) > 60 && !/no-cache|no-store/.test(headers.get('cache-control') ?? ''))
    report(
      'warn',
      url,
      `A page is cached for ${age} seconds, also when it is deleted meanwhile.`,
      settings.cache,
    );
}

async function checkFiles({ site, ask }: Probe, id: ShareId, json: Answer, report: Report): Promise<void> {
  const base = `${new URL(site).origin}${sharePath(site, id)}`;
  for (const path of pathsIn(json.body.toString())) {
    const url = `${base}/${encodePath(path)}`;
    const answer = await ask(url);
    if (answer?.status !== 200)
      report('fail', url, `A file that is shared answers ${answer?.status ?? 'nothing'}.`, settings.page);
    else if (!isInert(answer)) report('fail', url, 'A browser would run an attached file.', settings.files);
    else if (!isNotIndexed(answer.headers))
      report('warn', url, 'A file comes without X-Robots-Tag: noindex.', settings.robots);
  }
}

async function checkRevoked(
  { site, ask }: Probe,
  id: ShareId,
  nothing: Answer,
  report: Report,
): Promise<void> {
  const url = shareUrl(site, id);
  for (const end of ['', '/', '/index.html', '/conversation.md', '/conversation.json', '/files/', '/zip/']) {
    const answer = await ask(url + end);
    if (answer === undefined) report('fail', url + end, 'The host stopped answering.', settings.reach);
    else if (!isGone(answer)) {
      const leads = answer.status >= 300 && answer.status < 400 && end !== '' && end !== '/';
      if (!leads)
        report('fail', url + end, `A link that was deleted answers ${answer.status}.`, settings.deleted);
    } else if (end === '' && !looksAlike(answer, nothing))
      report('fail', url, 'A deleted link looks other than an unknown one.', settings.notFound);
  }
}

async function checkCanary(
  { site, ask }: Probe,
  { id, path }: { id: ShareId; path: string },
  report: Report,
): Promise<void> {
  const url = `${shareUrl(site, id)}/${path}`;
  const answer = await ask(url);
  // A host to which the output is uploaded does not have it.
  if (answer?.status === 200 && !isInert(answer))
    report('fail', url, 'A browser would run a file of HTML that is attached.', settings.files);
}

function isNotIndexed(headers: Headers): boolean {
  return /\bnoindex\b/i.test(headers.get('x-robots-tag') ?? '');
}

function isNosniff(headers: Headers): boolean {
  return headers.get('x-content-type-options')?.toLowerCase() === 'nosniff';
}

const activeTypes =
  /^(?:text\/html|image\/svg|multipart\/|message\/)|[/+]xml\b|javascript|ecmascript|^text\/css/i;

/** True where a browser that follows a link to this runs nothing of it. */
export function isInert({ headers }: Pick<Answer, 'headers'>): boolean {
  if (/^\s*attachment/i.test(headers.get('content-disposition') ?? '')) return true;
  if (/(?:^|[;,])\s*sandbox\s*(?:[;,]|$)/i.test(headers.get('content-security-policy') ?? '')) return true;
  const type = headers.get('content-type');
  // Without a type a browser looks at the bytes, unless it was told not to.
  return type === null ? isNosniff(headers) : !activeTypes.test(type.trim());
}

function looksAlike(one: Answer, other: Answer): boolean {
  return one.status === other.status && one.body.equals(other.body);
}

/** Paths of the files and of the ZIP in a `conversation.json`. */
function pathsIn(json: string): string[] {
  try {
    const { files, zip } = JSON.parse(json) as { files?: { path?: unknown }[]; zip?: { path?: unknown } };
    const paths = [...(Array.isArray(files) ? files : []), ...(zip === undefined ? [] : [zip])].map(
      ({ path }) => path,
    );
    return paths.filter((path) => typeof path === 'string');
  } catch {
    return []; // cut short, or another page in its place, which is told already
  }
}

function shortened(url: string): string {
  return url.replace(
    /(\/share\/)([^/]{26})/,
    (_, start: string, id: string) => start + shortShareId(id as ShareId),
  );
}

const atOnce = 8;

async function inTurns<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await action(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
