import type { Losses } from './conversation.ts';

export const noLosses: Readonly<Losses> = { hidden: {}, unknown: {}, malformedLines: [] };

/** Both together; the branch is that of the first, if it has one. */
export function addLosses(one: Losses, other: Losses): Losses {
  return {
    ...one,
    hidden: addCounts(one.hidden, other.hidden),
    unknown: addCounts(one.unknown, other.unknown),
    malformedLines: [...one.malformedLines, ...other.malformedLines],
  };
}

function addCounts(one: Record<string, number>, other: Record<string, number>): Record<string, number> {
  const sums = new Map(Object.entries(one));
  for (const [what, count] of Object.entries(other)) sums.set(what, (sums.get(what) ?? 0) + count);
  return Object.fromEntries(sums); // rather than assignment: a record type may be called `__proto__`
}
