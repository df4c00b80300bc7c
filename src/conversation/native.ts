import { z } from 'zod';
import { ShareError } from '../errors.ts';
import type {
  Conversation,
  ConversationFile,
  Losses,
  Message,
  Part,
  Reading,
  SubAgent,
  ToolCallPart,
} from './conversation.ts';

/*
 * The native format: `<id>/conversation.json`, with the files that go with it in `<id>/files/`. A field that is not
 * named here is not read, so that it cannot be published.
 */

/** Sub-agents inside one another: no tool does more, and a page has room for fewer. */
const mostNested = 8;

const text = z.string().overwrite((value) => value.toWellFormed());

const nonEmpty = (what: string) => text.regex(/\S/, `expected ${what} that is not empty`);

const time = z.iso
  .datetime({
    offset: true,
    error: 'expected an ISO 8601 date and time with its zone, like "2026-11-22T10:00:00Z"',
  })
  .transform((value) => new Date(value).toISOString());

const listedName = z
  .string()
  .refine(isPathInside, 'expected a path inside files/, with "/" between folders and without ".."')
  .describe('Path below `files/`, sub-folders with `/`.');

const fileName = z.string().describe('Name of one of the files: its path below `files/`.');

const textPart = z
  .object({
    type: z.literal('text').describe('What the message says.'),
    text: text.describe('Markdown.'),
  })
  .describe('Public, except in system and developer messages.');

const thinkingPart = z
  .object({
    type: z.literal('thinking').describe('What the assistant thought before it answered.'),
    text: text.describe('Markdown.'),
  })
  .describe('Private, unless the owner shares with `--thinking`.');

/** Written out, since what it holds refers back to it. */
interface NativeSubAgent {
  name?: string;
  messages: NativeMessage[];
}

const subAgent: z.ZodType<NativeSubAgent> = z.lazy(() =>
  z.object({
    name: text.exactOptional().describe('Kind of agent, e.g. `Explore`.'),
    messages: z
      .array(message)
      .describe('What the agent said and did, in order. Its first user message is the task it was given.'),
  }),
);

const toolCallPart = z
  .object({
    type: z.literal('tool-call').describe('One use of a tool, with its result.'),
    name: nonEmpty('a name').describe('Name of the tool, e.g. `Bash`.'),
    input: z.unknown().exactOptional().describe('What the tool was given: any JSON value.'),
    output: z
      .unknown()
      .exactOptional()
      .describe(
        'What the tool gave back. Text is shown as it is, any other JSON value as JSON, null is none.',
      ),
    status: z
      .enum(['pending', 'done', 'failed'])
      .exactOptional()
      .describe('Default: `done` where there is an output, else `pending`.'),
    subAgent: subAgent
      .exactOptional()
      .describe(`What the agent did that this call set to work. At most ${mostNested} inside one another.`),
  })
  .describe('Public; a viewer sees it collapsed.');

const imagePart = z
  .object({
    type: z.literal('image').describe('A picture shown in its place.'),
    file: fileName,
    alt: text.exactOptional().describe('What the picture shows, in words, for those who cannot see it.'),
  })
  .describe('Public.');

const filePart = z
  .object({
    type: z.literal('file').describe('A link to one of the files.'),
    file: fileName,
  })
  .describe('Public.');

const sourcesPart = z
  .object({
    type: z.literal('sources').describe('Links that an answer rests on.'),
    sources: z
      .array(
        z.object({
          title: text.exactOptional().describe('What the page is called.'),
          url: text.describe('Address. Only http and https are published.'),
        }),
      )
      .describe('In the order in which they are shown.'),
  })
  .describe('Public.');

/** Must not match a known type: then a known part with a wrong field would be taken for an unknown one. */
const otherPart = z
  .looseObject({
    type: z
      .string()
      .regex(/^(?!(?:text|thinking|tool-call|image|file|sources)$)/)
      .describe('Any other name.'),
  })
  .transform(({ type }) => ({ type: 'unknown' as const, name: type }))
  .describe('A part of any other type is left out and counted.');

const part = z.union(
  [
    z.discriminatedUnion('type', [textPart, thinkingPart, toolCallPart, imagePart, filePart, sourcesPart], {
      error: 'expected the type of a part, like "text"',
    }),
    otherPart,
  ],
  { error: 'expected an object with a "type"' },
);

