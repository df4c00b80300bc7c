import type {
  Conversation,
  Message,
  Part,
  Reading,
  SubAgent,
  ToolCallPart,
  ToolStatus,
} from '../conversation.ts';
import { SubAgents, type AgentLog, type Entry, type Speech } from './claude-code-agents.ts';
import type {
  Companions,
  Detection,
  DocumentFormat,
  Head,
  LogFormat,
  LogReader,
  ReadOptions,
} from './format.ts';
import { InlineFiles, type InlineData } from './inline-files.ts';
import { withoutTags } from './injected.ts';
import { Tally } from './tally.ts';
import { timesOf } from './times.ts';
import { firstWords, longestTitle, oneLine } from './titles.ts';
import { Tree, type TreeNode } from './tree.ts';
import { objectOf, objectsOf, textOf, timeOf, type JsonObject } from './untyped.ts';
import { addWrittenFiles } from './written-files.ts';
import { noMessages } from './no-messages.ts';
import { uniqueId } from './unique-id.ts';

/*
 * Claude Code writes one session to one JSONL file and only ever appends to it. A line is a record; records with a
 * `uuid` form a tree by `parentUuid`, because a rewound or retried message stays in the file beside the new one.
 * The layout was read off session files of versions 1.0 to 2.1 and the bug reports named below; it is not documented.
 */

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

/** Of the session, or of a sub-agent. */
interface Log extends AgentLog {
  places: Map<string, number>;
  titles: Title[];
  agent: Record<string, string>;
  /** The working folder at the beginning. */
  folder?: string;
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
  skip: (start) =>
    /^\{"type":"(?:file-history-snapshot|queue-operation|attribution-snapshot|content-replacement)"/.test(
      start,
    )
      ? 'bookkeeping'
      : undefined,
  companions,
};

/**
 * The sub-agents of a session have files of their own: in a folder beside it, each with a note on what started it;
 * before version 2.1, among the sessions of the project.
 */
function companions(path: string): Companions[] {
  const [, folder = '', session = ''] = /^(.*?)([^/\\]*)\.jsonl$/s.exec(path) ?? [];
  if (session === '' || session.startsWith('agent-')) return [];
  return [
    // Those of a compaction begin with a copy of the session.
    { folder: `${folder}${session}/subagents`, names: /^agent-(?!acompact-)[\w-]+\.(?:jsonl|meta\.json)$/ },
    { folder: folder || '.', names: /^agent-[\w-]+\.jsonl$/, amongOthers: `"sessionId":"${session}"` },
  ];
}

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
 * What the person and the assistant said on the chosen branch is kept, and what sub-agents said at the calls that set
 * them to work; what the program put into the prompt, and every field beside the words, is not. Images pasted or
 * returned by tools become files, named `image-<n>` by their place in the log, so that a name stays the same while the
 * log grows.
 */
class SessionReader implements LogReader {
  readonly #log = newLog();
  /** What sub-agents said: all of a sub-agent's own file, and in older sessions lines between those of the session. */
  readonly #agents = new Map<string, Log>();
  /** The note beside the file of a sub-agent. */
  #note: JsonObject | undefined;
  readonly #files = new InlineFiles();
  /** uuid of a record → key of the sub-agent that it is of. */
  readonly #agentOf = new Map<string, string>();

  take(record: JsonObject, line: number): void {
    const uuid = textOf(record['uuid']);
    const isNote = !('type' in record) && ('agentType' in record || 'toolUseId' in record);
    if (isNote) this.#note = record;
    else if (uuid !== undefined && this.#has(uuid)) this.#log.losses.hide('repeated record');
    else this.#collect(record, line);
  }

  #has(uuid: string): boolean {
    return this.#log.places.has(uuid) || this.#agentOf.has(uuid);
  }

