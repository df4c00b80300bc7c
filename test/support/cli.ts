import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export const bin = fileURLToPath(new URL('../../cli/share.js', import.meta.url));

export interface Ran {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** Program and arguments to put in front, such as `setpriv`. */
  through?: string[];
}

/** The environment without what a developer may have set. */
export function cleanEnv(changes: RunOptions['env'] = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SHARE_'));
  return { ...Object.fromEntries(inherited), NO_COLOR: '1', XDG_CONFIG_HOME: '/nonexistent', ...changes };
}

function start(args: readonly string[], { cwd, env, through = [] }: RunOptions = {}): ChildProcess {
  const [program = process.execPath, ...rest] = [...through, process.execPath, bin, ...args];
  return spawn(program, rest, { cwd, env: cleanEnv(env), stdio: ['ignore', 'pipe', 'pipe'] });
}

/**
 * Runs the real command line to its end, and gives the milliseconds of processor that it took, of all its threads: those
 * on the clock tell more of what else the machine does.
 */
export async function shareCpuMs(args: readonly string[], { env, ...options }: RunOptions = {}) {
  const report = 'process.on("exit", () => console.error("\\ncpu", JSON.stringify(process.cpuUsage())))';
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(report)}`;
  const ran = await share(args, { ...options, env: { ...env, NODE_OPTIONS } });
  const { user, system } = JSON.parse(/\ncpu (.*)/.exec(ran.stderr)?.[1] ?? '') as NodeJS.CpuUsage;
  return { ...ran, cpuMs: (user + system) / 1000 };
}

/** Runs the real command line to its end. */
export async function share(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = start(args, options);
  const ran = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (ran.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (ran.stderr += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, ...ran };
}

export interface Service {
  child: ChildProcess;
  /** What it said on stderr so far. */
  said(): string;
  /** Sends a signal, SIGTERM unless told, and gives the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `share serve` or `share watch` and waits until it says `ready`. */
export async function startService(
  args: readonly string[],
  ready: RegExp,
  options: RunOptions = {},
): Promise<Service> {
  const child = start(args, options);
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (ready.test(text)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`ended with ${String(code)}: ${text}`)));
  });
  return {
    child,
    said: () => text,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null) return child.exitCode;
      child.kill(signal);
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    },
  };
}

/** A port that was free a moment ago, for when the address must be known before the server starts. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
