import { createHash } from 'node:crypto';
import { toRevision } from '../snapshot/revision.ts';
import { longTexts } from '../snapshot/long-text.ts';
import { publicNames, toSnapshot, type Choice } from '../snapshot/privacy.ts';
import { toMarkdown } from '../snapshot/to-markdown.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { encodePath, sharePath, shareUrl, type ShareId, type SiteUrl } from '../urls.ts';
import type { Attach, Output, Renderer, Source, Sources, Stage } from './contracts.ts';

/** Everything slow about publishing one share, done; what is left is to commit it. Plain data: it crosses threads. */
export type Prepared =
  /** The source is not there. */
  | { kind: 'missing' }
  /** The output holds this revision already. */
  | { kind: 'unchanged'; inputs: string | undefined; owner: string | undefined }
  | {
      kind: 'staged';
      stage: { id: ShareId; folder: string };
      keep: string[];
      revision: string;
      title: string;
      type: string;
      inputs: string | undefined;
      /** The owner that the source names. */
      owner: string | undefined;
    };

export interface Request {
  conversation: string;
  id: ShareId;
  choice: Choice;
  /** Revision that the registry has as published. */
  published: string | undefined;
}

/** @throws ShareError about the source, the page or the output; nothing is staged then. */
export type Prepare = (request: Request) => Promise<Prepared>;

export interface PrepareDependencies<S extends Source, T extends Stage> {
  sources: Sources<S>;
  output: Output<T>;
  attach: Attach<T>;
  renderer: Renderer;
  site: SiteUrl;
}

/** Source → conversation → snapshot → page and files, in a stage. */
export function createPrepare<S extends Source, T extends Stage>(
  dependencies: PrepareDependencies<S, T>,
): Prepare {
  const { sources, output, attach, renderer, site } = dependencies;
  const drawnBy = [renderer.version, site];

  return async (request) => {
    const { conversation: name, id, choice } = request;
    const source = sources.find(name);
    const before = source && sources.signature(source);
    if (source === undefined || before === undefined) return { kind: 'missing' };
    const { conversation } = await sources.read(source);
    const stage = output.stage(id);
    try {
      const { title, fileNames } = publicNames(conversation);
      const attached = await attach(name, title, conversation.files, fileNames, stage);
      const snapshot = toSnapshot(conversation, attached.facts, attached.zip, choice);
      const json = toPublicJson(snapshot, site, id);
      const revision = toRevision(JSON.stringify(snapshot), [...drawnBy, choice.preview ? 'preview' : '']);
      const unmoved = before.settled && sources.signature(source)?.text === before.text;
      const inputs = unmoved ? digestInputs(before.text, choice, drawnBy) : undefined;
      const owner = conversation.owner.id;
      if (revision === request.published && output.has(id)) {
        await output.discard(stage);
        return { kind: 'unchanged', inputs, owner };
      }
      const place = { site, shareId: id, conversation: name, revision, preview: choice.preview };
      const isOut = (path: string, state: string) =>
        output.beginning(id, path).includes(` data-state="${state}"`);
      const { pages, kept } = await renderer.render(snapshot, place, isOut);
      for (const [path, html] of pages) stage.write(path, html);
      stage.write('conversation.md', toMarkdown(snapshot, shareUrl(site, id)));
      stage.write('conversation.json', json);
      const keep = [...attached.keep, ...kept, ...stageLongTexts(snapshot, stage, output)];
      const { folder } = stage;
      return {
        kind: 'staged',
        stage: { id, folder },
        keep,
        revision,
        title,
        type: snapshot.type,
        inputs,
        owner,
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
  const attached = new Set(snapshot.files.map((file) => file.path));
  const texts = longTexts(snapshot).filter(({ path }) => !attached.has(path));
  const keep: string[] = [];
  for (const { path, text } of texts) {
    if (output.hasPath(stage.id, path)) keep.push(path);
    else stage.write(path, text);
  }
  return keep;
}

/** Digest of everything a page is made from. Equal inputs mean there is nothing to do. */
export function digestInputs(signature: string, choice: Choice, drawnBy: readonly string[]): string {
  const hash = createHash('sha256')
    .update(signature)
    .update(choice.thinking ? '\0thinking' : '\0')
    .update(choice.preview ? '\0preview' : '\0');
  for (const part of drawnBy) hash.update('\0').update(part);
  return hash.digest('hex').slice(0, 32);
}

/** `conversation.json`: the snapshot without previews, with links that work from anywhere. */
function toPublicJson(snapshot: Snapshot, site: SiteUrl, id: ShareId): string {
  const origin = new URL(site).origin;
  const url = (path: string) => `${origin}${sharePath(site, id)}/${encodePath(path)}`;
  const files = snapshot.files.map((file) => ({
    ...file,
    preview: undefined, // which JSON leaves out
    url: url(file.path),
  }));
  const zip = snapshot.zip && { ...snapshot.zip, url: url(snapshot.zip.path) };
  return `${JSON.stringify({ link: shareUrl(site, id), ...snapshot, files, zip }, null, 1)}\n`;
}
