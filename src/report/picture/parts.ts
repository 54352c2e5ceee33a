import type { Endpoint } from '../../analysis/index.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { ReachabilitySource } from '../reachability-source.ts';
import type { Cell } from './cover.ts';
import type { Isolation } from './model.ts';
import { type FamilyPorts, intersect, isEmpty, keyOf, NO_PORTS, ofEntries, union } from './ports.ts';

/** Where a part is drawn: a namespace by name, or one of the fixed places. */
export type Place = { readonly kind: 'namespace'; readonly name: string } | { readonly kind: 'nodes' | 'outside' };

/** Endpoints of one place that connect alike, among themselves too. */
export interface Part {
  readonly place: Place;
  readonly endpoints: readonly Endpoint[];
  /** Its endpoints do not connect alike: it stands for all of its place, drawn as one box to save room. */
  readonly summary?: boolean;
}

/** Parts with what they may exchange. A part of one has no cell with itself. */
export interface Matrix {
  readonly parts: readonly Part[];
  /** The ports that some pair of members is open on. */
  readonly cells: readonly (readonly Cell[])[];
  /** The ports that every pair of members is open on; equal to `cells` where no part is a summary. */
  readonly every: readonly (readonly Cell[])[];
}

/** Beyond it parts are not compared one by one any more. */
const TWIN_LIMIT = 400;
/** Beyond it places are looked at as wholes. */
const PART_LIMIT = 1200;

/** The parts of a reachability: endpoints that the groups never tell apart; whole places where those are too many. */
export function partsOf(reachability: ReachabilitySource, connectedOnly: boolean): Matrix {
  const fine = collect(reachability, connectedOnly, true);
  if (fine !== undefined) return joinTwins(fine);
  const { parts, cells } = collect(reachability, connectedOnly, false) ?? { parts: [], cells: [] };
  return {
    parts: parts.map((part) => (part.place.kind === 'outside' ? part : { ...part, summary: true })),
    cells,
    // Nothing is known to be open between all members.
    every: cells.map((row) => row.map((cell) => (cell === undefined ? undefined : NO_PORTS))),
  };
}

function collect(reachability: ReachabilitySource, connectedOnly: boolean, fine: boolean): Matrix | undefined {
  const { endpoints } = reachability;
  const numbers = new Map(endpoints.map(({ id }, at) => [id, at]));
  const positions = (ids: readonly string[]): number[] => ids.flatMap((id) => numbers.get(id) ?? []);
  const groups = reachability.groups().map(({ from, to, ports }) => ({
    from: positions(from),
    to: positions(to),
    ports: ofEntries(ports),
  }));
  const marks: string[][] = endpoints.map(() => []);
  for (const [at, { from, to }] of groups.entries()) {
    for (const member of from) marks[member]?.push(`>${at}`);
    for (const member of to) marks[member]?.push(`<${at}`);
  }
  const bySignature = new Map<string, { readonly place: Place; readonly endpoints: Endpoint[] }>();
  const partOf = new Map<number, string>();
  for (const [at, endpoint] of endpoints.entries()) {
    const mark = marks[at] ?? [];
    const place = placeOf(endpoint);
    // Addresses that nothing may exchange anything with are no news.
    if (mark.length === 0 && (connectedOnly || place.kind === 'outside')) continue;
    const apart = fine || place.kind === 'outside';
    const key = JSON.stringify([placeKey(place), ...(apart ? [endpoint.type, isolationOf(endpoint) ?? '', mark] : [])]);
    const known = bySignature.get(key);
    if (known === undefined) bySignature.set(key, { place, endpoints: [endpoint] });
    else known.endpoints.push(endpoint);
    partOf.set(at, key);
  }
  if (fine && bySignature.size > PART_LIMIT) return undefined;
  const order = new Map([...bySignature.keys()].map((key, at) => [key, at]));
  const parts = [...bySignature.values()];
  const cells: Cell[][] = parts.map((from, row) =>
    parts.map((to, column) => {
      const meaningless = row === column ? from.endpoints.length === 1 : bothOutside(from, to);
      return meaningless ? undefined : NO_PORTS;
    }),
  );
  const partsIn = (members: readonly number[]): number[] => [
    ...new Set(members.flatMap((member) => order.get(partOf.get(member) ?? '') ?? [])),
  ];
  for (const { from, to, ports } of groups) {
    const columns = partsIn(to);
    for (const row of partsIn(from)) {
      const line = cells[row] as Cell[];
      for (const column of columns) {
        const cell = line[column];
        if (cell !== undefined) line[column] = union(cell, ports);
      }
    }
  }
  return { parts, cells, every: cells };
}

/** Joins parts of one place, and summaries of places, that differ in nothing that the matrix shows. */
function joinTwins(matrix: Matrix): Matrix {
  const { parts, cells, every } = matrix;
  if (parts.length > TWIN_LIMIT) return matrix;
  const keys = cells.map((row, at) =>
    row.map((cell, column) => {
      const all = every[at]?.[column];
      return cell === undefined ? undefined : `${keyOf(cell)} ${all === undefined ? '' : keyOf(all)}`;
    }),
  );
  const gone = new Set<number>();
  const joined = new Map<number, number[]>();
  for (const [one, part] of parts.entries()) {
    if (gone.has(one)) continue;
    const members = [one];
    for (let other = one + 1; other < parts.length; other++) {
      if (!gone.has(other) && sameKind(part, parts[other] as Part) && areTwins(keys, one, other)) members.push(other);
    }
    for (const member of members.slice(1)) gone.add(member);
    joined.set(one, members);
  }
  if (gone.size === 0) return matrix;
  const left = [...joined.keys()];
  const reduced = (from: readonly (readonly Cell[])[]): readonly (readonly Cell[])[] =>
    left.map((row) =>
      left.map((column) => {
        const [first, second] = joined.get(row) ?? [];
        const twins = row === column && first !== undefined && second !== undefined;
        return twins ? from[first]?.[second] : from[row]?.[column];
      }),
    );
  return {
    parts: left.map((at) => {
      const members = (joined.get(at) ?? []).flatMap((member) => parts[member]?.endpoints ?? []);
      members.sort((a, b) => compareCodePoints(a.id, b.id));
      return { ...(parts[at] as Part), endpoints: members };
    }),
    cells: reduced(cells),
    every: reduced(every),
  };
}

