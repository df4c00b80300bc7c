import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ShareError, systemCode } from '../src/errors.ts';
import { readMarker } from '../src/output/folder.ts';
import { openRegistry, type Registry, type Share } from '../src/registry/shares.ts';
import { takeWatchLock } from '../src/registry/watch-lock.ts';
import { counted } from './report.ts';
import { isFolder, registryPath, watchLockPath } from './shares.ts';
import { defaultSite, type Config } from './config.ts';

export interface Diagnosis {
  check: string;
  level: 'ok' | 'warn' | 'fail';
  message: string;
  /** What to do about it; null where there is nothing to do. */
  todo: string | null;
}

type Verdict = Omit<Diagnosis, 'check'>;

const ok = (message: string): Verdict => ({ level: 'ok', message, todo: null });
const warn = (message: string, todo: string): Verdict => ({ level: 'warn', message, todo });
const fail = (message: string, todo: string): Verdict => ({ level: 'fail', message, todo });

/** What the checks ask that a test may want to answer. */
export interface Machine {
  nodeVersion: string;
  now: () => Date;
  freeBytes: (folder: string) => number;
  /** A limit of the kernel, `max_user_watches`; undefined where there is none of the name. */
  inotifyLimit: (name: string) => number | undefined;
  uid: number | undefined;
}

export const thisMachine: Machine = {
  nodeVersion: process.versions.node,
  now: () => new Date(),
  freeBytes: (folder) => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  },
  inotifyLimit: (name) => {
    const path = `/proc/sys/fs/inotify/${name}`;
    return existsSync(path) ? Number(readFileSync(path, 'utf8')) : undefined;
  },
  uid: process.getuid?.(),
};

/** Looks at everything that sharing rests on, and changes nothing. */
export function diagnose(config: Config, machine: Machine = thisMachine): Diagnosis[] {
  const data = config.data.value;
  const found: Diagnosis[] = [];
  const note = (check: string, verdict: Verdict) => void found.push({ check, ...verdict });

  note('node', checkNode(machine));
  note('site', checkSite(config));
  if (!existsSync(data)) {
    note('data', warn(`${data} is not there yet.`, 'Run `share init`, or name another one with `--data`.'));
    return found;
  }
  if (!isFolder(data)) {
    note('data', fail(`${data} is no folder.`, 'Name another one with `--data`.'));
    return found;
  }
  note('data', checkData(data));
  const opened = open(data);
  try {
    note('registry', opened instanceof ShareError ? corrupt(opened) : checkRegistry(data, opened, machine));
    note('output', checkOutput(config.output.value, opened instanceof ShareError ? undefined : opened));
    const shares = opened === undefined || opened instanceof ShareError ? [] : opened.all();
    note('git', checkGit(config.output.value));
    note('watcher', checkLock(data));
    note('disk', checkDisk(data, machine));
    note('clock', checkClock(data, shares, machine));
    note('watches', checkWatches(shares, machine));
  } finally {
    if (opened !== undefined && !(opened instanceof ShareError)) opened.close();
  }
  return found;
}

/** Undefined where there is none yet. */
function open(data: string): Registry | ShareError | undefined {
  if (!existsSync(registryPath(data))) return undefined;
  try {
    const registry = openRegistry(registryPath(data));
    try {
      registry.check();
      registry.all();
      return registry;
    } catch (error) {
      registry.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof ShareError) return error;
    throw error;
  }
}

const neededNode = { major: 22, minor: 22 };

function checkNode({ nodeVersion }: Machine): Verdict {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const isNew = major > neededNode.major || (major === neededNode.major && minor >= neededNode.minor);
  return isNew
    ? ok(`Node ${nodeVersion}`)
    : fail(
        `Node ${nodeVersion} is too old.`,
        `Install Node 24, or at least ${neededNode.major}.${neededNode.minor}.`,
      );
}

function checkSite({ site }: Config): Verdict {
  const { protocol, hostname } = new URL(site.value);
  const isLocal = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
  if (site.value === defaultSite && site.origin === 'default')
    return warn(
      'No site is set, so links work on this machine only.',
      'Set SHARE_SITE=https://share.example.org.',
    );
  if (protocol === 'http:' && !isLocal)
    return warn(
      `${site.value} has no TLS: whoever is on the way can read the links.`,
      'Serve it over https.',
    );
  return ok(site.value);
}

function checkData(data: string): Verdict {
  const { mode } = statSync(data);
  if ((mode & 0o002) !== 0) return fail(`Anybody on this machine may write to ${data}.`, `chmod o-w ${data}`);
  if ((mode & 0o004) !== 0)
    return warn(
      `Anybody on this machine may look around in ${data}.`,
      `chmod o-r ${data}; a web server needs no more than to pass through.`,
    );
  return ok(data);
}

function corrupt(error: ShareError): Verdict {
  return fail(error.message, error.hint ?? '');
}

