import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bin, share, type RunOptions } from '../support/cli.ts';
import { aConversation, aDataFolder, type DataFolder } from '../support/data-folder.ts';
import { findProgram } from '../support/programs.ts';
import { plantedSecrets } from '../support/secrets.ts';

let data: DataFolder;

beforeEach(() => {
  data = aDataFolder();
});

afterEach(() => data.remove());

const run = (args: string[], options: RunOptions = {}) =>
  share(args, { ...options, env: { SHARE_DATA: data.paths.data, SHARE_OWNER: 'mira', ...options.env } });

const inData = (name: string) => join(data.paths.data, name);
const thinking = [
  { type: 'thinking', text: 'deep thought' },
  { type: 'text', text: 'answer' },
];

describe('export', () => {
  test('writes to stdout in the format that is asked for, and says nothing', async () => {
    data.write('talk');
    const json = await run(['export', 'A small talk', '--format', 'json']);
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({ version: 1, id: 'talk', title: 'A small talk' });
    const csv = await run(['export', 'talk', '--format', 'csv']);
    expect(csv.stdout.split('\n')[1]).toBe(
      '1,1,"m1","user",2026-03-01T10:00:00.000Z,"What is a capability?",,,0,,',
    );
    const { stdout } = await run(['export', 'talk', '--format', 'markdown']);
    expect(stdout).toContain('**Assistant**\n\nA key that is **all** you need.\n');
  });

  test('writes a file by the extension of its name, for its owner only', async () => {
    data.write('talk');
    const starts = {
      json: '{',
      csv: '"round"',
      parquet: 'PAR1',
      md: '# A small talk',
      html: '<!doctype html>',
    };
    await Promise.all(
      Object.entries(starts).map(async ([extension, start]) => {
        const out = inData(`a.${extension}`);
        expect(await run(['export', 'talk', '--out', out])).toMatchObject({
          code: 0,
          stdout: '',
          stderr: `Saved "A small talk" as ${out}.\n`,
        });
        expect(readFileSync(out, 'latin1').slice(0, start.length).toLowerCase()).toBe(start.toLowerCase());
        expect(statSync(out).mode & 0o777).toBe(0o600);
      }),
    );
    expect(readdirSync(data.paths.data).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('replaces a file, also behind a link, and never a folder or a device', async () => {
    data.write('talk');
    writeFileSync(inData('old.md'), 'old');
    symlinkSync(inData('old.md'), inData('link.md'));
    expect((await run(['export', 'talk', '--out', inData('link.md')])).code).toBe(0);
    expect(readFileSync(inData('old.md'), 'utf8')).toContain('# A small talk');
    mkdirSync(inData('folder.md'));
    for (const [out, why] of [
      [inData('folder.md'), 'is a folder'],
      ['/dev/null', 'is no file'],
      [inData('none/a.md'), 'cannot be written (ENOENT)'],
    ] as const) {
      const refused = await run(['export', 'talk', '--format', 'markdown', '--out', out]);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain(`${out}: ${why}.`);
    }
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('asks for a format where nothing tells it, and knows no other', async () => {
    data.write('talk');
    expect(await run(['export', 'talk'])).toMatchObject({ code: 2, stdout: '' });
    expect((await run(['export', 'talk', '--out', inData('a.txt')])).code).toBe(2);
    expect(existsSync(inData('a.txt'))).toBe(false);
    const other = await run(['export', 'talk', '--format', 'pdf']);
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toContain('Allowed choices are json, csv, parquet, markdown, html.');
  });

  const script = findProgram('script');
  test.skipIf(script === undefined)('writes no Parquet to a terminal (needs script)', () => {
    data.write('talk');
    const command = `"${process.execPath}" "${bin}" export talk --format parquet`;
    const { status, stdout } = spawnSync(script ?? '', ['-qec', command, '/dev/null'], {
      env: { ...process.env, SHARE_DATA: data.paths.data, XDG_CONFIG_HOME: '/nonexistent' },
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stdout).toContain('Parquet is not written to a terminal.');
    expect(stdout).not.toContain('PAR1');
  });

  test('writes Parquet to another program, and is quiet when that stops reading', async () => {
    data.write('talk', aConversation({ title: 'x'.repeat(300_000) }));
    const through = ['sh', '-c', '"$1" "$2" export talk --format markdown | head -c 4', 'sh'];
    expect(await run([], { through })).toMatchObject({ code: 0, stdout: '# xx', stderr: '' });
    const { stdout } = await run(['export', 'talk', '--format', 'parquet']);
    expect(stdout.startsWith('PAR1')).toBe(true);
  });

  test('is for the owner, in the words for what does not exist', async () => {
    data.write('talk', aConversation({ owner: { id: 'mira' } }));
    data.write('shared');
    expect((await run(['create', 'shared'])).code).toBe(0);
    const file = inData('exported.json');
    expect((await run(['export', 'talk', '--out', file])).code).toBe(0);
    const env = { SHARE_OWNER: 'eve' };
    await Promise.all(
      ['talk', 'shared', 'A small talk', file, 'nothing'].map(async (name) => {
        const refused = await run(['export', name, '--format', 'json'], { env });
        expect(refused).toMatchObject({ code: 3, stdout: '' });
        expect(refused.stderr).toContain(`No conversation or share of yours is called "${name}".`);
      }),
    );
  });

  test('shows everybody the thinking that the share shows, and the link', async () => {
    data.write('talk', aConversation({ messages: [{ id: '1', role: 'assistant', content: thinking }] }));
    const markdown = async (...args: string[]) =>
      (await run(['export', 'talk', '--format', 'markdown', ...args])).stdout;
    expect(await markdown()).toContain('deep thought');
    expect(await markdown('--public')).not.toContain('deep thought');
    expect(await markdown('--public')).not.toContain('Link:');
    const link = (await run(['create', 'talk', '--thinking'])).stdout.trim();
    expect(await markdown('--public')).toContain('deep thought');
    expect(await markdown('--public')).toContain(`- Link: <${link}>`);
    const json = (await run(['export', link, '--format', 'json', '--public'])).stdout;
    const published = join(data.paths.output, 'share', link.slice(-26), 'conversation.json');
    expect(json).toBe(readFileSync(published, 'utf8'));
  });

  test('hides a secret in the name of a file from everybody, and not from its owner', async () => {
    const { text: token } = plantedSecrets.find(({ name }) => /GitHub/i.test(name)) ?? { text: '' };
    const file = `key ${token}.txt`;
    const content = [{ type: 'file', file }];
    data.write('talk', aConversation({ messages: [{ id: '1', role: 'user', content }] }), { [file]: 'x' });
    const csv = async (...args: string[]) =>
      (await run(['export', 'talk', '--format', 'csv', ...args])).stdout;
    expect(token.length).toBeGreaterThan(20);
    expect(await csv()).toContain(token);
    expect(await csv('--public')).not.toContain(token);
    expect(await csv('--public')).toContain('.txt');
  });

  test('takes a file of another tool, and what it wrote itself', async () => {
    const session = inData('0b6a3c1e-0000-4000-8000-000000000000.jsonl');
    writeFileSync(
      session,
      `${JSON.stringify({ type: 'user', uuid: 'a', parentUuid: null, sessionId: 's', message: { role: 'user', content: 'Mend the gate' } })}\n{"type":"odd"}\n`,
    );
    const out = inData('gate.json');
    const exported = await run(['export', session, '--out', out]);
    expect(exported.code).toBe(0);
    expect(exported.stderr).toContain(`Reading left out 1 record: \`share inspect ${session}\` tells which.`);
    expect((await run(['export', out, '--format', 'markdown'])).stdout).toContain('Mend the gate');
    const imported = await run(['import', out]);
    expect(imported).toMatchObject({ code: 0, stderr: 'conversation-share: 1 added.\n' });
    expect((await run(['import', out])).stderr).toBe('conversation-share: 1 unchanged.\n');
    const created = await run(['create', 'Mend the gate']);
    expect(created.code).toBe(0);
  });
});
