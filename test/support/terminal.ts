import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { bin, cleanEnv, type RunOptions } from './cli.ts';
import { findProgram } from './programs.ts';

/** util-linux; what macOS calls by this name has other options. */
export const script = process.platform === 'linux' ? findProgram('script') : undefined;

export const keys = { enter: '\r', tab: '\t', down: '\x1b[B', up: '\x1b[A', ctrlC: '\x03' } as const;

/** Without anything new on the screen. */
const longestWaitMs = 8_000;

export interface Terminal {
  /** Waits until something was written since the last key; gives all that was. */
  see(text: string | RegExp): Promise<string>;
  press(...pressed: string[]): void;
  /** Waits for the end, and gives the exit code and all that was written. */
  end(): Promise<{ code: number | null; text: string }>;
}

/** Runs the real command line on a terminal of its own. */
export function openTerminal(args: readonly string[], { env }: RunOptions = {}): Terminal {
  const quoted = [process.execPath, bin, ...args].map((each) => `'${each.replaceAll("'", "'\\''")}'`);
  const child = spawn(
    script ?? 'script',
    ['-qefc', `stty cols 120 rows 40; ${quoted.join(' ')}`, '/dev/null'],
    {
      env: { ...cleanEnv(env), TERM: 'xterm' },
      stdio: 'pipe',
    },
  );
  let text = '';
  let pressedAt = 0;
  let changed: () => void = () => undefined;
  const take = (more: string) => {
    text += more;
    changed();
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  const ended = once(child, 'close').then(([code]) => {
    changed();
    return code as number | null;
  });
  return {
    async see(wanted) {
      for (;;) {
        const screen = stripVTControlCharacters(text.slice(pressedAt));
        if (typeof wanted === 'string' ? screen.includes(wanted) : wanted.test(screen)) {
          return screen;
        }
        if (child.exitCode !== null) throw new Error(`It ended without ${String(wanted)}:\n${screen}`);
        const isLate = await new Promise<boolean>((resolve) => {
          const timer = setTimeout(() => resolve(true), longestWaitMs);
          changed = () => {
            clearTimeout(timer);
            resolve(false);
          };
        });
        if (isLate) throw new Error(`${String(wanted)} is not on the screen:\n${screen}`);
      }
    },
    press(...pressed) {
      pressedAt = text.length;
      child.stdin.write(pressed.join(''));
    },
    async end() {
      return { code: await ended, text: stripVTControlCharacters(text) };
    },
  };
}
