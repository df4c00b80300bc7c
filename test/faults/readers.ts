import { createHash } from 'node:crypto';
import { Agent, get } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { startServer } from '../../src/serve/server.ts';
import type { ShareId } from '../../src/urls.ts';
import { aDataFolder, owner } from '../support/data-folder.ts';
import { startHand, type Hand } from './hands.ts';
import { namedIn } from './invariants.ts';

/** What readers met, and how often. */
export interface Readings {
  pages: number;
  files: number;
  /** Files of a page that was replaced before they were asked for. */
  replaced: number;
  /** Answers that a revoked share is not there. */
  gone: number;
  publications: number;
  revocations: number;
  torn: number;
  missing: number;
  liveAfterRevoke: number;
  complaints: string[];
}

/**
 * A share as far as anybody was told. `leaving` begins before its revoke does and `gone` after it has returned; nothing
 * goes back. So a request that began and ended while it was `active` must find it; one that began when it was `gone`
 * must not; in between both answers are right.
 */
interface Standing {
  id: ShareId;
  state: 'active' | 'leaving' | 'gone';
  /** A path that was there once. */
  file: string | undefined;
}

const readers = 6;
/** Followed for ever, by both processes at once. */
const lasting = ['one', 'two', 'three'];

/** Readers over kept-alive connections, while two other processes publish and revoke without a pause. */
export async function runReaders(lastsMs: number): Promise<Readings> {
  const data = aDataFolder();
  const server = await startServer({ folder: data.paths.output, host: '127.0.0.1', port: 0 });
  const hands = [startHand(data.paths), startHand(data.paths)] as const;
  const readings: Readings = {
    pages: 0,
    files: 0,
    replaced: 0,
    gone: 0,
    publications: 0,
    revocations: 0,
    torn: 0,
    missing: 0,
    liveAfterRevoke: 0,
    complaints: [],
  };
  try {
    const standings: Standing[] = [];
    for (const conversation of lasting) await appear(hands[0], conversation, standings, readings);
    const end = performance.now() + lastsMs;
    const isOver = () => performance.now() > end;
    await Promise.all([
      ...hands.map((hand, index) => keepSharing(hand, `passing ${index}`, standings, readings, isOver)),
      ...Array.from({ length: readers }, () => keepReading(server.url, standings, readings, isOver)),
    ]);
  } finally {
    for (const hand of hands) hand.stop();
    await server.close();
    data.remove();
  }
  return readings;
}

let edits = 0;

async function edit(hand: Hand, conversation: string, readings: Readings): Promise<void> {
  const words = `edit-${edits++}-`;
  const files = 1 + (edits % 3);
  await hand.perform({ do: 'write', conversation, words, files, isAtomic: true });
  const reply = await hand.perform({ do: 'sync', conversation });
  readings.publications += Number(reply?.outcome === 'published');
  readings.complaints.push(...(reply?.bugs ?? []));
}

async function appear(
  hand: Hand,
  conversation: string,
  standings: Standing[],
  readings: Readings,
): Promise<Standing> {
  await edit(hand, conversation, readings);
  const reply = await hand.perform({ do: 'create', conversation, owner });
  if (reply?.share === undefined) throw new Error(`Not shared: ${JSON.stringify(reply)}`);
  const standing: Standing = { id: reply.share, state: 'active', file: undefined };
  standings.push(standing);
  return standing;
}

async function keepSharing(
  hand: Hand,
  passing: string,
  standings: Standing[],
  readings: Readings,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    const standing = await appear(hand, passing, standings, readings);
    for (const conversation of [...lasting, passing]) await edit(hand, conversation, readings);
    standing.state = 'leaving';
    const reply = await hand.perform({ do: 'revoke', share: standing.id, owner });
    if (reply?.error !== undefined) throw new Error(reply.error.message);
    standing.state = 'gone';
    readings.revocations += 1;
  }
}

interface Answer {
  status: number;
  bytes: Buffer;
}

async function ask(agent: Agent, url: string): Promise<Answer> {
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    get(url, { agent, headers: { 'accept-encoding': 'gzip' } }, resolve).on('error', reject);
  });
  const bytes = await buffer(response);
  const isPacked = response.headers['content-encoding'] === 'gzip';
  return { status: response.statusCode ?? 0, bytes: isPacked ? gunzipSync(bytes) : bytes };
}

