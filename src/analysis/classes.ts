import {
  admittedPorts,
  type DirectionPolicies,
  type PeerView,
  type PolicyIndex,
} from '../engine/compiled/policy-index.ts';
import type { NamedPorts } from '../engine/compiled/program.ts';
import { addTo } from '../engine/compiled/selectors.ts';
import type { Direction } from '../engine/verdict.ts';
import type { Family } from '../net/address.ts';
import { PortSet } from '../net/port-set.ts';
import { isController } from './controller.ts';
import { PortAlgebra } from './port-algebra.ts';
import type { FamilyPorts } from './ports.ts';
import type { Unit } from './units.ts';

/** Units that every policy treats alike, as source and as destination. */
export interface UnitClass {
  readonly index: number;
  /** Outside the cluster: a block of addresses or a domain. */
  readonly outside: boolean;
  /** A domain only ever is a destination. */
  readonly source: boolean;
  readonly families: readonly Family[];
  /** Ascending indexes into the list of units. */
  readonly members: number[];
  readonly views: Readonly<Record<Family, readonly PeerView[]>>;
  readonly egress: DirectionPolicies;
  readonly ingress: DirectionPolicies;
  readonly named: NamedPorts | undefined;
  /** The ingress controller: it connects to what is routed to, and nothing connects to it. */
  readonly controller: boolean;
  /** What Ingresses and routes lead the ingress controller to. */
  readonly routed: PortSet;
}

/**
 * What the policies of one class admit toward, or from, every class in one family; read it with {@link cell}. A class
 * that is in neither map gets `base`.
 */
export interface Row {
  readonly family: Family;
  readonly base: PortSet;
  /** By index of the class: those that a rule of a NetworkPolicy speaks of. */
  readonly special: ReadonlyMap<number, PortSet>;
  /** By view: what cluster-wide tiers make of `base` for the classes that they see so. */
  readonly byView: ReadonlyMap<number, PortSet>;
}

const NO_POLICIES: DirectionPolicies = { tiers: null, program: null };
const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

/**
 * The reachability of units, by class. A row is computed from the postings of the peers that its policies name, so the
 * work grows with what policies admit, not with the number of pairs.
 */
export class ClassTable {
  readonly classes: readonly UnitClass[];
  /** Class of each unit. */
  readonly classOf: readonly UnitClass[];
  /** Classes by the ids of the peers and blocks of NetworkPolicies that match them. */
  readonly byPeer: Readonly<Record<Family, ReadonlyMap<number, readonly UnitClass[]>>>;
  /** Classes by the view that cluster-wide policies have of them; none where there are no such policies. */
  readonly byView: Readonly<Record<Family, ReadonlyMap<number, readonly UnitClass[]>>>;
  readonly #rows = new Map<string, Row>();
  readonly #units: readonly Unit[];
  readonly #controller: UnitClass | undefined;
  /** Views by the ids of the peers of cluster-wide policies that match them. */
  readonly #viewsByPeer: Readonly<Record<Family, ReadonlyMap<number, ReadonlySet<number>>>>;
  readonly #spoken = new Map<string, readonly (readonly [number, readonly UnitClass[]])[]>();
  /** Rows hold one object for all equal sets of it. */
  readonly algebra: PortAlgebra = new PortAlgebra();

  constructor(index: PolicyIndex, units: readonly Unit[]) {
    this.#units = units;
    const byKey = new Map<string, UnitClass>();
    const peerKeys = new Map<ReadonlySet<number>, string>();
    const classes: UnitClass[] = [];
    this.classOf = units.map((unit, at) => {
      const views: Record<Family, PeerView[]> = { IPv4: [], IPv6: [] };
      for (const family of unit.families) {
        const ends = unit.ends.filter((end) => !('address' in end) || (end.address?.family ?? family) === family);
        views[family] = ends.map((end) => index.peerView(end, family));
      }
      const [pod] = unit.pods;
      const view = views.IPv4[0] ?? views.IPv6[0];
      const egress = pod === undefined ? NO_POLICIES : index.policiesOf(pod, 'egress');
      const ingress = pod === undefined ? NO_POLICIES : index.policiesOf(pod, 'ingress');
      let peers = '';
      if (view !== undefined && view.peers.size > 0) {
        peers = peerKeys.get(view.peers) ?? [...view.peers].sort((a, b) => a - b).join(',');
        peerKeys.set(view.peers, peers);
      }
      const { type } = unit.endpoint;
      const controller = isController(unit);
      const routed = unit.routed ?? PortSet.EMPTY;
      const key = [
        pod === undefined || controller ? type : 'pod',
        routed.key,
        unit.families.join('+'),
        egress.program?.id ?? '',
        egress.tiers?.id ?? '',
        ingress.program?.id ?? '',
        ingress.tiers?.id ?? '',
        view?.named?.id ?? '',
        peers,
        ...FAMILIES.map((family) =>
          views[family].map(({ blocks, cluster }) => `${blocks.join(',')}:${cluster?.id ?? ''}`).join('|'),
        ),
      ].join(' ');
      let found = byKey.get(key);
      if (found === undefined) {
        found = {
          index: classes.length,
          outside: type === 'external' || type === 'domain',
          source: type !== 'domain',
          families: unit.families,
          members: [],
          views,
          egress,
          ingress,
          named: view?.named,
          controller,
          routed,
        };
        byKey.set(key, found);
        classes.push(found);
      }
      found.members.push(at);
      return found;
    });
    this.classes = classes;
    this.#controller = classes.find(({ controller }) => controller);
    const peersOf = (view: PeerView): Iterable<number> => [...view.peers, ...view.blocks];
    const clusterView = (view: PeerView): Iterable<number> => (view.cluster === undefined ? [] : [view.cluster.id]);
    this.byPeer = { IPv4: postings(classes, 'IPv4', peersOf), IPv6: postings(classes, 'IPv6', peersOf) };
    this.#viewsByPeer = { IPv4: viewsByPeer(classes, 'IPv4'), IPv6: viewsByPeer(classes, 'IPv6') };
    this.byView = { IPv4: postings(classes, 'IPv4', clusterView), IPv6: postings(classes, 'IPv6', clusterView) };
  }

