import type { PeerView, PolicyIndex } from '../engine/compiled/policy-index.ts';
import { type DirectionProgram, type NamedPorts, resolveSpec } from '../engine/compiled/program.ts';
import type { Direction } from '../engine/verdict.ts';
import type { Family } from '../net/address.ts';
import { PortSet } from '../net/port-set.ts';
import type { FamilyPorts } from './ports.ts';
import type { Unit } from './units.ts';

/** Units that every policy treats alike, as source and as destination. */
export interface UnitClass {
  readonly index: number;
  readonly external: boolean;
  readonly families: readonly Family[];
  /** Ascending indexes into the list of units. */
  readonly members: number[];
  readonly views: Readonly<Record<Family, readonly PeerView[]>>;
  readonly egress: DirectionProgram | null;
  readonly ingress: DirectionProgram | null;
  readonly named: NamedPorts | undefined;
}

/** What one program admits for every class: `base`, but for the classes in `cells`. */
export interface Row {
  readonly base: PortSet;
  readonly cells: ReadonlyMap<number, PortSet>;
}

const OPEN_ROW: Row = { base: PortSet.ALL, cells: new Map() };
const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

/**
 * The reachability of units, by class. A row is computed from the postings of its program's peers, so the work grows
 * with what policies admit, not with the number of pairs.
 */
export class ClassTable {
  readonly classes: readonly UnitClass[];
  /** Class of each unit. */
  readonly classOf: readonly UnitClass[];
  readonly #postings: Readonly<Record<Family, ReadonlyMap<number, readonly UnitClass[]>>>;
  readonly #rows = new Map<string, Row>();

  constructor(index: PolicyIndex, units: readonly Unit[]) {
    const byKey = new Map<string, UnitClass>();
    const groupKeys = new Map<ReadonlySet<number>, string>();
    const classes: UnitClass[] = [];
    this.classOf = units.map((unit, at) => {
      const views: Record<Family, PeerView[]> = { IPv4: [], IPv6: [] };
      for (const family of unit.families) {
        const ends = unit.ends.filter(
          (end) => end.type === 'pod' || end.address === undefined || end.address.family === family,
        );
        views[family] = ends.map((end) => index.peerView(end, family));
      }
      const [pod] = unit.pods;
      const view = views.IPv4[0] ?? views.IPv6[0];
      const egress = pod === undefined ? null : index.program(pod, 'egress');
      const ingress = pod === undefined ? null : index.program(pod, 'ingress');
      const external = unit.endpoint.type === 'external';
      let peers = '';
      if (view !== undefined && view.peers.size > 0) {
        peers = groupKeys.get(view.peers) ?? [...view.peers].sort((a, b) => a - b).join(',');
        groupKeys.set(view.peers, peers);
      }
      const key = [
        pod === undefined ? (external ? 'external' : 'host') : 'pod',
        unit.families.join('+'),
        egress?.id ?? '',
        ingress?.id ?? '',
        view?.named?.id ?? '',
        peers,
        ...FAMILIES.map((family) => views[family].map(({ blocks }) => blocks.join(',')).join('|')),
      ].join(' ');
      let found = byKey.get(key);
      if (found === undefined) {
        found = {
          index: classes.length,
          external,
          families: unit.families,
          members: [],
          views,
          egress,
          ingress,
          named: view?.named,
        };
        byKey.set(key, found);
        classes.push(found);
      }
      found.members.push(at);
      return found;
    });
    this.classes = classes;
    this.#postings = { IPv4: postings(classes, 'IPv4'), IPv6: postings(classes, 'IPv6') };
  }

  /** What the policies of a class admit toward (`egress`) or from (`ingress`) every class, in one family. */
  row(subject: UnitClass, direction: Direction, family: Family): Row {
    const program = subject[direction];
    if (program === null) return OPEN_ROW;
    const own = direction === 'ingress' && program.hasNamed ? subject.named : undefined;
    const key = `${direction} ${program.id} ${own?.id ?? ''} ${family}`;
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = this.#computeRow(program, direction, family, own);
      this.#rows.set(key, row);
    }
    return row;
  }

  #computeRow(program: DirectionProgram, direction: Direction, family: Family, own: NamedPorts | undefined): Row {
    const base = program.any === undefined ? PortSet.EMPTY : resolveSpec(program.any, own);
    const cells = new Map<number, PortSet>();
    const add = (target: UnitClass, ports: PortSet): void => {
      const old = cells.get(target.index) ?? base;
      const ports2 = old.union(ports);
      if (ports2 !== old) cells.set(target.index, ports2);
    };
    if (direction === 'egress' && program.any !== undefined && program.any.named.length > 0) {
      for (const target of this.classes) add(target, resolveSpec(program.any, target.named));
    }
    for (const [peer, spec] of program.byPeer) {
      for (const target of this.#postings[family].get(peer) ?? []) {
        add(target, resolveSpec(spec, direction === 'egress' ? target.named : own));
      }
    }
    return { base, cells };
  }

  /** What a pair of classes may exchange, by common family. */
  pair(from: UnitClass, to: UnitClass): FamilyPorts {
    const ports: FamilyPorts = {};
    for (const family of commonFamilies(from, to)) {
      ports[family] = cell(this.row(from, 'egress', family), to).intersect(cell(this.row(to, 'ingress', family), from));
    }
    return ports;
  }
}

export function cell(row: Row, target: UnitClass): PortSet {
  return row.cells.get(target.index) ?? row.base;
}

export function commonFamilies(
  a: { readonly families: readonly Family[] },
  b: { readonly families: readonly Family[] },
): readonly Family[] {
  return a.families === b.families ? a.families : a.families.filter((family) => b.families.includes(family));
}

function postings(classes: readonly UnitClass[], family: Family): ReadonlyMap<number, readonly UnitClass[]> {
  const lists = new Map<number, UnitClass[]>();
  const add = (peer: number, target: UnitClass): void => {
    const list = lists.get(peer);
    if (list === undefined) lists.set(peer, [target]);
    else if (list.at(-1) !== target) list.push(target);
  };
  for (const target of classes) {
    for (const view of target.views[family]) {
      for (const peer of view.peers) add(peer, target);
      for (const block of view.blocks) add(block, target);
    }
  }
  return lists;
}
