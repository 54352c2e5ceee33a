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

/** The protocols that have ports and that a policy can name (S50). */
export type PortProtocol = 'TCP' | 'UDP' | 'SCTP';

/** Ports `first` to `last`, both included. */
export type PortRange = readonly [first: number, last: number];

/** The ports of one protocol, as JSON output shows them. */
export interface ProtocolPorts {
  protocol: PortProtocol;
  ranges: [number, number][];
}

/** The order of every listing. */
export const PORT_PROTOCOLS: readonly PortProtocol[] = ['TCP', 'UDP', 'SCTP'];

const FIRST_PORT = 1;
const LAST_PORT = 65535;
const NONE: Cuts<number> = [];
const FULL: Cuts<number> = [FIRST_PORT, LAST_PORT + 1];

type CutsByProtocol = Readonly<Record<PortProtocol, Cuts<number>>>;

/**
 * An immutable set of (protocol, port) pairs plus, as one indivisible element, `other`: ICMP and every protocol without
 * ports, which only rules without ports match. In canonical form; the empty set, the full set, `other` alone and each
 * full protocol are one object each, and an operation answers an operand itself where the result equals it.
 */
export class PortSet {
  static readonly EMPTY: PortSet = new PortSet({ TCP: NONE, UDP: NONE, SCTP: NONE }, false);
  /** Ports 1 to 65535 of the three protocols, and `other`. */
  static readonly ALL: PortSet = new PortSet({ TCP: FULL, UDP: FULL, SCTP: FULL }, true);
  static readonly OTHER: PortSet = new PortSet({ TCP: NONE, UDP: NONE, SCTP: NONE }, true);
  private static readonly FULL_PROTOCOL: Readonly<Record<PortProtocol, PortSet>> = {
    TCP: new PortSet({ TCP: FULL, UDP: NONE, SCTP: NONE }, false),
    UDP: new PortSet({ TCP: NONE, UDP: FULL, SCTP: NONE }, false),
    SCTP: new PortSet({ TCP: NONE, UDP: NONE, SCTP: FULL }, false),
  };

  private readonly cuts: CutsByProtocol;
  /** Whether ICMP and the other protocols without ports are in the set. */
  readonly other: boolean;
  #ranges: Partial<Record<PortProtocol, readonly PortRange[]>> = {};
  #key: string | undefined;

  private constructor(cuts: CutsByProtocol, other: boolean) {
    this.cuts = cuts;
    this.other = other;
  }

  /** The ports `first` to `last` (by default `first` alone), clamped to 1 to 65535; empty when `first > last`. */
  static of(protocol: PortProtocol, first: number, last: number = first): PortSet {
    return PortSet.ofPorts([{ protocol, ranges: [[first, last]] }]);
  }

  /** Every port of one protocol. */
  static allOf(protocol: PortProtocol): PortSet {
    return PortSet.FULL_PROTOCOL[protocol];
  }

  /** The union of ranges in any order, clamped as in {@link PortSet.of}; a protocol may come more than once. */
  static ofPorts(
    entries: readonly { readonly protocol: PortProtocol; readonly ranges: readonly PortRange[] }[],
    other: boolean = false,
  ): PortSet {
    const intervals: Record<PortProtocol, PortRange[]> = { TCP: [], UDP: [], SCTP: [] };
    for (const { protocol, ranges } of entries) {
      for (const [first, last] of ranges) {
        intervals[protocol].push([Math.max(FIRST_PORT, first), Math.min(LAST_PORT, last) + 1]);
      }
    }
    return PortSet.canonical(
      {
        TCP: cutsOfIntervals(intervals.TCP),
        UDP: cutsOfIntervals(intervals.UDP),
        SCTP: cutsOfIntervals(intervals.SCTP),
      },
      other,
    );
  }

  private static canonical(cuts: CutsByProtocol, other: boolean): PortSet {
    const filled = PORT_PROTOCOLS.filter((protocol) => cuts[protocol].length > 0);
    const [only] = filled;
    if (only === undefined) return other ? PortSet.OTHER : PortSet.EMPTY;
    if (filled.every((protocol) => sameCuts(cuts[protocol], FULL))) {
      if (other && filled.length === PORT_PROTOCOLS.length) return PortSet.ALL;
      if (!other && filled.length === 1) return PortSet.allOf(only);
    }
    return new PortSet(cuts, other);
  }

