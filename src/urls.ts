import { ShareError } from './errors.ts';

declare const brand: unique symbol;

/** 26 characters of `0-9a-z` without `i l o u`: 130 random bits. A capability: never log it whole. */
export type ShareId = string & { readonly [brand]: 'ShareId' };

/** Public address of the site without trailing slash, e.g. `https://you.github.io/repo`. */
export type SiteUrl = string & { readonly [brand]: 'SiteUrl' };

export const shareIdAlphabet = '0123456789abcdefghjkmnpqrstvwxyz';
export const shareIdLength = 26;

const shareIdPattern = new RegExp(`^[${shareIdAlphabet}]{${shareIdLength}}$`);

export function isShareId(text: string): text is ShareId {
  return shareIdPattern.test(text);
}

/** The first four characters, for logs and messages: enough to tell shares apart, useless as a link. */
export function shortShareId(id: ShareId): string {
  return `${id.slice(0, 4)}…`;
}

/**
 * Checks and normalises the public address.
 *
 * @throws ShareError `config_invalid` when it is not an absolute http(s) URL, or has a query, hash or credentials.
 */
export function toSiteUrl(text: string): SiteUrl {
  const hint = 'Set it like `SHARE_SITE=https://share.example.org`, with a path if the site lives under one.';
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new ShareError('config_invalid', `The site URL "${text}" is not a URL.`, { hint, cause });
  }
  if (!['http:', 'https:'].includes(url.protocol) || url.search || url.hash || url.username || url.password)
    throw new ShareError('config_invalid', `The site URL "${text}" must be http(s) and end with its path.`, {
      hint,
    });
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}` as SiteUrl;
}

/** The link an owner sends: `<site>/share/<id>`. */
export function shareUrl(site: SiteUrl, id: ShareId): string {
  return `${site}/share/${id}`;
}

/** Absolute path of the share's folder as a browser sees it, without trailing slash: `/repo/share/<id>`. */
export function sharePath(site: SiteUrl, id: ShareId): string {
  return new URL(shareUrl(site, id)).pathname;
}

/** A link inside a page: percent-encodes each segment of a path relative to the share's folder. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** The share id in a whole link, or in a bare id; undefined where there is none. */
export function shareIdIn(text: string): ShareId | undefined {
  const id = /(?:^|\/share\/)([^/?#]+)\/?(?:[?#].*)?$/.exec(text.trim())?.[1];
  return id !== undefined && isShareId(id) ? id : undefined;
}
