import { addTo } from '../engine/compiled/selectors.ts';
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
    const { from: sources, either } = this.#filter;
    const { classes, classOf } = this.#table;
    const open = new OpenTargets(this.#table, this.#units, this.#filter.to);
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
      for (const toAt of open.of(from, fromClass)) {
        const to = this.#units[toAt] as Unit;
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

/**
 * Which units a source may have a connection to at all: most pairs of a cluster with policies are closed, and looking at
 * each of them would take longer than all else.
 */
class OpenTargets {
  readonly #table: ClassTable;
  readonly #units: readonly Unit[];
  readonly #targets: ReadonlySet<Unit> | undefined;
  /** Indexes of all units that are asked for. */
  readonly #all: readonly number[];
  /** Those of nodes and hosts. */
  readonly #hosts: readonly number[];
  /** Classes that admit something of sources which their rows do not single out. */
  readonly #open = new Set<UnitClass>();
  /** By index of a class: those whose rows single it out. */
  readonly #naming = new Map<number, Set<UnitClass>>();
  readonly #known = new WeakMap<UnitClass, readonly number[]>();

  constructor(table: ClassTable, units: readonly Unit[], targets: ReadonlySet<Unit> | undefined) {
    this.#table = table;
    this.#units = units;
    this.#targets = targets;
    this.#all = this.#wanted(units.keys());
    this.#hosts = this.#all.filter((at) => isHost(units[at] as Unit));
    for (const target of table.classes) {
      for (const family of target.families) {
        const row = table.row(target, 'ingress', family);
        if (!row.base.isEmpty() || row.byView.size > 0) this.#open.add(target);
        for (const index of row.special.keys()) addTo(this.#naming, index, target);
      }
    }
  }

  /** Indexes of units, ascending; those left out have nothing open from this one. */
  of(from: Unit, fromClass: UnitClass): readonly number[] {
    // A node and its own pods are another matter than their classes (S16).
    if (isHost(from)) return this.#all;
    let known = this.#known.get(fromClass);
    if (known === undefined) {
      known = this.#ofClass(fromClass);
      this.#known.set(fromClass, known);
    }
    return known;
  }

  #ofClass(from: UnitClass): readonly number[] {
    const { classes } = this.#table;
    const found = new Set<UnitClass>();
    for (const family of from.families) {
      const row = this.#table.row(from, 'egress', family);
      if (!row.base.isEmpty() || row.byView.size > 0) {
        for (const target of this.#open) found.add(target);
        for (const target of this.#naming.get(from.index) ?? []) found.add(target);
      } else for (const index of row.special.keys()) found.add(classes[index] as UnitClass);
    }
    if (found.size === classes.length) return this.#all;
    const units = new Set(this.#hosts);
    for (const { members } of found) for (const at of this.#wanted(members)) units.add(at);
    return [...units].sort((a, b) => a - b);
  }

  #wanted(indexes: Iterable<number>): number[] {
    const all = [...indexes];
    return this.#targets === undefined ? all : all.filter((at) => this.#targets?.has(this.#units[at] as Unit));
  }
}

/** A node or hostNetwork pod: what it may exchange with pods depends on where they run. */
function isHost({ pods, nodes }: Unit): boolean {
  return pods.length === 0 && nodes.size > 0;
}

/** One end is the node that pods of the other run on: NetworkPolicies let it pass (S16). */
export function isOwnNodePair(from: Unit, to: Unit): boolean {
  const [host, other] = from.pods.length === 0 ? [from, to] : [to, from];
  if (host.pods.length > 0 || other.pods.length === 0 || host.nodes.size === 0) return false;
  for (const node of host.nodes) if (other.nodes.has(node)) return true;
  return false;
}
