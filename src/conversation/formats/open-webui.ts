import type { Conversation, Message, Part, Reading, SourceLink, ToolCallPart } from '../conversation.ts';
import { missingFile } from './attached-files.ts';
import { branchOf } from './branch.ts';
import { linkOf, sourcesPart } from './citations.ts';
import { dividedThoughts } from './dialogue.ts';
import type { Detection, DocumentFormat, ReadOptions } from './format.ts';
import { decoded, detailsIn, type Details } from './html-details.ts';
import { dataUrl, InlineFiles, textName } from './inline-files.ts';
import { Tally } from './tally.ts';
import { timesOf } from './times.ts';
import { firstWords, oneLine } from './titles.ts';
import type { TreeNode } from './tree.ts';
import {
  jsonOrText,
  listOf,
  objectOf,
  objectsOf,
  scalarsOf,
  textOf,
  timeOf,
  type JsonObject,
} from './untyped.ts';
import { noMessages } from './no-messages.ts';

/*
 * Open WebUI exports all chats of a user, or one, as a list of records whose `chat` holds the messages: as a tree,
 * `history`, of which `currentId` is shown last, and once more as the list `messages`. What an answer is made of stands
 * in `output` since 2026, and before as HTML in its text. Read off its source, which is public.
 */

export const openWebUi: DocumentFormat = {
  kind: 'open-webui',
  tool: 'Open WebUI',
  shape: 'document',
  detect: ({ document }) => detectExport(document),
  read,
};

function detectExport(document: unknown): Detection | undefined {
  const why = 'a chat has a history of messages';
  if (Array.isArray(document)) return document.some(isExport) ? { why, many: true } : undefined;
  return isExport(document) ? { why } : undefined;
}

function isExport(value: unknown): boolean {
  const chat = chatOf(value);
  if (!chat) return false;
  const history = objectOf(chat['history']);
  const messages = objectOf(history?.['messages']);
  if (messages) {
    const first = objectOf(Object.values(messages)[0]);
    return first ? 'role' in first && 'parentId' in first : history !== undefined && 'currentId' in history;
  }
  // Of the list alone something must tell that it is this tool's.
  return (
    'chat' in (objectOf(value) ?? {}) && objectsOf(chat['messages']).some((message) => 'role' in message)
  );
}

/** The record of a chat, or its `chat` alone. */
function chatOf(value: unknown): JsonObject | undefined {
  const record = objectOf(value);
  return objectOf(record?.['chat']) ?? (objectOf(record?.['history']) ? record : undefined);
}

function read(value: unknown, options: ReadOptions): Reading {
  const record = objectOf(value) ?? {};
  const chat = chatOf(value) ?? {};
  const losses = new Tally();
  const entries = entriesOf(chat, losses);
  const isShown = (entry: Entry) => entry.isShown;
  if (!entries.some(isShown)) throw noMessages('chat');

  const { path, branch } = branchOf(entries, {
    isShown,
    current: textOf(objectOf(chat['history'])?.['currentId']),
    wanted: options.branch,
    losses,
  });
  const files = new InlineFiles();
  const messages = path.flatMap((entry) => toMessage(entry, files, losses));
  const title = oneLine(textOf(record['title']) ?? textOf(chat['title']) ?? '');
  const conversation: Conversation = {
    title: title || (firstWords(messages) ?? options.fallbackTitle),
    type: 'chat',
    ...timesOf(messages, options.fallbackTime),
    owner: {},
    agent: agentOf(record, chat, path),
    settings: scalarsOf(objectOf(chat['params']) ?? {}, [
      'temperature',
      'top_p',
      'max_tokens',
      'num_ctx',
      'seed',
    ]),
    messages,
    files: files.shown(messages),
  };
  return { conversation, losses: { ...losses.toLosses(), branch } };
}

function agentOf(record: JsonObject, chat: JsonObject, path: readonly Entry[]): JsonObject {
  const model = path.map(({ message }) => textOf(message['model'])).findLast((name) => name !== undefined);
  const systemPrompt = textOf(objectOf(chat['params'])?.['system']) ?? textOf(chat['system']);
  const sessionId = textOf(record['id']) ?? textOf(chat['id']);
  return {
    tool: 'Open WebUI',
    ...scalarsOf({ sessionId, model: model ?? listOf(chat['models'])[0], systemPrompt }, [
      'sessionId',
      'model',
      'systemPrompt',
    ]),
  };
}

