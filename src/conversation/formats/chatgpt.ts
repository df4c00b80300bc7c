import { ShareError } from '../../errors.ts';
import type { Conversation, Message, Part, Reading, SourceLink, ToolCallPart } from '../conversation.ts';
import { AttachedFiles, fileIdIn, type Attached } from './attached-files.ts';
import { branchOf } from './branch.ts';
import { linkOf, sourcesPart, withoutBlockMarks, withoutMarks } from './citations.ts';
import type { Attachments, Detection, DocumentFormat, ReadOptions } from './format.ts';
import { InlineFiles } from './inline-files.ts';
import { Tally } from './tally.ts';
import { timesOrOwn } from './times.ts';
import { firstWords, oneLine } from './titles.ts';
import type { TreeNode } from './tree.ts';
import {
  jsonOrText,
  listOf,
  objectOf,
  objectsOf,
  parseObject,
  scalarsOf,
  textOf,
  timeOf,
  type JsonObject,
} from './untyped.ts';
import { noMessages } from './no-messages.ts';

/*
 * ChatGPT's data export holds the conversations of an account in `conversations.json`, or in `conversations-000.json`
 * and so on. A conversation is a tree of nodes, `mapping`, of which `current_node` is the one shown last. One turn of
 * the assistant is several nodes: thoughts, calls of tools, the tools' answers, and the text. The layout is not
 * documented; this was read off exports of 2023 to 2026.
 */

/** An export, or one conversation of it, as browser extensions save it. */
export const chatGpt: DocumentFormat = {
  kind: 'chatgpt',
  tool: 'ChatGPT',
  shape: 'document',
  detect: ({ document }) => detectExport(document),
  read,
};

function detectExport(document: unknown): Detection | undefined {
  const why = 'a mapping of nodes with messages makes a tree';
  // Entries that the export lost have no mapping; others stand beside them.
  if (Array.isArray(document)) return document.some(isConversation) ? { why, many: true } : undefined;
  return isConversation(document) ? { why } : undefined;
}

function isConversation(value: unknown): boolean {
  const source = objectOf(value);
  const mapping = objectOf(source?.['mapping']);
  if (!source || !mapping) return false;
  const isTree = Object.values(mapping)
    .slice(0, 3)
    .every((node) => ['message', 'children'].some((key) => key in (objectOf(node) ?? {})));
  return (
    isTree && (textOf(source['current_node']) !== undefined || timeOf(source['create_time']) !== undefined)
  );
}

async function read(value: unknown, options: ReadOptions, attachments: Attachments): Promise<Reading> {
  const source = objectOf(value) ?? {};
  const mapping = objectOf(source['mapping']);
  if (!mapping)
    throw new ShareError('source_invalid', 'The entry has no mapping of messages: the export lost it.');
  const losses = new Tally();
  const nodes = Object.entries(mapping).map(([id, node]) => nodeOf(id, objectOf(node) ?? {}, losses));
  const isShown = (node: Node) => node.isShown;
  if (!nodes.some(isShown)) throw noMessages('conversation');

  const { path, branch } = branchOf(nodes, {
    isShown,
    current: textOf(source['current_node']),
    wanted: options.branch,
    losses,
  });
  const files = new InlineFiles();
  const teller = new Teller(attachments, files, losses);
  for (const node of path) await teller.take(node);
  const { messages } = teller;
  const conversation: Conversation = {
    title: oneLine(textOf(source['title']) ?? '') || (firstWords(messages) ?? options.fallbackTitle),
    type: 'chat',
    ...timesOrOwn(messages, options.fallbackTime, {
      createdAt: timeOf(source['create_time']),
      updatedAt: timeOf(source['update_time']),
    }),
    owner: {},
    agent: agentOf(source, path),
    settings: scalarsOf(source, [
      'memory_scope',
      'voice',
      'is_study_mode',
      'plugin_ids',
      'disabled_tool_ids',
    ]),
    messages,
    files: files.shown(messages),
  };
  return { conversation, losses: { ...losses.toLosses(), branch } };
}

