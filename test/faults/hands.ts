import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppPaths } from '../../cli/desk.ts';
import type { Outcome } from '../../src/publish/publisher.ts';
import type { ShareId } from '../../src/urls.ts';

/** What people and programs do to a data folder. */
export type Deed =
  | { do: 'write'; conversation: string; words: string; files: number; isAtomic: boolean }
  | { do: 'remove' | 'hide' | 'show' | 'sync'; conversation: string }
  | { do: 'create'; conversation: string; owner: string }
  | { do: 'revoke'; share: ShareId; owner: string }
  | { do: 'syncAll' };

export interface Reply {
  share?: ShareId;
  created?: boolean;
  outcome?: Outcome;
  /** The code is `bug` for what is no ShareError. */
  error?: { code: string; message: string };
  /** Bugs that were only reported. */
  bugs?: string[];
}

/** A process of its own that works on a data folder. */
export interface Hand {
  /** @returns undefined when the process was killed before it answered. */
  perform(deed: Deed): Promise<Reply | undefined>;
  /** Kill -9; `perform` starts another process. */
  kill(): Promise<void>;
  stop(): void;
}

export function startHand(paths: AppPaths): Hand {
  let child: ChildProcess | undefined;

  async function start(): Promise<ChildProcess> {
    const started = fork(new URL('./hand.ts', import.meta.url), [JSON.stringify(paths)], {
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
    });
    child = started;
    await Promise.race([once(started, 'message'), once(started, 'exit')]);
    return started;
  }

  return {
    async perform(deed) {
      const running = child ?? (await start());
      if (child !== running) return undefined; // killed while it started
      const answered = new AbortController();
      const { signal } = answered;
      try {
        running.send(deed);
        const message = once(running, 'message', { signal }) as Promise<[Reply]>;
        const end = once(running, 'exit', { signal }).then(() => undefined);
        const first = await Promise.race([message, end]);
        for (const promise of [message, end]) promise.catch(() => undefined);
        return first?.[0];
      } finally {
        answered.abort();
      }
    },
    async kill() {
      const killed = child;
      child = undefined;
      if (killed === undefined) return;
      const end = once(killed, 'exit');
      killed.kill('SIGKILL');
      await end;
    },
    stop: () => {
      if (child?.connected === true) child.disconnect();
    },
  };
}

/** A start takes 0.7 s of processor time with it, else 1.1 s. */
export const compileCache = join(tmpdir(), 'share-test-compile-cache');
