import type { Conversation, Message } from '../conversation.ts';

/** Of the conversation, from those of the messages that are shown: the earliest and the latest. */
export function timesOf(
  messages: readonly Message[],
  fallbackTime: string,
): Pick<Conversation, 'createdAt' | 'updatedAt'> {
  const times = messages
    .map(({ createdAt }) => createdAt)
    .filter((time) => time !== undefined)
    .sort();
  return { createdAt: times[0] ?? fallbackTime, updatedAt: times.at(-1) ?? fallbackTime };
}
