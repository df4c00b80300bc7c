import { ShareError } from '../../errors.ts';
import type { Conversation, Message, Part, Reading, ToolCallPart, ToolStatus } from '../conversation.ts';
import type { Detection, DocumentFormat, Head, LogFormat, LogReader, ReadOptions } from './format.ts';
import { InlineFiles, type InlineData } from './inline-files.ts';
import { withoutTags } from './injected.ts';
import { Tally } from './tally.ts';
import { firstWords, longestTitle, oneLine } from './titles.ts';
import { Tree, type TreeNode } from './tree.ts';
import { objectOf, objectsOf, textOf, timeOf, type JsonObject } from './untyped.ts';

/*
 * Claude Code writes one session to one JSONL file and only ever appends to it. A line is a record; records with a
 * `uuid` form a tree by `parentUuid`, because a rewound or retried message stays in the file beside the new one.
 * The layout was read off session files of versions 1.0 to 2.1 and the bug reports named below; it is not documented.
 */

/** A line of the file that has a place in the tree. */
interface Entry {
  /** 1-based. */
  line: number;
  uuid: string | undefined;
  /** null begins a conversation; undefined when the record does not say, as in older files. */
  parent: string | null | undefined;
  session: string | undefined;
  /** Absent on records that only join others: attachments, progress, system notices. */
  speech?: Speech;
}

interface Speech {
  role: 'user' | 'assistant';
  /** Id of the API message. One message is written as several lines, one for each of its blocks. */
  messageId: string | undefined;
  time: string | undefined;
  blocks: JsonObject[];
  /** Why nobody but the model was meant to read it. */
  hiddenFor: string | undefined;
}

interface Title {
  rank: number;
  text: string;
  session: string | undefined;
  leaf: string | undefined;
}

interface ToolResult {
  output: string;
  status: ToolStatus;
  attached: Part[];
  time: string | undefined;
}

interface Log {
  entries: Entry[];
  titles: Title[];
  agent: Record<string, string>;
  files: InlineFiles;
  losses: Tally;
}

/** Where a title may come from, the best first. */
const titleSources = [
  ['custom-title', 'customTitle'],
  ['ai-title', 'aiTitle'],
  ['agent-name', 'agentName'],
  ['summary', 'summary'],
] as const;

/** Records that never hold words of the conversation. A type that is not here and not read is reported as unknown. */
const bookkeeping = new Set([
  'agent-color',
  'agent-name',
  'agent-setting',
  'ai-title',
  'attachment',
  'attribution-snapshot',
  'bridge-session',
  'content-replacement',
  'custom-title',
  'file-history-snapshot',
  'last-prompt',
  'mode',
  'permission-mode',
  'pr-link',
  'progress',
  'queue-operation',
  'result',
  'summary',
  'system',
  'tag',
  'worktree-state',
]);

const agentFields = ['sessionId', 'version', 'cwd', 'gitBranch', 'userType', 'entrypoint'] as const;

/** A session on this machine: `~/.claude/projects/<folder>/<session id>.jsonl`. */
export const claudeCode: LogFormat = {
  kind: 'claude-code',
  tool: 'Claude Code',
  shape: 'log',
  detect: ({ records }) => detectLog(records),
  begin: () => new SessionReader(),
};

/** A session of Claude Code on the web: one JSON document, whose `loglines` are the records of a session. */
export const claudeCodeWeb: DocumentFormat = {
  kind: 'claude-code-web',
  tool: 'Claude Code on the web',
  shape: 'document',
  detect: ({ document }) =>
    Array.isArray(objectOf(document)?.['loglines']) ? { why: 'the document has loglines' } : undefined,
  read(value, options) {
    const reader = new SessionReader();
    for (const [index, record] of objectsOf(objectOf(value)?.['loglines']).entries())
      reader.take(record, index + 1);
    return reader.finish(options);
  },
};

/** Gemini CLI, Qwen Code, Codex, opencode and pi write similar lines: one mark of theirs settles it. */
function detectLog(records: Head['records']): Detection | undefined {
  if (records.some(isForeign)) return undefined;
  const own = records.find(isOwn);
  return (
    own && { why: `a record of type ${JSON.stringify(textOf(own['type']))} has the fields of a session` }
  );
}

