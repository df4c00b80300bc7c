import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shareUrl, toSiteUrl } from '../../src/urls.ts';
import { freePort, share, startService } from '../support/cli.ts';
import { aConversation, aDataFolder, owner, type DataFolder } from '../support/data-folder.ts';

let data: DataFolder;

beforeEach(() => {
  data = aDataFolder();
});

afterEach(() => data.remove());

/** A talk whose title and last words tell of the same edit, with enough between them for a reader to be caught in. */
function edit(number: number): Record<string, unknown> {
  const filler = { role: 'assistant', content: `Edit ${number}. ${'The sea comes and goes. '.repeat(40)}` };
  const messages = Array.from({ length: 20 + (number % 20) }, (_, index) => ({ id: `m${index}`, ...filler }));
  const last = { id: 'last', role: 'user', content: `end-of-edit-${number}-here` };
  return aConversation({ title: `title-of-edit-${number}-here`, messages: [...messages, last] });
}

/** The edit that a page, a Markdown or a JSON shows; undefined when it is not whole or mixes two edits. */
function editOf(body: string, isWhole: (body: string) => boolean): number | undefined {
  const [title, last] = [/title-of-edit-(\d+)-here/, /end-of-edit-(\d+)-here/].map(
    (pattern) => pattern.exec(body)?.[1],
  );
  return title !== undefined && title === last && isWhole(body) ? Number(title) : undefined;
}

const isPage = (body: string): boolean => /^<!doctype html>[^]*<\/html>\s*$/i.test(body);

function isJson(body: string): boolean {
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}

/** How many kinds of address were read often. */
const raced = (reads: ReadonlyMap<string, number>) =>
  [...reads.values()].filter((count) => count > 50).length;

test('for 3 s of publishes, no reader gets a torn page, a mixed one or none', async () => {
  data.write('talk', edit(0));
  const app = await data.open();
  const { share: made } = await app.publisher.create('talk', owner);
  // The server is a process of its own, so that it reads while this one is in the middle of a commit.
  const port = await freePort();
  const env = { SHARE_DATA: data.paths.data };
  const server = await startService(['serve', '--no-watch', '--port', String(port)], /Serving/, { env });
  const link = shareUrl(toSiteUrl(`http://127.0.0.1:${port}`), made.id);

  let running = true;
  let publishes = 0;
  const faults: string[] = [];
  const seen = new Set<number>();
  const reads = new Map<string, number>();

  async function read(path: string, isWhole: (body: string) => boolean): Promise<void> {
    let latest = 0;
    while (running) {
      const response = await fetch(link + path);
      const body = await response.text();
      const shown = editOf(body, isWhole);
      if (response.status !== 200) faults.push(`${path}: ${response.status}`);
      else if (shown === undefined) faults.push(`${path}: torn: …${body.slice(-60)}`);
      else if (shown < latest) faults.push(`${path}: went back from ${latest} to ${shown}`);
      latest = shown ?? latest;
      if (shown !== undefined) seen.add(shown);
      reads.set(path, (reads.get(path) ?? 0) + 1);
    }
  }

  async function publish(): Promise<void> {
    for (let number = 1; running; number++) {
      data.write('talk', edit(number));
      if ((await app.publisher.sync('talk')) === 'published') publishes += 1;
    }
  }

  const readers = [
    read('', isPage),
    read('/', isPage),
    read('/conversation.md', () => true),
    read('/conversation.json', isJson),
  ];
  const all = Promise.all([...readers, publish()]);
  // At least 3 s; on a busy machine, until it was a race.
  const start = Date.now();
  const wasRace = () => publishes > 30 && seen.size > 20 && readers.length === raced(reads);
  while (Date.now() - start < 3_000 || (!wasRace() && Date.now() - start < 20_000)) await sleep(100);
  running = false;
  await all;
  expect(await server.stop()).toBe(0);
  app.close();

  expect(faults).toEqual([]);
  // The race was one: many publishes, many reads of each kind, and readers that saw many of the edits.
  expect(publishes).toBeGreaterThan(30);
  expect(raced(reads)).toBe(readers.length);
  expect(seen.size).toBeGreaterThan(20);
});

test('a Claude Code session that grows, also by half a line, is followed within 1 s', async () => {
  const session = join(data.paths.data, '0b6a3c1e-0000-4000-8000-000000000000.jsonl');
  let lines = 0;
  const line = (text: string): string => {
    const parentUuid = lines === 0 ? null : `u${lines - 1}`;
    const role = lines % 2 === 0 ? 'user' : 'assistant';
    const timestamp = new Date(Date.UTC(2026, 2, 1, 10, 0, lines)).toISOString();
    const common = {
      uuid: `u${lines}`,
      parentUuid,
      sessionId: '0b6a3c1e-0000-4000-8000-000000000000',
      timestamp,
    };
    const message = {
      ...(role === 'assistant' && { id: `msg_${lines}` }),
      role,
      content: [{ type: 'text', text }],
    };
    lines += 1;
    return `${JSON.stringify({ type: role, ...common, message })}\n`;
  };
  writeFileSync(session, line('word-0'));
  const port = await freePort();
  const env = { SHARE_DATA: data.paths.data, SHARE_SITE: `http://127.0.0.1:${port}` };
  const created = await share(['create', session], { env });
  expect(created).toMatchObject({ code: 0 });
  const link = created.stdout.trim();
  const service = await startService(['serve', '--port', String(port)], /Serving/, { env });

  const words = async (): Promise<string[]> => {
    const response = await fetch(link);
    const body = await response.text();
    if (response.status !== 200 || !isPage(body)) throw new Error(`${response.status}: ${body.slice(-100)}`);
    // In the order of their numbers: the outline of a long page names the person's words before the talk does.
    const numbers = new Set([...body.matchAll(/\bword-(\d+)\b/g)].map((match) => Number(match[1])));
    return [...numbers].sort((one, other) => one - other).map((number) => `word-${number}`);
  };
  const upTo = (count: number): string[] => Array.from({ length: count }, (_, index) => `word-${index}`);
  const followed = (count: number) =>
    expect.poll(words, { timeout: 1_000, interval: 20 }).toEqual(upTo(count));
  try {
    expect(await words()).toEqual(upTo(1));
    for (const count of [2, 3, 4, 5, 6]) {
      appendFileSync(session, line(`word-${count - 1}`));
      await followed(count);
    }
    // Half a line is one being written: the page stays as it is, and nothing is wrong with the share.
    for (const count of [7, 8, 9]) {
      const text = line(`word-${count - 1}`);
      appendFileSync(session, text.slice(0, text.indexOf('word-') + 3));
      await sleep(300);
      expect(await words()).toEqual(upTo(count - 1));
      const status = await share(['status', link, '--json'], { env });
      expect(JSON.parse(status.stdout)).toMatchObject({ state: 'shared', problem: null });
      appendFileSync(session, text.slice(text.indexOf('word-') + 3));
      await followed(count);
    }
    // A burst, as of a busy tool: every line of it is there in the end.
    for (const count of [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]) {
      appendFileSync(session, line(`word-${count - 1}`));
      await sleep(15);
    }
    await followed(20);
    // Written anew as a whole, as by a program that copies the file back.
    writeFileSync(session, readFileSync(session, 'utf8') + line('word-20'));
    await followed(21);
  } finally {
    expect(await service.stop()).toBe(0);
  }
});
