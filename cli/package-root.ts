import { existsSync } from 'node:fs';

/** The folder of this package's package.json, from the sources as from the compiled files in `dist/cli`. */
export function packageRoot(): URL {
  const beside = new URL('../', import.meta.url);
  return existsSync(new URL('package.json', beside)) ? beside : new URL('../../', import.meta.url);
}
