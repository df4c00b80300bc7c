import type { Command } from 'commander';
import type { LogEntry } from '../../src/registry/shares.ts';
import { configOf, withDesk, type CommonOptions } from '../context.ts';
import { findByName } from '../find.ts';
import { paint, print, printable, printJson, say } from '../report.ts';

export function addLog(program: Command): void {
  program
    .command('log')
    .argument('[conversation]', 'id, title, path, share id or link; every conversation when left out')
    .summary('tell who shared, changed, allowed and deleted what, and when')
    .description(
      'Tells what was done to your shares, newest first. Entries are only ever added: the registry refuses to change or to delete one. Share ids are shortened.',
    )
    .option('--json', 'print [{at, who, did, conversation, share, detail}]')
    .addHelpText('after', '\nExamples:\n  $ share log\n  $ share log sales-analysis --json')
    .action(async (name: string | undefined, options: CommonOptions, command: Command) => {
      const config = await configOf(command);
      await withDesk(config, async (desk) => {
        const owner = config.owner.value;
        const about = name === undefined ? undefined : (await findByName(desk, owner, name)).conversation;
        const entries = desk.registry.log(about).filter(({ conversation }) => {
          const first = desk.registry.firstOwner(conversation);
          return first === undefined || first === owner;
        });
        if (options.json === true) printJson(entries);
        else for (const entry of entries) printEntry(entry);
        if (entries.length === 0) say('Nothing was done yet.');
      });
    });
}

function printEntry({ at, who, did, conversation, share, detail }: LogEntry): void {
  const when = paint('dim', `${at.replace('T', ' ').slice(0, 19)} UTC`);
  const rest = [conversation, share, detail].filter((part) => part !== null && part !== '').join(' · ');
  print(`${when}  ${printable(who)} ${did.padEnd(7)}  ${printable(rest)}`);
}
