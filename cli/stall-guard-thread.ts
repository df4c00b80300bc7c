import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { beatMs, type GuardData } from './stall-guard.ts';

/*
 * The thread of `stall-guard.ts`. It waits in short slices and counts those that were silent, so that a process that was
 * stopped for an hour by Ctrl-Z or a closed lid was silent for one slice only.
 */
const { beats, seconds, words } = workerData as GuardData;

let silentMs = 0;
while (silentMs <= seconds * 1_000) {
  const isSilent = Atomics.wait(beats, 0, Atomics.load(beats, 0), beatMs) === 'timed-out';
  silentMs = isSilent ? silentMs + beatMs : 0;
}
// The thread that is stuck cannot write it, and only the system can end it.
writeSync(2, words);
process.kill(process.pid, 'SIGKILL');
