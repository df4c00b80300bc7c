import type { ConversationFile, Reading } from '../conversation/conversation.ts';
import type { Choice, FileFacts } from '../snapshot/privacy.ts';
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
  write(path: string, content: string | Uint8Array): void;
}

export interface Output<T extends Stage = Stage> {
  names(): string[];
  has(id: ShareId): boolean;
  /** The first bytes of a published file, as text; empty when it is not there. */
  beginning(id: ShareId, path: string): string;
  hasPath(id: ShareId, path: string): boolean;
  stage(id: ShareId): T;
  settle(stage: Pick<T, 'folder'>): Promise<void>;
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
}

/** Takes the files of a conversation into the stage, those that are not published already. */
export type Attach<T extends Stage = Stage> = (
  conversation: string,
  title: string,
  files: readonly ConversationFile[],
  /** What viewers may see each file called. */
  names: readonly string[],
  stage: T,
) => Promise<Attached>;

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
  title: string;
  type: string;
  createdAt: string;
  revokedAt: string | undefined;
  publishedAt: string | undefined;
  revision: string | undefined;
  publishing: boolean;
  inputs: string | undefined;
  problem: Problem | undefined;
}

export interface Registry {
  get(id: ShareId): Share | undefined;
  active(conversation: string): Share | undefined;
  all(): Share[];
  allActive(): Share[];
  firstOwner(conversation: string): string | undefined;
  exclusively<T>(action: () => T): T;
  add(
    share: Pick<
      Share,
      'id' | 'conversation' | 'owner' | 'thinking' | 'preview' | 'title' | 'type' | 'createdAt'
    >,
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
    },
  ): void;
  setWithdrawn(id: ShareId): void;
  setInputs(id: ShareId, inputs: string | undefined): void;
  setProblem(id: ShareId, problem: Problem | undefined): void;
  setRevoked(id: ShareId, revokedAt: string): void;
}

/** Called with the name of the step just done; tests stop the process there. */
export type FaultPoint = (step: string) => void;
