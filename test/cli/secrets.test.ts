import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { share, startService, type RunOptions } from '../support/cli.ts';
import { aConversation, aDataFolder, type DataFolder } from '../support/data-folder.ts';
import { aClaudeConversation, zipped } from '../support/exports.ts';
import { plantedSecrets } from '../support/secrets.ts';
import { setTimeout as wait } from 'node:timers/promises';

const token = plantedSecrets.find(({ name }) => name === 'GitHub personal token')?.secret ?? '';

let data: DataFolder;
let options: RunOptions;

beforeEach(() => {
  data = aDataFolder();
  options = { env: { SHARE_DATA: data.paths.data, SHARE_OWNER: 'mira' } };
  data.write('talk', aConversation({ title: `Deploy with ${token}` }), { 'keys.txt': `a\nb ${token}\n` });
});
afterEach(() => data.remove());

interface Secret {
  fingerprint: string;
  place: string;
  context: string;
  allowed: boolean;
}

test('review and create speak of names and pictures without what is secret in them, and of the same findings', async () => {
  const png = Buffer.concat([Buffer.from('89504e470d0a1a0a0000', 'hex'), Buffer.from(` ${token} `)]);
  const messages = [
    { id: 'm', role: 'user', content: 'Go.' },
    {
      id: 'n',
      role: 'assistant',
      content: [{ type: 'tool-call', name: `call ${token}`, input: { a: token }, status: 'done' }],
    },
  ];
  data.write('talk', aConversation({ messages }), { [`${token}.txt`]: `A ${token}`, 'i.png': png });
  const review = await share(['review', 'talk', '--json'], options);
  const created = await share(['create', 'talk', '--json'], options);
  const text = await share(['review', 'talk'], options);
  const status = await share(['status', 'talk', '--json'], options);
  for (const { stdout, stderr } of [review, created, text, status])
    expect(stdout + stderr).not.toContain(token.slice(4));
  const { secrets: published } = JSON.parse(status.stdout) as { secrets: Secret[] };
  const places = (secrets: Secret[]) => secrets.map(({ place }) => place).sort();
  expect(places(JSON.parse(review.stdout) as Secret[])).toEqual(places(published));
  expect(published.map(({ place }) => place)).toContain('round 1, call [hidden: GitHub token] input');
});

test.each([
  ['a folder', 'elsewhere', ['the title', 'file keys.txt, line 2']],
  ['the file in it', 'elsewhere/conversation.json', ['the title', 'file keys.txt, line 2']],
  ['an export of one', 'export.zip', ['the title']],
])('review shows all that create would publish of %s', async (_what, name, places) => {
  const path = join(data.paths.data, name);
  cpSync(join(data.paths.library, 'talk'), join(data.paths.data, 'elsewhere'), { recursive: true });
  const conversations = JSON.stringify([aClaudeConversation(1, `Deploy with ${token}`, 'It works.')]);
  await zipped(data.paths.data, { 'conversations.json': conversations });
  const secrets = JSON.parse((await share(['review', path, '--json'], options)).stdout) as Secret[];
  expect(secrets.map(({ place }) => place)).toEqual(places);
  const { stderr } = await share(['review', path], options);
  expect(stderr).toContain(`share create ${path} --allow`);
  const fingerprint = secrets[0]?.fingerprint ?? '';
  expect(await share(['review', path, '--allow', fingerprint], options)).toMatchObject({ code: 2 });
  rmSync(join(data.paths.library, 'talk'), { recursive: true });
  const created = await share(['create', path, '--allow', fingerprint], options);
  expect(created.code).toBe(0);
  expect(created.stderr).not.toContain('Hidden GitHub token: the title');
});

test('review shows secrets where they stand; strict refuses with 4; what is allowed passes, and the log knows who', async () => {
  const review = await share(['review', 'talk', '--json'], options);
  expect(review.code).toBe(0);
  const secrets = JSON.parse(review.stdout) as Secret[];
  expect(secrets.map(({ place, context }) => [place, context])).toEqual([
    ['the title', 'Deploy with [hidden: GitHub token]'],
    ['file keys.txt, line 2', 'b [hidden: GitHub token]'],
  ]);
  expect((await share(['review', 'talk', '--strict'], options)).code).toBe(4);

  const refused = await share(['create', 'talk', '--strict', '--json'], options);
  expect(refused.code).toBe(4);
  expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'secret_found' } });

  const created = await share(['create', 'talk'], options);
  expect(created.code).toBe(0);
  expect(created.stdout).toMatch(/^http\S+\n$/);
  expect(created.stderr).toContain('Hidden GitHub token: the title');
  expect(created.stderr).toContain('Withheld GitHub token: file keys.txt, line 2');
  const status = await share(['status', 'talk'], options);
  expect(status.stdout).toContain('GitHub token: the title');

  const fingerprint = secrets[0]?.fingerprint ?? '';
  const wrong = await share(['review', 'talk', '--allow', '0000000000000000'], options);
  expect(wrong.code).toBe(2);
  const allowed = await share(['create', 'talk', '--allow', fingerprint, '--strict'], options);
  expect([allowed.code, allowed.stdout]).toEqual([0, created.stdout]);
  const log = await share(['log', 'talk', '--json'], options);
  expect(
    (JSON.parse(log.stdout) as { who: string; did: string }[]).map(({ who, did }) => `${who} ${did}`),
  ).toEqual(['mira changed', 'mira allowed', 'mira created']);
  for (const { stdout, stderr } of [review, refused, created, status, wrong, log])
    expect(stdout + stderr).not.toContain(token);
}, 60_000);

test('somebody else neither sees nor allows anything, in the words for what does not exist', async () => {
  await share(['create', 'talk'], options);
  const other = { env: { ...options.env, SHARE_OWNER: 'eve' } };
  for (const args of [
    ['review', 'talk'],
    ['review', 'talk', '--allow', 'abcdef12'],
    ['create', 'talk', '--allow', 'abcdef12'],
    ['log', 'talk'],
  ]) {
    const ran = await share(args, other);
    expect(ran.code, args.join(' ')).toBe(3);
    expect(ran.stderr).toContain('No conversation or share of yours is called "talk"');
  }
  expect((await share(['log'], other)).stdout).toBe('');
}, 60_000);

test('the watcher tells of a secret that comes later, and never its value', async () => {
  data.write('quiet', aConversation({ title: 'Quiet' }));
  await share(['create', 'quiet'], options);
  const watcher = await startService(['watch'], /Watching/, options);
  data.write('quiet', aConversation({ title: `Not so quiet: ${token}` }));
  for (let waited = 0; waited < 10_000 && !watcher.said().includes('GitHub token'); waited += 50)
    await wait(50);
  expect(await watcher.stop()).toBe(0);
  expect(watcher.said()).toContain('quiet: Hidden GitHub token: the title');
  expect(watcher.said()).not.toContain(token);
}, 60_000);

test('what was let through is told of when it goes out by a new link', async () => {
  const [secret] = JSON.parse((await share(['review', 'talk', '--json'], options)).stdout) as Secret[];
  const allow = ['--allow', secret?.fingerprint ?? ''];
  expect((await share(['create', 'talk', ...allow], options)).stderr).toContain(
    'Allowed GitHub token: the title',
  );
  expect((await share(['create', 'talk'], options)).stderr).not.toContain('Allowed');
  await share(['delete', 'talk', '--yes'], options);
  expect((await share(['create', 'talk'], options)).stderr).toContain('Allowed GitHub token: the title');
});
