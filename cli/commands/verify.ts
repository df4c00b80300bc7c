import type { Command } from 'commander';
import { exitCodes } from '../../src/errors.ts';
import { toSiteUrl } from '../../src/urls.ts';
import type { LiveFinding } from '../../src/verify/live.ts';
import { configOf, withApp, withDesk, type CommonOptions } from '../context.ts';
import { paint, print, printable, printJson, say } from '../report.ts';
import { askLiveHost, repair, verify, type Finding } from '../verification.ts';

interface VerifyOptions extends CommonOptions {
  repair?: boolean;
  url?: string | true;
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .summary('compare what is published, byte by byte, with what should be')
    .description(
      'Compares the registry, the conversations and the output: what is missing, stale, foreign, or altered since it was published. Exits 1 when something is.\n\nWith --url it asks the live host instead, as a viewer would: whether every link works and says noindex, whether every deleted one is gone, and whether attached files are harmless there. For each fault it names the setting of the host to change. Exits 6 when a promise is broken.',
    )
    .option('--repair', 'publish again what is not as it should be, and remove what is nobody’s')
    .option('--url [site]', 'ask the live host; the site that is set when none is named')
    .option(
      '--json',
      'print {findings: [{kind, conversation, share, path, message}]}; with --url {site, findings: [{level, address, more, problem, setting}]}',
    )
    .addHelpText('after', '\nExamples:\n  $ share verify\n  $ share verify --repair\n  $ share verify --url')
    .action(async (options: VerifyOptions, command: Command) => {
      const config = await configOf(command);
      if (options.url !== undefined) {
        const site = options.url === true ? config.site.value : toSiteUrl(options.url);
        const findings = await withDesk(config, (desk) => askLiveHost(desk, site));
        if (options.json === true) printJson({ site, findings });
        else reportLive(findings, site);
        if (findings.some(({ level }) => level === 'fail')) process.exitCode = exitCodes.notConfirmed;
        return;
      }
      const findings = await withApp(config, async (app) => {
        const before = await verify(app);
        if (options.repair !== true || before.length === 0) return before;
        before.forEach(sayFinding);
        await repair(app);
        const after = await verify(app);
        say(`${before.length - after.length} of ${before.length} put right.`);
        return after;
      });
      if (options.json === true) printJson({ findings });
      else report(findings);
      if (findings.length > 0) process.exitCode = exitCodes.failed;
    });
}

function report(findings: readonly Finding[]): void {
  for (const finding of findings) print(lineOf(finding));
  if (findings.length === 0) say('Everything that is published is as it should be.');
  else say('`share verify --repair` puts right what it can; `share status` tells what holds a page up.');
}

function sayFinding(finding: Finding): void {
  say(lineOf(finding));
}

function lineOf({ kind, conversation, share, message }: Finding): string {
  const name = conversation === null ? share : `${conversation} (${share})`;
  return `${paint('red', kind.padEnd(10))}  ${printable(`${name}: ${message}`)}`;
}

function reportLive(findings: readonly LiveFinding[], site: string): void {
  for (const { level, address, more, problem, setting } of findings) {
    print(`${level === 'fail' ? paint('red', 'fail') : paint('yellow', 'warn')}  ${printable(problem)}`);
    print(paint('dim', `      ${printable(address)}${more === 0 ? '' : `, and ${more} more`}`));
    print(`      ${setting}`);
  }
  if (findings.length === 0) say(`${site} does everything as it should.`);
  else if (findings.every(({ level }) => level === 'warn'))
    say(`${site} keeps every promise; these headers would protect viewers further.`);
}
