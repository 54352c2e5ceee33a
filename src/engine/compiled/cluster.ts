import { matchesSelector, selectorKey } from '../../model/selector.ts';
import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicyPeer,
  ClusterNetworkPolicyPort,
  ClusterNetworkPolicyRule,
  LabelSelector,
} from '../../model/types.ts';
import type { Family } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import { comparePrecedence, type RuleHit } from '../outcome.ts';
import { domainMatches, endAddresses, endNodes } from '../peer-match.ts';
import { type ClusterState, domainKey, type FlowEnd, policyKey } from '../state.ts';
import type { Direction, FlowProtocol } from '../verdict.ts';
import { type BlockEntry, BlockTable } from './blocks.ts';
import type { Group, GroupStore, PodPeer } from './groups.ts';
import { EVERY_PORT, mergeSpecs, type NamedPorts, type PortSpec, resolveSpec, specContains } from './program.ts';

type Action = ClusterNetworkPolicyRule['action'];

/** One rule of a cluster-wide policy with its peers as ids. */
interface Clause {
  readonly rule: number;
  readonly action: Action;
  /** For each peer of the manifest the ids that stand for it. `null`: a rule that fails closed for everybody (C15). */
  readonly peers: readonly (readonly number[])[] | null;
  /** The peer that cannot be read, of a rule that fails closed. */
  readonly unknownPeer: number;
  readonly ports: readonly PortSpec[] | null;
  readonly spec: PortSpec;
}

interface CompiledClusterPolicy {
  readonly policy: ClusterNetworkPolicy;
  readonly subject: PodPeer;
  readonly egress: readonly Clause[];
  readonly ingress: readonly Clause[];
  readonly release: () => void;
}

/** What cluster-wide policies can tell of an end in one family. Equal views are one object. */
export interface ClusterView {
  readonly id: number;
  /** Ids of the peers that match the end. */
  readonly matching: ReadonlySet<number>;
  /** Ids of the networks that hold a part of the addresses the end may have: they match for Deny only. */
  readonly touching: ReadonlySet<number>;
}

