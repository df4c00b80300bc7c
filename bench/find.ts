import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, cleanEnv } from '../test/support/cli.ts';
import { writeSessions } from '../test/support/sessions.ts';
import { median, paired } from './support.ts';

/**
 * `share find` as a process, start and end included: with no index yet, with one, and with one where a session is shared,
 * so that the library is read, too. Medians in ms.
 */
export async function find(sessions: number, sizeBytes = 30_000, runs = 9) {
  const home = mkdtempSync(join(tmpdir(), 'bench-find-'));
  writeSessions(home, sessions, sizeBytes);
  const data = join(home, 'data');
  const env = cleanEnv({ HOME: home, SHARE_DATA: data });
  for (const name of ['CLAUDE_CONFIG_DIR', 'CODEX_HOME', 'GEMINI_CLI_HOME', 'XDG_DATA_HOME'])
    Reflect.deleteProperty(env, name);
  const run = (...args: string[]) => {
    const { status, stdout } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${args.join(' ')} failed`);
    return stdout;
  };
  run(bin, 'config'); // compiles what is to be kept compiled
  const cold: number[] = [];
  for (let round = 0; round < 3; round++) {
    rmSync(data, { recursive: true, force: true });
    cold.push((await paired(1, { cold: () => run(bin, 'find') }))['cold'] ?? Number.NaN);
  }
  const found = JSON.parse(run(bin, 'find', '--all', '--json')) as { path: string }[];
  if (found.length !== sessions) throw new Error(`found ${found.length} of ${sessions}`);
  const warm = await paired(runs, {
    find: () => run(bin, 'find'),
    words: () => run(bin, 'find', 'part 17'),
    node: () => run('-e', '0'),
  });
  run(bin, 'create', found[0]?.path ?? '');
  const { shared = Number.NaN } = await paired(runs, { shared: () => run(bin, 'find') });
  rmSync(home, { recursive: true });
  return {
    coldMs: median(cold),
    warmMs: warm['find'] ?? Number.NaN,
    wordsMs: warm['words'] ?? Number.NaN,
    sharedMs: shared,
    nodeMs: warm['node'] ?? Number.NaN,
  };
}
