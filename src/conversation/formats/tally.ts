import type { Losses } from '../conversation.ts';
import { oneLine } from './titles.ts';
import { isTooDeep, objectsOf, textOf } from './untyped.ts';

const longestType = 60;

/** Counts what a reader leaves out. */
export class Tally {
  readonly #hidden = new Map<string, number>();
  readonly #unknown = new Map<string, number>();

  /** To go on counting without changing this one. */
  copy(): Tally {
    const copy = new Tally();
    copy.add(this);
    return copy;
  }

  add(other: Tally): void {
    for (const [reason, count] of other.#hidden) this.hide(reason, count);
    for (const [type, count] of other.#unknown)
      this.#unknown.set(type, (this.#unknown.get(type) ?? 0) + count);
  }

  hide(reason: string, count = 1): void {
    if (count > 0) this.#hidden.set(reason, (this.#hidden.get(reason) ?? 0) + count);
  }

  unknown(type: string): void {
    const short = oneLine(type, longestType);
    this.#unknown.set(short, (this.#unknown.get(short) ?? 0) + 1);
  }

  /** The input of a tool call, unless it is nested so deep that it would overflow the stack of whoever walks it. */
  inputOf(value: unknown): unknown {
    if (!isTooDeep(value)) return value ?? null;
    this.hide('tool input nested too deep');
    return null;
  }

  /** What a tool gave back, as text: the text of text blocks, and any other JSON value as it would be written. */
  outputOf(value: unknown): string {
    if (typeof value === 'string') return value.toWellFormed();
    if (value === null || value === undefined) return '';
    const texts = objectsOf(value).map((block) => textOf(block['text']));
    if (Array.isArray(value) && texts.length === value.length && texts.every((text) => text !== undefined))
      return texts.join('\n');
    if (!isTooDeep(value)) return JSON.stringify(value, null, 2);
    this.hide('tool output nested too deep');
    return '';
  }

  toLosses(): Pick<Losses, 'hidden' | 'unknown' | 'malformedLines'> {
    // Entries rather than assignment: a record type may be called `__proto__`.
    return {
      hidden: Object.fromEntries(this.#hidden),
      unknown: Object.fromEntries(this.#unknown),
      malformedLines: [],
    };
  }
}
