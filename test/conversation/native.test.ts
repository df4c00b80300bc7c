import { describe, expect, test } from 'vitest';
import type { ConversationFile, Reading } from '../../src/conversation/conversation.ts';
import { nativeJsonSchema, parseNative, toReading } from '../../src/conversation/native.ts';
import { ShareError } from '../../src/errors.ts';

const minimal = { id: 'a', title: 'A', messages: [{ id: 'm1', role: 'user', content: 'Hello' }] };

const withContent = (content: unknown) => ({ ...minimal, messages: [{ id: 'm1', role: 'user', content }] });

function read(value: unknown, files: ConversationFile[] = []): Reading {
  const options = { path: '/c/conversation.json', fallbackTime: '2026-01-01T00:00:00.000Z' };
  return toReading(parseNative(value, options.path), files, options);
}

function refusal(value: unknown, files: ConversationFile[] = []): string {
  try {
    read(value, files);
  } catch (error) {
    if (error instanceof ShareError && error.code === 'source_invalid') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

const file = (name: string): ConversationFile => ({ name, content: { path: `/c/files/${name}` } });

describe('the native format', () => {
  test('keeps every field of a conversation', () => {
    const parts = [
      { type: 'text', text: 'Look:' },
      { type: 'thinking', text: 'Hm.' },
      { type: 'tool-call', name: 'Bash', input: { command: ['ls'] }, output: 'a\nb', status: 'failed' },
      { type: 'image', file: 'plots/a.png', alt: 'A plot' },
      { type: 'file', file: 'a.csv' },
      { type: 'sources', sources: [{ title: 'Tides', url: 'https://example.org/tides' }, { url: 'ftp:x' }] },
    ];
    const reading = read(
      {
        version: 1,
        id: 'a',
        title: 'Title',
        type: 'support ticket',
        createdAt: '2026-11-22T10:00:00Z',
        updatedAt: '2026-11-22T12:30:00+02:00',
        owner: { id: 'o', name: 'Name', email: 'o@example.org' },
        agent: { model: 'x', parameters: [1] },
        settings: { dark: true },
        messages: [
          { id: 'm1', role: 'system', content: 'Be kind.' },
          { id: 'm2', role: 'assistant', createdAt: '2026-11-22T10:01:00.5Z', content: parts },
        ],
      },
      [file('a.csv'), file('plots/a.png')],
    );
    expect(reading).toEqual({
      conversation: {
        title: 'Title',
        type: 'support ticket',
        createdAt: '2026-11-22T10:00:00.000Z',
        updatedAt: '2026-11-22T10:30:00.000Z',
        owner: { id: 'o', name: 'Name', email: 'o@example.org' },
        agent: { model: 'x', parameters: [1] },
        settings: { dark: true },
        messages: [
          { id: 'm1', role: 'system', parts: [{ type: 'text', text: 'Be kind.' }] },
          { id: 'm2', role: 'assistant', createdAt: '2026-11-22T10:01:00.500Z', parts },
        ],
        files: [file('a.csv'), file('plots/a.png')],
      },
      losses: { hidden: {}, unknown: {}, malformedLines: [] },
    });
  });

  test('needs only an id, a title and messages', () => {
    const { conversation } = read(minimal);
    expect(conversation).toMatchObject({ type: 'chat', owner: {}, files: [] });
  });

  test('does not read fields that it does not know', () => {
    const unknown = { secret: 'canary' };
    const reading = read({
      ...minimal,
      ...unknown,
      $schema: 'canary',
      owner: { id: 'o', ...unknown },
      messages: [
        { id: 'm1', role: 'user', content: [{ type: 'text', text: 'x', ...unknown }], ...unknown },
        { id: 'm2', role: 'tool', content: 'y', __proto__: null, constructor: 'canary' },
      ],
    });
    expect(JSON.stringify(reading)).not.toContain('canary');
  });

  test('leaves out parts of a type it does not know, and counts them', () => {
    const { conversation, losses } = read(
      withContent([
        { type: 'video', url: 1 },
        { type: '__proto__' },
        { type: 'text', text: 'x' },
        { type: 'video' },
      ]),
    );
    expect(conversation.messages[0]?.parts).toEqual([{ type: 'text', text: 'x' }]);
    expect(Object.entries(losses.unknown)).toEqual([
      ['video', 2],
      ['__proto__', 1],
    ]);
  });

  test.each([true, 1, 'yes', 'false', {}])('leaves out a message marked hidden: %j', (hidden) => {
    const secret = { id: 'm2', role: 'user', createdAt: '2026-11-23T10:00:00Z', content: 'canary', hidden };
    const said = { ...minimal.messages[0], createdAt: '2026-11-22T10:00:00Z' };
    const reading = read({ ...minimal, messages: [said, secret] });
    expect(reading.conversation.messages.map(({ id }) => id)).toEqual(['m1']);
    expect(reading.losses.hidden).toEqual({ 'marked hidden': 1 });
    expect(reading.conversation.updatedAt).toBe('2026-11-22T10:00:00.000Z');
    expect(JSON.stringify(reading)).not.toContain('canary');
  });

  test.each([false, null])('keeps a message marked as not hidden: %j', (hidden) => {
    const reading = read({ ...minimal, messages: [{ ...minimal.messages[0], hidden }] });
    expect(reading.conversation.messages).toHaveLength(1);
    expect(reading.losses.hidden).toEqual({});
  });

  test.each([
    ['text as it is', { output: 'a' }, { output: 'a', status: 'done' }],
    [
      'another value as JSON',
      { output: { a: [1] } },
      { output: '{\n  "a": [\n    1\n  ]\n}', status: 'done' },
    ],
    ['false as JSON', { output: false }, { output: 'false', status: 'done' }],
    ['null as none', { output: null }, { status: 'pending' }],
    ['nothing as none', {}, { status: 'pending' }],
    ['a status as given', { status: 'failed' }, { status: 'failed' }],
  ])('takes the output of a tool: %s', (_name, given, expected) => {
    const part = { type: 'tool-call', name: 'n', input: null };
    expect(read(withContent([{ ...part, ...given }])).conversation.messages[0]?.parts).toEqual([
      { ...part, ...expected },
    ]);
  });

  test.each([
    ['messages', {}, '2026-03-01T00:00:00.000Z', '2026-03-02T00:00:00.000Z'],
    [
      'messages before the other one',
      { updatedAt: '2026-05-01T00:00:00Z' },
      '2026-03-01T00:00:00.000Z',
      '2026-05-01T00:00:00.000Z',
    ],
    [
      'the other one',
      { messages: [], updatedAt: '2026-05-01T00:00:00Z' },
      '2026-05-01T00:00:00.000Z',
      '2026-05-01T00:00:00.000Z',
    ],
    ['the file', { messages: [] }, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'],
  ])('takes times that are not given from %s', (_name, given, createdAt, updatedAt) => {
    const messages = [
      { id: '1', role: 'user', content: '', createdAt: '2026-03-02T00:00:00Z' },
      { id: '2', role: 'user', content: '', createdAt: '2026-03-01T00:00:00Z' },
      { id: '3', role: 'user', content: '' },
    ];
    expect(read({ ...minimal, messages, ...given }).conversation).toMatchObject({ createdAt, updatedAt });
  });

  describe('of a sub-agent', () => {
    const call = (messages: unknown[], more: Record<string, unknown> = {}) => ({
      type: 'tool-call',
      name: 'Task',
      subAgent: { messages, ...more },
    });
    const said = (id: string, content: unknown, more: Record<string, unknown> = {}) => ({
      id,
      role: 'assistant',
      content,
      ...more,
    });
    const nested = (levels: number): unknown =>
      call([said('m1', levels === 1 ? 'the innermost' : [nested(levels - 1)])]);

    test('keeps the name and the messages, also of one inside another', () => {
      const inner = call([said('m1', 'Found it.')]);
      const content = [
        call([{ id: 'm1', role: 'user', content: 'Look for it.' }, said('m2', [inner])], { name: 'Explore' }),
      ];
      expect(read(withContent(content)).conversation.messages[0]?.parts).toMatchObject([
        {
          subAgent: {
            name: 'Explore',
            messages: [
              { id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Look for it.' }] },
              { parts: [{ subAgent: { messages: [{ parts: [{ text: 'Found it.' }] }] } }] },
            ],
          },
        },
      ]);
    });

    test('leaves out what is hidden or unknown, and counts it', () => {
      const secret = said('m2', 'canary', { hidden: true });
      const content = [call([said('m1', [{ type: 'video', url: 'canary' }]), secret], { secret: 'canary' })];
      const reading = read(withContent(content));
      expect(JSON.stringify(reading)).not.toContain('canary');
      expect(reading.losses).toMatchObject({ hidden: { 'marked hidden': 1 }, unknown: { video: 1 } });
    });

    test.each([
      [
        'a wrong field',
        [call([said('m1', 'x'), said('m2', [{ type: 'text', text: 5 }])])],
        'messages[0].content[0].subAgent.messages[1].content[0].text: expected string, received number.',
      ],
      [
        'two messages with one id',
        [call([said('x', ''), said('x', '')])],
        'messages[0].content[0].subAgent.messages[1].id: "x" is already the id of messages[0].content[0].subAgent.messages[0].',
      ],
      [
        'a file that is not there',
        [call([said('m1', [{ type: 'file', file: 'a' }])])],
        'messages[0].content[0].subAgent.messages[0].content[0].file: "a" is not in files/.',
      ],
      [
        'the ninth inside one another',
        [nested(9)],
        `messages[0].content[0]${'.subAgent.messages[0].content[0]'.repeat(8)}.subAgent.messages: sub-agents are nested deeper than 8 levels.`,
      ],
    ])('refuses %s and says where', (_name, content, message) => {
      expect(refusal(withContent(content))).toBe(`/c/conversation.json: ${message}`);
    });

    test('takes eight inside one another', () => {
      expect(JSON.stringify(read(withContent([nested(8)])))).toContain('the innermost');
    });
  });

  test('mends text that is not well-formed Unicode', () => {
    const { conversation } = read({ ...withContent('x\udc00'), title: 'a\ud800b' });
    expect(conversation.title).toBe('a\ufffdb');
    expect(conversation.messages[0]?.parts).toEqual([{ type: 'text', text: 'x\ufffd' }]);
  });

  test.each([
    ['no object', [], 'expected object, received array.'],
    ['no id', { ...minimal, id: undefined }, 'id: expected string, received nothing.'],
    ['a blank title', { ...minimal, title: ' ' }, 'title: expected a title that is not empty.'],
    [
      'an unknown role',
      { ...minimal, messages: [{ id: 'm', role: 'bot', content: '' }] },
      'messages[0].role: expected one of "user", "assistant", "system", "developer", "tool".',
    ],
    [
      'a time without zone',
      { ...minimal, createdAt: '2026-11-22T10:00:00' },
      'createdAt: expected an ISO 8601 date and time with its zone, like "2026-11-22T10:00:00Z".',
    ],
    [
      'a day that does not exist',
      { ...minimal, updatedAt: '2026-02-29T10:00:00Z' },
      'updatedAt: expected an ISO 8601 date and time with its zone, like "2026-11-22T10:00:00Z".',
    ],
    ['a number as content', withContent(3), 'messages[0].content: expected a string or a list of parts.'],
    [
      'a part that is no object',
      withContent(['x']),
      'messages[0].content[0]: expected an object with a "type".',
    ],
    [
      'a part without type',
      withContent([{ text: 'x' }]),
      'messages[0].content[0].type: expected the type of a part, like "text".',
    ],
    [
      'a known part with a wrong field',
      withContent([
        { type: 'text', text: 'x' },
        { type: 'text', text: 5 },
      ]),
      'messages[0].content[1].text: expected string, received number.',
    ],
    [
      'a wrong status',
      withContent([{ type: 'tool-call', name: 'n', status: 'ok' }]),
      'messages[0].content[0].status: expected one of "pending", "done", "failed".',
    ],
    [
      'a newer version',
      { ...minimal, version: 2, messages: 'of another kind' },
      'version: the format has version 2, and this program reads version 1.',
    ],
    ['a version that is no number', { ...minimal, version: '1' }, 'version: expected 1.'],
    [
      'two messages with one id',
      {
        ...minimal,
        messages: [...minimal.messages, { id: 'x', role: 'user', content: '' }, ...minimal.messages],
      },
      'messages[2].id: "m1" is already the id of messages[0].',
    ],
    [
      'two files with one name',
      { ...minimal, files: [{ name: 'a' }, { name: 'a' }] },
      'files[1].name: "a" is already the name of files[0].',
    ],
    [
      'more than three problems',
      { ...minimal, title: 1, type: 2, owner: 3, messages: 4 },
      'title: expected string, received number; type: expected string, received number; owner: expected object, received number; and 1 more.',
    ],
  ])('refuses %s and says where', (_name, value, message) => {
    expect(refusal(value)).toBe(`/c/conversation.json: ${message}`);
  });

  test.each(['../x', 'a/../x', '/etc/passwd', 'a//b', './a', 'a/', '', '..', 'a\0b', '..\\x', '\ud800'])(
    'refuses %j as the name of a listed file',
    (name) => {
      expect(refusal({ ...minimal, files: [{ name: 'ok' }, { name }] })).toContain(
        'files[1].name: expected a path inside files/',
      );
    },
  );

  test('refuses a part that names a file which is not there', () => {
    const value = withContent([
      { type: 'image', file: 'a.png' },
      { type: 'file', file: 'b.csv' },
    ]);
    expect(refusal(value, [file('a.png')])).toBe(
      '/c/conversation.json: messages[0].content[1].file: "b.csv" is not in files/.',
    );
    expect(refusal({ ...value, files: [{ name: 'a.png' }] }, [file('a.png')])).toContain(
      '"b.csv" is not in the list "files"',
    );
  });

  test('does not quote the conversation in an error', () => {
    const value = { ...minimal, title: { canary: 1 }, type: ['canary'], createdAt: 'canary' };
    expect(refusal(value)).not.toContain('canary');
  });
});

describe('the JSON Schema', () => {
  test('names itself and describes every field', () => {
    const schema = nativeJsonSchema();
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'urn:conversation-share:conversation:1',
      required: ['id', 'title', 'messages'],
    });
    expect(undescribed(schema)).toEqual([]);
  });

  test('says that `hidden` is a boolean and what it does', () => {
    expect(JSON.stringify(nativeJsonSchema())).toMatch(
      /"hidden":\{(?=[^}]*"type":"boolean")[^}]*never published/,
    );
  });

  test('allows fields that are not named, as the reader does', () => {
    expect(JSON.stringify(nativeJsonSchema())).not.toContain('"additionalProperties":false');
  });
});

/** Paths of the properties without a description, below a schema. */
function undescribed(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema as Record<string, unknown>).flatMap(([key, value]) => {
    const below = undescribed(value, `${path}/${key}`);
    if (key !== 'properties' || typeof value !== 'object' || value === null) return below;
    const bare = Object.entries(value as Record<string, object>).filter(
      ([, field]) => !Object.hasOwn(field, 'description'),
    );
    return [...bare.map(([name]) => `${path}/${name}`), ...below];
  });
}
