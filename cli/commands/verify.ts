import type { Command } from 'commander';
import { exitCodes } from '../../src/errors.ts';
import { configOf, withApp, type CommonOptions } from '../context.ts';
import { paint, print, printable, printJson, say } from '../report.ts';
import { repair, verify, type Finding } from '../verification.ts';

interface VerifyOptions extends CommonOptions {
  repair?: boolean;
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .summary('compare what is published, byte by byte, with what should be')
    .description(
      'Compares the registry, the conversations and the output: what is missing, stale, foreign, or altered since it was published. Exits 1 when something is.',
    )
    .option('--repair', 'publish again what is not as it should be, and remove what is nobody’s')
    .option('--json', 'print {findings: [{kind, conversation, share, path, message}]}')
    .addHelpText('after', '\nExamples:\n  $ share verify\n  $ share verify --repair')
    .action(async (options: VerifyOptions, command: Command) => {
      const findings = await withApp(configOf(command), async (app) => {
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
