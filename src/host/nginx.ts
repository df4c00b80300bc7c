import { answers, bareType, compressibleTypes, extensionsByType, textTypes, type Answer } from './answers.ts';
import { plainErrorHeaders, staticHeaders, type Headers } from './headers.ts';
import { unknownType } from './media-types.ts';
import { guide, literally, toPlace, type Target } from './target.ts';

/** For nginx 1.18 and newer. */
export function toNginx(target: Target): string {
  const place = toPlace(target);
  const { hostname, port, isLoopback, isTls, basePath, output } = place;
  const listen = isLoopback ? [`listen ${hostname}:${port};`] : [`listen ${port};`, `listen [::]:${port};`];
  const lines = [
    ...listen,
    `server_name ${hostname};`,
    `root "${output}";`,
    '',
    'server_tokens off;',
    'merge_slashes off;',
    'disable_symlinks on from=$document_root;',
    'charset utf-8;',
    // text/html is in both lists already, and saying it again gives a warning.
    `charset_types ${textTypes.filter((type) => type !== 'text/html').join(' ')};`,
    'gzip on;',
    'gzip_vary on;',
    `gzip_types ${compressibleTypes.filter((type) => type !== 'text/html').join(' ')};`,
    // No address ends in .html, so that pages get the type of their location.
    'types {',
    ...indent(nameTypes()),
    '}',
    '',
    '# Deleted, unknown and malformed addresses, folders, and files that must not be read: all the same.',
    'error_page 400 403 404 414 =404 /404.html;',
    ...addHeaders(plainErrorHeaders),
    'if ($request_method !~ "^(?:GET|HEAD)$") { return 405; }',
    ...answers.flatMap((answer) => location(answer, literally(basePath))),
    '',
    'location = /404.html {',
    ...indent(['internal;', 'default_type text/html;', ...addHeaders(staticHeaders('not-found', false))]),
    '}',
    '',
    'location / { return 404; }',
  ];
  const tls = isTls ? [`Add TLS: certbot --nginx -d ${hostname}`] : [];
  return (
    guide(`nginx for ${target.site}`, place, [
      `Save this as /etc/nginx/conf.d/conversation-share.conf; the user of nginx must be able to read\n${output}`,
      'nginx -t && systemctl reload nginx',
      ...tls,
    ]) + ['server {', ...indent(lines), '}', ''].join('\n')
  );
}

function location({ pattern, file, type, headers }: Answer, basePath: string): string[] {
  return [
    '',
    `location ~ "^${basePath}${pattern}$" {`,
    ...indent([
      `try_files ${file} =404;`,
      `default_type ${bareType(type ?? unknownType.type)};`,
      ...addHeaders(headers),
    ]),
    '}',
  ];
}

function nameTypes(): string[] {
  return [...extensionsByType].map(([type, extensions]) => `${bareType(type)} ${extensions.join(' ')};`);
}

/** Whoever adds one header in a location loses all those from outside it, so each location says all of them. */
function addHeaders(headers: Headers): string[] {
  return Object.entries(headers).map(([name, value]) => `add_header ${name} "${value}" always;`);
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `    ${line}`));
}
