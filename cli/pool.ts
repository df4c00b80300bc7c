import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ShareError, systemCode, type ErrorCode } from '../src/errors.ts';
import { overLimit, usualLimits } from '../src/limits.ts';
import type { OnProgress } from '../src/output/attachments.ts';
import type { Prepare, Prepared, Request } from '../src/publish/prepare.ts';
import type { BenchPaths } from './app.ts';
import { threadProgram } from './thread-program.ts';

/** What a thread says of the job it is at; the last three end it. Errors do not keep their class across threads. */
export type Answer =
  /** Said again and again, so that silence tells that a thread is stuck. */
  | { alive: true }
  | { stage: string }
  | { doneBytes: number; totalBytes: number }
  | { prepared: Prepared }
  | { failure: { code: ErrorCode; message: string; hint: string | undefined } }
  | { bug: unknown };

/** What a thread is started with. */
export interface ThreadData {
  paths: BenchPaths;
  /** It stays, and somebody waits for each change that it draws: it is to warm up while it has nothing to do. */
  isToWarmUp: boolean;
}

export interface Pool {
  /** Prepares in the one thread that has seen the conversation before, and remembers how far it read. */
  prepare: Prepare;
  /** Prepares on every core. */
  prepareMany: Prepare;
  /**
   * Starts the one thread, if there is none yet: else the first change would wait for it, up to a second on a busy
   * machine. From then on it warms up whenever it has nothing to do, until it draws as fast as it can.
   */
  warmUp(): Promise<void>;
  /** Ends the threads; what they had under way is rejected. */
  close(): void;
}

export interface PoolOptions {
  onProgress?: OnProgress;
  /** Throws away what a thread that was stopped had staged. */
  discard?: (stage: { folder: string }) => Promise<void>;
  /** What a thread runs. Tests give one that gets stuck. */
  program?: URL;
}

interface Job {
  request: Request;
  /** Any thread may take it. */
  isForAny: boolean;
  resolve: (prepared: Prepared) => void;
  reject: (error: unknown) => void;
}

interface Thread {
  worker: Worker;
  /** In the order they are worked on: one at a time. */
  jobs: Job[];
  isReady: boolean;
  /** Beats since it was last heard of. */
  silentBeats: number;
  /** Folder that its present job stages in. */
  stage: string | undefined;
}

/** While it has work, a thread says this often that it is not stuck. */
export const beatMs = 250;
/** A thread that was silent for this long may be stuck for good: others need not wait to find out. */
const stuckBeats = 2;
/** Threads that may be stuck at once, beside those that work. */
const mostStuck = 4;
/** Idle threads hold some 100 MB each; starting them again takes 0.2 s. */
const idleMs = 2_000;
/** Of many jobs a thread has this many at hand, so that it does not stand still while this thread waits for the disk. */
const atHand = 4;

/**
 * Prepares shares in threads, where what never ends can be stopped: a thread that was silent for as long as the limits
 * allow, or takes more memory, is ended, and what it was at is rejected with `source_invalid`. All else goes on: what
 * waits behind a thread that may be stuck is given to another one. Threads start when they are needed, or by `warmUp`, and
 * never keep the process from ending.
 */
