import type { Conversation, Message, Part, Reading, ToolCallPart } from '../conversation.ts';
import {
  answerIn,
  executed,
  imageIn,
  isOutput,
  madeBy,
  outputOf,
  reported,
  type Answer,
  type Made,
} from './codex-calls.ts';
import type { Detection, Head, LogFormat, LogReader, ReadOptions } from './format.ts';
import { dataUrl, InlineFiles } from './inline-files.ts';
import { outsideTags } from './injected.ts';
import { Tally } from './tally.ts';
import { timesOf } from './times.ts';
import { firstWords, oneLine } from './titles.ts';
import {
  listOf,
  numberOf,
  objectOf,
  objectsOf,
  parseObject,
  textOf,
  timeOf,
  type JsonObject,
} from './untyped.ts';
import { addWrittenFiles } from './written-files.ts';
import { noMessages } from './no-messages.ts';
import { uniqueId } from './unique-id.ts';

/*
 * Codex writes a session to `~/.codex/sessions/<year>/<month>/<day>/rollout-<time>-<id>.jsonl`. Read here:
 *
 * - rollouts since September 2025: `{timestamp, type, payload}`. What the model is given and gives back
 *   (`response_item`) and what the program shows (`event_msg`) tell most things twice;
 * - older ones: a header, then the items bare;
 * - `codex exec --json`: `thread.started`, `item.completed` and others, without times and without the person's words.
 *
 * The layout was read off the source of Codex (`codex-rs/rollout`, `codex-rs/protocol`, `codex-rs/exec`).
 */

/** What is told twice is told in one of these. */
type Lane = 'user' | 'answer' | 'thinking' | 'call';

interface Entry {
  lane: Lane;
  /** The record of the model, or that of the program. */
  from: 'item' | 'event';
  /** 1-based. */
  line: number;
  id: string | undefined;
  time: string | undefined;
  turn: number;
  /** Of a call: what it gave back beside text. */
  parts: Part[];
  call?: Call;
  /** On the person's words as the model got them: the program says that the person wrote them. */
  isSaid?: boolean;
}

interface Call extends Made {
  answer?: Answer;
  time?: string;
}

/** Where a record stands. */
interface Place {
  line: number;
  time: string | undefined;
}

/**
 * Records that never hold words of the conversation, by why. A type that is not here and not read is reported as
 * unknown.
 */
const hiddenFor: ReadonlyMap<string, string> = new Map(
  Object.entries({
    bookkeeping: `additional_tools agent_reasoning_section_break background_event collab_agent_interaction_end
      collab_agent_spawn_end collab_close_end collab_resume_end collab_waiting_end compaction_trigger context_compacted
      deprecation_notice entered_review_mode exited_review_mode ghost_snapshot guardian_assessment hook_completed
      hook_started item_started mcp_startup_complete mcp_startup_update model_reroute model_verification plan_update
      raw_response_item session_configured shutdown_complete sub_agent_activity task_complete task_started
      terminal_interaction thread_goal_updated thread_name_updated thread_rolled_back thread_settings_applied token_count
      turn_complete turn_context turn_diff turn_moderation_metadata turn_started undo_completed undo_started world_state
      ContextCompaction EnteredReviewMode ExitedReviewMode HookPrompt Sleep SubAgentActivity`,
    'compaction summary': 'compacted compaction compaction_summary context_compaction',
    'interruption notice': 'turn_aborted',
    'notice of the program': 'error guardian_warning stream_error warning',
    'raw reasoning': 'agent_reasoning_raw_content',
    'sub-agent': 'agent_message inter_agent_communication inter_agent_communication_metadata',
  }).flatMap(([reason, types]) => types.split(/\s+/).map((type): [string, string] => [type, reason])),
);

export const codex: LogFormat = {
  kind: 'codex',
  tool: 'Codex CLI',
  shape: 'log',
  detect,
  begin: () => new SessionReader(),
  skip,
};

