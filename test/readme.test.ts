import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { buildProgram } from '../cli/main.ts';
import { columns } from '../src/export/rows.ts';
import { limitNames, usualLimits } from '../src/limits.ts';

const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
const program = await buildProgram();
const manifest = JSON.parse(
  readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8'),
) as {
  scripts: Record<string, string>;
};

test.each(program.commands.map((command) => [command.name(), command] as const))(
  'the README names `share %s` and every flag of it',
  (name, command) => {
    const line = readme.split('\n').find((text) => text.startsWith(`| \`share ${name}`));
    expect(line).toBeDefined();
    const flags = command.options.map((option) => option.long).filter((flag) => flag !== '--help');
    expect(flags.filter((flag) => !line?.includes(`\`${flag ?? ''}\``))).toEqual([]);
  },
);

test('every `share …` command and flag in the README exists', () => {
  const names = new Set(program.commands.map((command) => command.name()));
  const flags = new Set(
    [...program.commands, program].flatMap((command) => command.options.map((option) => option.long)),
  );
  const used = [...readme.matchAll(/\bshare ([a-z]+)\b/g)].map((match) => match[1] ?? '');
  const inCode = [...readme.matchAll(/`(?:npx )?share ([a-z]+)|^npx share ([a-z]+)/gm)].map(
    (m) => m[1] ?? m[2] ?? '',
  );
  expect(used.length).toBeGreaterThan(10);
  expect(inCode.filter((name) => !names.has(name))).toEqual([]);
  const named = [...readme.matchAll(/`(--[a-z-]+)`/g)].map((match) => match[1] ?? '');
  expect(named.filter((flag) => !flags.has(flag))).toEqual([]);
});

test('the columns of an exported table are in the README, with their types', () => {
  const rows = columns.map(
    ({ name, type, isNullable }) => `| \`${name}\` | ${type}${isNullable ? ', or null' : ''} |`,
  );
  const table = /\| column \| type \| is \|\n.*\n((?:\|.*\n)+)/.exec(readme)?.[1]?.trim().split('\n') ?? [];
  expect(table.map((line) => /^(?:\|[^|]*){2}\|/.exec(line)?.[0])).toEqual(rows);
});

test('every limit is in the README, with what it usually is', () => {
  const rows = [...readme.matchAll(/^\| `(\w+)` \|[^|]+\| ([\d,]+) \|$/gm)].map(([, name, usual]) => [
    name,
    usual,
  ]);
  expect(rows).toEqual(limitNames.map((name) => [name, usualLimits[name].toLocaleString('en')]));
});

test('every npm script in the README exists', () => {
  const scripts = [
    ...readme.matchAll(/npm (?:run )?(start|test(?::\w+)?|check|build(?::\w+)?|bench)\b/g),
  ].map((match) => match[1] ?? '');
  expect(scripts.length).toBeGreaterThan(4);
  expect(scripts.filter((name) => !(name in manifest.scripts))).toEqual([]);
});

test('every command has a description and an example', () => {
  for (const command of program.commands) {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    expect(help, command.name()).toMatch(/Examples?:\n\s+\$ share /);
    expect(command.description().length, command.name()).toBeGreaterThan(20);
  }
});
