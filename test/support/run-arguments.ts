/**
 * A process that runs the command line within itself, once for each list of arguments that its parent sends, and tells
 * how it ended. Many times faster than a process for each; what would end this one early is seen by the parent.
 */
import { main } from '../../cli/main.ts';

export interface Ended {
  code: number;
  stderr: string;
}

process.stdout.setMaxListeners(0); // `main` adds one each time, and expects to be called once

async function run(args: readonly string[]): Promise<Ended> {
  let stderr = '';
  process.stdout.write = () => true;
  process.stderr.write = (text) => {
    stderr += String(text);
    return true;
  };
  await main(args);
  return { code: Number(process.exitCode ?? 0), stderr };
}

process.on('message', (args) => {
  process.exitCode = undefined;
  void run(args as string[]).then((ended) => process.send?.(ended));
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
