import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Part } from '../../../src/conversation/conversation.ts';
import { noAttachments } from '../../../src/conversation/formats/format.ts';
import { openWebUi } from '../../../src/conversation/formats/open-webui.ts';
import { damage, detect, options, shownBy, textsOf } from './reading.ts';

const file = readFileSync(new URL('../../fixtures/open-webui/chats.json', import.meta.url), 'utf8');
const [whole, linear, broken] = JSON.parse(file) as [{ chat: object }, object, object];

const read = async (value: unknown, more: object = {}) =>
  openWebUi.read(value, { ...options, ...more }, noAttachments);

type Said = Record<string, unknown> & { id: string; parentId?: string };

const tree = (messages: readonly Said[], currentId?: string) => ({
  id: 'x',
  chat: {
    title: 'T',
    history: {
      currentId,
      messages: Object.fromEntries(
        messages.map((message) => [message.id, { role: 'user', content: message.id, ...message }]),
      ),
    },
  },
});

async function answer(message: object): Promise<Part[]> {
  const { conversation } = await read(tree([{ id: 'a', role: 'assistant', content: '', ...message }]));
  return conversation.messages.flatMap(({ parts }) => parts);
}

describe('an export', () => {
  test('is read with thoughts, tools, files and sources, on the current branch', async () => {
    const { conversation } = await read(whole);
    expect(conversation.title).toBe('Paris');
    expect(conversation.messages.map(({ id, role, parts }) => [id, role, parts])).toEqual([
      [
        'q1',
        'user',
        [
          { type: 'text', text: 'Weather in Paris?' },
          { type: 'image', file: 'image-1.png' },
          { type: 'file', file: 'trip.pdf.txt' },
        ],
      ],
      [
        'a2',
        'assistant',
        [
          { type: 'thinking', text: 'Is 7 < 9?\nYes.' },
          {
            type: 'tool-call',
            name: 'get_weather',
            input: { city: 'Paris & more' },
            output: '18 °C, "rain"',
            status: 'done',
          },
          { type: 'text', text: 'It rains in Paris [\\[1\\]](https://example.org/paris).' },
          { type: 'sources', sources: [{ title: 'Weather of Paris', url: 'https://example.org/paris' }] },
        ],
      ],
      ['q2', 'user', [{ type: 'text', text: 'And 15 * 17?' }]],
      [
        'a3',
        'assistant',
        [
          { type: 'thinking', text: '15 * 17 = 150 + 105' },
          { type: 'tool-call', name: 'calculate', input: { of: '15 * 17' }, output: '255', status: 'done' },
          {
            type: 'tool-call',
            name: 'code_interpreter',
            input: 'print(15 * 17)',
            output: '255',
            status: 'done',
          },
          { type: 'text', text: 'It is 255.' },
        ],
      ],
    ]);
    expect([conversation.createdAt, conversation.updatedAt]).toEqual([
      '2026-02-02T02:40:00.000Z',
      '2026-02-02T02:40:20.000Z',
    ]);
  });

  test('tells what was left out, and why', async () => {
    expect((await read(whole)).losses).toEqual({
      hidden: { 'injected context': 1, 'other branch': 1 },
      unknown: {},
      malformedLines: [],
      branch: { taken: 2, of: 2 },
    });
  });

  test('shows nothing private', async () => {
    expect(shownBy(await read(whole))).not.toMatch(/canary/);
    expect(shownBy(await read(linear))).not.toMatch(/canary/);
  });

  test('keeps what describes the agent, and its settings, apart', async () => {
    const { agent, settings } = (await read(whole)).conversation;
    expect(agent).toEqual({
      tool: 'Open WebUI',
      sessionId: 'c0ffee00-3333-4444-8555-canary000004',
      model: 'canary-model-2',
      systemPrompt: 'canary-system',
    });
    expect(settings).toEqual({ temperature: 0.7 });
  });

  test('the answer of another model is read by the number of its branch', async () => {
    expect(textsOf((await read(whole, { branch: 1 })).conversation.messages)).toEqual([
      'Weather in Paris?',
      'canary-other',
    ]);
  });

  test('a chat that has only a list of messages is read in its order', async () => {
    const { conversation, losses } = await read(linear);
    expect(conversation.title).toBe('Hello');
    expect(conversation.messages.map(({ id, parts }) => [id, parts])).toEqual([
      ['u', [{ type: 'text', text: 'Hello' }]],
      [
        'message-3',
        [
          { type: 'thinking', text: 'A greeting.' },
          { type: 'text', text: 'Hi!' },
        ],
      ],
    ]);
    expect(losses.hidden).toEqual({ 'system message': 1 });
  });

  test('a chat alone, without its record, is read', async () => {
    expect((await read(whole.chat)).conversation.messages).toHaveLength(4);
  });

  test.each([
    ['a record without a chat', broken],
    ['null', null],
    ['an empty history', { chat: { history: { currentId: null, messages: {} } } }],
  ])('%s is refused', async (_name, value) => {
    await expect(read(value)).rejects.toMatchObject({ code: 'source_invalid' });
  });
});

