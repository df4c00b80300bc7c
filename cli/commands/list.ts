import type { Command } from 'commander';
import { configOf, withShares, type CommonOptions } from '../context.ts';
import { printJson, printReport, reportShare, say } from '../report.ts';

export function addList(program: Command): void {
  program
    .command('list')
    .summary('list your shares')
    .description('Lists your shares with their links, oldest first.')
    .option('--all', 'also those that were deleted')
    .option('--json', 'print an array of what `share status --json` prints')
    .addHelpText(
      'after',
      `
Examples:
  $ share list
  $ share list --all --json | jq -r '.[].link'`,
    )
    .action(async (options: CommonOptions & { all?: boolean }, command: Command) => {
      const config = await configOf(command);
      return withShares(config, ({ registry, paths }) => {
        const shares = options.all === true ? registry.all() : registry.allActive();
        const reports = shares
          .filter((share) => share.owner === config.owner.value)
          .map((share) => reportShare(share, paths.site));
        if (options.json === true) {
          printJson(reports);
          return;
        }
        reports.forEach(printReport);
        if (reports.length === 0) say('You share nothing. `share create <conversation>` makes a link.');
      });
    });
}
