import { createHash, hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  createReadStream,
  existsSync,
  fsync as fsyncCallback,
  fsyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { ShareError, systemCode } from '../errors.ts';
import type { Manifest } from '../manifest.ts';
import { isShareId, type ShareId } from '../urls.ts';

/**
 * Where published pages stand. All slow work goes into a stage; `commit` and `remove` are renames and unlinks only, so
 * that they can run, synchronously, inside a registry transaction. A reader sees the old page or the new, never neither.
 */
export interface Output {
  readonly folder: string;
  /** Names in the share folder that can be opened: every one of them is public. Foreign names included. */
  names(): string[];
  /** True when the share's page is there. */
  has(id: ShareId): boolean;
  /** The first bytes of something published, as text: enough for the start tag of a page. Empty when it is not there. */
  beginning(id: ShareId, path: string): string;
  /** True when this path below the share's folder is there. Paths with a content hash in them never change. */
  hasPath(id: ShareId, path: string): boolean;
  /** Absolute path of something published, to read it again. */
  locate(id: ShareId, path: string): string;
  /** A place outside the web root to prepare a share's new files in. */
  stage(id: ShareId): Stage;
  /**
   * Waits until what was staged is on disk. It is a step of its own because many stages settle together in a fraction of
   * the time: every fsync holds up whoever creates a file meanwhile (measured on ext4: 2 ms of a full sync's 9 a share).
   *
   * @returns What every staged file is.
   * @throws ShareError `output_unwritable`
   */
  settle(stage: Pick<Stage, 'folder' | 'written'>): Promise<Manifest>;
  /**
   * Puts the staged files in place: paths with a content hash first, `index.html` last, then removes every path that is
   * not in `keep` nor staged. On disk after the next `flush`.
   *
   * @param keep  Paths below the share's folder that are there already and stay.
   * @throws ShareError `output_unwritable`; what was live is then still live.
   */
  commit(stage: Pick<Stage, 'id' | 'folder'>, keep: readonly string[]): void;
  /**
   * Waits until what `commit` moved is on disk; many new shares wait no longer than one.
   *
   * @throws ShareError `output_unwritable`
   */
  flush(): void;
  /** Throws away what is left of a stage, committed or not; what cannot be removed now goes with `emptyTrash`. */
  discard(stage: Pick<Stage, 'folder'>): Promise<void>;
  /**
   * Takes everything under this name out of the web root by one rename, however much it is; its bytes go with `emptyTrash`.
   *
   * @returns False when there was nothing.
   * @throws ShareError `output_unwritable`; the page is then still live.
   */
  remove(name: string): boolean;
  /**
   * Deletes what `remove` took away, and stages whose process is gone.
   *
   * @throws ShareError `output_unwritable`
   */
  emptyTrash(): Promise<void>;
  /** Every file of a share that is there, below its folder. */
  paths(id: ShareId): string[];
  /** SHA-256 of something published, in hexadecimal; undefined where it is not there. */
  digest(id: ShareId, path: string): Promise<string | undefined>;
  /**
   * Removes one published file, for a publish to put it there again.
   *
   * @throws ShareError `output_unwritable`
   */
  drop(id: ShareId, path: string): void;
  /** Writes the files that belong to the whole site (`404.html`, `robots.txt`, …) where they differ. */
  writeSite(files: ReadonlyMap<string, string>): Promise<void>;
}

export interface Stage {
  readonly id: ShareId;
  readonly folder: string;
  /** Path → SHA-256 of what was written to it, in hexadecimal. */
  readonly written: ReadonlyMap<string, string>;
  /** Adds a file; `Output.settle` puts it on disk. `path` is below the share's folder. */
  write(path: string, content: string | Uint8Array): void;
  /** Takes over a file that already lies on the same filesystem. */
  adopt(path: string, from: string): void;
  /** Absolute path to write a file to; its folder is there. */
  place(path: string): string;
}

/** Proof that a folder is ours: clean-up deletes only inside a folder that carries it. */
const marker = '.conversation-share';
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/**
 * Opens the folder that a host serves, and makes it if it is not there.
 *
 * @param staging  A folder outside the web root on the same filesystem.
 * @param identity The registry's own mark: an output of another registry would lose all its pages here.
 * @param at       Called after each step of a commit, a removal and a clean-up; tests stop the process there.
 * @throws ShareError `output_foreign` for a folder with files in it that this program did not make;
 *   `output_unwritable`.
 */
export function openOutputFolder(
  folder: string,
  staging: string,
  identity: string,
  at: (step: string) => void = () => undefined,
): Output {
  const shares = join(folder, 'share');
  explain(folder, () => {
    const isNew = !isOurs(folder, identity);
    mkdirSync(folder, { recursive: true });
    mkdirSync(staging, { recursive: true, mode: 0o700 });
    if (statSync(folder).dev !== statSync(staging).dev) {
      throw new ShareError(
        'config_invalid',
        `The output ${folder} and the staging folder ${staging} are on different filesystems, so pages could not be replaced in one step.`,
        { hint: 'Choose an output folder inside the mounted filesystem, not its root.' },
      );
    }
    if (isNew) claim(folder, staging, identity);
    mkdirSync(shares, { recursive: true });
  });
  const locate = (id: ShareId, path: string) => join(shares, id, path);
  const changedFolders = new Set<string>();
  /** Stages of this process that could not be removed at once. */
  const leftOver = new Set<string>();

  return Object.freeze<Output>({
    folder,
    names: () => explain(folder, () => readdirSync(shares)),
    has: (id) => existsSync(locate(id, 'index.html')),
    hasPath: (id, path) => existsSync(locate(id, path)),
    beginning: (id, path) => explain(folder, () => beginningOf(locate(id, path))),
    locate,
    stage: (id) => explain(folder, () => openStage(staging, id)),
    settle: (stage) => explain(folder, () => settleStage(stage)),
    commit: (stage, keep) =>
      explain(folder, () => {
        changedFolders.add(commitStage(stage, join(shares, stage.id), new Set(keep), at));
      }),
    flush: () =>
      explain(folder, () => {
        const changed = [...changedFolders];
        changedFolders.clear();
        changed.forEach(syncFolder);
      }),
    discard: async (stage) => {
      try {
        await throwAway(stage.folder);
      } catch (error) {
        if (systemCode(error) === undefined) throw error;
        leftOver.add(stage.folder);
      }
    },
    remove: (name) => explain(folder, () => takeAway(shares, name, staging, at)),
    paths: (id) => explain(folder, () => (existsSync(locate(id, '')) ? filesBelow(locate(id, '')) : [])),
    digest: (id, path) => explain(folder, () => digestIfThere(locate(id, path))),
    drop: (id, path) => explain(folder, () => removeFile(locate(id, ''), path)),
    emptyTrash: () =>
      explain(staging, async () => {
        for (const stage of leftOver) await rm(stage, { recursive: true, force: true });
        leftOver.clear();
        await sweep(staging, at);
      }),
    writeSite: (files) => writeSite(folder, staging, files, at),
  });
}

const beginningBytes = 512;

function beginningOf(path: string): string {
  if (!existsSync(path)) return '';
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(beginningBytes);
    return buffer.toString('latin1', 0, readSync(file, buffer));
  } finally {
    closeSync(file);
  }
}

