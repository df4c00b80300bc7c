import { existsSync, readFileSync } from 'node:fs';
import { ShareError } from '../src/errors.ts';
import type { LimitName } from '../src/limits.ts';
import type { ConfigFlags } from './config.ts';

export type SomeLimits = { [name in LimitName]?: number | undefined };

/** What a configuration file may set. */
export type FileSettings = ConfigFlags & { limits?: SomeLimits | undefined };

/**
 * Reads a configuration file; a file that is not there sets nothing.
 *
 * @param kind  `user`: one's own. `data`: of a data folder, which may not say who one is or where the data is.
 * @throws ShareError `config_invalid` naming the file.
 */
export async function readConfigFile(path: string, kind: 'user' | 'data'): Promise<FileSettings> {
  if (!existsSync(path)) return {};
  const hint = `Correct or remove ${path}.`;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ShareError('config_invalid', `${path} cannot be read.`, { hint, cause });
  }
  return (await schemas()).parse(text, kind, path, hint);
}

/**
 * @param text  Of `SHARE_LIMITS`.
 * @throws ShareError `config_invalid`.
 */
export async function readLimits(text = ''): Promise<SomeLimits> {
  if (text === '') return {};
  const hint = 'It is JSON, as in a configuration file: {"files": 20000}.';
  return (await schemas()).parse(text, 'limits', 'SHARE_LIMITS', hint);
}

/** Most people set nothing, and what checks it takes as long to load as Node to start. */
const schemas = () => import('./config-schema.ts');
