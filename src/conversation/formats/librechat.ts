import type { Conversation, Message, Part, Reading, SourceLink, ToolCallPart } from '../conversation.ts';
import { missingFile } from './attached-files.ts';
import { branchOf } from './branch.ts';
import { sourcesPart, withoutBlockMarks, withoutMarks } from './citations.ts';
import { dividedThoughts, thinkingParts } from './dialogue.ts';
import type { DocumentFormat, Head, ReadOptions } from './format.ts';
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
 * LibreChat exports one conversation to one file: its messages as a list, in which each names the one before it, or
 * nested, each within the one before it. Read off its source, which is public.
 */

export const libreChat: DocumentFormat = {
  kind: 'librechat',
  tool: 'LibreChat',
  shape: 'document',
  detect: ({ document }: Head) =>
    isExport(document) ? { why: 'its messages have a messageId and it has a conversationId' } : undefined,
  read,
};

function isExport(document: unknown): boolean {
  const source = objectOf(document);
  if (!source || !('conversationId' in source)) return false;
  const first = messagesOf(source)[0];
  return first ? 'messageId' in first : 'exportAt' in source && 'recursive' in source;
}

function messagesOf(source: JsonObject): JsonObject[] {
  const messages = source['messagesTree'] ?? source['messages'];
  // Nested below a first one that is no message, in some versions.
  return Array.isArray(messages) ? objectsOf(messages) : objectsOf(objectOf(messages)?.['children']);
}

function read(value: unknown, options: ReadOptions): Reading {
  const source = objectOf(value) ?? {};
  const losses = new Tally();
  const entries = entriesOf(messagesOf(source), losses);
  const isShown = (entry: Entry) => entry.isShown;
  if (!entries.some(isShown)) throw noMessages('conversation');

  // Which of several answers was shown last is not written down: the program begins with the newest.
  const { path, branch } = branchOf(entries, { isShown, current: undefined, wanted: options.branch, losses });
  const files = new InlineFiles();
  const teller = new Teller(files, losses);
  const messages = path.flatMap((entry) => teller.tell(entry));
  const conversation: Conversation = {
    title: oneLine(textOf(source['title']) ?? '') || (firstWords(messages) ?? options.fallbackTitle),
    type: 'chat',
    ...timesOf(messages, options.fallbackTime),
    owner: {},
    agent: agentOf(source, path),
    settings: scalarsOf(objectOf(source['options']) ?? {}, settingNames),
    messages,
    files: files.shown(messages),
  };
  return { conversation, losses: { ...losses.toLosses(), branch } };
}

const settingNames = [
  'temperature',
  'top_p',
  'topP',
  'topK',
  'max_tokens',
  'maxOutputTokens',
  'reasoning_effort',
];

function agentOf(source: JsonObject, path: readonly Entry[]): JsonObject {
  const models = path.map(({ message }) => textOf(message['model']));
  const options = objectOf(source['options']) ?? {};
  return {
    tool: 'LibreChat',
    ...scalarsOf(
      {
        sessionId: source['conversationId'],
        model: models.findLast((model) => model !== undefined) ?? options['model'],
        endpoint: source['endpoint'],
      },
      ['sessionId', 'model', 'endpoint'],
    ),
    ...scalarsOf(options, ['promptPrefix', 'system', 'instructions', 'agent_id', 'assistant_id']),
  };
}

// ── The tree ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Entry extends TreeNode {
  role: 'user' | 'assistant';
  message: JsonObject;
  isShown: boolean;
}

interface Place {
  message: JsonObject;
  /** Of the message that it is nested in. */
  parent: string | undefined;
}

const noParent = '00000000-0000-0000-0000-000000000000';

/** A message of the list whose parent the export left out follows the one before it. */
function entriesOf(messages: readonly JsonObject[], losses: Tally): Entry[] {
  const entries: Entry[] = [];
  const ids = new Set<string>();
  for (const { message, parent } of flat(messages)) {
    const id = textOf(message['messageId']) ?? `message-${entries.length + 1}`;
    const named = textOf(message['parentMessageId']);
    const before = named === noParent ? undefined : entries.at(-1)?.id;
    const entry = {
      id,
      parent: parent ?? (named !== undefined && ids.has(named) ? named : before),
      role: isOfPerson(message) ? ('user' as const) : ('assistant' as const),
      message,
      isShown: message['error'] !== true,
    };
    // What went wrong is told with keys and addresses of the server.
    if (!entry.isShown) losses.hide('notice of the program');
    ids.add(id);
    entries.push(entry);
  }
  return entries;
}

