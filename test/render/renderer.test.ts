import { createHash } from 'node:crypto';
import { appendFile, cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AstroIntegration, AstroUserConfig } from 'astro';
import { type DefaultTreeAdapterTypes, parse } from 'parse5';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ShareError } from '../../src/errors.ts';
import { passesPlainly } from '../../src/render/plain-page.ts';
import { type Fragment, type FragmentCache, loadRenderer, type Place } from '../../src/render/renderer.ts';
import type { ToolCall } from '../../src/components/tool-call.ts';
import { longTexts } from '../../src/snapshot/long-text.ts';
import { toRounds } from '../../src/snapshot/rounds.ts';
import type { Json, Snapshot, SnapshotMessage, SnapshotSubAgent } from '../../src/snapshot/snapshot.ts';
import { type ShareId, toSiteUrl } from '../../src/urls.ts';
import { aFile, aLongSnapshot, aRichSnapshot, aRound, aSnapshot } from '../support/rich-snapshot.ts';

const bundle = new URL('../../dist/renderer/', import.meta.url);

const place: Place = {
  site: toSiteUrl('https://you.example/repo'),
  shareId: '0123456789abcdefghjkmnpqrs' as ShareId,
  conversation: 'library-id-that-stays-private',
  revision: 'a'.repeat(32),
  preview: false,
};

const renderer = await loadRenderer();

async function draw(snapshot: Snapshot): Promise<string> {
  const { pages } = await renderer.render(snapshot, place);
  return pages.get('index.html')?.toString() ?? '';
}

