import { describe, expect, test } from 'vitest';
import { ShareError } from '../../src/errors.ts';
import { checkPage } from '../../src/render/gate.ts';
import { highlightCode } from '../../src/render/highlight.ts';
import { renderMarkdown } from '../../src/render/markdown.ts';
import { pageAround, shellPolicy } from '../support/page-shell.ts';

function refusal(html: string): string {
  try {
    checkPage(html);
  } catch (error) {
    if (error instanceof ShareError && error.code === 'gate_refused') return error.message;
    throw error;
  }
  return 'passed';
}

describe('a page passes', () => {
  test.each([
    ['text', '<p dir="auto" class="a" data-x="1" aria-label="b">text</p>'],
    [
      'links',
      '<a href="https://example.org/a?b#c" rel="nofollow">a</a><a href="#r-1">b</a><a href="/share/x/files/a.csv" download="a.csv">c</a><a href="mailto:a@b.example">d</a>',
    ],
    [
      'images',
      '<img src="/share/x/files/a.png" alt="" width="1" height="1" loading="lazy"><img src="data:image/png;base64,AAAA" alt="">',
    ],
    [
      'a drawing',
      '<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2"><title>t</title><path d="M0 0h1"/></svg>',
    ],
    [
      'a formula',
      renderMarkdown(
        '$$\\begin{pmatrix}a&b\\\\\\hline c&d\\end{pmatrix}\\tag{1}\\sout{x}\\fbox{y}\\color{red}z$$',
      ),
    ],
    ['code', `<pre><code>${highlightCode('const a = `${b}`', 'ts')}</code></pre>`],
    [
      'controls',
      '<button type="button" hidden>Copy</button><details open><summary>a</summary></details><input type="checkbox" disabled checked aria-label="Done">',
    ],
  ])('with %s', (_name, content) => {
    expect(refusal(pageAround(content))).toBe('passed');
  });

  test('with the links of a head', () => {
    const head =
      '<link rel="canonical" href="https://example.org/share/x"><link rel="icon" href="data:,"><link rel="alternate" type="text/markdown" href="/share/x/conversation.md">';
    expect(refusal(pageAround('', { head }))).toBe('passed');
  });

  test('however deep it nests', () => {
    expect(refusal(pageAround('<div>'.repeat(20_000)))).toBe('passed');
  });
});

