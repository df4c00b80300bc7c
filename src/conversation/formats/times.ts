import type { Message } from '../conversation.ts';

/** Of the messages that are shown: a hidden one tells nothing. */
export function timesOf(
  messages: readonly Message[],
  fallbackTime: string,
): { createdAt: string; updatedAt: string } {
  const times = messages
    .map((message) => message.createdAt)
    .filter((time) => time !== undefined)
    .sort();
  return { createdAt: times[0] ?? fallbackTime, updatedAt: times.at(-1) ?? fallbackTime };
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
