import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { App } from '../../cli/app.ts';
import { dataFolderAt, aDataFolder, type DataFolder } from '../support/data-folder.ts';
import type { Act, Ended } from './act.ts';
import { compileCache } from './hands.ts';
import type { Errno } from './failing-disk.ts';
import { complaintsAfterSync, complaintsAtAnyMoment } from './invariants.ts';
import { scenarios, type Scenario } from './scenarios.ts';

/** How one act ended that met one fault. */
export interface Result {
  scenario: string;
  /** The step that was passed last; `start` for none. */
  step: string;
  kind: Kind;
  complaints: string[];
}

export type Kind = 'kill' | Errno;
export const kinds: readonly Kind[] = ['kill', 'ENOSPC', 'EACCES', 'EIO'];
const errnos: readonly Errno[] = ['ENOSPC', 'EACCES', 'EIO'];

type Fault = NonNullable<Act['fault']>;

interface Case {
  scenario: Scenario;
  step: string;
  fault: Fault;
}

/**
 * Every fault point × every kind of fault.
 *
 * @param isThorough  Also lets every single system call of each act fail; else, but for scenarios that are thorough, one
 *   errno a point, in turns, and a kill where a point is passed for the first time.
 */
export async function runGrid(isThorough: boolean, onResult: (result: Result) => void): Promise<void> {
  const seen = new Set<string>();
  for (const scenario of scenarios) {
    const template = aDataFolder();
    try {
      const act = await scenario.prepare(template);
      const run = (faults: readonly (Fault | undefined)[]) => inCopies(template, act, faults);
      const [plain] = await run([undefined]);
      if (plain?.ended === undefined || plain.ended.error !== undefined)
        throw new Error(`${scenario.name} could not be done: ${plain?.ended?.error?.message ?? ''}`);
      const steps = ['start', ...plain.ended.steps];
      plain.data.remove();
      const isEach = isThorough || scenario.isThorough === true;
      const { kills, errnos: disks } = casesOf(scenario, steps, isEach);
      const killsToDo = kills.filter(({ step }) => isEach || !seen.has(step));
      for (const { step } of kills) seen.add(step);
      const groups = [disks, ...killsToDo.map((one) => [one])].values();
      const worker = async () => {
        for (const group of groups) await judge(group, await run(group.map(({ fault }) => fault)), onResult);
      };
      await Promise.all([worker(), worker()]);
      if (isThorough) await callByCall(scenario, run, onResult);
    } finally {
      template.remove();
    }
  }
}

function casesOf(scenario: Scenario, steps: readonly string[], isThorough: boolean) {
  const named = [...steps.entries()].map(([index, step]) => ({ step, at: index - 1 }));
  const kills = named
    .filter(({ at }) => at >= 0)
    .map(({ step, at }): Case => ({ scenario, step, fault: { at, kind: 'kill' } }));
  const disks = named.flatMap(({ step, at }, index) =>
    errnos
      .filter((_, turn) => isThorough || turn === index % errnos.length)
      .flatMap((kind) =>
        (isThorough ? [false, true] : [index % 2 === 0]).map((lasts): Case => ({
          scenario,
          step,
          fault: { at, kind, lasts },
        })),
      ),
  );
  return { kills, errnos: disks };
}

const callsAtATime = 20;

/** One call after the other fails, until there are no more. */
async function callByCall(
  scenario: Scenario,
  run: (faults: readonly (Fault | undefined)[]) => Promise<Done[]>,
  onResult: (result: Result) => void,
): Promise<void> {
  for (const kind of errnos)
    for (let first = 0, isOver = false; !isOver; first += callsAtATime) {
      const faults = Array.from({ length: callsAtATime }, (_, index): Fault => {
        return { at: -1, kind, spared: first + index };
      });
      const done = await run(faults);
      isOver = done.some(({ ended }) => ended?.hits === 0);
      const cases = faults.map((fault): Case => ({ scenario, step: 'each call', fault }));
      await judge(cases, done, onResult);
    }
}

/** An act that is over. */
interface Done {
  data: DataFolder;
  /** Undefined when it was killed. */
  ended: Ended | undefined;
}

/** Does the act once for each fault, each time in a new copy of the data folder; all in one process. */
async function inCopies(
  template: DataFolder,
  act: Omit<Act, 'paths' | 'fault'>,
  faults: readonly (Fault | undefined)[],
): Promise<Done[]> {
  const copies = faults.map(() => copyOf(template));
  const acts = faults.map((fault, index): Act => ({
    ...act,
    ...(fault === undefined ? {} : { fault }),
    paths: (copies[index] ?? template).paths,
  }));
  const endings = await perform(acts);
  return copies.map((data, index) => ({ data, ended: endings[index] }));
}

