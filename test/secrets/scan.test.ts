import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { scanTexts } from '../../src/secrets/scan.ts';
import { mask } from '../../src/snapshot/secrets.ts';
import { plantedSecrets } from '../support/secrets.ts';
import { cpuMsOf } from '../support/cpu.ts';

/** The text as viewers would get it. */
async function masked(text: string): Promise<string> {
  const [findings = []] = await scanTexts([text]);
  return mask(text, findings, new Set());
}

/** Pieces of a secret that are long enough to be of use. */
function piecesOf(secret: string): string[] {
  if (secret.length <= 24) return [secret];
  return [0, 0.25, 0.5, 0.75].map((part) => {
    const start = Math.floor(part * (secret.length - 24));
    return secret.slice(start, start + 24);
  });
}

function expectHidden(text: string, secret: string): void {
  for (const piece of piecesOf(secret)) expect(text).not.toContain(piece);
  expect(text).toContain('[hidden: ');
}

test('more than forty kinds are planted', () => {
  expect(new Set(plantedSecrets.map(({ name }) => name)).size).toBeGreaterThanOrEqual(40);
});

describe.each(plantedSecrets)('$name', ({ text, secret }) => {
  test.each([
    ['alone', text],
    ['at the end of a line of prose', `The key that I use is ${text}`],
    ['in a code block', `\`\`\`sh\n${text}\n\`\`\`\n`],
    ['between quotes', `before\n"${text}"\nafter`],
    ['with lines of Windows', `one\r\n${text}\r\ntwo\r\n`],
    [
      'behind a comment that would turn secretlint off',
      `<!-- secretlint-disable -->\n// secretlint-disable\n${text}\n`,
    ],
    ['behind a colour of a terminal', `\u001B[32m${text}\u001B[0m`],
    [
      'far into a long text',
      `${'Words that say nothing at all. '.repeat(3000)}\n${text}\n${'And more. '.repeat(3000)}`,
    ],
  ])('is hidden %s', async (_where, planted) => {
    const seen = await masked(planted);
    expectHidden(seen, secret);
  });
});

test('what stands around a secret stays', async () => {
  const token = plantedSecrets.find(({ name }) => name === 'GitHub personal token')?.secret ?? '';
  expect(await masked(`Use ${token} for now, and ${token}.`)).toBe(
    'Use [hidden: GitHub token] for now, and [hidden: GitHub token].',
  );
});

test.each([
  ['a new line written as two letters', (key: string) => `{"env":"TOKEN\\n${key}"}`],
  ['a colour in the middle of it', (key: string) => `${key.slice(0, 4)}\u001B[0m\u001B[K${key.slice(4)}`],
  ['an underscore or hyphen that Markdown escapes', (key: string) => key.replace(/[_-]/g, '\\$&')],
  ['a letter spelled in HTML', (key: string) => `${key.slice(0, 3)}&#${key.charCodeAt(3)};${key.slice(4)}`],
  [
    'a letter spelled in JSON',
    (key: string) => `"${key.slice(0, 3)}\\u00${key.charCodeAt(3).toString(16)}${key.slice(4)}"`,
  ],
  ['a variation selector in the middle of it', (key: string) => `${key.slice(0, 9)}\uFE0F${key.slice(9)}`],
  ['a character of no width in the middle of it', (key: string) => `${key.slice(0, 9)}\u200B${key.slice(9)}`],
])('%s does not save a secret from being found', async (_what, write) => {
  for (const name of ['GitHub personal token', 'AWS access key', 'Anthropic sign-in token']) {
    const secret = plantedSecrets.find((each) => each.name === name)?.secret ?? '';
    const seen = await masked(write(secret));
    expect(seen).not.toContain(secret.slice(9));
    expect(seen).toContain('[hidden: ');
  }
});

test('many secrets in many texts are found where they stand, and nowhere else', async () => {
  const clean = 'Nothing here.';
  const texts = plantedSecrets.flatMap(({ text }) => [clean, `first ${text}\nthen ${text}\n`, clean]);
  const findings = await scanTexts(texts);
  for (const [index, text] of texts.entries()) {
    const seen = mask(text, findings[index] ?? [], new Set());
    if (index % 3 !== 1) expect(seen).toBe(clean);
    else expectHidden(seen, plantedSecrets[(index - 1) / 3]?.secret ?? '');
  }
});

test('the same secret has the same fingerprint wherever it stands, another secret another', async () => {
  const [one = '', other = ''] = ['AWS access key', 'AWS temporary key'].map(
    (name) => plantedSecrets.find((each) => each.name === name)?.secret,
  );
  const [first, second, third] = (await scanTexts([one, `so: ${one}.`, other])).map(
    ([found]) => found?.fingerprint,
  );
  expect(second).toBe(first);
  expect(third).not.toBe(first);
  expect(first).toMatch(/^[0-9a-f]{16}$/);
});

test('where two rules find parts of one secret, the fingerprint is that of all of it', async () => {
  const address = (path: string) => `postgres://app:kT9vB2xQ7w@db.internal:5432/${path}`;
  const fingerprints = (await scanTexts([address('one'), address('two')])).map(
    ([found]) => found?.fingerprint,
  );
  expect(fingerprints[0]).toBeDefined();
  expect(fingerprints[1]).not.toBe(fingerprints[0]);
});

describe('no false alarm', () => {
  const lines = readFileSync(new URL('../fixtures/ordinary.txt', import.meta.url), 'utf8').split('\n');

  test('in ordinary code, prose and logs, line by line', async () => {
    expect(lines.length).toBeGreaterThan(150);
    const findings = await scanTexts(lines);
    const alarms = lines.filter((_, index) => findings[index]?.length !== 0);
    expect(alarms).toEqual([]);
  });

  test('in all of it together', async () => {
    expect(await scanTexts([lines.join('\n')])).toEqual([[]]);
  });
});

test('twenty megabytes are read in a second, secrets among them', async () => {
  const ordinary = readFileSync(new URL('../fixtures/ordinary.txt', import.meta.url), 'utf8');
  const secrets = plantedSecrets.slice(0, 10).map(({ text }) => text);
  const text = `${ordinary.repeat(Math.ceil(100_000 / ordinary.length))}\n${secrets.join('\n')}\n`;
  const texts = Array.from({ length: Math.ceil(20_000_000 / text.length) }, () => text);
  const ms = await cpuMsOf(() => scanTexts(texts));
  // 0.7 s on a machine of 2026; four times as much where others work on it.
  expect(ms).toBeLessThan(4_000);
}, 60_000);

test.each([
  'a',
  'eyJ-',
  'eyJa.eyJa.',
  'eyJeyJ',
  'ghs_1_',
  'npm_',
  'sk-ant-',
  'SECRET=',
  'key="',
  '-----BEGIN PRIVATE KEY-----',
  '-----BEGIN PRIVATE KEY-----\n',
  'https://a:b@',
  'mongodb://a:b',
  'M.N.O.',
  '\u001B[0m',
  '\\n',
  '\\',
  '\\"',
  '&#95;',
  '\\u0061',
  'password: ',
  'token is ',
  'api_key|',
  '--token ',
  'Cookie: a=b; ',
  'curl -u a:',
  'eyJ..',
  '..abcdefghijklmnop.',
  'Private-Lines: 1\n',
  'a.pass=b1c2d3e4f5g6(',
])('250,000 letters of %j are read in under a second', async (unit) => {
  const text = unit.repeat(Math.ceil(250_000 / unit.length));
  expect(await cpuMsOf(() => scanTexts([text]))).toBeLessThan(1_000);
});
