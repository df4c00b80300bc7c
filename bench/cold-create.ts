/** How long does `share create` take from the shell, with nothing warm, beside starting Node at all? */
import { spawnSync } from 'node:child_process';
import { bin } from '../test/support/cli.ts';
import { aDataFolder } from '../test/support/data-folder.ts';
import { idOf, paired, removeAtTheEnd, writeBenchConversation } from './support.ts';

export async function coldCreate(runs = 15): Promise<{ createMs: number; nodeMs: number }> {
  const data = aDataFolder();
  for (let seed = 0; seed < runs; seed++) writeBenchConversation(data.paths.library, seed);
  let seed = 0;
  const { create = Number.NaN, node = Number.NaN } = await paired(runs, {
    create: () => run([bin, 'create', idOf(seed++), '--data', data.paths.data]),
    node: () => run(['-e', '0']),
  });
  removeAtTheEnd(data);
  return { createMs: create, nodeMs: node };
}

function run(args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}