/** The views of a pod, as long as {@link ClusterTiers.version} and its group are those. */
export interface PodViews extends Readonly<Record<Family, ClusterView>> {
  readonly version: number;
  readonly group: Group;
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
  readonly #decisions = new Map<number, TierDecision>();

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
    const key = view.id * MAX_NAMED + (this.hasNamed && destination !== undefined ? destination.id + 1 : 0);
    let decision = this.#decisions.get(key);
    if (decision === undefined) {
      if (this.#decisions.size >= DECISION_LIMIT) this.#decisions.clear();
      const admin = runTier(this.#admin, view, destination);
      const baseline = runTier(this.#baseline, view, destination);
      decision = {
        accepted: admin.accepted,
        rest: admin.passed.union(admin.undecided),
        baselineDenied: baseline.denied,
      };
      this.#decisions.set(key, decision);
    }
    return decision;
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
    for (const { action, peers, spec } of clauses) {
      if (undecided.isEmpty()) break;
      if (peers !== null && !peers.some((ids) => ids.some((id) => holds(view, id, action)))) continue;
      const ports = undecided.intersect(resolveSpec(spec, destination));
      if (action === 'Accept') accepted = accepted.union(ports);
      else if (action === 'Deny') denied = denied.union(ports);
      else passed = passed.union(ports);
      undecided = undecided.subtract(ports);
    }
  }
  return { accepted, denied, passed, undecided };
}

function holds(view: ClusterView, id: number, action: Action): boolean {
  return view.matching.has(id) || (action === 'Deny' && view.touching.has(id));
}

/** More distinct sets of container ports than any cluster has; keeps two numbers apart in one key. */
const MAX_NAMED = 2 ** 20;
/** Decisions that one program remembers. */
const DECISION_LIMIT = 65_536;
const NO_IDS: ReadonlySet<number> = new Set();

interface Counted<T> {
  readonly id: number;
  readonly value: T;
  uses: number;
}

/**
 * The compiled cluster-wide policies. Ends that no peer tells apart share one view, so what all tiers say of two ends is
 * worked out once for a pair of (policies that select, view) and looked up from then on.
 */
export class ClusterTiers {
  readonly #store: GroupStore;
  readonly #state: ClusterState;
  readonly #newId: () => number;
  readonly #policies = new Map<string, CompiledClusterPolicy>();
  readonly #podPeers = new Map<number, { uses: number }>();
  readonly #networks = new BlockTable();
  readonly #nodes = new Map<string, Counted<LabelSelector>>();
  readonly #domains = new Map<string, Counted<string>>();
  #ordered: readonly CompiledClusterPolicy[] = [];
  /** Grows when programs and views are stale. */
  version = 0;
  #programs = new Map<string, ClusterProgram>();
  #groups = new WeakMap<Group, { egress: ClusterProgram; ingress: ClusterProgram } | null>();
  #views = new Map<string, ClusterView>();

  constructor(store: GroupStore, state: ClusterState, newId: () => number) {
    this.#store = store;
    this.#state = state;
    this.#newId = newId;
  }

  /** Cluster-wide policies in force. */
  get size(): number {
    return this.#policies.size;
  }

  /** Distinct peers in use, for tests of residue. */
  get peers(): number {
    return this.#podPeers.size + this.#networks.size + this.#nodes.size + this.#domains.size;
  }

  set(policy: ClusterNetworkPolicy): void {
    const key = policyKey(policy);
    const old = this.#policies.get(key);
    this.#policies.set(key, this.#compile(policy));
    old?.release();
    this.#changed();
  }

  remove(key: string): boolean {
    const old = this.#policies.get(key);
    if (old === undefined) return false;
    this.#policies.delete(key);
    old.release();
    this.#changed();
    return true;
  }

  /** To be called when a namespace's labels change: groups may match other peers now. */
  invalidate(): void {
    this.version++;
    this.#programs = new Map();
    this.#groups = new WeakMap();
    this.#views = new Map();
  }

  #changed(): void {
    this.#ordered = [...this.#policies.values()].sort((a, b) => comparePrecedence(a.policy, b.policy));
    this.invalidate();
  }

  /** The program of the policies that select a group; `null` when none does. */
  program(group: Group, direction: Direction): ClusterProgram | null {
    return this.#group(group)?.[direction] ?? null;
  }

  #group(group: Group): { egress: ClusterProgram; ingress: ClusterProgram } | null {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const selecting = this.#ordered.filter(({ subject }) => group.peers.has(subject.id));
    const found =
      selecting.length === 0
        ? null
        : {
            egress: this.#programOf(selecting, 'egress'),
            ingress: this.#programOf(selecting, 'ingress'),
          };
    this.#groups.set(group, found);
    return found;
  }

  #programOf(selecting: readonly CompiledClusterPolicy[], direction: Direction): ClusterProgram {
    const key = `${direction} ${selecting.map((compiled) => policyKey(compiled.policy)).join(' ')}`;
    let program = this.#programs.get(key);
    if (program === undefined) {
      program = new ClusterProgram(this.#newId(), direction, selecting);
      this.#programs.set(key, program);
    }
    return program;
  }

