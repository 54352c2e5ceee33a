import { type FamilyPorts, intersect, isEmpty, isSubset, NO_PORTS, subtract, textOf, union } from './ports.ts';

/** Ports between two boxes; undefined where the question makes no sense (one with itself, outside with outside). */
export type Cell = FamilyPorts | undefined;

/** Boxes that one drawn end can stand for. */
export interface EndSet {
  /** Positions of boxes, ascending. */
  readonly members: readonly number[];
}

/** Every pair of members of `from` and `to` is open on `ports`. */
export interface Cover<S extends EndSet> {
  readonly from: S;
  readonly to: S;
  readonly ports: FamilyPorts;
}

/**
 * Covers the cells of a matrix with few rectangles: large sets first, each with the ports that all of its cells share;
 * single cells with what is left, or with all of theirs where that is shorter to say. Rectangles overlap; together they
 * say exactly the matrix. Needs a set of one member for every box. What a box is open on within itself, the diagonal, is
 * taken to be said already.
 */
export function coverMatrix<S extends EndSet>(
  cells: readonly (readonly Cell[])[],
  fromSets: readonly S[],
  toSets: readonly S[],
): Cover<S>[] {
  const covered: FamilyPorts[][] = cells.map((row, at) =>
    row.map((cell, column) => (at === column ? (cell ?? NO_PORTS) : NO_PORTS)),
  );
  const pairs = fromSets.flatMap((from) => toSets.map((to) => ({ from, to })));
  const size = ({ from, to }: { readonly from: S; readonly to: S }): number => from.members.length * to.members.length;
  pairs.sort((a, b) => size(b) - size(a));
  const covers: Cover<S>[] = [];
  for (const { from, to } of pairs) {
    const known = commonPorts(cells, from, to);
    if (known === undefined || isEmpty(known.shared)) continue;
    const { shared, places } = known;
    const gained = places.filter(([row, column]) => !isSubset(shared, at(covered, row, column)));
    const isSingle = from.members.length === 1 && to.members.length === 1;
    // A set that would say one new thing only is not worth a box of its own.
    if (gained.length < (isSingle ? 1 : 2)) continue;
    const said = places.map(([row, column]) => at(covered, row, column)).reduce(intersect);
    const rest = subtract(shared, said);
    const ports = textOf(rest).length < textOf(shared).length ? rest : shared;
    covers.push({ from, to, ports });
    for (const [row, column] of places) {
      const line = covered[row];
      if (line !== undefined) line[column] = union(at(covered, row, column), ports);
    }
  }
  return covers;
}

function at(covered: readonly (readonly FamilyPorts[])[], row: number, column: number): FamilyPorts {
  return covered[row]?.[column] ?? NO_PORTS;
}

/** What all cells of a rectangle share, and which cells those are; undefined when there are none. */
function commonPorts(
  cells: readonly (readonly Cell[])[],
  from: EndSet,
  to: EndSet,
): { readonly shared: FamilyPorts; readonly places: readonly (readonly [number, number])[] } | undefined {
  let shared: FamilyPorts | undefined;
  const places: (readonly [number, number])[] = [];
  for (const row of from.members) {
    for (const column of to.members) {
      const cell = cells[row]?.[column];
      if (cell === undefined) continue;
      shared = shared === undefined ? cell : intersect(shared, cell);
      if (isEmpty(shared)) return undefined;
      places.push([row, column]);
    }
  }
  return shared === undefined ? undefined : { shared, places };
}
