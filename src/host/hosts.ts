import { toApache } from './apache.ts';
import { toCaddy } from './caddy.ts';
import { toLighttpd } from './lighttpd.ts';
import { toNginx } from './nginx.ts';
import { toS3 } from './s3.ts';
import { toCloudflare, toGitHubPages, toNetlify } from './static-hosts.ts';
import type { Target } from './target.ts';

/** Host → the configuration that makes it send every header, or the nearest that it can do. */
export const hosts = {
  nginx: toNginx,
  caddy: toCaddy,
  apache: toApache,
  lighttpd: toLighttpd,
  netlify: toNetlify,
  cloudflare: toCloudflare,
  'github-pages': toGitHubPages,
  s3: toS3,
} satisfies Readonly<Record<string, (target: Target) => string>>;

export type HostName = keyof typeof hosts;

export function isHostName(text: string): text is HostName {
  return Object.hasOwn(hosts, text);
}
