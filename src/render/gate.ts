import { createHash } from 'node:crypto';
import { html, parse, type DefaultTreeAdapterTypes } from 'parse5';
import { ShareError } from '../errors.ts';
import {
  globalAttributes,
  htmlElements,
  linkRelations,
  mathElements,
  policySources,
  requiredDirectives,
  svgElements,
} from './allow-list.ts';

type Element = DefaultTreeAdapterTypes.Element;
type Node = DefaultTreeAdapterTypes.Node;

const htmlNamespace: string = html.NS.HTML;
const elementsOf: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>> = new Map([
  [htmlNamespace, htmlElements],
  [html.NS.SVG, svgElements],
  [html.NS.MATHML, mathElements],
]);

/** What the walk has seen so far. */
interface Seen {
  ids: Set<string>;
  /** Hashes in the page's policy, as `sha256-…`, by directive. */
  hashes: ReadonlyMap<string, ReadonlySet<string>>;
  inline: { style: number; script: number };
}

/**
 * Lets a page through only if a browser will find nothing in it that we did not mean to be there: the last look,
 * at the very bytes, by the parser's rules of HTML. It knows nothing of how the page was made.
 *
 * @param page  The whole page.
 * @throws ShareError `gate_refused` that names the first thing that may not stand in a page, and never its content.
 */
export function checkPage(page: string): void {
  const document = parse(page);
  const seen: Seen = { ids: new Set(), hashes: readPolicy(document), inline: { style: 0, script: 0 } };
  // A stack, not recursion: how deep a page goes is not ours to choose.
  const waiting: Node[] = [...document.childNodes].reverse();
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (!('tagName' in node)) continue;
    checkElement(node, seen);
    for (let index = node.childNodes.length - 1; index >= 0; index -= 1) {
      const child = node.childNodes[index];
      if (child !== undefined) waiting.push(child);
    }
  }
}

function refuse(what: string): never {
  throw new ShareError('gate_refused', `The page may not hold ${what}; it was not published.`, {
    hint: 'Run `share status` to see which share it is. The page that was live, if any, is still live.',
  });
}

/** Names come from hostile text: short, and plain characters only. */
function named(name: string): string {
  const plain = name.replace(/[^\w:.-]/g, '?');
  return plain.length > 40 ? `${plain.slice(0, 40)}…` : plain;
}

function checkElement(element: Element, seen: Seen): void {
  const tag = element.tagName;
  const attributes = elementsOf.get(element.namespaceURI)?.get(tag);
  if (attributes === undefined) refuse(`<${named(tag)}>`);
  if (isHtml(element) && hasForeignParent(element)) refuse(`<${named(tag)}> inside a drawing or formula`);
  for (const { name, value, prefix } of element.attrs) {
    if ((prefix ?? '') !== '' || !(attributes.has(name) || isGlobal(name)))
      refuse(`the attribute ${named(name)} of <${tag}>`);
    if (name === 'id') checkId(value, seen);
  }
  checks.get(tag)?.(element, seen);
}

function isGlobal(name: string): boolean {
  return globalAttributes.has(name) || /^(?:aria|data)-[a-z0-9-]+$/.test(name);
}

function hasForeignParent(element: Element): boolean {
  const parent = element.parentNode;
  return parent !== null && 'tagName' in parent && !isHtml(parent);
}

function isHtml(element: Element): boolean {
  return (element.namespaceURI as string) === htmlNamespace;
}

function checkId(id: string, seen: Seen): void {
  if (id === '' || seen.ids.has(id)) refuse(`the id ${named(id)} twice`);
  seen.ids.add(id);
}

/** What is asked of an element beyond the names of its attributes. */
const checks: ReadonlyMap<string, (element: Element, seen: Seen) => void> = new Map([
  ['a', (link) => checkLink(attributeOf(link, 'href'))],
  ['annotation', checkAnnotation],
  ['button', checkButton],
  ['img', (image) => checkImage(attributeOf(image, 'src') ?? '')],
  ['input', checkInput],
  ['link', checkRelation],
  ['meta', checkMeta],
  ['script', (element, seen) => checkInline(element, 'script', seen)],
  ['style', (element, seen) => checkInline(element, 'style', seen)],
] satisfies [string, (element: Element, seen: Seen) => void][]);

function attributeOf(element: Element, name: string): string | undefined {
  return element.attrs.find((attribute) => attribute.name === name)?.value;
}

/** Browsers drop tabs and line ends inside an address before they read its scheme, and read `\` as `/`. */
const unsafeAddress = /[\u0000-\u0020\u007F\\]/;

function isOwnPath(address: string): boolean {
  return /^\/(?!\/)/.test(address) && !unsafeAddress.test(address);
}

function checkLink(href: string | undefined): void {
  if (href === undefined || href.startsWith('#') || isOwnPath(href)) return;
  if (unsafeAddress.test(href) || !/^(?:https?:\/\/|mailto:)/i.test(href))
    refuse(`a link with ${schemeOf(href)}`);
}

