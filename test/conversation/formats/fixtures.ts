import { readFileSync } from 'node:fs';

/**
 * A small file of one format, for `all-formats.test.ts`.
 *
 * Every private field of it holds a word of its own that begins with `canary`, and no word that may be shown does. What
 * is told apart by more than its own field may be named as excused below, and by nothing else.
 */
export interface Fixture {
  /** As the tool would call the file. */
  name: string;
  content: string | Uint8Array;
  /** What lies in the same folder: path → content. */
  beside?: Readonly<Record<string, string | Uint8Array>>;
  /** Words that the reader shows, so that nobody mistakes a refused file for a safe one. */
  shows: readonly string[];
  /** Canaries that a file cut off in the middle may show: those on a branch that was abandoned later. */
  shownWhenCut?: RegExp;
  /** Canaries that a changed byte or another order may show: those that a mark beside them hides. */
  shownWhenChanged?: RegExp;
  /** Kinds of formats further down the list that would take the file, too. */
  looksLike?: readonly string[];
}

function file(path: string): string {
  return readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), 'utf8');
}

const claudeCode: Fixture = {
  name: '0b5a1c9e-0000-4000-8000-000000000000.jsonl',
  content: file('claude-code/session.jsonl'),
  shows: ['The cart total is wrong', 'The total is rounded twice.', 'src/cart.ts', '1 test failed'],
  shownWhenCut: /canary-abandoned/,
  shownWhenChanged: /canary(?!-(?:cwd|session|branch|account|request|signature))/,
};

const claudeCodeWeb: Fixture = {
  ...claudeCode,
  name: 'session.json',
  content: JSON.stringify({
    loglines: claudeCode.content
      .toString()
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  }),
};

const openAiMessages: Fixture = {
  name: 'conversations.jsonl',
  content: file('openai-messages/conversations.jsonl'),
  shows: [
    'Will it rain',
    'Oslo',
    'rain, 4 degrees',
    'I would rather not.',
    'multiply',
    'It is 42.',
    'image-1.png',
  ],
};

const shareGpt: Fixture = {
  name: 'conversations.json',
  content: file('sharegpt/conversations.json'),
  shows: [
    'How many files',
    'list_files',
    'a.ts\nb.ts',
    'I count two.',
    'There are two files.',
    'Twelve lines.',
  ],
};

const aiSdk: Fixture = {
  name: 'chat.json',
  content: file('ai-sdk/chat.json'),
  shows: [
    'Flat or house',
    'cheaper to heat',
    'house.png',
    'Compare the walls.',
    '9000',
    'no such flat',
    'not now',
  ],
};

const chatGpt: Fixture = {
  name: 'conversations.json',
  content: file('chatgpt/conversations.json'),
  shows: [
    'How tall is the tower',
    'It looks like the Eiffel Tower.',
    'height Eiffel Tower',
    '1083',
    'https://example.org/heights',
    'a tower',
  ],
  shownWhenChanged:
    /canary(?!-(?:author|request|generation|library|chunk|source|model|run|index|gen|moderation|plugin|project|gizmo|safe|voice|tool|scope|profile|instructions)\b)/,
};

const claudeAi: Fixture = {
  name: 'conversations.json',
  content: file('claude-ai/conversations.json'),
  shows: [
    'Plan my bread.',
    'Rye wants sourdough.',
    'rye bread',
    'Rye needs acid.',
    '500 g of rye flour',
    'Use half of it.',
    '<button>Press</button>',
  ],
  shownWhenChanged:
    /canary(?!-(?:summary|account|setting|project|model|attachment|file|org|flag|signature|message|approval|site|meta|citation|uuid|empty)\b)/,
};

const openWebUi: Fixture = {
  name: 'chats.json',
  content: file('open-webui/chats.json'),
  shows: [
    'Weather in Paris?',
    'Is 7 < 9?',
    'Paris & more',
    '18 °C, "rain"',
    'Two days in Paris.',
    'print(15 * 17)',
    'A greeting.',
  ],
  shownWhenChanged:
    /canary(?!-(?:user|file|collection|hash|path|model|usage|status|annotation|source|document|r|fc|fco|ci|m|encrypted|tag|chat|share|folder|broken)\b)/,
};

const libreChat: Fixture = {
  name: 'conversation.json',
  content: file('librechat/flat.json'),
  shows: [
    'Who won the race?',
    '1. Mira',
    'I should search.',
    'Found it at',
    'Mira won.',
    'https://example.org/race',
  ],
  shownWhenChanged:
    /canary(?!-(?:object|sender|endpoint|user|model|icon|feedback|file|run|agent|call|auth|error|snippet|memory|label|prompt|tool)\b)/,
};

/** By `Format.kind`: every format that is read has one. */
export const fixtures: Readonly<Record<string, Fixture>> = {
  'ai-sdk': aiSdk,
  chatgpt: chatGpt,
  'claude-ai': claudeAi,
  'claude-code': claudeCode,
  'claude-code-web': claudeCodeWeb,
  librechat: libreChat,
  'open-webui': openWebUi,
  'openai-messages': openAiMessages,
  sharegpt: shareGpt,
};
