import { ShareError } from '../errors.ts';

/** The words are the same for what does not exist and for what is somebody else's. */
export function notFound(what: string): ShareError {
  return new ShareError('not_found', `No conversation or share of yours is called "${what}".`, {
    hint: '`share list` shows what you share; `share config` shows where conversations are looked for.',
  });
}
