/**
 * How fast are the files of other tools read, in how much memory, and what does one more message cost?
 *
 *     node bench/readers.ts [--max 212]
 *
 * Each reading is a process of its own; beside it another that does nothing but `JSON.parse` with the same file, line by
 * line where it is a log (of a text, nothing but decoding), in turn with it, because machines differ. Times are of the
 * processor, medians.
 */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createForeignReader, recogniseFile } from '../src/conversation/foreign.ts';
import { openExport } from '../src/conversation/import.ts';
import { claudeLines, codexLines, messageLine, type Tool } from './agent-logs.ts';
import {
  chatGptConversations,
  claudeConversations,
  geminiLines,
  piLines,
  specStoryTurns,
} from './other-files.ts';
import { median } from './support.ts';

const self = fileURLToPath(import.meta.url);
const megabyte = 1_000_000;

interface Measured {
  /** Of one core, helper threads for garbage included: what else the machine does changes it little. */
  cpuMs: number;
  /** `VmHWM`: the most that was resident; and before the file was read, which is more in a checkout, that strips types. */
  peakMb: number;
  baseMb: number;
}

interface Kind {
  shape: 'log' | 'document' | 'text';
  pieces: () => Generator<string>;
}

/** One for each way in which files are read, and the logs that are the largest. */
const kinds = {
  'claude-code': { shape: 'log', pieces: claudeLines },
  codex: { shape: 'log', pieces: codexLines },
  gemini: { shape: 'log', pieces: geminiLines },
  pi: { shape: 'log', pieces: piLines },
  chatgpt: { shape: 'document', pieces: chatGptConversations },
  'claude-ai': { shape: 'document', pieces: claudeConversations },
  specstory: { shape: 'text', pieces: specStoryTurns },
} satisfies Record<string, Kind>;

type KindName = keyof typeof kinds;
const kindNames = Object.keys(kinds) as KindName[];

export interface Speed {
  kind: KindName;
  sizeMb: number;
  readMbPerS: number;
  parseMbPerS: number;
  readPeakMb: number;
  parsePeakMb: number;
  baseMb: number;
}

/** @param sizeMb  Of the file. */
export function speedOf(kind: KindName, sizeMb: number, runs = 3): Speed {
  const folder = mkdtempSync(join(tmpdir(), 'bench-readers-'));
  const { shape, pieces } = kinds[kind];
  const path = join(folder, { log: 'log.jsonl', document: 'conversations.json', text: 'session.md' }[shape]);
  if (shape === 'document') writeArray(path, pieces(), sizeMb * megabyte);
  else writeLines(path, pieces(), sizeMb * megabyte);
  const size = statSync(path).size / megabyte;
  const [reads, parses]: [Measured[], Measured[]] = [[], []];
  for (let run = 0; run < runs; run++) {
    reads.push(measure('read', shape, path));
    parses.push(measure('parse', shape, path));
  }
  rmSync(folder, { recursive: true });
  return {
    kind,
    sizeMb,
    readMbPerS: (size / median(reads.map(({ cpuMs }) => cpuMs))) * 1000,
    parseMbPerS: (size / median(parses.map(({ cpuMs }) => cpuMs))) * 1000,
    readPeakMb: Math.max(...reads.map(({ peakMb }) => peakMb)),
    parsePeakMb: Math.max(...parses.map(({ peakMb }) => peakMb)),
    baseMb: median(reads.map(({ baseMb }) => baseMb)),
  };
}

/** @returns Median ms of reading a log on that has `messages` messages, and one more. */
export async function appendTo(tool: Tool, messages: number, runs = 15): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-readers-'));
  const path = join(folder, 'log.jsonl');
  writeLines(
    path,
    Array.from({ length: messages }, (_, index) => messageLine(tool, index)),
    Infinity,
  );
  const reader = createForeignReader();
  const { format } = await recogniseFile(path);
  await reader.read(path, format);
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    appendFileSync(path, `${messageLine(tool, messages + run)}\n`);
    times.push(await cpuTime(() => reader.read(path, format)));
  }
  rmSync(folder, { recursive: true });
  return median(times);
}

