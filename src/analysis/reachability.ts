import { compareCodePoints } from '../model/text.ts';
import type { Family } from '../net/address.ts';
import { PortSet } from '../net/port-set.ts';
import { type ClassTable, cell, commonFamilies, type Row, rowKey, type UnitClass } from './classes.ts';
import { type FamilyPorts, type PortEntry, portEntries } from './ports.ts';
import type { Endpoint, Unit } from './units.ts';

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
    const entries = new EntryCache();
    const listed = (ports: FamilyPorts, to: Unit): readonly PortEntry[] => entries.of(this.#wanted(ports, to));
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
    return this.#filter.ports === undefined ? ports : restrict(ports, this.#filter.ports(to));
  }

  /** The same facts as sets of ends, small enough for large clusters; in a stable order. */
  groups(): ConnectionGroup[] {
    const builder = new GroupBuilder(this.#units, this.#table, this.#filter);
    return builder.build();
  }
}

/** One end is the node that pods of the other run on: NetworkPolicies let it pass (S16). */
function isOwnNodePair(from: Unit, to: Unit): boolean {
  const [host, other] = from.pods.length === 0 ? [from, to] : [to, from];
  if (host.pods.length > 0 || other.pods.length === 0 || host.nodes.size === 0) return false;
  for (const node of host.nodes) if (other.nodes.has(node)) return true;
  return false;
}

function restrict(ports: FamilyPorts, wanted: PortSet): FamilyPorts {
  const restricted: FamilyPorts = {};
  for (const family of Object.keys(ports) as Family[]) {
    restricted[family] = (ports[family] ?? PortSet.EMPTY).intersect(wanted);
  }
  return restricted;
}

/** Port entries of equal ports are one list. */
class EntryCache {
  readonly #lists = new Map<string, readonly PortEntry[]>();

  of(ports: FamilyPorts): readonly PortEntry[] {
    const key = entriesKey(ports);
    let list = this.#lists.get(key);
    if (list === undefined) {
      list = portEntries(ports);
      this.#lists.set(key, list);
    }
    return list;
  }
}

function entriesKey(ports: FamilyPorts): string {
  return `${ports.IPv4?.key ?? '-'};${ports.IPv6?.key ?? '-'}`;
}

/** Classes with one program in a direction: their rows are the same. */
interface Side {
  readonly classes: UnitClass[];
  readonly families: readonly Family[];
  readonly rows: Readonly<Partial<Record<Family, Row>>>;
  readonly outside: boolean;
  readonly source: boolean;
}

/** A part of a side whose classes get the same ports from a row. */
interface Part {
  readonly classes: UnitClass[];
  readonly ports: FamilyPorts;
}

interface Rectangle {
  from: number[];
  to: number[];
  readonly ports: readonly PortEntry[];
}

/**
 * Covers the open pairs with rectangles. Sources with one egress program meet destinations with one ingress program;
 * only combinations in which each side admits something of the other are looked at.
 */
class GroupBuilder {
  readonly #units: readonly Unit[];
  readonly #table: ClassTable;
  readonly #filter: PairFilter;
  readonly #entries = new EntryCache();

  constructor(units: readonly Unit[], table: ClassTable, filter: PairFilter) {
    this.#units = units;
    this.#table = table;
    this.#filter = filter;
  }

  build(): ConnectionGroup[] {
    const sources = this.#sides('egress');
    const targets = this.#sides('ingress');
    const targetOf = new Map<UnitClass, Side>();
    for (const side of targets) for (const member of side.classes) targetOf.set(member, side);
    /** Targets that admit something from everybody, and for each class those that admit something from it. */
    const wide = targets.filter((side) => hasBase(side));
    const admitting = new Map<number, Set<Side>>();
    for (const side of targets) {
      for (const row of Object.values(side.rows)) {
        for (const index of row?.special.keys() ?? []) {
          const sides = admitting.get(index);
          if (sides === undefined) admitting.set(index, new Set([side]));
          else sides.add(side);
        }
      }
    }

    const merged = new Map<string, Rectangle>();
    for (const source of sources) {
      if (!source.source) continue;
      const reachable = hasBase(source) ? undefined : this.#sidesNamed(source, targetOf);
      const candidates = new Set<Side>(reachable === undefined ? wide : wide.filter((side) => reachable.has(side)));
      for (const member of source.classes) {
        for (const side of admitting.get(member.index) ?? []) {
          if (reachable === undefined || reachable.has(side)) candidates.add(side);
        }
      }
      this.#addRectangles(source, candidates, merged);
    }
    return this.#finish([...merged.values(), ...this.#ownNodeRectangles()]);
  }

