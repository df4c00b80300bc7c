/**
 * How long does a running session take from the tool's append to the page?
 *
 *     node bench/live.ts
 *
 * The real `share serve` watches a session of Claude Code. A line is appended whole, or a half of it and, when the
 * watcher had time to look, the rest; it counts from the end of the append until the page that stands on the disk has
 * the words, and until the server sends them.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, share, startService } from '../test/support/cli.ts';
import { aDataFolder } from '../test/support/data-folder.ts';
import { messageLine } from './agent-logs.ts';
import { median, removeAtTheEnd } from './support.ts';

const pollMs = 2;
const givenUpMs = 30_000;
/** Longer than the watcher waits for a file to be quiet. */
const pauseMs = 400;

export interface Live {
  wholeDiskMs: number;
  wholeHttpMs: number;
  halfDiskMs: number;
  halfHttpMs: number;
}

/** @param messages  In the session before anything is appended. Medians. */
export async function live(messages: number, runs = 7): Promise<Live> {
  const port = await freePort();
  const site = `http://127.0.0.1:${port}`;
  const data = aDataFolder(site);
  const env = { SHARE_DATA: data.paths.data, SHARE_SITE: site };
  const folder = join(data.paths.data, 'projects');
  mkdirSync(folder);
  const path = join(folder, 'session.jsonl');
  let count = messages;
  writeFileSync(
    path,
    Array.from({ length: count }, (_, seed) => `${messageLine('claude-code', seed)}\n`).join(''),
  );
  const { stdout, stderr } = await share(['create', path], { env });
  const id = stdout.trim().slice(-26);
  if (id === '') throw new Error(stderr);
  const service = await startService(['serve', '--port', String(port)], /Serving/, { env });

  /** The last page is the one that grows. */
  const lastPage = () => {
    const root = join(data.paths.output, 'share', id);
    const numbers = readdirSync(root).filter((name) => /^\d+$/.test(name));
    const last = Math.max(0, ...numbers.map(Number));
    return last === 0 ? '' : `${last}/`;
  };
  const onDisk = (words: string) => {
    const page = join(data.paths.output, 'share', id, lastPage(), 'index.html');
    return existsSync(page) && statSync(page).size > 0 && readFileSync(page, 'utf8').includes(words);
  };
  const overHttp = async (words: string) => {
    const response = await fetch(`${site}/share/${id}/${lastPage()}`);
    return (await response.text()).includes(words);
  };
  const append = async (inHalves: boolean) => {
    const words = `Measurement ${count}:`;
    const line = `${messageLine('claude-code', count++)}\n`;
    if (inHalves) {
      appendFileSync(path, line.slice(0, line.length / 2));
      await sleep(pauseMs);
      if (onDisk(words)) throw new Error('half a line was shown');
      appendFileSync(path, line.slice(line.length / 2));
    } else appendFileSync(path, line);
    const start = performance.now();
    const until = async (holds: () => boolean | Promise<boolean>) => {
      while (!(await holds())) {
        if (performance.now() - start > givenUpMs) throw new Error(`never shown: ${service.said()}`);
        await sleep(pollMs);
      }
      return performance.now() - start;
    };
    const diskMs = await until(() => onDisk(words));
    const httpMs = await until(() => overHttp(words));
    await sleep(pauseMs);
    return { diskMs, httpMs };
  };

  const [whole, half] = [[await append(false)], [await append(true)]];
  for (let run = 1; run < runs; run++) {
    whole.push(await append(false));
    half.push(await append(true));
  }
  await service.stop();
  removeAtTheEnd(data);
  return {
    wholeDiskMs: median(whole.map(({ diskMs }) => diskMs)),
    wholeHttpMs: median(whole.map(({ httpMs }) => httpMs)),
    halfDiskMs: median(half.map(({ diskMs }) => diskMs)),
    halfHttpMs: median(half.map(({ httpMs }) => httpMs)),
  };
}

export async function printLive(): Promise<void> {
  console.log('| messages before | line → disk | line → HTTP | rest of a line → disk | → HTTP |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const messages of [1, 100, 10_000]) {
    const { wholeDiskMs, wholeHttpMs, halfDiskMs, halfHttpMs } = await live(messages);
    const times = [wholeDiskMs, wholeHttpMs, halfDiskMs, halfHttpMs].map((ms) => `${ms.toFixed(0)} ms`);
    console.log(`| ${[messages.toLocaleString('en'), ...times].join(' | ')} |`);
  }
}

if (process.argv[1] === import.meta.filename) await printLive();
