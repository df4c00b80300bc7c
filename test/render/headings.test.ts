import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderMarkdown, renderWith } from '../../src/render/markdown.ts';

function levelsOf(text: string): number[] {
  const html = renderMarkdown(text);
  const levels = [...html.matchAll(/<h(\d)>/g)].map(([, level]) => Number(level));
  const ends = [...html.matchAll(/<\/h(\d)>/g)].map(([, level]) => Number(level));
  expect(ends).toEqual(levels);
  return levels;
}

const written = (levels: readonly number[]): string =>
  levels.map((level) => `${'#'.repeat(level)} a`).join('\n\n');
const raw = (levels: readonly number[]): string =>
  levels.map((level) => `<h${level}>a</h${level}>`).join('\n');

test.each([
  [
    [1, 2, 3],
    [3, 4, 5],
  ],
  [
    [1, 3],
    [3, 4],
  ],
  [
    [2, 2, 3, 2],
    [3, 3, 4, 3],
  ],
  [
    [4, 4],
    [3, 3],
  ],
  [
    [3, 1, 3],
    [3, 3, 4],
  ],
  [
    [1, 3, 2, 3],
    [3, 4, 4, 5],
  ],
  [
    [2, 4, 4, 3],
    [3, 4, 4, 4],
  ],
  [
    [1, 2, 3, 4, 5, 6],
    [3, 4, 5, 6, 6, 6],
  ],
])('headings of the levels %j are drawn as %j', (levels, expected) => {
  expect(levelsOf(written(levels))).toEqual(expected);
  expect(levelsOf(raw(levels))).toEqual(expected);
});

test('underlined headings, headings in quotes and lists and headings of raw HTML make one outline', () => {
  expect(levelsOf('a\n===\n\n> #### b\n\n- ## c\n\n<h3>d</h3>\n\ne\n---')).toEqual([3, 4, 4, 5, 4]);
});

test('each message begins anew', () => {
  expect(levelsOf('# a\n## b')).toEqual([3, 4]);
  expect(levelsOf('## b')).toEqual([3]);
});

test('no outline skips a level, whatever was written', () => {
  const level = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(fc.array(level, { minLength: 1, maxLength: 20 }), fc.boolean(), (levels, isRaw) => {
      const text = isRaw ? raw(levels) : written(levels);
      const drawn = levelsOf(text);
      expect(drawn.length).toBe(levels.length);
      drawn.forEach((each, index) => {
        expect(each).toBeGreaterThanOrEqual(3);
        expect(each).toBeLessThanOrEqual((drawn[index - 1] ?? 2) + 1);
        // Neighbours of one rank stay so, and a lower rank never rises above its neighbour.
        const [before, now] = [levels[index - 1], levels[index]];
        if (before === now && before !== undefined) expect(each).toBe(drawn[index - 1]);
        if (before !== undefined && now !== undefined && now > before)
          expect(each).toBeGreaterThanOrEqual(drawn[index - 1] ?? 3);
      });
      expect(renderWith(text, { shortCut: false }).replace(/\s+/g, '')).toBe(
        renderMarkdown(text).replace(/\s+/g, ''),
      );
    }),
  );
});