  /** Sorted, disjoint and not adjacent. */
  ranges(protocol: PortProtocol): readonly PortRange[] {
    let ranges = this.#ranges[protocol];
    if (ranges === undefined) {
      const cuts = this.cuts[protocol];
      ranges = cuts.flatMap((cut, i): PortRange[] => (i % 2 === 0 ? [[cut, (cuts[i + 1] as number) - 1]] : []));
      this.#ranges[protocol] = ranges;
    }
    return ranges;
  }

  isEmpty(): boolean {
    return this === PortSet.EMPTY;
  }

  isAll(): boolean {
    return this === PortSet.ALL;
  }

  contains(protocol: PortProtocol, port: number): boolean {
    return hasValue(this.cuts[protocol], port);
  }

  /** Whether all of `other`, its `other` flag included, is in this set; true for an empty `other`. */
  containsSet(other: PortSet): boolean {
    if (this === other) return true;
    if (other.other && !this.other) return false;
    return PORT_PROTOCOLS.every((protocol) => covers(this.cuts[protocol], other.cuts[protocol]));
  }

  intersects(other: PortSet): boolean {
    if (this.other && other.other) return true;
    return PORT_PROTOCOLS.some((protocol) => overlaps(this.cuts[protocol], other.cuts[protocol]));
  }

  equals(other: PortSet): boolean {
    if (this === other) return true;
    if (this.other !== other.other) return false;
    return PORT_PROTOCOLS.every((protocol) => sameCuts(this.cuts[protocol], other.cuts[protocol]));
  }

  union(other: PortSet): PortSet {
    if (this === other || other.isEmpty() || this.isAll()) return this;
    if (this.isEmpty() || other.isAll()) return other;
    return this.combine(other, unionCuts, this.other || other.other);
  }

  intersect(other: PortSet): PortSet {
    if (this === other || this.isEmpty() || other.isAll()) return this;
    if (other.isEmpty() || this.isAll()) return other;
    return this.combine(other, intersectCuts, this.other && other.other);
  }

  subtract(other: PortSet): PortSet {
    if (this.isEmpty() || other.isEmpty()) return this;
    if (this === other || other.isAll()) return PortSet.EMPTY;
    return this.combine(other, subtractCuts, this.other && !other.other);
  }

  private combine(
    operand: PortSet,
    operate: (a: Cuts<number>, b: Cuts<number>) => Cuts<number>,
    other: boolean,
  ): PortSet {
    const cuts: CutsByProtocol = {
      TCP: operate(this.cuts.TCP, operand.cuts.TCP),
      UDP: operate(this.cuts.UDP, operand.cuts.UDP),
      SCTP: operate(this.cuts.SCTP, operand.cuts.SCTP),
    };
    for (const same of [this, operand]) {
      if (other === same.other && PORT_PROTOCOLS.every((protocol) => sameCuts(cuts[protocol], same.cuts[protocol]))) {
        return same;
      }
    }
    return PortSet.canonical(cuts, other);
  }

  /** The protocols that have ports in the set, in order TCP, UDP, SCTP; {@link other} is not shown. */
  toJSON(): ProtocolPorts[] {
    return PORT_PROTOCOLS.filter((protocol) => this.cuts[protocol].length > 0).map((protocol) => ({
      protocol,
      ranges: this.ranges(protocol).map(([first, last]): [number, number] => [first, last]),
    }));
  }

  /** For people: `80/TCP,8000-8080/TCP,53/UDP`, `all TCP,ICMP and others`, `all`, `none`. */
  toString(): string {
    if (this.isAll()) return 'all';
    if (this.isEmpty()) return 'none';
    const parts: string[] = [];
    for (const protocol of PORT_PROTOCOLS) {
      if (sameCuts(this.cuts[protocol], FULL)) {
        parts.push(`all ${protocol}`);
        continue;
      }
      for (const [first, last] of this.ranges(protocol)) {
        parts.push(first === last ? `${first}/${protocol}` : `${first}-${last}/${protocol}`);
      }
    }
    if (this.other) parts.push('ICMP and others');
    return parts.join(',');
  }

  /** Equal exactly when the sets are equal. */
  get key(): string {
    this.#key ??= `${PORT_PROTOCOLS.map((protocol) => this.cuts[protocol].join()).join(';')};${this.other ? '+' : ''}`;
    return this.#key;
  }
}
