import { ShareError } from '../../errors.ts';
import type { ConversationFile, Reading } from '../conversation.ts';
import { namedFiles, parseNative, quote, toReading } from '../native.ts';
import type { Attachments, DocumentFormat, ReadOptions } from './format.ts';
import { objectOf, textOf, type JsonObject } from './untyped.ts';

/*
 * A `conversation.json` by itself: what `share export` writes, or one that was taken out of its folder. Of the files
 * beside it only those that it names are taken: here `files/` may be anybody's.
 */

/** Names the file in an error; whoever reads it knows the path. */
const place = 'conversation';
const filesFolder = 'files/';

export const native: DocumentFormat = {
  kind: 'conversation-share',
  tool: 'conversation-share',
  shape: 'document',
  detect({ document }) {
    const value = objectOf(document);
    return value && isNative(value)
      ? { why: 'it has a version, an id, a title and messages with ids' }
      : undefined;
  },
  read,
};

/** Stricter than the format itself, in which little must be there: what other tools write looks much like it. */
function isNative({ version, id, title, messages }: JsonObject): boolean {
  if (typeof version !== 'number' || textOf(id) === undefined || textOf(title) === undefined) return false;
  return Array.isArray(messages) && messages.slice(0, 3).every(isMessage);
}

function isMessage(value: unknown): boolean {
  const { id, role, content } = objectOf(value) ?? {};
  const isContent = typeof content === 'string' || Array.isArray(content);
  return textOf(id) !== undefined && textOf(role) !== undefined && isContent;
}

async function read(
  value: unknown,
  { fallbackTime }: ReadOptions,
  attachments: Attachments,
): Promise<Reading> {
  const parsed = parseNative(value, place);
  const there = new Set(attachments.names);
  const files: ConversationFile[] = [];
  for (const file of namedFiles(parsed)) {
    const path = filesFolder + file.name;
    if (!there.has(path))
      throw new ShareError('source_invalid', `${place}: ${quote(file.name)} is not in files/ beside it.`);
    files.push({ ...file, content: await attachments.content(path) });
  }
  return toReading(parsed, files, { path: place, fallbackTime });
}
