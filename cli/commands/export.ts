import { Option, type Command } from 'commander';
import type { Losses, Reading } from '../../src/conversation/conversation.ts';
import { slugOf } from '../../src/conversation/slug.ts';
import { ShareError } from '../../src/errors.ts';
import {
  exportConversation,
  exportFormats,
  formatOfPath,
  type Clean,
  type ExportFormat,
} from '../../src/export/export.ts';
import { columns } from '../../src/export/rows.ts';
import { loadRenderer } from '../../src/render/renderer.ts';
import { scanTexts } from '../../src/secrets/scan.ts';
import type { Choice } from '../../src/snapshot/privacy.ts';
import { cleanNames, withoutSecrets } from '../../src/snapshot/secrets.ts';
import { shareUrl } from '../../src/urls.ts';
import type { Desk } from '../desk.ts';
import { asNotFound, configOf, withDesk, type CommonOptions } from '../context.ts';
import { argument, printable, say } from '../report.ts';
import { save } from '../save.ts';
import { takeConversation } from '../take.ts';

interface ExportCommandOptions extends CommonOptions {
  format?: ExportFormat;
  out?: string;
  public?: boolean;
}

export function addExport(program: Command): void {
  program
    .command('export')
    .argument('<conversation>', 'id, title, path, share id or link, or a file of another tool')
    .summary('write a conversation as JSON, CSV, Parquet, Markdown or HTML')
    .description(
      [
        'Writes one of your conversations, as it is now, to stdout or to a file. Attached files are not in it: notes stand in their places. Nor is what reading leaves out, such as hidden messages; `share inspect` tells.',
        'JSON, CSV and Parquet hold all that you have, private fields, system messages and thinking too; `share import` takes this JSON back. Markdown and HTML are to be passed on: they hold thinking, and never what is private or a secret that was found.',
        'With --public every format holds exactly what viewers may see, and thinking only where the share shows it.',
        'HTML is one page that needs no network. Very long outputs are cut in it, as on a shared page; the other formats have all of them.',
      ].join('\n\n'),
    )
    .addOption(
      new Option('--format <format>', 'default: by the extension of --out').choices([...exportFormats]),
    )
    .option('--out <file>', 'write to this file, and replace it if it is there; only you may read it')
    .option('--public', 'exactly what viewers may see')
    .addHelpText(
      'after',
      `
Columns of CSV and Parquet, a row for each message:
${columnLines().join('\n')}

Examples:
  $ share export sales-analysis --format markdown
  $ share export sales-analysis --out sales.parquet
  $ share export ~/.claude/projects/-home-mira-app/3f2a….jsonl --public --out session.html`,
    )
    .action(async (name: string, options: ExportCommandOptions, command: Command) => {
      const format = formatFor(options);
      const config = await configOf(command);
      const draw = async (desk: Desk) => {
        const taken = await take(desk, config.owner.value, name);
        const shown = options.public === true ? taken.choice : undefined;
        const content = await exportConversation(
          taken.conversation,
          { ...taken, format, shown },
          cleaner(new Set(taken.allowed)),
          async (snapshot) => (await loadRenderer()).renderAlone(snapshot),
        );
        return { taken, content };
      };
      const { taken, content } = await asNotFound(name, () => withDesk(config, draw));
      if (options.out === undefined) process.stdout.write(content);
      else {
        save(options.out, content);
        say(`Saved "${printable(taken.conversation.title)}" as ${options.out}.`);
      }
      sayLosses(taken.losses, name);
    });
}

function cleaner(allowed: ReadonlySet<string>): Clean {
  return {
    snapshot: async (snapshot) => (await withoutSecrets(snapshot, scanTexts, allowed)).snapshot,
    fileNames: async (names) => (await cleanNames(names, scanTexts, allowed)).names,
  };
}

function columnLines(): string[] {
  return columns.map(
    ({ name, type, isNullable, is }) =>
      `  ${name.padEnd(15)}  ${`${type}${isNullable ? ', or null' : ''}`.padEnd(18)}  ${is}`,
  );
}

/** @throws ShareError `usage` */
function formatFor({ format, out }: ExportCommandOptions): ExportFormat {
  const wanted = format ?? (out === undefined ? undefined : formatOfPath(out));
  if (wanted === undefined)
    throw new ShareError('usage', 'In which format?', { hint: `Add --format ${exportFormats.join('|')}.` });
  if (wanted === 'parquet' && out === undefined && process.stdout.isTTY)
    throw new ShareError('usage', 'Parquet is not written to a terminal.', {
      hint: 'Add --out <file>, or send it to another program.',
    });
  return wanted;
}

interface Wanted extends Reading {
  /** For JSON that is imported again. */
  id: string;
  link: string | undefined;
  /** What viewers see, or would see if it were shared now. */
  choice: Pick<Choice, 'thinking'>;
  /** Fingerprints of secrets that the owner let through. */
  allowed: string[];
}

async function take(desk: Desk, owner: string, name: string): Promise<Wanted> {
  const { id, share, ...reading } = await takeConversation(desk, owner, name);
  return {
    ...reading,
    id: id ?? (slugOf(reading.conversation.title) || 'conversation'),
    link: share && shareUrl(desk.paths.site, share.id),
    choice: { thinking: share?.thinking ?? false },
    allowed: id === undefined ? [] : desk.registry.allowed(id),
  };
}

function sayLosses({ hidden, unknown, malformedLines }: Losses, name: string): void {
  const counts = [...Object.values(hidden), ...Object.values(unknown), malformedLines.length];
  const count = counts.reduce((sum, each) => sum + each, 0);
  if (count > 0)
    say(
      `Reading left out ${count.toLocaleString('en')} ${count === 1 ? 'record' : 'records'}: \`share inspect ${argument(name)}\` tells which.`,
    );
}
