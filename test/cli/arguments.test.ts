import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command, Option } from 'commander';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildProgram } from '../../cli/main.ts';
import { exitCodes } from '../../src/errors.ts';
import { bin, cleanEnv, share } from '../support/cli.ts';
import { aConversation, aDataFolder, type DataFolder } from '../support/data-folder.ts';
import type { Ended } from '../support/run-arguments.ts';

const corpora = process.env['CORPORA_DIR'];
const bigList =
  corpora === undefined ? [] : (JSON.parse(readFileSync(join(corpora, 'blns.json'), 'utf8')) as string[]);
const naughty = [
  ...[
    '',
    ' ',
    '-',
    '--',
    '---',
    '-1',
    '0',
    '1e999',
    'NaN',
    'null',
    '__proto__',
    'constructor',
    '.',
    '..',
    '/',
    '//',
  ],
  ...[
    '../secret.txt',
    '/dev/null',
    '/proc/self/environ',
    '~',
    '*',
    '?',
    '[',
    '\\',
    '\n',
    '\t',
    '\u202e',
    '😀',
    '%00',
  ],
  ...[
    '--help',
    '--version',
    '--json',
    '-y',
    '--no-x',
    '--yes=yes',
    '--json=',
    '=',
    '@',
    '$(id)',
    '`id`',
    ';',
    '| cat',
  ],
  ...['file:///etc/passwd', 'https://a.example/share/x', '0123456789abcdefghjkmnpqrs', 'a'.repeat(5_000)],
  ...bigList,
  // No program is ever given NUL or half a character by its shell.
].filter((text) => !text.includes('\0') && text.isWellFormed());

const program = await buildProgram();
/** Those that run until they are told to stop have tests of their own. */
const commands = program.commands.filter((command) => !['serve', 'watch'].includes(command.name()));

/** These name what is written: they get harmless names, so that a fault of the program harms nobody's machine. */
const writing = new Set(['--data', '--library', '--output', '--out']);
const places = ['more', 'more/deeper', 'a\nb', ''];
/** These would ask the network. */
const asking = new Set(['--url', '--confirm']);

const word = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('talk', 'A small talk', 'other', 'my-talk', 'data/conversations/talk'),
  },
  { weight: 3, arbitrary: fc.constantFrom(...naughty) },
  fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !text.includes('\0')),
);

/** A flag with what belongs to it, or with anything. */
function flagOf({ long, required, argChoices = ['1'] }: Option): fc.Arbitrary<string[]> {
  const name = long ?? '--nothing';
  if (asking.has(name)) return fc.constant([]);
  if (writing.has(name)) return fc.constantFrom(...places).map((place) => [name, place]);
  const value = fc.oneof(word, fc.constantFrom(...argChoices));
  const asMeant = value.map((text) => (required ? [name, text] : [name]));
  return fc.oneof(
    { weight: 4, arbitrary: asMeant },
    value.map((text): string[] => [`${name}=${text}`]),
    fc.constant<string[]>([name]),
  );
}

function lineOf(command: Command): fc.Arbitrary<string[]> {
  const flag = (options: readonly Option[]) => fc.constantFrom(...options).chain(flagOf);
  const rest = fc.oneof(
    { weight: 4, arbitrary: word.map((text): string[] => [text]) },
    { weight: 4, arbitrary: flag([...command.options, ...program.options]) },
    flag(commands.flatMap(({ options }) => options)),
  );
  // A file to back up to is written, too.
  if (command.name() === 'backup') return flag(program.options).map((words) => ['backup', ...words]);
  return fc.array(rest, { maxLength: 4 }).map((words) => [command.name(), ...words.flat()]);
}

const line = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...commands).chain(lineOf) },
  fc.array(word, { maxLength: 3 }),
);

let data: DataFolder;
let world: string;
let child: ChildProcess;

beforeAll(async () => {
  data = aDataFolder();
  data.write('talk', aConversation(), { 'a.txt': 'a' });
  data.write('other', aConversation({ title: 'Other' }));
  world = mkdtempSync(join(tmpdir(), 'share-world-'));
  mkdirSync(join(world, 'home'));
  writeFileSync(join(world, 'secret.txt'), 'mine');
  child = fork(new URL('../support/run-arguments.ts', import.meta.url), [], {
    cwd: world,
    // No browser and no clipboard is found.
    env: cleanEnv({
      SHARE_DATA: data.paths.data,
      HOME: join(world, 'home'),
      XDG_CONFIG_HOME: undefined,
      PATH: '',
    }),
  });
  await once(child, 'message');
});

afterAll(async () => {
  child.disconnect();
  if (child.exitCode === null) await once(child, 'exit');
  rmSync(world, { recursive: true, force: true });
  data.remove();
});

async function run(args: readonly string[]): Promise<Ended> {
  const answer = once(child, 'message', { signal: AbortSignal.timeout(10_000) });
  child.send(args);
  return ((await answer) as [Ended])[0];
}

test('any arguments end soon, with an exit code that is documented, without a stack, and write nowhere else', async () => {
  const known = new Set<number>(Object.values(exitCodes).filter((code) => code !== exitCodes.bug));
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(line, async (args) => {
      const { code, stderr } = await run(args);
      seen.add(code);
      expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
      expect(known).toContain(code);
    }),
    { numRuns: 250 },
  );
  // Some of them did something.
  expect([...seen].sort()).toEqual(
    expect.arrayContaining([exitCodes.done, exitCodes.usage, exitCodes.notFound]),
  );
  const written = readdirSync(world).filter((name) => !/^\.?(?:more|a\nb)\b/.test(name));
  expect(written.sort()).toEqual(['home', 'secret.txt']);
  expect(readdirSync(join(world, 'home'))).toEqual([]);
  expect(readFileSync(join(world, 'secret.txt'), 'utf8')).toBe('mine');
}, 60_000);

test.each([
  [['creat'], 2, "unknown command 'creat'\n(Did you mean create?)"],
  [['frobnicate', 'x'], 2, "unknown command 'frobnicate'"],
  [['help', 'create'], 0, 'Usage: share create'],
])('%j', async (args, code, words) => {
  const ended = await share(args, { env: { SHARE_DATA: data.paths.data } });
  expect(ended.code).toBe(code);
  expect(ended.stdout + ended.stderr).toContain(words);
});

test('a file where a folder must be is no bug', async () => {
  const file = join(data.paths.data, 'a.txt');
  writeFileSync(file, 'A.');
  for (const folder of [file, join(file, 'x')])
    for (const command of ['list', 'status', 'doctor', 'create talk', 'find'])
      expect(await share([...command.split(' '), '--data', folder]), command).toMatchObject({
        code: expect.toSatisfy((code: unknown) => code !== 70) as number,
        stderr: expect.not.stringContaining('bug') as string,
      });
  const { code, stderr } = await share(['host', 'nginx', '--domain', 'a.example', '--out', join(file, 'x')]);
  expect([code, stderr]).toEqual([1, expect.stringContaining('cannot be written (ENOTDIR)')]);
});

test.skipIf(!existsSync('/dev/full'))(
  'output that cannot be written is told of in words (needs /dev/full)',
  () => {
    const full = openSync('/dev/full', 'w');
    const args = [bin, 'config', '--data', data.paths.data];
    const { status, stderr } = spawnSync(process.execPath, args, {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect([status, stderr]).toEqual([1, 'Error: What was to be printed cannot be written (ENOSPC).\n']);
  },
);
