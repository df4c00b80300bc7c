import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startWatcher, type Watched, type Watcher, type WatcherOptions } from '../../src/watch/watcher.ts';

/** Far from the 60 s after which the full comparison would hide a lost event. */
const soon = { timeout: 3_000, interval: 5 };

/** Past the second sync of a burst: an edit after this is only found by an event of its own. */
const rest = () => sleep(250);

let root: string;
let watcher: Watcher | undefined;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'watcher-'));
});

afterEach(async () => {
  await watcher?.close();
  watcher = undefined;
  await rm(root, { recursive: true, force: true });
});

/**
 * A watcher whose `sync` writes down what it finds in the source, as a page would show it:
 * the file's text, or the folder's files with their texts, or `missing`.
 */
async function watching(wanted: Watched[], options: Partial<WatcherOptions> = {}) {
  const pages = new Map<string, string>();
  const syncs: string[] = [];
  const errors: unknown[] = [];
  const registry = { wanted, changed: false, syncAlls: 0, wantedCalls: 0 };
  const show = async (conversation: string) => {
    const source = registry.wanted.find((one) => one.conversation === conversation)?.paths[0];
    pages.set(conversation, source === undefined ? 'not shared' : await contentOf(source));
  };
  watcher = await startWatcher({
    wanted: () => {
      registry.wantedCalls++;
      return registry.wanted;
    },
    registryChanged: () => {
      const { changed } = registry;
      registry.changed = false;
      return changed;
    },
    sync: async (conversation) => {
      syncs.push(conversation);
      await show(conversation);
    },
    syncAll: async () => {
      registry.syncAlls++;
      for (const { conversation } of registry.wanted) await show(conversation);
    },
    onError: (error) => errors.push(error),
    ...options,
  });
  const shows = (conversation: string, page: string) =>
    expect.poll(() => pages.get(conversation), soon).toBe(page);
  return { pages, syncs, errors, registry, shows };
}

/** A session's text; for a native conversation, that of conversation.json and of everything in files/. */
async function contentOf(source: string): Promise<string> {
  if (!existsSync(source)) return 'missing';
  if (source.endsWith('.jsonl')) return readFile(source, 'utf8');
  const folder = source.endsWith('.json') ? dirname(source) : source;
  const listed = await readdir(join(folder, 'files'), { recursive: true, withFileTypes: true }).catch(
    () => [],
  );
  const files = listed.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = [join(folder, 'conversation.json'), ...files.sort()].map((file) =>
    readFileSync(file, 'utf8'),
  );
  return texts.join(' ');
}

async function aConversation(name = 'talk', text = '{}'): Promise<string> {
  const folder = join(root, 'conversations', name);
  await mkdir(join(folder, 'files'), { recursive: true });
  await writeFile(join(folder, 'conversation.json'), text);
  return folder;
}

