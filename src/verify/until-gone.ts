import { setTimeout as sleep } from 'node:timers/promises';
import { isGone, type Ask } from './ask.ts';

/** Waits between two looks, in milliseconds: about 30 s in all, which outlives an upload or a short cache. */
const waitsMs: readonly number[] = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000];

/**
 * Asks a host until it answers "not there" for every address, for at most `waits` and one look more.
 *
 * @returns The address that is still there and what it answers, undefined for nothing; or undefined when all are gone.
 */
export async function untilGone(
  addresses: readonly string[],
  ask: Ask,
  waits: readonly number[] = waitsMs,
): Promise<{ address: string; status: number | undefined } | undefined> {
  const left = [...addresses];
  const waiting = [...waits];
  for (;;) {
    const [address] = left;
    if (address === undefined) return undefined;
    const answer = await ask(address);
    if (answer !== undefined && isGone(answer)) {
      left.shift();
      continue;
    }
    const wait = waiting.shift();
    if (wait === undefined) return { address, status: answer?.status };
    await sleep(wait);
  }
}
