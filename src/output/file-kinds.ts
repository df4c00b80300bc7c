import { extensionOf, lastSegment, safeName } from './names.ts';

export interface FileKind {
  /** `application/octet-stream` for what is not passive. */
  mediaType: string;
  /** Name in the output: the file's own, made safe, or that with an inert suffix. */
  servedName: string;
  /** True when no host and no browser runs anything when a viewer opens the file's address. */
  passive: boolean;
  /** Pixels as a browser shows them; absent where the header could not be read. */
  image?: { width: number; height: number };
}

interface Passive {
  mediaType: string;
  label: string;
  /** What the bytes, read as Latin-1, begin with. Absent for text, which begins with anything but markup. */
  magic?: RegExp;
}

/**
 * Hosts that know the type serve it as something to download; hosts that do not know it serve no type at all, and then
 * browsers trust the first bytes: of `.wasm` they never make a page. (Tried on 11 set-ups, with and without headers.)
 */
const inertSuffix = '.wasm';
const inertType = 'application/octet-stream';

/** So many of a file's first bytes tell its kind. */
export const headBytes = 64 * 1024;

const zipMagic = /^PK(?:\x03\x04|\x05\x06)/;
const oleMagic = /^\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1/;
const oggMagic = /^OggS/;
const matroskaMagic = /^\x1a\x45\xdf\xa3/;
const mp4Magic = /^[^]{4}ftyp/;
const office = 'application/vnd.openxmlformats-officedocument.';
const openDocument = 'application/vnd.oasis.opendocument.';

/**
 * What may keep its name: extension → type. Everything else is inert, program sources included: hosts do not agree on
 * what `.py`, `.sh`, `.rs` or `.ts` is (some run it, some call it XML or video), and a download needs no type.
 *
 * Notebooks are in: JSON under a name that most hosts do not know, so that browsers may sniff, and JSON never
 * sniffs as markup.
 */
