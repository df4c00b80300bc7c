import { join } from 'node:path';
import { watchPaths, type Library } from '../src/conversation/library.ts';
import { ShareError } from '../src/errors.ts';
import type { FoundSecret } from '../src/snapshot/secrets.ts';
import { takeWatchLock } from '../src/registry/watch-lock.ts';
import type { App } from './app.ts';
import { printable, progressBar, say } from './report.ts';
import { wordFor } from './secrets.ts';
import { watchLockPath } from './shares.ts';

/** Keeps every page up to date until closed. */
export interface Following {
  close(): Promise<void>;
}

/**
 * Becomes the one watcher of the data folder: finishes what a crash interrupted, publishes what changed meanwhile,
 * then follows the shared conversations.
 *
 * @returns When everything is up to date and every change from here on will be seen.
 * @throws ShareError `locked`
 */
export async function follow(app: App): Promise<Following> {
  const release = takeWatchLock(watchLockPath(app.paths.data));
  try {
    const isWarm = app.warmUp();
    const bar = progressBar('Publishing');
    await app.publisher.syncAll((done, total) => bar.update(done, total));
    bar.end();
    const { startWatcher } = await import('../src/watch/watcher.ts');
    const watcher = await startWatcher({
      wanted: () => wantedOf(app),
      registryChanged: () => app.registry.changedByOthers(),
      sync: (conversation) => syncAndSay(app, conversation),
      syncAll: async () => {
        await app.publisher.syncAll();
      },
      onError: (error) => say(`Watching: ${error instanceof Error ? error.message : String(error)}`),
    });
    await isWarm;
    return {
      close: async () => {
        await watcher.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

function wantedOf({ registry, library }: App) {
  return registry.allActive().map(({ conversation }) => ({
    conversation,
    paths: pathsOf(library, conversation),
  }));
}

/** A conversation that is gone, or whose entry is broken, is waited for where its entry was. */
function pathsOf(library: Library, conversation: string): string[] {
  const entry = [join(library.folder, conversation)];
  try {
    const source = library.find(conversation);
    return source === undefined ? entry : watchPaths(source);
  } catch (error) {
    if (error instanceof ShareError) return entry;
    throw error;
  }
}

/** Says each change of a share's fortune once, on stderr, where a service's log is. */
async function syncAndSay({ publisher, registry }: App, conversation: string): Promise<void> {
  const { problem: was, found: known = [] } = registry.active(conversation) ?? {};
  const before = was?.message;
  const outcome = await publisher.sync(conversation);
  if (outcome === 'published') {
    say(`${time()} ${printable(conversation)}: published`);
    sayNew(conversation, known, registry.active(conversation)?.found ?? []);
    return;
  }
  const problem = registry.active(conversation)?.problem?.message;
  if (problem !== undefined && problem !== before)
    say(`${time()} ${printable(`${conversation}: ${problem}`)}`);
}

/** A secret that came with the last change. Its kind and place, never its value. */
function sayNew(conversation: string, known: readonly FoundSecret[], found: readonly FoundSecret[]): void {
  const before = new Set(known.map(({ fingerprint, became }) => `${fingerprint} ${became}`));
  for (const { fingerprint, kind, place, became } of found)
    if (became !== 'allowed' && !before.has(`${fingerprint} ${became}`))
      say(`${time()} ${printable(`${conversation}: ${wordFor[became]} ${kind}: ${place}`)}`);
}

function time(): string {
  return new Date().toISOString().slice(11, 19);
}