function copyOf(template: DataFolder): DataFolder {
  const data = realpathSync(mkdtempSync(join(tmpdir(), 'share-fault-')));
  cpSync(template.paths.data, data, { recursive: true, preserveTimestamps: true });
  return dataFolderAt(data);
}

const script = fileURLToPath(new URL('act.ts', import.meta.url));

async function perform(acts: readonly Act[]): Promise<Ended[]> {
  const child = spawn(process.execPath, [script, JSON.stringify(acts)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  });
  const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const isToBeKilled = acts.some(({ fault }) => fault?.kind === 'kill');
  if ((child.signalCode === 'SIGKILL') !== isToBeKilled || (!isToBeKilled && child.exitCode !== 0))
    throw new Error(`An act ended with ${String(child.exitCode ?? child.signalCode)}: ${problems}`);
  const lines = out.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Ended);
}

async function judge(
  cases: readonly Case[],
  done: readonly Done[],
  onResult: (result: Result) => void,
): Promise<void> {
  for (const [index, { data, ended }] of done.entries()) {
    const one = cases[index];
    if (one === undefined) continue;
    const { scenario, step, fault } = one;
    // A call that there was not any more is no fault.
    if (step !== 'each call' || ended?.hits !== 0)
      onResult({
        scenario: scenario.name,
        step,
        kind: fault.kind,
        complaints: await complaintsAbout(one, data, ended),
      });
    data.remove();
  }
}

async function complaintsAbout(
  { scenario, step }: Case,
  data: DataFolder,
  ended: Ended | undefined,
): Promise<string[]> {
  try {
    const complaints = [
      ...complaintsAboutWords(ended),
      ...((await scenario.check?.(data, ended, step)) ?? []),
    ];
    const app = await data.open();
    try {
      return [...complaints, ...(await complaintsAboutSharing(scenario, app, ended))];
    } finally {
      app.close();
    }
  } catch (error) {
    return [`the next start failed: ${error instanceof Error ? (error.stack ?? '') : String(error)}`];
  }
}

/** A disk that fails is told in words, never as a stack. */
function complaintsAboutWords(ended: Ended | undefined): string[] {
  const complaints = ended?.bugs.map((bug) => `told as a bug: ${bug}`) ?? [];
  if (ended?.error?.code === 'bug') complaints.push(`thrown as a bug: ${ended.error.message}`);
  return complaints;
}

async function complaintsAboutSharing(
  scenario: Scenario,
  app: App,
  ended: Ended | undefined,
): Promise<string[]> {
  const { registry, publisher } = app;
  const saidSo = ended?.error?.message.includes('STILL LIVE') === true || scenario.name === 'sync all';
  const complaints = complaintsAtAnyMoment(app).filter(
    (each) => !(saidSo && each === 'a revoked share is live'),
  );
  for (const { problem } of registry.all()) if (problem?.code === 'bug') complaints.push(problem.message);
  const first = await publisher.syncAll();
  if (first.failed > 0) complaints.push('the next sync failed');
  complaints.push(...(await complaintsAfterSync(app)), ...complaintsAboutPages(scenario, app, ended));
  const { published, removed, withdrawn } = await publisher.syncAll();
  if (published + removed + withdrawn > 0) complaints.push('a second sync found something to do');
  return complaints;
}

function complaintsAboutPages(scenario: Scenario, app: App, ended: Ended | undefined): string[] {
  const complaints: string[] = [];
  const active = app.registry.allActive();
  const isDone = ended?.error === undefined && ended !== undefined;
  for (const { id, conversation } of active) {
    const wanted = scenario.after[conversation];
    const folder = join(app.paths.output, 'share', id);
    if (wanted === undefined) continue;
    for (const name of ['index.html', 'conversation.md', 'conversation.json']) {
      const content = readFileSync(join(folder, name), 'utf8');
      if (!content.includes(wanted)) complaints.push(`${name} of ${conversation} is not "${wanted}"`);
      for (const words of scenario.never ?? [])
        if (content.includes(words)) complaints.push(`${name} of ${conversation} still says "${words}"`);
    }
  }
  for (const conversation of Object.keys(scenario.after)) {
    const isActive = active.some((share) => share.conversation === conversation);
    if (scenario.undecided?.includes(conversation) !== true && !isActive)
      complaints.push(`${conversation} is not shared any more`);
    if (scenario.name === 'create' && isDone && !isActive)
      complaints.push('shared, it was said, and it is not');
    if (scenario.name === 'revoke' && isDone && isActive)
      complaints.push('revoked, it was said, and it is shared');
  }
  return complaints;
}
