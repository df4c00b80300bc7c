/**
 * Decides when to bring a key up to date while events about it keep arriving. Knows nothing of files:
 * a key is a conversation, an event is "something may have changed".
 *
 * Events are hints. The first one runs the action at once, because acting is cheaper than waiting; one more
 * run follows when the key has been quiet, because the last event of a burst may be the one that got lost.
 */
export interface Scheduler {
  /** An event about `key`. Returns at once; ignored after `drain`. */
  touch: (key: string) => void;
  /** Drops what is planned for `key`. A run under way ends by itself and is not repeated. */
  forget: (key: string) => void;
  /** Drops everything planned, takes no further events, and resolves when the runs under way have ended. */
  drain: () => Promise<void>;
}

export interface SchedulerOptions {
  /** Never called for a key whose last run has not ended. What it throws goes to `onError`. */
  action: (key: string) => Promise<void>;
  onError: (error: unknown) => void;
  /** How many keys may run at the same time. */
  concurrency?: number;
  /** From the start of one run of a key to the start of its next, in milliseconds, at least. */
  intervalMs?: number;
  /** Silence that ends a burst, in milliseconds. */
  quietMs?: number;
  clock?: Clock;
}

/** Milliseconds from any fixed moment, and timers that fire no earlier than asked for. */
export interface Clock {
  now: () => number;
  setTimeout: (callback: () => void, ms: number) => unknown;
  clearTimeout: (timer: unknown) => void;
}

const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

interface KeyState {
  /** An event arrived that no run has started after. */
  touched: boolean;
  lastEventAt: number;
  lastStartAt: number;
  running: boolean;
  /** Set while the key waits for its time; undefined while it runs or stands in line. */
  timer: unknown;
}

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { action, onError, concurrency = 4, intervalMs = 100, quietMs = 100, clock = systemClock } = options;
  const states = new Map<string, KeyState>();
  /** First in, first out: a key that never rests goes to the end each time, so that it starves nobody. */
  const line = new Set<string>();
  const running = new Set<Promise<void>>();
  let drained = false;

  /** When the key should run next; undefined when all its events have been answered. */
  function dueAt(state: KeyState): number | undefined {
    const allowedAt = state.lastStartAt + intervalMs;
    if (state.touched) return allowedAt;
    const quietAt = state.lastEventAt + quietMs;
    return state.lastStartAt < quietAt ? Math.max(quietAt, allowedAt) : undefined;
  }

  function plan(key: string, state: KeyState): void {
    if (drained || state.running || line.has(key)) return;
    clock.clearTimeout(state.timer);
    state.timer = undefined;
    const now = clock.now();
    const due = dueAt(state);
    // A key with nothing to do is remembered until it may run again, or its next event would run too early.
    const wakeAt = due ?? state.lastStartAt + intervalMs;
    if (wakeAt > now) state.timer = clock.setTimeout(() => plan(key, state), Math.ceil(wakeAt - now));
    else if (due === undefined) states.delete(key);
    else {
      line.add(key);
      startNext();
    }
  }

  function startNext(): void {
    for (const key of line) {
      if (running.size >= concurrency) return;
      line.delete(key);
      const state = states.get(key);
      if (state) start(key, state);
    }
  }

  function start(key: string, state: KeyState): void {
    state.touched = false;
    state.running = true;
    state.lastStartAt = clock.now();
    const run: Promise<void> = attempt(key).finally(() => {
      running.delete(run);
      state.running = false;
      plan(key, state);
      if (!drained) startNext();
    });
    running.add(run);
  }

  async function attempt(key: string): Promise<void> {
    try {
      await action(key);
    } catch (error) {
      onError(error);
    }
  }

  function touch(key: string): void {
    if (drained) return;
    let state = states.get(key);
    if (!state) {
      state = { touched: true, lastEventAt: 0, lastStartAt: -Infinity, running: false, timer: undefined };
      states.set(key, state);
    }
    state.touched = true;
    state.lastEventAt = clock.now();
    plan(key, state);
  }

  function forget(key: string): void {
    const state = states.get(key);
    if (!state) return;
    line.delete(key);
    state.touched = false;
    state.lastEventAt = -Infinity;
    plan(key, state);
  }

  async function drain(): Promise<void> {
    drained = true;
    line.clear();
    for (const state of states.values()) clock.clearTimeout(state.timer);
    states.clear();
    await Promise.all(running);
  }

  return { touch, forget, drain };
}
