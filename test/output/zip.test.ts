import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { zipPaths } from '../../src/output/names.ts';
import { writeZip, zipKey, type ZipEntry } from '../../src/output/zip.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'share-zip-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = promisify(execFile);
const wholeBytes = 4 * 1024 * 1024;
const bigList = process.env['CORPORA_DIR'] && join(process.env['CORPORA_DIR'], 'blns.json');
const modulePath = join(import.meta.dirname, '../../src/output/zip.ts');

function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `${name} --version || ${name} -v`], { stdio: 'ignore' }).status === 0;
}

let count = 0;
function anEntry(name: string, bytes: string | Uint8Array, compressible = true): ZipEntry {
  const path = join(folder, `source-${(count += 1)}`);
  writeFileSync(path, bytes);
  return { name, path, sizeBytes: Buffer.byteLength(bytes), compressible };
}

function asFile(entries: readonly ZipEntry[]): string {
  return anEntry('entries.json', JSON.stringify(entries)).path;
}

/** Bytes that do not compress, the same in every run. */
function noise(size: number): Buffer {
  let state = 1;
  return Buffer.from(
    Uint8Array.from({ length: size }, () => (state = (state * 48_271) % 2_147_483_647) & 0xff),
  );
}

function aMixture(): ZipEntry[] {
  return [
    anEntry('src/app.ts', 'export const x = 1;\n'.repeat(500)),
    anEntry('a.txt', 'hello'),
    anEntry('empty.csv', ''),
    anEntry('表/売上.csv', 'é,ü\n'),
    anEntry('chart.png', noise(10_000), false),
    anEntry('large.txt', 'line of text\n'.repeat(500_000)),
    anEntry('large.bin', noise(wholeBytes + 1), false),
  ];
}

/** What Python reads: name → sha256 of the bytes, and the facts of each entry. */
const readWithPython = `
import hashlib, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    print(json.dumps([[i.filename, z.read(i).hex() if i.file_size < 100 else i.file_size, i.compress_type,
                       list(i.date_time), i.external_attr >> 16, i.flag_bits] for i in z.infolist()]))
`;
type Read = [
  name: string,
  content: string | number,
  method: number,
  date: number[],
  mode: number,
  flags: number,
];
const readZip = (path: string) =>
  JSON.parse(execFileSync('python3', ['-c', readWithPython, path]).toString()) as Read[];

