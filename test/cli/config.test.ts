import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readConfig, type ConfigFlags } from '../../cli/config.ts';
import { usualLimits } from '../../src/limits.ts';

let home: string;
let env: Record<string, string>;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'share-config-'));
  env = { HOME: home };
});

afterEach(() => rmSync(home, { recursive: true }));

const read = (flags: ConfigFlags = {}) => readConfig({ flags, env, cwd: home });

function writeJson(path: string, value: unknown): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

const userFile = () => join(home, '.config/conversation-share/config.json');

test('flag, environment, data folder’s file, own file, default: the first wins, and says where it came from', async () => {
  const data = join(home, 'd');
  expect((await read({ data })).site).toEqual({ value: 'http://127.0.0.1:4321', origin: 'default' });
  writeJson(userFile(), { site: 'https://user.example' });
  expect((await read({ data })).site).toEqual({ value: 'https://user.example', origin: userFile() });
  const dataFile = writeJson(join(data, 'config.json'), { site: 'https://data.example/' });
  expect((await read({ data })).site).toEqual({ value: 'https://data.example', origin: dataFile });
  env.SHARE_SITE = 'https://env.example/repo/';
  expect((await read({ data })).site).toEqual({ value: 'https://env.example/repo', origin: 'SHARE_SITE' });
  expect((await read({ data, site: 'https://flag.example' })).site).toEqual({
    value: 'https://flag.example',
    origin: '--site',
  });
});

test('the owner is your user name, or what your own file says; shared data cannot say who you are', async () => {
  const data = join(home, 'd');
  expect((await read({ data })).owner.value).toBe(userInfo().username);
  writeJson(userFile(), { owner: 'mira' });
  expect((await read({ data })).owner.value).toBe('mira');
  writeJson(join(data, 'config.json'), { owner: 'mallory' });
  await expect(read({ data })).rejects.toThrow(expect.objectContaining({ code: 'config_invalid' }));
});

test('name and e-mail are those of Git, unless you say others; a name of one word is not taken from there', async () => {
  const data = join(home, 'd');
  const names = async () => {
    const { name, email } = await read({ data });
    return [name.value, email.value];
  };
  expect(await names()).toEqual(['', '']);
  const git = join(home, '.config/git/config');
  mkdirSync(join(git, '..'), { recursive: true });
  writeFileSync(git, '[core]\n\tname = No One\n[user]\n\temail = "mira@example.org" ; mine\n\tname = mira\n');
  expect(await names()).toEqual(['', 'mira@example.org']);
  writeFileSync(
    join(home, '.gitconfig'),
    '[User]\nname = Mira Lindqvist # me\nemail = m@example.org\n[alias]\n',
  );
  expect((await read({ data })).name).toEqual({ value: 'Mira Lindqvist', origin: join(home, '.gitconfig') });
  expect(await names()).toEqual(['Mira Lindqvist', 'm@example.org']);
  writeFileSync(join(home, '.gitconfig'), '[user]\nname = 王小明\n');
  expect(await names()).toEqual(['王小明', '']);
  writeJson(userFile(), { name: 'Mira', email: 'me@example.net' });
  expect(await names()).toEqual(['Mira', 'me@example.net']);
  env.SHARE_NAME = 'M. Lindqvist';
  expect(await names()).toEqual(['M. Lindqvist', 'me@example.net']);
  writeJson(join(data, 'config.json'), { email: 'mallory@example.org' });
  await expect(read({ data })).rejects.toThrow(expect.objectContaining({ code: 'config_invalid' }));
});

test('./data is taken where it is one of ours, and not because it is called so', async () => {
  mkdirSync(join(home, 'data'));
  expect((await read()).data.value).toBe(join(home, '.local/share/conversation-share'));
  mkdirSync(join(home, 'data/conversations'));
  expect((await read()).data.value).toBe(join(home, 'data'));
});

test('library and output may be moved apart, relative to where one stands', async () => {
  const config = await read({ data: 'd', output: 'public' });
  expect(config.output.value).toBe(join(home, 'public'));
  expect(config.library.value).toBe(join(home, 'd/conversations'));
});

test.each([
  ['not JSON', '{'],
  ['a setting that does not exist', { sight: 'https://example.org' }],
  ['a value of the wrong type', { site: 1 }],
  ['a limit that does not exist', { limits: { file: 3 } }],
])('a file with %s is refused by name', async (_name, content) => {
  writeJson(userFile(), content);
  await expect(read()).rejects.toThrow(
    expect.objectContaining({
      code: 'config_invalid',
      message: expect.stringContaining(userFile()) as string,
    }),
  );
});

test.each(['example.org', 'ftp://example.org', 'https://example.org/?x', 'https://u:p@example.org'])(
  'the site %s is refused',
  (site) => expect(read({ site })).rejects.toThrow(expect.objectContaining({ code: 'config_invalid' })),
);

test('each limit comes from SHARE_LIMITS, the data folder’s file, one’s own file, or is the usual one', async () => {
  const data = join(home, 'd');
  expect((await read({ data })).limits).toEqual({ value: usualLimits, origin: 'default' });
  writeJson(userFile(), { limits: { files: 1, pages: 1, seconds: 1 } });
  const dataFile = writeJson(join(data, 'config.json'), { limits: { files: 2, pages: 2 } });
  env.SHARE_LIMITS = '{"files": 3}';
  expect((await read({ data })).limits).toEqual({
    value: { ...usualLimits, files: 3, pages: 2, seconds: 1 },
    origin: `SHARE_LIMITS, ${dataFile}, ${userFile()}`,
  });
});

test.each([
  ['no limit', '{"file": 3}'],
  ['text', '{"files": "3"}'],
  ['nothing', '{"files": 0}'],
  ['half', '{"files": 1.5}'],
  ['no JSON', 'files=3'],
])('SHARE_LIMITS with %s is refused by name', async (_name, text) => {
  env.SHARE_LIMITS = text;
  await expect(read()).rejects.toThrow(
    expect.objectContaining({
      code: 'config_invalid',
      message: expect.stringContaining('SHARE_LIMITS') as string,
    }),
  );
});
