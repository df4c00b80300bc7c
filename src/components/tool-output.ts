import { objectIn } from '../snapshot/json-text.ts';
import { isObject } from './tool-call.ts';

/** UTF-16 units. In a longer output nobody's results are counted. */
const longestCounted = 500_000;

/** What a tool said, and the exit code of a command where it is told. */
export interface ToolOutput {
  text: string;
  exitCode: number | undefined;
}

/** Reads the forms in which programs wrap what a command printed. Anything else is the text itself. */
export function readOutput(output: string, isCommand: boolean): ToolOutput {
  const wrapped = isCommand ? unwrap(output) : undefined;
  return wrapped ?? { text: output, exitCode: isCommand ? exitCodeIn(output) : undefined };
}

/** Codex: `{"output": "…", "metadata": {"exit_code": 1, …}}`; Claude.ai: `{"returncode": 1, "stdout": "…", "stderr": "…"}`. */
function unwrap(output: string): ToolOutput | undefined {
  const { output: said, exit_code: own, metadata, returncode, stdout, stderr } = objectIn(output) ?? {};
  const printed = typeof stdout === 'string' && typeof stderr === 'string' ? [stdout, stderr] : undefined;
  const text = said ?? printed?.filter(Boolean).join('\n');
  const exitCode = own ?? returncode ?? (isObject(metadata) ? metadata['exit_code'] : undefined);
  return typeof text === 'string' && typeof exitCode === 'number' ? { text, exitCode } : undefined;
}

/**
 * The code stands above what the command printed (Claude Code: `Exit code 1`; Codex: `Exit code: 1` or `Process exited
 * with code 1`, then `Output:`), or in the last lines (Gemini CLI, whose output begins with `Command:` or `Output:`). What the command
 * itself prints may look like it and must not count.
 */
function exitCodeIn(output: string): number | undefined {
  const start = output.slice(0, 400);
  const own = /^Exit code:? (-?\d{1,10})(?=\r?\n|$)/.exec(start)?.[1];
  const header = /^((?:.*\n){1,8})Output:/.exec(start)?.[1] ?? '';
  const framed = /^(?:Process exited with code|Exit code:) (-?\d{1,10})$/m.exec(header)?.[1];
  const below = /^(?:Command|Output): /.test(start)
    ? /^Exit Code: (-?\d{1,10})$/m.exec(output.slice(-400))?.[1]
    : undefined;
  const code = own ?? framed ?? below;
  return code === undefined ? undefined : Number(code);
}

/** The number of results, where an output is plainly a list of them. */
export function countResults(output: string): number | undefined {
  const lines = output.slice(0, longestCounted).trim().split(/\r?\n/);
  const found = /^Found (\d{1,9}) \w/.exec(lines[0] ?? '')?.[1];
  if (found !== undefined) return Number(found);
  if (/^No (?:files|matches|results|search results)\b/i.test(lines[0] ?? '')) return 0;
  if (output.length > longestCounted) return undefined;
  const results = lines.filter((line) => !/^\(Results are truncated/.test(line));
  return results.length > 0 && results.every(isResult) ? results.length : undefined;
}

/** A path, a match with its path and line, or an item of a list. Each pattern reads a line once, however long it is. */
function isResult(line: string): boolean {
  if (/^(?:\d+[.)]|[-*•]) \S/.test(line) || /^[^\s:]+:\d+:/.test(line)) return true;
  return /^[^\s:]+$/.test(line) && /[./]/.test(line);
}

/**
 * Number of the last line of a file shown with line numbers: `  12→text`, `12<tab>text`, and in opencode's tags
 * `00012| text` or `12: text`.
 */
export function lastLineNumber(output: string): number | undefined {
  const start = output.slice(0, 1_000);
  if (!/^\s*\d+(?:→|\t|\| )/.test(start) && !/^<(?:.*\n){1,4} *\d+(?:\||:) /.test(start)) return undefined;
  const numbers = output.slice(-20_000).match(/^ *\d{1,9}(?=→|\t|\| |: )/gm);
  return numbers === null ? undefined : Number(numbers.at(-1));
}
