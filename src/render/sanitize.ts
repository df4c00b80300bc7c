import type { Element, Nodes, Root } from 'hast';
import { fromHtml } from 'hast-util-from-html';
import { sanitize, type Schema } from 'hast-util-sanitize';
import { alertClasses } from './alerts.ts';
import { codeHtml, escapeHtml, proseHtml } from './characters.ts';
import { checkboxHtml, codeBlockHtml, headingTag, inlineMathHtml, type Drawing } from './drawing.ts';
import { imageHtml, linkTag } from './links.ts';

/** Elements nested deeper than any person nests them: the raw HTML is then shown as text. */
const maximumDepth = 200;

/** What raw HTML in a message may use: CommonMark, GFM, and the few things that Markdown has no mark for. */
export const allowedTags: ReadonlySet<string> = new Set(
  `a abbr b blockquote br caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre
  q rp rt ruby s samp small span strike strong sub summary sup table tbody td tfoot th thead tr tt u ul var wbr`.split(
    /\s+/,
  ),
);

const cell: NonNullable<Schema['attributes']>[string] = [
  ['className', /^align-(?:left|center|right)$/],
  ['align', 'left', 'center', 'right'],
  ['colSpan', /^\d{1,2}$/],
  ['rowSpan', /^\d{1,2}$/],
];

/** Classes are Markdown's own marks: raw HTML has lost its classes before, but for the language of its code. */
const schema: Schema = {
  // Markdown writes the task boxes itself; from raw HTML an `input` has become text before.
  tagNames: [...allowedTags, 'input'],
  attributes: {
    '*': [['dir', 'ltr', 'rtl', 'auto']],
    a: ['href', 'title'],
    abbr: ['title'],
    code: [['className', /^language-[\p{L}\p{N}_+#.-]+$/u]],
    details: ['open'],
    div: [['className', ...alertClasses, 'footnotes']],
    img: ['src', 'alt', 'title'],
    input: [['type', 'checkbox'], ['disabled', true], 'checked'],
    li: [
      ['className', 'task-list-item'],
      ['value', /^-?\d{1,9}$/],
    ],
    ol: [['start', /^-?\d{1,9}$/], 'reversed', ['type', '1', 'a', 'A', 'i', 'I']],
    p: [['className', 'alert-title', 'footnotes-title']],
    sup: [['className', 'footnote-mark']],
    td: cell,
    th: [...cell, ['scope', 'row', 'col']],
    ul: [['className', 'contains-task-list']],
  },
  required: { input: { type: 'checkbox', disabled: true } },
  // `data:` is narrowed to raster images where images are drawn; linkTag() asks for more than a known scheme.
  protocols: { href: ['http', 'https', 'mailto'], src: ['http', 'https', 'data'] },
  // A start tag outside its place would close an element of the page around the message.
  ancestors: {
    ...Object.fromEntries(
      ['caption', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr'].map((tag) => [tag, ['table']]),
    ),
    dd: ['dl'],
    dt: ['dl'],
    li: ['ol', 'ul'],
    summary: ['details'],
  },
  clobber: [],
  strip: ['script', 'style'],
};

/**
 * Cleans HTML that Markdown wrote around a message's own raw HTML, and draws what we trust on the clean tree.
 *
 * @returns Balanced HTML, or undefined when it nests too deep to be read.
 */
export function sanitizeHtml(html: string, drawing: Drawing): string | undefined {
  const tree = parse(html);
  if (tree === undefined) return undefined;
  return draw(sanitize(tree, schema), { drawing, insideLink: false });
}

function parse(html: string): Root | undefined {
  try {
    const tree = fromHtml(html, { fragment: true });
    return depthOf(tree) > maximumDepth ? undefined : tree;
  } catch (error) {
    // The builder of the tree recurses: what overflows it is far deeper than the bound above.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function depthOf(root: Root): number {
  let depth = 0;
  for (let level: Nodes[] = [root]; level.length > 0; depth += 1)
    level = level.flatMap((node) => ('children' in node ? node.children : []));
  return depth;
}

interface Place {
  drawing: Drawing;
  insideLink: boolean;
}

function draw(node: Nodes, place: Place): string {
  if (node.type === 'text') return proseHtml(node.value);
  if (node.type === 'root') return drawChildren(node, place);
  return node.type === 'element' ? drawElement(node, place) : '';
}

function drawChildren(node: Element | Root, place: Place): string {
  return node.children.map((child) => draw(child, place)).join('');
}

function drawElement(element: Element, place: Place): string {
  switch (element.tagName) {
    case 'a':
      return drawLink(element, place);
    case 'img':
      return imageHtml(
        { src: text(element, 'src'), alt: text(element, 'alt'), title: text(element, 'title') },
        place.insideLink,
      );
    case 'input':
      return checkboxHtml(element.properties['checked'] === true);
    case 'pre':
      return drawBlock(element, place);
    case 'code':
      return drawCode(element, place);
    default:
      return drawPlain(element, headingTag(element.tagName, place.drawing), place);
  }
}

function drawLink(element: Element, place: Place): string {
  const start = place.insideLink ? undefined : linkTag(text(element, 'href'), text(element, 'title'));
  if (start === undefined) return drawChildren(element, place);
  return `${start}${drawChildren(element, { ...place, insideLink: true })}</a>`;
}

function drawBlock(element: Element, place: Place): string {
  const [code, ...others] = element.children;
  if (code?.type === 'element' && code.tagName === 'code' && others.length === 0) {
    const source = onlyText(code);
    if (source !== undefined) return codeBlockHtml(source, languageOf(code), place.drawing).trimEnd();
  }
  return drawPlain(element, 'pre', place);
}

function drawCode(element: Element, place: Place): string {
  const source = onlyText(element);
  if (source === undefined) return drawPlain(element, 'code', place);
  const language = languageOf(element);
  if (language === 'math' || language === 'math-display')
    return inlineMathHtml(source, language === 'math-display', place.drawing);
  return `<code>${codeHtml(source)}</code>`;
}

function onlyText(element: Element): string | undefined {
  return element.children.every((child) => child.type === 'text')
    ? element.children.map((child) => child.value).join('')
    : undefined;
}

function languageOf(code: Element): string {
  const classes = code.properties['className'];
  const [name] = Array.isArray(classes) ? classes : [];
  return typeof name === 'string' ? name.replace(/^language-/, '') : '';
}

function text(element: Element, property: string): string {
  const value = element.properties[property];
  return typeof value === 'string' ? value : '';
}

function drawPlain(element: Element, tagName: string, place: Place): string {
  const attributes = Object.entries(element.properties).map(([property, value]) =>
    attribute(property, value),
  );
  const start = `<${tagName}${attributes.join('')}>`;
  return voidTags.has(tagName) ? start : `${start}${drawChildren(element, place)}</${tagName}>`;
}

const voidTags: ReadonlySet<string> = new Set(['br', 'hr', 'wbr']);

function attribute(property: string, value: Element['properties'][string]): string {
  // The attribute is not HTML any more; people still write it.
  if (property === 'align') return ` class="align-${String(value)}"`;
  const name = property === 'className' ? 'class' : property.toLowerCase();
  if (value === true) return ` ${name}`;
  if (value === false || value === null || value === undefined) return '';
  return ` ${name}="${escapeHtml(Array.isArray(value) ? value.join(' ') : String(value))}"`;
}
