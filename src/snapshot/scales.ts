import { messagesIn, subAgentOf } from './parts.ts';
import type { SnapshotMessage, SnapshotPart, SnapshotSubAgent } from './snapshot.ts';

/** What stands on a page of what a sub-agent said and did. */
export interface Beginning {
  messages: SnapshotMessage[];
  /** Messages after them. */
  leftOut: number;
}

export interface Scales {
  /** Bytes of HTML that a message makes, about. */
  weightOf: (message: SnapshotMessage) => number;
  /** Of a sub-agent in a message that was weighed. */
  beginningOf: (agent: SnapshotSubAgent) => Beginning;
}

/** What stands around a message, and around a part of it. */
const bytesAround = 400;
/** What a tool call's own texts come to on a page at most, where they are cut in the middle; less in a sub-agent. */
const mostToolBytes = 60_000;
const mostBriefToolBytes = 9_000;

/** Sources that a page shows of one answer: none that is to be checked names as many. */
export const mostSources = 100;
/** Characters of a source's title. */
export const longestTitle = 160;
const bytesAroundSource = 200;

/** What one sub-agent comes to on a page at most, and what all do that one message set to work. */
export const mostSubAgentBytes = 100_000;
const mostSubAgentsBytes = 160_000;
/** Of a sub-agent's room, for those that it set to work itself. The fourth inside one another has none for a message. */
const innerShare = 1 / 6;

/**
 * Weighs messages for their page, and finds out how much of each sub-agent has room there: whole messages from its
 * task on. How much depends on the message alone, so that a page stays as it is while the conversation grows.
 *
 * @param bytesOfHtml  Of a text or thinking part.
 */
export function createScales(bytesOfHtml: (text: string) => number): Scales {
  const beginnings = new Map<SnapshotSubAgent, Beginning>();

  /** @param room  Bytes for all sub-agents in the message. */
  function weigh({ parts }: SnapshotMessage, room: number, mostOwn: number): number {
    const agents = parts.filter((part) => subAgentOf(part) !== undefined).length;
    const each = Math.min(mostSubAgentBytes, room / agents);
    return parts.reduce((sum, part) => sum + bytesAround + bytesOf(part, each, mostOwn), bytesAround);
  }

  function bytesOf(part: SnapshotPart, agentRoom: number, mostOwn: number): number {
    switch (part.type) {
      case 'text':
      case 'thinking':
        return bytesOfHtml(part.text);
      case 'tool-call': {
        const own = JSON.stringify(part.input).length + (part.output?.length ?? 0);
        const agent = part.subAgent === undefined ? 0 : bytesOfAgent(part.subAgent, agentRoom);
        return Math.min(mostOwn, own) + agent;
      }
      case 'sources':
        return part.sources
          .slice(0, mostSources)
          .reduce(
            (sum, { title = '', url }) =>
              sum + bytesAroundSource + Math.min(title.length, longestTitle) + url.length,
            0,
          );
      case 'image':
      case 'file':
        return 0;
    }
  }

  function bytesOfAgent(agent: SnapshotSubAgent, room: number): number {
    const all = messagesIn(agent.rounds);
    const messages: SnapshotMessage[] = [];
    let weight = 0;
    for (const message of all) {
      const added = weigh(message, room * innerShare, mostBriefToolBytes);
      if (weight + added > room) break;
      weight += added;
      messages.push(message);
    }
    beginnings.set(agent, { messages, leftOut: all.length - messages.length });
    return weight;
  }

  return {
    weightOf: (message) => weigh(message, mostSubAgentsBytes, mostToolBytes),
    beginningOf(agent) {
      const beginning = beginnings.get(agent);
      if (beginning === undefined) throw new Error('A sub-agent is shown whose message was not weighed.');
      return beginning;
    },
  };
}
