import { realpathSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { watch, type FSWatcher } from 'chokidar';
import { ShareError, systemCode } from '../errors.ts';

/**
 * Watches the sources of conversations and says which conversation was touched.
 *
 * Each conversation has a chokidar watcher of its own. Measured with 10,000 conversations of two folders: one
 * watcher for all peaks at 512 MB and is ready in 4.5 s; 10,000 watchers, opened 32 at a time, stay at 350 MB
 * and are ready in 3.2 s. Moreover an event needs no search for its conversation, and a conversation can be
 * let go or looked at anew without a trace in the others (`unwatch` keeps each path in a list that every later
 * event walks).
 *
 * Two things the operating system does not report are found by looking, a few folders at each `poll`: a source
 * that comes back, and a folder whose *ancestor* was renamed, so that its watch follows the old place.
 */
export interface SourcesOptions {
  /** Something about the conversation may have changed. */
  onTouched: (conversation: string) => void;
  /** A source that was missing is there again, and is being watched by now. */
  onReturned: (conversation: string) => void;
  onError: (error: unknown) => void;
  /** The system gives no more watches: some sources are watched in part or not at all. Called once. */
  onLimit: (error: ShareError) => void;
}

/** One conversation's source. `paths[0]` is the source itself: while it is missing nothing else is watched. */
interface Sight {
  readonly conversation: string;
  readonly paths: readonly string[];
  directory: string | undefined;
  watcher: FSWatcher | undefined;
  /** Ends the wait for `ready`, which chokidar does not emit once it is closed. */
  settle: () => void;
}

/** A folder that holds sources, and which folder it was when their watches were made. */
interface Directory {
  identity: string | undefined;
  readonly sights: Set<Sight>;
}

/** More at a time are not ready sooner, but make chokidar hold all their listings in memory at once. */
const openAtOnce = 32;
/** A look costs about 3 µs, so that a poll stays under a millisecond. */
const missingPerPoll = 200;
const directoriesPerPoll = 50;

export class Sources {
  readonly #options: SourcesOptions;
  readonly #sights = new Map<string, Sight>();
  readonly #directories = new Map<string, Directory>();
  readonly #missing = new Set<Sight>();
  readonly #closing = new Set<Promise<void>>();
  readonly #nextMissing = rotating(this.#missing);
  readonly #nextDirectory = rotating(this.#directories);
  readonly #opening = gate(openAtOnce);
  #limited = false;

  constructor(options: SourcesOptions) {
    this.#options = options;
  }

  /**
   * Watches a conversation, in place of what was watched for it before.
   *
   * @returns Resolves when every later change will be reported. A change made before that may not be.
   */
  async watch(conversation: string, paths: readonly string[]): Promise<void> {
    this.unwatch(conversation);
    const sight: Sight = { conversation, paths, directory: undefined, watcher: undefined, settle: () => {} };
    this.#sights.set(conversation, sight);
    await this.#open(sight);
  }

  unwatch(conversation: string): void {
    const sight = this.#sights.get(conversation);
    if (!sight) return;
    this.#sights.delete(conversation);
    this.#shut(sight);
  }

  /** Looks for sources that came back and for folders that are no longer the same. Call it every 100 ms or so. */
  poll(): void {
    for (const sight of this.#nextMissing(missingPerPoll)) {
      if (look(sight.paths[0])) void this.#return(sight);
    }
    for (const [path, directory] of this.#nextDirectory(directoriesPerPoll)) {
      if (identityOf(path) !== directory.identity) this.#reopenAll(directory);
    }
  }

  async close(): Promise<void> {
    for (const conversation of [...this.#sights.keys()]) this.unwatch(conversation);
    await Promise.all(this.#closing);
  }

  #isWatched(sight: Sight): boolean {
    return this.#sights.get(sight.conversation) === sight;
  }

  async #open(sight: Sight): Promise<void> {
    const done = await this.#opening();
    try {
      if (this.#isWatched(sight) && !sight.watcher) await this.#openNow(sight);
    } finally {
      done();
    }
  }

  async #openNow(sight: Sight): Promise<void> {
    const source = sight.paths[0];
    const stats = look(source);
    if (source === undefined || !stats) {
      this.#missing.add(sight);
      return;
    }
    this.#missing.delete(sight);
    this.#enter(sight, stats.isDirectory() ? source : dirname(source));
    const ready = new Promise<void>((resolve) => {
      sight.settle = resolve;
    });
    const roots = sight.paths.map(realPath);
    // `atomic` (on by default) holds an unlink for 100 ms, so that an editor that saves by removing the file
    // and writing it anew does not take the page down for a moment.
    sight.watcher = watch(roots, { ignoreInitial: true, followSymlinks: false })
      .on('all', (event, path) => {
        const rootIsGone = (event === 'unlink' || event === 'unlinkDir') && roots.includes(path);
        if (rootIsGone) this.#reopen(sight);
        this.#options.onTouched(sight.conversation);
      })
      .on('error', (error) => this.#failed(sight, error))
      .on('ready', sight.settle);
    await ready;
  }

  /** The identity is read before the watch is made: a folder replaced in between is then found by `poll`. */
  #enter(sight: Sight, path: string): void {
    const identity = identityOf(path);
    let directory = this.#directories.get(path);
    if (directory && directory.identity !== identity) this.#reopenAll(directory);
    directory = this.#directories.get(path) ?? { identity, sights: new Set() };
    this.#directories.set(path, directory);
    directory.sights.add(sight);
    sight.directory = path;
  }

  #shut(sight: Sight): void {
    this.#missing.delete(sight);
    const path = sight.directory;
    const directory = path === undefined ? undefined : this.#directories.get(path);
    directory?.sights.delete(sight);
    if (path !== undefined && directory?.sights.size === 0) this.#directories.delete(path);
    sight.directory = undefined;
    const watcher = sight.watcher;
    sight.watcher = undefined;
    if (watcher) this.#track(watcher.close());
    sight.settle();
  }

  #track(closing: Promise<void>): void {
    const tracked: Promise<void> = closing
      .catch((error: unknown) => this.#options.onError(error))
      .finally(() => this.#closing.delete(tracked));
    this.#closing.add(tracked);
  }

  /**
   * A root went away: the watch on it is dead, even where a new file or folder stands there by now. chokidar
   * would wait for it by listing the folder above again and again, which may hold thousands of sources.
   */
  #reopen(sight: Sight): void {
    const path = sight.directory;
    const directory = path === undefined ? undefined : this.#directories.get(path);
    if (path !== undefined && directory && identityOf(path) !== directory.identity) {
      this.#reopenAll(directory);
      return;
    }
    this.#shut(sight);
    void this.#return(sight);
  }

  /**
   * All must be shut before the first is opened again: chokidar shares one system watch per folder, and a
   * single one that stays open would hand its dead watch to the others.
   */
  #reopenAll(directory: Directory): void {
    const sights = [...directory.sights];
    for (const sight of sights) this.#shut(sight);
    for (const sight of sights) {
      void this.#return(sight);
      this.#options.onTouched(sight.conversation);
    }
  }

  /** Opens again; what changed while nobody watched is found because the conversation is reported then. */
  async #return(sight: Sight): Promise<void> {
    this.#missing.delete(sight);
    await this.#open(sight);
    if (this.#isWatched(sight) && sight.watcher) this.#options.onReturned(sight.conversation);
  }

  #failed(sight: Sight, error: unknown): void {
    const code = systemCode(error);
    if (code === 'ENOSPC' || code === 'EMFILE') this.#reachedLimit(error);
    else if (code === undefined) this.#options.onError(error);
    else
      this.#options.onError(
        new ShareError(
          'source_unreadable',
          `${sight.paths[0]}: cannot be watched (${code}); the page that was live is still live.`,
          { hint: 'Make it readable for this user, then run `share sync`.', cause: error },
        ),
      );
  }

  #reachedLimit(cause: unknown): void {
    if (this.#limited) return;
    this.#limited = true;
    this.#options.onLimit(
      new ShareError(
        'source_unreadable',
        'This system does not allow to watch more files and folders; all shared conversations are now compared every few seconds instead.',
        {
          hint: 'On Linux raise the limit with `sysctl fs.inotify.max_user_watches=1048576` and `ulimit -n 65536`, then start the watcher again.',
          cause,
        },
      ),
    );
  }
}

