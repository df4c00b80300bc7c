import * as fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../../cli/app.ts';
import type { Share } from '../../src/registry/shares.ts';
import { isShareId, type ShareId } from '../../src/urls.ts';
import { aDataFolder } from '../support/data-folder.ts';
import { startHand, type Deed, type Hand, type Reply } from './hands.ts';
import { complaintsAfterSync } from './invariants.ts';

/** What a random walk came by. */
export interface Walked {
  seed: number;
  operations: number;
  kills: number;
  /** Shares that were made. */
  shares: number;
  revocations: number;
  /** Times that all stood still and model and reality were compared. */
  comparisons: number;
  /** Times that somebody looked whether a revoked share was live. */
  looks: number;
  complaints: string[];
}

/** One step of a walk: who does what to which conversation. */
interface Operation {
  do: 'write' | 'remove' | 'hide' | 'show' | 'create' | 'revoke' | 'sync' | 'syncAll';
  hand: number;
  conversation: string;
  owner: string;
  /** Files beside the conversation. */
  files: number;
  isAtomic: boolean;
  /** Picks one of the conversation's shares, the newest for 0. */
  share: number;
  /** Kill -9 so long after the beginning, if it is not over by then; in milliseconds. */
  killAfterMs: number | undefined;
}

const handCount = 4;
const conversations = Array.from({ length: 10 }, (_, index) => `talk-${index}`);
const betweenComparisons = 100;

const operation: fc.Arbitrary<Operation> = fc.record({
  do: fc.oneof(
    { weight: 25, arbitrary: fc.constant('write' as const) },
    { weight: 3, arbitrary: fc.constant('remove' as const) },
    { weight: 5, arbitrary: fc.constant('hide' as const) },
    { weight: 7, arbitrary: fc.constant('show' as const) },
    { weight: 25, arbitrary: fc.constant('create' as const) },
    { weight: 15, arbitrary: fc.constant('revoke' as const) },
    { weight: 15, arbitrary: fc.constant('sync' as const) },
    { weight: 5, arbitrary: fc.constant('syncAll' as const) },
  ),
  hand: fc.integer({ min: 0, max: handCount - 1 }),
  conversation: fc.constantFrom(...conversations),
  owner: fc.oneof(
    { weight: 4, arbitrary: fc.constant('one') },
    { weight: 1, arbitrary: fc.constant('another') },
  ),
  files: fc.integer({ min: 0, max: 3 }),
  isAtomic: fc.boolean(),
  share: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }) },
  ),
  killAfterMs: fc.oneof(
    { weight: 15, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 20 }) },
  ),
});

/**
 * Operations of people and programs in four processes on one data folder, in any order and at once, some of them killed.
 * Which comes first is not ours to know; what each was answered narrows down what may be true, and when all stand still
 * there is one answer.
 */
export async function runWalk(seed: number, count: number): Promise<Walked> {
  const data = aDataFolder();
  const app = await data.open();
  const hands = Array.from({ length: handCount }, () => startHand(data.paths));
  const walked: Walked = {
    seed,
    operations: 0,
    kills: 0,
    shares: 0,
    revocations: 0,
    comparisons: 0,
    looks: 0,
    complaints: [],
  };
  const model = createModel(data.paths.output, walked.complaints);
  try {
    const operations = fc.sample(operation, { seed, numRuns: count });
    for (let first = 0; first < count; first += betweenComparisons) {
      const some = operations.slice(first, first + betweenComparisons);
      const watching = new AbortController();
      const watch = keepLooking(walked, model, watching.signal);
      await Promise.all(
        hands.map(async (hand, index) => {
          for (const one of some.filter((each) => each.hand === index)) await walk(hand, one, model, walked);
        }),
      );
      watching.abort();
      await watch;
      walked.complaints.push(...(await compare(app, model)));
      walked.comparisons += 1;
      if (walked.complaints.length > 0) break;
    }
  } finally {
    for (const hand of hands) hand.stop();
    app.close();
    data.remove();
  }
  walked.shares = model.shares.size;
  walked.revocations = model.revoked.size;
  return walked;
}

