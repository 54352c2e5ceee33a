import { type Address, addressBits, type Family, formatAddress, lastAddress } from './address.ts';
import { type Cidr, formatCidr } from './cidr.ts';
import {
  type Cuts,
  covers,
  cutsOfIntervals,
  hasValue,
  intersectCuts,
  overlaps,
  sameCuts,
  subtractCuts,
  unionCuts,
} from './cuts.ts';
import { SubsetTracker } from './subset-tracker.ts';

/** Addresses `first` to `last`, both included, of one family. */
export interface AddressRange {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];
const NONE: Cuts<bigint> = [];
const ALL_CUTS: Readonly<Record<Family, Cuts<bigint>>> = {
  IPv4: [0n, lastAddress('IPv4') + 1n],
  IPv6: [0n, lastAddress('IPv6') + 1n],
};

/**
 * An immutable set of IP addresses of both families, in canonical form. Membership is a binary search; the set
 * operations are linear in the ranges of both sets and answer an operand itself where the result equals it.
 *
 * The families are disjoint: an IPv6 block holds no IPv4 address, IPv4-mapped or not (addresses are unmapped when
 * they are parsed).
 */
export class AddressSet {
  static readonly EMPTY: AddressSet = new AddressSet(NONE, NONE);
  /** Every address of both families. */
  static readonly ALL: AddressSet = new AddressSet(ALL_CUTS.IPv4, ALL_CUTS.IPv6);

  private readonly ipv4: Cuts<bigint>;
  private readonly ipv6: Cuts<bigint>;
  #ranges: readonly AddressRange[] | undefined;
  #text: string | undefined;

  private constructor(ipv4: Cuts<bigint>, ipv6: Cuts<bigint>) {
    this.ipv4 = ipv4;
    this.ipv6 = ipv6;
  }

  /** The addresses of a block. */
  static ofCidr(cidr: Cidr): AddressSet {
    const size = 1n << BigInt(addressBits(cidr.family) - cidr.prefix);
    return AddressSet.ofFamilyCuts(cidr.family, [cidr.base, cidr.base + size]);
  }

  /** The union of ranges in any order, overlapping or not; parts outside the family's addresses are cut off. */
  static ofRanges(ranges: readonly AddressRange[]): AddressSet {
    const intervals: Record<Family, [bigint, bigint][]> = { IPv4: [], IPv6: [] };
    for (const { family, first, last } of ranges) {
      intervals[family].push([first, last + 1n]);
    }
    return AddressSet.ofCuts(
      intersectCuts(cutsOfIntervals(intervals.IPv4), ALL_CUTS.IPv4),
      intersectCuts(cutsOfIntervals(intervals.IPv6), ALL_CUTS.IPv6),
    );
  }

  static ofAddress(address: Address): AddressSet {
    return AddressSet.ofFamilyCuts(address.family, [address.value, address.value + 1n]);
  }

  /** Every address of one family. */
  static all(family: Family): AddressSet {
    return AddressSet.ofFamilyCuts(family, ALL_CUTS[family]);
  }

  /** The union of many sets in O(n log n) of their ranges, where joining them one by one would be quadratic. */
  static unionOf(sets: readonly AddressSet[]): AddressSet {
    const [only] = sets;
    if (only !== undefined && sets.length === 1) return only;
    return AddressSet.ofRanges(sets.flatMap((set) => set.ranges));
  }

  /**
   * The set whose membership flips at each of the given positions of each family: the inverse of {@link cuts}. The
   * lists must be strictly increasing and of even length.
   */
  static ofCuts(ipv4: Cuts<bigint>, ipv6: Cuts<bigint>): AddressSet {
    return ipv4.length === 0 && ipv6.length === 0 ? AddressSet.EMPTY : new AddressSet(ipv4, ipv6);
  }

  private static ofFamilyCuts(family: Family, cuts: Cuts<bigint>): AddressSet {
    return family === 'IPv4' ? AddressSet.ofCuts(cuts, NONE) : AddressSet.ofCuts(NONE, cuts);
  }

  /** The positions where membership flips: the first address of each range and the one after its last. */
  cuts(family: Family): readonly bigint[] {
    return family === 'IPv4' ? this.ipv4 : this.ipv6;
  }

  /** Sorted, disjoint and not adjacent; IPv4 first. */
  get ranges(): readonly AddressRange[] {
    if (this.#ranges === undefined) {
      const ranges: AddressRange[] = [];
      for (const family of FAMILIES) {
        const cuts = this.cuts(family);
        for (let i = 0; i < cuts.length; i += 2) {
          ranges.push({ family, first: cuts[i] as bigint, last: (cuts[i + 1] as bigint) - 1n });
        }
      }
      this.#ranges = ranges;
    }
    return this.#ranges;
  }

  isEmpty(): boolean {
    return this.ipv4.length === 0 && this.ipv6.length === 0;
  }

  contains(address: Address): boolean {
    return hasValue(this.cuts(address.family), address.value);
  }

  /** Whether every address of `other` is in this set; true for an empty `other`. */
  containsSet(other: AddressSet): boolean {
    return covers(this.ipv4, other.ipv4) && covers(this.ipv6, other.ipv6);
  }

  intersects(other: AddressSet): boolean {
    return overlaps(this.ipv4, other.ipv4) || overlaps(this.ipv6, other.ipv6);
  }

