import type { Message } from '../conversation.ts';

/** The earliest and the latest time of what is shown; `fallbackTime` for both where nothing has one. */
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
