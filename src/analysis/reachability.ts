import type { ClassTable, UnitClass } from './classes.ts';
import { GroupBuilder } from './connection-groups.ts';
import type { Connection, ConnectionGroup, PairFilter } from './connections.ts';
import type { FamilyPorts, PortEntry } from './ports.ts';
import type { Endpoint, Unit } from './units.ts';

/** Pairs of classes remembered while pairs are listed; a few bytes each. */
const CELL_LIMIT = 4_000_000;

/** Who reaches whom. Computed by class; pairs are made only as they are read. */
export class Reachability {
  readonly endpoints: readonly Endpoint[];
  readonly #units: readonly Unit[];
  readonly #filter: PairFilter;
  readonly #table: ClassTable;

  /** @param units ordered by id */
  constructor(table: ClassTable, units: readonly Unit[], filter: PairFilter = {}) {
    this.#units = units;
    this.#filter = filter;
    this.#table = table;
    const shown = units.filter((unit) => this.#isSource(unit) || this.#isTarget(unit));
    this.endpoints = shown.map((unit) => unit.endpoint);
  }

  #isSource(unit: Unit): boolean {
    return this.#filter.from?.has(unit) ?? true;
  }

  #isTarget(unit: Unit): boolean {
    return this.#filter.to?.has(unit) ?? true;
  }

  /** Every open pair, by `from`, then `to`. */
  *connections(): Generator<Connection, void, undefined> {
    const { from: sources, to: targets, either } = this.#filter;
    const toUnits = this.#units.map((unit, at) => ({ unit, at })).filter(({ unit }) => targets?.has(unit) ?? true);
    const { classes, classOf } = this.#table;
    const rowLimit = Math.max(1, Math.floor(CELL_LIMIT / classes.length));
    const rows = new Map<UnitClass, (readonly PortEntry[] | undefined)[]>();
    const listed = (ports: FamilyPorts, to: Unit): readonly PortEntry[] =>
      this.#table.algebra.entries(this.#wanted(ports, to));
    for (const [at, from] of this.#units.entries()) {
      if (sources !== undefined && !sources.has(from)) continue;
      const fromClass = classOf[at] as UnitClass;
      if (!fromClass.source) continue;
      let row = rows.get(fromClass);
      if (row === undefined) {
        if (rows.size >= rowLimit) rows.clear();
        row = [];
        rows.set(fromClass, row);
      }
      for (const { unit: to, at: toAt } of toUnits) {
        const toClass = classOf[toAt] as UnitClass;
        if (to === from || (fromClass.outside && toClass.outside)) continue;
        if (either !== undefined && !either.has(from) && !either.has(to)) continue;
        let ports = row[toClass.index];
        if (ports === undefined) {
          ports = listed(this.#table.pair(fromClass, toClass), to);
          row[toClass.index] = ports;
        }
        if (isOwnNodePair(from, to)) ports = listed(this.#table.ownNodePair(fromClass, toClass), to);
        if (ports.length > 0) yield { from: from.endpoint.id, to: to.endpoint.id, ports };
      }
    }
  }

  /** The ports that were asked for. They depend on the destination's named ports only, which its whole class shares. */
  #wanted(ports: FamilyPorts, to: Unit): FamilyPorts {
    return this.#filter.ports === undefined ? ports : this.#table.algebra.restrict(ports, this.#filter.ports(to));
  }

  /** The same facts as sets of ends, small enough for large clusters; in a stable order. */
  groups(): ConnectionGroup[] {
    const builder = new GroupBuilder(this.#units, this.#table, this.#filter);
    return builder.build();
  }
}

/** One end is the node that pods of the other run on: NetworkPolicies let it pass (S16). */
export function isOwnNodePair(from: Unit, to: Unit): boolean {
  const [host, other] = from.pods.length === 0 ? [from, to] : [to, from];
  if (host.pods.length > 0 || other.pods.length === 0 || host.nodes.size === 0) return false;
  for (const node of host.nodes) if (other.nodes.has(node)) return true;
  return false;
}
