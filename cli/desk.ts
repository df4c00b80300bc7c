import { openLibrary, type Library } from '../src/conversation/library.ts';
import type { Limits } from '../src/limits.ts';
import type { SiteUrl } from '../src/urls.ts';
import { openShares, type Shares } from './shares.ts';

/** What the parts are opened with; a plain value, so that a worker thread can open its own. */
export interface AppPaths {
  data: string;
  library: string;
  output: string;
  site: SiteUrl;
  /** The usual ones, where none are given. */
  limits?: Limits;
}

/** The registry and the library: enough to look. */
export interface Desk extends Shares {
  library: Library;
}

/** @param at  Called after each step of a migration. */
export function openDesk(paths: AppPaths, at?: (step: string) => void): Desk {
  return { ...openShares(paths, at), library: openLibrary(paths.library) };
}
