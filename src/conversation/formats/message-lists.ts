import type { Detection, Head } from './format.ts';
import { listOf, objectOf, objectsOf, type JsonObject } from './untyped.ts';

/** Whether these are messages of the format that asks; given the first ones, never none. */
type Takes = (messages: readonly JsonObject[]) => boolean;

const mostLookedAt = 20;

/**
 * Where lists of messages stand: in an object below `key`, in several such objects (an array, or a line each), or
 * bare, if they may.
 *
 * @param what  Says in `why` what they are: `messages with a role and content`.
 */
export function detectLists(
  { document, records }: Head,
  { key, bare, what }: { key: string; bare: boolean; what: string },
  takes: Takes,
): Detection | undefined {
  const holds = (item: unknown) => fits(objectOf(item)?.[key], takes);
  if (Array.isArray(document)) {
    if (bare && fits(document, takes)) return { why: `the document is a list of ${what}` };
    const all = document.length > 0 && document.every(holds);
    return all ? { why: `each element has ${what}`, many: true } : undefined;
  }
  if (document !== undefined) return holds(document) ? { why: `the document has ${what}` } : undefined;
  const all = records.length > 0 && records.every(holds);
  return all ? { why: `each line has ${what}`, many: true } : undefined;
}

function fits(value: unknown, takes: Takes): boolean {
  const messages = objectsOf(listOf(value).slice(0, mostLookedAt));
  return messages.length > 0 && takes(messages);
}

/** One odd message does not make a list another format. */
export function areMostly(
  messages: readonly JsonObject[],
  isOfFormat: (message: JsonObject) => boolean,
): boolean {
  return messages.filter(isOfFormat).length * 2 > messages.length;
}
