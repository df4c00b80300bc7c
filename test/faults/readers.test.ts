import { expect, test } from 'vitest';
import { runReaders } from './readers.ts';

test('readers of a site that is published and revoked all the time: never torn, missing or live too long', async () => {
  const readings = await runReaders(6_000);
  expect(readings).toMatchObject({ torn: 0, missing: 0, liveAfterRevoke: 0, complaints: [] });
  // The race was one.
  for (const count of ['pages', 'files', 'gone', 'publications', 'revocations'] as const)
    expect(readings[count], count).toBeGreaterThan(0);
}, 120_000);
