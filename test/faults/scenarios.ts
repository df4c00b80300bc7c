import Database from 'better-sqlite3';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { registryPath } from '../../cli/shares.ts';
import { createImporter, openExport } from '../../src/conversation/import.ts';
import { createSourceReader, openLibrary } from '../../src/conversation/library.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { migrations } from '../../src/registry/migrations.ts';
import { openRegistry } from '../../src/registry/shares.ts';
import type { ShareId } from '../../src/urls.ts';
import { aConversation, owner, type DataFolder } from '../support/data-folder.ts';
import { aChatGptConversation, unpacked } from '../support/exports.ts';
import { exportName, type Act, type Ended } from './act.ts';

/** One thing that is done to a data folder, and what must be true whatever befalls it. */
export interface Scenario {
  name: string;
  /** Gives what the act needs beside the folder's paths. */
  prepare(data: DataFolder): Promise<Omit<Act, 'paths' | 'fault'>>;
  /** Conversation → what its page says after the next sync; every other share is gone. */
  after: Readonly<Record<string, string>>;
  /** Conversations whose share may be there or not, since nobody was told that it was made or deleted. */
  undecided?: readonly string[];
  /** Words that no page may hold after the next sync. */
  never?: readonly string[];
  /** Meets every fault at each step that it passes in the short grid, too: what the promises are about. */
  isThorough?: true;
  /**
   * Complaints about what only this act touches; before anything else looks at the folder.
   *
   * @param step  After which it was disturbed.
   */
  check?(data: DataFolder, ended: Ended | undefined, step: string): Promise<string[]> | string[];
}

const files = { 'kept.txt': 'kept', 'old.txt': 'old' };
const titled = (title: string) => aConversation({ title });

async function share(data: DataFolder, ...conversations: string[]): Promise<ShareId[]> {
  const app = await data.open();
  const ids: ShareId[] = [];
  for (const each of conversations) ids.push((await app.publisher.create(each, owner)).share.id);
  app.close();
  return ids;
}

/** A shared conversation whose title and files have changed since. */
async function edited(data: DataFolder, title: string): Promise<Omit<Act, 'paths' | 'fault'>> {
  data.write('talk', titled('Earlier words'), files);
  await share(data, 'talk');
  data.write('talk', titled(title), { 'new.txt': 'new' });
  rmSync(join(data.paths.library, 'talk', 'files', 'old.txt'));
  return { do: 'sync', conversation: 'talk' };
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'first start',
    prepare: (data) => {
      data.write('talk', titled('Earlier words'));
      return Promise.resolve({ do: 'open' });
    },
    after: {},
  },
  {
    name: 'create',
    isThorough: true,
    prepare: (data) => {
      data.write('talk', titled('Earlier words'), files);
      return Promise.resolve({ do: 'create', conversation: 'talk' });
    },
    after: { talk: 'Earlier words' },
    undecided: ['talk'],
  },
  {
    name: 'publish a mistake',
    isThorough: true,
    prepare: (data) => edited(data, 'A key pasted in error'),
    after: { talk: 'Earlier words' },
    never: ['pasted in error'],
    /** The owner takes it back before anything is published again; the registry may still know the earlier revision. */
    check(data) {
      data.write('talk', titled('Earlier words'), files);
      rmSync(join(data.paths.library, 'talk', 'files', 'new.txt'), { force: true });
      return [];
    },
  },
  {
    name: 'publish again',
    isThorough: true,
    prepare: (data) => edited(data, 'Later words'),
    after: { talk: 'Later words' },
    never: ['Earlier words'],
  },
  {
    name: 'change choice',
    async prepare(data) {
      data.write('talk', titled('Earlier words'), files);
      await share(data, 'talk');
      return { do: 'create', conversation: 'talk', choice: { preview: true } };
    },
    after: { talk: 'Earlier words' },
  },
  {
    name: 'revoke',
    isThorough: true,
    async prepare(data) {
      data.write('talk', titled('Earlier words'), files);
      const [id] = await share(data, 'talk');
      return { do: 'revoke', ...(id === undefined ? {} : { share: id }) };
    },
    after: { talk: 'Earlier words' },
    undecided: ['talk'],
    check: complaintsAboutRevoke,
  },
  {
    name: 'withdraw',
    async prepare(data) {
      data.write('talk', titled('Earlier words'), files);
      await share(data, 'talk');
      rmSync(join(data.paths.library, 'talk'), { recursive: true });
      return { do: 'sync', conversation: 'talk' };
    },
    after: {},
    never: ['Earlier words'],
  },
  {
    name: 'come back',
    async prepare(data) {
      data.write('talk', titled('Earlier words'), files);
      await share(data, 'talk');
      rmSync(join(data.paths.library, 'talk'), { recursive: true });
      const app = await data.open();
      await app.publisher.sync('talk');
      app.close();
      data.write('talk', titled('Later words'), files);
      return { do: 'sync', conversation: 'talk' };
    },
    after: { talk: 'Later words' },
    never: ['Earlier words'],
  },
  {
    name: 'sync all',
    async prepare(data) {
      for (const name of ['edited', 'gone', 'deleted', 'same'])
        data.write(name, titled(`Earlier: ${name}`), files);
      const [, , deleted] = await share(data, 'edited', 'gone', 'deleted', 'same');
      data.write('edited', titled('Later words'), { 'new.txt': 'new' });
      rmSync(join(data.paths.library, 'gone'), { recursive: true });
      await leaveBehind(data, deleted);
      return { do: 'syncAll' };
    },
    after: { edited: 'Later words', same: 'Earlier: same' },
    never: ['Earlier: edited', 'Earlier: gone', 'Earlier: deleted', 'a stranger'],
  },
  {
    name: 'migrate',
    prepare: (data) => {
      data.write('talk', titled('Earlier words'));
      layOldRegistry(registryPath(data.paths.data));
      return Promise.resolve({ do: 'open' });
    },
    after: { talk: 'Earlier words' },
    check: (data) => complaintsAboutMigration(registryPath(data.paths.data)),
  },
  {
    name: 'import',
    prepare: (data) => {
      layExport(data, 'The first words.');
      return Promise.resolve({ do: 'import' });
    },
    after: {},
    check: (data, ended) => complaintsAboutImport(data, ended, ['The first words.']),
  },
  {
    name: 'import again',
    async prepare(data) {
      layExport(data, 'The first words.');
      await importAll(data);
      rmSync(join(data.paths.data, exportName), { recursive: true });
      layExport(data, 'The second words.');
      return { do: 'import' };
    },
    after: {},
    check: (data, ended) => complaintsAboutImport(data, ended, ['The first words.', 'The second words.']),
  },
];

