import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { faultOf, newSeen, readPolicy, type Language, type Seen, type Tag } from './page-rules.ts';

/**
 * A page in plain form: one doctype, head and body; every tag in lower case with its attributes in double quotes,
 * closed where HTML does not forbid it and nested properly; no comment; no `<` but that of a tag.
 *
 * So little of HTML can be read token by token: within it no parser, however it repairs what stands in the wrong
 * place, makes an element or an attribute that is not written there. It may move one, close one early or add an
 * empty `<p>`, `<tbody>` or `<tr>`; which elements there are, in which language, and with which attributes, is what
 * is written. Where that would not hold (text that is no text for a parser, drawings that hold HTML) the form is left.
 *
 * The page is read as bytes, one character for each: every character that means something here is ASCII, and of no
 * other is asked more than whether it is the same. A string of one byte a character is made and read the faster.
 */

/** True when the page is in plain form and keeps every rule; false says nothing but that somebody else must look. */
export function passesPlainly(bytes: Buffer): boolean {
  const page = bytes.toString('latin1');
  // What a browser reads otherwise than it is written: two ids could then be one, and a script another.
  if (page.includes('\0') || page.includes('\r') || !isUtf8(bytes)) return false;
  const start = prologue.exec(page);
  const policy = readPolicy(start?.[1] ?? '');
  return (
    start !== null && 'hashes' in policy && new Scan(bytes, page, start[0].length, policy.hashes).passes()
  );
}

/** The policy is the head's first element, and nothing but white space comes before it. */
const prologue =
  /^<!doctype html>[\t\n ]*<html(?: (?:lang|dir|data-[a-z]+)="[\w-]*")*>[\t\n ]*<head>[\t\n ]*<meta http-equiv="Content-Security-Policy" content="([^"&]*)">/i;

