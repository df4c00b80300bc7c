import type { Head } from './format.ts';
import { parseObject } from './untyped.ts';

/*
 * Markdown transcripts are read line by line: what stands in a code block is never the beginning of a turn.
 */

/** A transcript may hold JSON, but does not begin with it. */
export function isText({ lines, document }: Head): boolean {
  const first = lines.find((line) => line.trim() !== '');
  return document === undefined && first !== undefined && parseObject(first) === undefined;
}

export function linesOf(text: string): string[] {
  return text.toWellFormed().split('\n').map(withoutReturn);
}

/** Lines may end as on Windows. */
export function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

const fencePattern = /^\s{0,20}(`{3,}|~{3,})(.*)$/;

interface Fence {
  /** Of its line. */
  index: number;
  run: string;
  /** What stands behind it. */
  rest: string;
}

/** A fenced code block; its fences are at `start` and `end`. */
export interface Block {
  start: number;
  end: number;
  /** What stands behind the opening fence: the language. */
  info: string;
}

/**
 * The fenced code blocks (CommonMark 0.31, 4.5; fences may be indented, as in lists). A fence that is never closed is
 * none here: it would swallow all turns that follow.
 */
export function codeBlocks(lines: readonly string[]): Block[] {
  const fences = fencesIn(lines);
  const longest = longestCloserAfter(fences);
  const blocks: Block[] = [];
  let open: Fence | undefined;
  for (const [place, fence] of fences.entries())
    if (open === undefined) {
      if (canOpen(fence) && (longest[place]?.[kindOf(fence)] ?? 0) >= fence.run.length) open = fence;
    } else if (canClose(fence) && fence.run.startsWith(open.run)) {
      blocks.push({ start: open.index, end: fence.index, info: open.rest });
      open = undefined;
    }
  return blocks;
}

function fencesIn(lines: readonly string[]): Fence[] {
  const fences: Fence[] = [];
  for (const [index, line] of lines.entries()) {
    if (!line.includes('```') && !line.includes('~~~')) continue;
    const [, run, rest = ''] = fencePattern.exec(line) ?? [];
    if (run !== undefined) fences.push({ index, run, rest: rest.trim() });
  }
  return fences;
}

type FenceKind = 'backtick' | 'tilde';

function kindOf({ run }: Fence): FenceKind {
  return run.startsWith('`') ? 'backtick' : 'tilde';
}

function canOpen(fence: Fence): boolean {
  return kindOf(fence) === 'tilde' || !fence.rest.includes('`');
}

function canClose({ rest }: Fence): boolean {
  return rest === '';
}

/** For each fence the length of the longest one of each kind after it that could close a block. */
function longestCloserAfter(fences: readonly Fence[]): Record<FenceKind, number>[] {
  let longest = { backtick: 0, tilde: 0 };
  const after: Record<FenceKind, number>[] = [];
  for (const fence of [...fences].reverse()) {
    after.push(longest);
    const kind = kindOf(fence);
    if (canClose(fence) && fence.run.length > longest[kind])
      longest = { ...longest, [kind]: fence.run.length };
  }
  return after.reverse();
}

/** Which lines belong to a code block, its fences included. */
export function codeLines(lines: readonly string[]): boolean[] {
  const isCode = lines.map(() => false);
  for (const { start, end } of codeBlocks(lines)) isCode.fill(true, start, end + 1);
  return isCode;
}

/** The lines as one text, without the empty lines and rules around them, which part turns from one another. */
export function bodyOf(lines: readonly string[]): string {
  const isEdge = (line: string) => line.trim() === '' || isRule(line);
  const start = lines.findIndex((line) => !isEdge(line));
  const end = lines.findLastIndex((line) => !isEdge(line));
  return start === -1 ? '' : lines.slice(start, end + 1).join('\n');
}

function isRule(line: string): boolean {
  return ['---', '***', '___', '_****_'].includes(line.trim());
}
