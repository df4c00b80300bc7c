import type { Round, SnapshotMessage } from './snapshot.ts';

/**
 * Groups messages into rounds: one user message and everything that answers it, up to the next user message.
 * Numbers only depend on what came before, so a permalink stays right while the conversation grows.
 */
export function toRounds(messages: readonly SnapshotMessage[]): Round[] {
  const rounds: Round[] = [];
  for (const message of messages) {
    const current = rounds.at(-1);
    if (current === undefined || message.role === 'user')
      rounds.push({ number: rounds.length + 1, messages: [message] });
    else current.messages.push(message);
  }
  return rounds;
}
