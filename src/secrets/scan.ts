import { createHash } from 'node:crypto';
import type { lintSource } from '@secretlint/core';
import type { rules } from '@secretlint/secretlint-rule-preset-recommend';
import { kinds, type Kind } from './kinds.ts';
import type { Finding } from '../snapshot/secrets.ts';
import { lastAtMost, toReadable, type Readable } from './readable.ts';

/** Raised when other rules find other things: what was remembered before is then not used. */
export const scanVersion = 'secretlint-13.1/2';

/**
 * Finds secrets, those of secretlint's recommended rules and our own.
 *
 * Most text holds nothing that any rule begins with. One pattern of all of that is searched first, and only the places
 * around what it finds are handed to the engine, all of them at once: 27 rules would read every text 27 times, and
 * did so at 7 MB/s.
 *
 * The rule that obeys comments is left out: a message that says `secretlint-disable` would turn detection off.
 *
 * @returns For each text what is in it, in order, not overlapping.
 */
export async function scanTexts(texts: readonly string[]): Promise<Finding[][]> {
  const readable = texts.map(toReadable);
  const pieces = readable.flatMap(({ text }, of) => suspicious(text).map(([from, to]) => ({ of, from, to })));
  const matches: Match[][] = texts.map(() => []);
  if (pieces.length === 0) return texts.map(() => []);
  const engine = await loadEngine();
  let batch: typeof pieces = [];
  let length = 0;
  for (const [index, piece] of pieces.entries()) {
    batch.push(piece);
    length += piece.to - piece.from;
    if (length < mostAtOnce && index < pieces.length - 1) continue;
    await scanBatch(batch);
    [batch, length] = [[], 0];
  }
  return readable.map((source, of) => merged(matches[of] ?? []).map((match) => toFinding(match, source)));

  async function scanBatch(pieces: { of: number; from: number; to: number }[]): Promise<void> {
    const starts: number[] = [];
    let content = '';
    for (const { of, from, to } of pieces) {
      starts.push(content.length);
      content += (readable[of]?.text.slice(from, to) ?? '') + between;
    }
    for (const match of await engine(content)) {
      const index = lastAtMost(starts, match.start);
      const piece = pieces[index];
      if (piece === undefined) continue;
      const shift = piece.from - (starts[index] ?? 0);
      const [start, end] = [match.start + shift, Math.min(match.end + shift, piece.to)];
      if (start < end) matches[piece.of]?.push({ ...match, start, end });
    }
  }
}

/** No rule's pattern goes across it. */
const between = '\n\u0001\n';

/** Letters handed to the engine at once. */
const mostAtOnce = 100_000;

// ── Where to look ────────────────────────────────────────────────────────────────────────────────────────────────

/** What every match of secretlint's recommended rules holds, beside what our own kinds look for. */
const engineHints = [
  'A3T[A-Z0-9]{17}|A(?:GPA|IDA|ROA|IPA|NPA|NVA)[A-Z0-9]{16}',
  '[Ss](?:ecret|ECRET)_?[Aa](?:ccess|CCESS)_?[Kk](?:ey|EY)',
  'private_key',
  ':x-oauth-basic@',
  '_authToken=',
  'npm_[A-Za-z0-9]',
  'SG\\.\\w',
  '(?:sk|rk)_(?:live|test)_',
  'gh[pousr]_[A-Za-z0-9]',
  'github_pat_',
  'glsa_|glc_',
  'T3BlbkFJ',
  'gsk_',
  'hf_[A-Za-z0-9]{30}',
  'lin_api_',
  'ntn_\\d|secret_[A-Za-z0-9]{43}',
  'ops_ey',
  'hv[sbr]\\.',
  'vc[piark]_',
  'dapi[A-Fa-f0-9]{32}',
  'dckr_pat_',
  'figd_',
  'cf(?:k|ut|at)_',
  'tskey-',
];

