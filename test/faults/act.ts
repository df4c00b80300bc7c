/**
 * Does one thing to a data folder and, where asked, is killed or has its disk fail at a named step.
 * Used as `node act.ts <JSON of Act[]>`: prints each step that was passed and each `Ended`, one a line. A process that is
 * to be killed is given one act; disks may fail in many data folders one after the other.
 */
import { owner } from '../support/data-folder.ts';
import { breakDisk, mendDisk, type Errno } from './failing-disk.ts';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openApp } from '../../cli/app.ts';
import type { AppPaths } from '../../cli/desk.ts';
import { createImporter, openExport } from '../../src/conversation/import.ts';
import { ShareError } from '../../src/errors.ts';
import type { Choice } from '../../src/snapshot/privacy.ts';
import type { ShareId } from '../../src/urls.ts';

export interface Act {
  paths: AppPaths;
  do: 'open' | 'create' | 'sync' | 'syncAll' | 'revoke' | 'import';
  conversation?: string;
  choice?: Partial<Choice>;
  share?: ShareId;
  fault?: {
    /** Once the n-th step is passed, 0-based; -1 for before the first. */
    at: number;
    kind: 'kill' | Errno;
    /** System calls after that step that still succeed. */
    spared?: number;
    lasts?: boolean;
  };
}

export interface Ended {
  steps: string[];
  /** System calls that failed. */
  hits: number;
  /** What it was told; for a bug, with its stack. */
  error?: { code: string; message: string };
  /** Bugs that were only reported. */
  bugs: string[];
}

/** Where an act finds what it imports, in the data folder. */
export const exportName = 'export';

export async function perform(act: Act, onStep: (step: string) => void = () => undefined): Promise<Ended> {
  const { fault } = act;
  const ended: Ended = { steps: [], hits: 0, bugs: [] };
  const strike = (): void => {
    if (fault?.kind === 'kill') process.kill(process.pid, 'SIGKILL');
    else if (fault !== undefined)
      breakDisk({
        errno: fault.kind,
        folder: act.paths.data,
        spared: fault.spared ?? 0,
        lasts: fault.lasts ?? false,
      });
  };
  // Opening is the act itself, or comes before it.
  let isListening = act.do === 'open';
  const at = (step: string): void => {
    if (!isListening) return;
    onStep(step);
    if (ended.steps.push(step) - 1 === fault?.at) strike();
  };
  const begin = (): void => {
    isListening = true;
    if (fault?.at === -1) strike();
  };
  try {
    await run(act, at, begin, (error) => {
      if (!(error instanceof ShareError)) ended.bugs.push(inFull(error));
    });
  } catch (error) {
    ended.error =
      error instanceof ShareError
        ? { code: error.code, message: error.message }
        : { code: 'bug', message: inFull(error) };
  }
  ended.hits = mendDisk();
  return ended;
}

async function run(
  act: Act,
  at: (step: string) => void,
  begin: () => void,
  onTrouble: (error: unknown) => void,
): Promise<void> {
  const { paths, conversation = '' } = act;
  if (act.do === 'open') begin();
  const app = await openApp(paths, { at, onTrouble });
  try {
    if (act.do !== 'open') begin();
    if (act.do === 'create') await app.publisher.create(conversation, owner, act.choice);
    if (act.do === 'sync') await app.publisher.sync(conversation);
    if (act.do === 'syncAll') await app.publisher.syncAll();
    if (act.do === 'revoke' && act.share !== undefined) app.publisher.revoke(act.share, owner);
    if (act.do === 'import') await importAll(paths, at);
  } finally {
    app.close();
  }
}

async function importAll({ data, library }: AppPaths, at: (step: string) => void): Promise<void> {
  const importer = createImporter(library, at);
  const source = await openExport(join(data, exportName));
  try {
    for await (const found of source.conversations()) {
      if ('problem' in found) throw found.problem;
      importer.add(found);
    }
  } finally {
    source.close();
  }
}

function inFull(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const argument = process.argv[2];
if (argument !== undefined && process.argv[1]?.endsWith('act.ts') === true)
  for (const act of JSON.parse(argument) as Act[])
    writeSync(1, `${JSON.stringify(await perform(act, (step) => writeSync(1, `${step}\n`)))}\n`);
