import { plainProse, proseHtml } from './characters.ts';

/** A link leaves no referrer, gives no window handle and passes no rank. */
const rel = 'noopener noreferrer nofollow ugc';

/**
 * `https:x` without slashes resolves against our own address, so the slashes and a first letter of the host are
 * asked for. Schemes are in lower case, as the sanitiser wants them.
 */
const publicHref = /^(?:https?:\/\/[^/\\?#\s]|mailto:[^\s])/;

/** Markdown encodes these itself; an address from raw HTML may hold them still. */
const unsafeInHref = /[\u0000-\u0020\u007F"<>\\^`{|}]/g;

/** Raster types only: an SVG is a document. The size is bounded by that of the message. */
const rasterData = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/]+={0,2}$/i;

/**
 * The start tag of a link out of a message.
 *
 * @returns undefined where the address means nothing to a viewer (relative, same-page) or may be harmful (any scheme
 *          but http, https and mailto): the text of the link then stands alone.
 */
export function linkTag(href: string, title: string): string | undefined {
  const address = toPublicHref(href);
  return address === undefined
    ? undefined
    : `<a href="${proseHtml(address)}"${titleAttribute(title)} rel="${rel}">`;
}

function toPublicHref(href: string): string | undefined {
  const address = href.trim();
  return publicHref.test(address) ? plainProse(address).replace(unsafeInHref, encodeURIComponent) : undefined;
}

/**
 * An image of a message. One from the net is never loaded, since loading it tells its host who reads the page and
 * can carry data out; a link that names the host stands in its place. One that is in the message itself is shown.
 *
 * @param insideLink  A link cannot hold a link: only the words are given.
 */
export function imageHtml(
  { src, alt, title }: { src: string; alt: string; title: string },
  insideLink: boolean,
): string {
  const words = plainProse(alt).trim();
  if (rasterData.test(src))
    return `<img src="${src}" alt="${proseHtml(words)}"${titleAttribute(title)} loading="lazy" decoding="async">`;
  const host = hostOf(src);
  if (host === undefined) return proseHtml(words);
  const label = proseHtml(words === '' ? `Image from ${host}` : `Image from ${host}: ${words}`);
  const start = linkTag(src, title);
  return insideLink || start === undefined ? label : `${start}${label}</a>`;
}

/** In ASCII, so that letters that look alike cannot pass for another host. */
function hostOf(src: string): string | undefined {
  const address = toPublicHref(src);
  if (address === undefined || !URL.canParse(address)) return undefined;
  const { host } = new URL(address);
  return host === '' ? undefined : host;
}

function titleAttribute(title: string): string {
  return title === '' ? '' : ` title="${proseHtml(title)}"`;
}