  /** The members of a class. */
  unitsOf({ members }: UnitClass): readonly Unit[] {
    return members.map((at) => this.#units[at] as Unit);
  }

  /** What the policies of a class admit toward (`egress`) or from (`ingress`) every class, in one family. */
  row(subject: UnitClass, direction: Direction, family: Family): Row {
    const key = `${rowKey(subject, direction)} ${family}`;
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = this.#computeRow(subject, direction, family);
      this.#rows.set(key, row);
    }
    return row;
  }

  #computeRow(subject: UnitClass, direction: Direction, family: Family): Row {
    if (subject.controller && direction === 'egress') return this.#controllerRow(subject, family);
    const { tiers, program } = subject[direction];
    // Where no rule of a NetworkPolicy and no cluster-wide rule speaks of a class, this is what is left.
    const base = this.algebra.canonical(program === null ? PortSet.ALL : (program.any?.fixed ?? PortSet.EMPTY));
    const special = new Map<number, PortSet>();
    const byView = new Map<number, PortSet>();
    const row: Row = { family, base, special, byView };
    const touched = new Set<UnitClass>();
    if (program !== null) {
      for (const peer of program.byPeer.keys()) {
        for (const target of this.byPeer[family].get(peer) ?? []) touched.add(target);
      }
      if ((program.any?.named.length ?? 0) > 0) for (const target of this.classes) touched.add(target);
    }
    if (tiers !== null) {
      for (const [view, targets] of this.#spokenOf(subject, direction, family)) {
        if (tiers.hasNamed) for (const target of targets) touched.add(target);
        // Nodes with several addresses have several views; named ports depend on more than the view.
        for (const target of targets) if (target.views[family].length > 1) touched.add(target);
        const alike = targets.find((target) => !touched.has(target));
        if (alike === undefined) continue;
        const ports = this.#admitted(subject, direction, family, alike, false);
        if (ports !== base) byView.set(view, ports);
      }
    }
    for (const target of touched) {
      const ports = this.#admitted(subject, direction, family, target, false);
      if (ports !== cell(row, target)) special.set(target.index, ports);
    }
    if (direction === 'egress' && this.#controller !== undefined && !cell(row, this.#controller).isEmpty()) {
      special.set(this.#controller.index, this.algebra.canonical(PortSet.EMPTY));
    }
    return row;
  }

