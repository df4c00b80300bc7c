import { InvalidArgumentError, type Command } from 'commander';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { formatSize } from '../../src/components/words.ts';
import {
  createImporter,
  openExport,
  type Export,
  type FoundConversation,
  type Imported,
  type Importer,
} from '../../src/conversation/import.ts';
import type { Losses } from '../../src/conversation/conversation.ts';
import { addLosses, noLosses } from '../../src/conversation/losses.ts';
import { exitCodes, ShareError } from '../../src/errors.ts';
import type { Config } from '../config.ts';
import { configOf, withShares, type CommonOptions } from '../context.ts';
import { isWatched, registryPath } from '../shares.ts';
import {
  counted,
  paint,
  print,
  printable,
  printJson,
  progressBar,
  say,
  type ProgressBar,
} from '../report.ts';

interface ImportOptions extends CommonOptions {
  title?: string;
  since?: Date;
  until?: Date;
  all?: boolean;
  dryRun?: boolean;
}

/** The documented shape of `import --json`. */
interface ImportReport {
  tool: string;
  conversations: { conversation: string; title: string; updatedAt: string; what: Imported; losses: Losses }[];
  /** Why a conversation of the export could not be read. */
  problems: { code: string; message: string }[];
  /** How many the options left out. */
  passedOver: number;
}

export function addImport(program: Command): void {
  program
    .command('import')
    .argument('<export>', 'the ZIP as downloaded, the folder it was unpacked to, or a JSON or JSONL file')
    .summary('copy conversations out of an export into the library')
    .description(
      `Copies the conversations of an export, with their files, into the library: of ChatGPT, Claude, Open WebUI, LibreChat
and others. Again, with a newer export, it brings the copies up to date, and the pages of those that are shared follow.
A copy that you changed, or that is newer, is left as it is. Nothing is shared by it.

On a terminal, and where no option says which, it asks which conversations you want.`,
    )
    .option('--title <words>', 'only those whose title holds all of these words')
    .option('--since <date>', 'only those that were written to since then, like 2026-11-01', toDate)
    .option('--until <date>', 'only those that were last written to before then', toDate)
    .option('--all', 'all of them, without asking which')
    .option('--dry-run', 'list what would be done, and change nothing')
    .option(
      '--json',
      'print {tool, conversations: [{conversation, title, updatedAt, what, losses}], problems, passedOver}',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ share import ~/Downloads/chatgpt-export.zip --dry-run
  $ share import ~/Downloads/chatgpt-export.zip --title "tax 2026"
  $ share import conversations.json --since 2026-10-01`,
    )
    .action(async (path: string, options: ImportOptions, command: Command) => {
      const config = await configOf(command);
      const library = config.library.value;
      const source = await openExport(resolve(path));
      const bar = progressBar('Reading', formatSize);
      try {
        const importer = createImporter(library);
        const wanted = mayAsk(options) ? await askWhich(source, importer, bar) : undefined;
        const report = await importAll(source, importer, options, wanted, bar.update);
        bar.end();
        if (options.json === true) printJson(report);
        else tell(report, options.dryRun === true);
        if (options.dryRun !== true) await tellStale(config, report);
        if (report.problems.length > 0) process.exitCode = exitCodes.failed;
      } finally {
        bar.end();
        source.close();
      }
    });
}

function toDate(text: string): Date {
  const date = new Date(text);
  if (!/^\d{4}-\d\d(?:-\d\d)?/.test(text) || Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('It must be a date like 2026-11-24.');
  return date;
}

async function importAll(
  source: Export,
  importer: Importer,
  options: ImportOptions,
  wanted: ReadonlySet<string> | undefined,
  onProgress: (done: number, total: number) => void,
): Promise<ImportReport> {
  const report: ImportReport = { tool: source.tool, conversations: [], problems: [], passedOver: 0 };
  for await (const found of source.conversations()) {
    const { done, total } = source.progress();
    onProgress(done, total);
    if ('problem' in found) {
      report.problems.push({ code: found.problem.code, message: found.problem.message });
    } else if (!isChosen(found, options) || wanted?.has(found.key) === false) report.passedOver += 1;
    else {
      const result = options.dryRun === true ? importer.plan(found) : importer.add(found);
      const { title, updatedAt } = found.conversation;
      report.conversations.push({ ...result, title, updatedAt, losses: found.losses });
    }
  }
  if (report.conversations.length + report.problems.length + report.passedOver === 0)
    throw new ShareError('source_invalid', 'The export holds no conversation.');
  return report;
}

function mayAsk({ title, since, until, all, dryRun, json }: ImportOptions): boolean {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  return [title, since, until, all, dryRun, json].every((option) => option === undefined);
}

/**
 * Keys of the conversations that a person wants, of those of which there is a choice. Copies that the export would
 * bring up to date are ticked at first.
 */
async function askWhich(
  source: Export,
  importer: Importer,
  bar: ProgressBar,
): Promise<ReadonlySet<string> | undefined> {
  const choices: { key: string; title: string; updatedAt: string; what: Imported }[] = [];
  for await (const found of source.conversations()) {
    const { done, total } = source.progress();
    bar.update(done, total);
    if ('problem' in found) continue;
    const { title, updatedAt } = found.conversation;
    choices.push({ key: found.key, title, updatedAt, what: importer.plan(found).what });
  }
  bar.end();
  if (choices.length < 2) return undefined;
  const { askSome } = await import('../prompts.ts');
  const wanted = await askSome(
    `Which of ${choices.length.toLocaleString('en')} conversations?`,
    choices
      .sort((one, other) => (one.updatedAt < other.updatedAt ? 1 : -1))
      .map(({ key, title, updatedAt, what }) => ({
        value: key,
        label: `${updatedAt.slice(0, 10)}  ${printable(title)}`,
        ...(what === 'added' ? {} : { hint: standings[what] }),
      })),
    choices.filter(({ what }) => what === 'updated').map(({ key }) => key),
  );
  if (wanted === undefined) throw new ShareError('cancelled', 'Nothing was imported.');
  return new Set(wanted);
}

/** Only the line that the cursor is on shows it. */
const standings = {
  updated: 'an older one is in the library',
  older: 'a newer one is in the library',
  unchanged: 'in the library',
  'changed by hand': 'in the library, changed by hand',
} as const;

function isChosen({ conversation }: FoundConversation, { title, since, until }: ImportOptions): boolean {
  const updated = new Date(conversation.updatedAt);
  if (since !== undefined && updated < since) return false;
  if (until !== undefined && updated >= until) return false;
  const words = fold(title ?? '').split(/\s+/);
  const name = fold(conversation.title);
  return words.every((word) => name.includes(word));
}

function fold(text: string): string {
  return text.normalize('NFKC').trim().toLocaleLowerCase('en');
}

function tell(report: ImportReport, isPlan: boolean): void {
  const shown = report.conversations.filter(({ what }) => isPlan || what !== 'unchanged');
  for (const { conversation, title, updatedAt, what } of shown) {
    print(`${paint(colors[what], what.padEnd(15))}  ${updatedAt.slice(0, 10)}  ${printable(title)}`);
    print(paint('dim', `${' '.repeat(17)}${conversation}`));
  }
  for (const { message } of report.problems)
    say(`${paint('red', 'Not read:', process.stderr)} ${printable(message)}`);
  say(summaryOf(report, isPlan));
  tellLosses(shown);
}

/** Where nobody watches, the pages of what was brought up to date are those of before. */
async function tellStale(config: Config, { conversations }: ImportReport): Promise<void> {
  const updated = conversations.filter(({ what }) => what === 'updated');
  if (updated.length === 0 || !existsSync(registryPath(config.data.value))) return;
  await withShares(config, (shares) => {
    const shared = updated.filter(({ conversation }) => shares.registry.active(conversation) !== undefined);
    if (shared.length > 0 && !isWatched(shares))
      say(`\`share sync\` brings ${counted(shared.length, 'page')} up to date with it.`);
  });
}

