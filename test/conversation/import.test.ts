import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createImporter, openExport, type Found } from '../../src/conversation/import.ts';
import { createSourceReader, openLibrary } from '../../src/conversation/library.ts';
import {
  aChatGptConversation as talk,
  unpacked as unpackedInto,
  zipped,
  type ExportFiles,
} from '../support/exports.ts';

let folder: string;
let library: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'import-')));
  library = join(folder, 'library');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

const zip = (files: ExportFiles) => zipped(folder, files);
const unpacked = (files: ExportFiles) => unpackedInto(folder, files);

async function foundIn(path: string): Promise<Found[]> {
  const source = await openExport(path);
  const found: Found[] = [];
  try {
    for await (const each of source.conversations()) found.push(each);
    return found;
  } finally {
    source.close();
  }
}

/** What became of each: its title or problem, and what was done. */
async function importAll(path: string): Promise<string[]> {
  const importer = createImporter(library);
  return (await foundIn(path)).map((found) =>
    'problem' in found ? found.problem.message : `${found.conversation.title}: ${importer.add(found).what}`,
  );
}

const pictureId = 'file-Abcdefgh12345678Ijklmnop';
const exported = (answer = 'Hi.') => ({
  'conversations.json': JSON.stringify([
    talk('c1', 'One', answer),
    null,
    talk('c2', 'Two', 'Look.', pictureId),
  ]),
  [`${pictureId}-tower.png`]: png,
  '../../evil.txt': 'out of the archive',
});

describe.each([
  ['the ZIP as it was downloaded', zip],
  [
    'the folder it was unpacked to',
    (files: Record<string, string | Buffer>) => Promise.resolve(unpacked(files)),
  ],
])('%s', (_what, put) => {
  test('is copied with its files, and a broken entry stops nothing', async () => {
    const { '../../evil.txt': evil, ...rest } = exported();
    const path = await put(put === zip ? { ...rest, '../../evil.txt': evil } : rest);
    expect(await importAll(path)).toEqual([
      'One: added',
      expect.stringContaining('conversation 2'),
      'Two: added',
    ]);
    const entries = openLibrary(library).list();
    expect(entries).toHaveLength(2);
    const [, two] = entries;
    if (two === undefined || 'problem' in two) throw new Error('not read');
    const { files, messages } = (await createSourceReader()(two)).conversation;
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(files.map(({ content }) => ('path' in content ? readFileSync(content.path) : undefined))).toEqual([
      png,
    ]);
    expect(existsSync(join(folder, '..', 'evil.txt'))).toBe(false);
  });

  test('again changes nothing; a newer one brings the copies up to date, under the same ids', async () => {
    await importAll(await put({ 'conversations.json': exported()['conversations.json'] }));
    const before = readdirSync(library);
    const again = await put({ 'conversations.json': exported()['conversations.json'] });
    expect(await importAll(again)).toContain('One: unchanged');
    const newer = JSON.stringify([talk('c1', 'One, renamed', 'Hi again.')]);
    expect(await importAll(await put({ 'conversations.json': newer }))).toEqual(['One, renamed: updated']);
    expect(readdirSync(library)).toEqual(before);
  });
});

test.each([
  [
    'user.json',
    { id: 'user-1', email: 'mira@example.org', phone_number: '1' },
    { email: 'mira@example.org' },
  ],
  [
    'users.json',
    [{ uuid: 'u', full_name: 'Mira Lindqvist', email_address: 'mira@example.org' }],
    { name: 'Mira Lindqvist', email: 'mira@example.org' },
  ],
  ['users.json', [], {}],
  ['user.json', 'nothing', {}],
])('a copy knows whose it is from %s beside the conversations', async (name, account, owner) => {
  const path = await zip({
    'conversations.json': exported()['conversations.json'],
    [name]: JSON.stringify(account),
  });
  expect(await importAll(path)).toHaveLength(3);
  const [entry] = openLibrary(library).list();
  if (entry === undefined || 'problem' in entry) throw new Error('not read');
  expect((await createSourceReader()(entry)).conversation.owner).toEqual(owner);
});

test('an older export leaves a newer copy as it is', async () => {
  const at = (updated: number, answer: string) =>
    zip({ 'conversations.json': JSON.stringify([{ ...talk('c1', 'One', answer), update_time: updated }]) });
  expect(await importAll(await at(1_772_450_000, 'Newer.'))).toEqual(['One: added']);
  expect(await importAll(await at(1_772_449_000, 'Older.'))).toEqual(['One: older']);
  const path = join(library, readdirSync(library)[0] ?? '', 'conversation.json');
  expect(readFileSync(path, 'utf8')).toContain('Newer.');
  expect(await importAll(await at(1_772_450_000, 'Mended.'))).toEqual(['One: updated']);
});

