import { addTo } from '../../engine/compiled/selectors.ts';
import type { Direction } from '../../engine/verdict.ts';
import type { Family } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import { ClassTable, cell, type Row, rowKey, type UnitClass, viewOf } from '../classes.ts';
import { PortAlgebra } from '../port-algebra.ts';
import type { World } from '../world.ts';
import type { Edit, Edits, PolicyEdit, SelectingEdits } from './edits.ts';
import { bothSides, SIDES, type Sides } from './sides.ts';
import type { JointUnit } from './units.ts';

export const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

/** Joint units that each side's policies treat alike. */
export interface JointClass extends Sides<UnitClass | undefined> {
  readonly index: number;
  readonly outside: boolean;
  readonly source: boolean;
  /** Exists on one side only, or has other address families there: nothing follows from equal rows. */
  readonly irregular: boolean;
  /**
   * What happened to its units themselves and to their namespace; a class with any has one unit, or one namespace.
   * Of units that exist on one side only it is not told here.
   */
  readonly edits: readonly Edit[];
  /** Ascending indexes of units, those in the role of a source or target that is asked for. */
  readonly members: number[];
}

/** Joint classes with equal rows in a direction, on both sides. */
export interface JointSide {
  readonly direction: Direction;
  readonly classes: JointClass[];
  readonly rows: Sides<Readonly<Record<Family, Row>> | undefined>;
  readonly families: Sides<readonly Family[]>;
  readonly outside: boolean;
  readonly source: boolean;
  readonly irregular: boolean;
  /** Edited policies that select its classes in the direction, on either side. */
  readonly edits: SelectingEdits;
}

const NO_FAMILIES: readonly Family[] = [];

/** The classes of both worlds with what each says of the other. Equal port sets are one object. */
export class JointTable {
  readonly units: readonly JointUnit[];
  readonly classes: readonly JointClass[];
  /** Class of each unit. */
  readonly classOf: readonly JointClass[];
  readonly algebra: PortAlgebra = new PortAlgebra();
  readonly #tables: Sides<ClassTable>;
  /** Joint classes that a side's class is part of, by its index. */
  readonly #parts: Sides<ReadonlyMap<number, ReadonlySet<JointClass>>>;
  readonly #irregular: readonly JointClass[];
  readonly #edits: Edits;

