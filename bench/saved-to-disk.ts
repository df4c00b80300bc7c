/** How long after a conversation's file is saved is its new page on disk, with `share watch` running? */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { startService } from '../test/support/cli.ts';
import type { DataFolder } from '../test/support/data-folder.ts';
import { fakeShareId, median, writeBenchConversation } from './support.ts';

/** Median in ms over `runs` edits of different conversations. The output must be up to date. */
export async function savedToDisk(data: DataFolder, count: number, runs = 25): Promise<number> {
  const watcher = await startService(['watch', '--data', data.paths.data], /Watching/);
  const times: number[] = [];
  try {
    for (let run = 0; run < runs; run++) {
      await sleep(250); // the burst before is over
      times.push(await oneEdit(data, (run * 7919) % count, run + 1));
    }
  } finally {
    await watcher.stop();
  }
  return median(times);
}

async function oneEdit(data: DataFolder, seed: number, edit: number): Promise<number> {
  const page = join(data.paths.output, 'share', fakeShareId(seed), 'index.html');
  const before = statSync(page).ino;
  writeBenchConversation(data.paths.library, seed, edit);
  const start = performance.now();
  await until(() => statSync(page).ino !== before);
  const took = performance.now() - start;
  if (!readFileSync(page, 'utf8').includes(`Edit ${edit}.`)) throw new Error('the page is not the new one');
  return took;
}

/** Looks every quarter of a millisecond or so, without starving the watcher of a core for long. */
export async function until(done: () => boolean, timeoutMs = 60_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!done()) {
    if (performance.now() > end) throw new Error('nothing happened');
    await sleep(0);
  }
}
