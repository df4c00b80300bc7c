import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ShareError, type ErrorCode } from '../src/errors.ts';
import type { Prepare, Prepared, Request } from '../src/publish/prepare.ts';
import type { AppPaths } from './app.ts';

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
  close(): Promise<void>;
}

interface Waiting {
  resolve(prepared: Prepared): void;
  reject(error: unknown): void;
}

/** Prepares shares on every core. Its threads start with the first request: most runs have nothing to do. */
export function openPool(paths: AppPaths, size = availableParallelism()): Pool {
  let workers: Worker[] | undefined;
  let jobs = 0;
  const waiting = new Map<number, Waiting>();

  const start = (): Worker[] => (workers ??= Array.from({ length: size }, () => startWorker(paths, waiting)));
  return {
    prepare: (request) =>
      new Promise((resolve, reject) => {
        const job = jobs++;
        waiting.set(job, { resolve, reject });
        const threads = start();
        threads[job % threads.length]?.postMessage({ job, request } satisfies Job);
      }),
    close: async () => {
      await Promise.all((workers ?? []).map((worker) => worker.terminate()));
    },
  };
}

function startWorker(paths: AppPaths, waiting: Map<number, Waiting>): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./prepare-worker.${extension}`, import.meta.url), { workerData: paths });
  worker.on('message', (answer: Answer) => {
    const waiter = waiting.get(answer.job);
    waiting.delete(answer.job);
    if (waiter === undefined) return;
    if ('prepared' in answer) {
      waiter.resolve(answer.prepared);
      return;
    }
    if ('bug' in answer) {
      waiter.reject(answer.bug);
      return;
    }
    const { code, message, hint } = answer.failure;
    waiter.reject(new ShareError(code, message, hint === undefined ? {} : { hint }));
  });
  worker.on('error', (error) => {
    for (const waiter of waiting.values()) waiter.reject(error);
    waiting.clear();
  });
  return worker;
}
