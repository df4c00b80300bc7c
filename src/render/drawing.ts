import { codeHtml } from './characters.ts';
import { highlightCode } from './highlight.ts';
import { languageLabel } from './language-names.ts';
import { mathHtml, newFormulas, type Formulas } from './maths.ts';

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
  /** Levels of the headings that the next one may stand under, as written, outermost first. */
  headings: number[];
}

/** Highlighting costs about 1 ms for a thousand characters, and a block about as much as 100 more. */
const maximumColoured = 60_000;
const charactersPerBlock = 100;
/** Set, the shortest formula is 50 times the size of its source. */
const maximumFormulas = 5_000;

export function newDrawing(): Drawing {
  return {
    formulas: newFormulas(),
    coloursLeft: maximumColoured,
    formulasLeft: maximumFormulas,
    headings: [],
  };
}

/**
 * A block of code, in a frame with the name of its language where one was given.
 *
 * @param code  Ends with a line end, as Markdown has it.
 * @param info  What stands on the fence; `math` is TeX, set as a displayed formula.
 */
export function codeBlockHtml(code: string, info: string, drawing: Drawing): string {
  const word = languageWord(info);
  const name = word.toLowerCase();
  const formula = name === 'math' ? formulaHtml(code.trim(), true, drawing) : undefined;
  if (formula !== undefined) return `<p>${formula}</p>\n`;
  drawing.coloursLeft -= code.length + charactersPerBlock;
  const inner = drawing.coloursLeft < 0 ? codeHtml(code) : highlightCode(code, name);
  const block = `<pre><code${name === '' ? '' : ` class="language-${name}"`}>${inner}</code></pre>`;
  const label = languageLabel(word);
  return label === undefined
    ? `${block}\n`
    : `<figure class="code"><figcaption>${codeHtml(label)}</figcaption>${block}</figure>\n`;
}

/** The first word of a fence's info string as far as it may stand in a class: `python:src/a.py` is `python`. */
export function languageWord(info: string): string {
  return /^[\p{L}\p{N}_+#.-]{1,40}/u.exec(info.trim())?.[0] ?? '';
}

/** A formula among words; its source as code when it cannot be set. */
export function inlineMathHtml(tex: string, display: boolean, drawing: Drawing): string {
  return formulaHtml(tex, display, drawing) ?? `<code>${codeHtml(tex)}</code>`;
}

function formulaHtml(tex: string, display: boolean, drawing: Drawing): string | undefined {
  drawing.formulasLeft -= 1;
  return drawing.formulasLeft < 0 ? undefined : mathHtml(tex, display, drawing.formulas);
}

/** The page's title is its h1 and a round is an h2. */
const levelsAbove = 2;

/**
 * The tag of the next heading of a message. A heading stands one level below the nearest one before it that was
 * written with a higher rank, so that no level is skipped, whatever levels were written: h2, h4, h4, h3 are drawn as
 * h3, h4, h4, h4. Any other tag stays as it is.
 */
export function headingTag(tagName: string, { headings }: Drawing): string {
  if (!/^h[1-6]$/.test(tagName)) return tagName;
  const level = Number(tagName.charAt(1));
  while ((headings.at(-1) ?? 0) >= level) headings.pop();
  headings.push(level);
  return `h${Math.min(levelsAbove + headings.length, 6)}`;
}

export function checkboxHtml(checked: boolean): string {
  return `<input type="checkbox" disabled${checked ? ' checked' : ''} aria-label="${checked ? 'Done' : 'Not done'}">`;
}
