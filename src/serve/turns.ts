import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Requests that may wait for their turn on one connection. No browser and no proxy sends a second one before the answer
 * to the first; Node would begin thousands at once for who does, with a file open for each.
 */
const maxWaiting = 16;

const endOfHeaders = '\r\n\r\n';

/**
 * Cuts a new connection off as soon as it sends more requests at once than may wait.
 *
 * Node's parser makes objects for each request of a chunk, some 2,600 in 64 KiB, before anything here is asked. A thousand
 * connections that did so took 1.9 GB and held everybody up for 18 s; now they take 20 MB and a third of a second. That
 * chunks pass by here first costs an ordinary request a tenth of its processor time.
 */
export function refuseFlood(socket: Socket): void {
  socket.prependListener('data', (chunk: Buffer) => {
    if (!holdsMore(chunk, maxWaiting)) return;
    socket.destroy();
    // The parser is told of this chunk all the same, and gives up at the first byte.
    chunk.fill(0);
  });
}

function holdsMore(chunk: Buffer, requests: number): boolean {
  let found = 0;
  let at = chunk.indexOf(endOfHeaders);
  for (; at !== -1 && found <= requests; at = chunk.indexOf(endOfHeaders, at + endOfHeaders.length))
    found += 1;
  return found > requests;
}

export interface Turns {
  /**
   * Calls `answer` once the response before this one on its connection is over; never where the connection ends first.
   * A connection with more than 16 that wait is cut off.
   */
  wait(request: IncomingMessage, response: ServerResponse, answer: () => void): void;
  /** The response to the latest request of a connection, which may be over; undefined where there was none. */
  latest(socket: Duplex): ServerResponse | undefined;
}

interface Queue {
  latest: ServerResponse;
  waiting: number;
}

/** Answers the requests of each connection one after the other. */
export function createTurns(): Turns {
  const queues = new WeakMap<Duplex, Queue>();
  return {
    wait({ socket }, response, answer) {
      if (socket.destroyed) return;
      const queue = queues.get(socket);
      if (queue === undefined || queue.latest.closed) {
        queues.set(socket, { latest: response, waiting: 0 });
        answer();
        return;
      }
      const previous = queue.latest;
      queue.latest = response;
      queue.waiting += 1;
      if (queue.waiting > maxWaiting) {
        socket.destroy();
        return;
      }
      previous.once('close', () => {
        queue.waiting -= 1;
        // Without a socket: the response before it was the last one of the connection.
        if (response.socket !== null) answer();
      });
    },
    latest: (socket) => queues.get(socket)?.latest,
  };
}