let edits = 0;

async function walk(hand: Hand, one: Operation, model: Model, walked: Walked): Promise<void> {
  const deed = toDeed(one, model);
  if (deed === undefined) return;
  const revokedBefore = new Set(model.revoked);
  let killed: Promise<void> | undefined;
  const timer =
    one.killAfterMs === undefined
      ? undefined
      : setTimeout(() => {
          killed = hand.kill();
        }, one.killAfterMs);
  const reply = await hand.perform(deed);
  clearTimeout(timer);
  await killed;
  walked.operations += 1;
  walked.kills += Number(reply === undefined);
  model.hear(deed, reply, revokedBefore);
  if (deed.do === 'revoke' && model.revoked.has(deed.share)) look(walked, model);
}

function toDeed(one: Operation, model: Model): Deed | undefined {
  const { conversation, owner, files, isAtomic } = one;
  if (one.do === 'write') return { do: 'write', conversation, words: `edit-${edits++}-`, files, isAtomic };
  if (one.do === 'create') return { do: 'create', conversation, owner };
  if (one.do === 'syncAll') return { do: 'syncAll' };
  if (one.do !== 'revoke') return { do: one.do, conversation };
  const share = model.of(conversation).at(-1 - one.share);
  return share === undefined ? undefined : { do: 'revoke', share, owner };
}

/** What is known of the shares from the answers alone. */
interface Model {
  output: string;
  shares: Map<ShareId, Known>;
  /** Whose revoke has returned. */
  revoked: Set<ShareId>;
  /** Whose revoke was killed. */
  maybeRevoked: Set<ShareId>;
  /** Creates that were killed: conversation and owner of each. */
  maybeCreated: Pick<Known, 'conversation' | 'owner'>[];
  /** Ids of a conversation, in the order they were heard of. */
  of(conversation: string): ShareId[];
  /** @param revokedBefore  What was revoked when the deed began. */
  hear(deed: Deed, reply: Reply | undefined, revokedBefore: ReadonlySet<ShareId>): void;
  complain: (what: string) => void;
}

interface Known {
  conversation: string;
  owner: string;
  /** False while only others than its maker were told of it. */
  isMade: boolean;
}

function createModel(output: string, complaints: string[]): Model {
  const shares: Model['shares'] = new Map();
  const model: Model = {
    output,
    shares,
    revoked: new Set(),
    maybeRevoked: new Set(),
    maybeCreated: [],
    of: (conversation) =>
      [...shares].filter(([, known]) => known.conversation === conversation).map(([id]) => id),
    hear(deed, reply, revokedBefore) {
      for (const bug of reply?.bugs ?? []) complaints.push(`a bug was told of: ${bug}`);
      if (reply?.error !== undefined && !isExpected(deed, reply.error.code, model))
        complaints.push(`${deed.do} was answered: ${reply.error.message}`);
      if (deed.do === 'create') hearOfCreate(model, deed, reply, revokedBefore);
      if (deed.do === 'revoke') hearOfRevoke(model, deed, reply);
    },
    complain: (what) => void complaints.push(what),
  };
  return model;
}

/** What others do to the files meanwhile, and who asks, may be why something cannot be done. */
function isExpected(deed: Deed, code: string, { shares }: Model): boolean {
  if (deed.do === 'create') return code === 'not_found' || code.startsWith('source_');
  return deed.do === 'revoke' && code === 'not_found' && shares.get(deed.share)?.owner !== deed.owner;
}

function hearOfCreate(
  model: Model,
  { conversation, owner }: Extract<Deed, { do: 'create' }>,
  reply: Reply | undefined,
  revokedBefore: ReadonlySet<ShareId>,
): void {
  if (reply === undefined) model.maybeCreated.push({ conversation, owner });
  const id = reply?.share;
  if (id === undefined) return;
  const isMade = reply?.created === true;
  const known = model.shares.get(id);
  if (known !== undefined && (known.owner !== owner || known.conversation !== conversation))
    model.complain('a share was given to somebody else, or for something else');
  if (known?.isMade === true && isMade) model.complain('an id was given twice');
  if (revokedBefore.has(id)) model.complain('a revoked share was given again');
  model.shares.set(id, { conversation, owner, isMade: isMade || known?.isMade === true });
}

