import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const files = globSync(['src/**/*.{ts,astro}', 'cli/**/*.ts'], { cwd: root });

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^;'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;
  return [...text.matchAll(pattern)].map(([, type, named, dynamic]) => {
    const target = named ?? dynamic ?? '';
    const to = target.startsWith('.') ? normalize(join(dirname(file), target.replace(/\?.*$/, ''))) : target;
    return { from: file, to, typeOnly: type !== undefined };
  });
}

const imports = files.flatMap(importsOf);
const inside = (path: string) => path.startsWith('src/') || path.startsWith('cli/');

/** `src/registry/shares.ts` → `registry`; files at the top of src are pure words everybody uses. */
function stationOf(path: string): string {
  if (path.startsWith('cli/')) return 'cli';
  const [, folder, rest] = path.split('/');
  if (rest === undefined) return 'pure';
  if (['pages', 'components', 'layouts', 'styles'].includes(folder ?? '')) return 'page';
  return folder ?? '';
}

/** Pure modules of stations that have an adapter too. */
const adapterFiles =
  'library|source|disk|foreign|archive|import|sessions|log-file|native-files|opencode-store|schema';
const pureFiles = [new RegExp(`^src/conversation/(?!${adapterFiles})`), /^src\/snapshot\//, /^src\/host\//];
const isPure = (path: string) =>
  stationOf(path) === 'pure' || pureFiles.some((pattern) => pattern.test(path));

test('the imports were found', () => {
  expect(files.length).toBeGreaterThan(40);
  expect(imports.length).toBeGreaterThan(150);
});

describe('who may import whom', () => {
  test('adapters import pure modules and themselves, never one another', () => {
    const adapters = new Set([
      'registry',
      'render',
      'output',
      'watch',
      'serve',
      'conversation',
      'export',
      'verify',
    ]);
    const wrong = imports.filter(
      ({ from, to }) =>
        inside(to) && adapters.has(stationOf(from)) && stationOf(from) !== stationOf(to) && !isPure(to),
    );
    expect(wrong).toEqual([]);
  });

  test('publish imports pure modules and the contracts it declares', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        inside(to) && stationOf(from) === 'publish' && stationOf(to) !== 'publish' && !isPure(to),
    );
    expect(wrong).toEqual([]);
  });

  test('nothing in src imports cli', () => {
    expect(imports.filter(({ from, to }) => from.startsWith('src/') && to.startsWith('cli/'))).toEqual([]);
  });

  test('pages and components know snapshots and addresses, never a conversation', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        stationOf(from) === 'page' && (stationOf(to) === 'conversation' || stationOf(to) === 'registry'),
    );
    expect(wrong).toEqual([]);
  });

  test('only privacy.ts sees both a conversation and a snapshot', () => {
    const seers = files.filter((file) => {
      const targets = importsOf(file).map(({ to }) => to);
      return (
        targets.includes('src/snapshot/snapshot.ts') && targets.includes('src/conversation/conversation.ts')
      );
    });
    // Besides it: the publisher's contracts and the taking in of files name types of both, and convert nothing.
    const others = seers.filter((file) => file !== 'src/snapshot/privacy.ts');
    expect(
      others.filter(
        (file) => !importsOf(file).every((one) => one.typeOnly || !isSnapshotOrConversation(one.to)),
      ),
    ).toEqual([]);
  });
});

function isSnapshotOrConversation(path: string): boolean {
  return path === 'src/snapshot/snapshot.ts' || path === 'src/conversation/conversation.ts';
}

describe('outside packages', () => {
  const packageOf = (name: string) =>
    name
      .split('/')
      .slice(0, name.startsWith('@') ? 2 : 1)
      .join('/');
  const outside = imports.filter(
    ({ to }) =>
      !inside(to) && !to.startsWith('node:') && !builtinModules.includes(to) && !to.startsWith('astro'),
  );

  test('each is imported in one folder only', () => {
    const folders = new Map<string, Set<string>>();
    for (const { from, to } of outside) {
      const name = packageOf(to);
      folders.set(name, (folders.get(name) ?? new Set()).add(stationOf(from)));
    }
    // zod parses at every edge: the native format, and the command line's configuration files.
    folders.delete('zod');
    expect([...folders].filter(([, used]) => used.size > 1).map(([name, used]) => [name, ...used])).toEqual(
      [],
    );
  });

  test('what the published package needs at run time is a dependency; what is bundled is not', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const bundled = new Set(['render', 'page']);
    const needed = outside.filter(({ from, typeOnly }) => !typeOnly && !bundled.has(stationOf(from)));
    const names = [...new Set(needed.map(({ to }) => packageOf(to)))].sort();
    expect(names).toEqual(Object.keys(manifest.dependencies).sort());
  });
});
