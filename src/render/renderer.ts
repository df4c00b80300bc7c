import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ShareError, systemCode } from '../errors.ts';
import { refuseOver, usualLimits, type Limits } from '../limits.ts';
import { pagePath, toPages, type Page } from '../snapshot/pages.ts';
import { messagesIn, partsIn, subAgentOf } from '../snapshot/parts.ts';
import { createScales, mostSubAgentBytes, type Scales } from '../snapshot/scales.ts';
import type { Snapshot, SnapshotMessage } from '../snapshot/snapshot.ts';
import type { ShareId, SiteUrl } from '../urls.ts';

/** Where a page will stand, and which conversation it shows. */
export interface Place {
  site: SiteUrl;
  shareId: ShareId;
  /** Library id: the key of the fragment cache, never in the page. */
  conversation: string;
  /** Hash of all that decides what a viewer sees. */
  revision: string;
  /** Name the conversation to applications that preview links. */
  preview: boolean;
}

/** What became of a snapshot. */
export interface Drawn {
  /** Path below the share's folder → HTML as UTF-8, `index.html` first. Every page has passed the gate. */
  pages: Map<string, Buffer>;
  /** Paths of pages that are out already as they should be; they were not drawn again. */
  kept: string[];
}

/** Tells whether the page that is out at a path has this state. */
export type IsOut = (path: string, state: string) => boolean;

/** The HTML of one Markdown part. Holds for as long as its validator equals the one of the text now at its position. */
export interface Fragment {
  /** 0-based index among the Markdown parts (text and thinking) of a snapshot, those of its sub-agents in their place. */
  position: number;
  /** Hash of the text and of the renderer that drew it. */
  validator: string;
  html: string;
}

/** Remembers fragments between renders, and between processes. May forget at any time. */
export interface FragmentCache {
  load(conversation: string): Fragment[];
  /** Replaces what stands at the given positions; those from `count` on are dropped. */
  store(conversation: string, changed: Fragment[], count: number): void;
}

export interface Renderer {
  /** Hash of the built bundle; part of every revision, so that a new renderer draws every page again. */
  readonly version: string;
  /**
   * Draws a snapshot, on as many pages as it takes for each to open fast. The same snapshot at the same place gives the
   * same bytes.
   *
   * @param isOut  Asked about every page but the first, which tells of all of them and so changes with each.
   * @throws ShareError `gate_refused` when a page holds what no page may hold; `source_invalid` when there are more than
   *   the limits allow.
   */
  render(snapshot: Snapshot, place: Place, isOut?: IsOut): Promise<Drawn>;
  /**
   * Draws a snapshot without files as one page that stands alone, wherever it is put: it has no address and no further
   * pages, and links to nothing beside it.
   *
   * @throws ShareError `gate_refused` as {@link Renderer.render}.
   */
  renderAlone(snapshot: Snapshot): Promise<string>;
  /** The page for every link that leads nowhere: the same bytes whatever was asked for. */
  notFound(site: SiteUrl): Promise<string>;
}

/** What `entry.ts` exports, once built. Only its types are imported: the sources need Vite to run. */
interface Bundle {
  renderPage(locals: App.Locals): Promise<string>;
  renderNotFound(): Promise<string>;
  renderMarkdown(text: string): string;
  checkPage(page: Buffer | string): void;
}

/**
 * Loads the built renderer into this process.
 *
 * @param options.fragments  Without it every part is drawn anew.
 * @param options.limits     How many pages a conversation may fill.
 * @param options.entry      The built `entry.mjs`; by default the one in this package's `dist/renderer`.
 * @throws ShareError `renderer_missing` when it is not built.
 */
export async function loadRenderer(
  options: { fragments?: FragmentCache; limits?: Pick<Limits, 'pages'>; entry?: URL } = {},
): Promise<Renderer> {
  const entry = options.entry ?? new URL('dist/renderer/server/entry.mjs', packageRoot());
  const [version, bundle] = await Promise.all([readVersion(entry), importBundle(entry)]);
  return createRenderer(version, bundle, options.fragments ?? forgetful, options.limits ?? usualLimits);
}

