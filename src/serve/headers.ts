import type { MediaType } from './media-types.ts';
import type { RouteKind } from './routes.ts';

/** Name → value; what a response carries beside its length, validators and coding. */
export type Headers = Record<string, string>;

/**
 * Said on every response, errors and 304 included.
 *
 * The features closed here are those that ask a viewer for something and that browsers know by name: for an unknown one
 * Chromium prints a warning. `clipboard-write` stays open for the page's copy button.
 */
const houseHeaders: Readonly<Headers> = {
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
  'Permissions-Policy': [
    'accelerometer',
    'camera',
    'display-capture',
    'geolocation',
    'gyroscope',
    'magnetometer',
    'microphone',
    'midi',
    'payment',
    'publickey-credentials-get',
    'screen-wake-lock',
    'usb',
    'xr-spatial-tracking',
  ]
    .map((feature) => `${feature}=()`)
    .join(', '),
};

const notIndexed = { 'X-Robots-Tag': 'noindex, nofollow, noarchive, nosnippet, noimageindex' };

const checkedEachTime = 'no-cache';

/**
 * The path names the content, so a browser need not ask again. `private`, because a shared cache between us and the
 * viewer would go on serving the file of a revoked share for a year; a viewer's own browser has seen the file anyway.
 */
const hashedPath = 'private, max-age=31536000, immutable';

/** Shows nothing, runs nothing: for a page that states no policy of its own, and for every plain error. */
const closedPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const documentPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'";
const attachmentPolicy = "sandbox; default-src 'none'";
/** Browsers show an image in a little page of their own, whose inline style the policy would block. */
const imagePolicy = `${attachmentPolicy}; style-src 'unsafe-inline'`;

/** Headers of an error that has a plain text body, or none. */
export const plainHeaders: Readonly<Headers> = {
  ...houseHeaders,
  ...notIndexed,
  'Cache-Control': 'no-store',
  'Content-Security-Policy': closedPolicy,
  'Content-Type': 'text/plain; charset=utf-8',
};

/**
 * The headers that depend on what is served; validators and lengths are not among them.
 *
 * @param head  The first bytes of a page, where its policy stands; not looked at for other kinds.
 * @param name  What a download is called, in the owner's words.
 */
export function headersFor(kind: RouteKind, mediaType: MediaType, head: Buffer, name: string): Headers {
  const isHashed = kind === 'file' || kind === 'zip';
  return {
    ...houseHeaders,
    ...(kind === 'robots' ? {} : notIndexed),
    'Content-Type': mediaType.type,
    'Cache-Control': isHashed ? hashedPath : checkedEachTime,
    'Content-Security-Policy': policyFor(kind, mediaType, head),
    ...(isHashed ? { 'Content-Disposition': toContentDisposition(mediaType.inline, name) } : {}),
    ...(mediaType.compressible ? { Vary: 'Accept-Encoding' } : {}),
    ...(kind === 'not-found' ? {} : { 'Accept-Ranges': 'bytes' }),
  };
}

function policyFor(kind: RouteKind, mediaType: MediaType, head: Buffer): string {
  if (kind === 'page' || kind === 'not-found') return toPagePolicy(head);
  if (kind !== 'file' && kind !== 'zip') return documentPolicy;
  return mediaType.inline ? imagePolicy : attachmentPolicy;
}

/** Bytes of a page that are searched for its policy; it stands first in `<head>`. */
export const pageHeadBytes = 16 * 1024;

/**
 * The policy a page states in its first element, as a header and with `frame-ancestors`, which only works there.
 *
 * It is taken from the page and not from the renderer of today, because a held page may be drawn by an older one
 * whose style has another hash.
 */
export function toPagePolicy(head: Buffer): string {
  const html = head.toString('utf8', 0, pageHeadBytes);
  const meta =
    /^\s*(?:<!doctype html>\s*)?<html[^>]*>\s*<head[^>]*>\s*<meta\s([^>]*)>/i.exec(html)?.[1] ?? '';
  if (attribute(meta, 'http-equiv')?.toLowerCase() !== 'content-security-policy') return closedPolicy;
  const policy =
    attribute(meta, 'content')
      ?.replace(/\s+/g, ' ')
      .replace(/[\s;]+$/, '') ?? '';
  return /^[\x20-\x7e]+$/.test(policy) ? `${policy}; frame-ancestors 'none'` : closedPolicy;
}

function attribute(tag: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(tag);
  const value = match?.[1] ?? match?.[2];
  return value
    ?.replace(/&(?:#39|#x27|apos);/gi, "'")
    .replace(/&(?:#34|#x22|quot);/gi, '"')
    .replace(/&(?:#38|#x26|amp);/gi, '&');
}

/**
 * Content-Disposition with the name twice (RFC 6266): in ASCII for old clients, in UTF-8 by RFC 8187 for the others.
 *
 * @param name  As the owner calls the file; folders before it are dropped, and so is what could break the header or
 *              turn its direction.
 */
export function toContentDisposition(inline: boolean, name: string): string {
  const last = name.toWellFormed().split(/[/\\]/).at(-1) ?? '';
  const clean = last.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '') || 'file';
  const ascii = clean.replace(/[^\x20-\x7e]/gu, '_').replace(/["\\%]/g, '_');
  const utf8 = encodeURIComponent(clean).replace(/['()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return `${inline ? 'inline' : 'attachment'}; filename="${ascii}"; filename*=UTF-8''${utf8}`;
}