describe('a page', () => {
  test('is the only page of a share, at index.html', async () => {
    expect([...(await renderer.render(aSnapshot(), place)).pages.keys()]).toEqual(['index.html']);
  });

  test('shows title, type, times in UTC, and the numbers of rounds and files', async () => {
    const page = await draw(aRichSnapshot());
    expect(textOf(page, 'h1')).toEqual(['Why do the sales of the north-east region fall every February?']);
    expect(textOf(page, 'title')).toEqual(['Why do the sales of the north-east region fall every February?']);
    expect(textWithClass(page, 'kind')).toEqual(['data analysis']);
    expect(textWithClass(page, 'facts')[0]?.replace(/\s+/g, ' ').trim()).toBe(
      'Created 27 Feb 2026, 22:41 UTC Updated 1 Mar 2026, 09:05 UTC 5 rounds, 11 messages, 7 files',
    );
    expect(page).toContain('<time datetime="2026-02-27T22:41:00.000Z">27 Feb 2026, 22:41 UTC</time>');
  });

  test('tells user and assistant apart, and names a speaker once for messages in a row', async () => {
    const page = await draw(aRichSnapshot());
    const [first] = elements(page).filter((element) => attribute(element, 'id') === 'r1');
    const speakers = within(first)
      .filter((element) => attribute(element, 'data-message') !== undefined)
      .map((element) => attribute(element, 'aria-label'));
    expect(speakers).toEqual(['User', 'Assistant', 'Assistant']);
    const named = within(first).filter((element) => attribute(element, 'class') === 'speaker');
    expect(
      named.filter(({ parentNode }) => attribute(parentNode as Element, 'data-message') !== undefined),
    ).toHaveLength(2);
  });

  test('keeps tool calls and thinking closed, with one telling line each', async () => {
    const page = await draw(aRichSnapshot());
    const asides = elements(page).filter((element) => attribute(element, 'class')?.startsWith('aside'));
    expect(asides.every((element) => element.tagName === 'details')).toBe(true);
    expect(asides.some((element) => attribute(element, 'open') !== undefined)).toBe(false);
    expect(
      asides.map((element) => text(within(element).find(({ tagName }) => tagName === 'summary'))),
    ).toEqual([
      'Thinking',
      'Bash head -5 sales-2025.csv && wc -l sales-2025.csv',
      'Read notebooks/regional/quarterly/very/deep/folder/with/a/long/path/analysis.ipynb lines 1–80',
      'Edit analysis.py +3 −2',
      'warehouse: query sales failed',
      'Search "harbour ferry timetable february 2025" no result',
      'Explore agent "Read the harbour notices" 4 messages',
      'What the agent did',
      'Agent "اقرأ الإشعارات" failed',
      'What the agent did',
    ]);
  });

  test('shows an edit as a comparison, line by line', async () => {
    const page = await draw(aRichSnapshot());
    expect(textWithClass(page, 'removed')).toEqual(["−rows = rows[rows.month == 'Feb']\n−rows.sum()"]);
    expect(textWithClass(page, 'added')[0]).toContain('\n+# Closed days are missing, not zero.\n');
  });

  test('keeps the lines of a tool output as they are', async () => {
    const output = '\n\n  indented\n\n\n<b>not bold</b>   \n';
    const round = aRound(1, 'run', 'done');
    round.messages[1]?.parts.push({ type: 'tool-call', name: 'Bash', input: {}, output, status: 'done' });
    const page = await draw(aSnapshot({ rounds: [round] }));
    // A parser drops the first line break after `<pre>`; what is left tells whether one was added for it.
    expect(rawTextWithClass(page, 'output')).toEqual([output]);
  });

  test('shows beginning and end of a tool output of 5 MB, and says where the rest is', async () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => `line ${index} `.padEnd(49, '.'));
    const output = lines.join('\n');
    const page = await draw(withToolCall({ output }));
    expect(page.length).toBeLessThan(100_000);
    const [head = '', tail = ''] = rawTextWithClass(page, 'output');
    expect(head).toBe(output.slice(0, 12_000));
    expect(tail).toBe(output.slice(-tail.length));
    expect(tail).toMatch(/^line \d+ \.+\n/);
    expect(tail.length).toBeGreaterThan(3_000);
    const leftOut = output.length - head.length - tail.length;
    expect(textWithClass(page, 'left-out').map((each) => each.replace(/\s+/g, ' '))).toEqual([
      `${leftOut.toLocaleString('en')} characters are left out here; output.txt (5.0 MB) has all of it.`,
    ]);
    const [note] = elements(page).filter((element) => attribute(element, 'class') === 'left-out');
    const digest = createHash('sha256').update(`\uFEFF${output}`).digest('hex').slice(0, 32);
    expect(within(note).map(attributes)).toEqual([
      {
        href: `/repo/share/0123456789abcdefghjkmnpqrs/files/${digest}/output.txt`,
        download: 'output.txt',
      },
    ]);
  });

  const long = '🙂'.repeat(500_000);
  test.each([
    ['field', { input: { command: long } }],
    ['removed side of an edit', { input: { old_string: long, new_string: '' } }],
    ['added side of an edit', { input: { old_string: '', new_string: long } }],
    ['nested input', { input: { list: [long] } }],
    ['plain input', { input: long }],
    ['name of a field', { input: { [long]: 1 } }],
    ['number of fields', { input: Object.fromEntries(Array.from(long, (_, index) => [`f${index}`, 1])) }],
    ['name', { name: long }],
    ['output in one line', { output: long }],
    ['output of markup', { output: '<'.repeat(20_000) }],
    ['output in colours', { output: '\u001B[31mx\u001B[32my'.repeat(1_800) }],
    ['output of invisible characters', { output: 'a\u200B'.repeat(10_000) }],
    [
      'number of edits',
      {
        name: 'MultiEdit',
        input: { file_path: 'a', edits: times(1_000, { old_string: '<a', new_string: '<b' }) },
      },
    ],
    [
      'number of changed lines',
      { name: 'Edit', input: { old_string: '<\n'.repeat(9_000), new_string: '>\n'.repeat(9_000) } },
    ],
    [
      'number of todos',
      { name: 'TodoWrite', input: { todos: times(10_000, { content: 'x', status: 'completed' }) } },
    ],
    ['number of items', { input: { list: times(100_000, 1), object: { list: times(100_000, '<') } } }],
  ])('is bounded, whatever the %s of a tool call', async (_what, call) => {
    const page = await draw(withToolCall(call));
    expect(page.length).toBeLessThan(100_000);
    expect(page.isWellFormed()).toBe(true);
  });

  test('of tool calls of every kind is in the plain form that the gate reads quickest', async () => {
    const attack = '</pre></dd><script>alert("1")</script>\u001B[31m<b class="x">\u202E';
    const nested = { [attack]: attack, list: [attack], object: { a: { b: { c: attack } } } };
    const calls: { name: string; input: Json; output?: string }[] = [
      { name: 'Bash', input: { command: attack, ...nested }, output: `Exit code 1\n${attack}` },
      { name: 'Edit', input: { file_path: attack, old_string: attack, new_string: `${attack}\n${attack}` } },
      { name: 'Write', input: { file_path: attack, content: attack.repeat(2_000) } },
      {
        name: 'TodoWrite',
        input: {
          todos: [
            { content: attack, status: 'completed' },
            { content: 'x', status: 'in_progress' },
          ],
        },
      },
      {
        name: 'apply_patch',
        input: `*** Begin Patch\n*** Update File: ${attack}\n-${attack}\n+x\n*** End Patch`,
      },
      { name: 'Grep', input: { pattern: attack, path: attack }, output: attack.repeat(1_000) },
      { name: `mcp__${attack}__x`, input: [attack, nested], output: '' },
    ];
    const round = aRound(1, 'run', 'done');
    for (const call of calls) round.messages[1]?.parts.push({ type: 'tool-call', status: 'failed', ...call });
    const page = await draw(aSnapshot({ rounds: [round] }));
    expect(passesPlainly(Buffer.from(page))).toBe(true);
    expect(elements(page).filter(({ tagName }) => tagName === 'script')).toHaveLength(1);
    const boxes = elements(page).filter(({ tagName }) => tagName === 'input');
    expect(boxes.map((box) => attribute(box, 'aria-label'))).toEqual(['Done', 'In progress']);
    expect(textWithClass(page, 'label')).toContain('Error');
  });

  test('shows a tool output of 20,000 characters whole', async () => {
    const output = 'x'.repeat(20_000);
    const page = await draw(withToolCall({ output }));
    expect(rawTextWithClass(page, 'output')).toEqual([output]);
    expect(textWithClass(page, 'left-out')).toEqual([]);
  });

  describe('with a sub-agent', () => {
    const agent = (messages: SnapshotMessage[]): SnapshotSubAgent => ({
      name: 'Explore',
      rounds: toRounds(messages),
    });
    const said = (text: string, role: SnapshotMessage['role'] = 'assistant'): SnapshotMessage => ({
      role,
      parts: [{ type: 'text', text }],
    });
    const working = (subAgent: SnapshotSubAgent): SnapshotMessage => ({
      role: 'assistant',
      parts: [{ type: 'tool-call', name: 'Task', input: {}, status: 'done', subAgent }],
    });
    const agentsOn = (page: string) =>
      elements(page).filter((element) => attribute(element, 'class') === 'aside agent');

    test('shows inside the call the task, then what the agent said and did, with its tool calls', async () => {
      const [outer] = agentsOn(await draw(aRichSnapshot()));
      const messages = within(outer).filter(({ tagName }) => tagName === 'article');
      expect(messages.map((element) => attribute(element, 'aria-label'))).toEqual([
        'Task',
        'Explore agent',
        'Task',
        'Agent',
        'Task',
        'Explore agent',
      ]);
      expect(text(messages[0])).toContain('Find out when the ferry was in the dock.');
      expect(text(messages[1])).toContain('Notices');
      expect(within(outer).some(({ tagName }) => tagName === 'img')).toBe(true);
    });

    test('counts neither its rounds nor its messages, and gives them no address', async () => {
      const page = await draw(
        aSnapshot({
          rounds: [
            {
              number: 1,
              messages: [
                said('go', 'user'),
                working(agent([said('a', 'user'), said('b'), said('c', 'user')])),
              ],
            },
          ],
        }),
      );
      expect(textWithClass(page, 'facts')[0]).toContain('1 round, 2 messages');
      const ids = elements(page).flatMap((element) => attribute(element, 'id') ?? []);
      expect(ids.filter((id) => /^r\d/.test(id))).toEqual(['r1', 'r1-title']);
      const indexes = elements(page).flatMap((element) => attribute(element, 'data-message') ?? []);
      expect(indexes).toEqual(['0', '1']);
    });

    test('does not say the task twice', async () => {
      const call = {
        name: 'Task',
        input: { prompt: 'canary-task', model: 'x' },
        subAgent: agent([said('canary-task', 'user'), said('done')]),
      };
      const page = await draw(withToolCall(call));
      const [details] = elements(page).filter((element) => attribute(element, 'class') === 'aside tool');
      expect(text(details).match(/canary-task/g)).toHaveLength(2); // summary and message
      expect(text(details)).not.toContain('prompt');
    });

    test.each([
      ['messages', agent(Array.from({ length: 5_000 }, (_, index) => said(`message ${index}`)))],
      ['text', agent(times(50, said('x **y** '.repeat(2_000))))],
      ['one text', agent([said('<'.repeat(400_000))])],
      [
        'tool output',
        agent(
          times(200, {
            role: 'assistant',
            parts: [
              { type: 'tool-call', name: 'Bash', input: {}, output: '<\n'.repeat(9_000), status: 'done' },
            ],
          }),
        ),
      ],
      [
        'sources',
        agent(
          times(200, {
            role: 'assistant',
            parts: [
              { type: 'sources', sources: times(90, { url: `https://example.org/${'x'.repeat(100)}` }) },
            ],
          }),
        ),
      ],
      [
        'nesting',
        times(40, 0).reduce(
          (inner) => agent([working(inner), said('x'.repeat(1_000))]),
          agent([said('innermost')]),
        ),
      ],
    ])('is bounded, whatever the %s of the agent', async (_what, subAgent) => {
      const { pages } = await renderer.render(
        aSnapshot({
          rounds: [{ number: 1, messages: [said('go', 'user'), ...times(3, working(subAgent))] }],
        }),
        place,
      );
      for (const page of pages.values()) expect(page.length).toBeLessThan(500_000);
      const all = [...pages.values()].join('');
      const note = textWithClass(all, 'left-out').find((each) =>
        /messages? (?:is|are) left out here/.test(each),
      );
      expect(note?.replace(/\s+/g, ' ')).toContain('left out here; conversation.md has all of it.');
    });

    test('shows the messages of three inside one another, and of the fourth that there are some', async () => {
      const inside = (level: number): SnapshotSubAgent =>
        agent([said(`level ${level}`), ...(level < 6 ? [working(inside(level + 1))] : [])]);
      const page = await draw(aSnapshot({ rounds: [{ number: 1, messages: [working(inside(1))] }] }));
      expect(agentsOn(page)).toHaveLength(4);
      expect(page.match(/<p>level \d<\/p>/g)).toEqual(['<p>level 1</p>', '<p>level 2</p>', '<p>level 3</p>']);
      expect(textWithClass(page, 'left-out')[0]?.replace(/\s+/g, ' ')).toContain(
        '2 messages are left out here;',
      );
    });

    test('is bounded, however many agents one message set to work', async () => {
      const subAgent = agent(times(100, said('word '.repeat(200))));
      const parts = times(40, working(subAgent)).flatMap((message) => message.parts);
      const page = await draw(
        aSnapshot({ rounds: [{ number: 1, messages: [{ role: 'assistant', parts }] }] }),
      );
      expect(page.length).toBeLessThan(500_000);
      expect(agentsOn(page)).toHaveLength(40);
    });

    test('shows less of what its tools said, and leads to the rest', async () => {
      const output = 'line\n'.repeat(5_000);
      const inner: SnapshotMessage = {
        role: 'assistant',
        parts: [{ type: 'tool-call', name: 'Bash', input: {}, output, status: 'done' }],
      };
      const snapshot = aSnapshot({ rounds: [{ number: 1, messages: [working(agent([inner]))] }] });
      const page = await draw(snapshot);
      expect(rawTextWithClass(page, 'output').join('').length).toBeLessThan(5_000);
      const [long] = longTexts(snapshot);
      expect(page).toContain(`${long?.path}" download="output.txt"`);
    });

    test('tells one page from another by what the agent shows of a file', async () => {
      const image: SnapshotMessage = { role: 'assistant', parts: [{ type: 'image', file: 0, alt: '' }] };
      const rounds = toRounds([...times(3, said('x'.repeat(250_000), 'user')), working(agent([image]))]);
      const stateWith = async (path: string) => {
        const files = [{ ...aFile('x.png', 'image/png', 1), path }];
        const { pages } = await renderer.render(aSnapshot({ rounds, files }), place);
        return /data-state="(\w+)"/.exec([...pages.values()].at(-1)?.toString() ?? '')?.[1];
      };
      expect(await stateWith('files/00/x.png')).not.toBe(await stateWith('files/11/x.png'));
    });
  });

  describe('with sources', () => {
    test('lists them in order, with title and host, as links that tell nobody where they were followed', async () => {
      const page = await draw(aRichSnapshot());
      const [list] = elements(page).filter((element) => attribute(element, 'class') === 'sources');
      const items = within(list).filter(({ tagName }) => tagName === 'li');
      expect(items.map((item) => text(item).replace(/\s+/g, ' ').trim())).toEqual([
        'Ferry timetable 2025 ferry.example.org',
        'harbour.example.org',
        'إشعارات الميناء xn--mgbh0fb.example',
      ]);
      const links = within(list).filter(({ tagName }) => tagName === 'a');
      expect(attributes(links[0])).toEqual({
        href: 'https://ferry.example.org/timetable?year=2025',
        rel: 'noopener noreferrer nofollow ugc',
      });
      expect(passesPlainly(Buffer.from(page))).toBe(true);
    });

    test('is bounded, and says where the rest is', async () => {
      const round = aRound(1, 'Why?', 'So.');
      const sources = Array.from({ length: 5_000 }, (_, index) => ({
        title: '<b>'.repeat(1_000),
        url: `https://example.org/${index}`,
      }));
      round.messages[1]?.parts.push({ type: 'sources', sources });
      const page = await draw(aSnapshot({ rounds: [round] }));
      expect(page.length).toBeLessThan(200_000);
      expect(passesPlainly(Buffer.from(page))).toBe(true);
      expect(textWithClass(page, 'sources')[0]?.replace(/\s+/g, ' ')).toContain(
        '4900 more sources: see conversation.md',
      );
    });
  });

  test('shows a picture inline, in its size, as a link to the file below the path of the site', async () => {
    const page = await draw(aRichSnapshot());
    const alt = 'Daily units by store; Harbour has a gap in February';
    const [picture] = elements(page).filter((element) => attribute(element, 'alt') === alt);
    const address = '/repo/share/0123456789abcdefghjkmnpqrs/files/c0ffee00c0ffee00/charts/february%20dip.png';
    expect(attributes(picture)).toMatchObject({
      src: address,
      alt,
      width: '960',
      height: '420',
      loading: 'lazy',
    });
    const links = elements(page).filter((element) => attribute(element, 'href') === address);
    expect(links.map((link) => within(link).map(({ tagName }) => tagName))[0]).toEqual(['img']);
  });

  test('offers as a download what only claims to be a picture', async () => {
    const disguised = { ...aFile('x.png', 'image/png', 1), path: 'files/00/x.png.wasm' };
    const round = aRound(1, 'look', 'yes');
    round.messages[0]?.parts.push({ type: 'image', file: 0, alt: 'a picture?' });
    const page = await draw(aSnapshot({ rounds: [round], files: [disguised] }));
    expect(page).not.toContain('<img');
    expect(page).toContain(
      'href="/repo/share/0123456789abcdefghjkmnpqrs/files/00/x.png.wasm" download="x.png"',
    );
  });

  test('lists every file with type, size, short hash and a download under its own name, and all as a ZIP', async () => {
    const page = await draw(aRichSnapshot());
    const downloads = elements(page).filter((element) => attribute(element, 'class') === 'download');
    expect(downloads.map((element) => attribute(element, 'download'))).toEqual([
      'sales-2025.csv',
      'february dip.png',
      'analysis.ipynb',
      'a-very-long-name-without-any-space-that-still-has-to-fit-on-a-telephone-screen-of-320-pixels.pdf',
      'تقرير المبيعات.docx',
      'dashboard.html',
      'interview.mp3',
    ]);
    expect(textWithClass(page, 'files')[0]).toMatch(/sales-2025\.csv.*CSV.*48 kB.*c0ffee00/s);
    expect(textWithClass(page, 'download-all').map((each) => each.replace(/\s+/g, ' ').trim())).toEqual([
      'Download all 7 files (ZIP, 4.3 MB)',
    ]);
    expect(page).toContain(
      'href="/repo/share/0123456789abcdefghjkmnpqrs/zip/0123456789abcdef/Why%20do%20the%20sales%20fall.zip"',
    );
  });

  test('outlines a conversation of more than three rounds', async () => {
    const outline = (page: string) => elements(page).filter(({ tagName }) => tagName === 'nav');
    expect(outline(await draw(aLongSnapshot(3)))).toHaveLength(0);
    const [nav] = outline(await draw(aRichSnapshot()));
    expect(within(nav).flatMap((element) => attribute(element, 'href') ?? [])).toEqual([
      '#r1',
      '#r2',
      '#r3',
      '#r4',
      '#r5',
    ]);
    expect(text(nav)).toContain('Here are our daily sales. Every February the north-east');
  });

  test('gives every message, title and label its own direction', async () => {
    const page = await draw(aRichSnapshot());
    const prose = elements(page).filter((element) => attribute(element, 'class') === 'prose');
    expect(prose.length).toBeGreaterThan(10);
    expect(prose.every((element) => attribute(element, 'dir') === 'auto')).toBe(true);
    expect(page).toContain('<h1 dir="auto">');
  });

  test('has no file section, picture or ZIP where there are no files', async () => {
    const page = await draw(aSnapshot());
    expect(page).not.toContain('id="files"');
    expect(textWithClass(page, 'facts')[0]).toContain('no files');
  });

  test('never holds the id that the conversation has in the library', async () => {
    expect(await draw(aRichSnapshot())).not.toContain(place.conversation);
  });

  test('can be drawn of a conversation in which nothing has been said', async () => {
    expect(await draw(aSnapshot({ rounds: [] }))).toContain('Nothing has been said yet.');
  });
});

