import { answers, extensionsByType, type Answer } from './answers.ts';
import { plainErrorHeaders, staticHeaders, type Headers } from './headers.ts';
import { guide, literally, toPlace, type Target } from './target.ts';

/**
 * For lighttpd 1.4.60 and newer. It compresses nothing, because that module is a package of its own; and its 404 for an
 * address that has the shape of a file has the headers of a file, since it settles headers by address alone.
 */
export function toLighttpd(target: Target): string {
  const place = toPlace(target);
  const { hostname, port, isLoopback, isTls, basePath, output } = place;
  const base = literally(basePath);
  const pages = answers.filter(({ kind }) => kind === 'page');
  const files = answers.filter(({ kind }) => kind !== 'page').map(({ filePattern }) => filePattern);
  const lines = [
    `server.document-root = "${output}"`,
    // lighttpd adds the status and `.html`. A handler for 404 would answer with 200.
    `server.errorfile-prefix = "${output}/"`,
    'server.tag = ""',
    'server.follow-symlink = "disable"',
    'dir-listing.activate = "disable"',
    'index-file.names = ( )',
    'etag.use-inode = "disable"',
    'mimetype.use-xattr = "disable"',
    '',
    ...(basePath === '' ? [] : [`alias.url = ( "${basePath}/" => "${output}/" )`]),
    'url.rewrite-once = (',
    ...indent([
      ...pages.map(({ pattern, file }) => `"^${base}${pattern}(?:\\?.*)?$" => "${basePath}${file}",`),
      '# Every other address is nowhere, whatever the folder holds.',
      `"^(?!${base}(?:${files.join('|')})(?:\\?|$))" => "${nowhere}"`,
    ]),
    ')',
    '',
    '# Deleted, unknown and malformed addresses: all the same.',
    ...setHeaders({ ...plainErrorHeaders, ...staticHeaders('not-found', false) }),
    'mimetype.assign = ( "" => "text/html; charset=utf-8" )',
    ...answers.toReversed().flatMap((answer) => condition(answer, base)),
    '',
    '$HTTP["request-method"] !~ "^(GET|HEAD)$" { url.access-deny = ( "" ) }',
  ];
  const open = isLoopback
    ? `$SERVER["socket"] == "${hostname}:${port}" {`
    : `$HTTP["host"] == "${hostname}" {`;
  return (
    guide(`lighttpd for ${target.site}`, place, [
      `Save this as /etc/lighttpd/conf-enabled/90-conversation-share.conf; the user of lighttpd must be able to read\n${output}`,
      'lighttpd -tt -f /etc/lighttpd/lighttpd.conf && systemctl reload lighttpd',
      ...(isTls ? ['Add TLS: https://wiki.lighttpd.net/Docs_SSL'] : []),
    ]) +
    [
      'server.modules += ( "mod_alias", "mod_rewrite", "mod_setenv", "mod_access" )',
      'server.http-parseopts += ( "url-path-2f-decode" => "disable", "url-path-2f-reject" => "enable" )',
      '',
      open,
      ...indent(lines),
      '}',
      '',
    ].join('\n')
  );
}

/** No share id and no file name is so short. */
const nowhere = '/share/-';

/** The last condition that fits wins. */
function condition({ filePattern, type, headers }: Answer, base: string): string[] {
  const types = [...extensionsByType].flatMap(([name, extensions]) =>
    extensions.map((extension) => `".${extension}" => "${name}",`),
  );
  const assigned =
    type === undefined
      ? ['mimetype.assign = (', ...indent([...types, '"" => "application/octet-stream"']), ')']
      : [`mimetype.assign = ( "" => "${type}" )`];
  return [
    '',
    `$HTTP["url"] =~ "^${base}${filePattern}$" {`,
    ...indent([...assigned, ...setHeaders(headers)]),
    '}',
  ];
}

function setHeaders(headers: Headers): string[] {
  const values = Object.entries(headers).map(([name, value]) => `"${name}" => "${value}",`);
  return ['setenv.set-response-header = (', ...indent(values), ')'];
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `    ${line}`));
}