async function aSession(name = 'session', text = '1\n'): Promise<string> {
  const file = join(root, 'projects', 'work', `${name}.jsonl`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** Both ways to name a native conversation: its folder, or exactly what is read of it. */
const shapes = [
  ['its folder', (folder: string) => [folder]],
  ['exactly its files', (folder: string) => [join(folder, 'conversation.json'), join(folder, 'files')]],
] as const;

describe.each(shapes)('a native conversation, watched by %s', (_name, pathsOf) => {
  async function shared() {
    const folder = await aConversation();
    return { folder, ...(await watching([{ conversation: 'talk', paths: pathsOf(folder) }])) };
  }

  test('an in-place write is synced', async () => {
    const { folder, shows } = await shared();
    await writeFile(join(folder, 'conversation.json'), '{"title":"new"}');
    await shows('talk', '{"title":"new"}');
  });

  test('an atomic save (temp file, rename) is synced, and the next one too', async () => {
    const { folder, shows } = await shared();
    for (const text of ['first', 'second', 'third']) {
      await writeFile(join(folder, '.conversation.json.tmp'), text);
      await rename(join(folder, '.conversation.json.tmp'), join(folder, 'conversation.json'));
      await shows('talk', text);
      await rest();
    }
  });

  test('a file written in two halves is synced when it is whole', async () => {
    const { folder, shows } = await shared();
    await writeFile(join(folder, 'conversation.json'), '{"title":');
    await shows('talk', '{"title":');
    await rest();
    await appendFile(join(folder, 'conversation.json'), '"whole"}');
    await shows('talk', '{"title":"whole"}');
  });

  test('the folder renamed away and back is synced both times, and edits after that are seen', async () => {
    const { folder, shows } = await shared();
    for (const round of ['one', 'two']) {
      await rename(folder, `${folder}-away`);
      await shows('talk', 'missing');
      await rename(`${folder}-away`, folder);
      if (round === 'two') await rest();
      await writeFile(join(folder, 'conversation.json'), round);
      await shows('talk', round);
    }
  });

  test('the library renamed away and back is noticed although no event tells', async () => {
    const { folder, shows } = await shared();
    const library = dirname(folder);
    await rename(library, `${library}-away`);
    await shows('talk', 'missing');
    await rename(`${library}-away`, library);
    await shows('talk', '{}');
    await rest();
    await writeFile(join(folder, 'conversation.json'), 'later');
    await shows('talk', 'later');
  });

  test('the folder replaced by another one is synced, and edits in the new one are seen', async () => {
    const { folder, shows } = await shared();
    const other = await aConversation('other', 'other');
    await rename(folder, `${folder}-away`);
    await rename(other, folder);
    await shows('talk', 'other');
    await rest();
    await writeFile(join(folder, 'conversation.json'), 'later');
    await shows('talk', 'later');
  });

  test('the folder removed and made again is synced, and later edits are seen', async () => {
    const { folder, shows } = await shared();
    await rm(folder, { recursive: true });
    await shows('talk', 'missing');
    await aConversation('talk', 'again');
    await shows('talk', 'again');
    await rest();
    await writeFile(join(folder, 'conversation.json'), 'later');
    await shows('talk', 'later');
  });

  test('files added, changed and removed in files/ and in a new sub-folder are synced', async () => {
    const { folder, shows } = await shared();
    const file = join(folder, 'files', 'a.txt');
    await writeFile(file, 'A');
    await shows('talk', '{} A');
    await rest();
    await writeFile(file, 'A2');
    await shows('talk', '{} A2');
    const deep = join(folder, 'files', 'sub', 'deeper', 'b.txt');
    await mkdir(dirname(deep), { recursive: true });
    await writeFile(deep, 'B');
    await shows('talk', '{} A2 B');
    await rest();
    await writeFile(deep, 'B2');
    await shows('talk', '{} A2 B2');
    await rest();
    await unlink(file);
    await shows('talk', '{} B2');
    await rest();
    await rm(join(folder, 'files', 'sub'), { recursive: true });
    await shows('talk', '{}');
  });

  test('files/ removed and made again is synced, and later files are seen', async () => {
    const { folder, shows } = await shared();
    await writeFile(join(folder, 'files', 'a.txt'), 'A');
    await shows('talk', '{} A');
    await rm(join(folder, 'files'), { recursive: true });
    await shows('talk', '{}');
    await mkdir(join(folder, 'files'));
    await writeFile(join(folder, 'files', 'b.txt'), 'B');
    await shows('talk', '{} B');
    await rest();
    await writeFile(join(folder, 'files', 'c.txt'), 'C');
    await shows('talk', '{} B C');
  });

  test('files/ that did not exist at start is seen when it appears', async () => {
    const folder = await aConversation();
    await rm(join(folder, 'files'), { recursive: true });
    const { shows } = await watching([{ conversation: 'talk', paths: pathsOf(folder) }]);
    await mkdir(join(folder, 'files'));
    await writeFile(join(folder, 'files', 'a.txt'), 'A');
    await shows('talk', '{} A');
    await rest();
    await writeFile(join(folder, 'files', 'a.txt'), 'A2');
    await shows('talk', '{} A2');
  });

  test('a source that is missing at start is synced when it appears, with its folders', async () => {
    const folder = join(root, 'conversations', 'talk');
    const { shows } = await watching([{ conversation: 'talk', paths: pathsOf(folder) }]);
    await shows('talk', 'missing');
    await aConversation('talk', 'here');
    await shows('talk', 'here');
    await rest();
    await writeFile(join(folder, 'files', 'a.txt'), 'A');
    await shows('talk', 'here A');
  });
});

describe('one session file, beside others', () => {
  async function shared(options: Partial<WatcherOptions> = {}) {
    const file = await aSession();
    const other = await aSession('other');
    const built = await watching(
      [
        { conversation: 'session', paths: [file] },
        { conversation: 'other', paths: [other] },
      ],
      options,
    );
    return { file, other, ...built };
  }

  test('100 appends are synced to the last, at most ten times a second, and the other is left alone', async () => {
    const { file, shows, syncs } = await shared();
    const begin = performance.now();
    for (let line = 0; line < 100; line++) {
      await appendFile(file, `${line}\n`);
      await sleep(2);
    }
    await shows('session', `1\n${Array.from({ length: 100 }, (_, line) => `${line}\n`).join('')}`);
    await sleep(250);
    expect(syncs).not.toContain('other');
    expect(syncs.length).toBeLessThanOrEqual((performance.now() - begin) / 100 + 2);
  });

  test('the first of many appends is synced at once', async () => {
    const { file, syncs } = await shared();
    await sleep(50);
    const begin = performance.now();
    await appendFile(file, 'x\n');
    await expect.poll(() => syncs.length, { timeout: 1_000, interval: 1 }).toBe(1);
    expect(performance.now() - begin).toBeLessThan(80);
  });

  test('removed and put back a second later is synced both times, and later appends are seen', async () => {
    const { file, shows } = await shared();
    await unlink(file);
    await shows('session', 'missing');
    await sleep(1_000);
    await writeFile(file, '2\n');
    await shows('session', '2\n');
    await rest();
    await appendFile(file, '3\n');
    await shows('session', '2\n3\n');
  });

  test('removed and written anew at once, as some editors save, is never seen as missing', async () => {
    const { file, pages, shows } = await shared();
    const seen = new Set<string | undefined>();
    const look = setInterval(() => seen.add(pages.get('session')), 1);
    for (const text of ['a\n', 'b\n', 'c\n']) {
      await unlink(file);
      await sleep(5);
      await writeFile(file, text);
      await shows('session', text);
      await rest();
    }
    clearInterval(look);
    expect(seen).not.toContain('missing');
  });

  test('renamed away and back is synced both times, and later appends are seen', async () => {
    const { file, shows } = await shared();
    await rename(file, `${file}.away`);
    await shows('session', 'missing');
    await rename(`${file}.away`, file);
    await shows('session', '1\n');
    await rest();
    await appendFile(file, '2\n');
    await shows('session', '1\n2\n');
  });

  test('its folder removed and made again is synced, for each file in it', async () => {
    const { file, other, shows } = await shared();
    for (const text of ['2\n', '3\n']) {
      await rm(dirname(file), { recursive: true });
      await shows('session', 'missing');
      await shows('other', 'missing');
      await aSession('session', text);
      await aSession('other', text);
      await shows('session', text);
      await shows('other', text);
    }
    await rest();
    await appendFile(file, 'end\n');
    await appendFile(other, 'end\n');
    await shows('session', '3\nend\n');
    await shows('other', '3\nend\n');
  });

  test('its folder removed and made again within a moment is synced, for each file in it', async () => {
    const { file, other, shows } = await shared();
    await rm(dirname(file), { recursive: true });
    await aSession('session', '2\n');
    await aSession('other', '2\n');
    await shows('session', '2\n');
    await shows('other', '2\n');
    await rest();
    await appendFile(file, 'end\n');
    await appendFile(other, 'end\n');
    await shows('session', '2\nend\n');
    await shows('other', '2\nend\n');
  });

  test('a folder above it replaced by another is noticed, for each file in it', async () => {
    const { file, other, shows } = await shared();
    const projects = join(root, 'projects');
    await rename(projects, `${projects}-away`);
    await aSession('session', 'new\n');
    await aSession('other', 'new\n');
    await shows('session', 'new\n');
    await shows('other', 'new\n');
    await rest();
    await appendFile(file, 'end\n');
    await appendFile(other, 'end\n');
    await shows('session', 'new\nend\n');
    await shows('other', 'new\nend\n');
  });

  test('a source that is a symbolic link is watched where it leads to', async () => {
    const { file, registry, shows } = await shared();
    const link = join(root, 'link.jsonl');
    await symlink(file, link);
    registry.wanted = [{ conversation: 'link', paths: [link] }];
    registry.changed = true;
    await shows('link', '1\n');
    await rest();
    await appendFile(file, '2\n');
    await shows('link', '1\n2\n');
  });
});

describe('the registry', () => {
  test('a share made by another process is synced within 250 ms and then followed', async () => {
    const first = await aConversation('first', 'first');
    const second = await aConversation('second', 'second');
    const { registry, pages, shows, syncs } = await watching([{ conversation: 'first', paths: [first] }]);
    registry.wanted = [...registry.wanted, { conversation: 'second', paths: [second] }];
    registry.changed = true;
    const begin = performance.now();
    await expect.poll(() => pages.get('second'), { timeout: 1_000, interval: 2 }).toBe('second');
    expect(performance.now() - begin).toBeLessThan(250);
    await rest();
    await writeFile(join(second, 'conversation.json'), 'edited');
    await shows('second', 'edited');
    expect(syncs).not.toContain('first');
  });

  test('a share deleted by another process is synced once more and no longer followed', async () => {
    const first = await aConversation('first', 'first');
    const { registry, shows, syncs } = await watching([{ conversation: 'first', paths: [first] }]);
    registry.wanted = [];
    registry.changed = true;
    await shows('first', 'not shared');
    await sleep(300);
    const before = syncs.length;
    await writeFile(join(first, 'conversation.json'), 'private now');
    await sleep(300);
    expect(syncs.length).toBe(before);
  });

  test('a conversation shared again after it was let go is followed again', async () => {
    const first = await aConversation('first', 'first');
    const shares = [{ conversation: 'first', paths: [first] }];
    const { registry, shows } = await watching(shares);
    let previous = 'first';
    for (const text of ['again', 'and again']) {
      registry.wanted = [];
      registry.changed = true;
      await shows('first', 'not shared');
      registry.wanted = shares;
      registry.changed = true;
      await shows('first', previous);
      await rest();
      await writeFile(join(first, 'conversation.json'), text);
      await shows('first', text);
      previous = text;
    }
  });

  test('a changed path moves the watch, a changed stamp syncs, and an unchanged share is left alone', async () => {
    const [a, b, c] = [
      await aConversation('a', 'a'),
      await aConversation('b', 'b'),
      await aConversation('c', 'c'),
    ];
    const { registry, shows, syncs } = await watching([
      { conversation: 'moved', paths: [a] },
      { conversation: 'stamped', paths: [b], stamp: '1' },
      { conversation: 'same', paths: [b] },
    ]);
    registry.wanted = [
      { conversation: 'moved', paths: [c] },
      { conversation: 'stamped', paths: [b], stamp: '2' },
      { conversation: 'same', paths: [b] },
    ];
    registry.changed = true;
    await shows('moved', 'c');
    await expect.poll(() => syncs, soon).toContain('stamped');
    expect(syncs).not.toContain('same');
    await rest();
    await writeFile(join(c, 'conversation.json'), 'c2');
    await shows('moved', 'c2');
  });

  test('wanted is asked again when a source came back, missing at start or later', async () => {
    const file = join(root, 'projects', 'work', 'session.jsonl');
    const { registry, shows } = await watching([{ conversation: 'session', paths: [file] }]);
    for (const text of ['1\n', '2\n']) {
      await shows('session', 'missing');
      const before = registry.wantedCalls;
      await aSession('session', text);
      await shows('session', text);
      await expect.poll(() => registry.wantedCalls, soon).toBeGreaterThan(before);
      await rest();
      await unlink(file);
    }
  });

  test('a registry that cannot be read is reported once, and followed again when it can', async () => {
    const first = await aConversation('first', 'first');
    let broken = false;
    const { registry, errors, shows } = await watching([], {
      registryChanged: () => {
        if (broken) throw new Error('database is locked');
        return true;
      },
    });
    broken = true;
    await sleep(500);
    expect(errors.map(String)).toEqual(['Error: database is locked']);
    registry.wanted = [{ conversation: 'first', paths: [first] }];
    broken = false;
    await shows('first', 'first');
  });
});

describe('comparing everything', () => {
  test('is done once when all is watched, before the watcher counts as started', async () => {
    const folder = await aConversation();
    const { registry, pages, syncs } = await watching([{ conversation: 'talk', paths: [folder] }]);
    expect(registry.syncAlls).toBe(1);
    expect(pages.get('talk')).toBe('{}');
    await sleep(250);
    expect(syncs).toEqual([]);
  });

  test('is repeated, never beside itself, and its errors do not end it', async () => {
    let runs = 0;
    let atOnce = 0;
    const { errors } = await watching([], {
      fullMs: 10,
      syncAll: async () => {
        runs++;
        expect(++atOnce).toBe(1);
        await sleep(30);
        atOnce--;
        throw new Error('disk full');
      },
    });
    await expect.poll(() => runs, soon).toBeGreaterThanOrEqual(3);
    expect(new Set(errors.map(String))).toEqual(new Set(['Error: disk full']));
  });

  test('finds a share that the registry poll did not tell of', async () => {
    const folder = await aConversation();
    const { registry, shows } = await watching([], { fullMs: 50 });
    registry.wanted = [{ conversation: 'talk', paths: [folder] }];
    await shows('talk', '{}');
    await rest();
    await writeFile(join(folder, 'conversation.json'), 'edited');
    await shows('talk', 'edited');
  });
});

describe('a source that grows', () => {
  test('is watched in the folders that it has then, and others are left alone', async () => {
    const session = await aSession();
    const other = await aConversation('other');
    const parts = join(dirname(session), 'parts');
    const { registry, syncs, shows } = await watching([
      { conversation: 'talk', paths: [session] },
      { conversation: 'other', paths: [other] },
    ]);
    await mkdir(parts);
    registry.wanted = registry.wanted.map((one) =>
      one.conversation === 'talk' ? { ...one, paths: [session, parts] } : one,
    );
    await appendFile(session, '2\n');
    await shows('talk', '1\n2\n');
    await sleep(700);
    const before = syncs.length;
    await writeFile(join(parts, 'part.json'), '{}');
    await expect.poll(() => syncs.length, soon).toBeGreaterThan(before);
    await sleep(700);
    expect(syncs.filter((one) => one === 'other')).toEqual([]);
    const calls = registry.wantedCalls;
    await sleep(300);
    expect(registry.wantedCalls).toBe(calls);
  });
});

describe('going wrong and ending', () => {
  test('one conversation whose sync fails is reported and stops neither itself nor the others', async () => {
    const [bad, good] = [await aConversation('bad'), await aConversation('good')];
    const synced: string[] = [];
    const { errors } = await watching(
      [
        { conversation: 'bad', paths: [bad] },
        { conversation: 'good', paths: [good] },
      ],
      {
        sync: (conversation) => {
          synced.push(conversation);
          return conversation === 'bad' ? Promise.reject(new Error('broken')) : Promise.resolve();
        },
      },
    );
    await writeFile(join(bad, 'conversation.json'), 'x');
    await writeFile(join(good, 'conversation.json'), 'x');
    await vi.waitFor(() => expect(synced.filter((one) => one === 'good').length).toBe(2), soon);
    await vi.waitFor(() => expect(synced.filter((one) => one === 'bad').length).toBe(2), soon);
    expect(errors.map(String)).toEqual(['Error: broken', 'Error: broken']);
  });

  test('close waits for the sync under way, starts no other, and may be called twice', async () => {
    const folder = await aConversation();
    let started = 0;
    let ended = 0;
    await watching([{ conversation: 'talk', paths: [folder] }], {
      sync: async () => {
        started++;
        await sleep(200);
        ended++;
      },
    });
    await writeFile(join(folder, 'conversation.json'), 'x');
    await vi.waitFor(() => expect(started).toBe(1), soon);
    await writeFile(join(folder, 'conversation.json'), 'y');
    await Promise.all([watcher?.close(), watcher?.close()]);
    expect([started, ended]).toEqual([1, 1]);
    await sleep(300);
    expect(started).toBe(1);
  });

  test('a registry that cannot be read at start is the caller’s to handle', async () => {
    const wanted = () => {
      throw new Error('not a database');
    };
    await expect(watching([], { wanted })).rejects.toThrow('not a database');
  });
});
