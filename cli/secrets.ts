import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Conversation, ConversationFile } from '../src/conversation/conversation.ts';
import { ShareError } from '../src/errors.ts';
import type { Registry } from '../src/registry/shares.ts';
import { scanFile } from '../src/secrets/scan-file.ts';
import { scanTexts } from '../src/secrets/scan.ts';
import { readHead } from '../src/conversation/disk.ts';
import { fileKind, headBytes, mayHoldText } from '../src/output/file-kinds.ts';
import { publicNames, toSnapshot } from '../src/snapshot/privacy.ts';
import { contextOf, findSecrets, mask, placeOf, type FoundSecret } from '../src/snapshot/secrets.ts';
import { counted, paint, print, printable, say } from './report.ts';

/** A secret and what stands around it; the documented shape of `review --json`. */
export interface ReviewedSecret {
  fingerprint: string;
  kind: string;
  place: string;
  /** Its line, with every secret in it masked. */
  context: string;
  /** The owner let it through. */
  allowed: boolean;
}

export interface Review {
  /** As viewers would read it. */
  title: string;
  secrets: ReviewedSecret[];
}

/**
 * Finds the secrets that publishing would hide: in what viewers would read, and in the files.
 *
 * @param allowed  Fingerprints that the owner let through.
 * @throws What reading a file throws.
 */
export async function reviewConversation(
  conversation: Conversation,
  thinking: boolean,
  allowed: readonly string[],
): Promise<Review> {
  const snapshot = toSnapshot(conversation, [], undefined, { thinking });
  const suspects = await findSecrets(snapshot, scanTexts);
  const inTexts = suspects.flatMap((suspect) =>
    suspect.findings.map((finding) => ({
      fingerprint: finding.fingerprint,
      kind: finding.kind,
      place: placeOf(suspect, finding),
      context: contextOf(suspect.text, suspect.findings, finding),
    })),
  );
  const { fileNames } = publicNames(conversation);
  const inNames = await scanTexts(fileNames);
  const inFiles: typeof inTexts = [];
  for (const [index, file] of conversation.files.entries()) {
    const [name = '', findings = []] = [fileNames[index], inNames[index]];
    const shown = mask(name, findings, new Set());
    for (const { fingerprint, kind } of findings)
      inFiles.push({ fingerprint, kind, place: `name of file ${index + 1}`, context: shown });
    for (const { line, ...finding } of await scanContent(file))
      inFiles.push({ ...finding, place: `file ${shown}, line ${line}` });
  }
  const secrets = [...inTexts, ...inFiles].map((secret) => ({
    ...secret,
    allowed: allowed.includes(secret.fingerprint),
  }));
  const inTitle = suspects.find(({ text }) => text === snapshot.title)?.findings ?? [];
  return { title: mask(snapshot.title, inTitle, new Set(allowed)), secrets };
}

async function scanContent({ content, name, mediaType }: ConversationFile) {
  const head = 'path' in content ? readHead(content.path, headBytes) : content.bytes.subarray(0, headBytes);
  const kind = fileKind({ name, head, ...(mediaType === undefined ? {} : { mediaType }) });
  if (!mayHoldText(kind.mediaType)) return [];
  if ('path' in content) return scanFile(content.path);
  const folder = mkdtempSync(join(tmpdir(), 'share-review-'));
  try {
    const path = join(folder, 'file');
    writeFileSync(path, content.bytes, { mode: 0o600 });
    return await scanFile(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Lets secrets of a conversation through, and writes down who did.
 *
 * @param fingerprints  Whole ones, or beginnings that only one of `secrets` has.
 * @throws ShareError `usage` when a fingerprint is none of a secret that is there; nothing is let through then.
 */
export function allowSecrets(
  registry: Registry,
  owner: string,
  conversation: string,
  fingerprints: readonly string[],
  secrets: readonly ReviewedSecret[],
): void {
  const chosen = fingerprints.map((fingerprint) => secretNamed(fingerprint, secrets));
  const at = new Date().toISOString();
  const share = registry.active(conversation);
  registry.exclusively(() => {
    for (const { fingerprint, kind } of chosen) {
      registry.allow(conversation, { fingerprint, kind }, owner, at);
      const detail = `${kind} ${fingerprint}`;
      registry.writeDown({ did: 'allowed', who: owner, conversation, shareId: share?.id, detail }, at);
    }
  });
}

const shortestFingerprint = 6;

function secretNamed(given: string, secrets: readonly ReviewedSecret[]): ReviewedSecret {
  const matches = new Map(
    secrets
      .filter(({ fingerprint }) => given.length >= shortestFingerprint && fingerprint.startsWith(given))
      .map((secret) => [secret.fingerprint, secret]),
  );
  const [only] = matches.values();
  if (only !== undefined && matches.size === 1) return only;
  throw new ShareError('usage', `No secret of this conversation has the fingerprint ${printable(given)}.`, {
    hint: '`share review <conversation>` shows the fingerprint of each.',
  });
}

/** Tells what was hidden, withheld or is worth a look: place and kind, never the value. */
export function sayFound(found: readonly FoundSecret[], name: string, isNew: boolean): void {
  // What was let through for a share that is gone is seen in the new one, too.
  const told = found.filter(({ became }) => isNew || became !== 'allowed');
  if (told.length === 0) return;
  for (const { kind, place, became } of told.slice(0, mostTold))
    say(`${paint('yellow', wordFor[became], process.stderr)} ${printable(`${kind}: ${place}`)}`);
  if (told.length > mostTold) say(`… and ${told.length - mostTold} more`);
  say(paint('dim', `\`share review ${printable(name)}\` shows each where it stands.`, process.stderr));
}

const mostTold = 20;

export const wordFor: Record<FoundSecret['became'], string> = {
  masked: 'Hidden',
  withheld: 'Withheld',
  allowed: 'Allowed',
  shown: 'Shown',
};

/** For `share status`. */
export function printFound(found: readonly FoundSecret[]): void {
  for (const { fingerprint, kind, place, became } of found)
    print(
      `  ${paint('dim', wordFor[became].padEnd(8))}  ${printable(`${kind}: ${place}`)}  ${paint('dim', fingerprint)}`,
    );
}

/** @param command  What lets a secret through: `share review my-talk`. */
export function printReview({ title, secrets }: Review, command: string): void {
  const hidden = secrets.filter(({ allowed }) => !allowed);
  print(
    hidden.length === 0
      ? `No secret to hide was found in "${printable(title)}".`
      : `${counted(hidden.length, 'secret')} in "${printable(title)}" would be hidden from viewers.`,
  );
  for (const { kind, place, context, fingerprint, allowed } of secrets) {
    print('');
    print(
      `  ${paint(allowed ? 'green' : 'yellow', allowed ? `${kind}, allowed` : kind)}  ${paint('dim', fingerprint)}`,
    );
    print(`  ${printable(place)}`);
    print(`  ${paint('dim', '│')} ${printable(context)}`);
  }
  if (hidden.length === 0) return;
  print('');
  say(`What is no secret is let through with \`${printable(command)} --allow <fingerprint>\`.`);
}
