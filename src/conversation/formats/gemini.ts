import { basename, dirname } from 'node:path';
import type { Message, Part, Reading, SubAgent, ToolCallPart, ToolStatus } from '../conversation.ts';
import type { Detection, DocumentFormat, LogFormat, LogReader, ReadOptions } from './format.ts';
import { InlineFiles, type InlineData } from './inline-files.ts';
import { Tally } from './tally.ts';
import { timesOf } from './times.ts';
import { firstWords, oneLine } from './titles.ts';
import { listOf, objectOf, objectsOf, textOf, timeOf, type JsonObject } from './untyped.ts';
import { addWrittenFiles } from './written-files.ts';
import { noMessages } from './no-messages.ts';

/*
 * Gemini CLI has written a session in two forms, both below `~/.gemini/tmp/<project>/chats/`: first as one JSON document,
 * rewritten at each message; now as a log of events. Both hold the same messages. The layout was read off its
 * `chatRecordingService.ts`; it is not documented.
 */

/** A session of the old form: `session-<time>-<id>.json`. */
export const geminiDocument: DocumentFormat = {
  kind: 'gemini-json',
  tool: 'Gemini CLI',
  shape: 'document',
  detect: ({ document }) => detectDocument(objectOf(document)),
  read(value, options) {
    const recording = new Recording();
    recording.take(objectOf(value) ?? {});
    return recording.finish(options);
  },
};

/**
 * A session of the new form: `session-<time>-<first 8 characters of its id>.jsonl`. The logs of its sub-agents lie in a
 * folder beside it, which is named by the whole id.
 */
