import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ShareError, systemCode } from '../src/errors.ts';
import { openRegistry, type Registry } from '../src/registry/shares.ts';
import { takeWatchLock } from '../src/registry/watch-lock.ts';
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

export function watchLockPath(data: string): string {
  return join(data, 'watch.lock');
}

/** @param at  Called after each step of a migration. */
export function openShares(paths: AppPaths, at?: (step: string) => void): Shares {
  makeFolder(paths.data);
  const registry = openRegistry(registryPath(paths.data), at);
  return { paths, registry, close: () => registry.close() };
}

/** Whether pages follow their conversations by themselves. Where that cannot be told they are taken to. */
export function isWatched({ paths: { data } }: Shares): boolean {
  const lock = watchLockPath(data);
  if (!existsSync(lock)) return false;
  try {
    takeWatchLock(lock)();
    return false;
  } catch {
    return true;
  }
}

export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function isInTheWay(cause: unknown): boolean {
  return ['EEXIST', 'ENOTDIR'].includes(systemCode(cause) ?? '');
}

function makeFolder(path: string): void {
  try {
    if (isFolder(path)) return;
    mkdirSync(dirname(path), { recursive: true });
    // A web server may pass through to the output; nobody else may look around.
    mkdirSync(path, { mode: 0o711 });
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST' && isFolder(path)) return; // made by another process meanwhile
    throw new ShareError(
      'registry_unwritable',
      `${path} cannot be made: ${isInTheWay(cause) ? 'a file is in its place' : (systemCode(cause) ?? String(cause))}.`,
      {
        hint: 'Choose another data folder with `--data`.',
        cause,
      },
    );
  }
}
