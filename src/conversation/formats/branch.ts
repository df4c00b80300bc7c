import type { Tally } from './tally.ts';
import { Tree, type ChosenPath, type TreeNode } from './tree.ts';

interface Wish<Node> {
  isShown: (node: Node) => boolean;
  /** Id of the node that the tool shows last. Where it names none, the branch that was written to last is taken. */
  current: string | undefined;
  /** Number of a branch; the current one where undefined. */
  wanted: number | undefined;
  losses: Tally;
}

/**
 * The messages of one branch. Those that are not shown are no part of the tree: what follows one of them follows the
 * nearest shown message before it, so that retries of what nobody sees make no branch.
 *
 * @param nodes  In the order in which they were written; at least one of them is shown.
 */
export function branchOf<Node extends TreeNode>(
  nodes: readonly Node[],
  { isShown, current, wanted, losses }: Wish<Node>,
): ChosenPath<Node> {
  const nearest = nearestShown(nodes, isShown);
  const shown = nodes.filter(isShown).map((node) => ({ ...node, parent: nearest(node.parent)?.id }));
  const byId = new Map(shown.map((node) => [node.id, node]));
  const last = byId.get(nearest(current)?.id ?? '') ?? shown.at(-1);
  if (last === undefined) throw new Error('No message is shown.');
  const chosen = new Tree(shown).choose(last, wanted);
  losses.hide('other branch', byId.size - chosen.path.length);
  return chosen;
}

/** Finds the node of an id, or the nearest shown one before it; each way is walked once. */
function nearestShown<Node extends TreeNode>(nodes: readonly Node[], isShown: (node: Node) => boolean) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const known = new Map<string, Node | undefined>();
  return (id: string | undefined): Node | undefined => {
    const way = new Set<string>();
    let at = id === undefined ? undefined : byId.get(id);
    while (at && !isShown(at) && !known.has(at.id) && !way.has(at.id)) {
      way.add(at.id);
      at = at.parent === undefined ? undefined : byId.get(at.parent);
    }
    const found = at && (isShown(at) ? at : known.get(at.id));
    for (const passed of way) known.set(passed, found);
    return found;
  };
}
