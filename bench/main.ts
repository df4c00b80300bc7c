/**
 * `npm run bench [-- --max 1000 --max-mb 20]`: the figures this project promises, beside other ways of doing the same, measured in
 * one run because machines differ and are noisy. Medians. `--max` leaves out libraries larger than that,
 * `--max-mb` larger files.
 */
import { parseArgs } from 'node:util';
import type { DataFolder } from '../test/support/data-folder.ts';
import { coldCreate } from './cold-create.ts';
import { find } from './find.ts';
import { besideEleventy, fullSync } from './full-sync.ts';
import { printLive } from './live.ts';
import { printReaders } from './readers.ts';
import { revoke } from './revoke.ts';
import { astroIncremental, eleventy } from './rivals.ts';
import { savedToDisk } from './saved-to-disk.ts';
import { aLibrary, median, messagesEach, removeAtTheEnd, time } from './support.ts';
import { warmPublish } from './warm-publish.ts';

const { values } = parseArgs({
  options: { max: { type: 'string', default: '10000' }, 'max-mb': { type: 'string', default: '212' } },
});
const sizes = [100, 1_000, 10_000].filter((size) => size <= Number(values.max));
/** Larger than this the rivals take many minutes for figures that are clear already. */
const rivalsUpTo = 1_000;

const ms = (value: number) => (value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en'));
const row = (...cells: (string | number)[]) => console.log(`| ${cells.join(' | ')} |`);
const head = (title: string, ...columns: string[]) => {
  console.log(`\n### ${title}\n`);
  row(...columns);
  row(...columns.map(() => '---'));
};

async function idleSync(data: DataFolder): Promise<number> {
  const app = await data.open();
  const times: number[] = [];
  for (let run = 0; run < 5; run++) times.push(await time(() => app.publisher.syncAll()));
  app.close();
  return median(times);
}

console.log(
  `Node ${process.versions.node}; conversations of ${messagesEach} messages; times in ms, medians.`,
);

head('By number of shares', 'shares', 'saved → on disk', 'sync, nothing to do', 'full sync, empty cache');
const followed: number[] = [];
for (const size of sizes) {
  const data = await aLibrary(size);
  const full = await fullSync(data);
  const idle = await idleSync(data);
  const follow = await savedToDisk(data, size);
  followed.push(follow);
  row(size, ms(follow), ms(idle), ms(full));
  removeAtTheEnd(data);
}
console.log(
  `\nSaved → on disk, largest beside smallest library: ${((followed.at(-1) ?? 0) / (followed[0] ?? 1)).toFixed(2)} ×`,
);

head('Others with the same conversations', 'tool', 'pages', 'saved → on disk', 'full build');
for (const size of sizes.filter((count) => count <= rivalsUpTo)) {
  for (const [name, make, runs] of [
    ['Eleventy --watch --incremental', eleventy, 7],
    ['Astro incrementalBuild', astroIncremental, 3],
  ] as const) {
    const rival = make(size);
    const build = await rival.build();
    const edit = await rival.edit(runs);
    row(name, size, ms(edit), ms(build));
    removeAtTheEnd(rival);
  }
}

head('Full sync, empty cache, in turn with Eleventy', 'pages', 'full sync', 'Eleventy', 'ratio');
for (const size of sizes.filter((count) => count <= rivalsUpTo)) {
  const { share, eleventy: other } = await besideEleventy(size);
  row(size, ms(share), ms(other), `${(share / other).toFixed(2)} ×`);
}

head('One conversation', 'what', 'ms', 'beside', 'ratio');
const warm = await warmPublish();
const floor = warm.bareWriteMs + warm.renderMs;
row(
  'warm publish',
  ms(warm.publishMs),
  `bare write ${ms(warm.bareWriteMs)} + changed message ${ms(warm.renderMs)}`,
  `${(warm.publishMs / floor).toFixed(2)} ×`,
);
const cold = await coldCreate();
row(
  '`share create`, cold',
  ms(cold.createMs),
  `node -e 0: ${ms(cold.nodeMs)}`,
  `${(cold.createMs / cold.nodeMs).toFixed(2)} ×`,
);
const small = await revoke(1);
const large = await revoke(1_000);
row('revoke, 1 file', ms(small), '', '');
row('revoke, 1,000 files', ms(large), 'revoke, 1 file', `${(large / small).toFixed(2)} ×`);

head(
  '`share find`, the whole process',
  'sessions',
  'warm',
  'warm, with words',
  'warm, one shared',
  'cold',
  'node -e 0',
);
for (const sessions of [30, 3_000]) {
  const { warmMs, wordsMs, sharedMs, coldMs, nodeMs } = await find(sessions);
  row(sessions, ms(warmMs), ms(wordsMs), ms(sharedMs), ms(coldMs), ms(nodeMs));
}

console.log('\n### Reading the files of other tools\n');
await printReaders(Number(values['max-mb']));

console.log('\n### A session that grows, with `share serve` running\n');
await printLive();
