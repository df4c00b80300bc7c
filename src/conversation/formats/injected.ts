import type { Tally } from './tally.ts';

/**
 * Cuts whole elements out of a text. It may hide more of the person's words than it needs to, and never shows what was
 * meant for the model: see {@link outsideTags}. Text without such tags is not touched.
 */
export function withoutTags(text: string, names: RegExp, losses: Tally): string {
  const { kept, cut } = outsideTags(text, names);
  for (const name of cut)
    losses.hide(/^(?:local-command|bash)-/.test(name) ? 'local command' : 'injected context');
  if (cut.length === 0) return text;
  return kept
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
    .join('\n');
}

interface Outside {
  /** What stands around the elements, in order. */
  kept: string[];
  /** The names of the elements. */
  cut: string[];
  /** The last element is not closed. */
  isOpen: boolean;
}

/**
 * Divides a text into whole elements and what stands around them. An element may quote tags of its own name: pairs
 * nest, and where a closing tag has no opening one, an element before it was longer than it seemed, so that all from the
 * first one of that name counts as inside. An element that is never closed goes to the end of the text.
 */
export function outsideTags(text: string, names: RegExp): Outside {
  const cut: string[] = [];
  const spans: Span[] = [];
  const firstStarts = new Map<string, number>();
  let open: { name: string; start: number; depth: number } | undefined;
  for (const { 0: whole, 1: slash, 2: name = '', index } of tagsIn(text)) {
    const end = index + whole.length;
    const firstStart = firstStarts.get(name);
    if (open) {
      if (open.name === name) open.depth += slash ? -1 : 1;
      if (open.depth > 0) continue;
      spans.push({ start: open.start, end });
      open = undefined;
    } else if (slash) {
      if (firstStart !== undefined) spans.push({ start: firstStart, end });
    } else if (names.test(name)) {
      cut.push(name);
      if (firstStart === undefined) firstStarts.set(name, index);
      open = { name, start: index, depth: 1 };
    }
  }
  if (open) spans.push({ start: open.start, end: text.length });
  return { kept: around(text, spans), cut, isOpen: open !== undefined };
}

interface Span {
  start: number;
  end: number;
}

function tagsIn(text: string): Iterable<RegExpExecArray> {
  return text.includes('<') ? text.matchAll(/<(\/?)([a-z][\w-]{0,60})(?:\s[^<>]{0,200})?>/g) : [];
}

/** The pieces of a text around spans of it, which may overlap. */
function around(text: string, spans: readonly Span[]): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const { start, end } of spans.toSorted((one, other) => one.start - other.start)) {
    if (start > from) pieces.push(text.slice(from, start));
    from = Math.max(from, end);
  }
  return [...pieces, text.slice(from)];
}
