import { bytesPerMb, overLimit, refuseOver, type Limits } from '../limits.ts';
import type { Conversation, Message, Part } from './conversation.ts';

/**
 * Refuses a conversation with more in it than the limits allow, before anything is made of it.
 *
 * @throws ShareError `source_invalid`, naming what is too large, its size and the limit.
 */
export function refuseTooMuch({ messages, files }: Conversation, limits: Limits): void {
  const all = withSubAgents(messages);
  refuseOver(limits, 'messages', all.length, (count) => `The conversation has ${count} messages`);
  refuseOver(limits, 'files', files.length, (count) => `The conversation has ${count} files`);
  for (const [index, { parts }] of all.entries()) {
    const bytes = parts.reduce((sum, part) => sum + bytesOf(part, limits), 0);
    const words = (size: string) => `Message ${index + 1} of the conversation has ${size} MB of text`;
    refuseOver(limits, 'messageMb', bytes / bytesPerMb, words);
  }
}

function withSubAgents(messages: readonly Message[]): Message[] {
  return messages.flatMap((message) => [
    message,
    ...message.parts.flatMap((part) =>
      part.type === 'tool-call' && part.subAgent !== undefined ? withSubAgents(part.subAgent.messages) : [],
    ),
  ]);
}

/** A sub-agent's messages count for themselves. */
function bytesOf(part: Part, limits: Limits): number {
  switch (part.type) {
    case 'text':
    case 'thinking':
      return Buffer.byteLength(part.text);
    case 'tool-call':
      return bytesOfValue(part.input, limits, 0) + Buffer.byteLength(part.output ?? '');
    case 'sources':
      return part.sources.reduce((sum, { title = '', url }) => sum + title.length + url.length, 0);
    case 'image':
    case 'file':
      return 0;
  }
}

function bytesOfValue(value: unknown, limits: Limits, depth: number): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null) return 1;
  if (depth >= limits.nesting) throw overLimit(limits, 'nesting', 'What a tool was given is nested deeper');
  let bytes = 0;
  for (const [name, item] of Object.entries(value))
    bytes += name.length + bytesOfValue(item, limits, depth + 1);
  return bytes;
}
