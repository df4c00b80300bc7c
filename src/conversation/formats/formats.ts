import { claudeCode, claudeCodeWeb } from './claude-code.ts';
import { gemini, geminiDocument } from './gemini.ts';
import type { Detection, Format, Head } from './format.ts';
import { opencode, opencodeDatabase, opencodeEvents, opencodeFiles } from './opencode.ts';
import { pi } from './pi.ts';

/**
 * Every format that is read. The order is that of detection: what has marks of its own stands before what is known by
 * marks that others have too.
 */
export const formats: readonly Format[] = [
  claudeCodeWeb,
  geminiDocument,
  gemini,
  opencode,
  opencodeFiles,
  opencodeDatabase,
  opencodeEvents,
  pi,
  claudeCode,
];

export interface Recognised extends Detection {
  format: Format;
}

/** By content and not by name; undefined where no format fits. */
export function recognise(head: Head): Recognised | undefined {
  for (const format of formats) {
    const detection = format.detect(head);
    if (detection !== undefined) return { format, ...detection };
  }
  return undefined;
}

export function formatOf(kind: string): Format | undefined {
  return formats.find((format) => format.kind === kind);
}
