import { readMessages } from './chat-messages.ts';
import type { DocumentFormat } from './format.ts';
import { areMostly, detectLists } from './message-lists.ts';
import { hasSdkMarks } from './openai-messages.ts';
import { objectOf, textOf, type JsonObject } from './untyped.ts';

/**
 * What `useChat` of the Vercel AI SDK holds, as applications store it: messages with `parts` since version 5 and with
 * `content` and `toolInvocations` in version 4; also the model messages (`tool-call`, `tool-result`) that are made of
 * them. A list of messages, an object `{id, messages}`, or many of these.
 */
export const aiSdk: DocumentFormat = {
  kind: 'ai-sdk',
  tool: 'Vercel AI SDK',
  shape: 'document',
  detect(head) {
    if ('info' in (objectOf(head.document) ?? {})) return undefined;
    return detectLists(
      head,
      { key: 'messages', bare: true, what: 'messages with typed parts' },
      (messages) => areMostly(messages, hasRole) && messages.some(hasSdkMarks),
    );
  },
  read: (value, options) => readMessages(value, 'Vercel AI SDK', options),
};

function hasRole(message: JsonObject): boolean {
  return ['system', 'user', 'assistant', 'tool', 'data'].includes(textOf(message['role']) ?? '');
}
