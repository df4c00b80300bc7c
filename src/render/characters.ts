/**
 * Text to HTML, character by character: what is escaped, what is stripped, what is made visible.
 *
 * Bidirectional controls can make code read differently from what runs, and tag characters can carry text that
 * nobody sees. In prose they are removed; in code, where every character counts, they are shown.
 */

/** Longest code in which invisible characters are shown; beyond it they are removed, since each mark is ten times its size. */
const maximumMarked = 100_000;

/** Control characters, and what steers a terminal: colours, moves of the cursor, titles and links. */
const controls =
  /\r\n?|\u001B\[[0-9;?]*[A-Za-z]|\u001B\][^\u0007\u001B\n]*(?:\u0007|\u001B\\)|[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/g;

/** Every character the patterns below look for, or its first half: most text has none, and this test is cheap. */
const mayBeHidden =
  /[\u00AD\u061C\u115F\u1160\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\uDB40]/;

/**
 * Bidirectional embeddings, overrides and isolates, and invisible tag characters. The three flags that Unicode
 * spells with tag characters (England, Scotland, Wales) are matched first, and so are variants of Han characters.
 */
const hiddenInProse =
  /(\u{1F3F4}\u{E0067}\u{E0062}(?:\u{E0065}\u{E006E}\u{E0067}|\u{E0073}\u{E0063}\u{E0074}|\u{E0077}\u{E006C}\u{E0073})\u{E007F}|\p{Script=Han}[\u{E0100}-\u{E01EF}])|[\u202A-\u202E\u2066-\u2069\u{E0000}-\u{E007F}\u{E0100}-\u{E01EF}]/gu;

/** All that takes no room on the screen; joiners only where they join nothing (emoji, Arabic and Indic scripts need them). */
const hiddenInCode =
  /(?:[\u00AD\u061C\u115F\u1160\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\u{E0000}-\u{E007F}\u{E0100}-\u{E01EF}]|(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Script=Arabic}\p{M}])[\u200C\u200D])+/gu;

/** Code points named in one mark; of a longer run only the number is told. */
const namedInMark = 4;

export function escapeHtml(text: string): string {
  return /[&<>"]/.test(text)
    ? text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
    : text;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Drops NUL, the other control characters and what steers a terminal; lone surrogates become U+FFFD, line ends `\n`. */
export function withoutControls(text: string): string {
  return text.toWellFormed().replace(controls, (match) => (match.startsWith('\r') ? '\n' : ''));
}

/** Prose as plain text without what could reorder or hide it. Not escaped. */
export function plainProse(text: string): string {
  return mayBeHidden.test(text) ? text.replace(hiddenInProse, '$1') : text;
}

export function proseHtml(text: string): string {
  return escapeHtml(plainProse(text));
}

/** Code as HTML with its invisible characters shown. */
export function codeHtml(code: string): string {
  return showInvisible(escapeHtml(code));
}

/** Puts a mark in place of each run of invisible characters. Takes HTML whose tags and attributes hold none. */
export function showInvisible(html: string): string {
  if (!mayBeHidden.test(html)) return html;
  return html.replace(hiddenInCode, (run) => (html.length > maximumMarked ? '' : mark(run)));
}

function mark(run: string): string {
  const points = Array.from(
    run,
    (character) => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`,
  );
  const more = points.length > namedInMark ? ` +${points.length - namedInMark}` : '';
  return `<span class="invisible">⟨${points.slice(0, namedInMark).join(' ')}${more}⟩</span>`;
}