describe('branches', () => {
  test('where the current message is not there, the one that was written last ends the branch', async () => {
    const chat = tree([{ id: 'a' }, { id: 'b', parentId: 'a' }, { id: 'c', parentId: 'a' }], 'gone');
    expect(textsOf((await read(chat)).conversation.messages)).toEqual(['a', 'c']);
  });

  test('messages of other roles, and empty ones, are counted', async () => {
    const { losses } = await read(
      tree([
        { id: 'a' },
        { id: 'b', parentId: 'a', role: 'critic' },
        { id: 'c', parentId: 'b', role: 'assistant', content: '' },
        {
          id: 'd',
          parentId: 'c',
          role: 'assistant',
          content: '',
          error: { content: 'canary: http://10.0.0.1' },
        },
      ]),
    );
    expect(losses.hidden).toEqual({ 'empty message': 1, 'notice of the program': 1 });
    expect(losses.unknown).toEqual({ 'message of critic': 1 });
  });
});

describe('HTML in an answer', () => {
  const html = (content: string) => answer({ content });

  test('a tool that is still at work is pending, and has no output', async () => {
    const content =
      '<details type="tool_calls" done="false" id="1" name="t" arguments="&quot;{\\&quot;a\\&quot;: 1}&quot;">\n<summary>Executing...</summary>\n</details>';
    expect(await html(content)).toEqual([
      { type: 'tool-call', name: 't', input: { a: 1 }, status: 'pending' },
    ]);
  });

  test('a result may stand inside of the element', async () => {
    const content =
      '<details type="tool_calls" done="true" name="t" arguments="{}">\n<summary>Tool Executed</summary>\na &lt;b&gt;\n</details>';
    expect(await html(content)).toEqual([
      { type: 'tool-call', name: 't', input: {}, output: 'a <b>', status: 'done' },
    ]);
  });

  test('a result that is no text stays as it was written', async () => {
    const content =
      '<details type="tool_calls" done="true" name="t" result="{&quot;a&quot;: [1]}"><summary>x</summary></details>';
    expect(await html(content)).toMatchObject([{ input: null, output: '{"a": [1]}' }]);
  });

  test('images of a result stand behind the call', async () => {
    const files =
      '[{&quot;type&quot;: &quot;image&quot;, &quot;url&quot;: &quot;data:image/png;base64,iVBORw==&quot;}]';
    expect(
      (
        await html(`<details type="tool_calls" name="t" result="&quot;&quot;" files="${files}"></details>`)
      )[1],
    ).toEqual({ type: 'image', file: 'image-1.png' });
  });

  test('code that was run is a tool call', async () => {
    const output =
      '{&quot;stdout&quot;: &quot;4\\n&quot;, &quot;stderr&quot;: &quot;&quot;, &quot;result&quot;: null}';
    const content = `So:\n<details type="code_interpreter" done="true" duration="1" output="${output}">\n<summary>Analyzed</summary>\n\`\`\`python\nprint(2 + 2)\n\`\`\`\n</details>\nIt is 4.`;
    expect(await html(content)).toEqual([
      { type: 'text', text: 'So:' },
      { type: 'tool-call', name: 'code_interpreter', input: 'print(2 + 2)', output: '4\n', status: 'done' },
      { type: 'text', text: 'It is 4.' },
    ]);
  });

  test('elements of the answer itself stay, also within thoughts', async () => {
    expect(await html('<details><summary>More</summary>text</details>')).toEqual([
      { type: 'text', text: '<details><summary>More</summary>text</details>' },
    ]);
    expect(
      await html('<details type="reasoning"><summary>x</summary>> a <details>b</details> c</details>d'),
    ).toEqual([
      { type: 'thinking', text: 'a <details>b</details> c' },
      { type: 'text', text: 'd' },
    ]);
  });

  test('what never ends goes to the end', async () => {
    expect(await html('a<details type="reasoning" done="false">\n<summary>Thinking…</summary>\nb')).toEqual([
      { type: 'text', text: 'a' },
      { type: 'thinking', text: 'b' },
    ]);
    expect(await html('<think>b')).toEqual([{ type: 'thinking', text: 'b' }]);
  });

  test('tags of thoughts that the program did not know are read, wherever the text stands', async () => {
    const text = '<think>hm</think>\n\nb';
    const shown = [
      { type: 'thinking', text: 'hm' },
      { type: 'text', text: 'b' },
    ];
    const output = [{ type: 'message', content: [{ type: 'output_text', text }] }];
    for (const message of [{ content: text }, { content: [{ type: 'text', text }] }, { output }])
      expect(await answer(message)).toEqual(shown);
  });

  test.each([
    '<details type="reasoning"><summary>x</summary>mine</details>',
    '<think>mine</think>',
    [{ type: 'text', text: '<think>mine</think>' }],
  ])('what the person wrote is not touched: %j', async (content) => {
    const { conversation } = await read(tree([{ id: 'a', content }]));
    expect(textsOf(conversation.messages)).toEqual([
      typeof content === 'string' ? content : content[0]?.text,
    ]);
  });

  test('many elements that never end are read in time', async () => {
    const parts = await html(`${'<details type="x" '.repeat(20_000)}${'<details type="x">'.repeat(20_000)}`);
    expect(parts).toHaveLength(1);
  });
});