/** Whoever writes "yes" or 1 means to hide the message too: a wrong type is no reason to publish it, or to fail. */
const hidden = z.unknown().exactOptional().meta({
  type: 'boolean',
  description: 'true: the message is never published. Files are, even if only this message names them.',
});

const message = z
  .object({
    id: nonEmpty('an id').describe('Unique in the conversation, or in the sub-agent.'),
    role: z
      .enum(['user', 'assistant', 'system', 'developer', 'tool'])
      .describe('Who speaks. Messages of `system` and `developer` are private.'),
    createdAt: time.exactOptional().describe('ISO 8601 with zone.'),
    hidden,
    content: z
      .union([text.describe('Markdown.'), z.array(part)], { error: 'expected a string or a list of parts' })
      .describe('Text, or a list of parts.'),
  })
  .meta({ id: 'message', description: 'Public, with what the parts say.' });

type NativePart = z.output<typeof part>;
type NativeMessage = z.output<typeof message>;

const listedFile = z.object({
  name: listedName,
  mediaType: text.exactOptional().describe('E.g. `text/csv`. Default: from the name and the bytes.'),
  description: text.exactOptional().describe('One line shown beside the file.'),
});

const owner = z
  .object({
    id: text.exactOptional().describe('The owner id that may create and delete the share.'),
    name: text.exactOptional().describe('Name of the owner.'),
    email: text.exactOptional().describe('E-mail address of the owner.'),
  })
  .describe('Private. Who may share the conversation; without an id, whoever shares it first.');

/** What a `conversation.json` holds. Public and private fields are told apart in the descriptions. */
export const nativeSchema = z
  .object({
    version: z.literal(1).default(1).describe('Version of this format.'),
    id: z.string().min(1).describe('Private. In the library, the name of the folder that holds this file.'),
    title: nonEmpty('a title').describe('Public.'),
    type: nonEmpty('a type')
      .default('chat')
      .describe('Public. A word or two: `chat`, `support ticket`, `data analysis`.'),
    createdAt: time
      .exactOptional()
      .describe('Public. ISO 8601 with zone. Default: the time of the first message that is not hidden.'),
    updatedAt: time
      .exactOptional()
      .describe('Public. ISO 8601 with zone. Default: the time of the last message that is not hidden.'),
    owner: owner.default({}),
    agent: z.unknown().exactOptional().describe('Private. Configuration of the agent: any JSON value.'),
    settings: z.unknown().exactOptional().describe('Private. Settings: any JSON value.'),
    messages: z.array(message).describe('In the order in which they are shown.'),
    files: z
      .array(listedFile)
      .exactOptional()
      .describe(
        'Public. Exactly these files of `files/`, in this order. Default: all, except those whose path has a dot name.',
      ),
  })
  .describe('A conversation. Fields that are not named here are private and ignored.');

/** A `conversation.json` that was checked; times are ISO 8601 in UTC. */
export type Native = z.output<typeof nativeSchema>;

/** The JSON Schema (2020-12) of `conversation.json`, for editors and for other programs. */
export function nativeJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(nativeSchema, { io: 'input' });
  return {
    $schema,
    $id: 'urn:conversation-share:conversation:1',
    title: 'conversation-share: conversation.json',
    ...rest,
  };
}

/**
 * Checks a parsed `conversation.json`. Does not look at the disk.
 *
 * @param path  Named in errors; not opened.
 * @throws ShareError `source_invalid` with the first three problems and their places, like `messages[3].role`.
 *         The message never quotes the text of the conversation.
 */
export function parseNative(value: unknown, path: string): Native {
  refuseNewerVersion(value, path);
  const result = nativeSchema.safeParse(value);
  if (!result.success) throw invalid(path, result.error.issues.flatMap(problemsOf));
  const lists = messageLists(result.data);
  const problems = [
    ...lists.flatMap(({ messages, place }) => repeats(messages, (each) => each.id, place, 'id')),
    ...repeats(result.data.files ?? [], (each) => each.name, 'files', 'name'),
    ...lists.flatMap(({ place, depth }) =>
      depth === mostNested + 1 ? [`${place}: sub-agents are nested deeper than ${mostNested} levels`] : [],
    ),
  ];
  if (problems.length > 0) throw invalid(path, problems);
  return result.data;
}

