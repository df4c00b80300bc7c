import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eachLine, lineText } from '../../src/conversation/disk.ts';
import { createSourceReader, sourceSignature, watchPaths } from '../../src/conversation/source.ts';
import type { Signature, Source } from '../../src/conversation/source.ts';
import { ShareError } from '../../src/errors.ts';

const readSource = (from: Source) => createSourceReader()(from);

let outside: string;
let folder: string;
let source: Source;

beforeEach(() => {
  outside = realpathSync(mkdtempSync(join(tmpdir(), 'source-')));
  folder = join(outside, 'library', 'a');
  mkdirSync(join(folder, 'files', 'plots'), { recursive: true });
  source = { conversation: 'a', kind: 'native', path: folder, linked: false };
  write({});
});

afterEach(() => {
  rmSync(outside, { recursive: true, force: true });
});

const conversation = { id: 'a', title: 'A', messages: [{ id: 'm1', role: 'user', content: 'Hello' }] };

function write(fields: object): void {
  writeFileSync(join(folder, 'conversation.json'), JSON.stringify({ ...conversation, ...fields }));
}

function put(name: string, content = name): string {
  writeFileSync(join(folder, 'files', name), content);
  return join(folder, 'files', name);
}

async function refusal(): Promise<ShareError> {
  try {
    await readSource(source);
  } catch (error) {
    if (error instanceof ShareError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const filesRead = async () => (await readSource(source)).conversation.files;
const namesRead = async () => (await filesRead()).map((file) => file.name);

describe('the files of a native conversation', () => {
  test('are all in files/, sub-folders included, sorted, without dot names', async () => {
    for (const name of ['b.csv', 'a.csv', 'plots/p.png', '.DS_Store', 'plots/.hidden']) put(name);
    mkdirSync(join(folder, 'files', '.git'));
    put('.git/config');
    expect(await filesRead()).toEqual([
      { name: 'a.csv', content: { path: join(folder, 'files/a.csv') } },
      { name: 'b.csv', content: { path: join(folder, 'files/b.csv') } },
      { name: 'plots/p.png', content: { path: join(folder, 'files/plots/p.png') } },
    ]);
  });

  test('are none without a folder for them', async () => {
    rmSync(join(folder, 'files'), { recursive: true });
    expect(await namesRead()).toEqual([]);
  });

  test('are exactly those of a list, in its order, dot names included', async () => {
    for (const name of ['a.csv', 'b.csv', '.env.example', 'plots/p.png']) put(name);
    const listed = { name: 'plots/p.png', mediaType: 'image/png', description: 'A plot' };
    write({ files: [listed, { name: '.env.example' }] });
    expect(await filesRead()).toEqual([
      { ...listed, content: { path: join(folder, 'files/plots/p.png') } },
      { name: '.env.example', content: { path: join(folder, 'files/.env.example') } },
    ]);
  });

  test.each([[[]], [[{ name: 'b.csv' }]]])(
    'are not published when a list leaves them out: %j',
    async (files) => {
      put('a.csv');
      put('b.csv');
      write({ files });
      expect(await namesRead()).toEqual(files.map((file) => file.name));
    },
  );

  test('that are listed but not there are named with their place', async () => {
    write({ files: [{ name: 'plots' }, { name: 'b.csv' }] });
    put('b.csv');
    rmSync(join(folder, 'files', 'plots'), { recursive: true });
    expect(await refusal()).toMatchObject({
      code: 'source_invalid',
      message: `${join(folder, 'conversation.json')}: files[0]: "plots" is listed but not in files/.`,
    });
  });

  test.each(['b.csv/inside', 'x'.repeat(300)])('that cannot be there are not there: %s', async (name) => {
    put('b.csv');
    write({ files: [{ name }] });
    expect((await refusal()).message).toContain('is listed but not in files/');
  });

  test('that are folders cannot be listed', async () => {
    write({ files: [{ name: 'plots' }] });
    expect((await refusal()).message).toBe(
      `${join(folder, 'files/plots')}: is a folder, but must be a regular file.`,
    );
  });

  test('may be symbolic links inside the folder, and are named by what they lead to', async () => {
    symlinkSync(put('a.csv'), join(folder, 'files', 'link.csv'));
    expect((await filesRead())[1]).toEqual({
      name: 'link.csv',
      content: { path: join(folder, 'files/a.csv') },
    });
  });
});

describe('what must not be copied is refused by name', () => {
  test.each([
    [
      'a symbolic link out of the folder',
      'link',
      () => symlinkSync('/etc/passwd', join(folder, 'files/link')),
    ],
    ['a symbolic link to a folder', 'link', () => symlinkSync('plots', join(folder, 'files/link'))],
    ['a symbolic link in a circle', 'link', () => symlinkSync('link', join(folder, 'files/link'))],
    ['a symbolic link to nothing', 'link', () => symlinkSync('nothing', join(folder, 'files/link'))],
    ['a symbolic link to the next folder', 'link', linkToSibling],
    [
      'conversation.json by symbolic link',
      'link',
      () => symlinkSync('../conversation.json', join(folder, 'files/link')),
    ],
    [
      'conversation.json by hard link',
      'link',
      () => linkSync(join(folder, 'conversation.json'), join(folder, 'files/link')),
    ],
    ['a FIFO', 'pipe', () => execFileSync('mkfifo', [join(folder, 'files/pipe')])],
    ['a device', 'null', () => symlinkSync('/dev/null', join(folder, 'files/null'))],
  ])('%s', async (_name, name, make) => {
    make();
    const whole = await refusal();
    expect(whole.code).toBe('source_invalid');
    expect(whole.message).toContain(join(folder, 'files', name));
    write({ files: [{ name }] });
    expect((await refusal()).message).toContain(join(folder, 'files', name));
  });

  test('a socket', async () => {
    const path = join(folder, 'files', 'socket');
    const server = createServer().listen(path);
    await new Promise((listening) => server.once('listening', listening));
    try {
      expect((await refusal()).message).toBe(`${path}: is a socket, but must be a regular file.`);
    } finally {
      await new Promise((closed) => server.close(closed));
    }
  });

  test('files behind a folder that is a link out', async () => {
    mkdirSync(join(outside, 'private'));
    writeFileSync(join(outside, 'private', 'x.csv'), 'canary');
    symlinkSync(join(outside, 'private'), join(folder, 'files', 'sub'));
    write({ files: [{ name: 'sub/x.csv' }] });
    expect((await refusal()).message).toContain(join(folder, 'files/sub/x.csv'));
    rmSync(join(folder, 'files'), { recursive: true });
    symlinkSync(join(outside, 'private'), join(folder, 'files'));
    write({});
    expect((await refusal()).message).toContain(join(folder, 'files'));
  });

  test('a file in the place of files/', async () => {
    rmSync(join(folder, 'files'), { recursive: true });
    writeFileSync(join(folder, 'files'), '');
    expect((await refusal()).message).toBe(`${join(folder, 'files')}: must be a folder.`);
  });

  test('a name that is not UTF-8', async () => {
    const path = Buffer.concat([Buffer.from(join(folder, 'files/a')), Buffer.from([0xff])]);
    try {
      writeFileSync(path, '');
    } catch {
      return; // Some file systems have no such names.
    }
    expect(await refusal()).toMatchObject({
      code: 'source_invalid',
      message: `${join(folder, 'files/a\ufffd')}: the name of the file is not valid UTF-8.`,
    });
  });

  test('a conversation.json that is a FIFO, a folder, or a link out of its folder', async () => {
    const path = join(folder, 'conversation.json');
    rmSync(path);
    execFileSync('mkfifo', [path]);
    expect((await refusal()).message).toBe(`${path}: is a FIFO, but must be a regular file.`);
    rmSync(path);
    mkdirSync(path);
    expect((await refusal()).message).toBe(`${path}: is a folder, but must be a regular file.`);
    rmSync(path, { recursive: true });
    writeFileSync(join(outside, 'other.json'), JSON.stringify(conversation));
    symlinkSync(join(outside, 'other.json'), path);
    expect((await refusal()).message).toContain(`${path}: is or lies behind a symbolic link out of`);
  });
});

function linkToSibling(): void {
  mkdirSync(`${folder}b`);
  writeFileSync(join(`${folder}b`, 'x'), '');
  symlinkSync(`../../ab/x`, join(folder, 'files/link'));
}

describe('reading', () => {
  test('says that a conversation is missing, and not that it is broken', async () => {
    rmSync(join(folder, 'conversation.json'));
    expect(await refusal()).toMatchObject({ code: 'source_missing' });
    rmSync(folder, { recursive: true });
    expect(await refusal()).toMatchObject({ code: 'source_missing' });
  });

  test('names file and place of what is wrong', async () => {
    writeFileSync(join(folder, 'conversation.json'), '{\n  "id": a\n}');
    expect((await refusal()).message).toBe(
      `${join(folder, 'conversation.json')}: line 2, column 9: expected a value.`,
    );
  });

  test('holds the id to the name of the folder in the library, and only there', async () => {
    write({ id: 'b' });
    expect((await refusal()).message).toBe(
      `${join(folder, 'conversation.json')}: id: "b" must be the name of its folder, "a".`,
    );
    source = { ...source, linked: true };
    expect((await readSource(source)).conversation.title).toBe('A');
  });

  test('takes the time of the file where the conversation has none', async () => {
    utimesSync(join(folder, 'conversation.json'), 0, 1_700_000_000);
    expect((await readSource(source)).conversation.updatedAt).toBe('2023-11-14T22:13:20.000Z');
  });

  test('watches the folder of a native conversation, and the file of a session', () => {
    expect(watchPaths(source)).toEqual([folder]);
    expect(watchPaths({ ...source, kind: 'claude-code', path: '/x.jsonl' })).toEqual([
      '/x.jsonl',
      '/x/subagents',
    ]);
  });

  const canBeNobody = process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0;

  test.skipIf(!canBeNobody)('tells a file that may not be read from a missing one (root and setpriv)', () => {
    put('a.csv');
    chmodSync(outside, 0o755);
    chmodSync(join(folder, 'files', 'a.csv'), 0o600);
    expect(readAsNobody()).toBe(
      `source_unreadable ${join(folder, 'files/a.csv')}: may not be read by this user (EACCES).`,
    );
    chmodSync(join(folder, 'conversation.json'), 0o600);
    expect(readAsNobody()).toContain(`source_unreadable ${join(folder, 'conversation.json')}: `);
    chmodSync(folder, 0o700);
    expect(readAsNobody()).toContain(`source_unreadable ${join(folder, 'conversation.json')}: `);
  });
});

/** Root may read everything, so another process gives its rights away first. */
function readAsNobody(): string {
  const module = new URL('../../src/conversation/source.ts', import.meta.url).href;
  const script = `
    const { createSourceReader, sourceSignature } = await import(${JSON.stringify(module)});
    const source = ${JSON.stringify(source)};
    if (!sourceSignature(source)) console.log('taken for missing');
    await createSourceReader()(source).catch((error) => console.log(error.code, error.message));`;
  const command = ['--reuid=65534', '--clear-groups', process.execPath, '--input-type=module', '-e', script];
  return spawnSync('setpriv', command, { encoding: 'utf8' }).stdout.trim();
}

describe('the signature', () => {
  const later = () => Date.now() + 1000;
  const signature = (): Signature => {
    const taken = sourceSignature(source, later());
    if (taken === undefined) throw new Error('the source is missing');
    return taken;
  };

  test('stays the same while nothing changes, and when the folder is moved away and back', () => {
    put('a.csv');
    const before = signature();
    expect(before.settled).toBe(true);
    renameSync(folder, `${folder}-away`);
    expect(sourceSignature(source)).toBeUndefined();
    renameSync(`${folder}-away`, folder);
    expect(signature()).toEqual(before);
  });

  const path = (name: string) => join(folder, name);
  test.each([
    ['a write of the same size', () => writeFileSync(path('files/a.csv'), 'A.CSV')],
    ['a write that hides its time', hideTime],
    ['a write in place', () => writeFileSync(path('conversation.json'), '{}')],
    ['a save by rename', saveByRename],
    ['an append', () => writeFileSync(path('files/a.csv'), 'more', { flag: 'a' })],
    ['a cut', () => truncateSync(path('files/a.csv'), 1)],
    ['a new file', () => void put('b.csv')],
    ['a new file in a sub-folder', () => void put('plots/b.png')],
    ['a removed file', () => rmSync(path('files/a.csv'))],
    ['a renamed file', () => renameSync(path('files/a.csv'), path('files/A.csv'))],
    ['two files that change places', swapFiles],
    ['a renamed sub-folder', () => renameSync(path('files/plots'), path('files/charts'))],
    ['new rights', () => chmodSync(path('files/a.csv'), 0o600)],
    ['a write to what a link leads to', () => writeFileSync(path('target'), 'new')],
    ['files/ removed', () => rmSync(path('files'), { recursive: true })],
    ['a file in the place of files/', replaceFiles],
    ['a folder in the place of conversation.json', replaceConversation],
  ])('changes with %s', async (_name, change) => {
    put('a.csv');
    put('z.csv');
    put('plots/p.png');
    writeFileSync(path('target'), 'old');
    symlinkSync('../target', path('files/link'));
    const before = signature();
    await new Promise((elapsed) => setTimeout(elapsed, 20)); // Past the tick of the clock that stamps files.
    change();
    expect(signature().text).not.toBe(before.text);
  });

  function hideTime(): void {
    utimesSync(path('files/a.csv'), 1, 1);
    writeFileSync(path('files/a.csv'), 'A.CSV');
    utimesSync(path('files/a.csv'), 1, 1);
  }

  function saveByRename(): void {
    writeFileSync(path('draft'), readFileSync(path('conversation.json')));
    renameSync(path('draft'), path('conversation.json'));
  }

  function swapFiles(): void {
    renameSync(path('files/a.csv'), path('t'));
    renameSync(path('files/z.csv'), path('files/a.csv'));
    renameSync(path('t'), path('files/z.csv'));
  }

  function replaceFiles(): void {
    rmSync(path('files'), { recursive: true });
    writeFileSync(path('files'), '');
  }

  function replaceConversation(): void {
    rmSync(path('conversation.json'));
    mkdirSync(path('conversation.json'));
  }

  test('is not settled within 50 ms of a change, whatever the modification time says', () => {
    const file = put('a.csv');
    for (const each of [file, path('conversation.json')]) utimesSync(each, 1, 1);
    const now = Date.now();
    expect(sourceSignature(source, now)?.settled).toBe(false);
    expect(sourceSignature(source, now + 60)?.settled).toBe(true);
    utimesSync(file, 1, 4_000_000_000);
    expect(sourceSignature(source, now + 1000)?.settled).toBe(true);
  });

  test('is taken of one file for a session, and is undefined without it', () => {
    const file = join(outside, 's.jsonl');
    source = { conversation: 's', kind: 'claude-code', path: file, linked: true };
    expect(sourceSignature(source)).toBeUndefined();
    writeFileSync(file, '{}\n');
    const before = signature();
    writeFileSync(file, '{}\n{}', { flag: 'a' });
    expect(signature().text).not.toBe(before.text);
    expect(sourceSignature({ ...source, path: join(file, 'below') })).toBeUndefined();
  });

  test('does not wait for a FIFO', () => {
    execFileSync('mkfifo', [path('files/pipe')]);
    expect(signature().settled).toBe(true);
  });
});

describe('lines of a file', () => {
  async function linesOf(content: string | Uint8Array): Promise<string[]> {
    writeFileSync(join(outside, 'log'), content);
    const lines: string[] = [];
    const file = await open(join(outside, 'log'));
    await eachLine(file, 0, ({ bytes }) => void lines.push(lineText(bytes)));
    await file.close();
    return lines;
  }

  test.each([
    ['an empty file has no line', '', []],
    ['the last line may lack its end', 'a\nb', ['a', 'b']],
    ['empty lines count', 'a\n\nb\n', ['a', '', 'b']],
    ['both kinds of line ends', 'a\r\nb\n', ['a', 'b']],
    [
      'U+2028, U+2029, U+0085 and a bare return end no line',
      'a\u2028b\u2029c\u0085d\re\n',
      ['a\u2028b\u2029c\u0085d\re'],
    ],
  ])('%s', async (_name, content, lines) => {
    expect(await linesOf(content)).toEqual(lines);
  });

  test('keeps characters whole that cross the border of two chunks', async () => {
    const line = `x${'é€😀'.repeat(100_000)}`;
    expect(await linesOf(`${line}\n${line}`)).toEqual([line, line]);
  });

  test('a line that is too long is cut, and the next one is whole', async () => {
    const [long, mebibyte] = ['x'.repeat(3_000_000), 1024 * 1024];
    writeFileSync(join(outside, 'log'), `${long}\n{}\n${long}`);
    const file = await open(join(outside, 'log'));
    const lines: [number, number, boolean][] = [];
    await eachLine(
      file,
      0,
      ({ bytes, sizeBytes, isWhole }) => void lines.push([bytes.length, sizeBytes, isWhole]),
      mebibyte,
    );
    await file.close();
    expect(lines.map(([, ...rest]) => rest)).toEqual([
      [3_000_001, true],
      [3, true],
      [3_000_000, false],
    ]);
    for (const [kept] of lines) expect(kept).toBeLessThanOrEqual(mebibyte);
    expect(lines[1]?.[0]).toBe(2);
  });

  test('replaces bytes that are not UTF-8', async () => {
    expect(await linesOf(Uint8Array.of(0x61, 0xff, 0x0a, 0x62))).toEqual(['a\ufffd', 'b']);
  });
});