  /** The views of a pod in a group, in both families. */
  podViews(end: Extract<FlowEnd, { type: 'pod' }>, group: Group): PodViews {
    const pods = [...group.peers].filter((id) => this.#podPeers.has(id));
    return {
      version: this.version,
      group,
      IPv4: this.#addressView(pods, end, 'IPv4'),
      IPv6: this.#addressView(pods, end, 'IPv6'),
    };
  }

  /** The view of an end that is not a pod. */
  endView(end: FlowEnd, family: Family): ClusterView {
    const ids: number[] = [];
    if (this.#nodes.size > 0) {
      const nodes = endNodes(this.#state, end);
      for (const { id, value } of this.#nodes.values()) {
        if (nodes.some((node) => matchesSelector(value, node.labels))) ids.push(id);
      }
    }
    if (end.type === 'domain') {
      for (const { id, value } of this.#domains.values()) if (domainMatches(value, end.name)) ids.push(id);
    }
    return this.#addressView(ids, end, family);
  }

  #addressView(ids: readonly number[], end: FlowEnd, family: Family): ClusterView {
    if (this.#networks.size === 0) return this.#view(ids, []);
    const single = end.type === 'pod' ? end.pod.addresses.find((own) => own.family === family) : undefined;
    if (single !== undefined) return this.#view([...ids, ...this.#networks.holding(single)], []);
    const addresses = endAddresses(this.#state, end, family);
    if (addresses.isEmpty()) return this.#view(ids, []);
    const holding = this.#networks.holdingAll(addresses);
    return this.#view(
      [...ids, ...holding],
      this.#networks.touching(addresses).filter((id) => !holding.includes(id)),
    );
  }

  #view(matching: readonly number[], touching: readonly number[]): ClusterView {
    const sorted = [...matching].sort((a, b) => a - b);
    const key = `${sorted.join(' ')} / ${touching.join(' ')}`;
    let view = this.#views.get(key);
    if (view === undefined) {
      view = {
        id: this.#newId(),
        matching: sorted.length === 0 ? NO_IDS : new Set(sorted),
        touching: touching.length === 0 ? NO_IDS : new Set(touching),
      };
      this.#views.set(key, view);
    }
    return view;
  }

  #compile(policy: ClusterNetworkPolicy): CompiledClusterPolicy {
    const releases: (() => void)[] = [];
    const { spec } = policy;
    const compileRules = (rules: readonly ClusterNetworkPolicyRule[]): Clause[] =>
      rules.flatMap((rule, index) => this.#compileRule(rule, index, releases) ?? []);
    const egress = compileRules(spec.egress);
    const ingress = compileRules(spec.ingress);
    const subject = this.#store.acquirePeer(spec.subject.podSelector, spec.subject.namespaceSelector, this.#newId);
    releases.push(() => this.#store.releasePeer(subject));
    return { policy, subject, egress, ingress, release: () => releases.forEach((release) => void release()) };
  }

  /** Undefined for a rule that can match nothing. */
  #compileRule(rule: ClusterNetworkPolicyRule, index: number, releases: (() => void)[]): Clause | undefined {
    const unknownPeer = rule.peers.findIndex(({ type }) => type === 'unknown');
    if (unknownPeer !== -1) {
      if (rule.action === 'Accept') return undefined;
      return { rule: index, action: 'Deny', peers: null, unknownPeer, ports: null, spec: EVERY_PORT };
    }
    const ports = rule.ports?.map(compileClusterPort) ?? null;
    return {
      rule: index,
      action: rule.action,
      peers: rule.peers.map((peer) => this.#compilePeer(peer, releases)),
      unknownPeer,
      ports,
      spec: ports === null ? EVERY_PORT : mergeSpecs(ports),
    };
  }

  #compilePeer(peer: ClusterNetworkPolicyPeer, releases: (() => void)[]): number[] {
    switch (peer.type) {
      case 'pods': {
        const { podSelector, namespaceSelector } = peer.pods;
        const podPeer = this.#store.acquirePeer(podSelector, namespaceSelector, this.#newId);
        const counted = this.#podPeers.get(podPeer.id) ?? { uses: 0 };
        counted.uses++;
        this.#podPeers.set(podPeer.id, counted);
        releases.push(() => {
          if (--counted.uses === 0) this.#podPeers.delete(podPeer.id);
          this.#store.releasePeer(podPeer);
        });
        return [podPeer.id];
      }
      case 'networks':
        return peer.networks.map((cidr) => {
          const entry: BlockEntry = this.#networks.acquire({ cidr, except: [] }, this.#newId).entry;
          releases.push(() => void this.#networks.release(entry));
          return entry.peer;
        });
      case 'nodes':
        return [this.#count(this.#nodes, selectorKey(peer.nodes), peer.nodes, releases)];
      case 'domainNames':
        return peer.domainNames.map((name) => this.#count(this.#domains, domainKey(name), name, releases));
      case 'unknown':
        return [];
    }
  }

  #count<T>(table: Map<string, Counted<T>>, key: string, value: T, releases: (() => void)[]): number {
    const counted = table.get(key) ?? { id: this.#newId(), value, uses: 0 };
    counted.uses++;
    table.set(key, counted);
    releases.push(() => {
      if (--counted.uses === 0) table.delete(key);
    });
    return counted.id;
  }
}

/** Compiles one entry of a cluster-wide rule's ports. */
function compileClusterPort(port: ClusterNetworkPolicyPort): PortSpec {
  if ('protocol' in port) return { fixed: PortSet.of(port.protocol, port.first, port.last), named: [] };
  // C14: the name alone tells; the container port gives the protocol.
  const named = (['TCP', 'UDP', 'SCTP'] as const).map((protocol) => ({ protocol, name: port.name }));
  return { fixed: PortSet.EMPTY, named };
}