function look(path: string | undefined): Stats | undefined {
  if (path === undefined) return undefined;
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // Not reachable now (permission, a loop of links, a dead mount): the same as not there.
    return undefined;
  }
}

/** Tells a folder from another that took its place. Inode numbers are used again, hence the birth time. */
function identityOf(path: string): string | undefined {
  const stats = look(path);
  return stats && `${stats.dev}:${stats.ino}:${stats.birthtimeMs}`;
}

/** A source that is a link is watched where it leads to. What is not there yet keeps its name. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

/** Returns a function that gives the next `count` members, round and round, each at most once per call. */
function rotating<T>(members: Iterable<T> & { readonly size: number }): (count: number) => T[] {
  let rest: Iterator<T> = members[Symbol.iterator]();
  return (count) => {
    const taken: T[] = [];
    const wanted = Math.min(count, members.size);
    for (let rounds = 0; taken.length < wanted && rounds < 2;) {
      const next = rest.next();
      if (!next.done) taken.push(next.value);
      else {
        rest = members[Symbol.iterator]();
        rounds++;
      }
    }
    return taken;
  };
}

/** Returns a function that resolves when fewer than `width` others are inside; call what it gives to leave. */
function gate(width: number): () => Promise<() => void> {
  const waiting: (() => void)[] = [];
  let inside = 0;
  let first = 0;
  const leave = (): void => {
    const next = waiting[first];
    if (next) {
      first++;
      next();
    } else {
      waiting.length = first = 0;
      inside--;
    }
  };
  return async () => {
    if (inside < width) inside++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    return leave;
  };
}