function agentOf(source: JsonObject, path: readonly Node[]): JsonObject {
  const models = path.map(({ metadata }) => textOf(metadata['model_slug']));
  return {
    tool: 'ChatGPT',
    ...scalarsOf(
      {
        sessionId: textOf(source['conversation_id']) ?? textOf(source['id']),
        model: models.findLast((model) => model !== undefined) ?? textOf(source['default_model_slug']),
        customGpt: textOf(source['gizmo_id']),
      },
      ['sessionId', 'model', 'customGpt'],
    ),
  };
}

// ── Nodes ────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Node extends TreeNode {
  role: string;
  /** Of a tool: its name. */
  name: string;
  /** Whom the assistant speaks to: `all`, or a tool. */
  recipient: string;
  time: string | undefined;
  channel: string;
  content: JsonObject;
  contentType: string;
  metadata: JsonObject;
  isShown: boolean;
}

/** Counts a node that is not shown. */
function nodeOf(id: string, record: JsonObject, losses: Tally): Node {
  const message = objectOf(record['message']);
  const author = objectOf(message?.['author']) ?? {};
  const content = objectOf(message?.['content']) ?? {};
  const node = {
    id,
    parent: textOf(record['parent']),
    role: textOf(author['role']) ?? '',
    name: textOf(author['name']) ?? 'tool',
    recipient: textOf(message?.['recipient']) ?? 'all',
    time: timeOf(message?.['create_time']),
    channel: textOf(message?.['channel']) ?? '',
    content,
    contentType: textOf(content['content_type']) ?? (Array.isArray(content['parts']) ? 'text' : 'none'),
    metadata: objectOf(message?.['metadata']) ?? {},
  };
  const hiddenFor = message ? reasonToHide(node) : 'bookkeeping';
  if (hiddenFor !== undefined) losses.hide(hiddenFor);
  const isKnown = ['user', 'assistant', 'tool'].includes(node.role);
  if (hiddenFor === undefined && !isKnown) losses.unknown(`message of ${node.role || 'nobody'}`);
  return { ...node, isShown: hiddenFor === undefined && isKnown };
}

function reasonToHide(node: Omit<Node, 'isShown'>): string | undefined {
  const { role, contentType, metadata, name, recipient, content } = node;
  if (contentType === 'user_editable_context' || metadata['is_user_system_message'] === true)
    return 'custom instructions';
  // What ChatGPT keeps about the person, and the tool that writes it.
  if (contentType === 'model_editable_context' || name === 'bio' || recipient === 'bio') return 'memory';
  if (role === 'system' || role === 'developer') return 'system message';
  if (metadata['is_visually_hidden_from_conversation'] === true) return 'injected context';
  if (contentType === 'computer_initialize_state') return 'bookkeeping';
  const isEmpty =
    role !== 'tool' &&
    contentType === 'text' &&
    listOf(content['parts']).every(
      (part) => part === null || (typeof part === 'string' && part.trim() === ''),
    ) &&
    listOf(metadata['attachments']).length === 0;
  return isEmpty ? 'empty message' : undefined;
}

// ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Call {
  part: ToolCallPart;
  /** Of the message that the call stands in. */
  parts: Part[];
  /** Files of the answer stand behind the call. */
  last: Part;
}

/** The calls of a turn to one tool. */
interface Calls {
  waiting: Call[];
  latest: Call | undefined;
}

/** Tells the messages of a branch, node by node, and joins the answers of tools to their calls. */
class Teller {
  readonly messages: Message[] = [];
  readonly #attachments: Attachments;
  readonly #files: AttachedFiles;
  readonly #losses: Tally;
  #calls = new Map<string, Calls>();

  constructor(attachments: Attachments, files: InlineFiles, losses: Tally) {
    this.#attachments = attachments;
    this.#files = new AttachedFiles(attachments, files, losses);
    this.#losses = losses;
  }

