import { describe, expect, test } from 'vitest';
import { checkPage } from '../../src/render/gate.ts';
import { renderMarkdown, renderWith } from '../../src/render/markdown.ts';
import { pageAround } from '../support/page-shell.ts';
import { outlineOf } from './html-outline.ts';

const rel = 'rel="noopener noreferrer nofollow ugc"';
const done = '<input type="checkbox" disabled checked aria-label="Done">';
const open = '<input type="checkbox" disabled aria-label="Not done">';

function expectDrawn(text: string, html: string): void {
  expect(outlineOf(renderMarkdown(text))).toBe(outlineOf(html));
  expect(outlineOf(renderWith(text, { shortCut: false }))).toBe(outlineOf(html));
  expect(() => checkPage(pageAround(`<div>${renderMarkdown(text)}</div>`))).not.toThrow();
}

describe('tables', () => {
  const table = (head: string, rows: string): string =>
    `<table><thead><tr>${head}</tr></thead>${rows === '' ? '' : `<tbody>${rows}</tbody>`}</table>`;

  test.each([
    [
      'with cells on both sides of a bar',
      '| a | b |\n| - | - |\n| c | d |',
      table('<th scope="col">a</th><th scope="col">b</th>', '<tr><td>c</td><td>d</td></tr>'),
    ],
    [
      'aligned, without outer bars',
      'a | b | c\n:- | :-: | -:\n1 | 2 | 3',
      table(
        '<th class="align-left" scope="col">a</th><th class="align-center" scope="col">b</th><th class="align-right" scope="col">c</th>',
        '<tr><td class="align-left">1</td><td class="align-center">2</td><td class="align-right">3</td></tr>',
      ),
    ],
    [
      'with an escaped bar, in code too',
      '| a\\|b |\n| - |\n| `c\\|d` |',
      table('<th scope="col">a|b</th>', '<tr><td><code>c|d</code></td></tr>'),
    ],
    [
      'with rows too short and too long',
      '| a | b |\n| - | - |\n| c |\n| d | e | f |',
      table(
        '<th scope="col">a</th><th scope="col">b</th>',
        '<tr><td>c</td><td></td></tr><tr><td>d</td><td>e</td></tr>',
      ),
    ],
    ['with a head only', '| a |\n| - |', table('<th scope="col">a</th>', '')],
    [
      'that end at a quote',
      '| a |\n| - |\n| b |\n> c',
      `${table('<th scope="col">a</th>', '<tr><td>b</td></tr>')}<blockquote><p>c</p></blockquote>`,
    ],
    [
      'with marks in their cells',
      '| **a** | ~~b~~ |\n| - | - |\n| [c](https://d.example) | x |',
      table(
        '<th scope="col"><strong>a</strong></th><th scope="col"><s>b</s></th>',
        `<tr><td><a href="https://d.example" ${rel}>c</a></td><td>x</td></tr>`,
      ),
    ],
    ['of which the second line has too few cells are text', '| a | b |\n| - |', '<p>| a | b | | - |</p>'],
  ])('%s', (_name, text, html) => expectDrawn(text, html));
});

describe('struck text', () => {
  test.each([
    ['between two tildes', '~~a~~ b', '<p><s>a</s> b</p>'],
    ['with marks inside', '~~a **b**~~', '<p><s>a <strong>b</strong></s></p>'],
    ['does not reach over paragraphs', 'a ~~b\n\nc~~ d', '<p>a ~~b</p><p>c~~ d</p>'],
    ['is not what one tilde means', 'about ~5 to ~6', '<p>about ~5 to ~6</p>'],
  ])('%s', (_name, text, html) => expectDrawn(text, html));
});