  finish(options: ReadOptions, others: ReadonlyMap<string, LogReader> = new Map()): Reading {
    const log: Log = { ...this.#log, losses: this.#log.losses.copy() };
    if (!log.entries.some((entry) => entry.speech))
      throw noMessages(
        'Claude Code session',
        'Share the main session file, named `<session id>.jsonl`, once it has a first message.',
      );

    const own = ownEntries(log);
    const { entries, branch } = branchOf(own, log.losses, options.branch);
    const agents = new SubAgents(log, this.#agentsAmong(others));
    const files = this.#files.copy();
    const { messages, times } = toMessages(entries, { log, losses: log.losses, agents, files });
    agents.countLeft(log.losses);
    const conversation: Conversation = {
      title: titleOf(log.titles, own.entries, messages) ?? options.fallbackTitle,
      type: 'coding session',
      ...timesOf(messages, options.fallbackTime, times),
      owner: {},
      agent: { tool: 'Claude Code', ...log.agent },
      settings: {},
      messages,
      files: files.shown(messages, options.writtenFiles ? addWrittenFiles(files, messages, log.folder) : []),
    };
    return { conversation, losses: { ...log.losses.toLosses(), branch } };
  }

  #collect(record: JsonObject, line: number): void {
    const agent = this.#agentFor(record);
    collectRecord(agent ?? this.#log, line, record);
    if (!agent) numberFiles(this.#files, this.#log.entries.at(-1), line);
  }

  /** The log of the sub-agent that said it; undefined for a record of the session itself. */
  #agentFor(record: JsonObject): Log | undefined {
    const [id, call] = [textOf(record['agentId']), textOf(record['parent_tool_use_id'])];
    if (record['isSidechain'] !== true && id === undefined && call === undefined) return undefined;
    const uuid = textOf(record['uuid']);
    const key = id ?? call ?? this.#agentOf.get(textOf(record['parentUuid']) ?? '') ?? uuid ?? 'sidechain';
    if (uuid !== undefined) this.#agentOf.set(uuid, key);
    const log = this.#agents.get(key) ?? newLog();
    this.#agents.set(key, log);
    if (id !== undefined) log.agentId = id;
    if (call !== undefined) log.call ??= call;
    return log;
  }

  /** Those of this file, and of the files beside it that are of this session. */
  #agentsAmong(others: ReadonlyMap<string, LogReader>): AgentLog[] {
    const sessions = new Set(this.#log.entries.map((entry) => entry.session));
    const found: AgentLog[] = [...this.#agents.values()];
    for (const [name, reader] of [...others].sort(([one], [other]) => (one < other ? -1 : 1))) {
      if (!(reader instanceof SessionReader)) continue;
      const about = others.get(name.replace(/\.jsonl$/, '.meta.json'));
      const note = about instanceof SessionReader ? about.#note : undefined;
      for (const agent of reader.#agents.values())
        if (agent.entries.some(({ session }) => session === undefined || sessions.has(session)))
          found.push({ ...agent, ...noteOn(note) });
    }
    return found;
  }
}

function newLog(): Log {
  return {
    entries: [],
    places: new Map(),
    titles: [],
    agent: {},
    losses: new Tally(),
    links: new Map(),
  };
}

function noteOn(note: JsonObject | undefined): Pick<AgentLog, 'call' | 'name'> {
  const [call, name] = [textOf(note?.['toolUseId']), textOf(note?.['agentType'])];
  return { ...(call !== undefined && { call }), ...(name !== undefined && { name }) };
}

// ── Records ──────────────────────────────────────────────────────────────────────────────────────────────────────

function collectRecord(log: Log, line: number, record: JsonObject): void {
  const speech = speechOf(record);
  noteLink(log.links, record, speech);
  const folder = textOf(record['cwd']);
  if (folder !== undefined) log.folder ??= folder;
  if (speech) noteAgent(log.agent, record);
  else {
    noteTitle(log.titles, record);
    noteUnread(log.losses, record);
  }
  const uuid = textOf(record['uuid']);
  if (!speech && uuid === undefined) return;
  if (uuid !== undefined) log.places.set(uuid, log.entries.length);
  log.entries.push({
    line,
    uuid,
    parent: parentOf(record),
    session: textOf(record['sessionId']),
    ...(speech && { speech }),
  });
}

/** Which call started which sub-agent is told while it runs, and again with its result. */
function noteLink(links: Map<string, string>, record: JsonObject, speech: Speech | undefined): void {
  const told = objectOf(record['type'] === 'progress' ? record['data'] : record['toolUseResult']);
  const agent = textOf(told?.['agentId']);
  const answered = speech?.blocks.find((block) => block['type'] === 'tool_result');
  const call = textOf(record['parentToolUseID']) ?? textOf(answered?.['tool_use_id']);
  if (agent !== undefined && call !== undefined && !links.has(agent)) links.set(agent, call);
}

function speechOf(record: JsonObject): Speech | undefined {
  const queued = queuedWords(record);
  const message = objectOf(record['message']);
  const type = textOf(record['type']);
  if (!queued && (!message || (type !== 'user' && type !== 'assistant'))) return undefined;
  const hiddenFor = reasonToHide(record, message);
  const blocks = queued ?? blocksOf(message?.['content']);
  return {
    role: type === 'assistant' ? 'assistant' : 'user',
    messageId: type === 'assistant' ? textOf(message?.['id']) : undefined,
    time: timeOf(record['timestamp']),
    blocks: hiddenFor === undefined ? blocks.map(kept) : [],
    hiddenFor,
  };
}

/** A log is kept in memory, and half of one may be signatures. */
function kept(block: JsonObject): JsonObject {
  if (block['type'] === 'thinking') return { type: 'thinking', thinking: block['thinking'] };
  return block['type'] === 'redacted_thinking' ? { type: 'redacted_thinking' } : block;
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
function ownEntries(log: Log): Pick<Log, 'entries' | 'places'> {
  const session = log.entries.find((entry) => entry.speech && entry.session !== undefined)?.session;
  const isOne = log.entries.every((entry) => entry.session === undefined || entry.session === session);
  if (isOne) return log;
  const own = new Set<string>();
  const entries = log.entries.filter((entry) => {
    const ours = entry.session === undefined || entry.session === session || own.has(entry.parent ?? '');
    if (ours && entry.uuid !== undefined) own.add(entry.uuid);
    if (!ours && entry.speech) log.losses.hide('other conversation');
    return ours;
  });
  const places = new Map<string, number>();
  for (const [place, { uuid }] of entries.entries()) if (uuid !== undefined) places.set(uuid, place);
  return { entries, places };
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
  { entries, places }: Pick<AgentLog, 'entries' | 'places'>,
  losses: Tally,
  wanted: number | undefined,
): { entries: Entry[]; branch: { taken: number; of: number } } {
  const turns = new Map<number, Turn>();
  const byMessageId = new Map<string, Turn>();
  const before = parentPlaces(entries, places);
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
function parentPlaces(
  entries: readonly Entry[],
  places: ReadonlyMap<string, number>,
): (number | undefined)[] {
  return entries.map(({ parent }, place) => {
    if (parent === null) return undefined;
    return places.get(parent ?? '') ?? (place === 0 ? undefined : place - 1);
  });
}

/** The turn that an entry is, or belongs to; each way is walked once. */
function turnFinder(turns: ReadonlyMap<number, Turn>, before: readonly (number | undefined)[]) {
  const known: (Turn | undefined)[] = [];
  const isWalked = new Uint8Array(before.length);
  return (place: number | undefined): Turn | undefined => {
    const way: number[] = [];
    let at = place;
    for (; at !== undefined && isWalked[at] === 0 && !turns.has(at); at = before[at]) {
      isWalked[at] = 1; // and so a circle ends
      way.push(at);
    }
    const found = at === undefined ? undefined : (turns.get(at) ?? known[at]);
    for (const passed of way) known[passed] = found;
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
  if (titles.length === 0) return firstWords(messages);
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

interface Source {
  /** Of which the branch is. */
  log: AgentLog;
  /** Of the whole reading. */
  losses: Tally;
  agents: SubAgents;
  files: InlineFiles;
  /** Stands before the names of the files of a sub-agent. */
  prefix?: string;
}

function toMessages(branch: readonly Entry[], source: Source): { messages: Message[]; times: string[] } {
  const messages: Message[] = [];
  const times: string[] = [];
  const ids = new Set<string>();
  const byMessageId = new Map<string, Message>();
  const { losses } = source;
  const joining: Joining = { ...source, results: toolResults(source), called: new Set(), times };

  for (const { line, uuid, speech } of branch) {
    if (!speech) continue;
    if (speech.hiddenFor) {
      losses.hide(speech.hiddenFor);
      continue;
    }
    if (answersLocalCommand(speech)) takeBackCommand(messages, losses);
    const parts: Part[] = [];
    for (const block of speech.blocks) parts.push(...toParts(block, speech.role, joining));
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
  return { messages, times };
}

interface Joining extends Source {
  results: ReadonlyMap<string, ToolResult>;
  /** Ids of the tool calls seen so far. */
  called: Set<string>;
  /** Gathers the times of tool results that are shown. */
  times: string[];
}

function toParts(block: JsonObject, role: Speech['role'], joining: Joining): Part[] {
  const { losses } = joining;
  switch (block['type']) {
    case 'text': {
      const text = textOf(block['text']) ?? '';
      const kept = role === 'user' ? ownWords(text, losses) : text;
      return kept.trim() === '' ? [] : [{ type: 'text', text: kept }];
    }
    case 'thinking': {
      const text = textOf(block['thinking']) ?? '';
      if (text.trim() !== '') return [{ type: 'thinking', text }];
      losses.hide('redacted thinking');
      return [];
    }
    case 'redacted_thinking':
      losses.hide('redacted thinking');
      return [];
    case 'tool_use':
    case 'server_tool_use':
      return toolCall(block, joining);
    case 'tool_result':
      // Joined to its call, wherever that stands.
      return [];
    case 'image':
    case 'document':
      return filePart(block, joining);
    default:
      losses.unknown(`block ${textOf(block['type']) ?? 'without a type'}`);
      return [];
  }
}

function toolCall(block: JsonObject, joining: Joining): Part[] {
  const { losses, results, called, times } = joining;
  const id = textOf(block['id']);
  if (id !== undefined && called.has(id)) return [];
  if (id !== undefined) called.add(id);
  const result = id === undefined ? undefined : results.get(id);
  if (result?.time !== undefined) times.push(result.time);
  const subAgent = id === undefined ? undefined : subAgentOf(id, block, joining);
  const call: ToolCallPart = {
    type: 'tool-call',
    name: textOf(block['name']) ?? 'tool',
    input: losses.inputOf(block['input']),
    ...(result && { output: result.output }),
    status: result?.status ?? 'pending',
    ...(subAgent && { subAgent }),
  };
  return [call, ...(result?.attached ?? [])];
}

function subAgentOf(call: string, block: JsonObject, joining: Joining): SubAgent | undefined {
  const agent = joining.agents.take(call);
  if (agent === undefined) return undefined;
  const { losses, times } = joining;
  losses.add(agent.losses);
  const prefix = `sub-agent-${joining.agents.taken}-`;
  const { entries } = branchOf(agent, losses, undefined);
  const said = toMessages(entries, { ...joining, log: agent, prefix });
  for (const { createdAt } of said.messages) if (createdAt !== undefined) times.push(createdAt);
  times.push(...said.times);
  const name = agent.name ?? textOf(objectOf(block['input'])?.['subagent_type']);
  return { ...(name !== undefined && { name }), messages: said.messages };
}

/** The answers to tool calls by the id of the call. A result may stand on a side branch of its call: see above. */
function toolResults(source: Source): Map<string, ToolResult> {
  const results = new Map<string, ToolResult>();
  for (const { speech } of source.log.entries)
    for (const block of speech?.blocks ?? []) {
      const id = block['type'] === 'tool_result' ? textOf(block['tool_use_id']) : undefined;
      if (id !== undefined && speech && !speech.hiddenFor)
        results.set(id, toolResult(block, speech.time, source));
    }
  return results;
}

function toolResult(block: JsonObject, time: string | undefined, source: Source): ToolResult {
  const { losses } = source;
  const texts: string[] = [];
  const attached: Part[] = [];
  for (const inner of blocksOf(block['content'])) {
    const text = textOf(inner['text']);
    if (inner['type'] === 'text' && text !== undefined) texts.push(text);
    else if (inner['type'] === 'image' || inner['type'] === 'document')
      attached.push(...filePart(inner, source));
    else losses.unknown(`tool result block ${textOf(inner['type']) ?? 'without a type'}`);
  }
  const kept = withoutTags(texts.join('\n'), /^system-reminder$/, losses);
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
function numberFiles(files: InlineFiles, entry: Entry | undefined, line: number): void {
  if (entry?.line === line) for (const block of entry.speech?.blocks ?? []) numberFilesIn(files, block);
}

function numberFilesIn(files: InlineFiles, block: JsonObject): void {
  if (block['type'] === 'tool_result')
    for (const inner of blocksOf(block['content']).filter(isFileBlock)) numberFilesIn(files, inner);
  const data = isFileBlock(block) ? inlineData(block) : undefined;
  if (data) files.add(data);
}

function filePart(block: JsonObject, { files, losses, prefix }: Source): Part[] {
  const data = inlineData(block);
  if (data) return [files.add(data, prefix)];
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
