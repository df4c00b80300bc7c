import { createHash } from 'node:crypto';
import { refuseTooMuch } from '../conversation/within-limits.ts';
import { limitNames, type Limits } from '../limits.ts';
import { toRevision } from '../snapshot/revision.ts';
import { longTexts } from '../snapshot/long-text.ts';
import { publicNames, toSnapshot, type Choice } from '../snapshot/privacy.ts';
import { cleanNames, withoutSecrets, type FoundSecret } from '../snapshot/secrets.ts';
import { toMarkdown } from '../snapshot/to-markdown.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { encodePath, sharePath, shareUrl, type ShareId, type SiteUrl } from '../urls.ts';
import { ShareError } from '../errors.ts';
import type { Attach, Output, Renderer, Scanner, Source, Sources, Stage } from './contracts.ts';

/** Everything slow about publishing one share, done; what is left is to commit it. Plain data: it crosses threads. */
export type Prepared =
  /** The source is not there. */
  | { kind: 'missing' }
  /** The output holds this revision already. */
  | { kind: 'unchanged'; inputs: string | undefined; owner: string | undefined; found: FoundSecret[] }
  | {
      kind: 'staged';
      stage: Pick<Stage, 'id' | 'folder' | 'written'>;
      keep: string[];
      revision: string;
      title: string;
      type: string;
      inputs: string | undefined;
      /** The owner that the source names. */
      owner: string | undefined;
      found: FoundSecret[];
    };

export interface Request {
  conversation: string;
  id: ShareId;
  choice: Choice;
  /** Revision that the registry has as published. */
  published: string | undefined;
  /** Fingerprints of secrets that the owner let through. */
  allowed: readonly string[];
}

/** @throws ShareError about the source, the page or the output; nothing is staged then. */
export type Prepare = (request: Request) => Promise<Prepared>;

export interface PrepareDependencies<S extends Source, T extends Stage> {
  sources: Sources<S>;
  output: Output<T>;
  attach: Attach<T>;
  renderer: Renderer;
  scanner: Scanner;
  site: SiteUrl;
  limits: Limits;
}

/** Source → conversation → snapshot → page and files, in a stage. */
export function createPrepare<S extends Source, T extends Stage>(
  dependencies: PrepareDependencies<S, T>,
): Prepare {
  const { sources, output, attach, renderer, scanner, site, limits } = dependencies;
  const drawnBy = toDrawnBy(dependencies);

  return async (request) => {
    const { conversation: name, id, choice } = request;
    const source = sources.find(name);
    const before = source && sources.signature(source);
    if (source === undefined || before === undefined) return { kind: 'missing' };
    const { conversation } = await sources.read(source);
    refuseTooMuch(conversation, limits);
    const stage = output.stage(id);
    try {
      const allowed = new Set(request.allowed);
      const {
        title,
        names,
        found: inNames,
      } = await cleanNames(publicNames(conversation), scanner.scanNames, allowed);
      const { files } = conversation;
      const { stripMetadata } = choice;
      const attached = await attach({
        conversation: name,
        title,
        files,
        names,
        stage,
        choice: { stripMetadata, allowed },
      });
      const { snapshot, found: inTexts } = await withoutSecrets(
        toSnapshot(conversation, attached.facts, attached.zip, choice),
        (texts) => scanner.scan(name, texts),
        allowed,
      );
      const found = [...inNames, ...inTexts, ...attached.found];
      if (choice.strict) refuseSecrets(found);
      const json = toPublicJson(snapshot, site, id);
      const revision = toRevision(JSON.stringify(snapshot), [
        renderer.version,
        site,
        choice.preview ? 'preview' : '',
      ]);
      const unmoved = before.settled && sources.signature(source)?.text === before.text;
      const inputs = unmoved ? digestInputs(before.text, choice, drawnBy) : undefined;
      const owner = conversation.owner.id;
      if (revision === request.published && output.has(id)) {
        await output.discard(stage);
        return { kind: 'unchanged', inputs, owner, found };
      }
      const place = { site, shareId: id, conversation: name, revision, preview: choice.preview };
      const isOut = (path: string, state: string) =>
        output.beginning(id, path).includes(` data-state="${state}"`);
      const { pages, kept } = await renderer.render(snapshot, place, isOut);
      for (const [path, html] of pages) stage.write(path, html);
      stage.write('conversation.md', toMarkdown(snapshot, shareUrl(site, id)));
      stage.write('conversation.json', json);
      const keep = [...attached.keep, ...kept, ...stageLongTexts(snapshot, stage, output)];
      const { folder, written } = stage;
      return {
        kind: 'staged',
        stage: { id, folder, written },
        keep,
        revision,
        title: snapshot.title,
        type: snapshot.type,
        inputs,
        owner,
        found,
      };
    } catch (error) {
      await output.discard(stage);
      throw error;
    }
  };
}

