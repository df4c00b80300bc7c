import type { Message, Part, Reading, Role, SubAgent, ToolCallPart, ToolStatus } from '../conversation.ts';
import type { DocumentFormat, LogFormat, LogReader, ReadOptions, StoreFormat } from './format.ts';
import { dataUrl, InlineFiles, type InlineData } from './inline-files.ts';
import { withoutTags } from './injected.ts';
import { Tally } from './tally.ts';
import { timesOf } from './times.ts';
import { firstWords, oneLine } from './titles.ts';
import {
  jsonOrText,
  listOf,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
  timeOf,
  type JsonObject,
} from './untyped.ts';
import { addWrittenFiles } from './written-files.ts';
import { noMessages } from './no-messages.ts';

/*
 * opencode has kept its sessions in files, a file for each message and each part of one, and keeps them in a SQLite
 * database now, in tables of two generations. `opencode export` writes one session as JSON, `opencode run --format json`
 * the events of one run. Everything is read as what the export writes: `{info, messages: [{info, parts}]}`; what is
 * gathered from files or a database has `children` besides, the sessions of sub-agents. Messages of the second
 * generation stand among them as `{id, type, …}`. The layout was read off opencode's schemas (`message-v2.ts`,
 * `session-message.ts`, `session.sql.ts`).
 */

/** The output of `opencode export`. */
export const opencode: DocumentFormat = {
  kind: 'opencode',
  tool: 'opencode',
  shape: 'document',
  detect({ document }) {
    const { info, messages } = objectOf(document) ?? {};
    return isSessionId(objectOf(info)?.['id']) && Array.isArray(messages)
      ? { why: 'the document has messages and the info of a session' }
      : undefined;
  },
  read: (value, options) => readSession(value, options),
};

/** The output of `opencode run --format json`. It holds what the assistant did, and not what the person said. */
export const opencodeEvents: LogFormat = {
  kind: 'opencode-events',
  tool: 'opencode',
  shape: 'log',
  detect({ records }) {
    const event = records.find((record) => isSessionId(record['sessionID']) && isEvent(record));
    return event && { why: `a record of type ${JSON.stringify(event['type'])} has a sessionID` };
  },
  begin: () => new EventReader(),
};

/** `~/.local/share/opencode/storage/session/<project>/ses_<id>.json`; the messages lie beside it. */
export const opencodeFiles: StoreFormat = {
  kind: 'opencode-files',
  tool: 'opencode',
  shape: 'store',
  detect({ document }) {
    const session = objectOf(document);
    const isSession =
      isSessionId(session?.['id']) &&
      session?.['messages'] === undefined &&
      numberOf(objectOf(session?.['time'])?.['created']) !== undefined &&
      ['projectID', 'directory', 'version'].some((key) => textOf(session?.[key]) !== undefined);
    return isSession ? { why: 'the document has the id of a session, ses_…, and its times' } : undefined;
  },
  read: (value, options) => readSession(value, options),
};

/** `~/.local/share/opencode/opencode.db`. */
export const opencodeDatabase: StoreFormat = {
  kind: 'opencode-sqlite',
  tool: 'opencode',
  shape: 'store',
  detect: ({ lines }) =>
    lines[0]?.startsWith('SQLite format 3\0') ? { why: 'it is a SQLite database' } : undefined,
  read: (value, options) => readSession(value, options),
};

function isSessionId(value: unknown): boolean {
  return textOf(value)?.startsWith('ses') ?? false;
}

const eventTypes = new Set(['step_start', 'step_finish', 'text', 'reasoning', 'tool_use', 'error', 'done']);

function isEvent(record: JsonObject): boolean {
  return eventTypes.has(textOf(record['type']) ?? '');
}

// ── Events ───────────────────────────────────────────────────────────────────────────────────────────────────────

interface Step {
  info: JsonObject;
  /** By id: a part that is told again replaces the earlier one. */
  parts: Map<string, JsonObject>;
}

class EventReader implements LogReader {
  readonly #steps = new Map<string, Step>();
  readonly #losses = new Tally();
  #sessionId: string | undefined;

