import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ShareError, systemCode } from '../src/errors.ts';
import { openRegistry, type Registry } from '../src/registry/shares.ts';
import type { AppPaths } from './desk.ts';

/** The registry: enough to tell what is shared. */
export interface Shares {
  paths: AppPaths;
  registry: Registry;
  close(): void;
}

export function registryPath(data: string): string {
  return join(data, 'registry.sqlite');
}

/** @param at  Called after each step of a migration. */
export function openShares(paths: AppPaths, at?: (step: string) => void): Shares {
  makeFolder(paths.data);
  const registry = openRegistry(registryPath(paths.data), at);
  return { paths, registry, close: () => registry.close() };
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
