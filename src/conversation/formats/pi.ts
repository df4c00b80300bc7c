import type { Message, Part, Reading, ToolCallPart, ToolStatus } from '../conversation.ts';
import type { Detection, LogFormat, LogReader, ReadOptions } from './format.ts';
import { InlineFiles } from './inline-files.ts';
import { Tally } from './tally.ts';
import { timesOf } from './times.ts';
import { firstWords, oneLine } from './titles.ts';
import { Tree, type TreeNode } from './tree.ts';
import { objectOf, objectsOf, textOf, timeOf, type JsonObject } from './untyped.ts';
import { addWrittenFiles } from './written-files.ts';
import { noMessages } from './no-messages.ts';

/*
 * pi writes a session to `~/.pi/agent/sessions/<folder>/<time>_<id>.jsonl`: a header, then entries that form a tree by
 * `parentId`. In version 1 they had no ids and were a list; in version 2 a message of an extension was called
 * `hookMessage`. Its documentation describes it (`docs/session.md`). `pi --mode json` prints the same header and then
 * events, of which those at the end of a message hold all.
 */
export const pi: LogFormat = {
  kind: 'pi',
  tool: 'pi',
  shape: 'log',
  detect: ({ records }) => detectLog(records),
  begin: () => new SessionReader(),
  skip: (line) => (/^\{"type":"message_(?:start|update)"/.test(line) ? 'repeated record' : undefined),
};

function detectLog(records: readonly JsonObject[]): Detection | undefined {
  for (const record of records) {
    const type = record['type'];
    const hasId = textOf(record['id']) !== undefined;
    if (type === 'session' && hasId && ('cwd' in record || 'version' in record))
      return { why: 'a record is the header of a session, with an id and a cwd' };
    if (type === 'message' && 'parentId' in record && textOf(objectOf(record['message'])?.['role']))
      return { why: 'a record is a message with a parentId' };
  }
  return undefined;
}

/** Entries that hold no words of the conversation: type → why they are not shown. */
const hiddenEntries: ReadonlyMap<string, string> = new Map([
  ['branch_summary', 'branch summary'],
  ['compaction', 'compaction summary'],
  ['context_edit', 'bookkeeping'],
  ['context_transform', 'injected context'],
  ['custom', 'bookkeeping'],
  ['custom_message', 'injected context'],
  ['ephemeral', 'injected context'],
  ['label', 'bookkeeping'],
  ['model_change', 'bookkeeping'],
  ['session', 'bookkeeping'],
  ['session_info', 'bookkeeping'],
  ['thinking_level_change', 'bookkeeping'],
  ['usage', 'bookkeeping'],
  // Events of `--mode json`, which tell again what the end of a message tells.
  ['agent_end', 'repeated record'],
  ['agent_start', 'bookkeeping'],
  ['message_start', 'repeated record'],
  ['message_update', 'repeated record'],
  ['tool_execution_end', 'repeated record'],
  ['tool_execution_start', 'repeated record'],
  ['tool_execution_update', 'repeated record'],
  ['turn_end', 'repeated record'],
  ['turn_start', 'bookkeeping'],
]);

const hiddenRoles: ReadonlyMap<string, string> = new Map([
  ['branchSummary', 'branch summary'],
  ['compactionSummary', 'compaction summary'],
  ['custom', 'injected context'],
  ['hookMessage', 'injected context'],
]);

interface Entry extends TreeNode {
  /** On what is shown: a message of the person or the assistant, or a command that the person ran. */
  turn?: Turn;
}

interface Turn {
  role: 'user' | 'assistant';
  time: string | undefined;
  blocks: JsonObject[];
  /** A command that the person ran by `!`. */
  ran?: ToolCallPart;
}

interface ToolResult {
  blocks: JsonObject[];
  status: ToolStatus;
}

class SessionReader implements LogReader {
  readonly #entries: Entry[] = [];
  readonly #ids = new Set<string>();
  /** Id of the call → what came of it. */
  readonly #results = new Map<string, ToolResult>();
  readonly #files = new InlineFiles();
  readonly #losses = new Tally();
  readonly #agent: Record<string, string> = {};
  #name: string | undefined;

  take(record: JsonObject, line: number): void {
    const type = textOf(record['type']) ?? 'record without a type';
    const message = objectOf(record['message']);
    const hidden = hiddenEntries.get(type);
    this.#note(type, record, message);
    if (hidden !== undefined) this.#losses.hide(hidden);
    const isMessage = type === 'message' || type === 'message_end';
    const turn = isMessage && message ? this.#takeMessage(message, record) : undefined;
    if (hidden === undefined && !(isMessage && message)) this.#losses.unknown(type);
    if (type !== 'session') this.#put(record, line, turn);
  }

  finish(options: ReadOptions): Reading {
    const losses = this.#losses.copy();
    const { turns, branch } = this.#branch(options.branch, losses);
    const messages: Message[] = [];
    for (const { id, turn } of turns) {
      const parts = turn.ran
        ? [turn.ran]
        : turn.blocks.flatMap((block) => this.#toParts(block, turn, losses));
      if (parts.length === 0) continue;
      messages.push({ id, role: turn.role, ...(turn.time !== undefined && { createdAt: turn.time }), parts });
    }
    const files = this.#files.copy();
    return {
      conversation: {
        title: this.#name ?? firstWords(messages) ?? options.fallbackTitle,
        type: 'coding session',
        ...timesOf(messages, options.fallbackTime),
        owner: {},
        agent: { tool: 'pi', ...this.#agent },
        settings: {},
        messages,
        files: files.shown(
          messages,
          options.writtenFiles ? addWrittenFiles(files, messages, this.#agent['cwd']) : [],
        ),
      },
      losses: { ...losses.toLosses(), branch },
    };
  }

  // ── Entries ────────────────────────────────────────────────────────────────────────────────────────────────────

  #note(type: string, record: JsonObject, message: JsonObject | undefined): void {
    if (type === 'session_info') this.#name = oneLine(textOf(record['name']) ?? '') || this.#name;
    const told =
      type === 'session'
        ? { ...record, sessionId: record['id'], model: record['modelId'] }
        : type === 'model_change'
          ? { provider: record['provider'], model: record['modelId'] }
          : { provider: message?.['provider'], model: message?.['model'] };
    for (const field of ['sessionId', 'cwd', 'provider', 'model', 'parentSession', 'branchedFrom'] as const) {
      const value = textOf((told as JsonObject)[field]);
      if (value !== undefined) this.#agent[field] = value;
    }
  }

  #put(record: JsonObject, line: number, turn: Turn | undefined): void {
    const id = textOf(record['id']) ?? `line-${line}`;
    if (this.#ids.has(id)) {
      if (turn) this.#losses.hide('repeated record');
      return;
    }
    const before = this.#entries.at(-1)?.id;
    const parent = textOf(record['parentId']);
    this.#ids.add(id);
    this.#entries.push({
      id,
      // Only a null begins anew: an older entry does not say what it follows.
      parent: record['parentId'] === null ? undefined : (parent ?? before),
      ...(turn && { turn }),
    });
  }

  #takeMessage(message: JsonObject, record: JsonObject): Turn | undefined {
    const role = textOf(message['role']) ?? 'nobody';
    const blocks = blocksOf(message['content']);
    const time = timeOf(record['timestamp']) ?? timeOf(message['timestamp']);
    const hidden = hiddenRoles.get(role);
    if (hidden !== undefined) this.#losses.hide(hidden);
    else if (role === 'toolResult') this.#takeResult(message, blocks);
    else if (role === 'bashExecution')
      return { role: 'assistant', time, blocks: [], ran: commandOf(message) };
    else if (role === 'user' || role === 'assistant') {
      if (textOf(message['errorMessage'])) this.#losses.hide('notice of the program');
      this.#numberFiles(blocks);
      return { role, time, blocks };
    } else this.#losses.unknown(`message of ${role}`);
    return undefined;
  }

  #takeResult(message: JsonObject, blocks: JsonObject[]): void {
    const id = textOf(message['toolCallId']);
    if (id === undefined) {
      this.#losses.unknown('tool result without a call');
      return;
    }
    this.#numberFiles(blocks);
    this.#results.set(id, { blocks, status: message['isError'] === true ? 'failed' : 'done' });
  }

  /** Gives numbers in the order of the log, before it is known what is shown: a rewind must not rename a file. */
  #numberFiles(blocks: readonly JsonObject[]): void {
    for (const block of blocks) if (block['type'] === 'image') this.#imageParts(block);
  }

  /**
   * The tree is one of what is shown: what follows another entry follows the nearest shown one before it. The branch
   * that pi itself goes on with is that of the last entry.
   */
  #branch(
    wanted: number | undefined,
    losses: Tally,
  ): { turns: { id: string; turn: Turn }[]; branch: { taken: number; of: number } } {
    const entries = joined(this.#entries);
    const nearest = nearestShown(entries);
    const nodes = entries.flatMap(({ id, parent, turn }) =>
      turn ? [{ id, parent: nearest(parent)?.id, turn }] : [],
    );
    const byId = new Map(nodes.map((node) => [node.id, node]));
    const last = byId.get(nearest(entries.at(-1)?.id)?.id ?? '') ?? nodes.at(-1);
    if (last === undefined) throw noMessages('pi session');
    const { path, branch } = new Tree(nodes).choose(last, wanted);
    losses.hide('other branch', nodes.length - path.length);
    return { turns: path, branch };
  }

  // ── Messages ───────────────────────────────────────────────────────────────────────────────────────────────────

  #toParts(block: JsonObject, { role }: Turn, losses: Tally): Part[] {
    switch (block['type']) {
      case 'text': {
        const text = textOf(block['text']) ?? '';
        const own = role === 'user' ? ownWords(text, losses) : text;
        return own.trim() === '' ? [] : [{ type: 'text', text: own }];
      }
      case 'thinking': {
        const text = textOf(block['thinking']) ?? '';
        if (text.trim() !== '' && block['redacted'] !== true) return [{ type: 'thinking', text }];
        losses.hide('encrypted reasoning');
        return [];
      }
      case 'toolCall':
        return this.#call(block, losses);
      case 'image':
        return this.#imageParts(block, losses);
      default:
        losses.unknown(`block ${textOf(block['type']) ?? 'without a type'}`);
        return [];
    }
  }

  #call(block: JsonObject, losses: Tally): Part[] {
    const result = this.#results.get(textOf(block['id']) ?? '');
    const texts = result?.blocks.map((each) => (each['type'] === 'text' ? textOf(each['text']) : undefined));
    const output = texts?.filter((text) => text !== undefined).join('\n');
    const call: ToolCallPart = {
      type: 'tool-call',
      name: textOf(block['name']) ?? 'tool',
      input: losses.inputOf(block['arguments']),
      ...(output !== undefined && { output }),
      status: result?.status ?? 'pending',
    };
    const images = result?.blocks.filter((each) => each['type'] === 'image') ?? [];
    return [call, ...images.flatMap((image) => this.#imageParts(image, losses))];
  }

  #imageParts(block: JsonObject, losses?: Tally): Part[] {
    const base64 = textOf(block['data']);
    if (base64) return [this.#files.add({ base64, mediaType: textOf(block['mimeType']) ?? 'image/png' })];
    losses?.unknown('image without bytes');
    return [];
  }
}

