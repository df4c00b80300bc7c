import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { App } from '../../cli/app.ts';
import { aConversation, aDataFolder, owner, type DataFolder } from '../support/data-folder.ts';

let data: DataFolder;
let app: App;

beforeEach(async () => {
  data = aDataFolder();
  app = await data.open();
});

afterEach(() => {
  app.close();
  data.remove();
});

const folder = () => join(data.paths.library, 'talk');
const source = () => join(folder(), 'conversation.json');
const attached = (name: string) => join(folder(), 'files', name);
const put = (content: string | Uint8Array) => writeFileSync(source(), content);
const message = { id: 'm1', role: 'user', content: 'hello' };

type Row = [name: string, code: string, says: RegExp, spoil: () => void];

const rows: Row[] = [
  ['not JSON', 'source_invalid', /line 2/, () => put('{\n  "id": nonsense }')],
  ['half written', 'source_invalid', /conversation\.json/, () => put('{ "id": "talk", "messages": [{')],
  ['an empty file', 'source_invalid', /empty/, () => put('')],
  ['invalid UTF-8', 'source_invalid', /UTF-8/, () => put(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
  [
    'wrong types',
    'source_invalid',
    /messages\[0\]\.role/,
    () => data.write('talk', aConversation({ messages: [{ ...message, role: 'king' }] })),
  ],
  [
    'duplicate message ids',
    'source_invalid',
    /m1/,
    () => data.write('talk', aConversation({ messages: [message, message] })),
  ],
  [
    'nesting of 100,000',
    'source_invalid',
    /deep/,
    () => put(`{"id":"talk","agent":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
  ],
  [
    'a file listed but missing',
    'source_invalid',
    /gone\.csv/,
    () => data.write('talk', aConversation({ files: [{ name: 'gone.csv' }] })),
  ],
  [
    'a symlink out of the folder',
    'source_invalid',
    /out\.txt/,
    () => {
      mkdirSync(join(folder(), 'files'), { recursive: true });
      symlinkSync('/etc/hostname', attached('out.txt'));
    },
  ],
  [
    'a FIFO',
    'source_invalid',
    /pipe/,
    () => {
      mkdirSync(join(folder(), 'files'), { recursive: true });
      spawnSync('mkfifo', [attached('pipe')]);
    },
  ],
];

describe.each(rows)('%s', (_name, code, says, spoil) => {
  test('is refused by name and place, and nothing is shared', async () => {
    data.write('talk');
    spoil();
    const failure = app.publisher.create('talk', owner);
    await expect(failure).rejects.toMatchObject({ code, message: expect.stringMatching(says) as string });
    await expect(failure).rejects.toMatchObject({ message: expect.stringContaining('talk') as string });
    expect(app.registry.all()).toEqual([]);
    expect(readdirSync(join(data.paths.output, 'share'))).toEqual([]);
    expect(readdirSync(join(data.paths.data, 'staging'))).toEqual([]);
  });

  test('leaves the last good page live, says why, and is forgotten when it is mended', async () => {
    data.write('talk', aConversation(), { 'kept.txt': 'kept' });
    data.write('other');
    const { share } = await app.publisher.create('talk', owner);
    await app.publisher.create('other', owner);
    const page = join(data.paths.output, 'share', share.id, 'index.html');
    const before = readFileSync(page, 'utf8');
    spoil();
    data.write('other', aConversation({ title: 'Changed meanwhile' }));
    const summary = await app.publisher.syncAll();
    expect(summary).toMatchObject({ published: 1, failed: 1 });
    expect(readFileSync(page, 'utf8')).toBe(before);
    const problem = app.registry.get(share.id)?.problem;
    expect(problem).toMatchObject({ kind: 'failed', code, message: expect.stringMatching(says) as string });
    expect(problem?.message).toContain('still live');

    await sleep(60); // a signature this fresh is not trusted, so the same failure may be met twice
    expect(await app.publisher.sync('talk')).toBe('failed');
    rmSync(folder(), { recursive: true });
    data.write('talk', aConversation({ title: 'Mended' }), { 'kept.txt': 'kept' });
    expect(await app.publisher.sync('talk')).toBe('published');
    expect(app.registry.get(share.id)?.problem).toBeUndefined();
    expect(readFileSync(page, 'utf8')).toContain('Mended');
  });
});

describe('a source that goes away', () => {
  test('takes its page with it, and the same link is live again when it comes back', async () => {
    data.write('talk', aConversation(), { 'a.txt': 'a' });
    const { share } = await app.publisher.create('talk', owner);
    const shares = join(data.paths.output, 'share');
    const text = readFileSync(source(), 'utf8');
    rmSync(folder(), { recursive: true });
    expect(await app.publisher.sync('talk')).toBe('withdrawn');
    expect(readdirSync(shares)).toEqual([]);
    expect(app.registry.get(share.id)).toMatchObject({
      state: 'active',
      problem: { code: 'source_missing' },
    });
    expect(await app.publisher.sync('talk')).toBe('withdrawn');
    data.write('talk', JSON.parse(text) as Record<string, unknown>, { 'a.txt': 'a' });
    expect(await app.publisher.sync('talk')).toBe('published');
    expect(readdirSync(shares)).toEqual([share.id]);
    expect(app.registry.get(share.id)?.problem).toBeUndefined();
  });
});

describe('what is in the output', () => {
  test('a page removed by hand is put back', async () => {
    data.write('talk');
    const { share } = await app.publisher.create('talk', owner);
    rmSync(join(data.paths.output, 'share', share.id), { recursive: true });
    await app.publisher.syncAll();
    expect(readdirSync(join(data.paths.output, 'share'))).toEqual([share.id]);
  });

  test('so is a page whose folder is still there', async () => {
    data.write('talk');
    const { share } = await app.publisher.create('talk', owner);
    await sleep(60);
    await app.publisher.sync('talk'); // by now its inputs are known, and nothing is left to do
    const page = join(data.paths.output, 'share', share.id, 'index.html');
    rmSync(page);
    expect(await app.publisher.syncAll()).toMatchObject({ published: 1 });
    expect(readFileSync(page, 'utf8')).toContain('A small talk');
  });

  test('a conversation that comes to name another owner keeps its last good page', async () => {
    data.write('talk');
    const { share } = await app.publisher.create('talk', owner);
    data.write('talk', aConversation({ title: 'Taken over', owner: { id: 'mallory' } }));
    await sleep(60);
    expect(await app.publisher.sync('talk')).toBe('failed');
    const page = readFileSync(join(data.paths.output, 'share', share.id, 'index.html'), 'utf8');
    expect(page).not.toContain('Taken over');
    expect(app.registry.get(share.id)).toMatchObject({
      publishing: false,
      problem: { code: 'source_invalid' },
    });
    expect(readdirSync(join(data.paths.data, 'staging'))).toEqual([]);
  });

  test('whatever is no share’s goes at the next sync', async () => {
    mkdirSync(join(data.paths.output, 'share', 'stranger'), { recursive: true });
    writeFileSync(join(data.paths.output, 'share', 'stray.html'), 'x');
    expect(await app.publisher.syncAll()).toMatchObject({ removed: 2 });
    expect(readdirSync(join(data.paths.output, 'share'))).toEqual([]);
  });

  test('a folder that holds other people’s files is not taken for the output', async () => {
    const foreign = join(data.paths.data, 'foreign');
    mkdirSync(foreign);
    writeFileSync(join(foreign, 'index.html'), 'mine');
    const { openApp } = await import('../../cli/app.ts');
    await expect(openApp({ ...data.paths, output: foreign })).rejects.toMatchObject({
      code: 'output_foreign',
    });
    expect(readFileSync(join(foreign, 'index.html'), 'utf8')).toBe('mine');
  });
});

describe('trouble with one share', () => {
  test('leaves the others alone, names no share id, and is mended by the next sync', async () => {
    const said: string[] = [];
    app.close();
    app = await data.open({ onTrouble: (error, what) => said.push(`${what} ${String(error)}`) });
    for (const name of ['one', 'two', 'three'])
      data.write(name, aConversation({ title: name }), { 'a.txt': name });
    const shares = new Map<string, string>();
    for (const name of ['one', 'two', 'three'])
      shares.set(name, (await app.publisher.create(name, owner)).share.id);
    const broken = join(data.paths.output, 'share', shares.get('two') ?? '');
    rmSync(join(broken, 'conversation.md'));
    mkdirSync(join(broken, 'conversation.md', 'sub'), { recursive: true });
    for (const name of ['one', 'two', 'three']) data.write(name, aConversation({ title: `${name} again` }));
    expect(await app.publisher.syncAll()).toMatchObject({ published: 2, failed: 1 });
    const problem = app.registry.active('two')?.problem?.message ?? '';
    for (const text of [problem, ...said]) expect(text).not.toContain(shares.get('two'));
    rmSync(join(broken, 'conversation.md'), { recursive: true });
    expect(await app.publisher.syncAll()).toMatchObject({ published: 1, failed: 0 });
    expect(readFileSync(join(broken, 'index.html'), 'utf8')).toContain('two again');
  });

  test('a source mended while it is being read is read again', async () => {
    data.write('talk');
    const { share } = await app.publisher.create('talk', owner);
    writeFileSync(source(), '{');
    await sleep(60);
    const failing = app.publisher.sync('talk');
    data.write('talk', aConversation({ title: 'Mended at once' }));
    await failing;
    await sleep(60);
    await app.publisher.sync('talk');
    expect(app.registry.get(share.id)).toMatchObject({ title: 'Mended at once', problem: undefined });
  });
});

test('many shares are prepared by threads, again after a rest, and the threads never keep the process', async () => {
  for (let talk = 0; talk < 40; talk++) data.write(`talk-${talk}`);
  for (let talk = 0; talk < 40; talk++) await app.publisher.create(`talk-${talk}`, owner);
  const shares = join(data.paths.output, 'share');
  for (const rest of [0, 2_500]) {
    for (const name of readdirSync(shares)) rmSync(join(shares, name), { recursive: true });
    expect(await app.publisher.syncAll()).toMatchObject({ published: 40, failed: 0 });
    await sleep(rest);
  }
  expect(
    process.getActiveResourcesInfo().filter((name) => name === 'Worker' || name === 'MessagePort'),
  ).toEqual([]);
});

test('what is published may be read by a web server of another user, and only by its owner while it is staged', async () => {
  data.write('talk', aConversation(), { 'a.txt': 'a' });
  const { share } = await app.publisher.create('talk', owner);
  const top = join(data.paths.output, 'share', share.id);
  for (const entry of readdirSync(top, { recursive: true, withFileTypes: true }))
    expect(statSync(join(entry.parentPath, entry.name)).mode & 0o005, entry.name).toBe(
      entry.isDirectory() ? 5 : 4,
    );
  expect(statSync(top).mode & 0o777).toBe(0o755);
  expect(statSync(join(data.paths.data, 'staging')).mode & 0o777).toBe(0o700);
});

test('the output of another registry is refused, and nothing in it changes', async () => {
  data.write('talk');
  const { share } = await app.publisher.create('talk', owner);
  const other = aDataFolder();
  const { openApp } = await import('../../cli/app.ts');
  await expect(openApp({ ...other.paths, output: data.paths.output })).rejects.toMatchObject({
    code: 'output_foreign',
  });
  other.remove();
  expect(readdirSync(join(data.paths.output, 'share'))).toEqual([share.id]);
});

test('the same conversation gives the same bytes, and nothing is published twice', async () => {
  data.write('talk', aConversation(), { 'a.txt': 'a', 'b/c.csv': '1,2' });
  const { share } = await app.publisher.create('talk', owner);
  const shareFolder = join(data.paths.output, 'share', share.id);
  const read = () =>
    readdirSync(shareFolder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name)).toString('base64')])
      .sort();
  const before = read();
  const { revision, publishedAt } = app.registry.get(share.id) ?? {};
  await sleep(60);
  expect(await app.publisher.sync('talk')).toBe('unchanged');
  app.close();
  rmSync(join(data.paths.data, 'cache.sqlite'));
  rmSync(shareFolder, { recursive: true });
  app = await data.open();
  await app.publisher.syncAll();
  expect(read()).toEqual(before);
  expect(app.registry.get(share.id)?.revision).toBe(revision);
  expect(app.registry.get(share.id)?.publishedAt).not.toBe(publishedAt);
});
