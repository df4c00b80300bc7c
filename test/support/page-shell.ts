import { createHash } from 'node:crypto';

const style = 'body { margin: 0 }';
const script = 'document.body.dataset.ready = "yes"';

const hashOf = (bytes: string): string => `'sha256-${createHash('sha256').update(bytes).digest('base64')}'`;

export const shellPolicy = [
  "default-src 'none'",
  `style-src ${hashOf(style)}`,
  `script-src ${hashOf(script)}`,
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The smallest page that passes the gate, with `content` where a page has its messages. */
export function pageAround(content: string, { policy = shellPolicy, head = '' } = {}): string {
  return `<!doctype html><html lang="en"><head><meta http-equiv="Content-Security-Policy" content="${policy}"><meta charset="utf-8"><title>t</title>${head}<style>${style}</style></head><body><main>${content}</main><footer id="after">after</footer><script>${script}</script></body></html>`;
}
