import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isIPv6 } from 'node:net';

import { ShareError, systemCode } from '../errors.ts';
import { createHandler } from './handler.ts';
import { fail, toRawResponse } from './responses.ts';
import { toBaseSegments, toLogPath } from './routes.ts';
import { createTurns, refuseFlood, type Turns } from './turns.ts';

export interface ServerOptions {
  /** The output folder: the only one that is served. It need not exist yet. */
  folder: string;
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Path of the site URL, `/repo`; `''` by default. What lies outside it gets the 404 page. */
  basePath?: string;
  /** Called once for every request, when its response is over. */
  onRequest?: (line: RequestLine) => void;
  /** Called with the cause of a 500 or of a transfer that broke off. */
  onError?: (error: unknown) => void;
}

export interface RequestLine {
  method: string;
  status: number;
  /** Fit for a log: share ids, titles and file names are cut to four characters. */
  path: string;
  /** From the request's header to the end of its response, in milliseconds. */
  ms: number;
}

export interface Server {
  /** Address of the site without trailing slash, base path included. */
  readonly url: string;
  readonly port: number;
  /** Stops accepting, lets responses under way finish for at most 5 s, ends idle connections. May be called twice. */
  close(): Promise<void>;
}

const headersTimeoutMs = 15_000;
const requestTimeoutMs = 30_000;
/** How often the two above are looked at; Node does so every 30 s, which would double them. */
const timeoutCheckMs = 2_000;
const keepAliveTimeoutMs = 5_000;
/** A reader that takes nothing for so long is gone. */
const silentSocketMs = 120_000;
const drainMs = 5_000;
/** Far above what one process can serve at once, below what lets a flood eat all memory. */
const maxConnections = 10_000;
/**
 * Connections that may wait to be accepted, if the system allows so many. Of a crowd larger than Node's 511 some were
 * not heard, and tried again only a second later.
 */
const maxPending = 4_096;

/**
 * A request that expects something is answered like any other. Left to itself, Node would ask for a body that no answer
 * needs, or refuse without our headers.
 */
const requestEvents = ['request', 'checkContinue', 'checkExpectation'] as const;

/**
 * Serves an output folder over HTTP: the shapes of URL in `routes.ts`, to GET and HEAD, and one 404 page for all else.
 *
 * @throws ShareError `port_in_use`, or `config_invalid` when the host or the base path cannot be used.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const basePath = (options.basePath ?? '').replace(/\/+$/, '');
  const baseSegments = toBaseSegments(basePath);
  if (baseSegments === undefined)
    throw new ShareError('config_invalid', `The path "${basePath}" of the site URL cannot be served.`, {
      hint: 'Set a site URL whose path has plain names, like https://example.org/shared.',
    });
  const { onRequest, onError = () => undefined } = options;
  const handle = createHandler({ folder: options.folder, baseSegments, onError });
  const server = createServer({
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: timeoutCheckMs,
    requireHostHeader: false, // refused below, with our headers
    keepAliveTimeout: keepAliveTimeoutMs,
  });
  const turns = createTurns();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    response.shouldKeepAlive &&= server.listening && !hasBody(request) && !lacksHost(request);
    if (onRequest) report(request, response, onRequest);
    turns.wait(request, response, () => {
      if (lacksHost(request)) fail(response, 400);
      else handle(request, response);
    });
  };
  for (const event of requestEvents) server.on(event, answer);
  server.on('connection', refuseFlood);
  server.maxConnections = maxConnections;
  server.setTimeout(silentSocketMs);
  refuseMalformed(server, turns);
  await listen(server, options.host, options.port);
  // From here on an error is one connection that could not be accepted (EMFILE), no reason to end.
  server.on('error', onError);
  const { port } = server.address() as AddressInfo;
  return { url: `http://${urlHost(options.host)}:${port}${basePath}`, port, close: closer(server) };
}

/**
 * No request that is answered here has a use for one. Its connection ends with the answer, so that nothing in a body is
 * ever taken for a request by one of two servers in a row, and nobody can go on sending it.
 */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** RFC 9112, 3.2: such a request must be refused. */
function lacksHost({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.host === undefined && httpVersion === '1.1';
}

function report(
  request: IncomingMessage,
  response: ServerResponse,
  onRequest: (line: RequestLine) => void,
): void {
  const startedMs = performance.now();
  response.once('close', () => {
    onRequest({
      method: request.method ?? '',
      status: response.statusCode,
      path: toLogPath(request.url ?? ''),
      ms: performance.now() - startedMs,
    });
  });
}

/** Status for what the parser refuses; everything else is 400. */
const parserStatus: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

function refuseMalformed(server: HttpServer, turns: Turns): void {
  server.on('clientError', (error, socket) => {
    const response = turns.latest(socket);
    const status = parserStatus[systemCode(error) ?? ''] ?? 400;
    if (!socket.writable || systemCode(error) === 'ECONNRESET') socket.destroy();
    // Responses go out in the order of their requests, and nothing may be written into the middle of one.
    else if (response?.closed === false) response.once('close', () => socket.end());
    else socket.end(toRawResponse(status));
  });
}

async function listen(server: HttpServer, host: string, port: number): Promise<void> {
  try {
    await once(server.listen({ host, port, backlog: maxPending }), 'listening');
  } catch (cause) {
    throw explain(cause, host, port);
  }
}

function explain(cause: unknown, host: string, port: number): unknown {
  const code = systemCode(cause);
  if (code === 'EADDRINUSE')
    return new ShareError('port_in_use', `Port ${port} on ${host} is in use by another program.`, {
      hint: `Choose another one: \`share serve --port ${port < 65_535 ? port + 1 : 4321}\`.`,
      cause,
    });
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new ShareError('config_invalid', `Cannot listen on ${host}, port ${port} (${code}).`, {
      hint: 'Choose an address of this machine and a port above 1023: `share serve --host 127.0.0.1 --port 4321`.',
      cause,
    });
  return cause;
}

/** `0.0.0.0` and `::` mean every address of the machine; a browser wants one. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '') return 'localhost';
  return isIPv6(host) ? `[${host}]` : host;
}

function closer(server: HttpServer): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => (closing ??= drain(server));
}

async function drain(server: HttpServer): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A response that began before now leaves its connection open; it counts as idle only when the response is over.
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  const deadline = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
}