function hearOfRevoke(model: Model, deed: Extract<Deed, { do: 'revoke' }>, reply: Reply | undefined): void {
  if (reply === undefined) model.maybeRevoked.add(deed.share);
  else if (reply.error === undefined) {
    if (model.shares.get(deed.share)?.owner !== deed.owner) model.complain('somebody else could revoke');
    model.revoked.add(deed.share);
  }
}

async function keepLooking(walked: Walked, model: Model, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    look(walked, model);
    await sleep(5);
  }
}

function look(walked: Walked, { output, revoked, complain }: Model): void {
  walked.looks += 1;
  for (const name of readdirSync(join(output, 'share')))
    if (isShareId(name) && revoked.has(name)) complain('a revoked share is live');
}

/** When all stand still, one sync later, there is one answer. */
async function compare(app: App, model: Model): Promise<string[]> {
  const summary = await app.publisher.syncAll();
  const complaints = await complaintsAfterSync(app);
  const inRegistry = new Map(app.registry.all().map((share) => [share.id, share]));
  for (const id of model.shares.keys()) if (!inRegistry.has(id)) complaints.push('a share is lost');
  for (const share of inRegistry.values()) complaints.push(...compareShare(share, model));
  for (const conversation of conversations) {
    const owners = new Set(app.registry.of(conversation).map(({ owner }) => owner));
    if (owners.size > 1) complaints.push('a conversation is shared by two owners');
  }
  for (const share of app.registry.allActive()) complaints.push(...comparePage(share, app));
  model.maybeCreated = [];
  model.maybeRevoked.clear();
  const again = await app.publisher.syncAll();
  if (again.published + again.removed + again.withdrawn > 0)
    complaints.push(`a second sync found something to do: ${JSON.stringify([summary, again])}`);
  return complaints;
}

function compareShare({ id, conversation, owner, state }: Share, model: Model): string[] {
  const known = model.shares.get(id);
  const complaints: string[] = [];
  if (known?.isMade !== true) {
    const maker = model.maybeCreated.findIndex(
      (each) => each.conversation === conversation && each.owner === owner,
    );
    if (maker === -1) complaints.push('a share that nobody made');
    else model.maybeCreated.splice(maker, 1);
    model.shares.set(id, { conversation, owner, isMade: true });
  } else if (known.conversation !== conversation || known.owner !== owner)
    complaints.push('a share of something else, or of somebody else');
  if (state === 'active' && model.revoked.has(id)) complaints.push('a revoked share is active');
  if (state === 'revoked' && !model.revoked.has(id) && !model.maybeRevoked.has(id))
    complaints.push('a share that nobody revoked is revoked');
  if (state === 'revoked') model.revoked.add(id);
  return complaints;
}

/** What the source says now is what the page says, or its problem says why not. */
function comparePage({ id, conversation, problem, revision }: Share, { paths }: App): string[] {
  const source = readIfThere(join(paths.library, conversation, 'conversation.json'));
  if (source === undefined)
    return problem?.kind === 'missing' && revision === undefined ? [] : ['a page without its source'];
  const title = titleIn(source);
  if (title === undefined)
    return problem?.code === 'source_invalid' ? [] : ['a source in pieces, and nothing says so'];
  if (problem !== undefined) return [`a problem where there is none: ${problem.message}`];
  const page = readIfThere(join(paths.output, 'share', id, 'index.html')) ?? '';
  return page.includes(title) ? [] : [`a page that is behind: it does not say ${title}`];
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Undefined for what a killed process left half written. */
function titleIn(source: string): string | undefined {
  try {
    return (JSON.parse(source) as { title: string }).title;
  } catch {
    return undefined;
  }
}
