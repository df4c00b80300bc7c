import { escapeHtml } from '../render/characters.ts';
import { highlightCode } from '../render/highlight.ts';
import { toIndentedJson, type JsonObject } from '../snapshot/json-text.ts';
import { longInput, longOutput, type LongText } from '../snapshot/long-text.ts';
import type { Json } from '../snapshot/snapshot.ts';
import { encodePath } from '../urls.ts';
import { settleTerminal, terminalHtml } from './ansi.ts';
import { firstLines, runsHtml, type Run } from './diff.ts';
import { isObject, type FileChange, type Todo, type ToolCall, type Work } from './tool-call.ts';
import type { ToolOutput } from './tool-output.ts';
import { countLines, fit, inPre, plainHtml, type Shown } from './tool-text.ts';
import { formatCount, formatSize, shorten } from './words.ts';

/** A piece of what stands below the summary. `html` is ours: every character from the tool is escaped in it. */
export interface Block {
  label: string;
  /** What the label has to add: `3 → 5 lines`. */
  detail: string;
  html: string;
}

/** Characters of HTML that one call may write for its input, and for its output. */
const rooms = {
  whole: { input: 24_000, output: 34_000 },
  /** In a sub-agent, which a reader looks through for what it did: its calls shall all have room. */
  brief: { input: 4_000, output: 5_000 },
};

/** Numbers of things in one call; no real one has as many. */
const mostFields = 50;
const mostChanges = 30;
const mostTodos = 100;
const deepest = 3;
const longestFieldName = 80;

/**
 * What a call is shown with, in order: the command, the fields, what was changed or written, and what came of it.
 *
 * @param folder  Path of the share's folder, as a browser sees it; empty where the page stands alone.
 * @param size    How much of its texts is shown.
 */
export function blocksOf(
  call: ToolCall,
  work: Work,
  output: ToolOutput | undefined,
  isFailed: boolean,
  folder: string,
  size: keyof typeof rooms = 'whole',
): Block[] {
  const { input, output: outputRoom } = rooms[size];
  const room = { left: input };
  const page: Page = { room, whole: wholeHtml(longInput(call), folder) };
  return [
    ...(work.kind === 'command' ? [commandBlock(work.command, page)] : []),
    ...pathBlocks(work, page),
    ...restBlocks(work.rest, page),
    ...(work.kind === 'todos' ? [todosBlock(work.todos, page)] : []),
    ...('changes' in work ? changeBlocks(work.changes, page) : []),
    ...(work.kind === 'write' ? [contentBlock(work.path, work.content, page)] : []),
    ...(output === undefined ? [] : [outputBlock(output, outputRoom, longOutput(call), isFailed, folder)]),
  ];
}

/** Where blocks are made for. */
interface Page {
  /** Characters of HTML that may still be written. */
  room: { left: number };
  /** Says where all of the input is. */
  whole: string;
}

function take(text: string, { room }: Page, toHtml: (text: string) => string): Shown {
  const shown = fit(text, room.left, toHtml);
  room.left -= shown.head.length + shown.tail.length;
  return shown;
}

function commandBlock(command: string, page: Page): Block {
  return textBlock('', '', 'command', `$ ${command}`, page);
}

function textBlock(label: string, detail: string, kind: string, text: string, page: Page): Block {
  const shown = take(text, page, plainHtml);
  return { label, detail, html: preHtml(kind, 'ltr', shown, leftOutHtml(shown.leftOut, page.whole)) };
}

/** In colours where all of it has room in them: more text is worth more than its colours. */
function contentBlock(path: string, content: string, page: Page): Block {
  const label = 'Content';
  const language = /\.(\w+)$/.exec(path)?.[1] ?? '';
  const html = content.length > page.room.left ? '' : highlightCode(content, language);
  if (html === '' || html.length > page.room.left)
    return textBlock(label, linesOf(content), 'code', content, page);
  page.room.left -= html.length;
  return {
    label,
    detail: linesOf(content),
    html: preHtml('code', 'ltr', { head: html, leftOut: 0, tail: '' }, ''),
  };
}

