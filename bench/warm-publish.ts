/** What does publishing one changed message of a 40-message conversation cost, beside what nobody can avoid? */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { aDataFolder } from '../test/support/data-folder.ts';
import { idOf, median, messageText, paired, removeAtTheEnd, writeBenchConversation } from './support.ts';
import { renderMarkdown } from '../src/render/markdown.ts';

export interface WarmPublish {
  publishMs: number;
  /** Temp file, fsync and rename of the same three files, by the shortest code there is. */
  bareWriteMs: number;
  /** Rendering the one message that changed. */
  renderMs: number;
}

/** Rounds that are not counted: V8 goes on compiling for that long, and a watcher at work has long been through them. */
const warmUp = 300;

export async function warmPublish(runs = 41): Promise<WarmPublish> {
  const data = aDataFolder();
  writeBenchConversation(data.paths.library, 1);
  const app = await data.open();
  const { share } = await app.publisher.create(idOf(1), 'bench');
  const folder = join(data.paths.output, 'share', share.id);
  const files = ['conversation.json', 'conversation.md', 'index.html'].map((name) =>
    readFileSync(join(folder, name)),
  );
  let edit = 0;
  const publish = async () => {
    if ((await app.publisher.sync(idOf(1))) !== 'published') throw new Error('not published');
  };
  const times: Record<string, number[]> = { publish: [], bareWrite: [], render: [] };
  for (let run = -warmUp; run < runs; run++) {
    writeBenchConversation(data.paths.library, 1, ++edit);
    const once = await paired(1, {
      publish,
      bareWrite: () =>
        files.forEach((bytes, index) => bareWrite(join(data.paths.data, `bare-${index}`), bytes)),
      render: () => renderMarkdown(`${messageText(139)}\n\nEdit ${edit}.`),
    });
    if (run >= 0) for (const [name, ms] of Object.entries(once)) times[name]?.push(ms);
  }
  app.close();
  removeAtTheEnd(data);
  const of = (name: string) => median(times[name] ?? []);
  return { publishMs: of('publish'), bareWriteMs: of('bareWrite'), renderMs: of('render') };
}

function bareWrite(path: string, bytes: Buffer): void {
  const file = openSync(`${path}.tmp`, 'w');
  writeSync(file, bytes);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.tmp`, path);
}
