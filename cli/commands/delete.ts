import type { Command } from 'commander';
import { ShareError } from '../../src/errors.ts';
import { notFound } from '../../src/publish/not-found.ts';
import type { Share } from '../../src/registry/shares.ts';
import { encodePath, shareUrl } from '../../src/urls.ts';
import type { App } from '../app.ts';
import { ask } from '../../src/verify/ask.ts';
import { untilGone } from '../../src/verify/until-gone.ts';
import { asNotFound, configOf, withApp, type CommonOptions } from '../context.ts';
import { findByName, type Found } from '../find.ts';
import { printJson, printable, reportShare, say } from '../report.ts';

interface DeleteOptions extends CommonOptions {
  yes?: boolean;
  confirm?: boolean;
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
    .option(
      '--confirm',
      'ask the live host until it answers 404, for half a minute; exits 6 when it does not',
    )
    .option('--json', 'print what `share status --json` prints')
    .addHelpText(
      'after',
      '\nExamples:\n  $ share delete sales-analysis\n  $ share delete https://example.org/share/4k0w… --yes --confirm',
    )
    .action(async (name: string, options: DeleteOptions, command: Command) => {
      const config = await configOf(command);
      const owner = config.owner.value;
      await asNotFound(name, () =>
        withApp(config, async (app) => {
          const found = await findByName(app, owner, name);
          await askFirst(found, options);
          const addresses = options.confirm === true ? addressesOf(app, found) : [];
          const share = await deleteShare(app, owner, name, found);
          await confirmGone(share, addresses);
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

/** Everything of a share that a host may show: asked for before the delete, since nobody knows the names of files after it. */
function addressesOf({ output, paths }: App, { share }: Found): string[] {
  if (share === undefined) return [];
  const url = shareUrl(paths.site, share.id);
  const files = output.paths(share.id).map((path) => `${url}/${encodePath(path)}`);
  return [url, `${url}/`, ...new Set([...files, `${url}/conversation.md`, `${url}/conversation.json`])];
}

/** @throws ShareError `still_live` */
export async function confirmGone(
  share: Pick<Share, 'title'>,
  addresses: readonly string[],
  waits?: readonly number[],
): Promise<void> {
  if (addresses.length === 0) return;
  const left = await untilGone(addresses, ask, waits);
  if (left === undefined) {
    say('The live host answers 404 for all of it.');
    return;
  }
  const { origin } = new URL(left.address);
  throw new ShareError(
    'still_live',
    left.status === undefined
      ? `The share of "${share.title}" is deleted here, but ${origin} does not answer, so it is not known what it shows.`
      : `The share of "${share.title}" is deleted here, but ${origin} still answers ${left.status} for it.`,
    {
      hint: 'Upload with deletions and empty the caches in front of the host; `share verify --url` tells when it is gone.',
    },
  );
}

async function askFirst({ share }: Found, { yes }: DeleteOptions): Promise<void> {
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
