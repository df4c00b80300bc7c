import { mayHoldColour, redactColoured, type Hidden } from './coloured-text.ts';
import type { Json } from './snapshot.ts';

/**
 * Hides in free text what says who the owner is: home folders (`/home/mira/app` → `~/app`), the owner's e-mail and name.
 */
export type Redact = (text: string) => string;

/** `/`, `\`, either percent-encoded, also twice. A run of them parts two names as one does: `C:\\\\Users`, `\/home`. */
const encoded = String.raw`%(?:25){0,4}(?:2[Ff]|5[Cc])`;
/** A slash, a backslash as HTML or JSON may write them. */
const slashEscaped = String.raw`&#(?:[Xx]0{0,4}2[Ff]|0{0,4}47);|&sol;|\\u002[Ff]|\\x2[Ff]`;
const backslashEscaped = String.raw`&#(?:[Xx]0{0,4}5[Cc]|0{0,4}92);|&bsol;|\\u005[Cc]|\\x5[Cc]`;
const parted = String.raw`(?:${encoded}|${slashEscaped}|${backslashEscaped}|[\\/])+`;
/** What a path begins with. Looks behind, so that a megabyte of backslashes is not read again from each of them. */
const begun = String.raw`(?:(?<!\\)\\*\/|(?<!\\)\\+|${encoded})`;

/** The slash that an absolute path begins with: `app/home/page.tsx` is a page of a program and nobody's home. */
const rooted = String.raw`(?:(?<![\w.)\]}~\\-])|(?<=(?:localhost|[\d\]]):\d{1,5})|(?<=localhost|\/@fs|\\[nrt]|\p{L}\.|(?<![\w-])-{1,2}[A-Za-z]))(?:\\{0,8}\/|\\{0,7}(?:${slashEscaped}))`;
const begunElse = String.raw`(?:(?<!\\)\\+(?!\/)|${encoded})`;

/** Ends a name in free text, beside white space and separators. */
const ends = String.raw`\s"'\x60<>|:;,()[\]{}`;
const letterOrSpaceEncoded = String.raw`%(?:25){0,4}(?:20|[89A-Fa-f][\dA-Fa-f])`;
const name = String.raw`(?:[^\\/%&${ends}]|${letterOrSpaceEncoded}|&(?!(?:#[Xx]?0{0,4}(?:2[Ff]|47|5[Cc]|92)|b?sol);))+`;
/** Quotes around the name alone: ``/home/`mira` ``. What a shell puts in place of a command is no name. */
const quotedName = ['"', "'", String.raw`\x60`]
  .map((quote) => String.raw`${quote}(?!whoami|logname)[\p{L}_][^\\/%&${ends}]{0,64}${quote}`)
  .join('|');
/** Where many log in by a domain, it comes first: `/home/EXAMPLE/mira`. */
const domain = String.raw`(?:[A-Z][A-Z\d.-]{1,63}${parted}(?=[^\\/%${ends}]))?`;

/**
 * A Windows user is often called by first and last name. Nothing says where a name with spaces ends but what follows:
 * a separator, the quote that closes the path, the `>` of a prompt, or the end of a line of which every word has a capital.
 */
const word = String.raw`(?:[^\\/%*?&=${ends}]|${letterOrSpaceEncoded}|(?<=\p{L})['’](?=\p{L})){1,64}`;
const fullName = [
  String.raw`${word}(?: (?=[\p{L}\p{N}])${word}){0,3}(?=[\\/">]|${encoded}|${slashEscaped}|${backslashEscaped})`,
  String.raw`${word}(?: (?=\p{Lu})${word}){1,3}(?=[\r\n]|$)`,
  name,
].join('|');
const users = '[Uu][Ss][Ee][Rr][Ss]';
/** Of Windows, from before Vista, and its short form. */
const settings = String.raw`[Dd][Oo][Cc][Uu][Mm][Ee](?:[Nn][Tt][Ss](?: |%(?:25){0,4}20|\\ )[Aa][Nn][Dd](?: |%(?:25){0,4}20|\\ )[Ss][Ee][Tt][Tt][Ii][Nn][Gg][Ss]|~\d)`;
const usersOfWindows = `(?:${users}|${settings})`;

