import { ShareError } from '../errors.ts';
import type { SiteUrl } from '../urls.ts';

/** What a configuration is written for. */
export interface Target {
  site: SiteUrl;
  /** Absolute path of the output folder on the host. */
  output: string;
}

/** The site's URL in the parts that servers ask for. */
export interface Place {
  site: SiteUrl;
  hostname: string;
  /** What a server listens on before TLS is added. */
  port: number;
  /** Only this machine reaches it. */
  isLoopback: boolean;
  isTls: boolean;
  /** Path of the site, `''` or `/repo`. */
  basePath: string;
  output: string;
}

/**
 * @throws ShareError `config_invalid` for a folder or path that cannot be written into every configuration without
 *   being taken for something else.
 */
export function toPlace({ site, output }: Target): Place {
  const url = new URL(site);
  const basePath = decodeURIComponent(url.pathname).replace(/\/+$/, '');
  if (!/^[\p{L}\p{N}/._~+@,=-]*$/u.test(basePath) || !/^\/[\p{L}\p{N}/._~+@,= -]*$/u.test(output))
    throw new ShareError(
      'config_invalid',
      `"${basePath === '' ? output : `${basePath}" and "${output}`}" cannot be written into a server's configuration.`,
      { hint: 'Use an output folder and a site path of letters, digits and `. _ - ~ + @ , =`.' },
    );
  return {
    site,
    hostname: url.hostname,
    port: url.protocol === 'http:' && url.port !== '' ? Number(url.port) : 80,
    isLoopback: /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname),
    isTls: url.protocol === 'https:',
    basePath,
    output,
  };
}

/** A path as a regular expression that means nothing but itself. */
export function literally(text: string): string {
  return text.replace(/[.+]/g, '\\$&');
}

/** The first lines of every configuration: what to do with it, as numbered steps in comments. */
export function guide(what: string, { site, hostname, isLoopback }: Place, steps: readonly string[]): string {
  const domain = isLoopback
    ? 'This is for this machine alone. For others give it a domain of its own: `--domain share.example.org`.'
    : `Give ${hostname} to the shares alone: nothing that viewers open may be near the cookies of another site.\nAnd name it to every \`share\` command: SHARE_SITE=${site}`;
  const all = [domain, ...steps, 'Ask the live host whether it behaves: share verify --url'];
  return [`# ${what}`, '#', ...all.map((step, index) => `# ${index + 1}. ${step.replace(/\n/g, '\n#    ')}`)]
    .join('\n')
    .concat('\n\n');
}
