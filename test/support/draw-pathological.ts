import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * Draws the texts of one group of `pathological.ts` in a process of its own, and tells of each how long it took and how
 * much more memory the process held meanwhile than before. The system counts the most it held; only Linux forgets it again.
 */
enableCompileCache();
const { renderMarkdown } = await import('../../src/render/markdown.ts');
const { cpuMs } = await import('./cpu.ts');
const { pathological } = await import('./pathological.ts');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const forgetMost = '/proc/self/clear_refs';

function mostHeldMb(): number {
  if (!existsSync(forgetMost)) return 0;
  const [, kb] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kb) / 1_000;
}

function drawn(name: string, text: string): { name: string; ms: number; mb: number } {
  collectGarbage();
  if (existsSync(forgetMost)) writeFileSync(forgetMost, '5');
  const before = mostHeldMb();
  const draw = () => cpuMs(() => renderMarkdown(text));
  let ms = draw();
  const mb = Math.round(mostHeldMb() - before);
  // A machine that does much else takes up to twice the time for the same, for seconds on end.
  for (let again = 0; again < 5 && ms > 700; again++) ms = Math.min(ms, draw());
  return { name, ms: Math.round(ms), mb };
}

renderMarkdown('Some *words*, $x$ and\n\n```js\nlet a = 1;\n```');
const texts = pathological[process.argv[2] ?? '']?.() ?? [];
process.stdout.write(JSON.stringify(texts.map(([name, text]) => drawn(name, text))));
