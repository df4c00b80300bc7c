import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkParsed } from '../../src/render/gate.ts';
import { renderMarkdown } from '../../src/render/markdown.ts';
import { passesPlainly } from '../../src/render/plain-page.ts';
import { loadRenderer } from '../../src/render/renderer.ts';
import { pageAround } from '../support/page-shell.ts';
import { aRichSnapshot } from '../support/rich-snapshot.ts';
import { isShareId, toSiteUrl } from '../../src/urls.ts';

function passesParsed(page: string): boolean {
  try {
    checkParsed(page);
    return true;
  } catch {
    return false;
  }
}

async function realPage(): Promise<string> {
  const shareId = '0123456789abcdefghjkmnpqrs';
  if (!isShareId(shareId)) throw new Error('not a share id');
  const renderer = await loadRenderer();
  const place = {
    site: toSiteUrl('https://share.example'),
    shareId,
    conversation: 'rich',
    revision: 'a'.repeat(32),
    preview: false,
  };
  const { pages } = await renderer.render(aRichSnapshot(), place);
  return pages.get('index.html') ?? '';
}

/** Everything of a message that makes tags, so that its pieces can be mixed up. */
const message = renderMarkdown(`# Title

Text with **bold**, *soft*, \`code\`, [link](https://example.org/?a=1&b=2 "t"), <kbd>K</kbd> and $a^2 + \\text{if } b$.

- [ ] one
- [x] two

| a | b |
|:--|--:|
| 1 | 2 |

\`\`\`ts
const a = '<b>' && "c";
\`\`\`

<details><summary>More</summary>

> quoted

</details>

$$\\begin{pmatrix}a&b\\\\c&d\\end{pmatrix}\\quad x$$`);

describe('pages as we write them are in plain form', () => {
  test('a whole page with everything in it', async () => {
    expect(passesPlainly(await realPage())).toBe(true);
  });

  test('a message with every kind of Markdown', () => {
    expect(passesPlainly(pageAround(message))).toBe(true);
  });
});

describe('the scanner leaves to the parser', () => {
  test.each([
    ['a comment', '<!-- a -->'],
    ['a tag in upper case', '<P>a</P>'],
    ['an attribute without quotes', '<p class=a>b</p>'],
    ['an attribute in single quotes', "<p class='a'>b</p>"],
    ['a tag that is not closed', '<p>a'],
    ['an end tag too many', '</p>'],
    ['tags that overlap', '<b><i>a</b></i>'],
    ['a lonely <', 'a < b'],
    ['a reference that it does not know', '<a href="java&#115;cript:x()">a</a>'],
    ['a reference without an end', '<a href="/a?b&copy=1">a</a>'],
    ['a slash that HTML ignores', '<div/>'],
    ['HTML in a formula', '<math><mtext><p>a</p></mtext></math>'],
    ['a piece of a formula where it is HTML', '<math><mtext><mrow></mrow></mtext></math>'],
    ['a drawing in the title of a drawing', '<svg><title><svg></svg></title></svg>'],
    ['an id on what a parser copies', '<p><b id="x"><div>a</div></b></p>'],
    ['a second body', '<body class="x">'],
    ['a second head', '<head></head>'],
    ['a name that has no end', '<mi>x<Xmi>'],
    ['a title that holds a tag', '<svg><title><b></title></svg>'],
  ])('%s', (_name, content) => {
    expect(passesPlainly(pageAround(content))).toBe(false);
  });

  test.each([
    ['text before its policy', (page: string) => page.replace('<head>', '<head>\u00A0')],
    ['no doctype', (page: string) => page.replace('<!doctype html>', '')],
    ['a script with a comment in it', (page: string) => page.replace('<script>', '<script><!--')],
    ['a changed script', (page: string) => page.replace('<script>', '<script>x();')],
    ['a changed style', (page: string) => page.replace('<style>', '<style>x{}')],
    ['something after its end', (page: string) => `${page}<p>a</p>`],
    ['a paragraph after its body', (page: string) => page.replace('</html>', '<p>a</p></html>')],
    ['a paragraph in its head', (page: string) => page.replace('<style>', '<p>a</p><style>')],
    ['no end', (page: string) => page.slice(0, -7)],
  ])('a page with %s', (_name, change) => {
    expect(passesPlainly(change(pageAround('a')))).toBe(false);
  });
});

