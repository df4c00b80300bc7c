import type { Reading } from '../../../src/conversation/conversation.ts';
import {
  startLength,
  type Detection,
  type Format,
  type LogFormat,
  type LogReader,
  type ReadOptions,
} from '../../../src/conversation/formats/format.ts';
import { parseObject } from '../../../src/conversation/formats/untyped.ts';

export const options: ReadOptions = {
  fallbackTitle: 'Untitled session',
  fallbackTime: '1970-01-01T00:00:00.000Z',
};

/**
 * Reads records as a log holds them; a text stands for a line as it is, also one that is no JSON.
 *
 * @param companions  Lines of the files beside it, by name.
 */
export function readLog(
  format: LogFormat,
  lines: readonly unknown[],
  more: Partial<ReadOptions> = {},
  companions: Readonly<Record<string, readonly unknown[]>> = {},
): Reading {
  const others = Object.entries(companions).map(([name, own]): [string, LogReader] => [
    name,
    taken(format, own),
  ]);
  return taken(format, lines).finish({ ...options, ...more }, new Map(others));
}

function taken(format: LogFormat, lines: readonly unknown[]): LogReader {
  const reader = format.begin();
  for (const [index, line] of lines.entries()) {
    const text = lineOf(line);
    const record = format.skip?.(text.slice(0, startLength)) === undefined ? parseObject(text) : undefined;
    if (record) reader.take(record, index + 1);
  }
  return reader;
}

/** What a format says to a file of these lines, or of this one document. */
export function detect(format: Format, lines: readonly unknown[], document?: unknown): Detection | undefined {
  const texts = lines.map(lineOf);
  const records = texts.map(parseObject).filter((record) => record !== undefined);
  return format.detect({ lines: texts, records, document });
}

function lineOf(line: unknown): string {
  return typeof line === 'string' ? line : JSON.stringify(line);
}
