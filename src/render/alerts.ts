import type { MarkdownIt, Token } from 'markdown-it';

/** First line of a quote that GitHub draws as an alert; it stands alone on its line. */
const firstLine = /^\[!(note|tip|important|warning|caution)\][\t ]*(?:\n|$)/i;

/** Classes an alert is drawn with: all that the sanitiser may let through. */
export const alertClasses = [
  'alert',
  'alert-note',
  'alert-tip',
  'alert-important',
  'alert-warning',
  'alert-caution',
] as const;

/**
 * Makes an alert of a quote that starts with `[!NOTE]`, `[!TIP]`, `[!IMPORTANT]`, `[!WARNING]` or `[!CAUTION]`. Its
 * title is a word, so that no alert is told from another by its colour alone. One without content stays a quote.
 */
export function alertsPlugin(markdown: MarkdownIt): void {
  markdown.core.ruler.after('block', 'alerts', (state) => {
    if (state.src.includes('[!')) state.tokens = withAlerts(state.tokens, state.Token);
  });
}

function withAlerts(tokens: readonly Token[], makeToken: typeof Token): Token[] {
  const made: Token[] = [];
  /** Of each quote that is open: whether it is an alert. */
  const open: boolean[] = [];
  let next = 0;
  for (let token = tokens[next]; token !== undefined; token = tokens[next]) {
    next += 1;
    made.push(token);
    if (token.type === 'blockquote_open') {
      const kind = kindOf(tokens, next);
      open.push(kind !== undefined);
      if (kind === undefined) continue;
      token.tag = 'div';
      token.attrSet('class', `alert alert-${kind.toLowerCase()}`);
      made.push(...titleTokens(kind, makeToken));
      next += takeFirstLine(tokens[next + 1]) ? 0 : 3;
    } else if (token.type === 'blockquote_close' && open.pop() === true) token.tag = 'div';
  }
  return made;
}

/** @param first  Index of the first token inside the quote. */
function kindOf(tokens: readonly Token[], first: number): string | undefined {
  const [paragraph, inline, , following] = tokens.slice(first, first + 4);
  if (paragraph?.type !== 'paragraph_open' || inline === undefined) return undefined;
  const [line, kind] = firstLine.exec(inline.content) ?? [];
  const isAll = line?.length === inline.content.length;
  return isAll && following?.type === 'blockquote_close' ? undefined : kind;
}

/** @returns false when nothing of the paragraph is left. */
function takeFirstLine(inline: Token | undefined): boolean {
  if (inline === undefined) return false;
  inline.content = inline.content.replace(firstLine, '').trimStart();
  return inline.content !== '';
}

function titleTokens(kind: string, makeToken: typeof Token): Token[] {
  const open = new makeToken('paragraph_open', 'p', 1);
  const inline = new makeToken('inline', '', 0);
  const close = new makeToken('paragraph_close', 'p', -1);
  open.attrSet('class', 'alert-title');
  open.block = true;
  close.block = true;
  inline.children = englishTokens(kind.charAt(0).toUpperCase() + kind.slice(1).toLowerCase(), makeToken);
  return [open, inline, close];
}

/** With a direction of its own: the first letter of a message tells the direction of the whole, and this is not it. */
function englishTokens(word: string, makeToken: typeof Token): Token[] {
  const open = new makeToken('english_open', 'span', 1);
  const text = new makeToken('text', '', 0);
  open.attrSet('dir', 'ltr');
  text.content = word;
  return [open, text, new makeToken('english_close', 'span', -1)];
}