describe('output items', () => {
  const output = (...items: object[]) => answer({ content: 'old', output: items });

  test('a call without an output is pending, and one that failed is failed', async () => {
    expect(
      await output(
        { type: 'function_call', call_id: '1', name: 'a', arguments: 'no JSON' },
        { type: 'function_call', call_id: '2', name: 'b', arguments: { x: 1 } },
        { type: 'function_call_output', call_id: '2', output: 'no', status: 'failed' },
        { type: 'web_search_call', action: { query: 'q' }, status: 'completed' },
        { type: 'open_webui:code_interpreter', code: 'x', status: 'in_progress' },
      ),
    ).toEqual([
      { type: 'tool-call', name: 'a', input: 'no JSON', status: 'pending' },
      { type: 'tool-call', name: 'b', input: { x: 1 }, output: 'no', status: 'failed' },
      { type: 'tool-call', name: 'web_search', input: { query: 'q' }, status: 'done' },
      { type: 'tool-call', name: 'code_interpreter', input: 'x', status: 'pending' },
    ]);
  });

  test('files and images of an output stand behind the call', async () => {
    const url = 'data:image/png;base64,iVBORw==';
    const parts = await output(
      { type: 'function_call', call_id: '1', name: 'a', arguments: '{}' },
      {
        type: 'function_call_output',
        call_id: '1',
        output: [
          { type: 'input_text', text: 'see' },
          { type: 'input_image', image_url: url },
        ],
        files: [{ type: 'image', url: '/api/v1/files/canary/content' }],
      },
    );
    expect(parts.slice(1)).toEqual([
      { type: 'image', file: 'image-1.png' },
      { type: 'text', text: '*[image not in the export]*' },
    ]);
  });

  test('encrypted thoughts and unknown items are counted; the text stands where nothing is left', async () => {
    const { conversation, losses } = await read(
      tree([
        {
          id: 'a',
          role: 'assistant',
          content: 'words',
          output: [{ type: 'reasoning', encrypted_content: 'canary' }, { type: 'hologram' }],
        },
      ]),
    );
    expect(textsOf(conversation.messages)).toEqual(['words']);
    expect(losses.hidden).toEqual({ 'encrypted reasoning': 1 });
    expect(losses.unknown).toEqual({ 'output hologram': 1 });
  });

  test('the summary of thoughts goes before the thoughts', async () => {
    expect(
      await output({ type: 'reasoning', summary: [{ text: 'short' }], content: [{ text: 'long' }] }),
    ).toEqual([{ type: 'thinking', text: 'short' }]);
  });
});

