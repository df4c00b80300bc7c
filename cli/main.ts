import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { exitCodes } from '../src/errors.ts';
import { addBackup } from './commands/backup.ts';
import { addConfig } from './commands/config.ts';
import { addCreate } from './commands/create.ts';
import { addDelete } from './commands/delete.ts';
import { addDoctor } from './commands/doctor.ts';
import { addExport } from './commands/export.ts';
import { addFind } from './commands/find.ts';
import { addHost } from './commands/host.ts';
import { addImport } from './commands/import.ts';
import { addInit } from './commands/init.ts';
import { addInspect } from './commands/inspect.ts';
import { addCopy, addOpen } from './commands/link.ts';
import { addList } from './commands/list.ts';
import { addServe } from './commands/serve.ts';
import { addStatus } from './commands/status.ts';
import { addSync } from './commands/sync.ts';
import { addVerify } from './commands/verify.ts';
import { addWatch } from './commands/watch.ts';
import { packageRoot } from './package-root.ts';
import { reportError } from './report.ts';

/**
 * Runs the command line once and sets the exit code; never throws.
 *
 * @param args  Without the program's name.
 */
export async function main(args: readonly string[]): Promise<void> {
  process.stdout.on('error', quietlyOnClosedPipe);
  try {
    await buildProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode =
      error instanceof CommanderError ? toExitCode(error) : reportError(error, args.includes('--json'));
  }
}

export function buildProgram(): Command {
  const program = new Command('share')
    .description(
      'Share an AI conversation by an unlisted public link that follows it and ends when you say so.',
    )
    .version(version(), '-V, --version')
    .option('--data <folder>', 'data folder (SHARE_DATA; default ./data where there is one)')
    .option('--site <url>', 'public address of the site (SHARE_SITE)')
    .option('--library <folder>', 'folder of your conversations (SHARE_LIBRARY)')
    .option('--output <folder>', 'folder that a host serves (SHARE_OUTPUT)')
    .option('--owner <id>', 'who you are (SHARE_OWNER; default your user name)')
    .showSuggestionAfterError()
    .showHelpAfterError('(`share --help` lists what there is)')
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  $ share create sales-analysis           print a new link, or the one it has
  $ share serve                           serve and follow, at http://127.0.0.1:4321
  $ share delete sales-analysis           the link answers 404 from now on
  $ share                                 choose from a menu

Exit codes: 0 done · 1 failed · 2 usage · 3 not found or not yours · 5 locked by another process · 6 done, but the live host does not show it · 70 a bug`,
    )
    .action(runMenu);
  for (const add of [
    addInit,
    addCreate,
    addStatus,
    addFind,
    addInspect,
    addImport,
    addExport,
    addList,
    addCopy,
    addOpen,
    addDelete,
    addSync,
    addWatch,
    addServe,
    addHost,
    addVerify,
    addDoctor,
    addBackup,
    addConfig,
  ])
    add(program);
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError('(add --help for how to call it)');
  return program;
}

/** Without a command: a menu on a terminal, help elsewhere. */
async function runMenu(_options: unknown, command: Command): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    command.outputHelp({ error: true });
    process.exitCode = exitCodes.usage;
    return;
  }
  const { menu } = await import('./menu.ts');
  await menu(command);
}

function toExitCode(error: CommanderError): number {
  return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
}

function quietlyOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(exitCodes.done);
  throw error;
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', packageRoot()), 'utf8')) as {
    version: string;
  };
  return version;
}
