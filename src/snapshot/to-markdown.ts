import { encodePath } from '../urls.ts';
import { toIndentedJson } from './json-text.ts';
import { agentName, messagesIn } from './parts.ts';
import type {
  Json,
  Round,
  Snapshot,
  SnapshotFile,
  SnapshotMessage,
  SnapshotPart,
  SnapshotSource,
  SnapshotSubAgent,
} from './snapshot.ts';

type ToolCall = Extract<SnapshotPart, { type: 'tool-call' }>;

/**
 * Writes the whole conversation as one Markdown document, for `curl` and for pasting into another tool.
 * Text parts stand as they were written. The same snapshot and link give the same bytes.
 *
 * @param link  The share's public address without trailing slash; the files are linked below it. Left out for a
 *              conversation that is not shared, which must then have no files.
 */
export function toMarkdown(snapshot: Snapshot, link = ''): string {
  const blocks = [
    `# ${inline(snapshot.title)}`,
    facts(snapshot, link),
    ...snapshot.rounds.flatMap((round) => roundBlocks(round, snapshot.files, link)),
    ...filesBlocks(snapshot, link),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function facts({ type, createdAt, updatedAt }: Snapshot, link: string): string {
  return [
    `- Type: ${inline(type)}`,
    `- Created: ${createdAt}`,
    `- Updated: ${updatedAt}`,
    ...(link === '' ? [] : [`- Link: <${link}>`]),
  ].join('\n');
}

function roundBlocks(round: Round, files: readonly SnapshotFile[], link: string): string[] {
  return [`## Round ${round.number}`, ...messageBlocks(round.messages, nameOf, files, link)];
}

function messageBlocks(
  messages: readonly SnapshotMessage[],
  speakerOf: (message: SnapshotMessage) => string,
  files: readonly SnapshotFile[],
  link: string,
): string[] {
  const blocks: string[] = [];
  let speaker = '';
  for (const message of messages) {
    // Messages in a row by the same speaker read as one, as on the page.
    if (speakerOf(message) !== speaker) {
      speaker = speakerOf(message);
      blocks.push(`**${speaker}**`);
    }
    blocks.push(...message.parts.map((part) => partBlock(part, files, link)));
  }
  return blocks;
}

function nameOf(message: SnapshotMessage): string {
  return message.role === 'user' ? 'User' : 'Assistant';
}

function partBlock(part: SnapshotPart, files: readonly SnapshotFile[], link: string): string {
  switch (part.type) {
    case 'text':
      return closeFence(part.text.trim());
    case 'thinking':
      return quote(`Thinking: ${part.text.trim()}`);
    case 'tool-call':
      return [toolCallBlock(part), ...subAgentBlocks(part.subAgent, files, link)].join('\n\n');
    case 'image':
      return imageLink(part.alt, fileAt(files, part.file), link);
    case 'file':
      return fileLink(fileAt(files, part.file), link);
    case 'sources':
      return sourcesBlock(part.sources);
  }
}

/** A quotation, so that it is seen where the agent ends. */
function subAgentBlocks(
  agent: SnapshotSubAgent | undefined,
  files: readonly SnapshotFile[],
  link: string,
): string[] {
  if (agent === undefined) return [];
  const name = inline(agentName(agent));
  const speakerOf = (message: SnapshotMessage): string => (message.role === 'user' ? 'Task' : name);
  const blocks = messageBlocks(messagesIn(agent.rounds), speakerOf, files, link);
  return [quote(blocks.join('\n\n'))];
}

function sourcesBlock(sources: readonly SnapshotSource[]): string {
  const items = sources.map(
    ({ title, url }, index) =>
      `${index + 1}. ${title === undefined ? `<${url}>` : `[${inline(title)}](<${url}>)`}`,
  );
  return `Sources:\n\n${items.join('\n')}`;
}

function toolCallBlock({ name, input, output, status }: ToolCall): string {
  const blocks = [`Tool call: ${code(name)}${status === 'done' ? '' : ` (${statusWords[status]})`}`];
  if (!isEmpty(input)) blocks.push(inputBlock(input));
  if (output) blocks.push(fenced('', output));
  return blocks.join('\n\n');
}

const statusWords = { pending: 'no result', failed: 'failed' };

function isEmpty(input: Json): boolean {
  return input === null || input === '' || (typeof input === 'object' && Object.keys(input).length === 0);
}

function inputBlock(input: Json): string {
  return typeof input === 'string' ? fenced('', input) : fenced('json', toIndentedJson(input));
}

/** A fence ends only at a run of at least as many backticks, so it is made longer than any run inside. */
function fenced(language: string, text: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${language}\n${text.replace(/\n$/, '')}\n${fence}`;
}

function longestRun(text: string): number {
  let longest = 0;
  for (const run of text.match(/`+/g) ?? []) longest = Math.max(longest, run.length);
  return longest;
}

/** A message that leaves its fence open would swallow every message after it. */
function closeFence(text: string): string {
  let open = '';
  for (const line of text.split('\n')) {
    const [, fence = '', rest = ''] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (fence === '') continue;
    if (open === '') {
      if (fence.startsWith('~') || !rest.includes('`')) open = fence;
    } else if (fence.startsWith(open) && rest.trim() === '') open = '';
  }
  return open === '' ? text : `${text}\n${open}`;
}

function quote(text: string): string {
  return text
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}

function filesBlocks({ files, zip }: Snapshot, link: string): string[] {
  if (files.length === 0) return [];
  const list = files.map((file) => `- ${fileLink(file, link)}: ${described(file)}`).join('\n');
  const all = zip ? [`[Download all (ZIP, ${zip.sizeBytes} bytes)](${link}/${address(zip.path)})`] : [];
  return ['## Files', list, ...all];
}

function described(file: SnapshotFile): string {
  const { description, mediaType, sizeBytes } = file;
  const last =
    'withheld' in file
      ? `withheld, because a secret was found in it: ${file.withheld.join(', ')}`
      : `SHA-256 \`${file.sha256}\``;
  const facts = `${mediaType}, ${sizeBytes} bytes, ${last}`;
  return description ? `${inline(description)} (${facts})` : facts;
}

function fileLink(file: SnapshotFile, link: string): string {
  if ('withheld' in file) return inline(file.name);
  return `[${inline(file.name)}](${link}/${address(file.path)})`;
}

function imageLink(alt: string, file: SnapshotFile, link: string): string {
  if ('withheld' in file) return inline(alt || file.name);
  return `![${inline(alt || file.name)}](${link}/${address(file.path)})`;
}

/** `encodeURIComponent` leaves parentheses, which would end a Markdown link. */
function address(path: string): string {
  return encodePath(path).replaceAll('(', '%28').replaceAll(')', '%29');
}

function fileAt(files: readonly SnapshotFile[], index: number): SnapshotFile {
  const file = files[index];
  if (file === undefined) throw new Error(`The snapshot has no file ${index}.`);
  return file;
}

/** Text that stays text, on one line. */
function inline(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*_[\]<>#|]/g, '\\$&');
}

function code(text: string): string {
  const fence = '`'.repeat(longestRun(text) + 1);
  return `${fence} ${text.replace(/\s+/g, ' ')} ${fence}`.replace(/^(`+) (?!`)(.*[^`]) (`+)$/, '$1$2$3');
}
