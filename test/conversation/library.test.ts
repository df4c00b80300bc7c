import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createSourceReader,
  openLibrary,
  sourceSignature,
  type Source,
} from '../../src/conversation/library.ts';
import type { Library } from '../../src/conversation/library.ts';
import { ShareError } from '../../src/errors.ts';

const readSource = (from: Source) => createSourceReader()(from);

let outside: string;
let root: string;
let library: Library;

beforeEach(() => {
  outside = realpathSync(mkdtempSync(join(tmpdir(), 'library-')));
  root = join(outside, 'conversations');
  library = openLibrary(root);
});

afterEach(() => {
  rmSync(outside, { recursive: true, force: true });
});

const uuid = '0a1b2c3d-1111-4222-8333-444455556666';

/** Writes a native conversation and returns its folder. */
function aNative(folder: string, id: string): string {
  mkdirSync(folder, { recursive: true });
  const conversation = { id, title: 'A', messages: [{ id: 'm1', role: 'user', content: 'Hello' }] };
  writeFileSync(join(folder, 'conversation.json'), JSON.stringify(conversation));
  return folder;
}

const inLibrary = (id: string) => aNative(join(root, id), id);

/** Writes a Claude Code session and returns its path. */
function aSession(name: string, title?: string, sessionId = uuid): string {
  const message = { role: 'user', content: 'Why does the test fail?' };
  const turn = {
    type: 'user',
    uuid: 'u1',
    parentUuid: null,
    timestamp: '2026-03-01T10:00:00.000Z',
    sessionId,
    message,
  };
  const records = [
    turn,
    ...(title === undefined ? [] : [{ type: 'custom-title', customTitle: title, sessionId }]),
  ];
  const path = join(outside, name);
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return path;
}

function aLink(id: string, content: unknown): void {
  mkdirSync(join(root, id), { recursive: true });
  writeFileSync(
    join(root, id, 'source.json'),
    typeof content === 'string' ? content : JSON.stringify(content),
  );
}

async function refusal(act: () => unknown): Promise<ShareError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof ShareError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('the list', () => {
  test('is empty where there is no library', () => {
    expect(library.list()).toEqual([]);
  });

  test('holds what is a conversation, sorted by id, and nothing else', () => {
    inLibrary('b');
    inLibrary('a');
    inLibrary('.trash');
    mkdirSync(join(root, 'empty'));
    writeFileSync(join(root, 'README.md'), '');
    symlinkSync(aNative(join(outside, 'elsewhere'), 'c'), join(root, 'c'));
    aLink('s', { version: 1, kind: 'claude-code', path: '/gone.jsonl' });
    expect(library.list()).toEqual([
      { conversation: 'a', kind: 'native', path: join(root, 'a'), linked: false },
      { conversation: 'b', kind: 'native', path: join(root, 'b'), linked: false },
      { conversation: 's', kind: 'claude-code', path: '/gone.jsonl', linked: true },
    ]);
  });

  test.each([
    ['that is not JSON', '{', 'line 1, column 2: the file ends, but expected a key in double quotes.'],
    ['that is empty', '', 'the file is empty.'],
    ['of a newer version', { version: 2, kind: 'native', path: '/x' }, 'expected {"version": 1, '],
    ['of an unknown kind', { version: 1, kind: 'x', path: '/x' }, 'expected {"version": 1, '],
    ['with a relative path', { version: 1, kind: 'native', path: '../x' }, 'expected {"version": 1, '],
    ['with a NUL in its path', { version: 1, kind: 'native', path: '/\0' }, 'expected {"version": 1, '],
  ])('reports a source.json %s and goes on', (_name, content, message) => {
    aLink('bad', content);
    inLibrary('good');
    const [bad, good] = library.list();
    expect(good).toMatchObject({ conversation: 'good', kind: 'native' });
    if (bad === undefined || !('problem' in bad)) throw new Error('no problem is reported');
    expect(bad.conversation).toBe('bad');
    expect(bad.problem).toMatchObject({ name: 'ShareError', code: 'source_invalid' });
    expect(bad.problem.message).toContain(`${join(root, 'bad', 'source.json')}: ${message}`);
    expect(() => library.find('bad')).toThrow(bad.problem.message);
  });

  test('does not wait for a source.json that is a FIFO', () => {
    mkdirSync(join(root, 'pipe'), { recursive: true });
    execFileSync('mkfifo', [join(root, 'pipe', 'source.json')]);
    expect(library.list()).toMatchObject([{ conversation: 'pipe', problem: { code: 'source_invalid' } }]);
  });
});

