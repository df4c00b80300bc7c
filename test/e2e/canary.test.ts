import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, type Service, share, startService } from '../support/cli.ts';
import { aDataFolder, type DataFolder } from '../support/data-folder.ts';
import { everyEntry, everyFile, latin1 } from '../support/published.ts';

/*
 * Every private field holds a `canary-…` of its own and every public one a `public-…`. Whatever leaves the machine is
 * searched for canaries; that the public words are found proves that the search sees what is published.
 */

const canary = /canary-[a-z-]*/gi;

const home = '/home/canary-home';
/** Unknown to the format, with a name that must not get out either. */
const unknown = (where: string) => ({ [`canary-key-${where}`]: `canary-unknown-${where}` });
const pixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGM4IScHRAwQCgAfJgQRoo8irwAAAABJRU5ErkJggg==',
  'base64',
);

const native = {
  version: 1,
  title: 'public-title by Canary-Name Person',
  type: 'public-type',
  owner: {
    id: 'canary-owner-id',
    name: 'Canary-Name Person',
    email: 'Canary-Email@example.org',
    ...unknown('owner'),
  },
  agent: { name: 'canary-agent', tools: [{ env: { TOKEN: ['canary-agent-deep'] } }] },
  settings: { theme: 'canary-settings', nested: { list: [{ value: 'canary-settings-deep' }] } },
  ...unknown('top'),
  messages: [
    { id: 'canary-id-system', role: 'system', content: 'canary-system' },
    { id: 'canary-id-developer', role: 'developer', content: [{ type: 'text', text: 'canary-developer' }] },
    {
      id: 'canary-id-user',
      role: 'user',
      ...unknown('message'),
      content: `public-question of Canary-Name Person, canary-email@example.org, in ${home}/app and file://${home}/b`,
    },
    {
      id: 'canary-id-assistant',
      role: 'assistant',
      model: 'canary-model',
      content: [
        { type: 'thinking', text: 'canary-thinking', ...unknown('thinking') },
        { type: 'text', text: `public-answer \`${home}/x\` for Canary-Name Person`, ...unknown('text') },
        {
          type: 'tool-call',
          name: 'public-tool',
          input: { path: `${home}/in`, [`${home}/key`]: ['Canary-Name Person'] },
          output: { path: `${home}/out`, from: 'canary-email@example.org' },
          ...unknown('tool'),
        },
        {
          type: 'tool-call',
          name: 'public-task',
          subAgent: {
            name: 'public-agent of Canary-Name Person',
            model: 'canary-agent-model',
            ...unknown('sub-agent'),
            messages: [
              { id: 'canary-id-agent-system', role: 'system', content: 'canary-agent-system' },
              { id: 'canary-id-agent-developer', role: 'developer', content: 'canary-agent-developer' },
              { id: 'canary-id-agent-hidden', role: 'user', hidden: true, content: 'canary-agent-hidden' },
              {
                id: 'canary-id-agent-user',
                role: 'user',
                ...unknown('agent-message'),
                content: `public-agent-task in ${home}/t, canary-email@example.org`,
              },
              {
                id: 'canary-id-agent-assistant',
                role: 'assistant',
                content: [
                  { type: 'thinking', text: 'canary-agent-thinking' },
                  { type: 'canary-agent-part', text: 'canary-agent-part-text' },
                  {
                    type: 'tool-call',
                    name: 'public-inner-task',
                    input: { path: `${home}/in` },
                    output: `public-inner-result in ${home}/out`,
                    subAgent: {
                      messages: [
                        { id: 'canary-id-inner-system', role: 'system', content: 'canary-inner-system' },
                        { id: 'canary-id-inner-user', role: 'user', content: 'public-inner-question' },
                      ],
                    },
                  },
                ],
              },
            ],
          },
        },
        {
          type: 'sources',
          ...unknown('sources'),
          sources: [
            {
              title: 'public-source of Canary-Name Person',
              url: `https://canary-user:canary-password@example.org/public-page?file=${home}/s&to=canary-email@example.org`,
              ...unknown('source'),
            },
            { title: 'canary-file-source', url: `file://${home}/canary-source.txt` },
            { title: 'canary-encoded-source', url: 'https://example.org/?to=canary-email%40example.org' },
          ],
        },
        {
          type: 'image',
          file: 'public-pixel.png',
          alt: 'public-alt, Canary-Name Person',
          ...unknown('image'),
        },
        { type: 'file', file: 'public-file.csv', ...unknown('file-part') },
        { type: 'canary-part-type', text: 'canary-part-text', data: { deep: 'canary-part-deep' } },
      ],
    },
    { id: 'canary-id-tool', role: 'tool', content: [{ type: 'thinking', text: 'canary-thinking-only' }] },
  ],
  files: [
    { name: 'public-pixel.png', ...unknown('file') },
    {
      name: 'public-file.csv',
      description: `public-description, Canary-Name Person, ${home}/d`,
      ...unknown('file'),
    },
  ],
};

