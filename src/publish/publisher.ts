import { ShareError } from '../errors.ts';
import type { Manifest } from '../manifest.ts';
import { usualChoice, type Choice } from '../snapshot/privacy.ts';
import type { FoundSecret } from '../snapshot/secrets.ts';
import type { ShareId } from '../urls.ts';
import { shortShareId } from '../urls.ts';
import type {
  Deed,
  FaultPoint,
  Output,
  Problem,
  Registry,
  Share,
  Source,
  Sources,
  Stage,
} from './contracts.ts';
import { notFound } from './not-found.ts';
import { planSync, type Wanted } from './plan.ts';
import { digestInputs, toDrawnBy, type DrawnBy, type Prepare, type Prepared } from './prepare.ts';

/** What became of one share. */
export type Outcome = 'published' | 'unchanged' | 'withdrawn' | 'failed' | 'held' | 'not shared';

export interface Created {
  share: Share;
  /** False when the conversation was shared already: the link is the one it has always had. */
  created: boolean;
  outcome: Outcome;
}

export interface SyncSummary {
  published: number;
  unchanged: number;
  removed: number;
  withdrawn: number;
  failed: number;
}

/** The only module that knows the order of the steps. */
export interface Publisher {
  /**
   * Shares a conversation, or brings its existing share up to date.
   *
   * @param choice  What it leaves out is as it was with an existing share, and off with a new one.
   * @throws ShareError `not_found` when the conversation is not `owner`'s, as when there is none; whatever reading it
   *   throws. No share exists then, unless one did before.
   */
  create(conversation: string, owner: string, choice?: Partial<Choice>): Promise<Created>;
  /**
   * Takes a share's page away for good. When this returns every server answers 404; deleting the bytes may go on.
   *
   * @throws ShareError `not_found` when it is not `owner`'s; `output_unwritable` when the page could not be removed:
   *   the share is then revoked all the same, and the next sync tries again.
   */
  revoke(id: ShareId, owner: string): void;
  /** Brings one conversation's share up to date. What is wrong with the conversation becomes its `problem`. */
  sync(conversation: string): Promise<Outcome>;
  /** Makes the output equal to the registry and the sources. */
  syncAll(progress?: (done: number, total: number) => void): Promise<SyncSummary>;
}

export interface PublisherDependencies<S extends Source, T extends Stage> extends DrawnBy {
  registry: Registry;
  output: Output<T>;
  sources: Sources<S>;
  prepare: Prepare;
  /** Prepares in other threads, for when `syncAll` has many to do. */
  prepareMany?: Prepare;
  /** Forgets what is cached of a conversation whose share is gone. */
  forget(conversation: string): void;
  newShareId: () => ShareId;
  now: () => Date;
  /** Told of what no share's problem tells, and of every error that is no `ShareError`, hence a bug. */
  onTrouble?(error: unknown, what: string): void;
  at?: FaultPoint;
}

/** From here on starting threads (about 0.2 s each) pays. */
const many = 32;

/**
 * Another process published the same share meanwhile, so ours may be older; the work is done again. Each time somebody
 * got ahead; of two processes that publish one share without a pause, one met five such times in a row within seconds.
 */
const attempts = 50;

