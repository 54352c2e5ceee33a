import type { Family } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import type { PortAlgebra } from '../port-algebra.ts';
import type { FamilyPorts, PortEntry } from '../ports.ts';
import { FAMILIES } from './classes.ts';
import type { Sides } from './sides.ts';

/** `added`: nothing was open; `removed`: nothing is open any more. */
export type ChangeKind = 'added' | 'removed' | 'changed';

/** How the ports of a pair differ. Equal ones are one object. */
export interface Delta {
  readonly index: number;
  readonly change: ChangeKind;
  readonly old: readonly PortEntry[];
  readonly new: readonly PortEntry[];
  /** In `new` but not in `old`, and the reverse. */
  readonly opened: readonly PortEntry[];
  readonly closed: readonly PortEntry[];
}

/**
 * Compares ports by family: one that only one side has is closed on the other. Protocols without ports are left out, as
 * in every list of ports.
 */
export class DeltaTable {
  readonly #algebra: PortAlgebra;
  readonly #listed = new Map<PortSet, PortSet>();
  readonly #deltas = new Map<string, Delta | undefined>();
  #count = 0;

  constructor(algebra: PortAlgebra) {
    this.#algebra = algebra;
  }

  /** Undefined when nothing differs. */
  of(old: FamilyPorts, fresh: FamilyPorts): Delta | undefined {
    const key = `${this.key(old)} ${this.key(fresh)} ${'IPv4' in old || 'IPv4' in fresh} ${'IPv6' in old || 'IPv6' in fresh}`;
    if (this.#deltas.has(key)) return this.#deltas.get(key);
    const delta = this.key(old) === this.key(fresh) ? undefined : this.#make({ old, new: fresh });
    this.#deltas.set(key, delta);
    return delta;
  }

  /** Equal for ports that do not differ. */
  key(ports: FamilyPorts): string {
    return FAMILIES.map((family) => this.#algebra.id(this.#ports(ports, family))).join(' ');
  }

  #make(sides: Sides<FamilyPorts>): Delta {
    const lists = { old: {}, new: {}, opened: {}, closed: {} } as Record<
      'old' | 'new' | 'opened' | 'closed',
      FamilyPorts
    >;
    for (const family of FAMILIES) {
      if (sides.old[family] === undefined && sides.new[family] === undefined) continue;
      const [was, is] = [this.#ports(sides.old, family), this.#ports(sides.new, family)];
      lists.old[family] = was;
      lists.new[family] = is;
      lists.opened[family] = is.subtract(was);
      lists.closed[family] = was.subtract(is);
    }
    const entries = (name: keyof typeof lists): readonly PortEntry[] => this.#algebra.entries(lists[name]);
    const [old, fresh] = [entries('old'), entries('new')];
    return {
      index: this.#count++,
      change: old.length === 0 ? 'added' : fresh.length === 0 ? 'removed' : 'changed',
      old,
      new: fresh,
      opened: entries('opened'),
      closed: entries('closed'),
    };
  }

  #ports(ports: FamilyPorts, family: Family): PortSet {
    const set = ports[family] ?? PortSet.EMPTY;
    let listed = this.#listed.get(set);
    if (listed === undefined) {
      listed = this.#algebra.canonical(set.other ? PortSet.ofPorts(set.toJSON()) : set);
      this.#listed.set(set, listed);
    }
    return listed;
  }
}
