import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRegistry } from '../../src/registry/shares.ts';
import { share } from '../support/cli.ts';
import { aConversation, aDataFolder, type DataFolder } from '../support/data-folder.ts';

let data: DataFolder;

beforeEach(() => {
  data = aDataFolder();
  data.write('talk');
  data.write('other', aConversation({ title: 'Other' }));
});

afterEach(() => data.remove());

const run = (...args: string[]) => share(args, { env: { SHARE_DATA: data.paths.data } });
const at = (name: string) => join(data.paths.data, name);
const lose = () =>
  ['', '-wal', '-shm'].forEach((end) => rmSync(at(`registry.sqlite${end}`), { force: true }));
const live = () => readdirSync(join(data.paths.output, 'share')).sort();
const idOf = (ran: { stdout: string }) => ran.stdout.trim().slice(-26);

describe('a backup', () => {
  test('holds every share, is readable by its owner only, and says where it is', async () => {
    await run('create', 'talk', 'other');
    await run('delete', 'other', '--yes');
    const { code, stdout, stderr } = await run('backup');
    expect([code, stderr]).toEqual([0, 'It holds 2 shares, deleted ones included.\n']);
    const copy = stdout.trim();
    expect(copy.startsWith(at('backups/registry-'))).toBe(true);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(statSync(at('backups')).mode & 0o777).toBe(0o700);
    expect(readdirSync(at('backups'))).toEqual([copy.slice(at('backups/').length)]);
  });

  test('is whole while others write', async () => {
    await run('create', 'talk');
    const registry = openRegistry(at('registry.sqlite'));
    try {
      registry.exclusively(() =>
        registry.setProblem(registry.allActive()[0]?.id ?? ('' as never), undefined),
      );
      const copies = await Promise.all([
        run('backup', at('one')),
        run('create', 'other'),
        run('backup', at('two')),
      ]);
      expect(copies.map(({ code }) => code)).toEqual([0, 0, 0]);
    } finally {
      registry.close();
    }
    for (const name of ['one', 'two']) {
      const copy = openRegistry(at(name));
      copy.check();
      expect(copy.all().length).toBeGreaterThanOrEqual(1);
      copy.close();
    }
  });

  test('replaces nothing, and leaves nothing of an attempt that failed', async () => {
    await run('create', 'talk');
    writeFileSync(at('mine'), 'mine');
    expect(await run('backup', at('mine'))).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('is there already') as string,
    });
    expect(readFileSync(at('mine'), 'utf8')).toBe('mine');
    lose();
    writeFileSync(at('registry.sqlite'), Buffer.alloc(8192, 'x'));
    expect(await run('backup', at('new'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('damaged') as string,
    });
    expect(existsSync(at('new'))).toBe(false);
  });

  test('of a registry that is not there is refused, and makes none', async () => {
    expect(await run('backup')).toMatchObject({ code: 3, stdout: '' });
    expect(existsSync(at('registry.sqlite'))).toBe(false);
  });
});

describe('a lost registry', () => {
  test.each([['list'], ['status']])(
    'makes share %s say that there are pages that it does not know',
    async (verb) => {
      await run('create', 'talk');
      lose();
      const { code, stderr } = await run(verb);
      expect(code).toBe(0);
      expect(stderr).toContain(
        'is the output of another registry. What is in it is live, and not known here.',
      );
    },
  );

  test.each([['create', 'talk'], ['sync'], ['serve', '--port', '0'], ['watch'], ['verify', '--repair']])(
    'makes share %s refuse, and touches no page',
    async (...args) => {
      await run('create', 'talk', 'other');
      const before = live();
      lose();
      expect(await run(...args)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('another registry') as string,
      });
      expect(live()).toEqual(before);
    },
  );

  test('comes back from a backup, with the same links; what was deleted since stays deleted', async () => {
    const [kept, gone] = [idOf(await run('create', 'talk')), idOf(await run('create', 'other'))];
    const copy = (await run('backup')).stdout.trim();
    await run('delete', 'other', '--yes');
    lose();
    expect((await run('sync')).code).toBe(1); // which made an empty one
    lose();
    copyFileSync(copy, at('registry.sqlite'));
    expect((await run('doctor')).code).toBe(0);
    expect((await run('sync')).code).toBe(0);
    expect(live()).toEqual([kept]);
    expect((await run('status', gone)).stdout).toContain('revoked');
    expect((await run('log')).stdout).toContain('this copy of the registry did not know');
    expect(await run('verify')).toMatchObject({ code: 0 });
  });
});
