import { setTimeout as sleep } from 'node:timers/promises';
import { TtlCache } from '../src/ttl-cache.ts';

const runs = Number(process.argv[2]);
let kept = 0;
for (let run = 1; run <= runs; run += 1) {
  const cache = new TtlCache<string, number>(50);
  const start = performance.now();
  cache.set('a', 1);
  await sleep(50);
  const failed = cache.get('a') !== undefined;
  if (failed) kept += 1;
  const slept = (performance.now() - start).toFixed(3);
  console.log(`run ${String(run).padStart(3)}  slept ${slept} ms  ${failed ? 'STILL THERE' : 'ok'}`);
}
console.log(`\n${kept} of ${runs} runs still had the value`);
