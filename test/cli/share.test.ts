import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { share, startService, type RunOptions } from '../support/cli.ts';
import { aConversation, aDataFolder, type DataFolder } from '../support/data-folder.ts';
import { findProgram } from '../support/programs.ts';

let data: DataFolder;

beforeEach(() => {
  data = aDataFolder();
});

afterEach(() => data.remove());

const run = (args: string[], options: RunOptions = {}) =>
  share(args, { ...options, env: { SHARE_DATA: data.paths.data, ...options.env } });

const linkPattern = /^http:\/\/127\.0\.0\.1:4321\/share\/[0-9abcdefghjkmnpqrstvwxyz]{26}\n$/;

describe('create', () => {
  test('prints the bare link, and the same one ever after', async () => {
    data.write('talk');
    const first = await run(['create', 'talk']);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(linkPattern) as string });
    const again = await run(['create', 'A small talk']);
    expect(again).toMatchObject({ code: 0, stdout: first.stdout });
    expect(again.stderr).toContain('shared already');
  });

  test('takes a path in the library, and many at once', async () => {
    data.write('talk');
    data.write('other', aConversation({ title: 'Other' }));
    const { code, stdout } = await run(['create', join(data.paths.library, 'talk'), 'other']);
    expect(code).toBe(0);
    expect(new Set(stdout.trim().split('\n')).size).toBe(2);
  });

  test('shares a Claude Code session where it lies, and follows it', async () => {
    const session = join(data.paths.data, '0b6a3c1e-0000-4000-8000-000000000000.jsonl');
    const line = (text: string, uuid: string, parentUuid: string | null) =>
      `${JSON.stringify({ type: 'user', uuid, parentUuid, sessionId: 's', cwd: '/home/mira/app', timestamp: '2026-03-01T10:00:00Z', message: { role: 'user', content: text } })}\n`;
    writeFileSync(session, line('Mend the gate', 'a', null));
    const { code, stdout, stderr } = await run(['create', session]);
    expect(stderr).toContain('Shared');
    expect(code).toBe(0);
    const id = stdout.trim().slice(-26);
    const page = join(data.paths.output, 'share', id, 'index.html');
    expect(readFileSync(page, 'utf8')).toContain('Mend the gate');
    writeFileSync(session, line('Mend the gate', 'a', null) + line('And paint it', 'b', 'a'));
    expect((await run(['sync'])).code).toBe(0);
    expect(readFileSync(page, 'utf8')).toContain('And paint it');
    expect((await run(['create', session])).stdout).toBe(stdout);
  });

  test('shows thinking only when asked, and can leave it out again', async () => {
    const parts = [
      { type: 'thinking', text: 'deep thought' },
      { type: 'text', text: 'answer' },
    ];
    data.write('talk', aConversation({ messages: [{ id: '1', role: 'assistant', content: parts }] }));
    const { stdout } = await run(['create', 'talk']);
    const page = () =>
      readFileSync(join(data.paths.output, 'share', stdout.trim().slice(-26), 'index.html'), 'utf8');
    expect(page()).not.toContain('deep thought');
    expect((await run(['create', 'talk', '--thinking'])).stdout).toBe(stdout);
    expect(page()).toContain('deep thought');
    await run(['create', 'talk']);
    expect(page()).toContain('deep thought');
    await run(['create', 'talk', '--no-thinking']);
    expect(page()).not.toContain('deep thought');
  });

  test('names the conversation in previews of the link only when asked', async () => {
    data.write('talk');
    const { stdout } = await run(['create', 'talk']);
    const page = () =>
      readFileSync(join(data.paths.output, 'share', stdout.trim().slice(-26), 'index.html'), 'utf8');
    const generic = '<meta property="og:title" content="Shared conversation">';
    expect(page()).toContain(generic);
    expect((await run(['create', 'talk', '--preview'])).stdout).toBe(stdout);
    expect(page()).toContain('<meta property="og:title" content="A small talk">');
    await run(['create', 'talk', '--no-preview']);
    expect(page()).toContain(generic);
  });

  test('two at once make one share', async () => {
    data.write('talk');
    const both = await Promise.all([
      run(['create', 'talk']),
      run(['create', 'talk']),
      run(['create', 'talk']),
    ]);
    expect(both.map((one) => one.code)).toEqual([0, 0, 0]);
    expect(new Set(both.map((one) => one.stdout)).size).toBe(1);
  });

  test('what is broken is told with file and place, and makes no share', async () => {
    writeFileSync(data.write('talk'), '{\n nonsense');
    const { code, stdout, stderr } = await run(['create', 'talk']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/talk\/conversation\.json.*line 2/);
    expect((await run(['list', '--json'])).stdout).toBe('[]\n');
  });
});