function sameKind(a: Part, b: Part): boolean {
  if (a.summary === true && b.summary === true) {
    return a.place.kind === b.place.kind && stateOf(a.endpoints) === stateOf(b.endpoints);
  }
  const [one, other] = [a.endpoints[0], b.endpoints[0]];
  return (
    a.summary === b.summary &&
    placeKey(a.place) === placeKey(b.place) &&
    a.place.kind !== 'outside' &&
    one?.type === other?.type &&
    stateOf(a.endpoints) === stateOf(b.endpoints)
  );
}

function areTwins(keys: readonly (readonly (string | undefined)[])[], one: number, other: number): boolean {
  const among = keys[one]?.[other];
  const own = [keys[one]?.[one], keys[other]?.[other]];
  if (keys[other]?.[one] !== among || own.some((key) => key !== undefined && key !== among)) return false;
  for (let third = 0; third < keys.length; third++) {
    if (third === one || third === other) continue;
    if (keys[one]?.[third] !== keys[other]?.[third] || keys[third]?.[one] !== keys[third]?.[other]) return false;
  }
  return true;
}

/** The same facts with all parts of some places put into one summary each; summaries that connect alike are one. */
export function summarise({ parts, cells, every }: Matrix, isSummary: (place: Place) => boolean): Matrix {
  const joined = new Map<string, number[]>();
  for (const [at, { place }] of parts.entries()) {
    const key = place.kind !== 'outside' && isSummary(place) ? placeKey(place) : String(at);
    joined.set(key, [...(joined.get(key) ?? []), at]);
  }
  const members = [...joined.values()];
  const combined = (
    matrix: readonly (readonly Cell[])[],
    combine: (a: FamilyPorts, b: FamilyPorts) => FamilyPorts,
  ): readonly (readonly Cell[])[] =>
    members.map((rows) => members.map((columns) => combineCells(matrix, rows, columns, combine)));
  return joinTwins({
    parts: members.map((own) => {
      const part = parts[own[0] as number] as Part;
      if (part.place.kind === 'outside' || !isSummary(part.place)) return part;
      const endpoints = own.flatMap((at) => (parts[at] as Part).endpoints);
      return { place: part.place, endpoints, summary: true };
    }),
    cells: combined(cells, union),
    every: combined(every, intersect),
  });
}

function combineCells(
  cells: readonly (readonly Cell[])[],
  rows: readonly number[],
  columns: readonly number[],
  combine: (a: FamilyPorts, b: FamilyPorts) => FamilyPorts,
): Cell {
  let ports: Cell;
  for (const row of rows) {
    for (const column of columns) {
      const cell = cells[row]?.[column];
      if (cell !== undefined) ports = ports === undefined ? cell : combine(ports, cell);
    }
  }
  return ports;
}

/** Places of which some parts, or the members of one, exchange something with each other. */
export function placesWithOwnConnections({ parts, cells }: Matrix): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [row, part] of parts.entries()) {
    for (const [column, other] of parts.entries()) {
      const cell = cells[row]?.[column];
      const key = placeKey(part.place);
      if (key === placeKey(other.place) && cell !== undefined && !isEmpty(cell)) found.add(key);
    }
  }
  return found;
}

function bothOutside(a: Part, b: Part): boolean {
  return a.place.kind === 'outside' && b.place.kind === 'outside';
}

function placeOf(endpoint: Endpoint): Place {
  // The ingress controller is drawn where what it passes on comes from.
  if (['external', 'domain', 'ingress-controller'].includes(endpoint.type)) return { kind: 'outside' };
  return endpoint.namespace === undefined ? { kind: 'nodes' } : { kind: 'namespace', name: endpoint.namespace };
}

/** Equal for equal places. */
export function placeKey(place: Place): string {
  return place.kind === 'namespace' ? `namespace ${place.name}` : place.kind;
}

/** What NetworkPolicies isolate of several endpoints. */
export function stateOf(endpoints: readonly Endpoint[]): Isolation | undefined {
  const states = new Set(endpoints.map(isolationOf));
  return states.size > 1 ? 'mixed' : [...states][0];
}

/** What NetworkPolicies isolate of an endpoint; undefined for what is no pod. */
export function isolationOf({ isolated }: Endpoint): Exclude<Isolation, 'mixed'> | undefined {
  if (isolated === undefined) return undefined;
  if (isolated.ingress) return isolated.egress ? 'both' : 'ingress';
  return isolated.egress ? 'egress' : 'none';
}

/** Whether any row or column of a part has a port. */
export function isUsed(cells: readonly (readonly Cell[])[], at: number, as: 'from' | 'to'): boolean {
  return cells.some((row, index) => {
    const cell = as === 'from' ? cells[at]?.[index] : row[at];
    return cell !== undefined && !isEmpty(cell);
  });
}