/** What is left out of all of them; `share inspect` tells it of each. */
function tellLosses(conversations: ImportReport['conversations']): void {
  const { hidden, unknown } = conversations.reduce((sum, { losses }) => addLosses(sum, losses), noLosses);
  for (const [words, counts] of [
    ['Left out on purpose', hidden],
    ['Not known, left out', unknown],
  ] as const) {
    const rows = Object.entries(counts).sort(([, one], [, other]) => other - one);
    const some = rows
      .slice(0, mostReasons)
      .map(([what, count]) => `${count.toLocaleString('en')} ${printable(what)}`);
    const more = rows.length > mostReasons ? [`and ${counted(rows.length - mostReasons, 'more kind')}`] : [];
    if (rows.length > 0) say(`${words}: ${[...some, ...more].join(', ')}.`);
  }
}

const mostReasons = 8;

const colors = {
  added: 'green',
  updated: 'cyan',
  unchanged: 'dim',
  older: 'yellow',
  'changed by hand': 'yellow',
} as const;

function summaryOf({ tool, conversations, problems, passedOver }: ImportReport, isPlan: boolean): string {
  const count = (what: Imported) => conversations.filter((each) => each.what === what).length;
  const parts = (['added', 'updated', 'unchanged', 'older', 'changed by hand'] as const)
    .filter((what) => count(what) > 0)
    .map((what) => `${count(what).toLocaleString('en')} ${what}`);
  if (problems.length > 0) parts.push(`${problems.length} not read`);
  if (passedOver > 0) parts.push(`${passedOver.toLocaleString('en')} passed over`);
  return `${tool}: ${parts.join(', ')}${isPlan ? ' (nothing was changed: this is a dry run)' : ''}.`;
}
