import type { ConversationFile, Reading } from '../conversation/conversation.ts';
import type { Manifest } from '../manifest.ts';
import type { Choice, FileFacts } from '../snapshot/privacy.ts';
import type { Finding, FoundSecret, ScanTexts } from '../snapshot/secrets.ts';
import type { Snapshot, SnapshotZip } from '../snapshot/snapshot.ts';
import type { ShareId, SiteUrl } from '../urls.ts';

/** What publishing needs of the outside world. The adapters fit these by shape; `cli/app.ts` joins them. */

export interface Source {
  conversation: string;
}

export interface Sources<S extends Source = Source> {
  /** @throws ShareError `source_invalid` when the entry itself is broken */
  find(conversation: string): S | undefined;
  /** @throws ShareError `source_invalid`, `source_missing`, `source_unreadable` */
  read(source: S): Promise<Reading>;
  /**
   * Tells whether files may have changed, without reading them; undefined when the source is gone. An unsettled
   * signature was taken so soon after a change that a further change could leave it the same.
   */
  signature(source: S): { text: string; settled: boolean } | undefined;
}

export interface Stage {
  readonly id: ShareId;
  readonly folder: string;
  /** Path → SHA-256 of what was written to it. */
  readonly written: ReadonlyMap<string, string>;
  write(path: string, content: string | Uint8Array): void;
}

export interface Output<T extends Stage = Stage> {
  names(): string[];
  has(id: ShareId): boolean;
  /** The first bytes of a published file, as text; empty when it is not there. */
  beginning(id: ShareId, path: string): string;
  hasPath(id: ShareId, path: string): boolean;
  stage(id: ShareId): T;
  /** SHA-256 of a published file; undefined when it is not there. */
  digest(id: ShareId, path: string): Promise<string | undefined>;
  settle(stage: Pick<T, 'folder' | 'written'>): Promise<Manifest>;
  commit(stage: Pick<T, 'id' | 'folder'>, keep: readonly string[]): void;
  flush(): void;
  discard(stage: Pick<T, 'folder'>): Promise<void>;
  remove(name: string): boolean;
  emptyTrash(): Promise<void>;
}

/** A share's files, in the output or on their way there. */
export interface Attached {
  /** In the order of the conversation's files. */
  facts: FileFacts[];
  zip: SnapshotZip | undefined;
  /** Paths that are in the output already and stay. */
  keep: string[];
  found: FoundSecret[];
}

/** Finds secrets. */
export interface Scanner {
  /** Other rules find other things. */
  readonly version: string;
  /** For texts of a conversation: what was clean before is not read again. */
  scan(conversation: string, texts: readonly string[]): Promise<Finding[][]>;
  scanNames: ScanTexts;
}

/** Takes the files of a conversation into the stage, those that are not published already. */
export type Attach<T extends Stage = Stage> = (request: {
  conversation: string;
  /** Names the ZIP. */
  title: string;
  files: readonly ConversationFile[];
  /** What viewers may see each file called. */
  names: readonly string[];
  stage: T;
  choice: Pick<Choice, 'stripMetadata'> & { allowed: ReadonlySet<string> };
}) => Promise<Attached>;

export interface Renderer {
  readonly version: string;
  render(
    snapshot: Snapshot,
    place: { site: SiteUrl; shareId: ShareId; conversation: string; revision: string; preview: boolean },
    isOut: (path: string, state: string) => boolean,
  ): Promise<{ pages: Map<string, Uint8Array>; kept: string[] }>;
}

export interface Problem {
  kind: 'failed' | 'held' | 'missing';
  code: string;
  message: string;
}

export interface Share {
  id: ShareId;
  conversation: string;
  owner: string;
  state: 'active' | 'revoked';
  thinking: boolean;
  preview: boolean;
  strict: boolean;
  stripMetadata: boolean;
  title: string;
  type: string;
  createdAt: string;
  revokedAt: string | undefined;
  publishedAt: string | undefined;
  revision: string | undefined;
  publishing: boolean;
  inputs: string | undefined;
  problem: Problem | undefined;
  found: FoundSecret[];
}

/** What an owner did; it is written down where nothing changes it. */
export interface Deed {
  did: 'created' | 'changed' | 'allowed' | 'deleted';
  who: string;
  conversation: string;
  /** Undefined before there is one. */
  shareId: ShareId | undefined;
  /** Never a secret's value. */
  detail: string;
}

export interface Registry {
  get(id: ShareId): Share | undefined;
  active(conversation: string): Share | undefined;
  all(): Share[];
  allActive(): Share[];
  firstOwner(conversation: string): string | undefined;
  exclusively<T>(action: () => T): T;
  add(
    share: Pick<Share, 'id' | 'conversation' | 'owner' | keyof Choice | 'title' | 'type' | 'createdAt'>,
  ): void;
  setChoice(id: ShareId, choice: Choice): void;
  setPublishing(id: ShareId): void;
  setPublished(
    id: ShareId,
    publication: {
      title: string;
      type: string;
      revision: string;
      publishedAt: string;
      inputs: string | undefined;
      found: readonly FoundSecret[];
      manifest: Manifest;
    },
  ): void;
  /** Undefined while nothing of the share is published. */
  manifest(id: ShareId): Manifest | undefined;
  setFound(id: ShareId, found: readonly FoundSecret[]): void;
  /** Fingerprints of secrets that the owner of the conversation let through. */
  allowed(conversation: string): string[];
  /** Lets a secret through, from the next publish on. */
  allow(conversation: string, secret: { fingerprint: string; kind: string }, who: string, at: string): void;
  writeDown(deed: Deed, at: string): void;
  setWithdrawn(id: ShareId): void;
  setInputs(id: ShareId, inputs: string | undefined): void;
  setProblem(id: ShareId, problem: Problem | undefined): void;
  setRevoked(id: ShareId, revokedAt: string): void;
  rememberRevoked(id: ShareId, revokedAt: string): void;
}

/** Called with the name of the step just done; tests stop the process there. */
export type FaultPoint = (step: string) => void;
