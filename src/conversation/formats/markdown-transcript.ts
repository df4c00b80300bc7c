import type { Part, Reading } from '../conversation.ts';
import { Dialogue, spokenParts, textParts } from './dialogue.ts';
import type { Detection, Head, ReadOptions, TextFormat } from './format.ts';
import { bodyOf, codeLines, isText, linesOf, withoutReturn } from './markdown-lines.ts';
import { timeIn } from './times.ts';

/**
 * A conversation that somebody wrote down or copied, as Markdown or plain text: its turns begin with a heading
 * (`## User`), a bold name (`**User:** …`) or a name (`Human: …`, `ChatGPT said:`). There are many ways and no
 * specification; so the whole file must keep to one of these, and both sides must have said something.
 */
export const markdownTranscript: TextFormat = {
  kind: 'markdown-transcript',
  tool: 'Markdown transcript',
  shape: 'text',
  detect,
  read,
};

type Speaker = 'user' | 'assistant' | 'system' | 'tool';
type Style = 'heading' | 'bold' | 'plain';

interface Mark {
  /** Line, 0-based. */
  index: number;
  speaker: Speaker;
  style: Style;
  /** Of the heading. */
  level: number;
  time: string | undefined;
  /** What follows on the same line. */
  rest: string;
}

function detect(head: Head): Detection | undefined {
  const [first] = isText(head) ? marksIn(head.lines.map(withoutReturn)) : [];
  if (first === undefined) return undefined;
  const what = { heading: 'headings', bold: 'bold names', plain: 'names' }[first.style];
  return { why: `its turns begin with ${what} of both sides` };
}

function read(text: string, options: ReadOptions): Reading {
  const dialogue = new Dialogue();
  const lines = linesOf(text);
  const marks = marksIn(lines);
  const preamble = lines.slice(0, marks[0]?.index ?? 0);
  if (bodyOf(preamble) !== '') dialogue.losses.hide('text before the first turn');
  for (const [turn, mark] of marks.entries()) {
    const body = bodyOf([mark.rest, ...lines.slice(mark.index + 1, marks[turn + 1]?.index)]);
    take(mark, body, turn + 1, dialogue);
  }
  return dialogue.toReading({ tool: 'Markdown transcript', type: 'chat', title: titleIn(preamble) }, options);
}

function take({ speaker, time: createdAt }: Mark, body: string, turn: number, dialogue: Dialogue): void {
  if (speaker === 'user') dialogue.add(turn, 'user', textParts(body), { createdAt });
  else if (speaker === 'assistant') dialogue.add(turn, 'assistant', spokenParts(body), { createdAt });
  else if (speaker === 'system') dialogue.losses.hide('system message');
  else dialogue.addToLast(turn, answerParts(body, dialogue));
}

function answerParts(body: string, dialogue: Dialogue): Part[] {
  return body === '' ? [] : dialogue.answer({ output: body });
}

/** The first heading, or the title in the front matter. */
function titleIn(preamble: readonly string[]): string | undefined {
  for (const line of preamble) {
    const [, heading, named] = /^(?:# +(\S.{0,300})|title: *(\S.{0,300}))$/.exec(line) ?? [];
    const title = heading ?? named?.replace(/^(['"])(.*)\1$/, '$2');
    if (title !== undefined) return title.trim();
  }
  return undefined;
}

// ── Marks ────────────────────────────────────────────────────────────────────────────────────────────────────────

const styles: readonly Style[] = ['heading', 'bold', 'plain'];

/** Those of the style that is used first, and is used for both sides; none where there is no such style. */
function marksIn(lines: readonly string[]): Mark[] {
  const isCode = codeLines(lines);
  const all = lines.flatMap((line, index) => {
    const mark = isCode[index] ? undefined : markOf(line, index);
    return mark ? [mark] : [];
  });
  const complete = styles
    .map((style) => ofOneLevel(all.filter((mark) => mark.style === style)))
    .filter((marks) => ['user', 'assistant'].every((side) => marks.some(({ speaker }) => speaker === side)));
  return complete.sort(([one], [other]) => (one?.index ?? 0) - (other?.index ?? 0))[0] ?? [];
}

/** An answer may have a heading `Response` of its own, of another level. */
function ofOneLevel(marks: readonly Mark[]): Mark[] {
  const levels = new Map<Speaker, number>();
  for (const { speaker, level } of marks) if (!levels.has(speaker)) levels.set(speaker, level);
  return marks.filter(({ speaker, level }) => levels.get(speaker) === level);
}

const longestMark = 160;

function markOf(line: string, index: number): Mark | undefined {
  const start = line.slice(0, longestMark);
  const heading = line.length > longestMark ? null : /^(#{1,6})[ \t]+(\S.*)$/.exec(start);
  if (heading) {
    const [, marks = '', name = ''] = heading;
    return named(name, headingNames, { index, style: 'heading', level: marks.length, rest: '' });
  }
  const bold = /^\*\*([^*]{1,80}?)(:?)\*\*(:?)/.exec(start);
  if (bold) {
    const [whole, name = '', inside, after] = bold;
    const rest = line.slice(whole.length).trim();
    const isLabel = rest === '' || inside !== '' || after !== '';
    return isLabel ? named(name, names, { index, style: 'bold', level: 0, rest }) : undefined;
  }
  const plain = /^([A-Z][^:*_#`<>|]{1,60}):(?=\s|$)/.exec(start);
  if (!plain) return undefined;
  const [whole, name = ''] = plain;
  return named(name, names, { index, style: 'plain', level: 0, rest: line.slice(whole.length).trim() });
}

const names: Readonly<Record<Speaker, RegExp>> = {
  user: /^(?:user|human|you|me)$/,
  assistant:
    /^(?:assistant|ai(?: assistant)?|bot|chatbot|agent|chatgpt|gpt\b.*|claude\b.*|gemini\b.*|(?:github )?copilot|bard|bing|grok\b.*|deepseek\b.*|perplexity|mistral\b.*|le chat|llama\b.*|qwen\b.*|cursor|meta ai)$/,
  system: /^(?:system(?: prompt| message)?|developer)$/,
  tool: /^(?:tool|function)(?: (?:result|output|response))?$/,
};

/** What exporters use as headings only; in a line of text these words mean too much else. */
const headingNames: Readonly<Record<Speaker, RegExp>> = {
  ...names,
  user: /^(?:user|human|you|me|prompt|question)$/,
  assistant: new RegExp(`${names.assistant.source}|^(?:response|answer|model)$`),
};

/** `👤 **User** (2026-01-01 10:00):` is the user. */
function named(
  label: string,
  known: Readonly<Record<Speaker, RegExp>>,
  mark: Omit<Mark, 'speaker' | 'time'>,
): Mark | undefined {
  const [, note = ''] = /\(([^()]*)\)[\s:*]*$/.exec(label) ?? [];
  const name = label
    .replace(/\([^()]*\)[\s:*]*$/, '')
    .replace(/[*_:]|[^\p{L}\p{N}\p{P}\s]/gu, '')
    .trim()
    .toLowerCase()
    .replace(/ (?:said|says|wrote)$/, '');
  const speaker = speakers.find((each) => known[each].test(name));
  return speaker && { ...mark, speaker, time: timeIn(note) };
}

const speakers: readonly Speaker[] = ['user', 'assistant', 'system', 'tool'];