const envelopes = ['session_meta', 'response_item', 'event_msg', 'turn_context', 'compacted', 'world_state'];

function detect({ records }: Head): Detection | undefined {
  const envelope = records.find(
    (record) => envelopes.includes(typeOf(record)) && objectOf(record['payload']),
  );
  if (envelope) return { why: `a record is of type ${typeOf(envelope)} and has a payload` };
  const event = records.find(
    (record) =>
      (typeOf(record) === 'thread.started' && textOf(record['thread_id']) !== undefined) ||
      (/^item\.(?:started|updated|completed)$/.test(typeOf(record)) && objectOf(record['item'])),
  );
  if (event) return { why: `a record is an event of type ${typeOf(event)}` };
  const header = records.slice(0, 3).find(isHeader);
  return header && { why: 'it begins with the header of an older session' };
}

/** Of the older form. `state` says no more than that the session has begun. */
function isHeader(record: JsonObject): boolean {
  if (record['record_type'] === 'state') return true;
  const isNamed = textOf(record['id']) !== undefined && textOf(record['timestamp']) !== undefined;
  return isNamed && !('type' in record) && ('instructions' in record || 'git' in record);
}

function typeOf(record: JsonObject): string {
  return textOf(record['type']) ?? '';
}

const beginning = /^\{"timestamp":"[^"]*",(?:"ordinal":\d+,)?"type":"(\w+)","payload":\{(?:"type":"(\w+)")?/;

/** Of a large session these are most bytes: what a compaction kept, encrypted reasoning, counts of tokens. */
function skip(start: string): string | undefined {
  const [, type, kind = ''] = beginning.exec(start) ?? [];
  if (type === 'world_state') return 'bookkeeping';
  if (type === 'compacted') return 'compaction summary';
  if (type === 'event_msg') return kind === 'token_count' || kind === 'turn_diff' ? 'bookkeeping' : undefined;
  if (type !== 'response_item') return undefined;
  if (/^(?:context_)?compaction/.test(kind)) return 'compaction summary';
  const isHidden =
    kind === 'reasoning' && /"summary":\[\],(?:"content":null,)?"encrypted_content":"/.test(start);
  return isHidden ? 'encrypted reasoning' : undefined;
}

/**
 * Reads a session of Codex.
 *
 * Of what is told twice, the records of the model are taken for answers, thinking and calls, since they stand in the
 * order in which things happened; for the person's words it is the events of the program, since Codex gives the model
 * context of its own as if the person had written it. Where a file has only one of them, that one is taken.
 */
class SessionReader implements LogReader {
  #entries: Entry[] = [];
  /** By {@link callKey}. */
  readonly #calls = new Map<string, Entry>();
  /** Lanes in which the model's own record was seen. */
  readonly #told = new Set<Lane>();
  readonly #agent: Record<string, string> = {};
  readonly #settings: Record<string, unknown> = {};
  readonly #files = new InlineFiles();
  readonly #losses = new Tally();
  #title: string | undefined;
  /** The working folder at the beginning. */
  #folder: string | undefined;
  #turn = 0;
  /** Versions that tell where turns begin also tell what the person wrote, a moment after the model got its context. */
  #tellsWords = false;
  /** The program said where the turn begins, so that further words of the person do not begin one. */
  #isTurnOpen = false;
  /** Of `codex exec --json`, whose ids begin anew with each. */
  #thread = 0;

  take(record: JsonObject, line: number): void {
    const type = typeOf(record);
    const place: Place = { line, time: timeOf(record['timestamp']) };
    const payload = objectOf(record['payload']);
    if (payload) this.#takeEnvelope(type, payload, place);
    else if (/^(?:thread|turn|item)\./.test(type) || type === 'error') this.#takeExec(type, record, place);
    else if (type === '' && isHeader(record)) this.#takeHeader(record);
    else this.#takeItem(record, place);
  }