describe('files and sources', () => {
  const filesOf = async (...files: object[]) =>
    (await read(tree([{ id: 'a', files }]))).conversation.messages[0]?.parts.slice(1);

  test.each([
    [{ type: 'image', url: 'canary-id' }, '*[image not in the export]*'],
    [{ type: 'file', name: 'a.zip', file: { data: {} } }, '*[file not in the export: `a.zip`]*'],
    [
      { type: 'file', name: 'a.png', file: { meta: { content_type: 'image/png' } } },
      '*[image not in the export: `a.png`]*',
    ],
  ])('%j leaves the note %s', async (record, note) => {
    expect(await filesOf(record)).toEqual([{ type: 'text', text: note }]);
  });

  test('knowledge and other chats that were given to the model are not shown', async () => {
    expect(
      await filesOf({ type: 'collection', name: 'canary' }, { type: 'chat', content: 'canary' }),
    ).toEqual([]);
  });

  test('an image in the text becomes a file, once', async () => {
    const image = '![a](data:image/png;base64,iVBORw==)';
    expect(
      await answer({ content: `one ${image} two ${image} three ![b](https://example.org/b.png)` }),
    ).toEqual([
      { type: 'text', text: 'one ' },
      { type: 'image', file: 'image-1.png' },
      { type: 'text', text: ' two ' },
      { type: 'image', file: 'image-1.png' },
      { type: 'text', text: ' three ![b](https://example.org/b.png)' },
    ]);
  });

  test('content may be a list of texts and images', async () => {
    const content = [
      { type: 'text', text: 'see' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw==' } },
    ];
    expect(await answer({ content })).toEqual([
      { type: 'text', text: 'see' },
      { type: 'image', file: 'image-1.png' },
    ]);
  });

  test('numbers in brackets lead to the sources, and not those of code', async () => {
    const sources = [
      {
        source: { name: 'file.pdf', id: 'f' },
        document: ['x', 'y'],
        metadata: [{ source: 'f' }, { source: 'f' }],
      },
      { source: { name: 'https://b.example' }, document: ['x'] },
    ];
    const parts = await answer({ content: 'a [1] b [1, 2] c a[2] `x [2]` [2](x) [9]', sources });
    expect(parts).toEqual([
      { type: 'text', text: 'a [1] b [1] [\\[2\\]](https://b.example) c a[2] `x [2]` [2](x) [9]' },
      { type: 'sources', sources: [{ url: 'https://b.example' }] },
    ]);
  });

  test('code that an older version ran is a tool call', async () => {
    const executions = [
      {
        id: 'canary',
        name: 'x',
        code: 'print(1)',
        result: { output: '1', files: [{ name: 'a.png', url: '/canary' }] },
      },
      { code: 'boom', result: { error: 'failed' } },
      { code: 'wait' },
    ];
    expect((await answer({ content: 'x', code_executions: executions })).slice(1)).toEqual([
      { type: 'tool-call', name: 'code_interpreter', input: 'print(1)', output: '1', status: 'done' },
      { type: 'tool-call', name: 'code_interpreter', input: 'boom', output: 'failed', status: 'failed' },
      { type: 'tool-call', name: 'code_interpreter', input: 'wait', status: 'pending' },
    ]);
  });
});

test('damaged exports are read or refused, and show no private field', async () => {
  // The list stands in for the tree where the tree is damaged, and the text for the items of an answer.
  await damage(file, (value) => read(value), /other|list|details|name|knowledge|system/);
});

describe('recognising the format', () => {
  test('an export is one, and so is one chat', () => {
    expect(detect(openWebUi, [], JSON.parse(file))).toMatchObject({ many: true });
    expect(detect(openWebUi, [], [linear])).toMatchObject({ many: true });
    expect(detect(openWebUi, [], whole)).toEqual({ why: expect.any(String) as string });
    expect(detect(openWebUi, [], whole.chat)).toBeDefined();
  });

  test.each([
    ['nothing', undefined],
    ['messages', { messages: [{ role: 'user', content: 'x' }] }],
    ['a chat with a name', [{ chat: 'x', history: [] }]],
    ['ChatGPT', [{ mapping: {}, current_node: 'x', create_time: 1 }]],
    ['Claude.ai', [{ uuid: 'x', chat_messages: [{ sender: 'human', text: 'x' }] }]],
    ['LibreChat', { conversationId: 'x', messages: [{ messageId: 'y' }], recursive: false }],
    ['chatbot-ui', { version: 4, history: [{ messages: [] }], folders: [] }],
    ['another history', { history: { messages: { a: { text: 'x' } } } }],
  ])('%s is not', (_name, document) => {
    expect(detect(openWebUi, [], document)).toBeUndefined();
  });
});
