import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Tree, type TreeNode } from '../../../src/conversation/formats/tree.ts';

/** `b<a` is a node b that follows a. */
function nodes(text: string): TreeNode[] {
  return text.split(' ').map((word) => {
    const [id = '', parent] = word.split('<');
    return { id, parent };
  });
}

function choose(text: string, current: string, wanted?: number) {
  const all = nodes(text);
  const node = all.find(({ id }) => id === current) ?? { id: current, parent: undefined };
  const { path, branch } = new Tree(all).choose(node, wanted);
  return { path: path.map(({ id }) => id).join(''), ...branch };
}

test.each([
  ['a b<a c<b', 'c', undefined, { path: 'abc', taken: 1, of: 1 }],
  ['a b<a c<b', 'b', undefined, { path: 'ab', taken: 1, of: 1 }],
  ['a b<a c<a d<c', 'd', undefined, { path: 'acd', taken: 2, of: 2 }],
  ['a b<a c<a d<c', 'd', 1, { path: 'ab', taken: 1, of: 2 }],
  ['a b<a c<a d<c e<b f<c', 'f', 2, { path: 'acd', taken: 2, of: 3 }],
  ['a b<a x y<x', 'y', undefined, { path: 'xy', taken: 2, of: 2 }],
  ['a b<gone', 'b', undefined, { path: 'b', taken: 2, of: 2 }],
  ['b<a a', 'b', undefined, { path: 'ab', taken: 1, of: 1 }],
])('%s at %s, branch %s', (text, current, wanted, expected) => {
  expect(choose(text, current, wanted)).toEqual(expected);
});

test('a branch that is not there is refused with the number of branches', () => {
  expect(() => choose('a b<a c<a', 'c', 3)).toThrow('There is no branch 3: the conversation has 2 branches.');
});

test('circles, which only a broken file holds, end', () => {
  expect(choose('a<c b<a c<b', 'c').path).toHaveLength(3);
  expect(choose('a<a', 'a').path).toBe('a');
});

describe('numbers', () => {
  test('of branches keep their meaning while a file grows', () => {
    const file = fc.array(fc.nat(), { minLength: 1, maxLength: 30 }).map((parents) =>
      parents.map((parent, index) => ({
        id: String(index),
        parent: index === 0 ? undefined : String(parent % index),
      })),
    );
    fc.assert(
      fc.property(file, fc.nat(), (all, cut) => {
        const before = new Tree(all.slice(0, 1 + (cut % all.length))).ends();
        const after = new Tree(all);
        for (const [index, end] of before.entries()) expect(after.choose(end, index + 1).path).toContain(end);
      }),
    );
  });
});
