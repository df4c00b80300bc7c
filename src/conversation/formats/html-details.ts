/** A `<details type="…">` element, and the text before it. */
export interface Details {
  /** The text since the element before. */
  before: string;
  type: string;
  attributes: ReadonlyMap<string, string>;
  /** Without its `<summary>`. */
  inside: string;
}

const openings = /<details((?:\s+[\w-]+="[^"]*")*)\s*>/g;
const tags = /<(\/?)details(?:\s[^<>]*)?>/g;

/**
 * Cuts the elements that a chat tool writes into an answer out of it. Others stay: an answer may hold HTML of its own.
 * An element that never ends goes to the end of the text.
 *
 * @param types  Values of `type` that are meant.
 */
export function detailsIn(text: string, types: RegExp): { elements: Details[]; rest: string } {
  const elements: Details[] = [];
  let from = 0;
  for (const opening of text.matchAll(openings)) {
    if (opening.index < from) continue;
    const attributes = attributesIn(opening[1] ?? '');
    const type = attributes.get('type') ?? '';
    if (!types.test(type)) continue;
    const begin = opening.index + opening[0].length;
    const { end, next } = endOf(text, begin);
    const inside = text.slice(begin, end).replace(/^\s*<summary>[^]*?<\/summary>/, '');
    elements.push({ before: text.slice(from, opening.index), type, attributes, inside: inside.trim() });
    from = next;
  }
  return { elements, rest: text.slice(from) };
}

function endOf(text: string, begin: number): { end: number; next: number } {
  let depth = 1;
  tags.lastIndex = begin;
  for (let tag = tags.exec(text); tag !== null; tag = tags.exec(text)) {
    depth += tag[1] === '/' ? -1 : 1;
    if (depth === 0) return { end: tag.index, next: tag.index + tag[0].length };
  }
  return { end: text.length, next: text.length };
}

function attributesIn(text: string): Map<string, string> {
  return new Map(
    Array.from(text.matchAll(/([\w-]+)="([^"]*)"/g), ([, name = '', value = '']) => [name, decoded(value)]),
  );
}

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

/** Text in which `&`, `<`, `>` and quotes stand as entities. */
export function decoded(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]{2,4}));/gi, (whole, hex, decimal, name) => {
    if (typeof name === 'string') return named[name] ?? whole;
    const code = typeof hex === 'string' ? parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code).toWellFormed() : whole;
  });
}
