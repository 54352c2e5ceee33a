import type { PortProtocol, PortRange } from '../net/port-set.ts';

/**
 * A packet filter as data: one table of family `inet` with sets, maps and chains. It is what the compiler makes, what
 * the renderer writes as nft text, what the simulator runs and what a dump of the kernel is read back into.
 */
export interface Ruleset {
  /** By name. */
  readonly sets: ReadonlyMap<string, NftSet>;
  /** Verdict maps, by name. */
  readonly maps: ReadonlyMap<string, NftMap>;
  /** By name; base chains are those with a hook. */
  readonly chains: ReadonlyMap<string, Chain>;
}

/** The table that holds everything. Nothing outside it is touched. */
export const TABLE = 'portcullis';

export type IpVersion = 4 | 6;

/**
 * What the elements of a set or map are.
 *
 * - `address`: single addresses, kept in a hash.
 * - `range`: disjoint address ranges (`10.0.0.0/8`, `10.0.0.1-10.0.0.9`, a single address), kept as intervals.
 * - `pair`: source and destination address, `10.0.0.1 . 10.0.0.1`.
 * - `meter`: addresses added by the packet path itself, each with a rate limit and a counter; never written by us.
 */
export type KeyType = 'address' | 'range' | 'pair' | 'meter';

/** A named set of addresses. Elements are in canonical text: as `formatAddress` writes addresses, ranges as nft lists them. */
export interface NftSet {
  readonly type: KeyType;
  readonly version: IpVersion;
  readonly elements: ReadonlySet<string>;
}

/** A named map from addresses to verdicts. */
export interface NftMap {
  readonly type: 'address' | 'range';
  readonly version: IpVersion;
  readonly elements: ReadonlyMap<string, Verdict>;
}

/** Where a base chain hooks; all have type filter and policy accept. */
export interface Hook {
  readonly hook: 'forward' | 'input';
  readonly priority: number;
}

export interface Chain {
  /** Absent for chains that others jump to. */
  readonly hook?: Hook;
  readonly rules: readonly Rule[];
}

/** Where a rule or map element sends a packet; `accept`, `drop`, `return`, `continue` as in nft. */
export type Verdict =
  | { readonly kind: 'accept' | 'drop' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string };

/** The packet's own address on one side. */
export type Side = 'saddr' | 'daddr';

/** One condition. A rule applies when all of its conditions hold; those on an address imply the IP version. */
export type Match =
  | { readonly type: 'version'; readonly version: IpVersion }
  /** States in the order of {@link CtState}, which is that of the kernel. */
  | { readonly type: 'ct-state'; readonly states: readonly CtState[] }
  /** The address is in a set of type `address` or `range`; with `not`, it is of the version and not in the set. */
  | {
      readonly type: 'address';
      readonly side: Side;
      readonly version: IpVersion;
      readonly set: string;
      readonly not?: boolean;
    }
  /** Source and destination are an element of a set of type `pair`. */
  | { readonly type: 'pair'; readonly version: IpVersion; readonly set: string }
  /** Destination port in one of the ranges, sorted and disjoint; `null`: every packet of the protocol. */
  | { readonly type: 'port'; readonly protocol: PortProtocol; readonly ranges: readonly PortRange[] | null }
  /** A protocol without ports: none of TCP, UDP, SCTP. */
  | { readonly type: 'other-protocol' }
  /** Neighbour discovery: ICMPv6 types 133 to 137. */
  | { readonly type: 'neighbour-discovery' }
  /** A TCP segment that does not begin a connection: of FIN, SYN, RST and ACK, not SYN alone is set. */
  | { readonly type: 'mid-stream' };

export type CtState = 'invalid' | 'established' | 'related' | 'new' | 'untracked';

/** What a rule does. */
export type Action =
  | Verdict
  /** Looks the address up in a map; without an element the rule does nothing. */
  | { readonly kind: 'vmap'; readonly side: Side; readonly version: IpVersion; readonly map: string }
  /** Refuses: a TCP reset, else an ICMP port unreachable (`admin-prohibited` for protocols without ports). */
  | { readonly kind: 'reject' }
  | { readonly kind: 'count' }
  /**
   * Sends the packet's head to an NFLOG group, no more often than the limit for each address of a side: the address is
   * an element of the meter set, made when first seen. Each denial counts in the element, logged or not.
   */
  | {
      readonly kind: 'log';
      readonly side: Side;
      readonly version: IpVersion;
      readonly meter: string;
      readonly group: number;
      readonly prefix: string;
      readonly ratePerSecond: number;
      readonly burst: number;
    };

/** Conditions and what follows when they hold. Rules are compared as a whole: a chain with other rules is replaced. */
export interface Rule {
  readonly matches: readonly Match[];
  readonly action: Action;
}

/** What turns one ruleset into another, in the order in which the kernel must be told. */
export interface Delta {
  /** New, with their elements. */
  readonly addedSets: ReadonlyMap<string, NftSet>;
  readonly addedMaps: ReadonlyMap<string, NftMap>;
  /** New chains, and those whose rules differ, with all their rules. */
  readonly chains: ReadonlyMap<string, Chain>;
  /** Which of {@link chains} are new. */
  readonly newChains: ReadonlySet<string>;
  /** Elements of sets and maps that stay; a map element with a new verdict is in both. */
  readonly removedElements: ReadonlyMap<string, readonly string[]>;
  readonly addedSetElements: ReadonlyMap<string, readonly string[]>;
  readonly addedMapElements: ReadonlyMap<string, ReadonlyMap<string, Verdict>>;
  readonly removedSets: readonly string[];
  readonly removedMaps: readonly string[];
  readonly removedChains: readonly string[];
}
