import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';

/**
 * A small file of one format, for the tests of what holds for all of them.
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

/** Writes a fixture, or another content in its place, and what lies beside it into `folder`; gives the path of the file. */
export function writeFixture(
  folder: string,
  { name, content, beside = {} }: Fixture,
  changed: string | Uint8Array = content,
): string {
  for (const [path, bytes] of Object.entries({ ...beside, [name]: changed })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return join(folder, name);
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

const native: Fixture = {
  name: 'conversation.json',
  content: JSON.stringify({
    version: 1,
    id: 'canary-id',
    title: 'A native talk',
    type: 'chat',
    createdAt: '2026-03-02T09:00:00Z',
    owner: { id: 'canary-owner', name: 'canary-name', email: 'canary-mail@example.org' },
    agent: { model: 'canary-model' },
    settings: { key: 'canary-settings' },
    messages: [
      { id: 'canary-message', role: 'system', content: 'canary-system' },
      { id: 'm1', role: 'user', content: 'How tall is the tower?' },
      { id: 'm2', role: 'assistant', hidden: true, content: 'canary-hidden' },
      { id: 'm3', role: 'assistant', content: [{ type: 'text', text: 'It is 330 m tall.' }] },
    ],
  }),
  shows: ['How tall is the tower?', 'It is 330 m tall.'],
  shownWhenChanged: /canary-(?:system|hidden)/,
  looksLike: ['openai-messages'],
};

const chatGpt: Fixture = {
  name: 'conversations.json',
  content: file('chatgpt/conversations.json'),
  beside: {
    'file-H3ightsTab1eOfTowers4you-heights.csv': 'tower,metres\n',
    'file-Nob0dyRefersToThisOne1234-canary-name.txt': 'canary-unreferenced',
    'user.json': '{"id": "user-canary", "email": "canary@example.org", "phone_number": "canary-phone"}',
    'chat.html': '<p>canary-chat-page</p>',
    'message_feedback.json': '[{"content": "canary-feedback"}]',
  },
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
  beside: {
    'users.json': '[{"full_name": "canary-full-name", "email_address": "canary@example.org"}]',
    'memories.json': '[{"conversations_memory": "canary-memories", "account_uuid": "canary-uuid"}]',
    'projects.json': '[{"name": "canary-project-name", "prompt_template": "canary-template"}]',
  },
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
  name: 'The race.json',
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

/** What only says who and where must not show, whatever else of a record was damaged. */
const allButPlaces =
  /canary(?!-?(?:cwd|session|branch|account|request|sig|directory|project|hash|commit|git))/;

const geminiDocument: Fixture = {
  name: 'session-2026-03-02.json',
  content: file('gemini/session.json'),
  shows: ['read_file', 'I will look at the total.'],
  shownWhenChanged: allButPlaces,
};

const gemini: Fixture = {
  name: 'session-2026-03-02.jsonl',
  content: file('gemini/session.jsonl'),
  shows: ['I will look at the total.', '1 test failed'],
  shownWhenCut: /canary-taken-back/,
  shownWhenChanged: allButPlaces,
};

const opencode: Fixture = {
  name: 'session.json',
  content: file('opencode/export.json'),
  shows: ['I will look at the total.', 'It is rounded twice.', '1 test failed'],
  shownWhenChanged: allButPlaces,
};

const opencodeEvents: Fixture = {
  name: 'run.jsonl',
  content: file('opencode/events.jsonl'),
  shows: ['I will look.', 'There is one file.', 'cart.ts'],
  shownWhenChanged: allButPlaces,
};

const codex: Fixture = {
  name: 'rollout-2026-03-02T09-00-00-0b5a1c9e-0000-4000-8000-000000000000.jsonl',
  content: file('codex/rollout.jsonl'),
  shows: ['The cart total is wrong', '1 test failed', 'Fixed: it is rounded once.'],
  shownWhenCut: /canary-abandoned/,
  shownWhenChanged: allButPlaces,
};

const pi: Fixture = {
  name: '2026-03-02_0b5a1c9e.jsonl',
  content: file('pi/session.jsonl'),
  shows: ['The cart total is wrong', 'It is rounded twice.'],
  shownWhenCut: /canary-abandoned/,
  shownWhenChanged: allButPlaces,
};

/** The session of the export, as the two stores of opencode hold it. */
const openCodeSession = JSON.parse(opencode.content.toString()) as {
  info: Row & { id: string; time: { created: number; updated: number } };
  messages: { info: Row & { id: string; time: { created: number } }; parts: (Row & { id: string })[] }[];
};
type Row = Record<string, unknown>;

const storedSession = {
  shows: ['I will look at the total.', 'It is rounded twice.', '1 test failed'],
  // What was taken back is marked in the file of the session, not in its messages.
  shownWhenCut: /canary-taken-back/,
  shownWhenChanged: allButPlaces,
};

const opencodeFiles: Fixture = {
  name: `session/project/${openCodeSession.info.id}.json`,
  content: JSON.stringify(openCodeSession.info),
  beside: Object.fromEntries(
    openCodeSession.messages.flatMap(({ info, parts }) => [
      [`message/${openCodeSession.info.id}/${info.id}.json`, JSON.stringify(info)],
      ...parts.map((part) => [`part/${info.id}/${part.id}.json`, JSON.stringify(part)]),
    ]),
  ) as Record<string, string>,
  ...storedSession,
};

const opencodeDatabase: Fixture = {
  name: 'opencode.db',
  content: openCodeDatabase(),
  ...storedSession,
  shownWhenCut: allButPlaces,
};

function openCodeDatabase(): Uint8Array {
  const db = new Sqlite(':memory:');
  db.exec(`
    CREATE TABLE account (id TEXT, email TEXT, access_token TEXT);
    INSERT INTO account VALUES ('canary-account', 'canary-mail@example.org', 'canary-token');
    CREATE TABLE session (id TEXT, project_id TEXT, parent_id TEXT, directory TEXT, title TEXT, share_url TEXT, revert TEXT, time_created INTEGER, time_updated INTEGER);
    CREATE TABLE message (id TEXT, session_id TEXT, time_created INTEGER, data TEXT);
    CREATE TABLE part (id TEXT, message_id TEXT, session_id TEXT, time_created INTEGER, data TEXT);
  `);
  const { info, messages } = openCodeSession;
  db.prepare('INSERT INTO session VALUES (?, ?, NULL, ?, ?, ?, ?, ?, ?)').run(
    info.id,
    info['projectID'],
    info['directory'],
    info['title'],
    'https://opncd.ai/share/canary-share',
    JSON.stringify(info['revert']),
    info.time.created,
    info.time.updated,
  );
  const addMessage = db.prepare('INSERT INTO message VALUES (?, ?, ?, ?)');
  const addPart = db.prepare('INSERT INTO part VALUES (?, ?, ?, ?, ?)');
  for (const { info: message, parts } of messages) {
    addMessage.run(message.id, info.id, message.time.created, JSON.stringify(message));
    for (const part of parts)
      addPart.run(part.id, message.id, info.id, message.time.created, JSON.stringify(part));
  }
  const bytes = db.serialize();
  db.close();
  return bytes;
}

const specStory: Fixture = {
  name: '2026-03-02_09-00-05Z-the-cart.md',
  content: file('specstory/session.md'),
  shows: [
    'The cart total',
    'I will look at it.',
    'npm test',
    '1 test failed',
    './src/cart.ts',
    'Please fix it.',
  ],
  shownWhenChanged: /canary/,
};

const aider: Fixture = {
  name: '.aider.chat.history.md',
  content: file('aider/.aider.chat.history.md'),
  shows: ['The cart total', 'It is rounded twice', '+Math.round(total)', '/ask and now?', 'Now it is right.'],
  shownWhenChanged: /canary/,
};

const sharedMarkdown: Fixture = {
  name: 'conversation.md',
  content: file('shared-markdown/conversation.md'),
  shows: [
    'The *cart*',
    'total is wrong',
    'Read',
    'src/cart.ts',
    '1 test failed',
    'https://example.org/rounding',
  ],
  shownWhenChanged: /canary/,
  looksLike: ['markdown-transcript'],
};

const markdownTranscript: Fixture = {
  name: 'chat.md',
  content: file('markdown-transcript/chat.md'),
  shows: [
    'Rounding',
    'How do I round',
    'not a turn',
    'Multiply first.',
    'A heading of the answer.',
    'Thanks.',
  ],
  shownWhenChanged: /canary/,
};

/** By `Format.kind`: every format that is read has one. */
export const fixtures: Readonly<Record<string, Fixture>> = {
  aider,
  'ai-sdk': aiSdk,
  chatgpt: chatGpt,
  'claude-ai': claudeAi,
  'claude-code': claudeCode,
  'claude-code-web': claudeCodeWeb,
  codex,
  'conversation-share': native,
  gemini,
  'gemini-json': geminiDocument,
  librechat: libreChat,
  'open-webui': openWebUi,
  'markdown-transcript': markdownTranscript,
  'openai-messages': openAiMessages,
  opencode,
  'opencode-events': opencodeEvents,
  'opencode-files': opencodeFiles,
  'opencode-sqlite': opencodeDatabase,
  pi,
  sharegpt: shareGpt,
  'shared-markdown': sharedMarkdown,
  specstory: specStory,
};
