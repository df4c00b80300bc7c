import { ShareError } from '../../errors.ts';
import type {
  Conversation,
  ConversationFile,
  Losses,
  Message,
  Part,
  Reading,
  ToolCallPart,
  ToolStatus,
} from '../conversation.ts';

/*
 * Claude Code writes one session to one JSONL file and only ever appends to it. A line is a record; records with a
 * `uuid` form a tree by `parentUuid`, because a rewound or retried message stays in the file beside the new one.
 * The layout was read off session files of versions 1.0 to 2.1 and the bug reports named below; it is not documented.
 */

type Json = Readonly<Record<string, unknown>>;

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
  blocks: Json[];
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
  files: Files;
  losses: Counter;
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

const longestTitle = 120;
const longestFirstWords = 80;
/** Deeper than any real tool input; deeper JSON overflows the stack of everything that walks it later. */
const deepestInput = 100;

/**
 * Says whether the first lines of a file look like a Claude Code session (also the single JSON document of Claude
 * Code on the web). A few dozen lines are enough; one that is cut off or not JSON is passed over.
 *
 * Gemini CLI, Qwen Code, Codex, opencode and pi write similar lines: one mark of theirs settles it.
 */
export function isClaudeCode(firstLines: readonly string[]): boolean {
  if (isWebSession(firstLines.join('\n'))) return true;
  const records = firstLines.map(parse).filter((record) => record !== undefined);
  return !records.some(isForeign) && records.some(isOwn);
}

