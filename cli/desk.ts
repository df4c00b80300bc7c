import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openLibrary, type Library } from '../src/conversation/library.ts';
import { ShareError, systemCode } from '../src/errors.ts';
import { openRegistry, type Registry } from '../src/registry/shares.ts';
import type { Limits } from '../src/limits.ts';
import type { SiteUrl } from '../src/urls.ts';

/** What the parts are opened with; a plain value, so that a worker thread can open its own. */
export interface AppPaths {
  data: string;
  library: string;
  output: string;
  site: SiteUrl;
  /** The usual ones, where none are given. */
  limits?: Limits;
}

/** The registry and the library: enough to look. */
export interface Desk {
  paths: AppPaths;
  registry: Registry;
  library: Library;
  close(): void;
}

export function registryPath(data: string): string {
  return join(data, 'registry.sqlite');
}

/** @param at  Called after each step of a migration. */
export function openDesk(paths: AppPaths, at?: (step: string) => void): Desk {
  makeFolder(paths.data);
  const registry = openRegistry(registryPath(paths.data), at);
  return { paths, registry, library: openLibrary(paths.library), close: () => registry.close() };
}

function makeFolder(path: string): void {
  try {
    if (existsSync(path)) return;
    mkdirSync(dirname(path), { recursive: true });
    // A web server may pass through to the output; nobody else may look around.
    mkdirSync(path, { mode: 0o711 });
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') return; // made by another process meanwhile
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
