// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, globSync, realpathSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import node, { getAdapter } from '@astrojs/node';
import { defineConfig, passthroughImageService } from 'astro/config';
import { rolldown } from 'rolldown';

// A build talks to nobody.
process.env['ASTRO_TELEMETRY_DISABLED'] = '1';
// Astro encrypts the props of server islands with this key. There are none here, so the key keeps no secret,
// and a random one would make every build, and with it every revision, different.
process.env['ASTRO_KEY'] = Buffer.alloc(32).toString('base64');
// A shell names here the program that it started. Astro writes it into the bundle, whose version would depend on whether
// `npm` or `npx` built it: every share would be published again, and the bundle would hold a path of the machine.
Reflect.deleteProperty(process.env, '_');

/**
 * Builds the pages into functions that render in any process, instead of into a server.
 * Only the adapter's build settings are wanted: importing its server module would start handlers and listeners.
 *
 * @returns {import('astro').AstroIntegration}
 */
function inProcessRenderer() {
  const adapter = node({ mode: 'middleware' });
  return {
    ...adapter,
    hooks: {
      ...adapter.hooks,
      'astro:config:done': ({ setAdapter, config }) =>
        setAdapter({
          ...getAdapter({ staticHeaders: false }),
          serverEntrypoint: new URL('src/render/entry.ts', config.root),
        }),
    },
  };
}

/**
 * Sources that decide what is published but are not in the bundle. A share is published again when the version
 * changes, so that a privacy fix reaches the pages that are out already.
 */
const decisiveSources = [
  'conversation/**/*.ts',
  'secrets/**/*.ts',
  'output/{attachments,file-kinds,names,preview,zip}.ts',
  'publish/prepare.ts',
  'snapshot/*.ts',
];

/**
 * Makes the bundle the same on every machine, and writes the hash of all that decides a published byte beside it, in
 * `version`.
 *
 * @returns {import('astro').AstroIntegration}
 */
function versionedBundle() {
  let root = new URL(import.meta.url);
  return {
    name: 'versioned-bundle',
    hooks: {
      'astro:config:done': ({ config }) => {
        root = config.root;
      },
      'astro:build:done': async ({ dir }) => {
        const folder = new URL('../server/', dir);
        await forgetRoot(folder, root);
        const hash = createHash('sha256');
        await addFiles(hash, folder, await listScripts(folder));
        const sources = new URL('src/', root);
        await addFiles(hash, sources, listDecisive(sources));
        await writeFile(new URL('../version', dir), hash.digest('hex').slice(0, 32));
      },
    },
  };
}

/** @param {URL} folder */
async function listScripts(folder) {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.mjs')).sort();
}

/**
 * Astro's manifest and its components carry the path of the checkout, which no page needs.
 *
 * @param {URL} folder
 * @param {URL} root
 */
async function forgetRoot(folder, root) {
  const folders = ['src/', 'node_modules/'].filter((name) => existsSync(new URL(name, root)));
  const known = folders.map((name) => {
    // Vite names what is behind a link by its real place.
    const path = join(realpathSync(new URL(name, root)), '/');
    // The quote before it keeps a short path, such as `/app/`, from being found inside another text.
    return { quoted: JSON.stringify(path).slice(0, -1), instead: `"/renderer/${name}` };
  });
  for (const name of await listScripts(folder)) {
    const script = new URL(name, folder);
    let code = (await readFile(script, 'utf8')).replaceAll(root.href, 'file:///renderer/');
    for (const { quoted, instead } of known) code = code.replaceAll(quoted, instead);
    await writeFile(script, code);
  }
}

/** @param {URL} folder */
function listDecisive(folder) {
  const names = globSync(decisiveSources, { cwd: fileURLToPath(folder) });
  return names.map((name) => name.replaceAll('\\', '/')).sort();
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {URL} folder
 * @param {string[]} names
 */
async function addFiles(hash, folder, names) {
  for (const name of names) {
    const code = await readFile(new URL(name, folder));
    hash.update(`${name} ${code.length}\n`).update(code);
  }
}

/**
 * Makes `import script from './x.js?bundle'` the text of one classic script: `x.js` and what it imports, minified.
 *
 * @returns {import('rolldown').Plugin}
 */
function pageScript() {
  return {
    name: 'page-script',
    resolveId: {
      filter: { id: /\?bundle$/ },
      handler: (id, importer) => fileURLToPath(new URL(id, pathToFileURL(importer ?? ''))) + '?bundle',
    },
    load: {
      filter: { id: /\?bundle$/ },
      async handler(id) {
        const bundle = await rolldown({ input: id.replace('?bundle', '') });
        const { output } = await bundle.generate({ format: 'iife', minify: true });
        await bundle.close();
        return { code: `export default ${JSON.stringify(output[0].code.trim())}`, moduleType: 'js' };
      },
    },
  };
}

export default defineConfig({
  output: 'server',
  outDir: './dist/renderer',
  adapter: inProcessRenderer(),
  integrations: [versionedBundle()],
  compressHTML: true,
  session: false,
  image: { service: passthroughImageService() },
  devToolbar: { enabled: false },
  vite: {
    plugins: [pageScript()],
    // Everything that renders is in the bundle: it runs without node_modules.
    ssr: { noExternal: true },
    environments: {
      // Names without a hash: the hash would depend on the path of the checkout.
      ssr: { build: { rolldownOptions: { output: { chunkFileNames: 'chunks/[name].mjs' } } } },
    },
  },
});
