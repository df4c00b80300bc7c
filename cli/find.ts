import type { Library, Source } from '../src/conversation/library.ts';
import { createSourceReader } from '../src/conversation/library.ts';
import { ShareError } from '../src/errors.ts';
import { notFound } from '../src/publish/not-found.ts';
import type { Share } from '../src/registry/shares.ts';
import { shareIdIn } from '../src/urls.ts';
import type { Desk } from './desk.ts';

/** What an owner may mean by a name on the command line. */
export interface Found {
  conversation: string;
  /** The share named by its id or link, else the conversation's active share, else its newest. */
  share: Share | undefined;
}

/**
 * Finds what a name means: a share id or whole link, a library id, a path, or a title that only one conversation has.
 * Other people's conversations are looked past as if they were not there.
 *
 * @throws ShareError `not_found`, `ambiguous`; `source_invalid` for a broken library entry.
 */
export async function findByName(desk: Desk, owner: string, text: string): Promise<Found> {
  const found =
    findByLink(desk, text) ?? findByIdOrPath(desk, text) ?? (await findByTitle(desk, owner, text));
  if (found === undefined || !(await isOwn(desk, owner, found))) throw notFound(text);
  return found;
}

async function isOwn({ registry, library }: Desk, owner: string, found: Found): Promise<boolean> {
  if (found.share !== undefined) return found.share.owner === owner;
  const first = registry.firstOwner(found.conversation);
  if (first !== undefined) return first === owner;
  const source = library.find(found.conversation);
  return source === undefined || isOpenTo(owner, await describe(source));
}

/** A conversation that names no owner is anybody's; one that cannot be read says nothing about its owner. */
export function isOpenTo(owner: string, known: Description | ShareError): boolean {
  return known instanceof ShareError || known.owner === undefined || known.owner === owner;
}

function findByLink({ registry }: Desk, text: string): Found | undefined {
  const id = shareIdIn(text);
  const share = id && registry.get(id);
  return share && { conversation: share.conversation, share };
}

function findByIdOrPath(desk: Desk, text: string): Found | undefined {
  const source = desk.library.resolve(text);
  if (source !== undefined) return withShare(desk, source.conversation);
  // A conversation that is gone can still have a share to look at or to delete.
  return desk.registry.of(text).length > 0 ? withShare(desk, text) : undefined;
}

function withShare({ registry }: Desk, conversation: string): Found {
  return { conversation, share: registry.active(conversation) ?? registry.of(conversation)[0] };
}

/** The whole title, give or take case: part of one could name the wrong conversation, and publish it. */
async function findByTitle(desk: Desk, owner: string, text: string): Promise<Found | undefined> {
  const wanted = fold(text);
  const matches = [...(await ownTitles(desk, owner))].filter(([, title]) => fold(title) === wanted);
  if (matches.length > 1) {
    const list = matches.slice(0, 5).map(([conversation]) => conversation);
    throw new ShareError('ambiguous', `"${text}" is the title of ${matches.length}: ${list.join(', ')}.`, {
      hint: 'Use one of these ids.',
    });
  }
  const only = matches[0];
  return only && withShare(desk, only[0]);
}

/** Library id → title, from the registry where it is shared, else from the source. Broken sources have no title. */
async function ownTitles({ registry, library }: Desk, owner: string): Promise<Map<string, string>> {
  const shares = registry.allActive();
  const shared = new Set(shares.map((share) => share.conversation));
  const own = shares.filter((share) => share.owner === owner);
  const titles = new Map(own.map((share) => [share.conversation, share.title]));
  for (const source of readableSources(library)) {
    if (shared.has(source.conversation)) continue;
    const known = await describe(source);
    if (!(known instanceof ShareError) && isOpenTo(owner, known))
      titles.set(source.conversation, known.title);
  }
  return titles;
}

function readableSources(library: Library): Source[] {
  return library.list().flatMap((entry) => ('problem' in entry ? [] : [entry]));
}

export interface Description {
  title: string;
  type: string;
  /** The owner that the source names. */
  owner: string | undefined;
}

/** Title, type and owner of a conversation, or what is wrong with it. */
export async function describe(source: Source): Promise<Description | ShareError> {
  try {
    const { title, type, owner } = (await createSourceReader()(source)).conversation;
    return { title, type, owner: owner.id };
  } catch (error) {
    if (error instanceof ShareError) return error;
    throw error;
  }
}

function fold(text: string): string {
  return text.normalize('NFKC').trim().toLocaleLowerCase('en');
}
