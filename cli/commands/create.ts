import { InvalidArgumentError, Option, type Command } from 'commander';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exitCodes, ShareError } from '../../src/errors.ts';
import { notFound } from '../../src/publish/not-found.ts';
import type { Created } from '../../src/publish/publisher.ts';
import { formatSize } from '../../src/components/words.ts';
import { shareUrl } from '../../src/urls.ts';
import { conversationFileName } from '../../src/conversation/native-files.ts';
import { splitPath } from '../../src/conversation/opencode-store.ts';
import type { LinkOptions } from '../../src/conversation/library.ts';
import { latestSession, toolNames, type ToolName } from '../../src/conversation/sessions.ts';
import type { App } from '../app.ts';
import type { Config } from '../config.ts';
import { readerFor } from '../desk.ts';
import { asNotFound, configOf, withApp, type CommonOptions } from '../context.ts';
import { findByName } from '../find.ts';
import { findOptions } from './find.ts';
import { copyText, openUrl } from '../hand-over.ts';
import { allowSecrets, reviewConversation, sayFound } from '../secrets.ts';
import type { Choice } from '../../src/snapshot/privacy.ts';
import { print, printable, printJson, progressBar, reportError, reportShare, say } from '../report.ts';

interface CreateOptions extends CommonOptions {
  copy?: boolean;
  open?: boolean;
  thinking?: boolean;
  preview?: boolean;
  strict?: boolean;
  stripMetadata?: boolean;
  allow?: string[];
  latest?: ToolName;
  branch?: number | 'current';
  withWrittenFiles?: boolean;
}

export function addCreate(program: Command): void {
  program
    .command('create')
    .argument('[conversation...]', 'library id, title, conversation folder, or file of another tool')
    .summary('share a conversation and print its link')
    .description(
      `Shares a conversation and prints its link, alone, on stdout. A conversation that is shared already keeps its link.

A file of another tool, such as the session log of a coding agent, is shared where it lies: the link follows it as it
grows. \`share inspect\` tells what would be shown of it.`,
    )
    .option('--copy', 'also put the link on the clipboard')
    .option('--open', 'also open the link in the browser')
    .option('--thinking', 'show the assistant’s thinking, which is left out otherwise')
    .option('--no-thinking', 'leave thinking out again')
    .option('--preview', 'let chat applications that preview the link show the title')
    .option('--no-preview', 'let them show “Shared conversation” again')
    .option('--strict', 'publish nothing, now and later, while a secret would have to be hidden')
    .option('--no-strict', 'hide secrets, and publish the rest again')
    .option('--allow <fingerprint...>', 'let this secret be seen; `share review` shows what was found')
    .option('--strip-metadata', 'take out of pictures what a camera wrote into them, such as the place')
    .option('--no-strip-metadata', 'publish pictures as they are again')
    .addOption(new Option('--latest <tool>', 'the newest session of this coding agent').choices(toolNames))
    .option('--branch <n>', 'show this branch of a file with several, or `current`', toBranch)
    .option('--with-written-files', 'attach the files that an agent wrote in the session')
    .option('--no-with-written-files', 'leave them out again')
    .option('--json', 'print what `share status --json` prints')
    .addHelpText(
      'after',
      `
Examples:
  $ share create sales-analysis
  $ share create --latest claude-code --copy
  $ share create ~/.claude/projects/-home-mira-app/3f2a….jsonl --copy
  $ share create ./my-conversation --thinking`,
    )
    .action(async (given: string[], options: CreateOptions, command: Command) => {
      const config = await configOf(command);
      const names = [...given, ...(await latestOf(config, options))];
      if (names.length === 0) command.error("error: missing required argument 'conversation'");
      let failed = 0;
      const bar = progressBar('Copying', formatSize);
      const reports: unknown[] = [];
      const work = async (app: App) => {
        for (const name of names) {
          try {
            const created = await create(app, config.owner.value, name, options).finally(bar.end);
            reports.push(reportShare(created.share, app.paths.site));
            await handOver(created, app, options);
            sayFound(created.share.found, created.share.conversation, created.created);
            failed = sayTrouble(created) ?? failed;
          } catch (error) {
            if (names.length === 1) throw error;
            failed = reportError(error, false);
          }
        }
      };
      await asNotFound(names[0] ?? '', () =>
        withApp(config, work, { onProgress: bar.update, threads: names.length > 1 }),
      );
      if (options.json === true) printJson(names.length === 1 ? reports[0] : reports);
      process.exitCode = failed;
    });
}

async function latestOf(config: Config, { latest }: CreateOptions): Promise<string[]> {
  if (latest === undefined) return [];
  const { path, title } = await latestSession(latest, findOptions(config));
  say(`The newest session: ${printable(title)}`);
  return [path];
}

