import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type * as Chokidar from 'chokidar';
import { ShareError } from '../../src/errors.ts';
import { startWatcher } from '../../src/watch/watcher.ts';

/** The system's limit cannot be lowered for one process alone, so chokidar is made to meet it. */
vi.mock('chokidar', async (original) => {
  const chokidar = await original<typeof Chokidar>();
  const full = Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), {
    code: 'ENOSPC',
  });
  return {
    ...chokidar,
    watch: () => {
      const watcher = chokidar.watch([]);
      queueMicrotask(() => {
        watcher.emit('error', full);
        watcher.emit('error', full);
      });
      return watcher;
    },
  };
});

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'watch-limit-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

test('without watches the reason is told once, and everything is compared every 2 s instead', async () => {
  const wanted = ['a', 'b', 'c'].map((conversation) => ({ conversation, paths: [join(root, conversation)] }));
  for (const { paths } of wanted) await mkdir(paths[0] ?? root);
  await writeFile(join(root, 'a', 'conversation.json'), '{}');
  const errors: unknown[] = [];
  const comparedAt: number[] = [];
  const watcher = await startWatcher({
    wanted: () => wanted,
    registryChanged: () => false,
    sync: () => Promise.resolve(),
    syncAll: () => {
      comparedAt.push(performance.now());
      return Promise.resolve();
    },
    onError: (error) => errors.push(error),
  });
  try {
    await expect.poll(() => comparedAt.length, { timeout: 4_000 }).toBe(2);
    expect((comparedAt[1] ?? 0) - (comparedAt[0] ?? 0)).toBeGreaterThan(1_900);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(ShareError);
    expect(String((errors[0] as ShareError).hint)).toContain('fs.inotify.max_user_watches');
  } finally {
    await watcher.close();
  }
});
