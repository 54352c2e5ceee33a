import type { Expectation } from '../../manifest/policy-test.ts';
import { say } from '../../model/say.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { ContainerPort } from '../../model/types.ts';
import type { Family } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import { type CanCase, unitCases } from '../can.ts';
import { type ClassTable, commonFamilies, type UnitClass } from '../classes.ts';
import { type FamilyPorts, type PortEntry, type PortQuery, portEntries, queriedPorts } from '../ports.ts';
import { isOwnNodePair } from '../reachability.ts';
import type { Unit } from '../units.ts';
import type { World } from '../world.ts';
import { type Members, type Part, partsOf, type Side, sidesOf, singledOut } from './sides.ts';

/** An assertion whose names stand for endpoints. */
export interface ResolvedAssertion {
  readonly from: readonly Unit[];
  readonly to: readonly Unit[];
  /** Empty: every port. */
  readonly ports: readonly PortQuery[];
  readonly expect: Expectation;
  readonly family: Family | undefined;
  /** Whether a workload's traffic with itself counts: where both ends name just that workload. */
  readonly withSelf: boolean;
}

/** A pair that is not as expected, and why. */
export interface Counterexample {
  readonly from: string;
  readonly to: string;
  /** The ports that break the assertion: open ones where none should be, or closed ones. Empty: none is even known. */
  readonly ports: readonly PortEntry[];
  /** The verdict of one of those ports; absent when there is no connection to judge. */
  readonly verdict?: CanCase;
  /** Why there is no verdict, or what to know beside it: sentences. */
  readonly notes: readonly string[];
  /** Further failing pairs with the same policies at both ends and the same ports. */
  readonly alike: number;
}

/** What became of an assertion. */
export interface Judgement {
  /** Pairs that it is about. */
  readonly pairs: number;
  readonly failed: number;
  /** In order of the ends' ids, at most {@link MOST_EXAMPLES}: one for each group of pairs that are alike. */
  readonly counterexamples: readonly Counterexample[];
  /** A destination has the ports asked for; false when a name of a port means nothing at any of them. */
  readonly anyPort: boolean;
}

/** Failing pairs that are explained. */
export const MOST_EXAMPLES = 20;

/** Failing pairs of classes that are remembered: a denial that fails everywhere would have millions. */
const MOST_FAILURES = 10_000;

/** Every port of every protocol that has ports: policies tests do not speak of ICMP. */
const EVERY_PORT = PortSet.ALL.subtract(PortSet.OTHER);

/** The ports that an assertion means at one destination. */
interface Asked {
  readonly set: PortSet;
  /** Names that the destination has no port of. */
  readonly missing: readonly string[];
}

/**
 * Judges an assertion by class: endpoints that policies treat alike are judged once.
 * @param table over units that include all of the assertion's @param order of a unit in it
 */
export function judge(
  world: World,
  table: ClassTable,
  order: ReadonlyMap<Unit, number>,
  assertion: ResolvedAssertion,
): Judgement {
  const judgement = new Judge(world, table, order, assertion);
  return judgement.result();
}

interface Failure {
  readonly from: Unit;
  readonly to: Unit;
  readonly ports: FamilyPorts;
  readonly asked: Asked;
  readonly count: number;
}

class Judge {
  readonly #world: World;
  readonly #table: ClassTable;
  readonly #assertion: ResolvedAssertion;
  readonly #from: readonly Side[];
  readonly #to: readonly Side[];
  /** By class, the endpoints on both ends that are no pair with themselves. */
  readonly #selves = new Map<UnitClass, number>();
  /** For each side of the one end the sides of the other with such endpoints. */
  readonly #meeting = new Map<Side, ReadonlySet<Side>>();
  #pairs = 0;
  #failed = 0;
  #anyPort = false;
  readonly #failures: Failure[] = [];

