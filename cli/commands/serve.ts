import { InvalidArgumentError, type Command } from 'commander';
import { shareUrl } from '../../src/urls.ts';
import type { App } from '../app.ts';
import { defaultSite } from '../config.ts';
import { configOf, inThreads, withApp } from '../context.ts';
import { follow } from '../follow.ts';
import { printable, say } from '../report.ts';
import { untilStopped } from '../signals.ts';

interface ServeOptions {
  host: string;
  port: number;
  watch: boolean;
  links?: boolean;
}

export function addServe(program: Command): void {
  program
    .command('serve')
    .summary('serve the output over HTTP, and keep it up to date')
    .description(
      'Serves the output folder with every header it needs, and watches the shared conversations. For the open internet put a reverse proxy with TLS in front, or let any static host serve the folder.',
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 for any free one', toPort, 4321)
    .option('--no-watch', 'only serve; another process keeps the pages up to date')
    .option('--links', 'print the link of every share at the start')
    .addHelpText(
      'after',
      '\nExamples:\n  $ share serve\n  $ share serve --host 0.0.0.0 --port 8080 --site https://share.example.org',
    )
    .action(async (options: ServeOptions, command: Command) => {
      const config = await configOf(command);
      const work = async (app: App) => {
        const stopped = untilStopped();
        const following = options.watch ? await follow(app) : undefined;
        try {
          const server = await serve(app, options);
          if (config.site.value === defaultSite && server.port !== 4321)
            say(
              `Links say ${defaultSite}, but this server listens on port ${server.port}: set --site to its address.`,
            );
          await stopped;
          await server.close();
        } finally {
          await following?.close();
        }
      };
      await withApp(config, work, inThreads);
    });
}

async function serve(app: App, { host, port, links }: ServeOptions) {
  const { startServer } = await import('../../src/serve/server.ts');
  const basePath = new URL(app.paths.site).pathname.replace(/\/$/, '');
  const server = await startServer({
    folder: app.output.folder,
    host,
    port,
    basePath,
    onError: (error) => say(`Serving: ${String(error)}`),
  });
  say(`Serving ${app.output.folder} at ${server.url}. Ctrl-C stops.`);
  if (links === true)
    for (const share of app.registry.allActive())
      say(`  ${printable(share.title)}\n    ${shareUrl(app.paths.site, share.id)}`);
  return server;
}

function toPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535 || text.trim() === '')
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}
