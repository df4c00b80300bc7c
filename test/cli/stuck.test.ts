import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openApp, type App } from '../../cli/app.ts';
import { follow } from '../../cli/follow.ts';
import { usualLimits, type Limits } from '../../src/limits.ts';
import { aConversation, aDataFolder, owner, type DataFolder } from '../support/data-folder.ts';
import { endless, hungry } from '../support/stuck-texts.ts';

const threadProgram = pathToFileURL(join(import.meta.dirname, '../support/stuck-thread.ts'));

let data: DataFolder;
let app: App;

beforeEach(() => {
  data = aDataFolder();
});

afterEach(() => {
  app.close();
  data.remove();
});

async function open(limits: Partial<Limits>): Promise<void> {
  app = await openApp(
    { ...data.paths, limits: { ...usualLimits, ...limits } },
    { threads: true, threadProgram },
  );
}

const saying = (content: string) => aConversation({ messages: [{ id: 'm', role: 'user', content }] });

const pageOf = (conversation: string) =>
  readFileSync(
    join(data.paths.output, 'share', app.registry.active(conversation)?.id ?? '', 'index.html'),
    'utf8',
  );

async function shareAll(...conversations: string[]): Promise<void> {
  for (const conversation of conversations) {
    data.write(conversation, saying('Hello.'));
    await app.publisher.create(conversation, owner);
  }
}

const stages = () =>
  readdirSync(join(data.paths.data, 'staging')).filter((name) => name.startsWith('stage-'));

async function until(isSo: () => boolean, ms: number): Promise<number> {
  const start = performance.now();
  while (!isSo()) {
    if (performance.now() - start > ms) throw new Error(`not so after ${ms} ms`);
    await sleep(10);
  }
  return performance.now() - start;
}

test.each([
  ['never ends', endless, { seconds: 1 }, 'takes too long to draw; the limit `seconds` is 1.'],
  ['eats memory', hungry, { memoryMb: 200 }, 'takes too much memory to draw; the limit `memoryMb` is 200.'],
])(
  'a message that %s is stopped; its last good page stays',
  async (_name, text, limits, says) => {
    await open(limits);
    await shareAll('talk');
    const before = pageOf('talk');
    data.write('talk', saying(text));
    await sleep(100); // until nothing more can be written in the same tick of the file system's clock
    expect(await app.publisher.sync('talk')).toBe('failed');
    expect(app.registry.active('talk')?.problem).toEqual({
      kind: 'failed',
      code: 'source_invalid',
      message: `The conversation ${says} The page that was live is still live.`,
    });
    expect(pageOf('talk')).toBe(before);
    expect(stages()).toEqual([]);
    // It is not tried again, and what comes after it is published.
    expect(await app.publisher.syncAll()).toMatchObject({ unchanged: 1, failed: 0 });
    data.write('talk', saying('All is well.'));
    expect(await app.publisher.sync('talk')).toBe('published');
  },
  30_000,
);

test('the first publish of a message that never ends is refused, and shares nothing', async () => {
  await open({ seconds: 1 });
  data.write('talk', saying(endless));
  await expect(app.publisher.create('talk', owner)).rejects.toMatchObject({ code: 'source_invalid' });
  expect(app.registry.all()).toEqual([]);
  expect(stages()).toEqual([]);
}, 30_000);

test('a watcher goes on with the others within moments, however many are stuck', async () => {
  await open({ seconds: 12 });
  await shareAll('one', 'two', 'other');
  const following = await follow(app);
  data.write('one', saying(endless));
  data.write('two', saying(endless));
  await sleep(300);
  data.write('other', saying('Others are heard.'));
  await until(() => pageOf('other').includes('Others are heard.'), 15_000);
  expect(app.registry.active('one')?.problem).toBeUndefined();
  // A second time there is a thread that works already.
  data.write('other', saying('Soon.'));
  expect(await until(() => pageOf('other').includes('Soon.'), 15_000)).toBeLessThan(2_000);
  await until(() => app.registry.active('two')?.problem !== undefined, 60_000);
  await until(() => app.registry.active('one')?.problem !== undefined, 60_000);
  await following.close();
}, 120_000);

test('of many shares all are published but the one that is stuck', async () => {
  await open({ seconds: 1 });
  const names = Array.from({ length: 40 }, (_, index) => `talk-${index}`);
  await shareAll(...names);
  for (const name of names) data.write(name, saying(name === 'talk-17' ? endless : 'Something new.'));
  expect(await app.publisher.syncAll()).toMatchObject({ published: 39, failed: 1 });
  expect(names.filter((name) => pageOf(name).includes('Something new.')).length).toBe(39);
  expect(stages()).toEqual([]);
}, 60_000);
