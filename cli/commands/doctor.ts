import type { Command } from 'commander';
import { exitCodes } from '../../src/errors.ts';
import { configOf, type CommonOptions } from '../context.ts';
import { diagnose, type Diagnosis } from '../doctor.ts';
import { paint, print, printable, printJson } from '../report.ts';

const marks: Record<Diagnosis['level'], Parameters<typeof paint>[0]> = {
  ok: 'green',
  warn: 'yellow',
  fail: 'red',
};

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('check what sharing rests on, and say what to do')
    .description(
      'Checks Node, the site, the data folder and its permissions, the registry, the output, the running watcher, disk space, the clock and the limits on watching. Changes nothing. Exits 1 when something must be put right.',
    )
    .option('--json', 'print {checks: [{check, level, message, todo}]}, with level ok, warn or fail')
    .addHelpText('after', '\nExample:\n  $ share doctor')
    .action(async (options: CommonOptions, command: Command) => {
      const checks = diagnose(await configOf(command));
      if (options.json === true) printJson({ checks });
      else checks.forEach(printDiagnosis);
      if (checks.some(({ level }) => level === 'fail')) process.exitCode = exitCodes.failed;
    });
}

function printDiagnosis({ check, level, message, todo }: Diagnosis): void {
  print(`${paint(marks[level], level.padEnd(4))}  ${check.padEnd(8)}  ${printable(message)}`);
  if (todo !== null) print(`                ${printable(todo)}`);
}
