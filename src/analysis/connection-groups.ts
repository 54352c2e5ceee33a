import { addTo } from '../engine/compiled/selectors.ts';
import { compareCodePoints } from '../model/text.ts';
import type { Family } from '../net/address.ts';
import { PortSet } from '../net/port-set.ts';
import { type ClassTable, cell, commonFamilies, type Row, rowKey, type UnitClass, viewOf } from './classes.ts';
import type { ConnectionGroup, PairFilter } from './connections.ts';
import type { PortAlgebra } from './port-algebra.ts';
import type { FamilyPorts, PortEntry } from './ports.ts';
import type { Unit } from './units.ts';

/** Classes with one program in a direction: their rows are the same. */
interface Side {
  readonly classes: UnitClass[];
  /** Of its classes. */
  readonly indexes: Set<number>;
  readonly families: readonly Family[];
  readonly rows: Readonly<Partial<Record<Family, Row>>>;
  readonly outside: boolean;
  readonly source: boolean;
}

/** A part of a side whose classes get the same ports from a row. */
interface Part {
  readonly classes: UnitClass[];
  readonly ports: FamilyPorts;
  /** Equal for parts of one side with the same classes. */
  readonly key: string;
}

/** The key of a part that is all of its side. */
const WHOLE = '*';
const NO_SIDES: ReadonlySet<Side> = new Set();

interface Rectangle {
  from: number[];
  to: number[];
  readonly ports: readonly PortEntry[];
}

/**
 * Covers the open pairs with rectangles. Sources with one egress program meet destinations with one ingress program;
 * only combinations in which each side admits something of the other are looked at.
 */
export class GroupBuilder {
  readonly #units: readonly Unit[];
  readonly #table: ClassTable;
  readonly #filter: PairFilter;
  readonly #algebra: PortAlgebra;

  constructor(units: readonly Unit[], table: ClassTable, filter: PairFilter) {
    this.#units = units;
    this.#table = table;
    this.#filter = filter;
    this.#algebra = table.algebra;
  }