/** The line of a parent may be lost: then the line before stands for it. */
function joined(entries: readonly Entry[]): Entry[] {
  const ids = new Set(entries.map(({ id }) => id));
  return entries.map((entry, place) =>
    entry.parent === undefined || ids.has(entry.parent)
      ? entry
      : { ...entry, parent: entries[place - 1]?.id },
  );
}

/** Finds the entry of an id, or the nearest shown one before it; each way is walked once. */
function nearestShown(entries: readonly Entry[]): (id: string | undefined) => Entry | undefined {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const known = new Map<string, Entry | undefined>();
  return (id) => {
    const way = new Set<string>();
    let at = id === undefined ? undefined : byId.get(id);
    while (at && !at.turn && !known.has(at.id) && !way.has(at.id)) {
      way.add(at.id);
      at = at.parent === undefined ? undefined : byId.get(at.parent);
    }
    const found = at && (at.turn ? at : known.get(at.id));
    for (const passed of way) known.set(passed, found);
    return found;
  };
}

function commandOf(message: JsonObject): ToolCallPart {
  const isGood = message['cancelled'] !== true && (message['exitCode'] ?? 0) === 0;
  return {
    type: 'tool-call',
    name: 'bash',
    input: { command: textOf(message['command']) ?? '' },
    output: textOf(message['output']) ?? '',
    status: isGood ? 'done' : 'failed',
  };
}

/**
 * Takes off what pi puts before the person's words: the text of files that were named on its command line, and the
 * instructions of a skill, which was called by a command.
 */
function ownWords(text: string, losses: Tally): string {
  let rest = text;
  let commands = '';
  for (;;) {
    const [opening, tag, name = ''] = /^\s*<(file|skill) name="([^"\n]*)"[^>\n]*>/.exec(rest) ?? [];
    if (opening === undefined || tag === undefined) return commands + (commands ? rest.trimStart() : rest);
    const end = rest.indexOf(`</${tag}>`);
    rest = end === -1 ? '' : rest.slice(end + tag.length + 3).trimStart();
    if (tag === 'skill') commands += `/skill:${name} `;
    losses.hide('injected context');
  }
}

/** A message's content is a list of blocks, or a text alone. */
function blocksOf(content: unknown): JsonObject[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : objectsOf(content);
}