describe('status and list', () => {
  test('tell the documented shape through a share’s life', async () => {
    data.write('talk');
    const status = async () =>
      JSON.parse((await run(['status', 'talk', '--json'])).stdout) as Record<string, unknown>;
    const keys = [
      'conversation',
      'title',
      'type',
      'state',
      'link',
      'shareId',
      'createdAt',
      'publishedAt',
      'revision',
      'problem',
      'losses',
      'secrets',
    ];
    const before = await status();
    expect(Object.keys(before)).toEqual(keys);
    expect(before).toMatchObject({
      conversation: 'talk',
      title: 'A small talk',
      state: 'not-shared',
      link: null,
    });
    const link = (await run(['create', 'talk'])).stdout.trim();
    expect(await status()).toMatchObject({ state: 'shared', link, shareId: link.slice(-26), problem: null });
    writeFileSync(join(data.paths.library, 'talk', 'conversation.json'), '{');
    expect((await run(['sync'])).code).toBe(1);
    expect(await status()).toMatchObject({ state: 'failed', link, problem: { code: 'source_invalid' } });
    expect((await run(['delete', link, '--yes'])).code).toBe(0);
    expect(await status()).toMatchObject({ state: 'revoked', publishedAt: null });
    expect(JSON.parse((await run(['list', '--json'])).stdout)).toEqual([]);
    expect(JSON.parse((await run(['list', '--all', '--json'])).stdout)).toMatchObject([
      { state: 'revoked', link },
    ]);
  });

  test('a share is found by conversation id, title, share id and whole link', async () => {
    data.write('talk', aConversation({ title: 'Of Tides and Moons' }));
    data.write('other', aConversation({ title: 'Of other things' }));
    const link = (await run(['create', 'talk'])).stdout.trim();
    for (const name of ['talk', 'of tides and moons', link.slice(-26), link, `${link}/`, `${link}#r1`]) {
      const { stdout } = await run(['status', name, '--json']);
      expect(JSON.parse(stdout), name).toMatchObject({ link });
    }
    data.write('twin', aConversation({ title: 'Of Other Things' }));
    const ambiguous = await run(['status', 'of other things']);
    expect(ambiguous).toMatchObject({ code: 2, stderr: expect.stringContaining('twin') as string });
  });

  test('part of a title names nothing, and a path comes before a title', async () => {
    data.write('secret', aConversation({ title: 'notes' }));
    expect((await run(['create', 'note'])).code).toBe(3);
    const outside = join(data.paths.data, 'notes');
    mkdirSync(outside);
    writeFileSync(
      join(outside, 'conversation.json'),
      JSON.stringify({ id: 'mine', ...aConversation({ title: 'My own' }) }),
    );
    const { stderr } = await run(['create', 'notes'], { cwd: data.paths.data });
    expect(stderr).toContain('My own');
  });
});

