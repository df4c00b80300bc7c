import katex from 'katex';
import type { MarkdownIt, StateBlock, StateInline } from 'markdown-it';

/** Longest formula, in characters; KaTeX recurses, and nobody reads a longer one. */
const maximumFormula = 5_000;
/** Different formulas set in one message; each costs about 50 µs. */
const maximumFormulas = 2_000;
/** Characters of all these together: fractions cost up to 10 µs for each. A long answer full of maths has some 20,000. */
const maximumSet = 60_000;
/**
 * Formulas of one message that define macros, each of which may come to as many pieces as a long formula. A macro of half
 * a formula's length, called in the other half, made 5 MB of HTML in 2 s out of 3,000 characters.
 */
const maximumDefining = 20;
const maximumExpansions = 200;
const maximumPieces = 8_000;
/** Lines looked through for the end of a displayed formula. */
const maximumLines = 100;

/** What one message has set so far. A formula that stands in it twice is set once. */
export interface Formulas {
  set: Map<string, string | undefined>;
  /** Characters that may still be set. */
  left: number;
  /** How many of them define macros. */
  defining: number;
}

export function newFormulas(): Formulas {
  return { set: new Map(), left: maximumSet, defining: 0 };
}

/**
 * Sets TeX as MathML, which needs no fonts, no style sheet and no script.
 *
 * @returns undefined when KaTeX does not understand it or a bound is passed; the caller shows the source.
 */
export function mathHtml(tex: string, display: boolean, formulas: Formulas): string | undefined {
  const key = `${display ? 'block' : 'inline'} ${tex}`;
  if (formulas.set.has(key)) return formulas.set.get(key);
  if (tex.length > maximumFormula || formulas.set.size >= maximumFormulas) return undefined;
  formulas.left -= tex.length;
  const maxExpand = formulas.left < 0 ? undefined : expansionsOf(tex, formulas);
  const html = maxExpand === undefined ? undefined : setFormula(tex, display, maxExpand);
  formulas.set.set(key, html);
  return html;
}

/** How many macros a formula may use, or undefined where it may not be set at all. */
function expansionsOf(tex: string, formulas: Formulas): number | undefined {
  if (!definition.test(tex)) return maximumExpansions;
  formulas.defining += 1;
  if (formulas.defining > maximumDefining || parameter.test(tex)) return undefined;
  return Math.min(maximumExpansions, Math.ceil(maximumPieces / tex.length));
}

/** All by which a formula can define a macro. What it defines does not outlive it. */
const definition = /\\(?:[egx]?def|(?:re)?newcommand|providecommand|(?:future)?let|global|long)(?![A-Za-z])/;

/** What a macro is given may double with each use of it, so that a few uses fill the memory. */
const parameter = /(?:^|[^\\])(?:\\\\)*#/;