const nativeFiles = {
  'public-pixel.png': pixel,
  'public-file.csv': 'public-bytes\n',
  'canary-not-listed.txt': 'canary-not-listed-bytes',
  '.canary-dot': 'canary-dot-bytes',
};

/** Has no list of files, so that all but the dot files are offered; one of them is named after the owner. */
const unlisted = {
  title: 'public-second-title',
  owner: { id: 'canary-owner-id', name: 'Canary-Name Person' },
  messages: [{ id: 'canary-id-one', role: 'user', content: 'public-second-question' }],
};

const unlistedFiles = {
  'notes/public-note of Canary-Name Person.txt': 'public-note-bytes',
  '.canary-dot-file': 'canary-dot-file-bytes',
  '.canary-dot-folder/a.txt': 'canary-dot-folder-bytes',
  'notes/.canary-dot-deep': 'canary-dot-deep-bytes',
};

const cwd = `${home}/shop`;

/** A session of Claude Code, as its versions 2.x write it, with a canary in everything that is not a word of the talk. */
function session(): string {
  let parentUuid: string | null = null;
  let second = 0;
  const line = (record: Record<string, unknown>): string => {
    const uuid: string = `canary-uuid-${String.fromCharCode(97 + second)}`;
    const common = {
      parentUuid,
      uuid,
      isSidechain: false,
      userType: 'canary-user-type',
      entrypoint: 'canary-entrypoint',
      cwd,
      sessionId: 'canary-session-id',
      version: 'canary-version',
      gitBranch: 'canary-branch',
      slug: 'canary-slug',
      requestId: 'canary-request',
      timestamp: new Date(Date.UTC(2026, 2, 1, 10, 0, second++)).toISOString(),
    };
    parentUuid = uuid;
    return JSON.stringify({ ...common, ...record, ...unknown('record') });
  };
  const user = (content: unknown, more: Record<string, unknown> = {}) =>
    line({ type: 'user', message: { role: 'user', content, ...unknown('user') }, ...more });
  const assistant = (block: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    line({
      type: 'assistant',
      message: {
        id: `canary-message-${second}`,
        role: 'assistant',
        model: 'canary-model',
        content: [{ ...block, ...unknown('block') }],
        stop_reason: 'canary-stop',
        usage: { input_tokens: 3, service_tier: 'canary-usage' },
      },
      ...more,
    });
  const base64 = { type: 'base64', media_type: 'image/png', data: pixel.toString('base64') };
  return [
    JSON.stringify({
      type: 'file-history-snapshot',
      messageId: 'x',
      snapshot: { trackedFileBackups: { 'canary-backup': 1 } },
    }),
    JSON.stringify({ type: 'summary', summary: 'canary-title-of-another-session', leafUuid: 'elsewhere' }),
    JSON.stringify({
      type: 'bridge-session',
      accountUuid: 'canary-account',
      organizationUuid: 'canary-organization',
    }),
    JSON.stringify({ type: 'queue-operation', operation: 'enqueue', content: 'canary-queue' }),
    JSON.stringify({ type: 'last-prompt', prompt: 'canary-last-prompt' }),
    JSON.stringify({ type: 'canary-record-type', secret: 'canary-record' }),
    user('canary-meta', { isMeta: true }),
    user('<command-name>/model</command-name><command-message>canary-command</command-message>'),
    user('<local-command-stdout>canary-stdout</local-command-stdout>'),
    user([
      {
        type: 'text',
        text: `public-session-question in ${cwd}\n<system-reminder>canary-reminder</system-reminder>`,
      },
      { type: 'text', text: '<ide_opened_file>canary-ide</ide_opened_file>' },
      { type: 'image', source: base64, ...unknown('image') },
    ]),
    line({
      type: 'attachment',
      attachment: { type: 'hook_success', command: 'canary-hook', content: 'canary-hook-output' },
    }),
    line({
      type: 'attachment',
      attachment: { type: 'nested_memory', path: 'canary-memory', content: 'canary-memory-text' },
    }),
    line({
      type: 'attachment',
      attachment: { type: 'queued_command', prompt: 'canary-notice', commandMode: 'task-notification' },
    }),
    line({ type: 'progress', data: { type: 'hook_progress', command: 'canary-progress' } }),
    line({ type: 'system', subtype: 'informational', content: 'canary-system-notice' }),
    assistant({ type: 'thinking', thinking: 'canary-thinking', signature: 'canary-signature' }),
    assistant({ type: 'redacted_thinking', data: 'canary-redacted' }),
    assistant({ type: 'text', text: `public-session-answer about ${cwd}/cart.ts` }),
    assistant({ type: 'canary-block-type', text: 'canary-block-text' }),
    assistant({
      type: 'tool_use',
      id: 'canary-tool-id',
      name: 'Read',
      input: { file_path: `${cwd}/public-input.ts` },
    }),
    user(
      [
        {
          type: 'tool_result',
          tool_use_id: 'canary-tool-id',
          content: `public-result in ${cwd}\n<system-reminder>\ncanary-reminder-result\n</system-reminder>`,
        },
      ],
      {
        toolUseResult: {
          stdout: 'canary-tool-use-result',
          file: { filePath: 'canary-file-path', content: 'canary-file' },
        },
      },
    ),
    assistant({ type: 'text', text: 'canary-api-error' }, { isApiErrorMessage: true }),
    line({
      type: 'system',
      subtype: 'compact_boundary',
      content: 'canary-boundary',
      compactMetadata: { trigger: 'canary-trigger' },
    }),
    user('canary-compaction', { isCompactSummary: true, isVisibleInTranscriptOnly: true }),
    assistant({ type: 'text', text: 'public-session-end' }),
    // Last, where the current branch would end if sub-agents were taken for the person and the assistant.
    user('canary-sub-agent', { isSidechain: true }),
    assistant({ type: 'text', text: 'canary-sub-agent-answer' }, { isSidechain: true }),
  ]
    .map((text) => `${text}\n`)
    .join('');
}

/** Nobody gave this session a title and no person spoke: nothing but its file name could name it. */
function namelessSession(): string {
  const message = { role: 'assistant', content: [{ type: 'text', text: 'public-nameless-answer' }] };
  return `${JSON.stringify({ type: 'assistant', uuid: 'canary-uuid', parentUuid: null, sessionId: 'canary-session-id', cwd, message })}\n`;
}

const expected = [
  ...['public-title', 'public-type', 'public-question', 'public-answer', 'public-tool', 'public-alt'],
  ...['public-pixel.png', 'public-file.csv', 'public-bytes', 'public-description'],
  ...['public-second-title', 'public-second-question', 'public-note', 'public-note-bytes'],
  ...[
    'public-session-question',
    'public-session-answer',
    'public-input.ts',
    'public-result',
    'public-session-end',
  ],
  'public-nameless-answer',
  ...['public-task', 'public-agent', 'public-agent-task', 'public-inner-task', 'public-inner-result'],
  ...['public-inner-question', 'public-source', 'public-page'],
];

let data: DataFolder;
let service: Service;
let site: string;
let links: string[];

beforeAll(async () => {
  const port = await freePort();
  site = `http://127.0.0.1:${port}`;
  data = aDataFolder(site);
  data.write('canary-folder', native, nativeFiles);
  data.write('canary-folder-unlisted', unlisted, unlistedFiles);
  const projects = join(data.paths.data, 'projects', '-home-canary-home-shop');
  mkdirSync(projects, { recursive: true });
  const sessions = ['canary-session-file.jsonl', 'canary-nameless-file.jsonl'].map((name) =>
    join(projects, name),
  );
  writeFileSync(sessions[0] ?? '', session());
  writeFileSync(sessions[1] ?? '', namelessSession());

  const env = { SHARE_DATA: data.paths.data, SHARE_SITE: site, SHARE_OWNER: 'canary-owner-id' };
  const created = await share(['create', 'canary-folder', 'canary-folder-unlisted', ...sessions], { env });
  if (created.code !== 0) throw new Error(created.stderr);
  links = created.stdout.trim().split('\n');
  service = await startService(['serve', '--port', String(port)], /Serving/, { env });
});

afterAll(async () => {
  await service.stop();
  data.remove();
});

describe.each(['canary-folder', 'canary-folder-unlisted', 'canary-session-file.jsonl'])(
  'an export of %s',
  (name) => {
    const run = async (...args: string[]) => {
      const path = name.endsWith('.jsonl')
        ? join(data.paths.data, 'projects', '-home-canary-home-shop', name)
        : name;
      const env = { SHARE_DATA: data.paths.data, SHARE_SITE: site, SHARE_OWNER: 'canary-owner-id' };
      const { code, stdout } = await share(['export', path, ...args], { env });
      expect(code).toBe(0);
      expect(stdout).toContain('public-');
      return stdout;
    };

    test.each(['json', 'csv', 'markdown', 'html'])(
      'holds nothing private as %s for everybody',
      async (format) => {
        expect((await run('--public', '--format', format)).match(canary)).toBeNull();
      },
    );

    test.each(['markdown', 'html'])('holds nothing private but thinking as %s', async (format) => {
      const found = (await run('--format', format)).match(canary) ?? [];
      expect(found.filter((word) => !/^canary-(?:agent-)?thinking/.test(word))).toEqual([]);
    });
  },
);

/** What is told to nobody: whatever begins with `canary-`, and where the data folder is. */
function leaksIn(text: string): string[] {
  const place = text.includes(basename(data.paths.data)) ? ['the path of the data folder'] : [];
  return [...new Set(text.match(canary)), ...place];
}

describe('nothing private is published', () => {
  test('four links are shared, and none of them says what it leads to', () => {
    expect(links).toHaveLength(4);
    expect(links.flatMap(leaksIn)).toEqual([]);
  });

  test('not in any name or byte of the output', () => {
    const files = everyFile(data.paths.output);
    const whole = [...files].map(([path, bytes]) => `${path}\n${latin1(bytes)}`);
    expect(
      [...files].flatMap(([path, bytes]) =>
        leaksIn(`${path}\n${latin1(bytes)}`).map((leak) => `${path}: ${leak}`),
      ),
    ).toEqual([]);
    expect(expected.filter((word) => !whole.some((text) => text.includes(word)))).toEqual([]);
    // The home folder and the owner were there, and something stands in their place.
    expect(whole.some((text) => text.includes('~/app'))).toBe(true);
    expect(whole.some((text) => text.includes('[owner]'))).toBe(true);
    expect(whole.some((text) => text.includes('[e-mail]'))).toBe(true);
  });

  test('not in any name or byte inside a ZIP', () => {
    const zips = [...everyFile(data.paths.output)].filter(([path]) => path.endsWith('.zip'));
    const entries = zips.flatMap(([, bytes]) => [...everyEntry(bytes)]);
    expect(entries.map(([name]) => name).sort()).toEqual([
      'image-1.png',
      'notes/public-note of [owner].txt',
      'public-file.csv',
      'public-pixel.png',
    ]);
    expect(entries.flatMap(([name, bytes]) => leaksIn(`${name}\n${latin1(bytes)}`))).toEqual([]);
    expect(entries.some(([, bytes]) => latin1(bytes).includes('public-note-bytes'))).toBe(true);
  });

  test('not in any header or body that the server sends', async () => {
    const published = [...everyFile(data.paths.output).keys()].filter((path) => path.startsWith('share/'));
    const files = published.map((path) => `${site}/${path.split('/').map(encodeURIComponent).join('/')}`);
    const beside = [
      '/',
      '/robots.txt',
      '/404.html',
      '/_headers',
      '/share/',
      '/registry.sqlite',
      '/.conversation-share',
    ];
    const pages = links.flatMap((link) => [link, `${link}/`, `${link}/conversation.json`, `${link}/nothing`]);
    const urls = [...pages, ...files, ...beside.map((path) => site + path)];
    const requests = [
      {},
      { method: 'HEAD' },
      { headers: { range: 'bytes=0-99' } },
      { headers: { 'accept-encoding': 'identity' } },
    ];
    const answers: string[] = [];
    for (const url of urls)
      for (const request of requests) {
        const response = await fetch(url, request);
        const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
        const answer = `${headers}\n${latin1(new Uint8Array(await response.arrayBuffer()))}`;
        expect(leaksIn(answer), `${url} ${JSON.stringify(request)}`).toEqual([]);
        answers.push(answer);
      }
    expect(expected.filter((word) => !answers.some((text) => text.includes(word)))).toEqual([]);
  });

  test('the log of the server holds no private word and no whole link', async () => {
    const path = data.write('canary-folder', { ...native, title: 'public-edited-title' }, nativeFiles);
    const said = () => service.said();
    await expect.poll(said, { timeout: 5_000 }).toContain('canary-folder: published');
    writeFileSync(path, '{"canary-broken": canary-nonsense');
    await expect.poll(said, { timeout: 5_000 }).toContain('conversation.json: ');
    for (const link of links) expect(said()).not.toContain(link.slice(-26));
    // The owner's own folders are named, since a log that names none helps nobody.
    const own = [data.paths.data, 'canary-folder-unlisted', 'canary-folder', dirname(path)];
    const rest = own.reduce((text, name) => text.replaceAll(name, ''), said());
    expect(leaksIn(rest)).toEqual([]);
  });
});

test('with --links the server does say them', async () => {
  const env = { SHARE_DATA: data.paths.data, SHARE_SITE: site, SHARE_OWNER: 'canary-owner-id' };
  const told = await startService(
    ['serve', '--port', '0', '--no-watch', '--links'],
    /share\/[^]*share\/[^]*share\/[^]*share\//,
    { env },
  );
  for (const link of links) expect(told.said()).toContain(link);
  await told.stop();
});
