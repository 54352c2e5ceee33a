/** Sets in one leaf. Two leaves make a key of 52 bits, which a number holds exactly. */
const LEAF_BITS = 26;
const SHIFT = 2 ** LEAF_BITS;

/**
 * A changing subset of the integers below `size` that knows at any time whether it was the same subset before: equal
 * subsets have equal {@link id}s, exactly and without comparing members.
 *
 * A binary tree over the integers with a bit mask in each leaf; inner nodes are interned by their two children, so the
 * root names the subset. A change costs O(log size).
 */
export class SubsetTracker {
  /** Levels of inner nodes above the leaves. */
  private readonly depth: number;
  private readonly leaves: number;
  /** The current tree as a heap: the root is 1, the children of n are 2n and 2n+1, leaves begin at `leaves`. */
  private readonly current: Float64Array;
  private readonly nodes: Map<number, number>;
  private readonly children: (readonly [left: number, right: number])[];

  constructor(size: number) {
    this.depth = Math.ceil(Math.log2(Math.max(1, Math.ceil(size / LEAF_BITS))));
    this.leaves = 2 ** this.depth;
    this.current = new Float64Array(2 * this.leaves);
    this.nodes = new Map([[0, 0]]);
    this.children = [[0, 0]];
  }

  /** Names the current subset; 0 is the empty one. */
  get id(): number {
    return this.current[1] as number;
  }

  /** Takes `member` out when it is in the subset, else adds it. */
  toggle(member: number): void {
    const bit = member % LEAF_BITS;
    let at = this.leaves + (member - bit) / LEAF_BITS;
    this.current[at] = (this.current[at] as number) ^ (1 << bit);
    for (at >>= 1; at >= 1; at >>= 1) {
      this.current[at] = this.intern(this.current[2 * at] as number, this.current[2 * at + 1] as number);
    }
  }

  private intern(left: number, right: number): number {
    const key = left * SHIFT + right;
    let node = this.nodes.get(key);
    if (node === undefined) {
      node = this.children.length;
      this.children.push([left, right]);
      this.nodes.set(key, node);
    }
    return node;
  }

  /** The members, ascending, of a subset that had this {@link id} at some time. */
  members(id: number): number[] {
    const members: number[] = [];
    const visit = (node: number, level: number, offset: number): void => {
      if (node === 0) return;
      if (level === 0) {
        for (let bit = 0; bit < LEAF_BITS; bit++) if ((node & (1 << bit)) !== 0) members.push(offset + bit);
        return;
      }
      const [left, right] = this.children[node] as readonly [number, number];
      visit(left, level - 1, offset);
      visit(right, level - 1, offset + LEAF_BITS * 2 ** (level - 1));
    };
    visit(id, this.depth, 0);
    return members;
  }
}
