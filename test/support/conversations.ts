import { fileURLToPath } from 'node:url';
import type { Conversation, Message, Part } from '../../src/conversation/conversation.ts';
import { createSourceReader, openLibrary } from '../../src/conversation/library.ts';

/** A conversation as a reader gives it, small; each test changes what it is about. */
export function aReadConversation(changes: Partial<Conversation> = {}): Conversation {
  return {
    title: 'A small talk',
    type: 'chat',
    createdAt: '2026-03-01T10:00:00.000Z',
    updatedAt: '2026-03-01T10:05:00.000Z',
    owner: {},
    agent: undefined,
    settings: undefined,
    messages: [
      aMessage('m1', 'user', { type: 'text', text: 'What is a capability?' }),
      aMessage('m2', 'assistant', { type: 'text', text: 'A key that is **all** you need.' }),
    ],
    files: [],
    ...changes,
  };
}

export function aMessage(id: string, role: Message['role'], ...parts: Part[]): Message {
  return { id, role, createdAt: '2026-03-01T10:00:00.000Z', parts };
}

/** Reads a conversation of a library; by default one of those that come with the project. */
export async function readEntry(id: string, library = sampleLibrary): Promise<Conversation> {
  const source = openLibrary(library).find(id);
  if (source === undefined) throw new Error(`There is no ${id} in ${library}.`);
  return (await createSourceReader()(source)).conversation;
}

const sampleLibrary = fileURLToPath(new URL('../../data/conversations/', import.meta.url));