const startTag = /<([a-z][a-z0-9]*)((?: [A-Za-z][\w:.-]*(?:="[^"]*")?)*)(\/?)>/y;
const attribute = / ([A-Za-z][\w:.-]*)(?:="([^"]*)")?/g;

const voidElements: ReadonlySet<string> = new Set(['br', 'hr', 'img', 'input', 'link', 'meta', 'wbr']);
const headElements: ReadonlySet<string> = new Set(['link', 'meta', 'script', 'style', 'title']);
const pageElements: ReadonlySet<string> = new Set(['html', 'head', 'body']);
/** Where HTML could follow in a drawing or formula, or where a parser reads no tags: text only, in plain form. */
const textElements: Readonly<Record<Language, ReadonlySet<string>>> = {
  html: new Set(['script', 'style', 'title']),
  svg: new Set(['title']),
  math: new Set(['annotation', 'mi', 'mn', 'mo', 'ms', 'mtext']),
};

/** An element that is open. */
interface Open {
  name: string;
  /** Of what is inside it. */
  language: Language;
  endTag: string;
  /** `raw` is text in which `<` may stand. */
  holds: 'nothing' | 'text' | 'raw' | 'elements';
}

function toOpen(name: string, language: Language, isClosed: boolean): Open {
  return { name, language, endTag: `</${name}>`, holds: isClosed ? 'nothing' : contentOf(name, language) };
}

function contentOf(name: string, language: Language): Open['holds'] {
  if (language === 'html' && voidElements.has(name)) return 'nothing';
  if (!textElements[language].has(name)) return 'elements';
  return language === 'html' && name !== 'title' ? 'raw' : 'text';
}

/** Attributes whose values come back, so that the same start tag does, too. */
const recurring: ReadonlySet<string> = new Set(['class', 'dir', 'display', 'encoding', 'stretchy', 'xmlns']);
/** Start tags that keep the rules wherever they stand in a language. Bounded: any other is looked at again. */
const known: Readonly<Record<Language, Map<string, Open>>> = {
  html: new Map(),
  svg: new Map(),
  math: new Map(),
};
const mostKnown = 1_000;
const longestKnown = 80;

class Scan {
  readonly #bytes: Buffer;
  /** Character by byte. */
  readonly #page: string;
  readonly #seen: Seen;
  readonly #open: Open[] = [toOpen('html', 'html', false), toOpen('head', 'html', false)];
  #at: number;
  #sawBody = false;

  constructor(bytes: Buffer, page: string, at: number, hashes: Seen['hashes']) {
    this.#bytes = bytes;
    this.#page = page;
    this.#at = at;
    this.#seen = newSeen(hashes);
  }

  passes(): boolean {
    for (let around = this.#open.at(-1); around !== undefined; around = this.#open.at(-1)) {
      this.#at = this.#page.indexOf('<', this.#at);
      if (this.#at === -1) return false;
      const isEnd = this.#page.charCodeAt(this.#at + 1) === slash;
      if (!(isEnd ? this.#close(around) : this.#start(around))) return false;
    }
    return /^[\t\n ]*$/.test(this.#page.slice(this.#at));
  }

  #close({ endTag }: Open): boolean {
    this.#open.pop();
    if (!this.#page.startsWith(endTag, this.#at)) return false;
    this.#at += endTag.length;
    return true;
  }

  #start(around: Open): boolean {
    const end = this.#page.indexOf('>', this.#at) + 1;
    const element = known[around.language].get(this.#page.slice(this.#at, end));
    if (element === undefined || around.name === 'html' || around.name === 'head')
      return this.#startNew(around);
    this.#at = end;
    return this.#enter(element);
  }

  #startNew(around: Open): boolean {
    startTag.lastIndex = this.#at;
    const [whole, name, written = '', closing] = startTag.exec(this.#page) ?? [];
    if (whole === undefined || name === undefined || !this.#mayStand(name, around.name)) return false;
    this.#at += whole.length;
    const language = languageOf(name, around.language);
    const attributes = attributesIn(written);
    const isClosed = closing === '/';
    if (attributes === undefined || mayBeCopied(name, attributes) || (isClosed && language === 'html'))
      return false;
    if (faultOf(this.#toTag(name, language, attributes, around), this.#seen) !== undefined) return false;
    const element = toOpen(name, language, isClosed);
    remember(around.language, whole, element, attributes);
    return this.#enter(element);
  }

  #toTag(name: string, language: Language, attributes: Tag['attributes'], around: Open): Tag {
    return {
      name,
      language,
      attributes,
      parent: around.name,
      parentLanguage: around.language,
      isFirst: false, // the one that may be was read with the prologue
      hash: () =>
        hash('sha256', this.#bytes.subarray(this.#at, this.#page.indexOf('</', this.#at)), 'base64'),
      holdsElements: () => false, // nothing that is asked about does, in plain form
    };
  }

  /** What holds text is read to its end here: no tag may follow in it. */
  #enter(element: Open): boolean {
    if (element.holds === 'nothing') return true;
    this.#open.push(element);
    if (element.holds === 'elements') return true;
    this.#at = element.holds === 'raw' ? this.#endOfRaw() : this.#page.indexOf('<', this.#at);
    return this.#close(element);
  }

  /** `<!--` begins what a parser of scripts may read beyond the end tag. */
  #endOfRaw(): number {
    const end = this.#page.indexOf('</', this.#at);
    return this.#page.slice(this.#at, end).includes('<!--') ? -1 : end;
  }

  #mayStand(name: string, parent: string): boolean {
    if (parent === 'head') return headElements.has(name);
    if (parent !== 'html') return !pageElements.has(name);
    const isBody = name === 'body' && !this.#sawBody;
    this.#sawBody = true;
    return isBody;
  }
}

const slash = '/'.charCodeAt(0);

/** A parser opens these again in a later block when it had to close them early: an id would then stand there twice. */
const reopened: ReadonlySet<string> = new Set('a b code em i s small strike strong tt u'.split(' '));

function mayBeCopied(name: string, attributes: Tag['attributes']): boolean {
  return reopened.has(name) && attributes.some(([each]) => each === 'id');
}

function languageOf(name: string, around: Language): Language {
  if (around !== 'html') return around;
  return name === 'svg' || name === 'math' ? name : 'html';
}

function attributesIn(written: string): [string, string][] | undefined {
  const attributes: [string, string][] = [];
  attribute.lastIndex = 0;
  for (let next = attribute.exec(written); next !== null; next = attribute.exec(written)) {
    const value = resolve(next[2] ?? '');
    if (value === undefined) return undefined;
    attributes.push([next[1] ?? '', value]);
  }
  return attributes;
}

/** Resolves the five references that we write. Any other is left to somebody who knows all of them. */
function resolve(value: string): string | undefined {
  if (!value.includes('&')) return value;
  if (/&(?!(?:amp|lt|gt|quot|#39);)/.test(value)) return undefined;
  return value.replace(/&([^;]+);/g, (_match, name: string) => characters[name] ?? '');
}

const characters: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function remember(around: Language, text: string, element: Open, attributes: Tag['attributes']): void {
  if (known[around].size >= mostKnown || text.length > longestKnown) return;
  // What these are asked depends on their place.
  if (headElements.has(element.name) || pageElements.has(element.name)) return;
  if (!attributes.every(([name]) => recurring.has(name))) return;
  // A copy: a piece of a page's text would keep all of it in memory.
  known[around].set(Buffer.from(text, 'latin1').toString('latin1'), element);
}
