import type { Content, Reading } from '../conversation.ts';
import type { JsonObject } from './untyped.ts';

/*
 * A reader turns what one tool wrote into a `Conversation`. Readers are pure: they are given what a file holds and never
 * look at a disk. Each record is shown, hidden for a stated reason, or counted as unknown; one odd record never fails a
 * whole conversation.
 *
 * There are four shapes, by how the file is read: a log (JSON, a record a line, only appended to), a JSON document, text,
 * and a store, of which the file is only the beginning or in which one conversation lies among others.
 */

export type Format = LogFormat | DocumentFormat | TextFormat | StoreFormat;

interface FormatBase {
  /** Stands in `source.json`, so never to be changed: `claude-code`. */
  readonly kind: string;
  /** What people call the tool: `Claude Code`. */
  readonly tool: string;
  /**
   * Says by its content whether a file is of this format; undefined when not. Must not throw, whatever it is given.
   *
   * @returns Why, as the end of a sentence that begins with "because": `its first record is session_meta`.
   */
  detect(head: Head): Detection | undefined;
}

export interface Detection {
  why: string;
  /** Each element of the array, or each line, is a conversation of its own. */
  many?: true;
}

/** The beginning of a file, as far as it takes to tell its format. */
export interface Head {
  /** The first lines, at most some dozens, or of what is no JSON some thousands; the last may be cut off. */
  lines: readonly string[];
  /** Those of `lines` that are JSON objects. */
  records: readonly JsonObject[];
  /**
   * The file's JSON value where the file is one JSON value: of an array the first elements, of an object all. Undefined
   * where it is none. A file of one line may be both a document and a log.
   */
  document: unknown;
}

export interface ReadOptions {
  /** Used when the source gives no title. Never the name of the file: it often is a private id. */
  fallbackTitle: string;
  /** ISO 8601; stands for both times when nothing that is shown has one. */
  fallbackTime: string;
  /** 1-based, as `Losses.branch` counts; the current branch where undefined. */
  branch?: number;
  /** Offer the files that an agent wrote in the session, too. */
  writtenFiles?: boolean;
}

/** How much of a line `LogFormat.skip` is given. */
export const startLength = 400;

/** One conversation a file. The file is only ever appended to, so that reading can go on where it ended. */
export interface LogFormat extends FormatBase {
  readonly shape: 'log';
  begin(): LogReader;
  /**
   * Tells without parsing that a line holds nothing to show, where most bytes of a log are such lines.
   *
   * @param start  Its first {@link startLength} characters; only those of ASCII are as in the line.
   * @returns The reason, counted as hidden.
   */
  skip?(start: string): string | undefined;
  /**
   * Further logs of the same format that belong to the one at `path`: those of its sub-agents. They are read by readers
   * of their own.
   */
  companions?(path: string): Companions[];
}

export interface Companions {
  folder: string;
  /** They lie in sub-folders of `folder` with such names, and not in itself. */
  below?: RegExp;
  /** Which of the folder's names are meant. */
  names: RegExp;
  /**
   * The folder holds files of others, too: only those are meant whose beginning holds this text. Such a folder is not
   * watched.
   */
  amongOthers?: string;
}

export interface LogReader {
  /**
   * Takes the next record.
   *
   * @param line  Of the file, 1-based.
   */
  take(record: JsonObject, line: number): void;
  /**
   * Gives what was taken so far. Changes nothing: more may be taken afterwards, and asking twice gives the same.
   *
   * @param companions  By file name.
   * @throws ShareError `source_invalid` when there is no message in it.
   */
  finish(options: ReadOptions, companions?: ReadonlyMap<string, LogReader>): Reading;
}

/** One JSON value is one conversation. */
export interface DocumentFormat extends FormatBase {
  readonly shape: 'document';
  /** @throws ShareError `source_invalid` when there is no message in it. */
  read(value: unknown, options: ReadOptions, attachments: Attachments): Reading | Promise<Reading>;
}

export interface TextFormat extends FormatBase {
  readonly shape: 'text';
  /** @throws ShareError `source_invalid` when there is no message in it. */
  read(text: string, options: ReadOptions): Reading;
}

/** Many files, or a database, out of which an adapter gathers one conversation: see `opencode-store.ts`. */
export interface StoreFormat extends FormatBase {
  readonly shape: 'store';
  /**
   * @param value  What the adapter of this kind has gathered.
   * @throws ShareError `source_invalid` when there is no message in it.
   */
  read(value: unknown, options: ReadOptions): Reading;
}

/** The files that lie beside a document: in the same ZIP, or in the same folder and those below it. */
export interface Attachments {
  /** Paths with `/`, relative to the document. */
  readonly names: readonly string[];
  /** @param name  One of `names`. */
  content(name: string): Promise<Content>;
  /**
   * The first bytes of a file: what tells its type, or all of a small one.
   *
   * @param name  One of `names`.
   */
  head(name: string, mostBytes: number): Promise<Uint8Array>;
}

export const noAttachments: Attachments = {
  names: [],
  content: (name) => Promise.reject(new Error(`There is no ${name}.`)),
  head: (name) => Promise.reject(new Error(`There is no ${name}.`)),
};
