#!/usr/bin/env node
// Plain JavaScript that any Node can read, and no import before the check: under an older Node the SQLite binding
// loads and then takes the whole process down.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 22)) {
  console.error(`conversation-share needs Node 22.22 or newer; this is Node ${process.versions.node}.`);
  console.error(
    'In a checkout run `npx share …`, which brings its own Node; else install Node 24 from nodejs.org.',
  );
  process.exit(1);
}

// Keeps compiled code between runs, which makes up for half of the start (0.31 s to 0.10 s of CPU for a checkout).
const { enableCompileCache } = await import('node:module');
enableCompileCache();

// A checkout runs its TypeScript sources; the published package holds them compiled.
const { existsSync } = await import('node:fs');
const sources = new URL('./main.ts', import.meta.url);
const { main } = await import(existsSync(sources) ? sources.href : '../dist/cli/main.js');
await main(process.argv.slice(2));
