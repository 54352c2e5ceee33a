import type { ClusterNetworkPolicy, ClusterNetworkPolicyRule } from '../../model/types.ts';
import { PortSet } from '../../net/port-set.ts';
import type { RuleHit } from '../outcome.ts';
import type { Direction, FlowProtocol } from '../verdict.ts';
import { type NamedPorts, type PortSpec, resolveSpec, specContains } from './program.ts';

/** One rule of a cluster-wide policy with its peers as ids. */
export interface Clause {
  readonly rule: number;
  readonly action: ClusterNetworkPolicyRule['action'];
  /** For each peer of the manifest the ids that stand for it. `null`: a rule that fails closed for everybody (C15). */
  readonly peers: readonly (readonly number[])[] | null;
  /** The ids of all peers. */
  readonly ids: readonly number[];
  /** The peer that cannot be read, of a rule that fails closed. */
  readonly unknownPeer: number;
  readonly ports: readonly PortSpec[] | null;
  readonly spec: PortSpec;
}

/** A cluster-wide policy with its rules compiled, in order; rules that can match nothing are left out. */
export interface CompiledClusterPolicy {
  readonly policy: ClusterNetworkPolicy;
  readonly egress: readonly Clause[];
  readonly ingress: readonly Clause[];
}

/** What cluster-wide policies can tell of an end in one family. Equal views are one object. */
export interface ClusterView {
  readonly id: number;
  /** Counts from 0 among the views of one version. */
  readonly index: number;
  /** Ids of the peers that match the end. */
  readonly matching: ReadonlySet<number>;
  /** Ids of the networks that hold a part of the addresses the end may have: they match for Deny only. */
  readonly touching: ReadonlySet<number>;
}

/** What the cluster-wide tiers leave to a connection, by port. */
export interface TierDecision {
  /** Accepted by the Admin tier. */
  readonly accepted: PortSet;
  /** Passed on, or not matched, by the Admin tier: NetworkPolicies decide, and where none isolates, the Baseline tier. */
  readonly rest: PortSet;
  /** Denied by the Baseline tier. */
  readonly baselineDenied: PortSet;
}

/** A rule in its place among all rules of a tier that apply to the same pods. */
interface PlacedClause {
  readonly policy: ClusterNetworkPolicy;
  readonly clause: Clause;
}

/** The ports of one rule toward one end. */
export interface RuleShare {
  readonly policy: ClusterNetworkPolicy;
  readonly rule: number;
  /** Those that its peers and ports match. */
  readonly matched: PortSet;
  /** Those of them that no earlier rule of the tier decides. */
  readonly decides: PortSet;
}

interface TierOutcome {
  readonly accepted: PortSet;
  readonly denied: PortSet;
  readonly passed: PortSet;
  readonly undecided: PortSet;
}

/** The rules of one tier in order of precedence, found by the peers that they name. */
class Tier {
  readonly #placed: readonly PlacedClause[];
  readonly #byPeer = new Map<number, number[]>();
  /** Places of rules that fail closed for everybody. */
  readonly #always: number[] = [];

  constructor(policies: readonly CompiledClusterPolicy[], direction: Direction, tier: 'Admin' | 'Baseline') {
    this.#placed = policies
      .filter(({ policy }) => policy.spec.tier === tier)
      .flatMap((compiled) => compiled[direction].map((clause) => ({ policy: compiled.policy, clause })));
    for (const [place, { clause }] of this.#placed.entries()) {
      if (clause.peers === null) this.#always.push(place);
      for (const id of clause.ids) {
        const places = this.#byPeer.get(id);
        if (places === undefined) this.#byPeer.set(id, [place]);
        else if (places.at(-1) !== place) places.push(place);
      }
    }
  }

  /** Ids of the peers that its rules name. */
  get peers(): Iterable<number> {
    return this.#byPeer.keys();
  }

  /** Whether a rule matches every end. */
  get matchesAll(): boolean {
    return this.#always.length > 0;
  }

  get hasNamed(): boolean {
    return this.#placed.some(({ clause }) => clause.spec.named.length > 0);
  }