/** What crashes and people leave in an output: a revoked share's page, a stranger's folder and file, trash. */
async function leaveBehind(data: DataFolder, deleted: ShareId | undefined): Promise<void> {
  if (deleted === undefined) throw new Error('Nothing was shared.');
  const { output, data: folder } = data.paths;
  const page = join(output, 'share', deleted);
  const kept = join(folder, 'kept-for-later');
  cpSync(page, kept, { recursive: true });
  const app = await data.open();
  app.publisher.revoke(deleted, owner);
  app.close();
  cpSync(kept, page, { recursive: true });
  cpSync(kept, join(folder, 'staging', 'trash-1-1'), { recursive: true });
  rmSync(kept, { recursive: true });
  mkdirSync(join(output, 'share', 'stranger'));
  writeFileSync(join(output, 'share', 'stranger', 'index.html'), 'a stranger');
}

/** A delete that was cut short is one that did not happen, until it is committed; the owner was told nothing yet. */
function complaintsAboutRevoke({ paths }: DataFolder, ended: Ended | undefined, step: string): string[] {
  if (ended !== undefined) return [];
  const registry = openRegistry(registryPath(paths.data));
  const [state] = registry.all().map((share) => share.state);
  registry.close();
  const wanted = step === 'revoke:committed' ? 'revoked' : 'active';
  return state === wanted ? [] : [`killed after ${step}, the share is ${String(state)}`];
}

// --- migration

const oldVersion = 1;

function layOldRegistry(path: string): void {
  const db = openDatabase(path, migrations.slice(0, oldVersion));
  const add = db.prepare(`
    INSERT INTO shares (id, conversation, owner, state, thinking, title, type, created_at, revoked_at)
    VALUES (?, ?, '${owner}', ?, 0, 'Earlier words', 'chat', '2026-01-01T00:00:00.000Z', ?)`);
  add.run('a'.repeat(26), 'talk', 'active', null);
  add.run('b'.repeat(26), 'talk', 'revoked', '2026-01-02T00:00:00.000Z');
  db.close();
}

