import type { Direction } from '../../engine/verdict.ts';
import type { Family } from '../../net/address.ts';
import { type ClassTable, cell, type Row, rowKey, type UnitClass } from '../classes.ts';
import type { FamilyPorts } from '../ports.ts';
import type { Unit } from '../units.ts';

/** A class with those of its endpoints that one end of an assertion stands for. */
export interface Members {
  readonly ofClass: UnitClass;
  /** By id, never empty. */
  readonly units: readonly Unit[];
}

/** Classes whose policies are the same in one direction: what they admit differs by the other end only. */
export interface Side {
  readonly members: readonly Members[];
  /** Endpoints. */
  readonly count: number;
  readonly families: readonly Family[];
  readonly outside: boolean;
  /** Nodes and hostNetwork pods. */
  readonly host: boolean;
  readonly rows: Readonly<Partial<Record<Family, Row>>>;
  /** Classes that the rows single out; undefined where that cannot be told without asking for each. */
  readonly special: ReadonlySet<number> | undefined;
}

/** The members of a side that the rows of another give the same ports. */
export interface Part {
  readonly members: readonly Members[];
  /** Endpoints. */
  readonly count: number;
  readonly ports: FamilyPorts;
}

/**
 * Groups endpoints into sides.
 * @param apart for what else members of one side must agree in
 */
export function sidesOf(
  table: ClassTable,
  units: readonly Unit[],
  classOf: (unit: Unit) => UnitClass | undefined,
  direction: Direction,
  apart: (member: UnitClass) => string,
): Side[] {
  const byClass = new Map<UnitClass, Unit[]>();
  for (const unit of units) {
    const own = classOf(unit);
    if (own === undefined || (direction === 'egress' && !own.source)) continue;
    const known = byClass.get(own);
    if (known === undefined) byClass.set(own, [unit]);
    else known.push(unit);
  }
  const sides = new Map<string, { members: Members[]; first: UnitClass; host: boolean }>();
  for (const [ofClass, own] of byClass) {
    const host = !ofClass.outside && own[0]?.pods.length === 0;
    const key = [rowKey(ofClass, direction), ofClass.families.join('+'), ofClass.outside, host, apart(ofClass)].join(
      ' ',
    );
    const known = sides.get(key);
    if (known === undefined) sides.set(key, { members: [{ ofClass, units: own }], first: ofClass, host });
    else known.members.push({ ofClass, units: own });
  }
  return [...sides.values()].map(({ members, first, host }) => {
    const rows: Partial<Record<Family, Row>> = {};
    for (const family of first.families) rows[family] = table.row(first, direction, family);
    const all = Object.values(rows);
    const byView = all.some((row) => row.byView.size > 0);
    return {
      members,
      count: countOf(members),
      families: first.families,
      outside: first.outside,
      host,
      rows,
      special: byView ? undefined : new Set(all.flatMap((row) => [...row.special.keys()])),
    };
  });
}

/** For each side the sides with members that its rows single out; undefined: any may have some. */
export function singledOut(sides: readonly Side[], others: readonly Side[]): Map<Side, ReadonlySet<Side> | undefined> {
  const sideOf = new Map<number, Side>();
  for (const side of others) for (const { ofClass } of side.members) sideOf.set(ofClass.index, side);
  return new Map(
    sides.map((side) => {
      if (side.special === undefined) return [side, undefined];
      const found = new Set<Side>();
      for (const index of side.special) {
        const other = sideOf.get(index);
        if (other !== undefined) found.add(other);
      }
      return [side, found];
    }),
  );
}

/**
 * The parts of a side by what the rows of another give its members.
 * @param whole whether those rows are known to single out none of them
 */
export function partsOf(
  table: ClassTable,
  side: Side,
  rows: Side['rows'],
  families: readonly Family[],
  whole: boolean,
): Part[] {
  const portsFor = ({ ofClass }: Members): FamilyPorts => {
    const ports: FamilyPorts = {};
    for (const family of families) {
      const row = rows[family];
      if (row !== undefined) ports[family] = cell(row, ofClass);
    }
    return ports;
  };
  const [first] = side.members;
  if (first === undefined) return [];
  if (whole || side.members.length === 1) return [{ members: side.members, count: side.count, ports: portsFor(first) }];
  const parts = new Map<number, { members: Members[]; ports: FamilyPorts }>();
  for (const member of side.members) {
    const ports = portsFor(member);
    const key = table.algebra.key(ports);
    const known = parts.get(key);
    if (known === undefined) parts.set(key, { members: [member], ports });
    else known.members.push(member);
  }
  return [...parts.values()].map((part) => ({ ...part, count: countOf(part.members) }));
}

function countOf(members: readonly Members[]): number {
  return members.reduce((sum, { units }) => sum + units.length, 0);
}
