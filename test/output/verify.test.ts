import Database from 'better-sqlite3';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { App } from '../../cli/app.ts';
import { repair, verify } from '../../cli/verification.ts';
import type { ShareId } from '../../src/urls.ts';
import { share } from '../support/cli.ts';
import { aConversation, aDataFolder, type DataFolder } from '../support/data-folder.ts';

let data: DataFolder;
let app: App;
let id: ShareId;
let pages: Map<string, Buffer>;

beforeEach(async () => {
  data = aDataFolder();
  data.write('talk', aConversation(), { 'numbers.csv': 'a,b\n1,2\n', 'page.html': '<p>x' });
  app = await data.open();
  id = (await app.publisher.create('talk', 'mira')).share.id;
  pages = read();
});

afterEach(() => {
  app.close();
  data.remove();
});

const locate = (path: string) => app.output.locate(id, path);
const pathOf = (end: string) => app.output.paths(id).find((path) => path.endsWith(end)) ?? `no ${end}`;
const read = () => new Map(app.output.paths(id).map((path) => [path, readFileSync(locate(path))]));
const kinds = async () => (await verify(app)).map(({ kind, path }) => [kind, path]);

test('finds nothing where nothing is wrong, also after files were kept by a later publish', async () => {
  expect(await verify(app)).toEqual([]);
  data.write('talk', aConversation({ title: 'Another title' }));
  await app.publisher.sync('talk');
  expect(await verify(app)).toEqual([]);
});

const damages: [name: string, damage: () => void, found: () => [kind: string, path: string | null]][] = [
  [
    'a byte added to the page',
    () => appendFileSync(locate('index.html'), ' '),
    () => ['altered', 'index.html'],
  ],
  [
    'an attached file of the same size',
    () => writeFileSync(locate(pathOf('.csv')), 'a,b\n1,3\n'),
    () => ['altered', pathOf('.csv')],
  ],
  ['a ZIP cut short', () => truncateSync(locate(pathOf('.zip')), 20), () => ['altered', pathOf('.zip')]],
  [
    'JSON that is gone',
    () => unlinkSync(locate('conversation.json')),
    () => ['missing', 'conversation.json'],
  ],
  [
    'an attached file that is gone',
    () => rmSync(locate('files'), { recursive: true }),
    () => ['missing', expect.stringMatching(/^files/) as string],
  ],
  ['a file too many', () => writeFileSync(locate('evil.html'), '<script>'), () => ['foreign', 'evil.html']],
  ['the page that is gone', () => rmSync(locate(''), { recursive: true }), () => ['missing', null]],
  [
    'a page of before anything was recorded',
    () => {
      const db = new Database(join(data.paths.data, 'registry.sqlite'));
      db.exec('DELETE FROM manifests');
      db.close();
    },
    () => ['unrecorded', null],
  ],
];

describe('finds and puts right', () => {
  test.each(damages)('%s', async (_name, damage, found) => {
    damage();
    expect(await kinds()).toContainEqual(found());
    await repair(app);
    expect(await verify(app)).toEqual([]);
    expect(read()).toEqual(pages);
  });

  test('a share that the registry does not know, and one that was deleted', async () => {
    app.publisher.revoke(id, 'mira');
    for (const name of [id, 'somebody'])
      mkdirSync(join(data.paths.output, 'share', name), { recursive: true });
    expect((await verify(app)).map(({ kind, message }) => `${kind}: ${message}`).sort()).toEqual([
      'foreign: It is there and was not published.',
      'foreign: It was deleted and is STILL LIVE.',
    ]);
    await repair(app);
    expect(await verify(app)).toEqual([]);
    expect(app.output.names()).toEqual([]);
  });

  test('a page whose conversation has changed or is gone', async () => {
    data.write('talk', aConversation({ title: 'Another title' }));
    expect(await kinds()).toEqual([['stale', null]]);
    await repair(app);
    expect(await verify(app)).toEqual([]);
    rmSync(join(data.paths.library, 'talk'), { recursive: true });
    expect(await kinds()).toEqual([['stale', null]]);
    await repair(app);
    expect(await verify(app)).toEqual([]);
  });
});

test('a page that a publish replaces meanwhile is not taken for altered', async () => {
  const checks = verify(app);
  for (let round = 0; round < 5; round++) {
    data.write('talk', aConversation({ title: `Title ${round}` }));
    await app.publisher.sync('talk');
  }
  expect((await checks).filter(({ kind }) => kind !== 'stale')).toEqual([]);
});

test('share verify exits 1 for a difference, tells what it is, and repairs when told to', async () => {
  appendFileSync(locate('index.html'), ' ');
  const env = { SHARE_DATA: data.paths.data };
  const found = await share(['verify', '--json'], { env });
  expect(found.code).toBe(1);
  expect(JSON.parse(found.stdout)).toEqual({
    findings: [
      {
        kind: 'altered',
        conversation: 'talk',
        share: `${id.slice(0, 4)}…`,
        path: 'index.html',
        message: 'index.html is not what was published.',
      },
    ],
  });
  expect(found.stdout).not.toContain(id);
  expect(await share(['verify', '--repair'], { env })).toMatchObject({ code: 0, stdout: '' });
  expect(await share(['verify'], { env })).toMatchObject({ code: 0, stdout: '' });
});