test.each([
  ['starts', 'true', 0],
  ['cannot be started', 'false', 1],
  ['does not come back', 'sleep 30 #', 0],
])('open prints the link, and ends, where the browser %s', async (_what, script, complaints) => {
  data.write('talk');
  const { stdout: link } = await run(['create', 'talk']);
  const browser = join(data.paths.data, 'browser');
  writeFileSync(browser, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const env = { BROWSER: browser, DISPLAY: undefined, WAYLAND_DISPLAY: undefined };
  const { code, stdout, stderr } = await run(['open', 'talk'], { env });
  expect([code, stdout]).toEqual([0, link]);
  expect(stderr.match(/No browser could be started here/g) ?? []).toHaveLength(complaints);
  expect(stderr).not.toContain('Warning');
});

describe('delete', () => {
  test('asks for a yes, and without a terminal refuses to guess', async () => {
    data.write('talk');
    const link = (await run(['create', 'talk'])).stdout.trim();
    expect(await run(['delete', 'talk'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--yes') as string,
    });
    expect(existsSync(join(data.paths.output, 'share', link.slice(-26)))).toBe(true);
  });

  test('leaves nothing of the share, and again says so', async () => {
    data.write('talk', aConversation(), { 'a.txt': 'a' });
    const link = (await run(['create', 'talk'])).stdout.trim();
    expect(await run(['delete', 'talk', '--yes'])).toMatchObject({ code: 0, stdout: '' });
    expect(existsSync(join(data.paths.output, 'share', link.slice(-26)))).toBe(false);
    expect(await run(['delete', link, '--yes'])).toMatchObject({ code: 0 });
    const again = (await run(['create', 'talk'])).stdout.trim();
    expect(again).not.toBe(link);
  });
});

describe('whose it is', () => {
  const words = (stderr: string) => stderr.replaceAll(/"[^"]*"/g, '"…"');

  test('another owner gets code 3 in the words for what does not exist, from create and delete', async () => {
    data.write('talk');
    data.write('named', aConversation({ title: 'Named', owner: { id: 'mira' } }));
    const mira = { env: { SHARE_OWNER: 'mira' } };
    const mallory = { env: { SHARE_OWNER: 'mallory' } };
    const link = (await run(['create', 'talk'], mira)).stdout.trim();
    for (const verb of [['create'], ['delete', '--yes']]) {
      const nothing = await run([...verb, 'no-such'], mallory);
      expect(nothing.code).toBe(3);
      for (const name of verb[0] === 'create' ? ['talk', 'named'] : ['talk', link, link.slice(-26)]) {
        const theirs = await run([...verb, name], mallory);
        expect({ code: theirs.code, stdout: theirs.stdout, words: words(theirs.stderr) }).toEqual({
          code: 3,
          stdout: '',
          words: words(nothing.stderr),
        });
      }
    }
    expect((await run(['create', 'named'], mira)).code).toBe(0);
    expect((await run(['list', '--json'], mallory)).stdout).toBe('[]\n');
    data.write('unshared', aConversation({ title: 'Nobody knows', owner: { id: 'mira' } }));
    expect((await run(['status', '--json'], mallory)).stdout).not.toMatch(/Nobody knows|Named|talk/);
    for (const verb of ['status', 'copy', 'open'])
      for (const name of ['unshared', 'Nobody knows'])
        expect(await run([verb, name], mallory)).toMatchObject({ code: 3, stdout: '' });
    expect((await run(['delete', 'talk', '--yes'], mira)).code).toBe(0);
    expect((await run(['create', 'talk'], mallory)).code).toBe(3); // who shared it first keeps it
  });

  const setpriv = findProgram('setpriv');
  test.skipIf(setpriv === undefined || process.getuid?.() !== 0)(
    'another OS user who can write the files gets code 3 too (needs setpriv, and root to use it)',
    async () => {
      data.write('talk');
      await run(['create', 'talk']);
      for (const folder of [
        data.paths.data,
        data.paths.library,
        join(data.paths.library, 'talk'),
        data.paths.output,
      ])
        chmodSync(folder, 0o777);
      chmodSync(join(data.paths.library, 'talk', 'conversation.json'), 0o666);
      const nobody = { through: [setpriv ?? '', '--reuid=65534', '--regid=65534', '--clear-groups'] };
      const nothing = await run(['create', 'no-such'], nobody);
      for (const args of [
        ['create', 'talk'],
        ['delete', 'talk', '--yes'],
      ]) {
        const theirs = await run(args, nobody);
        expect(theirs).toMatchObject({ code: 3, stdout: '' });
        expect(words(theirs.stderr)).toBe(words(nothing.stderr));
      }
    },
  );
});

describe('when the registry or the disk gives trouble', () => {
  test('a registry from a newer version is left alone', async () => {
    data.write('talk');
    await run(['create', 'talk']);
    const { default: Database } = await import('better-sqlite3');
    const db = new Database(join(data.paths.data, 'registry.sqlite'));
    db.pragma('user_version = 99');
    db.close();
    expect(await run(['create', 'talk'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('newer') as string,
    });
    const { stdout } = await run(['status', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'registry_newer' } });
  });

  test('a corrupt registry is told, and no page is touched', async () => {
    data.write('talk');
    const link = (await run(['create', 'talk'])).stdout.trim();
    for (const suffix of ['-wal', '-shm'])
      rmSync(join(data.paths.data, `registry.sqlite${suffix}`), { force: true });
    writeFileSync(join(data.paths.data, 'registry.sqlite'), 'damaged '.repeat(2_000));
    for (const args of [['sync'], ['create', 'talk'], ['delete', 'talk', '--yes'], ['watch']])
      expect(await run(args)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('damaged') as string,
      });
    expect(existsSync(join(data.paths.output, 'share', link.slice(-26), 'index.html'))).toBe(true);
  });

  const mount = findProgram('mount');
  const unshare = findProgram('unshare');
  const canMount = mount !== undefined && unshare !== undefined && process.getuid?.() === 0;
  /** Runs a shell script in a mount namespace of its own, so that what it mounts ends with it. */
  const inNamespace = (script: string) => ({
    through: [unshare ?? '', '-m', 'sh', '-c', `${script} && exec "$@"`, 'sh'],
  });

  test.skipIf(!canMount)(
    'a full disk: nothing is half published (needs unshare, mount and root)',
    async () => {
      data.write('talk', aConversation(), { 'big.csv': 'x'.repeat(3_000_000) });
      const disk = `${data.paths.data}-disk`;
      mkdirSync(disk);
      const full = await run(
        ['create', 'talk', '--output', join(disk, 'site')],
        inNamespace(`mount -t tmpfs -o size=1m tmpfs ${disk}`),
      );
      expect(full).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/full/) as string });
      rmSync(disk, { recursive: true });
      expect((await run(['list', '--json'])).stdout).toBe('[]\n');
    },
  );

  test.skipIf(!canMount)(
    'a read-only output: delete says the page is still live (needs unshare, mount and root)',
    async () => {
      data.write('talk');
      const link = (await run(['create', 'talk'])).stdout.trim();
      const readOnly = inNamespace(
        `mount --bind ${data.paths.output} ${data.paths.output} && mount -o remount,ro,bind ${data.paths.output}`,
      );
      const refused = await run(['delete', 'talk', '--yes'], readOnly);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('STILL LIVE') as string });
      expect((await run(['sync'])).code).toBe(0);
      expect(existsSync(join(data.paths.output, 'share', link.slice(-26)))).toBe(false);
    },
  );
});

