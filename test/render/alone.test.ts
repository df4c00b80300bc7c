import { describe, expect, test } from 'vitest';
import { loadRenderer } from '../../src/render/renderer.ts';
import type { Snapshot, SnapshotPart } from '../../src/snapshot/snapshot.ts';
import { aLongSnapshot, aRound, aSnapshot } from '../support/rich-snapshot.ts';

const renderer = await loadRenderer();

function answering(...parts: SnapshotPart[]): Snapshot {
  const round = aRound(1, 'Go on.', 'I will.');
  round.messages[1]?.parts.push(...parts);
  return aSnapshot({ rounds: [round] });
}

const addressesIn = (html: string): string[] =>
  [...html.matchAll(/\b(?:href|src|action)="([^"]*)"/g)].map(([, address = '']) => address);

/** A sub-agent whose messages have no room on a page. */
const agent = {
  rounds: Array.from({ length: 200 }, (_, index) => aRound(index + 1, 'Task '.repeat(300), 'Answer')),
};

const sources = Array.from({ length: 150 }, (_, index) => ({ url: `https://example.org/${index}` }));

describe('a page that stands alone', () => {
  test('has no address, no preview of one, and says that it is a copy', async () => {
    const html = await renderer.renderAlone(aSnapshot());
    expect(html.match(/<link [^>]*>/g)).toEqual(['<link rel="icon" href="data:,">']);
    const body = html.slice(html.indexOf('<body>'));
    expect(body).toContain('What is 2 + 2?');
    expect(body).toContain('A copy as of the time above');
    expect(body).not.toContain('The link is unlisted');
  });

  test.each([
    ['a long output', answering(aCall({ output: 'line\n'.repeat(20_000) }))],
    ['a long input', answering(aCall({ input: { text: 'x'.repeat(80_000) } }))],
    ['long edits', answering(aCall({ input: { list: Array.from({ length: 999 }, () => 'x'.repeat(99)) } }))],
    ['a sub-agent that says much', answering(aCall({ subAgent: agent }))],
    ['many sources', answering({ type: 'sources', sources })],
    ['rounds for many pages', aLongSnapshot(900)],
  ])('links to nothing beside it, with %s', async (_what, snapshot) => {
    const html = await renderer.renderAlone(snapshot);
    const leading = addressesIn(html).filter(
      (address) => !/^(?:#|https:\/\/example\.org\/|data:,$)/.test(address),
    );
    expect(leading).toEqual([]);
    expect(html.includes('has all of it')).toBe(false);
  });

  test('says how much it leaves out', async () => {
    const shown = await renderer.renderAlone(
      answering(aCall({ output: 'line\n'.repeat(20_000) }), aCall({ subAgent: agent }), {
        type: 'sources',
        sources,
      }),
    );
    expect(shown.match(/[\d,]+ characters are left out here\.</g)).toHaveLength(1);
    expect(shown.match(/\d+ messages are left out here\.</g)).toHaveLength(1);
    expect(shown.match(/50 more sources\.</g)).toHaveLength(1);
  });

  test('is one, however long the conversation is, and has every round', async () => {
    const html = await renderer.renderAlone(aLongSnapshot(900));
    expect(html.match(/<section class="round" id="r\d+"/g)).toHaveLength(900);
    expect(html.includes('aria-label="Pages"')).toBe(false);
    expect(html.length).toBeGreaterThan(700_000);
  });

  test('is the same for the same snapshot, and holds nothing of an empty one', async () => {
    expect(await renderer.renderAlone(aSnapshot())).toBe(await renderer.renderAlone(aSnapshot()));
    expect(await renderer.renderAlone(aSnapshot({ rounds: [] }))).toContain('Nothing has been said yet.');
  });
});

function aCall(more: Partial<Extract<SnapshotPart, { type: 'tool-call' }>>): SnapshotPart {
  return { type: 'tool-call', name: 'Task', input: null, status: 'done', ...more };
}
