import type { JsonObject } from '../snapshot/json-text.ts';
import { taskOf } from '../snapshot/parts.ts';
import type { Json, SnapshotPart } from '../snapshot/snapshot.ts';
import { changeOf, longestCompared, type Change } from './diff.ts';
import { patchesIn } from './patch.ts';

export type ToolCall = Extract<SnapshotPart, { type: 'tool-call' }>;

/** A change, and the file that it is in where one call changes several. */
export interface FileChange extends Change {
  file: string;
}

export interface Todo {
  text: string;
  state: 'open' | 'started' | 'done';
}

/** What a tool call does, whatever the program calls its tools. `rest` is the input that nothing else here shows. */
export type Work =
  | { kind: 'edit'; path: string; changes: FileChange[]; rest: Json }
  | { kind: 'patch'; changes: FileChange[]; rest: Json }
  | { kind: 'write'; path: string; content: string; rest: Json }
  | { kind: 'read'; path: string; lines: LineRange; rest: Json }
  | { kind: 'command'; command: string; rest: Json }
  | { kind: 'search'; query: string; place: string; rest: Json }
  | { kind: 'fetch'; url: string; rest: Json }
  | { kind: 'task'; description: string; rest: Json }
  | { kind: 'todos'; todos: Todo[]; rest: Json }
  | { kind: 'other'; rest: Json };

/** 1-based, both ends included. */
export interface LineRange {
  first?: number;
  last?: number;
}

/** Comparing costs time; no real call changes as much. */
const mostEdits = 100;

type Reader = (input: JsonObject) => Work | undefined;

const readers: ReadonlyMap<string, Reader> = new Map(
  Object.entries({
    edit: readEdit,
    multiedit: readEdit,
    replace: readEdit,
    str_replace: readEdit,
    notebookedit: readNotebookEdit,
    apply_patch: readPatch,
    patch: readPatch,
    write: readWrite,
    write_file: readWrite,
    artifacts: readArtifact,
    create_file: readWrite,
    read: readRead,
    read_file: readRead,
    view: readRead,
    str_replace_editor: readEditor,
    str_replace_based_edit_tool: readEditor,
    bash: readCommand,
    bash_tool: readCommand,
    shell: readCommand,
    local_shell: readCommand,
    local_shell_call: readCommand,
    'container.exec': readCommand,
    run_terminal_cmd: readCommand,
    shell_command: readCommand,
    exec_command: readCommand,
    run_shell_command: readCommand,
    grep: readSearch,
    glob: readSearch,
    websearch: readSearch,
    web_search: readSearch,
    google_web_search: readSearch,
    web_search_call: readSearch,
    search_file_content: readSearch,
    grep_search: readSearch,
    codesearch: readSearch,
    'file_search.msearch': readSearch,
    webfetch: readFetch,
    web_fetch: readFetch,
    task: readTask,
    agent: readTask,
    todowrite: readTodos,
    write_todos: readTodos,
    update_plan: readTodos,
  } satisfies Record<string, Reader>),
);

/** Finds out what a call does. Input that is not as the tool's name promises makes it a call like any other. */
export function workOf(call: ToolCall): Work {
  const work = readCall(call);
  const task = call.subAgent && taskOf(call.subAgent);
  return task === undefined ? work : { ...work, rest: withoutText(work.rest, task) };
}

/** What the sub-agent was told stands at the beginning of what it did. */
function withoutText(input: Json, text: string): Json {
  if (typeof input === 'string') return isSame(input, text) ? null : input;
  if (!isObject(input)) return input;
  return Object.fromEntries(
    Object.entries(input).filter(([, value]) => typeof value !== 'string' || !isSame(value, text)),
  );
}

function isSame(one: string, other: string): boolean {
  return one.trim() === other.trim();
}

function readCall({ name, input }: ToolCall): Work {
  const read = readers.get(name.toLowerCase().replace(/^functions\./, ''));
  if (typeof input === 'string')
    return (read === readPatch ? patchWork(input, {}) : undefined) ?? { kind: 'other', rest: input };
  const work = isObject(input) ? read?.(withAction(input)) : undefined;
  return work ?? { kind: 'other', rest: input };
}

/** OpenAI's own tools put what they do into an `action`. */
function withAction(input: JsonObject): JsonObject {
  const action = input['action'];
  return isObject(action) ? { ...without(input, 'action'), ...without(action, 'type') } : input;
}