  constructor(worlds: Sides<World>, units: readonly JointUnit[], edits: Edits) {
    this.units = units;
    this.#edits = edits;
    const present = bothSides((side) => units.flatMap((unit) => unit[side] ?? []));
    this.#tables = bothSides((side) => new ClassTable(worlds[side].index, present[side]));
    const classOf = bothSides(
      (side) => new Map(present[side].map((unit, at) => [unit, this.#tables[side].classOf[at]] as const)),
    );
    const byKey = new Map<string, JointClass>();
    const parts = bothSides(() => new Map<number, Set<JointClass>>());
    this.classOf = units.map((unit, at) => {
      const classes = bothSides((side) => {
        const own = unit[side];
        return own === undefined ? undefined : classOf[side].get(own);
      });
      const both = classes.old !== undefined && classes.new !== undefined;
      const own = both ? this.#ownEdits(unit) : [];
      const mark = both
        ? own.map(({ ref }) => (ref.kind === 'Namespace' ? `namespace ${ref.name}` : at)).join(' ')
        : this.#profile(unit);
      const key = `${classes.old?.index} ${classes.new?.index} ${mark}`;
      let found = byKey.get(key);
      if (found === undefined) {
        const [one] = [classes.new, classes.old].filter((candidate) => candidate !== undefined);
        found = {
          ...classes,
          index: byKey.size,
          outside: one?.outside === true,
          source: one?.source === true,
          irregular: !both || classes.old?.families.join() !== classes.new?.families.join(),
          edits: own,
          members: [],
        };
        byKey.set(key, found);
        for (const side of SIDES) {
          const index = classes[side]?.index;
          if (index !== undefined) addTo(parts[side], index, found);
        }
      }
      found.members.push(at);
      return found;
    });
    this.classes = [...byKey.values()];
    this.#parts = parts;
    this.#irregular = this.classes.filter(({ irregular }) => irregular);
  }

  /** Of a unit that one side does not have: how the policies there would see it. */
  #profile(unit: JointUnit): string {
    if (this.#edits.policies.size === 0) return '';
    return SIDES.map((side) => (unit[side] === undefined ? '' : this.#edits.profile(side, unit[side]))).join('');
  }

  #ownEdits(unit: JointUnit): Edit[] {
    const namespace = (unit.new ?? unit.old)?.endpoint.namespace;
    const edits = [this.#edits.ofUnit(unit), this.#edits.namespaces.get(namespace ?? '')];
    return edits.filter((edit) => edit !== undefined);
  }

  /** The classes of a list by their rows in a direction. */
  sides(classes: readonly JointClass[], direction: Direction): JointSide[] {
    const sides = new Map<string, JointSide>();
    for (const member of classes) {
      const own = bothSides((side) => member[side]);
      const families = bothSides((side) => own[side]?.families ?? NO_FAMILIES);
      const key = SIDES.map((side) => {
        const of = own[side];
        return of === undefined ? '-' : `${rowKey(of, direction)} ${families[side].join('+')}`;
      }).join(' | ');
      const full = `${key} ${member.outside} ${member.source}`;
      let found = sides.get(full);
      if (found === undefined) {
        const { outside, source, irregular } = member;
        const rows = bothSides((side) => this.#rows(side, own[side], direction));
        const edits = this.#policyEdits(member, direction);
        found = { direction, classes: [], rows, families, outside, source, irregular, edits };
        sides.set(full, found);
      }
      found.classes.push(member);
    }
    return [...sides.values()];
  }

  #rows(
    side: keyof Sides<unknown>,
    subject: UnitClass | undefined,
    direction: Direction,
  ): Readonly<Record<Family, Row>> | undefined {
    if (subject === undefined) return undefined;
    const table = this.#tables[side];
    return { IPv4: table.row(subject, direction, 'IPv4'), IPv6: table.row(subject, direction, 'IPv6') };
  }

  #policyEdits(member: JointClass, direction: Direction): SelectingEdits {
    const found = new Set<PolicyEdit>();
    let tiers = false;
    const isolated = bothSides((side) => (member[side]?.[direction].program ?? null) !== null);
    for (const side of SIDES) {
      const policies = member[side]?.[direction];
      for (const { key } of policies?.program?.policies ?? []) {
        const edit = this.#edits.policies.get(key);
        if (edit !== undefined) found.add(edit);
      }
      tiers ||= policies !== undefined && policies.tiers !== null;
    }
    if (tiers) for (const edit of this.#edits.policies.values()) if (edit.clusterWide) found.add(edit);
    return { edits: [...found], whole: !tiers && isolated.old !== isolated.new };
  }

  /** What a side's row says of a class in one family; nothing where one of them is absent or has not the family. */
  cell(subject: JointSide, side: keyof Sides<unknown>, family: Family, other: JointClass): PortSet {
    const row = subject.rows[side]?.[family];
    const target = other[side];
    if (row === undefined || target === undefined) return PortSet.EMPTY;
    if (!subject.families[side].includes(family) || !target.families.includes(family)) return PortSet.EMPTY;
    return this.algebra.canonical(cell(row, target));
  }

  /** Classes of which the rows of a side say different things, old and new. */
  *touched(subject: JointSide): Generator<JointClass> {
    const seen = new Set<JointClass>();
    for (const family of FAMILIES) {
      for (const other of this.#candidates(subject, family)) {
        if (seen.has(other) || (subject.outside && other.outside)) continue;
        if (this.cell(subject, 'old', family, other) === this.cell(subject, 'new', family, other)) continue;
        seen.add(other);
        yield other;
      }
    }
  }

  #candidates(subject: JointSide, family: Family): Iterable<JointClass> {
    const rows = bothSides((side) => subject.rows[side]?.[family]);
    if (subject.irregular || rows.old === undefined || rows.new === undefined) return this.classes;
    if (this.algebra.canonical(rows.old.base) !== this.algebra.canonical(rows.new.base)) return this.classes;
    const found = new Set<JointClass>(this.#irregular);
    for (const side of SIDES) {
      const { special, byView } = rows[side] as Row;
      const add = (index: number): void => {
        for (const part of this.#parts[side].get(index) ?? []) found.add(part);
      };
      for (const index of special.keys()) add(index);
      if (byView.size === 0) continue;
      for (const target of this.#tables[side].classes) {
        const view = viewOf(target, family);
        if (view !== undefined && byView.has(view)) add(target.index);
      }
    }
    return found;
  }

  /** What a pair of units may exchange on one side, where both exist there; `own` for a pod and its own node. */
  pair(side: keyof Sides<unknown>, from: JointClass, to: JointClass, own: boolean): Partial<Record<Family, PortSet>> {
    const [source, target] = [from[side], to[side]];
    if (source === undefined || target === undefined || !source.source) return {};
    return own ? this.#tables[side].ownNodePair(source, target) : this.#tables[side].pair(source, target);
  }
}