/** Every message, each before those that are nested in it. Without recursion: a conversation nests as deep as it is long. */
function* flat(messages: readonly JsonObject[]): Generator<Place> {
  const stack: Place[] = messages.map((message) => ({ message, parent: undefined })).reverse();
  for (let place = stack.pop(); place; place = stack.pop()) {
    yield place;
    const parent = textOf(place.message['messageId']);
    for (const message of objectsOf(place.message['children']).reverse()) stack.push({ message, parent });
  }
}

function isOfPerson(message: JsonObject): boolean {
  const isCreatedByUser = message['isCreatedByUser'];
  return typeof isCreatedByUser === 'boolean' ? isCreatedByUser : message['sender'] === 'User';
}

// ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

class Teller {
  readonly #files: InlineFiles;
  readonly #losses: Tally;

  constructor(files: InlineFiles, losses: Tally) {
    this.#files = files;
    this.#losses = losses;
  }

  tell({ id, role, message }: Entry): Message[] {
    const attachments = objectsOf(message['attachments']);
    const content = listOf(message['content']).flatMap((item) =>
      this.#item(objectOf(item), role, attachments),
    );
    const told = content.length > 0 ? content : this.#text(textOf(message['text']) ?? '', role);
    const parts = [
      ...told,
      ...objectsOf(message['files']).map((file) => this.#file(file)),
      ...attachments.flatMap((attachment) => this.#attachment(attachment)),
      ...sourcesPart(role === 'user' ? [] : citedIn(message, attachments)),
    ];
    if (parts.length === 0) {
      if (listOf(message['content']).length === 0) this.#losses.hide('empty message');
      return [];
    }
    const time = timeOf(message['createdAt']);
    return [{ id, role, ...(time !== undefined && { createdAt: time }), parts }];
  }

  #item(item: JsonObject | undefined, role: Entry['role'], attachments: readonly JsonObject[]): Part[] {
    const type = textOf(item?.['type']) ?? '';
    switch (type) {
      case 'text':
        return this.#text(valueOf(item?.['text']), role);
      case 'think':
      case 'reasoning':
        return thinkingParts(valueOf(item?.['think'] ?? item?.['reasoning'] ?? item?.['text']));
      case 'tool_call':
        return [this.#call(objectOf(item?.['tool_call']) ?? {})];
      case 'image_file': {
        const file = objectOf(item?.['image_file']) ?? {};
        // An image that a tool made is listed as its attachment, too.
        return attachments.some(
          (each) => each['file_id'] !== undefined && each['file_id'] === file['file_id'],
        )
          ? []
          : [this.#image(file)];
      }
      case 'image_url': {
        const url = item?.['image_url'];
        return [this.#image({ filepath: typeof url === 'string' ? url : objectOf(url)?.['url'] })];
      }
      case 'input_audio':
        this.#losses.hide('voice recording');
        return [];
      case 'agent_update':
        this.#losses.hide('bookkeeping');
        return [];
      case 'summary':
        this.#losses.hide('compaction summary');
        return [];
      case 'error':
        this.#losses.hide('notice of the program');
        return [];
      default:
        this.#losses.unknown(`content ${type || 'without a type'}`);
        return [];
    }
  }

  /**
   * Until 2025 thoughts stood between `:::thinking` and `:::` at the begin of a text. Those of a model whose tags the
   * program did not know stand in the text with them.
   */
  #text(text: string, role: Entry['role']): Part[] {
    if (role === 'user') return this.#files.addImagesIn(this.#withoutPaths(text));
    const block = /^\s*:::thinking\n([^]*?)\n:::[ \t]*(?:\n|$)/.exec(text);
    const { thoughts, words: spoken } = dividedThoughts(text.slice(block?.[0].length ?? 0));
    const words = spoken.replace(/\\u(e20[0-6])/g, (_, code: string) =>
      String.fromCharCode(parseInt(code, 16)),
    );
    return [
      ...thinkingParts(block?.[1]),
      ...thoughts,
      ...this.#files.addImagesIn(withoutMarks(withoutBlockMarks(this.#withoutPaths(words))).trim()),
    ];
  }

  /** The path of an image on the server holds the id of an account. */
  #withoutPaths(text: string): string {
    return text
      .replace(
        /!\[[^\]\n]*\]\(\/images\/[^()\s]*\)/g,
        () => missingFile({ isImage: true }, this.#losses).text,
      )
      .replace(/\/images\/[0-9a-f]{24}\//g, '/images/');
  }

  #call(call: JsonObject): ToolCallPart {
    const code = objectOf(call['code_interpreter']);
    if (code) return this.#codeCall(code);
    const asked = objectOf(call['function']) ?? call;
    const output = textOf(asked['output']);
    const hasEnded = output !== undefined && (output !== '' || call['progress'] === 1);
    return {
      type: 'tool-call',
      name: textOf(asked['name']) || textOf(call['type']) || 'tool',
      input: this.#losses.inputOf(jsonOrText(asked['args'] ?? asked['arguments'])),
      ...(hasEnded && { output: withoutMarks(this.#withoutPaths(output)) }),
      status: hasEnded || call['progress'] === 1 ? 'done' : 'pending',
    };
  }

  #codeCall(code: JsonObject): ToolCallPart {
    const outputs = objectsOf(code['outputs']);
    if (outputs.some((output) => output['type'] === 'image')) this.#losses.unknown('image not in the export');
    return {
      type: 'tool-call',
      name: 'code_interpreter',
      input: textOf(code['input']) ?? null,
      ...(outputs.length > 0 && {
        output: outputs
          .map((output) => textOf(output['logs']) ?? '')
          .join('\n')
          .trim(),
      }),
      status: outputs.length > 0 ? 'done' : 'pending',
    };
  }

  #image(file: JsonObject): Part {
    const data = dataUrl(textOf(file['filepath']));
    return data ? this.#files.add(data) : missingFile({ name: nameOf(file), isImage: true }, this.#losses);
  }

  /** Of some documents the text is kept. */
  #file(file: JsonObject): Part {
    const name = nameOf(file);
    if (textOf(file['type'])?.startsWith('image/')) return this.#image(file);
    const text = textOf(file['text']) ?? '';
    return text === ''
      ? missingFile({ name, isImage: false }, this.#losses)
      : this.#files.addText(textName(name ?? 'document'), text);
  }

  #attachment(attachment: JsonObject): Part[] {
    const type = textOf(attachment['type']) ?? '';
    if (type === 'memory') this.#losses.hide('memory');
    // Of what was found, that which is cited is among the sources.
    else if (type === 'web_search' || type === 'file_search') return [];
    else if (nameOf(attachment) !== undefined) return [this.#file(withType(attachment))];
    else this.#losses.unknown(`attachment ${type || 'without a type'}`);
    return [];
  }
}

/** A text, or an object that holds it as its value. */
function valueOf(value: unknown): string {
  return textOf(value) ?? textOf(objectOf(value)?.['value']) ?? '';
}

function nameOf(file: JsonObject): string | undefined {
  return textOf(file['filename'])?.split('/').at(-1) || undefined;
}

/** What a tool made has no type at times, but a width. */
function withType(file: JsonObject): JsonObject {
  const isImage = 'width' in file || /\.(?:png|jpe?g|gif|webp)$/i.test(nameOf(file) ?? '');
  return isImage ? { ...file, type: 'image/png' } : file;
}

/** Where a search's results of each kind stand. */
const foundIn: Readonly<Record<string, string>> = {
  search: 'organic',
  news: 'topStories',
  ref: 'references',
  image: 'images',
  video: 'videos',
};

/** A text cites what a search found by the number of the search, the kind and the place: `turn0search2`. */
function citedIn(message: JsonObject, attachments: readonly JsonObject[]): SourceLink[] {
  const searches = new Map<number, JsonObject>();
  for (const { web_search: search } of attachments.map((each) => ({
    web_search: objectOf(each['web_search']),
  })))
    if (search) searches.set(typeof search['turn'] === 'number' ? search['turn'] : searches.size, search);
  if (searches.size === 0) return [];
  const texts = [
    textOf(message['text']),
    ...objectsOf(message['content']).map((item) => valueOf(item['text'])),
  ];
  return texts
    .flatMap((text) => Array.from((text ?? '').matchAll(/(?:\ue202|\\ue202)turn(\d+)([a-z]+)(\d+)/g)))
    .flatMap(([, turn, kind = '', place]) => {
      const found = listOf(searches.get(Number(turn))?.[foundIn[kind] ?? ''])[Number(place)];
      const url = textOf(objectOf(found)?.['link']);
      const title = textOf(objectOf(found)?.['title']);
      return url === undefined ? [] : [{ ...(title !== undefined && { title }), url }];
    });
}