function toBranch(text: string): number | 'current' {
  if (text === 'current') return text;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be the number of a branch, or "current".');
}

async function create(app: App, owner: string, name: string, options: CreateOptions): Promise<Created> {
  const { branch, withWrittenFiles: writtenFiles } = options;
  try {
    const wish = wishOf(options);
    const asRead = {
      ...(branch === undefined ? {} : { branch }),
      ...(writtenFiles === undefined ? {} : { writtenFiles }),
    };
    const conversation = await conversationToShare(app, owner, name, asRead);
    if (options.allow !== undefined) await allow(app, owner, conversation, options.allow, wish);
    return await app.publisher.create(conversation, owner, wish);
  } catch (error) {
    // The words must be the owner's own: another name in them would tell that the conversation exists.
    if (error instanceof ShareError && error.code === 'not_found') throw notFound(name);
    throw error;
  }
}

/** What was said on the command line; what was not stays as it was. */
function wishOf({ thinking, preview, strict, stripMetadata }: CreateOptions): Partial<Choice> {
  const said = Object.entries({ thinking, preview, strict, stripMetadata }).filter(
    ([, value]) => value !== undefined,
  );
  return Object.fromEntries(said);
}

/** @throws ShareError `not_found` when the conversation is not `owner`'s */
async function allow(
  { registry, library, paths }: App,
  owner: string,
  conversation: string,
  fingerprints: readonly string[],
  { thinking = registry.active(conversation)?.thinking ?? false }: Partial<Choice>,
): Promise<void> {
  const source = library.find(conversation);
  const first = registry.firstOwner(conversation);
  if (source === undefined || (first !== undefined && first !== owner)) throw notFound(conversation);
  const read = (await readerFor(paths)(source)).conversation;
  if (read.owner.id !== undefined && read.owner.id !== owner) throw notFound(conversation);
  const { secrets } = await reviewConversation(read, thinking, registry.allowed(conversation));
  allowSecrets(registry, owner, conversation, fingerprints, secrets);
}

/**
 * A path that is not in the library yet is linked into it; it comes before a title that happens to read the same. What
 * is packed in a ZIP cannot be followed, and is copied as `share import` does.
 */
async function conversationToShare(
  app: App,
  owner: string,
  name: string,
  asRead: LinkOptions,
): Promise<string> {
  const known = app.library.resolve(name);
  const taken = known === undefined ? await takeFromDisk(app, name, asRead) : undefined;
  if (taken !== undefined) return taken;
  const { conversation } = known ?? (await findByName(app, owner, name));
  const source = app.library.find(conversation);
  if (source !== undefined && Object.keys(asRead).length > 0) await app.library.link(source.path, asRead);
  return conversation;
}

/** @returns Undefined where no path is called so. */
async function takeFromDisk(
  { library }: App,
  name: string,
  asRead: LinkOptions,
): Promise<string | undefined> {
  const path = splitPath(name).file;
  if (!existsSync(path)) return undefined;
  const { createImporter, documentIn, isZip, onlyConversation } =
    await import('../../src/conversation/import.ts');
  if (isZip(path)) {
    const { branch, writtenFiles } = asRead;
    if (writtenFiles !== undefined)
      throw new ShareError('usage', 'An export has no written files to choose.');
    const chosen = typeof branch === 'number' ? { branch } : {};
    const found = await onlyConversation(resolve(path), chosen);
    const { conversation, what } = createImporter(library.folder).add(found);
    if (what === 'older' || what === 'changed by hand')
      say(`The copy in the library is ${what === 'older' ? 'newer' : what}, and is left as it is.`);
    return conversation;
  }
  // A folder that is no conversation may be what an export was unpacked to.
  const isConversation = !statSync(path).isDirectory() || existsSync(join(path, conversationFileName));
  const { conversation } = await library.link(
    (isConversation ? undefined : documentIn(path)) ?? name,
    asRead,
  );
  return conversation;
}

/** The link is what it always was, but the page behind it is not what the conversation says. */
function sayTrouble({ share, outcome }: Created): number | undefined {
  if (outcome === 'published' || outcome === 'unchanged') return undefined;
  say(`Its page is not up to date: ${printable(share.problem?.message ?? outcome)}`);
  return share.problem?.code === 'secret_found' ? exitCodes.refusedForSecret : exitCodes.failed;
}

async function handOver({ share, created }: Created, app: App, options: CreateOptions): Promise<void> {
  const link = shareUrl(app.paths.site, share.id);
  if (options.json !== true) print(link);
  const title = printable(share.title);
  say(created ? `Shared "${title}".` : `"${title}" is shared already; this is the same link as before.`);
  if (options.copy === true) say(await copyText(link));
  if (options.open === true) await openUrl(link);
}