const passive: ReadonlyMap<string, Passive> = new Map([
  ...rows(['png'], 'image/png', 'PNG image', /^\x89PNG\r\n\x1a\n/),
  ...rows(['jpg', 'jpeg'], 'image/jpeg', 'JPEG image', /^\xff\xd8\xff/),
  ...rows(['gif'], 'image/gif', 'GIF image', /^GIF8[79]a/),
  ...rows(['webp'], 'image/webp', 'WebP image', /^RIFF[^]{4}WEBPVP8/),
  ...rows(['avif'], 'image/avif', 'AVIF image', /^[^]{4}ftyp(?:[^]{4}){0,14}?avi[fs]/),
  ...rows(['heic'], 'image/heic', 'HEIC image', /^[^]{4}ftyp(?:[^]{4}){0,14}?(?:hei[cx]|hev[cx]|mif1)/),
  ...rows(['bmp'], 'image/bmp', 'BMP image', /^BM/),
  ...rows(['ico'], 'image/x-icon', 'Icon', /^\0\0\x01\0/),
  ...rows(['tif', 'tiff'], 'image/tiff', 'TIFF image', /^(?:II\*\0|MM\0\*)/),

  ...rows(['txt', 'text'], 'text/plain', 'Text'),
  ...rows(['log'], 'text/plain', 'Log'),
  ...rows(['md', 'markdown'], 'text/markdown', 'Markdown'),
  ...rows(['csv'], 'text/csv', 'CSV'),
  ...rows(['tsv'], 'text/tab-separated-values', 'TSV'),
  ...rows(['json'], 'application/json', 'JSON'),
  ...rows(['jsonl', 'ndjson'], 'application/jsonl', 'JSON Lines'),
  ...rows(['geojson'], 'application/geo+json', 'GeoJSON'),
  ...rows(['ipynb'], 'application/x-ipynb+json', 'Notebook'),
  ...rows(['yaml', 'yml'], 'application/yaml', 'YAML'),
  ...rows(['toml'], 'application/toml', 'TOML'),
  ...rows(['sql'], 'application/sql', 'SQL'),
  ...rows(['diff', 'patch'], 'text/x-diff', 'Patch'),
  ...rows(['tex'], 'text/x-tex', 'TeX'),
  ...rows(['bib'], 'text/x-bibtex', 'BibTeX'),
  ...rows(['srt'], 'application/x-subrip', 'Subtitles'),
  ...rows(['vtt'], 'text/vtt', 'Subtitles'),
  ...rows(['ics'], 'text/calendar', 'Calendar'),

  // One with a script keeps its name, too. On a host without headers the browser's viewer may show a message box for it,
  // apart from our origin, and follows no address by itself (tried in Chromium: scripts, URI, SubmitForm, Launch, GoToR).
  // To search for scripts would not keep them out: they run under names spelled `/J#61vaScript`, and out of object
  // streams behind a predictor or a second filter, which only a whole PDF reader undoes.
  ...rows(['pdf'], 'application/pdf', 'PDF', /^%PDF-/),
  ...rows(['docx'], `${office}wordprocessingml.document`, 'Word document', zipMagic),
  ...rows(['xlsx'], `${office}spreadsheetml.sheet`, 'Excel sheet', zipMagic),
  ...rows(['pptx'], `${office}presentationml.presentation`, 'PowerPoint slides', zipMagic),
  ...rows(['doc'], 'application/msword', 'Word document', oleMagic),
  ...rows(['xls'], 'application/vnd.ms-excel', 'Excel sheet', oleMagic),
  ...rows(['ppt'], 'application/vnd.ms-powerpoint', 'PowerPoint slides', oleMagic),
  ...rows(['odt'], `${openDocument}text`, 'Text document', zipMagic),
  ...rows(['ods'], `${openDocument}spreadsheet`, 'Spreadsheet', zipMagic),
  ...rows(['odp'], `${openDocument}presentation`, 'Slides', zipMagic),
  ...rows(['epub'], 'application/epub+zip', 'E-book', zipMagic),
  ...rows(['parquet'], 'application/vnd.apache.parquet', 'Parquet', /^PAR1/),

  ...rows(['zip'], 'application/zip', 'ZIP archive', zipMagic),
  ...rows(['gz', 'tgz'], 'application/gzip', 'Gzip archive', /^\x1f\x8b/),
  ...rows(['7z'], 'application/x-7z-compressed', '7-Zip archive', /^7z\xbc\xaf\x27\x1c/),
  ...rows(['tar'], 'application/x-tar', 'Tar archive', /^[^]{257}ustar/),

  ...rows(['mp3'], 'audio/mpeg', 'MP3 audio', /^(?:ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb])/),
  ...rows(['wav'], 'audio/wav', 'WAV audio', /^RIFF[^]{4}WAVE/),
  ...rows(['ogg', 'oga', 'opus'], 'audio/ogg', 'Ogg audio', oggMagic),
  ...rows(['flac'], 'audio/flac', 'FLAC audio', /^fLaC/),
  ...rows(['m4a'], 'audio/mp4', 'M4A audio', mp4Magic),
  ...rows(['mp4', 'm4v'], 'video/mp4', 'MP4 video', mp4Magic),
  ...rows(['webm'], 'video/webm', 'WebM video', matroskaMagic),
  ...rows(['mkv'], 'video/x-matroska', 'Matroska video', matroskaMagic),
  ...rows(['ogv'], 'video/ogg', 'Ogg video', oggMagic),
  ...rows(['mov'], 'video/quicktime', 'QuickTime video', /^[^]{4}(?:ftyp|moov|mdat|wide|free)/),
]);

function rows(extensions: string[], mediaType: string, label: string, magic?: RegExp): [string, Passive][] {
  const kind = magic === undefined ? { mediaType, label } : { mediaType, label, magic };
  return extensions.map((extension) => [extension, kind]);
}

/** Hosts that run programs by extension may look at any extension of a name (Apache: "files with multiple extensions"). */
const serverPrograms =
  /^(?:php\d?|phps|phtml|phar|pht|cgi|fcgi|pl|pm|py|pyc|rb|sh|bash|lua|asp|aspx|ashx|asmx|cer|cfm|jsp|jspx|shtml|shtm|stm|var|htaccess|htpasswd)$/i;
