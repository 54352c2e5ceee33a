import type { Family } from '../net/address.ts';
import { PortSet } from '../net/port-set.ts';
import { type FamilyPorts, type PortEntry, portEntries } from './ports.ts';

/**
 * Port sets by number. A cluster has few distinct sets and very many pairs: sets are compared once by their ports, from
 * then on by identity, and each intersection is worked out once.
 */
export class PortAlgebra {
  readonly #ids = new Map<PortSet, number>();
  readonly #byKey = new Map<string, number>();
  readonly #sets: PortSet[] = [];
  readonly #intersections = new Map<number, PortSet>();
  readonly #entries = new Map<number, readonly PortEntry[]>();

  /** The number of a set; equal sets have one. */
  id(set: PortSet): number {
    const known = this.#ids.get(set);
    if (known !== undefined) return known;
    let id = this.#byKey.get(set.key);
    if (id === undefined) {
      id = this.#sets.length;
      this.#sets.push(set);
      this.#byKey.set(set.key, id);
    }
    this.#ids.set(set, id);
    return id;
  }

  /** One object for all equal sets. */
  canonical(set: PortSet): PortSet {
    return this.#sets[this.id(set)] as PortSet;
  }

  intersect(a: PortSet, b: PortSet): PortSet {
    if (a === b || b === PortSet.ALL) return a;
    if (a === PortSet.ALL) return b;
    const key = this.id(a) * MOST_SETS + this.id(b);
    let result = this.#intersections.get(key);
    if (result === undefined) {
      result = this.canonical(a.intersect(b));
      this.#intersections.set(key, result);
    }
    return result;
  }

  /** A number for what each family admits; equal ports have one. */
  key({ IPv4, IPv6 }: FamilyPorts): number {
    return (IPv4 === undefined ? 0 : this.id(IPv4) + 1) * MOST_SETS + (IPv6 === undefined ? 0 : this.id(IPv6) + 1);
  }

  /** The entries of a pair; equal ports have one list. */
  entries(ports: FamilyPorts): readonly PortEntry[] {
    const key = this.key(ports);
    let list = this.#entries.get(key);
    if (list === undefined) {
      list = portEntries(ports);
      this.#entries.set(key, list);
    }
    return list;
  }

  restrict(ports: FamilyPorts, wanted: PortSet): FamilyPorts {
    const restricted: FamilyPorts = {};
    for (const family of Object.keys(ports) as Family[]) {
      restricted[family] = this.intersect(ports[family] ?? PortSet.EMPTY, wanted);
    }
    return restricted;
  }
}

/** Two numbers of sets fit into one exact number. */
const MOST_SETS = 2 ** 26;
