import { admittedPorts } from '../../engine/compiled/policy-index.ts';
import type { CompiledPolicy } from '../../engine/compiled/program.ts';
import { namespaceOf, policyKey } from '../../engine/state.ts';
import { selectorIsEmpty, selectorKey } from '../../model/selector.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { NetworkPolicy } from '../../model/types.ts';
import { PortSet } from '../../net/port-set.ts';
import type { ClassTable } from '../classes.ts';
import { plainlyCovers } from './plain-cover.ts';
import { type PolicyRule, rulesOf } from './policy-rule.ts';
import { leftToPolicies, type RuleEntry, RuleRows, rulePorts, type SubjectRow } from './rule-rows.ts';

/**
 * Why a rule can go:
 * - `covered`: other rules admit all that it does
 * - `overruled`: what no other rule admits, cluster-wide policies decide before it
 * - `nothing`: it admits nothing to begin with
 */
export type Redundancy = 'covered' | 'overruled' | 'nothing';

/** A rule that can go. All that are found can go together. */
export interface RedundantRule {
  readonly rule: PolicyRule;
  readonly why: Redundancy;
  /** The rules that admit it together, none of them redundant; empty where there are too many to tell, or none. */
  readonly covers: readonly PolicyRule[];
  /** Whether the only one of the covers admits as much whatever pods there are. */
  readonly plain: boolean;
}

/** A policy that can go with all its rules. */
export interface RedundantPolicy {
  readonly policy: NetworkPolicy;
  /** Policies that isolate and admit the same; none: nothing else isolates, and it admits everything. */
  readonly others: readonly NetworkPolicy[];
}

/** What can go, all at once, without changing what is allowed in either direction between any two ends. */
export interface Redundancies {
  readonly policies: readonly RedundantPolicy[];
  readonly rules: readonly RedundantRule[];
}

/** Rules among which a smallest set of covers is searched. */
const MOST_COVERS = 24;

/**
 * Finds what can be left out of the NetworkPolicies without changing any verdict of a direction: policies first, then
 * rules of those that stay, later ones before earlier ones. Exact for the pods, nodes and blocks there are: a rule stays
 * exactly when it alone admits some port of some pair. Policies that deny by default stay, for pods to come.
 */
export function findRedundancies(allPolicies: Iterable<NetworkPolicy>, table: ClassTable): Redundancies {
  const search = new Search(new RuleRows(table));
  const latestFirst = [...allPolicies].sort((a, b) => compareCodePoints(orderKey(b), orderKey(a)));
  const policies: RedundantPolicy[] = [];
  // Once nothing else isolates, a policy that admits everything can go too: until nothing more does.
  for (let before = -1; before < policies.length; ) {
    before = policies.length;
    for (const policy of latestFirst) {
      const dropped = isGuard(policy) ? undefined : search.dropPolicy(policy);
      if (dropped !== undefined) policies.push(dropped);
    }
  }
  const rules = latestFirst.flatMap((policy) => search.dropRules(policy, latestFirst));
  return { policies: policies.reverse(), rules: rules.reverse() };
}

function orderKey(policy: NetworkPolicy): string {
  return `${namespaceOf(policy)}\0${policy.metadata.name}`;
}

/** A default deny: it selects every pod of its namespace and admits nothing in some direction. */
export function isGuard({ spec }: NetworkPolicy): boolean {
  return (
    selectorIsEmpty(spec.podSelector) &&
    ((spec.policyTypes.includes('Ingress') && spec.ingress.length === 0) ||
      (spec.policyTypes.includes('Egress') && spec.egress.length === 0))
  );
}

class Search {
  readonly #rows: RuleRows;
  /** By key: the policies that isolate some pod. */
  readonly #compiled = new Map<string, CompiledPolicy>();
  readonly #gone = new Set<CompiledPolicy>();
  /** Rules of policies that select no pod, by their text. */
  readonly #goneRules = new Set<string>();
  #bySubject: ReadonlyMap<string, readonly NetworkPolicy[]> | undefined;

  constructor(rows: RuleRows) {
    this.#rows = rows;
    for (const policy of rows.byPolicy.keys()) this.#compiled.set(policy.key, policy);
  }

