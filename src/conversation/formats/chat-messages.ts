import type { Part, Reading, SourceLink, ToolStatus } from '../conversation.ts';
import { Dialogue, spokenParts, textParts, thinkingParts } from './dialogue.ts';
import type { ReadOptions } from './format.ts';
import { dataUrl, type InlineData } from './inline-files.ts';
import { jsonOrText, listOf, objectOf, objectsOf, textOf, timeOf, type JsonObject } from './untyped.ts';

/*
 * Messages as programs keep them that call a model: those of OpenAI's two APIs, of Anthropic's, and of the Vercel AI
 * SDK through its versions. They have most names in common and are mixed in practice, also in one file; so one reader
 * takes them all, and the formats differ in how they are recognised.
 *
 * Names of persons, ids of accounts, metadata, and what was said to the model by the program stay out.
 */

/** @param value  A list of messages, or an object that has one. */
export function readMessages(value: unknown, tool: string, options: ReadOptions): Reading {
  const about = objectOf(value) ?? {};
  const dialogue = new Dialogue();
  const messages = Array.isArray(value) ? value : listOf(about['messages']);
  for (const [index, message] of messages.entries()) takeMessage(message, index + 1, dialogue);
  const [sessionId, model] = [textOf(about['id']), textOf(about['model'])];
  const agent = { ...(sessionId !== undefined && { sessionId }), ...(model !== undefined && { model }) };
  return dialogue.toReading({ tool, type: 'chat', title: textOf(about['title']), agent }, options);
}

function takeMessage(value: unknown, place: number, dialogue: Dialogue): void {
  const message = objectOf(value);
  const role = textOf(message?.['role']) ?? '';
  if (message === undefined) dialogue.losses.unknown('message that is no object');
  else if (role === 'user' || role === 'assistant')
    dialogue.add(place, role, partsOf(message, role, dialogue), {
      id: textOf(message['id']),
      createdAt: timeOfMessage(message),
    });
  else if (role === 'tool' || role === 'function') dialogue.addToLast(place, answerParts(message, dialogue));
  else if (role === 'system' || role === 'developer') dialogue.losses.hide('system message');
  else if (role === 'data') dialogue.losses.hide('data of the application');
  else takeItem(message, place, dialogue);
}

/** The Responses API has calls, answers and reasoning beside the messages. */
function takeItem(item: JsonObject, place: number, dialogue: Dialogue): void {
  const type = textOf(item['type']);
  if (type === 'function_call' || type === 'custom_tool_call') {
    const input = jsonOrText(item['arguments'] ?? item['input']);
    dialogue.addToLast(place, [dialogue.call(textOf(item['name']), input, textOf(item['call_id']))]);
  } else if (type === 'function_call_output' || type === 'custom_tool_call_output') {
    const output = dialogue.losses.outputOf(item['output']);
    dialogue.addToLast(place, dialogue.answer({ id: textOf(item['call_id']), output }));
  } else if (type === 'reasoning') {
    const summary = thinkingParts(dialogue.losses.outputOf(objectsOf(item['summary'])));
    dialogue.add(place, 'assistant', summary);
    if ('encrypted_content' in item) dialogue.losses.hide('encrypted reasoning');
  } else dialogue.losses.unknown(`message with ${type ? `the type ${type}` : roleOf(item)}`);
}

function roleOf(message: JsonObject): string {
  const role = textOf(message['role']);
  return role === undefined ? 'no role' : `the role ${role}`;
}

function timeOfMessage(message: JsonObject): string | undefined {
  const metadata = objectOf(message['metadata']);
  return [message['createdAt'], message['created_at'], message['timestamp'], metadata?.['createdAt']]
    .map(timeOf)
    .find((time) => time !== undefined);
}

type Speaker = 'user' | 'assistant';

function partsOf(message: JsonObject, role: Speaker, dialogue: Dialogue): Part[] {
  // Where a message of the AI SDK has parts, its other fields repeat them.
  const own = objectsOf(message['parts']);
  if (own.length > 0) return own.flatMap((block) => blockParts(block, role, dialogue));
  return [
    ...thinkingParts(textOf(message['reasoning_content']) ?? textOf(message['reasoning'])),
    ...blocksOf(message['content']).flatMap((block) => blockParts(block, role, dialogue)),
    ...textParts(textOf(message['refusal'])),
    ...textParts(textOf(objectOf(message['audio'])?.['transcript'])),
    ...objectsOf(message['experimental_attachments']).flatMap((block) => fileParts(block, dialogue)),
    ...objectsOf(message['tool_calls']).map((call) => toolCall(call, dialogue)),
    ...objectsOf([message['function_call']]).map((call) => toolCall({ function: call }, dialogue)),
    ...objectsOf(message['toolInvocations']).flatMap((call) => invocationParts(call, dialogue)),
    ...citationParts(message['annotations']),
  ];
}