// ── The tree ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Entry extends TreeNode {
  role: 'user' | 'assistant';
  message: JsonObject;
  isShown: boolean;
}

/** In the list alone, each message follows the one before it. */
function entriesOf(chat: JsonObject, losses: Tally): Entry[] {
  const tree = Object.entries(objectOf(objectOf(chat['history'])?.['messages']) ?? {});
  if (tree.length > 0)
    return tree.map(([id, value]) => entryOf(id, textOf(objectOf(value)?.['parentId']), value, losses));
  let before: string | undefined;
  return listOf(chat['messages']).map((value, index) => {
    const entry = entryOf(textOf(objectOf(value)?.['id']) ?? `message-${index + 1}`, before, value, losses);
    before = entry.id;
    return entry;
  });
}

function entryOf(id: string, parent: string | undefined, value: unknown, losses: Tally): Entry {
  const message = objectOf(value) ?? {};
  const role = textOf(message['role']) ?? 'nobody';
  const isShown = role === 'user' || role === 'assistant';
  if (role === 'system' || role === 'developer') losses.hide('system message');
  else if (!isShown) losses.unknown(`message of ${role}`);
  return { id, parent, role: role === 'assistant' ? 'assistant' : 'user', message, isShown };
}

// ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

function toMessage({ id, role, message }: Entry, files: InlineFiles, losses: Tally): Message[] {
  const cited = citedBy(message);
  const told =
    role === 'user' ? contentParts(message['content'], files) : answerParts(message, files, losses);
  const parts = [
    ...told.map((part) => (part.type === 'text' ? { ...part, text: withLinks(part.text, cited) } : part)),
    ...objectsOf(message['code_executions']).map((execution) => codeExecution(execution, losses)),
    ...objectsOf(message['files']).flatMap((file) => filePart(file, files, losses)),
    ...sourcesPart(cited.flatMap((link) => link ?? [])),
  ];
  // What went wrong is told with addresses and names of the server.
  if (message['error']) losses.hide('notice of the program');
  if (textOf(objectOf(message['merged'])?.['content'])) losses.unknown('merged answer');
  if (parts.length === 0) {
    if (!message['error']) losses.hide('empty message');
    return [];
  }
  const time = timeOf(message['timestamp']);
  return [{ id, role, ...(time !== undefined && { createdAt: time }), parts }];
}

function answerParts(message: JsonObject, files: InlineFiles, losses: Tally): Part[] {
  const items = objectsOf(message['output']);
  const parts = new Output(files, losses).partsOf(items);
  if (parts.length > 0) return parts;
  return contentParts(message['content'], files, (text) => taggedParts(text, files, losses));
}

function contentParts(
  content: unknown,
  files: InlineFiles,
  textParts = (text: string) => files.addImagesIn(text),
): Part[] {
  if (typeof content === 'string') return textParts(content.toWellFormed());
  return objectsOf(content).flatMap((item) => {
    const image = dataUrl(textOf(objectOf(item['image_url'])?.['url']));
    return image ? [files.add(image)] : textParts(textOf(item['text']) ?? '');
  });
}

// ── An answer as items ───────────────────────────────────────────────────────────────────────────────────────────

class Output {
  readonly #files: InlineFiles;
  readonly #losses: Tally;

  constructor(files: InlineFiles, losses: Tally) {
    this.#files = files;
    this.#losses = losses;
  }

