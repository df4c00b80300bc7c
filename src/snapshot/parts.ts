import type { Round, SnapshotMessage, SnapshotPart, SnapshotSubAgent } from './snapshot.ts';

/** Every part, in the order in which it is read: those of a sub-agent follow the call that set it to work. */
export function partsIn(messages: readonly SnapshotMessage[]): SnapshotPart[] {
  return messages.flatMap(({ parts }) =>
    parts.flatMap((part) => {
      const agent = subAgentOf(part);
      return agent === undefined ? [part] : [part, ...partsIn(messagesIn(agent.rounds))];
    }),
  );
}

export function subAgentOf(part: SnapshotPart): SnapshotSubAgent | undefined {
  return part.type === 'tool-call' ? part.subAgent : undefined;
}

export function messagesIn(rounds: readonly Round[]): SnapshotMessage[] {
  return rounds.flatMap(({ messages }) => messages);
}

/** What a sub-agent was told first. */
export function taskOf({ rounds }: SnapshotSubAgent): string | undefined {
  const task = messagesIn(rounds).find(({ role }) => role === 'user');
  return task?.parts.find((part) => part.type === 'text')?.text;
}

/** What an agent is called: `Explore agent`. Not escaped. */
export function agentName({ name }: SnapshotSubAgent): string {
  if (name === undefined) return 'Agent';
  return /\bagent$/i.test(name) ? name : `${name} agent`;
}
