import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemCode } from '../errors.ts';

export interface Canary {
  /** Below the share's folder. */
  path: string;
  remove(): void;
}

const harmless = '<!doctype html><title>canary</title><p>This file is here to see how it is served.</p>\n';

/**
 * Puts a harmless HTML file among the files of a share, under the name that a real one would have.
 *
 * @param shareFolder  Absolute; it is not made where it is not there, since the share may be deleted at any moment.
 * @returns Undefined where it cannot be put there.
 */
export function placeCanary(shareFolder: string): Canary | undefined {
  const path = `files/${randomBytes(8).toString('hex')}/canary.html.wasm`;
  const file = join(shareFolder, path);
  const folders = [dirname(dirname(file)), dirname(file)];
  const remove = () => {
    rmSync(file, { force: true });
    for (const folder of folders.toReversed()) removeIfEmpty(folder);
  };
  try {
    for (const folder of folders) makeIn(folder);
    writeFileSync(file, harmless, { flag: 'wx' });
    return { path, remove };
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    remove();
    return undefined;
  }
}

function makeIn(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
  }
}
