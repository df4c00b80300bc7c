/**
 * Takes elements such as `<tool_call>…</tool_call>` out of a text. They do not nest; one that is never closed is left
 * in it.
 */
export function cutElements(text: string, name: string): { inside: string[]; rest: string } {
  const [opening, closing] = [`<${name}>`, `</${name}>`];
  const inside: string[] = [];
  let rest = '';
  let from = 0;
  for (;;) {
    const start = text.indexOf(opening, from);
    const end = start === -1 ? -1 : text.indexOf(closing, start);
    if (end === -1) return { inside, rest: rest + text.slice(from) };
    inside.push(text.slice(start + opening.length, end));
    rest += text.slice(from, start);
    from = end + closing.length;
  }
}
