import { createScheduler } from './scheduler.ts';
import { Sources } from './sources.ts';

export interface Watched {
  conversation: string;
  /**
   * What to watch, as absolute paths: folders (with all that is in them) or single files. The first is the source
   * itself: while it does not exist the conversation counts as missing. The others may come and go.
   */
  paths: string[];
  /** Anything that changes when the share must be synced although its paths are the same, e.g. the share's row. */
  stamp?: string;
}

export interface WatcherOptions {
  /**
   * Which conversations are shared now. Called at start, when `registryChanged` says so, when a missing source came
   * back, before each full comparison, and soon after a sync: a source that grows may have further folders.
   */
  wanted: () => Watched[];
  /** True when another process changed the registry since the last call. Called every `pollMs`. */
  registryChanged: () => boolean;
  /**
   * Brings one conversation's share up to date; also called for one that is no longer shared. Not called again
   * for the same conversation before it has ended, but may overlap with `syncAll`.
   */
  sync: (conversation: string) => Promise<void>;
  /** Compares everything. Never called again before it has ended. */
  syncAll: () => Promise<void>;
  /** What any of the above threw, and what could not be watched. The watcher goes on. */
  onError: (error: unknown) => void;
  pollMs?: number;
  /** Silence after which a touched conversation is synced once more, in milliseconds. */
  quietMs?: number;
  /** From the end of one full comparison to the next, in milliseconds. */
  fullMs?: number;
}

export interface Watcher {
  /** Starts nothing new and resolves when the syncs under way have ended. */
  close: () => Promise<void>;
}

/** Reading what is wanted after syncs takes at most this part of the time: of many shares each is asked for its paths. */
const readingShare = 1 / 20;

/** How often everything is compared where the system allows no more watches, in milliseconds. */
const fullMsWhenLimited = 2_000;

/**
 * Follows the sources of all shared conversations and the registry, until closed.
 *
 * Events are hints and the comparison is the truth: `sync` is called once too often rather than once too
 * seldom, and whatever no event told is found by the next full comparison.
 *
 * @returns Resolves when all sources are watched and everything was compared once after that, since a change
 * between a comparison and the start of watching would be lost otherwise.
 * @throws What the first calls of `registryChanged` and `wanted` throw.
 */
export async function startWatcher(options: WatcherOptions): Promise<Watcher> {
  const { pollMs = 100, quietMs = 100 } = options;
  let fullMs = options.fullMs ?? 60_000;
  const known = new Map<string, string>();
  let registryIsRead = true;
  /** A sync came after the registry was read. */
  let pathsMayDiffer = false;
  let mayReadAt = 0;
  let lastProblem: string | undefined;
  let fullTimer: NodeJS.Timeout | undefined;
  let comparing: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  const scheduler = createScheduler({ action: sync, onError: options.onError, quietMs });
  const sources = new Sources({
    onTouched: (conversation) => scheduler.touch(conversation),
    onReturned: (conversation) => {
      // The library may name other paths for it now.
      registryIsRead = false;
      scheduler.touch(conversation);
    },
    onError: options.onError,
    onLimit: (error) => {
      options.onError(error);
      fullMs = Math.min(fullMs, fullMsWhenLimited);
      planFull();
    },
  });

  async function sync(conversation: string): Promise<void> {
    await options.sync(conversation);
    pathsMayDiffer = true;
  }

  /** Makes the sources watched be the wanted ones. New or changed ones come with the promise of their watch. */
  function adopt(wanted: readonly Watched[]): { watching: Map<string, Promise<void>>; gone: Set<string> } {
    const watching = new Map<string, Promise<void>>();
    const gone = new Set(known.keys());
    for (const { conversation, paths, stamp } of wanted) {
      gone.delete(conversation);
      const description = JSON.stringify([paths, stamp]);
      if (known.get(conversation) === description) continue;
      known.set(conversation, description);
      watching.set(conversation, sources.watch(conversation, paths));
    }
    for (const conversation of gone) {
      known.delete(conversation);
      sources.unwatch(conversation);
    }
    return { watching, gone };
  }

  function readRegistry(): void {
    const startedAt = performance.now();
    const { watching, gone } = adopt(options.wanted());
    registryIsRead = true;
    pathsMayDiffer = false;
    mayReadAt = performance.now() + (performance.now() - startedAt) / readingShare;
    for (const conversation of gone) scheduler.touch(conversation);
    for (const [conversation, watched] of watching) {
      scheduler.touch(conversation);
      // What changed while the watch was being made is found by one more sync.
      void watched.then(() => scheduler.touch(conversation));
    }
  }

  function poll(): void {
    attempt(() => {
      if (options.registryChanged()) registryIsRead = false;
      if (!registryIsRead || (pathsMayDiffer && performance.now() >= mayReadAt)) readRegistry();
    });
    sources.poll();
  }

  /** A problem that stays is reported once, not at every poll. */
  function attempt(step: () => void): void {
    try {
      step();
      lastProblem = undefined;
    } catch (error) {
      const problem = String(error);
      if (problem !== lastProblem) options.onError(error);
      lastProblem = problem;
    }
  }

  function planFull(): void {
    clearTimeout(fullTimer);
    if (closing || comparing) return;
    fullTimer = setTimeout(() => {
      attempt(readRegistry);
      void compareAll();
    }, fullMs);
  }

  async function compareAll(): Promise<void> {
    comparing = attemptSyncAll();
    await comparing;
    comparing = undefined;
    planFull();
  }

  async function attemptSyncAll(): Promise<void> {
    try {
      await options.syncAll();
    } catch (error) {
      options.onError(error);
    }
  }

  async function close(): Promise<void> {
    clearInterval(pollTimer);
    clearTimeout(fullTimer);
    await Promise.all([scheduler.drain(), comparing, sources.close()]);
  }

  // Asked before the registry is read, so that a change in between is seen by the first poll.
  options.registryChanged();
  await Promise.all(adopt(options.wanted()).watching.values());
  const pollTimer = setInterval(poll, pollMs);
  await compareAll();
  return { close: () => (closing ??= close()) };
}