/** A publish in another process may take a file away between two looks. */
async function digestIfThere(path: string): Promise<string | undefined> {
  try {
    return await digestFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** SHA-256 in hexadecimal. */
async function digestFile(path: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(path), digest);
  return digest.digest('hex');
}

/** The identity of the registry whose output a folder is; undefined where it is nobody's. */
export function readMarker(folder: string): string | undefined {
  const path = join(folder, marker);
  if (!existsSync(path)) return undefined;
  return /^conversation-share (\S*)/.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
}

/**
 * @returns False for what may be claimed: an empty folder, or none.
 * @throws ShareError `output_foreign`
 */
function isOurs(folder: string, identity: string): boolean {
  // Another process of ours may be claiming it just now, so what is in it is looked at before the marker is.
  const isEmpty = !existsSync(folder) || readdirSync(folder).length === 0;
  const path = join(folder, marker);
  if (existsSync(path)) {
    if (readFileSync(path, 'utf8') === markerText(identity)) return true;
    throw new ShareError(
      'output_foreign',
      `${folder} is the output of another registry. Nothing in it was changed.`,
      {
        hint: 'Choose another folder with `--output`. If that registry is lost, remove the folder yourself: its pages are live until then.',
      },
    );
  }
  if (isEmpty) return false;
  throw new ShareError('output_foreign', `${folder} holds files that conversation-share did not make.`, {
    hint: 'Choose an empty folder with `--output`: whatever is not a share is removed from it.',
  });
}

function markerText(identity: string): string {
  return `conversation-share ${identity}\n\n\`share sync\` removes from this folder what its registry does not say is shared.\n`;
}

/** By one rename: half a marker would be that of another registry, for ever. */
function claim(folder: string, staging: string, identity: string): void {
  const draft = join(staging, `stage-${process.pid}-${pidSpace}-marker`);
  writeFileSync(draft, markerText(identity), { flush: true });
  renameSync(draft, join(folder, marker));
}

// --- staging

function openStage(staging: string, id: ShareId): Stage {
  const folder = mkdtempSync(join(staging, `stage-${process.pid}-${pidSpace}-`));
  const place = (path: string): string => {
    const target = join(folder, path);
    if (path.includes('/')) mkdirSync(dirname(target), { recursive: true });
    return target;
  };
  const written = new Map<string, string>();
  return Object.freeze<Stage>({
    id,
    folder,
    written,
    write: (path, content) => {
      explain(path, () => writeFileSync(place(path), content, { flag: 'wx', mode: 0o644 }));
      written.set(path, hash('sha256', content));
    },
    adopt: (path, from) => explain(path, () => renameSync(from, place(path))),
    place: (path) => explain(path, () => place(path)),
  });
}

/** What was committed is an empty folder by now, or is not there: quicker found out than walked through. */
async function throwAway(folder: string): Promise<void> {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') await rm(folder, { recursive: true, force: true });
  }
}

