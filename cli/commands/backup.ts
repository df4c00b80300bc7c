import type { Command } from 'commander';
import { join, resolve } from 'node:path';
import { ShareError } from '../../src/errors.ts';
import { existsSync } from 'node:fs';
import { backUpRegistry } from '../../src/registry/backup.ts';
import { registryPath } from '../shares.ts';
import { configOf } from '../context.ts';
import { print, say } from '../report.ts';

export function addBackup(program: Command): void {
  program
    .command('backup')
    .argument('[file]', 'where to; a new file in backups/ of the data folder when left out')
    .summary('copy the registry while it is in use')
    .description(
      'Copies the registry, which says what is shared, while others may be writing to it, and prints where to. Only you may read the copy; a file that is there is never replaced. The conversations are not in it.',
    )
    .addHelpText('after', '\nExamples:\n  $ share backup\n  $ share backup /mnt/safe/registry-monday.sqlite')
    .action(async (file: string | undefined, _options: unknown, command: Command) => {
      const data = (await configOf(command)).data.value;
      const registry = registryPath(data);
      if (!existsSync(registry))
        throw new ShareError(
          'not_found',
          `There is no registry in ${data}, so there is nothing to back up.`,
          {
            hint: '`share config` shows where the data folder is looked for.',
          },
        );
      const copy = file === undefined ? join(data, 'backups', nameAt(new Date())) : resolve(file);
      const count = backUpRegistry(registry, copy);
      print(copy);
      say(`It holds ${count} ${count === 1 ? 'share' : 'shares'}, deleted ones included.`);
    });
}

function nameAt(now: Date): string {
  return `registry-${now.toISOString().replace(/[:.]/g, '-')}.sqlite`;
}