const hints = new RegExp([...engineHints, ...kinds.flatMap(({ hint }) => hint ?? [])].join('|'), 'g');

/** What goes on over many words or lines. */
const isLong = /PRIVATE KEY$|^Private-Lines|^cookie/i;
/** A private key is this long, a token from a sign-in service rarely longer. */
const longestKey = 20_100;
const around = 400;
/** What stands before the first dot of a JSON web token: some hold a certificate. */
const longestHead = 4_100;

/** Parts of a text that may hold a secret: from → to, in order, not overlapping. */
function suspicious(text: string): [number, number][] {
  const parts: [number, number][] = [];
  for (const hint of text.matchAll(hints)) {
    const end = hint.index + hint[0].length;
    const needed = Math.min(end + (isLong.test(hint[0]) ? longestKey : around), text.length);
    const last = parts.at(-1);
    if (last !== undefined && needed <= last[1]) continue;
    const from = startOfWord(
      text,
      hint.index,
      hint[0] === '.eyJ' || hint[0].startsWith('..') ? longestHead : around,
    );
    // Further than is needed: of a million hints in a row, few have to look for where a word ends.
    const to = endOfWord(text, end + 2 * (needed - end));
    if (last !== undefined && from <= last[1]) last[1] = to;
    else parts.push([from, to]);
  }
  return parts;
}

/** Far enough back for what stands before a value to be seen with it, and not in the middle of a word. */
function startOfWord(text: string, index: number, furthest: number): number {
  let start = Math.max(0, index - 160);
  while (start > 0 && index - start < furthest && !isSpace(text, start - 1)) start -= 1;
  return start;
}

function endOfWord(text: string, index: number): number {
  let end = index;
  while (end < text.length && end - index < longestKey && !isSpace(text, end)) end += 1;
  return Math.min(end, text.length);
}

function isSpace(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code === 32 || code === 10 || code === 9 || code === 13;
}

// ── The engine ───────────────────────────────────────────────────────────────────────────────────────────────────

interface Match {
  /** Id of the rule. */
  kind: string;
  name: string;
  start: number;
  end: number;
}

type Engine = (content: string) => Promise<Match[]>;
type Rule = (typeof rules)[number];
type Config = Parameters<typeof lintSource>[0]['options']['config'];

let loaded: Promise<Engine> | undefined;

/** Loaded when something is suspicious: most conversations need none of its 220 KB. */
function loadEngine(): Promise<Engine> {
  loaded ??= createEngine();
  return loaded;
}

async function createEngine(): Promise<Engine> {
  const [{ lintSource }, { rules }] = await Promise.all([
    import('@secretlint/core'),
    import('@secretlint/secretlint-rule-preset-recommend'),
  ]);
  const recommended = rules.filter((rule) => !rule.meta.id.endsWith('filter-comments'));
  const config: Config = {
    rules: [...recommended, ourRule].map((rule) => ({
      id: rule.meta.id,
      rule,
    })),
  };
  return async (content) => {
    const source = { content, filePath: 'conversation.txt', ext: '.txt', contentType: 'text' as const };
    const { messages } = await lintSource({ source, options: { config, noPhysicFilePath: true } });
    const matches = messages.map(({ ruleId, messageId, range, data }) => {
      const kind = ruleId === ourRule.meta.id ? messageId : `${ruleId}/${messageId}`;
      return { kind, name: nameOf(ruleId, messageId), ...placeOf(content, range, data) };
    });
    return matches.filter(({ start, end }) => !drawnOut.test(content.slice(start, end)));
  };
}

/** `glpat-XXXXXXXXXXXX`, as documentation writes keys. */
const drawnOut = /([A-Za-z*.-])\1{11}/;

/**
 * Some rules report where the match begins and how long the secret in it is, so that the secret itself lies outside.
 * What they say of it is true.
 */