function setFormula(tex: string, display: boolean, maxExpand: number): string | undefined {
  try {
    // `trust: false` refuses \href, \includegraphics and \htmlStyle; `maxExpand` and `maxSize` (em) bound macros and rules.
    const options = {
      output: 'mathml',
      strict: 'ignore',
      trust: false,
      maxExpand,
      maxSize: 20,
    } as const;
    const html = katex.renderToString(tex, {
      ...options,
      // A new one each time: KaTeX writes into it what a formula defines for good.
      macros: { ...refusedMacros },
      throwOnError: true,
      displayMode: display,
    });
    // Three commands write a style attribute, which the page's policy forbids. In text KaTeX escapes the quote.
    return groupTokens(html.replace(/ style="[^"]*"/g, ''));
  } catch (error) {
    // Deep braces overflow the stack before KaTeX's own checks can see them.
    const isExpected = [katex.ParseError, RefusedCommand, RangeError].some((kind) => error instanceof kind);
    if (isExpected) return undefined;
    throw error;
  }
}

/** These write into the console of whoever publishes, and into what a program reads from `share create`. */
const refusedMacros = Object.fromEntries(
  ['\\message', '\\errmessage', '\\show'].map((name) => [name, refuseMacro]),
);

class RefusedCommand extends Error {}

function refuseMacro(): never {
  throw new RefusedCommand();
}

/** Elements of MathML that hold nothing but text. */
const tokenTags: ReadonlySet<string> = new Set(['mi', 'mn', 'mo', 'ms', 'mtext']);

/**
 * KaTeX sets `\overset`, `\mathrel` and others as an operator or identifier that holds elements. To an HTML parser those
 * are no MathML any more: a browser sets them side by side, and the gate refuses the page. A row may hold them.
 */
function groupTokens(html: string): string {
  if (!/<(?:m[inos]|mtext)(?: [^<>]*)?>[^<]*<(?!\/)/.test(html)) return html;
  // KaTeX escapes `<` and `>` in text and attributes, and closes what it opens.
  const pieces = html.split(/(<[^<>]+>)/);
  const open: { at: number; texts: number[]; holdsElements: boolean }[] = [];
  pieces.forEach((piece, at) => {
    const parent = open.at(-1);
    if (piece.startsWith('</')) groupToken(pieces, at, open.pop());
    else if (piece.startsWith('<')) {
      if (parent !== undefined) parent.holdsElements = true;
      if (!piece.endsWith('/>')) open.push({ at, texts: [], holdsElements: false });
    } else if (piece !== '') parent?.texts.push(at);
  });
  return pieces.join('');
}

function groupToken(
  pieces: string[],
  end: number,
  start: { at: number; texts: readonly number[]; holdsElements: boolean } | undefined,
): void {
  const tag = pieces[end]?.slice(2, -1) ?? '';
  if (start?.holdsElements !== true || !tokenTags.has(tag)) return;
  pieces[start.at] = '<mrow>';
  pieces[end] = '</mrow>';
  // A row shows no text of its own.
  for (const text of start.texts) pieces[text] = `<${tag}>${pieces[text] ?? ''}</${tag}>`;
}

/** Makes Markdown know `$…$` and `\(…\)` in a line, `$$…$$` and `\[…\]` on lines of their own or in a line. */
export function mathsPlugin(markdown: MarkdownIt): void {
  markdown.inline.ruler.before('escape', 'math_inline', inlineRule);
  markdown.block.ruler.after('blockquote', 'math_block', blockRule, {
    alt: ['paragraph', 'reference', 'blockquote', 'list'],
  });
}

interface Span {
  tex: string;
  display: boolean;
  end: number;
}

function inlineRule(state: StateInline, silent: boolean): boolean {
  const span = spanAt(state.src, state.pos);
  if (span === undefined || span.end > state.posMax) return false;
  if (mathHtml(span.tex, span.display, formulasOf(state.env)) === undefined) return false;
  if (!silent) {
    const token = state.push('math_inline', 'math', 0);
    token.content = span.tex;
    token.meta = { display: span.display };
  }
  state.pos = span.end;
  return true;
}

function spanAt(text: string, start: number): Span | undefined {
  if (text.startsWith('$$', start)) return doubleDollarSpan(text, start);
  if (text.startsWith('$', start)) return dollarSpan(text, start);
  if (text.startsWith('\\(', start)) return bracketSpan(text, start, '\\)');
  if (text.startsWith('\\[', start)) return bracketSpan(text, start, '\\]');
  return undefined;
}

function doubleDollarSpan(text: string, start: number): Span | undefined {
  const within = text.slice(start + 2, start + 2 + maximumFormula);
  return toSpan(within, within.indexOf('$$'), start, true);
}

/** Ends at the next backslash with a bracket, or there is none: looking further would take quadratic time. */
function bracketSpan(text: string, start: number, closer: string): Span | undefined {
  const within = text.slice(start + 2, start + 2 + maximumFormula);
  const before = /^(?:[^\\]|\\[^()[\]])*/.exec(within)?.[0].length ?? 0;
  return toSpan(within, within.startsWith(closer, before) ? before : -1, start, closer === '\\]');
}

function toSpan(within: string, length: number, start: number, display: boolean): Span | undefined {
  const tex = within.slice(0, Math.max(length, 0));
  return tex.trim() === '' ? undefined : { tex, display, end: start + length + 4 };
}

/**
 * A single dollar is more often a price or a shell variable. So the opening one touches what follows and no word
 * before it, the first dollar after it is its end or there is none, and that one touches what stands before it and
 * no word, brace or bracket after it. A number with words is a price. `$5 and $10`, `$HOME/$USER` and `$20 a month, 30$` stay text.
 */
function dollarSpan(text: string, start: number): Span | undefined {
  if (/[\w$]/.test(text.charAt(start - 1)) || /[\s$]/.test(text.charAt(start + 1))) return undefined;
  const length =
    /^(?:[^\\$]|\\[^])*/.exec(text.slice(start + 1, start + 1 + maximumFormula))?.[0].length ?? 0;
  const end = start + 1 + length;
  const tex = text.slice(start + 1, end);
  if (tex === '' || text.charAt(end) !== '$' || /\s$/.test(tex)) return undefined;
  if (/[\w${(]/.test(text.charAt(end + 1)) || /^\d[^\\^_={}]*\s[a-z]{2}/i.test(tex)) return undefined;
  return { tex, display: false, end: end + 1 };
}

function blockRule(state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean {
  // Four spaces in is indented code.
  if ((state.sCount[startLine] ?? 0) - state.blkIndent >= 4) return false;
  const opener = lineOf(state, startLine).slice(0, 2);
  if (opener !== '$$' && opener !== '\\[') return false;
  const lines = displayLines(state, startLine, endLine, opener === '$$' ? '$$' : '\\]');
  const tex = lines?.join('\n').trim().slice(2, -2) ?? '';
  if (lines === undefined || tex.trim() === '') return false;
  if (silent) return true;
  const token = state.push('math_block', 'math', 0);
  token.block = true;
  token.content = tex.trim();
  token.map = [startLine, startLine + lines.length];
  state.line = startLine + lines.length;
  return true;
}

function lineOf(state: StateBlock, line: number): string {
  return state.src.slice((state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0), state.eMarks[line]);
}

/** The lines of a displayed formula, both marks included; undefined when it does not end, or ends amid a line. */
function displayLines(
  state: StateBlock,
  startLine: number,
  endLine: number,
  closer: string,
): string[] | undefined {
  const lines: string[] = [];
  for (let line = startLine; line < Math.min(endLine, startLine + maximumLines); line += 1) {
    // A line that stands further out than the container ends the container, and the formula with it.
    if (line > startLine && (state.sCount[line] ?? 0) < state.blkIndent) return undefined;
    const text = lineOf(state, line).trimEnd();
    if (line > startLine && text.startsWith('\\[')) return undefined;
    lines.push(text);
    const end = text.indexOf(closer, line === startLine ? 2 : 0);
    if (end !== -1) return end === text.length - 2 ? lines : undefined;
  }
  return undefined;
}

/** The formulas of the message that Markdown is reading; markdown-it hands one `env` through a whole message. */
export function formulasOf(env: unknown): Formulas {
  return (env as { formulas: Formulas }).formulas;
}
