import type { IncomingMessage, ServerResponse } from 'node:http';

import send from 'send';

import type { Headers } from './headers.ts';
import { etagOf } from './output-files.ts';
import type { OpenFile } from './output-files.ts';
import { fail } from './responses.ts';

/**
 * Sends an open file or the part of it that was asked for: 200, 206, 304, 412 or 416. Closes the handle when the
 * response is over.
 *
 * Byte ranges and conditions are `send`'s; what is ours is that it reads from the open handle and looks up no path,
 * so that the length in the header and the bytes are of one file even if its name goes to another meanwhile.
 */
export async function streamFile(
  { handle, stat }: OpenFile,
  headers: Headers,
  request: IncomingMessage,
  response: ServerResponse,
  onError: (error: unknown) => void,
): Promise<void> {
  // `send` counts in numbers, not in bigints.
  const plainStat = await handle.stat();
  if (response.destroyed) {
    await handle.close();
    return;
  }
  response.once('close', () => {
    handle.close().catch(onError);
  });
  for (const [name, value] of Object.entries({ ...headers, ETag: etagOf(stat) }))
    response.setHeader(name, value);
  // Options that `send` does not know go on to `fs.createReadStream`.
  const options = { fd: handle, etag: false, cacheControl: false, acceptRanges: request.method === 'GET' };
  const sender = Object.assign(send(request, '', options), { res: response });
  sender.on('error', (error: HttpError) => {
    if (error.status >= 500) onError(error);
    fail(response, error.status, error.headers);
  });
  sender.send('', plainStat);
}

/** What `send` reports: the status it would have answered with, and for 416 a Content-Range. */
interface HttpError extends Error {
  status: number;
  headers?: Headers;
}
