import type { Message } from '../conversation.ts';

export const longestTitle = 120;
const longestFirstWords = 80;

/** White space made single, quotes around the whole taken off, cut at `longest` characters with an ellipsis. */
export function oneLine(text: string, longest = longestTitle): string {
  const line = text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^"(.*)"$/, '$1');
  if (line.length <= longest) return line;
  // Never half of a surrogate pair.
  return `${line
    .slice(0, longest - 1)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trimEnd()}…`;
}

/** What the person said first, as a title; a slash command only where there is nothing else. */
export function firstWords(messages: readonly Message[]): string | undefined {
  const said = messages
    .filter((message) => message.role === 'user')
    .flatMap((message) => message.parts.map((part) => (part.type === 'text' ? part.text : '')))
    .filter((text) => text.trim() !== '');
  const words = said.find((text) => !text.startsWith('/')) ?? said[0];
  return (words && oneLine(words, longestFirstWords)) || undefined;
}
