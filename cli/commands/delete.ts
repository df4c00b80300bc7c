import type { Command } from 'commander';
import { ShareError } from '../../src/errors.ts';
import { notFound } from '../../src/publish/publisher.ts';
import type { App } from '../app.ts';
import { asNotFound, configOf, withApp, type CommonOptions } from '../context.ts';
import { findByName, type Found } from '../find.ts';
import { printJson, printable, reportShare, say } from '../report.ts';

interface DeleteOptions extends CommonOptions {
  yes?: boolean;
}

export function addDelete(program: Command): void {
  program
    .command('delete')
    .argument('<share>', 'conversation id, title, path, share id or link')
    .summary('delete a share: its link answers 404 from then on')
    .description(
      'Deletes a share. The page, its files and the ZIP are gone when this returns, and the link never works again. The conversation stays.',
    )
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print what `share status --json` prints')
    .addHelpText(
      'after',
      '\nExamples:\n  $ share delete sales-analysis\n  $ share delete https://example.org/share/4k0w… --yes',
    )
    .action(async (name: string, options: DeleteOptions, command: Command) => {
      const config = configOf(command);
      const owner = config.owner.value;
      await asNotFound(name, () =>
        withApp(config, async (app) => {
          const found = await findByName(app, owner, name);
          await confirm(found, options);
          const share = await deleteShare(app, owner, name, found);
          if (options.json === true) printJson(reportShare(share, app.paths.site));
        }),
      );
    });
}

async function deleteShare(app: App, owner: string, name: string, { share }: Found) {
  if (share === undefined) throw notFound(name);
  const was = share.state;
  app.publisher.revoke(share.id, owner);
  await app.output.emptyTrash();
  const title = printable(share.title);
  say(
    was === 'revoked'
      ? `The share of "${title}" was deleted before.`
      : `Deleted the share of "${title}". Its link answers 404 now; the conversation is untouched.`,
  );
  return app.registry.get(share.id) ?? share;
}

async function confirm({ share }: Found, { yes }: DeleteOptions): Promise<void> {
  if (yes === true || share?.state !== 'active') return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new ShareError(
      'usage',
      `Deleting the share of "${share.title}" wants a yes, and there is no terminal to ask on.`,
      {
        hint: 'Say it with `--yes`.',
      },
    );
  }
  const { askYesNo } = await import('../prompts.ts');
  if (!(await askYesNo(`Delete the share of "${printable(share.title)}"? Its link will never work again.`)))
    throw new ShareError('cancelled', 'Nothing was deleted.');
}
