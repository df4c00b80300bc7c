import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { BenchPaths } from './app.ts';
import type { Answer, Job } from './pool.ts';

/*
 * A thread of `pool.ts`: prepares shares, never commits one. A thread does not have its process's cache of compiled
 * code, and what is imported before it is there is compiled anew (0.6 s of CPU against 0.3 s).
 */
enableCompileCache();
const { ShareError } = await import('../src/errors.ts');
const { openBench } = await import('./app.ts');

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
