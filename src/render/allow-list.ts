/**
 * What a published page may hold: the second opinion on it, written down apart from the sanitiser's list, so that
 * one mistake does not open both. Names are as parse5 gives them (SVG's `viewBox` in its own case).
 */

const words = (text: string): string[] => text.trim().split(/\s+/);
const setOf = (text: string): ReadonlySet<string> => new Set(words(text));

/** Elements that need no attribute of their own beyond the global ones, then those that have some. */
export const htmlElements: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ...words(
    `html head title body header main footer nav section article aside search h1 h2 h3 h4 h5 h6 p div span hgroup
    em strong b i u s small mark sub sup kbd samp var q tt strike ruby rt rp abbr dl dt dd pre code blockquote hr br wbr
    table thead tbody tfoot tr caption figure figcaption summary address`,
  ).map((tag): [string, ReadonlySet<string>] => [tag, new Set()]),
  ['meta', setOf('charset name content property http-equiv media')],
  ['link', setOf('rel href type media sizes')],
  ['style', setOf('')],
  ['script', setOf('type')],
  ['a', setOf('href rel download type hreflang target')],
  ['img', setOf('src alt width height loading decoding')],
  ['time', setOf('datetime')],
  ['data', setOf('value')],
  ['details', setOf('open name')],
  ['button', setOf('type disabled')],
  ['input', setOf('type disabled checked')],
  ['ul', setOf('')],
  ['ol', setOf('start reversed type')],
  ['li', setOf('value')],
  ['del', setOf('datetime')],
  ['ins', setOf('datetime')],
  ['td', setOf('colspan rowspan')],
  ['th', setOf('colspan rowspan scope abbr')],
]);

/** Beside these: `aria-*` and `data-*`. */
export const globalAttributes = setOf('class id lang dir title role tabindex hidden translate');

const svgShape = `fill fill-opacity fill-rule clip-rule stroke stroke-width stroke-linecap stroke-linejoin
  stroke-miterlimit stroke-dasharray stroke-dashoffset stroke-opacity opacity transform vector-effect focusable`;

/** Drawings of our own icons: shapes only, nothing that refers, moves or holds HTML. */
export const svgElements: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['svg', setOf(`${svgShape} xmlns viewBox width height preserveAspectRatio`)],
  ['g', setOf(svgShape)],
  ['title', setOf('')],
  ['path', setOf(`${svgShape} d`)],
  ['rect', setOf(`${svgShape} x y width height rx ry`)],
  ['circle', setOf(`${svgShape} cx cy r`)],
  ['ellipse', setOf(`${svgShape} cx cy rx ry`)],
  ['line', setOf(`${svgShape} x1 y1 x2 y2`)],
  ['polyline', setOf(`${svgShape} points`)],
  ['polygon', setOf(`${svgShape} points`)],
]);

const mathAttributes =
  setOf(`xmlns display displaystyle scriptlevel mathvariant mathcolor mathbackground mathsize
  accent accentunder align columnalign columnlines columnspacing rowlines rowspacing rowalign depth height width lspace
  rspace voffset fence form separator stretchy symmetric largeop movablelimits linebreak linethickness maxsize minsize
  notation encoding side`);

/** What KaTeX 0.19 writes in its `mathml` output, with `trust: false`. */
export const mathElements: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  words(
    `math semantics annotation mrow mi mo mn ms mtext mspace mstyle mpadded mphantom menclose merror mfrac msqrt mroot
    msub msup msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mlabeledtr mtd`,
  ).map((tag) => [tag, mathAttributes]),
);

/** `rel` of a `<link>`: none of these makes a browser load script or style. */
export const linkRelations = setOf('canonical icon alternate license');

/** Directive of the page's own policy → the sources it may name; hashes are looked at apart. */
export const policySources: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['default-src', setOf("'none'")],
  ['script-src', setOf("'none'")],
  ['style-src', setOf("'none'")],
  ['img-src', setOf("'none' 'self' data:")],
  ['connect-src', setOf("'none' 'self'")],
  ['font-src', setOf("'none' data:")],
  ['media-src', setOf("'none' 'self'")],
  ['manifest-src', setOf("'none'")],
  ['worker-src', setOf("'none'")],
  ['child-src', setOf("'none'")],
  ['frame-src', setOf("'none'")],
  ['object-src', setOf("'none'")],
  ['base-uri', setOf("'none'")],
  ['form-action', setOf("'none'")],
  ['require-trusted-types-for', setOf("'script'")],
  ['trusted-types', setOf("'none'")],
]);

/** Directives that must be there: `default-src` does not stand in for the last two. */
export const requiredDirectives: readonly string[] = ['default-src', 'base-uri', 'form-action'];