  /** The ingress controller connects to nothing but what it is led to. */
  #controllerRow(subject: UnitClass, family: Family): Row {
    const special = new Map<number, PortSet>();
    for (const target of this.classes) {
      if (target.routed.isEmpty()) continue;
      const ports = this.#admitted(subject, 'egress', family, target, false).intersect(target.routed);
      if (!ports.isEmpty()) special.set(target.index, this.algebra.canonical(ports));
    }
    return { family, base: this.algebra.canonical(PortSet.EMPTY), special, byView: new Map() };
  }

  /** The views for which cluster-wide tiers do not simply leave all to the other policies of a class. */
  #spokenOf(
    subject: UnitClass,
    direction: Direction,
    family: Family,
  ): readonly (readonly [view: number, targets: readonly UnitClass[]])[] {
    const { tiers, program } = subject[direction];
    const key = `${direction} ${family} ${tiers?.id} ${program === null}`;
    let views = this.#spoken.get(key);
    if (views === undefined) {
      const spoken = new Set<number>();
      if (tiers?.matchesAll === true) for (const view of this.byView[family].keys()) spoken.add(view);
      for (const peer of tiers?.peers() ?? []) {
        for (const view of this.#viewsByPeer[family].get(peer) ?? []) spoken.add(view);
      }
      views = [...spoken].flatMap((view) => {
        const targets = this.byView[family].get(view) ?? [];
        const [first] = targets;
        if (first === undefined || this.#isPlain(subject, direction, family, first)) return [];
        return [[view, targets] as const];
      });
      this.#spoken.set(key, views);
    }
    return views;
  }

  /** Whether the cluster-wide tiers leave all to NetworkPolicies for every class of a view. */
  #isPlain(subject: UnitClass, direction: Direction, family: Family, target: UnitClass): boolean {
    const { tiers, program } = subject[direction];
    if (tiers === null) return true;
    if (tiers.hasNamed) return false;
    return target.views[family].every(({ cluster }) => {
      if (cluster === undefined) return true;
      const { rest, baselineDenied } = tiers.decide(cluster, undefined);
      return rest.isAll() && (program !== null || baselineDenied.isEmpty());
    });
  }

  #admitted(subject: UnitClass, direction: Direction, family: Family, target: UnitClass, ownNode: boolean): PortSet {
    let ports = PortSet.EMPTY;
    for (const view of target.views[family]) {
      const destination = direction === 'egress' ? view.named : subject.named;
      ports = ports.union(admittedPorts(subject[direction], view, destination, ownNode));
    }
    return this.algebra.canonical(ports);
  }

  /** What a pair of classes may exchange, by common family. */
  pair(from: UnitClass, to: UnitClass): FamilyPorts {
    const ports: FamilyPorts = {};
    for (const family of commonFamilies(from, to)) {
      ports[family] = this.algebra.intersect(
        cell(this.row(from, 'egress', family), to),
        cell(this.row(to, 'ingress', family), from),
      );
    }
    return ports;
  }

  /** What a pod and its own node may exchange: to NetworkPolicies all of it, to cluster-wide policies not (S16). */
  ownNodePair(from: UnitClass, to: UnitClass): FamilyPorts {
    const ports: FamilyPorts = {};
    for (const family of commonFamilies(from, to)) {
      const admitted = this.#admitted(from, 'egress', family, to, true).intersect(
        this.#admitted(to, 'ingress', family, from, true),
      );
      ports[family] = to.controller ? PortSet.EMPTY : from.controller ? admitted.intersect(to.routed) : admitted;
    }
    return ports;
  }
}

/** Equal for classes with equal rows in a direction. */
export function rowKey(subject: UnitClass, direction: Direction): string {
  const { tiers, program } = subject[direction];
  if (subject.controller && direction === 'egress') return 'egress of the ingress controller';
  const named = direction === 'ingress' && (program?.hasNamed === true || tiers?.hasNamed === true);
  return `${direction} ${program?.id ?? ''} ${tiers?.id ?? ''} ${named ? subject.named?.id : ''}`;
}

/** What a row says of a class. */
export function cell(row: Row, target: UnitClass): PortSet {
  const special = row.special.get(target.index);
  if (special !== undefined) return special;
  const view = row.byView.size === 0 ? undefined : viewOf(target, row.family);
  return (view === undefined ? undefined : row.byView.get(view)) ?? row.base;
}

/** The id of the view that cluster-wide policies have of a class; undefined when there is none, or several. */
export function viewOf(target: UnitClass, family: Family): number | undefined {
  const views = target.views[family];
  return views.length === 1 ? views[0]?.cluster?.id : undefined;
}

export function commonFamilies(
  a: { readonly families: readonly Family[] },
  b: { readonly families: readonly Family[] },
): readonly Family[] {
  return a.families === b.families ? a.families : a.families.filter((family) => b.families.includes(family));
}

function postings(
  classes: readonly UnitClass[],
  family: Family,
  idsOf: (view: PeerView) => Iterable<number>,
): ReadonlyMap<number, readonly UnitClass[]> {
  const lists = new Map<number, UnitClass[]>();
  for (const target of classes) {
    for (const view of target.views[family]) {
      for (const id of idsOf(view)) {
        const list = lists.get(id);
        if (list === undefined) lists.set(id, [target]);
        else if (list.at(-1) !== target) list.push(target);
      }
    }
  }
  return lists;
}

function viewsByPeer(classes: readonly UnitClass[], family: Family): ReadonlyMap<number, ReadonlySet<number>> {
  const views = new Map<number, Set<number>>();
  const seen = new Set<number>();
  for (const { cluster } of classes.flatMap((target) => target.views[family])) {
    if (cluster === undefined || seen.has(cluster.id)) continue;
    seen.add(cluster.id);
    for (const peer of [...cluster.matching, ...cluster.touching]) addTo(views, peer, cluster.id);
  }
  return views;
}
