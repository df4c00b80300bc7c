import type { Command } from 'commander';
import { homedir } from 'node:os';
import { join, sep } from 'node:path';
import { formatSize } from '../../src/components/words.ts';
import {
  findSessions,
  type FindOptions,
  type Session,
  type ToolName,
} from '../../src/conversation/sessions.ts';
import { shareUrl } from '../../src/urls.ts';
import type { Config } from '../config.ts';
import { configOf, withShares, type CommonOptions } from '../context.ts';
import type { Shares } from '../shares.ts';
import { paint, print, printable, printJson, progressBar, say } from '../report.ts';

/** The documented shape of `find --json`. */
export interface FoundSession extends Session {
  /** The link where the session is shared. */
  link: string | null;
}

interface FindCommandOptions extends CommonOptions {
  all?: boolean;
}

const mostShown = 25;

export function addFind(program: Command): void {
  program
    .command('find')
    .argument('[words...]', 'words of the title, the folder or the tool; all must be there')
    .summary('list the sessions of the coding agents on this machine')
    .description(
      `Lists the sessions that Claude Code, Codex, Gemini CLI, opencode and pi keep on this machine, the newest first, with
the path to give to \`share create\`.`,
    )
    .option('--all', `all, and not the newest ${mostShown} only`)
    .option('--json', 'print [{path, tool, title, folder, modifiedAt, sizeBytes, link}]')
    .addHelpText(
      'after',
      `
Examples:
  $ share find
  $ share find flaky test
  $ share create --latest claude-code`,
    )
    .action(async (words: string[], options: FindCommandOptions, command: Command) => {
      const config = await configOf(command);
      const found = await withShares(config, (shares) => sessionsOf(shares, config, words));
      const shown = options.all === true ? found : found.slice(0, mostShown);
      if (options.json === true) {
        printJson(shown);
        return;
      }
      for (const session of shown) printSession(session);
      if (found.length > shown.length)
        say(
          `${(found.length - shown.length).toLocaleString('en')} more with \`--all\`, or with words to look for.`,
        );
      if (found.length === 0) say('No session was found.');
    });
}

export function findOptions(config: Config): FindOptions {
  return { env: process.env, home: homedir(), index: join(config.data.value, 'sessions.json') };
}

/** The sessions that hold all of the words, and whether they are shared. */
export async function sessionsOf(
  shares: Shares,
  config: Config,
  words: readonly string[],
): Promise<FoundSession[]> {
  const bar = progressBar('Looking at sessions');
  const sessions = await findSessions({ ...findOptions(config), onProgress: bar.update }).finally(bar.end);
  const links = await linksByPath(shares, config.owner.value);
  const folded = words.map(fold);
  return sessions
    .filter((session) => folded.length === 0 || holds(session, folded))
    .map((session) => ({ ...session, link: links.get(session.path) ?? null }));
}

/** @param folded  Words as `fold` gives them. */
function holds({ title, folder, tool }: Session, folded: readonly string[]): boolean {
  const text = fold(`${title} ${folder ?? ''} ${toolLabels[tool]} ${tool}`);
  return folded.every((word) => text.includes(word));
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

async function linksByPath({ registry, paths }: Shares, owner: string): Promise<Map<string, string>> {
  const links = new Map<string, string>();
  const own = registry.allActive().filter((share) => share.owner === owner);
  if (own.length === 0) return links;
  const { openLibrary } = await import('../../src/conversation/library.ts');
  const ids = new Map(own.map((share) => [share.conversation, share.id]));
  for (const entry of openLibrary(paths.library).list()) {
    const id = ids.get(entry.conversation);
    if (id !== undefined && !('problem' in entry) && entry.linked)
      links.set(entry.path, shareUrl(paths.site, id));
  }
  return links;
}

export const toolLabels: Record<ToolName, string> = {
  'claude-code': 'Claude Code',
  codex: 'Codex',
  gemini: 'Gemini CLI',
  opencode: 'opencode',
  pi: 'pi',
};

function printSession(session: FoundSession): void {
  const { path, title, link } = session;
  print(`${paint('bold', printable(title))}${link === null ? '' : `  ${paint('green', '● shared')}`}`);
  print(`  ${paint('dim', factsOf(session))}`);
  print(`  ${paint('cyan', printable(link ?? tilde(path)))}`);
}

/** `Claude Code · ~/app · 3 hours ago · 12 KB`, fit for a terminal. */
export function factsOf({ tool, folder, modifiedAt, sizeBytes }: Session): string {
  const facts = [
    toolLabels[tool],
    folder && tilde(folder),
    ageOf(modifiedAt, new Date()),
    formatSize(sizeBytes),
  ];
  return facts
    .filter((fact) => fact !== undefined)
    .map(printable)
    .join(' · ');
}

function tilde(path: string): string {
  const home = homedir();
  return path === home || path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
}

/** `3 hours ago`; the date where it is longer ago than a month. */
export function ageOf(time: string, now: Date): string {
  const minutes = Math.max(0, Math.floor((now.getTime() - new Date(time).getTime()) / 60_000));
  if (minutes < 1) return 'just now';
  if (minutes < 60) return ago(minutes, 'minute');
  if (minutes < 24 * 60) return ago(Math.floor(minutes / 60), 'hour');
  const days = Math.floor(minutes / (24 * 60));
  return days <= 31 ? ago(days, 'day') : time.slice(0, 10);
}

function ago(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
}
