import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { exitCodes } from '../src/errors.ts';
import { packageRoot } from './package-root.ts';
import { reportError, say } from './report.ts';

/**
 * Runs the command line once and sets the exit code; never throws.
 *
 * @param args  Without the program's name.
 */
export async function main(args: readonly string[]): Promise<void> {
  process.stdout.on('error', endOnOutputError);
  try {
    const program = await buildProgram(args[0]);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode =
      error instanceof CommanderError ? toExitCode(error) : reportError(error, args.includes('--json'));
  }
}

/**
 * What each command brings along is only loaded with it: `share find` has sessions to list before a person gets
 * impatient. The order is that of the help.
 */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  init: async () => (await import('./commands/init.ts')).addInit,
  create: async () => (await import('./commands/create.ts')).addCreate,
  status: async () => (await import('./commands/status.ts')).addStatus,
  find: async () => (await import('./commands/find.ts')).addFind,
  inspect: async () => (await import('./commands/inspect.ts')).addInspect,
  review: async () => (await import('./commands/review.ts')).addReview,
  import: async () => (await import('./commands/import.ts')).addImport,
  export: async () => (await import('./commands/export.ts')).addExport,
  list: async () => (await import('./commands/list.ts')).addList,
  copy: async () => (await import('./commands/link.ts')).addCopy,
  open: async () => (await import('./commands/link.ts')).addOpen,
  delete: async () => (await import('./commands/delete.ts')).addDelete,
  log: async () => (await import('./commands/log.ts')).addLog,
  sync: async () => (await import('./commands/sync.ts')).addSync,
  watch: async () => (await import('./commands/watch.ts')).addWatch,
  serve: async () => (await import('./commands/serve.ts')).addServe,
  host: async () => (await import('./commands/host.ts')).addHost,
  verify: async () => (await import('./commands/verify.ts')).addVerify,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctor,
  backup: async () => (await import('./commands/backup.ts')).addBackup,
  config: async () => (await import('./commands/config.ts')).addConfig,
};

/** @param only  The command that is called, to load no other; every command where it is none. */
export async function buildProgram(only?: string): Promise<Command> {
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

Exit codes: 0 done · 1 failed · 2 usage · 3 not found or not yours · 4 refused for a secret · 5 locked by another process · 6 done, but the live host does not show it · 70 a bug · 130 interrupted`,
    )
    .helpCommand('help [command]', 'show this, or how to call a command')
    .allowExcessArguments()
    .action(runMenu);
  const called = Object.entries(commands).filter(([name]) => name === only);
  const isForProgram = only === '--version' || only === '-V';
  const wanted = called.length > 0 || isForProgram ? called : Object.entries(commands);
  const loaded = wanted.map(([, load]) => load());
  for (const add of await Promise.all(loaded)) add(program);
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError('(add --help for how to call it)');
  return program;
}

/** Without a command: a menu on a terminal, help elsewhere. */
async function runMenu(_options: unknown, command: Command): Promise<void> {
  const [unknown] = command.args;
  if (unknown !== undefined) command.error(`error: unknown command '${unknown}'${suggestionFor(unknown)}`);
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    command.outputHelp({ error: true });
    process.exitCode = exitCodes.usage;
    return;
  }
  const { menu } = await import('./menu.ts');
  await menu(command);
}

function suggestionFor(given: string): string {
  const like = Object.keys(commands).find((name) => name.slice(0, 3) === given.slice(0, 3));
  return like === undefined ? '' : `\n(Did you mean ${like}?)`;
}

function toExitCode(error: CommanderError): number {
  return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
}

/** Whoever reads may have seen enough, as `head` has. */
function endOnOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(exitCodes.done);
  say(`Error: What was to be printed cannot be written (${error.code ?? error.message}).`);
  process.exit(exitCodes.failed);
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', packageRoot()), 'utf8')) as {
    version: string;
  };
  return version;
}
