import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { eachLine, lineText, refuseIrregular, toSourceError, type Line } from './disk.ts';
import { startLength, type LogFormat, type LogReader } from './formats/format.ts';
import { Tally } from './formats/tally.ts';
import { parseObject } from './formats/untyped.ts';
import { inSmallYoungSpace } from './young-space.ts';

/** What a log held when it was looked at last. */
export interface LogState {
  reader: LogReader;
  /** Lines that are no JSON object, 1-based. The last one is left out while it has no end: it is being written. */
  malformedLines: readonly number[];
  /** What `LogFormat.skip` passed over. */
  skipped: Tally;
}

/** Less is read before V8 has made room for it. */
const manyBytes = 4_000_000n;

/**
 * A log that is read on from where it ended: one appended record costs its own bytes.
 *
 * It is read from its beginning when it is another file, became shorter, changed without growing, or does not hold any
 * more what stood before the place where it ended. A change further up that comes together with new lines is seen by
 * the next process only: to see it at once, every look would have to read everything.
 */
export class LogFile {
  readonly #path: string;
  readonly #format: LogFormat;
  #state: Reading | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param path  Absolute. Nothing is read yet. */
  constructor(path: string, format: LogFormat) {
    this.#path = path;
    this.#format = format;
  }

  /**
   * Reads what is new. Calls wait for one another.
   *
   * @throws ShareError `source_missing`, `source_unreadable`, `source_invalid` (no regular file).
   */
  update(): Promise<LogState> {
    const turn = this.#turn.then(() => this.#update());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #update(): Promise<LogState> {
    let file: FileHandle | undefined;
    try {
      file = await open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
      const stats = await file.stat({ bigint: true });
      refuseIrregular(stats, this.#path);
      const state = (await goesOn(this.#state, stats, file)) ? this.#state : undefined;
      const reading = state ?? new Reading(this.#format);
      this.#state = reading;
      const opened = file;
      const read = () => reading.readOn(opened, stats);
      await (stats.size - BigInt(reading.offset) > manyBytes ? inSmallYoungSpace(read) : read());
      return reading;
    } catch (error) {
      this.#state = undefined; // it may hold half of a line
      throw toSourceError(error, this.#path);
    } finally {
      await file?.close();
    }
  }
}

async function goesOn(state: Reading | undefined, stats: BigIntStats, file: FileHandle): Promise<boolean> {
  if (!state || state.stats === undefined || state.stats.ino !== stats.ino || state.stats.dev !== stats.dev)
    return false;
  if (stats.size < state.offset) return false;
  if (stats.size === BigInt(state.offset) && stats.mtimeNs !== state.stats.mtimeNs) return false;
  const { length } = state.tail;
  const now = Buffer.alloc(length);
  const { bytesRead } = await file.read(now, 0, length, state.offset - length);
  return bytesRead === length && now.equals(state.tail);
}

const tailBytes = 1024;

class Reading implements LogState {
  readonly reader: LogReader;
  readonly malformedLines: number[] = [];
  readonly skipped = new Tally();
  /** Bytes that were taken. */
  offset = 0;
  /** The bytes before `offset`, to see that the file is still the same. */
  tail: Buffer = Buffer.alloc(0);
  stats: BigIntStats | undefined;
  readonly #format: LogFormat;
  #line = 0;
  /** The last line was taken before its end was written. */
  #isOpen = false;

  constructor(format: LogFormat) {
    this.#format = format;
    this.reader = format.begin();
  }

  async readOn(file: FileHandle, stats: BigIntStats): Promise<void> {
    await eachLine(file, this.offset, (line) => this.#take(line));
    this.stats = stats;
    await this.#remember(file);
  }

  #take(line: Line): void {
    if (this.#isOpen) {
      // What follows a record on its line is no record.
      if (lineText(line.bytes).trim() !== '') this.malformedLines.push(this.#line);
    } else if (!this.#takeLine(line)) return;
    this.#isOpen = !line.isWhole;
    this.offset += line.sizeBytes;
  }

  /** False where the line is not to be taken yet. */
  #takeLine({ bytes, isWhole }: Line): boolean {
    const reason = this.#format.skip?.(startOf(bytes));
    const text = reason === undefined ? this.#textOf(bytes) : '';
    const record = text.trim() === '' ? undefined : parseObject(text);
    if (record === undefined && !isWhole) return false;
    this.#line += 1;
    if (record) this.reader.take(record, this.#line);
    else if (reason !== undefined) this.skipped.hide(reason);
    else if (text.trim() !== '') this.malformedLines.push(this.#line);
    return true;
  }

  #textOf(bytes: Buffer): string {
    const text = lineText(bytes);
    return this.#line === 0 ? text.replace(/^\uFEFF/, '') : text;
  }

  async #remember(file: FileHandle): Promise<void> {
    const length = Math.min(tailBytes, this.offset);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, this.offset - length);
    this.tail = buffer;
  }
}

/** Most bytes of a log are in lines that are passed over: those are not even decoded. */
function startOf(bytes: Buffer): string {
  return bytes.toString('latin1', 0, startLength);
}