function readEdit(input: JsonObject): Work | undefined {
  const path = stringIn(input, pathFields) ?? '';
  const own = editIn(input);
  if (own !== undefined)
    return { kind: 'edit', path, changes: [own], rest: without(input, ...pathFields, ...editFields) };
  const list = Array.isArray(input['edits']) ? input['edits'].slice(0, mostEdits) : [];
  let room = longestCompared;
  const edits = list.flatMap((each) => {
    const edit = isObject(each) ? editIn(each, room) : undefined;
    // All edits of a call share what one of them may have.
    if (edit?.runs !== undefined) room -= edit.removed.length + edit.added.length;
    return edit ?? [];
  });
  if (edits.length === 0 || edits.length < list.length) return undefined;
  const left = (input['edits'] as Json[]).slice(mostEdits);
  const rest = without(input, ...pathFields, 'edits');
  return { kind: 'edit', path, changes: edits, rest: left.length > 0 ? { ...rest, edits: left } : rest };
}

export const pathFields = ['file_path', 'filePath', 'absolute_path', 'path', 'notebook_path'];
const editFields = ['old_string', 'new_string', 'oldString', 'newString', 'old_str', 'new_str'];

function editIn(input: JsonObject, longest?: number): FileChange | undefined {
  const removed = stringIn(input, ['old_string', 'oldString', 'old_str']);
  const given = stringIn(input, ['new_string', 'newString', 'new_str']);
  // Claude's text editor leaves the field out where it only deletes.
  const added = given ?? ('old_str' in input && !('new_str' in input) ? '' : undefined);
  if (removed === undefined || added === undefined) return undefined;
  return { file: '', ...changeOf(removed, added, longest) };
}

function readNotebookEdit(input: JsonObject): Work | undefined {
  const path = stringIn(input, pathFields);
  return path === undefined
    ? undefined
    : { kind: 'edit', path, changes: [], rest: without(input, ...pathFields) };
}

function readPatch(input: JsonObject): Work | undefined {
  const field = ['input', 'patch', 'patchText'].find((name) => typeof input[name] === 'string');
  const text = field === undefined ? undefined : input[field];
  if (field === undefined || typeof text !== 'string') return readCommand(input);
  return patchWork(text, without(input, field));
}

function patchWork(text: string, rest: JsonObject): Work | undefined {
  const changes = patchesIn(text);
  return changes === undefined ? undefined : { kind: 'patch', changes, rest };
}

function readWrite(input: JsonObject): Work | undefined {
  const path = stringIn(input, pathFields);
  const content = stringIn(input, ['content', 'file_text']);
  if (path === undefined || content === undefined) return undefined;
  return { kind: 'write', path, content, rest: without(input, ...pathFields, 'content', 'file_text') };
}

function readRead(input: JsonObject): Work | undefined {
  const path = stringIn(input, pathFields);
  if (path === undefined) return undefined;
  const rangeFields = ['offset', 'limit', 'start_line', 'end_line', 'view_range'];
  return { kind: 'read', path, lines: rangeIn(input), rest: without(input, ...pathFields, ...rangeFields) };
}

function rangeIn(input: JsonObject): LineRange {
  const [from, to] = Array.isArray(input['view_range']) ? input['view_range'] : [];
  const first = wholeNumber(input['offset']) ?? wholeNumber(input['start_line']) ?? wholeNumber(from);
  const limit = wholeNumber(input['limit']);
  const last =
    limit === undefined
      ? (wholeNumber(input['end_line']) ?? wholeNumber(to))
      : Math.max(first ?? 1, 1) + limit - 1;
  return {
    ...(first === undefined ? {} : { first: Math.max(first, 1) }),
    ...(last === undefined || last < 1 ? {} : { last }),
  };
}

function wholeNumber(value: Json | undefined): number | undefined {
  return Number.isSafeInteger(value) ? Number(value) : undefined;
}

/** One tool with several commands: view, create, str_replace and others. */
function readEditor(input: JsonObject): Work | undefined {
  const rest = without(input, 'command');
  if (input['command'] === 'view') return readRead(rest);
  if (input['command'] === 'create') return readWrite(rest);
  if (input['command'] === 'insert') return readInsert(rest);
  return input['command'] === 'str_replace' ? readEdit(rest) : undefined;
}

