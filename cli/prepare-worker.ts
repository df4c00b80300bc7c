import { parentPort, workerData } from 'node:worker_threads';
import { ShareError } from '../src/errors.ts';
import { openBench, type BenchPaths } from './app.ts';
import type { Answer, Job } from './pool.ts';

/** A thread of `pool.ts`: prepares shares, never commits one. */
const bench = openBench(workerData as BenchPaths);

parentPort?.on('message', (job: Job) => {
  void answer(job).then((result) => parentPort?.postMessage(result));
});

async function answer({ job, request }: Job): Promise<Answer> {
  try {
    const { prepare } = await bench;
    return { job, prepared: await prepare(request) };
  } catch (error) {
    if (!(error instanceof ShareError)) return { job, bug: error };
    return { job, failure: { code: error.code, message: error.message, hint: error.hint } };
  }
}
