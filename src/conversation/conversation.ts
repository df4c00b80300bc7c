/**
 * What the owner has, read from any source. Private: only `src/snapshot/privacy.ts` may turn it into something public.
 * Times are ISO 8601 in UTC (`2026-11-22T10:00:00.000Z`).
 */
export interface Conversation {
  title: string;
  /** A word or two for what kind of conversation it is: `chat`, `support ticket`, `coding session`. */
  type: string;
  createdAt: string;
  updatedAt: string;
  owner: Owner;
  /** Agent configuration as the source has it: model, parameters, system prompt. Never published. */
  agent: unknown;
  /** Settings as the source has them. Never published. */
  settings: unknown;
  messages: Message[];
  files: ConversationFile[];
}

export interface Owner {
  id?: string;
  name?: string;
  email?: string;
}

export type Role = 'user' | 'assistant' | 'system' | 'developer' | 'tool';

export interface Message {
  id: string;
  role: Role;
  createdAt?: string;
  parts: Part[];
}

export type Part = TextPart | ThinkingPart | ToolCallPart | ImagePart | FilePart | SourcesPart;

export interface TextPart {
  type: 'text';
  text: string;
}

export interface ThinkingPart {
  type: 'thinking';
  text: string;
}

export interface ToolCallPart {
  type: 'tool-call';
  /** The tool's name as the source has it: `Bash`, `Edit`, `mcp__github__search`. */
  name: string;
  /** Any JSON value. */
  input: unknown;
  /** What the tool gave back, as text; undefined while it has not. */
  output?: string;
  status: ToolStatus;
  /** Where the tool was another agent: what came of it in a conversation of its own. */
  subAgent?: SubAgent;
}

/** An agent that a tool call set to work. Its own tool calls may have such agents again. */
export interface SubAgent {
  /** Kind of agent as the tool names it, e.g. `Explore`. */
  name?: string;
  /** What the sub-agent said and did, in order; its first user message is the task it was given. */
  messages: Message[];
}

export type ToolStatus = 'pending' | 'done' | 'failed';

/** `file` is the name of an entry of `Conversation.files`. */
export interface ImagePart {
  type: 'image';
  file: string;
  alt?: string;
}

export interface FilePart {
  type: 'file';
  file: string;
}

/** Links that an answer rests on. */
export interface SourcesPart {
  type: 'sources';
  sources: SourceLink[];
}

/** Any address may stand here: `privacy.ts` lets http and https pass. */
export interface SourceLink {
  title?: string;
  url: string;
}

/** A file that goes with the conversation. `name` is what the owner calls it, sub-folders with `/`. Unique in its list. */
export interface ConversationFile {
  name: string;
  mediaType?: string;
  description?: string;
  content: { path: string } | { bytes: Uint8Array };
}

/** What a reader left out, and why. Printed to the owner; never published. */
export interface Losses {
  /** Reason → how many records were left out on purpose, e.g. `injected context` → 3. */
  hidden: Record<string, number>;
  /** Record type the reader does not know → how many. */
  unknown: Record<string, number>;
  /** Lines that could not be read, 1-based. */
  malformedLines: number[];
}

/** What every reader in `formats/` gives back. */
export interface Reading {
  conversation: Conversation;
  losses: Losses;
}
