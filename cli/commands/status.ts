import type { Command } from 'commander';
import type { Losses } from '../../src/conversation/conversation.ts';
import { createSourceReader } from '../../src/conversation/library.ts';
import { ShareError } from '../../src/errors.ts';
import type { Desk } from '../desk.ts';
import { configOf, withDesk, type CommonOptions } from '../context.ts';
import { notFound } from '../../src/publish/not-found.ts';
import { describe, findByName, isOpenTo, type Description } from '../find.ts';
import { printLosses } from '../inspection.ts';
import { printFound } from '../secrets.ts';
import { printJson, printReport, reportShare, reportUnshared, say, type StatusReport } from '../report.ts';

export function addStatus(program: Command): void {
  program
    .command('status')
    .argument('[conversation]', 'id, title, path, share id or link; every conversation when left out')
    .summary('tell whether a conversation is shared, and its link')
    .description(
      'Tells whether a conversation is shared, with its link; or that its page is held or failed, and why; or that it was revoked. Of one conversation it tells what reading its file leaves out, too, and the secrets that publishing met, without their values.',
    )
    .option(
      '--json',
      'print {conversation, title, type, state, link, shareId, createdAt, publishedAt, revision, problem}, and losses and secrets for one',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ share status
  $ share status sales-analysis
  $ share status https://example.org/share/4k0w… --json`,
    )
    .action(async (name: string | undefined, options: CommonOptions, command: Command) => {
      const config = await configOf(command);
      await withDesk(config, async (desk) => {
        const owner = config.owner.value;
        const reports =
          name === undefined ? await statusOfAll(desk, owner) : [await statusOf(desk, owner, name)];
        const losses = name === undefined ? undefined : await lossesOf(desk, reports[0]?.conversation ?? '');
        const secrets = desk.registry.active(reports[0]?.conversation ?? '')?.found ?? [];
        if (options.json === true) {
          printJson(name === undefined ? reports : { ...reports[0], losses: losses ?? null, secrets });
          return;
        }
        for (const report of reports) printReport(report);
        if (losses !== undefined) printLosses(losses);
        if (name !== undefined) printFound(secrets);
        if (reports.length === 0) say(`There are no conversations in ${desk.library.folder}.`);
      });
    });
}

/** What reading the conversation leaves out; undefined where it cannot be read. */
async function lossesOf(desk: Desk, conversation: string): Promise<Losses | undefined> {
  const source = desk.library.find(conversation);
  if (source === undefined) return undefined;
  try {
    return (await createSourceReader()(source)).losses;
  } catch (error) {
    if (error instanceof ShareError) return undefined; // what is wrong stands in the report already
    throw error;
  }
}

export async function statusOf(desk: Desk, owner: string, name: string): Promise<StatusReport> {
  const { conversation, share } = await findByName(desk, owner, name);
  if (share !== undefined) return reportShare(share, desk.paths.site);
  return reportUnshared(conversation, await describeEntry(desk, conversation));
}

/** Every conversation of the library that is `owner`'s or nobody's, and every share of theirs whose conversation is gone. */
export async function statusOfAll(desk: Desk, owner: string): Promise<StatusReport[]> {
  const shares = desk.registry.allActive();
  const shared = new Set(shares.map((share) => share.conversation));
  const own = shares.filter((share) => share.owner === owner);
  const reports = own.map((share) => reportShare(share, desk.paths.site));
  for (const { conversation } of desk.library.list()) {
    const first = desk.registry.firstOwner(conversation);
    if (shared.has(conversation) || (first !== undefined && first !== owner)) continue;
    const known = await describeEntry(desk, conversation);
    if (isOpenTo(owner, known)) reports.push(reportUnshared(conversation, known));
  }
  return reports;
}

async function describeEntry(desk: Desk, conversation: string): Promise<Description | ShareError> {
  try {
    const source = desk.library.find(conversation);
    return source === undefined ? notFound(conversation) : await describe(source);
  } catch (error) {
    if (error instanceof ShareError) return error;
    throw error;
  }
}
