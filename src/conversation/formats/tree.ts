import { ShareError } from '../../errors.ts';

/** A message or record that names the one it follows. */
export interface TreeNode {
  id: string;
  /** Undefined for a root, and taken for one where no node has this id. */
  parent: string | undefined;
}

export interface ChosenPath<Node> {
  /** From the root to the end of the branch. */
  path: Node[];
  /** 1-based, and how many there are. */
  branch: { taken: number; of: number };
}

/**
 * The branches of a conversation in which messages were retried, edited or rewound.
 *
 * The first child of a node goes on with its branch; every further child begins a new one. Branches are numbered by
 * where they begin, so that a number keeps its meaning while the file grows.
 */
export class Tree<Node extends TreeNode> {
  readonly #byId = new Map<string, Node>();
  readonly #children = new Map<string | undefined, Node[]>();
  /** The first node of each branch, in the order of the nodes. */
  readonly #origins: Node[] = [];

  /** @param nodes  In the order in which they were written; of two with one id the first counts. */
  constructor(nodes: readonly Node[]) {
    for (const node of nodes) if (!this.#byId.has(node.id)) this.#byId.set(node.id, node);
    for (const node of this.#byId.values()) this.#place(node);
  }

  /**
   * @param current  The node that the tool shows last.
   * @param wanted   Number of a branch; that of `current` where undefined.
   * @throws ShareError `source_invalid` when there is no branch of that number.
   */
  choose(current: Node, wanted: number | undefined): ChosenPath<Node> {
    const of = Math.max(1, this.#origins.length);
    if (wanted === undefined)
      return { path: this.#pathTo(current), branch: { taken: this.#numberOf(current), of } };
    const origin = this.#origins[wanted - 1];
    if (origin === undefined) throw noBranch(wanted, of);
    return { path: this.#pathTo(this.#endOf(origin)), branch: { taken: wanted, of } };
  }

  /** The last node of each branch, by number. */
  ends(): Node[] {
    return this.#origins.map((origin) => this.#endOf(origin));
  }

  #place(node: Node): void {
    const parent = this.#parentOf(node)?.id;
    const siblings = this.#children.get(parent);
    if (siblings === undefined) this.#children.set(parent, [node]);
    else siblings.push(node);
    if (parent === undefined || siblings !== undefined) this.#origins.push(node);
  }

  #parentOf(node: Node): Node | undefined {
    return node.parent === undefined ? undefined : this.#byId.get(node.parent);
  }

  #pathTo(end: Node): Node[] {
    const path = new Set<Node>();
    for (let node: Node | undefined = end; node && !path.has(node); node = this.#parentOf(node))
      path.add(node);
    return [...path].reverse();
  }

  #endOf(origin: Node): Node {
    const seen = new Set<Node>();
    let end = origin;
    for (
      let node: Node | undefined = origin;
      node && !seen.has(node);
      node = this.#children.get(node.id)?.[0]
    ) {
      seen.add(node);
      end = node;
    }
    return end;
  }

  #numberOf(node: Node): number {
    const numbers = new Map(this.#origins.map((origin, index) => [origin, index + 1]));
    for (const before of this.#pathTo(node).reverse()) {
      const number = numbers.get(before);
      if (number !== undefined) return number;
    }
    return 1; // in a circle, which only a broken file holds
  }
}

export function noBranch(wanted: number, of: number): ShareError {
  return new ShareError(
    'source_invalid',
    `There is no branch ${wanted}: the conversation has ${of === 1 ? 'one branch' : `${of} branches`}.`,
    { hint: '`share inspect` lists the branches.' },
  );
}
