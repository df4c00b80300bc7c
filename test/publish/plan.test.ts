import { describe, expect, test } from 'vitest';
import { planSync, type Step, type Wanted } from '../../src/publish/plan.ts';
import type { ShareId } from '../../src/urls.ts';

const id = 'a'.repeat(26) as ShareId;
const one = 'inputs 1';
const two = 'inputs 2';
const publish: Step = { do: 'publish', conversation: 'talk' };
const withdraw: Step = { do: 'withdraw', conversation: 'talk' };
const remove: Step = { do: 'remove', name: id };

describe('planSync', () => {
  test.each([
    ['new share → publish', 'active', one, 'not out', [publish]],
    ['same inputs → nothing', 'active', one, one, []],
    ['other inputs → publish', 'active', two, one, [publish]],
    ['out, but not known from what → publish', 'active', one, undefined, [publish]],
    ['source gone, page out → withdraw', 'active', null, one, [withdraw]],
    ['source gone, nothing out → nothing', 'active', null, 'not out', []],
    ['source gone, page gone, but said to be out → withdraw', 'active', null, 'said to be out', [withdraw]],
    ['revoked and out → remove', 'revoked', null, one, [remove]],
    ['revoked and not out → nothing', 'revoked', null, 'not out', []],
  ] as const)('%s', (_name, state, inputs, out, expected) => {
    const wanted: Wanted[] = [{ id, conversation: 'talk', state, inputs, isOut: out !== 'not out' }];
    const published = new Map(out === 'not out' || out === 'said to be out' ? [] : [[id, out]]);
    expect(planSync(wanted, published)).toEqual(expected);
  });

  test('what is in the output but in no registry is removed, before anything is published', () => {
    const wanted: Wanted[] = [{ id, conversation: 'talk', state: 'active', inputs: one, isOut: false }];
    const published = new Map([['left-behind', undefined]]);
    expect(planSync(wanted, published)).toEqual([{ do: 'remove', name: 'left-behind' }, publish]);
  });
});
