import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ShareError, systemCode } from '../src/errors.ts';

/**
 * Writes a file that only its owner may read, whole or not at all. One that is there is replaced; behind a link, the
 * file that it leads to.
 *
 * @throws ShareError `output_unwritable`; what was there is then as it was.
 */
export function save(path: string, content: string | Uint8Array): void {
  try {
    const target = targetOf(resolve(path));
    const draft = join(dirname(target), `.${basename(target).slice(0, 100)}.${process.pid}.tmp`);
    try {
      write(draft, content);
      renameSync(draft, target);
    } catch (error) {
      if (existsSync(draft)) rmSync(draft, { force: true });
      throw error;
    }
  } catch (cause) {
    const code = systemCode(cause);
    if (code === undefined || cause instanceof ShareError) throw cause;
    throw new ShareError('output_unwritable', `${path}: cannot be written (${code}).`, {
      hint: 'Name a file in a folder that is there and yours to write.',
      cause,
    });
  }
}

/** A device must not be replaced by a file, which is what renaming onto it does. */
function targetOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return path;
  if (stats.isFile()) return realpathSync(path);
  throw new ShareError('output_unwritable', `${path}: is ${stats.isDirectory() ? 'a folder' : 'no file'}.`, {
    hint: 'Name the file to write, or leave --out away to write to stdout.',
  });
}

function write(path: string, content: string | Uint8Array): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