function isForeign(record: JsonObject): boolean {
  const type = textOf(record['type']) ?? '';
  return (
    ['payload', 'record_type', 'sessionID', 'projectHash', '$set', '$rewindTo'].some(
      (key) => key in record,
    ) ||
    /^(?:session|session_meta|message|gemini|(?:thread|turn|item|session)\..+)$/.test(type) ||
    // A fresh Gemini file holds nothing but its header, whose `sessionId` looks like ours.
    (type === '' && 'startTime' in record) ||
    'parts' in (objectOf(record['message']) ?? {})
  );
}

function isOwn(record: JsonObject): boolean {
  const type = textOf(record['type']);
  if (type === undefined) return false;
  if (['parentUuid', 'leafUuid', 'sessionId'].some((key) => key in record)) return true;
  if (['file-history-snapshot', 'queue-operation', 'custom-title', 'summary', 'progress'].includes(type))
    return true;
  if (type !== 'user' && type !== 'assistant') return false;
  return (
    ['uuid', 'cwd', 'version'].some((key) => key in record) ||
    'content' in (objectOf(record['message']) ?? {})
  );
}

/**
 * Reads a Claude Code session.
 *
 * What the person and the assistant said on the chosen branch is kept; what the program put into the prompt, what
 * sub-agents said, and every field beside the words is not. Images pasted or returned by tools become files, named
 * `image-<n>` by their place in the log, so that a name stays the same while the log grows.
 */
class SessionReader implements LogReader {
  readonly #log: Log = { entries: [], titles: [], agent: {}, files: new InlineFiles(), losses: new Tally() };
  readonly #uuids = new Set<string>();

