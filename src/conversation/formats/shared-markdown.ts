import type { Message, Part, Reading, SourceLink, SubAgent, ToolStatus } from '../conversation.ts';
import { Dialogue, textParts, thinkingParts } from './dialogue.ts';
import type { Head, ReadOptions, TextFormat } from './format.ts';
import { bodyOf, codeBlocks, codeLines, linesOf, type Block } from './markdown-lines.ts';
import { jsonOrText, timeOf } from './untyped.ts';

/**
 * The `conversation.md` of a share, or a conversation that was exported as Markdown, as `src/snapshot/to-markdown.ts`
 * writes them. The link of the share is not kept, and neither are links to its files: whoever has them can read that
 * share.
 */
export const sharedMarkdown: TextFormat = {
  kind: 'shared-markdown',
  tool: 'conversation-share (Markdown)',
  shape: 'text',
  detect: ({ lines }: Head) =>
    ['# ', '- Type: ', '- Created: ', '- Updated: '].every((start) =>
      lines.slice(0, 10).some((line) => line.startsWith(start)),
    )
      ? { why: 'it begins with the title, the type and the times of a conversation' }
      : undefined,
  read,
};

function read(text: string, options: ReadOptions): Reading {
  const lines = linesOf(text);
  const factOf = (start: string) =>
    lines
      .slice(0, 10)
      .find((line) => line.startsWith(start))
      ?.slice(start.length);
  const link = /^<([^<>]+)>/.exec(factOf('- Link: ') ?? '')?.[1];
  const dialogue = new Dialogue();
  for (const [index, turn] of turnsOf(lines, speakerOf).entries())
    dialogue.add(index + 1, turn.role, partsOf(turn.lines, { link, dialogue, depth: 0 }));
  return dialogue.toReading(
    {
      tool: 'conversation-share',
      type: plain(factOf('- Type: ') ?? '') || 'chat',
      title: plain(factOf('# ') ?? ''),
      createdAt: timeOf(factOf('- Created: ')),
      updatedAt: timeOf(factOf('- Updated: ')),
    },
    options,
  );
}