  /** Takes a policy away if that changes nothing; undefined where it does, where it selects no pod, and where it is gone. */
  dropPolicy(named: NetworkPolicy): RedundantPolicy | undefined {
    const policy = this.#compiled.get(policyKey(named));
    if (policy === undefined || this.#gone.has(policy)) return undefined;
    const rows = this.#rows.byPolicy.get(policy) ?? [];
    const others = new Set<CompiledPolicy>();
    for (const row of rows) {
      const left = row.program.policies.filter((other) => other !== policy && !this.#gone.has(other));
      if (left.length === 0 ? !this.#isOpen(row, policy) : !this.#isCovered(row, policy)) return undefined;
      for (const other of left) others.add(other);
    }
    this.#gone.add(policy);
    for (const row of rows) for (const entry of row.rules) if (entry.policy === policy) entry.removed = true;
    return { policy: policy.policy, others: [...others].map((other) => other.policy) };
  }

  #isCovered(row: SubjectRow, policy: CompiledPolicy): boolean {
    const counts = (entry: RuleEntry): boolean => entry.policy !== policy && !entry.removed;
    return row.rules.every((entry) => entry.policy !== policy || this.#judge(row, entry, counts) !== 'needed');
  }

  /** Whether a policy that alone isolates admits what would be allowed without it. */
  #isOpen(row: SubjectRow, policy: CompiledPolicy): boolean {
    const rules = row.rules.filter((entry) => entry.policy === policy);
    const tiers = row.tiers;
    if (tiers === null && rules.some(({ rule }) => rule.peers === null && rule.spec.fixed.isAll())) return true;
    for (const meeting of this.#rows.meetings(row)) {
      const { view, destination, free, ownNode } = meeting;
      const without = admittedPorts({ tiers, program: null }, view, destination, false);
      const admitted = this.#rows
        .matching(row, meeting)
        .filter((entry) => entry.policy === policy)
        .reduce((ports, { rule }) => ports.union(rulePorts(rule, meeting)), PortSet.EMPTY);
      const withPolicy = (ports: PortSet): PortSet =>
        tiers === null || view.cluster === undefined
          ? ports
          : tiers.decide(view.cluster, destination).accepted.union(leftToPolicies(row, meeting, ports));
      if (free && !withPolicy(admitted).equals(without)) return false;
      if (ownNode && !withPolicy(PortSet.ALL).equals(without)) return false;
    }
    return true;
  }

  /** Takes away each rule of a policy without which nothing changes, the last first. */
  dropRules(named: NetworkPolicy, all: readonly NetworkPolicy[]): RedundantRule[] {
    const policy = this.#compiled.get(policyKey(named));
    if (policy === undefined) return this.#dropPlainly(named, all);
    if (this.#gone.has(policy)) return [];
    const rows = this.#rows.byPolicy.get(policy) ?? [];
    const found: RedundantRule[] = [];
    for (const direction of ['egress', 'ingress'] as const) {
      const own = rows.filter((row) => row.direction === direction);
      const entries = own[0]?.rules.filter((entry) => entry.policy === policy) ?? [];
      for (const entry of entries.toReversed()) {
        const why = this.#redundancy(own, entry);
        if (why === undefined) continue;
        entry.removed = true;
        found.push({ rule: placeOf(entry), why, ...(why === 'covered' ? this.#covers(own, entry) : NO_COVERS) });
      }
    }
    return found;
  }

  /** The same for a policy that selects no pod: what can be told from the text alone. */
  #dropPlainly(policy: NetworkPolicy, all: readonly NetworkPolicy[]): RedundantRule[] {
    this.#bySubject ??= groupBySubject(all);
    const key = (selector: string): string => `${namespaceOf(policy)}\0${selector}`;
    const others = new Set(
      [key(selectorKey(policy.spec.podSelector)), key('')].flatMap((one) => this.#bySubject?.get(one) ?? []),
    );
    others.delete(policy);
    const candidates = [policy, ...others]
      .filter((other) => {
        const compiled = this.#compiled.get(policyKey(other));
        return compiled === undefined || !this.#gone.has(compiled);
      })
      .flatMap(rulesOf);
    const found: RedundantRule[] = [];
    for (const rule of rulesOf(policy).toReversed()) {
      const cover = candidates.find((other) => !this.#goneRules.has(placeKey(other)) && plainlyCovers(other, rule));
      if (cover === undefined || !rule.inForce) continue;
      this.#goneRules.add(placeKey(rule));
      found.push({ rule, why: 'covered', covers: [cover], plain: true });
    }
    return found;
  }

  #redundancy(rows: readonly SubjectRow[], entry: RuleEntry): Redundancy | undefined {
    let why: Redundancy = 'nothing';
    for (const row of rows) {
      const here = this.#judge(row, entry, (other) => other !== entry && !other.removed);
      if (here === 'needed') return undefined;
      if (here === 'covered' || why === 'nothing') why = here;
    }
    return why;
  }

  /**
   * What a rule adds, in one row, to what others admit.
   * @param counts whether another rule is one of these
   */
  #judge(row: SubjectRow, entry: RuleEntry, counts: (other: RuleEntry) => boolean): Redundancy | 'needed' {
    const { rule } = entry;
    const covered = isCoveredByPeer(entry, row.rules.filter(counts));
    let why: Redundancy = 'nothing';
    for (const meeting of this.#rows.meetings(row, rule)) {
      if (!meeting.free) continue;
      let ports = rulePorts(rule, meeting);
      if (ports.isEmpty()) continue;
      if (covered) return 'covered';
      for (const other of this.#rows.matching(row, meeting)) {
        if (!counts(other)) continue;
        ports = ports.subtract(rulePorts(other.rule, meeting));
        if (ports.isEmpty()) break;
      }
      if (ports.isEmpty()) {
        why = 'covered';
        continue;
      }
      if (!leftToPolicies(row, meeting, ports).isEmpty()) return 'needed';
      if (why === 'nothing') why = 'overruled';
    }
    return why;
  }

  /** A set of other rules that admit a redundant one, as small as is easily found. */
  #covers(rows: readonly SubjectRow[], entry: RuleEntry): Pick<RedundantRule, 'covers' | 'plain'> {
    const [first] = rows;
    const left = (first?.rules ?? []).filter((other) => other !== entry && !other.removed);
    const suffices = (covers: readonly RuleEntry[]): boolean =>
      rows.every((row) => this.#judge(row, entry, (other) => covers.includes(other)) !== 'needed');
    const ownFirst = [...left].sort((a, b) => Number(b.policy === entry.policy) - Number(a.policy === entry.policy));
    const rule = placeOf(entry);
    const plain = ownFirst.map(placeOf).find((other) => plainlyCovers(other, rule));
    if (plain !== undefined) return { covers: [plain], plain: true };
    const single = ownFirst.slice(0, MOST_COVERS).find((other) => suffices([other]));
    if (single !== undefined) return { covers: [placeOf(single)], plain: false };
    let covers: readonly RuleEntry[] = left;
    if (left.length > MOST_COVERS || !suffices(covers)) return NO_COVERS;
    for (const candidate of left) {
      const fewer = covers.filter((cover) => cover !== candidate);
      if (suffices(fewer)) covers = fewer;
    }
    return { covers: covers.map(placeOf), plain: false };
  }
}

const NO_COVERS: Pick<RedundantRule, 'covers' | 'plain'> = { covers: [], plain: false };

/** The rule as it is written. */
function placeOf({ policy, direction, index }: RuleEntry): PolicyRule {
  return rulesOf(policy.policy).find((rule) => rule.direction === direction && rule.index === index) as PolicyRule;
}

function placeKey({ policy, direction, index }: PolicyRule): string {
  return `${policyKey(policy)} ${direction} ${index}`;
}

/** Policies by namespace and selector. */
function groupBySubject(policies: readonly NetworkPolicy[]): ReadonlyMap<string, readonly NetworkPolicy[]> {
  const groups = new Map<string, NetworkPolicy[]>();
  for (const policy of policies) {
    const key = `${namespaceOf(policy)}\0${selectorKey(policy.spec.podSelector)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [policy]);
    else group.push(policy);
  }
  return groups;
}

/** Whether for each peer of a rule others admit that same peer on all of its ports: then there is nothing to compare. */
function isCoveredByPeer({ rule }: RuleEntry, others: readonly RuleEntry[]): boolean {
  const peers = rule.peers ?? [null];
  return peers.every((peer) => {
    let fixed = PortSet.EMPTY;
    const named = new Set<string>();
    for (const { rule: other } of others) {
      if (other.peers !== null && (peer === null || !other.peers.includes(peer))) continue;
      fixed = fixed.union(other.spec.fixed);
      for (const { protocol, name } of other.spec.named) named.add(`${protocol}/${name}`);
    }
    return (
      fixed.containsSet(rule.spec.fixed) &&
      rule.spec.named.every(
        ({ protocol, name }) => named.has(`${protocol}/${name}`) || fixed.containsSet(PortSet.allOf(protocol)),
      )
    );
  });
}
