import type { Command } from 'commander';
import type { App } from '../app.ts';
import { configOf, inThreads, withApp } from '../context.ts';
import { follow } from '../follow.ts';
import { say } from '../report.ts';
import { untilStopped } from '../signals.ts';

export function addWatch(program: Command): void {
  program
    .command('watch')
    .summary('keep every page up to date with its conversation')
    .description(
      'Publishes a shared conversation again within a moment of every change. For a host that serves the output folder itself; `share serve` watches too. One watcher at a time: a second exits with 5.',
    )
    .addHelpText('after', '\nExample:\n  $ share watch')
    .action(async (_options: unknown, command: Command) => {
      const config = await configOf(command);
      const work = async (app: App) => {
        const stopped = untilStopped();
        const following = await follow(app);
        say(`Watching ${app.registry.allActive().length} shared conversations. Ctrl-C stops.`);
        await stopped;
        await following.close();
      };
      await withApp(config, work, inThreads);
    });
}
