import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { Conversation, Losses, Part, Reading } from '../src/conversation/conversation.ts';
import { createForeignReader, recogniseFile } from '../src/conversation/foreign.ts';
import { formatOf } from '../src/conversation/formats/formats.ts';
import { isExport, openExport } from '../src/conversation/import.ts';
import { addLosses, noLosses } from '../src/conversation/losses.ts';
import { splitPath } from '../src/conversation/opencode-store.ts';
import { createSourceReader, nativeAt, type Source } from '../src/conversation/library.ts';
import { toSnapshot } from '../src/snapshot/privacy.ts';
import { argument, counted, paint, print, printable, say } from './report.ts';

/** The documented shape of `inspect --json`: what a file is, what of it would be shown, and what would not. */
export interface Inspection {
  kind: string;
  tool: string;
  /** Why it was taken for that; null for what is in the library already. */
  why: string | null;
  title: string;
  type: string;
  createdAt: string;
  updatedAt: string;
  rounds: number;
  messages: number;
  /** Type of part → how many, those of sub-agents included. */
  parts: Record<string, number>;
  files: string[];
  losses: Losses;
  /** Where there is more than one. */
  branches: Branch[];
}

/** The documented shape of `inspect --json` for an export of many conversations: what is in all of them together. */
export interface ExportInspection extends Pick<
  Inspection,
  'kind' | 'tool' | 'why' | 'createdAt' | 'updatedAt' | 'rounds' | 'messages' | 'parts' | 'losses'
> {
  path: string;
  conversations: number;
  /** Why a conversation could not be read. */
  problems: string[];
}

export interface Branch {
  number: number;
  messages: number;
  updatedAt: string;
  /** How its last message begins. */
  end: string;
}

const mostBranches = 30;

/** @throws ShareError as reading the file does. */
export async function inspectFile(path: string): Promise<Inspection | ExportInspection> {
  const { file, session } = splitPath(path);
  const native = await nativeAt(path);
  if (native !== undefined) return inspectSource(native);
  if (isExport(file)) return inspectExport(file);
  const real = realpathSync(file) + (session === undefined ? '' : `#${session}`);
  const { format, why, many } = await recogniseFile(real);
  if (many === true) {
    const seen = await inspectExport(file);
    if (seen.conversations !== 1) return seen;
  }
  const reader = createForeignReader();
  const read = (branch?: number) => reader.read(real, format, branch === undefined ? {} : { branch });
  return toInspection(format.kind, format.tool, why, read);
}

async function inspectExport(path: string): Promise<ExportInspection> {
  const source = await openExport(path);
  const { kind, tool, why } = source;
  const sums = {
    conversations: 0,
    rounds: 0,
    messages: 0,
    parts: {} as Record<string, number>,
    losses: noLosses,
  };
  const times: string[] = [];
  const problems: string[] = [];
  try {
    for await (const found of source.conversations()) {
      if ('problem' in found) problems.push(found.problem.message);
      else {
        const { rounds, createdAt, updatedAt } = shownOf(found.conversation);
        sums.conversations += 1;
        sums.rounds += rounds.length;
        sums.messages += found.conversation.messages.length;
        sums.parts = countParts(found.conversation, sums.parts);
        sums.losses = addLosses(sums.losses, found.losses);
        times.push(createdAt, updatedAt);
      }
    }
  } finally {
    source.close();
  }
  times.sort();
  const [createdAt = '', updatedAt = createdAt] = [times[0], times.at(-1)];
  return { path, kind, tool, why, createdAt, updatedAt, ...sums, problems };
}

export async function inspectSource(source: Source): Promise<Inspection> {
  const read = createSourceReader();
  const tool = formatOf(source.kind)?.tool ?? 'conversation-share';
  return toInspection(source.kind, tool, null, (branch) =>
    read(branch === undefined ? source : { ...source, options: { ...source.options, branch } }),
  );
}

async function toInspection(
  kind: string,
  tool: string,
  why: string | null,
  read: (branch?: number) => Promise<Reading>,
): Promise<Inspection> {
  const { conversation, losses } = await read();
  const shown = shownOf(conversation);
  // The branches of a copy stayed in the export.
  const branches = kind === 'native' ? 1 : (losses.branch?.of ?? 1);
  return {
    kind,
    tool,
    why,
    title: shown.title,
    type: shown.type,
    createdAt: shown.createdAt,
    updatedAt: shown.updatedAt,
    rounds: shown.rounds.length,
    messages: conversation.messages.length,
    parts: countParts(conversation),
    files: conversation.files.map((file) => file.name),
    losses,
    branches: await branchesOf(branches, read),
  };
}

function shownOf(conversation: Conversation) {
  return toSnapshot(conversation, [], undefined, { thinking: true });
}

