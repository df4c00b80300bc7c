import type { Content, Conversation, Message, Part, SubAgent } from './conversation.ts';

/** A conversation as a `conversation.json` holds it, and the files that go beside it. */
export interface NativeCopy {
  /** What to write as `conversation.json`: plain JSON data that `parseNative` accepts. */
  json: Record<string, unknown>;
  /** Path below `files/` → bytes. */
  files: ReadonlyMap<string, Content>;
}

/**
 * Writes a conversation in the native format, private fields included: reading it back gives the same conversation, but
 * for file names that no folder could hold.
 *
 * @param id  Library id of the copy.
 */
export function toNative(conversation: Conversation, id: string): NativeCopy {
  const names = safeNames(conversation.files.map((file) => file.name));
  const { owner } = conversation;
  const json = {
    version: 1,
    id,
    title: conversation.title,
    type: conversation.type,
    createdAt: conversation.createdAt,
    updatedAt: conversation.updatedAt,
    ...(Object.keys(owner).length === 0 ? {} : { owner }),
    ...(conversation.agent === undefined ? {} : { agent: conversation.agent }),
    ...(conversation.settings === undefined ? {} : { settings: conversation.settings }),
    messages: conversation.messages.map((message) => toMessage(message, names)),
    files: conversation.files.map(({ name, mediaType, description }) => ({
      name: names.get(name) ?? name,
      ...(mediaType === undefined ? {} : { mediaType }),
      ...(description === undefined ? {} : { description }),
    })),
  };
  return {
    json,
    files: new Map(conversation.files.map(({ name, content }) => [names.get(name) ?? name, content])),
  };
}

type Names = ReadonlyMap<string, string>;

function toMessage({ id, role, createdAt, parts }: Message, names: Names): object {
  const [only] = parts;
  const content =
    parts.length === 1 && only?.type === 'text' ? only.text : parts.map((part) => toPart(part, names));
  return { id, role, ...(createdAt === undefined ? {} : { createdAt }), content };
}

function toPart(part: Part, names: Names): object {
  if (part.type === 'image' || part.type === 'file')
    return { ...part, file: names.get(part.file) ?? part.file };
  if (part.type === 'tool-call' && part.subAgent)
    return { ...part, subAgent: toSubAgent(part.subAgent, names) };
  return part;
}

function toSubAgent({ name, messages }: SubAgent, names: Names): object {
  return {
    ...(name === undefined ? {} : { name }),
    messages: messages.map((message) => toMessage(message, names)),
  };
}

/** Bytes; some file systems take no more for one name. */
const longestSegment = 180;

/** Name → a path below `files/` that every file system takes, different for each. */
function safeNames(names: readonly string[]): Map<string, string> {
  const taken = new Set<string>();
  const safe = new Map<string, string>();
  for (const name of names) {
    const plain = safePath(name);
    const [, stem = plain, extension = ''] = /^(.*?)(\.[^./]*)?$/s.exec(plain) ?? [];
    let path = plain;
    for (let n = 2; taken.has(keyOf(path)); n++) path = `${stem}-${n}${extension}`;
    taken.add(keyOf(path));
    safe.set(name, path);
  }
  return safe;
}

/** Two names that a file system may take for one. */
function keyOf(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

function safePath(name: string): string {
  const segments = name
    .toWellFormed()
    .split(/[/\\]/)
    .map((segment) => shorten(segment.replace(/[\p{Cc}<>:"|?*]/gu, '_').replace(/^\.+/, '_')))
    .filter((segment) => segment !== '' && segment !== '_');
  return segments.join('/') || 'file';
}

function shorten(segment: string): string {
  if (Buffer.byteLength(segment) <= longestSegment) return segment;
  const extension = /\.[^.]{1,12}$/.exec(segment)?.[0] ?? '';
  let stem = segment.slice(0, longestSegment);
  while (Buffer.byteLength(stem + extension) > longestSegment) stem = Array.from(stem).slice(0, -1).join('');
  return stem + extension;
}
