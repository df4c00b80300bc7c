import Database from 'better-sqlite3';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import sharp from 'sharp';
import type { App } from '../../cli/app.ts';
import { inflateRawSync } from 'node:zlib';
import { aConversation, aDataFolder, type DataFolder } from '../support/data-folder.ts';
import { plantedSecrets } from '../support/secrets.ts';

const secretOf = (name: string) => plantedSecrets.find((each) => each.name === name)?.secret ?? '';
const token = secretOf('GitHub personal token');
const key = secretOf('Stripe live key');
const when = '2026-03-01T10:00:00.000Z';

let data: DataFolder;
let app: App;

beforeEach(async () => {
  data = aDataFolder();
  app = await data.open();
});
afterEach(() => {
  app.close();
  data.remove();
});

function said(...content: object[]) {
  return [
    { id: 'm1', role: 'user', createdAt: when, content: 'What is it?' },
    { id: 'm2', role: 'assistant', createdAt: when, content },
  ];
}

/** Everything published: names and bytes, entries of ZIPs inflated. */
function published(): string {
  const paths = globSync('**/*', { cwd: data.paths.output, withFileTypes: false }).sort();
  return paths
    .flatMap((path) => {
      const whole = join(data.paths.output, path);
      if (statSync(whole).isDirectory()) return [path];
      const bytes = readFileSync(whole);
      return [path, bytes.toString('latin1'), path.endsWith('.zip') ? inflated(bytes) : ''];
    })
    .join('\n');
}

