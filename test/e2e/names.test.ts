import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { App } from '../../cli/app.ts';
import { ShareError, systemCode } from '../../src/errors.ts';
import { zipPaths } from '../../src/output/names.ts';
import { startServer, type Server } from '../../src/serve/server.ts';
import type { Snapshot, SnapshotFile } from '../../src/snapshot/snapshot.ts';
import { shareUrl, toSiteUrl, type ShareId } from '../../src/urls.ts';
import { aConversation, aDataFolder, owner, type DataFolder } from '../support/data-folder.ts';
import { findProgram } from '../support/programs.ts';

const corpora = process.env['CORPORA_DIR'];
const [python, unzip, bsdtar] = ['python3', 'unzip', 'bsdtar'].map(findProgram);
const strings =
  corpora === undefined ? [] : (JSON.parse(readFileSync(join(corpora, 'blns.json'), 'utf8')) as string[]);

let data: DataFolder;
let app: App;
let server: Server;

beforeAll(async () => {
  data = aDataFolder();
  app = await data.open();
  server = await startServer({ folder: data.paths.output, host: '127.0.0.1', port: 0 });
});

afterAll(async () => {
  await server.close();
  app.close();
  data.remove();
});

const linkOf = (id: ShareId): string => shareUrl(toSiteUrl(server.url), id);

type Element = DefaultTreeAdapterTypes.Element;

function* elements(node: DefaultTreeAdapterTypes.Node): Generator<Element> {
  if ('tagName' in node) yield node;
  if ('childNodes' in node) for (const child of node.childNodes) yield* elements(child);
}

const attribute = (element: Element, name: string) => element.attrs.find((attr) => attr.name === name)?.value;

function textOf(node: DefaultTreeAdapterTypes.Node): string {
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}

/**
 * What a viewer's browser makes of a page: its heading, and the whole address of every download. Downloads are keyed
 * by their decoded address, since one and the same may be percent-encoded in more than one way.
 */
async function visit(link: string): Promise<{ heading: string; downloads: Map<string, string> }> {
  const response = await fetch(link);
  const html = await response.text();
  expect(response.status).toBe(200);
  expect(html).toMatch(/<\/html>\s*$/);
  const all = [...elements(parse(html))];
  const links = all.filter(
    (element) => element.tagName === 'a' && attribute(element, 'download') !== undefined,
  );
  const heading = all.filter((element) => element.tagName === 'h1').map(textOf);
  expect(heading).toHaveLength(1);
  // The page stands at `…/share/<id>` without a slash, so its links must hold from there.
  const hrefs = links.map((element) => new URL(attribute(element, 'href') ?? '', link).href);
  return {
    heading: heading[0] ?? '',
    downloads: new Map(hrefs.map((href) => [decodeURIComponent(href), href])),
  };
}

async function snapshotOf(link: string): Promise<Snapshot> {
  return (await (await fetch(`${link}/conversation.json`)).json()) as Snapshot;
}

async function download(url: string | undefined): Promise<Buffer> {
  const response = await fetch(url ?? '');
  expect(response.status, url).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

const utf8 = { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' }, maxBuffer: 2 ** 26 } as const;

/** Names in each ZIP, after Python has checked every entry. */
function namesIn(zips: readonly Buffer[]): string[][] {
  const paths = zips.map((bytes, index) => {
    const path = join(data.paths.data, `${index}.zip`);
    writeFileSync(path, bytes);
    return path;
  });
  const script =
    'import json, sys, zipfile\nfor path in sys.stdin.read().split():\n  z = zipfile.ZipFile(path)\n  assert z.testzip() is None, path\n  names = z.namelist()\n  assert len(set(names)) == len(names), path\n  print(json.dumps(names))';
  const names = execFileSync(python ?? '', ['-c', script], { ...utf8, input: paths.join('\n') });
  return names
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);
}

/** What lies in a folder that a program unpacked a ZIP into: path → content. */
function unpacked(zip: Buffer, program: string, argsOf: (zip: string, folder: string) => string[]) {
  const folder = mkdtempSync(join(data.paths.data, 'unpacked-'));
  const path = join(data.paths.data, 'all.zip');
  writeFileSync(path, zip);
  execFileSync(program, argsOf(path, folder), utf8);
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = paths.filter((each) => statSync(join(folder, each)).isFile());
  return new Map(files.map((each) => [each, readFileSync(join(folder, each), 'utf8')]));
}

/** Writes a file under a name that nobody made safe; false where the format or the disk does not take it. */
function putFile(folder: string, name: string, content: string): boolean {
  if (!name.isWellFormed() || name.split('/').some((segment) => ['', '.', '..'].includes(segment)))
    return false;
  const path = join(folder, name);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    const refused = [
      'ENAMETOOLONG',
      'EEXIST',
      'ENOTDIR',
      'EISDIR',
      'EILSEQ',
      'EINVAL',
      'ERR_INVALID_ARG_VALUE',
    ];
    if (refused.includes(systemCode(error) ?? '')) return false;
    throw error;
  }
}

