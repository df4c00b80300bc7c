import { agentName, messagesIn, taskOf } from '../snapshot/parts.ts';
import type { Json, SnapshotSubAgent } from '../snapshot/snapshot.ts';
import { pathFields, type LineRange, type ToolCall, type Work } from './tool-call.ts';
import { countResults, lastLineNumber, type ToolOutput } from './tool-output.ts';
import { countLines, oneLine, shortPath } from './tool-text.ts';
import { countOf, firstWords, formatCount } from './words.ts';

/** One line that says what was done: `Edit src/app.ts +12 −3`, `Bash npm test → exit 1`. Nothing in it is escaped. */
export interface Summary {
  name: string;
  /** What it was done to. */
  object: string;
  /** How much of it: `34 lines`. */
  amount: string;
  /** Lines added and removed, where something was changed. */
  changed: { added: number; removed: number } | undefined;
  /** How it ended, if that is worth a word. */
  mark: string;
  isFailed: boolean;
}

/** Characters. With the marks at its end a line stays below 120. */
const longestName = 32;
const longestObject = 84;

export function summaryOf(call: ToolCall, work: Work, output: ToolOutput | undefined): Summary {
  const exitCode = output?.exitCode;
  const isFailed = call.status === 'failed' || (exitCode !== undefined && exitCode !== 0);
  const failure = exitCode === undefined || exitCode === 0 ? 'failed' : `→ exit ${exitCode}`;
  return {
    name: oneLine(nameOf(call, work), longestName),
    object: call.subAgent === undefined ? objectOf(work) : taskIn(work, call.subAgent),
    amount: isFailed ? '' : amountOf(work, output?.text, call.subAgent),
    changed: isFailed ? undefined : changedIn(work),
    mark: isFailed ? failure : call.status === 'pending' ? 'no result' : '',
    isFailed,
  };
}

const verbs: Partial<Record<Work['kind'], string>> = {
  edit: 'Edit',
  patch: 'Edit',
  write: 'Write',
  read: 'Read',
  search: 'Search',
  fetch: 'Fetch',
  task: 'Task',
  todos: 'Todo',
};

function nameOf({ name, subAgent }: ToolCall, { kind }: Work): string {
  if (subAgent !== undefined) return agentName(subAgent);
  const [, server, tool] = /^mcp__(.+?)__(.+)$/s.exec(name.slice(0, 400)) ?? [];
  if (server !== undefined && tool !== undefined) return `${server}: ${tool}`;
  return verbs[kind] ?? name;
}

function objectOf(work: Work): string {
  switch (work.kind) {
    case 'edit':
    case 'write':
    case 'read':
      return shortPath(work.path, longestObject);
    case 'patch':
      return work.changes.length === 1
        ? shortPath(work.changes[0]?.file ?? '', longestObject)
        : countOf(work.changes.length, 'file');
    case 'command':
      return oneLine(work.command, longestObject);
    case 'search': {
      const query = `"${oneLine(work.query, 52)}"`;
      return work.place === '' ? query : `${query} in ${shortPath(work.place, 28)}`;
    }
    case 'fetch':
      return oneLine(addressOf(work.url), longestObject);
    case 'task':
      return `"${oneLine(work.description, longestObject - 2)}"`;
    case 'todos':
      return '';
    case 'other':
      return toolHint(work.rest);
  }
}

/** The few words that the agent was called with, or else the first of what it was told. */
function taskIn(work: Work, agent: SnapshotSubAgent): string {
  const words = work.kind === 'task' ? work.description : (taskOf(agent) ?? '');
  const line = oneLine(firstWords(words), longestObject - 2);
  return line === '' ? '' : `"${line}"`;
}

function addressOf(address: string): string {
  if (!URL.canParse(address)) return address;
  const { host, pathname } = new URL(address);
  return host + (pathname === '/' ? '' : pathname);
}

function amountOf(work: Work, output: string | undefined, agent: SnapshotSubAgent | undefined): string {
  if (agent !== undefined) return countOf(messagesIn(agent.rounds).length, 'message');
  if (work.kind === 'write') return linesOf(countLines(work.content));
  if (work.kind === 'read') return rangeOf(work.lines, output);
  if (work.kind === 'search') return resultsOf(output);
  if (work.kind !== 'todos') return '';
  const done = work.todos.filter(({ state }) => state === 'done').length;
  return `${done} of ${work.todos.length} done`;
}

function resultsOf(output: string | undefined): string {
  const count = output === undefined ? undefined : countResults(output);
  if (count === undefined) return '';
  return count === 1 ? '1 result' : `${formatCount(count)} results`;
}

function linesOf(count: number): string {
  return count === 1 ? '1 line' : `${formatCount(count)} lines`;
}

/** A file may end before the range that was asked for. */
function rangeOf({ first, last }: LineRange, output = ''): string {
  if (first === undefined && last === undefined) return '';
  const from = first ?? 1;
  const end = lastLineNumber(output) ?? Infinity;
  const to = Math.min(last ?? Infinity, end < from ? Infinity : end);
  if (to === Infinity) return from === 1 ? '' : `from line ${from}`;
  return to <= from ? `line ${from}` : `lines ${from}–${to}`;
}

function changedIn(work: Work): Summary['changed'] {
  if (!('changes' in work)) return undefined;
  const added = work.changes.reduce((sum, change) => sum + change.addedLines, 0);
  const removed = work.changes.reduce((sum, change) => sum + change.removedLines, 0);
  return added + removed === 0 ? undefined : { added, removed };
}

/** Fields that say most about a tool call, the most telling first. */
const tellingFields = [
  ...['command', 'cmd', 'code', ...pathFields, 'dir_path', 'uri', 'pattern', 'query', 'q', 'url', 'question'],
  ...['subject', 'objective', 'description', 'prompt', 'title', 'name'],
];

/** One line that tells what a tool was asked. Empty where nothing says it shortly. */
function toolHint(input: Json, depth = 2): string {
  if (typeof input === 'string') return oneLine(input, longestObject);
  if (typeof input !== 'object' || input === null || depth < 0) return '';
  if (Array.isArray(input)) {
    const words = input.slice(0, 10).filter((each) => typeof each === 'string');
    return words.length > 0
      ? oneLine(words.join(', '), longestObject)
      : toolHint(input[0] ?? null, depth - 1);
  }
  const told = tellingFields.flatMap((name) => input[name] ?? []);
  const all = [...told, ...Object.values(input).slice(0, 50)];
  const isText = (each: Json) => typeof each === 'string' && each !== '';
  const value = all.find(isText) ?? all.find((each) => toolHint(each, depth - 1) !== '');
  return value === undefined ? '' : toolHint(value, depth - 1);
}
