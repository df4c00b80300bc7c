import type { Part, SourceLink } from '../conversation.ts';
import { objectOf, textOf, type JsonObject } from './untyped.ts';

/**
 * Takes the marks of citations out of an answer: chat tools draw them as chips, and the sources stand below the text.
 * They are `【4†source】`, or stand between private-use characters: U+E200 begins a mark, U+E202 parts it, U+E201 ends it.
 * A mark that stands for words becomes those words.
 */
export function withoutMarks(text: string): string {
  const plain = /[\ue200-\ue206]/.test(text)
    ? text
        .replace(/( ?)\ue200([^\ue200\ue201]*)\ue201/g, asWords)
        // One alone, and one that was cut off, which goes to the next space.
        .replace(/ ?\ue202turn\d+[a-z]+\d+/g, '')
        .replace(/( ?)\ue200(\w*(?:\ue202[^\s\ue200-\ue206]*)*)/g, asWords)
        .replace(/[\ue200-\ue206]/g, '')
    : text;
  return plain
    .replace(/ ?【\d+(?::\d+)?†[^【】\n]{0,200}】/g, '')
    .replace(/ ?:contentReference\[oaicite:\d+\](?:\{index=\d+\})?/g, '');
}

function asWords(_whole: string, space: string, mark: string): string {
  const words = wordsOf(mark);
  return words === '' ? '' : space + words;
}

/** `url␂Tesla␂https://…` and `entity␂["company","Tesla","maker of cars"]` stand in a sentence as a word of it. */
function wordsOf(mark: string): string {
  const [kind = '', first = '', second = ''] = mark.split('\ue202');
  if (kind === 'entity') return nameIn(first);
  if (kind !== 'url') return '';
  return /^https?:\/\/[^\s<>()]+$/i.test(second) ? `[${first}](${second})` : first;
}

function nameIn(entity: string): string {
  return /^\["[^"]*","((?:[^"\\]|\\.)*)"/.exec(entity)?.[1]?.replace(/\\(.)/g, '$1') ?? '';
}

/** Drafts and artifacts stand between `:::writing{…}` and `:::`, which a chat tool draws as a frame. */
export function withoutBlockMarks(text: string): string {
  const opening = /^:::\w+\{[^\n}]*\}[ \t]*\n/gm;
  return opening.test(text) ? text.replace(opening, '').replace(/^:::[ \t]*$/gm, '') : text;
}

/** What an answer rests on, each address once; no part where there is no address. */
export function sourcesPart(links: readonly SourceLink[]): Part[] {
  const byUrl = new Map<string, SourceLink>();
  for (const link of links) if (!byUrl.get(link.url)?.title) byUrl.set(link.url, link);
  return byUrl.size === 0 ? [] : [{ type: 'sources', sources: [...byUrl.values()] }];
}

/** The link that a record with `url` and `title` is. */
export function linkOf(value: unknown): SourceLink[] {
  const record: JsonObject = objectOf(value) ?? {};
  const url = textOf(record['url']) ?? '';
  const title = textOf(record['title']) ?? '';
  return url === '' ? [] : [{ ...(title !== '' && { title }), url }];
}