export function openPool(paths: BenchPaths, options: PoolOptions = {}): Pool {
  const { limits = usualLimits } = paths;
  const { onProgress = () => undefined, discard = () => Promise.resolve() } = options;
  /** The oldest first: it is the one that is kept. */
  const threads = new Set<Thread>();
  const queue: Job[] = [];
  let isLasting = false;
  let beat: NodeJS.Timeout | undefined;
  let idle: NodeJS.Timeout | undefined;

  function start(): void {
    const isFirst = threads.size === 0;
    const worker = new Worker(options.program ?? threadProgram('prepare-worker'), {
      workerData: { paths, isToWarmUp: isLasting && isFirst } satisfies ThreadData,
      resourceLimits: { maxOldGenerationSizeMb: limits.memoryMb },
    });
    const thread: Thread = { worker, jobs: [], isReady: false, silentBeats: 0, stage: undefined };
    threads.add(thread);
    worker.unref();
    worker.on('message', (answer: Answer) => hear(thread, answer));
    worker.on('error', (error) => lose(thread, explain(error)));
    worker.on('exit', (code) => lose(thread, new Error(`A rendering thread ended with ${code}.`)));
  }

  function isStuck({ silentBeats }: Thread): boolean {
    return silentBeats >= stuckBeats;
  }

  function handOut(): void {
    const wanted = Math.min(availableParallelism(), Math.max(1, queue.filter((job) => job.isForAny).length));
    const working = () => [...threads].filter((thread) => !isStuck(thread));
    if (queue.length > 0) while (working().length < wanted && threads.size < wanted + mostStuck) start();
    for (const [index, thread] of working().entries()) fill(thread, index === 0);
    if (beat === undefined && [...threads].some(({ jobs }) => jobs.length > 0))
      beat = setInterval(look, beatMs).unref();
  }

  /** @param isFirst  It takes what is not for any thread, and that before all else. */
  function fill(thread: Thread, isFirst: boolean): void {
    while (queue.length > 0) {
      const own = isFirst ? queue.findIndex((job) => !job.isForAny) : -1;
      const index = own < 0 ? queue.findIndex((job) => job.isForAny) : own;
      const job = queue[index];
      if (job === undefined || thread.jobs.length >= (job.isForAny ? atHand : 1)) return;
      queue.splice(index, 1);
      thread.jobs.push(job);
      thread.worker.ref();
      thread.worker.postMessage(job.request);
    }
  }

  /** Counted in beats of this thread: while it stands still itself, no other one grows silent. */
  function look(): void {
    const busy = [...threads].filter(({ jobs }) => jobs.length > 0);
    for (const thread of busy) {
      if (thread.isReady) thread.silentBeats += 1; // starting takes as long as the machine is busy
      if (thread.silentBeats * beatMs <= limits.seconds * 1_000) continue;
      lose(thread, overLimit(limits, 'seconds', 'The conversation takes too long to draw'));
      void thread.worker.terminate();
    }
    if (busy.length === 0) {
      clearInterval(beat);
      beat = undefined;
    }
    handOut();
  }

  function hear(thread: Thread, answer: Answer): void {
    thread.silentBeats = 0;
    thread.isReady = true;
    if ('alive' in answer) return;
    if ('stage' in answer) thread.stage = answer.stage;
    else if ('doneBytes' in answer) onProgress(answer.doneBytes, answer.totalBytes);
    else settle(thread, answer);
  }

  function settle(
    thread: Thread,
    answer: Extract<Answer, { prepared: unknown } | { failure: unknown } | { bug: unknown }>,
  ): void {
    const job = thread.jobs.shift();
    thread.stage = undefined;
    handOut();
    if (thread.jobs.length === 0) rest(thread);
    if ('prepared' in answer) job?.resolve(answer.prepared);
    else if ('bug' in answer) job?.reject(answer.bug);
    else job?.reject(toShareError(answer.failure));
  }

  function rest(thread: Thread): void {
    thread.worker.unref();
    clearTimeout(idle);
    idle = setTimeout(closeIdle, idleMs).unref();
  }

  function closeIdle(): void {
    for (const thread of [...threads].slice(1)) if (thread.jobs.length === 0) end(thread);
  }

  /** What it was at is rejected; what it had not begun goes back to where it came from. */
  function lose(thread: Thread, error: unknown): void {
    if (!threads.delete(thread)) return;
    const [job, ...others] = thread.jobs.splice(0);
    queue.unshift(...others);
    const { stage } = thread;
    const reject = () => job?.reject(error);
    if (stage === undefined) reject();
    else void discard({ folder: stage }).then(reject, reject);
    handOut();
  }

  function explain(error: unknown): unknown {
    return systemCode(error) === 'ERR_WORKER_OUT_OF_MEMORY'
      ? overLimit(limits, 'memoryMb', 'The conversation takes too much memory to draw')
      : error;
  }

  function end(thread: Thread): void {
    lose(thread, new Error('The rendering threads were ended.'));
    void thread.worker.terminate();
  }

  async function warmUp(): Promise<void> {
    isLasting = true;
    if (threads.size === 0) start();
    const [thread] = threads;
    if (thread === undefined || thread.isReady) return;
    thread.worker.ref();
    await new Promise<void>((resolve) => {
      thread.worker.once('message', () => resolve());
      thread.worker.once('exit', () => resolve()); // whoever asks for something hears why
    });
    if (thread.jobs.length === 0) thread.worker.unref();
  }

  const add = (isForAny: boolean): Prepare => {
    return (request) =>
      new Promise((resolve, reject) => {
        queue.push({ request, isForAny, resolve, reject });
        handOut();
      });
  };

  return {
    prepare: add(false),
    prepareMany: add(true),
    warmUp,
    close: () => {
      clearTimeout(idle);
      clearInterval(beat);
      const ended = new Error('The rendering threads were ended.');
      const jobs = [...queue.splice(0), ...[...threads].flatMap((thread) => thread.jobs.splice(0))];
      for (const job of jobs) job.reject(ended);
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
