/** The same conversations as pages of Eleventy and of Astro's own build: what most people would reach for. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { until } from './saved-to-disk.ts';
import { benchConversation, idOf, median, time } from './support.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

export interface Rival {
  folder: string;
  /** Builds everything once; ms. */
  build(): Promise<number>;
  /** Median ms from saving one page's source to its new page on disk. */
  edit(runs: number): Promise<number>;
  remove(): void;
}

function aFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `share-bench-${name}-`));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}

function toMarkdown(seed: number, edit: number): string {
  const { title, messages } = benchConversation(idOf(seed), seed, edit) as {
    title: string;
    messages: { role: string; content: string }[];
  };
  const rounds = messages.map(({ role, content }) => `## ${role}\n\n${content}`).join('\n\n');
  return `---\ntitle: "${title}"\nlayout: page.njk\n---\n\n${rounds}\n`;
}

/** Eleventy with markdown-it and highlight.js, maths left as text: the least it could be asked to do. */
export function eleventy(count: number): Rival {
  const folder = aFolder('eleventy');
  mkdirSync(join(folder, '_includes'));
  const layout =
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title></head><body><main><h1>{{ title }}</h1>{{ content | safe }}</main></body></html>';
  writeFileSync(join(folder, '_includes', 'page.njk'), layout);
  writeFileSync(
    join(folder, 'eleventy.config.js'),
    `import markdownIt from 'markdown-it';
import hljs from 'highlight.js/lib/common';
const highlight = (code, language) => hljs.getLanguage(language) ? hljs.highlight(code, { language }).value : '';
export default function (config) {
  config.setLibrary('md', markdownIt({ html: true, linkify: true, highlight }));
  config.setQuietMode(true);
  return { markdownTemplateEngine: false };
}
`,
  );
  const write = (seed: number, edit = 0) =>
    writeFileSync(join(folder, `${idOf(seed)}.md`), toMarkdown(seed, edit));
  for (let seed = 0; seed < count; seed++) write(seed);
  const cmd = join(root, 'node_modules/@11ty/eleventy/cmd.cjs');
  const page = (seed: number) => join(folder, '_site', idOf(seed), 'index.html');
  return {
    folder,
    build: () => time(() => run([cmd, '--quiet'], folder)),
    edit: async (runs) => {
      const child = spawn(process.execPath, [cmd, '--watch', '--incremental'], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      try {
        await said(child, /Watching/);
        return await edits(runs, count, write, page);
      } finally {
        child.kill();
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Astro with one content file a page and its experimental incremental build. */
export function astroIncremental(count: number): Rival {
  const folder = aFolder('astro');
  mkdirSync(join(folder, 'src', 'pages'), { recursive: true });
  writeFileSync(
    join(folder, 'astro.config.mjs'),
    `export default { devToolbar: { enabled: false }, experimental: { incrementalBuild: true } };\n`,
  );
  const write = (seed: number, edit = 0) =>
    writeFileSync(
      join(folder, 'src', 'pages', `${idOf(seed)}.md`),
      toMarkdown(seed, edit).replace('layout: page.njk\n', ''),
    );
  for (let seed = 0; seed < count; seed++) write(seed);
  const cmd = join(root, 'node_modules/astro/bin/astro.mjs');
  const build = () => run([cmd, 'build', '--silent'], folder);
  return {
    folder,
    build: () => time(build),
    edit: async (runs) => {
      const times: number[] = [];
      for (let edit = 1; edit <= runs; edit++) {
        write((edit * 7919) % count, edit);
        times.push(await time(build));
      }
      return median(times);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function run(args: readonly string[], cwd: string): void {
  const env = { ...process.env, ASTRO_TELEMETRY_DISABLED: '1' };
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
}

function said(child: ChildProcess, words: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const listen = (more: Buffer) => {
      text += more.toString();
      if (words.test(text)) resolve();
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('exit', () => reject(new Error(text)));
  });
}

async function edits(
  runs: number,
  count: number,
  write: (seed: number, edit: number) => void,
  page: (seed: number) => string,
): Promise<number> {
  const times: number[] = [];
  for (let edit = 1; edit <= runs; edit++) {
    await sleep(300);
    const seed = (edit * 7919) % count;
    const before = statSync(page(seed)).mtimeMs;
    write(seed, edit);
    const start = performance.now();
    await until(
      () =>
        statSync(page(seed)).mtimeMs !== before && readFileSync(page(seed), 'utf8').includes(`Edit ${edit}.`),
    );
    times.push(performance.now() - start);
  }
  return median(times);
}
