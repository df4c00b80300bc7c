/**
 * A thread that asks a server for one page again and again, each time on a connection of its own, as ordinary viewers
 * do. Whenever its parent says anything it asks once more, and tells how it fared since it told last.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

export interface Fared {
  /** Answers that were not the page. */
  wrong: string[];
  slowestMs: number;
}

const { port, path, page } = workerData as { port: number; path: string; page: string };
const none = (): Fared => ({ wrong: [], slowestMs: 0 });
let fared = none();

function ask(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = '';
  const socket = connect(port, '127.0.0.1', () =>
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
  );
  socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
  socket.on('error', (error) => resolve(String(error)));
  socket.on('close', () => resolve(answer));
  return promise;
}

let questions = 0;
parentPort?.on('message', () => (questions += 1));

for (;;) {
  const toAnswer = questions;
  const startedMs = performance.now();
  const answer = await ask();
  fared.slowestMs = Math.max(fared.slowestMs, performance.now() - startedMs);
  if (!answer.startsWith('HTTP/1.1 200 OK') || !answer.endsWith(page)) fared.wrong.push(answer.slice(0, 100));
  for (let told = 0; told < toAnswer; told += 1) {
    parentPort?.postMessage(fared);
    fared = none();
    questions -= 1;
  }
  await sleep(20);
}
