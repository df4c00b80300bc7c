import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogFormat } from '../../src/conversation/formats/format.ts';
import { LogFile } from '../../src/conversation/log-file.ts';

/** Keeps what it is given, as a list of [line, word]. */
interface Kept {
  seen: [number, unknown][];
}

let folder: string;
let path: string;
let begun: number;
let log: LogFile;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'log-file-')));
  path = join(folder, 'log.jsonl');
  begun = 0;
  const keeping: LogFormat = {
    kind: 'kept',
    tool: 'Test',
    shape: 'log',
    detect: () => undefined,
    skip: (line) => (line.includes('"skip"') ? 'of no use' : undefined),
    begin() {
      begun += 1;
      const seen: [number, unknown][] = [];
      const reader: Kept & ReturnType<LogFormat['begin']> = {
        seen,
        take: (record, line) => void seen.push([line, record['w']]),
        finish: () => {
          throw new Error('not asked for');
        },
      };
      return reader;
    },
  };
  log = new LogFile(path, keeping);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function words(): Promise<unknown[]> {
  const { reader } = await log.update();
  return (reader as unknown as Kept).seen.map(([, word]) => word);
}

const record = (word: string) => `${JSON.stringify({ w: word })}\n`;

describe('a log that grows', () => {
  test('is read on from where it ended', async () => {
    writeFileSync(path, record('a'));
    expect(await words()).toEqual(['a']);
    appendFileSync(path, record('b') + record('c'));
    expect(await words()).toEqual(['a', 'b', 'c']);
    expect(await words()).toEqual(['a', 'b', 'c']);
    expect(begun).toBe(1);
  });

  test('half a line waits until it is whole', async () => {
    const [half, rest] = [record('bé😀').slice(0, 7), record('bé😀').slice(7)];
    writeFileSync(path, record('a') + half);
    expect(await words()).toEqual(['a']);
    appendFileSync(path, rest);
    expect(await words()).toEqual(['a', 'bé😀']);
    expect((await log.update()).malformedLines).toEqual([]);
  });

  test('half a character at the end waits too', async () => {
    const bytes = Buffer.from(record('é'));
    const middle = bytes.indexOf(0xa9);
    writeFileSync(path, bytes.subarray(0, middle));
    expect(await words()).toEqual([]);
    appendFileSync(path, bytes.subarray(middle));
    expect(await words()).toEqual(['é']);
  });

  test('a last record without an end is taken, once, and its line goes on counting', async () => {
    writeFileSync(path, record('a') + record('b').trimEnd());
    expect(await words()).toEqual(['a', 'b']);
    appendFileSync(path, `\nbroken\n${record('c')}`);
    expect(await words()).toEqual(['a', 'b', 'c']);
    expect((await log.update()).malformedLines).toEqual([3]);
    expect(begun).toBe(1);
  });

  test('counts lines that are no records, and those that the format passes over', async () => {
    writeFileSync(path, `\ufeff${record('a')}[1]\n\n{"skip"}\nno\n`);
    const state = await log.update();
    expect(state.malformedLines).toEqual([2, 5]);
    expect(state.skipped.toLosses().hidden).toEqual({ 'of no use': 1 });
  });
});

describe('a log that is another one now', () => {
  const old = record('a') + record('b');

  test.each([
    ['shorter', () => truncateSync(path, record('a').length), ['a']],
    ['replaced by a rename', () => replace(record('x') + record('y') + record('z')), ['x', 'y', 'z']],
    [
      'emptied and written anew, longer',
      () => writeFileSync(path, record('x').repeat(4)),
      ['x', 'x', 'x', 'x'],
    ],
    ['changed without growing', () => writeFileSync(path, record('a') + record('c')), ['a', 'c']],
  ])('%s: it is read from its beginning', async (_what, change, expected) => {
    writeFileSync(path, old);
    expect(await words()).toEqual(['a', 'b']);
    await new Promise((resolve) => setTimeout(resolve, 20)); // the clock of files ticks every few ms
    change();
    expect(await words()).toEqual(expected);
    expect(begun).toBe(2);
  });

  function replace(text: string): void {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }

  test('gone and back', async () => {
    writeFileSync(path, old);
    await log.update();
    renameSync(path, `${path}.away`);
    await expect(log.update()).rejects.toMatchObject({ code: 'source_missing' });
    renameSync(`${path}.away`, path);
    expect(await words()).toEqual(['a', 'b']);
  });
});

test('two calls at once read each line once', async () => {
  writeFileSync(path, record('a'));
  const [one, other] = await Promise.all([log.update(), log.update()]);
  expect(one).toBe(other);
  expect(await words()).toEqual(['a']);
});

test('a large log is read without more room for young objects than the process has already', () => {
  const record = (index: number) =>
    JSON.stringify({
      type: index % 2 === 0 ? 'user' : 'assistant',
      uuid: `u${index}`,
      parentUuid: index === 0 ? null : `u${index - 1}`,
      sessionId: 's',
      message: {
        role: index % 2 === 0 ? 'user' : 'assistant',
        content: [{ type: 'text', text: `${index} ${'It is mended. '.repeat(140)}` }],
      },
    });
  writeFileSync(path, `${Array.from({ length: 15_000 }, (_, index) => record(index)).join('\n')}\n`);
  const script = fileURLToPath(new URL('../support/read-log.ts', import.meta.url));
  const printed = execFileSync(process.execPath, [script, path], { encoding: 'utf8' });
  const { messages, youngMb } = JSON.parse(printed) as { messages: number; youngMb: number };
  expect(messages).toBe(15_000);
  // 34 after the start; left alone, V8 takes 67.
  expect(youngMb).toBeLessThan(50);
});
