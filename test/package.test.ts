import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aConversation } from './support/data-folder.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);
/** npm and what it starts run on the Node of the tests, whatever else is installed. */
const env = {
  ...process.env,
  PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
  npm_config_update_notifier: 'false',
};

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
}

interface Lock {
  packages: Record<string, { dev?: boolean; devOptional?: boolean; hasInstallScript?: boolean }>;
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/** Stands in everything of the copy that must not be packed. */
const canary = 'CANARY-7d31';

let folder: string;
let installed: string;
let packed: string[];

/** Built in a copy: other tests are using what the checkout has built. */
async function pack(): Promise<string> {
  const copy = join(folder, 'checkout');
  mkdirSync(copy);
  const left = new Set(['node_modules', 'dist', 'schema', 'data', '.git', '.astro']);
  for (const name of readdirSync(root))
    if (!left.has(name)) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  mkdirSync(join(copy, 'data', 'conversations', 'mine'), { recursive: true });
  for (const path of ['data/registry.sqlite', 'data/conversations/mine/conversation.json', 'test/mine.ts'])
    writeFileSync(join(copy, path), `"${canary}"`);
  for (const path of ['.env', 'cli/mine.json', 'src/mine.txt', 'notes.md', 'share.log'])
    writeFileSync(join(copy, path), canary);
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: copy,
    env,
    maxBuffer: 2 ** 26,
  });
  // Scripts that run before may print too; npm's own answer is the last JSON array.
  const [answer] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [
    { filename: string; files: { path: string }[] },
  ];
  packed = answer.files.map((file) => file.path);
  return join(folder, answer.filename);
}

/** Installs as `npm install --omit=dev` would, with the checkout's copies of the dependencies in place of the network. */
async function install(tarball: string): Promise<string> {
  const empty = join(folder, 'empty');
  mkdirSync(join(empty, 'node_modules'), { recursive: true });
  writeFileSync(join(empty, 'package.json'), '{"private": true}');
  // What npm put into node_modules, which may lag behind package-lock.json.
  const { packages } = readJson(join(root, 'node_modules', '.package-lock.json')) as Lock;
  for (const [path, { dev, devOptional }] of Object.entries(packages))
    if (dev !== true && devOptional !== true && existsSync(join(root, path)))
      cpSync(join(root, path), join(empty, path), { recursive: true });
  const quietly = ['--ignore-scripts', '--offline', '--no-audit', '--no-fund'];
  // Makes the links in node_modules/.bin: without them npm would fetch those packages again.
  await run('npm', ['rebuild', ...quietly], { cwd: empty, env });
  await run('npm', ['install', '--omit=dev', ...quietly, tarball], { cwd: empty, env });
  return empty;
}

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'share-package-')));
  installed = await install(await pack());
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const share = (...args: string[]) =>
  run(
    process.execPath,
    [join(installed, 'node_modules', '.bin', 'share'), ...args, '--data', join(folder, 'data')],
    {
      cwd: installed,
      env: { PATH: '/usr/bin:/bin', HOME: folder, NO_COLOR: '1', NODE_PATH: '' },
    },
  );

test('holds what runs and what is read, and nothing else', () => {
  for (const path of [
    'cli/share.js',
    'dist/cli/main.js',
    'dist/cli/prepare-worker.js',
    'README.md',
    'LICENSE',
    'package.json',
  ])
    expect(packed).toContain(path);
  expect(packed).toContain('schema/conversation.schema.json');
  expect(packed).toContain('dist/renderer/server/entry.mjs');
  expect(packed).toContain('dist/renderer/version');
  const tops = new Set(packed.map((path) => path.split('/')[0]));
  expect([...tops].sort()).toEqual(['LICENSE', 'README.md', 'cli', 'dist', 'package.json', 'schema']);
  expect(
    packed.filter((path) =>
      /\.tsx?$|\.astro$|\.map$|(?:^|\/)(?:data|test|bench|src\/pages)\/|\.test\.|sqlite|\.env/.test(path),
    ),
  ).toEqual([]);
  expect(packed.filter((path) => path.startsWith('cli/'))).toEqual(['cli/share.js']);
});

test('holds nothing of what lies beside it, no way back to its sources, and no folder of the machine', () => {
  const top = join(installed, 'node_modules', 'conversation-share');
  // The modules are linked into the copy from the checkout, and Vite names them by their real place.
  // `_` is what a shell tells a program of its own path.
  const forbidden = [canary, 'sourceMappingURL=', join(folder, 'checkout'), `"${root}`, '{ _: "'];
  const holding = packed.filter((path) => {
    const text = readFileSync(join(top, path), 'utf8');
    return forbidden.some((each) => text.includes(each));
  });
  expect(holding).toEqual([]);
});

test('the schema describes a conversation', () => {
  const schema = readJson(
    join(installed, 'node_modules/conversation-share/schema/conversation.schema.json'),
  ) as { properties: object };
  expect(Object.keys(schema.properties)).toEqual(
    expect.arrayContaining(['id', 'title', 'messages', 'files']),
  );
});

