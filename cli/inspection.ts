import { realpathSync, statSync } from 'node:fs';
import { ShareError } from '../src/errors.ts';
import type { Losses, Part, Reading } from '../src/conversation/conversation.ts';
import { createForeignReader, recogniseFile } from '../src/conversation/foreign.ts';
import { formatOf } from '../src/conversation/formats/formats.ts';
import { splitPath } from '../src/conversation/opencode-store.ts';
import { createSourceReader, type Source } from '../src/conversation/library.ts';
import { toSnapshot } from '../src/snapshot/privacy.ts';
import { counted, paint, print, printable } from './report.ts';

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

export interface Branch {
  number: number;
  messages: number;
  updatedAt: string;
  /** How its last message begins. */
  end: string;
}

const mostBranches = 30;

/** @throws ShareError as reading the file does. */
export async function inspectFile(path: string): Promise<Inspection> {
  const { file, session } = splitPath(path);
  if (statSync(file).isDirectory())
    throw new ShareError('source_invalid', `${path}: is a folder.`, {
      hint: 'Name the file, or the id of a conversation in the library.',
    });
  const real = realpathSync(file) + (session === undefined ? '' : `#${session}`);
  const { format, why } = await recogniseFile(real);
  const reader = createForeignReader();
  const read = (branch?: number) => reader.read(real, format, branch === undefined ? {} : { branch });
  return toInspection(format.kind, format.tool, why, read);
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
  const shown = toSnapshot(conversation, [], undefined, { thinking: true });
  const parts: Record<string, number> = {};
  for (const part of conversation.messages.flatMap((message) => partsBelow(message.parts)))
    parts[part.type] = (parts[part.type] ?? 0) + 1;
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
    parts,
    files: conversation.files.map((file) => file.name),
    losses,
    branches: await branchesOf(losses.branch?.of ?? 1, read),
  };
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
  printField('Times', `${minuteOf(seen.createdAt)} to ${minuteOf(seen.updatedAt)} UTC`);
  printField('Holds', [counted(seen.rounds, 'round'), counted(seen.messages, 'message')].join(' · '));
  printField('Parts', partsLine(seen.parts));
  if (seen.files.length > 0) printField('Files', seen.files.map(printable).join(', '));
  printLosses(seen.losses);
  printBranches(seen);
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
