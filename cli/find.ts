import type { Library, Source } from '../src/conversation/library.ts';
import { readSource } from '../src/conversation/library.ts';
import { ShareError } from '../src/errors.ts';
import { notFound } from '../src/publish/publisher.ts';
import type { Share } from '../src/registry/shares.ts';
import { shareIdIn } from '../src/urls.ts';
import type { Desk } from './app.ts';

/** What an owner may mean by a name on the command line. */
export interface Found {
  conversation: string;
  /** The share named by its id or link, else the conversation's active share, else its newest. */
  share: Share | undefined;
}

/**
 * Finds what a name means: a share id or whole link, a library id, a path, or a title that only one conversation has.
 *
 * @throws ShareError `not_found`, `ambiguous`; `source_invalid` for a broken library entry.
 */
export async function findByName(desk: Desk, owner: string, text: string): Promise<Found> {
  const found = findByLink(desk, text) ?? findByIdOrPath(desk, text) ?? (await findByTitle(desk, text));
  if (found === undefined || (found.share !== undefined && found.share.owner !== owner)) throw notFound(text);
  return found;
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

async function findByTitle(desk: Desk, text: string): Promise<Found | undefined> {
  const wanted = fold(text);
  const titles = await allTitles(desk);
  const same = [...titles].filter(([, title]) => fold(title) === wanted);
  const matches = same.length > 0 ? same : [...titles].filter(([, title]) => fold(title).includes(wanted));
  if (matches.length > 1) {
    const list = matches.slice(0, 5).map(([conversation, title]) => `"${title}" (${conversation})`);
    throw new ShareError('ambiguous', `"${text}" may be any of ${matches.length}: ${list.join(', ')}.`, {
      hint: 'Use the id in parentheses.',
    });
  }
  const only = matches[0];
  return only && withShare(desk, only[0]);
}

/** Library id → title, from the registry where it is shared, else from the source. Broken sources have no title. */
async function allTitles({ registry, library }: Desk): Promise<Map<string, string>> {
  const titles = new Map(registry.allActive().map((share) => [share.conversation, share.title]));
  for (const source of readableSources(library)) {
    if (titles.has(source.conversation)) continue;
    const known = await describe(source);
    if (!(known instanceof ShareError)) titles.set(source.conversation, known.title);
  }
  return titles;
}

export function readableSources(library: Library): Source[] {
  return library.list().flatMap((entry) => ('problem' in entry ? [] : [entry]));
}

/** Title, type and owner of a conversation, or what is wrong with it. */
export async function describe(
  source: Source,
): Promise<{ title: string; type: string; owner: string | undefined } | ShareError> {
  try {
    const { title, type, owner } = (await readSource(source)).conversation;
    return { title, type, owner: owner.id };
  } catch (error) {
    if (error instanceof ShareError) return error;
    throw error;
  }
}

function fold(text: string): string {
  return text.normalize('NFKC').trim().toLocaleLowerCase('en');
}
