import type { Tally } from './tally.ts';

/**
 * Cuts whole elements out of a text. One that is never closed is cut to the end of the text: it may hide more of the
 * person's words than it needs to, and never shows what was meant for the model. Text without such tags is not touched.
 */
export function withoutTags(text: string, names: RegExp, losses: Tally): string {
  if (!text.includes('<')) return text;
  const kept: string[] = [];
  let from = 0;
  let open: { name: string; depth: number } | undefined;
  for (const tag of text.matchAll(/<(\/?)([a-z][\w-]{0,60})(?:\s[^<>]{0,200})?>/g)) {
    const [whole, slash, name = ''] = tag;
    if (!open && !slash && names.test(name)) {
      kept.push(text.slice(from, tag.index));
      open = { name, depth: 1 };
      losses.hide(/^(?:local-command|bash)-/.test(name) ? 'local command' : 'injected context');
    } else if (open?.name === name) {
      open.depth += slash ? -1 : 1;
      if (open.depth > 0) continue;
      open = undefined;
      from = tag.index + whole.length;
    }
  }
  if (kept.length === 0) return text;
  if (!open) kept.push(text.slice(from));
  return kept
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
    .join('\n');
}