  #sides(direction: 'egress' | 'ingress'): Side[] {
    const sides = new Map<string, Side>();
    for (const member of this.#table.classes) {
      const { families, outside, source } = member;
      const key = `${rowKey(member, direction)} ${families.join('+')} ${outside} ${source}`;
      let side = sides.get(key);
      if (side === undefined) {
        const rows: Partial<Record<Family, Row>> = {};
        for (const family of families) rows[family] = this.#table.row(member, direction, family);
        side = { classes: [], families, rows, outside, source };
        sides.set(key, side);
      }
      side.classes.push(member);
    }
    return [...sides.values()];
  }

  #sidesNamed(source: Side, targetOf: ReadonlyMap<UnitClass, Side>): Set<Side> {
    const sides = new Set<Side>();
    for (const row of Object.values(source.rows)) {
      for (const index of row?.special.keys() ?? []) {
        const side = targetOf.get(this.#table.classes[index] as UnitClass);
        if (side !== undefined) sides.add(side);
      }
    }
    return sides;
  }

  #addRectangles(source: Side, candidates: ReadonlySet<Side>, merged: Map<string, Rectangle>): void {
    /** By the source classes and the ports: targets are collected. */
    const own = new Map<string, { from: UnitClass[]; to: UnitClass[]; ports: readonly PortEntry[] }>();
    for (const target of candidates) {
      if (source.outside && target.outside) continue;
      const families = commonFamilies(source, target);
      if (families.length === 0) continue;
      const fromParts = partition(source.classes, target.rows, families);
      const toParts = partition(target.classes, source.rows, families);
      for (const from of fromParts) {
        for (const to of toParts) {
          const ports: FamilyPorts = {};
          for (const family of families) {
            ports[family] = (from.ports[family] ?? PortSet.EMPTY).intersect(to.ports[family] ?? PortSet.EMPTY);
          }
          const entries = this.#entries.of(ports);
          if (entries.length === 0) continue;
          const key = `${entriesKey(ports)} ${from.classes.map(({ index }) => index).join(',')}`;
          const known = own.get(key);
          if (known === undefined) own.set(key, { from: from.classes, to: [...to.classes], ports: entries });
          else known.to.push(...to.classes);
        }
      }
    }
    for (const { from, to, ports } of own.values()) {
      const toKey = to
        .map(({ index }) => index)
        .sort((a, b) => a - b)
        .join(',');
      const key = `${JSON.stringify(ports)} ${toKey}`;
      const known = merged.get(key);
      const fromMembers = from.flatMap(({ members }) => members);
      if (known === undefined) merged.set(key, { from: fromMembers, to: to.flatMap(({ members }) => members), ports });
      else known.from.push(...fromMembers);
    }
  }

  /** What the own-node rule adds to what the policies admit else, a rectangle for each node and direction. */
  *#ownNodeRectangles(): Generator<Rectangle> {
    const podsOn = new Map<string, number[]>();
    for (const [at, unit] of this.#units.entries()) {
      if (unit.pods.length === 0) continue;
      for (const node of unit.nodes) {
        const list = podsOn.get(node);
        if (list === undefined) podsOn.set(node, [at]);
        else list.push(at);
      }
    }
    for (const [host, unit] of this.#units.entries()) {
      if (unit.pods.length > 0) continue;
      const outgoing = new Map<string, Rectangle>();
      const incoming = new Map<string, Rectangle>();
      for (const node of unit.nodes) {
        for (const pod of podsOn.get(node) ?? []) {
          this.#addExtra(outgoing, host, pod, 'to');
          this.#addExtra(incoming, pod, host, 'from');
        }
      }
      yield* outgoing.values();
      yield* incoming.values();
    }
  }

  #addExtra(into: Map<string, Rectangle>, from: number, to: number, varying: 'from' | 'to'): void {
    const { classOf } = this.#table;
    const [fromClass, toClass] = [classOf[from] as UnitClass, classOf[to] as UnitClass];
    const admitted = this.#table.pair(fromClass, toClass);
    const local = this.#table.ownNodePair(fromClass, toClass);
    const extra: FamilyPorts = {};
    for (const family of Object.keys(local) as Family[]) {
      extra[family] = (local[family] ?? PortSet.EMPTY).subtract(admitted[family] ?? PortSet.EMPTY);
    }
    const ports = this.#entries.of(extra);
    if (ports.length === 0) return;
    const key = entriesKey(extra);
    const known = into.get(key);
    if (known === undefined) into.set(key, { from: [from], to: [to], ports });
    else known[varying].push(varying === 'from' ? from : to);
  }

  /** Applies the filters, drops rectangles without pairs, and puts all in order. */
  #finish(rectangles: readonly Rectangle[]): ConnectionGroup[] {
    const groups: ConnectionGroup[] = [];
    for (const rectangle of rectangles) {
      for (const { from, to, ports } of this.#filtered(rectangle)) {
        if (from.length === 0 || to.length === 0) continue;
        if (from.length === 1 && to.length === 1 && from[0] === to[0]) continue;
        groups.push({ from: this.#ids(from), to: this.#ids(to), ports });
      }
    }
    const order = (group: ConnectionGroup): string => JSON.stringify(group.ports);
    return groups.sort(
      (a, b) =>
        compareCodePoints(a.from[0] ?? '', b.from[0] ?? '') ||
        compareCodePoints(a.to[0] ?? '', b.to[0] ?? '') ||
        compareCodePoints(order(a), order(b)) ||
        a.from.length - b.from.length ||
        a.to.length - b.to.length,
    );
  }

  *#filtered(rectangle: Rectangle): Generator<Rectangle> {
    const { from: sources, to: targets, either, ports: wanted } = this.#filter;
    const from = sources === undefined ? rectangle.from : rectangle.from.filter((at) => sources.has(this.#unit(at)));
    const to = targets === undefined ? rectangle.to : rectangle.to.filter((at) => targets.has(this.#unit(at)));
    const parts: Rectangle[] =
      either === undefined
        ? [{ ...rectangle, from, to }]
        : [
            { ...rectangle, from: from.filter((at) => either.has(this.#unit(at))), to },
            {
              ...rectangle,
              from: from.filter((at) => !either.has(this.#unit(at))),
              to: to.filter((at) => either.has(this.#unit(at))),
            },
          ];
    if (wanted === undefined) {
      yield* parts;
      return;
    }
    for (const part of parts) {
      const byPorts = new Map<string, Rectangle>();
      for (const at of part.to) {
        const ports = restrictEntries(part.ports, wanted(this.#unit(at)));
        if (ports.length === 0) continue;
        const key = JSON.stringify(ports);
        const known = byPorts.get(key);
        if (known === undefined) byPorts.set(key, { from: part.from, to: [at], ports });
        else known.to.push(at);
      }
      yield* byPorts.values();
    }
  }

  #unit(at: number): Unit {
    return this.#units[at] as Unit;
  }

  #ids(members: readonly number[]): string[] {
    return [...members].sort((a, b) => a - b).map((at) => this.#unit(at).endpoint.id);
  }
}

function hasBase(side: Side): boolean {
  return Object.values(side.rows).some((row) => row !== undefined && !row.base.isEmpty());
}

/** Splits classes by what the rows of the other side say of them. */
function partition(
  classes: readonly UnitClass[],
  rows: Readonly<Partial<Record<Family, Row>>>,
  families: readonly Family[],
): Part[] {
  const parts = new Map<string, Part>();
  for (const member of classes) {
    const ports: FamilyPorts = {};
    let any = false;
    for (const family of families) {
      const row = rows[family];
      const admitted = row === undefined ? PortSet.EMPTY : cell(row, member);
      ports[family] = admitted;
      any ||= !admitted.isEmpty();
    }
    if (!any) continue;
    const key = entriesKey(ports);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, { classes: [member], ports });
    else part.classes.push(member);
  }
  return [...parts.values()];
}

function restrictEntries(entries: readonly PortEntry[], wanted: PortSet): PortEntry[] {
  return entries.flatMap((entry) =>
    PortSet.ofPorts([entry])
      .intersect(wanted)
      .toJSON()
      .map((kept) => ({ ...kept, ...(entry.families === undefined ? {} : { families: entry.families }) })),
  );
}