describe('a page is refused', () => {
  test.each([
    ['a script', '<script>alert(1)</script>', '<script> inside <main>'],
    ['a script in a drawing', '<svg><script>1</script></svg>', '<script>'],
    ['a style', '<style>a{}</style>', '<style>'],
    ['an event handler', '<p onclick="x()">a</p>', 'the attribute onclick of <p>'],
    ['an event handler of a drawing', '<svg onload="x()"></svg>', 'the attribute onload of <svg>'],
    ['a style attribute', '<p style="color:red">a</p>', 'the attribute style of <p>'],
    ['a javascript: link', '<a href="javascript:x()">a</a>', 'the scheme javascript'],
    ['a javascript: link behind a tab', '<a href="java\tscript:x()">a</a>', 'a link with'],
    ['a javascript: link behind a control', '<a href="\u0001javascript:x()">a</a>', 'a link with'],
    ['a data: link', '<a href="data:text/html,x">a</a>', 'the scheme data'],
    ['a protocol-relative link', '<a href="//evil.example">a</a>', 'not absolute'],
    ['a protocol-relative link with a backslash', '<a href="/\\evil.example">a</a>', 'not absolute'],
    ['a protocol-relative link with a tab', '<a href="/\t/evil.example">a</a>', 'not absolute'],
    ['a link with a control in it', '<a href="https://a.example\u0001/">a</a>', 'a link with'],
    ['a relative link', '<a href="files/a">a</a>', 'not absolute'],
    ['a remote image', '<img src="https://evil.example/a.png">', 'an image from elsewhere'],
    ['an SVG image', '<img src="data:image/svg+xml;base64,AAAA">', 'an image from elsewhere'],
    [
      'an image set',
      '<img src="/a.png" srcset="https://evil.example/a.png 2x">',
      'the attribute srcset of <img>',
    ],
    ['a frame', '<iframe srcdoc="x"></iframe>', '<iframe>'],
    ['an object', '<object data="x"></object>', '<object>'],
    ['an embed', '<embed src="x">', '<embed>'],
    ['a base', '<base href="https://evil.example">', '<base>'],
    ['a form', '<form action="/x"></form>', '<form>'],
    ['a template', '<template><script>1</script></template>', '<template>'],
    ['a noscript', '<noscript><p>a</p></noscript>', '<noscript>'],
    ['a text box', '<input type="text">', '<input> other than'],
    ['an enabled checkbox', '<input type="checkbox">', '<input> other than'],
    ['a submit button', '<button>a</button>', '<button> of another type'],
    [
      'a button that submits elsewhere',
      '<button type="button" formaction="x">a</button>',
      'the attribute formaction',
    ],
    [
      'a refresh',
      '<meta http-equiv="refresh" content="0;url=https://evil.example">',
      '<meta http-equiv="refresh">',
    ],
    [
      'a second policy',
      `<meta http-equiv="Content-Security-Policy" content="script-src *">`,
      '<meta http-equiv=',
    ],
    ['a style sheet', '<link rel="stylesheet" href="/a.css">', '<link rel="stylesheet">'],
    ['a remote icon', '<link rel="icon" href="https://evil.example/a.png">', 'a <link> with'],
    ['a referring drawing', '<svg><use xlink:href="#a"></use></svg>', '<use>'],
    ['HTML in a drawing', '<svg><foreignObject><p>a</p></foreignObject></svg>', '<foreignObject>'],
    ['HTML in the title of a drawing', '<svg><title><p>a</p></title></svg>', 'inside a drawing or formula'],
    ['HTML in a formula', '<math><mtext><p>a</p></mtext></math>', 'inside a drawing or formula'],
    ['an animation', '<svg><path><animate attributeName="d"></animate></path></svg>', '<animate>'],
    ['a linked formula', '<math href="javascript:x()"><mi>a</mi></math>', 'the attribute href of <math>'],
    [
      'an annotation of HTML',
      '<math><semantics><annotation-xml encoding="text/html"></annotation-xml></semantics></math>',
      '<annotation-xml>',
    ],
    ['an id twice', '<p id="a"></p><p id="a"></p>', 'the id a twice'],
    ['the id of our own', '<p id="after"></p>', 'the id after twice'],
    ['an unknown element', '<x-y></x-y>', '<x-y>'],
  ])('with %s', (_name, content, reason) => {
    expect(refusal(pageAround(content))).toContain(reason);
  });

  test.each([
    ['no policy', pageAround('').replace(/<meta http-equiv[^>]*>/, ''), 'does not begin with'],
    [
      'a policy after something else',
      pageAround('').replace('<head>', '<head><meta name="a" content="b">'),
      'does not begin with',
    ],
    [
      'a changed script',
      pageAround('').replace('"yes"', '"no"'),
      '<script> that its own policy does not name',
    ],
    [
      'a changed style',
      pageAround('').replace('margin', 'padding'),
      '<style> that its own policy does not name',
    ],
    [
      'a script with a source',
      pageAround('').replace('<script>', '<script src="/a.js">'),
      'the attribute src of <script>',
    ],
    [
      'a script of data',
      pageAround('').replace('<script>', '<script type="importmap">'),
      '<script> of another type',
    ],
    [
      "'self' for scripts",
      pageAround('', { policy: shellPolicy.replace('script-src', "script-src 'self'") }),
      'in script-src',
    ],
    [
      "'unsafe-inline' for scripts",
      pageAround('', { policy: shellPolicy.replace('script-src', "script-src 'unsafe-inline'") }),
      'in script-src',
    ],
    [
      'scripts by attribute',
      pageAround('', { policy: `${shellPolicy}; script-src-attr 'unsafe-inline'` }),
      'the directive script-src-attr',
    ],
    [
      'images from anywhere',
      pageAround('', { policy: shellPolicy.replace('img-src', 'img-src *') }),
      'in img-src',
    ],
    [
      'no default',
      pageAround('', { policy: shellPolicy.replace("default-src 'none';", '') }),
      'without default-src',
    ],
    [
      'no base-uri',
      pageAround('', { policy: shellPolicy.replace("base-uri 'none';", '') }),
      'without base-uri',
    ],
    [
      'a script in an article',
      pageAround('')
        .replace(/<script>.*<\/script>/, '')
        .replace('<main>', `<main>${/<script>.*<\/script>/.exec(pageAround(''))?.[0] ?? ''}`),
      '<script> inside <main>',
    ],
  ])('with %s', (_name, page, reason) => {
    expect(refusal(page)).toContain(reason);
  });

  test('with a second script, even the same one', () => {
    const script = /<script>.*<\/script>/.exec(pageAround(''))?.[0] ?? '';
    expect(refusal(pageAround('').replace(script, () => script + script))).toContain('a second <script>');
  });

  test('without repeating what the message says', () => {
    const message = refusal(pageAround(`<p ${'secret'.repeat(100)}\u202E="a"></p>`));
    expect(message.length).toBeLessThan(200);
    expect(message).not.toContain('\u202E');
    expect(refusal(pageAround('<a href="ftp://user:secret@host/">a</a>'))).not.toContain('secret');
  });
});
