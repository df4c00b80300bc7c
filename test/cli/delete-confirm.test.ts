import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { confirmGone } from '../../cli/commands/delete.ts';
import { ShareError } from '../../src/errors.ts';
import { startServer, type Server } from '../../src/serve/server.ts';
import { untilGone } from '../../src/verify/until-gone.ts';
import { share } from '../support/cli.ts';
import { aDataFolder, type DataFolder } from '../support/data-folder.ts';

let data: DataFolder;
let server: Server | undefined;

beforeEach(() => {
  data = aDataFolder();
  data.write('talk', undefined, { 'a b.csv': '1\n' });
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  data.remove();
});

const serve = async (folder: string): Promise<Server> =>
  (server = await startServer({ folder, host: '127.0.0.1', port: 0 }));

const run = (args: string[], site: string) =>
  share(args, { env: { SHARE_DATA: data.paths.data, SHARE_SITE: site } });

test('a delete is confirmed once the host answers 404 for the page and every file', async () => {
  const { url } = await serve(data.paths.output);
  await run(['create', 'talk'], url);
  const { code, stderr } = await run(['delete', 'talk', '--yes', '--confirm'], url);
  expect([code, stderr]).toEqual([0, expect.stringContaining('answers 404 for all of it')]);
});

test('a host that gets its copy late is asked again until it has it', async () => {
  const copy = join(data.paths.data, 'uploaded');
  const { url } = await serve(copy);
  await run(['create', 'talk'], url);
  cpSync(data.paths.output, copy, { recursive: true });
  const deleting = run(['delete', 'talk', '--yes', '--confirm', '--json'], url);
  await sleep(1_500);
  rmSync(join(copy, 'share'), { recursive: true });
  const { code, stdout } = await deleting;
  expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ state: 'revoked' })]);
});

const statuses = (...answers: number[]) => {
  const left = [...answers];
  return () => {
    const status = left.shift();
    return Promise.resolve(
      status === undefined ? undefined : { status, headers: new Headers(), body: Buffer.alloc(0) },
    );
  };
};

test.each([
  ['all gone at once', [404, 410], [1, 1], undefined],
  ['the first is late', [200, 503, 404, 404], [1, 1], undefined],
  ['one that stays', [404, 200, 200, 200], [1, 1], { address: 'b', status: 200 }],
  ['no answer', [], [1], { address: 'a', status: undefined }],
  ['a redirect is not gone', [301, 301], [1], { address: 'a', status: 301 }],
] as const)('asks until all is gone, or time is up: %s', async (_name, answers, waits, expected) => {
  expect(await untilGone(['a', 'b'], statuses(...answers), waits)).toEqual(expected);
});

test('a host that goes on showing it makes the exit code 6, and says nothing that gives the link away', async () => {
  const { url } = await serve(data.paths.output);
  const { stdout } = await run(['create', 'talk'], url);
  const link = stdout.trim();
  const failure = await confirmGone({ title: 'A small talk' }, [link], [10]).catch((error: unknown) => error);
  if (!(failure instanceof ShareError)) throw failure;
  expect(failure).toMatchObject({ code: 'still_live', exitCode: 6 });
  expect(failure.message).toContain('still answers 200');
  expect(failure.message + (failure.hint ?? '')).not.toContain(link.slice(-26));
  await server?.close();
  const silent = await confirmGone({ title: 'A small talk' }, [link], [10]).catch((error: unknown) => error);
  expect(silent).toMatchObject({
    code: 'still_live',
    message: expect.stringContaining('does not answer') as string,
  });
});
