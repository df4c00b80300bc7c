import fc from 'fast-check';
import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { describe, expect, test } from 'vitest';
import { checkPage } from '../../src/render/gate.ts';
import { highlightCode } from '../../src/render/highlight.ts';
import { renderMarkdown, renderWith } from '../../src/render/markdown.ts';
import { pageAround } from '../support/page-shell.ts';

const rel = 'rel="noopener noreferrer nofollow ugc"';
const render = (text: string): string => renderMarkdown(text).trimEnd();

test.each([
  ['emphasis', '*a* **b** ~~c~~', '<p><em>a</em> <strong>b</strong> <s>c</s></p>'],
  [
    'headings, from h3 to h6',
    '# a\n## b\n#### c\n###### d\n',
    '<h3>a</h3>\n<h4>b</h4>\n<h5>c</h5>\n<h6>d</h6>',
  ],
  ['line breaks', 'a  \nb\nc', '<p>a<br>\nb\nc</p>'],
  ['numbered lists', '3. a\n4. b', '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'],
  ['inline code', '`a <b>`', '<p><code>a &lt;b&gt;</code></p>'],
  ['indented code', '    a <b>', '<pre><code>a &lt;b&gt;\n</code></pre>'],
  [
    'code of no known language',
    '```Nope:x\na\n```',
    '<figure class="code"><figcaption>Nope</figcaption><pre><code class="language-nope">a\n</code></pre></figure>',
  ],
  ['code without a language', '```\na\n```', '<pre><code>a\n</code></pre>'],
  [
    'code of a language that is a word of JavaScript',
    '```constructor\na\n```',
    '<figure class="code"><figcaption>constructor</figcaption><pre><code class="language-constructor">a\n</code></pre></figure>',
  ],
  [
    'coloured code',
    '```JS {1}\nlet a\n```',
    '<figure class="code"><figcaption>JavaScript</figcaption><pre><code class="language-js"><span class="hljs-keyword">let</span> a\n</code></pre></figure>',
  ],
  [
    'tables',
    '|a|b|\n|:-:|-|\n|`1`|2|',
    '<table>\n<thead>\n<tr>\n<th class="align-center" scope="col">a</th>\n<th scope="col">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td class="align-center"><code>1</code></td>\n<td>2</td>\n</tr>\n</tbody>\n</table>',
  ],
  [
    'task lists',
    '- [x] a\n- [ ] b',
    '<ul class="contains-task-list">\n<li class="task-list-item"><input type="checkbox" disabled checked aria-label="Done"> a</li>\n<li class="task-list-item"><input type="checkbox" disabled aria-label="Not done"> b</li>\n</ul>',
  ],
  ['quotes', '> a', '<blockquote>\n<p>a</p>\n</blockquote>'],
])('draws %s', (_name, text, html) => {
  expect(render(text)).toBe(html);
  expect(renderWith(text, { shortCut: false }).trimEnd()).toBe(html);
});

describe('links', () => {
  test.each([
    [
      'of the web are kept',
      '[a](https://example.org/b?c#d "t")',
      `<a href="https://example.org/b?c#d" title="t" ${rel}>a</a>`,
    ],
    ['to a mailbox are kept', '[a](mailto:a@b.example)', `<a href="mailto:a@b.example" ${rel}>a</a>`],
    [
      'are found in text',
      'see https://example.org/a.',
      `see <a href="https://example.org/a" ${rel}>https://example.org/a</a>.`,
    ],
    ['are not guessed from file names', 'main.py README.md example.org', 'main.py README.md example.org'],
    ['that are relative become text', '[a](b.png) [c](/d) [e](#f) [g](//h.example)', 'a c e g'],
    [
      'of other schemes become text',
      '[a](javascript:b) [c](data:text/html,d) [e](vbscript:f) [g](file:///h)',
      'a c e g',
    ],
    ['without slashes become text', '[a](https:evil)', 'a'],
    [
      'of raw HTML follow the same rules',
      '<a href="java&#10;script:x" onclick="y" id="z" target="_top">a</a> <a href="https://example.org/a b">c</a>',
      `a <a href="https://example.org/a%20b" ${rel}>c</a>`,
    ],
    ['do not hold links', '<a href="https://a.example">a <span>[b](https://b.example)</span></a>', undefined],
  ])('%s', (_name, text, html) => {
    if (html !== undefined) expect(render(text)).toBe(`<p>${html}</p>`);
    else expect(render(text)).not.toMatch(/<a[^>]*>(?:(?!<\/a>).)*<a/s);
  });
});

