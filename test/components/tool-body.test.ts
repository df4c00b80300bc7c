import { expect, test } from 'vitest';
import { blocksOf } from '../../src/components/tool-body.ts';
import { workOf, type ToolCall } from '../../src/components/tool-call.ts';
import { checkPage } from '../../src/render/gate.ts';
import { pageAround } from '../support/page-shell.ts';

/** What a page shows of a file that a tool wrote. */
function written(path: string, content: string): string {
  const input = { file_path: path, content };
  const call: ToolCall = { type: 'tool-call', name: 'Write', input, status: 'done' };
  const html = blocksOf(call, workOf(call), undefined, false, '/share/x')
    .map((block) => block.html)
    .join('');
  expect(() => checkPage(pageAround(`<details><summary>a</summary>${html}</details>`))).not.toThrow();
  return html;
}

test('the content of a written file is coloured by what its name says', () => {
  expect(written('src/a.ts', 'const a = 1;')).toContain('<span class="hljs-keyword">const</span>');
  expect(written('a.py', 'def f(): pass')).toContain('<span class="hljs-keyword">def</span>');
});

test.each([
  ['no extension', 'LICENCE'],
  ['an unknown extension', 'a.xyz'],
  ['a word of objects for an extension', 'a.__proto__'],
])('%s: the content is only escaped', (_name, path) => {
  expect(written(path, 'const a = "<b>";')).toContain('>const a = &quot;&lt;b&gt;&quot;;</pre>');
});

test('content whose colours have no room is shown without them, and not cut for their sake', () => {
  const content = 'a = b + 1\n'.repeat(1_400);
  const html = written('a.ts', content);
  expect(html).not.toContain('hljs-');
  expect(html).toContain(content);
});