function preHtml(kind: string, dir: 'ltr' | 'auto', { head, tail }: Shown, note: string): string {
  // Focus lets a keyboard scroll what is higher or wider than its box; a command wraps.
  const focus = kind === 'command' ? '' : ' tabindex="0"';
  const pre = (html: string) => `<pre class="${kind}" dir="${dir}"${focus}>${inPre(html)}</pre>`;
  if (note === '') return pre(head);
  return `${head === '' ? '' : pre(head)}<p class="left-out">${note}</p>${tail === '' ? '' : pre(tail)}`;
}

function leftOutHtml(count: number, whole: string, what = 'characters'): string {
  if (count === 0) return '';
  return `${formatCount(count)} ${what} are left out here${whole === '' ? '.' : `; ${whole}`}`;
}

/** Says where all of a text is: in a file of its own, else in what a machine reads. Nowhere where the page stands alone. */
function wholeHtml(long: LongText | undefined, folder: string): string {
  if (folder === '') return '';
  const addressOf = (path: string) => escapeHtml(`${folder}/${encodePath(path)}`);
  if (long === undefined)
    return `<a href="${addressOf('conversation.json')}">conversation.json</a> has all of it.`;
  const { name, path, sizeBytes } = long;
  return `<a href="${addressOf(path)}" download="${name}">${name}</a> (${formatSize(sizeBytes)}) has all of it.`;
}

/** The narrowest summary has room for as many characters; what is longer stands below it in full. */
const fitsSummary = 24;

function pathBlocks(work: Work, page: Page): Block[] {
  const fields = pathFields(work);
  const isSeen = Object.values(fields).join('').length <= fitsSummary;
  return isSeen ? [] : [fieldsBlock(fields, page)];
}

function pathFields(work: Work): Record<string, string> {
  if ('path' in work) return { file: work.path };
  if (work.kind !== 'search') return {};
  return { query: work.query, ...(work.place === '' ? {} : { in: work.place }) };
}

function restBlocks(rest: Json, page: Page): Block[] {
  if (isObject(rest)) return Object.keys(rest).length === 0 ? [] : [fieldsBlock(rest, page)];
  if (rest === null || rest === '') return [];
  return [textBlock('Input', '', 'code', typeof rest === 'string' ? rest : toIndentedJson(rest), page)];
}

// --- fields

function fieldsBlock(object: JsonObject, page: Page): Block {
  return { label: '', detail: '', html: listHtml(object, 1, page) };
}

function listHtml(object: JsonObject, depth: number, page: Page): string {
  const fields = Object.entries(object);
  const shown = takeWhile(fields, mostFields, page, ([name, value]) => {
    const label = plainHtml(shorten(name, longestFieldName));
    page.room.left -= label.length + 60; // the tags around it
    return `<div><dt>${label}</dt><dd dir="auto">${valueHtml(value, depth, page)}</dd></div>`;
  });
  const more = fields.length - shown.length;
  const note = leftOutHtml(more, page.whole, 'more fields');
  return `<dl>${shown.join('')}${more === 0 ? '' : `<div><dt>…</dt><dd class="left-out">${note}</dd></div>`}</dl>`;
}

/** HTML of the first items, as long as there is room. */
function takeWhile<T>(
  items: readonly T[],
  most: number,
  { room }: Page,
  toHtml: (item: T) => string,
): string[] {
  const shown: string[] = [];
  for (const item of items.slice(0, most)) {
    if (room.left < 100) break;
    shown.push(toHtml(item));
  }
  return shown;
}

function valueHtml(value: Json, depth: number, page: Page): string {
  if (isScalar(value)) return leafHtml(String(value), page);
  const items: Json[] = Object.values(value);
  if (Array.isArray(value) && items.length > 0 && value.every(isScalar)) return scalarsHtml(value, page);
  if (isObject(value) && items.length > 0 && depth < deepest) return listHtml(value, depth + 1, page);
  return leafHtml(toIndentedJson(value), page);
}

type Scalar = Exclude<Json, object>;

function isScalar(value: Json): value is Scalar {
  return typeof value !== 'object' || value === null;
}

