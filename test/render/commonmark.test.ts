import specification from 'commonmark-spec';
import { describe, expect, test } from 'vitest';
import { checkPage } from '../../src/render/gate.ts';
import { renderMarkdown, renderWith } from '../../src/render/markdown.ts';
import { pageAround } from '../support/page-shell.ts';
import { outlineOf, type Rewrite, type Seen } from './html-outline.ts';

/** Examples that we draw in another way than the specification, each for one reason. */
const deliberate: readonly (readonly [reason: string, examples: readonly number[]])[] = [
  [
    'A raw tag without its partner is shown as text: left open it would reach over what follows.',
    [21, 31, 148, 165, 167, 187, 344, 476, 477, 494, 616, 630, 631, 642, 643],
  ],
  [
    'A tag that HTML does not know is shown as text, and what stands between such tags is Markdown.',
    [150, 163, 201, 491, 524, 536, 613, 614, 615, 617, 623],
  ],
  ['Half a tag is shown as text; a browser would swallow it.', [156, 157, 158]],
  ['Raw HTML loses ids, classes and all attributes that are on no list.', [152, 153, 154, 164, 169]],
  [
    'Scripts, styles, forms and pieces of a page are shown as the code they are.',
    [170, 171, 172, 173, 176, 178],
  ],
  [
    'Instructions, declarations and CDATA are shown: a browser would hide what somebody wrote.',
    [180, 181, 182, 627, 628, 629],
  ],
  ['An address that stands alone is a link, as in GitHub’s Markdown.', [602, 608, 611]],
  ['A backslash with a bracket opens a formula, as models write it.', [12]],
  ['A language has letters, digits and a few marks, since it becomes a class.', [144]],
];
const differing = new Set(deliberate.flatMap(([, numbers]) => numbers));
const examples = specification.tests;

/** Addresses that lead somewhere for a viewer: others are not linked, and nothing would be seen of them. */
function leadingSomewhere(text: string): string {
  return text.replaceAll('→', '\t').replace(/(?<![\w/.])\/ur([il])(?!\u00A0|%C2)/g, 'mailto:ur$1');
}

/** What the specification expects, as far as we mean to draw it the same. */
const asWeMeanIt: Rewrite = (element) => {
  if (element.tag === 'img') return [(element.attributes['alt'] ?? '').trim()];
  if (element.tag === 'a' && !/^(?:https?:\/\/[^/]|mailto:.)/.test(element.attributes['href'] ?? ''))
    return element.children;
  return withoutRank(element);
};

/** What we draw, without what we mean to add. */
const asTheySayIt: Rewrite = (element) => {
  const { tag, attributes, children } = element;
  if (tag === 'figure') return children.filter((child) => typeof child !== 'string' && child.tag === 'pre');
  if (tag === 'span' && /^(?:hljs-|invisible)/.test(attributes['class'] ?? '')) return children;
  if (tag === 'a') return { ...element, attributes: without(attributes, 'rel') };
  return withoutRank(element);
};

/** Levels of headings are our own, and tests of their own hold them. */
function withoutRank(element: Seen): Seen {
  if (/^h[1-6]$/.test(element.tag)) return { ...element, tag: 'heading' };
  const { class: name, ...others } = element.attributes;
  // Case means nothing in our classes.
  if (element.tag === 'code' && name !== undefined)
    return { ...element, attributes: { ...others, class: name.toLowerCase() } };
  return element;
}

function without(attributes: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).filter(([each]) => each !== name));
}

test('the specification is there, and hardly anything in it is drawn in another way', () => {
  expect(examples.length).toBeGreaterThan(640);
  expect(differing.size).toBe(deliberate.flatMap(([, numbers]) => numbers).length);
  expect(differing.size).toBeLessThan(examples.length / 10);
});

test.each(examples.filter(({ number }) => !differing.has(number)))(
  '$section, example $number is drawn as the specification says',
  ({ markdown, html }) => {
    expect(outlineOf(renderMarkdown(leadingSomewhere(markdown)), asTheySayIt)).toBe(
      outlineOf(leadingSomewhere(html), asWeMeanIt),
    );
  },
);

describe.each(deliberate)('%s', (_reason, numbers) => {
  test.each(numbers)('Example %i', (number) => {
    const { markdown, html } = examples[number - 1] ?? { markdown: '', html: '' };
    const drawn = renderMarkdown(leadingSomewhere(markdown));
    expect(outlineOf(drawn, asTheySayIt)).not.toBe(outlineOf(leadingSomewhere(html), asWeMeanIt));
    // No word that is seen in the specification's own rendering is lost.
    expect(wordsOf(drawn)).toEqual(expect.arrayContaining(wordsOf(leadingSomewhere(html))));
  });
});

test('every example is drawn the same through the sanitiser, and passes the gate', () => {
  for (const example of examples) {
    const text = leadingSomewhere(example.markdown);
    const html = renderMarkdown(text);
    expect(outlineOf(renderWith(text, { shortCut: false }))).toBe(outlineOf(html));
    expect(() => checkPage(pageAround(`<div>${html}</div>`))).not.toThrow();
  }
});

function wordsOf(html: string): string[] {
  return outlineOf(html, ({ children }) => children).match(/\w+/g) ?? [];
}
