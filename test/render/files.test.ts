import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { describe, expect, test } from 'vitest';
import { checkPage } from '../../src/render/gate.ts';
import { passesPlainly } from '../../src/render/plain-page.ts';
import { loadRenderer } from '../../src/render/renderer.ts';
import type { FilePreview } from '../../src/snapshot/preview.ts';
import type { SnapshotFile } from '../../src/snapshot/snapshot.ts';
import { isShareId, toSiteUrl } from '../../src/urls.ts';
import { aFile, aSnapshot } from '../support/rich-snapshot.ts';

type Element = DefaultTreeAdapterTypes.Element;

const shareId = '0123456789abcdefghjkmnpqrs';
if (!isShareId(shareId)) throw new Error('not a share id');
const site = toSiteUrl('https://share.example');
const place = { site, shareId, conversation: 'files', revision: 'a'.repeat(32), preview: false };
const renderer = await loadRenderer();

async function draw(files: SnapshotFile[]): Promise<string> {
  const zip = { path: 'zip/0123/talk.zip', sizeBytes: 1_200_000 };
  const { pages } = await renderer.render(aSnapshot({ files, zip }), place);
  return pages.get('index.html')?.toString() ?? '';
}

const hostile = `<script>alert(1)</script></pre></td><img src=x onerror=alert(1)> "'&amp; {{x}} \${y}`;
const text = (content: string, cut = false): FilePreview => ({ kind: 'text', text: content, cut });
const table = (rows: string[][], cut = false): FilePreview => ({ kind: 'table', rows, cut });

const aPicture = (name: string) => aFile(name, 'image/png', 18_440, { width: 960, height: 420 });
const aText = (name: string, preview: FilePreview, sizeBytes = 3_000) =>
  aFile(name, 'text/plain', sizeBytes, { preview });
const aTable = (name: string, preview: FilePreview) => aFile(name, 'text/csv', 48_213, { preview });

/** One of every kind of preview, with everything in it that could go wrong. */
const every = [
  aPicture('chart.png'),
  aText('notes.txt', text('one\ntwo\n')),
  aText('long.log', text('\n\nfirst\n', true), 2_000_008),
  aText('attack.txt', text(hostile)),
  aTable(
    'sales.csv',
    table(
      [
        ['month', ''],
        ['1', '2'],
        ['3', ''],
      ],
      true,
    ),
  ),
  aTable(
    'attack.csv',
    table([
      [hostile, hostile],
      [hostile, hostile],
    ]),
  ),
  aFile('report.pdf', 'application/pdf', 27_000),
];

function elementsOf(page: string): Element[] {
  const found: Element[] = [];
  const visit = (node: DefaultTreeAdapterTypes.Node): void => {
    if ('tagName' in node) found.push(node);
    if ('childNodes' in node) node.childNodes.forEach(visit);
  };
  visit(parse(page));
  return found;
}

function within(element: Element | undefined): Element[] {
  return (element?.childNodes ?? []).flatMap((node) => ('tagName' in node ? [node, ...within(node)] : []));
}

function textOf(node: DefaultTreeAdapterTypes.Node | undefined): string {
  if (node === undefined) return '';
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}

const attribute = (element: Element | undefined, name: string) =>
  element?.attrs.find((each) => each.name === name)?.value;
const words = (element: Element | undefined) => textOf(element).replace(/\s+/g, ' ').trim();
const byTag = (elements: readonly Element[], tag: string) =>
  elements.filter(({ tagName }) => tagName === tag);

/** The folded part of each file, in their order. */
const peeksOf = (page: string) =>
  elementsOf(page).filter((element) => attribute(element, 'class') === 'peek');

describe('a page with every preview', () => {
  test('is in plain form and passes the gate', async () => {
    const page = await draw(every);
    expect(passesPlainly(Buffer.from(page))).toBe(true);
    expect(() => checkPage(page)).not.toThrow();
  });

  test('keeps each of them closed, under a name that says of which file it is', async () => {
    const peeks = peeksOf(await draw(every));
    expect(peeks.map((peek) => [peek.tagName, attribute(peek, 'open')])).toEqual(
      every.map(() => ['details', undefined]),
    );
    const summaries = peeks.flatMap((peek) => byTag(within(peek), 'summary'));
    expect(summaries.map((each) => [words(each), attribute(each, 'aria-label')])).toEqual(
      every.map(({ name }) => {
        const label = name === 'report.pdf' ? 'Checksum' : 'Preview';
        return [label, `${label} of ${name}`];
      }),
    );
  });

  test('has no element and no link that a file brought along', async () => {
    const peeks = peeksOf(await draw(every)).flatMap(within);
    expect(byTag(peeks, 'script')).toEqual([]);
    expect(byTag(peeks, 'img').map((image) => attribute(image, 'alt'))).toEqual(['Open chart.png']);
    const cells = [...byTag(peeks, 'th'), ...byTag(peeks, 'td')].map(textOf);
    expect(cells.filter((cell) => cell === hostile)).toHaveLength(4);
    expect(byTag(peeks, 'pre').map(textOf)).toContain(hostile);
  });
});

