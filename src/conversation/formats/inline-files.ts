import type { ConversationFile, Message, Part } from '../conversation.ts';

/** By media type. */
export const extensions: ReadonlyMap<string, string> = new Map([
  ['image/png', 'png'],
  ['image/jpeg', 'jpg'],
  ['image/gif', 'gif'],
  ['image/webp', 'webp'],
  ['application/pdf', 'pdf'],
  ['application/json', 'json'],
  ['text/plain', 'txt'],
  ['text/markdown', 'md'],
  ['text/csv', 'csv'],
  ['audio/mpeg', 'mp3'],
  ['audio/wav', 'wav'],
  ['audio/mp4', 'm4a'],
]);

/** Bytes that stand in a source as base64. */
export interface InlineData {
  base64: string;
  mediaType: string;
  /** As the source names it; a file without a name is called `image-1.png`. */
  name?: string;
}

/**
 * The files inside a source: the same bytes are one file. They are numbered in the order in which they are added, so
 * that a name stays the same while a log grows.
 */
export class InlineFiles {
  /** Key of the bytes → file. */
  readonly #files = new Map<string, ConversationFile>();
  readonly #names = new Set<string>();
  /** How many were named with a prefix. */
  readonly #numbers = new Map<string, number>();

  /** To go on adding without changing this one. */
  copy(): InlineFiles {
    const copy = new InlineFiles();
    for (const [key, file] of this.#files) copy.#files.set(key, file);
    for (const name of this.#names) copy.#names.add(name);
    return copy;
  }

  /**
   * @param prefix  Stands before the name of a file without one: files with another prefix are numbered on their own.
   * @returns The part that shows it.
   */
  add({ base64, mediaType, name }: InlineData, prefix = ''): Part {
    const kind = mediaType.startsWith('image/') ? 'image' : 'file';
    const known = this.#files.get(base64);
    if (known) return { type: kind, file: known.name };
    const extension = extensions.get(mediaType) ?? 'bin';
    const plain = `${prefix}${kind === 'image' ? 'image' : 'document'}-${this.#number(prefix)}.${extension}`;
    return this.#keep(
      base64,
      name ?? plain,
      mediaType,
      kind,
      () => new Uint8Array(Buffer.from(base64, 'base64')),
    );
  }

  /** A text whose images stand in it as `![…](data:…)`: they become parts of their own. */
  addImagesIn(text: string): Part[] {
    const parts: Part[] = [];
    let from = 0;
    for (const { index, 0: opening } of text.matchAll(/!\[[^\]\n]*\]\((?=data:image\/)/g)) {
      const end = text.indexOf(')', index + opening.length);
      const data = end === -1 ? undefined : dataUrl(text.slice(index + opening.length, end));
      if (index < from || data === undefined) continue;
      parts.push({ type: 'text', text: text.slice(from, index) }, this.add(data));
      from = end + 1;
    }
    parts.push({ type: 'text', text: text.slice(from) });
    return parts.filter((part) => part.type !== 'text' || part.text.trim() !== '');
  }

  /** Text that a source holds beside the messages, as extracted from a document, or written by an agent. */
  addText(name: string, text: string, mediaType = 'text/plain'): Part {
    const key = `${name}\0${text}`;
    const known = this.#files.get(key);
    if (known) return { type: 'file', file: known.name };
    return this.#keep(key, name, mediaType, 'file', () => new TextEncoder().encode(text));
  }

  /**
   * A file that lies outside of the source.
   *
   * @param key  What tells it from another file of the same name.
   */
  addFile(file: ConversationFile, key = file.name): Part {
    const kind = file.mediaType?.startsWith('image/') ? 'image' : 'file';
    const known = this.#files.get(key);
    if (known) return { type: kind, file: known.name };
    const name = this.#free(file.name);
    this.#files.set(key, { ...file, name });
    return { type: kind, file: name };
  }

  /**
   * Those that some message shows, in the order of adding.
   *
   * @param also  Parts that stand in no message, and whose files go with the conversation all the same.
   */
  shown(messages: readonly Message[], also: readonly Part[] = []): ConversationFile[] {
    const used = new Set([...messages.flatMap(fileNamesIn), ...also.flatMap(fileNamesInPart)]);
    return [...this.#files.values()].filter(({ name }) => used.has(name));
  }

  #number(prefix: string): number {
    if (prefix === '') return this.#files.size + 1;
    const number = (this.#numbers.get(prefix) ?? 0) + 1;
    this.#numbers.set(prefix, number);
    return number;
  }

  #keep(key: string, name: string, mediaType: string, kind: 'image' | 'file', bytes: () => Uint8Array): Part {
    const free = this.#free(name);
    // Decoded when it is asked for: most reads of a growing log want none of the bytes again.
    const content = {
      get bytes(): Uint8Array {
        return bytes();
      },
    };
    this.#files.set(key, { name: free, mediaType, content });
    return { type: kind, file: free };
  }

  #free(wanted: string): string {
    const [, stem = wanted, extension = ''] = /^(.*?)(\.[^./]*)?$/s.exec(wanted) ?? [];
    let name = wanted;
    for (let n = 2; this.#names.has(name); n += 1) name = `${stem}-${n}${extension}`;
    this.#names.add(name);
    return name;
  }
}

function fileNamesIn(message: Message): string[] {
  return message.parts.flatMap(fileNamesInPart);
}

function fileNamesInPart(part: Part): string[] {
  if (part.type === 'image' || part.type === 'file') return [part.file];
  return part.type === 'tool-call' ? (part.subAgent?.messages.flatMap(fileNamesIn) ?? []) : [];
}

/** `data:image/png;base64,iVBOR…`; undefined for every other URL. */
export function dataUrl(url: string | undefined): InlineData | undefined {
  const head = /^data:([\w.+-]+\/[\w.+-]+)(?:;[\w-]+=[^;,]*)*;base64,/i.exec(url ?? '');
  if (!head || url === undefined) return undefined;
  return { base64: url.slice(head[0].length), mediaType: head[1]?.toLowerCase() ?? '' };
}

/** A name for the text that was extracted from a document, whatever the document was. */
export function textName(name: string): string {
  const isDocument = /\.(?:pdf|docx?|xlsx?|pptx?|od[tsp]|epub|rtf|png|jpe?g|gif|webp|heic)$/i.test(name);
  return isDocument || !name.includes('.') ? `${name}.txt` : name;
}
