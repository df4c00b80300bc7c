import { describe, expect, test } from 'vitest';
import type { Conversation, Message } from '../../src/conversation/conversation.ts';
import { publicNames, toSnapshot } from '../../src/snapshot/privacy.ts';

const at = '2026-03-01T10:00:00.000Z';

function aConversation(messages: Message[], owner: Conversation['owner'] = {}): Conversation {
  const base = { title: 'Talk', type: 'chat', createdAt: at, updatedAt: at, owner, agent: {}, settings: {} };
  return { ...base, messages, files: [] };
}

function textsOf(conversation: Conversation, thinking = false): string[] {
  const { rounds } = toSnapshot(conversation, [], undefined, { thinking });
  const parts = rounds.flatMap((round) => round.messages.flatMap((message) => message.parts));
  return parts.flatMap((part) => ('text' in part ? [part.text] : []));
}

const say = (role: Message['role'], text: string): Message => ({
  id: text,
  role,
  parts: [{ type: 'text', text }],
});

describe('what passes the door', () => {
  test('system and developer messages do not', () => {
    const messages = [say('system', 'be kind'), say('developer', 'use tools'), say('user', 'hello')];
    expect(textsOf(aConversation(messages))).toEqual(['hello']);
  });

  test('thinking does only when the owner asks', () => {
    const thought: Message = { id: '1', role: 'assistant', parts: [{ type: 'thinking', text: 'hmm' }] };
    expect(textsOf(aConversation([thought]))).toEqual([]);
    expect(textsOf(aConversation([thought]), true)).toEqual(['hmm']);
  });

  test('message ids do not', () => {
    const snapshot = toSnapshot(
      aConversation([{ ...say('user', 'hello'), id: 'msg-private-1' }]),
      [],
      undefined,
      {
        thinking: false,
      },
    );
    expect(JSON.stringify(snapshot)).not.toContain('msg-private-1');
  });

  describe('out of a sub-agent', () => {
    const agentOf = (messages: Message[], choice = { thinking: false }, name = 'Explore') => {
      const call: Message = {
        id: 'call',
        role: 'assistant',
        parts: [{ type: 'tool-call', name: 'Task', input: {}, status: 'done', subAgent: { name, messages } }],
      };
      const owner = { name: 'Mira Canary', email: 'mira@example.org' };
      const { rounds } = toSnapshot(aConversation([call], owner), [], undefined, choice);
      const part = rounds[0]?.messages[0]?.parts[0];
      return part?.type === 'tool-call' ? part.subAgent : undefined;
    };
    const thought: Message = { id: '1', role: 'assistant', parts: [{ type: 'thinking', text: 'hmm' }] };

    test('its messages do, in rounds of their own', () => {
      const messages = [say('user', 'find it'), say('assistant', 'found'), say('user', 'and that')];
      const counts = agentOf(messages)?.rounds.map((round) => [round.number, round.messages.length]);
      expect(counts).toEqual([
        [1, 2],
        [2, 1],
      ]);
    });

    test('system and developer messages, ids and fields that nobody has named do not', () => {
      const agent = agentOf([
        say('system', 'canary'),
        say('developer', 'canary'),
        { ...say('user', 'hello'), id: 'canary', ...{ internalNote: 'canary' } },
      ]);
      expect(agent?.rounds[0]?.messages).toHaveLength(1);
      expect(JSON.stringify(agent)).not.toContain('canary');
    });

    test('thinking does only when the owner asks', () => {
      expect(agentOf([thought])).toBeUndefined();
      expect(JSON.stringify(agentOf([thought], { thinking: true }))).toContain('hmm');
    });

    test('nothing says who the owner is, in one inside another too', () => {
      const inner = (text: string): Message => ({
        id: 'inner',
        role: 'assistant',
        parts: [
          {
            type: 'tool-call',
            name: text,
            input: { [text]: text },
            output: text,
            status: 'done',
            subAgent: { name: text, messages: [say('user', text)] },
          },
        ],
      });
      const agent = agentOf(
        [inner('Mira Canary, mira@example.org, /home/mira/x')],
        { thinking: false },
        'of Mira Canary',
      );
      expect(agent?.name).toBe('of [owner]');
      expect(JSON.stringify(agent)).not.toMatch(/mira/i);
      expect(JSON.stringify(agent).match(/\[owner\], \[e-mail\], ~\/x/g)).toHaveLength(6);
    });
  });

  describe('of sources', () => {
    const sourcesOf = (sources: { title?: string; url: string }[]) => {
      const message: Message = { id: '1', role: 'assistant', parts: [{ type: 'sources', sources }] };
      const owner = { name: 'Mira Canary', email: 'mira@example.org' };
      const { rounds } = toSnapshot(aConversation([message], owner), [], undefined, {
        thinking: false,
      });
      const part = rounds[0]?.messages[0]?.parts[0];
      return part?.type === 'sources' ? part.sources : undefined;
    };

    test('http and https addresses do, each once under the first title', () => {
      expect(
        sourcesOf([
          { url: 'https://example.org/a' },
          { title: ' ', url: 'HTTP://Example.org' },
          { title: 'First', url: 'https://example.org/a' },
          { title: 'Second', url: 'https://EXAMPLE.org/a' },
        ]),
      ).toEqual([{ title: 'First', url: 'https://example.org/a' }, { url: 'http://example.org/' }]);
    });

    test.each([
      'javascript:alert(1)',
      'file:///etc/passwd',
      'mailto:a@example.org',
      '/etc/passwd',
      'example.org',
      'data:text/html,x',
      'ftp://example.org/',
      '',
    ])('the address %j does not', (url) => {
      expect(sourcesOf([{ url }])).toBeUndefined();
    });

    test.each([
      ['a password', 'https://mira:secret@example.org/', 'https://example.org/'],
      ['a home folder', 'https://example.org/?file=/home/mira/a', 'https://example.org/?file=~/a'],
      [
        'a home folder parted by a line end',
        'https://example.org/?f=/ho\nme/mira/a',
        'https://example.org/?f=~/a',
      ],
      ['an e-mail address', 'https://example.org/?to=mira@example.org', 'https://example.org/?to=[e-mail]'],
      ['a name', 'https://example.org/?q=Mira Canary', 'https://example.org/?q=[owner]'],
      ['a name that is encoded', 'https://example.org/?q=Mira%20Canary', undefined],
      ['a name in a form', 'https://example.org/?q=Mira+Canary', undefined],
      ['an e-mail address that is encoded', 'https://example.org/?to=mira%40example.org', undefined],
    ])('%s in an address does not', (_name, url, expected) => {
      expect(sourcesOf([{ url }])?.[0]?.url).toBe(expected);
    });

    test('a title says nothing of the owner', () => {
      expect(sourcesOf([{ title: 'By Mira Canary', url: 'https://example.org/' }])?.[0]?.title).toBe(
        'By [owner]',
      );
    });
  });

  test('a field nobody has named stays private', () => {
    const message = { ...say('user', 'hello'), internalNote: 'canary' };
    const conversation = { ...aConversation([message]), somethingNew: 'canary' };
    const snapshot = toSnapshot(conversation, [], undefined, { thinking: true });
    expect(JSON.stringify(snapshot)).not.toContain('canary');
  });
});

