import type { Command } from 'commander';
import { ShareError } from '../src/errors.ts';
import { readMarker } from '../src/output/folder.ts';
import { notFound } from '../src/publish/not-found.ts';
import type { App, AppOptions } from './app.ts';
import { readConfig, type Config, type ConfigFlags } from './config.ts';
import type { AppPaths, Desk } from './desk.ts';
import type { Person } from './git-person.ts';
import { printable, say } from './report.ts';
import { openShares, type Shares } from './shares.ts';
import { guarded } from './stall-guard.ts';

export interface CommonOptions extends ConfigFlags {
  json?: boolean;
}

/** Settles the settings for one command. */
export function configOf(command: Command): Promise<Config> {
  return readConfig({
    flags: command.optsWithGlobals<ConfigFlags>(),
    env: process.env,
    cwd: process.cwd(),
  });
}

export function pathsOf(config: Config): AppPaths {
  return {
    data: config.data.value,
    library: config.library.value,
    output: config.output.value,
    site: config.site.value,
    person: personOf(config),
    limits: config.limits.value,
  };
}

function personOf({ name, email }: Config): Person {
  return {
    ...(name.value === '' ? {} : { name: name.value }),
    ...(email.value === '' ? {} : { email: email.value }),
  };
}

/** Opens the registry, and closes it after. */
export async function withShares<T>(config: Config, action: (shares: Shares) => T | Promise<T>): Promise<T> {
  return closing(openShares(pathsOf(config)), action);
}

/** Opens what is needed to look, and closes it after. */
export async function withDesk<T>(config: Config, action: (desk: Desk) => T | Promise<T>): Promise<T> {
  // All that can be read takes as long to load as Node to start: `share find` and `share list` do without.
  const { openDesk } = await import('./desk.ts');
  return closing(openDesk(pathsOf(config)), (desk) => guarded(config.limits.value, async () => action(desk)));
}

async function closing<S extends Shares, T>(opened: S, action: (opened: S) => T | Promise<T>): Promise<T> {
  try {
    warnOfPagesUnknown(opened);
    return await action(opened);
  } finally {
    opened.close();
  }
}

/** A registry that was lost is replaced by an empty one, which must not say that nothing is shared. */
function warnOfPagesUnknown({ registry, paths: { output } }: Shares): void {
  const marker = readMarker(output);
  if (marker === undefined || marker === registry.identity) return;
  say(
    `Careful: ${printable(output)} is the output of another registry. What is in it is live, and not known here.`,
  );
  say('`share doctor` says what to do.');
}

/** For what publishes much, or for long: no conversation may hold up the others. */
export const inThreads: AppOptions = { threads: true };

/** Opens everything, and closes it after. */
export async function withApp<T>(
  config: Config,
  action: (app: App) => Promise<T>,
  options: AppOptions = {},
): Promise<T> {
  // What only looks does not wait for the renderer and all that publishes to be loaded.
  const { openApp } = await import('./app.ts');
  const app = await openApp(pathsOf(config), { onTrouble, ...options });
  const work = () => action(app);
  try {
    return await (options.threads === true ? work() : guarded(config.limits.value, work));
  } finally {
    app.close();
  }
}

/**
 * A registry that another user of this machine closed to us says nothing about what is in it: the words are those for
 * a conversation that does not exist.
 */
export async function asNotFound<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof ShareError && error.code === 'registry_unwritable' && isDenied(error.cause))
      throw notFound(what);
    throw error;
  }
}

function isDenied(cause: unknown): boolean {
  return (
    cause instanceof Error &&
    'code' in cause &&
    ['EACCES', 'EPERM', 'SQLITE_CANTOPEN', 'SQLITE_READONLY'].includes(String(cause.code))
  );
}

function onTrouble(error: unknown, what: string): void {
  if (error instanceof ShareError) {
    say(`${printable(what)}: ${printable(error.message)}`);
    return;
  }
  say(`A bug in conversation-share, met while publishing "${printable(what)}":`);
  say(error instanceof Error ? (error.stack ?? String(error)) : String(error));
}
