import { answers, extensionsByType, type Answer } from './answers.ts';
import { plainErrorHeaders, staticHeaders, type Headers } from './headers.ts';
import { guide, literally, toPlace, type Target } from './target.ts';

/** For Caddy 2.6 and newer. */
export function toCaddy(target: Target): string {
  const place = toPlace(target);
  const { hostname, port, isLoopback, isTls, basePath, output } = place;
  const lines = [
    ...(isLoopback ? [`bind ${hostname}`] : []),
    `root * "${output}"`,
    '',
    '# A part of a file must stay as it is.',
    '@whole not header Range *',
    'encode @whole gzip',
    '',
    'map {path} {share_type} {',
    ...indent(nameTypes()),
    '}',
    '',
    '@other not method GET HEAD',
    'handle @other {',
    ...indent([
      ...setHeaders({ ...plainErrorHeaders, Allow: 'GET, HEAD' }),
      'respond "Method Not Allowed" 405',
    ]),
    '}',
    ...answers.flatMap((answer, index) => handle(answer, `a${index + 1}`, literally(basePath))),
    '',
    'handle {',
    '\terror 404',
    '}',
    '',
    '# Deleted, unknown and malformed addresses: all the same.',
    'handle_errors {',
    ...indent([
      'rewrite * /404.html',
      ...setHeaders({ ...staticHeaders('not-found', false), 'Content-Type': 'text/html; charset=utf-8' }, [
        'Content-Disposition',
      ]),
      'file_server {',
      '\tdisable_canonical_uris',
      '}',
    ]),
    '}',
  ];
  const address = isTls ? hostname : `http://${hostname}:${port}`;
  return (
    guide(`Caddy for ${target.site}`, place, [
      `Put this into /etc/caddy/Caddyfile; the user of Caddy must be able to read\n${output}`,
      `systemctl reload caddy${isTls ? ' (Caddy gets the certificate by itself)' : ''}`,
    ]) + [`${address} {`, ...indent(lines), '}', ''].join('\n')
  );
}

function handle({ pattern, file, type, headers }: Answer, name: string, basePath: string): string[] {
  const path = file.replace(/\$(\d)/g, (_, group: string) => `{re.${name}.${group}}`);
  return [
    '',
    `@${name} path_regexp ${name} "^${basePath}${pattern}$"`,
    `handle @${name} {`,
    ...indent([
      `rewrite * ${path}`,
      ...setHeaders({ ...headers, 'Content-Type': type ?? '{share_type}' }),
      'file_server {',
      '\tdisable_canonical_uris',
      '}',
    ]),
    '}',
  ];
}

function nameTypes(): string[] {
  return [
    ...[...extensionsByType].map(([type, extensions]) => `"~(?i)\\.(?:${extensions.join('|')})$" "${type}"`),
    'default application/octet-stream',
  ];
}

function setHeaders(headers: Headers, without: readonly string[] = []): string[] {
  return [
    'header {',
    ...indent(Object.entries(headers).map(([name, value]) => `${name} "${value}"`)),
    ...indent(without.map((name) => `-${name}`)),
    '\t-Server',
    '}',
  ];
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `\t${line}`));
}
