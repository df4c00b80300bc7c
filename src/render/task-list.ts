import type { MarkdownIt, Token } from 'markdown-it';

/** Makes a box of `[ ]` and `[x]` at the start of a list item: a `task_checkbox` token whose `meta` is `{ checked }`. */
export function taskListPlugin(markdown: MarkdownIt): void {
  markdown.core.ruler.after('inline', 'task_list', ({ tokens, Token: makeToken }) => {
    const lists: Token[] = [];
    tokens.forEach((token, index) => {
      if (token.type === 'bullet_list_open' || token.type === 'ordered_list_open') lists.push(token);
      if (token.type === 'bullet_list_close' || token.type === 'ordered_list_close') lists.pop();
      const item = tokens[index - 2];
      if (item?.type !== 'list_item_open' || token.type !== 'inline' || !makeBox(token, makeToken)) return;
      item.attrSet('class', 'task-list-item');
      const list = lists.at(-1);
      if (list?.tag === 'ul') list.attrSet('class', 'contains-task-list');
    });
  });
}

function makeBox(inline: Token, makeToken: typeof Token): boolean {
  const first = inline.children?.[0];
  const checked = /^\[([ xX])\](?=\s)/.exec(first?.content ?? '')?.[1];
  if (first?.type !== 'text' || checked === undefined) return false;
  first.content = first.content.slice(3);
  const box = new makeToken('task_checkbox', 'input', 0);
  box.meta = { checked: checked !== ' ' };
  inline.children?.unshift(box);
  return true;
}