/** Takes back what `inline` of `to-markdown.ts` does. */
function plain(text: string): string {
  return text.replace(/\\([\\`*_[\]<>#|])/g, '$1').trim();
}

interface Turn {
  role: 'user' | 'assistant';
  lines: string[];
}

type SpeakerOf = (line: string) => Turn['role'] | 'none' | undefined;

function speakerOf(line: string): Turn['role'] | 'none' | undefined {
  if (line === '**User**') return 'user';
  if (line === '**Assistant**') return 'assistant';
  return /^## (?:Round \d+|Files)$/.test(line) ? 'none' : undefined;
}

function turnsOf(lines: readonly string[], speaker: SpeakerOf): Turn[] {
  const isCode = codeLines(lines);
  const turns: Turn[] = [];
  let turn: Turn | undefined;
  for (const [index, line] of lines.entries()) {
    const found = isCode[index] ? undefined : speaker(line);
    if (found === undefined) turn?.lines.push(line);
    else turn = found === 'none' ? undefined : { role: found, lines: [] };
    if (turn && found !== undefined) turns.push(turn);
  }
  return turns;
}

// ── Parts ────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Body {
  lines: readonly string[];
  /** First line → code block. */
  blocks: ReadonlyMap<number, Block>;
  /** Of the share, without a slash at the end. */
  link: string | undefined;
  dialogue: Dialogue;
  /** How many agents set one another to work, down to this one. */
  depth: number;
}

/** What begins at a line and is no text. */
interface Special {
  parts: Part[];
  /** The line after it. */
  end: number;
}

function partsOf(lines: readonly string[], context: Pick<Body, 'link' | 'dialogue' | 'depth'>): Part[] {
  const blocks = new Map(codeBlocks(lines).map((block) => [block.start, block]));
  const body: Body = { ...context, lines, blocks };
  const parts: Part[] = [];
  let text: string[] = [];
  for (let index = 0; index < lines.length;) {
    const special = specialAt(body, index);
    const end = special?.end ?? (blocks.get(index)?.end ?? index) + 1;
    if (special) {
      parts.push(...textParts(bodyOf(text)), ...special.parts);
      text = [];
    } else text.push(...lines.slice(index, end));
    index = end;
  }
  return [...parts, ...textParts(bodyOf(text))];
}

function specialAt(body: Body, index: number): Special | undefined {
  const line = body.lines[index] ?? '';
  if (line.startsWith('> Thinking: ')) {
    const quoted = quotedFrom(body.lines, index);
    const thinking = quoted.join('\n').slice('Thinking: '.length);
    return { parts: thinkingParts(thinking), end: index + quoted.length };
  }
  if (line === 'Sources:') return sourcesAt(body.lines, index);
  if (line.startsWith('Tool call: ')) return toolCallAt(body, index);
  if (body.link === undefined || !isLinkBelow(line, body.link)) return undefined;
  body.dialogue.losses.hide('file of the share');
  return { parts: [], end: index + 1 };
}

/** The last line may be cut off, within the address. */
function isLinkBelow(line: string, link: string): boolean {
  const [, address = ''] = /^!?\[.*\]\(([^()\s]+)\)?/.exec(line) ?? [];
  return address !== '' && (address.startsWith(`${link}/`) || `${link}/`.startsWith(address));
}

function quotedFrom(lines: readonly string[], start: number): string[] {
  const quoted: string[] = [];
  for (let index = start; /^>(?: |$)/.test(lines[index] ?? ''); index += 1)
    quoted.push((lines[index] ?? '').slice(2));
  return quoted;
}

function sourcesAt(lines: readonly string[], index: number): Special | undefined {
  const sources: SourceLink[] = [];
  let end = index + 2;
  for (; ; end += 1) {
    const [, title, titled, url = titled] =
      /^\d+\. (?:\[(.*)\]\(<([^<>]+)>\)|<([^<>]+)>)$/.exec(lines[end] ?? '') ?? [];
    if (url === undefined) break;
    sources.push({ ...(title !== undefined && { title: plain(title) }), url });
  }
  return sources.length === 0 ? undefined : { parts: [{ type: 'sources', sources }], end };
}

const statuses: ReadonlyMap<string, ToolStatus> = new Map([
  ['no result', 'pending'],
  ['failed', 'failed'],
]);

/** A line that names it; its input, as JSON or text; what it gave back; and what a sub-agent did, as a quotation. */
function toolCallAt(body: Body, index: number): Special | undefined {
  const [, fence = '', name = '', words = ''] =
    /^Tool call: (`{1,20}) ?([^]{1,500}?) ?\1(?: \((no result|failed)\))?$/.exec(body.lines[index] ?? '') ??
    [];
  if (fence === '') return undefined;
  const first = blockAfter(body, index + 1);
  const second = first && blockAfter(body, first.end + 1);
  const hasInput = second !== undefined || first?.info === 'json';
  const output = hasInput ? second : first;
  const call = body.dialogue.endedCall(name, hasInput ? inputIn(body, first) : null, {
    output: output && textIn(body, output),
    status: statuses.get(words) ?? 'done',
  });
  const end = (second ?? first)?.end ?? index;
  const agent = subAgentAfter(body, end + 1);
  return { parts: [{ ...call, ...(agent && { subAgent: agent.subAgent }) }], end: agent?.end ?? end + 1 };
}

/** After one empty line. */
function blockAfter({ lines, blocks }: Body, index: number): Block | undefined {
  return lines[index] === '' ? blocks.get(index + 1) : undefined;
}

function textIn({ lines }: Body, { start, end }: Block): string {
  return lines.slice(start + 1, end).join('\n');
}

function inputIn(body: Body, block: Block | undefined): unknown {
  if (block === undefined) return null;
  const text = textIn(body, block);
  return block.info === 'json' ? jsonOrText(text) : text;
}

const deepestAgent = 8;

function subAgentAfter(body: Body, index: number): { subAgent: SubAgent; end: number } | undefined {
  const [, first] = /^> (\*\*.{1,200}\*\*)$/.exec(body.lines[index + 1] ?? '') ?? [];
  if (first === undefined || agentSpeakerOf(first) === undefined || body.depth === deepestAgent)
    return undefined;
  const quoted = quotedFrom(body.lines, index + 1);
  const name = quoted.map(agentNameIn).find((found) => found !== undefined);
  const messages = turnsOf(quoted, agentSpeakerOf).map((turn, place): Message => ({
    id: `message-${place + 1}`,
    role: turn.role,
    parts: partsOf(turn.lines, { ...body, depth: body.depth + 1 }),
  }));
  const subAgent = { ...(name !== undefined && name !== 'Agent' && { name: plain(name) }), messages };
  return { subAgent, end: index + 1 + quoted.length };
}

function agentSpeakerOf(line: string): Turn['role'] | undefined {
  if (line === '**Task**') return 'user';
  return agentNameIn(line) === undefined ? undefined : 'assistant';
}

/** `**Explore agent**`, `**code-agent**`, or `**Agent**` where it has no name. */
function agentNameIn(line: string): string | undefined {
  const [, name] = /^\*\*(.{0,200}\bagent)\*\*$/i.exec(line) ?? [];
  return name?.replace(/ agent$/, '');
}