export function createPublisher<S extends Source, T extends Stage>(
  dependencies: PublisherDependencies<S, T>,
): Publisher {
  const { registry, output, sources, now } = dependencies;
  const at = dependencies.at ?? (() => undefined);
  const drawnBy = toDrawnBy(dependencies);

  async function create(conversation: string, owner: string, wish: Partial<Choice> = {}): Promise<Created> {
    const existing = registry.active(conversation);
    if (existing !== undefined) return update(existing, owner, wish);
    refuseOthers(conversation, owner);

    const id = dependencies.newShareId();
    const choice = { ...usualChoice, ...wish };
    const allowed = registry.allowed(conversation);
    const prepared = await dependencies.prepare({ conversation, id, choice, published: undefined, allowed });
    if (prepared.kind !== 'staged') throw notFound(conversation);
    const share = await addStaged(prepared, conversation, owner, choice);
    if (share !== undefined) return { share, created: true, outcome: 'published' };
    // Somebody else was a moment faster: theirs is the link.
    return create(conversation, owner, wish);
  }

  /** @throws ShareError `not_found` for a conversation that another owner shared first. */
  function refuseOthers(conversation: string, owner: string): void {
    const first = registry.firstOwner(conversation);
    if (first !== undefined && first !== owner) throw notFound(conversation);
  }

  /** Undefined when somebody else shared the conversation meanwhile. Whatever happens, no stage is left behind. */
  async function addStaged(
    prepared: Staged,
    conversation: string,
    owner: string,
    choice: Choice,
  ): Promise<Share | undefined> {
    const { id } = prepared.stage;
    const { title, type } = prepared;
    try {
      if (prepared.owner !== undefined && prepared.owner !== owner) throw notFound(conversation);
      const manifest = await settle(prepared);
      at('create:staged');
      const share = registry.exclusively(() => {
        if (registry.active(conversation) !== undefined) return undefined;
        refuseOthers(conversation, owner); // who shared it meanwhile may have deleted that share again
        at('create:locked');
        registry.add({ id, conversation, owner, ...choice, title, type, createdAt: now().toISOString() });
        writeDown('created', owner, { conversation, id }, wordsOf(choice));
        move(prepared);
        output.flush();
        record(prepared, manifest);
        return registry.get(id);
      });
      at('create:committed');
      return share;
    } finally {
      await discard(prepared);
    }
  }

  async function update(share: Share, owner: string, wish: Partial<Choice>): Promise<Created> {
    if (share.owner !== owner) throw notFound(share.conversation);
    const choice = { ...choiceOf(share), ...wish };
    if (!isSame(choice, share))
      registry.exclusively(() => {
        registry.setChoice(share.id, choice);
        writeDown('changed', owner, share, wordsOf(choice));
      });
    const outcome = await sync(share.conversation);
    return { share: registry.get(share.id) ?? share, created: false, outcome };
  }

  function move({ stage, keep }: Staged): void {
    output.commit(stage, keep);
    at('publish:moved');
  }

  function record({ stage, title, type, revision, inputs, found }: Staged, manifest: Manifest): 'published' {
    const publishedAt = now().toISOString();
    registry.setPublished(stage.id, { title, type, revision, publishedAt, inputs, found, manifest });
    at('publish:recorded');
    return 'published';
  }

  function revoke(id: ShareId, owner: string): void {
    at('revoke:begin');
    const revokedAt = now().toISOString();
    const { share, failure } = registry.exclusively(() => {
      const found = registry.get(id);
      if (found === undefined || found.owner !== owner) throw notFound(id);
      registry.setRevoked(id, revokedAt);
      if (found.state === 'active') writeDown('deleted', owner, found, '');
      at('revoke:marked');
      // The mark must stay even where the page cannot be moved: it keeps every later publish away.
      const failure = failureOf(() => output.remove(id));
      at('revoke:moved');
      // Once its page is gone a share is dead, though the commit may fail; before that, only a commit makes it so.
      if (failure === undefined) registry.rememberRevoked(id, revokedAt);
      return { share: found, failure };
    });
    at('revoke:committed');
    if (failure !== undefined) {
      registry.rememberRevoked(id, revokedAt);
      throw stillLive(share, failure);
    }
    dependencies.forget(share.conversation);
  }

  function writeDown(
    did: Deed['did'],
    who: string,
    { conversation, id }: Pick<Share, 'conversation' | 'id'>,
    detail: string,
  ): void {
    registry.writeDown({ did, who, conversation, shareId: id, detail }, now().toISOString());
  }

  async function sync(conversation: string): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      const [outcome = 'not shared'] = await syncTogether([conversation], dependencies.prepare);
      if (outcome !== 'overtaken') return outcome;
      const share = registry.active(conversation);
      if (attempt === attempts && share !== undefined) return fail(share, crowded(), undefined);
    }
  }

  /** Prepares each, then puts all of them in place in one transaction. Outcomes come in the order asked for. */
  async function syncTogether(
    conversations: readonly string[],
    prepare: Prepare,
  ): Promise<(Outcome | 'overtaken')[]> {
    const works = await Promise.all(conversations.map((conversation) => begin(conversation, prepare)));
    at('publish:staged');
    const stages = works.flatMap((work) => ('prepared' in work ? [work.prepared] : []));
    try {
      await putInPlace(works);
    } finally {
      for (const prepared of stages) await discard(prepared);
    }
    // Nobody may come by for weeks, and what was taken down is private again.
    if (works.some((work) => work.outcome === 'withdrawn')) await emptyTrash();
    return works.map((work) => work.outcome ?? 'not shared');
  }

  /** Gives each work its outcome. */
  async function putInPlace(works: Work[]): Promise<void> {
    const settled = Promise.allSettled(works.map(settleWork)); // the disk works while the registry is written
    registry.exclusively(() => {
      for (const work of works) announce(work);
    });
    at('publish:announced');
    for (const [index, result] of (await settled).entries())
      if (result.status === 'rejected') works[index] = giveUp(works[index], result.reason);
    registry.exclusively(() => land(works.filter((work) => 'prepared' in work)));
    at('publish:committed');
  }

  /** The slow part of one share's publish; never throws for what is wrong with the share. */
  async function begin(conversation: string, prepare: Prepare): Promise<Work> {
    const share = registry.active(conversation);
    if (share === undefined) return { outcome: 'not shared' };
    const inputs = currentInputs(share);
    if (isUpToDate(share, inputs)) return { outcome: share.problem === undefined ? 'unchanged' : 'failed' };
    try {
      const { id } = share;
      const published = share.publishing || !output.has(id) ? undefined : share.revision;
      const allowed = registry.allowed(conversation);
      const prepared = await prepare({ conversation, id, choice: choiceOf(share), published, allowed });
      if (prepared.kind === 'missing' || prepared.owner === undefined || prepared.owner === share.owner)
        return { share, prepared, outcome: undefined };
      await discard(prepared);
      return { outcome: fail(share, otherOwner(), prepared.inputs) };
    } catch (error) {
      // What another process published meanwhile may be what tripped this one.
      if (registry.get(share.id)?.revision !== share.revision) return { outcome: 'overtaken' };
      return { outcome: fail(share, error, inputs) };
    }
  }

  async function settleWork(work: Work): Promise<void> {
    if ('prepared' in work && work.prepared.kind === 'staged') work.manifest = await settle(work.prepared);
  }

  /** @returns What the share will consist of, all of it on disk. */
  async function settle({ stage, keep }: Staged): Promise<Manifest> {
    const before = keep.length === 0 ? undefined : registry.manifest(stage.id);
    const kept = new Map<string, string>();
    for (const path of keep) {
      // What a publish that was cut short had moved is there, and nobody wrote it down.
      const digest = before?.get(path) ?? (await output.digest(stage.id, path));
      if (digest !== undefined) kept.set(path, digest);
    }
    return new Map([...kept, ...(await output.settle(stage))]);
  }

  /** The stage could not be put on disk: nothing of it may move. */
  function giveUp(work: Work | undefined, error: unknown): Work {
    if (work === undefined || !('prepared' in work)) throw error;
    return { outcome: fail(work.share, error, undefined) };
  }

  /**
   * Writes down, in a transaction of its own, that files are about to move. Without it a crash between the moves and
   * their commit would leave the registry naming the old revision while the new one is out; a source that went back to
   * the old text would then count as published.
   */
  function announce(work: Work): void {
    if (!('prepared' in work) || work.prepared.kind !== 'staged') return;
    const { share } = work;
    if (!share.publishing && share.revision !== undefined && isStill(share)) {
      registry.setPublishing(share.id);
      work.share = { ...share, publishing: true };
    }
  }

  /** True while nobody else published, revoked or changed this share since it was looked at. */
  function isStill(share: Share, current = registry.get(share.id)): boolean {
    return (
      current?.state === 'active' &&
      current.revision === share.revision &&
      current.publishedAt === share.publishedAt &&
      current.publishing === share.publishing &&
      isSame(current, share)
    );
  }

  /** The quick part: runs inside the transaction that looks at each share's state first. All wait for the disk once. */
  function land(works: readonly ReadyWork[]): void {
    const moved: [ReadyWork, Staged][] = [];
    for (const work of works) {
      work.outcome = apply(work);
      if (work.outcome === undefined && work.prepared.kind === 'staged') moved.push([work, work.prepared]);
    }
    const failure = failureOf(() => output.flush());
    for (const [work, prepared] of moved)
      work.outcome =
        failure === undefined ? record(prepared, manifestOf(work)) : fail(work.share, failure, undefined);
  }

  function manifestOf({ manifest }: ReadyWork): Manifest {
    if (manifest === undefined) throw new Error('A stage was moved before it was on disk.');
    return manifest;
  }

  /** @returns Undefined where files moved, which is to be recorded once they are on disk. */
  function apply({ share, prepared }: ReadyWork): ReadyWork['outcome'] {
    const current = registry.get(share.id);
    if (current?.state !== 'active') return 'not shared';
    if (!isStill(share, current)) return 'overtaken';
    at('publish:locked');
    if (prepared.kind === 'missing') return withdraw(share);
    if (prepared.kind === 'unchanged') {
      registry.setInputs(share.id, prepared.inputs);
      if (!isSameFound(prepared.found, share.found)) registry.setFound(share.id, prepared.found);
      if (share.problem !== undefined) registry.setProblem(share.id, undefined);
      return 'unchanged';
    }
    const failure = failureOf(() => move(prepared));
    return failure === undefined ? undefined : fail(share, failure, undefined);
  }

  /** False where a publish was cut short, or somebody removed the page. */
  function isWhole(share: Share): boolean {
    return !share.publishing && (share.revision === undefined || output.has(share.id));
  }

  function isUpToDate(share: Share, inputs: string | null | undefined): boolean {
    return share.inputs !== undefined && isWhole(share) && inputs === share.inputs;
  }

  /** Null when the source is gone; undefined when the files are too fresh, or too broken, to tell. */
  function currentInputs(share: Pick<Share, 'conversation' | keyof Choice>): string | null | undefined {
    try {
      const source = sources.find(share.conversation);
      const signature = source && sources.signature(source);
      if (signature === undefined) return null;
      return signature.settled ? digestInputs(signature.text, share, drawnBy) : undefined;
    } catch (error) {
      if (error instanceof ShareError) return undefined;
      throw error;
    }
  }

  function withdraw(share: Share): Outcome {
    if (!output.has(share.id) && share.problem?.kind === 'missing') return 'withdrawn';
    const failure = failureOf(() => output.remove(share.id));
    if (failure !== undefined) return fail(share, failure, undefined);
    at('withdraw:moved');
    registry.setWithdrawn(share.id);
    registry.setProblem(share.id, missing);
    at('withdraw:recorded');
    return 'withdrawn';
  }

  /** @param inputs  What was there before the attempt; what came after it has not been tried. */
  function fail(share: Share, error: unknown, inputs: string | null | undefined): Outcome {
    if (!(error instanceof ShareError)) dependencies.onTrouble?.(error, share.conversation);
    const problem = toProblem(error, output.has(share.id));
    // What the source itself causes is not tried again until the source changes; a full disk is.
    const permanent = error instanceof ShareError && permanentCodes.has(error.code);
    registry.exclusively(() => {
      if (registry.get(share.id)?.state !== 'active') return;
      registry.setProblem(share.id, problem);
      registry.setInputs(share.id, permanent ? (inputs ?? undefined) : undefined);
    });
    return problem.kind === 'held' ? 'held' : 'failed';
  }

  async function syncAll(progress: (done: number, total: number) => void = () => undefined) {
    const { steps, active } = plan();
    at('sync:planned');
    const removals = steps.flatMap((step) => (step.do === 'remove' ? [step.name] : []));
    const conversations = steps.flatMap((step) => (step.do === 'remove' ? [] : [step.conversation]));
    const summary: SyncSummary = {
      published: 0,
      unchanged: active - conversations.length,
      withdrawn: 0,
      ...removeStrangers(removals),
    };
    at('sync:strangers-gone');
    await emptyTrash();
    at('sync:trash-emptied');
    const { prepare: here, prepareMany = here } = dependencies;
    const prepare = conversations.length < many ? here : prepareMany;
    // Two batches at a time: one is being prepared while the other waits for the disk.
    await eachOf(inBatches(conversations), 2, async (batch) => {
      const outcomes = await syncTogether(batch, prepare);
      for (const [index, outcome] of outcomes.entries())
        count(summary, outcome === 'overtaken' ? await sync(batch[index] ?? '') : outcome);
      progress(summary.published + summary.withdrawn + summary.failed, conversations.length);
    });
    return summary;
  }

  function plan() {
    const shares = registry.all();
    const names = output.names();
    const wanted = shares.map(({ id, conversation, state, revision, ...share }): Wanted => {
      const isOut = revision !== undefined;
      if (state === 'revoked') return { id, conversation, state, inputs: null, isOut };
      const inputs = currentInputs({ conversation, ...choiceOf(share) });
      return { id, conversation, state, inputs: inputs === undefined ? 'not known' : inputs, isOut };
    });
    const madeFrom = new Map(
      shares.map((share) => [share.id as string, isWhole(share) ? share.inputs : undefined]),
    );
    const published = new Map(names.map((name) => [name, madeFrom.get(name)]));
    const active = wanted.filter((share) => share.state === 'active').length;
    return { steps: planSync(wanted, published), active };
  }

  /** Looks at the registry once more for each: another process may have created the share since the plan was made. */
  function removeStrangers(names: readonly string[]): { removed: number; failed: number } {
    const result = { removed: 0, failed: 0 };
    if (names.length === 0) return result;
    registry.exclusively(() => {
      const active = new Set<string>(registry.allActive().map((share) => share.id));
      for (const name of names.filter((candidate) => !active.has(candidate))) {
        const failure = failureOf(() => output.remove(name));
        result[failure === undefined ? 'removed' : 'failed'] += 1;
        if (failure !== undefined) dependencies.onTrouble?.(failure, 'What is not shared is STILL LIVE');
        at('sync:removed');
      }
    });
    return result;
  }

  /** Bytes that cannot be deleted are nowhere a viewer gets to: they stop nothing. */
  async function emptyTrash(): Promise<void> {
    try {
      await output.emptyTrash();
    } catch (error) {
      dependencies.onTrouble?.(error, 'What was taken down is not deleted yet');
    }
  }

  async function discard(prepared: Prepared): Promise<void> {
    if (prepared.kind === 'staged') await output.discard(prepared.stage);
  }

  return Object.freeze<Publisher>({ create, revoke, sync, syncAll });
}