describe('what search engines, previews and referrers may know', () => {
  test('is nothing but that a conversation is shared', async () => {
    const page = await draw(aRichSnapshot());
    expect(metas(page)).toMatchObject({
      robots: 'noindex,nofollow,noarchive,nosnippet,noimageindex',
      referrer: 'no-referrer',
      'og:title': 'Shared conversation',
    });
    expect(Object.keys(metas(page)).filter((name) => name.startsWith('og:'))).toEqual([
      'og:title',
      'og:type',
    ]);
  });

  test('names the canonical link and the copies for machines', async () => {
    const links = elements(await draw(aSnapshot()))
      .filter(({ tagName }) => tagName === 'link')
      .map((element) => `${attribute(element, 'rel')} ${attribute(element, 'href')}`);
    expect(links).toContain('canonical https://you.example/repo/share/0123456789abcdefghjkmnpqrs');
    expect(links).toContain('alternate /repo/share/0123456789abcdefghjkmnpqrs/conversation.md');
    expect(links).toContain('alternate /repo/share/0123456789abcdefghjkmnpqrs/conversation.json');
  });
});

describe('what a page may do', () => {
  test('stands first in the head, and allows exactly the inline bytes', async () => {
    const page = await draw(aRichSnapshot());
    const [head] = elements(page).filter(({ tagName }) => tagName === 'head');
    const [first] = within(head);
    expect(attributes(first)).toEqual({
      'http-equiv': 'Content-Security-Policy',
      content: [
        "default-src 'none'",
        `style-src '${hashOf(inline(page, 'style'))}'`,
        `script-src '${hashOf(inline(page, 'script'))}'`,
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-src 'none'",
        "object-src 'none'",
      ].join('; '),
    });
  });

  test('is not widened by a title, a name or a tool that tries to be markup', async () => {
    const attack = `</title></style></script><script>alert(1)</script><img src=x onerror=alert(1)>"'><b>`;
    const file = { ...aFile('x.png', 'image/png', 1), name: attack, description: attack };
    const round = aRound(1, attack, attack);
    round.messages[1]?.parts.push(
      { type: 'tool-call', name: attack, input: { command: attack }, output: attack, status: 'failed' },
      {
        type: 'tool-call',
        name: 'Edit',
        input: { old_string: attack, new_string: attack, [attack]: [attack] },
        status: 'done',
      },
      { type: 'tool-call', name: 'Say', input: attack, output: attack, status: 'done' },
      { type: 'image', file: 0, alt: attack },
      { type: 'thinking', text: attack },
    );
    const rounds = [1, 2, 3, 4].map((number) => ({ ...round, number }));
    const page = await draw(aSnapshot({ title: attack, type: attack, rounds, files: [file] }));
    expect(textOf(page, 'title')).toEqual([attack]);
    expect(textOf(page, 'h1')).toEqual([attack]);
    expect(elements(page).filter(({ tagName }) => tagName === 'script')).toHaveLength(1);
    expect(
      elements(page).flatMap((element) =>
        Object.keys(attributes(element)).filter((name) => /^on/.test(name)),
      ),
    ).toEqual([]);
  });

  test('is refused by the gate when a fragment from the cache was planted', async () => {
    const planted: FragmentCache = {
      load: () => [
        { position: 1, validator: validatorOf('It is **4**.'), html: '<script>alert(1)</script>' },
      ],
      store: () => undefined,
    };
    const misled = await loadRenderer({ fragments: planted });
    const refusal = misled.render(aSnapshot(), place);
    await expect(refusal).rejects.toMatchObject({ code: 'gate_refused' });
    await expect(refusal).rejects.toBeInstanceOf(ShareError);
  });
});