/** A message's content is a list of blocks, or a text alone. */
function blocksOf(content: unknown): JsonObject[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return listOf(content)
    .map((item) => (typeof item === 'string' ? { type: 'text', text: item } : objectOf(item)))
    .filter((block) => block !== undefined);
}

function blockParts(block: JsonObject, role: Speaker, dialogue: Dialogue): Part[] {
  const type = textOf(block['type']) ?? 'text';
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text': {
      const text = textOf(block['text']) ?? '';
      return [
        ...(role === 'assistant' ? spokenParts(text) : textParts(text)),
        ...citationParts(block['annotations']),
        ...citationParts(block['citations']),
      ];
    }
    case 'refusal':
      return textParts(textOf(block['refusal']));
    case 'thinking':
      return thinkingParts(textOf(block['thinking']));
    case 'reasoning':
      return thinkingParts(textOf(block['text']) ?? textOf(block['reasoning']));
    case 'redacted_thinking':
    case 'redacted-reasoning':
      dialogue.losses.hide('redacted thinking');
      return [];
    case 'image':
    case 'image_url':
    case 'input_image':
    case 'file':
    case 'input_file':
    case 'document':
      return fileParts(block, dialogue);
    case 'input_audio':
      dialogue.losses.hide('sound');
      return textParts('*A voice message.*');
    default:
      return toolParts(block, type, dialogue);
  }
}

function toolParts(block: JsonObject, type: string, dialogue: Dialogue): Part[] {
  if (textOf(block['state']) !== undefined && /^(?:dynamic-tool$|tool-.)/.test(type))
    return invocationParts(block, dialogue);
  switch (type) {
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return [dialogue.call(textOf(block['name']), block['input'], textOf(block['id']))];
    case 'tool-call':
      return [
        dialogue.call(
          textOf(block['toolName']),
          block['input'] ?? block['args'],
          textOf(block['toolCallId']),
        ),
      ];
    case 'tool-invocation':
      return invocationParts(objectOf(block['toolInvocation']) ?? {}, dialogue);
    case 'tool-result':
      return sdkAnswer(block, dialogue);
    case 'source':
      return sourceParts([objectOf(block['source']) ?? block], dialogue);
    case 'source-url':
      return sourceParts([block], dialogue);
    default:
      return /^(?:.+_)?tool_result$/.test(type) ? resultParts(block, dialogue) : unshownParts(type, dialogue);
  }
}

function unshownParts(type: string, dialogue: Dialogue): Part[] {
  if (type.startsWith('data-')) dialogue.losses.hide('data of the application');
  else if (type === 'source-document') dialogue.losses.hide('source without an address');
  else if (type === 'step-start' || type.startsWith('tool-approval-')) dialogue.losses.hide('bookkeeping');
  else dialogue.losses.unknown(`part ${type}`);
  return [];
}

// ── Tools ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `{id, type: "function", function: {name, arguments}}`, and `custom` with an input that is text. */
function toolCall(call: JsonObject, dialogue: Dialogue): Part {
  const called = objectOf(call['function']) ?? objectOf(call['custom']) ?? call;
  const input = jsonOrText(called['arguments'] ?? called['input']);
  return dialogue.call(textOf(called['name']), input, textOf(call['id']));
}

/** A message of the tool: as a whole one answer, in the AI SDK a list of answers. */
function answerParts(message: JsonObject, dialogue: Dialogue): Part[] {
  const results = objectsOf(message['content']).filter((block) => block['type'] === 'tool-result');
  if (results.length > 0) return results.flatMap((block) => sdkAnswer(block, dialogue));
  return answer(message, textOf(message['tool_call_id']), 'done', dialogue);
}

function resultParts(block: JsonObject, dialogue: Dialogue): Part[] {
  const status = block['is_error'] === true ? 'failed' : 'done';
  return answer(block, textOf(block['tool_use_id']), status, dialogue);
}

/** Pictures in an answer follow its call. */
function answer(
  { content, name }: JsonObject,
  id: string | undefined,
  status: ToolStatus,
  dialogue: Dialogue,
): Part[] {
  const files = objectsOf(content).filter(({ type }) => isFileType(textOf(type) ?? ''));
  const words =
    files.length === 0 ? content : listOf(content).filter((item) => !files.some((file) => file === item));
  return [
    ...dialogue.answer({ id, name: textOf(name), output: dialogue.losses.outputOf(words), status }),
    ...files.flatMap((file) => fileParts(file, dialogue)),
  ];
}

function isFileType(type: string): boolean {
  return ['image', 'image_url', 'input_image', 'document'].includes(type);
}

