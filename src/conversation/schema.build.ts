/**
 * Writes the JSON Schema of the native format into the package: `node src/conversation/schema.build.ts`.
 * The result, `schema/conversation.schema.json`, is generated from `native.ts` and never edited.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { nativeJsonSchema } from './native.ts';

const folder = new URL('../../schema/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(
  new URL('conversation.schema.json', folder),
  `${JSON.stringify(nativeJsonSchema(), null, 2)}\n`,
);