/** A kind of address, for the message; the address itself may be private. */
function schemeOf(address: string): string {
  const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(address)?.[1];
  return scheme === undefined ? 'an address that is not absolute' : `the scheme ${named(scheme)}`;
}

function checkImage(src: string): void {
  if (isOwnPath(src) || /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[a-z0-9+/=]*$/i.test(src)) return;
  refuse(`an image from elsewhere, with ${schemeOf(src)}`);
}

function checkRelation(link: Element): void {
  const relations = (attributeOf(link, 'rel') ?? '').toLowerCase().split(/\s+/);
  const href = attributeOf(link, 'href') ?? '';
  if (!relations.every((relation) => linkRelations.has(relation)))
    refuse(`<link rel="${named(relations.join('.'))}">`);
  const icon = relations.length === 1 && relations[0] === 'icon';
  if (isOwnPath(href) || (icon && /^data:(?:image\/[a-z+-]+[;,]|,)/i.test(href))) return;
  // Only an address that a browser does not fetch may be another site's.
  if (icon || unsafeAddress.test(href) || !/^https?:\/\//i.test(href))
    refuse(`a <link> with ${schemeOf(href)}`);
}

function checkMeta(meta: Element): void {
  const equivalent = attributeOf(meta, 'http-equiv');
  if (equivalent !== undefined && !isPolicyPlace(meta)) refuse(`<meta http-equiv="${named(equivalent)}">`);
}

function isPolicyPlace(meta: Element): boolean {
  const head = meta.parentNode;
  return head !== null && 'tagName' in head && head.tagName === 'head' && firstElement(head) === meta;
}

function checkInline(element: Element, kind: 'style' | 'script', seen: Seen): void {
  seen.inline[kind] += 1;
  if (seen.inline[kind] > 1) refuse(`a second <${kind}>`);
  const parent = element.parentNode;
  const place = parent !== null && 'tagName' in parent ? parent.tagName : '';
  if (place !== 'head' && place !== 'body') refuse(`<${kind}> inside <${named(place)}>`);
  const type = attributeOf(element, 'type');
  if (type !== undefined && !(kind === 'script' && type === 'module')) refuse(`<${kind}> of another type`);
  const text = element.childNodes.map((child) => ('value' in child ? child.value : '')).join('');
  const hash = `sha256-${createHash('sha256').update(text).digest('base64')}`;
  if (seen.hashes.get(`${kind}-src`)?.has(hash) !== true)
    refuse(`<${kind}> that its own policy does not name`);
}

function checkButton(button: Element): void {
  if (attributeOf(button, 'type') !== 'button') refuse('a <button> of another type than button');
}

function checkInput(input: Element): void {
  if (attributeOf(input, 'type') !== 'checkbox' || attributeOf(input, 'disabled') === undefined)
    refuse('<input> other than a disabled checkbox');
}

function checkAnnotation(annotation: Element): void {
  if (attributeOf(annotation, 'encoding') !== 'application/x-tex') refuse('<annotation> of another encoding');
  if (annotation.childNodes.some((child) => 'tagName' in child)) refuse('an element inside <annotation>');
}

/** Reads and checks the policy, which must come before anything it is to govern. */
function readPolicy(document: DefaultTreeAdapterTypes.Document): Seen['hashes'] {
  const root = firstElement(document);
  const head = root === undefined ? undefined : firstElement(root);
  const meta = head?.tagName === 'head' ? firstElement(head) : undefined;
  const name = meta?.tagName === 'meta' ? attributeOf(meta, 'http-equiv') : undefined;
  if (meta === undefined || name?.toLowerCase() !== 'content-security-policy')
    refuse('a head that does not begin with its Content-Security-Policy');
  return checkPolicy(attributeOf(meta, 'content') ?? '');
}

function firstElement(parent: { childNodes: Node[] }): Element | undefined {
  return parent.childNodes.find((child) => 'tagName' in child);
}

function checkPolicy(policy: string): Seen['hashes'] {
  const hashes = new Map<string, Set<string>>();
  for (const directive of policy.split(';')) {
    const [name = '', ...sources] = directive.trim().split(/\s+/);
    if (name === '') continue;
    if (hashes.has(name)) refuse(`the directive ${named(name)} twice`);
    hashes.set(name, checkSources(name, sources));
  }
  for (const name of requiredDirectives) if (!hashes.has(name)) refuse(`a policy without ${name}`);
  return hashes;
}

function checkSources(name: string, sources: readonly string[]): Set<string> {
  const allowed = policySources.get(name);
  if (allowed === undefined) refuse(`the directive ${named(name)}`);
  const hashes = new Set<string>();
  for (const source of sources) {
    const hash = /^'(sha256-[A-Za-z0-9+/]{43}=)'$/.exec(source)?.[1];
    if (hash !== undefined && (name === 'script-src' || name === 'style-src')) hashes.add(hash);
    else if (!allowed.has(source)) refuse(`${named(source)} in ${name}`);
  }
  return hashes;
}
