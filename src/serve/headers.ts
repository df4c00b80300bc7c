import type { RouteKind } from '../host/addresses.ts';
import { closedPolicy, staticHeaders, plainErrorHeaders, type Headers } from '../host/headers.ts';
import type { MediaType } from '../host/media-types.ts';

export type { Headers };

/** Headers of an error that has a plain text body, or none. */
export const plainHeaders: Readonly<Headers> = {
  ...plainErrorHeaders,
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
  const isPage = kind === 'page' || kind === 'not-found';
  return {
    ...staticHeaders(kind, mediaType.inline),
    'Content-Type': mediaType.type,
    ...(isPage ? { 'Content-Security-Policy': toPagePolicy(head) } : {}),
    ...(isHashed ? { 'Content-Disposition': toContentDisposition(mediaType.inline, name) } : {}),
    ...(mediaType.compressible ? { Vary: 'Accept-Encoding' } : {}),
    ...(kind === 'not-found' ? {} : { 'Accept-Ranges': 'bytes' }),
  };
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
