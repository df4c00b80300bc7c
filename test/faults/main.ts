/** `npm run test:faults`: everything of this folder, at length. Exit code 1 when anything failed. */
import { existsSync } from 'node:fs';
import { kinds, runGrid, type Result } from './grid.ts';
import { runReaders } from './readers.ts';
import { runWalk } from './walk.ts';

// What is measured here is the order of system calls, not the disk; in memory that takes a fraction of the time.
if (process.env['TMPDIR'] === undefined && existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';

const readersMs = numberFrom('FAULTS_READERS_MS', 60_000);
const operations = numberFrom('FAULTS_OPERATIONS', 10_000);
const seed = numberFrom('FAULTS_SEED', Math.floor(Math.random() * 2 ** 31));
const parts = process.argv.slice(2);

const complaints: string[] = [];
if (isWanted('grid')) await grid();
if (isWanted('walk')) await walk();
if (isWanted('readers')) await readers();
for (const complaint of new Set(complaints)) console.log(`\nFAILED ${complaint}`);
console.log(complaints.length === 0 ? '\nNothing failed.' : `\n${complaints.length} failed.`);
process.exitCode = complaints.length === 0 ? 0 : 1;

function isWanted(part: string): boolean {
  return parts.length === 0 || parts.includes(part);
}

function numberFrom(name: string, otherwise: number): number {
  return Number(process.env[name] ?? otherwise);
}

async function grid(): Promise<void> {
  const rows = new Map<string, Result[]>();
  await runGrid(true, (result) => {
    const row = `${result.scenario}: ${result.step}`;
    rows.set(row, [...(rows.get(row) ?? []), result]);
    for (const complaint of result.complaints) complaints.push(`${row}, ${result.kind}: ${complaint}`);
  });
  console.log(['fault after'.padEnd(40), ...kinds.map((kind) => kind.padEnd(12))].join(''));
  for (const [row, results] of rows)
    console.log([row.padEnd(40), ...kinds.map((kind) => cellOf(results, kind).padEnd(12))].join(''));
  const all = [...rows.values()].flat();
  const failed = all.filter((result) => result.complaints.length > 0).length;
  console.log(`total: ${all.length} faults, ${all.length - failed} ok, ${failed} failed`);
}

function cellOf(results: readonly Result[], kind: Result['kind']): string {
  const some = results.filter((result) => result.kind === kind);
  const failed = some.filter((result) => result.complaints.length > 0).length;
  if (some.length === 0) return '';
  return failed === 0 ? `ok ${some.length}` : `FAILED ${failed}/${some.length}`;
}

async function walk(): Promise<void> {
  console.log(`\nrandom walk: FAULTS_SEED=${seed} FAULTS_OPERATIONS=${operations}`);
  const { complaints: theirs, ...counts } = await runWalk(seed, operations);
  console.log(sentence(counts));
  complaints.push(...theirs.map((complaint) => `random walk: ${complaint}`));
}

async function readers(): Promise<void> {
  console.log(`\nreaders against publish and revoke, for ${readersMs / 1000} s`);
  const { complaints: theirs, ...counts } = await runReaders(readersMs);
  console.log(sentence(counts));
  complaints.push(...theirs.map((complaint) => `readers: ${complaint}`));
}

/** `pages 12, files 30, live after revoke 0` */
function sentence(counts: Readonly<Record<string, number>>): string {
  const words = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return Object.entries(counts)
    .map(([name, count]) => `${words(name)} ${count.toLocaleString('en')}`)
    .join(', ');
}
