import { answers, compressibleTypes, extensionsByType, type Answer } from './answers.ts';
import { plainErrorHeaders, staticHeaders, type Headers } from './headers.ts';
import { guide, literally, toPlace, type Target } from './target.ts';

/** For Apache 2.4.39 and newer. */
export function toApache(target: Target): string {
  const place = toPlace(target);
  const { hostname, port, isLoopback, isTls, basePath, output } = place;
  const lines = [
    `ServerName ${hostname}`,
    `DocumentRoot "${output}"`,
    'ServerSignature Off',
    'TraceEnable Off',
    'MergeSlashes Off',
    '',
    `<Directory "${output}">`,
    ...indent([
      'Require all granted',
      'AllowOverride None',
      '# No listing, no links, no programs, no negotiation.',
      'Options None',
      'DirectoryIndex disabled',
      'DirectorySlash Off',
      'FileETag MTime Size',
      'AddDefaultCharset Off',
      '# No part of a name says anything but its last extension, which is seen to below.',
      'ForceType application/octet-stream',
      'SetHandler default-handler',
      'RemoveEncoding .gz .tgz .z .bz2 .xz .br .zst',
    ]),
    '</Directory>',
    '',
    'RewriteEngine On',
    'RewriteCond %{REQUEST_METHOD} !^(?:GET|HEAD)$',
    'RewriteRule ^ - [R=405,L]',
    'RewriteCond %{ENV:REDIRECT_STATUS} ^[45]',
    'RewriteRule ^/404\\.html$ - [L]',
    ...answers.map(({ pattern, file }) => `RewriteRule "^${literally(basePath)}${pattern}$" "${file}" [PT]`),
    'RewriteRule ^ - [R=404,L]',
    '',
    '# Deleted, unknown and malformed addresses: all the same.',
    'ErrorDocument 400 /404.html',
    'ErrorDocument 403 /404.html',
    'ErrorDocument 404 /404.html',
    '',
    ...setHeaders(plainErrorHeaders),
    `AddOutputFilterByType DEFLATE ${compressibleTypes.join(' ')}`,
    ...[...answers].reverse().flatMap(location),
    '',
    '<Location "/404.html">',
    ...indent(['ForceType "text/html; charset=utf-8"', ...setHeaders(staticHeaders('not-found', false))]),
    '</Location>',
  ];
  const tls = isTls ? [`Add TLS: certbot --apache -d ${hostname}`] : [];
  const listen = isTls || port === 80 ? [] : [`Add "Listen ${port}" to /etc/apache2/ports.conf`];
  return (
    guide(`Apache for ${target.site}`, place, [
      `Save this as /etc/apache2/sites-available/conversation-share.conf; the user of Apache must be able to read\n${output}`,
      ...listen,
      'a2enmod rewrite headers deflate && a2ensite conversation-share && systemctl reload apache2',
      ...tls,
    ]) +
    [`<VirtualHost ${isLoopback ? hostname : '*'}:${port}>`, ...indent(lines), '</VirtualHost>', ''].join(
      '\n',
    )
  );
}

/** Later sections win, so the answer that is tried first comes last. */
function location({ filePattern, type, headers }: Answer): string[] {
  const base = '/share/[^/]+/files/[^/]+/[^/]+';
  const byName = [...extensionsByType].flatMap(([name, extensions]) => [
    `<LocationMatch "^${base}\\.(?i:${extensions.join('|')})$">`,
    ...indent([`ForceType "${name}"`]),
    '</LocationMatch>',
  ]);
  const isImage = headers['Content-Disposition'] === 'inline';
  return [
    '',
    `<LocationMatch "^${filePattern}$">`,
    ...indent([...(type === undefined ? [] : [`ForceType "${type}"`]), ...setHeaders(headers)]),
    '</LocationMatch>',
    ...(type === undefined && !isImage ? byName : []),
  ];
}

function setHeaders(headers: Headers): string[] {
  const without = Object.keys(plainErrorHeaders).filter((name) => !(name in headers));
  return [
    ...Object.entries(headers).map(([name, value]) => `Header always set ${name} "${value}"`),
    ...without.map((name) => `Header always unset ${name}`),
  ];
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `    ${line}`));
}
