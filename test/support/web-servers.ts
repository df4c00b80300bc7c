import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toApache } from '../../src/host/apache.ts';
import { toCaddy } from '../../src/host/caddy.ts';
import { toLighttpd } from '../../src/host/lighttpd.ts';
import { toNginx } from '../../src/host/nginx.ts';
import type { Target } from '../../src/host/target.ts';
import { toSiteUrl } from '../../src/urls.ts';
import { freePort } from './cli.ts';
import { findProgram } from './programs.ts';

export interface WebServer {
  url: string;
  port: number;
  close(): Promise<void>;
}

interface Kind {
  program: string;
  /** Our configuration for this server. */
  generate(target: Target): string;
  /** The configuration of somebody who only names the folder, as the Debian package would serve it. */
  plain(output: string, port: number): string;
  /** What stands around a configuration: where to log, whom to be, which modules. `folder` is a private one. */
  wrap(folder: string, configuration: string, port: number): string;
  args(configuration: string): string[];
}

const apacheModules = [
  ...[
    'mpm_event',
    'authz_core',
    'authz_host',
    'alias',
    'dir',
    'autoindex',
    'mime',
    'negotiation',
    'setenvif',
  ],
  ...['filter', 'deflate', 'rewrite', 'headers'],
];

export const kinds = {
  nginx: {
    program: 'nginx',
    generate: toNginx,
    plain: (output, port) =>
      `include /etc/nginx/mime.types;\ndefault_type application/octet-stream;\nserver { listen 127.0.0.1:${port}; root "${output}"; index index.html; }`,
    wrap: (folder, configuration) => `
      pid "${folder}/pid"; error_log "${folder}/error.log"; worker_processes 1; daemon off;
      events { worker_connections 256; }
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path "${folder}/${name}";`).join(' ')}
        ${configuration}
      }`,
    args: (path) => ['-e', 'stderr', '-c', path],
  },
  caddy: {
    program: 'caddy',
    generate: toCaddy,
    plain: (output, port) => `http://127.0.0.1:${port} {\nbind 127.0.0.1\nroot * "${output}"\nfile_server\n}`,
    wrap: (_folder, configuration) => `{\nadmin off\nauto_https off\n}\n${configuration}`,
    args: (path) => ['run', '--adapter', 'caddyfile', '--config', path],
  },
  apache: {
    program: 'apache2',
    generate: toApache,
    plain: (output, port) =>
      `<VirtualHost 127.0.0.1:${port}>\nDocumentRoot "${output}"\n<Directory "${output}">\nOptions Indexes FollowSymLinks\nRequire all granted\n</Directory>\n</VirtualHost>`,
    wrap: (folder, configuration, port) => `
ServerRoot "${folder}"
DefaultRuntimeDir "${folder}"
PidFile "${folder}/pid"
Mutex file:${folder}
ErrorLog "${folder}/error.log"
Listen 127.0.0.1:${port}
StartServers 1
ServerName 127.0.0.1
${apacheModules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
TypesConfig /etc/mime.types
<Directory />
Options FollowSymLinks
AllowOverride None
Require all denied
</Directory>
${configuration}`,
    args: (path) => ['-DFOREGROUND', '-f', path],
  },
  lighttpd: {
    program: 'lighttpd',
    generate: toLighttpd,
    plain: (output, port) =>
      `$SERVER["socket"] == "127.0.0.1:${port}" { server.document-root = "${output}" }\nindex-file.names = ( "index.html" )\ninclude_shell "/usr/share/lighttpd/create-mime.conf.pl"`,
    wrap: (folder, configuration, port) => `
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${folder}"
server.errorlog = "${folder}/error.log"
server.upload-dirs = ( "${folder}" )
${configuration}`,
    args: (path) => ['-D', '-f', path],
  },
} satisfies Record<string, Kind>;

export type ServerName = keyof typeof kinds;
export const serverNames = Object.keys(kinds) as ServerName[];

/** True where the program is installed; in CI it must be. */
export function isInstalled(name: ServerName): boolean {
  return findProgram(kinds[name].program) !== undefined;
}

/**
 * Starts a real web server over a folder, on the loopback interface, as nobody where the tests run as root.
 *
 * @param options.basePath  Of the site in the generated configuration.
 * @param options.plain     Serves the folder as somebody would who knows nothing of our configuration.
 */
export async function startWebServer(
  name: ServerName,
  output: string,
  { basePath = '', plain = false }: { basePath?: string; plain?: boolean } = {},
): Promise<WebServer> {
  const kind: Kind = kinds[name];
  const folder = mkdtempSync(join(tmpdir(), `share-${name}-`));
  mkdirSync(join(folder, 'home'));
  chmodSync(folder, 0o777);
  chmodSync(join(folder, 'home'), 0o777);
  const port = await freePort();
  const site = toSiteUrl(`http://127.0.0.1:${port}${basePath}`);
  const configuration = plain ? kind.plain(output, port) : kind.generate({ site, output });
  const path = join(folder, 'configuration');
  writeFileSync(path, kind.wrap(folder, configuration, port), { mode: 0o644 });
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const child = spawn(findProgram(kind.program) ?? kind.program, kind.args(path), {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: join(folder, 'home') },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...nobody,
  });
  await untilReady(child, port);
  return {
    url: site,
    port,
    close: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(child: ChildProcess, port: number): Promise<void> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  for (let attempt = 0; attempt < 400; attempt++) {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}: ${said}`);
    if (await answers(port)) return;
    await sleep(25);
  }
  child.kill();
  throw new Error(`The server did not start: ${said}`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