test('what has no time has that of the file it came in first', async () => {
  const path = join(folder, 'messages.json');
  const write = (answer: string, modified: string) => {
    const messages = [
      { role: 'user', content: 'Two and two?' },
      { role: 'assistant', content: answer },
    ];
    writeFileSync(path, JSON.stringify({ messages }));
    utimesSync(path, new Date(modified), new Date(modified));
  };
  const updatedAt = () =>
    (
      JSON.parse(readFileSync(join(library, readdirSync(library)[0] ?? '', 'conversation.json'), 'utf8')) as {
        updatedAt: string;
      }
    ).updatedAt;
  write('Four.', '2026-05-01T10:00:00Z');
  expect(await importAll(path)).toEqual(['Two and two?: added']);
  expect(updatedAt()).toBe('2026-05-01T10:00:00.000Z');
  write('Four.', '2026-04-01T10:00:00Z');
  expect(await importAll(path)).toEqual(['Two and two?: unchanged']);
  write('4.', '2026-06-01T10:00:00Z');
  expect(await importAll(path)).toEqual(['Two and two?: updated']);
  expect(updatedAt()).toBe('2026-05-01T10:00:00.000Z');
});

describe('a copy', () => {
  const one = () => zip({ 'conversations.json': JSON.stringify([talk('c1', 'One', 'Hi.')]) });
  const only = () => join(library, readdirSync(library)[0] ?? '');

  test('that its owner changed is left as it is', async () => {
    await importAll(await one());
    const path = join(only(), 'conversation.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('Hi.', 'Mine.'));
    const newer = await zip({ 'conversations.json': JSON.stringify([talk('c1', 'One', 'Newer.')]) });
    expect(await importAll(newer)).toEqual(['One: changed by hand']);
    expect(readFileSync(path, 'utf8')).toContain('Mine.');
  });

  test('whose mark is gone is never written over', async () => {
    await importAll(await one());
    for (const left of [1, 2]) {
      for (const name of readdirSync(library)) rmSync(join(library, name, 'import.json'), { force: true });
      expect(await importAll(await one())).toEqual(['One: added']);
      expect(readdirSync(library)).toHaveLength(left + 1);
    }
  });

  test('that a crash left between mark and conversation is brought up to date', async () => {
    await importAll(await one());
    const path = join(only(), 'conversation.json');
    const old = readFileSync(path);
    const newer = await zip({ 'conversations.json': JSON.stringify([talk('c1', 'One', 'Newer.')]) });
    await importAll(newer);
    writeFileSync(path, old);
    expect(await importAll(newer)).toEqual(['One: updated']);
    expect(readFileSync(path, 'utf8')).toContain('Newer.');
  });

  test('tells what was left out of it, unless its mark is of another make or no file', async () => {
    const odd = talk('c1', 'One', 'Hi.', pictureId);
    await importAll(await zip({ 'conversations.json': JSON.stringify([odd]) }));
    const source = openLibrary(library).find(readdirSync(library)[0] ?? '');
    if (source === undefined) throw new Error('not found');
    const losses = async () => (await createSourceReader()(source)).losses;
    expect(await losses()).toMatchObject({ unknown: { 'image not in the export': 1 } });

    const mark = join(only(), 'import.json');
    const none = { hidden: {}, unknown: {}, malformedLines: [] };
    for (const text of ['', '[]', '{"losses":{"hidden":"many"}}']) {
      writeFileSync(mark, text);
      expect(await losses()).toEqual(none);
    }
    rmSync(mark);
    execFileSync('mkfifo', [mark]);
    expect(await losses()).toEqual(none);
  });

  test('that is only planned is not made', async () => {
    const [found] = await foundIn(await one());
    if (found === undefined || 'problem' in found) throw new Error('not read');
    expect(createImporter(library).plan(found)).toMatchObject({ what: 'added' });
    expect(existsSync(library)).toBe(false);
  });
});

test('a ZIP that is cut off, or holds no conversations, is refused', async () => {
  const path = await zip(exported());
  truncateSync(path, 300);
  await expect(openExport(path)).rejects.toThrow('is no whole ZIP file');
  await expect(openExport(await zip({ 'a.txt': 'x' }))).rejects.toThrow('holds no conversations.json');
  await expect(openExport(join(folder, 'gone.zip'))).rejects.toMatchObject({ code: 'source_missing' });
});