/**
 * Makes the conversation of a checked `conversation.json`.
 *
 * @param files  The files that exist, as the source found them.
 * @param fallbackTime  ISO 8601 in UTC; stands where neither the conversation nor a message gives a time.
 * @throws ShareError `source_invalid` when a part names a file that is not among `files`.
 */
export function toReading(
  native: Native,
  files: readonly ConversationFile[],
  options: { path: string; fallbackTime: string },
): Reading {
  refuseUnknownFiles(native, new Set(files.map((file) => file.name)), options.path);
  const counts: Counts = { hidden: 0, unknown: new Map() };
  const conversation: Conversation = {
    title: native.title,
    type: native.type,
    ...timesOf(native, options.fallbackTime),
    owner: native.owner,
    agent: native.agent,
    settings: native.settings,
    messages: toMessages(native.messages, counts),
    files: [...files],
  };
  const losses: Losses = {
    hidden: counts.hidden === 0 ? {} : { 'marked hidden': counts.hidden },
    unknown: Object.fromEntries(counts.unknown),
    malformedLines: [],
  };
  return { conversation, losses };
}

/** A name, for a message to the owner: quoted, with control characters escaped, and not too long. */
export function quote(name: string): string {
  const longest = 100;
  return JSON.stringify(name.length > longest ? `${name.slice(0, longest)}…` : name);
}

function refuseNewerVersion(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null || !('version' in value)) return;
  if (typeof value.version !== 'number' || !(value.version > 1)) return;
  throw new ShareError(
    'source_invalid',
    `${path}: version: the format has version ${value.version}, and this program reads version 1.`,
    { hint: 'Install a newer conversation-share.' },
  );
}

const problemsNamed = 3;

function invalid(path: string, problems: readonly string[]): ShareError {
  const more = problems.length - problemsNamed;
  const named = problems.slice(0, problemsNamed).join('; ');
  return new ShareError('source_invalid', `${path}: ${named}${more > 0 ? `; and ${more} more` : ''}.`);
}

function problemsOf(issue: z.core.$ZodIssue): string[] {
  return flatten(issue).map(({ path, message: reason }) => `${placeOf(path)}${reason}`);
}

interface Problem {
  path: PropertyKey[];
  message: string;
}

/** Of a union that fits nowhere, keeps the problems of the branch that got furthest: the one that was meant. */
function flatten(issue: z.core.$ZodIssue): Problem[] {
  const branches = issue.code === 'invalid_union' ? issue.errors.map((each) => each.flatMap(flatten)) : [];
  const depth = (problems: Problem[]) => Math.max(0, ...problems.map((problem) => problem.path.length));
  const meant = branches.reduce((best, each) => (depth(each) > depth(best) ? each : best), []);
  if (meant.length === 0) return [{ path: issue.path, message: reasonOf(issue) }];
  return meant.map(({ path, message: reason }) => ({ path: [...issue.path, ...path], message: reason }));
}

function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type')
    return issue.message.replace(/^Invalid input: /, '').replace('undefined', 'nothing');
  return issue.message.replace(/^Invalid (?:input|option): /, '').replaceAll('"|"', '", "');
}

/** `messages[3].content[0].text: `, or nothing for the whole file. */
function placeOf(path: readonly PropertyKey[]): string {
  const place = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return place === '' ? '' : `${place.replace(/^\./, '')}: `;
}

function repeats<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  list: string,
  field: string,
): string[] {
  const first = new Map<string, number>();
  const problems: string[] = [];
  for (const [index, item] of items.entries()) {
    const key = keyOf(item);
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, index);
    else
      problems.push(
        `${list}[${index}].${field}: ${quote(key)} is already the ${field} of ${list}[${earlier}]`,
      );
  }
  return problems;
}

function refuseUnknownFiles(native: Native, names: ReadonlySet<string>, path: string): void {
  const where = native.files === undefined ? 'in files/' : 'in the list "files"';
  const problems = messageLists(native)
    .flatMap(partsIn)
    .flatMap(({ part: one, place }) =>
      (one.type === 'image' || one.type === 'file') && !names.has(one.file)
        ? [`${place}.file: ${quote(one.file)} is not ${where}`]
        : [],
    );
  if (problems.length > 0) throw invalid(path, problems);
}

