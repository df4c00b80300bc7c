import MarkdownIt from 'markdown-it';
import { describe, expect, test } from 'vitest';
import type { Snapshot, SnapshotPart, SnapshotSubAgent } from '../../src/snapshot/snapshot.ts';
import { toMarkdown } from '../../src/snapshot/to-markdown.ts';
import { aFile, aRichSnapshot, aRound, aSnapshot } from '../support/rich-snapshot.ts';

const link = 'https://you.example/repo/share/0123456789abcdefghjkmnpqrs';

function answering(...parts: SnapshotPart[]): Snapshot {
  const round = aRound(1, 'Go on.', 'I will.');
  round.messages[1]?.parts.push(...parts);
  return aSnapshot({ rounds: [round, aRound(2, 'And then?', 'Then it is done.')] });
}

/** What a Markdown reader makes of it: the tokens at the outermost level. */
function outline(markdown: string): string[] {
  return new MarkdownIt()
    .parse(markdown, {})
    .filter((token) => token.level === 0 || token.type === 'inline')
    .map((token) => (token.content ? `${token.type} ${token.content}` : token.type));
}

describe('a conversation as Markdown', () => {
  test('has title, times, rounds and speakers', () => {
    expect(toMarkdown(aSnapshot(), link)).toBe(`# A small talk

- Type: chat
- Created: 2026-11-22T10:00:00.000Z
- Updated: 2026-11-22T10:05:00.000Z
- Link: <${link}>

## Round 1

**User**

What is 2 + 2?

**Assistant**

It is **4**.
`);
  });

  test('has no link where it is not shared', () => {
    const shared = toMarkdown(aSnapshot(), link);
    expect(toMarkdown(aSnapshot())).toBe(shared.replace(`- Link: <${link}>\n`, ''));
  });

  test('lists the files with whole links, and the ZIP', () => {
    const markdown = toMarkdown(aRichSnapshot(), link);
    expect(markdown).toContain(
      `- [sales-2025.csv](${link}/files/c0ffee00c0ffee00/sales-2025.csv): Daily sales by region, exported from the till system (text/csv, 48213 bytes`,
    );
    expect(markdown).toContain(`](${link}/zip/0123456789abcdef/Why%20do%20the%20sales%20fall.zip)`);
    expect(markdown).toContain(
      `![Daily units by store; Harbour has a gap in February](${link}/files/c0ffee00c0ffee00/charts/february%20dip.png)`,
    );
  });

  test('quotes what a sub-agent did below its call, one inside another twice', () => {
    const inner = { rounds: [aRound(1, 'Inner?', '```\nfence\n')] };
    const call = { type: 'tool-call', name: 'Task', input: {}, status: 'done' } as const;
    const outer: SnapshotSubAgent = {
      name: 'Explore',
      rounds: [aRound(1, 'Find it.', 'Found.'), aRound(2, 'And that?', 'No.')],
    };
    outer.rounds[1]?.messages.push({ role: 'assistant', parts: [{ ...call, subAgent: inner }] });
    expect(toMarkdown(answering({ ...call, output: 'Found.', subAgent: outer }), link)).toContain(`
Tool call: \`Task\`

\`\`\`
Found.
\`\`\`

> **Task**
>
> Find it.
>
> **Explore agent**
>
> Found.
>
> **Task**
>
> And that?
>
> **Explore agent**
>
> No.
>
> Tool call: \`Task\`
>
> > **Task**
> >
> > Inner?
> >
> > **Agent**
> >
> > \`\`\`
> > fence
> > \`\`\`

## Round 2
`);
  });

  test('numbers sources, with title and address', () => {
    const sources = [
      { title: 'Tides [1]', url: 'https://example.org/tides?a=(b)' },
      { url: 'https://example.org/' },
    ];
    expect(toMarkdown(answering({ type: 'sources', sources }), link)).toContain(`
Sources:

1. [Tides \\[1\\]](<https://example.org/tides?a=(b)>)
2. <https://example.org/>

`);
  });

  test('says which tool calls failed or gave nothing', () => {
    const markdown = toMarkdown(aRichSnapshot(), link);
    expect(markdown).toContain('Tool call: `Bash`\n\n```json\n{\n  "command": "head -5');
    expect(markdown).toContain('Tool call: `mcp__warehouse__query` (failed)');
    expect(markdown).toContain('Tool call: `WebSearch` (no result)');
  });

  test.each(['```', '````\nx\n````', '`````````', '~~~', 'a `b` c'])(
    'keeps an output that holds %j in its fence',
    (output) => {
      const markdown = toMarkdown(
        answering({ type: 'tool-call', name: 'Bash', input: {}, output, status: 'done' }),
        link,
      );
      expect(outline(markdown)).toContain(`fence ${output}\n`);
      expect(outline(markdown)).toContain('inline Round 2');
    },
  );

  test.each(['```js\nlet x', '~~~~\nhalf', '````\n```\nstill open'])(
    'closes a fence that a message left open: %j',
    (text) => {
      expect(outline(toMarkdown(answering({ type: 'text', text }), link))).toContain('inline Round 2');
    },
  );

  test('leaves messages as they were written', () => {
    const text = '| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nlet x = "`";\n```\n\n- [x] done';
    expect(toMarkdown(answering({ type: 'text', text }), link)).toContain(`\n\n${text}\n\n`);
  });

  test('keeps a title and a file name from being markup or lines of their own', () => {
    const file = { ...aFile('a.csv', 'text/csv', 1), name: 'a](x) [b', path: 'files/00/a(1).csv' };
    const markdown = toMarkdown(aSnapshot({ title: 'One\n## Two <b>[x](y)', files: [file] }), link);
    expect(outline(markdown)).toContain('inline One \\#\\# Two \\<b\\>\\[x\\](y)');
    expect(markdown).toContain(`[a\\](x) \\[b](${link}/files/00/a%281%29.csv)`);
  });
});
