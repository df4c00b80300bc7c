import type { MarkdownIt, StateCore, StateInline, Token } from 'markdown-it';
import footnotes from 'markdown-it-footnote';

/** Longest label, in characters: one without an end is looked for from every bracket. */
const reference = /\[\^([^\]\s]{1,200})\]/y;

/** What markdown-it-footnote keeps of one message, and the labels in the order of their first references. */
interface Env {
  footnotes?: {
    /** `:label` → -1 while no reference to it was found, then its number less one. */
    refs?: Record<string, number>;
    order?: string[];
  };
}

/**
 * Makes Markdown know `[^1]` and `[^1]: note`. The number stands in the text, the notes below the message.
 *
 * They are not linked. A link within the page needs an id, ids are unique on a page, and a message is drawn without
 * knowing what else stands on its page, and kept to be used again.
 *
 * Definitions are found by markdown-it-footnote; the rest of it is not used. Its own gathering of notes gives tags
 * that do not close when one note is defined in another, loses what nobody refers to, and takes quadratic time; and
 * its `^[…]` makes notes of regular expressions.
 */
export function footnotesPlugin(markdown: MarkdownIt): void {
  // Its types are those of markdown-it's CommonJS build.
  markdown.use(footnotes as unknown as (markdown: MarkdownIt) => void);
  markdown.inline.ruler.disable('footnote_inline');
  markdown.inline.ruler.at('footnote_ref', referenceRule);
  markdown.core.ruler.at('footnote_tail', gatherNotes);
}

function referenceRule(state: StateInline, silent: boolean): boolean {
  const notes = (state.env as Env).footnotes;
  if (notes?.refs === undefined) return false;
  reference.lastIndex = state.pos;
  const [whole = '', label = ''] = reference.exec(state.src) ?? [];
  const known = notes.refs[`:${label}`];
  if (known === undefined || state.pos + whole.length > state.posMax) return false;
  if (!silent) {
    notes.order ??= [];
    const number = known === -1 ? notes.order.push(label) : known + 1;
    notes.refs[`:${label}`] = number - 1;
    state.push('footnote_mark_open', 'sup', 1).attrSet('class', 'footnote-mark');
    state.push('text', '', 0).content = `[${number}]`;
    state.push('footnote_mark_close', 'sup', -1);
  }
  state.pos += whole.length;
  return true;
}

interface Definition {
  label: string;
  tokens: Token[];
}

/** Moves the notes that somebody refers to below everything else. Any other stays where it was written. */
function gatherNotes(state: StateCore): void {
  const notes = (state.env as Env).footnotes;
  if (notes?.refs === undefined) return;
  const found = new Map<string, Token[]>();
  const body: Token[] = [];
  const open: Definition[] = [];
  for (const token of state.tokens) {
    if (token.type === 'footnote_reference_open')
      open.push({ label: (token.meta as { label: string }).label, tokens: [] });
    else if (token.type !== 'footnote_reference_close') (open.at(-1)?.tokens ?? body).push(token);
    else {
      const definition = open.pop();
      if (definition === undefined) continue;
      const isReferredTo = notes.refs[`:${definition.label}`] !== -1;
      if (isReferredTo && !found.has(definition.label)) found.set(definition.label, definition.tokens);
      else append(open.at(-1)?.tokens ?? body, asWritten(definition, state.Token));
    }
  }
  if (notes.order !== undefined) append(body, listOf(notes.order, found, state.Token));
  state.tokens = body;
}

/** A definition that nobody refers to, as the text it is. */
function asWritten({ label, tokens }: Definition, makeToken: typeof Token): Token[] {
  const mark = new makeToken('text', '', 0);
  mark.content = `[^${label}]: `;
  const [first, inline] = tokens;
  if (first?.type === 'paragraph_open' && inline?.children) {
    inline.children.unshift(mark);
    return tokens;
  }
  const own = new makeToken('inline', '', 0);
  own.children = [mark];
  return [block(makeToken, 'p', 1), own, block(makeToken, 'p', -1), ...tokens];
}

function listOf(
  order: readonly string[],
  found: ReadonlyMap<string, Token[]>,
  makeToken: typeof Token,
): Token[] {
  const title = new makeToken('inline', '', 0);
  title.children = [Object.assign(new makeToken('text', '', 0), { content: 'Footnotes' })];
  const list = [
    block(makeToken, 'div', 1, 'footnotes'),
    block(makeToken, 'p', 1, 'footnotes-title'),
    title,
    block(makeToken, 'p', -1),
    block(makeToken, 'ol', 1),
  ];
  for (const label of order) {
    list.push(block(makeToken, 'li', 1));
    append(list, found.get(label) ?? []);
    list.push(block(makeToken, 'li', -1));
  }
  list.push(block(makeToken, 'ol', -1), block(makeToken, 'div', -1));
  return list;
}

function block(makeToken: typeof Token, tag: string, nesting: 1 | -1, className?: string): Token {
  const token = new makeToken(`footnotes_${tag}_${nesting === 1 ? 'open' : 'close'}`, tag, nesting);
  token.block = true;
  if (className !== undefined) token.attrSet('class', className);
  return token;
}

/** Not by spreading into `push`: a message may have more tokens than a call may have arguments. */
function append(tokens: Token[], more: readonly Token[]): void {
  for (const token of more) tokens.push(token);
}
