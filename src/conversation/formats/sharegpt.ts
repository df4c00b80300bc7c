import type { Part, Reading } from '../conversation.ts';
import { Dialogue, dividedThoughts, textParts } from './dialogue.ts';
import type { DocumentFormat, ReadOptions } from './format.ts';
import { areMostly, detectLists } from './message-lists.ts';
import { cutElements } from './tags.ts';
import { jsonOrText, listOf, objectOf, textOf, type JsonObject } from './untyped.ts';

/**
 * Conversations as data sets to train models have them: `{"conversations": [{"from": "human", "value": "…"}, …]}`, one,
 * a list of many, or one a line. Named after the site whose conversations were the first to be passed on like this; it
 * has no specification. A dialect says `role` and `content`.
 */
export const shareGpt: DocumentFormat = {
  kind: 'sharegpt',
  tool: 'ShareGPT',
  shape: 'document',
  detect(head) {
    return detectLists(
      head,
      { key: 'conversations', bare: false, what: 'conversations of speakers and words' },
      (turns) => areMostly(turns, isTurn),
    );
  },
  read,
};

type Speaker = 'user' | 'assistant' | 'system' | 'call' | 'answer';

const speakers: ReadonlyMap<string, Speaker> = new Map([
  ['human', 'user'],
  ['user', 'user'],
  ['prompter', 'user'],
  ['gpt', 'assistant'],
  ['assistant', 'assistant'],
  ['chatgpt', 'assistant'],
  ['bard', 'assistant'],
  ['bing', 'assistant'],
  ['claude', 'assistant'],
  ['gemini', 'assistant'],
  ['model', 'assistant'],
  ['bot', 'assistant'],
  ['system', 'system'],
  ['developer', 'system'],
  ['function_call', 'call'],
  ['tool_call', 'call'],
  ['function_response', 'answer'],
  ['function', 'answer'],
  ['observation', 'answer'],
  ['tool', 'answer'],
]);

function isTurn(turn: JsonObject): boolean {
  return textOf(turn['from'] ?? turn['role']) !== undefined && wordsOf(turn) !== undefined;
}

function wordsOf(turn: JsonObject): string | undefined {
  return textOf(turn['value']) ?? textOf(turn['content']);
}

function read(value: unknown, options: ReadOptions): Reading {
  const about = objectOf(value) ?? {};
  const dialogue = new Dialogue();
  if (textOf(about['system'])) dialogue.losses.hide('system message');
  for (const [index, turn] of listOf(about['conversations']).entries()) take(turn, index + 1, dialogue);
  for (const key of ['image', 'images', 'video', 'videos', 'audios'])
    if (about[key] !== undefined) dialogue.losses.unknown(`${key} beside the conversation`);
  const [sessionId, model] = [textOf(about['id']), textOf(about['model'])];
  const agent = { ...(sessionId !== undefined && { sessionId }), ...(model !== undefined && { model }) };
  const title = textOf(about['title']);
  return dialogue.toReading({ tool: 'ShareGPT', type: 'chat', title, agent }, options);
}

function take(value: unknown, place: number, dialogue: Dialogue): void {
  const turn = objectOf(value) ?? {};
  const from = textOf(turn['from'] ?? turn['role']);
  const words = wordsOf(turn) ?? '';
  const speaker = speakers.get(from?.toLowerCase() ?? '');
  if (speaker === 'user') dialogue.add(place, 'user', textParts(words));
  else if (speaker === 'assistant') dialogue.add(place, 'assistant', answerParts(words, dialogue));
  else if (speaker === 'call') dialogue.addToLast(place, callParts(words, dialogue));
  else if (speaker === 'answer') takeAnswers(words, place, dialogue);
  else if (speaker === 'system') dialogue.losses.hide('system message');
  else dialogue.losses.unknown(from === undefined ? 'turn without a speaker' : `turn of ${from}`);
}

/** Models of the Hermes family write their calls between tags, after what they say. */
function answerParts(text: string, dialogue: Dialogue): Part[] {
  const { thoughts, words } = dividedThoughts(text);
  const { inside: calls, rest } = cutElements(words, 'tool_call');
  const said = calls.length === 0 ? words : rest.trim();
  return [...thoughts, ...textParts(said), ...calls.flatMap((call) => callParts(call, dialogue))];
}

/** `{"name": …, "arguments": {…}}`, or a list of these. */
function callParts(words: string, dialogue: Dialogue): Part[] {
  const value = jsonOrText(words.trim());
  return (Array.isArray(value) ? value : [value]).map((item: unknown) => {
    const call = objectOf(item);
    const name = textOf(call?.['name']);
    return name === undefined
      ? dialogue.call(undefined, item)
      : dialogue.call(name, jsonOrText(call?.['arguments'] ?? call?.['parameters']));
  });
}

function takeAnswers(words: string, place: number, dialogue: Dialogue): void {
  const { inside: answers } = cutElements(words, 'tool_response');
  for (const output of answers.length === 0 ? [words] : answers)
    dialogue.addToLast(place, dialogue.answer({ output: output.trim() }));
}
