/*
 * A conversation as a table of one row per message. The columns and their types are a promise: scripts are written
 * against them, so a column may be added and never changed.
 */

export interface Row {
  round: number;
  message: number;
  id: string | null;
  role: string;
  created_at: Date | null;
  text: string;
  thinking: string | null;
  tool_calls: string | null;
  tool_call_count: number;
  sources: string | null;
  files: string | null;
}

export interface Column {
  name: keyof Row;
  type: 'integer' | 'timestamp' | 'text';
  isNullable: boolean;
  /** For people. */
  is: string;
}

export const columns: readonly Column[] = [
  { name: 'round', type: 'integer', isNullable: false, is: 'number of the round, as on the page' },
  { name: 'message', type: 'integer', isNullable: false, is: 'number of the message, from 1' },
  { name: 'id', type: 'text', isNullable: true, is: 'id of the message; none with --public' },
  { name: 'role', type: 'text', isNullable: false, is: 'user, assistant, tool, system or developer' },
  { name: 'created_at', type: 'timestamp', isNullable: true, is: 'UTC, to the millisecond' },
  { name: 'text', type: 'text', isNullable: false, is: 'what the message says, in Markdown; may be empty' },
  { name: 'thinking', type: 'text', isNullable: true, is: 'what the assistant thought, in Markdown' },
  {
    name: 'tool_calls',
    type: 'text',
    isNullable: true,
    is: 'JSON: [{name, input, output, status, subAgent}]; what a sub-agent said is in here',
  },
  { name: 'tool_call_count', type: 'integer', isNullable: false, is: 'tool calls of the message itself' },
  { name: 'sources', type: 'text', isNullable: true, is: 'JSON: [{title, url}]' },
  { name: 'files', type: 'text', isNullable: true, is: 'JSON: names of its images and files' },
];

/** A message of a conversation, or of what a viewer may see of one. `File` is what tells its files apart there. */
interface Speech<File> {
  id?: string;
  role: string;
  createdAt?: string;
  parts: readonly Part<File>[];
}

type Part<File> =
  | { type: 'text' | 'thinking'; text: string }
  | { type: 'tool-call' }
  | { type: 'sources'; sources: readonly { title?: string; url: string }[] }
  | { type: 'image' | 'file'; file: File };

/** @param nameOf  What a file is called. */
export function toRows<File>(messages: readonly Speech<File>[], nameOf: (file: File) => string): Row[] {
  let round = 0;
  return messages.map((message, index) => {
    if (beginsRound(message, round === 0)) round += 1;
    // What stands before the first round belongs to it.
    return toRow(message, Math.max(round, 1), index + 1, nameOf);
  });
}

/** As on the page, where system messages and those that say nothing are not seen. */
function beginsRound<File>({ role, parts }: Speech<File>, isFirst: boolean): boolean {
  if (role === 'system' || role === 'developer') return false;
  const says = parts.some((part) => !('text' in part) || part.text.trim() !== '');
  return says && (isFirst || role === 'user');
}

function toRow<File>(
  { id, role, createdAt, parts }: Speech<File>,
  round: number,
  message: number,
  nameOf: (file: File) => string,
): Row {
  const calls = parts.filter((part) => part.type === 'tool-call').map(({ type: _, ...call }) => call);
  const sources = parts.flatMap((part) => (part.type === 'sources' ? part.sources : []));
  const files = parts.flatMap((part) => ('file' in part ? [nameOf(part.file)] : []));
  return {
    round,
    message,
    id: id ?? null,
    role,
    created_at: createdAt === undefined ? null : new Date(createdAt),
    text: textOf(parts, 'text') ?? '',
    thinking: textOf(parts, 'thinking'),
    tool_calls: jsonOf(calls),
    tool_call_count: calls.length,
    sources: jsonOf(sources),
    files: jsonOf(files),
  };
}

function textOf<File>(parts: readonly Part<File>[], type: 'text' | 'thinking'): string | null {
  const texts = parts.flatMap((part) => (part.type === type ? [part.text] : []));
  return texts.length === 0 ? null : texts.join('\n\n');
}

function jsonOf(items: readonly unknown[]): string | null {
  return items.length === 0 ? null : JSON.stringify(items);
}