describe('find', () => {
  test.each([
    '',
    '.',
    '..',
    '../elsewhere',
    'a/../../elsewhere',
    'a/b',
    'a/',
    '/etc',
    '.hidden',
    'a\0',
    '\ud800',
  ])('finds nothing for %j, which is no name of an entry', (id) => {
    inLibrary('a');
    inLibrary('.hidden');
    aNative(join(root, 'a', 'b'), 'b');
    aNative(join(outside, 'elsewhere'), 'elsewhere');
    expect(library.find(id)).toBeUndefined();
  });

  test('finds nothing for a name that is too long', () => {
    expect(library.find('x'.repeat(5000))).toBeUndefined();
  });

  test('still finds a link whose conversation is gone', () => {
    aLink('s', { version: 1, kind: 'native', path: join(outside, 'gone') });
    const source = library.find('s');
    expect(source).toBeDefined();
    expect(source && sourceSignature(source)).toBeUndefined();
  });

  test('finds an entry whose conversation.json cannot be read, so that reading says why', async () => {
    mkdirSync(join(root, 'a', 'conversation.json'), { recursive: true });
    const source = library.find('a');
    if (source === undefined) throw new Error('not found');
    expect((await refusal(() => readSource(source))).message).toContain('is a folder');
  });
});

describe('resolve', () => {
  test('understands an id, a folder, a conversation.json, also through symbolic links', () => {
    const folder = inLibrary('a');
    const expected = { conversation: 'a', kind: 'native', path: folder, linked: false };
    symlinkSync(outside, join(outside, 'way'));
    const ways = [
      folder,
      `${folder}/`,
      join(folder, 'conversation.json'),
      join(outside, 'way', 'conversations', 'a'),
    ];
    for (const text of ['a', ...ways]) expect(library.resolve(text)).toEqual(expected);
  });

  test('understands the paths of what was linked, even when it is gone', async () => {
    const session = aSession('s.jsonl');
    const native = aNative(join(outside, 'n'), 'n');
    expect(library.resolve(session)).toBeUndefined();
    const sources = [await library.link(session), await library.link(native)];
    const ways = () => [session, native].map((path) => library.resolve(path));
    expect(ways()).toEqual(sources);
    expect(library.resolve(join(native, 'conversation.json'))).toEqual(sources[1]);
    rmSync(session);
    rmSync(native, { recursive: true });
    expect(ways()).toEqual(sources);
    expect(library.resolve(join(root, 'n'))).toEqual(sources[1]);
  });

  test('takes a name for an id before it takes it for a path', () => {
    const here = process.cwd();
    aNative(join(root, 'package.json'), 'package.json');
    expect(library.resolve('package.json')).toMatchObject({ path: join(root, 'package.json') });
    expect(library.resolve(join(here, 'package.json'))).toBeUndefined();
  });

  test.each(['', '\0', '/', '.', 'A title that nobody gave', 'x'.repeat(10_000), '/no/such/file'])(
    'understands nothing by %j',
    (text) => {
      inLibrary('a');
      expect(library.resolve(text)).toBeUndefined();
    },
  );
});

