import type { Message } from '../conversation.ts';

/**
 * The first and the last moment at which something that is shown was said or done.
 *
 * @param more  Times of what has no message of its own, such as the results of tool calls.
 */
export function timesOf(
  messages: readonly Message[],
  fallbackTime: string,
  more: readonly string[] = [],
): { createdAt: string; updatedAt: string } {
  const times = [...messages.map(({ createdAt }) => createdAt), ...more].filter((time) => time !== undefined);
  times.sort();
  return { createdAt: times[0] ?? fallbackTime, updatedAt: times.at(-1) ?? fallbackTime };
}
