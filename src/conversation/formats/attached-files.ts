import type { Part, TextPart } from '../conversation.ts';
import type { Attachments } from './format.ts';
import { extensions, type InlineFiles } from './inline-files.ts';
import type { Tally } from './tally.ts';

/** A file that a message names, whose bytes may lie beside the document. */
export interface Attached {
  /** Stands in the name of the file that holds the bytes. */
  id: string | undefined;
  /** What the person called it. */
  name?: string | undefined;
  mediaType?: string | undefined;
  isImage: boolean;
}

/** Finds the files of an export that messages name by id. */
export class AttachedFiles {
  readonly #beside: Attachments;
  readonly #files: InlineFiles;
  readonly #losses: Tally;
  readonly #shown = new Map<string, Part>();
  #images = 0;

  constructor(beside: Attachments, files: InlineFiles, losses: Tally) {
    this.#beside = beside;
    this.#files = files;
    this.#losses = losses;
  }

  /** @returns The file; a note where the export does not hold it. */
  async show(attached: Attached): Promise<Part> {
    const member = attached.id === undefined ? undefined : indexOf(this.#beside).get(attached.id);
    if (member === undefined) return missingFile(attached, this.#losses);
    const known = this.#shown.get(member);
    if (known) return known;
    const part = await this.#add(member, attached);
    this.#shown.set(member, part);
    return part;
  }

  async #add(member: string, attached: Attached): Promise<Part> {
    const head = await this.#beside.head(member, 32);
    const seen = imageTypeOf(head);
    const mediaType = seen ?? (attached.isImage ? undefined : attached.mediaType);
    // Never the name of the member: its folder may be an account's id.
    const name = attached.name ?? (seen === undefined ? 'attachment' : `image-${(this.#images += 1)}`);
    return this.#files.addFile(
      {
        name: seen === undefined ? withEnding(name, member) : withImageEnding(name, seen),
        ...(mediaType !== undefined && { mediaType }),
        content: await this.#beside.content(member),
      },
      `beside\0${member}`,
    );
  }
}

/** Stands where the person saw a file whose bytes the source does not hold. */
export function missingFile({ name, isImage }: Pick<Attached, 'name' | 'isImage'>, losses: Tally): TextPart {
  const what = isImage ? 'image' : 'file';
  losses.unknown(`${what} not in the export`);
  const called = (name ?? '').replace(/[`\s]+/g, ' ').trim();
  return {
    type: 'text',
    text: `*[${what} not in the export${called === '' ? '' : `: \`${called}\``}]*`,
  };
}

const indexes = new WeakMap<Attachments, ReadonlyMap<string, string>>();

/** Id in a name → name: `file-Ab12`, `file_00ab`, or a UUID. An export has many conversations and one index. */
function indexOf(beside: Attachments): ReadonlyMap<string, string> {
  const known = indexes.get(beside);
  if (known) return known;
  const index = new Map<string, string>();
  for (const name of beside.names)
    for (const [id] of baseName(name).matchAll(idPattern)) if (!index.has(id)) index.set(id, name);
  indexes.set(beside, index);
  return index;
}

const idPattern = /file[-_][A-Za-z0-9]{10,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** The id of a file in what points to it: `file-service://file-Ab12`, `sediment://file_00ab`. */
export function fileIdIn(pointer: string | undefined): string | undefined {
  return pointer?.match(idPattern)?.[0];
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Exports store images under names without an ending, and images that were converted under their old name. */
function withImageEnding(name: string, mediaType: string): string {
  const ending = extensions.get(mediaType) ?? 'png';
  const same = ending === 'jpg' ? /\.jpe?g$/i : new RegExp(`\\.${ending}$`, 'i');
  return same.test(name)
    ? name
    : `${name.replace(/\.(?:png|jpe?g|gif|webp|heic|bmp|tiff?|dat)$/i, '')}.${ending}`;
}

function withEnding(name: string, member: string): string {
  const ending = /\.(?!dat$)[A-Za-z0-9]{1,8}$/.exec(member)?.[0] ?? '';
  return /\.[A-Za-z0-9]{1,8}$/.test(name) ? name : name + ending;
}

function imageTypeOf(head: Uint8Array): string | undefined {
  const begin = Buffer.from(head).toString('latin1');
  if (begin.startsWith('\x89PNG\r\n')) return 'image/png';
  if (begin.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (/^GIF8[79]a/.test(begin)) return 'image/gif';
  return /^RIFF[^]{4}WEBP/.test(begin) ? 'image/webp' : undefined;
}