  constructor(world: World, table: ClassTable, order: ReadonlyMap<Unit, number>, assertion: ResolvedAssertion) {
    this.#world = world;
    this.#table = table;
    this.#assertion = assertion;
    const { from, to, ports } = assertion;
    const classOf = (unit: Unit): UnitClass | undefined => table.classOf[order.get(unit) ?? -1];
    const named = ports.some(({ name }) => name !== undefined);
    this.#from = sidesOf(table, from, classOf, 'egress', () => '');
    this.#to = sidesOf(table, to, classOf, 'ingress', (member) => (named ? `${member.named?.id}` : ''));
    const sources = new Set(from.map(({ endpoint }) => endpoint.id));
    for (const unit of to) {
      const own = classOf(unit);
      if (own === undefined || !sources.has(unit.endpoint.id) || this.#meetsItself(unit)) continue;
      this.#selves.set(own, (this.#selves.get(own) ?? 0) + 1);
    }
    const toSides = new Map(this.#to.flatMap((side) => side.members.map(({ ofClass }) => [ofClass, side] as const)));
    for (const side of this.#from) {
      const met = side.members.flatMap(({ ofClass }) =>
        this.#selves.has(ofClass) ? (toSides.get(ofClass) ?? []) : [],
      );
      this.#meeting.set(side, new Set(met));
    }
  }

  result(): Judgement {
    const byFrom = singledOut(this.#from, this.#to);
    const byTo = singledOut(this.#to, this.#from);
    for (const from of this.#from) {
      for (const to of this.#to) {
        const wholeTo = byFrom.get(from)?.has(to) === false;
        const wholeFrom = byTo.get(to)?.has(from) === false;
        this.#judgeSides(from, to, wholeFrom, wholeTo);
      }
    }
    this.#failures.sort(
      (a, b) =>
        compareCodePoints(a.from.endpoint.id, b.from.endpoint.id) ||
        compareCodePoints(a.to.endpoint.id, b.to.endpoint.id),
    );
    return {
      pairs: this.#pairs,
      failed: this.#failed,
      counterexamples: this.#failures.slice(0, MOST_EXAMPLES).map((failure) => this.#explain(failure)),
      anyPort: this.#anyPort,
    };
  }

  #judgeSides(from: Side, to: Side, wholeFrom: boolean, wholeTo: boolean): void {
    if (from.outside && to.outside) return;
    const families = commonFamilies(from, to).filter(
      (family) => this.#assertion.family === undefined || family === this.#assertion.family,
    );
    // A block of the other family is no end of this connection at all.
    if (families.length === 0 && (from.outside || to.outside)) return;
    const asked = this.#asked((to.members[0] as Members).units[0] as Unit);
    if (!asked.set.isEmpty()) this.#anyPort = true;
    if (from.host !== to.host && !from.outside && !to.outside) {
      for (const one of from.members) for (const other of to.members) this.#judgeNodes(one, other, families, asked);
      return;
    }
    const meet = this.#meeting.get(from)?.has(to) === true;
    const toParts = partsOf(this.#table, to, from.rows, families, wholeTo);
    if (toParts.every(({ ports }) => this.#holdsClosed(ports, asked))) {
      this.#pairs += from.count * to.count - (meet ? this.#selfPairs(from, to) : 0);
      return;
    }
    const fromParts = partsOf(this.#table, from, to.rows, families, wholeFrom);
    for (const one of fromParts) {
      for (const other of toParts) {
        const ports: FamilyPorts = {};
        for (const family of families) {
          ports[family] = this.#table.algebra.intersect(
            one.ports[family] ?? PortSet.EMPTY,
            other.ports[family] ?? PortSet.EMPTY,
          );
        }
        const count = one.count * other.count - (meet ? this.#selfPairs(one, other) : 0);
        this.#pairs += count;
        if (count === 0 || !this.#breaks(ports, families, asked)) continue;
        this.#failed += count;
        if (this.#failures.length >= MOST_FAILURES) continue;
        const [first, second] = this.#distinctPair(unitsOf(one.members), unitsOf(other.members));
        this.#failures.push({ from: first, to: second, ports, asked, count });
      }
    }
  }

  /** Pods and nodes: to NetworkPolicies, a pod's own node is another thing than the others (S16). */
  #judgeNodes(from: Members, to: Members, families: readonly Family[], asked: Asked): void {
    this.#pairs += from.units.length * to.units.length;
    const apart = pick(this.#table.pair(from.ofClass, to.ofClass), families);
    const local = pick(this.#table.ownNodePair(from.ofClass, to.ofClass), families);
    const apartBreaks = this.#breaks(apart, families, asked);
    const localBreaks = this.#breaks(local, families, asked);
    if (!apartBreaks && !localBreaks) return;
    let failure: Failure | undefined;
    let count = 0;
    for (const one of from.units) {
      for (const other of to.units) {
        const own = isOwnNodePair(one, other);
        if (own ? !localBreaks : !apartBreaks) continue;
        count++;
        failure ??= { from: one, to: other, ports: own ? local : apart, asked, count: 0 };
      }
    }
    this.#failed += count;
    if (failure !== undefined && this.#failures.length < MOST_FAILURES) this.#failures.push({ ...failure, count });
  }

  /** Pairs of an endpoint with itself in two parts. */
  #selfPairs(from: Side | Part, to: Side | Part): number {
    const there = new Set(to.members.map(({ ofClass }) => ofClass));
    let count = 0;
    for (const { ofClass } of from.members) if (there.has(ofClass)) count += this.#selves.get(ofClass) ?? 0;
    return count;
  }

  #meetsItself(unit: Unit): boolean {
    return (
      this.#assertion.withSelf && (unit.pods.length > 1 || (unit.pods[0] !== undefined && unit.pods[0].kind !== 'Pod'))
    );
  }

  #distinctPair(from: readonly Unit[], to: readonly Unit[]): readonly [Unit, Unit] {
    for (const one of from) {
      const other = to.find((unit) => unit.endpoint.id !== one.endpoint.id || this.#meetsItself(unit));
      if (other !== undefined) return [one, other];
    }
    return [from[0] as Unit, to[0] as Unit];
  }

  #asked(to: Unit): Asked {
    const { ports } = this.#assertion;
    if (ports.length === 0) return { set: EVERY_PORT, missing: [] };
    const destination: readonly ContainerPort[] = to.pods[0]?.ports ?? [];
    const sets = ports.map((query) => queriedPorts(query, destination));
    return {
      set: sets.reduce((all, set) => all.union(set), PortSet.EMPTY).subtract(PortSet.OTHER),
      missing: ports.filter((_, index) => sets[index]?.isEmpty() === true).map(({ text }) => text),
    };
  }

  #breaks(ports: FamilyPorts, families: readonly Family[], asked: Asked): boolean {
    if (this.#assertion.expect === 'denied') {
      return families.some((family) => ports[family]?.intersects(asked.set) === true);
    }
    if (families.length === 0 || asked.missing.length > 0) return true;
    return families.some((family) => !this.#breaking(ports[family] ?? PortSet.EMPTY, asked).isEmpty());
  }

  /** Whether one end alone makes the assertion hold. */
  #holdsClosed(ports: FamilyPorts, asked: Asked): boolean {
    return this.#assertion.expect === 'denied' && !Object.values(ports).some((set) => set.intersects(asked.set));
  }

  /** The ports of a family that are not as expected. */
  #breaking(open: PortSet, { set }: Asked): PortSet {
    if (this.#assertion.expect === 'denied') return open.intersect(set);
    if (this.#assertion.ports.length === 0) return open.intersects(set) ? PortSet.EMPTY : set;
    return set.subtract(open);
  }

  #explain({ from, to, ports, asked, count }: Failure): Counterexample {
    const denied = this.#assertion.expect === 'denied';
    const everyPort = denied || this.#assertion.ports.length > 0;
    const breaking: FamilyPorts = {};
    const notes = new Set<string>();
    for (const text of denied ? [] : asked.missing)
      notes.add(say`${to.endpoint.id} has no container port named ${text}`);
    let verdict: CanCase | undefined;
    for (const family of Object.keys(ports) as Family[]) {
      const own = this.#breaking(ports[family] ?? PortSet.EMPTY, asked);
      breaking[family] = own;
      if (own.isEmpty() || verdict !== undefined) continue;
      const remarks: string[] = [];
      [verdict] = unitCases(this.#world, from, to, family, own, everyPort, remarks);
      for (const remark of remarks) notes.add(remark);
    }
    if (Object.keys(ports).length === 0) {
      const { family } = this.#assertion;
      notes.add(
        family === undefined
          ? say`they have no address family in common`
          : say`one of them has no ${family} address, so they never connect on it`,
      );
    }
    return {
      from: from.endpoint.id,
      to: to.endpoint.id,
      ports: portEntries(breaking),
      ...(verdict === undefined ? {} : { verdict }),
      notes: [...notes],
      alike: count - 1,
    };
  }
}

function pick(ports: FamilyPorts, families: readonly Family[]): FamilyPorts {
  const picked: FamilyPorts = {};
  for (const family of families) picked[family] = ports[family] ?? PortSet.EMPTY;
  return picked;
}

function unitsOf(members: readonly Members[]): Unit[] {
  return members.flatMap(({ units }) => units);
}
