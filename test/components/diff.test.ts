import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeOf, runsHtml } from '../../src/components/diff.ts';
import { patchesIn } from '../../src/components/patch.ts';

const signs = (removed: string, added: string) =>
  (changeOf(removed, added).runs ?? []).flatMap(({ sign, lines }) => lines.map((line) => sign + line));

describe('a change', () => {
  test.each([
    ['one line of three', 'a\nb\nc', 'a\nB\nc', [' a', '−b', '+B', ' c']],
    ['a line more, each text ended', 'a\n', 'a\nb\n', [' a', '+b']],
    ['a line less at the end', 'a\n', '', ['−a']],
    ['a new text', '', 'a\nb\n', ['+a', '+b']],
    ['an empty line more', 'a', 'a\n', [' a', '+']],
    ['nothing', 'a\n', 'a\n', [' a']],
  ])('of %s', (_name, removed, added, expected) => {
    expect(signs(removed, added)).toEqual(expected);
  });

  test('counts the lines that went and came', () => {
    expect(changeOf('a\nb\nc\n', 'a\nx\ny\nc\n')).toMatchObject({ removedLines: 1, addedLines: 2 });
  });

  test('keeps every line of both texts', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })
      .map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (removed, added) => {
        const drop = (text: string) => text.replace(/\n+$/, '');
        const rows = signs(removed, added);
        const side = (sign: string) =>
          rows
            .filter((row) => row[0] !== sign)
            .map((row) => row.slice(1))
            .join('\n');
        expect(drop(side('+'))).toBe(drop(removed));
        expect(drop(side('−'))).toBe(drop(added));
      }),
      { numRuns: 1000 },
    );
  });

  test('of texts with nothing in common gives up early and is still right', () => {
    const lines = (letter: string) =>
      Array.from({ length: 8_000 }, (_, index) => `${letter}${index}`).join('\n');
    const start = performance.now();
    const change = changeOf(`same\n${lines('a')}\nend`, `same\n${lines('b')}\nend`);
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(change).toMatchObject({ removedLines: 8_000, addedLines: 8_000 });
    expect(change.runs?.map(({ sign }) => sign)).toEqual([' ', '−', '+', ' ']);
  });

  test('of texts too long to compare has no runs, and the lines of both', () => {
    const change = changeOf('a\n'.repeat(60_000), 'b\n'.repeat(3));
    expect(change).toMatchObject({ runs: undefined, removedLines: 60_000, addedLines: 3 });
  });
});

describe('as HTML', () => {
  test('each line has its sign, and its characters are escaped', () => {
    expect(runsHtml(changeOf('<b>\nx', '"&"\nx').runs ?? [])).toBe(
      '<span class="removed">−&lt;b&gt;\n</span><span class="added">+&quot;&amp;&quot;\n</span> x\n',
    );
  });

  test('characters that rearrange a line are shown', () => {
    expect(runsHtml(changeOf('', 'a\u202Eb').runs ?? [])).toContain('⟨U+202E⟩');
  });

  test('many unchanged lines are folded, with three left beside each change', () => {
    const same = Array.from({ length: 20 }, (_, index) => `s${index}`).join('\n');
    const html = runsHtml(changeOf(`a\n${same}\nb`, `A\n${same}\nB`).runs ?? []);
    expect(html).toContain(' s2\n<span class="fold">14 unchanged lines</span>\n s17\n');
    expect(html).not.toContain('s3\n');
  });
});

describe('a patch of Codex', () => {
  test('is one change for each file', () => {
    const patch = [
      '*** Begin Patch',
      '*** Update File: src/a.ts',
      '*** Move to: src/b.ts',
      '@@ class A',
      ' a',
      '-b',
      '+c',
      '+d',
      '*** Add File: new.md',
      '+one',
      '*** Delete File: old.md',
      '*** End Patch',
    ].join('\n');
    const changes = patchesIn(patch) ?? [];
    expect(changes.map(({ file, addedLines, removedLines }) => [file, addedLines, removedLines])).toEqual([
      ['src/a.ts → src/b.ts', 2, 1],
      ['new.md (new)', 1, 0],
      ['old.md (deleted)', 0, 0],
    ]);
  });

  test('is not found in other text', () => {
    expect(patchesIn('*** Begin Patch\n*** End Patch\n')).toEqual([]);
    expect(patchesIn('*** Begin Patch\nnothing')).toBeUndefined();
    expect(patchesIn('diff --git a b')).toBeUndefined();
  });
});
