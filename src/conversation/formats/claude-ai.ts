import type { Conversation, Message, Part, Reading, SourceLink, ToolCallPart } from '../conversation.ts';
import { AttachedFiles } from './attached-files.ts';
import { branchOf } from './branch.ts';
import { linkOf, sourcesPart } from './citations.ts';
import type { Attachments, Detection, DocumentFormat, ReadOptions } from './format.ts';
import { InlineFiles, textName } from './inline-files.ts';
import { Tally } from './tally.ts';
import { timesOrOwn } from './times.ts';
import { firstWords, oneLine } from './titles.ts';
import type { TreeNode } from './tree.ts';
import { listOf, objectOf, objectsOf, scalarsOf, textOf, timeOf, type JsonObject } from './untyped.ts';
import { noMessages } from './no-messages.ts';

/*
 * Claude.ai's data export holds the conversations of an account in `conversations.json`. Older exports are lists of
 * messages; newer ones, and what its web page is given, name the message before each, because a message that was edited
 * or answered again stays in the list. The layout is not documented; this was read off exports of 2024 to 2026.
 */

/** An export, or one conversation of it, as browser extensions save it. */
export const claudeAi: DocumentFormat = {
  kind: 'claude-ai',
  tool: 'Claude.ai',
  shape: 'document',
  detect: ({ document }) => detectExport(document),
  read,
};

/** Beside it lie `design_chats/*.json` with `messages`, `projects/*.json` with `docs`, and `memories.json`. */
function detectExport(document: unknown): Detection | undefined {
  const why = 'it has chat_messages with a sender';
  if (Array.isArray(document)) return document.some(isConversation) ? { why, many: true } : undefined;
  return isConversation(document) ? { why } : undefined;
}

function isConversation(value: unknown): boolean {
  const source = objectOf(value);
  const messages = source?.['chat_messages'];
  if (!source || !Array.isArray(messages)) return false;
  // A conversation that was opened and left stands in an export, too.
  if (messages.length === 0) return 'uuid' in source && 'created_at' in source;
  const first = objectOf(messages[0]) ?? {};
  return ['sender', 'role'].some((key) => key in first) && ['text', 'content'].some((key) => key in first);
}

async function read(value: unknown, options: ReadOptions, attachments: Attachments): Promise<Reading> {
  const source = objectOf(value) ?? {};
  const losses = new Tally();
  const entries = entriesOf(source, losses);
  const isShown = (entry: Entry) => entry.isShown;
  if (!entries.some(isShown)) throw noMessages('conversation');

  const { path, branch } = branchOf(entries, {
    isShown,
    current: textOf(source['current_leaf_message_uuid']),
    wanted: options.branch,
    losses,
  });
  const files = new InlineFiles();
  const teller = new Teller(new AttachedFiles(attachments, files, losses), files, losses);
  for (const entry of path) await teller.take(entry);
  const { messages } = teller;
  const title = oneLine(textOf(source['name']) ?? textOf(source['title']) ?? '');
  const conversation: Conversation = {
    title: title || (firstWords(messages) ?? options.fallbackTitle),
    type: 'chat',
    ...timesOrOwn(messages, options.fallbackTime, {
      createdAt: timeOf(source['created_at']),
      updatedAt: timeOf(source['updated_at']),
    }),
    owner: {},
    agent: {
      tool: 'Claude.ai',
      ...(typeof source['uuid'] === 'string' && { sessionId: source['uuid'] }),
      ...scalarsOf(source, ['model', 'project_uuid']),
    },
    settings: objectOf(source['settings']) ? scalarsOf(objectOf(source['settings']) ?? {}, settingNames) : {},
    messages,
    files: files.shown(messages),
  };
  return { conversation, losses: { ...losses.toLosses(), branch } };
}

const settingNames = [
  'enabled_web_search',
  'paprika_mode',
  'thinking_mode',
  'preview_feature_uses_artifacts',
];

// ── The list of messages ─────────────────────────────────────────────────────────────────────────────────────────

interface Entry extends TreeNode {
  role: 'user' | 'assistant';
  message: JsonObject;
  isShown: boolean;
}

