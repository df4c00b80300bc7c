import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newShareId } from '../../cli/app.ts';
import { usualChoice } from '../../src/snapshot/privacy.ts';
import type { ShareId } from '../../src/urls.ts';
import { aDataFolder, owner, type DataFolder } from '../support/data-folder.ts';

let data: DataFolder;
let publishers: ChildProcess[] = [];

beforeEach(() => {
  data = aDataFolder();
});

afterEach(() => {
  for (const child of publishers) child.disconnect();
  publishers = [];
  data.remove();
});

async function startPublisher(): Promise<ChildProcess> {
  const child = fork(new URL('../support/publish-forever.ts', import.meta.url), [JSON.stringify(data.paths)]);
  publishers.push(child);
  await once(child, 'message');
  return child;
}

test('200 rounds of revoke against publishers in two other processes: never live afterwards', async () => {
  data.write('talk');
  const app = await data.open();
  await Promise.all([startPublisher(), startPublisher()]);
  const rounds = 200;
  let republished = 0;
  const liveAfterRevoke: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { share } = await app.publisher.create('talk', owner);
    for (const child of publishers) child.send('go');
    await sleep((round * 7) % 23);
    if (app.registry.get(share.id)?.revision !== share.revision) republished += 1;
    app.publisher.revoke(share.id, owner);
    if (existsSync(join(data.paths.output, 'share', share.id))) liveAfterRevoke.push(round);
    const stopped = publishers.map((child) => once(child, 'message'));
    for (const child of publishers) child.send('stop');
    await Promise.all(stopped);
    if (existsSync(join(data.paths.output, 'share', share.id))) liveAfterRevoke.push(round);
  }
  expect(liveAfterRevoke).toEqual([]);
  expect(readdirSync(join(data.paths.output, 'share'))).toEqual([]);
  // The race was one: publishers did get in before the revoke in a good part of the rounds.
  expect(republished).toBeGreaterThan(rounds / 10);
  app.close();
}, 120_000);

test('who shares a conversation while another owner is about to is its owner, also when that share is gone again', async () => {
  data.write('talk');
  const first = await data.open();
  let isFirst = true;
  const second = await data.open({
    at: (step) => {
      if (step !== 'create:staged' || !isFirst) return;
      isFirst = false;
      const share = { ...usualChoice, conversation: 'talk', owner: 'mira', title: 'Talk', type: 'chat' };
      const id = newShareId() as ShareId;
      first.registry.exclusively(() =>
        first.registry.add({ ...share, id, createdAt: new Date().toISOString() }),
      );
      first.publisher.revoke(id, 'mira');
    },
  });
  await expect(second.publisher.create('talk', 'jo')).rejects.toMatchObject({ code: 'not_found' });
  expect(readdirSync(join(data.paths.output, 'share'))).toEqual([]);
  expect((await first.publisher.create('talk', 'mira')).created).toBe(true);
  for (const app of [first, second]) app.close();
});
