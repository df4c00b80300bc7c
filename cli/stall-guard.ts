import { Worker } from 'node:worker_threads';
import { overLimit, type Limits } from '../src/limits.ts';
import { threadProgram } from './thread-program.ts';

export interface GuardData {
  /** One number that grows as long as the other thread is not stuck. */
  beats: Int32Array;
  seconds: number;
  /** What the person is told at the end. */
  words: string;
}

/** How often the guarded thread says that it is alive. */
export const beatMs = 250;

/**
 * Does `work` in this thread, and ends the process with SIGKILL when it keeps the thread busy for longer than the limits
 * allow: nothing else can stop it. What was staged is thrown away by the next command, as after any crash. Where one
 * conversation is published, a thread to do it in (`pool.ts`) would double the time until its link is there.
 */
export async function guarded<T>(limits: Pick<Limits, 'seconds'>, work: () => Promise<T>): Promise<T> {
  const { seconds } = limits;
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const { message, hint = '' } = overLimit(limits, 'seconds', 'The conversation takes too long to draw');
  const data: GuardData = { beats, seconds, words: `\n${message}\n${hint}\n` };
  const guard = new Worker(threadProgram('stall-guard-thread'), {
    workerData: data,
  });
  guard.on('error', () => undefined); // where no more threads are to be had, work goes on without
  guard.unref();
  const timer = setInterval(() => {
    Atomics.add(beats, 0, 1);
    Atomics.notify(beats, 0);
  }, beatMs / 2).unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
    void guard.terminate();
  }
}