/** A message that names none before it, or one that is not there, follows the one before it in the list. */
function entriesOf(source: JsonObject, losses: Tally): Entry[] {
  const messages = objectsOf(source['chat_messages']);
  const lost = listOf(source['chat_messages']).length - messages.length;
  for (let n = 0; n < lost; n += 1) losses.unknown('message that is no object');
  const ids = new Set(messages.map((message) => textOf(message['uuid'])));
  let before: string | undefined;
  return messages.map((message, index) => {
    const id = textOf(message['uuid']) ?? `message-${index + 1}`;
    const named = textOf(message['parent_message_uuid']);
    const isRoot = named?.startsWith('00000000-0000-4000-8000-') ?? false;
    const parent = named !== undefined && ids.has(named) ? named : isRoot ? undefined : before;
    before = id;
    const sender = textOf(message['sender']) ?? textOf(message['role']) ?? 'nobody';
    const isShown = ['human', 'user', 'assistant'].includes(sender);
    if (sender === 'system') losses.hide('system message');
    else if (!isShown) losses.unknown(`message of ${sender}`);
    return { id, parent, role: sender === 'assistant' ? 'assistant' : 'user', message, isShown };
  });
}

// ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Call {
  id: string | undefined;
  part: ToolCallPart;
  /** Of the message that the call stands in. */
  parts: Part[];
}

class Teller {
  readonly messages: Message[] = [];
  readonly #attached: AttachedFiles;
  readonly #files: InlineFiles;
  readonly #losses: Tally;
  /** Calls that have no answer yet. */
  readonly #waiting = new Set<Call>();

  constructor(attached: AttachedFiles, files: InlineFiles, losses: Tally) {
    this.#attached = attached;
    this.#files = files;
    this.#losses = losses;
  }

  async take({ id, role, message }: Entry): Promise<void> {
    const parts: Part[] = [];
    const blocks = objectsOf(message['content']);
    for (const block of blocks) await this.#block(block, parts);
    // Older exports have no content, and a content of thoughts and tools alone says nothing that the text does not.
    if (!parts.some((part) => part.type === 'text'))
      parts.push(...textParts(textOf(message['text']) || textOf(message['content']) || ''));
    parts.push(...(await this.#filesOf(message)), ...sourcesPart(blocks.flatMap(citedIn)));
    if (parts.length === 0) {
      if (blocks.length === 0) this.#losses.hide('empty message');
      return;
    }
    const time = timeOf(message['created_at']);
    this.messages.push({ id, role, ...(time !== undefined && { createdAt: time }), parts });
  }

  async #block(block: JsonObject, parts: Part[]): Promise<void> {
    const type = textOf(block['type']) ?? '';
    switch (type) {
      case 'text':
      case 'voice_note':
        parts.push(...textParts(textOf(block['text']) ?? ''));
        return;
      case 'thinking':
        this.#think(block, parts);
        return;
      case 'redacted_thinking':
        this.#losses.hide('encrypted reasoning');
        return;
      case 'tool_use':
      case 'server_tool_use':
        this.#call(block, parts);
        return;
      case 'tool_result':
        await this.#answer(block, parts);
        return;
      case 'image':
      case 'document':
        parts.push(await this.#file(block, type === 'image'));
        return;
      case 'token_budget':
        this.#losses.hide('bookkeeping');
        return;
      case 'flag':
        this.#losses.hide('notice of the program');
        return;
      default:
        this.#losses.unknown(`block ${type || 'without a type'}`);
    }
  }

  #think(block: JsonObject, parts: Part[]): void {
    const summaries = objectsOf(block['summaries']).map((item) => textOf(item['summary']) ?? '');
    const text = textOf(block['thinking']) || summaries.filter(Boolean).join('\n\n');
    if (text.trim() === '') this.#losses.hide('encrypted reasoning');
    else parts.push({ type: 'thinking', text });
  }

  #call(block: JsonObject, parts: Part[]): void {
    const part: ToolCallPart = {
      type: 'tool-call',
      name: textOf(block['name']) ?? 'tool',
      input: this.#losses.inputOf(block['input']),
      status: 'pending',
    };
    parts.push(part);
    this.#waiting.add({ id: textOf(block['id']), part, parts });
  }

  async #answer(block: JsonObject, parts: Part[]): Promise<void> {
    const call = this.#called(block, parts);
    this.#waiting.delete(call);
    const content = block['content'];
    const texts = typeof content === 'string' ? [content.toWellFormed()] : [];
    const files: Part[] = [];
    for (const item of objectsOf(content)) {
      const text = resultText(item);
      if (text !== undefined) texts.push(text);
      else if (isFile(item)) files.push(await this.#file(item, item['type'] === 'image'));
      else this.#losses.unknown(`tool result block ${textOf(item['type']) ?? 'without a type'}`);
    }
    call.part.output = texts.filter((text) => text !== '').join('\n\n');
    call.part.status = block['is_error'] === true ? 'failed' : 'done';
    call.parts.splice(call.parts.indexOf(call.part) + 1, 0, ...files);
  }