async function settleStage({ folder, written }: Pick<Stage, 'folder' | 'written'>): Promise<Manifest> {
  const settle = async (path: string): Promise<[string, string]> => {
    await syncFile(join(folder, path));
    return [path, written.get(path) ?? (await digestFile(join(folder, path)))];
  };
  return new Map(await Promise.all(filesBelow(folder).map(settle)));
}

async function syncFile(path: string): Promise<void> {
  const file = openSync(path, 'r');
  try {
    await fsync(file);
  } finally {
    closeSync(file);
  }
}

const fsync = promisify(fsyncCallback);

// --- the steps that run inside a transaction

/** @returns The folder whose names changed. */
function commitStage(
  stage: Pick<Stage, 'folder'>,
  target: string,
  keep: ReadonlySet<string>,
  at: (step: string) => void,
): string {
  if (!existsSync(target)) {
    chmodSync(stage.folder, 0o755); // made private; the web server may be another user
    renameSync(stage.folder, target);
    at('commit:folder');
    return dirname(target);
  }
  const staged = filesBelow(stage.folder).sort(hashedFirstPageLast);
  for (const path of staged) {
    const to = join(target, path);
    if (path.includes('/')) mkdirSync(dirname(to), { recursive: true });
    renameSync(join(stage.folder, path), to);
    at(`commit:${path.split('/', 1)[0]}`);
  }
  const wanted = new Set([...keep, ...staged]);
  for (const path of filesBelow(target)) if (!wanted.has(path)) removeFile(target, path);
  at('commit:unlinked');
  return target;
}

