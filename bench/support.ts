import { usualChoice } from '../src/snapshot/privacy.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { ShareId } from '../src/urls.ts';
import { aDataFolder, type DataFolder } from '../test/support/data-folder.ts';

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Milliseconds that `action` takes. */
export async function time(action: () => unknown): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

const litter: { remove(): void }[] = [];
process.once('exit', () => litter.forEach((each) => each.remove()));

/**
 * Removes it when all is measured. ext4 passes over inodes that were freed in the last minutes, so that after a large
 * library was removed whoever creates a file next waits: 0.9 ms were measured instead of 0.05.
 */
export function removeAtTheEnd(folder: { remove(): void }): void {
  litter.push(folder);
}

/** Runs the contestants in turn, A B A B …, so that a machine that slows down slows all of them; medians in ms. */
export async function paired(
  runs: number,
  contestants: Record<string, () => unknown>,
): Promise<Record<string, number>> {
  const times: Record<string, number[]> = {};
  for (let run = 0; run < runs; run++)
    for (const [name, action] of Object.entries(contestants)) (times[name] ??= []).push(await time(action));
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
}

/** The n-th message of a bench conversation: prose, and now and then a list, code, a table or a formula. */
export function messageText(seed: number): string {
  const prose = `Measurement ${seed}: the tide at **station ${seed % 97}** rose by ${seed % 13} cm, which is \`h(t)\` within *noise*. `;
  const extra = [
    `\n\n- first\n- second with [a link](https://example.org/${seed})\n`,
    `\n\n\`\`\`ts\nexport function tide(hours: number): number {\n  const period = 12.42;\n  return ${seed} * Math.cos((2 * Math.PI * hours) / period);\n}\n\`\`\`\n`,
    '\n\n| hour | cm |\n|---|---|\n| 0 | 12 |\n| 6 | -9 |\n',
    '\n\n$$h(t) = a \\cos(2\\pi t / T)$$\n',
    '',
    '',
    '',
    '',
  ][seed % 8];
  return prose.repeat(4) + (extra ?? '');
}

export const messagesEach = 40;

export function benchConversation(id: string, seed: number, edit = 0): Record<string, unknown> {
  const messages = Array.from({ length: messagesEach }, (_, index) => ({
    id: `m${index}`,
    role: index % 2 === 0 ? 'user' : 'assistant',
    createdAt: new Date(Date.UTC(2026, 0, 1, 0, index)).toISOString(),
    content:
      messageText(seed * 100 + index) + (index === messagesEach - 1 && edit > 0 ? `\n\nEdit ${edit}.` : ''),
  }));
  return {
    version: 1,
    id,
    title: `Tides, part ${seed}`,
    type: 'chat',
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T01:00:00.000Z',
    messages,
  };
}

export const idOf = (seed: number): string => `talk-${String(seed).padStart(5, '0')}`;

export function writeBenchConversation(library: string, seed: number, edit = 0): void {
  const folder = join(library, idOf(seed));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'conversation.json'), JSON.stringify(benchConversation(idOf(seed), seed, edit)));
}

/** A library of `count` conversations, all of them shared by registry rows; nothing is published yet. */
export async function aLibrary(count: number): Promise<DataFolder> {
  const data = aDataFolder();
  for (let seed = 0; seed < count; seed++) writeBenchConversation(data.paths.library, seed);
  const app = await data.open();
  app.registry.exclusively(() => {
    for (let seed = 0; seed < count; seed++) {
      app.registry.add({
        id: fakeShareId(seed),
        conversation: idOf(seed),
        owner: 'bench',
        ...usualChoice,
        title: '',
        type: '',
        createdAt: '2026-01-01T00:00:00.000Z',
      });
    }
  });
  app.close();
  return data;
}

/** Guessable, hence only for benches. */
export function fakeShareId(seed: number): ShareId {
  return String(seed).padStart(26, '0') as ShareId;
}
