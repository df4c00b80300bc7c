import { expect, test } from 'vitest';
import { sizeWithin } from '../../src/components/picture-size.ts';

test.each([
  ['smaller than the box', { width: 300, height: 200 }, { width: 300, height: 200 }],
  ['wider', { width: 1_600, height: 800 }, { width: 400, height: 200 }],
  ['higher', { width: 300, height: 3_000 }, { width: 30, height: 300 }],
  ['a thread', { width: 1, height: 9_000 }, { width: 1, height: 300 }],
  ['of unknown size', {}, {}],
])('a picture that is %s', (_name, file, size) => {
  expect(sizeWithin(file, { width: 400, height: 300 })).toEqual(size);
});
