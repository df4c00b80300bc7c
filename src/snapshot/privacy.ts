import type { Conversation, Message, Part, SourceLink, SubAgent } from '../conversation/conversation.ts';
import { objectIn, redactText } from './json-text.ts';
import { toFilePreview, type FilePreview } from './preview.ts';
import { redactJson, redactor, type Redact } from './redact.ts';
import { toRounds } from './rounds.ts';
import type {
  Json,
  Snapshot,
  SnapshotFile,
  SnapshotMessage,
  SnapshotPart,
  SnapshotSource,
  SnapshotSubAgent,
  SnapshotZip,
} from './snapshot.ts';
import { toWebAddress } from './web-address.ts';

/** What the owner decided about one share. */
export interface Choice {
  /** Show thinking parts. Off unless the owner asks. */
  thinking: boolean;
  /** Let chat applications that preview the link show the title. Off unless the owner asks: what they keep stays. */
  preview: boolean;
  /** Publish nothing rather than a page of which a secret had to be hidden. */
  strict: boolean;
  /** Take out of pictures what the camera wrote into them, such as the place. */
  stripMetadata: boolean;
}

export const usualChoice: Choice = Object.freeze({
  thinking: false,
  preview: false,
  strict: false,
  stripMetadata: false,
});

/** What was found out about the conversation's files, in the order of `Conversation.files`. */
export type FileFacts = PublishedFacts | WithheldFacts;

interface Facts {
  /** Made from `publicNames`. */
  displayName: string;
  mediaType: string;
  kind: string;
  sizeBytes: number;
}

/** Kinds of the secrets that were found in the file. */
export interface WithheldFacts extends Facts {
  withheld: string[];
}

export interface PublishedFacts extends Facts {
  path: string;
  sha256: string;
  width?: number;
  height?: number;
  /** Not redacted, and longer than what is shown. */
  preview?: FilePreview;
}

/**
 * Keeps the public part of a conversation. The only door from private to public.
 *
 * Fields are named one by one and never spread: a field added to `Conversation` tomorrow
 * stays private until someone adds it to `Snapshot`.
 */
export function toSnapshot(
  conversation: Conversation,
  facts: readonly FileFacts[],
  zip: SnapshotZip | undefined,
  choice: Pick<Choice, 'thinking'>,
): Snapshot {
  const redact = redactor(conversation.owner);
  const door: Door = { redact, choice, files: indexByName(conversation) };
  return {
    version: 1,
    title: redact(conversation.title),
    type: redact(conversation.type),
    createdAt: conversation.createdAt,
    updatedAt: conversation.updatedAt,
    rounds: toRounds(conversation.messages.flatMap((message) => toMessage(message, door))),
    files: facts.map((fact, index) => toFile(fact, conversation.files[index]?.description, redact)),
    ...(zip === undefined ? {} : { zip: { path: zip.path, sizeBytes: zip.sizeBytes } }),
  };
}

/** What viewers may see the conversation and its files called; paths of the output are made from it. */
export function publicNames(conversation: Conversation): { title: string; fileNames: string[] } {
  const redact = redactor(conversation.owner);
  return {
    title: redact(conversation.title),
    fileNames: conversation.files.map((file) => redact(file.name)),
  };
}

interface Door {
  redact: Redact;
  choice: Pick<Choice, 'thinking'>;
  files: ReadonlyMap<string, number>;
}

function indexByName(conversation: Conversation): Map<string, number> {
  return new Map(conversation.files.map((file, index) => [file.name, index]));
}

/** System and developer messages never pass; a message with nothing left to show is left out. */
function toMessage(message: Message, door: Door): SnapshotMessage[] {
  const { role } = message;
  if (role !== 'user' && role !== 'assistant' && role !== 'tool') return [];
  const parts = message.parts.flatMap((part) => toPart(part, door));
  if (parts.length === 0) return [];
  return [{ role, ...(message.createdAt === undefined ? {} : { createdAt: message.createdAt }), parts }];
}

function toPart(part: Part, door: Door): SnapshotPart[] {
  const { redact, choice, files } = door;
  switch (part.type) {
    case 'text':
      return part.text.trim() === '' ? [] : [{ type: 'text', text: redact(part.text) }];
    case 'thinking':
      return choice.thinking && part.text.trim() !== ''
        ? [{ type: 'thinking', text: redact(part.text) }]
        : [];
    case 'tool-call':
      return [
        {
          type: 'tool-call',
          name: redact(part.name),
          input: redactJson(toInput(part.input), redact),
          ...(part.output === undefined ? {} : { output: redactText(part.output, redact) }),
          status: part.status,
          ...toSubAgent(part.subAgent, door),
        },
      ];
    case 'image': {
      const file = files.get(part.file);
      return file === undefined ? [] : [{ type: 'image', file, alt: redact(part.alt ?? '') }];
    }
    case 'file': {
      const file = files.get(part.file);
      return file === undefined ? [] : [{ type: 'file', file }];
    }
    case 'sources': {
      const sources = toSources(part.sources, redact);
      return sources.length === 0 ? [] : [{ type: 'sources', sources }];
    }
  }
}

/** The same door again: what may not pass from a message may not pass from one of a sub-agent. */
function toSubAgent(agent: SubAgent | undefined, door: Door): { subAgent?: SnapshotSubAgent } {
  const rounds = toRounds((agent?.messages ?? []).flatMap((message) => toMessage(message, door)));
  if (rounds.length === 0) return {};
  const name = door.redact(agent?.name ?? '').trim();
  return { subAgent: { ...(name === '' ? {} : { name }), rounds } };
}

/** Each address once, under the first title it has. */
function toSources(links: readonly SourceLink[], redact: Redact): SnapshotSource[] {
  const byUrl = new Map<string, SnapshotSource>();
  for (const link of links) {
    const url = toWebAddress(link.url, redact);
    if (url === undefined || byUrl.get(url)?.title !== undefined) continue;
    const title = redact(link.title ?? '').trim();
    byUrl.set(url, { ...(title === '' ? {} : { title }), url });
  }
  return [...byUrl.values()];
}

function toFile(fact: FileFacts, description: string | undefined, redact: Redact): SnapshotFile {
  const label = {
    name: fact.displayName,
    mediaType: fact.mediaType,
    kind: fact.kind,
    sizeBytes: fact.sizeBytes,
    ...(description === undefined ? {} : { description: redact(description) }),
  };
  if ('withheld' in fact) return { ...label, withheld: [...fact.withheld] };
  return {
    ...label,
    path: fact.path,
    sha256: fact.sha256,
    ...(fact.width === undefined ? {} : { width: fact.width }),
    ...(fact.height === undefined ? {} : { height: fact.height }),
    ...(fact.preview === undefined ? {} : { preview: toFilePreview(fact.preview, redact) }),
  };
}

/** Some programs hand a tool's input on as the JSON text it came in. It is redacted as it reads, not as it is escaped. */
function toInput(input: unknown): Json {
  return toJson(typeof input === 'string' ? (objectIn(input) ?? input) : input);
}

/** Readers parse JSON, so a tool's input is JSON already; what is not becomes null rather than a surprise. */
function toJson(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object') return null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}
