import { ShareError } from '../errors.ts';

/** Nesting of arrays and objects that is still read. Whatever handles the value later may recurse without fear. */
export const maxDepth = 200;

/** 256 MiB. V8 holds no string over 512 Mi characters, and a hostile file must not take the memory of the others. */
export const maxSizeBytes = 256 * 1024 * 1024;

/**
 * Reads JSON (RFC 8259, UTF-8, a byte order mark is tolerated) and says exactly where it is broken.
 *
 * The messages of `JSON.parse` are not passed on: they quote the text around the problem, which is private, and often
 * leave out the position. A second, slower walk over the text finds the place; it runs only when there is a problem.
 *
 * @param path  Named in errors; not opened.
 * @throws ShareError `source_invalid`: empty, too large, not UTF-8 (line), not JSON or nested deeper than
 *         {@link maxDepth} (line and column, 1-based; columns count UTF-16 units, as editors do).
 */
export function parseJson(bytes: Uint8Array, path: string): unknown {
  if (bytes.length > maxSizeBytes)
    throw new ShareError('source_invalid', `${path}: larger than ${maxSizeBytes / 1024 / 1024} MiB.`);
  const text = decodeUtf8(bytes, path);
  if (text.trim() === '') throw new ShareError('source_invalid', `${path}: the file is empty.`);
  const value = tryParse(text);
  if (value !== undefined && !isDeeperThan(maxDepth, value)) return value;
  new Scanner(text, path).document();
  throw new Error('JSON.parse refused a text in which the scanner found nothing wrong.');
}

/** undefined, which is no JSON value, where the text is not JSON. V8 parses without recursion: depth does not matter. */
function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const item of Object.values(value)) if (isDeeperThan(levels - 1, item)) return true;
  return false;
}

function decodeUtf8(bytes: Uint8Array, path: string): string {
  const text = tryDecode(bytes);
  if (text !== undefined) return text;
  throw new ShareError('source_invalid', `${path}: line ${firstLineNotUtf8(bytes)} is not valid UTF-8.`, {
    hint: 'Save the file with the encoding UTF-8.',
  });
}

function tryDecode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Lines can be told apart before decoding: no byte of a multi-byte character equals a newline. */
function firstLineNotUtf8(bytes: Uint8Array): number {
  let line = 1;
  for (let start = 0; ; line++) {
    const end = bytes.indexOf(newline, start);
    if (end < 0 || tryDecode(bytes.subarray(start, end)) === undefined) return line;
    start = end + 1;
  }
}

const newline = 0x0a;

const space = /[ \t\n\r]*/y;
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const plainCharacters = /[^"\\\u0000-\u001f]*/y;
const escapeSequence = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

/** Walks over JSON text without building anything, and throws at the first place that is wrong. */
class Scanner {
  private readonly text: string;
  private readonly path: string;
  private at = 0;

  constructor(text: string, path: string) {
    this.text = text;
    this.path = path;
  }

  document(): void {
    this.value(1);
    if (this.at < this.text.length) this.fail('expected the end of the file');
  }

  /** Recursion ends at `maxDepth`, long before the stack does. */
  private value(depth: number): void {
    this.skip(space);
    const first = this.text[this.at];
    if ((first === '{' || first === '[') && depth > maxDepth)
      this.fail(`nested deeper than ${maxDepth} levels`);
    if (first === '{') this.list('}', () => this.member(depth + 1));
    else if (first === '[') this.list(']', () => this.value(depth + 1));
    else if (first === '"') this.string();
    else if (!this.skip(scalar)) this.fail('expected a value');
    this.skip(space);
  }

  private list(closer: '}' | ']', item: () => void): void {
    this.at++;
    this.skip(space);
    if (this.take(closer)) return;
    do item();
    while (this.take(','));
    if (!this.take(closer)) this.fail(`expected "," or "${closer}"`);
  }

  private member(depth: number): void {
    this.skip(space);
    if (this.text[this.at] !== '"') this.fail('expected a key in double quotes');
    this.string();
    this.skip(space);
    if (!this.take(':')) this.fail('expected ":"');
    this.value(depth);
  }

  private string(): void {
    this.at++;
    do this.skip(plainCharacters);
    while (this.skip(escapeSequence));
    if (this.take('"')) return;
    if (this.ended()) this.fail('a string is not closed');
    this.fail(this.text[this.at] === '\\' ? 'unknown escape in a string' : 'a control character in a string');
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  /** Moves past what a sticky pattern matches; false where it matches nothing. */
  private skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text) || pattern.lastIndex === this.at) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  private ended(): boolean {
    return this.at >= this.text.length;
  }

  private fail(reason: string): never {
    const before = this.text.slice(0, this.at);
    const line = before.split('\n').length;
    const column = this.at - before.lastIndexOf('\n');
    const what = this.ended() && !reason.startsWith('a string') ? `the file ends, but ${reason}` : reason;
    throw new ShareError('source_invalid', `${this.path}: line ${line}, column ${column}: ${what}.`);
  }
}