function scalarsHtml(values: readonly Scalar[], page: Page): string {
  const shown = takeWhile(values, mostFields, page, (value) => {
    page.room.left -= 10;
    return `<li>${leafHtml(String(value), page)}</li>`;
  });
  const note = leftOutHtml(values.length - shown.length, page.whole, 'more');
  return `<ul>${shown.join('')}${note === '' ? '' : `<li class="left-out">${note}</li>`}</ul>`;
}

function leafHtml(text: string, page: Page): string {
  const { head, leftOut, tail } = take(text, page, plainHtml);
  const note = leftOutHtml(leftOut, page.whole);
  return note === '' ? head : `${head}<span class="left-out">${note}</span>${tail}`;
}

// --- what was changed, and what is to do

function changeBlocks(changes: readonly FileChange[], page: Page): Block[] {
  const blocks = changes.slice(0, mostChanges).flatMap((change, index) => {
    const number = changes.length > 1 ? ` ${index + 1} of ${changes.length}` : '';
    return changeBlock(change, change.file === '' ? `Change${number}` : shorten(change.file, 200), page);
  });
  const more = changes.length - mostChanges;
  if (more <= 0) return blocks;
  return [
    ...blocks,
    {
      label: '',
      detail: '',
      html: `<p class="left-out">${leftOutHtml(more, page.whole, 'more changes')}</p>`,
    },
  ];
}

function changeBlock(change: FileChange, label: string, page: Page): Block[] {
  const { runs, removed, added } = change;
  if (runs !== undefined)
    return runs.length === 0 ? [{ label, detail: '', html: '' }] : [diffBlock(change, runs, label, page)];
  return [
    ...(removed === '' ? [] : [textBlock(`${label}, removed`, linesOf(removed), 'removed', removed, page)]),
    ...(added === '' ? [] : [textBlock(`${label}, added`, linesOf(added), 'added', added, page)]),
  ];
}

function diffBlock({ removed, added }: FileChange, runs: readonly Run[], label: string, page: Page): Block {
  const lines = runs.reduce((sum, run) => sum + run.lines.length, 0);
  let [shown, html] = [lines, runsHtml(runs)];
  while (html.length > page.room.left && shown > 0) {
    shown = Math.floor(shown / 2);
    html = runsHtml(firstLines(runs, shown));
  }
  page.room.left -= html.length;
  const note = leftOutHtml(lines - shown, page.whole, 'lines');
  return {
    label,
    detail: `${formatCount(countLines(removed))} → ${linesOf(added)}`,
    html: preHtml('diff', 'ltr', { head: html, leftOut: 0, tail: '' }, note),
  };
}

function linesOf(text: string): string {
  const count = countLines(text);
  return count === 1 ? '1 line' : `${formatCount(count)} lines`;
}

function todosBlock(todos: readonly Todo[], page: Page): Block {
  const shown = takeWhile(todos, mostTodos, page, ({ text, state }) => {
    page.room.left -= 120;
    const box = `<input type="checkbox" disabled${state === 'done' ? ' checked' : ''} aria-label="${todoWords[state]}">`;
    const mark = state === 'started' ? ' <span class="mark">in progress</span>' : '';
    return `<li>${box}<span dir="auto">${leafHtml(text, page)}</span>${mark}</li>`;
  });
  const note = leftOutHtml(todos.length - shown.length, page.whole, 'more');
  return {
    label: '',
    detail: '',
    html: `<ul class="todos">${shown.join('')}${note === '' ? '' : `<li class="left-out">${note}</li>`}</ul>`,
  };
}

const todoWords = { open: 'To do', started: 'In progress', done: 'Done' };

// --- what came of it

function outputBlock(
  output: ToolOutput,
  room: number,
  long: LongText | undefined,
  isFailed: boolean,
  folder: string,
): Block {
  const text = settleTerminal(output.text);
  const shown = fit(text === '' ? '(empty)' : text, room, terminalHtml);
  const whole = wholeHtml(long, folder);
  // Progress lines that were written over may have been most of it.
  const note = leftOutHtml(shown.leftOut, whole) || (long === undefined ? '' : whole);
  return { label: isFailed ? 'Error' : 'Result', detail: '', html: preHtml('output', 'auto', shown, note) };
}