const documents =
  /^(?:html?|[xs]html?|xht|xml|xslt?|svgz?|mml|mathml|rdf|rss|atom|mht|mhtml|hta|htc|js|mjs|cjs|jsm|css|swf|jar|class|wasm|manifest|appcache)$/i;

/** Types that a source may declare and that no name makes harmless. */
const activeType = /^(?:text\/html|multipart\/|message\/)|(?:[/+]xml|javascript|ecmascript|flash)\s*(?:;|$)/i;

/**
 * Decides under which name and type a file is published. A file keeps its name only when its extension is on the list,
 * no inner extension runs anywhere, its first bytes are no markup and, for anything but text, are those of its type.
 *
 * @param file.name       What the owner calls it; folders before the last `/` do not matter.
 * @param file.head       The first bytes: at least 1,445 (what browsers sniff), {@link headBytes} to find the size of a JPEG.
 * @param file.mediaType  What the source says it is; can only make the file inert.
 */
export function fileKind(file: { name: string; head: Uint8Array; mediaType?: string }): FileKind {
  const name = safeName(lastSegment(file.name));
  const begins = latin1(file.head.subarray(0, 4096));
  const kind = passive.get(extensionOf(name));
  if (
    kind === undefined ||
    looksLikeMarkup(begins) ||
    hasActiveInnerExtension(name) ||
    activeType.test(file.mediaType?.trim() ?? '') ||
    kind.magic?.test(begins) === false
  )
    return { mediaType: inertType, servedName: inertName(name), passive: false };
  const image = imageSize(kind.mediaType, file.head);
  return { mediaType: kind.mediaType, servedName: name, passive: true, ...(image && { image }) };
}

/** A short name of the kind for people: `CSV`, `PNG image`, `Python`. Bytes that belie their extension are a `File`. */
export function kindLabel(mediaType: string, name: string): string {
  const extension = extensionOf(name);
  const kind = passive.get(extension);
  if (kind !== undefined) return kind.mediaType === mediaType ? kind.label : 'File';
  const program = programLabels.get(extension);
  if (program !== undefined) return program;
  return /^[a-z0-9]{1,5}$/.test(extension) ? `${extension.toUpperCase()} file` : 'File';
}

const programLabels: ReadonlyMap<string, string> = new Map([
  ['bash', 'Shell script'],
  ['c', 'C'],
  ['cpp', 'C++'],
  ['cs', 'C#'],
  ['css', 'CSS'],
  ['go', 'Go'],
  ['h', 'C header'],
  ['htm', 'HTML'],
  ['html', 'HTML'],
  ['java', 'Java'],
  ['js', 'JavaScript'],
  ['jsx', 'JavaScript'],
  ['kt', 'Kotlin'],
  ['lua', 'Lua'],
  ['mjs', 'JavaScript'],
  ['php', 'PHP'],
  ['pl', 'Perl'],
  ['py', 'Python'],
  ['r', 'R'],
  ['rb', 'Ruby'],
  ['rs', 'Rust'],
  ['sh', 'Shell script'],
  ['svg', 'SVG image'],
  ['swift', 'Swift'],
  ['ts', 'TypeScript'],
  ['tsx', 'TypeScript'],
  ['xml', 'XML'],
]);

/**
 * Stricter than the table of the WHATWG MIME Sniffing standard (section 7.1), which knows 17 tags and wants each ended
 * by a space or `>`: here whatever begins like any tag, comment, declaration or processing instruction is markup, in
 * any encoding with 8 or 16 bits, after any white space and byte order marks.
 */
function looksLikeMarkup(begins: string): boolean {
  return /^[\0-\x20\xa0\xef\xbb\xbf\xfe\xff]*<\0*[a-z!?/]/i.test(begins);
}

function hasActiveInnerExtension(name: string): boolean {
  const inner = name.split('.').slice(1, -1);
  return inner.some((extension) => serverPrograms.test(extension.trim()) || documents.test(extension.trim()));
}

