import { dataUrl, type InlineData } from './inline-files.ts';
import {
  isTooDeep,
  jsonOrText,
  listOf,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
  type JsonObject,
} from './untyped.ts';

/*
 * The tool calls of Codex, and what they gave back, in the several shapes in which its versions have written them. Names
 * and inputs stay those of Codex; where a record has none, they become what Codex would have written in another.
 */

export interface Made {
  name: string;
  input: unknown;
}

export interface Answer {
  output: string;
  isFailed: boolean;
  images: InlineData[];
  /** Images of which only an address is there. */
  addresses: number;
}

/** A call as the model made it: a `response_item`. */
export function madeBy(item: JsonObject): Made | undefined {
  switch (item['type']) {
    case 'function_call':
      return { name: nameOf(item), input: jsonOrText(item['arguments'] ?? item['input']) };
    case 'custom_tool_call':
      return { name: nameOf(item), input: item['input'] ?? jsonOrText(item['arguments']) };
    case 'local_shell_call':
      return { name: 'local_shell', input: shellInput(objectOf(item['action'])) };
    case 'tool_search_call':
      return { name: 'tool_search', input: jsonOrText(item['arguments']) };
    case 'web_search_call':
      return { name: 'web_search', input: searchInput(item) };
    case 'image_generation_call':
      return { name: 'image_generation', input: promptOf(item) };
    default:
      return undefined;
  }
}

/** The records that are call and answer in one. */
export function answerIn(item: JsonObject): Answer | undefined {
  const isOver = item['status'] !== 'in_progress';
  switch (item['type']) {
    case 'web_search_call':
      return isOver ? answer('', item['status'] === 'failed') : undefined;
    case 'image_generation_call':
      return isOver ? pictureOf(item) : undefined;
    default:
      return undefined;
  }
}

export function isOutput(item: JsonObject): boolean {
  return /^(?:function_call|custom_tool_call|local_shell_call|mcp_tool_call|tool_search)_output$/.test(
    textOf(item['type']) ?? '',
  );
}

/** What a `response_item` that {@link isOutput} holds. */
export function outputOf(item: JsonObject): Answer {
  const tools = objectsOf(item['tools']).map((tool) => textOf(tool['name']) ?? '');
  const given = item['output'] ?? item['result'] ?? (item['tools'] === undefined ? '' : tools.join('\n'));
  return toAnswer(given, item['status'] === 'failed' || item['status'] === 'incomplete');
}

/**
 * A call as the program reported it: an `event_msg`.
 *
 * @returns The call, and its answer once it is over.
 */
export function reported(event: JsonObject): { made: Made; answer?: Answer } | undefined {
  const made = madeInEvent(event);
  if (made === undefined) return undefined;
  const isOver = !/_(?:begin|request)$/.test(textOf(event['type']) ?? '');
  return isOver ? { made, answer: answerInEvent(event) } : { made };
}

function madeInEvent(event: JsonObject): Made | undefined {
  const invocation = objectOf(event['invocation']) ?? event;
  switch (event['type']) {
    case 'exec_command_begin':
    case 'exec_command_end':
    case 'CommandExecution':
      return { name: 'exec_command', input: { command: event['command'] ?? null } };
    case 'mcp_tool_call_begin':
    case 'mcp_tool_call_end':
    case 'McpToolCall':
      return { name: mcpName(invocation), input: invocation['arguments'] ?? null };
    case 'patch_apply_begin':
    case 'patch_apply_end':
    case 'FileChange':
      return { name: 'apply_patch', input: patchOf(objectOf(event['changes'])) };
    case 'web_search_begin':
    case 'web_search_end':
    case 'WebSearch':
      return { name: 'web_search', input: searchInput(event) };
    case 'image_generation_end':
    case 'ImageGeneration':
      return { name: 'image_generation', input: promptOf(event) };
    case 'view_image_tool_call':
    case 'ImageView':
      return { name: 'view_image', input: { path: event['path'] ?? null } };
    case 'dynamic_tool_call_request':
    case 'dynamic_tool_call_response':
    case 'DynamicToolCall':
      return { name: textOf(event['tool']) ?? 'tool', input: event['arguments'] ?? null };
    case 'CollabAgentToolCall':
      return { name: textOf(event['tool']) ?? 'agent', input: { prompt: event['prompt'] ?? null } };
    case 'Extension':
      return extension(event);
    default:
      return undefined;
  }
}

function extension(event: JsonObject): Made {
  const kind = textOf(event['kind']) ?? 'tool';
  if (kind === 'web.search') return { name: 'web_search', input: searchInput(event) };
  if (kind.startsWith('image_gen.')) return { name: 'image_generation', input: promptOf(event) };
  return { name: kind, input: null };
}

