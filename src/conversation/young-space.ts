import { setFlagsFromString } from 'node:v8';

/** V8's own, and the one with which the space stays as large as it is. */
const [grows, stays] = [2, 1];

let users = 0;

/**
 * Keeps V8 from growing its space for young objects while `work` runs.
 *
 * A log is millions of objects that die at once, for which V8 takes up to 3 × 32 MB. Of 212 MB of Claude Code's log the
 * process held 339 MB at its peak, and 237 MB with this, in no more time (2.5 s of the processor against 3.0 s). What
 * renders keeps its objects for longer and is slower with it, so it is only for reading. The flag is of the whole
 * process, read by V8 each time it would grow the space.
 */
export async function inSmallYoungSpace<Result>(work: () => Promise<Result>): Promise<Result> {
  if (users === 0) setFlagsFromString(`--semi-space-growth-factor=${stays}`);
  users += 1;
  try {
    return await work();
  } finally {
    users -= 1;
    if (users === 0) setFlagsFromString(`--semi-space-growth-factor=${grows}`);
  }
}
