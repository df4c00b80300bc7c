/*
 * The patches of Codex's `apply_patch`: `*** Add File: <path>` with lines that begin with `+`, `*** Delete File: <path>`,
 * `*** Update File: <path>` with hunks, which name no lines but hold what stands around a change.
 */

export type FilePatch =
  | { kind: 'add'; path: string; text: string }
  | { kind: 'delete'; path: string }
  | { kind: 'update'; path: string; movedTo: string | undefined; hunks: Hunk[] };

interface Hunk {
  /** A line that stands before the change. */
  after: string;
  removed: string[];
  added: string[];
}

/** The patches in a text: a patch, or a command with one in it. */
export function patchesIn(text: string): FilePatch[] {
  const body = /\*\*\* Begin Patch\r?\n([\s\S]*?)(?:\*\*\* End Patch|$)/.exec(text)?.[1] ?? '';
  const sections = body.split(/^(?=\*\*\* (?:Add|Delete|Update) File: )/m);
  return sections.map(toPatch).filter((patch) => patch !== undefined);
}

function toPatch(section: string): FilePatch | undefined {
  const [head = '', ...lines] = section.split(/\r?\n/);
  const [, kind, path = ''] = /^\*\*\* (Add|Delete|Update) File: (.+)$/.exec(head) ?? [];
  if (lines.at(-1) === '') lines.pop();
  if (kind === 'Add') return { kind: 'add', path, text: lines.map((line) => `${line.slice(1)}\n`).join('') };
  if (kind === 'Delete') return { kind: 'delete', path };
  if (kind !== 'Update') return undefined;
  const movedTo = /^\*\*\* Move to: (.+)$/.exec(lines[0] ?? '')?.[1];
  return { kind: 'update', path, movedTo, hunks: hunksIn(lines.slice(movedTo === undefined ? 0 : 1)) };
}

function hunksIn(lines: readonly string[]): Hunk[] {
  const hunks: Hunk[] = [];
  for (const line of lines) {
    const begun = hunks.at(-1);
    if (line.startsWith('@@')) hunks.push({ after: headerOf(line), removed: [], added: [] });
    else if (line.startsWith('***')) continue;
    else if (begun) addLine(begun, line);
    else hunks.push(addLine({ after: '', removed: [], added: [] }, line));
  }
  return hunks;
}

/** Line numbers, which only patches of other tools have, say nothing that the lines do not say. */
function headerOf(line: string): string {
  return line.replace(/^@@ ?(?:-\d[^@]*@@ ?)?/, '').trim();
}

function addLine(hunk: Hunk, line: string): Hunk {
  const text = line.slice(1);
  if (!line.startsWith('+')) hunk.removed.push(text);
  if (!line.startsWith('-')) hunk.added.push(text);
  return hunk;
}

/** Undefined where a hunk does not fit. */
export function applyHunks(text: string, hunks: readonly Hunk[]): string | undefined {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const result: string[] = [];
  let from = 0;
  for (const { after, removed, added } of hunks) {
    const start = after === '' ? from : placeOf([after], lines, from);
    const at = start === undefined ? undefined : placeOf(removed, lines, start);
    if (at === undefined) return undefined;
    for (const line of lines.slice(from, at)) result.push(line);
    result.push(...added);
    from = at + removed.length;
  }
  return [...result, ...lines.slice(from), ''].join('\n');
}

/** As Codex looks for it: as it is, else with other white space around. What removes nothing adds to the end. */
function placeOf(wanted: readonly string[], lines: readonly string[], from: number): number | undefined {
  if (wanted.length === 0) return lines.length;
  for (const same of [
    (line: string) => line,
    (line: string) => line.trimEnd(),
    (line: string) => line.trim(),
  ])
    for (let at = from; at <= lines.length - wanted.length; at += 1)
      if (wanted.every((line, index) => same(lines[at + index] ?? '') === same(line))) return at;
  return undefined;
}
