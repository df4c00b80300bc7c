import type { Command } from 'commander';
import { ShareError } from '../../src/errors.ts';
import type { Desk } from '../app.ts';
import { configOf, withDesk, type CommonOptions } from '../context.ts';
import { describe, findByName } from '../find.ts';
import { printJson, printReport, reportShare, reportUnshared, say, type StatusReport } from '../report.ts';

export function addStatus(program: Command): void {
  program
    .command('status')
    .argument('[conversation]', 'id, title, path, share id or link; every conversation when left out')
    .summary('tell whether a conversation is shared, and its link')
    .description(
      'Tells whether a conversation is shared, with its link; or that its page is held or failed, and why; or that it was revoked.',
    )
    .option(
      '--json',
      'print {conversation, title, type, state, link, shareId, createdAt, publishedAt, revision, problem}',
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
      const config = configOf(command);
      await withDesk(config, async (desk) => {
        const owner = config.owner.value;
        const reports =
          name === undefined ? await statusOfAll(desk, owner) : [await statusOf(desk, owner, name)];
        if (options.json === true) {
          printJson(name === undefined ? reports : reports[0]);
          return;
        }
        for (const report of reports) printReport(report);
        if (reports.length === 0) say(`There are no conversations in ${desk.library.folder}.`);
      });
    });
}

export async function statusOf(desk: Desk, owner: string, name: string): Promise<StatusReport> {
  const { conversation, share } = await findByName(desk, owner, name);
  if (share !== undefined) return reportShare(share, desk.paths.site);
  return reportSource(desk, conversation);
}

/** Every conversation of the library that is `owner`'s or nobody's, and every share of theirs whose conversation is gone. */
export async function statusOfAll(desk: Desk, owner: string): Promise<StatusReport[]> {
  const shares = desk.registry.allActive().filter((share) => share.owner === owner);
  const shared = new Set(desk.registry.allActive().map((share) => share.conversation));
  const reports = shares.map((share) => reportShare(share, desk.paths.site));
  for (const entry of desk.library.list()) {
    if (shared.has(entry.conversation)) continue;
    const first = desk.registry.firstOwner(entry.conversation);
    if (first === undefined || first === owner) reports.push(await reportSource(desk, entry.conversation));
  }
  return reports;
}

async function reportSource(desk: Desk, conversation: string): Promise<StatusReport> {
  try {
    const source = desk.library.find(conversation);
    const known = source && (await describe(source));
    if (known instanceof ShareError) return reportUnshared(conversation, undefined, known);
    return reportUnshared(conversation, known, undefined);
  } catch (error) {
    if (!(error instanceof ShareError)) throw error;
    return reportUnshared(conversation, undefined, error);
  }
}
