import { describe, expect, test } from 'vitest';
import type { Conversation, Message } from '../../src/conversation/conversation.ts';
import { publicNames, toSnapshot } from '../../src/snapshot/privacy.ts';

const at = '2026-03-01T10:00:00.000Z';

function aConversation(messages: Message[], owner: Conversation['owner'] = {}): Conversation {
  const base = { title: 'Talk', type: 'chat', createdAt: at, updatedAt: at, owner, agent: {}, settings: {} };
  return { ...base, messages, files: [] };
}

function textsOf(conversation: Conversation, thinking = false): string[] {
  const { rounds } = toSnapshot(conversation, [], undefined, { thinking, preview: false });
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
        preview: false,
      },
    );
    expect(JSON.stringify(snapshot)).not.toContain('msg-private-1');
  });

  test('a field nobody has named stays private', () => {
    const message = { ...say('user', 'hello'), internalNote: 'canary' };
    const conversation = { ...aConversation([message]), somethingNew: 'canary' };
    const snapshot = toSnapshot(conversation, [], undefined, { thinking: true, preview: false });
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
      toSnapshot(conversation, [], undefined, { thinking: false, preview: false }),
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
    toSnapshot(aConversation(list), [], undefined, { thinking: false, preview: false }).rounds.map(
      (round) => [round.number, round.messages.length],
    );
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