const forgetful: FragmentCache = { load: () => [], store: () => undefined };

function createRenderer(
  version: string,
  bundle: Bundle,
  fragments: FragmentCache,
  limits: Pick<Limits, 'pages'>,
): Renderer {
  let notFound: Promise<string> | undefined;

  return {
    version,
    async render(snapshot, place, isOut = () => false) {
      const htmlByText = drawMarkdown(snapshot, place.conversation);
      const htmlOf = (text: string): string => htmlByText.get(text) ?? bundle.renderMarkdown(text);
      const scales = createScales((text) => Buffer.byteLength(htmlOf(text)));
      const all = toPages(snapshot.rounds, scales.weightOf, mostBytes);
      refuseOver(limits, 'pages', all.length, (count) => `The conversation fills ${count} pages`);
      const drawn: Drawn = { pages: new Map(), kept: [] };
      for (const page of all) {
        const path = pagePath(page.number);
        const isLast = page.number === all.length;
        const state = page.number === 1 ? place.revision : stateOf(page, isLast, snapshot, place);
        if (page.number > 1 && isOut(path, state)) drawn.kept.push(path);
        else {
          const index = page.number === 1 ? all : [];
          const drawnPage = { ...page, state, isLast, all: index };
          drawn.pages.set(path, await draw(snapshot, place, drawnPage, htmlOf, scales));
        }
      }
      return drawn;
    },
    async renderAlone(snapshot) {
      const texts = markdownTexts(messagesIn(snapshot.rounds));
      const htmlByText = new Map(texts.map((text) => [text, bundle.renderMarkdown(text)]));
      const htmlOf = (text: string): string => htmlByText.get(text) ?? bundle.renderMarkdown(text);
      const scales = createScales((text) => Buffer.byteLength(htmlOf(text)));
      const [all] = toPages(snapshot.rounds, scales.weightOf, Infinity);
      const state = digestOf(JSON.stringify(snapshot));
      const page = { number: 1, rounds: all?.rounds ?? [], state, isLast: true, all: [] };
      return (await draw(snapshot, undefined, page, htmlOf, scales)).toString();
    },
    notFound() {
      notFound ??= bundle.renderNotFound().then((html) => {
        check(html);
        return html;
      });
      return notFound;
    },
  };

  async function draw(
    snapshot: Snapshot,
    place: Place | undefined,
    page: App.Locals['page'],
    htmlOf: (text: string) => string,
    { beginningOf }: Scales,
  ): Promise<Buffer> {
    const pieces: string[] = [];
    const later = (html: string): string => placeholder(pieces.push(html) - 1);
    const frame = await bundle.renderPage({
      snapshot,
      place: place && { site: place.site, shareId: place.shareId, preview: place.preview },
      page,
      markdown: (text) => later(htmlOf(text)),
      later,
      beginningOf,
    });
    const filled = fillIn(frame, pieces);
    check(filled);
    return filled;
  }

  function stateOf(page: Page, isLast: boolean, snapshot: Snapshot, place: Place): string {
    const messages = page.rounds.flatMap((round) => round.messages).map(({ message }) => message);
    const files = partsIn(messages).flatMap((part) => ('file' in part ? [snapshot.files[part.file]] : []));
    const { title, type } = snapshot;
    const { site, shareId, preview } = place;
    return digestOf(JSON.stringify([version, site, shareId, preview, title, type, page, isLast, files]));
  }

  /** The bundle has its own copy of `ShareError`, which `instanceof` does not know outside of it. */
  function check(drawn: Buffer | string): void {
    try {
      bundle.checkPage(drawn);
    } catch (cause) {
      if (systemCode(cause) !== 'gate_refused' || !(cause instanceof Error)) throw cause;
      const hint = 'hint' in cause && typeof cause.hint === 'string' ? { hint: cause.hint } : {};
      throw new ShareError('gate_refused', cause.message, { ...hint, cause });
    }
  }

  /** Text → HTML of every Markdown part. Draws only what the cache does not hold, and stores only what it drew. */
  function drawMarkdown(snapshot: Snapshot, conversation: string): Map<string, string> {
    const texts = markdownTexts(messagesIn(snapshot.rounds));
    const known = new Map(fragments.load(conversation).map((fragment) => [fragment.position, fragment]));
    const changed: Fragment[] = [];
    const htmlByText = new Map<string, string>();
    for (const [position, text] of texts.entries()) {
      const validator = `${digestOf(text)}:${version}`;
      const before = known.get(position);
      const html =
        before?.validator === validator ? before.html : (htmlByText.get(text) ?? bundle.renderMarkdown(text));
      if (before?.validator !== validator) changed.push({ position, validator, html });
      htmlByText.set(text, html);
    }
    if (changed.length > 0 || known.size > texts.length) fragments.store(conversation, changed, texts.length);
    return htmlByText;
  }
}