describe('link', () => {
  test('makes one entry for one native folder, however it is named', async () => {
    const native = aNative(join(outside, 'n'), 'talk');
    symlinkSync(native, join(outside, 'way'));
    const source = await library.link(native);
    expect(source).toEqual({ conversation: 'talk', kind: 'native', path: native, linked: true });
    for (const path of [join(native, 'conversation.json'), join(outside, 'way'), `${native}/`])
      expect(await library.link(path)).toEqual(source);
    expect(library.list()).toEqual([source]);
    expect(JSON.parse(readFileSync(join(root, 'talk', 'source.json'), 'utf8'))).toEqual({
      version: 1,
      kind: 'native',
      path: native,
    });
    expect(statSync(join(root, 'talk', 'source.json')).mode & 0o077).toBe(0);
    expect((await readSource(source)).conversation.title).toBe('A');
  });

  test("takes another tool's conversation.json for what it holds", async () => {
    const file = join(outside, 'conversation.json');
    writeFileSync(file, JSON.stringify({ messages: [{ role: 'user', content: 'Why is it red?' }] }));
    const source = await library.link(file);
    expect(source).toMatchObject({ kind: 'openai-messages', path: file, linked: true });
    expect(library.resolve(file)).toEqual(source);
    expect(await library.link(file)).toEqual(source);
    expect((await readSource(source)).conversation.title).toBe('Why is it red?');
  });

  test('keeps the entry of a session when its title changes', async () => {
    const session = aSession('s.jsonl', 'Fix the Tést: now!');
    const source = await library.link(session);
    expect(source).toEqual({
      conversation: 'fix-the-test-now-0a1b2c3d',
      kind: 'claude-code',
      path: session,
      linked: true,
    });
    aSession('s.jsonl', 'Another title');
    expect(await library.link(session)).toEqual(source);
    expect(library.list()).toEqual([source]);
  });

  test.each([
    ['a title without Latin letters', '日本語', uuid, /^session-0a1b2c3d$/],
    ['a long title', 'word '.repeat(50), uuid, /^(word-){7}word-0a1b2c3d$/],
    ['a session id that is no UUID', 'T', '../x', /^t-[\da-f]{8}$/],
  ])('makes a readable id from %s', async (_name, title, sessionId, expected) => {
    expect((await library.link(aSession('s.jsonl', title, sessionId))).conversation).toMatch(expected);
  });

  test('recognises a session by its content and not by its name', async () => {
    expect(await library.link(aSession('notes.txt', 'T'))).toMatchObject({ kind: 'claude-code' });
  });

  test('gives back what lies in the library already', async () => {
    const folder = inLibrary('a');
    expect(await library.link(folder)).toEqual({
      conversation: 'a',
      kind: 'native',
      path: folder,
      linked: false,
    });
    expect(readdirSync(folder)).toEqual(['conversation.json']);
  });

  test('refuses an id that another conversation has, and names both places', async () => {
    const first = aNative(join(outside, 'one'), 'talk');
    const second = aNative(join(outside, 'two'), 'talk');
    await library.link(first);
    const problem = await refusal(() => library.link(second));
    expect(problem.code).toBe('conversation_taken');
    expect(problem.message).toBe(`${second}: the id "talk" is taken by ${first}.`);
    const native = inLibrary('here');
    const third = aNative(join(outside, 'three'), 'here');
    expect((await refusal(() => library.link(third))).message).toBe(
      `${third}: the id "here" is taken by ${native}.`,
    );
    expect(readdirSync(root).sort()).toEqual(['here', 'talk']);
  });

  test('lets one of two win that want one id at once, and never changes what the winner linked', async () => {
    const paths = Array.from({ length: 8 }, (_, index) => aNative(join(outside, `n${index}`), 'talk'));
    const results = await Promise.allSettled(paths.map((path) => openLibrary(root).link(path)));
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(won).toHaveLength(1);
    expect(library.list()).toEqual(won);
  });

  test('gives two that link the same path at once the same entry', async () => {
    const session = aSession('s.jsonl');
    const [one, two] = await Promise.all([library.link(session), openLibrary(root).link(session)]);
    expect(one).toEqual(two);
    expect(library.list()).toEqual([one]);
  });

  test.each([
    ['nothing at all', () => join(outside, 'nothing'), 'source_missing', 'there is no such file'],
    ['an empty name', () => '', 'source_missing', 'there is no such file'],
    ['a folder without conversation.json', () => outside, 'source_invalid', 'holds no conversation.json'],
    ['another kind of file', aText, 'source_invalid', 'in no format that is read'],
    ['an empty file', () => aFile('empty.jsonl', ''), 'source_invalid', 'in no format that is read'],
    ['a FIFO', aPipe, 'source_invalid', 'is a FIFO'],
    ['a broken native conversation', aBroken, 'source_invalid', 'conversation.json: line 1, column 1'],
    [
      'an id that leaves the library',
      () => aNative(join(outside, 'n'), '../x'),
      'source_invalid',
      'its id "../x"',
    ],
    [
      'an id too long for a folder',
      () => aNative(join(outside, 'n'), 'é'.repeat(128)),
      'source_invalid',
      'its id "é',
    ],
    ['an id with a dot in front', () => aNative(join(outside, 'n'), '.x'), 'source_invalid', 'its id ".x"'],
  ])('refuses %s and leaves the library as it was', async (_name, make, code, message) => {
    const path = make();
    const problem = await refusal(() => library.link(path));
    expect(problem.code).toBe(code);
    expect(problem.message).toContain(message);
    if (path !== '') expect(problem.message).toContain(path);
    expect(readdirSync(outside)).not.toContain('conversations');
  });

  function aFile(name: string, content: string): string {
    writeFileSync(join(outside, name), content);
    return join(outside, name);
  }

  function aText(): string {
    return aFile('story.jsonl', 'Once upon a time\n'.repeat(100_000));
  }

  function aPipe(): string {
    execFileSync('mkfifo', [join(outside, 'pipe.jsonl')]);
    return join(outside, 'pipe.jsonl');
  }

  function aBroken(): string {
    mkdirSync(join(outside, 'broken'));
    aFile('broken/conversation.json', 'x');
    return join(outside, 'broken');
  }

  test('refuses a library that is a file', async () => {
    writeFileSync(root, '');
    expect(await refusal(() => library.link(aSession('s.jsonl')))).toMatchObject({
      code: 'config_invalid',
      message: `${root}: the library must be a folder.`,
    });
  });

  const canBeNobody = process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0;

  test.skipIf(!canBeNobody)('says so when the library cannot be written (root and setpriv)', () => {
    mkdirSync(root);
    for (const folder of [outside, root]) chmodSync(folder, 0o755);
    const native = aNative(join(outside, 'n'), 'n');
    const script = `
      const { openLibrary } = await import(${JSON.stringify(new URL('../../src/conversation/library.ts', import.meta.url).href)});
      const problem = await openLibrary(${JSON.stringify(root)}).link(${JSON.stringify(native)}).catch((error) => error);
      console.log(problem.code, problem.message);`;
    const command = [
      '--reuid=65534',
      '--clear-groups',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ];
    expect(spawnSync('setpriv', command, { encoding: 'utf8' }).stdout.trim()).toBe(
      `output_unwritable ${root}: the library cannot be written (EACCES).`,
    );
    expect(readdirSync(root)).toEqual([]);
  });

  test('finds the entry again when the conversation was moved and a symbolic link left in its place', async () => {
    const source = await library.link(aNative(join(outside, 'n'), 'n'));
    renameSync(join(outside, 'n'), join(outside, 'moved'));
    symlinkSync(join(outside, 'moved'), join(outside, 'n'));
    expect(await library.link(join(outside, 'n'))).toEqual(source);
  });
});