  partsOf(items: readonly JsonObject[]): Part[] {
    const results = new Map<string, JsonObject>();
    for (const item of items) {
      const id = textOf(item['call_id']);
      if (item['type'] === 'function_call_output' && id !== undefined) results.set(id, item);
    }
    return items.flatMap((item) => this.#itemParts(item, results));
  }

  #itemParts(item: JsonObject, results: ReadonlyMap<string, JsonObject>): Part[] {
    const type = textOf(item['type']) ?? '';
    switch (type) {
      case 'message':
        return objectsOf(item['content']).flatMap((part) =>
          plainParts(textOf(part['text']) ?? '', this.#files),
        );
      case 'reasoning':
        return this.#thinking(item);
      case 'function_call':
        return this.#call(item, results.get(textOf(item['call_id']) ?? ''));
      case 'function_call_output':
        return []; // joined to its call
      case 'open_webui:code_interpreter':
      case 'code_interpreter':
        return [codeCall(textOf(item['code']) ?? '', item['output'], statusOf(item['status']))];
      case 'web_search_call':
      case 'file_search_call':
      case 'computer_call': {
        const input = this.#losses.inputOf(item['action'] ?? item['queries']);
        return [
          { type: 'tool-call', name: type.replace(/_call$/, ''), input, status: statusOf(item['status']) },
        ];
      }
      default:
        this.#losses.unknown(`output ${type || 'without a type'}`);
        return [];
    }
  }

  #thinking(item: JsonObject): Part[] {
    const texts = [item['summary'], item['content']].map((list) =>
      objectsOf(list)
        .map((part) => textOf(part['text']) ?? '')
        .join('')
        .trim(),
    );
    const text = texts.find((each) => each !== '') ?? textOf(item['content'])?.trim() ?? '';
    if (text !== '') return [{ type: 'thinking', text }];
    this.#losses.hide('encrypted reasoning');
    return [];
  }

