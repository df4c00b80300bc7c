import type { Command } from 'commander';
import { exitCodes } from '../../src/errors.ts';
import type { SyncSummary } from '../../src/publish/publisher.ts';
import type { App } from '../app.ts';
import { configOf, inThreads, withApp, type CommonOptions } from '../context.ts';
import { printJson, progressBar, say } from '../report.ts';

export function addSync(program: Command): void {
  program
    .command('sync')
    .summary('make the output equal to the shares and their conversations')
    .description(
      'Publishes what changed, removes what is not shared, and finishes what a crash interrupted. Doing it twice changes nothing more. Exits 1 when a share could not be brought up to date; `share status` says why.',
    )
    .option('--json', 'print {published, unchanged, removed, withdrawn, failed}')
    .addHelpText('after', '\nExample:\n  $ share sync')
    .action(async (options: CommonOptions, command: Command) => {
      const config = await configOf(command);
      const work = async (app: App) => {
        const bar = progressBar('Publishing');
        const summary = await app.publisher.syncAll((done, total) => bar.update(done, total));
        bar.end();
        if (options.json === true) printJson(summary);
        else say(describe(summary));
        if (summary.failed > 0) process.exitCode = exitCodes.failed;
      };
      await withApp(config, work, inThreads);
    });
}

function describe({ published, unchanged, removed, withdrawn, failed }: SyncSummary): string {
  return `${published} published, ${unchanged} unchanged, ${removed + withdrawn} removed, ${failed} failed.`;
}
