import type { PortSet } from '../net/port-set.ts';
import type { PortEntry } from './ports.ts';
import type { Unit } from './units.ts';

/** One pair that is open on some port. */
export interface Connection {
  readonly from: string;
  readonly to: string;
  readonly ports: readonly PortEntry[];
}

/**
 * Every pair of `from` and `to` is open on `ports`, an endpoint with itself apart. A pair may be in several groups, each
 * with other ports.
 */
export interface ConnectionGroup {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly ports: readonly PortEntry[];
}

/** Which pairs are asked for; absent: all. */
export interface PairFilter {
  readonly from?: ReadonlySet<Unit>;
  readonly to?: ReadonlySet<Unit>;
  /** At least one end must be among these. */
  readonly either?: ReadonlySet<Unit>;
  /** The ports of interest at a destination. */
  readonly ports?: (to: Unit) => PortSet;
}