  #call(item: JsonObject, result: JsonObject | undefined): Part[] {
    const name = textOf(item['name']) ?? 'tool';
    const input = this.#losses.inputOf(jsonOrText(item['arguments']));
    if (result === undefined) return [{ type: 'tool-call', name, input, status: 'pending' }];
    const given = objectsOf(result['output']);
    const texts =
      typeof result['output'] === 'string'
        ? [textOf(result['output'])]
        : given.map((each) => textOf(each['text']));
    const images = given.flatMap((each) => {
      const image = dataUrl(textOf(each['image_url']));
      return image ? [this.#files.add(image)] : [];
    });
    return [
      {
        type: 'tool-call',
        name,
        input,
        output: texts.filter((text) => text !== undefined).join('\n'),
        status: statusOf(result['status']) === 'failed' ? 'failed' : 'done',
      },
      ...images,
      ...objectsOf(result['files']).flatMap((file) => filePart(file, this.#files, this.#losses)),
    ];
  }
}

function statusOf(status: unknown): ToolCallPart['status'] {
  if (status === 'failed' || status === 'incomplete') return 'failed';
  return status === 'in_progress' ? 'pending' : 'done';
}

function codeCall(code: string, output: unknown, status: ToolCallPart['status']): ToolCallPart {
  const record = objectOf(output);
  const texts = record
    ? ['stdout', 'stderr', 'result', 'output', 'error'].map((field) => textOf(record[field]) ?? '')
    : [textOf(output) ?? ''];
  const text = texts.filter((each) => each.trim() !== '').join('\n');
  const result = output === undefined || output === null ? {} : { output: text };
  return { type: 'tool-call', name: 'code_interpreter', input: code.trim(), ...result, status };
}

function codeExecution(execution: JsonObject, losses: Tally): Part {
  const result = objectOf(execution['result']);
  if (objectsOf(result?.['files']).length > 0) losses.unknown('file not in the export');
  const status = result === undefined ? 'pending' : textOf(result['error']) ? 'failed' : 'done';
  return codeCall(textOf(execution['code']) ?? '', result, status);
}

// ── An answer as text ────────────────────────────────────────────────────────────────────────────────────────────

function taggedParts(text: string, files: InlineFiles, losses: Tally): Part[] {
  const { elements, rest } = detailsIn(text, /^(?:reasoning|tool_calls|code_interpreter)$/);
  return [
    ...elements.flatMap((element) => [
      ...plainParts(element.before.trim(), files),
      ...elementParts(element, files, losses),
    ]),
    ...plainParts(rest.trim(), files),
  ];
}

/** Where the program did not know the tag of a model's thoughts, it stands in the text. */
function plainParts(text: string, files: InlineFiles): Part[] {
  const { thoughts, words } = dividedThoughts(text);
  return [...thoughts, ...files.addImagesIn(words)];
}

function elementParts({ type, attributes, inside }: Details, files: InlineFiles, losses: Tally): Part[] {
  const isDone = attributes.get('done') !== 'false';
  if (type === 'reasoning') {
    const thought = decoded(inside).replace(/^> ?/gm, '').trim();
    return thought === '' ? [] : [{ type: 'thinking', text: thought }];
  }
  if (type === 'code_interpreter') {
    const code = /^```[^\n]*\n([^]*?)\n?```$/.exec(inside)?.[1] ?? inside;
    const output = attributes.get('output');
    return [
      codeCall(code, output === undefined ? undefined : jsonOrText(output), isDone ? 'done' : 'pending'),
    ];
  }
  const result = attributes.get('result') ?? (inside === '' ? undefined : decoded(inside));
  return [
    {
      type: 'tool-call',
      name: attributes.get('name') ?? 'tool',
      // Text that is JSON, which was written as JSON once more.
      input: losses.inputOf(jsonOrText(jsonOrText(attributes.get('arguments')))),
      ...(result !== undefined && { output: asText(result) }),
      status: isDone ? 'done' : 'pending',
    },
    ...objectsOf(jsonOrText(attributes.get('files'))).flatMap((file) => filePart(file, files, losses)),
  ];
}

/** A text that was written as JSON; any other JSON as it stands. */
function asText(json: string): string {
  const value = jsonOrText(json);
  return typeof value === 'string' ? value.toWellFormed() : json;
}

// ── Files and sources ────────────────────────────────────────────────────────────────────────────────────────────

function filePart(record: JsonObject, files: InlineFiles, losses: Tally): Part[] {
  const type = textOf(record['type']) ?? 'file';
  const file = objectOf(record['file']);
  const name =
    textOf(record['name']) ??
    textOf(file?.['filename']) ??
    textOf(objectOf(file?.['meta'])?.['name']) ??
    undefined;
  const mediaType =
    textOf(record['content_type']) ?? textOf(objectOf(file?.['meta'])?.['content_type']) ?? '';
  const isImage = type === 'image' || mediaType.startsWith('image/');
  const data = dataUrl(textOf(record['url']));
  if (data) return [files.add({ ...data, ...(name !== undefined && !isImage && { name: baseName(name) }) })];
  const text = textOf(objectOf(file?.['data'])?.['content']) ?? textOf(record['content']) ?? '';
  if (isImage || ['file', 'doc', 'text'].includes(type))
    return [
      text === '' || isImage
        ? missingFile({ name: name && baseName(name), isImage }, losses)
        : files.addText(textName(baseName(name ?? 'document')), text),
    ];
  // Knowledge, notes, other chats, and results of a search, which the model was given to read.
  losses.hide('injected context');
  return [];
}

function baseName(name: string): string {
  return name.split('/').at(-1) ?? name;
}

/** In the order of the numbers by which a text cites them; undefined where one has no address. */
function citedBy(message: JsonObject): (SourceLink | undefined)[] {
  const cited = new Map<string, SourceLink | undefined>();
  for (const entry of objectsOf(message['sources'] ?? message['citations'])) {
    const source = objectOf(entry['source']) ?? {};
    for (const [index] of listOf(entry['document']).entries()) {
      const metadata = objectOf(listOf(entry['metadata'])[index]) ?? {};
      const id = textOf(metadata['source']) ?? textOf(source['id']) ?? 'N/A';
      if (cited.has(id)) continue;
      const url = [id, textOf(source['url']), textOf(source['name'])].find((each) =>
        /^https?:\/\//.test(each ?? ''),
      );
      const title = textOf(metadata['title']) ?? textOf(metadata['name']) ?? textOf(source['name']);
      cited.set(id, linkOf({ url, title: title === url ? '' : title })[0]);
    }
  }
  return [...cited.values()];
}

/** `[1]` and `[1, 2]` outside of code become links to what they cite. */
function withLinks(text: string, cited: readonly (SourceLink | undefined)[]): string {
  if (cited.length === 0) return text;
  return text.replace(
    /(```[^]*?(?:```|$)|`[^`\n]*`)|(?<!\w)\[(\d{1,3}(?:, ?\d{1,3})*)\](?![([:])/g,
    (whole, code, numbers) => {
      if (typeof code === 'string' || typeof numbers !== 'string') return whole;
      return numbers
        .split(/, ?/)
        .map((number) => {
          const url = cited[Number(number) - 1]?.url;
          return url === undefined || /[\s<>()]/.test(url) ? `[${number}]` : `[\\[${number}\\]](${url})`;
        })
        .join(' ');
    },
  );
}