/** Only the choice, of what holds more than that. */
export function choiceOf({ thinking, preview, strict, stripMetadata }: Choice): Choice {
  return { thinking, preview, strict, stripMetadata };
}

const choices = Object.keys(usualChoice) as (keyof Choice)[];

function isSame(one: Choice, other: Choice): boolean {
  return choices.every((name) => one[name] === other[name]);
}

/** `thinking, strict`; empty where all is as usual. */
function wordsOf(choice: Choice): string {
  return choices.filter((name) => choice[name]).join(', ');
}

function isSameFound(one: readonly FoundSecret[], other: readonly FoundSecret[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What `action` threw; undefined when it did not. */
function failureOf(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}

type Staged = Extract<Prepared, { kind: 'staged' }>;

/** One share on its way; `outcome` is undefined until it landed. */
type Work = { outcome: Outcome | 'overtaken' } | ReadyWork;

interface ReadyWork {
  share: Share;
  prepared: Prepared;
  /** What the share will consist of, once that is on disk. */
  manifest?: Manifest;
  outcome: Outcome | 'overtaken' | undefined;
}

/** A transaction for each share would wait for the disk each time; one for all of them would keep others waiting. */
const batchSize = 32;

function inBatches(conversations: readonly string[]): string[][] {
  const count = Math.ceil(conversations.length / batchSize);
  return Array.from({ length: count }, (_, index) =>
    conversations.slice(index * batchSize, (index + 1) * batchSize),
  );
}

function crowded(): ShareError {
  return new ShareError('locked', 'Other processes keep publishing this conversation.', {
    hint: 'Let one `share watch` or `share serve` follow it.',
  });
}

function otherOwner(): ShareError {
  return new ShareError('source_invalid', 'The conversation now names another owner than its share has.', {
    hint: 'Delete the share, or put the owner back.',
  });
}

const missing: Problem = {
  kind: 'missing',
  code: 'source_missing',
  message:
    'The conversation is not where it was, so its page was taken down. It comes back, at the same link, when the conversation does.',
};

/** Errors that the same source would cause again. */
const permanentCodes: ReadonlySet<string> = new Set(['source_invalid', 'gate_refused', 'secret_found']);

function toProblem(error: unknown, live: boolean): Problem {
  const rest = live ? ' The page that was live is still live.' : ' Nothing is published.';
  if (!(error instanceof ShareError))
    return { kind: 'failed', code: 'bug', message: `An unexpected error: ${String(error)}.${rest}` };
  const kind = error.code === 'gate_refused' || error.code === 'secret_found' ? 'held' : 'failed';
  return { kind, code: error.code, message: `${error.message}${rest}` };
}

function stillLive(share: Share, cause: unknown): ShareError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ShareError(
    'output_unwritable',
    `Share ${shortShareId(share.id)} of "${share.conversation}" is revoked, but its page could not be removed and is STILL LIVE: ${why}`,
    { hint: 'Make the output folder writable, then run `share sync`: it removes the page.', cause },
  );
}

function count(summary: SyncSummary, outcome: Outcome): void {
  if (outcome === 'not shared') return;
  summary[outcome === 'held' ? 'failed' : outcome] += 1;
}

/** Runs `action` for every item, at most `limit` at a time. */
async function eachOf<T>(
  items: readonly T[],
  limit: number,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await action(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
