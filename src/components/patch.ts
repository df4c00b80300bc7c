import { changeOfRuns, type Run, type Sign } from './diff.ts';
import type { FileChange } from './tool-call.ts';

const signs: Readonly<Record<string, Sign>> = { '+': '+', '-': '−', ' ': ' ' };

/** UTF-16 units. A longer text is shown as it is: taken apart, a megabyte of it takes most of a second. */
const longestPatch = 1_000_000;

/**
 * Reads a patch as Codex writes it: `*** Begin Patch`, then `*** Add File: path` and others, each with its lines.
 *
 * @returns Undefined where the text is no such patch, or too long.
 */
export function patchesIn(text: string): FileChange[] | undefined {
  if (text.length > longestPatch) return undefined;
  const body = /\*\*\* Begin Patch\r?\n([^]*?)(?:\r?\n\*\*\* End Patch|$)/.exec(text)?.[1];
  const files = body?.split(/^\*\*\* (?=(?:Add|Update|Delete) File: )/m).slice(1) ?? [];
  // One that is ended may change nothing.
  return files.length > 0 || /^\*\*\* End Patch/m.test(text) ? files.map(fileChange) : undefined;
}

const notes: Readonly<Record<string, string>> = { Add: ' (new)', Delete: ' (deleted)' };

function fileChange(section: string): FileChange {
  const [head = '', ...lines] = section.replace(/\n$/, '').split('\n');
  const [, action = '', path = ''] = /^(Add|Update|Delete) File: (.*)$/.exec(head.trimEnd()) ?? [];
  const moved = /^\*\*\* Move to: (.*)$/m.exec(section)?.[1];
  const note = notes[action] ?? (moved === undefined ? '' : ` → ${moved.trim()}`);
  return { file: path + note, ...changeOfRuns(runsOf(lines)) };
}

function runsOf(lines: readonly string[]): Run[] {
  const runs: Run[] = [];
  for (const line of lines) {
    // `@@ …` says where in the file; it parts what is not side by side there.
    const sign = line === '' ? ' ' : signs[line.charAt(0)];
    if (sign === undefined) continue;
    const last = runs.at(-1);
    if (last?.sign === sign) last.lines.push(line.slice(1));
    else runs.push({ sign, lines: [line.slice(1)] });
  }
  return runs;
}
