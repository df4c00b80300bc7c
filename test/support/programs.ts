import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Where a program stands that a test needs and npm does not bring; undefined where it is not installed, so that the
 * test is skipped under a name that says so. In CI it must be there: a skip would hide that nothing was tested.
 */
export function findProgram(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const path = folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate));
  if (path === undefined && process.env.CI === 'true') throw new Error(`CI must install ${name}.`);
  return path;
}
