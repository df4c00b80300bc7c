import type { ShareId } from '../urls.ts';

/** A share as the registry has it, and what its page would be made from now. */
export interface Wanted {
  id: ShareId;
  conversation: string;
  state: 'active' | 'revoked';
  /** Digest of everything the page is made from (source files, choice, renderer, site); null when the source is gone. */
  inputs: string | null;
  /** The registry says that a page is out. */
  isOut: boolean;
}

export type Step =
  /** Nothing of this name may be in the output. */
  | { do: 'remove'; name: string }
  /** The share stays active, but its conversation is gone for now. */
  | { do: 'withdraw'; conversation: string }
  | { do: 'publish'; conversation: string };

/**
 * Lists the steps that make the output match the registry. Pure, and doing them twice changes nothing more.
 *
 * @param wanted     Every share in the registry, revoked ones included.
 * @param published  Name in the output → what it was made from; undefined where that is not known. Names that are
 *   no share's are included.
 * @returns Removals first, so that an interrupted run leaves too little public rather than too much.
 */
export function planSync(
  wanted: readonly Wanted[],
  published: ReadonlyMap<string, string | undefined>,
): Step[] {
  const active = wanted.filter((share) => share.state === 'active');
  const activeIds = new Set<string>(active.map((share) => share.id));
  const removals = [...published.keys()]
    .filter((name) => !activeIds.has(name))
    .map((name): Step => ({ do: 'remove', name }));
  return [
    ...removals,
    ...active.flatMap((share) => planWithdrawal(share, published)),
    ...active.flatMap((share) => planPublication(share, published)),
  ];
}

function planWithdrawal(share: Wanted, published: ReadonlyMap<string, unknown>): Step[] {
  // Where the page is gone and its registry does not know, a withdrawal was cut short.
  if (share.inputs !== null || !(share.isOut || published.has(share.id))) return [];
  return [{ do: 'withdraw', conversation: share.conversation }];
}

function planPublication(share: Wanted, published: ReadonlyMap<string, string | undefined>): Step[] {
  if (share.inputs === null || published.get(share.id) === share.inputs) return [];
  return [{ do: 'publish', conversation: share.conversation }];
}
