import { chmodSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig, type Config } from '../../cli/config.ts';
import { diagnose, thisMachine, type Diagnosis, type Machine } from '../../cli/doctor.ts';
import { takeWatchLock } from '../../src/registry/watch-lock.ts';
import { share } from '../support/cli.ts';
import { aDataFolder, type DataFolder } from '../support/data-folder.ts';
import { findProgram } from '../support/programs.ts';

let data: DataFolder;
let usual: Config;

beforeEach(async () => {
  data = aDataFolder();
  data.write('talk');
  chmodSync(data.paths.data, 0o711);
  const app = await data.open();
  await app.publisher.create('talk', 'mira');
  app.close();
  usual = await configOf();
});

afterEach(() => data.remove());

function configOf(site = 'https://share.example.org'): Promise<Config> {
  return readConfig({ flags: { data: data.paths.data, site }, env: { HOME: '/nonexistent' }, cwd: '/' });
}

function check(name: string, machine: Partial<Machine> = {}, config = usual): Diagnosis {
  const found = diagnose(config, { ...thisMachine, ...machine }).find((one) => one.check === name);
  if (found === undefined) throw new Error(name);
  return found;
}

const registry = () => join(data.paths.data, 'registry.sqlite');

test('finds everything well in a folder that is well, and leaves nothing behind', () => {
  const before = readdirSync(data.paths.data).sort();
  const checks = diagnose(usual);
  expect(checks.filter(({ level }) => level !== 'ok')).toEqual([]);
  expect(checks.map((one) => one.check)).toEqual([
    ...['node', 'site', 'data', 'registry', 'output', 'git', 'watcher', 'disk', 'clock', 'watches'],
  ]);
  expect(readdirSync(data.paths.data).sort()).toEqual(before);
});

describe('what is wrong is told with what to do', () => {
  const GiB = 1024 ** 3;
  test.each<[string, Partial<Machine>, string, Diagnosis['level'], RegExp]>([
    ['an old Node', { nodeVersion: '20.19.0' }, 'node', 'fail', /Node 24/],
    ['a Node just too old', { nodeVersion: '22.21.9' }, 'node', 'fail', /Node 24/],
    ['a Node just new enough', { nodeVersion: '22.22.0' }, 'node', 'ok', /^$/],
    ['a full disk', { freeBytes: () => 1000 }, 'disk', 'fail', /Make room/],
    ['a disk that fills', { freeBytes: () => GiB / 2 }, 'disk', 'warn', /Make room/],
    ['a disk with room', { freeBytes: () => 2 * GiB }, 'disk', 'ok', /^$/],
    ['a clock that is behind', { now: () => new Date('2020-01-01') }, 'clock', 'warn', /timedatectl/],
    ['a clock that is ahead', { now: () => new Date('2090-01-01') }, 'clock', 'warn', /timedatectl/],
    ['few watches', { inotifyLimit: () => 100 }, 'watches', 'warn', /max_user_watches/],
    [
      'few watchers',
      { inotifyLimit: (name) => (name === 'max_user_instances' ? 2 : 100_000) },
      'watches',
      'warn',
      /max_user_instances/,
    ],
    ['a system without such limits', { inotifyLimit: () => undefined }, 'watches', 'ok', /^$/],
  ])('%s', (_name, machine, name, level, todo) => {
    const found = check(name, machine);
    expect([found.level, found.todo ?? '']).toEqual([level, expect.stringMatching(todo)]);
  });

  test('permissions that are too wide', () => {
    chmodSync(data.paths.data, 0o755);
    expect(check('data')).toMatchObject({
      level: 'warn',
      todo: expect.stringContaining('chmod o-r') as string,
    });
    chmodSync(data.paths.data, 0o777);
    expect(check('data').level).toBe('fail');
    chmodSync(registry(), 0o644);
    expect(check('registry')).toMatchObject({
      level: 'fail',
      todo: expect.stringContaining('chmod 600') as string,
    });
  });

  test('a registry that is damaged', () => {
    for (const name of ['-wal', '-shm']) rmSync(registry() + name, { force: true });
    writeFileSync(registry(), Buffer.alloc(8192, 'x'));
    expect(check('registry')).toMatchObject({
      level: 'fail',
      message: expect.stringContaining('is damaged') as string,
    });
  });

  test('a registry that is lost, while its output is there', async () => {
    for (const name of ['', '-wal', '-shm']) rmSync(registry() + name, { force: true });
    expect(check('output')).toMatchObject({
      level: 'fail',
      message: expect.stringContaining('is not here') as string,
    });
    const env = { SHARE_DATA: data.paths.data };
    await share(['list'], { env }); // which makes an empty registry
    expect(check('output')).toMatchObject({
      level: 'fail',
      message: expect.stringContaining('another registry') as string,
    });
  });

  test('a site that only this machine reaches, or without TLS', async () => {
    const config = await readConfig({
      flags: { data: data.paths.data },
      env: { HOME: '/nonexistent' },
      cwd: '/',
    });
    expect(check('site', {}, config)).toMatchObject({
      level: 'warn',
      todo: expect.stringContaining('SHARE_SITE') as string,
    });
    expect(check('site', {}, await configOf('http://share.example.org')).level).toBe('warn');
    expect(check('site', {}, await configOf('http://127.0.0.1:8080')).level).toBe('ok');
  });

  test('who the watcher is', () => {
    const release = takeWatchLock(join(data.paths.data, 'watch.lock'));
    try {
      expect(check('watcher').message).toContain(`process ${process.pid}`);
    } finally {
      release();
    }
    expect(check('watcher').message).toContain('None is running');
  });

  test.skipIf(findProgram('git') === undefined)(
    'an output inside a repository that would keep it (needs git)',
    () => {
      execFileSync('git', ['init', '-q', data.paths.data]);
      expect(check('git')).toMatchObject({
        level: 'warn',
        todo: expect.stringContaining('.gitignore') as string,
      });
      writeFileSync(join(data.paths.data, '.gitignore'), '/site/\n');
      expect(check('git').level).toBe('ok');
    },
  );

  test('a data folder that is not there', () => {
    data.remove();
    expect(diagnose(usual).at(-1)).toMatchObject({ check: 'data', level: 'warn' });
  });
});

test('share doctor exits 1 only for what must be put right', async () => {
  const env = { SHARE_DATA: data.paths.data };
  const well = await share(['doctor'], { env });
  expect([well.code, well.stdout]).toEqual([0, expect.stringMatching(/^ok {4}node/)]);
  chmodSync(registry(), 0o644);
  const ill = await share(['doctor', '--json'], { env });
  expect(ill.code).toBe(1);
  const { checks } = JSON.parse(ill.stdout) as { checks: Diagnosis[] };
  expect(checks.filter(({ level }) => level === 'fail').map(({ check: name }) => name)).toEqual(['registry']);
});

test('a data folder that share makes is one that others may only pass through', async () => {
  const folder = join(data.paths.data, 'of', 'mine');
  await share(['init'], { env: { SHARE_DATA: folder } });
  expect(existsSync(join(folder, 'conversations'))).toBe(true);
  expect(statSync(folder).mode & 0o777).toBe(0o711);
  expect(statSync(join(folder, 'conversations')).mode & 0o777).toBe(0o700);
});