function writeLines(path: string, lines: Iterable<string>, bytes: number): void {
  const file = openSync(path, 'w');
  let left = bytes;
  for (const line of lines) {
    left -= writeSync(file, `${line}\n`);
    if (left <= 0) break;
  }
  closeSync(file);
}

function writeArray(path: string, values: Iterable<string>, bytes: number): void {
  const file = openSync(path, 'w');
  let left = bytes;
  for (const value of values) {
    left -= writeSync(file, `${left === bytes ? '[' : ','}${value}`);
    if (left <= 0) break;
  }
  writeSync(file, ']');
  closeSync(file);
}

function measure(what: 'read' | 'parse', shape: Kind['shape'], path: string): Measured {
  const printed = execFileSync(process.execPath, [self, '--measure', what, shape, path], {
    encoding: 'utf8',
  });
  return JSON.parse(printed) as Measured;
}

async function measureHere(what: string, shape: string, path: string): Promise<Measured> {
  const { format } = await recogniseFile(path);
  const baseMb = peakSoFar();
  const cpuMs = await cpuTime(async () => {
    if (what === 'parse') parse(path, shape);
    else if (shape === 'document') await readExport(path);
    else await createForeignReader().read(path, format);
  });
  return { cpuMs, peakMb: peakSoFar(), baseMb };
}

function peakSoFar(): number {
  const kb = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kb) / 1024;
}

/** Milliseconds of processor time that `action` takes. */
async function cpuTime(action: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** As `share import` goes through it: one conversation after the other. */
async function readExport(path: string): Promise<void> {
  const source = await openExport(path);
  for await (const found of source.conversations()) if ('problem' in found) throw found.problem;
  source.close();
}

function parse(path: string, shape: string): void {
  if (shape === 'log') parseLines(path);
  else if (shape === 'text') readFileSync(path, 'utf8');
  else JSON.parse(readFileSync(path, 'utf8'));
}

function parseLines(path: string): void {
  const bytes = readFileSync(path);
  for (let from = 0, end; (end = bytes.indexOf(0x0a, from)) >= 0; from = end + 1)
    JSON.parse(bytes.toString('utf8', from, end));
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { measure: { type: 'boolean' }, max: { type: 'string', default: '212' } },
  });
  const [what = '', shape = '', path = ''] = positionals;
  if (values.measure) {
    console.log(JSON.stringify(await measureHere(what, shape, path)));
    return;
  }
  await printReaders(Number(values.max));
}

/** @param maxMb  Larger files are left out. */
export async function printReaders(maxMb: number): Promise<void> {
  console.log(
    '| format | MB | MB/s | JSON.parse alone | ratio | resident MB | of which before | JSON.parse alone |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const kind of kindNames)
    for (const sizeMb of [1, 20, 212].filter((size) => size <= maxMb)) {
      const speed = speedOf(kind, sizeMb);
      const ratio = (speed.readMbPerS / speed.parseMbPerS).toFixed(2);
      const speeds = [speed.readMbPerS.toFixed(0), speed.parseMbPerS.toFixed(0), `${ratio} ×`];
      const sizes = [speed.readPeakMb, speed.baseMb, speed.parsePeakMb].map((mb) => mb.toFixed(0));
      console.log(`| ${[kind, sizeMb, ...speeds, ...sizes].join(' | ')} |`);
    }
  console.log('\n| one more message in a log of | 1 | 100 | 10,000 |\n| --- | --- | --- | --- |');
  for (const tool of ['claude-code', 'codex'] as const) {
    const times = [];
    for (const count of [1, 100, 10_000]) times.push(await appendTo(tool, count));
    console.log(`| ${[tool, ...times.map((ms) => `${ms.toFixed(2)} ms`)].join(' | ')} |`);
  }
}

if (process.argv[1] === self) await main();
