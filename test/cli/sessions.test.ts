import { appendFileSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ageOf } from '../../cli/commands/find.ts';
import { share, shareCpuMs } from '../support/cli.ts';
import { aConversation, aDataFolder, type DataFolder } from '../support/data-folder.ts';
import { aChatGptConversation, unpacked, zipped } from '../support/exports.ts';
import { writeSessions } from '../support/sessions.ts';

let data: DataFolder;
let home: string;

beforeEach(() => {
  data = aDataFolder();
  home = join(data.paths.data, 'home');
});

afterEach(() => data.remove());

const env = () => ({
  SHARE_DATA: data.paths.data,
  HOME: home,
  CLAUDE_CONFIG_DIR: undefined,
  CODEX_HOME: undefined,
  GEMINI_CLI_HOME: undefined,
  XDG_DATA_HOME: undefined,
});
const run = (...args: string[]) => share(args, { env: env() });

const said = (text: string, uuid: string, parentUuid: string | null, type = 'user') =>
  `${JSON.stringify({ type, uuid, parentUuid, sessionId: 's', cwd: '/home/mira/app', timestamp: '2026-03-01T10:00:00Z', message: { role: type, content: text } })}\n`;

function aSession(project: string, name: string, text: string, modified: string): string {
  const folder = join(home, '.claude', 'projects', project);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.jsonl`);
  writeFileSync(path, said(text, 'a', null));
  utimesSync(path, new Date(modified), new Date(modified));
  return path;
}

describe('find', () => {
  test('lists the sessions of the tools, the newest first, and which are shared', async () => {
    aSession('-home-mira-app', 'one', 'Mend the gate', '2026-03-01T10:00:00Z');
    const second = aSession('-home-mira-boat', 'two', 'Paint the boat', '2026-03-02T10:00:00Z');
    aSession('-home-mira-boat', 'agent-x', 'A sub-agent', '2026-03-03T10:00:00Z');
    const { stdout: link } = await run('create', second);
    const found = JSON.parse((await run('find', '--json')).stdout) as object[];
    expect(found).toMatchObject([
      { title: 'Paint the boat', tool: 'claude-code', folder: '/home/mira/app', link: link.trim() },
      { title: 'Mend the gate', link: null },
    ]);
    const { stdout, code } = await run('find', 'gate', 'claude');
    expect(code).toBe(0);
    expect(stdout).toContain('Mend the gate');
    expect(stdout).not.toContain('Paint the boat');
    expect(stdout).toContain('~/.claude/projects/-home-mira-app/one.jsonl');
  });

  test('sees a session that changed since the index was made, and one that is gone', async () => {
    const path = aSession('p', 'one', 'Mend the gate', '2026-03-01T10:00:00Z');
    await run('find');
    appendFileSync(
      path,
      `${JSON.stringify({ type: 'custom-title', customTitle: 'The garden', sessionId: 's' })}\n`,
    );
    expect((await run('find')).stdout).toContain('The garden');
    writeFileSync(join(data.paths.data, 'sessions.json'), 'broken');
    expect((await run('find')).stdout).toContain('The garden');
  });

  test('opens no file that is as it was', async () => {
    const path = aSession('p', 'one', 'Mend the gate', '2026-03-01T10:00:00Z');
    await run('find');
    writeFileSync(path, readFileSync(path, 'utf8').replace('Mend', 'Sell'));
    utimesSync(path, new Date('2026-03-01T10:00:00Z'), new Date('2026-03-01T10:00:00Z'));
    expect((await run('find')).stdout).toContain('Mend the gate');
  });

  test('lists 3,000 sessions of five tools without work that one would wait for', async () => {
    writeSessions(home, 3_000, 2_000);
    const args = ['find', '--all', '--json'];
    expect(JSON.parse((await run(...args)).stdout)).toHaveLength(3_000);
    const warm = await shareCpuMs(args, { env: env() });
    expect(JSON.parse(warm.stdout)).toMatchObject(
      Array.from({ length: 3_000 }, (_, index) => ({ title: `Mend part ${2_999 - index} of the gate` })),
    );
    // A quiet machine takes about 250; the bound leaves room for one where much else runs.
    expect(warm.cpuMs).toBeLessThan(1_500);
  });

  test('says so where there is none', async () => {
    expect(await run('find')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('No session') as string,
    });
  });
});

describe('create --latest', () => {
  test('shares the newest session of the tool, and the same link again', async () => {
    aSession('p', 'old', 'Old', '2026-03-01T10:00:00Z');
    aSession('p', 'new', 'New', '2026-03-05T10:00:00Z');
    const first = await run('create', '--latest', 'claude-code');
    expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('New') as string });
    expect((await run('create', '--latest', 'claude-code')).stdout).toBe(first.stdout);
  });

  test('needs no data folder: it makes one', async () => {
    aSession('p', 'one', 'Mend the gate', '2026-03-01T10:00:00Z');
    const fresh = join(data.paths.data, 'not', 'yet');
    const { code, stderr } = await run('create', '--latest', 'claude-code', '--data', fresh);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('Shared') as string });
  });

  test('is refused where the tool has no session, or is not known', async () => {
    expect((await run('create', '--latest', 'codex')).code).toBe(3);
    expect((await run('create', '--latest', 'quill')).code).toBe(2);
    expect((await run('create')).code).toBe(2);
  });
});

test('the owner’s name and e-mail, as Git knows them, are hidden in a session, and hidden anew where they change', async () => {
  mkdirSync(home, { recursive: true });
  const git = (name: string) =>
    writeFileSync(join(home, '.gitconfig'), `[user]\n\tname = ${name}\n\temail = mira.q@example.org\n`);
  git('Mira Lindqvist');
  const text = 'Author: Mira Lindqvist <Mira.Q@example.org>, with Jo Smith';
  const path = aSession('p', 'one', text, '2026-03-01T10:00:00Z');
  const { stdout } = await run('create', path);
  const folder = join(data.paths.output, 'share', stdout.trim().slice(-26));
  const published = () =>
    ['index.html', 'conversation.md', 'conversation.json'].map((name) =>
      readFileSync(join(folder, name), 'utf8'),
    );
  for (const seen of published()) expect(seen).not.toMatch(/lindqvist|mira\.q/i);
  for (const format of ['markdown', 'html'])
    expect((await run('export', path, '--format', format)).stdout).not.toMatch(/lindqvist|mira\.q/i);
  git('Jo Smith');
  await run('sync');
  for (const seen of published()) {
    expect(seen).toContain('Mira Lindqvist');
    expect(seen).not.toMatch(/Jo Smith|mira\.q/i);
  }
});

describe('inspect', () => {
  test('tells what is shown and what is left out', async () => {
    const path = aSession('p', 'one', 'Mend the gate', '2026-03-01T10:00:00Z');
    appendFileSync(
      path,
      `{"type":"summary","summary":"x"}\n{"type":"made-up","uuid":"z"}\nnot json\n${said('Done', 'b', 'a', 'assistant')}`,
    );
    expect(JSON.parse((await run('inspect', path, '--json')).stdout)).toMatchObject({
      kind: 'claude-code',
      tool: 'Claude Code',
      rounds: 1,
      messages: 2,
      parts: { text: 2 },
      losses: { hidden: { bookkeeping: 1 }, unknown: { 'made-up': 1 }, malformedLines: [4] },
    });
    const { stdout } = await run('inspect', path);
    expect(stdout).toContain('1  made-up');
    expect(stdout).toContain('line 4 is no JSON');
    expect(stdout).toContain('because');
  });

  test('lists branches, and --branch shares one of them', async () => {
    const path = aSession('p', 'one', 'Mend the gate', '2026-03-01T10:00:00Z');
    appendFileSync(
      path,
      said('With wood', 'b', 'a', 'assistant') + said('With steel', 'c', 'a', 'assistant'),
    );
    const seen = JSON.parse((await run('inspect', path, '--json')).stdout) as { branches: object[] };
    expect(seen.branches).toMatchObject([
      { number: 1, end: 'With wood' },
      { number: 2, end: 'With steel' },
    ]);

    const { stdout } = await run('create', path);
    const page = () =>
      readFileSync(join(data.paths.output, 'share', stdout.trim().slice(-26), 'index.html'), 'utf8');
    expect(page()).toContain('With steel');
    expect((await run('create', path, '--branch', '1')).stdout).toBe(stdout);
    expect(page()).toContain('With wood');
    expect(page()).not.toContain('With steel');
    await run('create', path, '--branch', 'current');
    expect(page()).toContain('With steel');
    expect(await run('create', path, '--branch', '3')).toMatchObject({ code: 1 });
    expect((await run('create', path, '--branch', 'x')).code).toBe(2);
  });

  test('status of one conversation tells what is left out, too', async () => {
    const path = aSession('p', 'one', 'Mend the gate', '2026-03-01T10:00:00Z');
    appendFileSync(path, '{"type":"summary","summary":"x"}\n');
    await run('create', path);
    const report = JSON.parse((await run('status', path, '--json')).stdout) as object;
    expect(report).toMatchObject({ state: 'shared', losses: { hidden: { bookkeeping: 1 } } });
    expect((await run('status', path)).stdout).toContain('1  bookkeeping');
  });

  test.each([
    ['the ZIP', zipped],
    ['the folder', unpacked],
  ])('of an export of many, %s, tells the sums; of a copy, what was left out of it', async (_what, put) => {
    const odd = aChatGptConversation('c2', 'Two', 'Look.', 'file-Abcdefgh12345678Ijklmnop'); // not in the export
    const conversations = JSON.stringify([aChatGptConversation('c1', 'One', 'Hi.'), odd, null]);
    const path = await put(data.paths.data, { 'conversations.json': conversations });
    const losses = { unknown: { 'image not in the export': 1 } };
    const sums = { kind: 'chatgpt', conversations: 2, rounds: 2, messages: 4, losses };
    const seen = JSON.parse((await run('inspect', path, '--json')).stdout) as { problems: string[] };
    expect(seen).toMatchObject({ ...sums, parts: { text: 5 } });
    expect(seen.problems).toEqual([expect.stringContaining('conversation 3')]);
    expect(await run('inspect', path)).toMatchObject({
      stdout: expect.stringContaining('2 conversations · 2 rounds · 4 messages') as string,
      stderr: expect.stringContaining(`share import ${path} --dry-run`) as string,
    });

    const { stderr } = await run('import', path, '--all');
    expect(stderr).toContain('Not known, left out: 1 image not in the export.');
    expect(JSON.parse((await run('import', path, '--json')).stdout)).toMatchObject({
      conversations: [{ losses: { unknown: {} } }, { losses }],
    });
    expect((await run('inspect', 'Two')).stdout).toContain('1  image not in the export');
    expect(JSON.parse((await run('status', 'Two', '--json')).stdout)).toMatchObject({ losses });
  });

  test('what is in no format, and branches of a native conversation, are refused', async () => {
    const path = join(data.paths.data, 'notes.txt');
    writeFileSync(path, 'nothing of the kind');
    expect(await run('inspect', path)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no format') as string,
    });
    data.write('talk', aConversation());
    expect((await run('create', 'talk', '--branch', '1')).code).toBe(1);
    expect((await run('inspect', 'talk')).stdout).toContain('conversation-share');
  });
});

test.each([
  ['2026-03-10T11:59:40Z', 'just now'],
  ['2026-03-10T11:59:00Z', '1 minute ago'],
  ['2026-03-10T09:00:00Z', '3 hours ago'],
  ['2026-03-08T09:00:00Z', '2 days ago'],
  ['2025-12-24T09:00:00Z', '2025-12-24'],
])('%s is %s', (time, age) => {
  expect(ageOf(time, new Date('2026-03-10T12:00:00Z'))).toBe(age);
});
