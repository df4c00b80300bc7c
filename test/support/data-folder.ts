import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openApp, type App, type AppOptions } from '../../cli/app.ts';
import type { AppPaths } from '../../cli/desk.ts';
import { toSiteUrl } from '../../src/urls.ts';

/** Whose shares the tests' shares are. */
export const owner = 'tester';

/** A conversation in the native format, small and complete. */
export function aConversation(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    version: 1,
    title: 'A small talk',
    type: 'chat',
    createdAt: '2026-03-01T10:00:00.000Z',
    updatedAt: '2026-03-01T10:05:00.000Z',
    messages: [
      { id: 'm1', role: 'user', createdAt: '2026-03-01T10:00:00.000Z', content: 'What is a capability?' },
      {
        id: 'm2',
        role: 'assistant',
        createdAt: '2026-03-01T10:05:00.000Z',
        content: 'A key that is **all** you need.',
      },
    ],
    ...changes,
  };
}

export interface DataFolder {
  paths: AppPaths;
  /** Writes a native conversation and its files; returns the path of its conversation.json. */
  write(
    id: string,
    conversation?: Record<string, unknown>,
    files?: Record<string, string | Uint8Array>,
  ): string;
  open(options?: AppOptions): Promise<App>;
  remove(): void;
}

/** A data folder of its own in the temporary folder. Whoever makes it removes it. */
export function aDataFolder(site?: string): DataFolder {
  const data = realpathSync(mkdtempSync(join(tmpdir(), 'share-test-')));
  mkdirSync(join(data, 'conversations'));
  return dataFolderAt(data, site);
}

/** @param data  An absolute path, of a folder that is there. */
export function dataFolderAt(data: string, site = 'http://127.0.0.1:4321'): DataFolder {
  const library = join(data, 'conversations');
  const paths: AppPaths = { data, library, output: join(data, 'site'), site: toSiteUrl(site) };
  return {
    paths,
    write(id, conversation = aConversation(), files = {}) {
      const folder = join(library, id);
      mkdirSync(folder, { recursive: true });
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, 'files', name)), { recursive: true });
        writeFileSync(join(folder, 'files', name), content);
      }
      const path = join(folder, 'conversation.json');
      writeFileSync(path, JSON.stringify({ id, ...conversation }));
      return path;
    },
    open: (options) => openApp(paths, options),
    remove: () => rmSync(data, { recursive: true, force: true }),
  };
}
