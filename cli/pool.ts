import { availableParallelism } from 'node:os';
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

interface Thread {
  worker: Worker;
  waiting: Map<number, { resolve(prepared: Prepared): void; reject(error: unknown): void }>;
}

/** Idle threads hold some 100 MB each; starting them again takes 0.2 s. */
const idleMs = 2_000;

/**
 * Prepares shares on every core. Threads start with the first request, end when there is nothing to do, and never keep
 * the process from ending. One that dies rejects what it had; the next request starts another.
 */
export function openPool(paths: BenchPaths, size = availableParallelism()): Pool {
  const threads = new Set<Thread>();
  let jobs = 0;
  let idle: NodeJS.Timeout | undefined;

  function leastBusy(): Thread {
    if (threads.size < size) threads.add(start());
    return [...threads].reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a));
  }

  function start(): Thread {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./prepare-worker.${extension}`, import.meta.url), {
      workerData: paths,
    });
    const thread: Thread = { worker, waiting: new Map() };
    worker.on('message', (answer: Answer) => settle(thread, answer));
    worker.on('error', (error) => lose(thread, error));
    worker.on('exit', (code) => lose(thread, new Error(`A rendering thread ended with ${code}.`)));
    return thread;
  }

  function settle(thread: Thread, answer: Answer): void {
    const waiter = thread.waiting.get(answer.job);
    thread.waiting.delete(answer.job);
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
        const job = jobs++;
        const thread = leastBusy();
        thread.waiting.set(job, { resolve, reject });
        thread.worker.ref();
        thread.worker.postMessage({ job, request } satisfies Job);
      }),
    close: () => {
      clearTimeout(idle);
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
