/**
 * Names that owners gave to files and conversations, made safe: for a URL, for any disk, for a header, inside a ZIP.
 * A made name loses nothing for the viewer, who sees `displayName` and downloads under it.
 */

/** Leaves room for an inert suffix and a staging suffix in the 255 bytes that file systems allow. */
const nameBytes = 150;
const zipNameBytes = 80;
/** Windows refuses whole paths over 260 characters unless asked otherwise; nothing needs more than this. */
const pathBytes = 1000;
/** Names come from untrusted files, and the patterns below are not linear: whatever is longer loses its middle. */
const longestRead = 4096;

const nothingLeft = 'file';

/**
 * Characters that do not show: control, line separators, bidirectional controls, zero width, tags, variation
 * selectors, noncharacters, interlinear annotation. A name that holds them is not the name that people see.
 */
const invisible =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Noncharacter_Code_Point}\uFFF9-\uFFFB]/gu;

/** Of those, the ones that rearrange a line or end it: worth seeing where somebody put them into a name. */
const deceiving = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/gu;

/**
 * Reserved on Windows (`< > : " / \ | ? *`), with a meaning in URLs that hosts get wrong (`# % ;`), or read as a slash
 * by programs that narrow to an old code page. `unzip` drops what follows a `;` as a file version. U+FFFD stands for half a surrogate pair.
 */
const forbidden = /[<>:"/\\|?*#%;\u2044\u2215\u2216\u29F5\u29F8\u29F9\uFE68\uFF0F\uFF3C\uFFFD]/g;

/** Windows opens a device for these, with any extension and in any case. Superscript digits count (Win32 naming rules). */
const device = /^(?:con|prn|aux|nul|(?:com|lpt)[0-9¹²³]|conin\$|conout\$|clock\$)(?= *(?:\.|$))/i;

const extensionPattern = /\.[^. ]{1,16}$/;

/**
 * One path segment that means the same everywhere: NFC, at most 150 bytes of UTF-8, never empty, not hidden, not an
 * option (`-rf`), not a device. Doing it twice changes nothing more.
 */
export function safeName(original: string): string {
  const name = trimEnds(clean(original)).replace(device, '$&_');
  return saysSomething(name) ? cut(name, nameBytes) : nothingLeft;
}

/**
 * Safe names in the order given, no two of them the same on a disk that ignores case or normalises: the later of
 * twins gets ` (2)` before its extension.
 */
export function safeNames(originals: readonly string[]): string[] {
  return unique(originals.map(safeName), new Set());
}

/**
 * Paths inside a ZIP: folders kept, every segment safe, unique as a whole, and no file where another one needs a folder.
 */
export function zipPaths(originals: readonly string[]): string[] {
  const paths = originals.map(safePath);
  return unique(paths, new Set(paths.flatMap(foldersOf).map(folded)));
}

/**
 * A name as viewers read it: `/` kept, NFC. Characters that reorder or break the line are spelled out (`⟨U+202E⟩`);
 * those that merely do not show are left out.
 */
export function displayName(original: string): string {
  const name = shortened(original)
    .toWellFormed()
    .replace(deceiving, spelledOut)
    .replace(invisible, '')
    .normalize('NFC');
  return name.trim() === '' ? nothingLeft : name;
}

/**
 * Text of a file as viewers read it, line by line. As with names, what reorders the line is spelled out and what does
 * not show is left out; only joiners and variation selectors stay, since whole scripts need them. Line ends become
 * `\n`, and what colours a terminal goes.
 */
export function plainText(original: string): string {
  return original
    .toWellFormed()
    .replace(/\u001B\[[0-9;?]*[A-Za-z]/g, '')
    .replace(/\r\n?/g, '\n')
    .replace(deceiving, (character) => (/[\t\n]/.test(character) ? character : spelledOut(character)))
    .replace(invisible, (character) => (/[\t\n\u200C\u200D\uFE00-\uFE0F]/.test(character) ? character : ''));
}

/** `<title>.zip`, safe, at most 80 bytes; `conversation.zip` for a title of which nothing is left. */
export function zipName(title: string): string {
  // Some hosts look at every extension of a name: `notes.php.zip` must not be a program there.
  const stem = trimEnds(clean(title).replace(/\.(?=[^\s\d.])/g, '_')).replace(device, '$&_');
  if (!saysSomething(stem)) return 'conversation.zip';
  return `${trimEnds(firstBytes(stem, zipNameBytes - '.zip'.length))}.zip`;
}

/** The extension in lower case without its dot, '' where there is none. */
export function extensionOf(name: string): string {
  return (extensionPattern.exec(name)?.[0] ?? '').slice(1).toLowerCase();
}

/** The part of a path after its last `/`. */
export function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function clean(original: string): string {
  return shortened(original)
    .toWellFormed()
    .replace(/[\t\n\v\f\r\u0085\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(invisible, '')
    .normalize('NFC')
    .replace(forbidden, '_')
    .replace(/\p{Zs}+/gu, ' ');
}

function shortened(text: string): string {
  if (text.length <= longestRead) return text;
  return text.slice(0, longestRead / 2) + text.slice(-longestRead / 2);
}

function trimEnds(name: string): string {
  return name.replace(/^[.\- ]+/, '').replace(/[. ]+$/, '');
}

function saysSomething(name: string): boolean {
  return /[^_.\- ]/.test(name);
}

function cut(name: string, bytes: number, suffix = ''): string {
  const extension = extensionPattern.exec(name)?.[0] ?? '';
  const stem = extension === '' ? name : name.slice(0, -extension.length);
  const room = bytes - byteLength(extension) - suffix.length;
  const kept = byteLength(stem) <= room ? stem : firstBytes(stem, room).replace(/[. ]+$/, '');
  return kept + suffix + extension;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** As many whole code points as fit. */
function firstBytes(text: string, bytes: number): string {
  return text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(bytes)).read);
}

function spelledOut(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

function safePath(original: string): string {
  const segments = original.split('/').filter((segment) => !['', '.', '..'].includes(segment));
  const kept: string[] = [];
  let room = pathBytes;
  // From the end, so that a path that is too deep loses its outer folders.
  for (const segment of segments.reverse()) {
    const name = safeName(segment);
    room -= byteLength(name) + 1;
    if (room < 0) break;
    kept.push(name);
  }
  return kept.reverse().join('/') || nothingLeft;
}

/** `a/b/c` → `a`, `a/b`. */
function foldersOf(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

/** Equal for names that some file system takes for the same. */
function folded(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}

function unique(paths: readonly string[], taken: Set<string>): string[] {
  const nextNumber = new Map<string, number>();
  return paths.map((path) => {
    const key = folded(path);
    let number = nextNumber.get(key) ?? 2;
    let candidate = path;
    for (; taken.has(folded(candidate)); number += 1) candidate = numbered(path, number);
    nextNumber.set(key, number);
    taken.add(folded(candidate));
    return candidate;
  });
}

function numbered(path: string, number: number): string {
  const name = lastSegment(path);
  return path.slice(0, path.length - name.length) + cut(name, nameBytes, ` (${number})`);
}
