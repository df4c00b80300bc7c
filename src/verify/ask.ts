/** What a host answered; a redirect is an answer like any other. */
export interface Answer {
  status: number;
  headers: Headers;
  body: Buffer;
}

export type Ask = (url: string) => Promise<Answer | undefined>;

const timeoutMs = 15_000;
/** More than any page of ours; of a file the beginning is enough. */
const bodyBytes = 8 * 1024 * 1024;

/** Asks a host as somebody who was never there: nothing is taken from a cache. Undefined where it does not answer. */
export async function ask(url: string): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      cache: 'no-store',
      headers: { 'User-Agent': 'conversation-share', 'Cache-Control': 'no-cache' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, headers: response.headers, body: await beginningOf(response) };
  } catch (error) {
    // fetch throws these two for whatever goes wrong on the way, and nothing else for a good URL.
    if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError'))
      return undefined;
    throw error;
  }
}

async function beginningOf(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += (chunk as Uint8Array).length;
    if (size >= bodyBytes) break; // which cancels the rest
  }
  return Buffer.concat(chunks);
}

/** True for what says that nothing is there. */
export function isGone({ status }: Pick<Answer, 'status'>): boolean {
  return status === 404 || status === 410;
}
