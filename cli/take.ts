import { existsSync, realpathSync } from 'node:fs';
import type { Reading } from '../src/conversation/conversation.ts';
import { createForeignReader, recogniseFile } from '../src/conversation/foreign.ts';
import { isExport, onlyConversation } from '../src/conversation/import.ts';
import { nativeAt } from '../src/conversation/library.ts';
import { splitPath } from '../src/conversation/opencode-store.ts';
import { notFound } from '../src/publish/not-found.ts';
import type { Share } from '../src/registry/shares.ts';
import { ownedBy, readerFor, type Desk } from './desk.ts';
import { findByName, isOpenTo } from './find.ts';

export interface Taken extends Reading {
  /** Library id; undefined for what is not in the library. */
  id: string | undefined;
  /** Its active share. */
  share: Share | undefined;
}

/**
 * Reads what a name on the command line means: a conversation of the library, or what `share create` would take.
 *
 * @throws ShareError `not_found` when it is not `owner`'s, as when there is none; whatever reading it throws.
 */
export async function takeConversation(desk: Desk, owner: string, name: string): Promise<Taken> {
  const taken = await takeAny(desk, owner, name);
  const { title, type, owner: named } = taken.conversation;
  if (!isOpenTo(owner, { title, type, owner: named.id })) throw notFound(name);
  return taken;
}

async function takeAny(desk: Desk, owner: string, name: string): Promise<Taken> {
  if (desk.library.resolve(name) === undefined && existsSync(splitPath(name).file)) {
    const { conversation, losses } = await readPath(name, desk);
    return {
      conversation: ownedBy(desk.paths.person ?? {}, conversation),
      losses,
      id: undefined,
      share: undefined,
    };
  }
  const { conversation: id, share } = await findByName(desk, owner, name);
  const source = desk.library.find(id);
  if (source === undefined) throw notFound(name);
  const reading = await readerFor(desk.paths)(source);
  return { ...reading, id, share: share?.state === 'active' ? share : undefined };
}

async function readPath(name: string, { paths }: Desk): Promise<Reading> {
  const native = await nativeAt(name);
  if (native !== undefined) return readerFor(paths)(native);
  const { file, session } = splitPath(name);
  if (isExport(file)) return onlyConversation(file);
  const path = realpathSync(file) + (session === undefined ? '' : `#${session}`);
  const { format } = await recogniseFile(path);
  return createForeignReader().read(path, format);
}
