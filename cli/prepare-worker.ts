import { enableCompileCache } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { Request } from '../src/publish/prepare.ts';
import type { Answer, ThreadData } from './pool.ts';

/*
 * A thread of `pool.ts`: prepares shares, never commits one. A thread does not have its process's cache of compiled
 * code, and what is imported before it is there is compiled anew (0.6 s of CPU against 0.3 s).
 */
enableCompileCache();
const { ShareError } = await import('../src/errors.ts');
const { openBench } = await import('./app.ts');
const { loadArchiver } = await import('../src/output/zip.ts');
const { beatMs } = await import('./pool.ts');
const { warmUpSnapshot } = await import('../src/render/warm-up.ts');

const { paths, isToWarmUp } = workerData as ThreadData;

/** More often than this nobody looks at a bar of progress. */
const progressMs = 100;
let progressAt = 0;

const bench = openBench(paths, {
  onStage: (stage) => say({ stage }),
  onProgress: (doneBytes, totalBytes) => {
    const now = performance.now();
    if (now - progressAt < progressMs && doneBytes < totalBytes) return;
    progressAt = now;
    say({ doneBytes, totalBytes });
  },
});

/** One at a time, so that it is known which of them a thread is stuck at. */
let before: Promise<void> = bench
  .then((open) => (isToWarmUp ? warmUp(open) : undefined))
  .then(() => say({ alive: true }))
  .then(warmUpByDrawing, () => undefined); // told of with each request
let waiting = 0;
let drawsToWarmUp = isToWarmUp ? 60 : 0;
let beat: NodeJS.Timeout | undefined;

parentPort?.on('message', (request: Request) => {
  waiting += 1;
  beat ??= setInterval(() => say({ alive: true }), beatMs);
  before = before.then(async () => {
    say(await answer(request));
    waiting -= 1;
    if (waiting > 0) return;
    clearInterval(beat);
    beat = undefined;
    await warmUpByDrawing();
  });
});

/** What draws is compiled by its first use, and what zips is loaded by it: the first change would take 0.2 s longer. */
async function warmUp({ renderer }: Awaited<typeof bench>): Promise<void> {
  await Promise.all([renderer.notFound(paths.site), loadArchiver()]);
}

/** Looks up after each draw whether there is something to do. */
async function warmUpByDrawing(): Promise<void> {
  while (waiting === 0 && drawsToWarmUp > 0) {
    drawsToWarmUp -= 1;
    try {
      await (await bench).renderer.renderAlone(warmUpSnapshot);
    } catch {
      return; // whoever asks for something hears why
    }
    await setImmediate();
  }
}

async function answer(request: Request): Promise<Answer> {
  try {
    const { prepare } = await bench;
    return { prepared: await prepare(request) };
  } catch (error) {
    if (!(error instanceof ShareError)) return { bug: error };
    return { failure: { code: error.code, message: error.message, hint: error.hint } };
  }
}

function say(answer: Answer): void {
  parentPort?.postMessage(answer);
}
