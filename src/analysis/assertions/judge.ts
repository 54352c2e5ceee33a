import type { Expectation } from '../../manifest/policy-test.ts';
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

/** An assertion whose names stand for endpoints. */
export interface ResolvedAssertion {
  readonly from: readonly Unit[];
  readonly to: readonly Unit[];
  /** Empty: every port. */
  readonly ports: readonly PortQuery[];
  readonly expect: Expectation;
  readonly family: Family | undefined;
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
  /** Further failing pairs that policies cannot tell from this one. */
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

type Members = ReadonlyMap<UnitClass, readonly Unit[]>;

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
  readonly #from: Members;
  readonly #to: Members;
  /** Whether a workload's traffic with itself is asked about: only when nothing else is. */
  readonly #withSelf: boolean;
  #pairs = 0;
  #failed = 0;
  #anyPort = false;
  readonly #failures: Failure[] = [];

  constructor(world: World, table: ClassTable, order: ReadonlyMap<Unit, number>, assertion: ResolvedAssertion) {
    this.#world = world;
    this.#table = table;
    this.#assertion = assertion;
    const members = (units: readonly Unit[]): Members => {
      const byClass = new Map<UnitClass, Unit[]>();
      for (const unit of units) {
        const own = table.classOf[order.get(unit) ?? -1];
        if (own === undefined) continue;
        const known = byClass.get(own);
        if (known === undefined) byClass.set(own, [unit]);
        else known.push(unit);
      }
      return byClass;
    };
    this.#from = members(assertion.from);
    this.#to = members(assertion.to);
    this.#withSelf = isOneWorkload([...assertion.from, ...assertion.to]);
  }

  result(): Judgement {
    for (const [fromClass, from] of this.#from) {
      for (const [toClass, to] of this.#to) this.#judgeClasses(fromClass, from, toClass, to);
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

  #judgeClasses(fromClass: UnitClass, from: readonly Unit[], toClass: UnitClass, to: readonly Unit[]): void {
    if (!fromClass.source || (fromClass.outside && toClass.outside)) return;
    const families = commonFamilies(fromClass, toClass).filter(
      (family) => this.#assertion.family === undefined || family === this.#assertion.family,
    );
    // A block of the other family is no end of this connection at all.
    if (families.length === 0 && (fromClass.outside || toClass.outside)) return;
    const pairs = from.length * to.length - (fromClass === toClass ? this.#selfPairs(from, to) : 0);
    if (pairs === 0) return;
    this.#pairs += pairs;
    const asked = this.#asked(to[0] as Unit);
    if (!asked.set.isEmpty()) this.#anyPort = true;
    const broken = (ports: FamilyPorts): boolean => this.#breaks(ports, families, asked);
    const ports = pick(this.#table.pair(fromClass, toClass), families);
    const local = isHost(from[0] as Unit) !== isHost(to[0] as Unit) && !fromClass.outside && !toClass.outside;
    if (local) {
      const localPorts = pick(this.#table.ownNodePair(fromClass, toClass), families);
      if (broken(ports) !== broken(localPorts)) {
        this.#judgePairs(from, to, asked, ports, localPorts, broken);
        return;
      }
    }
    if (!broken(ports)) return;
    const [first, second] = this.#distinctPair(from, to);
    this.#fail({ from: first, to: second, ports, asked, count: pairs });
  }

  /** Pods and nodes one by one, where it matters which pod runs on which node (S16). */
  #judgePairs(
    from: readonly Unit[],
    to: readonly Unit[],
    asked: Asked,
    apart: FamilyPorts,
    local: FamilyPorts,
    broken: (ports: FamilyPorts) => boolean,
  ): void {
    let failure: Failure | undefined;
    let count = 0;
    for (const one of from) {
      for (const other of to) {
        const ports = isOwnNodePair(one, other) ? local : apart;
        if (!broken(ports)) continue;
        count++;
        failure ??= { from: one, to: other, ports, asked, count: 0 };
      }
    }
    if (failure !== undefined) this.#fail({ ...failure, count });
  }

  #fail(failure: Failure): void {
    this.#failed += failure.count;
    if (this.#failures.length < MOST_FAILURES) this.#failures.push(failure);
  }

  #selfPairs(from: readonly Unit[], to: readonly Unit[]): number {
    const ids = new Set(from.filter((unit) => !this.#meetsItself(unit)).map(({ endpoint }) => endpoint.id));
    return to.filter(({ endpoint }) => ids.has(endpoint.id)).length;
  }

  #meetsItself(unit: Unit): boolean {
    return this.#withSelf && (unit.pods.length > 1 || (unit.pods[0] !== undefined && unit.pods[0].kind !== 'Pod'));
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
    for (const text of denied ? [] : asked.missing) notes.add(`${to.endpoint.id} has no container port named ${text}`);
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
          ? 'they have no address family in common'
          : `one of them has no ${family} address, so they never connect on it`,
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

function isHost(unit: Unit): boolean {
  return unit.pods.length === 0;
}

/** Whether all units are one workload, its variants included. */
function isOneWorkload(units: readonly Unit[]): boolean {
  const [first] = units;
  return (
    first !== undefined &&
    first.pods.length > 0 &&
    units.every(
      ({ endpoint, pods }) =>
        pods.length > 0 &&
        endpoint.namespace === first.endpoint.namespace &&
        endpoint.name === first.endpoint.name &&
        endpoint.workloadKind === first.endpoint.workloadKind,
    )
  );
}
