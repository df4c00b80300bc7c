import Database from 'better-sqlite3';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../../cli/app.ts';
import { registryPath } from '../../cli/shares.ts';
import { findDifferences } from '../../src/output/verify.ts';

/*
 * What DESIGN.md promises of a data folder, looked at from outside. Each gives complaints; none is what should be.
 */

/** True at every moment, also in the middle of a publish and right after a crash. */
export function complaintsAtAnyMoment(app: App): string[] {
  const shares = join(app.paths.output, 'share');
  const revoked = new Set(
    app.registry
      .all()
      .filter(({ state }) => state === 'revoked')
      .map(({ id }) => id as string),
  );
  return readdirSync(shares).flatMap((name) => [
    ...(revoked.has(name) ? ['a revoked share is live'] : []),
    ...complaintsAboutPage(join(shares, name)),
  ]);
}

/** A page that is there is whole, and everything that it names is there. */
function complaintsAboutPage(folder: string): string[] {
  const path = join(folder, 'index.html');
  if (!existsSync(path)) return ['a share folder without a page'];
  const page = readFileSync(path, 'utf8');
  if (page === 'a stranger') return [];
  if (!/^<!doctype html>[^]*<\/html>\s*$/i.test(page)) return ['a torn page'];
  return namedIn(page)
    .filter((name) => !existsSync(join(folder, name)))
    .map((name) => `the page names what is not there: ${name}`);
}

/** Paths of files and ZIPs below the share's folder that a page links to. */
export function namedIn(page: string): string[] {
  const links = page.matchAll(/href="[^"]*\/share\/[0-9a-z]{26}\/((?:files|zip)\/[^"]+)"/g);
  return [...new Set([...links].map((match) => decodeURIComponent(match[1] ?? '')))];
}

/** True after any sync, whatever was before. */
export async function complaintsAfterSync(app: App): Promise<string[]> {
  const complaints = complaintsAtAnyMoment(app);
  const { data, output } = app.paths;
  const published = app.registry.allActive().filter(({ revision }) => revision !== undefined);
  const ids = published.map(({ id }) => id);
  const names = readdirSync(join(output, 'share'));
  if (names.sort().join() !== [...ids].sort().join())
    complaints.push(`${names.length} names in the output, ${ids.length} in the registry`);
  const manifests = new Map(ids.map((id) => [id, app.registry.manifest(id)]));
  for (const { kind, path } of await findDifferences(app.output, manifests))
    complaints.push(`${kind} in the output: ${path ?? 'a whole share'}`);
  const staged = readdirSync(join(data, 'staging'));
  if (staged.length > 0) complaints.push(`left in staging: ${staged.join(', ')}`);
  return [...complaints, ...complaintsAboutRegistry(registryPath(data))];
}

export function complaintsAboutRegistry(path: string): string[] {
  const db = new Database(path, { readonly: true });
  const answer = String(db.pragma('integrity_check', { simple: true }));
  db.close();
  return answer === 'ok' ? [] : [`the registry is damaged: ${answer}`];
}
