import type { ClusterNetworkPolicy, ClusterNetworkPolicyRule } from '../../model/types.ts';
import { PortSet } from '../../net/port-set.ts';
import type { RuleHit } from '../outcome.ts';
import type { Direction, FlowProtocol } from '../verdict.ts';
import { type NamedPorts, type PortSpec, resolveSpec, specContains } from './program.ts';

type Action = ClusterNetworkPolicyRule['action'];

/** One rule of a cluster-wide policy with its peers as ids. */
export interface Clause {
  readonly rule: number;
  readonly action: Action;
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

interface Selecting {
  readonly compiled: CompiledClusterPolicy;
  readonly clauses: readonly Clause[];
}

/** The cluster-wide policies that select the same pods, in one direction, in order of precedence. */
export class ClusterProgram {
  readonly id: number;
  readonly #admin: readonly Selecting[];
  readonly #baseline: readonly Selecting[];
  readonly #direction: Direction;
  readonly hasNamed: boolean;
  /** By index of the view, for programs that name no port. */
  readonly #byView: (TierDecision | undefined)[] = [];
  /** By view and named ports of the destination, for those that do. */
  readonly #byNames = new Map<number, TierDecision>();

  constructor(id: number, direction: Direction, policies: readonly CompiledClusterPolicy[]) {
    this.id = id;
    this.#direction = direction;
    const selecting = policies.map((compiled) => ({ compiled, clauses: compiled[direction] }));
    this.#admin = selecting.filter(({ compiled }) => compiled.policy.spec.tier === 'Admin');
    this.#baseline = selecting.filter(({ compiled }) => compiled.policy.spec.tier === 'Baseline');
    this.hasNamed = selecting.some(({ clauses }) => clauses.some(({ spec }) => spec.named.length > 0));
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
    const admin = runTier(this.#admin, view, destination);
    const baseline = runTier(this.#baseline, view, destination);
    return {
      accepted: admin.accepted,
      rest: admin.passed.union(admin.undecided),
      baselineDenied: baseline.denied,
    };
  }

  /** The rule of a tier that decides one port; undefined when none matches. */
  firstHit(
    tier: 'Admin' | 'Baseline',
    view: ClusterView,
    destination: NamedPorts | undefined,
    protocol: FlowProtocol,
    port: number,
  ): RuleHit | undefined {
    for (const { compiled, clauses } of tier === 'Admin' ? this.#admin : this.#baseline) {
      for (const { rule, action, peers, unknownPeer, ports } of clauses) {
        const hit = { policy: compiled.policy, direction: this.#direction, rule };
        if (peers === null) return { ...hit, peer: unknownPeer, port: null, action: 'Deny' };
        const peer = peers.findIndex((ids) => ids.some((id) => holds(view, id, action)));
        if (peer === -1) continue;
        const at = ports === null ? null : ports.findIndex((spec) => specContains(spec, destination, protocol, port));
        if (at !== -1) return { ...hit, peer, port: at, action };
      }
    }
    return undefined;
  }
}

interface TierOutcome {
  readonly accepted: PortSet;
  readonly denied: PortSet;
  readonly passed: PortSet;
  readonly undecided: PortSet;
}

/** First match decides, for each port by itself (C1). */
function runTier(policies: readonly Selecting[], view: ClusterView, destination: NamedPorts | undefined): TierOutcome {
  let accepted = PortSet.EMPTY;
  let denied = PortSet.EMPTY;
  let passed = PortSet.EMPTY;
  let undecided = PortSet.ALL;
  for (const { clauses } of policies) {
    for (const { action, peers, ids, spec } of clauses) {
      if (undecided.isEmpty()) break;
      if (peers !== null && !holdsAny(view, ids, action)) continue;
      const ports = undecided.intersect(resolveSpec(spec, destination));
      if (action === 'Accept') accepted = accepted.union(ports);
      else if (action === 'Deny') denied = denied.union(ports);
      else passed = passed.union(ports);
      undecided = undecided.subtract(ports);
    }
  }
  return { accepted, denied, passed, undecided };
}

function holdsAny(view: ClusterView, ids: readonly number[], action: Action): boolean {
  for (const id of ids) if (holds(view, id, action)) return true;
  return false;
}

function holds(view: ClusterView, id: number, action: Action): boolean {
  return view.matching.has(id) || (action === 'Deny' && view.touching.has(id));
}

/** More distinct sets of container ports than any cluster has; keeps two numbers apart in one key. */
const MAX_NAMED = 2 ** 20;
/** Decisions that one program remembers. */
const DECISION_LIMIT = 65_536;
