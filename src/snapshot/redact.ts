import type { Json } from './snapshot.ts';

/**
 * Hides in free text what says who the owner is: home folders (`/home/mira/app` → `~/app`), the owner's e-mail and name.
 */
export type Redact = (text: string) => string;

/** Home folders of Linux, macOS and Windows, also as written in JSON (`C:\\Users\\mira`) and in file URLs. */
const homes =
  /(?:\/(?:home|Users|var\/home)\/[^/\s"'`<>|:;,()[\]{}\\]+|[A-Za-z]:(?:\\\\?|\/)Users(?:\\\\?|\/)[^\\/\s"'`<>|:;,()[\]{}]+|\/root(?=\/|$|[\s"'`<>|:;,()[\]{}]))/g;

/** A name this short would match inside ordinary words. */
const shortestName = 4;

export function redactor(owner: { name?: string; email?: string }): Redact {
  const steps: [RegExp, string][] = [[homes, '~']];
  if (owner.email?.includes('@')) steps.push([new RegExp(escapeRegExp(owner.email), 'gi'), '[e-mail]']);
  if (owner.name !== undefined && owner.name.trim().length >= shortestName)
    steps.push([
      new RegExp(`(?<![\\p{L}\\p{N}])${escapeRegExp(owner.name.trim())}(?![\\p{L}\\p{N}])`, 'gu'),
      '[owner]',
    ]);
  return (text) => steps.reduce((result, [pattern, to]) => result.replace(pattern, to), text);
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** Applies `redact` to every string and every key of a JSON value. */
export function redactJson(value: Json, redact: Redact): Json {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactJson(item, redact));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [redact(key), redactJson(item, redact)]),
  );
}
