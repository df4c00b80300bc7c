import type { Token } from 'markdown-it';
import { allowedTags } from './sanitize.ts';

/**
 * Makes text of the raw HTML that the sanitiser would drop, so that nothing a person wrote gets lost: `Vec<T>`,
 * `use the <script> tag`, `<thinking>`, a pasted page. Safety does not rest on it; the sanitiser still sees all.
 *
 * It also bounds what the HTML parser has to repair: an inline tag that is not closed where it was opened would be
 * opened again in every paragraph that follows.
 */
export function settleRawHtml(tokens: readonly Token[]): void {
  for (const token of tokens) {
    if (token.type === 'html_block') settleBlock(token);
    if (token.type === 'inline' && token.children !== null) settleInline(token.children);
  }
}

/** True where Markdown found raw HTML that is still to be read as HTML. */
export function holdsRawHtml(tokens: readonly Token[]): boolean {
  return tokens.some(
    (token) =>
      token.type === 'html_block' ||
      token.type === 'html_inline' ||
      (token.children !== null && token.children.some((child) => child.type === 'html_inline')),
  );
}

/**
 * A block of raw HTML that starts with a tag no message may use: what HTML knows is code somebody pasted; what it
 * does not know (`<document>` in a prompt) is a mark around ordinary text. Called between Markdown's block and
 * inline passes, so that such text is read as Markdown.
 */
export function reclassifyBlocks(tokens: readonly Token[], makeToken: typeof Token): Token[] {
  return tokens.flatMap((token) => {
    if (token.type !== 'html_block') return [token];
    const name = /^\s*<(?:\/?([a-z][a-z0-9-]*)|[!?](?!--))/i.exec(token.content);
    if (name === null || allowedTags.has(name[1]?.toLowerCase() ?? '')) return [token];
    return name[1] !== undefined && !pageTags.has(name[1].toLowerCase())
      ? paragraph(token, makeToken)
      : [fence(token, makeToken)];
  });
}

const pageTags: ReadonlySet<string> = new Set(
  `article aside audio base body button canvas center dialog embed fieldset footer form frame frameset head header html
  iframe input label legend link main math menu meta nav noscript object optgroup option script search section select
  source style svg template textarea title track video`.split(/\s+/),
);

function fence(token: Token, makeToken: typeof Token): Token {
  const code = new makeToken('fence', 'code', 0);
  Object.assign(code, {
    info: 'html',
    content: token.content,
    map: token.map,
    level: token.level,
    block: true,
  });
  return code;
}

function paragraph(token: Token, makeToken: typeof Token): Token[] {
  const open = new makeToken('paragraph_open', 'p', 1);
  const inline = new makeToken('inline', '', 0);
  const close = new makeToken('paragraph_close', 'p', -1);
  Object.assign(inline, {
    content: token.content.trim(),
    map: token.map,
    level: token.level + 1,
    children: [],
  });
  for (const edge of [open, close]) Object.assign(edge, { map: token.map, level: token.level, block: true });
  return [open, inline, close];
}

interface Piece {
  html: string;
  /** A tag as it was written, for when it is shown as text. */
  written?: string;
  /** Lower case; undefined for text between tags. */
  tag?: string;
  closes?: boolean;
}

/** The grammar of CommonMark's tags, which is narrower than HTML's: what it does not match cannot open a tag. */
const tagPattern =
  /<(\/?)([a-z][a-z0-9-]*)((?:\s+[a-z_:][\w:.-]*(?:\s*=\s*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?)*)\s*\/?>/gi;

/** One attribute of such a tag. */
const attribute = /\s+([a-z_:][\w:.-]*)(?:\s*=\s*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?/gi;

function settleBlock(token: Token): void {
  const pieces = piecesOf(token.content);
  settle(pieces, (tag) => inlineTags.has(tag));
  token.content = pieces.map((piece) => piece.html).join('');
}

function settleInline(children: Token[]): void {
  const raw = children.filter((child) => child.type === 'html_inline');
  if (raw.length === 0) return;
  const pieces = raw.map(
    (child) => piecesOf(child.content).find((piece) => piece.tag !== undefined) ?? textPiece(child),
  );
  settle(pieces, () => true);
  raw.forEach((child, index) => {
    const html = pieces[index]?.html ?? '';
    if (!html.startsWith('&lt;')) child.content = html;
    else child.type = 'text';
  });
}

/** Inline, markdown-it gives one tag, comment or declaration at a time. */
function textPiece(child: Token): Piece {
  return { html: child.content.startsWith('<!--') ? '' : escapeOpening(child.content) };
}

function piecesOf(html: string): Piece[] {
  const shown = withoutComments(html);
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of shown.matchAll(tagPattern)) {
    pieces.push({ html: escapeOpening(shown.slice(from, match.index)) });
    from = match.index + match[0].length;
    const tag = (match[2] ?? '').toLowerCase();
    const written = `&lt;${escapeOpening(match[0].slice(1))}`;
    if (allowedTags.has(tag)) pieces.push({ html: startOf(match), written, tag, closes: match[1] === '/' });
    else pieces.push({ html: written });
  }
  pieces.push({ html: escapeOpening(shown.slice(from)) });
  return pieces;
}

/** A tag that stays one, without its classes: those are for what Markdown and we ourselves draw. */
function startOf([whole, , tag = '', attributes = '']: RegExpExecArray): string {
  if (!/class/i.test(attributes) || tag.toLowerCase() === 'code') return `<${escapeOpening(whole.slice(1))}`;
  const kept = attributes.replace(attribute, (each, name: string) =>
    name.toLowerCase() === 'class' ? '' : escapeOpening(each),
  );
  return `<${tag}${kept}>`;
}

/** A comment is not shown, so it is not published. One without an end is no comment. */
function withoutComments(html: string): string {
  const [first = '', ...others] = html.split('<!--');
  return others.reduce((shown, other) => {
    const end = other.indexOf('-->');
    return end === -1 ? `${shown}<!--${other}` : shown + other.slice(end + 3);
  }, first);
}

/** Makes text of each tag for which `mustPair` holds and that has no partner among the pieces. */
function settle(pieces: Piece[], mustPair: (tag: string) => boolean): void {
  const open: Piece[] = [];
  const openOf = new Map<string, number>();
  const close = (piece: Piece): void => {
    let last: Piece | undefined;
    while ((last = open.pop()) !== undefined) {
      openOf.set(last.tag ?? '', (openOf.get(last.tag ?? '') ?? 0) - 1);
      if (last.tag === piece.tag) return;
      showAsText(last);
    }
  };
  for (const piece of pieces) {
    if (piece.tag === undefined || voidTags.has(piece.tag) || !mustPair(piece.tag)) continue;
    const count = openOf.get(piece.tag) ?? 0;
    if (piece.closes !== true) {
      open.push(piece);
      openOf.set(piece.tag, count + 1);
    } else if (count > 0) close(piece);
    else showAsText(piece);
  }
  open.forEach(showAsText);
}

function showAsText(piece: Piece): void {
  piece.html = piece.written ?? piece.html;
}

function escapeOpening(text: string): string {
  return text.replaceAll('<', '&lt;');
}

const voidTags: ReadonlySet<string> = new Set(['br', 'hr', 'img', 'wbr']);

/** Tags that an HTML parser opens again in the next block, or that read wrong when left open. */
const inlineTags: ReadonlySet<string> = new Set(
  'a abbr b code del em i ins kbd mark q s samp small span strike strong sub sup tt u var'.split(' '),
);
