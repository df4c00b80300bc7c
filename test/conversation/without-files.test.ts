import { expect, test } from 'vitest';
import type { Part } from '../../src/conversation/conversation.ts';
import { withoutAgentFiles, withoutFiles } from '../../src/conversation/without-files.ts';
import { toSnapshot } from '../../src/snapshot/privacy.ts';
import { aMessage, aReadConversation } from '../support/conversations.ts';

const files = ['chart.png', 'sales.csv'].map((name) => ({ name, content: { bytes: new Uint8Array([1]) } }));
const image: Part = { type: 'image', file: 'chart.png', alt: 'Sales\nby  month' };
const file: Part = { type: 'file', file: 'sales.csv' };
const call: Part = {
  type: 'tool-call',
  name: 'Task',
  input: null,
  status: 'done',
  subAgent: { messages: [aMessage('a1', 'assistant', file)] },
};
const withAll = aReadConversation({ files, messages: [aMessage('m1', 'assistant', image, file, call)] });

test('notes stand in the places of images and files, also in what a sub-agent said', () => {
  expect(withoutFiles(withAll)).toEqual({
    ...withAll,
    files: [],
    messages: [
      aMessage(
        'm1',
        'assistant',
        { type: 'text', text: '*Image:* `chart.png` (Sales by month)' },
        { type: 'text', text: '*File:* `sales.csv`' },
        {
          ...call,
          subAgent: {
            messages: [aMessage('a1', 'assistant', { type: 'text', text: '*File:* `sales.csv`' })],
          },
        },
      ),
    ],
  });
});

test('only what a sub-agent said is noted where the rest keeps its files', () => {
  const { files: kept, messages } = withoutAgentFiles(withAll);
  expect(kept).toBe(files);
  expect(messages[0]?.parts.slice(0, 2)).toEqual([image, file]);
  expect(JSON.stringify(messages[0]?.parts[2])).toContain('*File:* `sales.csv`');
});

test('what is private in the name of a file is found in its note', () => {
  const name = 'report_by mira_kern@example.org of Mira_Kern in `x`.pdf';
  const conversation = aReadConversation({
    owner: { name: 'Mira_Kern', email: 'mira_kern@example.org' },
    files: [{ name, content: { bytes: new Uint8Array([1]) } }],
    messages: [aMessage('m1', 'user', { type: 'file', file: name })],
  });
  const snapshot = toSnapshot(withoutFiles(conversation), [], undefined, { thinking: false });
  expect(JSON.stringify(snapshot)).toContain('report_by');
  expect(JSON.stringify(snapshot)).not.toMatch(/mira/i);
});