  take(record: JsonObject, line: number): void {
    const uuid = textOf(record['uuid']);
    if (uuid !== undefined && this.#uuids.has(uuid)) this.#log.losses.hide('repeated record');
    else collectRecord(this.#log, line, record);
    if (uuid !== undefined) this.#uuids.add(uuid);
  }

  finish(options: ReadOptions): Reading {
    const log: Log = { ...this.#log, losses: this.#log.losses.copy() };
    if (!log.entries.some((entry) => entry.speech)) throw noMessages();

    const own = ownEntries(log);
    const { entries, branch } = branchOf(own, log.losses, options.branch);
    const { messages, times } = toMessages(entries, log);
    times.sort();
    const conversation: Conversation = {
      title: titleOf(log.titles, own, messages) ?? options.fallbackTitle,
      type: 'coding session',
      createdAt: times[0] ?? options.fallbackTime,
      updatedAt: times.at(-1) ?? options.fallbackTime,
      owner: {},
      agent: { tool: 'Claude Code', ...log.agent },
      settings: {},
      messages,
      files: log.files.shown(messages),
    };
    return { conversation, losses: { ...log.losses.toLosses(), branch } };
  }
}

function noMessages(): ShareError {
  return new ShareError(
    'source_invalid',
    'The Claude Code session holds no message of a person or the assistant.',
    {
      hint: 'Share the main session file, named `<session id>.jsonl`, once it has a first message.',
    },
  );
}

// ── Records ──────────────────────────────────────────────────────────────────────────────────────────────────────

function collectRecord(log: Log, line: number, record: JsonObject): void {
  if (record['isSidechain'] === true || textOf(record['parent_tool_use_id']) !== undefined) {
    log.losses.hide('sub-agent');
    return;
  }
  const speech = speechOf(record);
  if (speech) {
    noteAgent(log.agent, record);
    if (!speech.hiddenFor) numberFiles(log.files, speech.blocks);
  } else {
    noteTitle(log.titles, record);
    noteUnread(log.losses, record);
  }
  const uuid = textOf(record['uuid']);
  if (!speech && uuid === undefined) return;
  log.entries.push({
    line,
    uuid,
    parent: parentOf(record),
    session: textOf(record['sessionId']),
    ...(speech && { speech }),
  });
}

function speechOf(record: JsonObject): Speech | undefined {
  const queued = queuedWords(record);
  const message = objectOf(record['message']);
  const type = textOf(record['type']);
  if (!queued && (!message || (type !== 'user' && type !== 'assistant'))) return undefined;
  const blocks = queued ?? blocksOf(message?.['content']);
  return {
    role: type === 'assistant' ? 'assistant' : 'user',
    messageId: type === 'assistant' ? textOf(message?.['id']) : undefined,
    time: timeOf(record['timestamp']),
    blocks,
    hiddenFor: reasonToHide(record, message),
  };
}

/** What the person typed while the assistant was busy is written as an attachment and nowhere else. */
function queuedWords(record: JsonObject): JsonObject[] | undefined {
  const attachment = record['type'] === 'attachment' ? objectOf(record['attachment']) : undefined;
  if (attachment?.['type'] !== 'queued_command') return undefined;
  // The same record carries notices of finished background tasks, with another mode.
  const mode = attachment['commandMode'];
  return mode === undefined || mode === 'prompt' ? blocksOf(attachment['prompt']) : undefined;
}

function reasonToHide(record: JsonObject, message: JsonObject | undefined): string | undefined {
  if (record['isCompactSummary'] === true || record['isVisibleInTranscriptOnly'] === true)
    return 'compaction summary';
  if (record['isMeta'] === true) return 'injected context';
  if (record['isApiErrorMessage'] === true || message?.['model'] === '<synthetic>')
    return 'notice of the program';
  return undefined;
}

/** A compaction begins a new root and names the record before it apart; older versions name nothing. */
function parentOf(record: JsonObject): string | null | undefined {
  const parent = textOf(record['parentUuid']) ?? textOf(record['logicalParentUuid']);
  if (parent !== undefined) return parent;
  const continues = record['subtype'] === 'compact_boundary' || record['isCompactSummary'] === true;
  return record['parentUuid'] === null && !continues ? null : undefined;
}

function noteAgent(agent: Record<string, string>, record: JsonObject): void {
  for (const field of agentFields) {
    const value = textOf(record[field]);
    if (value !== undefined) agent[field] = value;
  }
  const model = textOf(objectOf(record['message'])?.['model']);
  if (model !== undefined && model !== '<synthetic>') agent['model'] = model;
}

function noteTitle(titles: Title[], record: JsonObject): void {
  const rank = titleSources.findIndex(([type]) => type === record['type']);
  const field = titleSources[rank]?.[1];
  const text = field && oneLine(textOf(record[field]) ?? '', longestTitle);
  if (text)
    titles.push({ rank, text, session: textOf(record['sessionId']), leaf: textOf(record['leafUuid']) });
}

function noteUnread(losses: Tally, record: JsonObject): void {
  const type = textOf(record['type']) ?? 'record without a type';
  if (type === 'user' || type === 'assistant') losses.unknown(`${type} without a message`);
  else if (bookkeeping.has(type)) losses.hide('bookkeeping');
  else losses.unknown(type);
}

// ── The current branch ───────────────────────────────────────────────────────────────────────────────────────────

/**
 * Leaves out records of another session. After `/resume`, Claude Code has written a second conversation into the file
 * of the first (anthropics/claude-code#30802): its records have another session id and hang on no record of ours,
 * while a session that was continued under a new id does.
 */
function ownEntries(log: Log): Entry[] {
  const session = log.entries.find((entry) => entry.speech && entry.session !== undefined)?.session;
  const own = new Set<string>();
  return log.entries.filter((entry) => {
    const ours = entry.session === undefined || entry.session === session || own.has(entry.parent ?? '');
    if (ours && entry.uuid !== undefined) own.add(entry.uuid);
    if (!ours && entry.speech) log.losses.hide('other conversation');
    return ours;
  });
}

interface Turn extends TreeNode {
  place: number;
}

/**
 * The entries of one branch, in file order, which is the order of time since the file only grows. Without a wish it is
 * the branch that was written to last.
 *
 * The tree is one of messages: what only joins others, or answers a tool call, belongs to the message before it, and
 * so do the lines of one API message, within which parallel tool calls fork the records.
 */
function branchOf(
  entries: readonly Entry[],
  losses: Tally,
  wanted: number | undefined,
): { entries: Entry[]; branch: { taken: number; of: number } } {
  const turns = new Map<number, Turn>();
  const byMessageId = new Map<string, Turn>();
  const before = parentPlaces(entries);
  const turnAt = turnFinder(turns, before);
  for (const [place, { speech }] of entries.entries()) {
    if (!speech || speech.hiddenFor !== undefined || isAnswersOnly(speech)) continue;
    const begun = speech.messageId === undefined ? undefined : byMessageId.get(speech.messageId);
    const turn = begun ?? { id: String(place), parent: undefined, place };
    turns.set(place, turn);
    if (speech.messageId !== undefined) byMessageId.set(speech.messageId, turn);
  }
  const nodes = [...new Set(turns.values())];
  for (const turn of nodes) turn.parent = turnAt(before[turn.place])?.id;
  const last = turnAt(entries.findLastIndex((entry) => entry.speech)) ?? nodes.at(-1);
  if (last === undefined) return { entries: [...entries], branch: { taken: 1, of: 1 } };

  const { path, branch } = new Tree(nodes).choose(last, wanted);
  // What stands before the first turn belongs to every branch.
  const taken = new Set<Turn | undefined>([undefined, ...path]);
  const kept = entries.filter(({ speech }, place) => speech && taken.has(turnAt(place)));
  const left = nodes.length - path.length;
  losses.hide('other branch', left);
  return { entries: kept, branch };
}

/**
 * Index of the entry before each. A parent that the file does not hold (a line was lost, or never written:
 * anthropics/claude-code#22526) or that an older file does not name is taken to be the line before.
 */
function parentPlaces(entries: readonly Entry[]): (number | undefined)[] {
  const places = new Map<string, number>();
  for (const [place, { uuid }] of entries.entries()) if (uuid !== undefined) places.set(uuid, place);
  return entries.map(({ parent }, place) => {
    if (parent === null) return undefined;
    return places.get(parent ?? '') ?? (place === 0 ? undefined : place - 1);
  });
}

/** The turn that an entry is, or belongs to; each way is walked once. */
function turnFinder(turns: ReadonlyMap<number, Turn>, before: readonly (number | undefined)[]) {
  const known = new Map<number, Turn | undefined>();
  return (place: number | undefined): Turn | undefined => {
    const way = new Set<number>();
    let at = place;
    while (at !== undefined && !turns.has(at) && !known.has(at) && !way.has(at)) {
      way.add(at);
      at = before[at];
    }
    const found = at === undefined ? undefined : (turns.get(at) ?? known.get(at));
    for (const passed of way) known.set(passed, found);
    return found;
  };
}

function isAnswersOnly(speech: Speech): boolean {
  return speech.blocks.every((block) => block['type'] === 'tool_result');
}

function titleOf(
  titles: readonly Title[],
  own: readonly Entry[],
  messages: readonly Message[],
): string | undefined {
  const sessions = new Set(own.map((entry) => entry.session));
  const uuids = new Set(own.map((entry) => entry.uuid));
  // Claude Code has written the titles of other conversations into a session's file (anthropics/claude-code#2597).
  const ours = titles.filter(
    ({ session, leaf }) =>
      (session === undefined || sessions.has(session)) && (leaf === undefined || uuids.has(leaf)),
  );
  const rank = Math.min(...ours.map((title) => title.rank));
  return ours.findLast((title) => title.rank === rank)?.text ?? firstWords(messages);
}

// ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

function toMessages(branch: readonly Entry[], log: Log): { messages: Message[]; times: string[] } {
  const messages: Message[] = [];
  const times: string[] = [];
  const ids = new Set<string>();
  const byMessageId = new Map<string, Message>();
  const results = toolResults(log);
  const called = new Set<string>();

  for (const { line, uuid, speech } of branch) {
    if (!speech) continue;
    if (speech.hiddenFor) {
      log.losses.hide(speech.hiddenFor);
      continue;
    }
    if (answersLocalCommand(speech)) takeBackCommand(messages, log.losses);
    const parts: Part[] = [];
    for (const block of speech.blocks)
      parts.push(...toParts(block, speech.role, { log, results, called, times }));
    if (parts.length === 0) continue;

    const begun = speech.messageId === undefined ? undefined : byMessageId.get(speech.messageId);
    if (begun) {
      begun.parts.push(...parts);
      if (speech.time !== undefined) times.push(speech.time);
      continue;
    }
    const message: Message = {
      id: uniqueId(uuid ?? `line-${line}`, ids),
      role: speech.role,
      ...(speech.time !== undefined && { createdAt: speech.time }),
      parts,
    };
    if (speech.messageId !== undefined) byMessageId.set(speech.messageId, message);
    messages.push(message);
  }
  for (const { createdAt } of messages) if (createdAt !== undefined) times.push(createdAt);
  return { messages, times };
}

interface Joining {
  log: Log;
  results: ReadonlyMap<string, ToolResult>;
  /** Ids of the tool calls seen so far. */
  called: Set<string>;
  /** Gathers the times of tool results that are shown. */
  times: string[];
}

function toParts(block: JsonObject, role: Speech['role'], joining: Joining): Part[] {
  const { log } = joining;
  switch (block['type']) {
    case 'text': {
      const text = textOf(block['text']) ?? '';
      const kept = role === 'user' ? ownWords(text, log.losses) : text;
      return kept.trim() === '' ? [] : [{ type: 'text', text: kept }];
    }
    case 'thinking': {
      const text = textOf(block['thinking']) ?? '';
      if (text.trim() !== '') return [{ type: 'thinking', text }];
      log.losses.hide('redacted thinking');
      return [];
    }
    case 'redacted_thinking':
      log.losses.hide('redacted thinking');
      return [];
    case 'tool_use':
    case 'server_tool_use':
      return toolCall(block, joining);
    case 'tool_result':
      // Joined to its call, wherever that stands.
      return [];
    case 'image':
    case 'document':
      return filePart(block, log.files, log.losses);
    default:
      log.losses.unknown(`block ${textOf(block['type']) ?? 'without a type'}`);
      return [];
  }
}

function toolCall(block: JsonObject, { log, results, called, times }: Joining): Part[] {
  const id = textOf(block['id']);
  if (id !== undefined && called.has(id)) return [];
  if (id !== undefined) called.add(id);
  const result = id === undefined ? undefined : results.get(id);
  if (result?.time !== undefined) times.push(result.time);
  const call: ToolCallPart = {
    type: 'tool-call',
    name: textOf(block['name']) ?? 'tool',
    input: log.losses.inputOf(block['input']),
    ...(result && { output: result.output }),
    status: result?.status ?? 'pending',
  };
  return [call, ...(result?.attached ?? [])];
}

/** The answers to tool calls by the id of the call. A result may stand on a side branch of its call: see above. */
function toolResults(log: Log): Map<string, ToolResult> {
  const results = new Map<string, ToolResult>();
  for (const { speech } of log.entries)
    for (const block of speech?.blocks ?? []) {
      const id = block['type'] === 'tool_result' ? textOf(block['tool_use_id']) : undefined;
      if (id !== undefined && speech && !speech.hiddenFor)
        results.set(id, toolResult(block, speech.time, log));
    }
  return results;
}

function toolResult(block: JsonObject, time: string | undefined, log: Log): ToolResult {
  const texts: string[] = [];
  const attached: Part[] = [];
  for (const inner of blocksOf(block['content'])) {
    const text = textOf(inner['text']);
    if (inner['type'] === 'text' && text !== undefined) texts.push(text);
    else if (inner['type'] === 'image' || inner['type'] === 'document')
      attached.push(...filePart(inner, log.files, log.losses));
    else log.losses.unknown(`tool result block ${textOf(inner['type']) ?? 'without a type'}`);
  }
  const kept = withoutTags(texts.join('\n'), /^system-reminder$/, log.losses);
  const output = /^\s*<tool_use_error>([\s\S]*)<\/tool_use_error>\s*$/.exec(kept)?.[1] ?? kept;
  return { output, status: block['is_error'] === true ? 'failed' : 'done', attached, time };
}

function answersLocalCommand(speech: Speech): boolean {
  return (
    speech.role === 'user' &&
    speech.blocks.some((block) => /<local-command-std/.test(textOf(block['text']) ?? ''))
  );
}

/** `/clear`, `/model` and their like were said to the program and not to the assistant. */
function takeBackCommand(messages: Message[], losses: Tally): void {
  const last = messages.at(-1);
  const part = last?.parts[0];
  if (last?.role !== 'user' || last.parts.length !== 1 || part?.type !== 'text') return;
  if (!/^\/[\w:-]+(?: [^\n]*)?$/.test(part.text)) return;
  messages.pop();
  losses.hide('local command');
}

// ── The person's own words ───────────────────────────────────────────────────────────────────────────────────────

const injectedTag =
  /^(?:system-reminder|ide_\w+|task-notification|local-command-[\w-]+|bash-(?:input|stdout|stderr)|command-(?:message|contents)|user-prompt-submit-hook|user-memory-input|new-diagnostics|teammate-message)$/;

/** Takes out what the program put between the person's words, and writes a slash command as it was typed. */
function ownWords(text: string, losses: Tally): string {
  if (/^\s*Caveat: The messages below/.test(text)) {
    losses.hide('injected context');
    return '';
  }
  const typed = withoutTags(text, injectedTag, losses);
  const uninterrupted = typed.replace(/^\s*\[Request interrupted by user[^\]\n]*\]\s*/, '');
  if (uninterrupted !== typed) losses.hide('interruption notice');
  return asTyped(uninterrupted);
}

function asTyped(text: string): string {
  const name = elementOf('command-name', text);
  if (!name || !/^\s*[^<\s]+\s*$/.test(name.inside)) return text;
  const given = elementOf('command-args', text);
  const command = `/${name.inside.trim().replace(/^\//, '')} ${given?.inside.trim() ?? ''}`.trim();
  const rest = text.replace(given?.whole ?? '', '').replace(name.whole, () => command);
  return rest.replace(/\n\s*\n/g, '\n').trim();
}

function elementOf(name: string, text: string): { whole: string; inside: string } | undefined {
  const [opening, closing] = [`<${name}>`, `</${name}>`];
  const start = text.indexOf(opening);
  const end = text.indexOf(closing, start);
  if (start === -1 || end === -1) return undefined;
  return {
    whole: text.slice(start, end + closing.length),
    inside: text.slice(start + opening.length, end),
  };
}

// ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Gives numbers in the order of the log, before it is known what is shown: a rewind must not rename a file. */
function numberFiles(files: InlineFiles, blocks: readonly JsonObject[]): void {
  for (const block of blocks) {
    if (block['type'] === 'tool_result') numberFiles(files, blocksOf(block['content']).filter(isFileBlock));
    const data = isFileBlock(block) ? inlineData(block) : undefined;
    if (data) files.add(data);
  }
}

function filePart(block: JsonObject, files: InlineFiles, losses: Tally): Part[] {
  const data = inlineData(block);
  if (data) return [files.add(data)];
  losses.unknown(`${textOf(block['type']) ?? 'file'} without bytes`);
  return [];
}

function isFileBlock(block: JsonObject): boolean {
  return block['type'] === 'image' || block['type'] === 'document';
}

function inlineData(block: JsonObject): InlineData | undefined {
  const source = objectOf(block['source']);
  const base64 = source?.['type'] === 'base64' ? textOf(source['data']) : undefined;
  if (!base64) return undefined;
  return { base64, mediaType: textOf(source?.['media_type']) ?? 'application/octet-stream' };
}

// ── Blocks ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** A message's content is a list of blocks, or a text alone. */
function blocksOf(content: unknown): JsonObject[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) return [];
  return content
    .map((item) => (typeof item === 'string' ? { type: 'text', text: item } : objectOf(item)))
    .filter((block) => block !== undefined);
}

function uniqueId(wanted: string, taken: Set<string>): string {
  let id = wanted;
  for (let n = 2; taken.has(id); n += 1) id = `${wanted}-${n}`;
  taken.add(id);
  return id;
}
