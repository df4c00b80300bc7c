import type { Redact } from './redact.ts';

/**
 * The public form of a link's address: what a browser makes of it, without a user's name and password, redacted.
 *
 * @returns undefined for what is no http or https address, and where the owner still shows through its encoding.
 */
export function toWebAddress(address: string, redact: Redact): string | undefined {
  // Before a browser encodes the spaces of a name, and after it has dropped the line ends inside a path.
  const parsed = parse(redactWritten(address, redact));
  const redacted = parsed && parse(redactWritten(parsed, redact));
  if (redacted === undefined) return undefined;
  const decoded = decode(redacted);
  return redact(decoded) === decoded ? redacted : undefined;
}

/** Empty, and so no address, where the owner's name or e-mail address was found in what is encoded. */
function redactWritten(address: string, redact: Redact): string {
  const redacted = redact(address);
  const isOwnerEncoded =
    count(redacted, /\[(?:owner|e-mail)\]/g) > count(address, /\[(?:owner|e-mail)\]/g) &&
    count(redacted, /%[\dA-Fa-f]{2}|\+/g) < count(address, /%[\dA-Fa-f]{2}|\+/g);
  return isOwnerEncoded ? '' : redacted;
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function parse(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  url.username = '';
  url.password = '';
  return url.href;
}

/** Octets that are no UTF-8 stay as they are: nothing that is looked for is written with them. */
function decode(address: string): string {
  return address
    .replaceAll('+', ' ')
    .replace(/(?:%[\dA-Fa-f]{2})+/g, (octets) =>
      Buffer.from(octets.replaceAll('%', ''), 'hex').toString('utf8'),
    );
}
