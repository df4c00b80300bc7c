import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ShareId } from '../../src/urls.ts';
import { owner, type Act } from '../support/act.ts';
import { aConversation, aDataFolder, type DataFolder } from '../support/data-folder.ts';

const script = fileURLToPath(new URL('../support/act.ts', import.meta.url));

let data: DataFolder;

beforeEach(() => {
  data = aDataFolder();
});

afterEach(() => data.remove());

/** Runs an act in a process of its own. Gives the steps it passed, and whether it was killed. */
function perform(act: Omit<Act, 'paths'>): { steps: string[]; killed: boolean } {
  const argument = JSON.stringify({ ...act, paths: data.paths });
  const { stdout, stderr, signal, status } = spawnSync(process.execPath, [script, argument], {
    encoding: 'utf8',
  });
  if (signal === null && status !== 0) throw new Error(stderr);
  return { steps: stdout.trim().split('\n'), killed: signal === 'SIGKILL' };
}

async function sharedTalk(): Promise<ShareId> {
  data.write('talk', aConversation({ title: 'Before' }), { 'old.txt': 'old', 'kept.txt': 'kept' });
  const app = await data.open();
  const { share } = await app.publisher.create('talk', owner);
  app.close();
  return share.id;
}

/** One sync after the crash, and then everything must be as if nothing had happened. */
async function expectConvergence(wantedTitle: string): Promise<void> {
  const app = await data.open();
  const shares = join(data.paths.output, 'share');
  for (const share of app.registry.all())
    if (share.state === 'revoked') expect(readdirSync(shares)).not.toContain(share.id);
  for (const name of readdirSync(shares)) {
    const page = readFileSync(join(shares, name, 'index.html'), 'utf8');
    expect(page, 'a page after the crash is whole').toMatch(/^<!doctype html>[^]*<\/html>\s*$/i);
  }
  await app.publisher.syncAll();
  const active = app.registry.allActive();
  expect(readdirSync(shares).sort()).toEqual(active.map((share) => share.id).sort());
  for (const share of active) {
    const folder = join(shares, share.id);
    expect(readFileSync(join(folder, 'index.html'), 'utf8')).toContain(wantedTitle);
    const snapshot = JSON.parse(readFileSync(join(folder, 'conversation.json'), 'utf8')) as {
      files: { path: string }[];
      zip?: { path: string };
    };
    const named = [...snapshot.files.map((file) => file.path), ...(snapshot.zip ? [snapshot.zip.path] : [])];
    const there = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    expect(there.sort()).toEqual(['conversation.json', 'conversation.md', 'index.html', ...named].sort());
  }
  expect(readdirSync(join(data.paths.data, 'staging'))).toEqual([]);
  app.registry.check();
  expect((await app.publisher.syncAll()).published).toBe(0);
  app.close();
}

describe('kill -9 at every step, then one sync', () => {
  test('of a first publish: the share is whole or not there', async () => {
    data.write('talk', aConversation({ title: 'Before' }), { 'a.txt': 'a' });
    const { steps } = perform({ do: 'create', conversation: 'talk' });
    expect(steps).toEqual(
      expect.arrayContaining(['create:staged', 'create:locked', 'publish:moved', 'create:committed']),
    );
    for (const killAt of steps.keys()) {
      data.remove();
      data = aDataFolder();
      data.write('talk', aConversation({ title: 'Before' }), { 'a.txt': 'a' });
      expect(perform({ do: 'create', conversation: 'talk', killAt }).killed).toBe(true);
      await expectConvergence('Before');
    }
  }, 120_000);

  test('of a publish that replaces page and files: the old or the new page, then the new', async () => {
    const edit = () => {
      data.write('talk', aConversation({ title: 'After' }), { 'new.txt': 'new' });
    };
    await sharedTalk();
    edit();
    const { steps } = perform({ do: 'sync', conversation: 'talk' });
    expect(steps).toEqual(
      expect.arrayContaining([
        'publish:locked',
        'commit:files',
        'commit:zip',
        'commit:index.html',
        'publish:moved',
      ]),
    );
    for (const killAt of steps.keys()) {
      data.remove();
      data = aDataFolder();
      await sharedTalk();
      edit();
      expect(perform({ do: 'sync', conversation: 'talk', killAt }).killed).toBe(true);
      await expectConvergence('After');
    }
  }, 120_000);

  test('of a revoke: gone for good once it was marked and committed', async () => {
    const share = await sharedTalk();
    const { steps } = perform({ do: 'revoke', conversation: 'talk', share });
    expect(steps).toEqual(['revoke:begin', 'revoke:marked', 'revoke:moved', 'revoke:committed']);
    for (const [killAt, step] of steps.entries()) {
      data.remove();
      data = aDataFolder();
      const id = await sharedTalk();
      expect(perform({ do: 'revoke', conversation: 'talk', share: id, killAt }).killed).toBe(true);
      await expectConvergence('Before');
      const app = await data.open();
      expect(app.registry.get(id)?.state).toBe(step === 'revoke:committed' ? 'revoked' : 'active');
      app.close();
    }
  }, 120_000);

  test('of a publish, when the source then goes back to what it was: the page goes back too', async () => {
    await sharedTalk();
    const back = { 'old.txt': 'old', 'kept.txt': 'kept' };
    data.write('talk', aConversation({ title: 'A key pasted by mistake' }), back);
    const { steps } = perform({ do: 'sync', conversation: 'talk' });
    for (const killAt of steps.keys()) {
      data.remove();
      data = aDataFolder();
      const id = await sharedTalk();
      data.write('talk', aConversation({ title: 'A key pasted by mistake' }), back);
      expect(perform({ do: 'sync', conversation: 'talk', killAt }).killed).toBe(true);
      data.write('talk', aConversation({ title: 'Before' }), back);
      const app = await data.open();
      await app.publisher.syncAll();
      for (const name of ['index.html', 'conversation.md', 'conversation.json'])
        expect(readFileSync(join(data.paths.output, 'share', id, name), 'utf8')).not.toContain('mistake');
      app.close();
    }
  }, 120_000);
});
