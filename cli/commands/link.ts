import type { Command } from 'commander';
import { ShareError } from '../../src/errors.ts';
import { shareUrl } from '../../src/urls.ts';
import { configOf, withDesk } from '../context.ts';
import { findByName } from '../find.ts';
import { copyText, openUrl } from '../hand-over.ts';
import { print, say } from '../report.ts';

export function addCopy(program: Command): void {
  program
    .command('copy')
    .argument('<share>', 'conversation id, title, path, share id or link')
    .summary('put a link on the clipboard')
    .description('Puts the link of a share on the clipboard; over SSH on that of your own terminal (OSC 52).')
    .addHelpText('after', '\nExample:\n  $ share copy sales-analysis')
    .action(async (name: string, _options: unknown, command: Command) => {
      const link = await linkOf(name, command);
      say(await copyText(link));
      print(link);
    });
}

export function addOpen(program: Command): void {
  program
    .command('open')
    .argument('<share>', 'conversation id, title, path, share id or link')
    .summary('open a link in the browser')
    .description('Opens the page of a share in your browser.')
    .addHelpText('after', '\nExample:\n  $ share open sales-analysis')
    .action(async (name: string, _options: unknown, command: Command) => {
      const link = await linkOf(name, command);
      await openUrl(link);
      print(link);
    });
}

async function linkOf(name: string, command: Command): Promise<string> {
  const config = await configOf(command);
  return withDesk(config, async (desk) => {
    const { conversation, share } = await findByName(desk, config.owner.value, name);
    if (share?.state === 'active') return shareUrl(desk.paths.site, share.id);
    throw new ShareError('not_found', `"${conversation}" is not shared.`, {
      hint: `\`share create ${conversation}\` makes a link.`,
    });
  });
}