function placeOf(
  content: string,
  range: readonly [number, number],
  data: unknown,
): { start: number; end: number } {
  const [start, end] = range;
  if (typeof data !== 'object' || data === null) return { start, end };
  const strings = Object.values(data).filter((item) => typeof item === 'string');
  const value = strings.reduce((longest, item) => (item.length > longest.length ? item : longest), '');
  const found = value.length < 4 ? -1 : content.indexOf(value, start);
  return found === -1 || found > start + around
    ? { start, end }
    : { start: found, end: found + value.length };
}

const ourMessages = Object.fromEntries(kinds.map(({ id, name }) => [id, { en: () => `found ${name}` }]));

/** Our kinds, as a rule of the engine. */
const ourRule: Rule = {
  messages: ourMessages,
  meta: {
    id: 'conversation-share',
    recommended: true,
    type: 'scanner',
    supportedContentTypes: ['text'],
  },
  create(context) {
    const translate = context.createTranslator(ourMessages);
    return {
      file({ content }) {
        for (const kind of kinds)
          for (const range of rangesOf(kind, content)) context.report({ message: translate(kind.id), range });
      },
    };
  },
};

function* rangesOf({ pattern, isReal = () => true }: Kind, content: string): Generator<[number, number]> {
  for (const match of content.matchAll(pattern)) {
    const groups = match.groups ?? {};
    const secret = groups.secret ?? groups.plain ?? match[0];
    if (!isReal(secret, groups)) continue;
    const start = match.index + match[0].lastIndexOf(secret);
    yield [start, start + secret.length];
  }
}

const names: Readonly<Record<string, string | undefined>> = Object.fromEntries(
  kinds.map(({ id, name }) => [id, name]),
);

/** secretlint's rules, by the end of their ids. */
const services: Readonly<Record<string, string | undefined>> = {
  aws: 'AWS secret key',
  gcp: 'Google service account key',
  privatekey: 'private key',
  npm: 'npm token',
  basicauth: 'password in an address',
  slack: 'Slack token',
  sendgrid: 'SendGrid key',
  shopify: 'Shopify token',
  stripe: 'Stripe key',
  github: 'GitHub token',
  gitlab: 'GitLab token',
  grafana: 'Grafana token',
  openai: 'OpenAI key',
  anthropic: 'Anthropic key',
  groq: 'Groq key',
  huggingface: 'Hugging Face token',
  linear: 'Linear token',
  notion: 'Notion token',
  '1password': '1Password token',
  'database-connection-string': 'password of a database',
  'hashicorp-vault': 'Vault token',
  vercel: 'Vercel token',
  databricks: 'Databricks token',
  docker: 'Docker token',
  figma: 'Figma token',
  cloudflare: 'Cloudflare token',
  tailscale: 'Tailscale key',
};

function nameOf(ruleId: string, messageId: string): string {
  return names[messageId] ?? services[ruleId.replace('@secretlint/secretlint-rule-', '')] ?? 'secret';
}

// ── Results ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Two rules may find the same, or one more of it than the other: all of it is one secret, of the kind that begins first. */
function merged(matches: readonly Match[]): Match[] {
  const sorted = matches.toSorted((one, other) => one.start - other.start || other.end - one.end);
  const result: Match[] = [];
  for (const match of sorted) {
    const last = result.at(-1);
    if (last === undefined || match.start >= last.end) result.push({ ...match });
    else last.end = Math.max(last.end, match.end);
  }
  return result;
}

/** The fingerprint is that of all that is hidden: what is let through is never more than was looked at. */
function toFinding({ kind, name, start, end }: Match, { text, positionOf }: Readable): Finding {
  return {
    kind: name,
    start: positionOf(start),
    end: positionOf(end - 1) + 1,
    fingerprint: fingerprintOf(kind, text.slice(start, end)),
  };
}

function fingerprintOf(kind: string, value: string): string {
  return createHash('sha256').update(`${kind}\0${value}`).digest('hex').slice(0, 16);
}
