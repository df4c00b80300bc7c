import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { App } from '../../cli/app.ts';
import { recogniseFile } from '../../src/conversation/foreign.ts';
import { createImporter, openExport } from '../../src/conversation/import.ts';
import { fixtures, writeFixture, type Fixture } from '../conversation/formats/fixtures.ts';
import { aDataFolder, type DataFolder } from '../support/data-folder.ts';
import { everythingIn } from '../support/published.ts';

/*
 * `canary.test.ts` goes through the real command line with two formats; here every format goes the whole way, from its
 * file to the output with pages, files and ZIPs. Every private field of a fixture holds a word that begins with
 * `canary`, and so do the owner and the place where the file lies.
 */

const owner = 'canary-owner';
const place = 'canary-place';

const folders: DataFolder[] = [];
afterAll(() => folders.forEach((data) => data.remove()));

/** Publishes all that a fixture holds, and gives every name and byte of the output. */
async function publish(fixture: Fixture): Promise<Map<string, string>> {
  const data = aDataFolder();
  folders.push(data);
  const app = await data.open();
  try {
    const path = writeFixture(join(data.paths.data, place), fixture);
    for (const conversation of await intoLibrary(app, path)) {
      // Everything that an owner can ask for is asked for.
      const { outcome, share } = await app.publisher.create(conversation, owner, {
        thinking: true,
        preview: true,
      });
      expect([outcome, share.problem]).toEqual(['published', undefined]);
    }
    return everythingIn(data.paths.output);
  } finally {
    app.close();
  }
}

/** As a user would: a file of one conversation is linked, one that may hold many is imported. */
async function intoLibrary(app: App, path: string): Promise<string[]> {
  const { many, format } = await recogniseFile(path);
  if (!many) {
    const options = format.kind === 'conversation-share' ? {} : { writtenFiles: true };
    return [(await app.library.link(path, options)).conversation];
  }
  const source = await openExport(path);
  const importer = createImporter(app.library.folder);
  const conversations: string[] = [];
  for await (const found of source.conversations())
    if ('conversation' in found) conversations.push(importer.add(found).conversation);
  source.close();
  return conversations;
}

function canariesIn(published: ReadonlyMap<string, string>): string[] {
  return [...published].flatMap(([where, text]) =>
    [...new Set(text.match(/canary[\w-]*/gi))].map((canary) => `${canary} in ${where}`),
  );
}

/** The words of a fixture as they stand in its files, with what `change` makes of each file. */
function changed(fixture: Fixture, change: (content: Buffer) => string | Uint8Array): Fixture {
  const beside = Object.entries(fixture.beside ?? {}).map(([path, content]) => [
    path,
    change(Buffer.from(content)),
  ]);
  return {
    ...fixture,
    content: change(Buffer.from(fixture.content)),
    beside: Object.fromEntries(beside) as Record<string, string | Uint8Array>,
  };
}

/** Puts a canary of the same length, for databases count bytes, in the place of words that are shown. */
function withVisible(fixture: Fixture): { fixture: Fixture; canary: string } {
  const contents = [fixture.content, ...Object.values(fixture.beside ?? {})].map((each) => Buffer.from(each));
  const words = fixture.shows.find(
    (each) => each.length >= 12 && contents.some((content) => content.includes(each)),
  );
  if (words === undefined) throw new Error(`${fixture.name} shows no words as they stand in it`);
  const canary = 'canary-seen'.padEnd(words.length, 'x');
  const latin = (content: Buffer) => content.toString('latin1').replaceAll(words, canary);
  return { canary, fixture: changed(fixture, (content) => Buffer.from(latin(content), 'latin1')) };
}

/** What a tool was given and gave back is shown as it is, with names that nobody knows. */
const shownWhole = new Set(['input', 'args', 'arguments', 'output', 'response', 'rawInput']);

/** Puts a field that no tool has into every object of JSON, but for those that are shown as they are. */
function withUnknown(value: unknown): unknown {
  if (Array.isArray(value)) return (value as unknown[]).map(withUnknown);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as Record<string, unknown>).map(([key, each]) => [
    key,
    shownWhole.has(key) ? each : withUnknown(each),
  ]);
  return { ...(Object.fromEntries(entries) as object), 'canary-key': { 'canary-inner': ['canary-unknown'] } };
}

/** Undefined where a file is not JSON, nor of lines that are. */
function withUnknownFields(content: Buffer): string | undefined {
  const text = content.toString('utf8');
  for (const [pieces, end] of [
    [[text], ''],
    [text.trimEnd().split('\n'), '\n'],
  ] as const) {
    try {
      return pieces.map((piece) => JSON.stringify(withUnknown(JSON.parse(piece))) + end).join('');
    } catch {
      // it is the other kind, or neither
    }
  }
  return undefined;
}

describe.each(Object.entries(fixtures))('what is published of %s', (_kind, fixture) => {
  test('holds its words, and no canary in any name, byte, or packed file', async () => {
    const published = await publish(fixture);
    const everything = [...published.values()].join('\n');
    for (const words of fixture.shows) {
      const inJson = JSON.stringify(words).slice(1, -1);
      expect(everything.includes(Buffer.from(inJson).toString('latin1')), words).toBe(true);
    }
    expect(canariesIn(published)).toEqual([]);
    const places = [...published.keys()];
    const filesOutside = places.filter((each) => each.includes('/files/'));
    expect(places.filter((each) => each.includes('.zip: ')).length).toBe(filesOutside.length);
  });

  test('holds a canary in page, Markdown and JSON where one is said aloud, so that the search finds any', async () => {
    const { fixture: telling, canary } = withVisible(fixture);
    const found = canariesIn(await publish(telling)).filter((each) => each.includes(canary));
    for (const name of ['index.html', 'conversation.md', 'conversation.json'])
      expect(found.filter((each) => each.endsWith(`/${name}`))).not.toEqual([]);
  });

  const unknown = withUnknownFields(Buffer.from(fixture.content));
  test.skipIf(unknown === undefined)('holds no field that is new in the format', async () => {
    const published = await publish(changed(fixture, (content) => withUnknownFields(content) ?? content));
    expect(canariesIn(published)).toEqual([]);
  });
});
