import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { Fared } from '../support/ask-forever.ts';
import { aPage, anOutput, fileHash, liveId, notFoundPage } from './site.ts';
import type { Site } from './site.ts';

const share = `/share/${liveId}`;
const page = aPage('The first page');
const canary = 'CANARY-51f0';
const bigBytes = 8 * 1024 * 1024;
const [bigFile, emptyFile, csvFile] = ['big.zip', 'empty.csv', 'numbers.csv'].map(
  (name) => `${share}/files/${fileHash}/${name}`,
) as [string, string, string];

let site: Pick<Site, 'home' | 'output' | 'write'>;
/** In a process of its own: what it holds in memory is its own, and a crash is seen. */
let server: ChildProcess;
let port: number;
let said = '';
let viewer: Worker;
let calmBytes: number;
/** Begin a request when the tests begin, and never end it: milliseconds until each was sent away. */
let stalledMs: Promise<number[]>;

beforeAll(async () => {
  site = await anOutput();
  await writeFile(join(site.home, 'secret.txt'), canary);
  for (const name of ['.hidden', '.env', 'registry.sqlite', `share/${liveId}/.hidden`, 'share/.htaccess'])
    await site.write(name, canary);
  await site.write(bigFile, Buffer.alloc(bigBytes, 'big '));
  await site.write(emptyFile, '');
  server = fork(new URL('../support/serve-folder.ts', import.meta.url), [site.output], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  server.stderr?.on('data', (text: Buffer) => (said += text.toString()));
  [port] = (await once(server, 'message')) as [number];
  viewer = new Worker(new URL('../support/ask-forever.ts', import.meta.url), {
    workerData: { port, path: share, page },
  });
  for (let request = 0; request < 200; request += 1) await send(get(share));
  calmBytes = await memoryBytes();
  const stalledSinceMs = performance.now();
  const stallers = ['', 'GET', 'GET / HTTP/1.1\r\nHost: x\r\nX: '].flatMap((start) =>
    Array.from({ length: 50 }, () => open(start).resume()),
  );
  stalledMs = Promise.all(
    stallers.map(async (socket) => {
      await closed(socket);
      return performance.now() - stalledSinceMs;
    }),
  );
  await faredOf(viewer);
});

afterEach(async () => {
  const { wrong, slowestMs } = await faredOf(viewer);
  expect(wrong).toEqual([]);
  // A second; and another one for machines that are busy with other tests.
  expect(slowestMs).toBeLessThan(2_000);
  expect(server.exitCode).toBeNull();
  expect(said).toBe('');
  expect((await memoryBytes()) - calmBytes).toBeLessThan(250e6);
});

afterAll(async () => {
  await viewer.terminate();
  server.disconnect();
  await once(server, 'exit');
  await rm(site.home, { recursive: true, force: true });
});

async function memoryBytes(): Promise<number> {
  const answer = once(server, 'message');
  server.send('memory');
  return ((await answer) as [number])[0];
}

async function faredOf(worker: Worker): Promise<Fared> {
  const answer = once(worker, 'message');
  worker.postMessage('fared');
  return ((await answer) as [Fared])[0];
}

/** A request that ends its connection. */
function get(target: string, headers = '', method = 'GET'): Buffer {
  return Buffer.from(
    `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`,
    'latin1',
  );
}

/** A connection on which something was said, and of which nothing is read until somebody does. */
function open(bytes: string | Buffer): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
  return socket.on('error', () => undefined).pause();
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

/** Everything that comes back until the server ends the connection, or for `patienceMs`. */
async function send(bytes: string | Buffer, patienceMs = 10_000): Promise<string> {
  const socket = open(bytes);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk)).resume();
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  await closed(socket);
  clearTimeout(timer);
  return Buffer.concat(chunks).toString('latin1');
}

async function sendAll<T extends string | Buffer>(requests: readonly T[]): Promise<Map<T, string>> {
  const answers = new Map<T, string>();
  const queue = requests.values();
  const work = async () => {
    for (const request of queue) answers.set(request, await send(request));
  };
  await Promise.all(Array.from({ length: 32 }, work));
  return answers;
}