function complaintsAboutMigration(path: string): string[] {
  const { version, shares } = lookInto(path);
  const complaints = shares === 2 ? [] : [`the registry holds ${shares} shares`];
  if (version === oldVersion) return complaints;
  if (version !== migrations.length) return [...complaints, `the schema is between: ${version}`];
  const copy = `${path}.before-schema-${migrations.length}`;
  if (!existsSync(copy)) return [...complaints, 'migrated, and the old registry was not copied'];
  const old = lookInto(copy);
  if (old.version !== oldVersion || old.shares !== 2)
    complaints.push(`the copy has schema ${old.version} and ${old.shares} shares`);
  return complaints;
}

function lookInto(path: string): { version: number; shares: number } {
  const db = new Database(path);
  try {
    const integrity = String(db.pragma('integrity_check', { simple: true }));
    if (integrity !== 'ok') throw new Error(`${path}: ${integrity}`);
    const shares = db.prepare<[], { count: number }>('SELECT count(*) AS count FROM shares').get()?.count;
    return { version: Number(db.pragma('user_version', { simple: true })), shares: shares ?? 0 };
  } finally {
    db.close();
  }
}

// --- import

const pictureId = 'file-Abcdefgh12345678Ijklmnop';
const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

function layExport({ paths }: DataFolder, words: string): void {
  const laid = unpacked(join(paths.data, 'laid'), {
    'conversations.json': JSON.stringify([aChatGptConversation('c1', 'One', words, pictureId)]),
    [`${pictureId}-tower.png`]: Buffer.concat([png, Buffer.from(words)]),
  });
  cpSync(laid, join(paths.data, exportName), { recursive: true });
  rmSync(join(paths.data, 'laid'), { recursive: true });
}

async function importAll({ paths }: DataFolder): Promise<string[]> {
  const importer = createImporter(paths.library);
  const source = await openExport(join(paths.data, exportName));
  const what: string[] = [];
  for await (const found of source.conversations())
    what.push('problem' in found ? found.problem.message : importer.add(found).what);
  source.close();
  return what;
}

/** @param words  What the conversation may say now; the last is what it says in the end. */
async function complaintsAboutImport(
  data: DataFolder,
  ended: Ended | undefined,
  words: readonly string[],
): Promise<string[]> {
  const complaints: string[] = [];
  const last = words.at(-1) ?? '';
  const now = await readImported(data);
  if (now !== undefined && !words.some((each) => now.includes(each))) complaints.push(`it says ${now}`);
  if (now === undefined && words.length > 1) complaints.push('the older copy is gone');
  if (ended?.error === undefined && ended !== undefined && now?.includes(last) !== true)
    complaints.push('imported, it was said, and it is not there');
  const expected = now?.includes(last) === true ? ['unchanged', 'updated'] : ['added', 'updated'];
  ageDrafts(data.paths.library);
  const [what = 'nothing'] = await importAll(data);
  if (!expected.includes(what)) complaints.push(`imported once more, it was ${what}`);
  if ((await importAll(data))[0] !== 'unchanged') complaints.push('imported a third time, it changed');
  const then = await readImported(data);
  if (then?.includes(last) !== true) complaints.push(`in the end it says ${String(then)}`);
  // A new import removes what a crash left, but it has nothing to write any more: then a copy is added.
  const left = readdirSync(data.paths.library).filter((name) => name.startsWith('.'));
  if (left.length > 0) complaints.push(`left in the library: ${left.join(', ')}`);
  return complaints;
}

/** All that the one imported conversation says, its picture included; undefined where there is none. */
async function readImported({ paths }: DataFolder): Promise<string | undefined> {
  const entries = openLibrary(paths.library).list();
  const [entry] = entries;
  if (entry === undefined) return undefined;
  if (entries.length > 1) return `${entries.length} copies`;
  if ('problem' in entry) return entry.problem.message;
  const { conversation } = await createSourceReader()(entry);
  const pictures = conversation.files.map(({ content }) =>
    'path' in content ? readFileSync(content.path, 'latin1') : '',
  );
  const said = JSON.stringify(conversation.messages);
  return pictures.length === 1 ? said : `${pictures.length} pictures: ${said}`;
}

function ageDrafts(library: string): void {
  if (!existsSync(library)) return;
  const yesterday = new Date(Date.now() - 24 * 60 * 60 * 1000);
  for (const name of readdirSync(library))
    if (name.startsWith('.')) utimesSync(join(library, name), yesterday, yesterday);
}
