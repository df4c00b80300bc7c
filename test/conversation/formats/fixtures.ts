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

/** By `Format.kind`: every format that is read has one. */
export const fixtures: Readonly<Record<string, Fixture>> = {
  'ai-sdk': aiSdk,
  'claude-code': claudeCode,
  'claude-code-web': claudeCodeWeb,
  'openai-messages': openAiMessages,
  sharegpt: shareGpt,
};
