import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startOf, toPages, type Page } from '../../src/snapshot/pages.ts';
import { toRounds } from '../../src/snapshot/rounds.ts';
import type { SnapshotMessage } from '../../src/snapshot/snapshot.ts';

/** A message whose text says how heavy it is. */
function aMessage(role: 'user' | 'assistant', weight: number): SnapshotMessage {
  return { role, parts: [{ type: 'text', text: String(weight) }] };
}

const weightOf = ({ parts: [part] }: SnapshotMessage) => Number(part?.type === 'text' ? part.text : 0);
const most = 100;
const deal = (messages: SnapshotMessage[]) => toPages(toRounds(messages), weightOf, most);

const shape = (pages: Page[]) =>
  pages.map(({ rounds }) =>
    rounds.map(({ number, beginsOn, messages }) => [number, beginsOn, messages.length]),
  );

describe('a conversation is dealt out', () => {
  test.each([
    ['nothing: one empty page', [], [[]]],
    [
      'what fits on one page',
      [
        ['user', 50],
        ['assistant', 50],
      ],
      [[[1, 1, 2]]],
    ],
    [
      'a round that no longer fits begins a page',
      [
        ['user', 60],
        ['user', 60],
      ],
      [[[1, 1, 1]], [[2, 2, 1]]],
    ],
    [
      'a long round goes on over pages, and says where it began',
      [
        ['user', 10],
        ['assistant', 90],
        ['assistant', 90],
        ['user', 5],
      ],
      [
        [[1, 1, 2]],
        [
          [1, 1, 1],
          [2, 2, 1],
        ],
      ],
    ],
    [
      'a message too heavy for a page has one to itself',
      [
        ['user', 10],
        ['assistant', 900],
        ['user', 10],
      ],
      [[[1, 1, 1]], [[1, 1, 1]], [[2, 3, 1]]],
    ],
  ] as [string, ['user' | 'assistant', number][], unknown][])('%s', (_name, messages, expected) => {
    expect(shape(deal(messages.map(([role, weight]) => aMessage(role, weight))))).toEqual(expected);
  });

  const messages = fc.array(
    fc
      .tuple(fc.constantFrom('user' as const, 'assistant' as const), fc.nat(150))
      .map(([role, weight]) => aMessage(role, weight)),
    { maxLength: 60 },
  );

  test('every message once, in order, and no page too heavy for want of a break', () => {
    fc.assert(
      fc.property(messages, (all) => {
        const pages = deal(all);
        const dealt = pages.flatMap(({ rounds }) => rounds.flatMap((round) => round.messages));
        expect(dealt.map(({ message }) => message)).toEqual(all);
        expect(dealt.map(({ index }) => index)).toEqual(all.map((_, index) => index));
        expect(pages.map(({ number }) => number)).toEqual(pages.map((_, index) => index + 1));
        for (const { rounds } of pages) {
          const weights = rounds.flatMap((round) => round.messages.map(({ message }) => weightOf(message)));
          const heavy = weights.reduce((sum, weight) => sum + weight, 0) > most;
          expect(heavy && weights.filter((weight) => weight > 0).length > 1).toBe(false);
        }
      }),
    );
  });

  test('so that a page never changes but the last, whatever is said after it', () => {
    fc.assert(
      fc.property(messages, messages, (before, after) => {
        const pages = deal(before);
        expect(deal([...before, ...after]).slice(0, pages.length - 1)).toEqual(pages.slice(0, -1));
      }),
    );
  });
});

test('a page starts with the first round that begins on it, if one does', () => {
  const pages = deal([
    aMessage('user', 60),
    aMessage('assistant', 60),
    aMessage('assistant', 90),
    aMessage('user', 5),
  ]);
  expect(pages.map(startOf)).toEqual([1, undefined, 2]);
});
