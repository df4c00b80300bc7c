import type { Conversation } from '../src/conversation/conversation.ts';
import {
  createSourceReader,
  openLibrary,
  type Library,
  type ReadSource,
} from '../src/conversation/library.ts';
import type { Limits } from '../src/limits.ts';
import type { SiteUrl } from '../src/urls.ts';
import type { Person } from './git-person.ts';
import { openShares, type Shares } from './shares.ts';

/** What the parts are opened with; a plain value, so that a worker thread can open its own. */
export interface AppPaths {
  data: string;
  library: string;
  output: string;
  site: SiteUrl;
  /** Whose name and e-mail are hidden where a conversation does not say whose it is. */
  person?: Person;
  /** The usual ones, where none are given. */
  limits?: Limits;
}

/** The registry and the library: enough to look. */
export interface Desk extends Shares {
  library: Library;
}

/** Reads conversations; what one does not say of its owner is what is known of whoever runs this. */
export function readerFor({ person = {} }: AppPaths): ReadSource {
  const read = createSourceReader();
  return async (source) => {
    const { conversation, losses } = await read(source);
    return { conversation: ownedBy(person, conversation), losses };
  };
}

export function ownedBy(person: Person, conversation: Conversation): Conversation {
  return { ...conversation, owner: { ...person, ...conversation.owner } };
}

/** @param at  Called after each step of a migration. */
export function openDesk(paths: AppPaths, at?: (step: string) => void): Desk {
  return { ...openShares(paths, at), library: openLibrary(paths.library) };
}
