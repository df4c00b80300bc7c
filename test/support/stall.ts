/** A process that is busy for as many milliseconds as its first argument says; with `paused` as the second, with pauses. */
import { setImmediate as pause } from 'node:timers/promises';
import { guarded } from '../../cli/stall-guard.ts';

const ms = Number(process.argv[2]);
await guarded({ seconds: 1 }, async () => {
  console.log('begun');
  const isPaused = process.argv[3] === 'paused';
  const end = performance.now() + ms;
  while (performance.now() < end) if (isPaused) await pause();
});
console.log('done');
