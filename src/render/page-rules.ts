import {
  globalAttributes,
  htmlElements,
  linkRelations,
  mathElements,
  policySources,
  requiredDirectives,
  svgElements,
} from './allow-list.ts';

/** HTML, or one of the two languages that HTML holds. */
export type Language = 'html' | 'svg' | 'math';

/** An element of a page as its rules see it, whoever read the page. */
export interface Tag {
  name: string;
  language: Language;
  /** With character references resolved. */
  attributes: readonly (readonly [name: string, value: string])[];
  /** Name of the element around it; empty for the root. */
  parent: string;
  parentLanguage: Language;
  /** Nothing but white space stands before it in the element around it. */
  isFirst: boolean;
  /** SHA-256 of the text directly inside it, in base64. Called for `script` and `style` only. */
  hash(): string;
  /** Called for `annotation` only. */
  holdsElements(): boolean;
}

/** What was seen of a page so far. */
export interface Seen {
  ids: Set<string>;
  /** Hashes in the page's policy, as `sha256-…`, by directive. */
  hashes: ReadonlyMap<string, ReadonlySet<string>>;
  inline: { style: number; script: number };
}

export function newSeen(hashes: Seen['hashes']): Seen {
  return { ids: new Set(), hashes, inline: { style: 0, script: 0 } };
}

/** What may not stand in a page, in words; never its content. Undefined where all is well. */
export type Fault = string | undefined;

const elements: Readonly<Record<Language, ReadonlyMap<string, ReadonlySet<string>>>> = {
  html: htmlElements,
  svg: svgElements,
  math: mathElements,
};

/** Looks at one element; adds what it is to `seen`. */
export function faultOf(tag: Tag, seen: Seen): Fault {
  const allowed = elements[tag.language].get(tag.name);
  if (allowed === undefined) return `<${named(tag.name)}>`;
  if (tag.language === 'html' && tag.parentLanguage !== 'html')
    return `<${named(tag.name)}> inside a drawing or formula`;
  for (const [name, value] of tag.attributes) {
    if (!allowed.has(name) && !isGlobal(name)) return `the attribute ${named(name)} of <${tag.name}>`;
    const twice = name === 'id' ? faultOfId(value, seen) : undefined;
    if (twice !== undefined) return twice;
  }
  return rules.get(tag.name)?.(tag, seen);
}

/** Names come from hostile text: short, and plain characters only. */
function named(name: string): string {
  const plain = name.replace(/[^\w:.-]/g, '?');
  return plain.length > 40 ? `${plain.slice(0, 40)}…` : plain;
}

function isGlobal(name: string): boolean {
  return globalAttributes.has(name) || /^(?:aria|data)-[a-z0-9-]+$/.test(name);
}

function faultOfId(id: string, seen: Seen): Fault {
  if (id === '' || seen.ids.has(id)) return `the id ${named(id)} twice`;
  seen.ids.add(id);
  return undefined;
}

/** What is asked of an element beyond the names of its attributes. */
const rules: ReadonlyMap<string, (tag: Tag, seen: Seen) => Fault> = new Map([
  ['a', faultOfLink],
  ['annotation', faultOfAnnotation],
  ['button', faultOfButton],
  ['img', faultOfImage],
  ['input', faultOfInput],
  ['link', faultOfRelation],
  ['meta', faultOfMeta],
  ['script', (tag, seen) => faultOfInline(tag, 'script', seen)],
  ['style', (tag, seen) => faultOfInline(tag, 'style', seen)],
] satisfies [string, (tag: Tag, seen: Seen) => Fault][]);

function attributeOf(tag: Tag, name: string): string | undefined {
  return tag.attributes.find(([each]) => each === name)?.[1];
}

/** Browsers drop tabs and line ends inside an address before they read its scheme, and read `\` as `/`. */
const unsafeAddress = /[\u0000-\u0020\u007F\\]/;

function isOwnPath(address: string): boolean {
  return /^\/(?!\/)/.test(address) && !unsafeAddress.test(address);
}

function faultOfLink(link: Tag): Fault {
  const href = attributeOf(link, 'href');
  if (href === undefined || href.startsWith('#') || isOwnPath(href)) return undefined;
  const isPublic = !unsafeAddress.test(href) && /^(?:https?:\/\/|mailto:)/i.test(href);
  return isPublic ? undefined : `a link with ${schemeOf(href)}`;
}