async function keepReading(
  site: string,
  standings: Standing[],
  readings: Readings,
  isOver: () => boolean,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const unknown = (await ask(agent, `${site}/share/${'z'.repeat(26)}`)).bytes;
  try {
    while (!isOver()) {
      const standing = choose(standings);
      if (standing !== undefined) await read(agent, site, standing, unknown, readings);
      await sleep(0); // publishers answer to this process as well
    }
  } finally {
    agent.destroy();
  }
}

/** The newest are where it happens. */
function choose(standings: readonly Standing[]): Standing | undefined {
  const isRecent = Math.random() < 0.6;
  const from = isRecent ? Math.max(0, standings.length - 4) : 0;
  return standings[from + Math.floor(Math.random() * (standings.length - from))];
}

async function read(
  agent: Agent,
  site: string,
  standing: Standing,
  unknown: Buffer,
  readings: Readings,
): Promise<void> {
  const page = await readPage(agent, site, standing, unknown, readings);
  if (page === undefined) return;
  for (const path of namedIn(page)) {
    standing.file = path;
    const { status, bytes } = await ask(agent, addressOf(site, standing, path));
    readings.files += 1;
    if (status === 200) {
      if (!isWholeFile(path, bytes)) complain(readings, 'torn', `${path}, ${bytes.length} bytes`);
    } else if ((await readPage(agent, site, standing, unknown, readings)) === page)
      // It names the file and was there before and after it: a reader of it could not get it.
      complain(readings, 'missing', `${path} of a page that stands, ${status}`);
    else readings.replaced += 1;
  }
}

/** @returns undefined where there is none. */
async function readPage(
  agent: Agent,
  site: string,
  standing: Standing,
  unknown: Buffer,
  readings: Readings,
): Promise<string | undefined> {
  const before = standing.state;
  if (before === 'gone' && standing.file !== undefined) {
    const { status } = await ask(agent, addressOf(site, standing, standing.file));
    if (status !== 404) complain(readings, 'liveAfterRevoke', `a file of a revoked share, ${status}`);
  }
  const { status, bytes } = await ask(agent, addressOf(site, standing, ''));
  const after = standing.state;
  readings.pages += 1;
  if (status !== 200) {
    if (after === 'active') complain(readings, 'missing', `a page, ${status}`);
    else if (status !== 404 || !bytes.equals(unknown))
      complain(readings, 'torn', `a revoked share is told apart from an unknown one, ${status}`);
    readings.gone += 1;
    return undefined;
  }
  if (before === 'gone') complain(readings, 'liveAfterRevoke', 'a page of a revoked share');
  const page = bytes.toString('utf8');
  if (!isWholePage(page)) complain(readings, 'torn', `a page of ${bytes.length} bytes`);
  return page;
}

function addressOf(site: string, { id }: Standing, path: string): string {
  return `${site}/share/${id}/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** From its first to its last line, all of one edit. */
function isWholePage(page: string): boolean {
  const words = page.match(/edit-\d+-/g) ?? [];
  // Files have a preview, which says what an edit said that may be older than the page's.
  const ofFiles = new Set(page.match(/(?<=file )edit-\d+-/g) ?? []);
  const ofMessages = new Set(page.match(/(?<!file )edit-\d+-/g) ?? []);
  const isAll = /^<!doctype html>[^]*<\/html>\s*$/i.test(page) && words.length > 800;
  return isAll && ofMessages.size === 1 && ofFiles.size <= 2;
}

/** The address of a file says what it holds; a ZIP ends with its directory. */
function isWholeFile(path: string, bytes: Buffer): boolean {
  const [kind, digest = ''] = path.split('/');
  if (kind === 'files') return createHash('sha256').update(bytes).digest('hex').startsWith(digest);
  return bytes.readUInt32LE(0) === 0x04034b50 && bytes.readUInt32LE(bytes.length - 22) === 0x06054b50;
}

function complain(readings: Readings, kind: 'torn' | 'missing' | 'liveAfterRevoke', complaint: string): void {
  readings[kind] += 1;
  readings.complaints.push(`${kind}: ${complaint}`);
}