describe('the same snapshot', () => {
  test('gives the same bytes, with and without cached fragments', async () => {
    const cached = await loadRenderer({ fragments: memory().cache });
    const pages = [
      await draw(aRichSnapshot()),
      await draw(aRichSnapshot()),
      (await cached.render(aRichSnapshot(), place)).pages.get('index.html')?.toString(),
      (await cached.render(aRichSnapshot(), place)).pages.get('index.html')?.toString(),
    ];
    expect(new Set(pages).size).toBe(1);
  });
});

describe('the fragment cache', () => {
  test('is filled by the first render, and not written by the second', async () => {
    const { cache, stores } = memory();
    const cached = await loadRenderer({ fragments: cache });
    await cached.render(aLongSnapshot(3), place);
    await cached.render(aLongSnapshot(3), place);
    expect(stores).toEqual([{ positions: [0, 1, 2, 3, 4, 5], count: 6 }]);
  });

  test('is given one fragment when one message changed, and one when one was added', async () => {
    const { cache, stores } = memory();
    const cached = await loadRenderer({ fragments: cache });
    const rounds = aLongSnapshot(3).rounds;
    await cached.render(aSnapshot({ rounds }), place);
    rounds[1]?.messages.splice(1, 1, ...aRound(2, '', 'A better answer.').messages.slice(1));
    const changed = await cached.render(aSnapshot({ rounds }), place);
    rounds[2]?.messages.push(...aRound(3, '', 'One more thing.').messages.slice(1));
    await cached.render(aSnapshot({ rounds }), place);
    expect(stores.slice(1)).toEqual([
      { positions: [3], count: 6 },
      { positions: [6], count: 7 },
    ]);
    expect(changed.pages.get('index.html')?.toString()).toContain('A better answer.');
  });

  test('drops what a shorter conversation no longer has', async () => {
    const { cache, stores } = memory();
    const cached = await loadRenderer({ fragments: cache });
    await cached.render(aLongSnapshot(3), place);
    await cached.render(aLongSnapshot(2), place);
    expect(stores[1]).toEqual({ positions: [], count: 4 });
  });

  test('holds what a sub-agent said, up to what has room on the page', async () => {
    const { cache, stores } = memory();
    const cached = await loadRenderer({ fragments: cache });
    const round = aRound(1, 'Go.', 'Gone.');
    const subAgent = { rounds: [aRound(1, 'task', 'x'.repeat(90_000)), aRound(2, 'y'.repeat(20_000), 'z')] };
    round.messages[1]?.parts.unshift({
      type: 'tool-call',
      name: 'Task',
      input: {},
      status: 'done',
      subAgent,
    });
    await cached.render(aSnapshot({ rounds: [round] }), place);
    await cached.render(aSnapshot({ rounds: [round] }), place);
    // 'Go.', 'task', 'x…', 'y…', 'Gone.'
    expect(stores).toEqual([{ positions: [0, 1, 2, 3, 4], count: 5 }]);
  });

  test('is not trusted where another renderer filled it', async () => {
    const { cache, fragments } = memory();
    fragments.push({ position: 1, validator: `${validatorOf('It is **4**.')}0`, html: '<p>It was 5.</p>' });
    const cached = await loadRenderer({ fragments: cache });
    const page = (await cached.render(aSnapshot(), place)).pages.get('index.html')?.toString();
    expect(page).toContain('<strong>4</strong>');
    expect(page).not.toContain('It was 5.');
  });
});