/*
 * Messages, style and script do not pass through Astro, which turns a page into bytes and back again: two thirds of the
 * time it takes. A comment stands in their place. Nothing else on a page can hold one: all other text is escaped.
 */
function placeholder(index: number): string {
  return `<!--${index}-->`;
}

/** Bytes from the start: text this long would be put into memory of its own, which costs more than to fill it. */
function fillIn(frame: string, pieces: readonly string[]): Buffer {
  const parts = frame
    .split(/<!--(\d+)-->/)
    .map((part, index) => (index % 2 === 0 ? part : (pieces[Number(part)] ?? '')));
  const page = Buffer.allocUnsafe(parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0));
  let at = 0;
  for (const part of parts) at += page.write(part, at);
  return page;
}

/** With what stands around the messages, a page of a long conversation stays below 500 KB. */
const mostBytes = 300_000;

/**
 * The texts that a page may show. Of a sub-agent no more than has room there: HTML is seldom shorter than its text, and
 * a text that is not among these is drawn where it is asked for.
 */
function markdownTexts(messages: readonly SnapshotMessage[], room = Infinity): string[] {
  const texts: string[] = [];
  let left = room;
  for (const part of messages.flatMap(({ parts }) => parts)) {
    if (left <= 0) break;
    const agent = subAgentOf(part);
    const own = part.type === 'text' || part.type === 'thinking' ? [part.text] : [];
    const added = agent === undefined ? own : markdownTexts(messagesIn(agent.rounds), mostSubAgentBytes);
    for (const text of added) left -= text.length;
    texts.push(...added);
  }
  return texts;
}

function digestOf(text: string): string {
  return hash('sha256', text).slice(0, 32);
}

/** The folder of this package, from a source file as well as from its compiled twin below `dist/`. */
function packageRoot(): URL {
  let folder = new URL('.', import.meta.url);
  while (folder.pathname !== '/') {
    const manifest = new URL('package.json', folder);
    if (existsSync(manifest) && /"name": *"conversation-share"/.test(readFileSync(manifest, 'utf8')))
      return folder;
    folder = new URL('..', folder);
  }
  throw new Error(`No package.json of conversation-share above ${import.meta.url}.`);
}

/** The build writes the hash beside the bundle: reading 33 bytes costs less than hashing a megabyte at each start. */
async function readVersion(entry: URL): Promise<string> {
  try {
    return (await readFile(new URL('../version', entry), 'utf8')).trim();
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    throw notBuilt(entry, cause);
  }
}

async function importBundle(entry: URL): Promise<Bundle> {
  if (!existsSync(entry)) throw notBuilt(entry);
  return (await import(entry.href)) as Bundle;
}

function notBuilt(entry: URL, cause?: unknown): ShareError {
  return new ShareError('renderer_missing', `The renderer is not built: ${entry.pathname} is not there.`, {
    hint: 'Run `npm run build:renderer` once.',
    cause,
  });
}
