import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { exitCodes, ShareError } from '../../src/errors.ts';
import { notFound, type Created } from '../../src/publish/publisher.ts';
import { formatSize } from '../../src/components/words.ts';
import { shareUrl } from '../../src/urls.ts';
import type { App } from '../app.ts';
import { asNotFound, configOf, withApp, type CommonOptions } from '../context.ts';
import { findByName } from '../find.ts';
import { copyText, openUrl } from '../hand-over.ts';
import { print, printable, printJson, progressBar, reportError, reportShare, say } from '../report.ts';

interface CreateOptions extends CommonOptions {
  copy?: boolean;
  open?: boolean;
  thinking?: boolean;
  preview?: boolean;
}

export function addCreate(program: Command): void {
  program
    .command('create')
    .argument('<conversation...>', 'library id, title, conversation folder, or session file')
    .summary('share a conversation and print its link')
    .description(
      `Shares a conversation and prints its link, alone, on stdout. A conversation that is shared already keeps its link.

A session file of Claude Code (*.jsonl) is shared where it lies: the link follows it as it grows.`,
    )
    .option('--copy', 'also put the link on the clipboard')
    .option('--open', 'also open the link in the browser')
    .option('--thinking', 'show the assistant’s thinking, which is left out otherwise')
    .option('--no-thinking', 'leave thinking out again')
    .option('--preview', 'let chat applications that preview the link show the title')
    .option('--no-preview', 'let them show “Shared conversation” again')
    .option('--json', 'print what `share status --json` prints')
    .addHelpText(
      'after',
      `
Examples:
  $ share create sales-analysis
  $ share create ~/.claude/projects/-home-mira-app/3f2a….jsonl --copy
  $ share create ./my-conversation --thinking`,
    )
    .action(async (names: string[], options: CreateOptions, command: Command) => {
      const config = configOf(command);
      let failed = 0;
      const bar = progressBar('Copying', formatSize);
      const reports: unknown[] = [];
      const work = async (app: App) => {
        for (const name of names) {
          try {
            const created = await create(app, config.owner.value, name, options).finally(bar.end);
            reports.push(reportShare(created.share, app.paths.site));
            await handOver(created, app, options);
            if (sayTrouble(created)) failed = exitCodes.failed;
          } catch (error) {
            if (names.length === 1) throw error;
            failed = reportError(error, false);
          }
        }
      };
      await asNotFound(names[0] ?? '', () => withApp(config, work, { onProgress: bar.update }));
      if (options.json === true) printJson(names.length === 1 ? reports[0] : reports);
      process.exitCode = failed;
    });
}

async function create(
  app: App,
  owner: string,
  name: string,
  { thinking, preview }: CreateOptions,
): Promise<Created> {
  try {
    const wish = {
      ...(thinking === undefined ? {} : { thinking }),
      ...(preview === undefined ? {} : { preview }),
    };
    return await app.publisher.create(await conversationToShare(app, owner, name), owner, wish);
  } catch (error) {
    // The words must be the owner's own: another name in them would tell that the conversation exists.
    if (error instanceof ShareError && error.code === 'not_found') throw notFound(name);
    throw error;
  }
}

/** A path that is not in the library yet is linked into it; it comes before a title that happens to read the same. */
async function conversationToShare(app: App, owner: string, name: string): Promise<string> {
  const known = app.library.resolve(name);
  if (known !== undefined) return known.conversation;
  if (existsSync(name)) return (await app.library.link(name)).conversation;
  return (await findByName(app, owner, name)).conversation;
}

/** The link is what it always was, but the page behind it is not what the conversation says. */
function sayTrouble({ share, outcome }: Created): boolean {
  if (outcome === 'published' || outcome === 'unchanged') return false;
  say(`Its page is not up to date: ${printable(share.problem?.message ?? outcome)}`);
  return true;
}

async function handOver({ share, created }: Created, app: App, options: CreateOptions): Promise<void> {
  const link = shareUrl(app.paths.site, share.id);
  if (options.json !== true) print(link);
  const title = printable(share.title);
  say(created ? `Shared "${title}".` : `"${title}" is shared already; this is the same link as before.`);
  if (options.copy === true) say(await copyText(link));
  if (options.open === true) await openUrl(link);
}
