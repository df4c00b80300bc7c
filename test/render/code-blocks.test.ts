import { expect, test } from 'vitest';
import { checkPage } from '../../src/render/gate.ts';
import { colouredWords } from '../../src/render/highlight.ts';
import { languageLabel, languageNames } from '../../src/render/language-names.ts';
import { renderMarkdown, renderWith } from '../../src/render/markdown.ts';
import { pageAround } from '../support/page-shell.ts';

function drawn(text: string): string {
  const html = renderMarkdown(text);
  expect(renderWith(text, { shortCut: false }).trimEnd()).toBe(html.trimEnd());
  expect(() => checkPage(pageAround(html))).not.toThrow();
  return html.trimEnd();
}

function labelOf(info: string): string | undefined {
  return /<figcaption>(.*)<\/figcaption>/.exec(drawn(`\`\`\`${info}\na\n\`\`\``))?.[1];
}

test.each([
  ['ts', 'TypeScript'],
  ['TS {3}', 'TypeScript'],
  ['c++', 'C++'],
  ['c#', 'C#'],
  ['python:src/a.py', 'Python'],
  ['py title="a.py"', 'Python'],
  ['sh', 'Shell'],
  ['mermaid', 'Mermaid diagram (source)'],
  ['diff', 'Diff'],
  ['FooLang', 'FooLang'],
  ['öl', 'öl'],
  ['foo\\+bar', 'foo+bar'],
  ['__proto__', '__proto__'],
  ['', undefined],
  ['12:15:src/a.ts', undefined],
  ['{.a}', undefined],
  ['<b>', undefined],
  ['&lt;b&gt;', undefined],
  ['a\u202Eb', 'a'],
  ['a\u3164b', 'a<span class="invisible">⟨U+3164⟩</span>b'],
])('the label of %j is %j', (info, label) => {
  expect(labelOf(info)).toBe(label);
});

test('indented code has no label', () => {
  expect(drawn('    a')).toBe('<pre><code>a\n</code></pre>');
});

test('every language that is coloured has a name of its own', () => {
  const named = new Set(languageNames.map(([word]) => word));
  expect(colouredWords.filter((word) => !named.has(word))).toEqual([]);
  expect(colouredWords.length).toBeGreaterThan(100);
});

test('no word means two languages', () => {
  expect(named(([word]) => word)).toEqual([...new Set(named(([word]) => word))]);
  expect(named(([, name]) => name)).not.toContain('');
  expect(named(([word]) => word).filter((word) => word !== word.toLowerCase())).toEqual([]);
});

function named(part: (entry: readonly [string, string]) => string): string[] {
  return languageNames.map(part);
}

test('a name stands for any case of its word', () => {
  expect(languageLabel('TypeScript')).toBe('TypeScript');
  expect(languageLabel('YML')).toBe('YAML');
});

test('code of raw HTML has its frame, too', () => {
  expect(renderMarkdown('<pre><code class="language-js">a</code></pre>')).toBe(
    '<figure class="code"><figcaption>JavaScript</figcaption><pre><code class="language-js">a</code></pre></figure>',
  );
});

test('the lines of a diff are told apart, and keep their marks', () => {
  expect(drawn('```diff\n@@ -1 +1 @@\n-<a>\n+b\n c\n```')).toBe(
    `<figure class="code"><figcaption>Diff</figcaption><pre><code class="language-diff">${[
      '<span class="hljs-meta">@@ -1 +1 @@</span>',
      '<span class="hljs-deletion">-&lt;a&gt;</span>',
      '<span class="hljs-addition">+b</span>',
      ' c',
      '</code></pre></figure>',
    ].join('\n')}`,
  );
});

test('the source of a diagram can be read', () => {
  expect(drawn('```mermaid\ngraph TD\nA-->B\n```')).toBe(
    '<figure class="code"><figcaption>Mermaid diagram (source)</figcaption><pre><code class="language-mermaid">graph TD\nA--&gt;B\n</code></pre></figure>',
  );
});

test.each([
  ['a colour', '\u001B[1;31mred\u001B[0m'],
  ['a colour of 24 bits', '\u001B[38;2;1;2;3mred\u001B[m'],
  ['a move of the cursor', '\u001B[2K\u001B[1Gred'],
  ['a title of the window', '\u001B]0;npm test\u0007red'],
  ['a link', '\u001B]8;;https://example.org/\u001B\\red\u001B]8;;\u001B\\'],
  ['a lonely escape', '\u001Bred\u009B'],
])('%s of a terminal leaves nothing', (_name, text) => {
  expect(drawn(`\`\`\`console\n${text}\n\`\`\``)).toContain('<code class="language-console">red\n</code>');
});

test('the copy button finds the code, and copies what was written', () => {
  const html = drawn('```diff\n-a\n+b\n```');
  const code = /<pre><code[^>]*>(.*)<\/code><\/pre>/s.exec(html)?.[1];
  expect(code?.replace(/<[^>]*>/g, '')).toBe('-a\n+b\n');
});