  /** Exports of 2025 have no ids: there the first call of the same tool is meant. */
  #called(block: JsonObject, parts: Part[]): Call {
    const id = textOf(block['tool_use_id']);
    const name = textOf(block['name']);
    const waiting = [...this.#waiting];
    const call =
      (id === undefined ? undefined : waiting.find((each) => each.id === id)) ??
      waiting.find((each) => each.part.name === name && (each.id === undefined || id === undefined)) ??
      (name === undefined && id === undefined ? waiting[0] : undefined);
    if (call) return call;
    const part: ToolCallPart = { type: 'tool-call', name: name ?? 'tool', input: null, status: 'done' };
    parts.push(part);
    return { id, part, parts };
  }

  async #filesOf(message: JsonObject): Promise<Part[]> {
    const parts: Part[] = [];
    const extracted = new Set<string>();
    for (const attachment of objectsOf(message['attachments'])) {
      const name = baseName(textOf(attachment['file_name']));
      const text = textOf(attachment['extracted_content']) ?? '';
      if (name !== undefined) extracted.add(name);
      parts.push(
        text === ''
          ? await this.#file(attachment, isImageName(name))
          : this.#files.addText(textName(name ?? 'pasted.txt'), text),
      );
    }
    for (const file of objectsOf(message['files'])) {
      const name = baseName(textOf(file['file_name']));
      if (name === undefined || !extracted.has(name))
        parts.push(await this.#file(file, file['file_kind'] === 'image' || isImageName(name)));
    }
    return parts;
  }

  async #file(record: JsonObject, isImage: boolean): Promise<Part> {
    const source = objectOf(record['source']);
    const base64 = source?.['type'] === 'base64' ? textOf(source['data']) : undefined;
    if (base64)
      return this.#files.add({
        base64,
        mediaType: textOf(source?.['media_type']) ?? 'application/octet-stream',
      });
    return this.#attached.show({
      id: textOf(record['file_uuid']) ?? textOf(record['uuid']),
      name: baseName(textOf(record['file_name']) ?? textOf(record['name'])),
      mediaType: textOf(record['mime_type']),
      isImage,
    });
  }
}

/** What Claude.ai writes into `text` for a block that a phone could not show. */
const placeholder = /```\s*This block is not supported on your current device yet\.?\s*```/g;

/**
 * Until late in 2024 an artifact, and what Claude thought before making it, stood between tags in the text. They become
 * what they are in later exports.
 */
function textParts(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  const plain = (to: number) => {
    const words = text.slice(from, to).replace(placeholder, '').replace(/^\n+/, '').trimEnd();
    if (words !== '') parts.push({ type: 'text', text: words });
  };
  for (const opening of text.matchAll(/<(antThinking|antArtifact)((?:\s[\w-]+="[^"]*")*)\s*>/g)) {
    const [tag, name = '', attributes = ''] = opening;
    if (opening.index < from) continue;
    const closing = text.indexOf(`</${name}>`, opening.index);
    const end = closing === -1 ? text.length : closing;
    plain(opening.index);
    const inside = text.slice(opening.index + tag.length, end).trim();
    if (name === 'antArtifact') parts.push(artifact(attributes, inside));
    else if (inside !== '') parts.push({ type: 'thinking', text: inside });
    from = closing === -1 ? text.length : closing + `</${name}>`.length;
  }
  plain(text.length);
  return parts;
}

function artifact(attributes: string, content: string): ToolCallPart {
  const fields = Array.from(attributes.matchAll(/([\w-]+)="([^"]*)"/g), ([, key, value]) => [key, value]);
  return {
    type: 'tool-call',
    name: 'artifacts',
    input: { ...Object.fromEntries(fields), content },
    status: 'done',
  };
}

/** Undefined where the item of a result holds no text. */
function resultText(item: JsonObject): string | undefined {
  if (item['type'] === 'text') return textOf(item['text']) ?? '';
  if (item['type'] !== 'knowledge' && item['type'] !== 'rich_link') return undefined;
  return [item['title'], item['url'], item['text']]
    .map((field) => textOf(field) ?? '')
    .filter(Boolean)
    .join('\n');
}

function isFile(item: JsonObject): boolean {
  return ['image', 'document', 'local_resource'].includes(textOf(item['type']) ?? '');
}

function citedIn(block: JsonObject): SourceLink[] {
  if (block['type'] !== 'text') return [];
  return objectsOf(block['citations']).flatMap((citation) => [
    ...linkOf({ ...objectOf(citation['details']), ...scalarsOf(citation, ['url', 'title']) }),
    ...objectsOf(citation['sources']).flatMap(linkOf),
  ]);
}

function baseName(path: string | undefined): string | undefined {
  return path?.split('/').at(-1) || undefined;
}

function isImageName(name: string | undefined): boolean {
  return /\.(?:png|jpe?g|gif|webp|heic)$/i.test(name ?? '');
}
