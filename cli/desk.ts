import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openLibrary, type Library } from '../src/conversation/library.ts';
import { ShareError, systemCode } from '../src/errors.ts';
import { openRegistry, type Registry } from '../src/registry/shares.ts';
import type { SiteUrl } from '../src/urls.ts';

/** What the parts are opened with; a plain value, so that a worker thread can open its own. */
export interface AppPaths {
  data: string;
  library: string;
  output: string;
  site: SiteUrl;
}

/** The registry and the library: enough to look. */
export interface Desk {
  paths: AppPaths;
  registry: Registry;
  library: Library;
  close(): void;
}

export function openDesk(paths: AppPaths): Desk {
  makeFolder(paths.data);
  const registry = openRegistry(join(paths.data, 'registry.sqlite'));
  return { paths, registry, library: openLibrary(paths.library), close: () => registry.close() };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new ShareError(
      'registry_unwritable',
      `${path} cannot be made: ${systemCode(cause) ?? String(cause)}.`,
      {
        hint: 'Choose another data folder with `--data`.',
        cause,
      },
    );
  }
}
