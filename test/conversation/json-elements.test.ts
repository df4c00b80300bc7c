import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonElements } from '../../src/conversation/json-elements.ts';

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function elementsOf(text: string, sizes: readonly number[] = [7]): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const element of jsonElements(inPieces(new TextEncoder().encode(text), sizes)))
    found.push(JSON.parse(new TextDecoder().decode(element)));
  return found;
}

test('gives the elements of any array, however it comes in pieces', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue()),
      sizes,
      fc.constantFrom(undefined, 2),
      async (list, cuts, indent) => {
        const text = JSON.stringify(list, null, indent);
        expect(await elementsOf(text, cuts)).toEqual(JSON.parse(text));
      },
    ),
  );
});

test.each([
  ['nothing', ''],
  ['a text', '"[1]"'],
  ['an object', '{"a":[1]}'],
  ['two arrays', '[1] [2]'],
  ['a word before', 'x [1]'],
  ['closed before it opens', ']['],
])('%s is no array', async (_what, text) => {
  await expect(elementsOf(text)).rejects.toMatchObject({ code: 'source_invalid' });
});

test('a list that is cut off gives what came before, and says where it ends', async () => {
  const found: string[] = [];
  const read = async () => {
    const bytes = new TextEncoder().encode('\ufeff[{"a":1}, {"b":"]"}, {"c":');
    for await (const element of jsonElements(inPieces(bytes, [5])))
      found.push(new TextDecoder().decode(element));
  };
  await expect(read()).rejects.toThrow('the file ends inside element 3');
  expect(found.map((text) => JSON.parse(text) as unknown)).toEqual([{ a: 1 }, { b: ']' }]);
});
