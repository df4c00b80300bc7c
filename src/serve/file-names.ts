import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';

import { isSameFile, openFile, statFile } from './output-files.ts';
import type { Route } from './routes.ts';

/** How many shares' file names are remembered. */
const maxShares = 256;

/** A larger `conversation.json` is not read for names: parsing it would hold up every other viewer. */
const maxJsonBytes = 32n * 1024n * 1024n;

interface Listing {
  stat: BigIntStats;
  names: Promise<ReadonlyMap<string, string>>;
}

/**
 * Makes the function that tells what the owner calls an attached file. The URL holds a name made safe
 * (`page.html.wasm`); the real one (`page.html`) stands in the share's `conversation.json`.
 *
 * Where that file is missing or does not list the path, the name in the URL is the answer. Throws system errors other
 * than "not there".
 */
export function createFileNames(folder: string): (route: Route) => Promise<string> {
  const listings = new Map<string, Listing>();

  function namesOf(segments: readonly string[]): Promise<ReadonlyMap<string, string>> | undefined {
    const path = join(folder, ...segments);
    const stat = statFile(path);
    const known = listings.get(path);
    listings.delete(path);
    if (stat === undefined) return undefined;
    const listing =
      known !== undefined && isSameFile(known.stat, stat)
        ? known
        : { stat, names: readNames(folder, segments) };
    listings.set(path, listing);
    const oldest = listings.keys().next().value;
    if (listings.size > maxShares && oldest !== undefined) listings.delete(oldest);
    // A listing that could not be read is read again by the next request.
    listing.names.catch(() => listings.delete(path));
    return listing.names;
  }

  return async ({ segments }) => {
    const [share = '', id = '', ...below] = segments;
    const names = await namesOf([share, id, 'conversation.json']);
    return names?.get(below.join('/')) ?? below.at(-1) ?? '';
  };
}

async function readNames(folder: string, segments: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const file = await openFile(folder, segments);
  if (file === undefined) return new Map();
  try {
    if (file.stat.size > maxJsonBytes) return new Map();
    return parseNames(await file.handle.readFile('utf8'));
  } finally {
    await file.handle.close();
  }
}

/** Path below the share's folder → name. Total: what is not a list of files gives an empty map. */
export function parseNames(json: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const file of filesIn(json)) {
    if (typeof file !== 'object' || file === null || !('name' in file) || !('path' in file)) continue;
    if (typeof file.name === 'string' && typeof file.path === 'string') names.set(file.path, file.name);
  }
  return names;
}

function filesIn(json: string): unknown[] {
  try {
    const snapshot: unknown = JSON.parse(json);
    if (typeof snapshot !== 'object' || snapshot === null || !('files' in snapshot)) return [];
    return Array.isArray(snapshot.files) ? snapshot.files : [];
  } catch {
    return []; // not JSON: the name in the URL is good enough
  }
}
