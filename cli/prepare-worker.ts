import { parentPort, workerData } from 'node:worker_threads';
import { ShareError } from '../src/errors.ts';
import { openBench, type AppPaths } from './app.ts';
import type { Answer, Job } from './pool.ts';

/** A thread of `pool.ts`: prepares shares, never commits one. */
const bench = openBench(workerData as AppPaths);

parentPort?.on('message', async ({ job, request }: Job) => {
  const { prepare } = await bench;
  parentPort?.postMessage(await answer(job, () => prepare(request)));
});

async function answer(job: number, prepare: () => ReturnType<Awaited<typeof bench>['prepare']>): Promise<Answer> {
  try {
    return { job, prepared: await prepare() };
  } catch (error) {
    if (!(error instanceof ShareError)) return { job, bug: error };
    return { job, failure: { code: error.code, message: error.message, hint: error.hint } };
  }
}
