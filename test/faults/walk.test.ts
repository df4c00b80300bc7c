import { expect, test } from 'vitest';
import { runWalk } from './walk.ts';

test('four processes that do anything at any time, and are killed: model and reality agree', async () => {
  const seed = Number(process.env['FAULTS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`FAULTS_SEED=${seed}`);
  const walked = await runWalk(seed, 300);
  expect(walked).toMatchObject({ seed, complaints: [] });
  expect(walked.operations).toBeGreaterThan(150);
  expect(walked.shares).toBeGreaterThan(0);
}, 300_000);
