import type { Round, SnapshotMessage } from './snapshot.ts';

/** A part of a conversation that a browser opens as fast as a short one. */
export interface Page {
  /** 1-based. */
  number: number;
  rounds: PageRound[];
}

/** A round, or the piece of it that stands on one page. */
export interface PageRound {
  number: number;
  /** Number of the page where it begins, to which its permalink leads. */
  beginsOn: number;
  messages: PageMessage[];
}

export interface PageMessage {
  /** 0-based, counted over the whole conversation. */
  index: number;
  message: SnapshotMessage;
}

/**
 * Deals a conversation out to pages, each filled before the next is begun. Where a page ends only depends on what comes
 * before, so a message stays on its page while the conversation grows.
 *
 * @param weightOf  Bytes of HTML that a message makes, about.
 * @param most      Bytes of messages on one page; a heavier message has a page to itself.
 * @returns At least one page, which holds nothing when nothing was said.
 */
export function toPages(
  rounds: readonly Round[],
  weightOf: (message: SnapshotMessage) => number,
  most: number,
): Page[] {
  let page: Page = { number: 1, rounds: [] };
  const pages = [page];
  let weight = 0;
  let index = 0;
  let beginsOn = 1;
  for (const { number, messages } of rounds)
    for (const [position, message] of messages.entries()) {
      const added = weightOf(message);
      if (weight > 0 && weight + added > most) {
        page = { number: page.number + 1, rounds: [] };
        pages.push(page);
        weight = 0;
      }
      weight += added;
      if (position === 0) beginsOn = page.number;
      roundOn(page, number, beginsOn).messages.push({ index, message });
      index += 1;
    }
  return pages;
}

function roundOn(page: Page, number: number, beginsOn: number): PageRound {
  const last = page.rounds.at(-1);
  if (last?.number === number) return last;
  const round: PageRound = { number, beginsOn, messages: [] };
  page.rounds.push(round);
  return round;
}

/** Number of the first round that begins on a page; undefined where one only goes on. */
export function startOf({ number, rounds }: Page): number | undefined {
  return rounds.find(({ beginsOn }) => beginsOn === number)?.number;
}

/** Path below the share's folder. */
export function pagePath(number: number): string {
  return number === 1 ? 'index.html' : `${number}/index.html`;
}