const corpora = process.env['CORPORA_DIR'];

describe.skipIf(corpora === undefined)('the big list of naughty strings (set CORPORA_DIR to run)', () => {
  const naughty = (): string[] =>
    JSON.parse(readFileSync(join(corpora ?? '', 'blns.json'), 'utf8')) as string[];

  test('as ids: found where the disk takes the name, else nothing, and never an error', async () => {
    let taken = 0;
    for (const id of naughty()) {
      if (!canBeFolder(id)) {
        expect(library.find(id)).toBeUndefined();
        continue;
      }
      inLibrary(id);
      const source = library.find(id);
      if (id.startsWith('.')) expect(source).toBeUndefined();
      else {
        taken++;
        if (source === undefined) throw new Error(`${JSON.stringify(id)} is not found`);
        expect((await readSource(source)).conversation.title).toBe('A');
        expect(library.resolve(id)).toEqual(source);
      }
      rmSync(join(root, id), { recursive: true });
    }
    expect(taken).toBeGreaterThan(300);
  });

  test('as names of files: read where the disk takes them, listed or not', async () => {
    const folder = inLibrary('a');
    const names = new Set(naughty().filter((name) => canBeFolder(name) && !name.startsWith('.')));
    mkdirSync(join(folder, 'files'));
    for (const name of names) writeFileSync(join(folder, 'files', name), '');
    const source = { conversation: 'a', kind: 'native', path: folder, linked: false } as const;
    const { files } = (await readSource(source)).conversation;
    expect(files.map((file) => file.name)).toEqual([...names].sort());

    const path = join(folder, 'conversation.json');
    const whole = JSON.parse(readFileSync(path, 'utf8')) as object;
    const listed = [...names].filter((name) => !name.split('\\').includes('..'));
    writeFileSync(path, JSON.stringify({ ...whole, files: listed.map((name) => ({ name })) }));
    const read = (await readSource(source)).conversation.files;
    expect(read.map((file) => file.name)).toEqual(listed);
  });
});

/** Whether a folder of exactly that name can be made. */
function canBeFolder(name: string): boolean {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || !name.isWellFormed())
    return false;
  try {
    mkdirSync(join(root, name), { recursive: true });
    rmSync(join(root, name), { recursive: true });
    return true;
  } catch {
    return false;
  }
}
