import { brotliCompressSync, gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import { loadRenderer } from '../../src/render/renderer.ts';
import { toSiteUrl } from '../../src/urls.ts';

const renderer = await loadRenderer();
const page = await renderer.notFound(toSiteUrl('https://you.example'));
const script = /<script>(.*?)<\/script>/s.exec(page)?.[1] ?? '';

test('the script weighs at most 5 KB compressed', () => {
  expect(script.length).toBeGreaterThan(2_000);
  expect(brotliCompressSync(script).length).toBeLessThan(5_000);
  expect(gzipSync(script).length).toBeLessThan(5_000);
  // What would end the element early, or start a comment in it.
  expect(script).not.toMatch(/<!--|<\/?script/i);
});

test('the script is one classic script that turns no text into HTML or code', () => {
  expect(script).not.toMatch(/\b(?:import|export|eval|Function)\b/);
  expect(script).not.toMatch(
    /innerHTML|outerHTML\s*=[^=]|insertAdjacentHTML|document\.write|createContextualFragment/,
  );
});

test('bundled twice, the script is the same', async () => {
  const input = new URL('../../src/layouts/page.client.js', import.meta.url).pathname;
  const bundled = async () => {
    const bundle = await rolldown({ input });
    const { output } = await bundle.generate({ format: 'iife', minify: true });
    await bundle.close();
    return output[0].code.trim();
  };
  const once = await bundled();
  expect(await bundled()).toBe(once);
  // What is shipped is what stands in the sources now.
  expect(script).toBe(once);
});