/** A kind of address, for the message; the address itself may be private. */
function schemeOf(address: string): string {
  const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(address)?.[1];
  return scheme === undefined ? 'an address that is not absolute' : `the scheme ${named(scheme)}`;
}

function faultOfImage(image: Tag): Fault {
  const src = attributeOf(image, 'src') ?? '';
  if (isOwnPath(src) || /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[a-z0-9+/=]*$/i.test(src))
    return undefined;
  return `an image from elsewhere, with ${schemeOf(src)}`;
}

function faultOfRelation(link: Tag): Fault {
  const relations = (attributeOf(link, 'rel') ?? '').toLowerCase().split(/\s+/);
  const href = attributeOf(link, 'href') ?? '';
  if (!relations.every((relation) => linkRelations.has(relation)))
    return `<link rel="${named(relations.join('.'))}">`;
  const icon = relations.length === 1 && relations[0] === 'icon';
  if (isOwnPath(href) || (icon && /^data:(?:image\/[a-z+-]+[;,]|,)/i.test(href))) return undefined;
  // Only an address that a browser does not fetch may be another site's.
  const isElsewhere = !icon && !unsafeAddress.test(href) && /^https?:\/\//i.test(href);
  return isElsewhere ? undefined : `a <link> with ${schemeOf(href)}`;
}

function faultOfMeta(meta: Tag): Fault {
  const equivalent = attributeOf(meta, 'http-equiv');
  const isPolicy = equivalent === undefined || (meta.parent === 'head' && meta.isFirst);
  return isPolicy ? undefined : `<meta http-equiv="${named(equivalent)}">`;
}

function faultOfInline(tag: Tag, kind: 'style' | 'script', seen: Seen): Fault {
  seen.inline[kind] += 1;
  if (seen.inline[kind] > 1) return `a second <${kind}>`;
  if (tag.parent !== 'head' && tag.parent !== 'body') return `<${kind}> inside <${named(tag.parent)}>`;
  const type = attributeOf(tag, 'type');
  if (type !== undefined && !(kind === 'script' && type === 'module')) return `<${kind}> of another type`;
  const isNamed = seen.hashes.get(`${kind}-src`)?.has(`sha256-${tag.hash()}`) === true;
  return isNamed ? undefined : `<${kind}> that its own policy does not name`;
}

function faultOfButton(button: Tag): Fault {
  return attributeOf(button, 'type') === 'button' ? undefined : 'a <button> of another type than button';
}

function faultOfInput(input: Tag): Fault {
  const isBox = attributeOf(input, 'type') === 'checkbox' && attributeOf(input, 'disabled') !== undefined;
  return isBox ? undefined : '<input> other than a disabled checkbox';
}

function faultOfAnnotation(annotation: Tag): Fault {
  if (attributeOf(annotation, 'encoding') !== 'application/x-tex') return '<annotation> of another encoding';
  return annotation.holdsElements() ? 'an element inside <annotation>' : undefined;
}

/**
 * Reads a page's policy.
 *
 * @returns The hashes it names, by directive, or what may not stand in a policy.
 */
export function readPolicy(policy: string): { hashes: Seen['hashes'] } | { fault: string } {
  const hashes = new Map<string, Set<string>>();
  for (const directive of policy.split(';')) {
    const [name = '', ...sources] = directive.trim().split(/\s+/);
    if (name === '') continue;
    if (hashes.has(name)) return { fault: `the directive ${named(name)} twice` };
    const found = hashesIn(name, sources);
    if (typeof found === 'string') return { fault: found };
    hashes.set(name, found);
  }
  const absent = requiredDirectives.find((name) => !hashes.has(name));
  return absent === undefined ? { hashes } : { fault: `a policy without ${absent}` };
}

function hashesIn(name: string, sources: readonly string[]): Set<string> | string {
  const allowed = policySources.get(name);
  if (allowed === undefined) return `the directive ${named(name)}`;
  const hashes = new Set<string>();
  for (const source of sources) {
    const hash = /^'(sha256-[A-Za-z0-9+/]{43}=)'$/.exec(source)?.[1];
    if (hash !== undefined && (name === 'script-src' || name === 'style-src')) hashes.add(hash);
    else if (!allowed.has(source)) return `${named(source)} in ${name}`;
  }
  return hashes;
}