function isWebSession(text: string): boolean {
  return /^\s*\{\s*"loglines"\s*:/.test(text);
}

function isForeign(record: Json): boolean {
  const type = textOf(record['type']) ?? '';
  return (
    ['payload', 'record_type', 'sessionID', 'projectHash', '$set', '$rewindTo'].some(
      (key) => key in record,
    ) ||
    /^(?:session|session_meta|message|gemini|(?:thread|turn|item|session)\..+)$/.test(type) ||
    // A fresh Gemini file holds nothing but its header, whose `sessionId` looks like ours.
    (type === '' && 'startTime' in record) ||
    (objectOf(record['message']) !== undefined && 'parts' in (objectOf(record['message']) ?? {}))
  );
}

function isOwn(record: Json): boolean {
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
 * What the person and the assistant said on the current branch is kept; what the program put into the prompt, what
 * sub-agents said, and every field beside the words is not. Images pasted or returned by tools become files, named
 * `image-<n>` by their place in the log, so that a name stays the same while the log grows.
 *
 * A last line that is not JSON is taken for one being written and passed over in silence.
 *
 * @param lines  The file's lines in order, without line ends.
 * @param options.fallbackTitle  Used when neither the log nor the first message gives a title.
 * @param options.fallbackTime   ISO 8601; stands for both times when no shown line has one. Default: the Unix epoch,
 *                               so that the same lines always give the same conversation.
 * @throws ShareError `source_invalid` when no line holds a message of a person or the assistant.
 */
export async function readClaudeCode(
  lines: Iterable<string> | AsyncIterable<string>,
  options: { fallbackTitle: string; fallbackTime?: string },
): Promise<Reading> {
  const malformedLines: number[] = [];
  const log = await collect(recordsOf(lines, malformedLines));
  if (!log.entries.some((entry) => entry.speech)) throw noMessages();

  const own = ownEntries(log);
  const branch = currentBranch(own);
  const { messages, times } = toMessages(branch, log);
  countOtherBranches(own, branch, log.losses);

  times.sort();
  const fallbackTime = options.fallbackTime ?? new Date(0).toISOString();
  const conversation: Conversation = {
    title: titleOf(log.titles, own, messages) ?? options.fallbackTitle,
    type: 'coding session',
    createdAt: times[0] ?? fallbackTime,
    updatedAt: times.at(-1) ?? fallbackTime,
    owner: {},
    agent: { tool: 'Claude Code', ...log.agent },
    settings: {},
    messages,
    files: log.files.shown(messages),
  };
  return { conversation, losses: { ...log.losses.toLosses(), malformedLines } };
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

// ── Lines ────────────────────────────────────────────────────────────────────────────────────────────────────────

interface NumberedRecord {
  line: number;
  record: Json;
}

/** Yields the records and notes the lines that are none, but for the last line, which may still be being written. */
async function* recordsOf(
  lines: Iterable<string> | AsyncIterable<string>,
  malformedLines: number[],
): AsyncGenerator<NumberedRecord> {
  let line = 0;
  let suspect: number | undefined;
  let document: string[] | undefined;
  for await (const raw of lines) {
    line += 1;
    const text = line === 1 ? raw.replace(/^\uFEFF/, '') : raw;
    if (line === 1 && (text.trim() === '{' || isWebSession(text))) document = [];
    document?.push(text);
    if (line === 2 && document && !isWebSession(document.join('\n'))) document = undefined;
    if (document && line > 1) continue;
    if (text.trim() === '') continue;
    if (suspect !== undefined) malformedLines.push(suspect);
    const record = parse(text);
    suspect = record ? undefined : line;
    if (record && !document) yield { line, record };
  }
  if (document) yield* webRecords(document.join('\n'));
}

function* webRecords(text: string): Generator<NumberedRecord> {
  const loglines = parse(text)?.['loglines'];
  if (!Array.isArray(loglines))
    throw new ShareError('source_invalid', 'The Claude Code web session is not complete JSON.', {
      hint: 'Download the session again, then run `share sync`.',
    });
  for (const [index, item] of loglines.entries()) {
    const record = objectOf(item);
    if (record) yield { line: index + 1, record };
  }
}

async function collect(records: AsyncIterable<NumberedRecord>): Promise<Log> {
  const log: Log = { entries: [], titles: [], agent: {}, files: new Files(), losses: new Counter() };
  const seen = new Set<string>();
  for await (const { line, record } of records) {
    const uuid = textOf(record['uuid']);
    if (uuid !== undefined && seen.has(uuid)) {
      log.losses.hide('repeated record');
      continue;
    }
    if (uuid !== undefined) seen.add(uuid);
    collectRecord(log, line, record);
  }
  return log;
}

function collectRecord(log: Log, line: number, record: Json): void {
  if (record['isSidechain'] === true || textOf(record['parent_tool_use_id']) !== undefined) {
    log.losses.hide('sub-agent');
    return;
  }
  const speech = speechOf(record);
  if (speech) {
    noteAgent(log.agent, record);
    if (!speech.hiddenFor) log.files.number(speech.blocks);
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

function speechOf(record: Json): Speech | undefined {
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
function queuedWords(record: Json): Json[] | undefined {
  const attachment = record['type'] === 'attachment' ? objectOf(record['attachment']) : undefined;
  if (attachment?.['type'] !== 'queued_command') return undefined;
  // The same record carries notices of finished background tasks, with another mode.
  const mode = attachment['commandMode'];
  return mode === undefined || mode === 'prompt' ? blocksOf(attachment['prompt']) : undefined;
}

function reasonToHide(record: Json, message: Json | undefined): string | undefined {
  if (record['isCompactSummary'] === true || record['isVisibleInTranscriptOnly'] === true)
    return 'compaction summary';
  if (record['isMeta'] === true) return 'injected context';
  if (record['isApiErrorMessage'] === true || message?.['model'] === '<synthetic>')
    return 'notice of the program';
  return undefined;
}

/** A compaction begins a new root and names the record before it apart; older versions name nothing. */
function parentOf(record: Json): string | null | undefined {
  const parent = textOf(record['parentUuid']) ?? textOf(record['logicalParentUuid']);
  if (parent !== undefined) return parent;
  const continues = record['subtype'] === 'compact_boundary' || record['isCompactSummary'] === true;
  return record['parentUuid'] === null && !continues ? null : undefined;
}

function noteAgent(agent: Record<string, string>, record: Json): void {
  for (const field of agentFields) {
    const value = textOf(record[field]);
    if (value !== undefined) agent[field] = value;
  }
  const model = textOf(objectOf(record['message'])?.['model']);
  if (model !== undefined && model !== '<synthetic>') agent['model'] = model;
}

function noteTitle(titles: Title[], record: Json): void {
  const rank = titleSources.findIndex(([type]) => type === record['type']);
  const field = titleSources[rank]?.[1];
  const text = field && oneLine(textOf(record[field]) ?? '', longestTitle);
  if (text)
    titles.push({ rank, text, session: textOf(record['sessionId']), leaf: textOf(record['leafUuid']) });
}

function noteUnread(losses: Counter, record: Json): void {
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

/**
 * The lines from the first to the last message of the branch that was written to last, in file order, which is the
 * order of time since the file only grows.
 *
 * A parent that the file does not hold (a line was lost, or never written: anthropics/claude-code#22526) or that an
 * older file does not name is taken to be the line before. Parallel tool calls fork the tree within one API message;
 * all its lines belong to the branch as soon as one does.
 */
function currentBranch(entries: readonly Entry[]): Entry[] {
  const places = new Map<string, number>();
  for (const [place, { uuid }] of entries.entries()) if (uuid !== undefined) places.set(uuid, place);

  const taken = new Set<Entry>();
  let at = entries.findLastIndex((entry) => entry.speech);
  for (let entry = entries[at]; entry && !taken.has(entry); entry = entries[at]) {
    taken.add(entry);
    at = entry.parent === null ? -1 : (places.get(entry.parent ?? '') ?? at - 1);
  }

  const messageIds = new Set([...taken].map((entry) => entry.speech?.messageId));
  messageIds.delete(undefined);
  return entries.filter(
    (entry) =>
      entry.speech &&
      (taken.has(entry) || entry.uuid === undefined || messageIds.has(entry.speech.messageId)),
  );
}

function countOtherBranches(entries: readonly Entry[], branch: readonly Entry[], losses: Counter): void {
  const kept = new Set(branch);
  for (const entry of entries) {
    const answersOnly = entry.speech?.blocks.every((block) => block['type'] === 'tool_result');
    if (entry.speech && !kept.has(entry) && !answersOnly) losses.hide('other branch');
  }
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

function firstWords(messages: readonly Message[]): string | undefined {
  const said = messages
    .filter((message) => message.role === 'user')
    .flatMap((message) => message.parts.map((part) => (part.type === 'text' ? part.text : '')))
    .filter((text) => text !== '');
  const words = said.find((text) => !text.startsWith('/')) ?? said[0];
  return (words && oneLine(words, longestFirstWords)) || undefined;
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

function toParts(block: Json, role: Speech['role'], joining: Joining): Part[] {
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
      return log.files.partsOf(block, log.losses);
    default:
      log.losses.unknown(`block ${textOf(block['type']) ?? 'without a type'}`);
      return [];
  }
}

function toolCall(block: Json, { log, results, called, times }: Joining): Part[] {
  const id = textOf(block['id']);
  if (id !== undefined && called.has(id)) return [];
  if (id !== undefined) called.add(id);
  const result = id === undefined ? undefined : results.get(id);
  if (result?.time !== undefined) times.push(result.time);
  const tooDeep = isDeeperThan(deepestInput, block['input']);
  if (tooDeep) log.losses.hide('tool input nested too deep');
  const call: ToolCallPart = {
    type: 'tool-call',
    name: textOf(block['name']) ?? 'tool',
    input: tooDeep ? null : (block['input'] ?? null),
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

function toolResult(block: Json, time: string | undefined, log: Log): ToolResult {
  const texts: string[] = [];
  const attached: Part[] = [];
  for (const inner of blocksOf(block['content'])) {
    const text = textOf(inner['text']);
    if (inner['type'] === 'text' && text !== undefined) texts.push(text);
    else if (inner['type'] === 'image' || inner['type'] === 'document')
      attached.push(...log.files.partsOf(inner, log.losses));
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
function takeBackCommand(messages: Message[], losses: Counter): void {
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
function ownWords(text: string, losses: Counter): string {
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

/**
 * Cuts whole elements out of a text. One that is never closed is cut to the end of the text: it may hide more of the
 * person's words than it needs to, and never shows what was meant for the model. Text without such tags is not touched.
 */
function withoutTags(text: string, names: RegExp, losses: Counter): string {
  if (!text.includes('<')) return text;
  const kept: string[] = [];
  let from = 0;
  let open: { name: string; depth: number } | undefined;
  for (const tag of text.matchAll(/<(\/?)([a-z][\w-]{0,60})(?:\s[^<>]{0,200})?>/g)) {
    const [whole, slash, name = ''] = tag;
    if (!open && !slash && names.test(name)) {
      kept.push(text.slice(from, tag.index));
      open = { name, depth: 1 };
      losses.hide(/^(?:local-command|bash)-/.test(name) ? 'local command' : 'injected context');
    } else if (open?.name === name) {
      open.depth += slash ? -1 : 1;
      if (open.depth > 0) continue;
      open = undefined;
      from = tag.index + whole.length;
    }
  }
  if (kept.length === 0) return text;
  if (!open) kept.push(text.slice(from));
  return kept
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
    .join('\n');
}

// ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────

const extensions = new Map([
  ['image/png', 'png'],
  ['image/jpeg', 'jpg'],
  ['image/gif', 'gif'],
  ['image/webp', 'webp'],
  ['application/pdf', 'pdf'],
  ['text/plain', 'txt'],
]);

/** The images and documents inside the log, one file for the same bytes. */
class Files {
  /** Base64 text, which stands for the bytes → the file's name. */
  readonly #names = new Map<string, string>();
  readonly #mediaTypes = new Map<string, string>();

  /** Gives numbers in the order of the log, before it is known what is shown: a rewind must not rename a file. */
  number(blocks: readonly Json[]): void {
    for (const block of blocks) {
      if (block['type'] === 'tool_result') this.number(blocksOf(block['content']).filter(isFileBlock));
      const source = isFileBlock(block) ? inlineSource(block) : undefined;
      if (!source || this.#names.has(source.data)) continue;
      const kind = block['type'] === 'image' ? 'image' : 'document';
      const name = `${kind}-${this.#names.size + 1}.${extensions.get(source.mediaType) ?? 'bin'}`;
      this.#names.set(source.data, name);
      this.#mediaTypes.set(name, source.mediaType);
    }
  }

  partsOf(block: Json, losses: Counter): Part[] {
    const source = inlineSource(block);
    const file = source && this.#names.get(source.data);
    if (file === undefined) {
      losses.unknown(`${textOf(block['type']) ?? 'file'} without bytes`);
      return [];
    }
    return [block['type'] === 'image' ? { type: 'image', file } : { type: 'file', file }];
  }

  shown(messages: readonly Message[]): ConversationFile[] {
    const used = new Set(
      messages.flatMap(({ parts }) =>
        parts.map((part) => (part.type === 'image' || part.type === 'file' ? part.file : undefined)),
      ),
    );
    return [...this.#names]
      .filter(([, name]) => used.has(name))
      .map(([data, name]) => ({
        name,
        mediaType: this.#mediaTypes.get(name) ?? 'application/octet-stream',
        content: { bytes: new Uint8Array(Buffer.from(data, 'base64')) },
      }));
  }
}

function isFileBlock(block: Json): boolean {
  return block['type'] === 'image' || block['type'] === 'document';
}

function inlineSource(block: Json): { data: string; mediaType: string } | undefined {
  const source = objectOf(block['source']);
  const data = source?.['type'] === 'base64' ? textOf(source['data']) : undefined;
  if (!data) return undefined;
  return { data, mediaType: textOf(source?.['media_type']) ?? 'application/octet-stream' };
}

// ── Losses and untyped JSON ──────────────────────────────────────────────────────────────────────────────────────

class Counter {
  readonly #hidden = new Map<string, number>();
  readonly #unknown = new Map<string, number>();

  hide(reason: string): void {
    this.#hidden.set(reason, (this.#hidden.get(reason) ?? 0) + 1);
  }

  unknown(type: string): void {
    const short = oneLine(type, 60);
    this.#unknown.set(short, (this.#unknown.get(short) ?? 0) + 1);
  }

  toLosses(): Pick<Losses, 'hidden' | 'unknown'> {
    // Entries rather than assignment: a record type may be called `__proto__`.
    return { hidden: Object.fromEntries(this.#hidden), unknown: Object.fromEntries(this.#unknown) };
  }
}

function parse(line: string): Json | undefined {
  try {
    return objectOf(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toWellFormed() : undefined;
}

/** A message's content is a list of blocks, or a text alone. */
function blocksOf(content: unknown): Json[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) return [];
  return content
    .map((item) => (typeof item === 'string' ? { type: 'text', text: item } : objectOf(item)))
    .filter((block) => block !== undefined);
}

function timeOf(value: unknown): string | undefined {
  const time = typeof value === 'string' ? new Date(value) : undefined;
  return time && !Number.isNaN(time.getTime()) ? time.toISOString() : undefined;
}

function oneLine(text: string, longest: number): string {
  const line = text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^"(.*)"$/, '$1');
  if (line.length <= longest) return line;
  // Never half of a surrogate pair.
  return `${line
    .slice(0, longest - 1)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trimEnd()}…`;
}

function uniqueId(wanted: string, taken: Set<string>): string {
  let id = wanted;
  for (let n = 2; taken.has(id); n += 1) id = `${wanted}-${n}`;
  taken.add(id);
  return id;
}

function isDeeperThan(limit: number, value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level.flatMap((item): unknown[] =>
      typeof item === 'object' && item !== null ? Object.values(item) : [],
    );
  }
  return false;
}
