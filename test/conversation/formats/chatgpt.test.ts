import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Reading } from '../../../src/conversation/conversation.ts';
import { chatGpt } from '../../../src/conversation/formats/chatgpt.ts';
import { noAttachments, type Attachments } from '../../../src/conversation/formats/format.ts';
import { beside, damage, detect, options, shownBy, textsOf } from './reading.ts';

const file = readFileSync(new URL('../../fixtures/chatgpt/conversations.json', import.meta.url), 'utf8');
const [whole, lost] = JSON.parse(file) as [object, object];

const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 1]);
const webp = new TextEncoder().encode('RIFF----WEBPVP8 ');

/** As in an export of 2026, and as in one of 2024. */
const exported = {
  'conversation_asset_file_names.json': JSON.stringify({
    'file_00000000aa11bb22cc33dd44ee55ff66.dat': 'IMG_0001.HEIC',
    'file-P1otOfTowersByHeight22xx.dat': 'plots/heights.png',
  }),
  'user-canary/file_00000000aa11bb22cc33dd44ee55ff66.dat': png,
  'file-H3ightsTab1eOfTowers4you.dat': 'tower,height\nEiffel,330\n',
  'file-P1otOfTowersByHeight22xx.dat': png,
  'dalle-generations/file-Drawn0fTheTower1234567x-canary.webp': webp,
  'file-Drawn0fTheTower1234567xy-other.webp': webp,
};

const read = async (value: unknown, more: object = {}, attachments: Attachments = noAttachments) =>
  chatGpt.read(value, { ...options, ...more }, attachments);

interface Said {
  role?: string;
  content?: unknown;
  recipient?: string;
  name?: string;
  channel?: string;
  metadata?: object;
  parent?: string | null;
}

/** A conversation of these messages, each of which follows the one before it unless it says otherwise. */
function conversation(messages: Readonly<Record<string, Said>>, more: object = {}) {
  let before: string | null = null;
  const mapping: Record<string, unknown> = {};
  for (const [id, said] of Object.entries(messages)) {
    const { role = 'assistant', name = null, content, parent = before, ...rest } = said;
    mapping[id] = {
      id,
      parent,
      children: [],
      message: {
        author: { role, name },
        content: asContent(content),
        metadata: {},
        recipient: 'all',
        ...rest,
      },
    };
    before = id;
  }
  return { title: 'T', create_time: 1, mapping, current_node: before, ...more };
}

function asContent(content: unknown): unknown {
  return typeof content === 'string' ? { content_type: 'text', parts: [content] } : content;
}

const answer = async (content: unknown, more: Said = {}, attachments?: Attachments) => {
  const reading = await read(conversation({ a: { content, ...more } }), {}, attachments);
  return { parts: reading.conversation.messages[0]?.parts, losses: reading.losses };
};

