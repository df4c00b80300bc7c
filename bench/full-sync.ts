/** How long does it take to publish a whole library, from nothing? */
import type { DataFolder } from '../test/support/data-folder.ts';
import { eleventy } from './rivals.ts';
import { aLibrary, paired, removeAtTheEnd, time } from './support.ts';

/** Ms for a library of which nothing is published or cached. */
export async function fullSync(data: DataFolder): Promise<number> {
  const app = await data.open();
  const took = await time(async () => {
    const { failed, published } = await app.publisher.syncAll();
    if (failed > 0 || published === 0) throw new Error('sync failed');
  });
  app.close();
  return took;
}

/** Medians in ms, each run in a new folder. */
export async function besideEleventy(size: number, runs = 3): Promise<{ share: number; eleventy: number }> {
  const libraries: DataFolder[] = [];
  const rivals = Array.from({ length: runs }, () => eleventy(size));
  for (let run = 0; run < runs; run++) libraries.push(await aLibrary(size));
  [...libraries, ...rivals].forEach(removeAtTheEnd);
  const { share = Number.NaN, eleventy: other = Number.NaN } = await paired(runs, {
    share: async () => {
      const data = libraries.pop();
      if (data) await fullSync(data);
    },
    eleventy: async () => {
      await rivals.pop()?.build();
    },
  });
  return { share, eleventy: other };
}
