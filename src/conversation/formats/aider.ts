import type { Part, Reading } from '../conversation.ts';
import { Dialogue, spokenParts, textParts, thinkingParts } from './dialogue.ts';
import type { ReadOptions, TextFormat } from './format.ts';
import { bodyOf, codeLines, linesOf } from './markdown-lines.ts';
import { timeIn } from './times.ts';

/**
 * The chat history that Aider keeps in a project, `.aider.chat.history.md`: one file for all its chats, to which each
 * start adds a heading. Lines of the person begin with `#### `, notices of the program with `> `; all other lines are
 * the assistant's. Aider ends its own lines with two spaces, so that a heading or a quotation of the assistant is told
 * from them, unless an editor has taken such spaces away.
 */
export const aider: TextFormat = {
  kind: 'aider',
  tool: 'Aider',
  shape: 'text',
  detect: ({ lines }) =>
    lines.slice(0, 10).some((line) => started.test(line))
      ? { why: 'it begins with the heading of an Aider chat' }
      : undefined,
  read,
};

const started = /^# aider chat started at /;

type Speaker = 'user' | 'assistant' | 'notice' | 'start';

interface Turn {
  /** What stands before the first words of the person is the command with which Aider was started. */
  speaker: 'user' | 'assistant' | 'command';
  lines: string[];
  createdAt: string | undefined;
}

function read(text: string, options: ReadOptions): Reading {
  const dialogue = new Dialogue();
  for (const [index, { speaker, lines, createdAt }] of turnsOf(linesOf(text), dialogue).entries())
    if (speaker === 'user') dialogue.add(index + 1, 'user', textParts(typed(lines)), { createdAt });
    else if (speaker === 'assistant') dialogue.add(index + 1, 'assistant', answerParts(bodyOf(lines)));
    else if (bodyOf(lines) !== '') dialogue.losses.hide('notice of the program');
  return dialogue.toReading({ tool: 'Aider', type: 'coding session' }, options);
}

/** Notices stand between the lines of an answer, and part it from nothing. */
function turnsOf(lines: readonly string[], dialogue: Dialogue): Turn[] {
  const turns: Turn[] = [{ speaker: 'command', lines: [], createdAt: undefined }];
  for (const [index, speaker] of speakersOf(lines).entries()) {
    const line = lines[index] ?? '';
    const last = turns.at(-1);
    if (speaker === 'notice') dialogue.losses.hide('notice of the program');
    else if (speaker === 'start') turns.push({ speaker: 'command', lines: [], createdAt: timeIn(line) });
    else if (speaker === last?.speaker || (speaker === 'assistant' && last?.speaker === 'command'))
      last.lines.push(line);
    else turns.push({ speaker, lines: [line], createdAt: last?.createdAt });
  }
  return turns;
}

function typed(lines: readonly string[]): string {
  return lines
    .map((line) => line.slice('#### '.length).trimEnd())
    .join('\n')
    .trim();
}

function speakersOf(lines: readonly string[]): Speaker[] {
  const isCode = codeLines(lines.map((line) => (/^(?:#### |> ).* {2}$/.test(line) ? '' : line)));
  const isThought = thoughtLines(lines);
  const keepsSpaces = lines.some((line, index) => !isThought[index] && /^####.* {2}$/.test(line));
  return lines.map((line, index) => {
    if (started.test(line)) return 'start';
    const isOwn = isThought[index] !== true && (keepsSpaces ? line.endsWith('  ') : isCode[index] !== true);
    if (isOwn && /^####(?: |$)/.test(line)) return 'user';
    // Rather a quotation too few than a notice too many: they tell paths and commands.
    return line.startsWith('> ') && (isCode[index] !== true || line.endsWith('  ')) ? 'notice' : 'assistant';
  });
}

// ── Thinking ─────────────────────────────────────────────────────────────────────────────────────────────────────

/*
 * Aider puts thinking between tags that it makes up, or shows it under a heading of its own (two were in use); what a
 * model writes itself stays as it is.
 */

const tag = 'thinking-content-[0-9a-f]{32}';
const heading = (word: string) => String.raw`(?:► \*\*|\*\*► )${word}\*\*[ \t]*$`;
const rule = String.raw`(?:^-{3,}[ \t]*\n)?^`;

/**
 * What a model writes itself stands at the beginning of an answer. That may be after any empty line: an answer that
 * Aider asked for without a word of the person goes on with the one before it.
 */
const marks = new RegExp(
  [
    `(?<begin><${tag}>|${rule}${heading('THINKING')}|(?<![^\\n]|[^\\n]\\n)<think(?:ing)?>)`,
    `(?<end></${tag}>|${rule}${heading('ANSWER')})`,
    '</think(?:ing)?>',
  ].join('|'),
  'gm',
);

/** An end without a beginning ends thinking, too; thinking that never ends is all that follows. */
function answerParts(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  let end: string | undefined;
  for (const { 0: mark, index, groups = {} } of text.matchAll(marks)) {
    const isEnd = groups['end'] !== undefined || mark === end;
    const isBegin = groups['begin'] !== undefined && end === undefined;
    if (!isEnd && !isBegin) continue;
    parts.push(...pieceParts(text.slice(from, index), isEnd));
    from = index + mark.length;
    end = isEnd ? undefined : `</${mark.slice(1)}`;
  }
  return [...parts, ...pieceParts(text.slice(from), end !== undefined)];
}

function pieceParts(text: string, isThought: boolean): Part[] {
  return isThought ? thinkingParts(text) : spokenParts(bodyOf(text.split('\n')));
}

const beginLine = new RegExp(`^(?:<(?:${tag}|think|thinking)>|${heading('THINKING')})`);
const endLine = new RegExp(`^(?:</(?:${tag}|think|thinking)>|${heading('ANSWER')})`);

/** Lines of thinking that ends in the same chat. */
function thoughtLines(lines: readonly string[]): boolean[] {
  const isThought = lines.map(() => false);
  let begin: number | undefined;
  for (const [index, line] of lines.entries()) {
    if (begin !== undefined && endLine.test(line)) isThought.fill(true, begin, index);
    if (beginLine.test(line)) begin = index;
    else if (started.test(line) || endLine.test(line)) begin = undefined;
  }
  return isThought;
}