  finish(options: ReadOptions): Reading {
    const losses = this.#losses.copy();
    const entries = said(this.#entries, this.#tellsWords, losses);
    const messages = toMessages(entries);
    if (messages.length === 0) throw noMessages('Codex session');
    const files = this.#files.copy();
    const answered = entries.flatMap(({ call, time }) => [call?.time, time]);
    const conversation: Conversation = {
      title: this.#title ?? firstWords(messages) ?? options.fallbackTitle,
      type: 'coding session',
      ...timesOf(
        messages,
        options.fallbackTime,
        answered.filter((time) => time !== undefined),
      ),
      owner: {},
      agent: { tool: 'Codex CLI', ...this.#agent },
      settings: { ...this.#settings },
      messages,
      files: files.shown(
        messages,
        options.writtenFiles ? addWrittenFiles(files, messages, this.#folder) : [],
      ),
    };
    return { conversation, losses: losses.toLosses() };
  }

  // ── Records ────────────────────────────────────────────────────────────────────────────────────────────────────

  #takeEnvelope(type: string, payload: JsonObject, place: Place): void {
    if (type === 'turn_context') this.#noteSettings(payload);
    if (type === 'session_meta') this.#takeHeader(payload);
    else if (type === 'response_item') this.#takeItem(payload, place);
    else if (type === 'event_msg') this.#takeEvent(payload, place);
    else this.#leaveOut(type, 'record');
  }

  #leaveOut(type: string, what: 'record' | 'item' | 'event'): void {
    const reason = hiddenFor.get(type);
    if (reason !== undefined) this.#losses.hide(reason);
    else if (what === 'event' && /_(?:delta|begin|request)$/.test(type)) this.#losses.hide('bookkeeping');
    else this.#losses.unknown(type === '' ? `${what} without a type` : `${what} ${type}`);
  }

  /** A session that was begun as a copy of another holds the other's header, too: the first is its own. */
  #takeHeader(header: JsonObject): void {
    this.#losses.hide('bookkeeping');
    if (this.#agent['sessionId'] !== undefined) return;
    this.#folder ??= textOf(header['cwd']);
    note(this.#agent, header, { id: 'sessionId' });
    note(this.#agent, header, { cwd: 'cwd', originator: 'originator', cli_version: 'version' });
    note(this.#agent, header, { model_provider: 'modelProvider' });
    const git = objectOf(header['git']) ?? {};
    note(this.#agent, git, {
      branch: 'gitBranch',
      commit_hash: 'gitCommit',
      repository_url: 'gitRepository',
    });
  }

  #noteSettings(context: JsonObject): void {
    this.#folder ??= textOf(context['cwd']);
    note(this.#agent, context, { model: 'model', cwd: 'cwd' });
    note(this.#settings, context, {
      approval_policy: 'approvalPolicy',
      effort: 'effort',
      summary: 'summary',
    });
  }

  #takeItem(item: JsonObject, place: Place): void {
    const type = textOf(item['type']) ?? (item['role'] === undefined ? '' : 'message');
    const id = idOf(item, place);
    const made = madeBy(item);
    if (made) this.#calls.delete(callKey('item', id)); // should an id come twice, it is another call
    if (made) this.#takeCall('item', id, made, place, answerIn(item));
    else if (isOutput(item)) this.#takeCall('item', id, undefined, place, outputOf(item));
    else if (type === 'message') this.#takeMessage(item, place);
    else if (type === 'reasoning') this.#takeReasoning(item, place);
    else this.#leaveOut(type, 'item');
  }

  #takeMessage(message: JsonObject, place: Place): void {
    const role = textOf(message['role']) ?? 'none';
    const id = textOf(message['id']);
    if (role === 'assistant') this.#say('answer', 'item', this.#answerParts(message['content']), place, id);
    else if (role === 'user') this.#say('user', 'item', this.#ownParts(message['content']), place, id);
    else if (role === 'developer' || role === 'system') this.#losses.hide('system message');
    else this.#losses.unknown(`message of role ${role}`);
  }

  #takeReasoning(item: JsonObject, place: Place): void {
    const summary = textsIn(item['summary']);
    this.#think('item', summary.length > 0 ? summary : textsIn(item['content']), place);
  }

