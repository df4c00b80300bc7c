import { styleText } from 'node:util';
import type { Share } from '../src/registry/shares.ts';
import { shareUrl, type SiteUrl } from '../src/urls.ts';
import { ShareError, exitCodes } from '../src/errors.ts';

/** Data on stdout, everything said to a person on stderr. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

type Style = Parameters<typeof styleText>[0];

/** Colour where the stream shows it and NO_COLOR does not forbid it. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}

export type StatusState = 'not-shared' | 'shared' | 'held' | 'failed' | 'revoked';

/** The documented shape of `status --json` and `list --json`. */
export interface StatusReport {
  conversation: string;
  title: string | null;
  type: string | null;
  state: StatusState;
  link: string | null;
  shareId: string | null;
  createdAt: string | null;
  publishedAt: string | null;
  revision: string | null;
  problem: { code: string; message: string } | null;
}

export function reportShare(share: Share, site: SiteUrl): StatusReport {
  return {
    conversation: share.conversation,
    title: share.title,
    type: share.type,
    state: stateOf(share),
    link: shareUrl(site, share.id),
    shareId: share.id,
    createdAt: share.createdAt,
    publishedAt: share.publishedAt ?? null,
    revision: share.revision ?? null,
    problem:
      share.problem === undefined ? null : { code: share.problem.code, message: share.problem.message },
  };
}

export function reportUnshared(
  conversation: string,
  known: { title: string; type: string } | ShareError,
): StatusReport {
  const problem = known instanceof ShareError ? { code: known.code, message: known.message } : null;
  return {
    conversation,
    title: known instanceof ShareError ? null : known.title,
    type: known instanceof ShareError ? null : known.type,
    state: 'not-shared',
    link: null,
    shareId: null,
    createdAt: null,
    publishedAt: null,
    revision: null,
    problem,
  };
}

function stateOf(share: Share): StatusState {
  if (share.state === 'revoked') return 'revoked';
  if (share.problem === undefined) return 'shared';
  return share.problem.kind === 'held' ? 'held' : 'failed';
}

const marks: Record<StatusState, [Style, string]> = {
  'not-shared': ['dim', '○ not shared'],
  shared: ['green', '● shared'],
  held: ['yellow', '▲ held'],
  failed: ['red', '▲ failed'],
  revoked: ['dim', '✕ revoked'],
};

/** `1 secret`, `3,000 rounds` */
export function counted(count: number, word: string): string {
  return `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
}

/** Two or three lines for a person: what it is, how it stands, and the link or the reason. */
export function printReport(report: StatusReport): void {
  const [style, mark] = marks[report.state];
  const name = paint('bold', printable(report.title ?? report.conversation));
  const details = [report.type, report.title === null ? null : report.conversation, whenOf(report)];
  print(`${paint(style, mark.padEnd(12))}  ${name}`);
  print(
    paint(
      'dim',
      `              ${details
        .filter((part) => part !== null)
        .map(printable)
        .join(' · ')}`,
    ),
  );
  if (report.link !== null && report.state !== 'revoked')
    print(`              ${paint('cyan', report.link)}`);
  if (report.problem !== null)
    print(paint(style === 'dim' ? 'yellow' : style, `              ${printable(report.problem.message)}`));
}

function whenOf(report: StatusReport): string | null {
  if (report.state === 'revoked') return `was ${report.link ?? ''}`;
  if (report.publishedAt === null) return report.state === 'not-shared' ? null : 'not published';
  return `published ${report.publishedAt.replace('T', ' ').slice(0, 16)} UTC`;
}

/** A title may hold escape sequences; a terminal must not obey them. */
/** A text as an argument to copy into a shell. */
export function argument(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${printable(text).replaceAll("'", String.raw`'\''`)}'`;
}

export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ');
}

/**
 * Tells of an error as the stream habits ask, and gives the exit code.
 * With `--json` it is `{ "error": { "code", "message", "hint" } }` on stdout.
 */
export function reportError(error: unknown, json: boolean): number {
  if (!(error instanceof ShareError)) {
    say(paint('red', 'A bug in conversation-share: please report it with the lines below.', process.stderr));
    say(error instanceof Error ? (error.stack ?? String(error)) : String(error));
    if (json) printJson({ error: { code: 'bug', message: String(error), hint: null } });
    return exitCodes.bug;
  }
  if (json) printJson({ error: { code: error.code, message: error.message, hint: error.hint ?? null } });
  else {
    say(`${paint('red', 'Error:', process.stderr)} ${printable(error.message)}`);
    if (error.hint !== undefined) say(paint('dim', printable(error.hint), process.stderr));
  }
  return error.exitCode;
}

export interface ProgressBar {
  update: (done: number, total: number) => void;
  /** Takes the bar away; the next update begins another. */
  end: () => void;
}

/** A bar on stderr for work that takes over a second; nothing where there is no terminal. */
export function progressBar(label: string, format: (amount: number) => string = String): ProgressBar {
  let start: number | undefined;
  let shown = false;
  const update = (done: number, total: number): void => {
    start ??= Date.now();
    if (!process.stderr.isTTY || Date.now() - start < 1_000 || total === 0) return;
    shown = true;
    const width = 24;
    const filled = Math.round((done / total) * width);
    process.stderr.write(
      `\r\x1b[K${label} ${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${format(done)}/${format(total)}`,
    );
  };
  const end = (): void => {
    if (shown) process.stderr.write('\r\x1b[K');
    start = undefined;
    shown = false;
  };
  return { update, end };
}