const homes = [
  // The disk of Windows: its own, seen from WSL, Cygwin or Git Bash, and the disk of WSL seen from Windows.
  String.raw`[A-Za-z](?::|%(?:25){0,4}3[Aa])${parted}${usersOfWindows}${parted}(?:${fullName})`,
  String.raw`${begun}(?:(?:mnt|cygdrive|host_mnt)${parted})?[A-Za-z]${parted}${usersOfWindows}${parted}(?:${fullName})`,
  String.raw`(?<![\\/])[\\/]{2,}wsl(?:\$|\.localhost)[\\/]+[^\\/${ends}]+[\\/]+home${parted}${name}`,
  String.raw`(?<!\\)\\+${usersOfWindows}${parted}(?:${fullName})`,
  // Linux and macOS. Not in any case: `/users/7` is an address in many a program.
  String.raw`(?:${rooted}(?:[\w.-]{1,64}(?:\\?\/|${slashEscaped})){0,4}|${begunElse}(?:(?:var|usr|export)${parted})?)(?:home${parted}${domain}|Users${parted})(?:${name}|${quotedName})`,
  String.raw`(?<![\w.)\]}~-])\/root(?=\/|$|[${ends}])`,
  // Claude Code's name for a project's folder. It does not say where the user's name ends, so all of it goes.
  String.raw`(?:(?<![\w-])|(?<=\\[nrt]))(?:-mnt-[a-z]-|[A-Za-z]--|-(?:var-|usr-|export-)?)(?:home|${users})-[\dA-Za-z-]+`,
].join('|');

/**
 * The path of a web address is not one of the disk: `https://site.io/home/start`. Not so its query, what is encoded
 * in it, what a development server serves below `/@fs/`, or anything that this very machine serves.
 */
const slash = String.raw`(?:\/|(?:${slashEscaped})(?!-))`;
const webAddress = String.raw`[Hh][Tt][Tt][Pp][Ss]?:${slash}{2}(?!localhost|127\.|0\.0\.0\.0|\[)[^\\/%?#=&@${ends}]+(?::\d+)?(?:${slash}(?!@fs${slash})[^\\/%?#=&${ends}]+)*`;

interface Pattern {
  /** Most text has nothing of what is looked for, and this test is the faster one. */
  mayMatch: RegExp;
  pattern: RegExp;
  to: (match: string, ...groups: unknown[]) => string;
}

const home: Pattern = {
  /** A word of every pattern above: most text has none of them, and this test is twenty times as fast. */
  mayMatch: /home|users|root|docume(?:nts.{1,8}and.{1,8}settings|~)/i,
  pattern: new RegExp(`(${webAddress})|${homes}`, 'gu'),
  to: (_match, address) => (typeof address === 'string' ? address : '~'),
};

/** What parts the words of a name: any white space, as it is written in HTML, in an address and in JSON, too. */
const space = [
  String.raw`[\s\u200B-\u200D\u2060\xAD+]`,
  String.raw`&(?:nbsp|ensp|emsp|thinsp|shy|zwn?j|#(?:0{0,4}(?:32|160|820[3-5])|[Xx]0{0,4}(?:20|[Aa]0|200[B-Db-d])));`,
  String.raw`%(?:25){0,4}(?:20|09|0[AaDd]|[Cc]2%(?:25){0,4}[Aa]0)`,
  String.raw`\\{1,8}(?:[nrt]|u00(?:20|[Aa]0)|u200[B-Db-d])`,
  String.raw`<[Bb][Rr] ?\/?>`,
].join('|');
/** Marks of Markdown around one word of a name. */
const marks = String.raw`[*_~\x60]{0,6}`;
const gap = `(${marks})(?:${space})+(${marks})`;