/** @returns Paths that are in the output already and stay. */
function stageLongTexts(snapshot: Snapshot, stage: Stage, output: Pick<Output, 'hasPath'>): string[] {
  // The owner may have attached the very same text under the very same name.
  const attached = new Set(snapshot.files.flatMap((file) => ('withheld' in file ? [] : [file.path])));
  const texts = longTexts(snapshot).filter(({ path }) => !attached.has(path));
  const keep: string[] = [];
  for (const { path, text } of texts) {
    if (output.hasPath(stage.id, path)) keep.push(path);
    else stage.write(path, text);
  }
  return keep;
}

/** @throws ShareError `secret_found` */
function refuseSecrets(found: readonly FoundSecret[]): void {
  const secrets = found.filter(({ became }) => became === 'masked' || became === 'withheld');
  const [first] = secrets;
  if (first === undefined) return;
  const more = secrets.length === 1 ? '' : `, and ${secrets.length - 1} more`;
  throw new ShareError('secret_found', `A secret was found (${first.kind} in ${first.place}${more}).`, {
    hint: '`share review` shows each where it stands, and lets through what is none; without `--strict` it is hidden from viewers.',
  });
}

export interface DrawnBy {
  renderer: Pick<Renderer, 'version'>;
  scanner: Pick<Scanner, 'version'>;
  site: SiteUrl;
  limits: Limits;
}

/**
 * What a page is made with, beside its source. Limits are part of it, so that what one of them kept back is tried again
 * once it is raised.
 */
export function toDrawnBy({ renderer, scanner, site, limits }: DrawnBy): string[] {
  return [renderer.version, scanner.version, site, limitNames.map((name) => limits[name]).join()];
}

/** Digest of everything a page is made from. Equal inputs mean there is nothing to do. */
export function digestInputs(signature: string, choice: Choice, drawnBy: readonly string[]): string {
  const hash = createHash('sha256')
    .update(signature)
    .update(choice.thinking ? '\0thinking' : '\0')
    .update(choice.preview ? '\0preview' : '\0')
    .update(choice.strict ? '\0strict' : '\0')
    .update(choice.stripMetadata ? '\0stripMetadata' : '\0');
  for (const part of drawnBy) hash.update('\0').update(part);
  return hash.digest('hex').slice(0, 32);
}

/** `conversation.json`: the snapshot without previews, with links that work from anywhere. */
function toPublicJson(snapshot: Snapshot, site: SiteUrl, id: ShareId): string {
  const origin = new URL(site).origin;
  const url = (path: string) => `${origin}${sharePath(site, id)}/${encodePath(path)}`;
  const files = snapshot.files.map((file) =>
    // JSON leaves out what is undefined.
    'withheld' in file ? file : { ...file, preview: undefined, url: url(file.path) },
  );
  const zip = snapshot.zip && { ...snapshot.zip, url: url(snapshot.zip.path) };
  return `${JSON.stringify({ link: shareUrl(site, id), ...snapshot, files, zip }, null, 1)}\n`;
}