describe('writeZip', () => {
  test('gives the same bytes in any time zone, locale and order', async () => {
    const entries = aMixture();
    const script = `
      const { readFileSync } = await import('node:fs');
      const { writeZip } = await import(process.argv[1]);
      await writeZip(process.argv[2], JSON.parse(readFileSync(process.argv[3])));
    `;
    const made = await Promise.all(
      [
        { TZ: 'Asia/Tokyo', LC_ALL: 'C', entries },
        { TZ: 'America/New_York', LC_ALL: 'de_DE.UTF-8', entries: entries.toReversed() },
        { TZ: 'UTC', LC_ALL: 'sv_SE.UTF-8', entries: entries.toSorted((a, b) => a.sizeBytes - b.sizeBytes) },
      ].map(async ({ entries, ...env }, index) => {
        const target = join(folder, `${index}.zip`);
        const args = ['--input-type=module', '-e', script, modulePath, target, asFile(entries)];
        await run(process.execPath, args, { env: { ...process.env, ...env } });
        return readFileSync(target);
      }),
    );
    expect(made[0]?.length).toBeGreaterThan(wholeBytes);
    expect(made.every((bytes) => bytes.equals(made[0] ?? Buffer.alloc(0)))).toBe(true);
  });

  test('says how large it is', async () => {
    const target = join(folder, 'a.zip');
    const { sizeBytes } = await writeZip(target, aMixture());
    expect(readFileSync(target).length).toBe(sizeBytes);
  });

  test.skipIf(!hasProgram('python3'))(
    'keeps names, bytes, one date, one mode; sorted (needs python3)',
    async () => {
      const target = join(folder, 'a.zip');
      await writeZip(target, aMixture());
      const read = readZip(target);
      const names = [
        'a.txt',
        'chart.png',
        'empty.csv',
        'large.bin',
        'large.txt',
        'src/app.ts',
        '表/売上.csv',
      ];
      expect(read.map(([name]) => name)).toEqual(names);
      for (const [name, , method, date, mode, flags] of read) {
        expect(date).toEqual([1980, 1, 1, 0, 0, 0]);
        expect(mode).toBe(0o100644);
        expect(method === 0).toBe(['chart.png', 'large.bin', 'empty.csv'].includes(name));
        // Sizes stand before the bytes of what is stored and small (bit 3 says that they follow).
        if (name === 'chart.png') expect(flags & 0x8).toBe(0);
        expect((flags & 0x800) !== 0).toBe(name.startsWith('表'));
      }
      expect(read[0]?.[1]).toBe(Buffer.from('hello').toString('hex'));
      expect(read[6]?.[1]).toBe(Buffer.from('é,ü\n').toString('hex'));
    },
  );

  test.skipIf(!hasProgram('unzip'))('passes the test of unzip (needs unzip)', async () => {
    const target = join(folder, 'a.zip');
    await writeZip(target, aMixture());
    expect((await run('unzip', ['-t', target])).stdout).toContain('No errors detected');
  });

  test.skipIf(!hasProgram('bsdtar'))(
    'can be read as it arrives, stored entries too (needs bsdtar)',
    async () => {
      const target = join(folder, 'a.zip');
      await writeZip(
        target,
        aMixture().filter((entry) => entry.name !== 'large.bin'),
      );
      const extracted = join(folder, 'extracted');
      mkdirSync(extracted);
      execFileSync('bsdtar', ['-x', '-f', '-', '-C', extracted], { input: readFileSync(target) });
      expect(readFileSync(join(extracted, 'chart.png')).equals(noise(10_000))).toBe(true);
      expect(readFileSync(join(extracted, 'a.txt'), 'utf8')).toBe('hello');
    },
  );

  test.skipIf(!bigList || !hasProgram('unzip') || !hasProgram('python3'))(
    'extracts the big list of naughty strings as names (needs CORPORA_DIR, unzip, python3)',
    async () => {
      const strings = JSON.parse(readFileSync(bigList ?? '', 'utf8')) as string[];
      const names = zipPaths(strings);
      const target = join(folder, 'names.zip');
      await writeZip(
        target,
        names.map((name, index) => anEntry(name, String(index))),
      );
      expect(readZip(target).map(([name]) => name)).toEqual(names.toSorted((a, b) => (a < b ? -1 : 1)));
      const extracted = join(folder, 'extracted');
      execFileSync('unzip', ['-q', target, '-d', extracted], { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
      names.forEach((name, index) => {
        expect(readFileSync(join(extracted, name), 'utf8')).toBe(String(index));
      });
    },
  );

  test('makes a ZIP of nothing', async () => {
    const target = join(folder, 'a.zip');
    expect(await writeZip(target, [])).toEqual({ sizeBytes: 22 });
  });

  test('keeps memory bounded with a file of 200 MB', async () => {
    const path = join(folder, 'sparse');
    writeFileSync(path, '');
    truncateSync(path, 200_000_000);
    const script = `
      const { writeZip } = await import(process.argv[1]);
      const before = process.resourceUsage().maxRSS;
      const entry = { name: 'sparse', path: process.argv[3], sizeBytes: 200_000_000, compressible: false };
      await writeZip(process.argv[2], [entry]);
      console.log(Math.round((process.resourceUsage().maxRSS - before) / 1024));
    `;
    const args = ['--input-type=module', '-e', script, modulePath, join(folder, 'a.zip'), path];
    const { stdout } = await run(process.execPath, args);
    expect(Number(stdout)).toBeLessThan(150);
  });

  test('writes a thousand files with few of them open at a time', async () => {
    const entries = Array.from({ length: 1000 }, (_, index) => anEntry(`${index}.txt`, `file ${index}`));
    const script = `
      const { readFileSync } = await import('node:fs');
      const { writeZip } = await import(process.argv[1]);
      await writeZip(process.argv[2], JSON.parse(readFileSync(process.argv[3])));
    `;
    const args = [
      '-c',
      'ulimit -n 100 && exec "$@"',
      'sh',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ];
    await run('sh', [...args, modulePath, join(folder, 'a.zip'), asFile(entries)]);
    expect(existsSync(join(folder, 'a.zip'))).toBe(true);
  });
});

test('tells how far it is, of every entry', async () => {
  const entries = aMixture();
  let told = 0;
  await writeZip(join(folder, 'a.zip'), entries, (bytes) => (told += bytes));
  expect(told).toBe(entries.reduce((sum, entry) => sum + entry.sizeBytes, 0));
});

describe('writeZip fails, leaves nothing behind and does not hang when', () => {
  async function expectFailure(entries: readonly ZipEntry[], code: string, message: RegExp): Promise<void> {
    const target = join(folder, 'out', 'a.zip');
    mkdirSync(join(folder, 'out'), { recursive: true });
    await expect(writeZip(target, entries)).rejects.toMatchObject({
      name: 'ShareError',
      code,
      message: expect.stringMatching(message) as string,
    });
    expect(readdirSync(join(folder, 'out'))).toEqual([]);
  }

  test.each([
    ['small', 10],
    ['large', wholeBytes + 1],
  ])('a %s source is gone', async (_name, sizeBytes) => {
    const gone = { name: 'gone.txt', path: join(folder, 'gone'), sizeBytes, compressible: true };
    await expectFailure([...aMixture(), gone], 'source_unreadable', /"gone\.txt" cannot be read \(ENOENT\)/);
  });

  test.each([
    ['small', 10],
    ['large', wholeBytes + 1],
  ])('a %s source is a folder', async (_name, sizeBytes) => {
    const path = join(folder, 'folder');
    mkdirSync(path);
    const entry = { name: 'folder.txt', path, sizeBytes, compressible: true };
    await expectFailure([anEntry('a', 'a'), entry, anEntry('z', 'z')], 'source_unreadable', /EISDIR/);
  });

  test.each([
    ['small', 5],
    ['large', wholeBytes + 5],
  ])('a %s source has another size than it had', async (_name, size) => {
    const entry = anEntry('grown.txt', Buffer.alloc(size));
    writeFileSync(entry.path, Buffer.alloc(size + 1));
    await expectFailure([entry, anEntry('z', 'z')], 'source_unreadable', /"grown\.txt" changed/);
  });

  test('the folder is not there', async () => {
    await expect(writeZip(join(folder, 'none', 'a.zip'), [])).rejects.toMatchObject({
      code: 'output_unwritable',
    });
  });

  test('something is there already, which stays', async () => {
    const target = join(folder, 'a.zip');
    writeFileSync(target, 'precious');
    await expect(writeZip(target, [])).rejects.toMatchObject({ code: 'output_unwritable' });
    expect(readFileSync(target, 'utf8')).toBe('precious');
  });

  test.skipIf(!existsSync('/dev/full') || !canMount())('the disk is full (needs mount)', async () => {
    const out = join(folder, 'out');
    mkdirSync(out);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', out]);
    try {
      const entries = [
        anEntry('noise', noise(2_000_000), false),
        anEntry('z.bin', noise(wholeBytes + 1), false),
      ];
      await expectFailure(entries, 'output_unwritable', /The disk that holds .*out is full/);
      await expectFailure(entries.slice(1), 'output_unwritable', /is full/);
    } finally {
      execFileSync('umount', [out]);
    }
  });
});

describe('zipKey', () => {
  const a = { name: 'a', sha256: '11' };
  const b = { name: 'b', sha256: '22' };

  test('is 32 hex digits, whatever the order', () => {
    expect(zipKey([a, b])).toMatch(/^[0-9a-f]{32}$/);
    expect(zipKey([b, a])).toBe(zipKey([a, b]));
  });

  test('changes with a name, a hash, a file more', () => {
    const others = [
      [a],
      [a, { ...b, name: 'c' }],
      [a, { ...b, sha256: '23' }],
      [a, b, { ...b, name: 'c' }],
      [],
    ];
    expect(new Set([[a, b], ...others].map(zipKey)).size).toBe(6);
  });
});

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const probe = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe], { stdio: 'ignore' });
  if (mounted.status === 0) execFileSync('umount', [probe]);
  execFileSync('rmdir', [probe]);
  return mounted.status === 0;
}
