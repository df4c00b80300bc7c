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
  let createdAt: string | undefined;
  let updatedAt: string | undefined;
  for (const time of [...messages.map((message) => message.createdAt), ...more]) {
    if (time === undefined) continue;
    if (createdAt === undefined || time < createdAt) createdAt = time;
    if (updatedAt === undefined || time > updatedAt) updatedAt = time;
  }
  return { createdAt: createdAt ?? fallbackTime, updatedAt: updatedAt ?? fallbackTime };
}
