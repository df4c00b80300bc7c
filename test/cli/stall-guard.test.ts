import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';

const program = join(import.meta.dirname, '../support/stall.ts');

function start(...args: string[]) {
  const child = spawn(process.execPath, [program, ...args]);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (more: Buffer) => (said.stdout += more.toString()));
  child.stderr.on('data', (more: Buffer) => (said.stderr += more.toString()));
  const ended = once(child, 'close').then(([code, signal]) => ({
    ...said,
    code: code as unknown,
    signal: signal as unknown,
  }));
  return { child, said, ended };
}

test('what stands still for longer than the limit is ended, and says why and what to do', async () => {
  const { ended } = start('60000');
  const { signal, stdout, stderr } = await ended;
  expect({ signal, stdout }).toEqual({ signal: 'SIGKILL', stdout: 'begun\n' });
  expect(stderr).toContain('takes too long to draw; the limit `seconds` is 1.');
  expect(stderr).toContain('config.json');
});

test('what takes long but pauses, and what stands still for less, goes on to its end', async () => {
  const ends = await Promise.all([start('2500', 'paused').ended, start('300').ended]);
  for (const { code, stdout, stderr } of ends)
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'begun\ndone\n', stderr: '' });
});

test('a process that was stopped, as by Ctrl-Z, goes on', async () => {
  const { child, said, ended } = start('1500', 'paused');
  while (said.stdout === '') await sleep(20);
  child.kill('SIGSTOP');
  await sleep(3_000);
  child.kill('SIGCONT');
  expect(await ended).toMatchObject({ code: 0, stdout: 'begun\ndone\n', stderr: '' });
});