  take(record: JsonObject): void {
    const part = objectOf(record['part']);
    this.#sessionId ??= textOf(record['sessionID']);
    if (record['type'] === 'error') this.#losses.hide('notice of the program');
    else if (record['type'] === 'done') this.#losses.hide('bookkeeping');
    else if (part && isEvent(record)) this.#takePart(part, record['timestamp']);
    else this.#losses.unknown(textOf(record['type']) ?? 'record without a type');
  }

  #takePart(part: JsonObject, timestamp: unknown): void {
    const type = textOf(part['type']) ?? '';
    if (bookkeepingParts.has(type)) {
      this.#losses.hide('bookkeeping');
      return;
    }
    const id = textOf(part['messageID']) ?? 'run';
    const begun = this.#steps.get(id);
    const info = { id, role: 'assistant', time: { created: timestamp } };
    const step = begun ?? { info, parts: new Map<string, JsonObject>() };
    if (!begun) this.#steps.set(id, step);
    const partId = textOf(part['id']) ?? `part-${step.parts.size + 1}`;
    if (step.parts.has(partId)) this.#losses.hide('earlier version');
    step.parts.set(partId, part);
  }

  finish(options: ReadOptions): Reading {
    const messages = [...this.#steps.values()].map(({ info, parts }) => ({
      info,
      parts: [...parts.values()],
    }));
    return readSession({ info: { id: this.#sessionId }, messages }, options, this.#losses.copy());
  }
}

// ── Sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Joining {
  losses: Tally;
  files: InlineFiles;
  /** The sessions of sub-agents by id. Those that a call shows are taken out, so that a circle of them ends. */
  children: Map<string, JsonObject>;
  /** How many sessions lie around the one that is read. */
  depth: number;
}

/** Sub-agents of sub-agents: whoever walks a conversation calls itself for each. */
const deepestAgent = 8;

function readSession(value: unknown, options: ReadOptions, losses = new Tally()): Reading {
  const session = objectOf(value) ?? {};
  const info = objectOf(session['info']) ?? {};
  if (objectsOf(session['messages']).length === 0) throw noMessages('opencode session');
  const children = familyOf(session);
  const files = new InlineFiles();
  for (const each of [session, ...children.values()]) numberFiles(files, each);
  const messages = messagesOf(session, { losses, files, children, depth: 0 });
  losses.hide('sub-agent', children.size);
  return {
    conversation: {
      title: titleOf(info) ?? firstWords(messages) ?? options.fallbackTitle,
      type: 'coding session',
      ...timesOf(messages, options.fallbackTime),
      owner: {},
      agent: agentOf(info, session),
      settings: {},
      messages,
      files: files.shown(
        messages,
        options.writtenFiles ? addWrittenFiles(files, messages, textOf(info['directory'])) : [],
      ),
    },
    losses: losses.toLosses(),
  };
}

/** All sessions below one, by id. */
function familyOf(session: JsonObject): Map<string, JsonObject> {
  const family = new Map<string, JsonObject>();
  const waiting = objectsOf(session['children']);
  for (let child = waiting.shift(); child; child = waiting.shift()) {
    const id = textOf(objectOf(child['info'])?.['id']);
    if (id === undefined || family.has(id)) continue;
    family.set(id, child);
    waiting.push(...objectsOf(child['children']));
  }
  return family;
}

/** Until the first answer a session has a title that tells nothing. */
function titleOf(info: JsonObject): string | undefined {
  const title = oneLine(textOf(info['title']) ?? '');
  return title === '' || /^(?:New|Child) session - \d{4}-\d\d-\d\dT/.test(title) ? undefined : title;
}

function agentOf(info: JsonObject, session: JsonObject): JsonObject {
  const last = objectsOf(session['messages']).findLast(
    (message) => (objectOf(message['info'])?.['role'] ?? message['type']) === 'assistant',
  );
  const answer = objectOf(last?.['info']) ?? last ?? {};
  return {
    tool: 'opencode',
    ...without({
      sessionId: textOf(info['id']),
      version: textOf(info['version']),
      directory: textOf(info['directory']),
      projectId: textOf(info['projectID']),
      agent: textOf(answer['agent']) ?? textOf(answer['mode']),
      provider: textOf(answer['providerID']),
      model: textOf(answer['modelID']) ?? objectOf(answer['model']) ?? undefined,
    }),
  };
}

