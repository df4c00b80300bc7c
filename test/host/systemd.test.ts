import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toUnits } from '../../src/host/systemd.ts';
import { toSiteUrl } from '../../src/urls.ts';
import { share } from '../support/cli.ts';
import { findProgram } from '../support/programs.ts';

const service = {
  command: ['/usr/bin/env', '/opt/share/cli/share.js'],
  user: 'nobody',
  owner: '50%"mira"$HOME',
  site: toSiteUrl('https://share.example.org'),
  data: '/srv/share data',
  library: '/home/mira/talks',
  output: '/srv/www/site',
};

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'share-units-'));
  for (const [name, unit] of toUnits(service)) writeFileSync(join(folder, name), unit);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const names = ['conversation-share-serve.service', 'conversation-share-watch.service'];

test('the units start share serve and share watch with the settings, and write to no other folder', () => {
  const [serve = '', watch = ''] = names.map((name) => readFileSync(join(folder, name), 'utf8'));
  expect(serve).toContain('ExecStart="/usr/bin/env" "/opt/share/cli/share.js" serve --no-watch');
  expect(watch).toContain('ExecStart="/usr/bin/env" "/opt/share/cli/share.js" watch');
  for (const unit of [serve, watch]) {
    expect(unit).toContain('Environment="SHARE_DATA=/srv/share data"');
    expect(unit).toContain('Environment="SHARE_SITE=https://share.example.org"');
    expect(unit).toContain(String.raw`Environment="SHARE_OWNER=50%%\"mira\"$HOME"`);
    expect(unit).toContain('ReadWritePaths="/srv/share data" "/srv/www"');
  }
});

test('a path that could mean something else in a unit is refused', () => {
  for (const data of ['/srv/%h', '/srv/a"b', '/srv/a\nExecStart=/bin/sh'])
    expect(() => toUnits({ ...service, data })).toThrow(/cannot be written/);
});

describe.skipIf(findProgram('systemd-analyze') === undefined)('systemd (needs systemd-analyze)', () => {
  test.each(names)('finds nothing wrong with %s', (name) => {
    execFileSync('systemd-analyze', ['verify', join(folder, name)], { stdio: 'pipe' });
  });

  test.each(names)('finds little exposed by %s', (name) => {
    // 10 is everything; 2 is what systemd calls OK, and its own services of this kind are about there.
    execFileSync(
      'systemd-analyze',
      ['security', '--offline=true', '--threshold=20', '--no-pager', join(folder, name)],
      {
        stdio: 'pipe',
      },
    );
  });
});

test('share host systemd prints both, or writes them into a folder', async () => {
  const env = { SHARE_DATA: join(folder, 'data'), SHARE_SITE: 'https://a.example.org' };
  const printed = await share(['host', 'systemd'], { env });
  expect(printed.code).toBe(0);
  for (const name of names) expect(printed.stdout).toContain(`# /etc/systemd/system/${name}\n[Unit]`);
  expect(printed.stdout).toContain(`cli/share.js" watch`);
  const written = await share(['host', 'systemd', '--out', folder], { env });
  expect([written.code, written.stdout]).toEqual([0, '']);
  expect(readFileSync(join(folder, names[1] ?? ''), 'utf8')).toContain('SHARE_SITE=https://a.example.org');
});
