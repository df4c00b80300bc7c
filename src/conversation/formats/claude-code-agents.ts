import type { Tally } from './tally.ts';
import { objectOf, textOf, type JsonObject } from './untyped.ts';

/** A line of a log of Claude Code that has a place in its tree. */
export interface Entry {
  /** 1-based. */
  line: number;
  uuid: string | undefined;
  /** null begins a conversation; undefined when the record does not say, as in older files. */
  parent: string | null | undefined;
  session: string | undefined;
  /** Absent on records that only join others: attachments, progress, system notices. */
  speech?: Speech;
}

export interface Speech {
  role: 'user' | 'assistant';
  /** Id of the API message. One message is written as several lines, one for each of its blocks. */
  messageId: string | undefined;
  time: string | undefined;
  /** None where it is hidden. */
  blocks: JsonObject[];
  /** Why nobody but the model was meant to read it. */
  hiddenFor: string | undefined;
}

/** What an agent said and was told. */
export interface AgentLog {
  entries: Entry[];
  /** uuid → index in `entries`. */
  places: ReadonlyMap<string, number>;
  losses: Tally;
  /** Id of a sub-agent → id of the call that started it, as far as this log tells. */
  links: Map<string, string>;
  /** On the log of a sub-agent. */
  agentId?: string;
  /** The call that started it, where a record of its own or a note beside it says so. */
  call?: string;
  /** What kind of agent it is: `Explore`. */
  name?: string;
}

/** A call of a tool that starts agents. */
interface Start {
  id: string;
  prompt: string;
  /** Of the log that it is in. */
  log: AgentLog;
}

/**
 * Tells which call set which sub-agent to work: by what the logs say, in the notes beside the files and in the results
 * of the calls; and in older sessions, which say nothing, by the task, which is the first that a sub-agent was told.
 */
export class SubAgents {
  readonly #byCall = new Map<string, AgentLog>();
  readonly #left: Set<AgentLog>;
  /** How many were taken. */
  taken = 0;

  constructor(main: AgentLog, agents: readonly AgentLog[]) {
    const starts = [main, ...agents].flatMap(startsIn);
    const links = new Map([...toldIn(starts), ...[main, ...agents].flatMap((log) => [...log.links])]);
    const unlinked: AgentLog[] = [];
    for (const agent of agents) {
      const call = agent.call ?? (agent.agentId === undefined ? undefined : links.get(agent.agentId));
      if (call === undefined || this.#byCall.has(call)) unlinked.push(agent);
      else this.#byCall.set(call, agent);
    }
    for (const agent of unlinked.sort(byTime)) {
      const task = taskOf(agent);
      const start = starts.find(
        ({ id, prompt, log }) => log !== agent && !this.#byCall.has(id) && prompt === task,
      );
      if (start) this.#byCall.set(start.id, agent);
    }
    this.#left = new Set(agents);
  }

  /** The sub-agent of a call. It is given once, so that no two agents can hold one another. */
  take(call: string): AgentLog | undefined {
    const agent = this.#byCall.get(call);
    if (agent === undefined || !this.#left.delete(agent)) return undefined;
    this.taken += 1;
    return agent;
  }

  /** Counts the records of those whose call is not there or not shown. */
  countLeft(losses: Tally): void {
    for (const agent of this.#left)
      losses.hide('sub-agent without its call', agent.entries.filter(({ speech }) => speech).length);
  }
}

function startsIn(log: AgentLog): Start[] {
  return log.entries.flatMap(({ speech }) =>
    (speech?.blocks ?? []).flatMap((block): Start[] => {
      const id = block['type'] === 'tool_use' ? textOf(block['id']) : undefined;
      if (id === undefined || !/^(?:Task|Agent)$/.test(textOf(block['name']) ?? '')) return [];
      return [{ id, prompt: (textOf(objectOf(block['input'])?.['prompt']) ?? '').trim(), log }];
    }),
  );
}

/** The text of a result names the agent, for the model: `agentId: a1b2c3d (for resuming …)`. */
function toldIn(starts: readonly Start[]): [string, string][] {
  const ids = new Set(starts.map(({ id }) => id));
  const logs = new Set(starts.map(({ log }) => log));
  const results = [...logs].flatMap((log) => log.entries.flatMap(({ speech }) => speech?.blocks ?? []));
  return results.flatMap((block): [string, string][] => {
    const call = block['type'] === 'tool_result' ? textOf(block['tool_use_id']) : undefined;
    if (call === undefined || !ids.has(call)) return [];
    const agent = /\bagentId: ([\w-]+)/.exec(textsIn(block['content']))?.[1];
    return agent === undefined ? [] : [[agent, call]];
  });
}

function taskOf({ entries }: AgentLog): string | undefined {
  const first = entries.find(({ speech }) => speech?.role === 'user')?.speech;
  const task = textsIn(first?.blocks).trim();
  return task === '' ? undefined : task;
}

function textsIn(content: unknown): string {
  if (typeof content === 'string') return content;
  const list = Array.isArray(content) ? content : [];
  return list.map((block) => textOf(objectOf(block)?.['text']) ?? '').join('\n');
}

function byTime(one: AgentLog, other: AgentLog): number {
  const [a = '', b = ''] = [one, other].map(({ entries }) => entries[0]?.speech?.time);
  return a < b ? -1 : a > b ? 1 : 0;
}