  equals(other: AddressSet): boolean {
    return sameCuts(this.ipv4, other.ipv4) && sameCuts(this.ipv6, other.ipv6);
  }

  union(other: AddressSet): AddressSet {
    return this.derive(other, unionCuts(this.ipv4, other.ipv4), unionCuts(this.ipv6, other.ipv6));
  }

  intersect(other: AddressSet): AddressSet {
    return this.derive(other, intersectCuts(this.ipv4, other.ipv4), intersectCuts(this.ipv6, other.ipv6));
  }

  subtract(other: AddressSet): AddressSet {
    return this.derive(other, subtractCuts(this.ipv4, other.ipv4), subtractCuts(this.ipv6, other.ipv6));
  }

  /** The part of one family. */
  ofFamily(family: Family): AddressSet {
    return this.derive(this, family === 'IPv4' ? this.ipv4 : NONE, family === 'IPv6' ? this.ipv6 : NONE);
  }

  private derive(other: AddressSet, ipv4: Cuts<bigint>, ipv6: Cuts<bigint>): AddressSet {
    if (sameCuts(ipv4, this.ipv4) && sameCuts(ipv6, this.ipv6)) return this;
    if (sameCuts(ipv4, other.ipv4) && sameCuts(ipv6, other.ipv6)) return other;
    return AddressSet.ofCuts(ipv4, ipv6);
  }

  /** The fewest blocks that hold exactly these addresses, in order. */
  cidrs(): Cidr[] {
    return this.ranges.flatMap(blocksOf);
  }

  /** Canonical: comma-separated, each range as a CIDR when it is exactly one, else `first-last`; empty text if empty. */
  toString(): string {
    this.#text ??= this.ranges.map(formatRange).join(',');
    return this.#text;
  }

  /** Equal exactly when the sets are equal. */
  get key(): string {
    return this.toString();
  }
}

/** The whole number `n` with `2 ** n === value`, of a power of two. */
function log2(value: bigint): number {
  return value.toString(2).length - 1;
}

function formatRange(range: AddressRange): string {
  const { family, first, last } = range;
  const size = last - first + 1n;
  if ((size & (size - 1n)) === 0n && (first & (size - 1n)) === 0n) {
    return formatCidr({ family, base: first, prefix: addressBits(family) - log2(size) });
  }
  return `${formatAddress({ family, value: first })}-${formatAddress({ family, value: last })}`;
}

function blocksOf(range: AddressRange): Cidr[] {
  const bits = addressBits(range.family);
  const blocks: Cidr[] = [];
  for (let base = range.first; base <= range.last; ) {
    const aligned = base === 0n ? bits : log2(base & -base);
    const hostBits = Math.min(aligned, log2(range.last - base + 1n));
    blocks.push({ family: range.family, base, prefix: bits - hostBits });
    base += 1n << BigInt(hostBits);
  }
  return blocks;
}

/** A part of a universe whose addresses are in the same sets. */
export interface AddressAtom {
  readonly set: AddressSet;
  /** Indexes of the sets that contain the atom, ascending. */
  readonly members: readonly number[];
}

/**
 * Cuts `universe` into disjoint atoms by membership in `sets`. Addresses with equal members are one atom, also when
 * they are apart or of different families; addresses in no set are an atom with no members. Atoms are ordered by their
 * first address. A sweep over the ends of all ranges: O(n log n), plus the size of the answer.
 */
export function splitIntoAtoms(sets: readonly AddressSet[], universe: AddressSet): AddressAtom[] {
  const atoms = new Map<number, Record<Family, bigint[]>>();
  const tracker = new SubsetTracker(sets.length);
  for (const family of FAMILIES) {
    sweep(sets, universe, family, tracker, (start, end) => {
      let atom = atoms.get(tracker.id);
      if (atom === undefined) {
        atom = { IPv4: [], IPv6: [] };
        atoms.set(tracker.id, atom);
      }
      const cuts = atom[family];
      if (cuts.length > 0 && cuts[cuts.length - 1] === start) cuts[cuts.length - 1] = end;
      else cuts.push(start, end);
    });
  }
  return Array.from(atoms, ([id, cuts]) => ({
    set: AddressSet.ofCuts(cuts.IPv4, cuts.IPv6),
    members: tracker.members(id),
  }));
}

/** Calls `visit` for each stretch of the universe without a cut inside, while `tracker` holds the sets around it. */
function sweep(
  sets: readonly AddressSet[],
  universe: AddressSet,
  family: Family,
  tracker: SubsetTracker,
  visit: (start: bigint, end: bigint) => void,
): void {
  const positions: bigint[] = [];
  const owners: number[] = [];
  const addCuts = (set: AddressSet, owner: number): void => {
    for (const cut of set.cuts(family)) {
      positions.push(cut);
      owners.push(owner);
    }
  };
  addCuts(universe, -1);
  sets.forEach(addCuts);
  const at = (index: number): bigint => positions[index] as bigint;
  const order = Array.from(positions, (_, index) => index);
  order.sort((a, b) => (at(a) < at(b) ? -1 : at(a) > at(b) ? 1 : 0));

  let inUniverse = false;
  let previous = 0n;
  for (const index of order) {
    const position = at(index);
    if (position > previous && inUniverse) visit(previous, position);
    previous = position;
    const owner = owners[index] as number;
    if (owner < 0) inUniverse = !inUniverse;
    else tracker.toggle(owner);
  }
}
