import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ShareError, type ErrorCode } from '../src/errors.ts';
import type { Prepare, Prepared, Request } from '../src/publish/prepare.ts';
import type { BenchPaths } from './app.ts';

/** What a worker answers: errors do not keep their class across threads. */
export type Answer =
  | { job: number; prepared: Prepared }
  | { job: number; failure: { code: ErrorCode; message: string; hint: string | undefined } }
  | { job: number; bug: unknown };

export interface Job {
  job: number;
  request: Request;
}

export interface Pool {
  prepare: Prepare;
  /** Ends the threads; what they had under way is rejected. */
  close(): void;
}

interface Waiter {
  resolve: (prepared: Prepared) => void;
  reject: (error: unknown) => void;
}

interface Thread {
  worker: Worker;
  waiting: Map<number, Waiter>;
}

/** Idle threads hold some 100 MB each; starting them again takes 0.2 s. */
const idleMs = 2_000;
/** A thread has this many jobs at hand, so that it does not stand still while this thread works or waits for the disk. */
const atHand = 4;

/**
 * Prepares shares on every core: in this thread, which is warm already, and in one more for each other core. Threads
 * start with the first request, end when there is nothing to do, and never keep the process from ending. One that dies
 * rejects what it had; the next request starts another.
 *
 * @param here  Prepares in this thread.
 */
export function openPool(paths: BenchPaths, here: Prepare, size = availableParallelism() - 1): Pool {
  const threads = new Set<Thread>();
  const queue: (Waiter & { request: Request })[] = [];
  let jobs = 0;
  let isBusyHere = false;
  let idle: NodeJS.Timeout | undefined;

  function start(): void {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./prepare-worker.${extension}`, import.meta.url), {
      workerData: paths,
    });
    const thread: Thread = { worker, waiting: new Map() };
    threads.add(thread);
    worker.on('message', (answer: Answer) => settle(thread, answer));
    worker.on('error', (error) => lose(thread, error));
    worker.on('exit', (code) => lose(thread, new Error(`A rendering thread ended with ${code}.`)));
  }

  function handOut(): void {
    while (threads.size < Math.min(size, queue.length)) start();
    for (const thread of threads) while (thread.waiting.size < atHand && queue.length > 0) send(thread);
    if (!isBusyHere) void workHere();
  }

  function send(thread: Thread): void {
    const next = queue.shift();
    if (next === undefined) return;
    const { request, ...waiter } = next;
    const job = jobs++;
    thread.waiting.set(job, waiter);
    thread.worker.ref();
    thread.worker.postMessage({ job, request } satisfies Job);
  }

  /** Answers of the other threads are heard between two jobs. */
  async function workHere(): Promise<void> {
    isBusyHere = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await here(next.request).then(next.resolve, next.reject);
      await nextTurn();
    }
    isBusyHere = false;
  }

  function settle(thread: Thread, answer: Answer): void {
    const waiter = thread.waiting.get(answer.job);
    thread.waiting.delete(answer.job);
    handOut();
    if (thread.waiting.size === 0) rest(thread);
    if ('prepared' in answer) waiter?.resolve(answer.prepared);
    else if ('bug' in answer) waiter?.reject(answer.bug);
    else waiter?.reject(toShareError(answer.failure));
  }

  function rest(thread: Thread): void {
    thread.worker.unref();
    clearTimeout(idle);
    idle = setTimeout(closeIdle, idleMs).unref();
  }

  function closeIdle(): void {
    for (const thread of threads) if (thread.waiting.size === 0) end(thread);
  }

  function lose(thread: Thread, error: unknown): void {
    threads.delete(thread);
    for (const waiter of thread.waiting.values()) waiter.reject(error);
    thread.waiting.clear();
  }

  function end(thread: Thread): void {
    lose(thread, new Error('The rendering threads were ended.'));
    void thread.worker.terminate();
  }

  return {
    prepare: (request) =>
      new Promise((resolve, reject) => {
        queue.push({ request, resolve, reject });
        handOut();
      }),
    close: () => {
      clearTimeout(idle);
      for (const waiter of queue.splice(0)) waiter.reject(new Error('The rendering threads were ended.'));
      for (const thread of threads) end(thread);
    },
  };
}

function toShareError({
  code,
  message,
  hint,
}: {
  code: ErrorCode;
  message: string;
  hint: string | undefined;
}) {
  return new ShareError(code, message, hint === undefined ? {} : { hint });
}