/** Dots before extensions that a host may run are taken away too: an inert suffix does not hide `x.php` from Apache. */
function inertName(name: string): string {
  const [first = '', ...extensions] = name.split('.');
  const harmless = extensions.map((each) => (serverPrograms.test(each.trim()) ? `_${each}` : `.${each}`));
  return first + harmless.join('') + inertSuffix;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

// --- sizes of images, from their headers. A missing byte reads as 0, so that nothing here throws.

type Size = { width: number; height: number };

function imageSize(mediaType: string, head: Uint8Array): Size | undefined {
  const size = readSize[mediaType]?.(head);
  return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
}

const readSize: Readonly<Record<string, ((head: Uint8Array) => Size | undefined) | undefined>> = {
  'image/png': (head) => ({ width: big32(head, 16), height: big32(head, 20) }),
  'image/gif': (head) => ({ width: little16(head, 6), height: little16(head, 8) }),
  'image/webp': webpSize,
  'image/jpeg': jpegSize,
};

/** Container and bit streams: RFC 9649. */
function webpSize(head: Uint8Array): Size | undefined {
  const chunk = latin1(head.subarray(12, 16));
  if (chunk === 'VP8X') return { width: little24(head, 24) + 1, height: little24(head, 27) + 1 };
  if (chunk === 'VP8 ') return { width: little16(head, 26) & 0x3fff, height: little16(head, 28) & 0x3fff };
  if (chunk !== 'VP8L') return undefined;
  const bits = little16(head, 21) + little16(head, 23) * 0x10000;
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

/** Walks the segments up to the frame header (ITU-T T.81, annex B). */
function jpegSize(head: Uint8Array): Size | undefined {
  let turned = false;
  for (let at = 2; at + 9 <= head.length;) {
    if (head[at] !== 0xff) return undefined;
    const marker = head[at + 1] ?? 0;
    // 0xff may be repeated as filling; RST, SOI and TEM have no length.
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (marker === 0xd9 || marker === 0xda) return undefined;
    else if (isFrameHeader(marker)) {
      const [height, width] = [big16(head, at + 5), big16(head, at + 7)];
      return turned ? { width: height, height: width } : { width, height };
    } else {
      const length = big16(head, at + 2);
      if (marker === 0xe1) turned ||= isTurned(head.subarray(at + 4, at + 2 + length));
      at += 2 + Math.max(length, 2);
    }
  }
  return undefined;
}

/** SOF0 to SOF15 without DHT, JPG and DAC, which lie between them. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** True for an Exif orientation (tag 0x0112) of 5 to 8: browsers then show the picture turned by a quarter. */
function isTurned(segment: Uint8Array): boolean {
  if (latin1(segment.subarray(0, 6)) !== 'Exif\0\0') return false;
  const tiff = segment.subarray(6);
  const little = tiff[0] === 0x49;
  const read16 = little ? little16 : big16;
  const directory = little ? little16(tiff, 4) : big32(tiff, 4);
  const count = Math.min(read16(tiff, directory), 512);
  for (let index = 0; index < count; index += 1) {
    const entry = directory + 2 + index * 12;
    if (read16(tiff, entry) === 0x0112) return read16(tiff, entry + 8) >= 5 && read16(tiff, entry + 8) <= 8;
  }
  return false;
}

function little16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 0x100;
}

function little24(bytes: Uint8Array, at: number): number {
  return little16(bytes, at) + (bytes[at + 2] ?? 0) * 0x10000;
}

function big16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 0x100 + (bytes[at + 1] ?? 0);
}

function big32(bytes: Uint8Array, at: number): number {
  return big16(bytes, at) * 0x10000 + big16(bytes, at + 2);
}

/** What is pictures, sound, film or compressed holds no letters as they are. */
export function mayHoldText(mediaType: string): boolean {
  return !/^(?:image\/(?!svg)|audio\/|video\/|font\/|application\/(?:zip|gzip|x-7z|vnd\.openxml))/.test(
    mediaType,
  );
}
