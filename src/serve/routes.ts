import { hash, pageNumber, type RouteKind } from '../host/addresses.ts';
import { isShareId } from '../urls.ts';

export interface Route {
  kind: RouteKind;
  /** Where it lies below the output folder, segment by segment; no segment can leave the folder. */
  segments: readonly string[];
}

/** What every other address gets. No address of its own leads here. */
export const notFoundRoute: Route = { kind: 'not-found', segments: ['404.html'] };

/** Longer request targets are not there. The longest real one is a base path and a name of 150 bytes, percent-encoded. */
const maxTargetLength = 2048;

/** No separator of any system, no control character, no drive or stream colon (`a.csv::$DATA`), no leading dot. */
const plainSegment = /^(?!\.)[^\u0000-\u001f\u007f/\\:]+$/;
const hashSegment = new RegExp(`^${hash}$`);
const pageNumberSegment = new RegExp(`^${pageNumber}$`);

/**
 * Finds the one file a request target means, or undefined.
 *
 * This is a list of what exists, not a path that is joined and then checked: segments are split first and decoded
 * after, so that an encoded slash stays inside its segment and is refused there.
 *
 * @param target    As it stands in the request line, in origin or absolute form; a query is ignored.
 * @param basePath  Decoded segments of the site's path, from {@link toBaseSegments}.
 */
export function toRoute(target: string, basePath: readonly string[]): Route | undefined {
  const segments = target.length > maxTargetLength ? undefined : decodeSegments(pathOf(target));
  if (segments === undefined) return undefined;
  if (!basePath.every((name, index) => segments[index] === name)) return undefined;
  return shapeOf(segments.slice(basePath.length));
}

/** Splits a site's path (`''`, `/repo`, `/my%20site/`) into decoded segments. Undefined where it is no such path. */
export function toBaseSegments(basePath: string): string[] | undefined {
  const trimmed = basePath.replace(/\/+$/, '');
  return trimmed === '' ? [] : decodeSegments(trimmed);
}

function pathOf(target: string): string {
  // RFC 9112, 3.2.2: a server must understand the absolute form too.
  const origin = /^https?:\/\/[^/?#]*/i.exec(target)?.[0] ?? '';
  return target.slice(origin.length).replace(/[?#].*$/s, '');
}

/** A trailing slash becomes a last segment `''`; an empty segment anywhere else is malformed. */
function decodeSegments(path: string): string[] | undefined {
  if (!path.startsWith('/')) return undefined;
  const encoded = path.slice(1).split('/');
  const decoded: string[] = [];
  for (const [index, text] of encoded.entries()) {
    const segment = decode(text);
    const isTrailingSlash = text === '' && index === encoded.length - 1;
    if (segment === undefined || !(isTrailingSlash || plainSegment.test(segment))) return undefined;
    decoded.push(segment);
  }
  return decoded;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // a lone %, or bytes that are not UTF-8 (overlong forms included)
  }
}

function shapeOf(segments: string[]): Route | undefined {
  const [top, id, third, fourth, fifth] = segments;
  if (segments.length === 1 && top === 'robots.txt') return { kind: 'robots', segments };
  if (top !== 'share' || id === undefined || !isShareId(id)) return undefined;
  const folder = ['share', id];
  if (isEnd(segments, 2)) return { kind: 'page', segments: [...folder, 'index.html'] };
  if (third === undefined) return undefined;
  if (isEnd(segments, 3) && pageNumberSegment.test(third))
    return { kind: 'page', segments: [...folder, third, 'index.html'] };
  if (segments.length === 3 && third === 'conversation.md') return { kind: 'markdown', segments };
  if (segments.length === 3 && third === 'conversation.json') return { kind: 'json', segments };
  if (segments.length !== 5 || !hashSegment.test(fourth ?? '') || !fifth) return undefined;
  if (third === 'files') return { kind: 'file', segments };
  if (third === 'zip' && fifth.endsWith('.zip')) return { kind: 'zip', segments };
  return undefined;
}

/** With or without one trailing slash. */
function isEnd(segments: readonly string[], length: number): boolean {
  return segments.length === length || (segments.length === length + 1 && segments[length] === '');
}

const publicNames = new Set(['share', 'files', 'zip', 'conversation.md', 'conversation.json', 'robots.txt']);
const maxLoggedSegments = 8;

/**
 * A request target as a log may hold it: every name that could be a share id, a title or a file name is cut to its
 * first four characters. It works on the undecoded text, so that `%61bcd…` gives away less than `abcd…`, never more.
 */
export function toLogPath(target: string): string {
  const segments = pathOf(target.slice(0, maxTargetLength)).split('/');
  const shown = segments.slice(0, maxLoggedSegments).map(shorten).join('/');
  return segments.length > maxLoggedSegments ? `${shown}/…` : shown;
}

function shorten(segment: string): string {
  if (publicNames.has(segment)) return segment;
  const start = segment.slice(0, 4).replace(/[^\x21-\x7e]/g, '?');
  return segment.length > 4 ? `${start}…` : start;
}
