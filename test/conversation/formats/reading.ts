import type { Part, Reading } from '../../../src/conversation/conversation.ts';
import {
  noAttachments,
  type Detection,
  type DocumentFormat,
  type Format,
  type LogFormat,
  type ReadOptions,
} from '../../../src/conversation/formats/format.ts';
import { parseObject } from '../../../src/conversation/formats/untyped.ts';

export const options: ReadOptions = {
  fallbackTitle: 'Untitled session',
  fallbackTime: '1970-01-01T00:00:00.000Z',
};

/** Reads records as a log holds them; a text stands for a line as it is, also one that is no JSON. */
export function readLog(
  format: LogFormat,
  lines: readonly unknown[],
  more: Partial<ReadOptions> = {},
): Reading {
  const reader = format.begin();
  for (const [index, line] of lines.entries()) {
    const text = lineOf(line);
    const record = format.skip?.(text) === undefined ? parseObject(text) : undefined;
    if (record) reader.take(record, index + 1);
  }
  return reader.finish({ ...options, ...more });
}

/** Reads a value as a document of which nothing lies beside. */
export async function readDocument(format: DocumentFormat, value: unknown): Promise<Reading> {
  return format.read(value, options, noAttachments);
}

/** The parts of each message. */
export function partsOf({ conversation }: Reading): Part[][] {
  return conversation.messages.map(({ parts }) => parts);
}

/** What a format says to a file of these lines, or of this one document. */
export function detect(format: Format, lines: readonly unknown[], document?: unknown): Detection | undefined {
  const texts = lines.map(lineOf);
  const records = texts.map(parseObject).filter((record) => record !== undefined);
  return format.detect({ lines: texts, records, document });
}

/** What a format says to a file of this text. */
export function detectText(format: Format, text: string): Detection | undefined {
  const lines = text.split('\n');
  return detect(format, lines, parseObject(text));
}

function lineOf(line: unknown): string {
  return typeof line === 'string' ? line : JSON.stringify(line);
}

/** Milliseconds of work that this process has done: unlike the clock, they do not count what other processes do. */
export function workMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