test('no development dependency can be resolved where it is installed', () => {
  const { dependencies, devDependencies } = readJson(join(root, 'package.json')) as Manifest;
  const require = createRequire(join(installed, 'node_modules/conversation-share/dist/cli/main.js'));
  const canResolve = (name: string): boolean => {
    try {
      require.resolve(`${name}/package.json`);
      return true;
    } catch (error) {
      // A package may hide its package.json, and is there all the same.
      return error instanceof Error && 'code' in error && error.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
    }
  };
  expect(Object.keys(dependencies).filter((name) => !canResolve(name))).toEqual([]);
  expect(Object.keys(devDependencies).filter(canResolve)).toEqual([]);
  expect(['astro', 'typescript', 'vite', 'vitest'].filter(canResolve)).toEqual([]);
});

test('runs no script of a package at its installation but those that were looked at', () => {
  const { dependencies, allowScripts } = readJson(join(root, 'package.json')) as Manifest;
  const { packages } = readJson(join(root, 'package-lock.json')) as Lock;
  const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  // npm compiles what brings a binding.gyp without being told to.
  const withScript = Object.entries(packages).filter(
    ([path, { hasInstallScript }]) =>
      path !== '' && (hasInstallScript === true || existsSync(join(root, path, 'binding.gyp'))),
  );
  expect(withScript.length).toBeGreaterThan(0);
  expect([...new Set(withScript.map(([path]) => nameOf(path)))].sort()).toEqual(
    Object.keys(allowScripts).sort(),
  );
  // Who installs the published package is asked to run none: npm reads the list of the project that it is run in only.
  const allowed = Object.keys(allowScripts).filter((name) => allowScripts[name]);
  expect(allowed).toEqual(['node']);
  const published = withScript.filter(([, { dev, devOptional }]) => dev !== true && devOptional !== true);
  expect(published.filter(([, { hasInstallScript }]) => hasInstallScript === true)).toEqual([]);
  expect(Object.keys(dependencies).filter((name) => allowed.includes(name))).toEqual([]);
});

/** Names of what is imported by a module of the package and by all the modules it leads to. */
function importsOf(module: string, seen = new Set<string>()): Set<string> {
  if (seen.has(module)) return new Set();
  seen.add(module);
  const imports = /(?:\bfrom\s+|\bimport\(\s*|^import\s+)['"]([^'"]+)['"]/gm;
  const names = [...readFileSync(module, 'utf8').matchAll(imports)].map((match) => match[1] ?? '');
  return new Set(
    names.flatMap((name) =>
      name.startsWith('.') ? [...importsOf(resolve(dirname(module), name), seen)] : [name],
    ),
  );
}

test('what its own code imports is what it depends on', () => {
  const { dependencies } = readJson(join(root, 'package.json')) as Manifest;
  const cli = join(installed, 'node_modules', 'conversation-share', 'dist', 'cli');
  const names = ['main.js', 'prepare-worker.js'].flatMap((name) => [...importsOf(join(cli, name))]);
  expect(names).toContain('node:fs');
  const packageOf = (name: string) => name.split('/', name.startsWith('@') ? 2 : 1).join('/');
  const packages = new Set(names.filter((name) => !name.startsWith('node:')).map(packageOf));
  expect([...packages].sort()).toEqual(Object.keys(dependencies).sort());
});

test('shares a conversation and follows it with production dependencies alone', async () => {
  const write = (id: string, title: string) => {
    const files = join(folder, 'data', 'conversations', id, 'files');
    mkdirSync(files, { recursive: true });
    writeFileSync(join(files, 'a.csv'), 'x,y\n');
    writeFileSync(
      join(dirname(files), 'conversation.json'),
      JSON.stringify({ id, ...aConversation({ title }) }),
    );
  };
  const page = (link: string) =>
    readFileSync(join(folder, 'data', 'site', 'share', link.slice(-26), 'index.html'), 'utf8');
  const { version } = readJson(join(root, 'package.json')) as { version: string };
  expect((await share('--version')).stdout).toBe(`${version}\n`);

  write('talk', 'Packed and shared');
  const link = (await share('create', 'talk')).stdout.trim();
  expect(link).toMatch(/\/share\/[0-9a-z]{26}$/);
  expect(page(link)).toContain('Packed and shared');
  expect(page(link)).toMatch(/<strong>all<\/strong>[^]*a\.csv[^]*<\/html>\s*$/);

  // So many go through the worker threads, which are files of the package too.
  const ids = Array.from({ length: 40 }, (_, index) => `talk-${index}`);
  for (const id of ids) write(id, 'Before');
  const links = (await share('create', ...ids)).stdout.trim().split('\n');
  for (const id of ids) write(id, 'After the sync');
  expect(JSON.parse((await share('sync', '--json')).stdout)).toMatchObject({
    published: ids.length,
    failed: 0,
  });
  for (const each of links) expect(page(each)).toContain('After the sync');
}, 60_000);