const statusesOf = (answer: string): number[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

describe('a walk out of the folder', () => {
  const ups = [
    ...[
      '..',
      '%2e%2e',
      '.%2e',
      '%2E.',
      '%252e%252e',
      '%25252e%25252e',
      '..;',
      '..%3b',
      '..%00',
      '..%20',
      '..%09',
    ],
    // Overlong UTF-8, as octets and percent-encoded; IIS's own notation; full width.
    ...['%c0%ae%c0%ae', '%e0%80%ae%e0%80%ae', '%f0%80%80%ae%f0%80%80%ae', '\xc0\xae\xc0\xae', '%u002e%u002e'],
    ...['%uff0e%uff0e', '%ef%bc%8e%ef%bc%8e', '....', '.', '%2e', ''],
  ];
  const slashes = [
    ...['/', '//', '\\', '%2f', '%2F', '%5c', '%252f', '%255c', '%c0%af', '%e0%80%af', '%c1%9c', '\xc0\xaf'],
    ...['%u2215', '%ef%bc%8f', ';/', '/./', '/.;/', '%00/', '/\\', '\\/'],
  ];
  const places = [
    '',
    '/share',
    share,
    `${share}/files/${fileHash}`,
    'http://x',
    `http://x${share}`,
    'file://',
    '/.',
  ];
  const goals = ['secret.txt', 'etc/passwd'];

  test('in no encoding, from no place, to no depth tells anything', async () => {
    const targets = new Set(
      ups.flatMap((up) =>
        slashes.flatMap((slash) =>
          places.flatMap((place) => {
            const depth = place.replace('http://x', '').split('/').length;
            return goals.map((goal) => {
              const steps = goal === 'etc/passwd' ? 9 : depth;
              return place + slash + (up + slash).repeat(steps) + goal.replace('/', slash);
            });
          }),
        ),
      ),
    );
    expect(targets.size).toBeGreaterThan(6_000);
    const answers = await sendAll([...targets].map((target) => get(target)));
    const wrong = [...answers].filter(([, answer]) => {
      const [status, ...more] = statusesOf(answer);
      if (status === 404) return more.length > 0 || bodyOf(answer) !== notFoundPage;
      return status !== 400 || more.length > 0 || bodyOf(answer) !== 'Bad Request\n';
    });
    expect(wrong.map(([request]) => request.toString('latin1'))).toEqual([]);
  }, 60_000);

  test('straight at what is hidden beside the pages finds nothing', async () => {
    const names = ['.hidden', '.env', 'registry.sqlite', '_headers', '404.html', 'share/.htaccess'];
    const paths = [...names.map((name) => `/${name}`), `${share}/.hidden`, `${share}/%2ehidden`];
    const answers = await sendAll(
      paths.flatMap((path) => ['', 'http://x', '/'].map((before) => get(before + path))),
    );
    for (const answer of answers.values()) {
      expect(statusesOf(answer)).toEqual([404]);
      expect(bodyOf(answer)).toBe(notFoundPage);
    }
  });
});

describe('a request that is none', () => {
  const chunked = 'Transfer-Encoding: chunked\r\n';
  const hidden = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n';
  const line = `GET ${share} HTTP/1.1\r\nHost: x\r\n`;
  const refused = [400];
  test.each<[string, number[], string | Buffer]>([
    ['nothing but NUL', refused, Buffer.alloc(3_000)],
    ['rubbish', refused, Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 7_919) & 255))],
    ['a greeting in TLS', refused, Buffer.from('16030100a5010000a10303', 'hex')],
    ['a greeting in HTTP/2', refused, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a version to come', refused, `GET ${share} HTTP/9.9\r\nHost: x\r\n\r\n`],
    ['an unknown method', refused, `GOT ${share} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a method in small letters', refused, `get ${share} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a way through', [], 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no host', refused, `GET ${share} HTTP/1.1\r\n\r\n`],
    ['NUL in the target', refused, `GET ${share}\0 HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['two targets', refused, `GET ${share} ${share} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['NUL in a header', refused, `${line}X: a\0b\r\n\r\n`],
    ['a header without a name', refused, `${line}: b\r\n\r\n`],
    ['a header on two lines', refused, `${line}X: a\r\n b\r\n\r\n`],
    ['lines that end in LF alone', refused, `GET ${share} HTTP/1.1\nHost: x\n\n`],
    ['one line that ends in LF alone', refused, `${line.slice(0, -2)}\nX: y\r\n\r\n`],
    ['one line that ends in CR alone', refused, `${line.slice(0, -2)}\rX: y\r\n\r\n`],
    ['a target of 60 KB', [431], get(`/${'a'.repeat(60_000)}`)],
    ['a target of 15 KB', [404], get(`/${'a'.repeat(15_000)}`)],
    ['a header of 60 KB', [431], get(share, `X: ${'a'.repeat(60_000)}\r\n`)],
    ['3,000 headers', [431], get(share, 'a: b\r\n'.repeat(3_000))],
    ['two lengths', refused, `${line}Content-Length: 0\r\nContent-Length: 34\r\n\r\n${hidden}`],
    ['a length and chunks', refused, `${line}Content-Length: 5\r\n${chunked}\r\n0\r\n\r\n${hidden}`],
    ['chunks and a length', refused, `${line}${chunked}Content-Length: 5\r\n\r\n0\r\n\r\n${hidden}`],
    ['chunks twice', refused, `${line}${chunked}${chunked}\r\n0\r\n\r\n${hidden}`],
    [
      'chunks with a space before the colon',
      refused,
      `${line}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
    ],
    ['a length below nothing', refused, `${line}Content-Length: -1\r\n\r\n${hidden}`],
    ['a length beyond numbers', refused, `${line}Content-Length: ${'9'.repeat(30)}\r\n\r\n${hidden}`],
    // Answered, since nothing is wrong with them but a body; and what follows is no request of its own.
    ['chunks', [200], `${line}${chunked}\r\n5\r\nhello\r\n0\r\n\r\n${hidden}`],
    ['chunks without an end', [200], `${line}${chunked}\r\n5\r\nhel`],
    ['a chunk of no size', [200], `${line}${chunked}\r\nZZ\r\nhello`],
    ['a chunk beyond numbers', [200], `${line}${chunked}\r\n${'F'.repeat(17)}\r\nhello`],
    ['chunks by another name', [200], `${line}Transfer-Encoding: xchunked\r\n\r\n${hidden}`],
    ['chunks that are none', [200], `${line}Transfer-Encoding: identity\r\n\r\n${hidden}`],
    ['a body that never comes', [200], `${line}Content-Length: 9999999\r\n\r\n`],
    ['a body that is waited for', [200], `${line}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`],
    ['an expectation', [200], get(share, 'Expect: the unexpected\r\n')],
    ['a change to another protocol', [200], get(share, 'Connection: Upgrade\r\nUpgrade: websocket\r\n')],
    [
      'an upload',
      [405],
      `POST ${share} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n${'x'.repeat(50_000)}`,
    ],
    ['no version, as of old', [200], `GET ${share}\r\n\r\n`],
  ])('%s', async (_name, statuses, bytes) => {
    const startedMs = performance.now();
    const answer = await send(bytes);
    expect(statusesOf(answer)).toEqual(statuses);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    if (answer !== '') expect(answer).toMatch(/^X-Robots-Tag: noindex/im);
    expect(answer).not.toContain(canary);
  });
});

describe('parts of a file that make no sense', () => {
  const many = (range: (index: number) => string) =>
    Array.from({ length: 1_500 }, (_, index) => range(index)).join(',');
  const ranges = [
    ...[
      'bytes=',
      'bytes=-',
      'bytes=--1',
      'bytes=a-b',
      'bytes=1-0',
      'bytes=9-3',
      'bytes=-0',
      'bytes=0--1',
      'bytes 0-1',
    ],
    ...[
      'bytes=99999999999999999999-',
      'bytes=-99999999999999999999',
      'bytes=0-99999999999999999999',
      'bytes=0x1-0x2',
    ],
    ...[
      'bytes=1e3-',
      'bytes=NaN-',
      'bytes=Infinity-',
      'bytes=0.5-1.5',
      'bytes=+1-+2',
      'bytes=0-0,-1',
      'octets=0-1',
    ],
    ...[
      'bytes=0-,0-,0-',
      'bytes=0-5,3-9,4-',
      `bytes=${many(() => '0-')}`,
      `bytes=${many((index) => `${index}-`)}`,
    ],
    `bytes=${many((index) => `${index * 2}-${index * 2}`)}`,
    `bytes=${'0'.repeat(10_000)}-`,
    `bytes=${','.repeat(10_000)}`,
  ];
  test.each([
    ['of a file in memory', csvFile, 1600],
    ['of an empty file', emptyFile, 0],
    ['of a large file', bigFile, bigBytes],
  ])('%s', async (_name, path, sizeBytes) => {
    const answers = await sendAll(ranges.map((range) => get(path, `Range: ${range}\r\n`)));
    for (const [request, answer] of answers) {
      const [status, ...more] = statusesOf(answer);
      const length = Number(/^Content-Length: (\d+)/im.exec(answer)?.[1]);
      expect(more).toEqual([]);
      expect([200, 206, 416], request.toString()).toContain(status);
      expect(bodyOf(answer).length).toBe(length);
      if (status === 200) expect(length).toBe(sizeBytes);
      if (status === 206) {
        const [, first, last, of] = /^Content-Range: bytes (\d+)-(\d+)\/(\d+)\r$/im.exec(answer) ?? [];
        expect([length, Number(of)]).toEqual([Number(last) - Number(first) + 1, sizeBytes]);
      }
    }
  });
});

test('conditions that make no sense do not hide the page', async () => {
  const values = [
    '',
    '""',
    'W/',
    '"',
    '\xff',
    '*, *',
    'x'.repeat(12_000),
    '"a",'.repeat(3_000),
    '99999999999',
    'NaN',
  ];
  const names = ['If-None-Match', 'If-Modified-Since', 'If-Match', 'If-Unmodified-Since', 'If-Range'];
  const encodings = ['gzip;q=NaN', ','.repeat(12_000), 'br;q=-1, *;q=1e999', '\xff', 'gzip;q='.repeat(1_000)];
  const requests = [csvFile, bigFile, share].flatMap((path) => [
    ...names.flatMap((name) => values.map((value) => get(path, `${name}: ${value}\r\n`, 'HEAD'))),
    ...names.flatMap((name) => values.map((value) => get(path, `Range: bytes=0-1\r\n${name}: ${value}\r\n`))),
    ...encodings.map((value) => get(path, `Accept-Encoding: ${value}\r\n`, 'HEAD')),
  ]);
  const statuses = new Set([...(await sendAll(requests)).values()].flatMap(statusesOf));
  expect([...statuses].filter((status) => ![200, 206, 304, 412].includes(status))).toEqual([]);
});

describe('a crowd', () => {
  /** Opened over a moment: a process that opens them all in one turn is itself what everything waits for. */
  async function openMany(count: number, bytes: string | Buffer, atOnce = 25): Promise<Socket[]> {
    const sockets: Socket[] = [];
    while (sockets.length < count) {
      for (let index = 0; index < atOnce; index += 1) sockets.push(open(bytes));
      await sleep(5);
    }
    return sockets;
  }

  async function leave(sockets: readonly Socket[]): Promise<void> {
    for (const socket of sockets) socket.destroy();
    await Promise.all(sockets.map(closed));
  }

  test('of 1,000 that ask at the same time is answered', async () => {
    const sockets = await openMany(1_000, `GET ${share} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const lengths = await Promise.all(
      sockets.map(async (socket) => {
        let text = '';
        for await (const chunk of socket) if ((text += String(chunk)).endsWith('</html>')) break;
        return text.length;
      }),
    );
    expect(new Set(lengths).size).toBe(1);
    await leave(sockets);
  });

  test('of 1,000 that send their headers letter by letter keeps nobody waiting', async () => {
    const sockets = await openMany(1_000, 'GET / HTTP/1.1\r\nHost: x\r\nX: ');
    for (let turn = 0; turn < 5; turn += 1) {
      for (const socket of sockets) socket.write('a'.repeat(500));
      await sleep(50);
    }
    await leave(sockets);
  });

  test('of 100 that ask for a large file and take nothing of it keeps nobody waiting', async () => {
    // One after the other: the system's own buffers take some MB for each, as fast as the processor copies.
    const sockets = await openMany(100, get(bigFile), 1);
    await sleep(500);
    expect((await memoryBytes()) - calmBytes).toBeLessThan(250e6);
    await leave(sockets);
  });

  test.each([
    ['pages', `GET ${share} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['nothing', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
    ['a large file', `GET ${bigFile} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['parts', `GET ${bigFile} HTTP/1.1\r\nHost: x\r\nRange: bytes=0-0\r\n\r\n`],
  ])('of 400 that each ask for %s 3,000 times in one breath is cut off', async (_name, request) => {
    const sockets = await openMany(400, request.repeat(3_000));
    for (const socket of sockets) socket.resume();
    await Promise.all(sockets.map(closed));
  });

  test('of 50 that ask on and on without reading is cut off', async () => {
    const sockets = await openMany(50, '');
    for (let turn = 0; turn < 30; turn += 1) {
      for (const socket of sockets) socket.write(`GET ${bigFile} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await sleep(10);
    }
    for (const socket of sockets) socket.resume();
    await Promise.all(sockets.map(closed));
  });

  test('of ten requests at once on one connection is answered in their order', async () => {
    const paths = [share, bigFile, '/nothing', csvFile, share, `${share}/2`, bigFile, emptyFile, share];
    const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join('');
    const answer = await send(Buffer.concat([Buffer.from(requests), get('/the-end')]));
    expect(statusesOf(answer)).toEqual([200, 200, 404, 200, 200, 200, 200, 200, 200, 404]);
    const lengths = [...answer.matchAll(/^Content-Length: (\d+)/gim)].map(([, length]) => Number(length));
    expect(lengths[1]).toBe(bigBytes);
    expect(answer.endsWith(notFoundPage)).toBe(true);
  });
});

describe('any request', () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '//',
      '/share',
      share,
      '/files/',
      fileHash,
      '/zip/',
      '/2',
      'numbers.csv',
      '/conversation.json',
      '..',
      '.',
    ],
    ...[
      '%2e',
      '%2f',
      '%00',
      '%',
      '\\',
      ';',
      ':',
      '?',
      '#',
      '*',
      '@',
      'http://x',
      '[::1]',
      '\xff',
      '\xc0\xaf',
      'a',
      ' ',
    ],
  );
  const octets = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 20,
  });
  const target = fc
    .array(fc.oneof({ weight: 9, arbitrary: piece }, octets), { maxLength: 8 })
    .map((parts) => `/${parts.join('')}`);
  const name = fc.constantFrom(
    ...[
      'Range',
      'If-Range',
      'If-None-Match',
      'If-Modified-Since',
      'If-Match',
      'Host',
      'Content-Length',
      'Expect',
      'Upgrade',
    ],
    ...[
      'Transfer-Encoding',
      'Connection',
      'Content-Type',
      'Cookie',
      'X-Forwarded-For',
      'X-Original-URL',
      'X-HTTP-Method-Override',
    ],
  );
  const value = fc.oneof(
    octets,
    fc.constantFrom(
      'bytes=0-1',
      'bytes=-5',
      'chunked',
      '0',
      '7',
      '"a"',
      '*',
      'close',
      'upgrade',
      'POST',
      '/secret.txt',
      'x',
    ),
  );
  const headers = fc.array(fc.tuple(name, value), { maxLength: 5 });
  const method = fc.constantFrom(
    'GET',
    'GET',
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'OPTIONS',
    'TRACE',
    'CONNECT',
    'get',
    '',
  );
  const request = fc
    .tuple(method, target, headers)
    .map(([verb, path, lines]) =>
      get(path, lines.map(([key, text]) => `${key}: ${text}\r\n`).join(''), verb),
    );

  test('gets an answer that is known, and nothing that is not published', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 20, maxLength: 20 }), async (requests) => {
        const answers = await Promise.all(requests.map((each) => send(each, 500)));
        for (const answer of answers) {
          expect(answer).not.toContain(canary);
          const known = [200, 206, 304, 400, 404, 405, 408, 412, 416, 431];
          for (const status of statusesOf(answer)) expect(known).toContain(status);
          if (answer.startsWith('HTTP/1.1 404') && bodyOf(answer) !== '')
            expect(bodyOf(answer)).toBe(notFoundPage);
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

test('who begins a request and does not go on is sent away, before Node by itself would look', async () => {
  for (const ms of await stalledMs) expect(ms).toBeLessThan(27_000);
}, 40_000);