describe('watch and serve', () => {
  test('a second watcher refuses with 5 and names the process that holds the lock', async () => {
    const watcher = await startService(['watch', '--data', data.paths.data], /Watching/);
    const second = await run(['watch']);
    expect(second).toMatchObject({
      code: 5,
      stderr: expect.stringContaining(String(watcher.child.pid)) as string,
    });
    expect(await watcher.stop('SIGINT')).toBe(0);
    const third = await startService(['watch', '--data', data.paths.data], /Watching/);
    third.child.kill('SIGKILL');
    await sleep(100);
    const fourth = await startService(['watch', '--data', data.paths.data], /Watching/);
    expect(await fourth.stop()).toBe(0);
  });

  test('a watcher learns within 250 ms of a share that another process makes or deletes, and follows it', async () => {
    data.write('talk');
    const watcher = await startService(['watch', '--data', data.paths.data], /Watching/);
    const link = (await run(['create', 'talk'])).stdout.trim();
    await sleep(250);
    data.write('talk', aConversation({ title: 'Edited once' }));
    const page = join(data.paths.output, 'share', link.slice(-26), 'index.html');
    // 200 ms are enough where nobody else works on the machine.
    await expect.poll(() => readFileSync(page, 'utf8'), { timeout: 2_000 }).toContain('Edited once');
    await run(['delete', 'talk', '--yes']);
    data.write('talk', aConversation({ title: 'Edited twice' }));
    await sleep(400);
    expect(existsSync(page)).toBe(false);
    expect(await watcher.stop()).toBe(0);
  });

  test('a port in use is explained', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const { code, stderr } = await run(['serve', '--port', String(port)]);
    other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(String(port));
    expect(stderr).toContain('--port');
  });
});

describe('stream habits', () => {
  test.each([
    [['no-such-command'], 2],
    [['create'], 2],
    [['create', 'x', '--no-such-flag'], 2],
    [['serve', '--port', 'abc'], 2],
    [['status', 'no-such'], 3],
    [['--help'], 0],
    [['create', '--help'], 0],
    [['--version'], 0],
    [[], 2],
  ])('share %j exits with %i', async (args, expected) => {
    const { code, stdout } = await run(args);
    expect(code).toBe(expected);
    expect(stdout === '').toBe(expected !== 0);
  });

  test('with --json an error is JSON on stdout', async () => {
    const { stdout } = await run(['status', 'no-such', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'not_found', message: expect.any(String) as string, hint: expect.any(String) as string },
    });
  });

  test('a reader that closes the pipe ends it quietly', async () => {
    for (let talk = 0; talk < 30; talk++) data.write(`talk-${talk}`);
    const piped = await run([], { through: ['sh', '-c', '"$1" "$2" status --json | head -c 1', 'sh'] });
    expect(piped).toMatchObject({ code: 0, stderr: '' });
  });

  test('a Node that is too old is told before anything loads', async () => {
    const fake = join(data.paths.data, 'old');
    mkdirSync(join(fake, 'cli'), { recursive: true });
    copyFileSync(join(import.meta.dirname, '../../cli/share.js'), join(fake, 'cli/share.js'));
    cpSync(join(import.meta.dirname, '../../package.json'), join(fake, 'package.json'));
    const preload = join(fake, 'old.mjs');
    writeFileSync(preload, `Object.defineProperty(process.versions, 'node', { value: '20.19.0' });`);
    const { spawnSync } = await import('node:child_process');
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', preload, join(fake, 'cli/share.js')],
      { encoding: 'utf8' },
    );
    expect(status).toBe(1);
    expect(stderr).toContain('20.19.0');
    expect(stderr).toContain('npx share');
  });
});
