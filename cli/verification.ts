import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { choiceOf } from '../src/publish/publisher.ts';
import { ShareError } from '../src/errors.ts';
import { placeCanary } from '../src/output/canary.ts';
import { findDifferences, type Difference } from '../src/output/verify.ts';
import type { Share } from '../src/registry/shares.ts';
import { isShareId, shortShareId, type ShareId, type SiteUrl } from '../src/urls.ts';
import { ask } from '../src/verify/ask.ts';
import { askHost, type LiveFinding } from '../src/verify/live.ts';
import { newShareId, type App } from './app.ts';
import type { Desk } from './desk.ts';

/** Something that is not as the registry and the sources say. */
export interface Finding {
  kind: Difference['kind'] | 'stale';
  /** Null for what is nobody's. */
  conversation: string | null;
  /** First characters of the share id, or a foreign name. */
  share: string;
  path: string | null;
  message: string;
}

/** Another process may be publishing: what is wrong only in between is nothing. */
const secondLookMs = 300;

/** Compares registry, sources and output. */
export async function verify(app: App): Promise<Finding[]> {
  const differences = await lookTwice(app);
  const stale: Finding[] = [];
  for (const share of app.registry.allActive()) {
    const message = await staleness(app, share);
    if (message !== undefined) stale.push(toFinding(share, 'stale', null, message));
  }
  return [...differences.map((difference) => describe(app, difference)), ...stale];
}

async function lookTwice(app: App): Promise<Difference[]> {
  const look = () => findDifferences(app.output, published(app));
  const first = await look();
  if (first.length === 0) return first;
  await sleep(secondLookMs);
  const second = await look();
  const keyOf = (difference: Difference) => JSON.stringify(difference);
  const before = new Set(first.map(keyOf));
  return second.filter((difference) => before.has(keyOf(difference)));
}

function published({ registry }: App) {
  const shares = registry.allActive().filter(({ revision }) => revision !== undefined);
  return new Map(shares.map(({ id }) => [id, registry.manifest(id)]));
}

/** Why the page is not what would be published now; undefined where it is. */
async function staleness({ registry, output, prepare }: App, share: Share): Promise<string | undefined> {
  if (share.publishing) return 'A publish was cut short.';
  const { id, conversation, revision, problem } = share;
  try {
    const allowed = registry.allowed(conversation);
    const wanted = { conversation, id, choice: choiceOf(share), published: revision, allowed };
    const prepared = await prepare(wanted);
    if (prepared.kind === 'staged') {
      await output.discard(prepared.stage);
      return output.has(id)
        ? 'The conversation, or the program that draws it, has changed since.'
        : undefined;
    }
    if (prepared.kind === 'unchanged') return undefined;
    return output.has(id) ? 'The conversation is gone.' : undefined;
  } catch (error) {
    if (error instanceof ShareError) return problem?.message ?? error.message;
    throw error;
  }
}

const messages: Readonly<Record<Difference['kind'], string>> = {
  missing: 'was published and is not there.',
  foreign: 'is there and was not published.',
  altered: 'is not what was published.',
  unrecorded: 'was published by an earlier release, which did not note what it was.',
};

function describe({ registry }: App, { kind, name, path }: Difference): Finding {
  const share = isShareId(name) ? registry.get(name) : undefined;
  const what = path ?? (share === undefined ? `"${name}"` : 'The page');
  if (share === undefined)
    return {
      kind,
      conversation: null,
      share: isShareId(name) ? shortShareId(name) : name,
      path: null,
      message: `It ${messages[kind]}`,
    };
  if (share.state === 'revoked')
    return toFinding(share, kind, path ?? null, 'It was deleted and is STILL LIVE.');
  return toFinding(share, kind, path ?? null, `${what} ${messages[kind]}`);
}

function toFinding(share: Share, kind: Finding['kind'], path: string | null, message: string): Finding {
  return { kind, conversation: share.conversation, share: shortShareId(share.id), path, message };
}

/**
 * Takes away what is not as it was published, and publishes it again; then makes the output equal to the registry.
 *
 * @throws ShareError `output_unwritable`
 */
export async function repair(app: App): Promise<void> {
  const { registry, output } = app;
  const differences = await lookTwice(app);
  registry.exclusively(() => {
    for (const { kind, name, path } of differences) {
      const share = isShareId(name) ? registry.get(name) : undefined;
      if (share?.state !== 'active') continue; // the sync below removes it
      if (kind === 'unrecorded') output.remove(share.id);
      else if (kind !== 'missing' && path !== undefined) output.drop(share.id, path);
      registry.setPublishing(share.id);
    }
  });
  await app.publisher.syncAll();
}

/** Asks the live host about every share, active and revoked. */
export async function askLiveHost({ paths, registry }: Desk, site: SiteUrl): Promise<LiveFinding[]> {
  const folderOf = (id: ShareId): string => join(paths.output, 'share', id);
  const active = registry.allActive().flatMap(({ id, revision }) => (revision === undefined ? [] : [id]));
  const [first] = active;
  const canary = registry.exclusively(() =>
    first !== undefined && registry.get(first)?.state === 'active' ? placeCanary(folderOf(first)) : undefined,
  );
  try {
    return await askHost({
      site,
      active,
      revoked: registry.all().flatMap(({ id, state }) => (state === 'revoked' ? [id] : [])),
      unknown: newShareId() as ShareId,
      page: (id) => {
        const path = join(folderOf(id), 'index.html');
        return existsSync(path) ? readFileSync(path) : undefined;
      },
      canary: first === undefined || canary === undefined ? undefined : { id: first, path: canary.path },
      ask,
    });
  } finally {
    canary?.remove();
  }
}