describe('an export', () => {
  test('is read with thoughts, tools, images, files and sources, in order', async () => {
    const { conversation } = await read(whole, {}, beside(exported));
    expect(conversation.title).toBe('Height of a tower');
    expect(conversation.messages.map(({ id, role, parts }) => [id, role, parts])).toEqual([
      [
        'question-again',
        'user',
        [
          { type: 'image', file: 'tower.png' },
          { type: 'text', text: 'How tall is the tower in the picture, and how tall in feet?' },
          { type: 'file', file: 'heights.csv' },
        ],
      ],
      [
        'thoughts',
        'assistant',
        [{ type: 'thinking', text: '**Looking at the picture**\n\nIt looks like the Eiffel Tower.' }],
      ],
      [
        'search',
        'assistant',
        [
          {
            type: 'tool-call',
            name: 'web.run',
            input: { search_query: [{ q: 'height Eiffel Tower' }] },
            output: 'The Eiffel Tower\nhttps://www.toureiffel.paris/en',
            status: 'done',
          },
        ],
      ],
      [
        'code',
        'assistant',
        [
          {
            type: 'tool-call',
            name: 'python',
            input: 'print(round(330 / 0.3048))',
            output: '1083',
            status: 'done',
          },
          { type: 'image', file: 'heights.png' },
        ],
      ],
      ['recap', 'assistant', [{ type: 'thinking', text: 'Thought for 12 seconds' }]],
      [
        'answer',
        'assistant',
        [
          { type: 'text', text: 'It is the Eiffel Tower: 330 m, or 1083 ft.' },
          {
            type: 'sources',
            sources: [
              { title: 'The Eiffel Tower', url: 'https://www.toureiffel.paris/en' },
              { title: 'Heights of towers', url: 'https://example.org/heights' },
              { title: 'More heights', url: 'https://example.org/more' },
            ],
          },
        ],
      ],
      ['thanks', 'user', [{ type: 'text', text: 'Draw it.' }]],
      [
        'draw',
        'assistant',
        [
          {
            type: 'tool-call',
            name: 'dalle.text2im',
            input: { prompt: 'a tower', size: '1024x1024' },
            output: '',
            status: 'done',
          },
          { type: 'image', file: 'image-1.webp' },
        ],
      ],
    ]);
    expect(conversation.files.map(({ name, mediaType }) => [name, mediaType])).toEqual([
      ['tower.png', 'image/png'],
      ['heights.csv', 'text/csv'],
      ['heights.png', 'image/png'],
      ['image-1.webp', 'image/webp'],
    ]);
    expect(conversation.createdAt).toBe('2025-10-09T08:53:30.250Z');
    expect(conversation.updatedAt).toBe('2025-10-09T08:53:51.250Z');
  });

  test('tells what was left out, and why', async () => {
    const { losses } = await read(whole, {}, beside(exported));
    expect(losses).toEqual({
      hidden: {
        bookkeeping: 1,
        'system message': 1,
        'custom instructions': 1,
        memory: 2,
        'injected context': 1,
        'empty message': 1,
        'other branch': 2,
      },
      unknown: {},
      malformedLines: [],
      branch: { taken: 2, of: 2 },
    });
  });

  test('shows nothing private, nor the folder of an account', async () => {
    const reading = await read(whole, {}, beside(exported));
    expect(shownBy(reading)).not.toMatch(/canary/);
  });

  test('keeps what describes the agent apart', async () => {
    const { conversation } = await read(whole);
    expect(conversation.agent).toEqual({
      tool: 'ChatGPT',
      sessionId: 'c0ffee00-1111-4222-8333-canary000001',
      model: 'canary-model',
      customGpt: 'g-canary-gizmo',
    });
  });

  test('another branch is read by its number', async () => {
    const { conversation, losses } = await read(whole, { branch: 1 });
    expect(textsOf(conversation.messages)).toEqual(['canary-abandoned question', 'canary-abandoned answer']);
    expect(losses.branch).toEqual({ taken: 1, of: 2 });
    await expect(read(whole, { branch: 3 })).rejects.toThrow('There is no branch 3');
  });

  test('files that it does not hold leave a note, and are counted', async () => {
    const { conversation, losses } = await read(whole);
    expect(conversation.messages[0]?.parts).toEqual([
      { type: 'text', text: '*[image not in the export: `tower.heic`]*' },
      { type: 'text', text: 'How tall is the tower in the picture, and how tall in feet?' },
      { type: 'text', text: '*[file not in the export: `heights.csv`]*' },
    ]);
    expect(losses.unknown).toEqual({ 'image not in the export': 3, 'file not in the export': 1 });
  });

  test.each([
    ['an entry that the export lost', lost],
    ['null', null],
    ['a text', 'x'],
    ['an empty mapping', { mapping: {} }],
    ['only a system message', conversation({ a: { role: 'system', content: 'x' } })],
  ])('%s is refused', async (_name, value) => {
    await expect(read(value)).rejects.toMatchObject({ code: 'source_invalid' });
  });
});

describe('branches', () => {
  test('an answer that was tried again is a branch; what nobody sees is none', async () => {
    const tried = conversation(
      {
        system: { role: 'system', content: 'hidden' },
        hello: { role: 'user', content: 'hello' },
        context: { role: 'user', content: 'x', metadata: { is_visually_hidden_from_conversation: true } },
        first: { content: 'first', parent: 'hello' },
        empty: { content: '', parent: 'hello' },
        hidden: { role: 'system', content: 'again', parent: 'hello' },
        second: { content: 'second', parent: 'hidden' },
      },
      { current_node: 'first' },
    );
    const { conversation: read1, losses } = await read(tried);
    expect(textsOf(read1.messages)).toEqual(['hello', 'first']);
    expect(losses.branch).toEqual({ taken: 1, of: 2 });
    const { conversation: read2 } = await read(tried, { branch: 2 });
    expect(textsOf(read2.messages)).toEqual(['hello', 'second']);
  });

  test.each([
    ['a hidden node', 'tail'],
    ['a node that is not there', 'gone'],
    ['nothing', undefined],
  ])(
    'where the current node is %s, the words before it or the last are shown',
    async (_name, current_node) => {
      const { conversation: shown } = await read(
        conversation(
          { a: { role: 'user', content: 'a' }, b: { content: 'b' }, tail: { role: 'system', content: 'x' } },
          { current_node },
        ),
      );
      expect(textsOf(shown.messages)).toEqual(['a', 'b']);
    },
  );

  test('a circle of parents ends', async () => {
    const circle = conversation({
      a: { content: 'a', parent: 'c' },
      b: { content: 'b' },
      c: { content: 'c' },
    });
    expect(textsOf((await read(circle)).conversation.messages)).toEqual(['a', 'b', 'c']);
  });

  test('a conversation of 20,000 messages is read', async () => {
    const long = conversation(
      Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`m${n}`, { content: `${n}` }])),
    );
    expect((await read(long)).conversation.messages).toHaveLength(20_000);
  });
});