describe('what says who the owner is', () => {
  test.each([
    ['/home/mira/app/main.ts', '~/app/main.ts'],
    ['/Users/mira/app', '~/app'],
    ['C:\\Users\\mira\\app', '~\\app'],
    ['"C:\\\\Users\\\\mira\\\\app"', '"~\\\\app"'],
    ['C:/Users/mira/app', '~/app'],
    ['file:///home/mira/x', 'file://~/x'],
    ['cd /root/app', 'cd ~/app'],
    ['/rooted/app and /homework', '/rooted/app and /homework'],
  ])('a home folder: %s', (text, expected) => {
    expect(textsOf(aConversation([say('user', text)]))).toEqual([expected]);
  });

  test('e-mail and name, in text, tool input and file names', () => {
    const owner = { name: 'Mira Example', email: 'mira@example.org' };
    const call: Message = {
      id: '2',
      role: 'assistant',
      parts: [
        {
          type: 'tool-call',
          name: 'Bash',
          input: {
            command: 'git config user.email Mira@Example.org',
            nested: [{ '/home/mira': 'Mira Example' }],
          },
          output: 'mira@example.org',
          status: 'done',
        },
      ],
    };
    const conversation = aConversation([say('user', 'I am Mira Example.'), call], owner);
    conversation.files = [{ name: 'mira@example.org.csv', content: { bytes: new Uint8Array() } }];
    const published = JSON.stringify([
      toSnapshot(conversation, [], undefined, { thinking: false }),
      publicNames(conversation),
    ]);
    expect(published).not.toMatch(/mira/i);
  });

  test('a name that is an ordinary word is masked only where it stands as the name', () => {
    const messages = [say('user', 'Will I, Will Smithe, get it? Goodwill Smithers will.')];
    expect(textsOf(aConversation(messages, { name: 'Will Smithe' }))).toEqual([
      'Will I, [owner], get it? Goodwill Smithers will.',
    ]);
  });
});

test('a round is a user message and what answers it, and keeps its number while the conversation grows', () => {
  const messages = [say('assistant', 'welcome'), say('user', 'a'), say('assistant', 'b'), say('tool', 'c')];
  const numbersOf = (list: Message[]) =>
    toSnapshot(aConversation(list), [], undefined, { thinking: false }).rounds.map((round) => [
      round.number,
      round.messages.length,
    ]);
  expect(numbersOf(messages)).toEqual([
    [1, 1],
    [2, 3],
  ]);
  expect(numbersOf([...messages, say('user', 'd')])).toEqual([
    [1, 1],
    [2, 3],
    [3, 1],
  ]);
});
