import { expect, test } from 'vitest';
import { runGrid, type Result } from './grid.ts';

test('whatever fails at whatever step, nothing private is live and the next sync puts all in order', async () => {
  const results: Result[] = [];
  await runGrid(false, (result) => results.push(result));
  const failed = results.filter(({ complaints }) => complaints.length > 0);
  expect(failed).toEqual([]);
  // That the points are passed at all.
  expect([...new Set(results.map(({ step }) => step.split(':')[0]))].sort()).toEqual(
    ['commit', 'create', 'import', 'migrate', 'publish', 'remove', 'revoke', 'site', 'start'].concat(
      'sync',
      'trash',
      'withdraw',
    ),
  );
  expect(new Set(results.map(({ kind }) => kind)).size).toBe(4);
}, 300_000);