describe('what a preview shows', () => {
  test('a text as it is, and how much of it is missing', async () => {
    const [whole, cut] = peeksOf(await draw([every[1], every[2]].flatMap((file) => file ?? [])));
    expect(textOf(byTag(within(whole), 'pre')[0])).toBe('one\ntwo\n');
    expect(words(whole)).not.toContain('left out');
    expect(textOf(byTag(within(cut), 'pre')[0])).toBe('\n\nfirst\n');
    expect(words(cut)).toContain('About 2.0 MB of 2.0 MB are left out here.');
  });

  test('a table with column heads, none of them empty', async () => {
    const [peek] = peeksOf(
      await draw([
        aTable(
          'a.csv',
          table(
            [
              ['month', ''],
              ['1', '2'],
            ],
            true,
          ),
        ),
      ]),
    );
    const heads = byTag(within(peek), 'th');
    expect(heads.map((head) => [textOf(head), attribute(head, 'scope')])).toEqual([['month', 'col']]);
    expect(byTag(within(peek), 'td').map(textOf)).toEqual(['', '1', '2']);
    expect(words(peek)).toContain('The first 1 row; the whole table has 48 kB.');
  });

  test('a picture that loads when it is seen, and opens by a plain link', async () => {
    const [peek] = peeksOf(await draw([aPicture('chart.png')]));
    const [link] = byTag(within(peek), 'a');
    const [image] = byTag(within(peek), 'img');
    expect(attribute(link, 'href')).toBe(attribute(image, 'src'));
    expect(attribute(link, 'download')).toBeUndefined();
    expect(['loading', 'width', 'height'].map((name) => attribute(image, name))).toEqual([
      'lazy',
      '320',
      '140',
    ]);
  });

  test('the whole checksum, to be selected', async () => {
    for (const [index, peek] of peeksOf(await draw(every)).entries())
      expect(byTag(within(peek), 'code').map(textOf)).toEqual([every[index]?.sha256]);
  });
});

describe('a page of many files', () => {
  const many = (count: number, file: (name: string) => SnapshotFile) =>
    Array.from({ length: count }, (_, index) => file(`${index}`));

  test('shows the previews of the first fifty', async () => {
    const peeks = peeksOf(await draw(many(60, (name) => aText(`${name}.txt`, text('x')))));
    expect(peeks.map((peek) => byTag(within(peek), 'pre').length)).toEqual(
      peeks.map((_, index) => (index < 50 ? 1 : 0)),
    );
    const pictures = peeksOf(await draw(many(60, (name) => aPicture(`${name}.png`))));
    expect(pictures.filter((peek) => byTag(within(peek), 'img').length > 0)).toHaveLength(50);
  });

  test.each([
    ['long texts', text('x'.repeat(4_000))],
    ['texts that grow when escaped', text('"'.repeat(4_000))],
    ['texts of letters with many bytes', text('漢'.repeat(4_000))],
    ['tables of short cells', table(Array.from({ length: 11 }, () => Array.from({ length: 12 }, () => '')))],
    [
      'tables of long cells',
      table(Array.from({ length: 11 }, () => Array.from({ length: 12 }, () => '<'.repeat(80)))),
    ],
  ])('%s take at most 65 kB more than the same files without', async (what, preview) => {
    const files = many(50, (name) => aTable(`${name}.csv`, preview));
    const bare = files.map(({ name, mediaType, sizeBytes }) => aFile(name, mediaType, sizeBytes));
    const [shown, without] = await Promise.all([draw(files), draw(bare)]);
    const more = Buffer.byteLength(shown) - Buffer.byteLength(without);
    expect(more).toBeLessThan(65_000);
    expect(
      peeksOf(shown)
        .flatMap(within)
        .filter(({ tagName }) => tagName === 'pre' || tagName === 'table').length > 0,
    ).toBe(what !== 'tables of long cells');
  });
});

describe('the link to all files', () => {
  test.each([
    [7, 'Download all 7 files (ZIP, 1.2 MB)'],
    [1, 'Download the file (ZIP, 1.2 MB)'],
  ])('says how many they are and how much: %i', async (count, said) => {
    const page = await draw(every.slice(0, count));
    const [link] = elementsOf(page).filter((element) => attribute(element, 'class') === 'download-all');
    expect(words(link)).toBe(said);
  });
});
