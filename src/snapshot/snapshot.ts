import type { FilePreview } from './preview.ts';

/**
 * What a viewer may see of a conversation at one moment: plain JSON data. Everything in it is public.
 * Times are ISO 8601 in UTC.
 */
export interface Snapshot {
  version: 1;
  title: string;
  type: string;
  createdAt: string;
  updatedAt: string;
  rounds: Round[];
  files: SnapshotFile[];
  /** All files that are published as one ZIP; absent where there are none. */
  zip?: SnapshotZip;
}

/** One user message and everything that answers it. A round before the first user message has no user message. */
export interface Round {
  /** 1-based, never changes while the conversation grows. */
  number: number;
  messages: SnapshotMessage[];
}

export interface SnapshotMessage {
  role: 'user' | 'assistant' | 'tool';
  createdAt?: string;
  parts: SnapshotPart[];
}

export type SnapshotPart =
  | { type: 'text'; text: string }
  | { type: 'thinking'; text: string }
  | {
      type: 'tool-call';
      name: string;
      input: Json;
      output?: string;
      status: 'pending' | 'done' | 'failed';
      subAgent?: SnapshotSubAgent;
    }
  /** `file` is an index into `Snapshot.files`. */
  | { type: 'image'; file: number; alt: string }
  | { type: 'file'; file: number }
  /** Links that an answer rests on: at least one, each address once. */
  | { type: 'sources'; sources: SnapshotSource[] };

/** What an agent that a tool call set to work said and did. */
export interface SnapshotSubAgent {
  /** Kind of agent: `Explore`. */
  name?: string;
  /** At least one, numbered by themselves. The first user message is the task that the agent was given. */
  rounds: Round[];
}

export interface SnapshotSource {
  title?: string;
  /** http or https, as a browser writes it. */
  url: string;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type SnapshotFile = PublishedFile | WithheldFile;

interface FileLabel {
  /** What the owner calls it, made safe to show (no control or bidirectional characters); sub-folders with `/`. */
  name: string;
  mediaType: string;
  /** What people call files of this kind: `CSV`, `PNG image`, `Python`. */
  kind: string;
  sizeBytes: number;
  description?: string;
}

export interface PublishedFile extends FileLabel {
  /** Path below the share's folder, not percent-encoded: `files/<hash>/<safe name>`. */
  path: string;
  /** Lower-case hex. */
  sha256: string;
  /** Pixels, for raster images whose header could be read. */
  width?: number;
  height?: number;
  /** For text and tables. Not in `conversation.json`, whose readers have the file itself. */
  preview?: FilePreview;
}

/** A file that a secret was found in: it is named, and is nowhere in the output. */
export interface WithheldFile extends FileLabel {
  /** Kinds of the secrets, each once: `GitHub token`. */
  withheld: string[];
}

export interface SnapshotZip {
  /** Path below the share's folder, not percent-encoded: `zip/<hash>/<title>.zip`. */
  path: string;
  sizeBytes: number;
}
