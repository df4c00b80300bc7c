import { readMessages } from './chat-messages.ts';
import type { DocumentFormat } from './format.ts';
import { areMostly, detectLists } from './message-lists.ts';
import { listOf, objectOf, objectsOf, textOf, type JsonObject } from './untyped.ts';

/**
 * What is sent to a model, kept as it is: `{"messages": […]}`, one object or one a line as for fine-tuning, or the
 * list alone. OpenAI's Chat Completions API has set the shape; many others take it, or one close to it.
 */
export const openAiMessages: DocumentFormat = {
  kind: 'openai-messages',
  tool: 'OpenAI messages',
  shape: 'document',
  detect(head) {
    if ([head.document, ...listOf(head.document), ...head.records].some(isDesignChat)) return undefined;
    return detectLists(
      head,
      { key: 'messages', bare: true, what: 'messages with a role and content' },
      (messages) => areMostly(messages, isMessage) && !messages.some(hasSdkMarks),
    );
  },
  read: (value, options) => readMessages(value, 'OpenAI messages', options),
};

const roles = ['system', 'developer', 'user', 'assistant', 'tool', 'function'];
const contents = ['content', 'tool_calls', 'function_call', 'refusal'];

function isMessage(message: JsonObject): boolean {
  const content = message['content'];
  const type = textOf(message['type']);
  return (
    roles.includes(textOf(message['role']) ?? '') &&
    contents.some((key) => key in message) &&
    (content === undefined || content === null || typeof content === 'string' || Array.isArray(content)) &&
    (type === undefined || type === 'message')
  );
}

/** What only messages of the Vercel AI SDK have. */
export function hasSdkMarks(message: JsonObject): boolean {
  const parts = message['parts'];
  return (
    Array.isArray(message['toolInvocations']) ||
    Array.isArray(message['experimental_attachments']) ||
    (Array.isArray(parts) && objectsOf(parts).some((part) => textOf(part['type']) !== undefined)) ||
    objectsOf(message['content']).some((part) => textOf(part['toolCallId']) !== undefined)
  );
}

/** The chats about designs in an export of Claude.ai, which nothing is known of. */
function isDesignChat(value: unknown): boolean {
  return 'project' in (objectOf(value) ?? {});
}
