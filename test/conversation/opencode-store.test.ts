import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLibrary, type Library } from '../../src/conversation/library.ts';
import { createSourceReader, sourceSignature, watchPaths } from '../../src/conversation/source.ts';
import type { Source } from '../../src/conversation/source.ts';
import type { Message } from '../../src/conversation/conversation.ts';

let folder: string;
let library: Library;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-')));
  library = openLibrary(join(folder, 'library'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function textsOf(messages: readonly Message[]): string[] {
  return messages.flatMap(({ parts }) =>
    parts.flatMap((part) => {
      if (part.type === 'text') return [part.text];
      return part.type === 'tool-call' && part.subAgent
        ? textsOf(part.subAgent.messages).map((text) => `> ${text}`)
        : [];
    }),
  );
}

const conversationOf = async (source: Source) => (await createSourceReader()(source)).conversation;
const textsIn = async (source: Source) => textsOf((await conversationOf(source)).messages);
const start = 1772442000000;

const task = (child: string) => ({
  type: 'tool',
  tool: 'task',
  state: { status: 'completed', input: {}, output: 'done', metadata: { sessionId: child } },
});
const text = (words: string) => ({ type: 'text', text: words });

describe('sessions in files', () => {
  const storage = () => join(folder, 'storage');
  const sessionFile = (id: string) => join(storage(), 'session', 'project', `${id}.json`);

  function put(path: string, value: unknown): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  }

  function putSession(id: string, more: object = {}): string {
    const time = { created: start, updated: start };
    put(sessionFile(id), { id, projectID: 'project', directory: '/x', title: `About ${id}`, time, ...more });
    return sessionFile(id);
  }

  function putMessage(session: string, id: string, role: string, parts: readonly unknown[]): void {
    put(join(storage(), 'message', session, `${id}.json`), { id, role, time: { created: start } });
    for (const [index, part] of parts.entries()) putPart(id, `prt_${index + 1}`, part);
  }

  const putPart = (message: string, id: string, part: unknown) =>
    put(join(storage(), 'part', message, `${id}.json`), part);

  test('are shared by their session file, with sub-agents', async () => {
    putSession('ses_1');
    putMessage('ses_1', 'msg_1', 'user', [text('Hello')]);
    putMessage('ses_1', 'msg_2', 'assistant', [text('Let me see.'), task('ses_2'), text('There.')]);
    putSession('ses_2', { parentID: 'ses_1' });
    putMessage('ses_2', 'msg_3', 'assistant', [text('Inside'), task('ses_1'), task('ses_9')]);
    const source = await library.link(sessionFile('ses_1'));
    expect(source).toMatchObject({ kind: 'opencode-files', path: sessionFile('ses_1'), linked: true });
    expect(library.find(source.conversation)).toEqual(source);
    expect(await textsIn(source)).toEqual(['Hello', 'Let me see.', '> Inside', 'There.']);
    expect((await conversationOf(source)).title).toBe('About ses_1');
  });

  test('take in no session that a call only mentions', async () => {
    const path = putSession('ses_1');
    putMessage('ses_1', 'msg_1', 'assistant', [task('ses_2'), text('Done.')]);
    putSession('ses_2', { parentID: 'ses_9' });
    putMessage('ses_2', 'msg_2', 'user', [text('canary')]);
    expect(await textsIn(await library.link(path))).toEqual(['Done.']);
  });

  test('take messages and parts in the order of their ids', async () => {
    const path = putSession('ses_1');
    putMessage('ses_1', 'msg_2', 'assistant', [text('two'), text('three')]);
    putMessage('ses_1', 'msg_1', 'user', [text('one')]);
    expect(await textsIn(await library.link(path))).toEqual(['one', 'two', 'three']);
  });

  test('pass over what is half written, and what is no record, and count it', async () => {
    const path = putSession('ses_1');
    putMessage('ses_1', 'msg_1', 'user', [text('one'), '{"type":"te']);
    put(join(storage(), 'message', 'ses_1', 'msg_2.json'), '{"id":');
    put(join(storage(), 'message', 'ses_1', '.oc-msg_3.json.tmp'), '{}');
    const { conversation, losses } = await createSourceReader()(await library.link(path));
    expect(textsOf(conversation.messages)).toEqual(['one']);
    expect(losses.unknown).toEqual({ 'part without a type': 1, 'message of nobody': 1 });
  });

  test('are refused without their messages, with a way out', async () => {
    const path = putSession('ses_1');
    await expect(library.link(path)).rejects.toMatchObject({
      code: 'source_invalid',
      hint: expect.stringContaining('opencode export') as string,
    });
    mkdirSync(join(storage(), 'message', 'ses_1'), { recursive: true });
    await expect(library.link(path)).rejects.toMatchObject({
      code: 'source_invalid',
      message: `${path}: The opencode session holds no message of a person or the assistant.`,
    });
    expect(library.list()).toEqual([]);
  });

  test('are watched with their messages and the parts of the newest, and each file is in the signature', async () => {
    const path = putSession('ses_1');
    for (let n = 10; n < 22; n += 1) putMessage('ses_1', `msg_${n}`, 'user', [text(String(n))]);
    const source = await library.link(path);
    const parts = (n: number) => join(storage(), 'part', `msg_${n}`);
    expect(watchPaths(source)).toEqual([
      path,
      join(storage(), 'message', 'ses_1'),
      ...[14, 15, 16, 17, 18, 19, 20, 21].map(parts),
    ]);
    const seen = new Set([sourceSignature(source)?.text]);
    const changes = [
      () => putPart('msg_10', 'prt_2', text('more')),
      () => putPart('msg_10', 'prt_2', text('even more')),
      () => putMessage('ses_1', 'msg_22', 'assistant', []),
      () => putPart('msg_22', 'prt_1', text('first')),
      () => putSession('ses_1', { title: 'Another title' }),
    ];
    for (const change of changes) {
      change();
      seen.add(sourceSignature(source)?.text);
    }
    expect(seen.size).toBe(1 + changes.length);
    rmSync(path);
    expect(sourceSignature(source)).toBeUndefined();
  });
});

describe('sessions in the database', () => {
  let database: Sqlite.Database;
  const file = () => join(folder, 'opencode.db');

  beforeEach(() => {
    database = new Sqlite(file());
    database.pragma('journal_mode = WAL');
  });
  afterEach(() => void database.close());

  const firstTables = `
    CREATE TABLE session (id TEXT PRIMARY KEY, project_id TEXT, parent_id TEXT, directory TEXT, title TEXT,
      version TEXT, revert TEXT, summary_diffs TEXT, time_created INTEGER, time_updated INTEGER);
    CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT, time_created INTEGER, data TEXT);
    CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT, session_id TEXT, time_created INTEGER, data TEXT);`;
  const secondTable = `
    CREATE TABLE session_message (id TEXT PRIMARY KEY, session_id TEXT, type TEXT, seq INTEGER,
      time_created INTEGER, data TEXT);`;

  function insert(table: string, row: Record<string, unknown>): void {
    const names = Object.keys(row);
    const values = Object.values(row).map((value) =>
      typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
    );
    database
      .prepare(`INSERT INTO ${table} (${names.join()}) VALUES (${names.map(() => '?').join()})`)
      .run(values);
  }

  function insertSession(id: string, more: object = {}, table = 'session'): void {
    insert(table, { id, title: `About ${id}`, time_created: start, time_updated: start, ...more });
  }

  function insertMessage(session: string, id: string, role: string, parts: readonly unknown[]): void {
    const time = { created: start };
    insert('message', { id, session_id: session, time_created: start, data: { role, time } });
    for (const [index, data] of parts.entries())
      insert('part', { id: `${id}-${index}`, message_id: id, session_id: session, data });
  }

  function insertSecond(session: string, seq: number, type: string, data: object): void {
    insert('session_message', { id: `m-${session}-${seq}`, session_id: session, type, seq, data });
  }

  /** As when opencode has ended: everything is in the file, and nothing beside it. */
  const settle = () => void database.close();
  const beside = () => readdirSync(folder).filter((name) => name.startsWith('opencode.db'));

  test('of the first generation are read, with sub-agents', async () => {
    database.exec(firstTables);
    insertSession('ses_1', { revert: { messageID: 'm3' }, summary_diffs: 'canary' });
    insertMessage('ses_1', 'm1', 'user', [text('Hello')]);
    insertMessage('ses_1', 'm2', 'assistant', [text('Hi'), task('ses_2')]);
    insertMessage('ses_1', 'm3', 'user', [text('taken back')]);
    insertSession('ses_2', { parent_id: 'ses_1' });
    insertMessage('ses_2', 'm4', 'assistant', [text('Inside'), task('ses_1')]);
    const source = await library.link(file());
    expect(source).toMatchObject({ kind: 'opencode-sqlite', path: `${file()}#ses_1` });
    expect(await textsIn(source)).toEqual(['Hello', 'Hi', '> Inside']);
    expect(await conversationOf(source)).toMatchObject({
      title: 'About ses_1',
      agent: { sessionId: 'ses_1' },
      createdAt: new Date(start).toISOString(),
    });
  });

  test.each(['session', 'session_v2'])('of the second generation are read, from %s', async (table) => {
    database.exec(firstTables.replace('TABLE session', `TABLE ${table}`) + secondTable);
    insertSession('ses_1', {}, table);
    insertSecond('ses_1', 2, 'assistant', { content: [text('Hi'), { ...task('ses_2'), name: 'task' }] });
    insertSecond('ses_1', 1, 'user', { text: 'Hello' });
    insertSession('ses_2', { parent_id: 'ses_1' }, table);
    insertSecond('ses_2', 1, 'assistant', { content: [text('Inside')] });
    expect(await textsIn(await library.link(file()))).toEqual(['Hello', 'Hi', '> Inside']);
  });

  test('in the tables of both generations are read from those that hold more', async () => {
    database.exec(firstTables + secondTable);
    insertSession('ses_1');
    insertMessage('ses_1', 'm1', 'user', [text('one')]);
    insertSecond('ses_1', 1, 'user', { text: 'one again' });
    const source = await library.link(file());
    expect(await textsIn(source)).toEqual(['one']);
    insertSecond('ses_1', 2, 'user', { text: 'two' });
    expect(await textsIn(source)).toEqual(['one again', 'two']);
  });

  test('of which there are many are shared by their id', async () => {
    database.exec(firstTables);
    for (let n = 10; n < 22; n += 1) {
      insertSession(`ses_${n}`, { time_updated: start + n * 86_400_000 });
      insertMessage(`ses_${n}`, `m${n}`, 'user', [text(`words of ${n}`)]);
    }
    insertSession('ses_child', { parent_id: 'ses_10', time_updated: start * 2 });
    insertMessage('ses_child', 'mc', 'user', [text('words of a sub-agent')]);
    const source = await library.link(`${file()}#ses_12`);
    expect(await textsIn(source)).toEqual(['words of 12']);
    expect(library.find(source.conversation)).toEqual(source);
    expect(library.resolve(`${file()}#ses_12`)).toEqual(source);
    expect(library.resolve(file())).toBeUndefined();
    const other = await library.link(`${file()}#ses_13`);
    expect(other.conversation).not.toBe(source.conversation);
    expect(await textsIn(await library.link(`${file()}#ses_child`))).toEqual(['words of a sub-agent']);
    symlinkSync(file(), join(folder, 'link.db'));
    expect(await library.link(join(folder, 'link.db#ses_12'))).toEqual(source);
  });

  test('of which there are many must be named: the error lists the newest ten', async () => {
    database.exec(firstTables);
    for (let n = 10; n < 22; n += 1) insertSession(`ses_${n}`, { time_updated: start + n * 86_400_000 });
    const error: unknown = await library.link(file()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'source_invalid',
      message: `${file()}: holds more than one session.`,
      hint: expect.stringContaining('opencode.db#ses_21') as string,
    });
    const listed = (error as { hint: string }).hint.match(/ {2}ses_\d+ {2}2026-\d\d-\d\d {2}About ses_\d+/g);
    expect(listed).toHaveLength(10);
    expect(listed?.[0]).toBe('  ses_21  2026-03-23  About ses_21');
  });

  test('one alone stays the same when others follow', async () => {
    database.exec(firstTables);
    insertSession('ses_1');
    insertMessage('ses_1', 'm1', 'user', [text('Hello')]);
    const source = await library.link(file());
    expect(await library.link(file())).toEqual(source);
    insertSession('ses_2');
    expect(await textsIn(source)).toEqual(['Hello']);
  });

  test('that are not there are missing, and a session behind another file is no file', async () => {
    database.exec(firstTables);
    await expect(library.link(file())).rejects.toMatchObject({ code: 'source_invalid' });
    insertSession('ses_1');
    await expect(library.link(`${file()}#ses_9`)).rejects.toMatchObject({
      code: 'source_missing',
      message: `${file()}#ses_9: there is no session ses_9 in it.`,
    });
    writeFileSync(join(folder, 's.jsonl'), '{"type":"user","uuid":"1","message":{"content":"x"}}\n');
    await expect(library.link(join(folder, 's.jsonl#ses_1'))).rejects.toMatchObject({
      code: 'source_missing',
    });
    await expect(library.link(join(folder, 'gone.db#ses_1'))).rejects.toMatchObject({
      code: 'source_missing',
    });
  });

  test('another database, and a broken one, are refused', async () => {
    database.exec('CREATE TABLE session (id TEXT); CREATE TABLE notes (data TEXT)');
    settle();
    await expect(library.link(file())).rejects.toMatchObject({
      code: 'source_invalid',
      message: `${file()}: is a SQLite database, but not one of opencode.`,
    });
    writeFileSync(file(), 'SQLite format 3\0 and then nothing of the kind');
    await expect(library.link(file())).rejects.toMatchObject({ code: 'source_invalid' });
  });

  test('odd rows are counted and fail nothing', async () => {
    database.exec(firstTables);
    insertSession('ses_1', { revert: 'no JSON' });
    insertMessage('ses_1', 'm1', 'user', [text('Hello'), 'no JSON', 7]);
    insert('message', { id: 'm2', session_id: 'ses_1', data: '[]' });
    const { conversation, losses } = await createSourceReader()(await library.link(file()));
    expect(textsOf(conversation.messages)).toEqual(['Hello']);
    expect(losses.unknown).toEqual({ 'message of nobody': 1, 'part without a type': 2 });
  });

  test('nothing is left beside a database that is at rest', async () => {
    database.exec(firstTables);
    insertSession('ses_1');
    insertMessage('ses_1', 'm1', 'user', [text('Hello')]);
    settle();
    expect(beside()).toEqual(['opencode.db']);
    const bytes = readFileSync(file());
    const source = await library.link(file());
    expect(await textsIn(source)).toEqual(['Hello']);
    expect(beside()).toEqual(['opencode.db']);
    expect(readFileSync(file())).toEqual(bytes);
  });

  test('what opencode is writing is read out of its log, and is seen in the signature', async () => {
    database.exec(firstTables);
    insertSession('ses_1');
    insertMessage('ses_1', 'm1', 'user', [text('Hello')]);
    const source = await library.link(file());
    const before = sourceSignature(source)?.text;
    insertMessage('ses_1', 'm2', 'assistant', [text('Hi')]);
    expect(beside()).toEqual(['opencode.db', 'opencode.db-shm', 'opencode.db-wal']);
    expect(await textsIn(source)).toEqual(['Hello', 'Hi']);
    expect(sourceSignature(source)?.text).not.toBe(before);
    expect(watchPaths(source)).toEqual([file(), `${file()}-wal`]);
  });

  test('a transaction that has not ended is waited for by nobody and seen by nobody', async () => {
    database.exec(firstTables);
    insertSession('ses_1');
    insertMessage('ses_1', 'm1', 'user', [text('Hello')]);
    const source = await library.link(file());
    database.exec('BEGIN IMMEDIATE');
    insertMessage('ses_1', 'm2', 'assistant', [text('Hi')]);
    expect(await textsIn(source)).toEqual(['Hello']);
    database.exec('COMMIT');
    expect(await textsIn(source)).toEqual(['Hello', 'Hi']);
  });

  test(
    'a database without a log is waited for, and then said to be in use',
    { timeout: 20_000 },
    async () => {
      database.pragma('journal_mode = DELETE');
      database.exec(firstTables);
      insertSession('ses_1');
      insertMessage('ses_1', 'm1', 'user', [text('Hello')]);
      const source = await library.link(file());
      const release = await lockElsewhere(file());
      await expect(textsIn(source)).rejects.toMatchObject({ code: 'source_unreadable' });
      await release();
      expect(await textsIn(source)).toEqual(['Hello']);
    },
  );

  /** Locks do not hold between two libraries in one process. */
  async function lockElsewhere(path: string): Promise<() => Promise<void>> {
    const script = `
      const { default: Sqlite } = await import('better-sqlite3');
      const database = new Sqlite(${JSON.stringify(path)});
      database.exec('BEGIN EXCLUSIVE');
      console.log('locked');
      process.stdin.on('end', () => database.close()).resume();`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    return async () => {
      holder.stdin.end();
      await once(holder, 'exit');
    };
  }

  test('nothing is said on stderr', async () => {
    database.exec(firstTables);
    insertSession('ses_1');
    insertMessage('ses_1', 'm1', 'user', [text('Hello')]);
    const source = await library.link(file());
    const module = fileURLToPath(new URL('../../src/conversation/source.ts', import.meta.url));
    const script = `
      const { createSourceReader } = await import(${JSON.stringify(module)});
      const { conversation } = await createSourceReader()(${JSON.stringify(source)});
      console.log(conversation.title);
      process.emitWarning('still heard');`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('About ses_1\n');
    expect(stderr.match(/\w*Warning: .*/g)).toEqual(['Warning: still heard']);
  });
});