export const gemini: LogFormat = {
  kind: 'gemini',
  tool: 'Gemini CLI',
  shape: 'log',
  detect: ({ records }) => detectLog(records),
  begin: () => new Recording(),
  skip: (line) => (/^\{"\$set":\{"lastUpdated":"[^"\\]*"\}\}$/.test(line) ? 'bookkeeping' : undefined),
  companions(path) {
    const id = /^session-\d{4}-\d\d-\d\dT\d\d-\d\d-([\w-]+)\.jsonl$/.exec(basename(path))?.[1];
    return id === undefined
      ? []
      : [{ folder: dirname(path), below: new RegExp(`^${id}`), names: /\.jsonl$/ }];
  },
};

const messageTypes = new Set(['user', 'gemini', 'info', 'error', 'warning']);

function detectDocument(document: JsonObject | undefined): Detection | undefined {
  const isSession =
    document !== undefined &&
    textOf(document['sessionId']) !== undefined &&
    ['projectHash', 'startTime'].some((key) => textOf(document[key]) !== undefined) &&
    objectsOf(document['messages']).some((message) => messageTypes.has(textOf(message['type']) ?? ''));
  return isSession ? { why: 'the document has a sessionId, a projectHash and messages' } : undefined;
}

/** Before its first message a session is one header, which holds no key that is its own but `projectHash`. */
function detectLog(records: readonly JsonObject[]): Detection | undefined {
  for (const record of records) {
    if (textOf(record['$rewindTo']) !== undefined) return { why: 'a record has $rewindTo' };
    if (objectOf(record['$set']) !== undefined) return { why: 'a record has $set' };
    if (isHeader(record)) return { why: 'a record is the header of a session, with sessionId and startTime' };
    if (record['type'] === 'gemini' && textOf(record['id']) !== undefined)
      return { why: 'a record has the type "gemini"' };
  }
  return undefined;
}

function isHeader(record: JsonObject): boolean {
  return (
    !('type' in record) &&
    textOf(record['sessionId']) !== undefined &&
    ['projectHash', 'startTime'].some((key) => textOf(record[key]) !== undefined)
  );
}

// ── Events ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** What is kept of a message: what may be shown of it, and nothing else. */
interface Entry {
  type: string;
  time: string | undefined;
  /** What was sent to the model, with what the program added; for a user message see `display`. */
  content: JsonObject[];
  /** What the person typed, where that is not the same. */
  display: JsonObject[] | undefined;
  thoughts: JsonObject[];
  calls: JsonObject[];
}

/**
 * The messages of a session, by applying its events as Gemini CLI does: a message with an id that is known replaces the
 * one that has it, in its place; a rewind takes back a message and all after it.
 *
 * Where the history was compressed, what was said before stays: the program needs it no more, a reader does.
 */
class Recording implements LogReader {
  readonly files = new InlineFiles();
  #entries = new Map<string, Entry>();
  #sessionId: string | undefined;
  #summary: string | undefined;
  readonly #agent: Record<string, unknown> = {};
  readonly #losses = new Tally();

  take(record: JsonObject): void {
    const rewindTo = textOf(record['$rewindTo']);
    const id = textOf(record['id']);
    const changes = objectOf(record['$set']);
    if (rewindTo !== undefined) this.#rewind(rewindTo);
    else if (id !== undefined) this.#put(id, record);
    else if (changes) this.#note(changes);
    else if (textOf(record['sessionId']) !== undefined) this.#note(record);
    else this.#losses.unknown(textOf(record['type']) ?? 'record without a type');
  }

  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  /** A session may work in several; the first is where it was started. */
  get #folder(): string | undefined {
    return textOf(listOf(this.#agent['directories'])[0]);
  }

  /** Whether somebody said something, be it shown or not. */
  get hasBegun(): boolean {
    return [...this.#entries.values()].some(({ type }) => type === 'user' || type === 'gemini');
  }

  finish(options: ReadOptions, companions: ReadonlyMap<string, LogReader> = new Map()): Reading {
    if (!this.hasBegun) throw noMessages('Gemini CLI session');
    const losses = this.#losses.copy();
    const agents = agentsOf(companions);
    const messages = this.messages({ losses, agents, files: this.files });
    losses.hide('sub-agent', agents.size);
    const files = this.files.copy();
    return {
      conversation: {
        title: this.#summary ?? firstWords(messages) ?? options.fallbackTitle,
        type: 'coding session',
        ...timesOf(messages, options.fallbackTime),
        owner: {},
        agent: { tool: 'Gemini CLI', ...this.#agent },
        settings: {},
        messages,
        files: files.shown(
          messages,
          options.writtenFiles ? addWrittenFiles(files, messages, this.#folder) : [],
        ),
      },
      losses: losses.toLosses(),
    };
  }

  messages(joining: Omit<Joining, 'results'>): Message[] {
    const all: Joining = { ...joining, results: resultsIn(this.#entries.values()) };
    const messages: Message[] = [];
    let wasInjected = false;
    for (const [id, entry] of this.#entries) {
      if (wasInjected && isAcknowledgement(entry)) {
        joining.losses.hide('injected context');
        continue;
      }
      const parts = partsOf(entry, all);
      wasInjected = entry.type === 'user' && parts.length === 0;
      if (parts.length === 0) continue;
      messages.push({
        id,
        role: entry.type === 'user' ? 'user' : 'assistant',
        ...(entry.time !== undefined && { createdAt: entry.time }),
        parts,
      });
    }
    return messages;
  }

  #put(id: string, record: JsonObject): void {
    if (this.#entries.has(id)) this.#losses.hide('earlier version');
    this.#entries.set(id, this.#toEntry(record));
  }

  #toEntry(record: JsonObject): Entry {
    const type = textOf(record['type']) ?? 'message without a type';
    const speaks = type === 'user' || type === 'gemini';
    const display = type === 'user' ? blocksOf(record['displayContent']) : [];
    const entry: Entry = {
      type,
      time: timeOf(record['timestamp']),
      content: speaks ? blocksOf(record['content']) : [],
      display: display.length === 0 ? undefined : display,
      thoughts: speaks ? objectsOf(record['thoughts']) : [],
      calls: speaks ? objectsOf(record['toolCalls']).map(keptOfCall) : [],
    };
    const model = textOf(record['model']);
    if (speaks && model !== undefined) this.#agent['model'] = model;
    numberFiles(this.files, entry);
    return entry;
  }

  #rewind(id: string): void {
    const ids = [...this.#entries.keys()];
    for (const later of ids.slice(Math.max(0, ids.indexOf(id)))) {
      this.#entries.delete(later);
      this.#losses.hide('taken back');
    }
  }

  #note(fields: JsonObject): void {
    this.#losses.hide('bookkeeping');
    for (const field of ['sessionId', 'projectHash', 'kind', 'directories'])
      if (fields[field] !== undefined) this.#agent[field] = fields[field];
    this.#sessionId = textOf(fields['sessionId']) ?? this.#sessionId;
    this.#summary = oneLine(textOf(fields['summary']) ?? '') || this.#summary;
    if (Array.isArray(fields['messages'])) this.#replaceAll(objectsOf(fields['messages']));
  }

  #replaceAll(records: readonly JsonObject[]): void {
    const entries = new Map<string, Entry>();
    for (const [index, record] of records.entries())
      entries.set(textOf(record['id']) ?? `message-${index + 1}`, this.#toEntry(record));
    if ([...entries.values()].some(isSnapshot)) {
      const before = beforeFirstOf(this.#entries, entries);
      this.#entries = new Map([...before, ...entries]);
      return;
    }
    for (const id of this.#entries.keys()) if (!entries.has(id)) this.#losses.hide('taken back');
    this.#entries = entries;
  }
}

/** What the result is shown as in the terminal may be as large as the result. */
function keptOfCall({ id, name, args, status, result, resultDisplay, agentId }: JsonObject): JsonObject {
  const output = result ?? textOf(resultDisplay);
  return { id, name, args, status, result: output, agentId };
}

/** The entries that stand before the first that has survived; all where none has. */
function beforeFirstOf(old: ReadonlyMap<string, Entry>, kept: ReadonlyMap<string, Entry>): [string, Entry][] {
  const all = [...old];
  const first = all.findIndex(([id]) => kept.has(id));
  return first === -1 ? all : all.slice(0, first);
}

// ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Joining {
  losses: Tally;
  /** Undefined in a sub-agent. */
  files: InlineFiles | undefined;
  /** What was recorded of each sub-agent, by id. Those that a call shows are taken out. */
  agents: Map<string, Recording>;
  /** Id of a call → what a message of the history answered to it. */
  results: ReadonlyMap<string, JsonObject>;
}

function partsOf(entry: Entry, joining: Joining): Part[] {
  switch (entry.type) {
    case 'user':
      return userParts(entry, joining);
    case 'gemini':
      return [...thoughtParts(entry, joining), ...spokenParts(entry, joining), ...callParts(entry, joining)];
    case 'info':
    case 'error':
    case 'warning':
      joining.losses.hide('notice of the program');
      return [];
    default:
      joining.losses.unknown(entry.type);
      return [];
  }
}

function thoughtParts({ thoughts }: Entry, { losses }: Joining): Part[] {
  return thoughts.flatMap((thought): Part[] => {
    const [subject, description] = [textOf(thought['subject']), textOf(thought['description'])];
    const text = [subject ? `**${subject}**` : '', description ?? '']
      .filter((line) => line !== '')
      .join('\n');
    if (text !== '') return [{ type: 'thinking', text }];
    losses.hide('empty thought');
    return [];
  });
}

/** What the model said, where it stands in `content`: thoughts and calls are written there again. */
function spokenParts(entry: Entry, joining: Joining): Part[] {
  return entry.content.flatMap((block): Part[] => {
    const text = textOf(block['text']);
    if (block['thought'] === true) {
      if (entry.thoughts.length > 0 || !text) joining.losses.hide('repeated record');
      else return [{ type: 'thinking', text }];
      return [];
    }
    if (text !== undefined) return text.trim() === '' ? [] : [{ type: 'text', text }];
    if ('functionCall' in block) return []; // see callParts
    return otherPart(block, joining);
  });
}

function otherPart(block: JsonObject, { files, losses }: Joining): Part[] {
  const data = inlineData(block);
  if (data && files) return [files.add(data)];
  if (data) losses.hide('file of a sub-agent');
  else if ('functionResponse' in block) losses.hide('repeated record');
  else if (Object.keys(block).every((key) => key === 'thoughtSignature')) losses.hide('encrypted reasoning');
  else losses.unknown(`part ${Object.keys(block).find((key) => key !== 'thoughtSignature') ?? ''}`);
  return [];
}

function callParts(entry: Entry, joining: Joining): Part[] {
  const recorded = new Set(entry.calls.map((call) => textOf(call['id']) ?? textOf(call['name'])));
  const spoken = entry.content
    .map((block) => objectOf(block['functionCall']))
    .filter((call) => call !== undefined)
    .filter((call) => !recorded.has(textOf(call['id']) ?? textOf(call['name'])));
  return [...entry.calls, ...spoken].flatMap((call) => callPart(call, joining));
}

function callPart(call: JsonObject, joining: Joining): Part[] {
  const answer = call['result'] ?? joining.results.get(textOf(call['id']) ?? '');
  const blocks = blocksOf(answer);
  const output = answer === undefined ? undefined : outputOf(blocks, joining.losses);
  const subAgent = subAgentOf(call, joining);
  const part: ToolCallPart = {
    type: 'tool-call',
    name: textOf(call['name']) ?? 'tool',
    input: joining.losses.inputOf(call['args']),
    ...(output !== undefined && { output }),
    status: statusOf(call['status'], answer !== undefined),
    ...(subAgent && { subAgent }),
  };
  const attached = blocks.filter(inlineData).flatMap((block) => otherPart(block, joining));
  return [part, ...attached];
}

function statusOf(status: unknown, isAnswered: boolean): ToolStatus {
  if (status === 'error' || status === 'cancelled') return 'failed';
  return status === 'success' || (status === undefined && isAnswered) ? 'done' : 'pending';
}

function outputOf(blocks: readonly JsonObject[], losses: Tally): string {
  const texts = blocks.map(
    (block) => textOf(block['text']) ?? answerOf(objectOf(block['functionResponse']), losses),
  );
  return withoutInjected(texts.filter((text) => text !== '').join('\n'), losses);
}

function answerOf(response: JsonObject | undefined, losses: Tally): string {
  const inside = objectOf(response?.['response']);
  if (!inside) return '';
  const [output, error] = [textOf(inside['output']), textOf(inside['error'])];
  if (output === '' && error !== undefined) return error === '(none)' ? '' : error;
  if (output !== undefined || error !== undefined) return output ?? error ?? '';
  return JSON.stringify(losses.inputOf(inside['output'] ?? inside), null, 2).toWellFormed();
}

/** Answers that stand in the history as messages of the user; most are written into the call as well. */
function resultsIn(entries: Iterable<Entry>): Map<string, JsonObject> {
  const results = new Map<string, JsonObject>();
  for (const { type, content } of entries)
    for (const block of type === 'user' ? content : []) {
      const id = textOf(objectOf(block['functionResponse'])?.['id']);
      if (id !== undefined) results.set(id, block);
    }
  return results;
}

// ── Sub-agents ───────────────────────────────────────────────────────────────────────────────────────────────────

function agentsOf(companions: ReadonlyMap<string, LogReader>): Map<string, Recording> {
  const agents = new Map<string, Recording>();
  for (const [name, reader] of companions)
    if (reader instanceof Recording && reader.hasBegun)
      agents.set(reader.sessionId ?? name.replace(/\.jsonl$/, ''), reader);
  return agents;
}

function subAgentOf(call: JsonObject, joining: Joining): SubAgent | undefined {
  const id = textOf(call['agentId']);
  const recording = id === undefined ? undefined : joining.agents.get(id);
  // Sub-agents have no sub-agents.
  if (id === undefined || !recording || joining.files === undefined) return undefined;
  joining.agents.delete(id);
  const name = textOf(objectOf(call['args'])?.['agent_name']) ?? textOf(call['name']);
  const messages = recording.messages({ ...joining, files: undefined });
  return { ...(name !== undefined && { name }), messages };
}

// ── The person's own words ───────────────────────────────────────────────────────────────────────────────────────

const injectedTexts = [
  /^<(?:session|loaded)_context>/,
  /^This is the Gemini CLI\. We are setting up the context for our chat\./,
  /^Here is (?:the user's editor context|a summary of changes in the user's editor context)\b/,
  /^System: Please continue\.$/,
];

const contentBegins = '--- Content from referenced files ---';
const contentEnds = '--- End of content ---';

function userParts(entry: Entry, joining: Joining): Part[] {
  const { losses } = joining;
  let isReference = false;
  const blocks = entry.display ? [...entry.display, ...entry.content.filter(inlineData)] : entry.content;
  return blocks.flatMap((block): Part[] => {
    const text = textOf(block['text']);
    if (text === undefined) return otherPart(block, joining);
    // What was typed is not looked into: all that was added stands in `content`.
    const { own, goesOn } = entry.display
      ? { own: text, goesOn: false }
      : ownWords(text, isReference, losses);
    isReference = goesOn;
    return own.trim() === '' ? [] : [{ type: 'text', text: own }];
  });
}

/**
 * Takes out what the program put between the person's words. The files that a message refers to by `@` are copied
 * behind it, in the same text or in further ones.
 */
function ownWords(text: string, isReference: boolean, losses: Tally): { own: string; goesOn: boolean } {
  if (isReference) return afterReference(text, losses);
  const start = text.indexOf(contentBegins);
  if (start === -1) return { own: said(text, losses), goesOn: false };
  losses.hide('injected context');
  const rest = afterReference(text.slice(start + contentBegins.length), losses);
  const own = [said(text.slice(0, start), losses).trimEnd(), rest.own.trim()];
  return { own: own.filter((piece) => piece !== '').join('\n'), goesOn: rest.goesOn };
}

/** The last of the marks counts: a file may hold one itself. */
function afterReference(text: string, losses: Tally): { own: string; goesOn: boolean } {
  const end = text.lastIndexOf(contentEnds);
  if (end === -1) return { own: '', goesOn: true };
  return { own: said(text.slice(end + contentEnds.length), losses), goesOn: false };
}

function said(text: string, losses: Tally): string {
  const begin = text.trimStart();
  if (begin.startsWith('<state_snapshot>')) losses.hide('compaction summary');
  else if (injectedTexts.some((pattern) => pattern.test(begin))) losses.hide('injected context');
  else return withoutInjected(text, losses);
  return '';
}

/** Each is put behind what it belongs to. One that has no end is cut to the end of the text. */
const injectedSpans = [
  ['<hook_context>', '</hook_context>'],
  // The instructions of a folder that a tool came into.
  ['--- Newly Discovered Project Context ---', '--- End Project Context ---'],
] as const;

function withoutInjected(text: string, losses: Tally): string {
  let kept = text;
  for (const [opening, closing] of injectedSpans) {
    const start = kept.indexOf(opening);
    if (start === -1) continue;
    const end = kept.lastIndexOf(closing);
    losses.hide('injected context');
    kept = kept.slice(0, start).trimEnd() + (end < start ? '' : kept.slice(end + closing.length));
  }
  return kept;
}

/** What is written into the history as the model's answer to context that it was given. */
function isAcknowledgement({ type, content, calls }: Entry): boolean {
  const text = content.map((block) => textOf(block['text']) ?? '').join('');
  return (
    type === 'gemini' && calls.length === 0 && /^Got it\. Thanks for the (?:additional )?context!$/.test(text)
  );
}

function isSnapshot({ type, content }: Entry): boolean {
  const text = textOf(content[0]?.['text']) ?? '';
  return type === 'user' && text.trimStart().startsWith('<state_snapshot>');
}

// ── Blocks ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Content is a text, a block, or a list of both. */
function blocksOf(content: unknown): JsonObject[] {
  return (Array.isArray(content) ? content : [content])
    .map((item) => (typeof item === 'string' ? { text: item } : objectOf(item)))
    .filter((block) => block !== undefined);
}

/** Gives numbers in the order of the log, before it is known what is shown: a rewind must not rename a file. */
function numberFiles(files: InlineFiles, { content, display, calls }: Entry): void {
  for (const block of [
    ...content,
    ...(display ?? []),
    ...calls.flatMap((call) => blocksOf(call['result'])),
  ]) {
    const data = inlineData(block);
    if (data) files.add(data);
  }
}

function inlineData(block: JsonObject): InlineData | undefined {
  const data = objectOf(block['inlineData']);
  const base64 = textOf(data?.['data']);
  return base64 ? { base64, mediaType: textOf(data?.['mimeType']) ?? 'application/octet-stream' } : undefined;
}