function without(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function messagesOf(session: JsonObject, joining: Joining): Message[] {
  const messages: Message[] = [];
  for (const { id, role, time, parts } of standing(session, joining.losses).flatMap(
    (message) => toTurn(message, joining) ?? [],
  )) {
    if (parts.length === 0) continue;
    messages.push({ id, role, ...(time !== undefined && { createdAt: time }), parts });
  }
  return messages;
}

/**
 * The messages without those that were taken back: from one message on, or from one part of it. They stay in the store
 * until something new is said.
 */
function standing(session: JsonObject, losses: Tally): JsonObject[] {
  const messages = objectsOf(session['messages']);
  const revert = objectOf(objectOf(session['info'])?.['revert']);
  const at = messages.findIndex((message) => idOf(message) === textOf(revert?.['messageID']));
  const first = messages[at];
  if (!revert || first === undefined) return messages;
  const parts = objectsOf(first['parts']);
  const until = parts.findIndex((part) => part['id'] === revert['partID']);
  const kept = until > 0 ? [...messages.slice(0, at), { ...first, parts: parts.slice(0, until) }] : [];
  losses.hide('taken back', messages.length - at);
  return until > 0 ? kept : messages.slice(0, at);
}

function idOf(message: JsonObject): string | undefined {
  return textOf(objectOf(message['info'])?.['id']) ?? textOf(message['id']);
}

interface Turn {
  id: string;
  role: Role;
  time: string | undefined;
  parts: Part[];
}

function toTurn(message: JsonObject, joining: Joining): Turn | undefined {
  const id = idOf(message);
  const info = objectOf(message['info']);
  if (id !== undefined)
    return info ? toFirstTurn(id, info, message, joining) : toSecondTurn(id, message, joining);
  joining.losses.unknown('message without an id');
  return undefined;
}

function createdAt(of: JsonObject): string | undefined {
  return timeOf(objectOf(of['time'])?.['created']);
}

// ── Messages of the first generation ─────────────────────────────────────────────────────────────────────────────

const bookkeepingParts = new Set(['agent', 'patch', 'retry', 'snapshot', 'step-finish', 'step-start']);

function toFirstTurn(id: string, info: JsonObject, message: JsonObject, joining: Joining): Turn | undefined {
  const role = info['role'];
  if (role !== 'user' && role !== 'assistant') {
    joining.losses.unknown(`message of ${textOf(role) ?? 'nobody'}`);
    return undefined;
  }
  if (role === 'assistant' && info['summary'] === true) {
    joining.losses.hide('compaction summary');
    return undefined;
  }
  if (objectOf(info['error'])) joining.losses.hide('notice of the program');
  const parts = objectsOf(message['parts']).flatMap((part) => toParts(part, role, joining));
  return { id, role, time: createdAt(info), parts };
}

function toParts(part: JsonObject, role: Role, joining: Joining): Part[] {
  const { losses } = joining;
  const type = textOf(part['type']) ?? '';
  if (bookkeepingParts.has(type)) {
    losses.hide('bookkeeping');
    return [];
  }
  switch (type) {
    case 'text':
      return textParts(part, role, losses);
    case 'reasoning':
      return thinkingParts(part, losses);
    case 'tool':
      return firstCall(part, joining);
    case 'file':
      return fileParts(part, joining);
    case 'compaction':
      losses.hide('compaction notice');
      return [];
    case 'subtask':
      // The call that it became follows.
      losses.hide('repeated record');
      return [];
    default:
      losses.unknown(`part ${type || 'without a type'}`);
      return [];
  }
}

function textParts(part: JsonObject, role: Role, losses: Tally): Part[] {
  if (part['synthetic'] === true) losses.hide('injected context');
  else if (part['ignored'] === true) losses.hide('ignored text');
  else {
    const text = textOf(part['text']) ?? '';
    const own = role === 'user' ? withoutReminders(text, losses) : text;
    return own.trim() === '' ? [] : [{ type: 'text', text: own }];
  }
  return [];
}

/** Instructions of a folder, and reminders of a mode, are written behind what they belong to. */
function withoutReminders(text: string, losses: Tally): string {
  return withoutTags(text, /^system-reminder$/, losses);
}

function thinkingParts(part: JsonObject, losses: Tally): Part[] {
  const text = textOf(part['text']) ?? '';
  if (text.trim() !== '') return [{ type: 'thinking', text }];
  losses.hide('encrypted reasoning');
  return [];
}

function firstCall(part: JsonObject, joining: Joining): Part[] {
  const state = objectOf(part['state']) ?? {};
  const metadata = objectOf(state['metadata']) ?? {};
  const wanted = textOf(state['output']) ?? textOf(state['error']) ?? textOf(metadata['output']);
  const call = callPart({
    name: textOf(part['tool']),
    input: inputOf(state),
    output: state['status'] === 'error' || state['status'] === 'completed' ? (wanted ?? '') : undefined,
    status: state['status'],
    agentIds: [metadata['sessionId'], metadata['sessionID'], wanted?.slice(0, 200)],
    joining,
  });
  return [call, ...objectsOf(state['attachments']).flatMap((file) => fileParts(file, joining))];
}

/** While it is being written, the input is JSON that has not ended. */
function inputOf(state: JsonObject): unknown {
  const { input, raw } = state;
  const isEmpty = input === undefined || Object.keys(objectOf(input) ?? { input }).length === 0;
  return isEmpty && raw ? jsonOrText(raw) : jsonOrText(input);
}

interface Called {
  name: string | undefined;
  input: unknown;
  output: string | undefined;
  status: unknown;
  /** Where the id of the sub-agent's session may stand. */
  agentIds: readonly unknown[];
  joining: Joining;
}

function callPart({ name, input, output, status, agentIds, joining }: Called): ToolCallPart {
  const { losses } = joining;
  const subAgent = subAgentOf(agentIds, input, joining);
  return {
    type: 'tool-call',
    name: name ?? 'tool',
    input: losses.inputOf(input),
    ...(output !== undefined && { output: withoutReminders(output, losses) }),
    status: statusOf(status),
    ...(subAgent && { subAgent }),
  };
}

function statusOf(status: unknown): ToolStatus {
  if (status === 'error') return 'failed';
  return status === 'completed' ? 'done' : 'pending';
}

function subAgentOf(ids: readonly unknown[], input: unknown, joining: Joining): SubAgent | undefined {
  const id = ids
    .map((value) => /\bses_\w+/.exec(textOf(value) ?? '')?.[0])
    .find((found) => found !== undefined);
  const child = id === undefined ? undefined : joining.children.get(id);
  if (id === undefined || !child || joining.depth === deepestAgent) return undefined;
  joining.children.delete(id);
  const fields = objectOf(input) ?? {};
  const name = textOf(fields['subagent_type']) ?? textOf(fields['agent']);
  return {
    ...(name !== undefined && { name }),
    messages: messagesOf(child, { ...joining, depth: joining.depth + 1 }),
  };
}

// ── Messages of the second generation ────────────────────────────────────────────────────────────────────────────

/** Type of a message that is not shown → why. */
const hiddenMessages: ReadonlyMap<string, string> = new Map([
  ['agent-switched', 'bookkeeping'],
  ['compaction', 'compaction summary'],
  ['idle', 'bookkeeping'],
  ['location-switched', 'bookkeeping'],
  ['model-switched', 'bookkeeping'],
  ['skill', 'injected context'],
  ['synthetic', 'injected context'],
  ['system', 'system message'],
]);

function toSecondTurn(id: string, message: JsonObject, joining: Joining): Turn | undefined {
  const type = textOf(message['type']) ?? '';
  const reason = hiddenMessages.get(type);
  if (reason !== undefined) {
    joining.losses.hide(reason);
    return undefined;
  }
  const time = createdAt(message);
  switch (type) {
    case 'user': {
      const text = textParts(message, 'user', joining.losses);
      const files = objectsOf(message['files']).flatMap((file) => fileParts(file, joining));
      return { id, role: 'user', time, parts: [...text, ...files] };
    }
    case 'assistant': {
      if (objectOf(message['error'])) joining.losses.hide('notice of the program');
      const parts = objectsOf(message['content']).flatMap((part) => toSecondParts(part, joining));
      return { id, role: 'assistant', time, parts };
    }
    case 'shell':
      return { id, role: 'assistant', time, parts: [shellCall(message, joining)] };
    default:
      joining.losses.unknown(`message ${type || 'without a type'}`);
      return undefined;
  }
}

function toSecondParts(part: JsonObject, joining: Joining): Part[] {
  switch (part['type']) {
    case 'text':
      return textParts(part, 'assistant', joining.losses);
    case 'reasoning':
      return thinkingParts(part, joining.losses);
    case 'tool':
      return secondCall(part, joining);
    default:
      joining.losses.unknown(`part ${textOf(part['type']) ?? 'without a type'}`);
      return [];
  }
}

function secondCall(part: JsonObject, joining: Joining): Part[] {
  const state = objectOf(part['state']) ?? {};
  const content = objectsOf(state['content']);
  const texts = content.map((block) => textOf(block['text'])).filter((text) => text !== undefined);
  const error = textOf(objectOf(state['error'])?.['message']) ?? textOf(state['error']);
  const output = [...texts, ...(error === undefined ? [] : [error])].join('\n');
  const inside = { ...objectOf(state['structured']), ...objectOf(state['metadata']) };
  const call = callPart({
    name: textOf(part['name']),
    input: jsonOrText(state['input']),
    output: state['status'] === 'error' || state['status'] === 'completed' ? output : undefined,
    status: state['status'],
    agentIds: [inside['sessionId'], inside['sessionID'], output.slice(0, 200)],
    joining,
  });
  const files = [...content.filter(isFile), ...objectsOf(state['attachments'])];
  return [call, ...files.flatMap((file) => fileParts(file, joining))];
}

/** What a person ran with `!` has no status of a call. */
function shellCall(message: JsonObject, joining: Joining): ToolCallPart {
  const output = textOf(message['output']) ?? textOf(objectOf(message['output'])?.['output']);
  const hasEnded = objectOf(message['time'])?.['completed'] !== undefined;
  const isGood = numberOf(message['exit']) === undefined || message['exit'] === 0;
  return callPart({
    name: 'bash',
    input: { command: textOf(message['command']) ?? '' },
    output,
    status: hasEnded ? (isGood ? 'completed' : 'error') : 'running',
    agentIds: [],
    joining,
  });
}

// ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────

function fileParts(file: JsonObject, { files, losses }: Joining): Part[] {
  const data = inlineData(file);
  if (data) return [files.add(data)];
  losses.hide('file that is only named');
  return [];
}

function isFile(block: JsonObject): boolean {
  return block['type'] === 'file';
}

/** The name may be a path on the owner's disk. */
function inlineData(file: JsonObject): InlineData | undefined {
  const data = dataUrl(textOf(file['url']) ?? textOf(file['uri']));
  if (!data) return undefined;
  const name = (textOf(file['filename']) ?? textOf(file['name']))?.split(/[/\\]/).at(-1);
  return name ? { ...data, name } : data;
}

/** Gives numbers in the order of the messages, before it is known what is shown: a rewind must not rename a file. */
function numberFiles(files: InlineFiles, session: JsonObject): void {
  for (const message of objectsOf(session['messages']))
    for (const part of [
      ...listOf(message['parts']),
      ...listOf(message['files']),
      ...listOf(message['content']),
    ])
      for (const file of filesIn(objectOf(part) ?? {})) {
        const data = inlineData(file);
        if (data) files.add(data);
      }
}

function filesIn(part: JsonObject): JsonObject[] {
  const state = objectOf(part['state']);
  return [part, ...objectsOf(state?.['attachments']), ...objectsOf(state?.['content'])];
}
