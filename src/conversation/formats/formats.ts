import { aider } from './aider.ts';
import { aiSdk } from './ai-sdk.ts';
import { chatGpt } from './chatgpt.ts';
import { claudeAi } from './claude-ai.ts';
import { claudeCode, claudeCodeWeb } from './claude-code.ts';
import { codex } from './codex.ts';
import { gemini, geminiDocument } from './gemini.ts';
import type { Detection, Format, Head } from './format.ts';
import { libreChat } from './librechat.ts';
import { markdownTranscript } from './markdown-transcript.ts';
import { sharedMarkdown } from './shared-markdown.ts';
import { native } from './native.ts';
import { openAiMessages } from './openai-messages.ts';
import { openWebUi } from './open-webui.ts';
import { opencode, opencodeDatabase, opencodeEvents, opencodeFiles } from './opencode.ts';
import { pi } from './pi.ts';
import { shareGpt } from './sharegpt.ts';
import { specStory } from './specstory.ts';

/**
 * Every format that is read. The order is that of detection: what has marks of its own stands before what is known by
 * marks that others have too.
 */
export const formats: readonly Format[] = [
  native,
  chatGpt,
  claudeAi,
  openWebUi,
  libreChat,
  claudeCodeWeb,
  geminiDocument,
  gemini,
  opencode,
  opencodeFiles,
  opencodeDatabase,
  opencodeEvents,
  codex,
  pi,
  claudeCode,
  shareGpt,
  aiSdk,
  openAiMessages,
  specStory,
  aider,
  sharedMarkdown,
  markdownTranscript,
];

export interface Recognised extends Detection {
  format: Format;
}

/** By content and not by name; undefined where no format fits. */
export function recognise(head: Head): Recognised | undefined {
  for (const format of formats) {
    const detection = format.detect(head);
    if (detection !== undefined) return { format, ...detection };
  }
  return undefined;
}

export function formatOf(kind: string): Format | undefined {
  return formats.find((format) => format.kind === kind);
}
