import { expect, test } from 'vitest';
import { loadRenderer } from '../../src/render/renderer.ts';
import { warmUpSnapshot } from '../../src/render/warm-up.ts';

test('what is drawn to warm up may stand on a page, and has of all that takes long to draw', async () => {
  const html = await (await loadRenderer()).renderAlone(warmUpSnapshot);
  for (const piece of ['class="hljs-', '<math', '<table', '<li>', '<details', 'href="https://example.org/"'])
    expect(html).toContain(piece);
});