function readInsert(input: JsonObject): Work | undefined {
  const path = stringIn(input, pathFields);
  const field = ['insert_text', 'new_str'].find((name) => typeof input[name] === 'string');
  if (path === undefined || field === undefined) return undefined;
  const change = { file: '', ...changeOf('', stringIn(input, [field]) ?? '') };
  return { kind: 'edit', path, changes: [change], rest: without(input, ...pathFields, field) };
}

/** Claude.ai's documents beside a conversation: created and rewritten whole, updated in places. */
function readArtifact({ command, ...input }: JsonObject): Work | undefined {
  const path = stringIn(input, ['title', 'id']);
  const named = { ...without(input, 'title'), ...(path === undefined ? {} : { path }) };
  return command === 'update' ? readEdit(named) : readWrite(named);
}

function readCommand(input: JsonObject): Work | undefined {
  const field = ['command', 'cmd'].find((name) => input[name] !== undefined);
  if (field === undefined) return undefined;
  const value = input[field];
  const words = Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : [];
  const command = typeof value === 'string' ? value : joinWords(words);
  if (command === '') return undefined;
  const rest = without(input, field);
  if (!/^(?:cd \S+ && )?apply_patch\b/.test(command)) return { kind: 'command', command, rest };
  return patchWork(words.at(-1) ?? command, rest) ?? { kind: 'command', command, rest };
}

/** `["bash", "-lc", "npm test"]` is what somebody would type as `npm test`. */
function joinWords(given: readonly string[]): string {
  const words = given.filter((word, index) => index === 0 || !/^-NoProfile$/i.test(word));
  const [shell = '', option = '', script, ...more] = words;
  const isScript =
    (/^(?:.*\/)?(?:ba|z|da)?sh$/.test(shell) && /^-[a-z]*c$/.test(option)) ||
    (/^(?:powershell|pwsh)(?:\.exe)?$/i.test(shell) && /^-c(?:ommand)?$/i.test(option)) ||
    (/^cmd(?:\.exe)?$/i.test(shell) && /^\/c$/i.test(option));
  if (isScript && script !== undefined && more.length === 0) return script;
  return words.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : quoted(word))).join(' ');
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function readSearch(input: JsonObject): Work | undefined {
  const all = Array.isArray(input['queries'])
    ? input['queries'].filter((each) => typeof each === 'string')
    : [];
  const query = stringIn(input, ['pattern', 'query', 'q']) ?? (all.length > 0 ? all.join(', ') : undefined);
  // A search on the web goes on to open what it found.
  if (query === undefined) return readFetch(input);
  const place = stringIn(input, ['path', 'dir_path', 'include', 'glob']) ?? '';
  return { kind: 'search', query, place, rest: without(input, 'pattern', 'query', 'q', 'path', 'dir_path') };
}

function readFetch(input: JsonObject): Work | undefined {
  const url = stringIn(input, ['url']) ?? /https?:\/\/[^\s<>"]+/.exec(stringIn(input, ['prompt']) ?? '')?.[0];
  return url === undefined ? undefined : { kind: 'fetch', url, rest: input };
}

function readTask(input: JsonObject): Work | undefined {
  const description = stringIn(input, ['description', 'prompt']);
  return description === undefined ? undefined : { kind: 'task', description, rest: input };
}

function readTodos(input: JsonObject): Work | undefined {
  const field = ['todos', 'plan'].find((name) => Array.isArray(input[name]));
  if (field === undefined) return undefined;
  const list = input[field] as Json[];
  const todos = list.flatMap((each) => (isObject(each) ? (todoOf(each) ?? []) : []));
  return todos.length < list.length ? undefined : { kind: 'todos', todos, rest: without(input, field) };
}

function todoOf(item: JsonObject): Todo | undefined {
  const text = stringIn(item, ['content', 'step', 'description', 'text']);
  if (text === undefined) return undefined;
  const status = stringIn(item, ['status']);
  return { text, state: status === 'completed' ? 'done' : status === 'in_progress' ? 'started' : 'open' };
}

function stringIn(input: JsonObject, names: readonly string[]): string | undefined {
  return names.map((name) => input[name]).find((value) => typeof value === 'string');
}

function without(input: JsonObject, ...names: string[]): JsonObject {
  return Object.fromEntries(Object.entries(input).filter(([name]) => !names.includes(name)));
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
