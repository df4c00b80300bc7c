import { parseFragment, type DefaultTreeAdapterTypes } from 'parse5';

type Node = DefaultTreeAdapterTypes.ChildNode;
type Element = DefaultTreeAdapterTypes.Element;

/** An element as the comparison sees it; a rewrite may give its children, or others, in its place. */
export interface Seen {
  tag: string;
  attributes: Record<string, string>;
  children: (Seen | string)[];
}

export type Rewrite = (element: Seen) => Seen | (Seen | string)[];

/**
 * HTML as lines, one for each tag and text, for comparing what two renderers made. White space that nobody sees is
 * gone: around and between blocks all of it, in text all but one space, in `pre` none.
 *
 * @param rewrite  Called for each element, children first; undoes what differs deliberately.
 */
export function outlineOf(html: string, rewrite: Rewrite = (element) => element): string {
  const nodes = parseFragment(html).childNodes.flatMap((node) => seen(node, rewrite));
  return linesOf(nodes, false).join('\n');
}

function seen(node: Node, rewrite: Rewrite): (Seen | string)[] {
  if ('value' in node) return [node.value];
  if (!('tagName' in node)) return [];
  const made = rewrite({
    tag: node.tagName,
    attributes: attributesOf(node),
    children: node.childNodes.flatMap((child) => seen(child, rewrite)),
  });
  return Array.isArray(made) ? made : [made];
}

function attributesOf(element: Element): Record<string, string> {
  return Object.fromEntries(element.attrs.map(({ name, value }) => [name, value]));
}

const blocks: ReadonlySet<string> = new Set(
  'blockquote dd details div dl dt figcaption figure heading hr li ol p pre table tbody td th thead tr ul'.split(
    ' ',
  ),
);

function linesOf(nodes: readonly (Seen | string)[], keepsSpace: boolean): string[] {
  return joined(nodes).flatMap((node, index, all) => {
    if (typeof node !== 'string') return elementLines(node, keepsSpace);
    const text = keepsSpace ? node : trimmed(node, isEdge(all[index - 1]), isEdge(all[index + 1]));
    return text === '' ? [] : [JSON.stringify(text)];
  });
}

/** Texts that stand side by side are one. */
function joined(nodes: readonly (Seen | string)[]): (Seen | string)[] {
  const made: (Seen | string)[] = [];
  for (const node of nodes) {
    const last = made.at(-1);
    if (typeof node === 'string' && typeof last === 'string') made[made.length - 1] = last + node;
    else made.push(node);
  }
  return made;
}

function isEdge(neighbour: Seen | string | undefined): boolean {
  return (
    neighbour === undefined ||
    typeof neighbour === 'string' ||
    blocks.has(neighbour.tag) ||
    neighbour.tag === 'br'
  );
}

function trimmed(text: string, start: boolean, end: boolean): string {
  const single = text.replace(/[\t\n\f\r ]+/g, ' ');
  return single.slice(start && single.startsWith(' ') ? 1 : 0).replace(end ? / $/ : /$^/, '');
}

function elementLines({ tag, attributes, children }: Seen, keepsSpace: boolean): string[] {
  const written = Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  const inner = linesOf(children, keepsSpace || tag === 'pre');
  return [`<${tag}${written.join('')}>`, ...inner.map((line) => `  ${line}`)];
}
