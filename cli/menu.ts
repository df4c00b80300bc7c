import { intro, isCancel, log, outro, select } from '@clack/prompts';
import type { Command } from 'commander';
import { ShareError } from '../src/errors.ts';
import { shareUrl } from '../src/urls.ts';
import type { App } from './app.ts';
import { factsOf, sessionsOf, toolLabels } from './commands/find.ts';
import { statusOf, statusOfAll } from './commands/status.ts';
import type { Config } from './config.ts';
import { configOf, withApp } from './context.ts';
import { copyText, openUrl } from './hand-over.ts';
import { askOne, askYesNo } from './prompts.ts';
import { printable, reportUnshared, type StatusReport } from './report.ts';

type Choice = 'create' | 'copy' | 'open' | 'delete' | 'back';

/** What a share dialog does: choose a conversation, see whether it is shared, then copy, open or delete its link. */
export async function menu(command: Command): Promise<void> {
  const config = await configOf(command);
  const owner = config.owner.value;
  await withApp(config, async (app) => {
    intro('Share a conversation');
    for (;;) {
      const chosen = await chooseConversation(await statusOfAll(app, owner));
      if (chosen === undefined) break;
      const report = chosen === 'sessions' ? await chooseSession(app, config) : chosen;
      if (report !== undefined) await oneConversation(app, owner, report);
    }
    outro('Links stay as they are. `share serve` keeps their pages up to date.');
  });
}

async function chooseConversation(reports: StatusReport[]): Promise<StatusReport | 'sessions' | undefined> {
  const known = reports.map((report) => ({
    value: report,
    label: labelled(report.title ?? report.conversation, report.state === 'not-shared' ? '' : report.state),
    hint: report.type ?? 'cannot be read',
  }));
  const sessions = {
    value: 'sessions' as const,
    label: 'A session of a coding agent …',
    hint: 'on this machine',
  };
  const chosen = await select<StatusReport | 'sessions'>({
    message: 'Which conversation?',
    maxItems: 12,
    options: [...known, sessions],
  });
  return isCancel(chosen) ? undefined : chosen;
}

/** The state stands with the title, since the hint is seen of the chosen line only. */
function labelled(title: string, state: string): string {
  return printable(title) + (state === '' ? '' : ` · ${state}`);
}

/** A session that is not in the library yet goes by its path, until it is shared. */
async function chooseSession(app: App, config: Config): Promise<StatusReport | undefined> {
  const sessions = await sessionsOf(app, config, []);
  if (sessions.length === 0) {
    log.warn('No session of Claude Code, Codex, Gemini CLI, opencode or pi was found on this machine.');
    return undefined;
  }
  const session = await askOne(
    'Which session?',
    sessions.map((each) => ({
      value: each,
      label: labelled(each.title, each.link === null ? '' : 'shared'),
      hint: factsOf(each),
    })),
  );
  if (session === undefined) return undefined;
  if (app.library.resolve(session.path) === undefined)
    return reportUnshared(session.path, { title: session.title, type: toolLabels[session.tool] });
  return statusOf(app, config.owner.value, session.path);
}

async function oneConversation(app: App, owner: string, report: StatusReport): Promise<void> {
  for (let current = report; ;) {
    showStanding(current);
    const choice = await chooseAction(current);
    if (choice === 'back') return;
    try {
      await act(app, owner, current, choice);
      if (choice === 'delete') return;
      current = await statusOf(app, owner, current.conversation);
    } catch (error) {
      if (!(error instanceof ShareError)) throw error;
      log.error(printable(error.message));
    }
  }
}

function showStanding(report: StatusReport): void {
  if (report.state === 'not-shared') log.info('Not shared.');
  else log.success(`Shared at\n${report.link ?? ''}`);
  if (report.problem !== null) log.warn(printable(report.problem.message));
}

async function chooseAction(report: StatusReport): Promise<Choice> {
  const shared: { value: Choice; label: string; hint?: string }[] = [
    { value: 'copy', label: 'Copy link' },
    { value: 'open', label: 'Open in new tab' },
    { value: 'delete', label: 'Delete share', hint: 'the link will never work again' },
    { value: 'back', label: 'Back' },
  ];
  const unshared: typeof shared = [
    { value: 'create', label: 'Create link', hint: 'anybody who has it can read' },
    { value: 'back', label: 'Back' },
  ];
  const options = report.state === 'not-shared' ? unshared : shared;
  const choice = await select({ message: printable(report.title ?? report.conversation), options });
  return isCancel(choice) ? 'back' : choice;
}

async function act(
  app: App,
  owner: string,
  report: StatusReport,
  choice: Exclude<Choice, 'back'>,
): Promise<void> {
  if (choice === 'create') {
    const { conversation } =
      app.library.find(report.conversation) ?? (await app.library.link(report.conversation));
    const { share } = await app.publisher.create(conversation, owner);
    log.step(`Created ${shareUrl(app.paths.site, share.id)}`);
  }
  if (choice === 'copy') log.step(await copyText(report.link ?? ''));
  if (choice === 'open') await openUrl(report.link ?? '');
  if (choice === 'delete') await deleteShare(app, owner, report);
}

async function deleteShare(app: App, owner: string, report: StatusReport): Promise<void> {
  const share = app.registry.active(report.conversation);
  if (share === undefined) return;
  if (!(await askYesNo('Delete this share? Its link will never work again.'))) return;
  app.publisher.revoke(share.id, owner);
  await app.output.emptyTrash();
  log.success('Deleted. The link answers 404 now; the conversation is untouched.');
}