/** Letters that stand close together: two of them may be a name, and nothing parts a name from what is beside it. */
const dense = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u30FC]`;
/** Between the words of such a name there need not be anything, or a middle dot. */
const denseGap = String.raw`()(?:${space}|[\xB7\u30FB])*()`;
/** Vowel signs that may be written or left out in Arabic and Hebrew, and the stroke that only makes a word longer. */
const vowelSigns = String.raw`[\u0591-\u05BD\u05BF-\u05C7\u064B-\u065F\u0670\u0640]`;

/** What ends in a letter or a digit and yet is no part of a word: what an escape or a percent-encoding leaves. */
const wordBegins = String.raw`(?:(?<![\p{L}\p{N}])|(?<=\\[nrtbf]|\\u[\dA-Fa-f]{4}|%[\dA-Fa-f]{2}))`;
const wordEnds = String.raw`(?![\p{L}\p{N}])`;
/** A word of three letters is also a function's or a field's: `Math.Max(1)`. */
const briefBegins = String.raw`${wordBegins}(?<![\p{L}\p{N})\]][._])(?<!::|->|\$)`;
const briefEnds = String.raw`${wordEnds}(?![(]|_[\p{L}\p{N}])`;

/** In UTF-16 units. What is shorter would match inside ordinary words, unless more is asked of what is beside it. */
const shortestName = 4;

/** @returns undefined for a name that may be any word. */
function namePattern(name: string): Pattern | undefined {
  const words = name.normalize('NFC').trim().split(/\s+/);
  const all = words.join(' ');
  const bare = all.replaceAll(new RegExp(vowelSigns, 'gu'), '');
  if (bare === '') return undefined;
  const isDense = new RegExp(`${dense}.*${dense}`, 'u').test(all);
  const isLong = name.trim().length >= shortestName || isDense;
  if (!isLong && !/^(?:\p{Lu}\p{L}{2}|\p{Lo}{3})$/u.test(all)) return undefined;
  const isFull = words.length > 1;
  // Scripts without capitals: in most of them words stand close together, or grow into one.
  const isClose = isDense || bare.length >= shortestName;
  const begins = isClose && /^\p{Lo}/u.test(bare) ? '' : isLong ? wordBegins : briefBegins;
  const isOpen = isClose && /\p{Lo}[\p{M}\p{Lm}]*$/u.test(bare);
  const after = isOpen ? '' : isFull ? `(?=s?${wordEnds})` : isLong ? wordEnds : briefEnds;
  const pattern = new RegExp(begins + spelledWords(words) + after, isFull ? 'giu' : 'gu');
  return { mayMatch: mayMatch(all), pattern, to: asOwner };
}

const onlyDense = new RegExp(`^${dense}{3,}$`, 'u');
const isDenseBetween = new RegExp(`${dense} ${dense}`, 'u');

function spelledWords(words: readonly string[]): string {
  const [first = ''] = words;
  // Family name and first name in one: a space may stand anywhere.
  if (words.length === 1 && onlyDense.test(first))
    return Array.from(first, (letter) => spelled(letter, false)).join('[ \u3000\xB7\u30FB]?');
  return words
    .map((word, index) => {
      const before = words[index - 1];
      if (before === undefined) return spelled(word, words.length > 1);
      const isDense = isDenseBetween.test(`${before.slice(-1)} ${word.slice(0, 1)}`);
      return (isDense ? denseGap : gap) + spelled(word, true);
    })
    .join('');
}

/** Marks around single words then stand around all of it: `**Mira** Lind` → `**[owner]**`. */
function asOwner(_match: string, ...groups: unknown[]): string {
  const found = groups.slice(
    0,
    groups.findIndex((group) => typeof group === 'number'),
  );
  const closing = found.filter((_mark, index) => index % 2 === 0);
  const opening = found.filter((_mark, index) => index % 2 === 1);
  return `${opening.join('')}[owner]${closing.join('')}`;
}

/** What a page may break a line at, beside the signs of an address. */
const breaks = String.raw`(?:[\u200B-\u200D\u2060\uFEFF\xAD]|<[Ww][Bb][Rr] ?\/?>|&(?:shy|ZeroWidthSpace|#8203|#[Xx]200[Bb]);){0,8}`;
const otherSigns = new Map([
  ['@', '|&commat;|[\uFF20\uFE6B]'],
  ['.', '|&period;'],
  ['+', '|&plus;'],
  ['_', '|&lowbar;'],
  ['-', '|&hyphen;'],
]);

function emailPattern(email: string): Pattern {
  const signs = email.split(/([^\p{L}\p{N}\p{M}])/u).map((piece, index) => {
    if (index % 2 === 0) return spelled(piece, true);
    return `${breaks}(?:\\\\{0,8}${escapeRegExp(piece)}|${encodingsOf(piece)}${otherSigns.get(piece) ?? ''})${breaks}`;
  });
  return { mayMatch: mayMatch(email), pattern: new RegExp(signs.join(''), 'giu'), to: () => '[e-mail]' };
}

/** The longest piece that is written in one way only, but for capitals. */
function mayMatch(text: string): RegExp {
  const pieces = text.normalize('NFC').match(/[\dA-Za-z]+/g) ?? [''];
  return new RegExp(
    pieces.reduce((longest, piece) => (piece.length > longest.length ? piece : longest)),
    'iu',
  );
}

export function redactor(owner: { name?: string; email?: string }): Redact {
  const patterns = [
    owner.email?.includes('@') ? emailPattern(owner.email) : undefined,
    owner.name === undefined ? undefined : namePattern(owner.name),
  ].filter((pattern) => pattern !== undefined);
  const steps = [home, ...patterns];
  const redact = (text: string): string =>
    steps.reduce(
      (result, { mayMatch, pattern, to }) => (mayMatch.test(result) ? result.replace(pattern, to) : result),
      text,
    );
  const find = (text: string): Hidden[] => findAll(steps, text);
  const asWritten = (text: string) => (mayHoldColour.test(text) ? redactColoured(text, find) : redact(text));
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

/** What each step would replace in what the steps before it leave. */
function findAll(steps: readonly Pattern[], text: string): Hidden[] {
  const found: Hidden[] = [];
  let left = text;
  for (const { mayMatch, pattern, to } of steps) {
    if (!mayMatch.test(left)) continue;
    left = left.replace(pattern, (match: string, ...groups: unknown[]) => {
      const label = to(match, ...groups);
      if (label === match) return match;
      const start = groups.find((group) => typeof group === 'number') ?? 0;
      found.push({ start, end: start + match.length, label });
      return '|'.repeat(match.length);
    });
  }
  return found;
}

/** A pattern for a word, its letters beyond ASCII also in two code points, as macOS writes them, and encoded. */
function spelled(text: string, anyCase: boolean): string {
  const letters = text.normalize('NFC').replaceAll(new RegExp(vowelSigns, 'gu'), '');
  return Array.from(letters, (character) => {
    if (character === "'" || character === '\u2019')
      return String.raw`(?:['\u2019]|&#39;|&apos;|&rsquo;|%27|\\u2019)`;
    if (/[ -~]/.test(character)) return escapeRegExp(character);
    const cases = anyCase ? [character, character.toLowerCase(), character.toUpperCase()] : [character];
    const forms = new Set(cases.flatMap((each) => [each, each.normalize('NFD')]));
    const signs = /[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(character) ? `${vowelSigns}*` : '';
    return `(?:${[...forms].flatMap((form) => [form, encodingsOf(form)]).join('|')})${signs}`;
  }).join('');
}

/** As JSON writes a text, an address (also twice encoded), and HTML; in either case of letters. */
function encodingsOf(text: string): string {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  return [
    units.map((unit) => String.raw`\\{1,8}u` + hexadecimal(unit, 4)).join(''),
    ...(units.every((unit) => unit < 256)
      ? [units.map((unit) => String.raw`\\{1,8}x` + hexadecimal(unit, 2)).join('')]
      : []),
    [...new TextEncoder().encode(text)].map((octet) => `%(?:25){0,4}${hexadecimal(octet, 2)}`).join(''),
    points.map((point) => `&#(?:0{0,4}${point}|[Xx]0{0,4}${hexadecimal(point, 1)});`).join(''),
  ].join('|');
}

function hexadecimal(value: number, digits: number): string {
  const written = value.toString(16).padStart(digits, '0');
  return written.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
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
