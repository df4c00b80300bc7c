import { z } from 'zod';
import { ShareError } from '../src/errors.ts';
import { limitNames, type LimitName } from '../src/limits.ts';

const limit = z.int().min(1).max(1_000_000_000).optional();

const limits = z.strictObject(
  Object.fromEntries(limitNames.map((name) => [name, limit])) as Record<LimitName, typeof limit>,
);

const user = z.strictObject({
  data: z.string().min(1).optional(),
  site: z.string().min(1).optional(),
  owner: z.string().min(1).optional(),
  name: z.string().optional(),
  email: z.string().optional(),
  library: z.string().min(1).optional(),
  output: z.string().min(1).optional(),
  limits: limits.optional(),
});

/** The owner is not in here: who one is, is set in one's own configuration and not beside shared data. */
const data = user.omit({ data: true, owner: true, name: true, email: true });

const schemas = { user, data, limits };

type Kind = keyof typeof schemas;

/**
 * @param place  For the message: a file or a variable.
 * @throws ShareError `config_invalid`.
 */
export function parse<K extends Kind>(
  text: string,
  kind: K,
  place: string,
  hint: string,
): z.infer<(typeof schemas)[K]> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new ShareError('config_invalid', `${place} cannot be read as JSON.`, { hint, cause });
  }
  const result = schemas[kind].safeParse(content);
  if (result.success) return result.data as z.infer<(typeof schemas)[K]>;
  throw new ShareError('config_invalid', `${place}: ${z.prettifyError(result.error)}`, { hint });
}
