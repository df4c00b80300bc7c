import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createScheduler, type SchedulerOptions } from '../../src/watch/scheduler.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A scheduler whose runs take `runMs` and are written down. Times are milliseconds since this was called. */
function aScheduler({ runMs = 0, ...options }: Partial<SchedulerOptions> & { runMs?: number } = {}) {
  const begin = performance.now();
  const starts: { key: string; at: number }[] = [];
  const active = new Map<string, number>();
  let mostAtOnce = 0;
  let mostOfOneKey = 0;
  const scheduler = createScheduler({
    action: async (key) => {
      starts.push({ key, at: Math.round(performance.now() - begin) });
      active.set(key, (active.get(key) ?? 0) + 1);
      mostOfOneKey = Math.max(mostOfOneKey, active.get(key) ?? 0);
      mostAtOnce = Math.max(mostAtOnce, [...active.values()].filter((count) => count > 0).length);
      if (runMs > 0) await new Promise((resolve) => setTimeout(resolve, runMs));
      active.set(key, (active.get(key) ?? 0) - 1);
    },
    onError: (error) => {
      throw error;
    },
    ...options,
  });
  return {
    ...scheduler,
    starts,
    times: (key: string) => starts.filter((start) => start.key === key).map((start) => start.at),
    most: () => ({ atOnce: mostAtOnce, ofOneKey: mostOfOneKey }),
  };
}

async function touchEvery(ms: number, forMs: number, touch: () => void): Promise<void> {
  for (let passed = 0; passed < forMs; passed += ms) {
    touch();
    await vi.advanceTimersByTimeAsync(ms);
  }
}

describe('one key', () => {
  test('a single event runs at once, and once more when it has been quiet for 100 ms', async () => {
    const { touch, times } = aScheduler();
    touch('a');
    expect(times('a')).toEqual([0]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(times('a')).toEqual([0, 100]);
  });

  test('a short burst runs at its first event, after the interval, and after it went quiet', async () => {
    const { touch, times } = aScheduler();
    await touchEvery(10, 50, () => touch('a'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(times('a')).toEqual([0, 100, 200]);
  });

  test('events every 5 ms for 2 s make at most 21 runs in that time, evenly, and one when it is quiet', async () => {
    const { touch, times } = aScheduler();
    await touchEvery(5, 2_000, () => touch('a'));
    expect(times('a').length).toBeLessThanOrEqual(21);
    expect(times('a').length).toBeGreaterThanOrEqual(20);
    await vi.advanceTimersByTimeAsync(1_000);
    const all = times('a');
    expect(all.at(-1)).toBe(2_100);
    for (const [index, at] of all.entries())
      expect(at - (all[index - 1] ?? -100)).toBeGreaterThanOrEqual(100);
  });

  test('an event right after the last run of a burst still waits its interval', async () => {
    const { touch, times } = aScheduler();
    touch('a');
    await vi.advanceTimersByTimeAsync(110);
    touch('a');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(times('a')).toEqual([0, 100, 200, 300]);
  });

  test('an event during a run makes another run after it, never beside it', async () => {
    const { touch, times, most } = aScheduler({ runMs: 250 });
    touch('a');
    await vi.advanceTimersByTimeAsync(240);
    touch('a');
    await vi.advanceTimersByTimeAsync(2_000);
    // The run at 250 started before it had been quiet for 100 ms, so one more follows it.
    expect(times('a')).toEqual([0, 250, 500]);
    expect(most().ofOneKey).toBe(1);
  });

  test('a long run is repeated only once for all events during it', async () => {
    const { touch, times } = aScheduler({ runMs: 1_000 });
    await touchEvery(10, 800, () => touch('a'));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(times('a')).toEqual([0, 1_000]);
  });

  test('nothing is kept of a key that has come to rest', async () => {
    const { touch } = aScheduler();
    touch('a');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('many keys', () => {
  test('no more than `concurrency` run at a time, each is run, in the order of their events', async () => {
    const { touch, starts, most } = aScheduler({ runMs: 10, concurrency: 4 });
    const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`);
    for (const key of keys) touch(key);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(most()).toEqual({ atOnce: 4, ofOneKey: 1 });
    expect(starts.slice(0, 100).map((start) => start.key)).toEqual(keys);
    expect(new Set(starts.map((start) => start.key)).size).toBe(100);
  });

  test('keys that never rest do not starve another', async () => {
    const { touch, times } = aScheduler({ runMs: 90, concurrency: 2 });
    const busy = ['b1', 'b2', 'b3', 'b4', 'b5', 'b6'];
    await touchEvery(5, 500, () => busy.forEach(touch));
    touch('quiet');
    await touchEvery(5, 1_000, () => busy.forEach(touch));
    // Six others stand in line at most, two at a time, 90 ms each.
    expect(times('quiet')[0]).toBeLessThanOrEqual(500 + 4 * 90);
  });
});

describe('what goes wrong', () => {
  test.each([
    ['rejects', () => Promise.reject(new Error('broken'))],
    [
      'throws',
      (): Promise<void> => {
        throw new Error('broken');
      },
    ],
  ])('an action that %s is reported, and its key and the others go on', async (_name, fail) => {
    const errors: unknown[] = [];
    const ran: string[] = [];
    const { touch } = aScheduler({
      concurrency: 1,
      action: (key) => {
        ran.push(key);
        return key === 'bad' ? fail() : Promise.resolve();
      },
      onError: (error) => errors.push(error),
    });
    touch('bad');
    touch('good');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ran).toEqual(['bad', 'good', 'bad', 'good']);
    expect(errors.map(String)).toEqual(['Error: broken', 'Error: broken']);
  });
});

describe('stopping', () => {
  test('drain waits for what is running, drops what is planned, and takes no more events', async () => {
    const { touch, drain, starts } = aScheduler({ runMs: 50, concurrency: 1 });
    touch('running');
    touch('in line');
    let drained = false;
    const draining = drain().then(() => (drained = true));
    touch('too late');
    await vi.advanceTimersByTimeAsync(49);
    expect(drained).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await draining;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(starts.map((start) => start.key)).toEqual(['running']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('drain with nothing running resolves at once', async () => {
    await expect(aScheduler().drain()).resolves.toBeUndefined();
  });

  test('forget drops the planned runs of one key only', async () => {
    const { touch, forget, times } = aScheduler();
    touch('a');
    touch('b');
    forget('a');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(times('a')).toEqual([0]);
    expect(times('b')).toEqual([0, 100]);
  });

  test('a forgotten key that is touched while its run goes on is not run beside it', async () => {
    const { touch, forget, times, most } = aScheduler({ runMs: 300 });
    touch('a');
    await vi.advanceTimersByTimeAsync(10);
    forget('a');
    touch('a');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(times('a')).toEqual([0, 300]);
    expect(most().ofOneKey).toBe(1);
  });

  test('a key may be touched again after it was forgotten', async () => {
    const { touch, forget, times } = aScheduler();
    forget('a');
    touch('a');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(times('a')).toEqual([0, 100]);
  });
});