function hashedFirstPageLast(a: string, b: string): number {
  return rank(a) - rank(b);
}

function rank(path: string): number {
  if (path === 'index.html') return 2;
  return path.includes('/') ? 0 : 1;
}

/** Relative paths of all that is not a folder. A share's folder has a handful of files and is three deep. */
function filesBelow(folder: string, prefix = ''): string[] {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(folder, path) : [path];
  });
}

function removeFile(top: string, path: string): void {
  unlinkSync(join(top, path));
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
    if (readdirSync(join(top, parent)).length > 0) return;
    rmdirSync(join(top, parent));
  }
}

function takeAway(shares: string, name: string, staging: string, at: (step: string) => void): boolean {
  const from = join(shares, name);
  if (lstatSync(from, { throwIfNoEntry: false }) === undefined) return false;
  renameSync(from, join(staging, `trash-${process.pid}-${process.hrtime.bigint()}`));
  at('remove:moved');
  syncFolder(shares);
  return true;
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

// --- clean-up, and files of the whole site

async function sweep(staging: string, at: (step: string) => void): Promise<void> {
  for (const name of readdirSync(staging)) {
    if (!isAbandoned(staging, name)) continue;
    await rm(join(staging, name), { recursive: true, force: true });
    at('trash:deleted');
  }
}

/** Stages belong to the process in their name; another process may be working in its own just now. */
function isAbandoned(staging: string, name: string): boolean {
  if (name.startsWith('trash-')) return true;
  const [, pid, space] = /^stage-(\d+)-(\w+)-/.exec(name) ?? [];
  if (pid === undefined) return false;
  if (space === pidSpace && !isRunning(Number(pid))) return true;
  const stats = statSync(join(staging, name), { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > abandonedAfterMs;
}

/** Process ids mean something only where they were given: containers that share a folder each count from 1. */
const pidSpace = createHash('sha256').update(`${hostname()} ${pidNamespace()}`).digest('hex').slice(0, 12);

function pidNamespace(): string {
  return existsSync('/proc/self/ns/pid') ? readlinkSync('/proc/self/ns/pid') : '';
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

async function writeSite(
  folder: string,
  staging: string,
  files: ReadonlyMap<string, string>,
  at: (step: string) => void,
): Promise<void> {
  for (const [name, content] of files) {
    const target = join(folder, name);
    const current = existsSync(target) ? await readFile(target, 'utf8') : undefined;
    if (current === content) continue;
    await explain(folder, async () => {
      const temporary = join(staging, `stage-${process.pid}-${pidSpace}-site-${name}`);
      rmSync(temporary, { force: true });
      writeFileSync(temporary, content);
      await syncFile(temporary);
      at('site:written');
      renameSync(temporary, target);
      at('site:moved');
    });
  }
}

// --- errors

function explain<T>(path: string, action: () => T): T {
  try {
    const result = action();
    if (!(result instanceof Promise)) return result;
    return result.catch((error: unknown) => {
      throw toShareError(path, error) ?? error;
    }) as T;
  } catch (error) {
    throw toShareError(path, error) ?? error;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the filesystem is read-only',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EIO: 'the disk reports an error',
  ENOTDIR: 'something else stands where a folder should be',
};

function toShareError(path: string, error: unknown): ShareError | undefined {
  if (error instanceof ShareError) return undefined;
  const code = systemCode(error);
  if (code === undefined || code.startsWith('ERR_')) return undefined;
  const reason = reasons[code] ?? code;
  return new ShareError('output_unwritable', `${shorten(path)} cannot be written: ${reason}.`, {
    hint: 'Make room or permission, then run `share sync`.',
    cause: error,
  });
}

/** Share ids are capabilities and never stand whole in a message. */
function shorten(path: string): string {
  return path
    .split('/')
    .map((segment) => (isShareId(segment) ? `${segment.slice(0, 4)}…` : segment))
    .join('/');
}
