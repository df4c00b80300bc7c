import { STATUS_CODES } from 'node:http';
import type { ServerResponse } from 'node:http';

import { plainHeaders } from './headers.ts';
import type { Headers } from './headers.ts';

/** The same for every address, so that it tells nothing about which exist. The request's body is not read. */
export function refuseMethod(response: ServerResponse): void {
  response.shouldKeepAlive = false;
  fail(response, 405, { Allow: 'GET, HEAD' });
}

/** Answers with the bare reason as plain text. Where a body is under way already, the connection breaks off instead. */
export function fail(response: ServerResponse, status: number, extra: Headers = {}): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = `${STATUS_CODES[status] ?? 'Error'}\n`;
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.writeHead(status, { ...plainHeaders, ...extra, 'Content-Length': String(body.length) });
  response.end(body);
}

/** A whole response as text, for a connection whose request could not be parsed. */
export function toRawResponse(status: number): string {
  const body = `${STATUS_CODES[status] ?? 'Error'}\n`;
  const headers = { ...plainHeaders, 'Content-Length': String(body.length), Connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`;
}