/** Pieces that matter to a parser of HTML: what moves elements, changes language or begins text that is none. */
const hostile = [
  ...'a b p div table tr td th tbody caption li dd h3 button details summary pre code svg math title'.split(
    ' ',
  ),
  ...'mi mrow mtext annotation semantics path style script ruby rt select option template noscript textarea'.split(
    ' ',
  ),
  ...'iframe form input img br body head html foreignObject desc annotation-xml font center plaintext xmp'.split(
    ' ',
  ),
].flatMap((name) => [`<${name}>`, `</${name}>`, `<${name} id="x">`, `<${name}/>`, `<${name} onclick="x">`]);
const odd = [
  ...['<!--', '-->', '<![CDATA[', ']]>', '<?', '<', '>', '"', "'", '&', '&#106;', '\0', '\r', '\u00A0', '='],
  ...[
    ' style="x"',
    ' href="javascript:x"',
    ' href="/a"',
    ' id="x"',
    ' class="y"',
    ' src="https://e.example/"',
  ],
];
const pieces = [...hostile, ...odd];

interface Change {
  at: number;
  length: number;
  piece: string;
}

function applied(page: string, changes: readonly Change[]): string {
  return changes.reduce((text, { at, length, piece }) => {
    const from = Math.floor(at * text.length);
    return text.slice(0, from) + piece + text.slice(from + length);
  }, page);
}

/** The start of a tag of the body near this share of the page: where most pieces do the most. */
function atTag(page: string, share: number): number {
  const body = page.indexOf('<body');
  const near = page.indexOf('<', body + 6 + Math.floor(share * (page.length - body - 6)));
  return (near === -1 ? page.length - 7 : near) / page.length;
}

const somewhere = fc.double({ min: 0, max: 1, noNaN: true });
const several = fc.array(fc.constantFrom(...pieces), { maxLength: 4 }).map((all) => all.join(''));
const change = fc.record({
  at: somewhere,
  length: fc.oneof(fc.constant(0), fc.nat(12)),
  piece: fc.oneof(fc.constantFrom(...pieces), several),
});

const nameOf = (tag: string) => /[a-z-]+/i.exec(tag)?.[0] ?? '';

/** Elements in elements, each closed in its place: the scanner is the likelier to like them. */
const nested = fc
  .array(fc.constantFrom(...hostile.filter((tag) => !tag.includes('/') && !tag.includes('onclick'))), {
    minLength: 1,
    maxLength: 4,
  })
  .map((tags) => {
    const ends = tags.toReversed().map((tag) => `</${nameOf(tag)}>`);
    return `${tags.join('')}t${ends.join('')}`;
  });

describe('what passes the scanner passes the parser', () => {
  test('in real pages that were tampered with', async () => {
    const bases = [pageAround(message), pageAround(''), await realPage()];
    const seen = { plain: 0, refused: 0 };
    const check = (page: string) => {
      const plain = passesPlainly(page);
      seen[plain ? 'plain' : 'refused'] += 1;
      return !plain || passesParsed(page);
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...bases),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        (base, changes) => check(applied(base, changes)),
      ),
      { numRuns: 3_000 },
    );
    const placed = fc.record({ at: somewhere, length: fc.constant(0), piece: nested });
    fc.assert(
      fc.property(
        fc.constantFrom(...bases),
        fc.array(placed, { minLength: 1, maxLength: 2 }),
        (base, changes) =>
          check(
            applied(
              base,
              changes.map((each) => ({ ...each, at: atTag(base, each.at) })),
            ),
          ),
      ),
      { numRuns: 3_000 },
    );
    // A property that is never put to the test proves nothing.
    expect(seen.plain).toBeGreaterThan(200);
    expect(seen.refused).toBeGreaterThan(1_000);
  });

  test('in every nesting of two elements', () => {
    const names = [...new Set(hostile.map(nameOf))];
    const nestings = names.flatMap((outer) =>
      names.map((inner) => pageAround(`<p><${outer}><${inner}>a</${inner}></${outer}></p><p id="x">b</p>`)),
    );
    const plain = nestings.filter(passesPlainly);
    expect(plain.length).toBeGreaterThan(300);
    expect(plain.filter((page) => !passesParsed(page))).toEqual([]);
  });
});

const corpora = process.env['CORPORA_DIR'];
const note = corpora === undefined ? ' (skipped: CORPORA_DIR is not set)' : '';

test.skipIf(corpora === undefined)(`nothing raw of a list of attacks passes only the scanner${note}`, () => {
  const lines = readFileSync(join(corpora ?? '', 'xss-payload-list.txt'), 'utf8').split('\n');
  const pages = lines.map((line) => pageAround(line));
  expect(pages.filter((page) => passesPlainly(page) && !passesParsed(page))).toEqual([]);
});
