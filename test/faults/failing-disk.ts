/**
 * Makes the disk fail: the system calls that Node makes below a folder, and what SQLite writes there. Imported before
 * everything that keeps a function of `node:fs` for itself.
 */
import Database from 'better-sqlite3';
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

export type Errno = 'ENOSPC' | 'EACCES' | 'EIO';

interface Fault {
  errno: Errno;
  folder: string;
  /** Calls that still succeed. */
  spared: number;
  /** A full disk stays full; a bad sector is hit once. */
  lasts: boolean;
}

let fault: Fault | undefined;
let hits = 0;

/** From now on the next call below the folder that can fail so fails; all later ones too, if it lasts. */
export function breakDisk(next: Fault): void {
  fault = { ...next };
  hits = 0;
}

/** @returns How many calls failed. */
export function mendDisk(): number {
  fault = undefined;
  return hits;
}

/** What needs room, what needs a right, and what touches the disk at all. */
const taking = ['mkdir', 'mkdtemp', 'writeFile', 'copyFile', 'rename', 'fsync', 'write', 'sync', 'SQL'];
const asking = ['open', 'readFile', 'readdir', 'unlink', 'rmdir', 'rm', 'chmod'];
const failing: Readonly<Record<Errno, ReadonlySet<string>>> = {
  ENOSPC: new Set(taking),
  EACCES: new Set([...taking, ...asking].filter((name) => !['fsync', 'write', 'sync'].includes(name))),
  EIO: new Set([...taking, ...asking, 'read', 'stat']),
};

const sqliteCodes: Readonly<Record<Errno, string>> = {
  ENOSPC: 'SQLITE_FULL',
  EACCES: 'SQLITE_READONLY',
  EIO: 'SQLITE_IOERR_WRITE',
};

/** The errno that this call ends with; undefined where it is done as ever. */
function errnoFor(call: string, path: unknown): Errno | undefined {
  if (fault === undefined || !failing[fault.errno].has(call)) return undefined;
  // Node's loader reads modules by the same calls.
  if (path instanceof URL || (typeof path === 'string' && !path.startsWith(fault.folder))) return undefined;
  if (fault.spared-- > 0) return undefined;
  const { errno, lasts } = fault;
  hits += 1;
  if (!lasts) fault = undefined;
  return errno;
}

function systemError(errno: Errno, call: string, path: unknown): Error {
  const name = typeof path === 'string' ? path : 'an open file';
  return Object.assign(new Error(`${errno}: made to fail, ${call} ${name}`), {
    code: errno,
    syscall: call,
  });
}

type Callable = (...parameters: unknown[]) => unknown;

function replace(owner: object, name: string, wrap: (original: Callable) => Callable): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== 'function') throw new Error(`There is no ${name}.`);
  Reflect.set(owner, name, wrap(original as Callable));
}

function failSync(call: string): void {
  replace(
    fs,
    `${call}Sync`,
    (original) =>
      function (this: unknown, ...parameters: unknown[]) {
        const errno = errnoFor(call, parameters[0]);
        if (errno === undefined) return original.apply(this, parameters);
        leaveHalf(errno, call, original, parameters);
        throw systemError(errno, call, parameters[0]);
      },
  );
}

/** A disk that is full in the middle of a file keeps the beginning. */
function leaveHalf(errno: Errno, call: string, original: Callable, parameters: unknown[]): void {
  const [path, content, ...rest] = parameters;
  if (errno !== 'ENOSPC' || call !== 'writeFile') return;
  const bytes = Buffer.from(content as string);
  original(path, bytes.subarray(0, bytes.length / 2), ...rest);
}

function failAsync(owner: object, name: string, call: string): void {
  replace(
    owner,
    name,
    (original) =>
      function (this: unknown, ...parameters: unknown[]) {
        const errno = errnoFor(call, parameters[0]);
        return errno === undefined
          ? original.apply(this, parameters)
          : Promise.reject(systemError(errno, call, parameters[0]));
      },
  );
}

function failCallback(call: string): void {
  replace(
    fs,
    call,
    (original) =>
      function (this: unknown, ...parameters: unknown[]) {
        const errno = errnoFor(call, parameters[0]);
        if (errno === undefined) return original.apply(this, parameters);
        const done = parameters.at(-1) as Callable;
        return setImmediate(() => done(systemError(errno, call, parameters[0])));
      },
  );
}

/** What SQLite writes is not seen from here; that it could not is what its statements say. */
function failStatements(): void {
  const db = new Database(':memory:');
  const statement = Reflect.getPrototypeOf(db.prepare('SELECT 1'));
  if (statement === null) throw new Error('Statements have no prototype.');
  replace(
    statement,
    'run',
    (original) =>
      function (this: unknown, ...parameters: unknown[]) {
        const { source, database } = this as { source: string; database: { name: string } };
        // Going back needs no room and no right.
        const errno = source.startsWith('ROLLBACK') ? undefined : errnoFor('SQL', database.name);
        if (errno === undefined) return original.apply(this, parameters);
        throw new Database.SqliteError(`made to fail: ${source}`, sqliteCodes[errno]);
      },
  );
  db.close();
}

for (const call of [
  ...['mkdir', 'mkdtemp', 'writeFile', 'copyFile', 'rename', 'fsync', 'open', 'readFile', 'readdir'],
  ...['unlink', 'rmdir', 'rm', 'chmod'],
])
  failSync(call);
for (const call of ['mkdir', 'open', 'readFile', 'rm', 'rename', 'writeFile'])
  failAsync(promises, call, call);
failCallback('fsync');
const handle = await promises.open('/dev/null');
const handles = Reflect.getPrototypeOf(handle);
if (handles === null) throw new Error('File handles have no prototype.');
for (const [name, call] of [
  ['writeFile', 'write'],
  ['write', 'write'],
  ['sync', 'sync'],
  ['read', 'read'],
  ['stat', 'stat'],
] as const)
  failAsync(handles, name, call);
await handle.close();
failStatements();
syncBuiltinESMExports();
