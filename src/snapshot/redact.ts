import { escapeSequence, withoutEscapeSequences } from './escape-sequences.ts';
import type { Json } from './snapshot.ts';

/**
 * Hides in free text what says who the owner is: home folders (`/home/mira/app` → `~/app`), the owner's e-mail and name.
 */
export type Redact = (text: string) => string;

/** `/`, `\`, either percent-encoded, also twice. A run of them parts two names as one does: `C:\\\\Users`, `\/home`. */
const encoded = String.raw`%(?:25){0,4}(?:2[Ff]|5[Cc])`;
const parted = String.raw`(?:[\\/]|${encoded})+`;
/** What a path begins with. Looks behind, so that a megabyte of backslashes is not read again from each of them. */
const begun = String.raw`(?:(?<!\\)\\*\/|(?<!\\)\\+|${encoded})`;

/** The slash that an absolute path begins with: `app/home/page.tsx` is a page of a program and nobody's home. */
const rooted = String.raw`(?:(?<![\w.)\]}~\\-])|(?<=(?:localhost|[\d\]]):\d{1,5})|(?<=localhost|\/@fs|\\[nrt]|(?<![\w-])-{1,2}[A-Za-z]))\\{0,8}\/`;
const begunElse = String.raw`(?:(?<!\\)\\+(?!\/)|${encoded})`;

/** Ends a name in free text, beside white space and separators. */
const ends = String.raw`\s"'\x60<>|:;,()[\]{}`;
const letterOrSpaceEncoded = String.raw`%(?:25){0,4}(?:20|[89A-Fa-f][\dA-Fa-f])`;
const name = String.raw`(?:[^\\/%${ends}]|${letterOrSpaceEncoded})+`;

/**
 * A Windows user is often called by first and last name. Nothing says where a name with spaces ends but what follows:
 * a separator, the quote that closes the path, the `>` of a prompt, or the end of a line of which every word has a capital.
 */
const word = String.raw`(?:[^\\/%*?&=${ends}]|${letterOrSpaceEncoded}|(?<=\p{L})['’](?=\p{L})){1,64}`;
const fullName = [
  String.raw`${word}(?: (?=[\p{L}\p{N}])${word}){0,3}(?=[\\/">]|${encoded})`,
  String.raw`${word}(?: (?=\p{Lu})${word}){1,3}(?=[\r\n]|$)`,
  name,
].join('|');
const users = '[Uu][Ss][Ee][Rr][Ss]';

const homes = [
  // The disk of Windows: its own, seen from WSL, Cygwin or Git Bash, and the disk of WSL seen from Windows.
  String.raw`[A-Za-z](?::|%(?:25){0,4}3[Aa])${parted}${users}${parted}(?:${fullName})`,
  String.raw`${begun}(?:(?:mnt|cygdrive|host_mnt)${parted})?[A-Za-z]${parted}${users}${parted}(?:${fullName})`,
  String.raw`(?<![\\/])[\\/]{2,}wsl(?:\$|\.localhost)[\\/]+[^\\/${ends}]+[\\/]+home${parted}${name}`,
  String.raw`(?<!\\)\\+${users}${parted}(?:${fullName})`,
  // Linux and macOS. Not in any case: `/users/7` is an address in many a program.
  String.raw`(?:${rooted}(?:[\w.-]{1,64}\\?\/){0,4}|${begunElse}(?:(?:var|usr|export)${parted})?)(?:home|Users)${parted}${name}`,
  String.raw`(?<![\w.)\]}~-])\/root(?=\/|$|[${ends}])`,
  // Claude Code's name for a project's folder. It does not say where the user's name ends, so all of it goes.
  String.raw`(?:(?<![\w-])|(?<=\\[nrt]))(?:-mnt-[a-z]-|[A-Za-z]--|-(?:var-|usr-|export-)?)(?:home|${users})-[\dA-Za-z-]+`,
].join('|');

