import type { Message } from '../conversation.ts';

interface Times {
  createdAt: string;
  updatedAt: string;
}

/**
 * The first and the last moment at which something that is shown was said or done.
 *
 * @param more  Times of what has no message of its own, such as the results of tool calls.
 */
export function timesOf(
  messages: readonly Message[],
  fallbackTime: string,
  more: readonly string[] = [],
): Times {
  let createdAt: string | undefined;
  let updatedAt: string | undefined;
  for (const time of [...messages.map((message) => message.createdAt), ...more]) {
    if (time === undefined) continue;
    if (createdAt === undefined || time < createdAt) createdAt = time;
    if (updatedAt === undefined || time > updatedAt) updatedAt = time;
  }
  return { createdAt: createdAt ?? fallbackTime, updatedAt: updatedAt ?? fallbackTime };
}

/** Those that the file gives the whole conversation, for when no message has a time that is understood. */
export function timesOrOwn(
  messages: readonly Message[],
  fallbackTime: string,
  own: Partial<Record<keyof Times, string | undefined>>,
): Times {
  const first = own.createdAt ?? own.updatedAt;
  const known = messages.some(({ createdAt }) => createdAt !== undefined) || first === undefined;
  return known ? timesOf(messages, fallbackTime) : { createdAt: first, updatedAt: own.updatedAt ?? first };
}

const written = /(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)\s?(Z|[+-]\d\d:?\d\d)?/;

/**
 * The first time that stands in a text written for people, as ISO 8601. One without a zone is taken to be UTC: the
 * zone in which it was written is not known, and the same file must give the same time on every machine.
 */
export function timeIn(text: string): string | undefined {
  const [, day, time, zone = 'Z'] = written.exec(text) ?? [];
  if (day === undefined || time === undefined) return undefined;
  const date = new Date(`${day}T${time}${zone.replace(/(\d\d)(\d\d)$/, '$1:$2')}`);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