function answerInEvent(event: JsonObject): Answer {
  const result = objectOf(event['result']);
  if (result) return toAnswer(objectOf(result['Ok']) ?? result['Err'] ?? result, isBad(event));
  if (typeof event['result'] === 'string') return pictureOf(event);
  const streams = [event['stdout'], event['stderr']].map((text) => textOf(text) ?? '');
  const output =
    textOf(event['aggregated_output']) ||
    streams.filter((text) => text !== '').join('\n') ||
    textOf(event['formatted_output']) ||
    (textOf(event['error']) ?? textOf(objectOf(event['error'])?.['message']));
  return toAnswer(output ?? event['content_items'] ?? '', isBad(event));
}

function isBad(event: JsonObject): boolean {
  const code = numberOf(event['exit_code']);
  const status = textOf(event['status']);
  return (
    (code !== undefined && code !== 0) ||
    event['success'] === false ||
    (event['error'] !== undefined && event['error'] !== null) ||
    status === 'failed' ||
    status === 'declined'
  );
}

/**
 * A call in an item of `codex exec --json`.
 *
 * @returns Undefined for an item that is no call.
 */
export function executed(item: JsonObject, isOver: boolean): { made: Made; answer?: Answer } | undefined {
  const made = madeInItem(item);
  return made && (isOver ? { made, answer: answerInEvent(item) } : { made });
}

function madeInItem(item: JsonObject): Made | undefined {
  switch (item['type'] ?? item['item_type']) {
    case 'command_execution':
      return { name: 'exec_command', input: { command: item['command'] ?? null } };
    case 'file_change':
      return { name: 'apply_patch', input: { changes: item['changes'] ?? null } };
    case 'mcp_tool_call':
      return { name: mcpName(item), input: item['arguments'] ?? null };
    case 'collab_tool_call':
      return { name: textOf(item['tool']) ?? 'agent', input: { prompt: item['prompt'] ?? null } };
    case 'web_search':
      return { name: 'web_search', input: searchInput(item) };
    case 'todo_list':
      return { name: 'update_plan', input: { plan: objectsOf(item['items']).map(stepOf) } };
    default:
      return undefined;
  }
}

function stepOf(item: JsonObject): { step: string; status: string } {
  return {
    step: textOf(item['text']) ?? '',
    status: item['completed'] === true ? 'completed' : 'pending',
  };
}

// ── Inputs ───────────────────────────────────────────────────────────────────────────────────────────────────────

function nameOf(item: JsonObject): string {
  const name = textOf(item['name']) ?? 'tool';
  const space = textOf(item['namespace']);
  if (space === undefined || space === '' || name.startsWith(space)) return name;
  return space.endsWith('__') ? space + name : `${space}__${name}`;
}

function mcpName(call: JsonObject): string {
  return `mcp__${textOf(call['server']) ?? 'server'}__${textOf(call['tool']) ?? 'tool'}`;
}

/** Without the environment, which holds keys, and the name of the user. */
function shellInput(action: JsonObject | undefined): JsonObject {
  const workdir = textOf(action?.['working_directory']);
  return { command: action?.['command'] ?? null, ...(workdir !== undefined && { workdir }) };
}

function searchInput(call: JsonObject): JsonObject {
  const action = objectOf(call['action']) ?? {};
  const input: Record<string, unknown> = {};
  const query = [call['query'], action['query'], listOf(action['queries'])[0]].find(
    (text) => typeof text === 'string' && text !== '',
  );
  if (query !== undefined) input['query'] = query;
  for (const field of ['url', 'pattern']) if (typeof action[field] === 'string') input[field] = action[field];
  return input;
}

function promptOf(call: JsonObject): JsonObject {
  const prompt = textOf(call['revised_prompt']) ?? textOf(call['revisedPrompt']);
  return prompt === undefined ? {} : { prompt };
}

/** Writes the changes of an event as the patch that made them. */
function patchOf(changes: JsonObject | undefined): string {
  const pieces = Object.entries(changes ?? {}).flatMap(([path, change]) => {
    const [kind, body] = changeIn(objectOf(change) ?? {});
    if (kind === 'delete') return [`*** Delete File: ${path}`];
    if (kind === 'add')
      return [`*** Add File: ${path}`, ...linesOf(body['content']).map((line) => `+${line}`)];
    const moved = textOf(body['move_path']);
    return [
      `*** Update File: ${path}`,
      ...(moved === undefined ? [] : [`*** Move to: ${moved}`]),
      ...linesOf(body['unified_diff']),
    ];
  });
  return ['*** Begin Patch', ...pieces, '*** End Patch'].join('\n');
}

