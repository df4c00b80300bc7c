/** Does a revoke cost the same whatever the share's size? In process, from call to page gone. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aDataFolder } from '../test/support/data-folder.ts';
import { idOf, median, time, writeBenchConversation } from './support.ts';

/** @returns Median ms for a share with this many files of 10 KB. */
export async function revoke(files: number, runs = 15): Promise<number> {
  const data = aDataFolder();
  writeBenchConversation(data.paths.library, 1);
  const folder = join(data.paths.library, idOf(1), 'files');
  mkdirSync(folder);
  for (let file = 0; file < files; file++)
    writeFileSync(join(folder, `${file}.txt`), `${file} `.repeat(2_000));
  const app = await data.open();
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const { share } = await app.publisher.create(idOf(1), 'bench');
    times.push(await time(() => app.publisher.revoke(share.id, 'bench')));
    if (existsSync(join(data.paths.output, 'share', share.id))) throw new Error('still live');
    await app.output.emptyTrash();
  }
  app.close();
  data.remove();
  return median(times);
}