  async take(node: Node): Promise<void> {
    if (node.role === 'tool') {
      await this.#answer(node);
      return;
    }
    if (node.role === 'assistant' && node.recipient !== 'all' && !isThinking(node)) {
      this.#call(node);
      return;
    }
    this.#endWaiting();
    if (node.role === 'user') this.#calls = new Map();
    const parts = await this.#partsOf(node);
    if (node.role === 'assistant') parts.push(...sourcesPart(sourcesOf(node.metadata)));
    this.#say(node, parts);
  }

  #say({ id, role, time }: Node, parts: Part[]): void {
    if (parts.length === 0) return;
    this.messages.push({
      id,
      role: role === 'user' ? 'user' : 'assistant',
      ...(time !== undefined && { createdAt: time }),
      parts,
    });
  }

  /** An answer may be hidden; the assistant has gone on, so that the tool is not at work any more. */
  #endWaiting(): void {
    for (const { waiting } of this.#calls.values()) for (const { part } of waiting) part.status = 'done';
  }

  #call(node: Node): void {
    const text = wordsOf(node.content);
    if (text === undefined) {
      this.#losses.unknown(`content ${node.contentType}`);
      return;
    }
    const isProgram = toolKey(node.recipient) === 'python';
    const part: ToolCallPart = {
      type: 'tool-call',
      name: node.recipient,
      input: isProgram || !/^\s*[{[]/.test(text) ? text : this.#losses.inputOf(jsonOrText(text)),
      status: 'pending',
    };
    const parts: Part[] = [part];
    const call = { part, parts, last: part };
    const calls = this.#callsOf(node.recipient);
    calls.waiting.push(call);
    calls.latest = call;
    this.#say(node, parts);
  }

  #callsOf(tool: string): Calls {
    const key = toolKey(tool);
    const calls = this.#calls.get(key) ?? { waiting: [], latest: undefined };
    this.#calls.set(key, calls);
    return calls;
  }

  /** Belongs to the first call of the tool that waits, or adds to what the latest gave. */
  async #answer(node: Node): Promise<void> {
    const calls = this.#callsOf(node.name);
    const call = calls.waiting.shift() ?? calls.latest ?? this.#uncalled(node, calls);
    const files = await this.#filesOf(node);
    const output = withoutMarks(outputOf(node));
    if (output === '' && files.length === 0 && wordsOf(node.content) === undefined)
      this.#losses.unknown(`content ${node.contentType}`);
    call.part.output = [call.part.output ?? '', output].filter((text) => text !== '').join('\n\n');
    call.part.status = hasFailed(node) ? 'failed' : 'done';
    call.parts.splice(call.parts.indexOf(call.last) + 1, 0, ...files);
    call.last = files.at(-1) ?? call.last;
  }

  /** Some tools are set to work by the program: those that look into the person's files, or make an image. */
  #uncalled(node: Node, calls: Calls): Call {
    const part: ToolCallPart = { type: 'tool-call', name: node.name, input: null, status: 'done' };
    const parts: Part[] = [part];
    this.#say(node, parts);
    calls.latest = { part, parts, last: part };
    return calls.latest;
  }

  async #partsOf(node: Node): Promise<Part[]> {
    const { content, contentType, role } = node;
    if (isThinking(node)) return this.#thinkingOf(node);
    if (contentType === 'text' || contentType === 'multimodal_text') {
      const parts: Part[] = [];
      for (const item of listOf(content['parts'])) parts.push(...(await this.#itemPart(item, node)));
      return [...parts, ...(await this.#attachmentsOf(node))];
    }
    const text = wordsOf(content);
    if (text === undefined || !quotedTypes.has(contentType)) {
      this.#losses.unknown(`content ${contentType}`);
      return [];
    }
    return textPart(contentType === 'code' ? fenced(text, textOf(content['language'])) : text, role);
  }

  #thinkingOf({ content, contentType }: Node): Part[] {
    const text =
      contentType === 'thoughts'
        ? objectsOf(content['thoughts'])
            .map(({ summary, content: words }) => [bold(textOf(summary)), textOf(words) ?? ''])
            .flatMap((pair) => pair.filter((piece) => piece.trim() !== ''))
            .join('\n\n')
        : (wordsOf(content) ?? '');
    if (text.trim() !== '') return [{ type: 'thinking', text: withoutMarks(text) }];
    this.#losses.hide('empty message');
    return [];
  }

  async #itemPart(item: unknown, { role, metadata }: Node): Promise<Part[]> {
    if (typeof item === 'string') return textPart(item, role);
    const record = objectOf(item);
    const type = textOf(record?.['content_type']) ?? '';
    if (record && type === 'image_asset_pointer')
      return [await this.#image(record['asset_pointer'], metadata)];
    if (type === 'audio_transcription') return textPart(textOf(record?.['text']) ?? '', role);
    // A person's voice and face are more than was said, which is written down beside them.
    if (/audio|video/.test(type)) this.#losses.hide('voice recording');
    else if (item !== null) this.#losses.unknown(`part ${type || typeof item}`);
    return [];
  }

  async #image(pointer: unknown, metadata: JsonObject): Promise<Part> {
    const id = fileIdIn(textOf(pointer));
    const attachment = objectsOf(metadata['attachments']).find((record) => idOf(record) === id);
    return this.#show({ ...attachedOf(attachment ?? {}), id, isImage: true });
  }

  /** Those that no part of the content shows. */
  async #attachmentsOf({ content, metadata }: Node): Promise<Part[]> {
    const shown = new Set(
      objectsOf(content['parts']).map((record) => fileIdIn(textOf(record['asset_pointer']))),
    );
    const parts: Part[] = [];
    for (const record of objectsOf(metadata['attachments']))
      if (!shown.has(idOf(record))) parts.push(await this.#show(attachedOf(record)));
    return parts;
  }

  async #show(attached: Attached): Promise<Part> {
    const names = await originalNames(this.#attachments);
    return this.#files.show({ ...attached, name: attached.name ?? names.get(attached.id ?? '') });
  }

  /** The images of a tool's answer. */
  async #filesOf({ content, metadata }: Node): Promise<Part[]> {
    const pointers = [
      ...objectsOf(content['parts'])
        .filter((record) => record['content_type'] === 'image_asset_pointer')
        .map((record) => record['asset_pointer']),
      ...objectsOf(objectOf(metadata['aggregate_result'])?.['messages'])
        .filter((record) => record['message_type'] === 'image')
        .map((record) => record['image_url']),
      objectOf(content['screenshot'])?.['asset_pointer'],
    ];
    const parts: Part[] = [];
    for (const pointer of pointers)
      if (typeof pointer === 'string') parts.push(await this.#image(pointer, metadata));
    return parts;
  }
}

