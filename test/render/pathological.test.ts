import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { pathological } from '../support/pathological.ts';

const program = join(import.meta.dirname, '../support/draw-pathological.ts');

interface Drawn {
  name: string;
  ms: number;
  mb: number;
}

async function drawAll(group: string): Promise<Drawn[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, group]);
  return JSON.parse(stdout) as Drawn[];
}

test.each(Object.keys(pathological))(
  'texts made to take long are drawn in less than 1 s and 200 MB each: %s',
  async (group) => {
    const drawn = await drawAll(group);
    expect(drawn.length).toBeGreaterThan(4);
    expect(drawn.filter(({ ms, mb }) => ms >= 1_000 || mb >= 200)).toEqual([]);
  },
  300_000,
);