describe('images', () => {
  test.each([
    [
      'of the net are links that name the host',
      '![a *b*](https://user@Img.example:8080/c.png)',
      `<a href="https://user@Img.example:8080/c.png" ${rel}>Image from img.example:8080: a b</a>`,
    ],
    [
      'without words are links too',
      '![](https://img.example/c.png)',
      `<a href="https://img.example/c.png" ${rel}>Image from img.example</a>`,
    ],
    [
      'of raw HTML are links too',
      '<img src="https://img.example/c.png" alt="a" srcset="https://x.example/y 2x" onerror="z">',
      `<a href="https://img.example/c.png" ${rel}>Image from img.example: a</a>`,
    ],
    [
      'inside a link are words',
      '[![a](https://img.example/c.png)](https://b.example)',
      `<a href="https://b.example" ${rel}>Image from img.example: a</a>`,
    ],
    [
      'with a host in look-alike letters name it in ASCII',
      '![a](https://еxample.org/c.png)',
      `<a href="https://xn--xample-2of.org/c.png" ${rel}>Image from xn--xample-2of.org: a</a>`,
    ],
    ['that are relative are their words', '![a](chart.png) ![b](/c.png)', 'a b'],
    [
      'that are in the message are shown',
      '![a](data:image/png;base64,AAAA)',
      '<img src="data:image/png;base64,AAAA" alt="a" loading="lazy" decoding="async">',
    ],
    [
      'that are documents are their words',
      '![a](data:image/svg+xml;base64,AAAA) ![b](data:text/html,c)',
      'a b',
    ],
  ])('%s', (_name, text, html) => {
    expect(renderMarkdown(text)).toContain(html);
    expect(renderWith(text, { shortCut: false })).toContain(html);
    expect(renderMarkdown(text)).not.toMatch(/<img[^>]+https?:/);
  });
});

describe('maths', () => {
  test.each([
    ['$x^2$', 'inline'],
    ['\\(x^2\\)', 'inline'],
    ['a $x^2$, b', 'inline'],
    ['$$x^2$$', 'block'],
    ['a $$x^2$$, b', 'block'],
    ['a \\[x^2\\], b', 'block'],
    ['> [!NOTE]\n> \\(x^2\\)', 'inline'],
    ['a[^1]\n\n[^1]: $$x^2$$', 'block'],
    ['\\[x^2\\]', 'block'],
    ['$$\nx^2\n$$', 'block'],
    ['- a\n\n  \\[\n  x^2\n  \\]', 'block'],
    ['> $$\n> x^2\n> $$', 'block'],
    ['text\n$$\nx^2\n$$\ntext', 'block'],
    ['```math\nx^2\n```', 'block'],
    ['<br> a $x^2$', 'inline'],
    ['<br> $$x^2$$', 'block'],
  ])('%j is set', (text, display) => {
    const html = renderMarkdown(text);
    expect(html).toContain('<msup><mi>x</mi><mn>2</mn></msup>');
    expect(html.includes('display="block"')).toBe(display === 'block');
    expect(html).not.toContain('$');
  });

  test.each([
    '$5 and $10',
    '$20 a month, or 30$',
    'from $5/$10 to US$20',
    '$HOME/$USER and ${A}:${B}',
    'echo "$A" \'$B\' $(c)/$(d)',
    'a $ b $ c',
    'it costs $5 to $7',
    'US$3 or US$4',
    '$PATH and $PATH',
    '$(cmd) $(cmd)',
    '${x} and ${y}',
    '$1, $2 and $@',
    '$.a and $.b',
    '$\\unknowncommand$',
    '$$',
    '\\$x$',
    `$${'{'.repeat(2000)}${'}'.repeat(2000)}$`,
  ])('%j stays text', (text) => {
    expect(renderMarkdown(text)).not.toContain('<math');
    expect(render(text).replace(/<[^>]*>|&quot;/g, '')).toBe(text.replaceAll('\\$', '$').replaceAll('"', ''));
  });

  test('is not looked for in code', () => {
    expect(render('`$x^2$`')).toBe('<p><code>$x^2$</code></p>');
    expect(render('```\n$$\nx\n$$\n```')).not.toContain('<math');
  });

  test('cannot link, load or style', () => {
    for (const tex of [
      '\\href{javascript:a}{b}',
      '\\includegraphics{https://c.example/d.png}',
      '\\htmlStyle{e:f}{g}',
      '\\phase{h}\\fcolorbox{red}{blue}{i}',
    ]) {
      const html = renderMarkdown(`$$${tex}$$`);
      expect(html).not.toMatch(/ (?:href|src|style)=/);
      expect(() => checkPage(pageAround(html))).not.toThrow();
    }
  });

  test('is bounded, whatever its macros expand to', () => {
    const bomb = String.raw`$$\def\a{xxxxxxxxxx}\def\b{\a\a\a\a\a\a\a\a\a\a}\def\c{\b\b\b\b\b\b\b\b\b\b}\def\d{\c\c\c\c\c\c\c\c\c\c}\d$$`;
    expect(renderMarkdown(bomb).length).toBeLessThan(2_000);
    expect(renderMarkdown('$x$ '.repeat(40_000)).length).toBeLessThan(3_000_000);
  });
});