/** `{ type: 'add', content }`, and before 2025-11 `{ add: { content } }`. */
function changeIn(change: JsonObject): [string, JsonObject] {
  const kind = textOf(change['type']);
  if (kind !== undefined) return [kind, change];
  const [name = 'update', body] = Object.entries(change)[0] ?? [];
  return [name, objectOf(body) ?? {}];
}

function linesOf(text: unknown): string[] {
  const lines = (textOf(text) ?? '').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

// ── Outputs ──────────────────────────────────────────────────────────────────────────────────────────────────────

function answer(output: string, isFailed: boolean): Answer {
  return { output, isFailed, images: [], addresses: 0 };
}

function pictureOf(item: JsonObject): Answer {
  const base64 = textOf(item['result']) ?? '';
  const images = base64 === '' ? [] : [{ base64, mediaType: pictureType(base64) }];
  return { ...answer('', item['status'] === 'failed'), images };
}

function pictureType(base64: string): string {
  if (base64.startsWith('/9j/')) return 'image/jpeg';
  return base64.startsWith('UklG') ? 'image/webp' : 'image/png';
}

/** A tool's own output may be JSON, too: that stays as it is. */
const wrapper =
  /^(?:\{"(?:output|metadata)":|\[\{"(?:type":"(?:input_|output_)?(?:text|image)|text":|image_url":))/;

/** An output is a text, a list of pieces, an object around one of them, or the JSON text of such an object. */
function toAnswer(given: unknown, isFailed: boolean): Answer {
  if (typeof given === 'string') {
    const wrapped = wrapper.test(given) ? jsonOrText(given) : undefined;
    if (Array.isArray(wrapped)) return ofPieces(wrapped, isFailed);
    const inner = objectOf(wrapped);
    return inner ? ofObject(inner, isFailed) : ofText(given, isFailed);
  }
  if (Array.isArray(given)) return ofPieces(given, isFailed);
  const object = objectOf(given);
  return object ? ofObject(object, isFailed) : ofText(textOfScalar(given), isFailed);
}

function textOfScalar(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function ofObject(object: JsonObject, isFailed: boolean): Answer {
  const code = numberOf(objectOf(object['metadata'])?.['exit_code']) ?? numberOf(object['exit_code']);
  const isBadNow =
    isFailed ||
    (code !== undefined && code !== 0) ||
    object['success'] === false ||
    object['is_error'] === true ||
    object['isError'] === true;
  const inner =
    object['output'] ?? object['content'] ?? object['content_items'] ?? object['structured_content'];
  if (typeof inner === 'string') return ofText(inner, isBadNow);
  if (Array.isArray(inner)) return ofPieces(inner, isBadNow);
  const rest = inner ?? object;
  return ofText(isTooDeep(rest) ? '' : JSON.stringify(rest, undefined, 2), isBadNow);
}

function ofPieces(pieces: readonly unknown[], isFailed: boolean): Answer {
  const texts: string[] = [];
  const images: InlineData[] = [];
  let addresses = 0;
  for (const piece of objectsOf(pieces)) {
    const text = textOf(piece['text']);
    if (text !== undefined) texts.push(text);
    else if (/image$/.test(textOf(piece['type']) ?? '')) {
      const data = imageIn(piece);
      if (data) images.push(data);
      else addresses += 1;
    }
  }
  return { ...ofText(texts.join('\n'), isFailed), images, addresses };
}

/** The image in a piece of a message or of an output; undefined where there is only its address. */
export function imageIn(piece: JsonObject): InlineData | undefined {
  const base64 = textOf(piece['data']);
  if (base64 !== undefined)
    return { base64, mediaType: textOf(piece['mimeType']) ?? textOf(piece['mime_type']) ?? 'image/png' };
  const url = piece['image_url'];
  return dataUrl(textOf(url) ?? textOf(objectOf(url)?.['url']));
}

/** What stands before the output of a command: how long it took, how it ended. */
const reportLines =
  /^(?:(?:Chunk ID|Wall time|Original token count|Total output lines|Exit code|Process exited with code|Process running with session ID)\b[^\n]{0,200}\n)+Output:(?:\n|$)/;

function ofText(given: string, isFailed: boolean): Answer {
  const text = given.toWellFormed();
  const report = reportLines.exec(text)?.[0] ?? '';
  const code = /^(?:Exit code:|Process exited with code) (-?\d+)/m.exec(report)?.[1];
  const isBadNow = isFailed || (code !== undefined && code !== '0') || isRefusal(text);
  return answer(text.slice(report.length), isBadNow);
}

function isRefusal(text: string): boolean {
  return /^(?:aborted by user|execution error|exec_command failed|unsupported call|failed to parse function arguments|apply_patch verification failed|rejected:)/.test(
    text,
  );
}
