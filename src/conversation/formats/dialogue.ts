import type { Message, Part, Reading, ToolCallPart, ToolStatus } from '../conversation.ts';
import type { ReadOptions } from './format.ts';
import { InlineFiles } from './inline-files.ts';
import { Tally } from './tally.ts';
import { timesOf } from './times.ts';
import { firstWords, oneLine } from './titles.ts';
import { noMessages } from './no-messages.ts';

/** What a tool gave back. */
export interface Answer {
  /** Of the call; where it is not given, the first call that waits, of that name if there is one. */
  id?: string | undefined;
  name?: string | undefined;
  output: string;
  status?: ToolStatus;
}

export interface About {
  tool: string;
  type: string;
  title?: string | undefined;
  createdAt?: string | undefined;
  updatedAt?: string | undefined;
  /** Never published. */
  agent?: Readonly<Record<string, unknown>>;
}

/** An answer without an id looks at so many calls that wait: a broken file may hold any number. */
const mostLookedAt = 100;

/**
 * Builds a conversation out of messages that simply follow one another: what readers of formats without a tree have in
 * common.
 */
export class Dialogue {
  readonly files = new InlineFiles();
  readonly losses = new Tally();
  readonly #messages: Message[] = [];
  readonly #ids = new Set<string>();
  /** Calls without an answer, in order. */
  readonly #waiting = new Set<ToolCallPart>();
  readonly #byId = new Map<string, ToolCallPart>();

  /**
   * Adds what one message shows; nothing where it shows nothing.
   *
   * @param place  Of the message in its source, 1-based; its id where the source gives none.
   */
  add(
    place: number,
    role: 'user' | 'assistant',
    parts: readonly Part[],
    { id, createdAt }: { id?: string | undefined; createdAt?: string | undefined } = {},
  ): void {
    if (parts.length === 0) return;
    this.#messages.push({
      id: this.#freeId(id || `message-${place}`),
      role,
      ...(createdAt !== undefined && { createdAt }),
      parts: [...parts],
    });
  }

  /** Goes on with the last message, if it is the assistant's. */
  addToLast(place: number, parts: readonly Part[]): void {
    const last = this.#messages.at(-1);
    if (last?.role === 'assistant') last.parts.push(...parts);
    else this.add(place, 'assistant', parts);
  }

  /** A call that waits for its answer, by its id if it has one. */
  call(name: string | undefined, input: unknown, id?: string): ToolCallPart {
    const call = this.endedCall(name, input, { status: 'pending' });
    this.#waiting.add(call);
    if (id !== undefined) this.#byId.set(id, call);
    return call;
  }

  /** A call that no later message answers. */
  endedCall(
    name: string | undefined,
    input: unknown,
    { output, status }: { output?: string | undefined; status: ToolStatus },
  ): ToolCallPart {
    return {
      type: 'tool-call',
      name: name?.trim() || 'tool',
      input: this.losses.inputOf(input),
      ...(output !== undefined && { output }),
      status,
    };
  }

  /**
   * Joins an answer to its call.
   *
   * @returns Nothing; a call of its own where there is none that it answers.
   */
  answer({ id, name, output, status = 'done' }: Answer): Part[] {
    const call = id === undefined ? this.#firstWaiting(name) : this.#byId.get(id);
    if (call === undefined || !this.#waiting.delete(call))
      return [this.endedCall(name, null, { output, status })];
    call.output = output;
    call.status = status;
    return [];
  }

  /** @throws ShareError `source_invalid` when no message was added. */
  toReading(about: About, { fallbackTitle, fallbackTime }: ReadOptions): Reading {
    const messages = this.#messages;
    if (messages.length === 0) throw noMessages('conversation');
    const { createdAt, updatedAt } = timesOf(messages, fallbackTime);
    return {
      conversation: {
        title: oneLine(about.title ?? '') || (firstWords(messages) ?? fallbackTitle),
        type: about.type,
        createdAt: about.createdAt ?? createdAt,
        updatedAt: about.updatedAt ?? updatedAt,
        owner: {},
        agent: { tool: about.tool, ...about.agent },
        settings: {},
        messages,
        files: this.files.shown(messages),
      },
      losses: this.losses.toLosses(),
    };
  }

  #firstWaiting(name: string | undefined): ToolCallPart | undefined {
    let looked = 0;
    for (const call of this.#waiting) {
      if (name === undefined || call.name === name) return call;
      looked += 1;
      if (looked === mostLookedAt) return undefined;
    }
    return undefined;
  }

  #freeId(wanted: string): string {
    let id = wanted;
    for (let n = 2; this.#ids.has(id); n += 1) id = `${wanted}-${n}`;
    this.#ids.add(id);
    return id;
  }
}

/** What a model said, as parts. */
export function spokenParts(text: string): Part[] {
  const { thoughts, words } = dividedThoughts(text);
  return [...thoughts, ...textParts(words)];
}

/**
 * Many models write `<think>…</think>` before their answer. Thinking that never ends is all there is: rather too little
 * is shown than too much.
 */
export function dividedThoughts(text: string): { thoughts: Part[]; words: string } {
  const thoughts: Part[] = [];
  let words = text;
  for (;;) {
    const [opening = '', tag = ''] = /^\s*<(think|thinking)>/.exec(words) ?? [];
    if (opening === '') return { thoughts, words };
    const closing = `</${tag}>`;
    const end = words.indexOf(closing);
    thoughts.push(...thinkingParts(words.slice(opening.length, end === -1 ? undefined : end)));
    words = end === -1 ? '' : words.slice(end + closing.length).replace(/^\s*\n/, '');
  }
}

export function textParts(text: string | undefined): Part[] {
  return text === undefined || text.trim() === '' ? [] : [{ type: 'text', text }];
}

export function thinkingParts(text: string | undefined): Part[] {
  return text === undefined || text.trim() === '' ? [] : [{ type: 'thinking', text: text.trim() }];
}