describe('tools', () => {
  const call = (recipient: string, text: string): Said => ({
    recipient,
    content: { content_type: 'code', language: 'unknown', text },
  });
  const gave = (name: string, content: unknown, metadata = {}): Said => ({
    role: 'tool',
    name,
    content,
    metadata,
  });
  const callsOf = ({ conversation: { messages } }: Reading) =>
    messages.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'tool-call' ? [part] : [])));

  test('calls that are made together get their own answers; a further answer adds to the last', async () => {
    const calls = callsOf(
      await read(
        conversation({
          a: call('browser', 'search("one")'),
          b: call('browser', 'search("two")'),
          c: gave('browser', { content_type: 'tether_browsing_display', result: 'first' }),
          d: gave('browser', { content_type: 'tether_browsing_display', result: '', summary: 'second' }),
          e: gave('browser', {
            content_type: 'tether_quote',
            url: 'https://x.example',
            title: 'X',
            text: 'third',
          }),
        }),
      ),
    );
    expect(calls).toEqual([
      { type: 'tool-call', name: 'browser', input: 'search("one")', output: 'first', status: 'done' },
      {
        type: 'tool-call',
        name: 'browser',
        input: 'search("two")',
        output: 'second\n\nX\nhttps://x.example\nthird',
        status: 'done',
      },
    ]);
  });

  test('a tool that the program set to work stands where it answered, in its own turn', async () => {
    const reading = await read(
      conversation({
        a: { role: 'user', content: 'one' },
        b: call('file_search.msearch', '{}'),
        c: gave('file_search', 'found'),
        d: { role: 'user', content: 'two' },
        e: gave('file_search', { content_type: 'sonic_webpage', title: 'T', url: 'u', text: 'page' }),
      }),
    );
    expect(reading.conversation.messages.map(({ id }) => id)).toEqual(['a', 'b', 'd', 'e']);
    expect(callsOf(reading).map(({ input, output }) => [input, output])).toEqual([
      [{}, 'found'],
      [null, 'T\nu\npage'],
    ]);
  });

  test.each([
    [
      'an error of the system',
      { content_type: 'system_error', name: 'Timeout', text: 'too slow' },
      {},
      'Timeout: too slow',
    ],
    [
      'code that failed',
      { content_type: 'execution_output', text: 'NameError' },
      { aggregate_result: { status: 'failed_with_in_kernel_exception' } },
      'NameError',
    ],
  ])('%s is a failed call', async (_name, content, metadata, output) => {
    const [failed] = callsOf(
      await read(conversation({ a: call('python', 'x'), b: gave('python', content, metadata) })),
    );
    expect(failed).toMatchObject({ status: 'failed', output });
  });

  test('a call is pending at the end, and done without an answer when the assistant went on', async () => {
    const messages = { a: call('python', '1'), b: call('canmore.create_textdoc', '{"name":"draft"}') };
    expect(callsOf(await read(conversation(messages))).map(({ status }) => status)).toEqual([
      'pending',
      'pending',
    ]);
    const after = callsOf(await read(conversation({ ...messages, c: { content: 'so' } })));
    expect(after.map(({ status }) => status)).toEqual(['done', 'done']);
    expect(after[0]).not.toHaveProperty('output');
  });

  test('a picture of a computer at work is an image of the call', async () => {
    const { conversation: shown } = await read(
      conversation({
        a: call('computer.do', '{"action":"click"}'),
        b: gave('computer.do', {
          content_type: 'computer_output',
          screenshot: {
            content_type: 'image_asset_pointer',
            asset_pointer: 'sediment://file_0123456789abcdef',
          },
          state: { title: 'canary' },
        }),
      }),
      {},
      beside({ 'file_0123456789abcdef.dat': png }),
    );
    expect(shown.messages[0]?.parts[1]).toEqual({ type: 'image', file: 'image-1.png' });
  });

  test('code is kept as it is, also where it could be JSON', async () => {
    const calls = callsOf(await read(conversation({ a: call('python', '[1, 2]'), b: call('x', '3') })));
    expect(calls.map(({ input }) => input)).toEqual(['[1, 2]', '3']);
  });
});

