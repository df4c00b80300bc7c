import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipArchive } from 'archiver';

export type ExportFiles = Readonly<Record<string, string | Buffer>>;

/** Packs files as a chat tool sends an export; gives the path of the ZIP. */
export async function zipped(folder: string, files: ExportFiles): Promise<string> {
  const path = join(folder, 'export.zip');
  const archive = new ZipArchive({});
  for (const [name, content] of Object.entries(files)) archive.append(content, { name });
  await Promise.all([archive.finalize(), pipeline(archive, createWriteStream(path))]);
  return path;
}

/** Lays files out as an export that was unpacked; gives the path of the folder. */
export function unpacked(folder: string, files: ExportFiles): string {
  const path = join(folder, 'unpacked');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

/**
 * A conversation as Claude exports it.
 *
 * @param number  Of its ids and its day, from 1.
 */
export function aClaudeConversation(number: number, name: string, words = `About ${name}`): object {
  return {
    uuid: `c0ffee00-0000-4000-8000-00000000000${number}`,
    name,
    created_at: `2026-03-0${number}T09:00:00Z`,
    updated_at: `2026-03-0${number}T10:00:00Z`,
    account: { uuid: 'a' },
    chat_messages: [
      {
        uuid: `c0ffee01-0000-4000-8000-00000000000${number}`,
        sender: 'human',
        text: words,
        content: [{ type: 'text', text: words }],
        created_at: `2026-03-0${number}T09:00:00Z`,
      },
    ],
  };
}

/** A conversation as ChatGPT exports it. */
export function aChatGptConversation(id: string, title: string, answer: string, picture?: string): object {
  const said = (role: string, parts: unknown[], content_type = 'text') => ({
    author: { role },
    content: { content_type, parts },
    metadata: {},
    recipient: 'all',
  });
  const image = {
    content_type: 'image_asset_pointer',
    asset_pointer: `file-service://${picture ?? ''}`,
    width: 1,
    height: 1,
  };
  const parts = picture === undefined ? [answer] : [image, answer];
  return {
    conversation_id: id,
    title,
    create_time: 1772442000,
    current_node: 'b',
    mapping: {
      a: { id: 'a', parent: null, children: ['b'], message: said('user', ['Hello']) },
      b: {
        id: 'b',
        parent: 'a',
        children: [],
        message: said('assistant', parts, picture === undefined ? 'text' : 'multimodal_text'),
      },
    },
  };
}