/**
 * The path of a web address is not one of the disk: `https://site.io/home/start`. Not so its query, what is encoded
 * in it, what a development server serves below `/@fs/`, or anything that this very machine serves.
 */
const webAddress = String.raw`[Hh][Tt][Tt][Pp][Ss]?:\/\/(?!localhost|127\.|0\.0\.0\.0|\[)[^\\/%?#=&@${ends}]+(?::\d+)?(?:\/(?!@fs\/)[^\\/%?#=&${ends}]+)*`;

const webAddressOrHome = new RegExp(`(${webAddress})|${homes}`, 'gu');

/** A name this short would match inside ordinary words. */
const shortestName = 4;

export function redactor(owner: { name?: string; email?: string }): Redact {
  const steps: [RegExp, string][] = [];
  if (owner.email?.includes('@')) steps.push([new RegExp(spelled(owner.email), 'giu'), '[e-mail]']);
  if (owner.name !== undefined && owner.name.trim().length >= shortestName)
    steps.push([
      new RegExp(`(?<![\\p{L}\\p{N}])${spelled(owner.name.trim())}(?![\\p{L}\\p{N}])`, 'gu'),
      '[owner]',
    ]);
  const redact = (text: string): string =>
    steps.reduce((result, [pattern, to]) => result.replace(pattern, to), withoutHomes(text));
  const asWritten = (text: string) => (text.includes('\u001B') ? redactBetween(text, redact) : redact(text));
  return (text) => {
    const seen = text.replace(unseen, '');
    const redacted = asWritten(seen);
    return seen === text || redacted !== seen ? redacted : text;
  };
}

/**
 * What no page shows, and what would hide a name from the patterns: the letter that a man page strikes twice, control
 * characters but for a BEL that ends a link, bidirectional controls, tags. Where there is something to hide, a text loses
 * them.
 */
const unseen =
  /[^\n\u0008\u001B]\u0008|[\u0000-\u0006\u0008\u000B\u000C\u000E-\u001A\u001C-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]|(?<!\u001B\][^\u0007\u001B\n]*)\u0007|[\u{E0000}-\u{E007F}]/gu;

/**
 * The `m` that ends a colour is a letter to every pattern, and a colour may begin inside a name. So each piece between
 * two sequences is a text of its own; where that hides less than the whole text as it is read, colours are given up.
 */
function redactBetween(text: string, redact: Redact): string {
  const whole = redact(withoutEscapeSequences(text));
  const pieces = text.split(escapeSequence).map(redact);
  if (pieces.join('') !== whole) return whole;
  const sequences = (text.match(escapeSequence) ?? []).map(redact);
  return pieces.map((piece, index) => piece + (sequences[index] ?? '')).join('');
}

/** A word of every pattern above: most text has none of them, and this test is twenty times as fast. */
const mayHoldHome = /home|users|root/i;

function withoutHomes(text: string): string {
  if (!mayHoldHome.test(text)) return text;
  return text.replace(webAddressOrHome, (_match, address: string | undefined) => address ?? '~');
}

/** A pattern for a text, its letters beyond ASCII also in two code points, as macOS writes them, and as JSON escapes. */
function spelled(text: string): string {
  return Array.from(text.normalize('NFC'), (character) => {
    if (/[ -~]/.test(character)) return escapeRegExp(character);
    const both = [character, character.normalize('NFD')];
    return `(?:${[...both, ...both.map(escapesOf)].join('|')})`;
  }).join('');
}

/** Each UTF-16 half as `\u00f6`, in either case of letters. */
function escapesOf(text: string): string {
  return Array.from({ length: text.length }, (_, index) => {
    const digits = text.charCodeAt(index).toString(16).padStart(4, '0');
    return String.raw`\\u` + digits.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
  }).join('');
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** Applies `redact` to every string and every key of a JSON value. */
export function redactJson(value: Json, redact: Redact): Json {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactJson(item, redact));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [redact(key), redactJson(item, redact)]),
  );
}
