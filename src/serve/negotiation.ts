import type { IncomingHttpHeaders } from 'node:http';

export type Coding = 'identity' | 'gzip' | 'br';

/** In our order of preference, where a client rates two the same. */
const codings: readonly Coding[] = ['br', 'gzip', 'identity'];

/**
 * Chooses the coding a client rates highest (RFC 9110, 12.5.3).
 *
 * A client that leaves nothing acceptable (`identity;q=0` alone) gets identity, which the RFC prefers to an error.
 */
export function chooseCoding(acceptEncoding: string | undefined): Coding {
  if (acceptEncoding === undefined) return 'identity';
  const weights = parseWeights(acceptEncoding);
  const others = weights.get('*');
  let best: Coding = 'identity';
  let bestWeight = 0;
  for (const coding of codings) {
    // Unnamed identity is acceptable, but never more welcome than something the client asked for.
    const unnamed = others ?? (coding === 'identity' ? Number.MIN_VALUE : 0);
    const weight = weights.get(coding) ?? unnamed;
    if (weight > bestWeight) {
      best = coding;
      bestWeight = weight;
    }
  }
  return best;
}

function parseWeights(acceptEncoding: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const item of acceptEncoding.split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weights.set(name, weight === undefined ? 1 : Number(weight) || 0);
  }
  return weights;
}

export interface Validators {
  /** Strong, quotes included; each coding of a file has its own. */
  etag: string;
  /** HTTP date, whole seconds. */
  lastModified: string;
}

/**
 * Whether the client's copy is still good (RFC 9110, 13.1.2 and 13.1.3): If-None-Match by weak comparison, and
 * If-Modified-Since only where there is no If-None-Match.
 */
export function isFresh(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): boolean {
  const noneMatch = headers['if-none-match'];
  if (noneMatch !== undefined) return listsEtag(noneMatch, etag);
  const since = headers['if-modified-since'];
  return since !== undefined && Date.parse(lastModified) <= Date.parse(since);
}

function listsEtag(list: string, etag: string): boolean {
  if (list.trim() === '*') return true;
  return list.split(',').some((item) => item.trim().replace(/^W\//, '') === etag);
}