describe('the page for a link that leads nowhere', () => {
  test('is the same for every site, says why, and is not indexed', async () => {
    const page = await renderer.notFound(place.site);
    expect(await renderer.notFound(toSiteUrl('http://127.0.0.1:4321'))).toBe(page);
    expect(await (await loadRenderer()).notFound(place.site)).toBe(page);
    expect(page).toContain('its owner has removed it');
    expect(metas(page)).toMatchObject({ robots: expect.stringContaining('noindex') as string });
  });
});

describe('the bundle', () => {
  test('imports nothing but its own files and what is built into Node', async () => {
    const imported = new Set<string>();
    for (const file of await scripts()) {
      const code = await readFile(file, 'utf8');
      for (const [, name = ''] of code.matchAll(/^(?:import|export)\b[^'"\n]*["']([^"'\n]+)["'];?$/gm))
        imported.add(name);
    }
    const outside = [...imported].filter((name) => !name.startsWith('.'));
    expect(outside).not.toHaveLength(0);
    expect(outside.filter((name) => !builtinModules.includes(name.replace(/^node:/, '')))).toEqual([]);
  });

  test('draws the same page far from any node_modules', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'renderer-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await cp(bundle, folder, { recursive: true });
    const moved = await loadRenderer({ entry: pathToFileURL(join(folder, 'server/entry.mjs')) });
    expect(moved.version).toBe(renderer.version);
    expect((await moved.render(aRichSnapshot(), place)).pages.get('index.html')?.toString()).toBe(
      await draw(aRichSnapshot()),
    );
  });

  test('has a version that is hex, and does not know the folder it was built in', async () => {
    expect(renderer.version).toMatch(/^[0-9a-f]{32}$/);
    const root = new URL('../../src/', import.meta.url).pathname;
    for (const file of await scripts())
      expect((await readFile(file, 'utf8')).includes(`"${root}`)).toBe(false);
  });

  test('has another version when a source changes that decides a published byte, and only then', async () => {
    const root = await mkdtemp(join(tmpdir(), 'renderer-'));
    onTestFinished(() => rm(root, { recursive: true }));
    await cp(new URL('../../src/', import.meta.url), join(root, 'src'), { recursive: true });
    await cp(bundle, join(root, 'dist/renderer'), { recursive: true });
    const before = await versionAfter(root);
    expect(await versionAfter(root)).toBe(before);
    const versions = new Set([before]);
    const decisive = [
      'snapshot/redact.ts',
      'output/names.ts',
      'output/file-kinds.ts',
      'output/preview.ts',
      'output/zip.ts',
      'output/attachments.ts',
      'conversation/native.ts',
      'conversation/formats/claude-code.ts',
      'publish/prepare.ts',
    ];
    for (const name of decisive) {
      await appendFile(join(root, 'src', name), '// changed\n');
      versions.add(await versionAfter(root));
    }
    expect(versions.size).toBe(1 + decisive.length);
    await appendFile(join(root, 'src/watch/watcher.ts'), '// changed\n');
    expect(versions).toContain(await versionAfter(root));
    expect(before).toMatch(/^[0-9a-f]{32}$/);
  });

  test('that is not built is missed with the command that builds it', async () => {
    const entry = new URL('file:///nowhere/dist/renderer/server/entry.mjs');
    await expect(loadRenderer({ entry })).rejects.toMatchObject({
      code: 'renderer_missing',
      hint: 'Run `npm run build:renderer` once.',
    });
  });
});

test('a snapshot that points to a file it does not have is a bug, not a page', async () => {
  const round = aRound(1, 'look', 'yes');
  round.messages[0]?.parts.push({ type: 'file', file: 3 });
  await expect(draw(aSnapshot({ rounds: [round] }))).rejects.toThrow('The snapshot has no file 3.');
});

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

function withToolCall(call: Partial<ToolCall>): Snapshot {
  const round = aRound(1, 'run', 'done');
  round.messages[1]?.parts.push({ type: 'tool-call', name: 'Bash', input: {}, status: 'done', ...call });
  return aSnapshot({ rounds: [round] });
}

function memory() {
  const fragments: Fragment[] = [];
  const stores: { positions: number[]; count: number }[] = [];
  const cache: FragmentCache = {
    load: () => [...fragments],
    store: (_conversation, changed, count) => {
      stores.push({ positions: changed.map(({ position }) => position), count });
      for (const fragment of changed) fragments[fragment.position] = fragment;
      fragments.splice(count);
    },
  };
  return { cache, fragments, stores };
}

function validatorOf(markdown: string): string {
  return `${createHash('sha256').update(markdown).digest('hex').slice(0, 32)}:${renderer.version}`;
}

/** What the build's last step writes into `version`, run on a copy of sources and bundle. */
async function versionAfter(root: string): Promise<string> {
  const configuration = (await import(new URL('../../astro.config.mjs', import.meta.url).href)) as {
    default: AstroUserConfig;
  };
  const integrations = (configuration.default.integrations ?? []).flat() as AstroIntegration[];
  const hooks = integrations.find(({ name }) => name === 'versioned-bundle')?.hooks as
    Record<string, (options: { config?: { root: URL }; dir?: URL }) => unknown> | undefined;
  await hooks?.['astro:config:done']?.({ config: { root: pathToFileURL(`${root}/`) } });
  await hooks?.['astro:build:done']?.({ dir: pathToFileURL(join(root, 'dist/renderer/client/')) });
  return readFile(join(root, 'dist/renderer/version'), 'utf8');
}

async function scripts(): Promise<URL[]> {
  const names = await readdir(bundle, { recursive: true });
  return names.filter((name) => name.endsWith('.mjs')).map((name) => new URL(name, bundle));
}

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

function elements(html: string): Element[] {
  return within(parse(html));
}

/** Every element below a node, in document order. */
function within(node: Node | undefined): Element[] {
  if (!node || !('childNodes' in node)) return [];
  return node.childNodes.flatMap((child) => ('tagName' in child ? [child, ...within(child)] : []));
}

function attributes(element: Element | undefined): Record<string, string> {
  return Object.fromEntries((element?.attrs ?? []).map(({ name, value }) => [name, value]));
}

function attribute(element: Element, name: string): string | undefined {
  return attributes(element)[name];
}

function rawText(node: Node | undefined): string {
  if (!node) return '';
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(rawText).join('') : '';
}

function text(node: Node | undefined): string {
  return rawText(node).replace(/\s+/g, ' ').trim();
}

function textOf(html: string, tag: string): string[] {
  return elements(html)
    .filter(({ tagName }) => tagName === tag)
    .map(rawText);
}

function rawTextWithClass(html: string, name: string): string[] {
  return elements(html)
    .filter((element) => attribute(element, 'class')?.split(' ').includes(name))
    .map(rawText);
}

function textWithClass(html: string, name: string): string[] {
  return rawTextWithClass(html, name).map((each) => each.trim());
}

function metas(html: string): Record<string, string> {
  return Object.fromEntries(
    elements(html)
      .filter(({ tagName }) => tagName === 'meta')
      .map(attributes)
      .map(({ name, property, content }) => [name ?? property ?? '', content ?? '']),
  );
}

/** The bytes between the tags, as a browser hashes them. */
function inline(html: string, tag: 'style' | 'script'): string {
  const bytes = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(html)?.[1] ?? '';
  expect(bytes.length).toBeGreaterThan(500);
  return bytes;
}

function hashOf(bytes: string): string {
  return `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
}
