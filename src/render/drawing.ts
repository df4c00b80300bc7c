import { codeHtml } from './characters.ts';
import { highlightCode } from './highlight.ts';
import { mathHtml, type Formulas } from './maths.ts';

/**
 * The trusted pieces of a message: drawn by us from plain text, the same whether they are found in Markdown's
 * tokens or on the sanitised tree.
 */
export interface Drawing {
  formulas: Formulas;
  /** Characters of code that may still be coloured in this message. */
  coloursLeft: number;
  /** Formulas that may still be drawn in this message. */
  formulasLeft: number;
}

/** Highlighting costs about 1 ms for a thousand characters, and a block about as much as 100 more. */
const maximumColoured = 60_000;
const charactersPerBlock = 100;
/** Set, the shortest formula is 50 times the size of its source. */
const maximumFormulas = 5_000;

export function newDrawing(): Drawing {
  return { formulas: new Map(), coloursLeft: maximumColoured, formulasLeft: maximumFormulas };
}

/**
 * @param code      Ends with a line end, as Markdown has it.
 * @param language  As the author wrote it; `math` is TeX, set as a displayed formula.
 */
export function codeBlockHtml(code: string, language: string, drawing: Drawing): string {
  const name = languageName(language);
  const formula = name === 'math' ? formulaHtml(code.trim(), true, drawing) : undefined;
  if (formula !== undefined) return `<p>${formula}</p>\n`;
  drawing.coloursLeft -= code.length + charactersPerBlock;
  const inner = drawing.coloursLeft < 0 ? codeHtml(code) : highlightCode(code, name);
  return `<pre><code${name === '' ? '' : ` class="language-${name}"`}>${inner}</code></pre>\n`;
}

/** The first word of a fence's info string as far as it may stand in a class: `python:src/a.py` is `python`. */
export function languageName(info: string): string {
  return /^[\w+#.-]{1,40}/.exec(info.trim())?.[0].toLowerCase() ?? '';
}

/** A formula among words; its source as code when it cannot be set. */
export function inlineMathHtml(tex: string, display: boolean, drawing: Drawing): string {
  return formulaHtml(tex, display, drawing) ?? `<code>${codeHtml(tex)}</code>`;
}

function formulaHtml(tex: string, display: boolean, drawing: Drawing): string | undefined {
  drawing.formulasLeft -= 1;
  return drawing.formulasLeft < 0 ? undefined : mathHtml(tex, display, drawing.formulas);
}

/** The page's title is its h1 and a round is an h2, so the headings of a message start at h3. */
export function headingTag(tagName: string): string {
  const level = /^h([1-6])$/.exec(tagName)?.[1];
  return level === undefined ? tagName : `h${Math.min(Number(level) + 2, 6)}`;
}

export function checkboxHtml(checked: boolean): string {
  return `<input type="checkbox" disabled${checked ? ' checked' : ''} aria-label="${checked ? 'Done' : 'Not done'}">`;
}