describe('content', () => {
  test('the words of a voice chat are shown; the voice is not', async () => {
    const { parts, losses } = await answer({
      content_type: 'multimodal_text',
      parts: [
        { content_type: 'audio_transcription', text: 'Good morning', direction: 'out' },
        { content_type: 'audio_asset_pointer', asset_pointer: 'sediment://file_0123456789abcdef' },
        {
          content_type: 'real_time_user_audio_video_asset_pointer',
          frames_asset_pointers: ['sediment://file_0123456789abcdef'],
        },
      ],
    });
    expect(parts).toEqual([{ type: 'text', text: 'Good morning' }]);
    expect(losses.hidden).toEqual({ 'voice recording': 2 });
  });

  test.each([
    ['analysis', [{ type: 'thinking', text: 'hm' }]],
    ['commentary', [{ type: 'text', text: 'hm' }]],
  ])('text in the channel %s is %j', async (channel, expected) => {
    expect((await answer('hm', { channel })).parts).toEqual(expected);
  });

  test('code that is said to the person is a block of code, whatever it holds', async () => {
    const { parts } = await answer({ content_type: 'code', language: 'js', text: 'a = `${b}`\n```' });
    expect(parts).toEqual([{ type: 'text', text: '````js\na = `${b}`\n```\n````' }]);
  });

  test('content of an unknown type is counted and not shown: it may be a new kind of profile', async () => {
    const { conversation: shown, losses } = await read(
      conversation({
        a: { content: { content_type: 'new_editable_context', parts: ['canary'], text: 'canary' } },
        b: { content: { content_type: 'new_editable_context', text: 'canary' }, recipient: 'python' },
        c: { content: { content_type: 'multimodal_text', parts: [{ content_type: 'hologram' }, 7, null] } },
        d: { role: 'critic', content: 'canary' },
        e: { content: null },
        f: { content: 'so' },
      }),
    );
    expect(textsOf(shown.messages)).toEqual(['so']);
    expect(losses.unknown).toEqual({
      'content new_editable_context': 2,
      'part hologram': 1,
      'part number': 1,
      'message of critic': 1,
      'content none': 1,
    });
  });

  test('a profile, instructions and memories are hidden by their kind, also where no mark hides them', async () => {
    const { conversation: shown, losses } = await read(
      conversation({
        a: { role: 'user', content: { content_type: 'user_editable_context', user_profile: 'canary' } },
        b: { content: { content_type: 'model_editable_context', model_set_context: 'canary' } },
        c: { role: 'user', content: 'canary', metadata: { is_user_system_message: true } },
        d: { role: 'developer', content: 'canary' },
        e: { content: 'so' },
      }),
    );
    expect(textsOf(shown.messages)).toEqual(['so']);
    expect(losses.hidden).toEqual({ 'custom instructions': 2, memory: 1, 'system message': 1 });
  });

  test.each([
    ['words \ue200cite\ue202turn0search0\ue202turn1view2\ue201.', 'words.'],
    ['a \ue200filecite\ue202turn0file0\ue202L8-L13\ue201 b', 'a b'],
    ['see \ue200url\ue202the page\ue202https://example.org/a\ue201', 'see [the page](https://example.org/a)'],
    ['see \ue200url\ue202the page\ue202turn0search1\ue201', 'see the page'],
    ['by \ue200entity\ue202["company","Moto \\"M\\"","phones"]\ue201', 'by Moto "M"'],
    ['\ue203marked\ue204 \ue202', 'marked '],
    ['cut \ue200cite\ue202turn0sea and more', 'cut and more'],
    ['old 【4†source】【12:3†a file.pdf】 style', 'old style'],
    ['older:contentReference[oaicite:1]{index=1}.', 'older.'],
    ['a list 【see below】', 'a list 【see below】'],
    [':::writing{variant="email" id="1"}\nDear\n:::\nSo.', 'Dear\n\nSo.'],
    ['::: no block', '::: no block'],
  ])('the citation marks of %j are taken out', async (text, expected) => {
    expect((await answer(text)).parts).toEqual([{ type: 'text', text: expected }]);
  });

  test('what the person wrote is not touched', async () => {
    const own = 'what does 【4†source】 mean';
    expect((await answer(own, { role: 'user' })).parts).toEqual([{ type: 'text', text: own }]);
  });

  test('many marks that never end are read in time', async () => {
    const { parts } = await answer(
      `${'\ue200cite\ue202'.repeat(50_000)}${' 【1†'.repeat(50_000)}${'`'.repeat(50_000)}`,
    );
    expect(parts).toHaveLength(1);
  });
});