describe('addresses in text', () => {
  const link = (address: string): string => `<a href="${address}" ${rel}>${address}</a>`;

  test.each([
    ['are links', 'see https://a.example/b?c=d', `<p>see ${link('https://a.example/b?c=d')}</p>`],
    ['end before a full stop', 'https://a.example/b.', `<p>${link('https://a.example/b')}.</p>`],
    [
      'keep a bracket that they opened',
      '(https://a.example/b_(c))',
      `<p>(${link('https://a.example/b_(c)')})</p>`,
    ],
    ['are no links in code', '`https://a.example`', '<p><code>https://a.example</code></p>'],
    ['without a scheme stay text', 'www.a.example and b@c.example', '<p>www.a.example and b@c.example</p>'],
    ['of other schemes stay text', 'ftp://a.example xmpp:b@c', '<p>ftp://a.example xmpp:b@c</p>'],
  ])('%s', (_name, text, html) => expectDrawn(text, html));
});

describe('task lists', () => {
  const item = (content: string): string => `<li class="task-list-item">${content}</li>`;
  const list = (...items: string[]): string => `<ul class="contains-task-list">${items.join('')}</ul>`;

  test.each([
    [
      'open and done',
      '- [ ] a\n- [x] b\n- [X] c',
      list(item(`${open} a`), item(`${done} b`), item(`${done} c`)),
    ],
    ['nested', '- [x] a\n  - [ ] b', list(item(`${done} a${list(item(`${open} b`))}`))],
    [
      'mixed with other items',
      '- a\n- [ ] b',
      `<ul class="contains-task-list"><li>a</li>${item(`${open} b`)}</ul>`,
    ],
    ['numbered', '1. [ ] a', `<ol>${item(`${open} a`)}</ol>`],
    [
      'only where a space follows',
      '- [ ](https://a.example)\n- [x]b',
      `<ul><li><a href="https://a.example" ${rel}></a></li><li>[x]b</li></ul>`,
    ],
  ])('%s', (_name, text, html) => expectDrawn(text, html));
});

describe('raw HTML that GitHub does not allow, either', () => {
  test.each(['title', 'textarea', 'style', 'xmp', 'iframe', 'noembed', 'noframes', 'script', 'plaintext'])(
    '<%s> in a line is shown',
    (tag) => expectDrawn(`a <${tag}> b`, `<p>a &lt;${tag}&gt; b</p>`),
  );

  test('beside tags that are allowed', () => {
    const text = '<strong> <title> <style> <em>';
    expectDrawn(text, `<p>${text.replaceAll('<', '&lt;')}</p>`);
    expectDrawn('a <sup>b</sup> <xmp>c', '<p>a <sup>b</sup> &lt;xmp&gt;c</p>');
  });
});

