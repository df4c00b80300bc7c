import { ShareError } from '../../errors.ts';

/**
 * What a reader throws where nothing is left to show.
 *
 * @param what  As the owner calls it: `Codex session`.
 */
export function noMessages(what: string, hint = 'Share it once something was said in it.'): ShareError {
  return new ShareError('source_invalid', `The ${what} holds no message of a person or the assistant.`, {
    hint,
  });
}
