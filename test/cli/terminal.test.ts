import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { share } from '../support/cli.ts';
import { aConversation, aDataFolder, type DataFolder } from '../support/data-folder.ts';
import { aClaudeConversation } from '../support/exports.ts';
import { keys, openTerminal, script } from '../support/terminal.ts';

let data: DataFolder;
let home: string;
let env: Record<string, string | undefined>;

beforeEach(() => {
  data = aDataFolder();
  home = join(data.paths.data, 'home');
  env = {
    SHARE_DATA: data.paths.data,
    HOME: home,
    NO_COLOR: '1',
    CLAUDE_CONFIG_DIR: undefined,
    CODEX_HOME: undefined,
    XDG_DATA_HOME: undefined,
  };
});

afterEach(() => data.remove());

function aSession(name: string, content: string): string {
  const folder = join(home, '.claude', 'projects', 'p');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.jsonl`);
  const record = { type: 'user', uuid: name, parentUuid: null, sessionId: name, cwd: '/home/mira/app' };
  writeFileSync(path, `${JSON.stringify({ ...record, message: { role: 'user', content } })}\n`);
  return path;
}

/** An export with a conversation of each title, the first one the oldest. */
function anExport(...titles: string[]): string {
  const path = join(data.paths.data, 'conversations.json');
  writeFileSync(path, JSON.stringify(titles.map((title, index) => aClaudeConversation(index + 1, title))));
  return path;
}

const inLibrary = () =>
  readdirSync(data.paths.library)
    .map((name) => name.replace(/-[0-9a-f]+$/, ''))
    .sort();

describe.skipIf(script === undefined)('on a terminal (needs `script` of util-linux)', () => {
  test('the menu finds the sessions on this machine, and shares the one that is chosen', async () => {
    aSession('one', 'Mend the gate');
    const path = aSession('two', 'Paint the boat');
    data.write('talk');
    const terminal = openTerminal([], { env });
    await terminal.see(/A session of a coding agent[^]*└/);
    terminal.press(keys.up, keys.enter);
    expect(await terminal.see(/Which session[^]*Mend the gate/)).toContain('Paint the boat');
    terminal.press('boat');
    await terminal.see('1 match');
    terminal.press(keys.enter);
    await terminal.see(/Not shared\.[^]*Create link[^]*└/);
    expect(inLibrary()).toEqual(['talk']);
    terminal.press(keys.enter);
    await terminal.see(/Shared at[^]*Copy link[^]*└/);
    terminal.press(keys.ctrlC);
    await terminal.see(/Which conversation\?[^]*└/);
    terminal.press(keys.ctrlC);
    expect((await terminal.end()).code).toBe(0);
    const { stdout } = await share(['status', path, '--json'], { env });
    expect(JSON.parse(stdout)).toMatchObject({ title: 'Paint the boat', state: 'shared' });
  });

  test('a session that one goes back from is not taken into the library, and one that is shared says so', async () => {
    const path = aSession('one', 'Mend the gate');
    const choose = async (until: RegExp) => {
      const terminal = openTerminal([], { env });
      await terminal.see(/A session of a coding agent[^]*└/);
      terminal.press(keys.up, keys.enter);
      const list = await terminal.see(/Which session[^]*Mend the gate[^]*└/);
      terminal.press(keys.enter);
      await terminal.see(until);
      terminal.press(keys.ctrlC);
      await terminal.see(/Which conversation\?[^]*└/);
      terminal.press(keys.ctrlC);
      await terminal.end();
      return list;
    };
    expect(await choose(/Not shared[^]*Back[^]*└/)).not.toContain('· shared');
    expect(inLibrary()).toEqual([]);
    await share(['create', path], { env });
    expect(await choose(/Shared at[^]*Back[^]*└/)).toContain('· shared');
  });

  test('the menu says of every conversation whether it is shared, also of those that are not chosen', async () => {
    for (const title of ['The boat', 'The garden', 'The gate'])
      data.write(title.replace('The ', ''), aConversation({ title }));
    for (const name of ['boat', 'gate']) await share(['create', name], { env });
    const terminal = openTerminal([], { env });
    const list = await terminal.see(/Which conversation[^]*A session of a coding agent[^]*└/);
    for (const title of ['The boat · shared', 'The garden', 'The gate · shared'])
      expect(list).toMatch(new RegExp(`${title} *(?:\\([^)]*\\))?\\r?\\n`));
    terminal.press(keys.ctrlC);
    expect((await terminal.end()).code).toBe(0);
  });

  test('the menu says where there is no session', async () => {
    const terminal = openTerminal([], { env });
    await terminal.see(/A session of a coding agent[^]*└/);
    terminal.press(keys.enter);
    await terminal.see(/No session of[^]*Which conversation[^]*└/);
    terminal.press(keys.ctrlC);
    expect((await terminal.end()).code).toBe(0);
  });

  test('import asks which of many, by words, and takes those alone', async () => {
    const path = anExport('The gate', 'The boat', 'The garden');
    const terminal = openTerminal(['import', path], { env });
    const list = await terminal.see(/Which of 3 conversations[^]*The gate[^]*└/);
    expect(list.indexOf('The garden')).toBeLessThan(list.indexOf('The gate'));
    terminal.press('boat');
    await terminal.see('1 match');
    terminal.press(keys.tab);
    await terminal.see('◼ 2026-03-02  The boat');
    terminal.press(keys.enter);
    const { code, text } = await terminal.end();
    expect([code, inLibrary()]).toEqual([0, ['the-boat']]);
    expect(text).toContain('2 passed over');
  });

  test('import again ticks the copies that the export brings up to date', async () => {
    await share(['import', anExport('The gate', 'The boat')], { env });
    const path = anExport('The gate', 'The boat', 'The garden');
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('About The gate', 'More about it'));
    const terminal = openTerminal(['import', path], { env });
    expect(await terminal.see(/Which of 3[^]*The gate[^]*└/)).toMatch(/◼ 2026-03-01 {2}The gate/);
    terminal.press(keys.enter);
    const { code, text } = await terminal.end();
    expect([code, inLibrary()]).toEqual([0, ['the-boat', 'the-gate']]);
    expect(text).toContain('1 updated');
  });

  test('import imports nothing when the person gives up', async () => {
    const terminal = openTerminal(['import', anExport('The gate', 'The boat')], { env });
    await terminal.see(/Which of 2[^]*└/);
    terminal.press(keys.ctrlC);
    expect((await terminal.end()).code).toBe(130);
    expect(inLibrary()).toEqual([]);
  });

  test.each([['--all'], ['--title', 'the'], ['--since', '2026-01-01'], ['--dry-run'], ['--json']])(
    'import does not ask with %s',
    async (...options) => {
      const terminal = openTerminal(['import', anExport('The gate', 'The boat'), ...options], { env });
      const { code, text } = await terminal.end();
      expect(code).toBe(0);
      expect(text).not.toContain('Which of');
    },
  );

  test('import does not ask where there is no choice', async () => {
    const { code } = await openTerminal(['import', anExport('The gate')], { env }).end();
    expect([code, inLibrary()]).toEqual([0, ['the-gate']]);
  });
});

test('without a terminal import never asks, and the menu is no more than help', async () => {
  const { code, stderr } = await share(['import', anExport('The gate', 'The boat')], { env });
  expect([code, inLibrary()]).toEqual([0, ['the-boat', 'the-gate']]);
  expect(stderr).not.toContain('Which of');
  expect(existsSync(join(data.paths.data, 'site', 'share'))).toBe(false);
  expect((await share([], { env })).code).toBe(2);
});