  build(): ConnectionGroup[] {
    const sources = this.#sides('egress');
    const targets = this.#sides('ingress');
    const targetsNamed = new SideFinder(this.#table, targets);
    const sourcesNamed = new SideFinder(this.#table, sources);
    /** For each source the targets whose rows say something special of its classes. */
    const naming = new Map<Side, Set<Side>>();
    for (const target of targets) for (const source of sourcesNamed.namedBy(target)) addTo(naming, source, target);
    /** Targets that admit something from everybody. */
    const wide = targets.filter(hasBase);

    const merged = new Map<string, Rectangle>();
    for (const source of sources) {
      if (!source.source) continue;
      const namedBySource = targetsNamed.namedBy(source);
      const namingSource = naming.get(source) ?? NO_SIDES;
      const open = hasBase(source);
      const candidates = new Set([...wide, ...namingSource]);
      for (const target of candidates) if (!open && !namedBySource.has(target)) candidates.delete(target);
      this.#addRectangles(source, candidates, namedBySource, namingSource, merged);
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
        side = { classes: [], indexes: new Set(), families, rows, outside, source };
        sides.set(key, side);
      }
      side.classes.push(member);
      side.indexes.add(member.index);
    }
    return [...sides.values()];
  }

  #addRectangles(
    source: Side,
    candidates: ReadonlySet<Side>,
    namedBySource: ReadonlySet<Side>,
    namingSource: ReadonlySet<Side>,
    merged: Map<string, Rectangle>,
  ): void {
    /** By the source classes and the ports: targets are collected. */
    const own = new Map<string, { from: UnitClass[]; to: UnitClass[]; ports: readonly PortEntry[] }>();
    for (const target of candidates) {
      if (source.outside && target.outside) continue;
      const families = commonFamilies(source, target);
      if (families.length === 0) continue;
      const fromParts = this.#parts(source, target, namingSource.has(target), families);
      if (fromParts.length === 0) continue;
      const toParts = this.#parts(target, source, namedBySource.has(target), families);
      for (const from of fromParts) {
        for (const to of toParts) {
          const ports: FamilyPorts = {};
          for (const family of families) {
            ports[family] = this.#algebra.intersect(
              from.ports[family] ?? PortSet.EMPTY,
              to.ports[family] ?? PortSet.EMPTY,
            );
          }
          const entries = this.#algebra.entries(ports);
          if (entries.length === 0) continue;
          const key = `${this.#algebra.key(ports)} ${from.key}`;
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

  /**
   * Splits a side by what the rows of the other say of its classes; classes that get nothing are left out.
   * @param special whether those rows speak of any of them; else all get the base
   */
  #parts(side: Side, other: Side, special: boolean, families: readonly Family[]): Part[] {
    if (special) return this.#partition(side, other.rows, families);
    const ports: FamilyPorts = {};
    let any = false;
    for (const family of families) {
      const base = other.rows[family]?.base ?? PortSet.EMPTY;
      ports[family] = base;
      any ||= !base.isEmpty();
    }
    return any ? [{ classes: side.classes, ports, key: WHOLE }] : [];
  }

  #partition(side: Side, rows: Readonly<Partial<Record<Family, Row>>>, families: readonly Family[]): Part[] {
    const found = new Map<number, { classes: UnitClass[]; ports: FamilyPorts }>();
    for (const member of this.#spokenOf(side, rows, families)) {
      const ports: FamilyPorts = {};
      let any = false;
      for (const family of families) {
        const row = rows[family];
        const admitted = row === undefined ? PortSet.EMPTY : cell(row, member);
        ports[family] = admitted;
        any ||= !admitted.isEmpty();
      }
      if (!any) continue;
      const key = this.#algebra.key(ports);
      const part = found.get(key);
      if (part === undefined) found.set(key, { classes: [member], ports });
      else part.classes.push(member);
    }
    return [...found.values()].map((part) => ({
      ...part,
      key: part.classes.length === side.classes.length ? WHOLE : part.classes.map(({ index }) => index).join(','),
    }));
  }

  /**
   * The classes of a side that rows may admit something of, in order. Where rows admit only what they name, those are
   * few, and the side may be most of the cluster.
   */
  #spokenOf(
    side: Side,
    rows: Readonly<Partial<Record<Family, Row>>>,
    families: readonly Family[],
  ): readonly UnitClass[] {
    const named = new Set<number>();
    for (const family of families) {
      const row = rows[family];
      if (row === undefined) continue;
      const byView = [...row.byView.keys()].map((view) => this.#table.byView[family].get(view) ?? []);
      const size = byView.reduce((sum, classes) => sum + classes.length, row.special.size);
      if (!row.base.isEmpty() || size >= side.classes.length) return side.classes;
      for (const index of row.special.keys()) if (side.indexes.has(index)) named.add(index);
      for (const { index } of byView.flat()) if (side.indexes.has(index)) named.add(index);
    }
    return [...named].sort((a, b) => a - b).map((index) => this.#table.classes[index] as UnitClass);
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
      const outgoing = new Map<number, Rectangle>();
      const incoming = new Map<number, Rectangle>();
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

  #addExtra(into: Map<number, Rectangle>, from: number, to: number, varying: 'from' | 'to'): void {
    const { classOf } = this.#table;
    const [fromClass, toClass] = [classOf[from] as UnitClass, classOf[to] as UnitClass];
    const admitted = this.#table.pair(fromClass, toClass);
    const local = this.#table.ownNodePair(fromClass, toClass);
    const extra: FamilyPorts = {};
    for (const family of Object.keys(local) as Family[]) {
      extra[family] = (local[family] ?? PortSet.EMPTY).subtract(admitted[family] ?? PortSet.EMPTY);
    }
    const ports = this.#algebra.entries(extra);
    if (ports.length === 0) return;
    const key = this.#algebra.key(extra);
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
  return rowsOf(side).some((row) => !row.base.isEmpty());
}

function rowsOf(side: Side): Row[] {
  return Object.values(side.rows).filter((row) => row !== undefined);
}

/** Finds the sides that the classes of a row are on. */
class SideFinder {
  readonly #table: ClassTable;
  readonly #sideOf = new Map<UnitClass, Side>();
  readonly #byView = new Map<string, Set<Side>>();

  constructor(table: ClassTable, sides: readonly Side[]) {
    this.#table = table;
    for (const side of sides) {
      for (const member of side.classes) {
        this.#sideOf.set(member, side);
        for (const family of member.families) {
          const view = viewOf(member, family);
          if (view !== undefined) addTo(this.#byView, `${family} ${view}`, side);
        }
      }
    }
  }

  /** The sides with a class that a side's rows say something special of. */
  namedBy(side: Side): Set<Side> {
    const found = new Set<Side>();
    for (const row of rowsOf(side)) {
      for (const index of row.special.keys()) {
        const named = this.#sideOf.get(this.#table.classes[index] as UnitClass);
        if (named !== undefined) found.add(named);
      }
      for (const view of row.byView.keys()) {
        for (const named of this.#byView.get(`${row.family} ${view}`) ?? []) found.add(named);
      }
    }
    return found;
  }
}

function restrictEntries(entries: readonly PortEntry[], wanted: PortSet): PortEntry[] {
  return entries.flatMap((entry) =>
    PortSet.ofPorts([entry])
      .intersect(wanted)
      .toJSON()
      .map((kept) => ({ ...kept, ...(entry.families === undefined ? {} : { families: entry.families }) })),
  );
}
