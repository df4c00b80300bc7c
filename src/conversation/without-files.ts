import type { Conversation, Message, Part, ToolCallPart } from './conversation.ts';

/** Puts a note in the place of every image and file, so that the conversation is whole without its files. */
export function withoutFiles(conversation: Conversation): Conversation {
  return { ...conversation, messages: conversation.messages.map(noted), files: [] };
}

/** The same in what sub-agents said and did, and nowhere else. */
export function withoutAgentFiles(conversation: Conversation): Conversation {
  const messages = conversation.messages.map((message) => ({
    ...message,
    parts: message.parts.map((part) => (part.type === 'tool-call' ? notedAgent(part) : part)),
  }));
  return { ...conversation, messages };
}

function noted(message: Message): Message {
  return { ...message, parts: message.parts.map(notedPart) };
}

function notedPart(part: Part): Part {
  switch (part.type) {
    case 'image':
      return { type: 'text', text: note('Image', part.file, part.alt) };
    case 'file':
      return { type: 'text', text: note('File', part.file) };
    case 'tool-call':
      return notedAgent(part);
    case 'text':
    case 'thinking':
    case 'sources':
      return part;
  }
}

function notedAgent(call: ToolCallPart): ToolCallPart {
  if (call.subAgent === undefined) return call;
  return { ...call, subAgent: { ...call.subAgent, messages: call.subAgent.messages.map(noted) } };
}

/**
 * The name stands in a code span and not between escapes: what is private in it is found only where it is written as
 * it reads.
 */
function note(what: string, name: string, alt = ''): string {
  const words = oneLine(alt);
  return `*${what}:* \`${oneLine(name).replaceAll('`', "'") || 'unnamed'}\`${words === '' ? '' : ` (${words})`}`;
}

function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}