describe('footnotes', () => {
  const mark = (number: number): string => `<sup class="footnote-mark">[${number}]</sup>`;
  const notes = (...items: string[]): string =>
    `<div class="footnotes"><p class="footnotes-title">Footnotes</p><ol>${items.map((each) => `<li>${each}</li>`).join('')}</ol></div>`;

  test.each([
    ['stand below the message', 'a[^1].\n\n[^1]: b\n\nc', `<p>a${mark(1)}.</p><p>c</p>${notes('<p>b</p>')}`],
    [
      'are numbered in the order of their marks, whatever they are called',
      'a[^z] b[^5] c[^z]\n\n[^5]: five\n[^z]: last',
      `<p>a${mark(1)} b${mark(2)} c${mark(1)}</p>${notes('<p>last</p>', '<p>five</p>')}`,
    ],
    [
      'hold blocks',
      'a[^1]\n\n[^1]: b\n\n    - c\n\n    ```ts\n    d\n    ```\n',
      `<p>a${mark(1)}</p>${notes('<p>b</p><ul><li>c</li></ul><figure class="code"><figcaption>TypeScript</figcaption><pre><code class="language-ts">d\n</code></pre></figure>')}`,
    ],
    [
      'hold marks',
      'a[^1]\n\n[^1]: b[^2]\n[^2]: c',
      `<p>a${mark(1)}</p>${notes(`<p>b${mark(2)}</p>`, '<p>c</p>')}`,
    ],
    [
      'that hold others close what they open',
      'a[^1] b[^2]\n\n[^1]: > c\n    > [^2]: d\n',
      `<p>a${mark(1)} b${mark(2)}</p>${notes('<blockquote><p>c</p></blockquote>', '<p>d</p>')}`,
    ],
    [
      'nobody refers to stay where they are',
      'a\n\n[^1]: b *c*\n\nd',
      '<p>a</p><p>[^1]: b <em>c</em></p><p>d</p>',
    ],
    ['nobody refers to keep a list', '[^1]:\n    - a', '<p>[^1]:</p><ul><li>a</li></ul>'],
    [
      'defined twice lose nothing',
      'a[^1]\n\n[^1]: b\n\n[^1]: c',
      `<p>a${mark(1)}</p><p>[^1]: c</p>${notes('<p>b</p>')}`,
    ],
    ['without a definition are text', 'a[^1]', '<p>a[^1]</p>'],
    ['are no regular expressions', '^[a-z] and [^a-z]', '<p>^[a-z] and [^a-z]</p>'],
    ['are not looked for in code', '`[^1]`\n\n[^1]: a', '<p><code>[^1]</code></p><p>[^1]: a</p>'],
    [
      'work in tables and headings',
      '# a[^1]\n\n| b[^1] |\n| - |\n\n[^1]: c',
      `<h3>a${mark(1)}</h3><table><thead><tr><th scope="col">b${mark(1)}</th></tr></thead></table>${notes('<p>c</p>')}`,
    ],
  ])('%s', (_name, text, html) => expectDrawn(text, html));

  test('of two messages stand on one page', () => {
    const message = renderMarkdown('a[^1] <br>\n\n[^1]: b') + renderMarkdown('a[^1]\n\n[^1]: b');
    expect(message).not.toMatch(/ (?:id|href)=/);
    expect(() => checkPage(pageAround(message + message))).not.toThrow();
  });

  test('stay balanced beside raw HTML that is not', () => {
    const html = renderMarkdown('<details>\n\na[^1] <b>\n\n[^1]: </ol></div> b <i>\n\n    </li></div>\n');
    expect(html).toContain('<sup class="footnote-mark">[1]</sup>');
    expect(() => checkPage(pageAround(`<div>${html}</div>`))).not.toThrow();
  });
});

describe('alerts', () => {
  const alert = (kind: string, content: string): string =>
    `<div class="alert alert-${kind.toLowerCase()}"><p class="alert-title"><span dir="ltr">${kind}</span></p>${content}</div>`;

  test.each(['Note', 'Tip', 'Important', 'Warning', 'Caution'])('of the kind %s', (kind) =>
    expectDrawn(`> [!${kind.toUpperCase()}]\n> a\n> b`, alert(kind, '<p>a b</p>')),
  );

  test.each([
    ['in any case', '> [!wArning]  \n> a', alert('Warning', '<p>a</p>')],
    ['with a line between', '> [!NOTE]\n>\n> a', alert('Note', '<p>a</p>')],
    [
      'with blocks',
      '> [!TIP]\n> a\n>\n> - b\n> > c',
      alert('Tip', '<p>a</p><ul><li>b</li></ul><blockquote><p>c</p></blockquote>'),
    ],
    ['in a list', '- > [!NOTE]\n  > a', `<ul><li>${alert('Note', '<p>a</p>')}</li></ul>`],
    [
      'in an alert',
      '> [!NOTE]\n> a\n>\n> > [!TIP]\n> > b',
      alert('Note', `<p>a</p>${alert('Tip', '<p>b</p>')}`),
    ],
    ['without content are quotes', '> [!NOTE]', '<blockquote><p>[!NOTE]</p></blockquote>'],
    ['of other kinds are quotes', '> [!DANGER]\n> a', '<blockquote><p>[!DANGER] a</p></blockquote>'],
    [
      'with words beside the kind are quotes',
      '> [!NOTE] a\n> b',
      '<blockquote><p>[!NOTE] a b</p></blockquote>',
    ],
    ['that begin later are quotes', '> a\n> [!NOTE]\n> b', '<blockquote><p>a [!NOTE] b</p></blockquote>'],
    ['outside a quote are text', '[!NOTE]\na', '<p>[!NOTE] a</p>'],
  ])('%s', (_name, text, html) => expectDrawn(text, html));
});