describe.skipIf(corpora === undefined || python === undefined)(
  'the big list of naughty strings (needs CORPORA_DIR and python3)',
  () => {
    test('as names of files: every one downloads through the page with its own bytes, and the ZIP has them all', async () => {
      const contents = new Map<string, string>();
      for (const [index, name] of strings.entries())
        if (putFile(join(data.paths.library, 'files-talk', 'files'), name, `bytes of ${index}\n`))
          contents.set(name, `bytes of ${index}\n`);
      expect(contents.size).toBeGreaterThan(350);
      // Listed, since files whose name begins with a dot would be left out otherwise.
      data.write('files-talk', aConversation({ files: [...contents.keys()].map((name) => ({ name })) }));

      const { share } = await app.publisher.create('files-talk', owner);
      const link = linkOf(share.id);
      const { downloads } = await visit(link);
      const { files, zip } = await snapshotOf(link);
      expect(files).toHaveLength(contents.size);
      expect(downloads.size).toBe(contents.size + 1);
      for (const [index, content] of [...contents.values()].entries()) {
        const href = downloads.get(`${link}/${pathOf(files[index])}`);
        expect(href, `a link to ${JSON.stringify(files[index]?.name)}`).toBeDefined();
        expect((await download(href)).toString('utf8'), href).toBe(content);
      }
      const archive = await download(downloads.get(`${link}/${zip?.path ?? ''}`));
      const names = zipPaths(files.map(({ name }) => name));
      expect(namesIn([archive])).toEqual([names.toSorted()]);
      const expected = new Map(names.map((name, index) => [name, [...contents.values()][index]]));
      const inOrder = (files: Map<string, string | undefined>) => [...files].sort();
      if (unzip !== undefined)
        expect(inOrder(unpacked(archive, unzip, (path, to) => ['-q', path, '-d', to]))).toEqual(
          inOrder(expected),
        );
      if (bsdtar !== undefined)
        expect(inOrder(unpacked(archive, bsdtar, (path, to) => ['-xf', path, '-C', to]))).toEqual(
          inOrder(expected),
        );
    }, 60_000);

    test('as titles: each is published, shown as heading, and names a ZIP that opens', async () => {
      const titles = strings.filter((title) => /\S/.test(title));
      expect(titles.length).toBeGreaterThan(450);
      const zips: Buffer[] = [];
      for (const [index, title] of titles.entries()) {
        const id = `title-${index}`;
        data.write(id, aConversation({ title, type: title }), { 'a.txt': `bytes of ${index}\n` });
        const { share } = await app.publisher.create(id, owner);
        const link = linkOf(share.id);
        const [{ heading, downloads }, snapshot] = [await visit(link), await snapshotOf(link)];
        expect(snapshot.title.trim(), title).not.toBe('');
        expect(heading.trim(), JSON.stringify(title)).not.toBe('');
        // Plain words are shown as they are; what does not show, or deceives, may be left out or spelled out.
        if (/^[\w .,!?<>&"'=;:()-]+$/.test(title))
          expect(heading.trim().replace(/\s+/g, ' ')).toBe(title.trim().replace(/\s+/g, ' '));
        expect((await download(downloads.get(`${link}/${pathOf(snapshot.files[0])}`))).toString()).toBe(
          `bytes of ${index}\n`,
        );
        zips.push(await download(downloads.get(`${link}/${snapshot.zip?.path ?? ''}`)));
      }
      expect(namesIn(zips)).toEqual(titles.map(() => ['a.txt']));
    }, 120_000);

    test('as ids: each that the disk takes is published under its link, in which it does not stand, and no other is', async () => {
      const published: string[] = [];
      const refused = new Set<string>();
      for (const id of new Set(strings)) {
        const written = putFile(data.paths.library, `${id}/conversation.json`, '');
        if (written) data.write(id, aConversation({ title: 'An id', messages: aMessage(id) }));
        try {
          const { share } = await app.publisher.create(id, owner);
          expect(written, JSON.stringify(id)).toBe(true);
          const link = linkOf(share.id);
          expect(link).toMatch(/\/share\/[0-9a-z]{26}$/);
          const snapshot = await (await fetch(`${link}/conversation.json`)).text();
          if (id.length > 12) expect(snapshot, id).not.toContain(JSON.stringify(id).slice(1, -1));
          published.push(id);
        } catch (error) {
          if (!(error instanceof ShareError)) throw error;
          refused.add(error.code);
        }
      }
      expect(published.length).toBeGreaterThan(300);
      expect([...refused].sort()).toEqual(['not_found', 'source_invalid']);
    }, 120_000);
  },
);

/** The ids of messages are private, too. */
function aMessage(id: string): unknown[] {
  return [{ id: id || 'm', role: 'user', content: 'What is in a name?' }];
}

function pathOf(file: SnapshotFile | undefined): string {
  return file === undefined || 'withheld' in file ? '' : file.path;
}
