import Database from 'better-sqlite3';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PublishedFacts } from '../../src/snapshot/privacy.ts';
import { aConversation, aDataFolder, type DataFolder } from '../support/data-folder.ts';

const owner = { name: 'Mira Holm', email: 'mira@example.org' };
const files = {
  'people.csv': 'name,mail\nMira Holm,mira@example.org\n',
  'notes.txt': 'In /home/mira/app.\n',
};

let data: DataFolder;

beforeEach(() => void (data = aDataFolder()));
afterEach(() => data.remove());

async function publish(): Promise<void> {
  const app = await data.open();
  await app.publisher.create('talk', 'tester');
  app.close();
}

/** The published file of this name, wherever it stands. */
function published(name: string): string {
  const [path = ''] = globSync(`share/*/**/${name}`, { cwd: data.paths.output });
  return readFileSync(join(data.paths.output, path), 'utf8');
}

const cellsOf = (page: string) =>
  [...page.matchAll(/<t(?:d|h scope="col")>([^<]*)</g)].map(([, cell]) => cell);

test('the owner is hidden in previews, while the files stay what they are', async () => {
  data.write('talk', aConversation({ owner }), files);
  await publish();
  const page = published('index.html');
  expect(cellsOf(page)).toEqual(['name', 'mail', '[owner]', '[e-mail]']);
  expect(page).toContain('In ~/app.');
  expect(published('people.csv')).toBe(files['people.csv']);
});

test('conversation.json has no previews: its readers have the files', async () => {
  data.write('talk', aConversation(), files);
  await publish();
  const snapshot = JSON.parse(published('conversation.json')) as { files: object[] };
  expect(snapshot.files).toHaveLength(2);
  for (const file of snapshot.files) expect(Object.keys(file)).not.toContain('preview');
  expect(published('conversation.json')).not.toContain('/home/mira');
});

test('a preview is remembered with the other facts, and follows the file', async () => {
  data.write('talk', aConversation({ title: 'First' }), files);
  await wait(100);
  await publish();
  data.write('talk', aConversation({ title: 'Second' }));
  await publish();
  expect(cellsOf(published('index.html'))).toContain('Mira Holm');
  data.write('talk', aConversation({ title: 'Second' }), { 'people.csv': 'name\nSomebody else\n' });
  await publish();
  expect(cellsOf(published('index.html'))).toEqual(['name', 'Somebody else']);
});

test('facts that an older version remembered are found out anew', async () => {
  data.write('talk', aConversation({ title: 'First' }), files);
  await wait(100); // for a file that is fresh nothing is remembered
  await publish();
  const remembered = forgetPreviews();
  expect(remembered).toEqual(['notes.txt', 'people.csv']);
  data.write('talk', aConversation({ title: 'Second' }));
  await publish();
  expect(cellsOf(published('index.html'))).toContain('Mira Holm');
});

/** Leaves the cache as a version did that knew no previews and gave its signatures no number. */
function forgetPreviews(): string[] {
  const db = new Database(join(data.paths.data, 'cache.sqlite'));
  const rows = db.prepare('SELECT name, signature, facts FROM files ORDER BY name').all() as {
    name: string;
    signature: string;
    facts: string;
  }[];
  for (const { name, signature, facts } of rows) {
    const old = JSON.parse(facts) as { facts: PublishedFacts };
    delete old.facts.preview;
    db.prepare('UPDATE files SET signature = ?, facts = ? WHERE name = ?').run(
      signature.split(':').slice(-6).join(':'),
      JSON.stringify(old),
      name,
    );
  }
  db.close();
  return rows.map(({ name }) => name);
}
