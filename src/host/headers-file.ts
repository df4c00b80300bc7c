import { staticHeaders, type Headers } from './headers.ts';

/**
 * Netlify and Cloudflare Pages read this as `_headers`. Every rule that fits an address adds its headers; one that is
 * there already gets a second value after a comma, which narrows a policy and would garble most others. So files add
 * only what is not said of everything.
 */
export function toHeadersFile(): string {
  const { 'Content-Security-Policy': policy = '', 'Content-Disposition': disposition = '' } = staticHeaders(
    'file',
    false,
  );
  const attached = { 'Content-Security-Policy': policy, 'Content-Disposition': disposition };
  return [
    rule('/*', staticHeaders('page', false)),
    rule('/share/:id/files/*', attached),
    rule('/share/:id/zip/*', attached),
  ].join('\n');
}

function rule(address: string, headers: Headers): string {
  return `${address}\n${Object.entries(headers)
    .map(([name, value]) => `  ${name}: ${value}\n`)
    .join('')}`;
}