  /** The rules that match an end, on whatever ports, in order of precedence. */
  matching(view: ClusterView): PlacedClause[] {
    const places = [...this.#always];
    for (const id of view.matching) {
      const named = this.#byPeer.get(id);
      if (named !== undefined) places.push(...named);
    }
    for (const id of view.touching) {
      for (const place of this.#byPeer.get(id) ?? []) {
        if (this.#placed[place]?.clause.action === 'Deny') places.push(place);
      }
    }
    if (places.length > 1) places.sort((a, b) => a - b);
    const matching: PlacedClause[] = [];
    for (const [at, place] of places.entries()) {
      if (at === 0 || place !== places[at - 1]) matching.push(this.#placed[place] as PlacedClause);
    }
    return matching;
  }

  /** First match decides, for each port by itself (C1). */
  run(view: ClusterView, destination: NamedPorts | undefined): TierOutcome {
    let accepted = PortSet.EMPTY;
    let denied = PortSet.EMPTY;
    let passed = PortSet.EMPTY;
    let undecided = PortSet.ALL;
    for (const { clause } of this.matching(view)) {
      const ports = undecided.intersect(resolveSpec(clause.spec, destination));
      if (clause.action === 'Accept') accepted = accepted.union(ports);
      else if (clause.action === 'Deny') denied = denied.union(ports);
      else passed = passed.union(ports);
      undecided = undecided.subtract(ports);
    }
    return { accepted, denied, passed, undecided };
  }
}

/** The cluster-wide policies that select the same pods, in one direction, in order of precedence. */
export class ClusterProgram {
  readonly id: number;
  readonly policies: readonly ClusterNetworkPolicy[];
  readonly #tiers: Readonly<Record<'Admin' | 'Baseline', Tier>>;
  readonly #direction: Direction;
  readonly hasNamed: boolean;
  /** Whether a rule matches every end (C15). */
  readonly matchesAll: boolean;
  /** By index of the view, for programs that name no port. */
  readonly #byView: (TierDecision | undefined)[] = [];
  /** By view and named ports of the destination, for those that do. */
  readonly #byNames = new Map<number, TierDecision>();

  /** @param policies by precedence */
  constructor(id: number, direction: Direction, policies: readonly CompiledClusterPolicy[]) {
    this.id = id;
    this.policies = policies.map(({ policy }) => policy);
    this.#direction = direction;
    this.#tiers = {
      Admin: new Tier(policies, direction, 'Admin'),
      Baseline: new Tier(policies, direction, 'Baseline'),
    };
    this.hasNamed = this.#tiers.Admin.hasNamed || this.#tiers.Baseline.hasNamed;
    this.matchesAll = this.#tiers.Admin.matchesAll || this.#tiers.Baseline.matchesAll;
  }

  /** Ids of the peers that rules name: of an end that matches none of them, only rules for all say anything. */
  *peers(): Iterable<number> {
    yield* this.#tiers.Admin.peers;
    yield* this.#tiers.Baseline.peers;
  }

  /** What the tiers decide for every port toward or from an end. Remembered for each view. */
  decide(view: ClusterView, destination: NamedPorts | undefined): TierDecision {
    if (this.hasNamed && destination !== undefined) {
      const key = view.index * MAX_NAMED + destination.id;
      let decision = this.#byNames.get(key);
      if (decision === undefined) {
        if (this.#byNames.size >= DECISION_LIMIT) this.#byNames.clear();
        decision = this.#compute(view, destination);
        this.#byNames.set(key, decision);
      }
      return decision;
    }
    const known = this.#byView[view.index];
    if (known !== undefined) return known;
    const decision = this.#compute(view, undefined);
    this.#byView[view.index] = decision;
    return decision;
  }

  #compute(view: ClusterView, destination: NamedPorts | undefined): TierDecision {
    const admin = this.#tiers.Admin.run(view, destination);
    return {
      accepted: admin.accepted,
      rest: admin.passed.union(admin.undecided),
      baselineDenied: this.#tiers.Baseline.run(view, destination).denied,
    };
  }

  /** What each rule of a tier matches of an end, and what earlier rules leave of that for it to decide. */
  shares(tier: 'Admin' | 'Baseline', view: ClusterView, destination: NamedPorts | undefined): RuleShare[] {
    let undecided = PortSet.ALL;
    return this.#tiers[tier].matching(view).map(({ policy, clause: { rule, spec } }) => {
      const matched = resolveSpec(spec, destination);
      const decides = undecided.intersect(matched);
      undecided = undecided.subtract(matched);
      return { policy, rule, matched, decides };
    });
  }

  /** The rule of a tier that decides one port; undefined when none matches. */
  firstHit(
    tier: 'Admin' | 'Baseline',
    view: ClusterView,
    destination: NamedPorts | undefined,
    protocol: FlowProtocol,
    port: number,
  ): RuleHit | undefined {
    for (const { policy, clause } of this.#tiers[tier].matching(view)) {
      const { rule, action, peers, unknownPeer, ports } = clause;
      const hit = { policy, direction: this.#direction, rule };
      if (peers === null) return { ...hit, peer: unknownPeer, port: null, action: 'Deny' };
      const at = ports === null ? null : ports.findIndex((spec) => specContains(spec, destination, protocol, port));
      if (at === -1) continue;
      const peer = peers.findIndex((ids) =>
        ids.some((id) => view.matching.has(id) || (action === 'Deny' && view.touching.has(id))),
      );
      return { ...hit, peer, port: at, action };
    }
    return undefined;
  }
}

/** More distinct sets of container ports than any cluster has; keeps two numbers apart in one key. */
const MAX_NAMED = 2 ** 20;
/** Decisions that one program remembers. */
const DECISION_LIMIT = 65_536;