/** `output` is `{type: "text" | "json" | "error-text" | …, value}` since version 5, any `result` before. */
function sdkAnswer(block: JsonObject, dialogue: Dialogue): Part[] {
  const output = objectOf(block['output']);
  const type = textOf(output?.['type']) ?? '';
  const failed = block['isError'] === true || /^(?:error|execution-denied)/.test(type);
  const value = type === 'execution-denied' ? output?.['reason'] : (output?.['value'] ?? block['output']);
  return dialogue.answer({
    id: textOf(block['toolCallId']),
    name: textOf(block['toolName']),
    output: dialogue.losses.outputOf(value ?? block['result']),
    status: failed ? 'failed' : 'done',
  });
}

/** A call and its answer in one, as the AI SDK has them for the page: `tool-<name>`, `dynamic-tool`, and version 4. */
function invocationParts(call: JsonObject, dialogue: Dialogue): Part[] {
  const name = textOf(call['toolName']) ?? textOf(call['type'])?.replace(/^tool-/, '');
  const input = call['input'] ?? call['rawInput'] ?? call['args'];
  const [status, output] = outcomeOf(call);
  if (output === undefined && status === 'pending')
    return [dialogue.call(name, input, textOf(call['toolCallId']))];
  const text = output === undefined ? undefined : dialogue.losses.outputOf(output);
  return [dialogue.endedCall(name, input, { output: text, status })];
}

function outcomeOf(call: JsonObject): [ToolStatus, unknown] {
  switch (call['state']) {
    case 'output-available':
      return [call['preliminary'] === true ? 'pending' : 'done', call['output'] ?? ''];
    case 'result':
      return ['done', call['result'] ?? ''];
    case 'output-error':
      return ['failed', call['errorText'] ?? ''];
    case 'output-denied':
      return ['failed', objectOf(call['approval'])?.['reason']];
    default:
      // input-streaming, input-available, approval-requested, approval-responded, partial-call, call
      return ['pending', undefined];
  }
}

// ── Files and sources ────────────────────────────────────────────────────────────────────────────────────────────

function fileParts(block: JsonObject, dialogue: Dialogue): Part[] {
  const source = objectOf(block['source']);
  const name = baseName(
    block['filename'] ?? block['name'] ?? objectOf(block['file'])?.['filename'] ?? block['title'],
  );
  const text = source?.['type'] === 'text' ? textOf(source['data']) : undefined;
  if (text !== undefined) return [dialogue.files.addText(name ?? 'document.txt', text)];
  const data = inlineData(block, source);
  if (data) return [dialogue.files.add({ ...data, ...(name !== undefined && { name }) })];
  // What is only named by its address is somewhere else, and may be gone or not public.
  dialogue.losses.unknown(`${textOf(block['type']) ?? 'attachment'} without bytes`);
  return [];
}

/** The bytes stand in an address (`data:…`) or alone, with their type beside them. */
function inlineData(block: JsonObject, source: JsonObject | undefined): InlineData | undefined {
  const addresses = [
    block['image_url'],
    objectOf(block['image_url'])?.['url'],
    block['url'],
    block['image'],
    block['data'],
    block['file_data'],
    objectOf(block['file'])?.['file_data'],
    source?.['data'],
  ].map(textOf);
  for (const address of addresses) {
    const data = dataUrl(address);
    if (data) return data;
  }
  const base64 = [block['image'], block['data'], source?.['data']].map(textOf).find(isBase64);
  const mediaType = [block['mediaType'], block['mimeType'], source?.['media_type']].map(textOf).find(Boolean);
  if (base64 === undefined) return undefined;
  return { base64, mediaType: mediaType ?? 'application/octet-stream' };
}

function isBase64(text: string | undefined): text is string {
  return text !== undefined && /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
}

/** A name may be a path on the machine of the person. */
function baseName(value: unknown): string | undefined {
  return textOf(value)?.split(/[\\/]/).at(-1)?.trim() || undefined;
}

function sourceParts(sources: readonly JsonObject[], dialogue: Dialogue): Part[] {
  const links = sources.flatMap(linkOf);
  if (links.length < sources.length)
    dialogue.losses.hide('source without an address', sources.length - links.length);
  return links.length === 0 ? [] : [{ type: 'sources', sources: links }];
}

/** Citations of OpenAI (`url_citation`, in two shapes) and Anthropic (`web_search_result_location`). */
function citationParts(citations: unknown): Part[] {
  const links = objectsOf(citations).flatMap((citation) =>
    linkOf(objectOf(citation['url_citation']) ?? citation),
  );
  return links.length === 0 ? [] : [{ type: 'sources', sources: links }];
}

function linkOf({ url, title }: JsonObject): SourceLink[] {
  const [address, name] = [textOf(url), textOf(title)];
  if (address === undefined) return [];
  return [{ ...(name !== undefined && { title: name }), url: address }];
}
