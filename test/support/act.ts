/**
 * A process of its own that does one thing to a data folder and, where asked, kills itself at a named step.
 * Used as `node act.ts <JSON of Act>`; prints the steps it passed, one a line.
 */
import { writeSync } from 'node:fs';
import { openApp } from '../../cli/app.ts';
import type { AppPaths } from '../../cli/desk.ts';
import type { ShareId } from '../../src/urls.ts';

export interface Act {
  paths: AppPaths;
  do: 'create' | 'sync' | 'revoke';
  conversation: string;
  share?: ShareId;
  /** Kill at the n-th step, 0-based. */
  killAt?: number;
}

export const owner = 'tester';

async function run(act: Act): Promise<void> {
  let steps = 0;
  const at = (step: string) => {
    writeSync(1, `${step}\n`);
    if (steps++ === act.killAt) process.kill(process.pid, 'SIGKILL');
  };
  const app = await openApp(act.paths, { at });
  if (act.do === 'create') await app.publisher.create(act.conversation, owner);
  if (act.do === 'sync') await app.publisher.sync(act.conversation);
  if (act.do === 'revoke' && act.share !== undefined) app.publisher.revoke(act.share, owner);
  app.close();
}

const argument = process.argv[2];
if (argument !== undefined && process.argv[1]?.endsWith('act.ts') === true)
  await run(JSON.parse(argument) as Act);