function checkRegistry(data: string, registry: Registry | undefined, { uid }: Machine): Verdict {
  if (registry === undefined) return ok('There is none yet; the first `share create` makes it.');
  const { mode, uid: owner } = statSync(registryPath(data));
  if ((mode & 0o077) !== 0)
    return fail('Others may read the registry, and with it every link.', `chmod 600 ${registryPath(data)}*`);
  if (uid !== undefined && uid !== 0 && owner !== uid)
    return warn(
      'The registry belongs to another user.',
      `Run the command as that user, or chown ${registryPath(data)}*.`,
    );
  const active = registry.allActive();
  const held = active.filter(({ problem }) => problem !== undefined);
  if (held.length > 0)
    return warn(
      `It is whole. ${held.length} of ${counted(active.length, 'share')} not up to date.`,
      '`share status` says why.',
    );
  return ok(`It is whole: ${counted(active.length, 'active share')}.`);
}

function checkOutput(output: string, registry: Registry | undefined): Verdict {
  const marker = readMarker(output);
  if (marker === undefined)
    return existsSync(output)
      ? warn(
          `${output} carries no marker of ours.`,
          'Nothing is written there while it holds other files: choose an empty folder with `--output`.',
        )
      : ok('There is none yet.');
  if (registry === undefined)
    return fail(
      `${output} was made with a registry that is not here.`,
      'Put the registry back, from a backup. If it is lost, stop the host and move the folder away: nobody can tell which of its pages were deleted.',
    );
  if (marker === registry.identity) return ok(output);
  return fail(
    `${output} is the output of another registry.`,
    'Put that registry back, from a backup, or choose another folder with `--output`. If it is lost, move the folder away: its pages are live until then.',
  );
}

/** What is committed stays in the history when its share is deleted. */
function checkGit(output: string): Verdict {
  if (!existsSync(output)) return ok('The output is in no repository.');
  for (let folder = output; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) {
      const { status } = spawnSync('git', ['-C', folder, 'check-ignore', '-q', output], { stdio: 'ignore' });
      if (folder !== output && status === 0) return ok('The output is ignored by the repository around it.');
      return warn(
        `The output lies in the Git repository ${folder}, whose history keeps what is deleted.`,
        `Add ${output} to .gitignore, or move it with \`--output\`.`,
      );
    }
    if (folder === dirname(folder)) return ok('The output is in no repository.');
  }
}

function checkLock(data: string): Verdict {
  const lock = watchLockPath(data);
  const none = ok('None is running: pages follow their conversations at `share sync`.');
  if (!existsSync(lock)) return none;
  try {
    takeWatchLock(lock)();
    return none;
  } catch (error) {
    if (error instanceof ShareError) return ok(error.message);
    if (['EACCES', 'EPERM', 'SQLITE_CANTOPEN', 'SQLITE_READONLY'].includes(systemCode(error) ?? ''))
      return warn('Whether one is running cannot be told.', `Run this as the user that owns ${lock}.`);
    throw error;
  }
}

const mebibyte = 1024 * 1024;

function checkDisk(data: string, { freeBytes }: Machine): Verdict {
  const free = Math.floor(freeBytes(data) / mebibyte);
  if (free < 50)
    return fail(`${free} MiB are free.`, 'Make room: without it no page can be brought up to date.');
  if (free < 1024) return warn(`${free} MiB are free.`, 'Make room before it is used up.');
  return ok(`${(free / 1024).toFixed(0)} GiB are free.`);
}

const clockSlackMs = 2 * 60 * 1000;

function checkClock(data: string, shares: readonly Share[], { now }: Machine): Verdict {
  const time = now().getTime();
  const todo = 'Set the clock (`timedatectl set-ntp true`): order and age of shares rest on it.';
  const newest = Math.max(
    0,
    ...shares.flatMap(({ createdAt, publishedAt, revokedAt }) =>
      [createdAt, publishedAt, revokedAt].map((at) => (at === undefined ? 0 : Date.parse(at))),
    ),
  );
  if (newest > time + clockSlackMs)
    return warn(
      `It is ${now().toISOString()} here, but a share is from ${new Date(newest).toISOString()}.`,
      todo,
    );
  const disk = diskTime(data);
  if (disk !== undefined && Math.abs(disk - time) > clockSlackMs)
    return warn(`The disk says ${new Date(disk).toISOString()}, this machine ${now().toISOString()}.`, todo);
  return ok(now().toISOString());
}

/** What the file system, which may be another machine's, thinks the time is. */
function diskTime(data: string): number | undefined {
  const probe = join(data, `.clock-${process.pid}`);
  try {
    writeFileSync(probe, '', { mode: 0o600 });
    return statSync(probe).mtimeMs;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined; // nothing can be written, which the other checks tell
  } finally {
    rmSync(probe, { force: true });
  }
}

/** A conversation is watched with its folder, its files' folders and the folder around it. */
const watchesPerShare = 8;

function checkWatches(shares: readonly Share[], { inotifyLimit }: Machine): Verdict {
  const active = shares.filter(({ state }) => state === 'active').length;
  const watches = inotifyLimit('max_user_watches');
  const instances = inotifyLimit('max_user_instances');
  if (watches === undefined) return ok('This system sets no limit that is known.');
  if (watches < 1024 + active * watchesPerShare)
    return warn(
      `The system allows ${watches} watches; ${active} shares may need more.`,
      `sudo sysctl fs.inotify.max_user_watches=524288; without it changes are seen every 2 s.`,
    );
  if (instances !== undefined && instances < 16)
    return warn(
      `The system allows ${instances} watchers at once.`,
      'sudo sysctl fs.inotify.max_user_instances=128',
    );
  return ok(`${watches} are allowed.`);
}