/** Type of part → how many, on top of those in `before`. */
function countParts(
  conversation: Conversation,
  before: Readonly<Record<string, number>> = {},
): Record<string, number> {
  const counts = { ...before };
  for (const part of conversation.messages.flatMap((message) => partsBelow(message.parts)))
    counts[part.type] = (counts[part.type] ?? 0) + 1;
  return counts;
}

function partsBelow(parts: readonly Part[]): Part[] {
  return parts.flatMap((part) => [
    part,
    ...(part.type === 'tool-call' ? (part.subAgent?.messages ?? []) : []).flatMap((message) =>
      partsBelow(message.parts),
    ),
  ]);
}

async function branchesOf(
  count: number,
  read: (branch: number) => Promise<Reading>,
): Promise<Inspection['branches']> {
  const branches: Branch[] = [];
  if (count === 1) return branches;
  for (let number = 1; number <= Math.min(count, mostBranches); number++) {
    const { messages, updatedAt } = (await read(number)).conversation;
    const last = messages.at(-1)?.parts.find((part) => part.type === 'text');
    branches.push({ number, messages: messages.length, updatedAt, end: beginningOf(last?.text ?? '') });
  }
  return branches;
}

function beginningOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return Array.from(line).slice(0, 60).join('') + (line.length > 60 ? '…' : '');
}

// ── For a person ─────────────────────────────────────────────────────────────────────────────────────────────────

export function printInspection(seen: Inspection): void {
  print(paint('bold', printable(seen.title)));
  printField('Format', seen.why === null ? seen.tool : `${seen.tool}, because ${printable(seen.why)}`);
  printField('Type', printable(seen.type));
  printAmounts(seen);
  if (seen.files.length > 0) printField('Files', seen.files.map(printable).join(', '));
  printLosses(seen.losses);
  printBranches(seen);
}

export function printExport(seen: ExportInspection): void {
  print(paint('bold', printable(basename(seen.path))));
  printField('Format', `${seen.tool}, because ${printable(seen.why ?? '')}`);
  printAmounts(seen, [counted(seen.conversations, 'conversation')]);
  printLosses(seen.losses);
  for (const [index, problem] of seen.problems.entries())
    printField(index === 0 ? 'Not read' : '', printable(problem));
  say(`\`share import ${argument(seen.path)} --dry-run\` lists them.`);
}

function printAmounts(
  { createdAt, updatedAt, rounds, messages, parts }: Inspection | ExportInspection,
  holds: string[] = [],
): void {
  if (createdAt !== '') printField('Times', `${minuteOf(createdAt)} to ${minuteOf(updatedAt)} UTC`);
  printField('Holds', [...holds, counted(rounds, 'round'), counted(messages, 'message')].join(' · '));
  if (messages > 0) printField('Parts', partsLine(parts));
}

/** What a reader left out; nothing where it left out nothing. */
export function printLosses({ hidden, unknown, malformedLines, branch }: Losses): void {
  if (branch && branch.of > 1) printField('Branch', `${branch.taken} of ${branch.of}`);
  printCounts('Hidden', hidden);
  printCounts('Unknown', unknown);
  if (malformedLines.length > 0)
    printField('Broken', `${lineList(malformedLines)} ${malformedLines.length === 1 ? 'is' : 'are'} no JSON`);
}

function printCounts(label: string, counts: Record<string, number>): void {
  const rows = Object.entries(counts).sort(([, one], [, other]) => other - one);
  for (const [index, [what, count]] of rows.entries())
    printField(index === 0 ? label : '', `${String(count).padStart(5)}  ${printable(what)}`);
}

const mostLines = 12;

function lineList(lines: readonly number[]): string {
  const some = lines.slice(0, mostLines).join(', ');
  return `${lines.length === 1 ? 'line' : 'lines'} ${some}${lines.length > mostLines ? ` and ${lines.length - mostLines} more` : ''}`;
}

function printBranches({ branches, losses }: Inspection): void {
  for (const [index, { number, messages, updatedAt, end }] of branches.entries()) {
    const mark = number === losses.branch?.taken ? '*' : ' ';
    const line = `${mark} ${number}  ${counted(messages, 'message')}, ${minuteOf(updatedAt)}, ends “${printable(end)}”`;
    printField(index === 0 ? 'Branches' : '', line);
  }
  const more = (losses.branch?.of ?? 0) - branches.length;
  if (branches.length > 0 && more > 0) printField('', `  and ${more} more`);
}

function printField(label: string, text: string): void {
  print(`  ${paint('dim', label.padEnd(8))}  ${text}`);
}

function partsLine(parts: Record<string, number>): string {
  return Object.entries(parts)
    .map(([type, count]) => `${count} ${type}`)
    .join(' · ');
}

function minuteOf(time: string): string {
  return time.replace('T', ' ').slice(0, 16);
}
