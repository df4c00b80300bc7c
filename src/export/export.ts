import { extname } from 'node:path';
import type { Conversation } from '../conversation/conversation.ts';
import { toNative } from '../conversation/to-native.ts';
import { withoutAgentFiles, withoutFiles } from '../conversation/without-files.ts';
import { messagesIn } from '../snapshot/parts.ts';
import { publicNames, toSnapshot, type Choice } from '../snapshot/privacy.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { toMarkdown } from '../snapshot/to-markdown.ts';
import { toRows, type Row } from './rows.ts';

/*
 * A conversation as one file for its owner, without the files that go with it. JSON and the tables hold all that the
 * owner has, unless they are for everybody; Markdown and HTML are what people pass on, and never hold what is private.
 */

export const exportFormats = ['json', 'csv', 'parquet', 'markdown', 'html'] as const;

export type ExportFormat = (typeof exportFormats)[number];

const formatsByExtension: Readonly<Record<string, ExportFormat>> = {
  '.json': 'json',
  '.csv': 'csv',
  '.parquet': 'parquet',
  '.md': 'markdown',
  '.markdown': 'markdown',
  '.html': 'html',
  '.htm': 'html',
};

/** Undefined where the extension says nothing. */
export function formatOfPath(path: string): ExportFormat | undefined {
  return formatsByExtension[extname(path).toLowerCase()];
}

export interface ExportOptions {
  format: ExportFormat;
  /** Library id, for JSON that is imported again. */
  id: string;
  /** What the share shows; with it the export holds nothing that its viewers may not see. */
  shown: Pick<Choice, 'thinking'> | undefined;
  /** Address of the share; undefined where the conversation is not shared. */
  link: string | undefined;
}

/** Leaves out what was found to be secret. */
export interface Clean {
  snapshot: (snapshot: Snapshot) => Promise<Snapshot>;
  fileNames: (names: ReturnType<typeof publicNames>) => Promise<string[]>;
}

/**
 * @param clean  What is for others passes it.
 * @param draw   Makes the page that stands alone.
 */
export async function exportConversation(
  conversation: Conversation,
  { format, id, shown, link }: ExportOptions,
  clean: Clean,
  draw: (snapshot: Snapshot) => Promise<string>,
): Promise<string | Uint8Array> {
  const snapshot = () =>
    clean.snapshot(toSnapshot(withoutFiles(conversation), [], undefined, shown ?? { thinking: true }));
  switch (format) {
    case 'json':
      return shown ? publicJson(await snapshot(), link) : ownJson(conversation, id);
    case 'csv':
      return (await import('./csv.ts')).toCsv(await rowsOf(conversation, shown, clean));
    case 'parquet':
      return (await import('./parquet.ts')).toParquet(await rowsOf(conversation, shown, clean));
    case 'markdown':
      return toMarkdown(await snapshot(), link);
    case 'html':
      return draw(await snapshot());
  }
}

function ownJson(conversation: Conversation, id: string): string {
  return `${JSON.stringify(toNative(withoutFiles(conversation), id).json, null, 2)}\n`;
}

/** As `conversation.json` beside the page. */
function publicJson(snapshot: Snapshot, link: string | undefined): string {
  return `${JSON.stringify({ link, ...snapshot }, null, 1)}\n`;
}

async function rowsOf(
  conversation: Conversation,
  shown: ExportOptions['shown'],
  clean: Clean,
): Promise<Row[]> {
  const noted = withoutAgentFiles(conversation);
  if (shown === undefined) return toRows(noted.messages, (name) => name);
  const fileNames = await clean.fileNames(publicNames(conversation));
  const { rounds } = await clean.snapshot(toSnapshot(noted, [], undefined, shown));
  return toRows(messagesIn(rounds), (file) => fileNames[file] ?? '');
}