/** What the entries hold, by the directory at the end. */
function inflated(zip: Buffer): string {
  let text = '';
  let at = zip.readUInt32LE(zip.lastIndexOf('PK\u0005\u0006', undefined, 'latin1') + 16);
  while (zip.readUInt32LE(at) === 0x02014b50) {
    const [method, size, local] = [
      zip.readUInt16LE(at + 10),
      zip.readUInt32LE(at + 20),
      zip.readUInt32LE(at + 42),
    ];
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const bytes = zip.subarray(start, start + size);
    text += (method === 8 ? inflateRawSync(bytes) : bytes).toString('latin1');
    at += 46 + zip.readUInt16LE(at + 28) + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return text;
}

/** Nothing but its name tells what it is. */
const random = 'Zx87fK2mP9dL4sW1vT6b';

const call = (more: object) => ({ type: 'tool-call', name: 'Bash', input: {}, status: 'done', ...more });

describe('a secret goes out nowhere', () => {
  const places: [string, Record<string, unknown>, Record<string, string | Uint8Array>?][] = [
    ['in the title', { title: `Deploy with ${token}` }],
    ['in the type', { type: token }],
    ['in a question', { messages: [{ id: 'm', role: 'user', createdAt: when, content: `It is ${token}.` }] }],
    ['in an answer', { messages: said({ type: 'text', text: `It is \`${token}\`.` }) }],
    ['in code', { messages: said({ type: 'text', text: `\`\`\`sh\nexport TOKEN=${token}\n\`\`\`` }) }],
    [
      'in an address of a link',
      { messages: said({ type: 'text', text: `[x](https://a.example/?t=${token})` }) },
    ],
    ['in thinking', { messages: said({ type: 'thinking', text: token }) }],
    ['in the name of a tool', { messages: said(call({ name: token })) }],
    ['in what a tool was given', { messages: said(call({ input: { command: `T=${token} run` } })) }],
    [
      'in the name of a tool and what it was given',
      { messages: said(call({ name: `call ${token}`, input: { a: token }, output: token })) },
    ],
    [
      'where Markdown takes a backslash out of it',
      { messages: said({ type: 'text', text: token.replace('_', '\\_') }) },
    ],
    ['in a key of what a tool was given', { messages: said(call({ input: { [token]: 1 } })) }],
    ['deep in what a tool was given', { messages: said(call({ input: { a: [{ b: [token] }] } })) }],
    ['in what a tool said', { messages: said(call({ output: `one\n${token}\n` })) }],
    ['in a very long output', { messages: said(call({ output: `${'line\n'.repeat(20_000)}${token}\n` })) }],
    ['in JSON that a tool said', { messages: said(call({ output: JSON.stringify({ a: `b\n${token}` }) })) }],
    [
      'in a source',
      { messages: said({ type: 'sources', sources: [{ title: token, url: `https://a.example/${token}` }] }) },
    ],
    ['in the description of a file', { files: [{ name: 'a.txt', description: token }] }, { 'a.txt': 'A.' }],
    ['in the name of a file', {}, { [`${token}.txt`]: 'A.' }],
    ['in a text file', {}, { 'a.txt': `A\n${token}\n` }],
    ['in a program', {}, { 'a.py': `KEY = "${token}"\n` }],
    ['in a file without extension', {}, { Makefile: `deploy:\n\tT=${token} make\n` }],
    ['in a file in UTF-16', {}, { 'a.txt': Buffer.from(`\uFEFFA ${token} B`, 'utf16le') }],
    [
      'where a large file is read in pieces',
      {},
      { 'a.log': `${'x'.repeat(4 * 1024 * 1024 - 12)} ${token}\n` },
    ],
    [
      'in bytes that are no text',
      {},
      { 'a.bin': Buffer.concat([Buffer.alloc(99), Buffer.from(token), Buffer.alloc(9)]) },
    ],
  ];

  test.each(places)('%s', async (_where, changes, files = {}) => {
    data.write('talk', aConversation(changes), files);
    const { share } = await app.publisher.create('talk', 'mira', { thinking: true });
    const bytes = published();
    expect(bytes).toContain('conversation.json');
    expect(bytes).not.toContain(token);
    expect(bytes).not.toContain(token.slice(0, 20));
    expect(share.found.map(({ kind }) => kind)).toContain('GitHub token');
    expect(JSON.stringify(share.found)).not.toContain(token);
    const page = readFileSync(join(data.paths.output, 'share', share.id, 'index.html'), 'utf8');
    expect(page).toMatch(
      /hidden: GitHub token|Withheld, because a secret was found in it: GitHub token|_GitHub token/,
    );
  });
});

test.each([
  ['under its name', { headers: { 'X-API-Key': random } }],
  ['in a list under its name', { password: [random] }],
  ['beside its name', { env: [{ name: 'API_KEY', value: random }] }],
  ['as an argument', { args: ['deploy', '--password', random] }],
  ['as JSON in JSON', { body: JSON.stringify({ api_key: random }) }],
])('what only its name tells to be a secret is hidden %s', async (_where, input) => {
  data.write('talk', aConversation({ messages: said(call({ input })) }));
  const { share } = await app.publisher.create('talk', 'mira');
  expect(share.found).toHaveLength(1);
  expect(published()).not.toContain(random);
});

test('a file with a secret is named and withheld; the others, and the ZIP of them, are there', async () => {
  data.write('talk', aConversation(), { 'keys.txt': `A ${token} and ${key}`, 'notes.txt': 'Nothing.' });
  const { share } = await app.publisher.create('talk', 'mira');
  const snapshot = JSON.parse(
    readFileSync(join(data.paths.output, 'share', share.id, 'conversation.json'), 'utf8'),
  ) as { files: { name: string; withheld?: string[]; path?: string }[]; zip: { path: string } };
  expect(snapshot.files.map(({ name, withheld }) => [name, withheld])).toEqual([
    ['keys.txt', ['GitHub token', 'Stripe key']],
    ['notes.txt', undefined],
  ]);
  expect(snapshot.files[0]).not.toHaveProperty('path');
  expect(snapshot.files[0]).not.toHaveProperty('sha256');
  const zip = readFileSync(join(data.paths.output, 'share', share.id, snapshot.zip.path));
  expect(zip.toString('latin1')).toContain('notes.txt');
  expect(zip.toString('latin1')).not.toContain('keys.txt');
  expect(share.found.map(({ place, became }) => `${became} ${place}`)).toEqual([
    'withheld file keys.txt, line 1',
    'withheld file keys.txt, line 1',
  ]);
});

test('a secret that comes after the link was sent is hidden, too', async () => {
  data.write('talk', aConversation());
  await app.publisher.create('talk', 'mira');
  data.write('talk', aConversation({ messages: said({ type: 'text', text: `Now: ${token}` }) }));
  expect(await app.publisher.sync('talk')).toBe('published');
  expect(published()).toContain('Now: [hidden: GitHub token]');
  expect(published()).not.toContain(token);
  expect(app.registry.active('talk')?.found).toMatchObject([{ place: 'round 1, answer', became: 'masked' }]);
  data.write('talk', aConversation());
  await app.publisher.sync('talk');
  expect(app.registry.active('talk')?.found).toEqual([]);
});

test('what the owner lets through is seen from the next publish on, and what was not stays hidden', async () => {
  data.write('talk', aConversation({ title: `${token} and ${key}` }), { 'a.txt': token });
  const { share } = await app.publisher.create('talk', 'mira');
  const { fingerprint = '', kind = '' } = share.found.find((each) => each.kind === 'GitHub token') ?? {};
  app.registry.allow('talk', { fingerprint, kind }, 'mira', when);
  expect(await app.publisher.sync('talk')).toBe('published');
  const bytes = published();
  expect(bytes).toContain(token);
  expect(bytes).not.toContain(key);
  expect(globSync('share/*/files/*/a.txt', { cwd: data.paths.output })).toHaveLength(1);
  expect(app.registry.active('talk')?.found.map(({ became }) => became)).toEqual([
    'allowed',
    'masked',
    'allowed',
  ]);
});

describe('with strict', () => {
  test('nothing is shared while there is a secret, in a text or in a file', async () => {
    data.write('talk', aConversation({ title: token }));
    data.write('filed', aConversation(), { 'a.txt': token });
    for (const name of ['talk', 'filed'])
      await expect(app.publisher.create(name, 'mira', { strict: true })).rejects.toMatchObject({
        code: 'secret_found',
        exitCode: 4,
      });
    expect(app.registry.all()).toEqual([]);
    expect(globSync('share/*', { cwd: data.paths.output })).toEqual([]);
  });

  test('the last good page is held when a secret comes, and follows again when it is gone', async () => {
    data.write('talk', aConversation());
    await app.publisher.create('talk', 'mira', { strict: true });
    const before = published();
    data.write('talk', aConversation({ messages: said({ type: 'text', text: token }) }));
    expect(await app.publisher.sync('talk')).toBe('held');
    expect(published()).toBe(before);
    expect(app.registry.active('talk')?.problem).toMatchObject({ kind: 'held', code: 'secret_found' });
    expect(app.registry.active('talk')?.problem?.message).not.toContain(token);
    data.write('talk', aConversation({ messages: said({ type: 'text', text: 'It is gone.' }) }));
    expect(await app.publisher.sync('talk')).toBe('published');
    expect(published()).toContain('It is gone.');
  });
});

test('the log says who did what, and nobody changes or cuts it', async () => {
  data.write('talk', aConversation());
  const { share } = await app.publisher.create('talk', 'mira');
  await app.publisher.create('talk', 'mira', { strict: true });
  app.publisher.revoke(share.id, 'mira');
  app.publisher.revoke(share.id, 'mira');
  expect(app.registry.log('talk').map(({ who, did, detail }) => `${who} ${did} ${detail}`)).toEqual([
    'mira deleted ',
    'mira changed strict',
    'mira created ',
  ]);
  expect(JSON.stringify(app.registry.log())).not.toContain(share.id);
  const db = new Database(app.registry.path);
  for (const statement of [`UPDATE log SET who = 'x'`, 'DELETE FROM log'])
    expect(() => db.exec(statement)).toThrow(/never/);
  db.close();
});

describe('a picture that tells where it was taken', () => {
  const place = {
    GPSLatitudeRef: 'N',
    GPSLatitude: '52/1 31/1 12/1',
    GPSLongitudeRef: 'E',
    GPSLongitude: '13/1 24/1 36/1',
  };

  async function aPhoto(): Promise<Buffer> {
    const image = sharp({ create: { width: 40, height: 20, channels: 3, background: '#369' } });
    return image
      .jpeg()
      .withMetadata({ orientation: 6 })
      .withExifMerge({ IFD0: { Artist: 'canary-artist' }, IFD3: place })
      .toBuffer();
  }

  test('is published with a warning', async () => {
    data.write('talk', aConversation(), { 'photo.jpg': await aPhoto() });
    const { share } = await app.publisher.create('talk', 'mira');
    expect(share.found).toMatchObject([{ place: 'file photo.jpg', became: 'shown' }]);
    expect(published()).toContain('canary-artist');
  });

  test('loses that, and all else that was written into it, where the owner asks for it, and stands upright', async () => {
    data.write('talk', aConversation(), { 'photo.jpg': await aPhoto(), 'notes.txt': 'As it is.' });
    const { share } = await app.publisher.create('talk', 'mira', { stripMetadata: true });
    expect(share.found).toEqual([]);
    expect(published()).not.toContain('canary-artist');
    expect(published()).toContain('As it is.');
    const [path = ''] = globSync('share/*/files/*/photo.jpg', { cwd: data.paths.output });
    const { width, height, exif } = await sharp(join(data.paths.output, path)).metadata();
    expect([width, height]).toEqual([20, 40]);
    expect(exif).toBeUndefined();
  });

  test('that is damaged is not published where it might still tell', async () => {
    const photo = await aPhoto();
    data.write('talk', aConversation(), { 'photo.jpg': photo.subarray(0, 400) });
    await expect(app.publisher.create('talk', 'mira', { stripMetadata: true })).rejects.toMatchObject({
      code: 'source_invalid',
    });
  });
});
