import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ShareId } from '../../src/urls.ts';
import { aConversation, aDataFolder, type DataFolder } from './data-folder.ts';

/** An output folder with one share that is live and one that was deleted, readable for any server. */
export interface PublishedSite {
  data: DataFolder;
  output: string;
  id: ShareId;
  revokedId: ShareId;
  /** Paths below the live share's folder, one for each attached file, in no order. */
  files: string[];
  zip: string;
  read(path: string): Buffer;
  remove(): void;
}

export async function aPublishedSite(
  files: Readonly<Record<string, string | Uint8Array>>,
  messages?: unknown[],
): Promise<PublishedSite> {
  const data = aDataFolder();
  chmodSync(data.paths.data, 0o755);
  data.write('live', aConversation(messages === undefined ? {} : { messages }), files);
  data.write('gone', aConversation({ title: 'Gone' }));
  const app = await data.open();
  try {
    const { share } = await app.publisher.create('live', 'mira');
    const gone = await app.publisher.create('gone', 'mira');
    app.publisher.revoke(gone.share.id, 'mira');
    const folder = join(data.paths.output, 'share', share.id);
    const below = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    return {
      data,
      output: data.paths.output,
      id: share.id,
      revokedId: gone.share.id,
      files: below.filter((path) => path.startsWith('files/')),
      zip: below.find((path) => path.startsWith('zip/')) ?? '',
      read: (path) => readFileSync(join(folder, path)),
      remove: () => data.remove(),
    };
  } finally {
    app.close();
  }
}