describe('attachments', () => {
  const named = (name: string, id = 'file-Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8') => ({
    role: 'user',
    content: 'look',
    metadata: { attachments: [{ id, name, mimeType: 'application/pdf' }] },
  });

  test.each([
    ['an export of 2023', 'file-Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8-report.pdf'],
    ['a folder of the account', 'user-canary/file-Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8-report.pdf'],
    ['an export of 2026', 'file-Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8.dat'],
  ])('are found in %s, under the name that the person gave', async (_name, path) => {
    const { conversation: shown } = await read(
      conversation({ a: named('report.pdf') }),
      {},
      beside({ [path]: '%PDF-' }),
    );
    expect(shown.messages[0]?.parts[1]).toEqual({ type: 'file', file: 'report.pdf' });
    expect(shown.files).toEqual([
      {
        name: 'report.pdf',
        mediaType: 'application/pdf',
        content: { bytes: new TextEncoder().encode('%PDF-') },
      },
    ]);
  });

  test('two of one name are two files, and one that is shown twice is one', async () => {
    const other = 'file-Zz1Yy2Xx3Ww4Vv5Uu6Tt7Ss8';
    const { conversation: shown } = await read(
      conversation({ a: named('a.pdf'), b: named('a.pdf', other), c: named('a.pdf') }),
      {},
      beside({ 'file-Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8.dat': '1', [`${other}.dat`]: '2' }),
    );
    expect(shown.files.map(({ name }) => name)).toEqual(['a.pdf', 'a-2.pdf']);
    expect(shown.messages.map(({ parts }) => parts[1])).toEqual([
      { type: 'file', file: 'a.pdf' },
      { type: 'file', file: 'a-2.pdf' },
      { type: 'file', file: 'a.pdf' },
    ]);
  });

  test('an image is one by its bytes and not by its name', async () => {
    const { conversation: shown } = await read(
      conversation({
        a: {
          role: 'user',
          content: {
            content_type: 'multimodal_text',
            parts: [
              {
                content_type: 'image_asset_pointer',
                asset_pointer: 'file-service://file-Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8',
              },
            ],
          },
        },
      }),
      {},
      beside({ 'file-Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8-x.png': '<html>' }),
    );
    expect(shown.messages[0]?.parts).toEqual([{ type: 'file', file: 'attachment.png' }]);
  });
});

test('damaged exports are read or refused, and show no private field', async () => {
  const attachments = beside(exported);
  await damage(file, (value) => read(value, {}, attachments), /abandoned|system|memory|context|lost/);
});

describe('recognising the format', () => {
  test('an export is one, whatever stands at its head', () => {
    expect(detect(chatGpt, [], JSON.parse(file))).toMatchObject({ many: true });
    expect(detect(chatGpt, [], [null, lost, whole])).toMatchObject({ many: true });
    expect(detect(chatGpt, [], whole)).toEqual({ why: expect.any(String) as string });
  });

  test.each([
    ['nothing', undefined],
    ['a list of nothing', [null, 1]],
    ['Claude.ai', [{ uuid: 'x', name: 'y', chat_messages: [{ sender: 'human', text: 'x' }] }]],
    ['Open WebUI', [{ id: 'x', chat: { history: { currentId: 'x', messages: {} } } }]],
    ['LibreChat', { conversationId: 'x', messages: [{ messageId: 'y' }], recursive: false }],
    ['ShareGPT', [{ id: 'x', conversations: [{ from: 'human', value: 'x' }] }]],
    ['a mapping of something else', { mapping: { a: 1 }, create_time: 1 }],
  ])('%s is not', (_name, document) => {
    expect(detect(chatGpt, [], document)).toBeUndefined();
  });
});