  #takeEvent(event: JsonObject, place: Place): void {
    const type = typeOf(event);
    this.#follow(event);
    if (type === 'user_message')
      this.#takeUserEvent(textOf(event['message']) ?? '', listOf(event['images']), place);
    else if (type === 'agent_message')
      this.#say('answer', 'event', this.#answerParts(event['message']), place);
    else if (type === 'agent_reasoning') this.#think('event', [textOf(event['text']) ?? ''], place);
    else if (type === 'item_completed') this.#takeTurnItem(objectOf(event['item']) ?? {}, place);
    else this.#takeReport(event, place);
  }

  /** Where turns begin and end, and what the session is called. */
  #follow(event: JsonObject): void {
    const type = typeOf(event);
    if (/^(?:task|turn)_started$/.test(type)) {
      this.#turn += 1;
      this.#tellsWords = true;
    }
    if (/^(?:task|turn)_(?:started|complete|aborted)$/.test(type))
      this.#isTurnOpen = type.endsWith('_started');
    if (type === 'thread_rolled_back') this.#takeBack(numberOf(event['num_turns']) ?? 0);
    if (type === 'thread_name_updated')
      this.#title = oneLine(textOf(event['thread_name']) ?? '') || this.#title;
  }

  /** What the program says of a call. */
  #takeReport(event: JsonObject, place: Place): void {
    const report = reported(event);
    if (report) this.#takeCall('event', idOf(event, place), report.made, place, report.answer);
    else this.#leaveOut(typeOf(event), 'event');
  }

  /** The events of sessions whose `history_mode` is `paginated`. */
  #takeTurnItem(item: JsonObject, place: Place): void {
    const type = typeOf(item);
    const id = textOf(item['id']);
    if (type === 'UserMessage') {
      const pieces = piecesOf(item['content']);
      const images = pieces.map((piece) => piece['image_url']);
      this.#takeUserEvent(textsIn(pieces).join(''), images, place, id);
    } else if (type === 'AgentMessage' || type === 'Plan')
      this.#say('answer', 'event', this.#answerParts(item['content'] ?? item['text']), place, id);
    else if (type === 'Reasoning') this.#think('event', textsOf(item['summary_text']), place);
    else this.#takeReport(item, place);
  }

  // ── `codex exec --json` ────────────────────────────────────────────────────────────────────────────────────────

  #takeExec(type: string, event: JsonObject, place: Place): void {
    const item = objectOf(event['item']);
    if (type === 'thread.started') {
      this.#thread += 1;
      note(this.#agent, event, { thread_id: 'sessionId' });
    }
    if (item) this.#takeExecItem(item, type === 'item.completed', place);
    else this.#losses.hide(/^(?:error|turn\.failed)$/.test(type) ? 'notice of the program' : 'bookkeeping');
  }

  #takeExecItem(item: JsonObject, isOver: boolean, place: Place): void {
    const type = textOf(item['type']) ?? textOf(item['item_type']) ?? '';
    const id = `${this.#thread}-${textOf(item['id']) ?? place.line}`;
    const call = executed(item, isOver);
    if (call) this.#takeCall('item', id, call.made, place, call.answer);
    else if (!isOver) this.#losses.hide('unfinished record');
    else if (type === 'reasoning') this.#think('item', [textOf(item['text']) ?? ''], place);
    else if (/^(?:agent_message|assistant_message|plan)$/.test(type))
      this.#say('answer', 'item', this.#answerParts(item['text']), place);
    else this.#leaveOut(type, 'item');
  }

  // ── Entries ────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Words of the person, as the program shows them. The model's record of them, where there is one, stands before:
   * it keeps its place and its pictures.
   */
  #takeUserEvent(message: string, images: readonly unknown[], place: Place, id?: string): void {
    const words = ownWords(message, this.#losses);
    const parts: Part[] = words.trim() === '' ? [] : [{ type: 'text', text: words }];
    const given = this.#givenAs(words);
    if (given) {
      given.isSaid = true;
      given.parts = [...parts, ...given.parts.filter((part) => part.type !== 'text')];
      this.#losses.hide('repeated record');
    } else {
      const pictures = images.map((url) => dataUrl(textOf(url))).filter((image) => image !== undefined);
      parts.push(...pictures.map((image) => this.#files.add(image)));
      this.#say('user', 'event', parts, place, id);
    }
  }

  /** The latest words that the model got and the program has not shown yet, when they are these. */
  #givenAs(words: string): Entry | undefined {
    for (let index = this.#entries.length - 1; index >= 0; index -= 1) {
      const entry = this.#entries[index];
      if (entry?.lane !== 'user') continue;
      if (entry.from === 'event' || entry.isSaid === true) return undefined;
      const given = textIn(entry).trim();
      if (given === words.trim() || (words.trim() !== '' && given.includes(words.trim()))) return entry;
    }
    return undefined;
  }

  #say(lane: 'user' | 'answer', from: Entry['from'], parts: Part[], place: Place, id?: string): void {
    if (parts.length === 0) return;
    this.#keep({ lane, from, parts, id, ...place, turn: this.#turnOf(lane) });
  }

  #think(from: Entry['from'], texts: readonly string[], place: Place): void {
    const text = texts.join('\n\n');
    const parts: Part[] = [{ type: 'thinking', text }];
    if (text.trim() === '') this.#losses.hide('encrypted reasoning');
    else this.#keep({ lane: 'thinking', from, parts, id: undefined, ...place, turn: this.#turn });
  }

  #takeCall(
    from: Entry['from'],
    id: string,
    made: Made | undefined,
    place: Place,
    answer: Answer | undefined,
  ): void {
    const key = callKey(from, id);
    const known = this.#calls.get(key);
    if (!known && !made) {
      this.#losses.unknown('output without its call');
      return;
    }
    const entry = known ?? { lane: 'call', from, id: undefined, ...place, turn: this.#turn, parts: [] };
    entry.call ??= { name: 'tool', input: null };
    if (made) Object.assign(entry.call, { name: made.name, input: this.#losses.inputOf(made.input) });
    if (answer) entry.parts.push(...this.#answered(entry.call, answer, place));
    if (!known && this.#keep(entry)) this.#calls.set(key, entry);
  }

  #answered(call: Call, answer: Answer, { time }: Place): Part[] {
    const { images, addresses, ...rest } = answer;
    call.answer = { ...rest, images: [], addresses: 0 };
    if (time !== undefined) call.time = time;
    for (let n = 0; n < addresses; n += 1) this.#losses.unknown('image without bytes');
    return images.map((image) => this.#files.add(image));
  }

  /** False where it is told elsewhere. */
  #keep(entry: Entry): boolean {
    const { lane, from } = entry;
    if (lane !== 'user' && from === 'event' && this.#told.has(lane)) {
      this.#losses.hide('repeated record');
      return false;
    }
    if (lane !== 'user' && from === 'item' && !this.#told.has(lane)) {
      this.#told.add(lane);
      const repeated = this.#remove((one) => one.lane === lane && one.from === 'event');
      this.#losses.hide('repeated record', repeated);
    }
    this.#entries.push(entry);
    return true;
  }

  #remove(isGone: (entry: Entry) => boolean): number {
    const gone = new Set(this.#entries.filter(isGone));
    if (gone.size === 0) return 0;
    this.#entries = this.#entries.filter((entry) => !gone.has(entry));
    for (const [key, entry] of this.#calls) if (gone.has(entry)) this.#calls.delete(key);
    return gone.size;
  }

  // ── Turns ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #turnOf(lane: Lane): number {
    if (lane === 'user' && !this.#isTurnOpen) this.#turn += 1;
    return this.#turn;
  }

  /** The person went back: the last turns that they began did not happen. */
  #takeBack(count: number): void {
    const begun = [...new Set(this.#entries.filter(({ lane }) => lane === 'user').map(({ turn }) => turn))];
    const first = begun.at(-Math.min(count, begun.length));
    if (count < 1 || first === undefined) return;
    const gone = this.#remove(({ turn }) => turn >= first);
    this.#losses.hide('taken back', gone);
  }

  // ── Parts ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Without what Codex put between the person's words. */
  #ownParts(content: unknown): Part[] {
    const pieces = piecesOf(content).filter((piece) => !isImageMark(textOf(piece['text'])));
    const own = pieces.map((piece) => {
      const text = textOf(piece['text']);
      if (text === undefined) return piece;
      this.#folder ??= /<cwd>([^<]*)<\/cwd>/.exec(text)?.[1]; // older sessions name it nowhere else
      return { ...piece, text: ownWords(text, this.#losses) };
    });
    return this.#partsOf(own);
  }

  /** Without what an answer cites out of the memory of other sessions, which Codex does not show either. */
  #answerParts(content: unknown): Part[] {
    let isOpen = false;
    const own = piecesOf(content).map((piece) => {
      const text = textOf(piece['text']);
      if (text === undefined) return piece;
      const outside = outsideTags((isOpen ? '<oai-mem-citation>' : '') + text, /^oai-mem-citation$/);
      this.#losses.hide('memory citation', outside.cut.length - (isOpen ? 1 : 0));
      isOpen = outside.isOpen;
      return outside.cut.length === 0 ? piece : { ...piece, text: outside.kept.join('').trimEnd() };
    });
    return this.#partsOf(own);
  }

  #partsOf(content: unknown): Part[] {
    return piecesOf(content).flatMap((piece): Part[] => {
      const text = textOf(piece['text']);
      if (text !== undefined) return text.trim() === '' ? [] : [{ type: 'text', text }];
      const type = textOf(piece['type']) ?? 'piece without a type';
      const image = /image$/.test(type) ? imageIn(piece) : undefined;
      if (image) return [this.#files.add(image)];
      if (type === 'encrypted_content') this.#losses.hide('encrypted content');
      else this.#losses.unknown(/image$/.test(type) ? 'image without bytes' : `content ${type}`);
      return [];
    });
  }
}

function note(
  target: Record<string, unknown>,
  source: JsonObject,
  names: Readonly<Record<string, string>>,
): void {
  for (const [field, name] of Object.entries(names)) {
    const value = textOf(source[field]);
    if (value !== undefined) target[name] = value;
  }
}

function idOf(item: JsonObject, { line }: Place): string {
  return textOf(item['call_id']) ?? textOf(item['id']) ?? `line-${line}`;
}

function callKey(from: Entry['from'], id: string): string {
  return `${from} ${id}`;
}

// ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Without what only the model got as the person's words, where the program says what the person wrote.
 *
 * @param tellsWords  It does so in this file, even if it has not done so yet.
 */
function said(entries: readonly Entry[], tellsWords: boolean, losses: Tally): Entry[] {
  const isTold = entries.some(
    ({ lane, from, isSaid }) => lane === 'user' && (from === 'event' || isSaid === true),
  );
  if (!isTold && !tellsWords) return [...entries];
  return entries.filter(({ lane, from, isSaid }) => {
    const isInjected = lane === 'user' && from === 'item' && isSaid !== true;
    if (isInjected) losses.hide('injected context');
    return !isInjected;
  });
}

/** What the assistant thinks or says after a call begins a new message, as it is a new answer of the model. */
function toMessages(entries: readonly Entry[]): Message[] {
  const messages: Message[] = [];
  const ids = new Set<string>();
  let before: Entry | undefined;
  for (const entry of entries) {
    const parts = partsIn(entry);
    const last = messages.at(-1);
    if (last && before && goesOn(before, entry)) last.parts.push(...parts);
    else
      messages.push({
        id: uniqueId(entry.id ?? `line-${entry.line}`, ids),
        role: entry.lane === 'user' ? 'user' : 'assistant',
        ...(entry.time !== undefined && { createdAt: entry.time }),
        parts,
      });
    before = entry;
  }
  return messages;
}

function goesOn(before: Entry, entry: Entry): boolean {
  if (before.lane === 'user' || entry.lane === 'user' || before.turn !== entry.turn) return false;
  return entry.lane === 'call' || before.lane === 'thinking';
}

function partsIn({ call, parts }: Entry): Part[] {
  if (!call) return [...parts];
  const { name, input, answer } = call;
  const part: ToolCallPart = {
    type: 'tool-call',
    name,
    input,
    ...(answer && { output: answer.output }),
    status: answer === undefined ? 'pending' : answer.isFailed ? 'failed' : 'done',
  };
  return [part, ...parts];
}

// ── The person's own words ───────────────────────────────────────────────────────────────────────────────────────

const request = '## My request for Codex:';

/** What Codex puts into the prompt as if the person had written it; whole texts, each one element or one document. */
const injected =
  /^\s*(?:# AGENTS\.md\b|Warning: (?:apply_patch was requested|The maximum number of unified exec)|You are `\/root`|<(?:INSTRUCTIONS|environment_context|environments_instructions|user_instructions|permissions instructions|collaboration_mode|multi_agent_mode|apps_instructions|plugins_instructions|recommended_plugins|skills_instructions|skill|tools|personality_spec|context_window|rollout_budget|token_budget|additional_context|turn_aborted|subagent_notification|internal_model_context|codex_internal_context|goal_context|model_switch|hook_prompt|external_\w+)\b)/;

const answersTag = /^\s*<send_user_message_question_reply>([\s\S]*)<\/send_user_message_question_reply>\s*$/;

function ownWords(text: string, losses: Tally): string {
  const words = text.toWellFormed();
  if (/^\s*<user_shell_command>/.test(words)) {
    losses.hide('local command');
    return '';
  }
  if (injected.test(words)) {
    losses.hide('injected context');
    return '';
  }
  const answers = answersTag.exec(words)?.[1];
  if (answers !== undefined) return answersIn(answers);
  return afterRequest(words, losses);
}

function answersIn(json: string): string {
  const list = objectsOf(parseObject(`{"answers":${json}}`)?.['answers']);
  return list.map((item) => textOf(item['answer']) ?? '').join('\n');
}

/**
 * An editor puts the open files and the selection before what the person wrote. That may hold the same heading, so it
 * is the last one that counts.
 */
function afterRequest(text: string, losses: Tally): string {
  const at = text.lastIndexOf(request);
  const isHeaded = text.trimStart().startsWith(request) || /^\s*# \S/.test(text);
  const beginsLine = at === 0 || text[at - 1] === '\n' || text.slice(0, at).trim() === '';
  if (at === -1 || !isHeaded || !beginsLine) return text;
  if (text.slice(0, at).trim() !== '') losses.hide('injected context');
  return text.slice(at + request.length).trim();
}

/** Stand before and behind a picture in what the model gets. */
function isImageMark(text: string | undefined): boolean {
  return text !== undefined && /^\s*<\/?image\b[^<>]*>\s*$/.test(text);
}

// ── Content ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** A content is a list of pieces, or a text alone. */
function piecesOf(content: unknown): JsonObject[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content)
    ? content
        .map((piece) => (typeof piece === 'string' ? { type: 'text', text: piece } : objectOf(piece)))
        .filter((piece) => piece !== undefined)
    : [];
}

function textsIn(content: unknown): string[] {
  return textsOf(piecesOf(content).map((piece) => piece['text']));
}

function textsOf(list: unknown): string[] {
  return (Array.isArray(list) ? list : [])
    .map((text) => textOf(text) ?? '')
    .filter((text) => text.trim() !== '');
}

function textIn({ parts }: Entry): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
}