describe('raw HTML', () => {
  test.each([
    [
      'that Markdown has no mark for is kept',
      'H<sub>2</sub>O<br><kbd>Ctrl</kbd> <mark>a</mark>',
      '<p>H<sub>2</sub>O<br><kbd>Ctrl</kbd> <mark>a</mark></p>',
    ],
    [
      'may fold Markdown',
      '<details open>\n<summary>a</summary>\n\n**b**\n\n</details>',
      '<details open>\n<summary>a</summary>\n<p><strong>b</strong></p>\n</details>',
    ],
    ['left open is closed with the message', '<details>\n\na', '<details>\n<p>a</p>\n</details>'],
    ['that closes what it did not open is dropped', '</div></div></main>\n\na', '\n<p>a</p>'],
    [
      'a message may not use is shown',
      'use <script>a</script> or Vec<T> or <b>',
      '<p>use &lt;script&gt;a&lt;/script&gt; or Vec&lt;T&gt; or &lt;b&gt;</p>',
    ],
    [
      'nobody knows is a mark around Markdown',
      '<document>\n**a**\n</document>',
      '<p>&lt;document&gt;\n<strong>a</strong>\n&lt;/document&gt;</p>',
    ],
    ['of a pasted page is code', '<form>\n<input>', '<pre><code class="language-html">'],
    [
      'loses its ids, classes, styles and handlers',
      '<div id="a" class="b" style="c" onclick="d" name="e" dir="rtl">f</div>',
      '<div dir="rtl">f</div>',
    ],
    ['has no list item outside a list', '<div><li>a</li><dd>b</dd><td>c</td></div>', '<div>abc</div>'],
    ['has no comments', 'a <!-- b --> c', '<p>a  c</p>'],
    ['in a block has no comments either', '<!-- a -->\n\nb <!-- c', 'b &lt;!-- c'],
    ['keeps its headings in order', '<h1>a</h1>', '<h3>a</h3>'],
    ['has no drawings', '<svg onload="a"><path d="b"/></svg>', '&lt;'],
  ])('%s', (_name, text, html) => {
    expect(renderMarkdown(text)).toContain(html);
    expect(() => checkPage(pageAround(renderMarkdown(text)))).not.toThrow();
  });

  test.each([
    ['br', 'a<br>b'],
    ['sub and sup', 'a<sub>1</sub><sup>2</sup>'],
    ['kbd', '<kbd>Ctrl</kbd>'],
    ['mark', '<mark>a</mark>'],
    ['ins and del', '<ins>a</ins> <del>b</del>'],
    ['abbr', '<abbr title="HyperText">HTML</abbr>'],
    ['ruby', '<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>'],
    ['small, q, samp and var', '<small>a</small> <q>b</q> <samp>c</samp> <var>d</var>'],
  ])('keeps %s', (_name, text) => {
    expect(render(text)).toBe(`<p>${text}</p>`);
  });

  test('keeps details and summary', () => {
    const text = '<details open><summary>a <kbd>b</kbd></summary>c</details>';
    expect(render(text)).toBe(text);
  });

  test.each(['alert alert-note', 'alert-title', 'footnotes', 'footnote-mark', 'task-list-item', 'code'])(
    'cannot take the class %s',
    (name) => {
      for (const tag of ['div', 'p', 'sup', 'li', 'ul', 'span', 'blockquote', 'figure', 'b'])
        for (const attribute of [
          `class="${name}"`,
          `dir="rtl" CLASS='${name}'`,
          `a\nclass = ${name.slice(0, 5)}`,
        ])
          for (const text of [`<${tag} ${attribute}>a</${tag}>`, `a <${tag} ${attribute} >b</${tag}>`])
            expect(renderMarkdown(`<ul>${text}</ul>\n\n${text}`)).not.toMatch(/class="/);
    },
  );

  test('that is shown as text keeps the classes that were written', () => {
    expect(render('a <b class="c"> d')).toBe('<p>a &lt;b class=&quot;c&quot;&gt; d</p>');
    expect(render('<div>\n<b class="c">d\n</div>')).toContain('&lt;b class=&quot;c&quot;&gt;d');
  });

  test('left open in a block does not reach the text after it', () => {
    expect(renderMarkdown('<div><u>a</div>\n\nb')).toBe('<div>&lt;u&gt;a</div>\n<p>b</p>\n');
  });

  test('that nests deeper than people do is shown', () => {
    expect(renderMarkdown('<div>'.repeat(100))).toContain('<div><div>');
    expect(renderMarkdown('<div>'.repeat(300))).toContain('&lt;div&gt;&lt;div&gt;');
  });

  test('cannot pass for what we draw ourselves', () => {
    expect(renderMarkdown('<span class="katex">a</span><span class="hljs-keyword">b</span>')).not.toContain(
      'class',
    );
    expect(renderMarkdown('<math><mi>a</mi></math>')).not.toContain('<math');
    expect(renderMarkdown('<code class="language-math a">x^2</code><br>')).toContain('<msup>');
  });
});

describe('characters that are not seen', () => {
  test('are gone from prose', () => {
    expect(render('a\u202Eb\u2066c\u{E0041}d\u0000e\u001Bf\u009Bg')).toBe('<p>abcdefg</p>');
    expect(render('a&#x202E;b <br> c&#x202E;d')).toBe('<p>ab <br> cd</p>');
    expect(render('![\u202Ea](https://b.example "\u202Ec")')).not.toContain('\u202E');
  });

  test('are shown in code', () => {
    expect(render('`a\u202Eb`')).toBe('<p><code>a<span class="invisible">⟨U+202E⟩</span>b</code></p>');
    expect(highlightCode('a\u200B\u200Bb', '')).toBe('a<span class="invisible">⟨U+200B U+200B⟩</span>b');
    expect(highlightCode('let a = "\u2066"', 'js')).toContain('<span class="invisible">⟨U+2066⟩</span>');
    expect(highlightCode('\u200B'.repeat(9), '')).toBe(
      '<span class="invisible">⟨U+200B U+200B U+200B U+200B +5⟩</span>',
    );
    expect(highlightCode('\u{E0041}\uFEFF\u00AD', '')).toContain('⟨U+E0041 U+FEFF U+00AD⟩');
  });

  test('stay where writing needs them', () => {
    const kept =
      'می\u200Cخواهم 👨\u200D👩\u200D👧 🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F} 葛\u{E0100}';
    expect(render(kept)).toBe(`<p>${kept}</p>`);
    expect(highlightCode('می\u200Cخواهم 👨\u200D👩\u200D👧', '')).toBe('می\u200Cخواهم 👨\u200D👩\u200D👧');
  });

  test('of a terminal are gone from its output', () => {
    expect(highlightCode('\u001B[31mred\u001B[0m\r\nb', '')).toBe('red\nb');
  });
});

describe('code', () => {
  test.each([
    ['tsx', 'hljs-keyword'],
    ['C++', 'hljs-keyword'],
    ['sh', 'hljs-built_in'],
    ['HTML', 'hljs-tag'],
    ['dockerfile', 'hljs-keyword'],
    ['toml', 'hljs-attr'],
    ['pycon', 'hljs-meta'],
  ])('of %s is coloured by classes', (language, name) => {
    const code = '<a>\nFROM return const echo export\n[a]\nb = "c"\n>>> 1\n';
    expect(highlightCode(code, language)).toContain(`class="${name}`);
    expect(highlightCode(code, language)).not.toContain('style=');
  });

  test('inside other code is coloured too', () => {
    expect(highlightCode('<style>a { color: red }</style>', 'html')).toContain('hljs-attribute');
  });

  test('that is long, or is no code, is only escaped', () => {
    expect(highlightCode('let a;\n'.repeat(10_000), 'js')).toBe('let a;\n'.repeat(10_000));
    expect(highlightCode('<a>', 'nope')).toBe('&lt;a&gt;');
    expect(highlightCode('<a>', '__proto__')).toBe('&lt;a&gt;');
    expect(highlightCode(`let a = "${'b'.repeat(5_000)}"`, 'js')).not.toContain('<');
  });
});

test('a text too long for Markdown is shown as it is', () => {
  const text = `# <b>\n${'a'.repeat(200_000)}`;
  expect(renderMarkdown(text)).toBe(`<pre>\n${text.replace('<b>', '&lt;b&gt;')}</pre>\n`);
});

test.each([
  ['quotes', '>'.repeat(50_000)],
  ['lists', Array.from({ length: 600 }, (_, index) => `${' '.repeat(2 * index)}- a`).join('\n')],
  ['list marks', '- '.repeat(50_000)],
  ['brackets', '['.repeat(10_000)],
  ['emphasis', '*a_ '.repeat(5_000)],
  ['backticks', '`'.repeat(50_000)],
  [
    'backticks of growing length',
    Array.from({ length: 500 }, (_, index) => `${'`'.repeat(index)}a`).join(''),
  ],
  ['less-than signs', '<'.repeat(50_000)],
  ['dollars', '$'.repeat(50_000)],
  ['dollars with letters', '$a '.repeat(50_000)],
  ['brackets of maths', '\\('.repeat(50_000)],
  ['lines of brackets of maths', '\\[\n'.repeat(30_000)],
  ['double dollars', '$$a\n'.repeat(40_000)],
  ['braces of maths', `$$${'{'.repeat(2_000)}${'}'.repeat(2_000)}$$`],
  ['cells', `|${'a|'.repeat(1_000)}\n|${'-|'.repeat(1_000)}\n${`|${'b|'.repeat(1_000)}\n`.repeat(50)}`],
  ['empty cells', `|${'a|'.repeat(1_000)}\n|${'-|'.repeat(1_000)}\n${'|\n'.repeat(50_000)}`],
  ['one character', 'a'.repeat(1_000_000)],
  ['raw elements', '<div>'.repeat(19_000)],
  ['raw elements with text', '<div>a\n\n'.repeat(10_000)],
  ['raw lists in lists', '- <ul>\n'.repeat(10_000)],
  ['raw inline elements', '<b><i><u>\n\na\n\n'.repeat(5_000)],
  ['raw attributes', '<a b="'.repeat(15_000)],
  ['raw comments', '<div><!--'.repeat(10_000)],
  ['links', '[a]('.repeat(20_000)],
  ['one word of code', `\`\`\`cpp\n${'a'.repeat(50_000)}\n\`\`\``],
  ['many words of code', `\`\`\`cpp\n${'a '.repeat(25_000)}\n\`\`\``],
  ['fences', '```js\na\n```\n'.repeat(10_000)],
  ['footnotes', Array.from({ length: 8_000 }, (_, index) => `[^${index}]\n\n[^${index}]: a\n`).join('\n')],
  ['references to one footnote', `${'[^1] '.repeat(35_000)}\n\n[^1]: a`],
  ['footnotes of the same name', '[^1]: a\n'.repeat(20_000)],
  ['footnotes in footnotes', `[^a] ${'[^a]: '.repeat(15_000)}`],
  ['beginnings of footnotes', `${'[^'.repeat(50_000)}\n\n[^1]: a`],
  ['alerts', '> [!NOTE]\n> a\n\n'.repeat(12_000)],
  ['alerts in alerts', `${'> '.repeat(20_000)}[!NOTE]\n${'> '.repeat(20_000)}a`],
  ['headings', '###### a\n# b\n'.repeat(14_000)],
])('many %s take no long time, and pass the gate', (_name, text) => {
  const start = performance.now();
  const html = renderMarkdown(text);
  // Under 1 s each on two idle cores; the bound allows for busy ones and still tells quadratic from linear.
  expect(performance.now() - start).toBeLessThan(4_000);
  expect(() => checkPage(pageAround(`<div>${html}</div>`))).not.toThrow();
});

describe('for any text', () => {
  const pieces = fc.oneof(
    fc.constantFrom(
      ...[
        'a',
        ' ',
        '\n',
        '\n\n',
        '    ',
        '# ',
        '- ',
        '1. ',
        '> ',
        '- [x] ',
        '[^1]',
        '[^1]: ',
        '[^2]: ',
        '> [!NOTE]\n> ',
        '> [!tip]\n',
        '### ',
        '```diff\n+a\n',
        '|a|b|\n|-|:-:|\n|c|d|\n',
        '```js\n',
        '```\n',
        '`',
        '*',
        '**',
        '_',
        '~~',
      ],
      ...[
        '[a](https://b.example)',
        '[a](b)',
        '![a](https://b.example/c)',
        '![',
        '](',
        '$',
        '$$',
        '\\(x\\)',
        '\\[',
        '\\]',
        '\\',
        '&amp;',
        '&#x202E;',
        '\u202E',
        '\u200B',
        '"',
        "'",
        'https://a.example',
      ],
    ),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
  );
  const fragments = fc.constantFrom(
    ...[
      '<b>',
      '</b>',
      '<div>',
      '</div>',
      '<p>',
      '</p>',
      '<details>',
      '<summary>',
      '</details>',
      '<table>',
      '<tr>',
      '<td>',
      '</table>',
      '<ul>',
      '<li>',
      '</ul>',
      '<a href="https://a.example">',
      '</a>',
      '<h1>',
      '</h1>',
      '<pre>',
      '</pre>',
    ],
    ...[
      '<svg>',
      '<math>',
      '<mtext>',
      '<style>',
      '<script>',
      '</script>',
      '<title>',
      '</title>',
      '<textarea>',
      '<noscript>',
      '<template>',
      '<select>',
      '<iframe>',
      '<plaintext>',
      '<form>',
      '<input>',
      '<body>',
      '</body>',
      '</html>',
      '</main>',
    ],
    ...[
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?',
      '<!',
      '<img src=x onerror=y>',
      '<a href=javascript:x>',
      '<code class="language-math">',
      '<div class="alert">',
      '<code>',
      '</code>',
      '<ruby>',
      '<rt>',
      '<',
      '>',
      '<br>',
      '<p id=after>',
      '<font>',
      '<x-y>',
      '<a b="',
      "<a b='",
    ],
  );

  test('without raw HTML both ways of rendering give the same', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => {
        const text = parts.join('').replaceAll('<', '');
        expect(normal(renderWith(text, { shortCut: false }))).toBe(normal(renderMarkdown(text)));
      }),
      { numRuns: 1_500 },
    );
  });

  test('the page passes the gate, and what follows the message stays where it is', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fragments), { maxLength: 30 }), (parts) => {
        const page = pageAround(`<ol><li><div>${renderMarkdown(parts.join(''))}</div></li></ol>`);
        checkPage(page);
        expect(outlineOf(page)).toEqual(outlineOf(pageAround('<ol><li><div></div></li></ol>')));
      }),
      { numRuns: 1_500 },
    );
  });
});

/** White space between blocks aside, which the parser moves out of tables. */
function normal(html: string): string {
  return html.replace(/\s+/g, ' ').trim();
}

/** The elements of the page around a message: siblings of its containers, level by level. */
function outlineOf(page: string): string[] {
  const names: string[] = [];
  let node: DefaultTreeAdapterTypes.Node | undefined = parse(page);
  for (let depth = 0; depth < 6 && node !== undefined && 'childNodes' in node; depth += 1) {
    const elements: DefaultTreeAdapterTypes.Element[] = node.childNodes.filter((child) => 'tagName' in child);
    names.push(elements.map((element) => element.tagName).join(' '));
    node = elements.find((element) => ['html', 'body', 'main', 'ol', 'li'].includes(element.tagName));
  }
  return names;
}
