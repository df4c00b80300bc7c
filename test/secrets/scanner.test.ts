import { expect, test, vi } from 'vitest';
import { createScanner, type ScanMemory } from '../../src/secrets/scanner.ts';
import * as scan from '../../src/secrets/scan.ts';
import { plantedSecrets } from '../support/secrets.ts';

const secret = plantedSecrets[0]?.text ?? '';

function aMemory(): ScanMemory & { stored: Map<string, Uint8Array> } {
  const stored = new Map<string, Uint8Array>();
  return {
    stored,
    scanned: (conversation, version) => stored.get(`${conversation} ${version}`),
    setScanned: (conversation, version, digests) => void stored.set(`${conversation} ${version}`, digests),
  };
}

/** The texts that a call of `act` read. */
async function readBy(act: () => Promise<unknown>): Promise<string[]> {
  const spy = vi.spyOn(scan, 'scanTexts');
  await act();
  const texts = spy.mock.calls.flatMap(([given]) => given);
  spy.mockRestore();
  return texts;
}

vi.mock('../../src/secrets/scan.ts', { spy: true });

test('a text that was clean is not read again, by this scanner or by the next', async () => {
  const memory = aMemory();
  const scanner = createScanner(memory);
  expect(await readBy(() => scanner.scan('talk', ['one', 'two']))).toEqual(['one', 'two']);
  expect(await readBy(() => scanner.scan('talk', ['one', 'two', 'three']))).toEqual(['three']);
  const next = createScanner(memory);
  expect(await readBy(() => next.scan('talk', ['one', 'two', 'three', 'four']))).toEqual(['four']);
  expect(await readBy(() => next.scan('another', ['one']))).toEqual(['one']);
});

test('a secret is found every time', async () => {
  const scanner = createScanner(aMemory());
  for (let time = 0; time < 3; time += 1) {
    const [clean, found] = await scanner.scan('talk', ['one', `It is ${secret}.`]);
    expect(clean).toEqual([]);
    expect(found).toHaveLength(1);
  }
});

test('what is not said any more is forgotten', async () => {
  const memory = aMemory();
  const scanner = createScanner(memory);
  await scanner.scan(
    'talk',
    Array.from({ length: 100 }, (_, index) => `text ${index}`),
  );
  await scanner.scan('talk', ['text 7', 'new']);
  expect([...memory.stored.values()][0]).toHaveLength(32);
});