/** The files that go with a conversation, told without looking at the disk: those it lists, else those that its messages show. */
export function namedFiles(native: Native): NonNullable<Native['files']> {
  if (native.files !== undefined) return native.files;
  const shown = messageLists(native)
    .flatMap(partsIn)
    .flatMap(({ part: one }) => (one.type === 'image' || one.type === 'file' ? [one.file] : []));
  return [...new Set(shown)].map((name) => ({ name }));
}

interface MessageList {
  messages: readonly NativeMessage[];
  /** `messages[3].content[0].subAgent.messages` */
  place: string;
  /** 0 for the conversation's own. */
  depth: number;
}

/** The messages of a conversation, then those of the sub-agents in them, each list by itself. */
function messageLists({ messages }: Pick<Native, 'messages'>): MessageList[] {
  // The list grows while it is walked over.
  const lists: MessageList[] = [{ messages, place: 'messages', depth: 0 }];
  for (const list of lists)
    for (const { part: one, place } of partsIn(list))
      if (one.type === 'tool-call' && one.subAgent !== undefined)
        lists.push({
          messages: one.subAgent.messages,
          place: `${place}.subAgent.messages`,
          depth: list.depth + 1,
        });
  return lists;
}

function partsIn({ messages, place }: MessageList): { part: NativePart; place: string }[] {
  return messages.flatMap(({ content }, index) =>
    typeof content === 'string'
      ? []
      : content.map((one, position) => ({ part: one, place: `${place}[${index}].content[${position}]` })),
  );
}

/** Backslashes are legal in names on most systems, but must not climb out on the one where they part folders. */
function isPathInside(name: string): boolean {
  if (!name.isWellFormed() || name.includes('\0') || name.split(/[/\\]/).includes('..')) return false;
  return name.split('/').every((segment) => segment !== '' && segment !== '.');
}

/** When a hidden message was written is hidden too. */
function timesOf(native: Native, fallbackTime: string): { createdAt: string; updatedAt: string } {
  const visible = native.messages.filter((each) => !each.hidden);
  const times = visible.map((each) => each.createdAt).filter((each) => each !== undefined);
  const sorted = times.toSorted();
  return {
    createdAt: native.createdAt ?? sorted[0] ?? native.updatedAt ?? fallbackTime,
    updatedAt: native.updatedAt ?? sorted.at(-1) ?? native.createdAt ?? fallbackTime,
  };
}

/** What is left out, as it is found. */
interface Counts {
  hidden: number;
  unknown: Map<string, number>;
}

function toMessages(messages: readonly NativeMessage[], counts: Counts): Message[] {
  const visible = messages.filter((each) => !each.hidden);
  counts.hidden += messages.length - visible.length;
  return visible.map((each) => toMessage(each, counts));
}

function toMessage(native: NativeMessage, counts: Counts): Message {
  const content = native.content;
  return {
    id: native.id,
    role: native.role,
    ...(native.createdAt === undefined ? {} : { createdAt: native.createdAt }),
    parts: typeof content === 'string' ? [{ type: 'text', text: content }] : toParts(content, counts),
  };
}

function toParts(content: readonly NativePart[], counts: Counts): Part[] {
  const { unknown } = counts;
  const parts: Part[] = [];
  for (const each of content) {
    if (each.type === 'unknown') unknown.set(each.name, (unknown.get(each.name) ?? 0) + 1);
    else parts.push(each.type === 'tool-call' ? toToolCall(each, counts) : each);
  }
  return parts;
}

function toToolCall(native: z.output<typeof toolCallPart>, counts: Counts): ToolCallPart {
  const output = native.output ?? undefined;
  return {
    type: 'tool-call',
    name: native.name,
    input: native.input ?? null,
    ...(output === undefined
      ? {}
      : { output: typeof output === 'string' ? output : JSON.stringify(output, null, 2) }),
    status: native.status ?? (output === undefined ? 'pending' : 'done'),
    ...(native.subAgent === undefined ? {} : { subAgent: toSubAgent(native.subAgent, counts) }),
  };
}

function toSubAgent({ name, messages }: NativeSubAgent, counts: Counts): SubAgent {
  return { ...(name === undefined ? {} : { name }), messages: toMessages(messages, counts) };
}
