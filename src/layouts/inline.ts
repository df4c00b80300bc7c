import { createHash } from 'node:crypto';
// Bundled and minified by the build, with what it imports: see `pageScript` in astro.config.mjs.
import script from './page.client.js?bundle';
import style from '../styles/page.css?inline';

export { script, style };

/**
 * What the page may do, told to the browser by the page itself, so that it holds on hosts that set no headers.
 * Hashes of exactly the inline bytes; `'self'` would let a planted file run as a script.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src '${hashSource(style)}'`,
  `script-src '${hashSource(script)}'`,
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-src 'none'",
  "object-src 'none'",
].join('; ');

function hashSource(bytes: string): string {
  return `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
}
