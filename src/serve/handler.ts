import type { BigIntStats } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';

import { mediaTypeOf } from '../host/media-types.ts';
import { createFileNames } from './file-names.ts';
import { headersFor, pageHeadBytes } from './headers.ts';
import { createMemory } from './memory.ts';
import type { SmallFile } from './memory.ts';
import { chooseCoding, isFresh } from './negotiation.ts';
import { etagOf, openFile, statFile } from './output-files.ts';
import { fail, refuseMethod } from './responses.ts';
import { notFoundRoute, toRoute } from './routes.ts';
import type { Route } from './routes.ts';
import { streamFile } from './stream-file.ts';

const memoryLimitBytes = 64 * 1024 * 1024;

/** Up to here a file is held in memory. Text has more room, because only from there it goes out compressed. */
const smallFileBytes = 1024 * 1024;
const smallTextBytes = 4 * 1024 * 1024;

export interface HandlerOptions {
  /** The output folder. */
  folder: string;
  /** Decoded segments of the site's path. */
  baseSegments: readonly string[];
  /** Told of every failure that a viewer sees as a 500 or as a transfer that breaks off. */
  onError: (error: unknown) => void;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers from an output folder. Every request asks the disk once whether what is in memory still holds. */
export function createHandler({ folder, baseSegments, onError }: HandlerOptions): Handler {
  const memory = createMemory(memoryLimitBytes);
  const realName = createFileNames(folder);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuseMethod(response);
      return;
    }
    const route = toRoute(request.url ?? '', baseSegments);
    if (route !== undefined && (await serve(route, request, response))) return;
    if (await serve(notFoundRoute, request, response)) return;
    await serveFromMemory('', bareNotFound, 404, request, response);
  }

  /** @returns false, with nothing sent, where there is no such file. */
  async function serve(route: Route, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const path = join(folder, ...route.segments);
    const stat = statFile(path);
    if (stat === undefined) {
      memory.forget(path);
      return false;
    }
    const name = route.kind === 'file' ? await realName(route) : (route.segments.at(-1) ?? '');
    if (isStreamed(route, stat, request)) return serveStream(route, name, request, response);
    const file = memory.match(path, { stat, name }) ?? (await load(route, path, name));
    if (file === undefined) return false;
    await serveFromMemory(path, file, route.kind === 'not-found' ? 404 : 200, request, response);
    return true;
  }

  async function load(route: Route, path: string, name: string): Promise<SmallFile | undefined> {
    const opened = await openFile(folder, route.segments);
    if (opened === undefined) return undefined;
    const { handle, stat } = opened;
    try {
      const bytes = await handle.readFile();
      // Of many first readers one makes the codings, the others share them.
      const known = memory.match(path, { stat, name });
      if (known !== undefined) return known;
      const file = toSmallFile(route, name, bytes, stat);
      memory.keep(path, { stat, name }, file);
      return file;
    } finally {
      await handle.close();
    }
  }

  async function serveFromMemory(
    path: string,
    file: SmallFile,
    status: 200 | 404,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const coding = chooseCoding(request.headers['accept-encoding']);
    const variant = await memory.variant(path, file, coding);
    if (variant.validators !== undefined && isFresh(request.headers, variant.validators))
      response.writeHead(304, [...variant.freshHeaders]).end();
    // For HEAD, Node leaves out the body and keeps its length.
    else response.writeHead(status, [...variant.headers]).end(variant.bytes);
  }

  async function serveStream(
    route: Route,
    name: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<boolean> {
    const opened = await openFile(folder, route.segments);
    if (opened === undefined) return false;
    try {
      const head = Buffer.alloc(pageHeadBytes);
      const { bytesRead } = await opened.handle.read(head, 0, head.length, 0);
      const headers = headersFor(route.kind, mediaTypeOf(route), head.subarray(0, bytesRead), name);
      await streamFile(opened, headers, request, response, onError);
    } catch (error) {
      await opened.handle.close();
      throw error;
    }
    return true;
  }

  return (request, response) => {
    answer(request, response).catch((error: unknown) => {
      onError(error);
      fail(response, 500);
    });
  };
}

/** A part of a file, or one too large for memory. HEAD has no ranges (RFC 9110, 14.2), and neither has the 404 page. */
function isStreamed(route: Route, stat: BigIntStats, request: IncomingMessage): boolean {
  if (route.kind === 'not-found') return false;
  const limitBytes = mediaTypeOf(route).compressible ? smallTextBytes : smallFileBytes;
  return stat.size > limitBytes || (request.method === 'GET' && request.headers.range !== undefined);
}

function toSmallFile(route: Route, name: string, bytes: Buffer, stat: BigIntStats): SmallFile {
  const mediaType = mediaTypeOf(route);
  const validators = { etag: etagOf(stat), lastModified: stat.mtime.toUTCString() };
  return {
    bytes,
    headers: headersFor(route.kind, mediaType, bytes, name),
    compressible: mediaType.compressible,
    validators: route.kind === 'not-found' ? undefined : validators,
    variants: new Map(),
  };
}

const barePolicy = "default-src 'none'; base-uri 'none'; form-action 'none'";
const bareNotFoundPage = Buffer.from(`<!doctype html>
<html lang="en">
<head>
<meta http-equiv="Content-Security-Policy" content="${barePolicy}">
<meta charset="utf-8">
<meta name="robots" content="noindex,nofollow,noarchive,nosnippet,noimageindex">
<title>Not found</title>
</head>
<body><h1>Not found</h1><p>There is nothing at this address. Its owner may have removed it.</p></body>
</html>
`);

/** For an output folder that has no 404.html yet. */
const bareNotFound: SmallFile = {
  bytes: bareNotFoundPage,
  headers: headersFor('not-found', mediaTypeOf(notFoundRoute), bareNotFoundPage, ''),
  compressible: true,
  validators: undefined,
  variants: new Map(),
};