function isThinking({ role, contentType, channel, recipient }: Node): boolean {
  if (role !== 'assistant') return false;
  if (contentType === 'thoughts' || contentType === 'reasoning_recap') return true;
  return channel === 'analysis' && recipient === 'all' && contentType === 'text';
}

/** `web.run` answers as `web`. */
function toolKey(tool: string): string {
  return tool.split('.', 1)[0] ?? tool;
}

function textPart(text: string, role: string): Part[] {
  const words = role === 'user' ? text.toWellFormed() : withoutMarks(withoutBlockMarks(text.toWellFormed()));
  return words.trim() === '' ? [] : [{ type: 'text', text: words }];
}

function bold(text: string | undefined): string {
  return text === undefined || text.trim() === '' ? '' : `**${text.trim()}**`;
}

function fenced(code: string, language: string | undefined): string {
  let fence = '```';
  for (const [run] of code.matchAll(/`{3,}/g)) if (run.length >= fence.length) fence = `${run}\``;
  return `${fence}${/^[\w+#-]+$/.test(language ?? '') && language !== 'unknown' ? language : ''}\n${code}\n${fence}`;
}

// ── Content ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Kinds of content that hold words beside `text`, `multimodal_text` and thoughts. */
const quotedTypes = new Set([
  'code',
  'execution_output',
  'stderr',
  'tether_quote',
  'tether_browsing_code',
  'tether_browsing_display',
  'sonic_webpage',
  'citable_code_output',
  'computer_output',
  'system_error',
]);

/** The words of a content, whatever its type calls them; undefined where its type is not known. */
function wordsOf(content: JsonObject): string | undefined {
  const text = (key: string) => textOf(content[key]) ?? '';
  switch (textOf(content['content_type']) ?? 'text') {
    case 'text':
    case 'multimodal_text':
      return listOf(content['parts'])
        .map((part) => textOf(part) ?? textOf(objectOf(part)?.['text']) ?? '')
        .filter((part) => part !== '')
        .join('\n');
    case 'code':
    case 'execution_output':
    case 'stderr':
    case 'tether_browsing_code':
      return text('text');
    case 'tether_quote':
    case 'sonic_webpage':
      return [text('title'), text('url'), text('text') || text('snippet')].filter(Boolean).join('\n');
    case 'tether_browsing_display':
      return text('result') || text('summary');
    case 'reasoning_recap':
      return text('content');
    case 'citable_code_output':
      return text('output_str');
    case 'computer_output':
      return '';
    case 'system_error':
      return [text('name'), text('text')].filter(Boolean).join(': ');
    default:
      return undefined;
  }
}

/** A search answers with a list of pages beside its content. */
function outputOf({ content, metadata }: Node): string {
  const pages = objectsOf(metadata['search_result_groups'])
    .flatMap((group) => objectsOf(group['entries']))
    .flatMap(linkOf)
    .map(({ title, url }) => (title === undefined ? url : `${title}\n${url}`));
  return [wordsOf(content) ?? '', ...pages].filter((text) => text.trim() !== '').join('\n\n');
}

function hasFailed({ contentType, metadata }: Node): boolean {
  const status = textOf(objectOf(metadata['aggregate_result'])?.['status']) ?? '';
  return contentType === 'system_error' || status.startsWith('failed');
}

function sourcesOf(metadata: JsonObject): SourceLink[] {
  const cited = objectsOf(metadata['citations']).flatMap((citation) => linkOf(citation['metadata']));
  const referenced = objectsOf(metadata['content_references']).flatMap((reference) => [
    ...linkOf(reference),
    ...[...objectsOf(reference['items']), ...objectsOf(reference['sources'])].flatMap((item) => [
      ...linkOf(item),
      ...objectsOf(item['supporting_websites']).flatMap(linkOf),
    ]),
  ]);
  return [...cited, ...referenced];
}

// ── Attachments ──────────────────────────────────────────────────────────────────────────────────────────────────

function idOf(attachment: JsonObject): string | undefined {
  const id = textOf(attachment['id']);
  return fileIdIn(id) ?? id;
}

function attachedOf(attachment: JsonObject): Attached {
  const mediaType = textOf(attachment['mime_type']) ?? textOf(attachment['mimeType']);
  return {
    id: idOf(attachment),
    name: textOf(attachment['name']),
    mediaType,
    isImage: mediaType?.startsWith('image/') ?? false,
  };
}

const mostNamesBytes = 16 * 1024 * 1024;
const namesByExport = new WeakMap<Attachments, Promise<ReadonlyMap<string, string>>>();

/** Exports since 2026 hold their files as `<id>.dat`, and a list of what they were called. */
function originalNames(attachments: Attachments): Promise<ReadonlyMap<string, string>> {
  const known = namesByExport.get(attachments) ?? readNames(attachments);
  namesByExport.set(attachments, known);
  return known;
}

async function readNames(attachments: Attachments): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const list of attachments.names.filter((name) =>
    /(?:^|\/)conversation_asset_file_names\.json$/.test(name),
  )) {
    const text = new TextDecoder().decode(await attachments.head(list, mostNamesBytes));
    for (const [member, name] of Object.entries(parseObject(text) ?? {})) {
      const id = fileIdIn(member);
      const called = textOf(name)?.split('/').at(-1) ?? '';
      if (id !== undefined && called !== '') names.set(id, called);
    }
  }
  return names;
}
