import { hash } from 'node:crypto';
import type { Finding } from '../snapshot/secrets.ts';
import { scanFile, type FileFinding } from './scan-file.ts';
import { scanTexts, scanVersion } from './scan.ts';

/** Keeps what texts of a conversation are known to hold no secret; may forget at any time. */
export interface ScanMemory {
  scanned(conversation: string, version: string): Uint8Array | undefined;
  setScanned(conversation: string, version: string, digests: Uint8Array): void;
}

export interface Scanner {
  /** Other rules find other things: what was found by another version does not count. */
  readonly version: string;
  /** Secrets of each text. A text that was clean before is not read again, in this process or a later one. */
  scan: (conversation: string, texts: readonly string[]) => Promise<Finding[][]>;
  /** Secrets of a file, with the line that each stands in. */
  scanFile: (path: string) => Promise<FileFinding[]>;
}

/** Conversations whose clean texts are kept at hand, beside what `memory` keeps. */
const atHand = 256;
const digestBytes = 16;

export function createScanner(memory: ScanMemory): Scanner {
  const clean = new Map<string, Set<string>>();

  function cleanOf(conversation: string): Set<string> {
    const known = clean.get(conversation) ?? fromBytes(memory.scanned(conversation, scanVersion));
    clean.delete(conversation);
    clean.set(conversation, known); // the last to be dropped
    for (const oldest of clean.keys()) if (clean.size > atHand) clean.delete(oldest);
    return known;
  }

  async function scan(conversation: string, texts: readonly string[]): Promise<Finding[][]> {
    const known = cleanOf(conversation);
    const digests = texts.map(digestOf);
    const unread = digests.flatMap((digest, index) => (known.has(digest) ? [] : [index]));
    const findings: Finding[][] = texts.map(() => []);
    if (unread.length === 0) return findings;
    const inUnread = await scanTexts(unread.map((index) => texts[index] ?? ''));
    for (const [position, index] of unread.entries()) findings[index] = inUnread[position] ?? [];
    // Only what the conversation says now is worth remembering.
    const now = new Set(digests.filter((_, index) => findings[index]?.length === 0));
    if (now.size === known.size && [...now].every((digest) => known.has(digest))) return findings; // the others hold secrets
    clean.set(conversation, now);
    memory.setScanned(conversation, scanVersion, toBytes(now));
    return findings;
  }

  return Object.freeze<Scanner>({ version: scanVersion, scan, scanFile });
}

/** 128 bits, one letter a byte. */
function digestOf(text: string): string {
  return hash('sha256', text, 'binary').slice(0, digestBytes);
}

function toBytes(digests: ReadonlySet<string>): Uint8Array {
  return Buffer.from([...digests].join(''), 'latin1');
}

function fromBytes(bytes: Uint8Array = new Uint8Array()): Set<string> {
  const text = Buffer.from(bytes).toString('latin1');
  const count = Math.floor(text.length / digestBytes);
  return new Set(
    Array.from({ length: count }, (_, index) => text.slice(index * digestBytes, (index + 1) * digestBytes)),
  );
}
