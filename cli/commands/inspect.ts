import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { splitPath } from '../../src/conversation/opencode-store.ts';
import { notFound } from '../../src/publish/not-found.ts';
import { configOf, withDesk, type CommonOptions } from '../context.ts';
import { findByName } from '../find.ts';
import {
  inspectFile,
  inspectSource,
  printExport,
  printInspection,
  type ExportInspection,
  type Inspection,
} from '../inspection.ts';
import { printJson } from '../report.ts';
import type { Desk } from '../desk.ts';

export function addInspect(program: Command): void {
  program
    .command('inspect')
    .argument(
      '<conversation>',
      'a file of another tool, an export, or the id, title or path of a conversation',
    )
    .summary('tell what would be shown of a file, and what left out')
    .description(
      `Tells which tool a file is from and why it was taken for that; how much of it would be shown; and what would be
left out: records hidden on purpose, records that are not known, broken lines, other branches. Of an export that holds
many conversations it tells the sums. Shares nothing.`,
    )
    .option(
      '--json',
      'print {kind, tool, why, title, type, createdAt, updatedAt, rounds, messages, parts, files, losses, branches}; for an export of many, path, conversations and problems instead of what is of one',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ share inspect ~/.codex/sessions/2026/11/24/rollout-….jsonl
  $ share inspect ~/Downloads/chatgpt-export.zip
  $ share inspect sales-analysis --json`,
    )
    .action(async (name: string, options: CommonOptions, command: Command) => {
      const config = await configOf(command);
      const seen = await withDesk(config, (desk) => inspect(desk, config.owner.value, name));
      if (options.json === true) printJson(seen);
      else if ('conversations' in seen) printExport(seen);
      else printInspection(seen);
    });
}

async function inspect(desk: Desk, owner: string, name: string): Promise<Inspection | ExportInspection> {
  if (desk.library.resolve(name) === undefined && existsSync(splitPath(name).file)) return inspectFile(name);
  const { conversation } = await findByName(desk, owner, name);
  const source = desk.library.find(conversation);
  if (source === undefined) throw notFound(name);
  return inspectSource(source);
}
