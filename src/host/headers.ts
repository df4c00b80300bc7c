import type { RouteKind } from './addresses.ts';

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
export const closedPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const documentPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'";
const attachmentPolicy = "sandbox; default-src 'none'";
/** Browsers show an image in a little page of their own, whose inline style the policy would block. */
const imagePolicy = `${attachmentPolicy}; style-src 'unsafe-inline'`;

/**
 * Goes with every page on a host that cannot read the page's own policy. A browser obeys both: what runs needs its hash
 * in the page and must stand in the page by this one, so that nothing is fetched and run even if the page's were lost.
 * No hashes here: they change with the renderer, and a configuration on a host does not.
 */
const staticPagePolicy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "script-src 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-src 'none'",
  "object-src 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of an error without a page, but for its type. */
export const plainErrorHeaders: Readonly<Headers> = {
  ...houseHeaders,
  ...notIndexed,
  'Cache-Control': 'no-store',
  'Content-Security-Policy': closedPolicy,
};

/** Headers that follow from the address alone, so that any host can send them. */
export function staticHeaders(kind: RouteKind, inline: boolean): Headers {
  const isHashed = kind === 'file' || kind === 'zip';
  return {
    ...houseHeaders,
    ...(kind === 'robots' ? {} : notIndexed),
    'Cache-Control': isHashed ? hashedPath : checkedEachTime,
    'Content-Security-Policy': policyFor(kind, inline),
    ...(isHashed ? { 'Content-Disposition': inline ? 'inline' : 'attachment' } : {}),
  };
}

function policyFor(kind: RouteKind, inline: boolean): string {
  if (kind === 'page' || kind === 'not-found') return staticPagePolicy;
  if (kind !== 'file' && kind !== 'zip') return documentPolicy;
  return inline ? imagePolicy : attachmentPolicy;
}
