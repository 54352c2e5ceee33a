import { finish, type Steps } from '../../model/steps.ts';
import type { ClusterNetworkPolicy, NetworkPolicy } from '../../model/types.ts';
import type { Address, Family } from '../../net/address.ts';
import type { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import { impliedNamespace } from '../build.ts';
import { nearMisses } from '../near-misses.ts';
import { directionVerdict, type RuleHit } from '../outcome.ts';
import { endAddresses } from '../peer-match.ts';
import {
  type ClusterState,
  type Flow,
  type FlowEnd,
  isOwnNode,
  isSamePod,
  type NamespaceInfo,
  type NodeInfo,
  namespaceOf,
  type PodInfo,
  policyKey,
} from '../state.ts';
import type { Direction, DirectionVerdict, FlowProtocol, Verdict } from '../verdict.ts';
import type { ClusterProgram, ClusterView } from './cluster-program.ts';
import { ClusterTiers, type PodViews } from './cluster-tiers.ts';
import { type Group, GroupStore, type NamespaceEntry } from './groups.ts';
import { firstHit, PolicyStore } from './policy-store.ts';
import type { DirectionProgram, NamedPorts } from './program.ts';

/** What the index keeps of one pod. */
interface PodEntry {
  readonly info: PodInfo;
  group: Group;
  readonly named: NamedPorts;
  /** Peer ids of the blocks that hold the pod, by family; computed for one version of the blocks. */
  blocks: Readonly<Record<Family, readonly number[]>>;
  blocksVersion: number;
  /** How cluster-wide policies see the pod; computed when they first look. */
  views: PodViews | undefined;
}

/** Sizes of an index, for benchmarks and tests. */
export interface IndexStatistics {
  readonly pods: number;
  readonly policies: number;
  readonly groups: number;
  readonly podSelectors: number;
  readonly blocks: number;
  readonly clusterPolicies: number;
  /** Distinct peers of cluster-wide policies. */
  readonly clusterPeers: number;
  /** Verdicts answered from the compiled form since the index was made. */
  readonly compiledVerdicts: number;
}

/** Pods of one namespace that no selector tells apart. */
export interface PodGroup {
  readonly id: number;
  readonly peers: ReadonlySet<number>;
  readonly members: ReadonlySet<{ readonly info: PodInfo }>;
}

/** A peer as an end of a connection is seen by programs: the ids of the peers that match it. */
export interface PeerView {
  /** Pod peers. */
  readonly peers: ReadonlySet<number>;
  /** Blocks that hold the address in one family. */
  readonly blocks: readonly number[];
  readonly named: NamedPorts | undefined;
  /** Absent when there are no cluster-wide policies. */
  readonly cluster: ClusterView | undefined;
}

/** What applies to a pod in one direction: cluster-wide tiers, and the NetworkPolicies that isolate it; `null`: none. */
export interface DirectionPolicies {
  readonly tiers: ClusterProgram | null;
  readonly program: DirectionProgram | null;
}

const NO_PEERS: ReadonlySet<number> = new Set();
/**
 * The compiled form of a {@link ClusterState}: every selector evaluated once, pods in groups that no selector tells
 * apart, verdicts by look-up. It answers exactly as the reference evaluator does, and follows changes of single pods,
 * namespaces, nodes and policies without being built anew.
 */
export class PolicyIndex {
  readonly #store = new GroupStore();
  readonly #policies: PolicyStore;
  readonly #tiers: ClusterTiers;
  readonly #pods = new Map<string, PodEntry>();
  readonly #namedPorts = new Map<string, NamedPorts>();
  readonly #state: {
    namespaces: Map<string, NamespaceInfo>;
    pods: Map<string, PodInfo>;
    nodes: Map<string, NodeInfo>;
    policies: Map<string, NetworkPolicy>;
    clusterPolicies: Map<string, ClusterNetworkPolicy>;
    podCidrs: ClusterState['podCidrs'];
    domains: ClusterState['domains'];
  };
  /** Pods and policies that keep an undeclared namespace in being. */
  readonly #namespaceUses = new Map<string, number>();
  #nextId = 0;
  #version = 0;
  #compiledVerdicts = 0;

  /** Builds the index. The state is copied: later changes go through the methods of the index. */
  constructor(state: ClusterState) {
    this.#state = {
      namespaces: new Map(),
      pods: new Map(),
      nodes: new Map(state.nodes),
      policies: new Map(),
      clusterPolicies: new Map(),
      podCidrs: state.podCidrs,
      domains: state.domains,
    };
    const newId = (): number => this.#nextId++;
    this.#policies = new PolicyStore(this.#store, newId);
    this.#tiers = new ClusterTiers(this.#store, this.#state, newId);
    finish(this.#fill(state));
  }

  /** As the constructor, in steps. */
  static *inSteps(state: ClusterState): Steps<PolicyIndex> {
    const empty = new Map<string, never>();
    const index = new PolicyIndex({
      ...state,
      namespaces: empty,
      policies: empty,
      clusterPolicies: empty,
      pods: empty,
    });
    yield* index.#fill(state);
    return index;
  }

  /** Policies before pods: each selector is then evaluated for groups, as they come. */
  *#fill({ namespaces, policies, clusterPolicies, pods }: ClusterState): Steps<void> {
    for (const namespace of namespaces.values()) {
      this.setNamespace(namespace);
      yield;
    }
    for (const policy of [...policies.values(), ...clusterPolicies.values()]) {
      yield* this.setPolicySteps(policy);
      yield;
    }
    for (const pod of pods.values()) {
      this.setPod(pod);
      yield;
    }
  }

  /** The state as it is now. The same object throughout; its maps change with the index. */
  get state(): ClusterState {
    return this.#state;
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  statistics(): IndexStatistics {
    return {
      pods: this.#pods.size,
      policies: this.#policies.size,
      groups: this.#store.groups.size,
      podSelectors: this.#store.podSelectors.size,
      blocks: this.#policies.blocks.size,
      clusterPolicies: this.#tiers.size,
      clusterPeers: this.#tiers.peers,
      compiledVerdicts: this.#compiledVerdicts,
    };
  }

  // Changes

  /** Adds a pod or replaces the one of the same id. */
  setPod(pod: PodInfo): void {
    this.#version++;
    const old = this.#state.pods.get(pod.id);
    if (old !== undefined) this.#forgetPod(old);
    this.#state.pods.set(pod.id, pod);
    const namespace = this.#useNamespace(pod.namespace);
    if (pod.hostNetwork) return;
    const entry: PodEntry = {
      info: pod,
      group: this.#store.groupOf(namespace, pod.labels),
      named: this.#namedPortsOf(pod),
      blocks: NO_BLOCKS,
      blocksVersion: -1,
      views: undefined,
    };
    entry.group.members.add(entry);
    this.#pods.set(pod.id, entry);
  }

  /** Removes a pod; false when there is none of that id. */
  removePod(id: string): boolean {
    const pod = this.#state.pods.get(id);
    if (pod === undefined) return false;
    this.#version++;
    this.#forgetPod(pod);
    this.#state.pods.delete(id);
    return true;
  }

  /** Adds a namespace or replaces its labels. */
  setNamespace(namespace: NamespaceInfo): void {
    this.#version++;
    this.#state.namespaces.set(namespace.name, namespace);
    this.#store.setNamespace(namespace);
    this.#tiers.invalidate();
  }

  /** Removes a namespace object. While pods or policies are in it, it stays with its name label only. */
  removeNamespace(name: string): boolean {
    const known = this.#state.namespaces.get(name);
    if (known === undefined) return false;
    if ((this.#namespaceUses.get(name) ?? 0) > 0) {
      this.setNamespace(impliedNamespace(name));
      return true;
    }
    this.#version++;
    this.#state.namespaces.delete(name);
    const entry = this.#store.namespaces.get(name);
    if (entry !== undefined) this.#store.dropNamespace(entry);
    return true;
  }

  /** Adds a node or replaces it. */
  setNode(node: NodeInfo): void {
    this.#version++;
    this.#state.nodes.set(node.name, node);
  }

  removeNode(name: string): boolean {
    this.#version++;
    return this.#state.nodes.delete(name);
  }

  /** Adds a policy or replaces the one of the same kind, namespace and name. It must be valid: an invalid part admits nothing. */
  setPolicy(policy: NetworkPolicy | ClusterNetworkPolicy): void {
    finish(this.setPolicySteps(policy));
  }

  /**
   * As {@link PolicyIndex.setPolicy}, in steps: a label that no selector looked at before puts pods into other groups. In
   * between the policy is in force for a part of the pods.
   */
  *setPolicySteps(policy: NetworkPolicy | ClusterNetworkPolicy): Steps<void> {
    this.#version++;
    const key = policyKey(policy);
    if (policy.kind !== 'NetworkPolicy') {
      this.#tiers.set(policy);
      this.#state.clusterPolicies.set(key, policy);
      yield* this.#regroup();
      return;
    }
    this.#useNamespace(namespaceOf(policy));
    const old = this.#policies.set(policy);
    if (old !== undefined) this.#leaveNamespace(namespaceOf(old));
    this.#state.policies.set(key, policy);
    yield* this.#regroup();
  }

  /** Removes a policy by {@link policyKey}; false when there is none. */
  removePolicy(key: string): boolean {
    const old = this.#policies.remove(key);
    if (old === undefined) {
      if (!this.#tiers.remove(key)) return false;
      this.#version++;
      return this.#state.clusterPolicies.delete(key);
    }
    this.#version++;
    this.#leaveNamespace(namespaceOf(old));
    return this.#state.policies.delete(key);
  }

  #forgetPod(pod: PodInfo): void {
    const entry = this.#pods.get(pod.id);
    if (entry !== undefined) {
      this.#store.leave(entry.group, entry);
      this.#pods.delete(pod.id);
    }
    this.#leaveNamespace(pod.namespace);
  }

  #useNamespace(name: string): NamespaceEntry {
    this.#namespaceUses.set(name, (this.#namespaceUses.get(name) ?? 0) + 1);
    const known = this.#store.namespaces.get(name);
    if (known !== undefined) return known;
    const implied = impliedNamespace(name);
    this.#state.namespaces.set(name, implied);
    return this.#store.setNamespace(implied);
  }

  #leaveNamespace(name: string): void {
    const uses = (this.#namespaceUses.get(name) ?? 1) - 1;
    this.#namespaceUses.set(name, uses);
    if (uses > 0) return;
    this.#namespaceUses.delete(name);
    const entry = this.#store.namespaces.get(name);
    if (entry === undefined || entry.info.declared) return;
    this.#state.namespaces.delete(name);
    this.#store.dropNamespace(entry);
  }

  /** Puts pods with labels that no selector looked at before into groups that tell them apart. */
  *#regroup(): Steps<void> {
    const keys = this.#store.newLabelKeys;
    if (keys.size > 0) {
      for (const entry of this.#pods.values()) {
        for (const key of keys) {
          if (!Object.hasOwn(entry.info.labels, key)) continue;
          const old = entry.group;
          const group = this.#store.groupOf(old.namespace, entry.info.labels);
          if (group !== old) {
            this.#store.leave(old, entry);
            entry.group = group;
            group.members.add(entry);
          }
          break;
        }
        yield;
      }
    }
    keys.clear();
  }

  #namedPortsOf(pod: PodInfo): NamedPorts {
    const byName = new Map<string, PortSet>();
    for (const { name, protocol, containerPort } of pod.ports) {
      if (name === undefined) continue;
      const key = `${protocol}/${name}`;
      byName.set(key, (byName.get(key) ?? PortSet.EMPTY).union(PortSet.of(protocol, containerPort)));
    }
    const key = [...byName]
      .map(([name, ports]) => `${name}=${ports.key}`)
      .sort()
      .join(' ');
    let named = this.#namedPorts.get(key);
    if (named === undefined) {
      named = { id: this.#namedPorts.size, byName };
      this.#namedPorts.set(key, named);
    }
    return named;
  }

  // Answers

  /**
   * Whether a connection is allowed: {@link verdict} without its reasons, at a fraction of the cost.
   * @param enforced whether the policies of a pod have a say; those of every pod do when this is left out
   */
  allows(
    from: FlowEnd,
    to: FlowEnd,
    family: Family,
    protocol: FlowProtocol,
    port: number,
    enforced: (pod: PodInfo) => boolean = () => true,
  ): boolean {
    this.#compiledVerdicts++;
    if (isSamePod(from, to)) return true;
    const source = from.type === 'pod' ? this.#entry(from.pod) : undefined;
    const target = to.type === 'pod' ? this.#entry(to.pod) : undefined;
    return (
      (source === undefined ||
        !enforced(source.info) ||
        this.#admits('egress', source, to, target, family, protocol, port)) &&
      (target === undefined ||
        !enforced(target.info) ||
        this.#admits('ingress', target, from, source, family, protocol, port))
    );
  }

  /** @param peer the entry of `other`, where it is a pod */
  #admits(
    direction: Direction,
    subject: PodEntry,
    other: FlowEnd,
    peer: PodEntry | undefined,
    family: Family,
    protocol: FlowProtocol,
    port: number,
  ): boolean {
    const { group } = subject;
    const destination = direction === 'ingress' ? subject.named : peer?.named;
    const program = this.#policies.program(group, direction);
    const tiers = this.#tiers.size === 0 ? null : this.#tiers.program(group, direction);
    if (tiers !== null) {
      const view = peer === undefined ? this.#tiers.endView(other, family) : this.#podViews(peer)[family];
      const { accepted, rest, baselineDenied } = tiers.decide(view, destination);
      if (!accepted.isEmpty() && contains(accepted, protocol, port)) return true;
      if (!rest.isAll() && !contains(rest, protocol, port)) return false;
      if (program === null) return baselineDenied.isEmpty() || !contains(baselineDenied, protocol, port);
    }
    if (program === null || isOwnNode(subject.info, other)) return true;
    if (peer === undefined) {
      return program.admits(this.#peersOf(other), this.#blocksOf(other, family), destination, protocol, port);
    }
    return program.admits(peer.group.peers, this.#podBlocks(peer)[family], destination, protocol, port);
  }

  /** The ports that each direction admits; a connection is allowed on those in both. */
  ports(from: FlowEnd, to: FlowEnd, family: Family): { readonly egress: PortSet; readonly ingress: PortSet } {
    if (isSamePod(from, to)) return { egress: PortSet.ALL, ingress: PortSet.ALL };
    return {
      egress: this.#admittedPorts('egress', from, to, family),
      ingress: this.#admittedPorts('ingress', to, from, family),
    };
  }

  #admittedPorts(direction: Direction, subject: FlowEnd, other: FlowEnd, family: Family): PortSet {
    if (subject.type !== 'pod') return PortSet.ALL;
    const policies = this.policiesOf(subject.pod, direction);
    const view = this.peerView(other, family);
    const destination = direction === 'ingress' ? this.#entry(subject.pod).named : view.named;
    return admittedPorts(policies, view, destination, isOwnNode(subject.pod, other));
  }

  /** The verdict with its reasons, equal to the reference evaluator's. */
  verdict(flow: Flow): Verdict {
    this.#compiledVerdicts++;
    const egress = this.#judge(flow, 'egress');
    const ingress = this.#judge(flow, 'ingress');
    return { allowed: egress.allowed && ingress.allowed, family: flow.family, egress, ingress };
  }

  #judge(flow: Flow, direction: Direction): DirectionVerdict {
    const [subject, other] = direction === 'egress' ? [flow.from, flow.to] : [flow.to, flow.from];
    if (isSamePod(flow.from, flow.to)) return directionVerdict(true, 'self');
    if (subject.type !== 'pod') return directionVerdict(true, 'default');
    const { group } = this.#entry(subject.pod);
    const isolating = group[direction].map(({ policy }) => policy);
    const named = flow.to.type === 'pod' ? this.#entry(flow.to.pod).named : undefined;
    const tiers = this.#tiers.size === 0 ? null : this.#tiers.program(group, direction);
    const tierHit = (tier: 'Admin' | 'Baseline'): RuleHit | undefined =>
      tiers?.firstHit(tier, this.#clusterView(other, flow.family), named, flow.protocol, flow.port);

    const admin = tierHit('Admin');
    if (admin !== undefined && admin.action !== 'Pass') {
      return directionVerdict(admin.action === 'Accept', 'admin', { isolating, hit: admin });
    }
    const passed = admin === undefined ? [] : [admin];
    const ownNode = isOwnNode(subject.pod, other);
    if (isolating.length > 0) {
      if (ownNode) return directionVerdict(true, 'node', { passed });
      const view = this.peerView(other, flow.family);
      for (const policy of group[direction]) {
        const hit = firstHit(policy, direction, view, named, flow);
        if (hit !== undefined) return directionVerdict(true, 'networkpolicy', { isolating, hit, passed });
      }
      const misses = nearMisses(this.#state, flow, direction, isolating);
      return directionVerdict(false, 'networkpolicy', { isolating, passed, nearMisses: misses });
    }
    const baseline = tierHit('Baseline');
    if (baseline !== undefined && baseline.action !== 'Pass') {
      return directionVerdict(baseline.action === 'Accept', 'baseline', { hit: baseline, passed });
    }
    return directionVerdict(true, ownNode ? 'node' : 'default', {
      passed: baseline === undefined ? passed : [...passed, baseline],
    });
  }

  // What reachability is computed from

  /** The compiled policies that apply to a pod in a direction. Pods that the same policies select share them. */
  policiesOf(pod: PodInfo, direction: Direction): DirectionPolicies {
    const { group } = this.#entry(pod);
    return {
      tiers: this.#tiers.size === 0 ? null : this.#tiers.program(group, direction),
      program: this.#policies.program(group, direction),
    };
  }

  /** How policies see an end as a peer, in one family. */
  peerView(end: FlowEnd, family: Family): PeerView {
    const entry = end.type === 'pod' ? this.#entry(end.pod) : undefined;
    return {
      peers: entry?.group.peers ?? this.#peersOf(end),
      blocks: this.#blocksOf(end, family),
      named: entry?.named,
      cluster: this.#tiers.size === 0 ? undefined : this.#clusterView(end, family),
    };
  }

  /**
   * Equal for pods that policies cannot tell apart: the same namespace, the same values of the labels that selectors
   * look at, the same blocks and families of addresses and the same named ports.
   */
  classKey(pod: PodInfo): string {
    const entry = this.#entry(pod);
    const { IPv4, IPv6 } = this.#podBlocks(entry);
    const families = pod.addresses.map(({ family }) => family).join('+');
    const views = this.#tiers.size === 0 ? '' : `${this.#podViews(entry).IPv4.id} ${this.#podViews(entry).IPv6.id}`;
    return `${entry.group.id} ${entry.named.id} ${families} ${IPv4.join(',')} ${IPv6.join(',')} ${views}`;
  }

  /** Ids of the pod peers and blocks that the policies of a direction name: an end that none of them matches is one of the rest. */
  namedPeers({ tiers, program }: DirectionPolicies): ReadonlySet<number> {
    return new Set([...(program?.byPeer.keys() ?? []), ...(tiers?.peers() ?? [])]);
  }

  /** How many pods a pod peer matches; undefined for the id of a block, a node or a domain. */
  peerSize(id: number): number | undefined {
    const peer = this.#store.peer(id);
    if (peer === undefined) return undefined;
    let size = 0;
    for (const group of peer.groups) size += group.members.size;
    return size;
  }

  /** The pods that a pod peer matches, by group; empty for the id of a block, a node or a domain. */
  peerGroups(id: number): Iterable<PodGroup> {
    return this.#store.peer(id)?.groups ?? [];
  }

  /** The same text for equal pod peers of any index: the scope and the pod selector. Undefined as for {@link peerSize}. */
  peerText(id: number): string | undefined {
    const peer = this.#store.peer(id);
    if (peer === undefined) return undefined;
    const scope = typeof peer.scope === 'string' ? JSON.stringify(peer.scope) : peer.scope.key;
    return `${scope} ${peer.podSelector.key}`;
  }

  /** The group of a pod. */
  groupOfPod(pod: PodInfo): PodGroup {
    return this.#entry(pod).group;
  }

  /** The pods of a namespace, hostNetwork pods left out. */
  *podsOfNamespace(name: string): Iterable<PodInfo> {
    for (const { members } of this.#store.namespaces.get(name)?.groups ?? [])
      for (const { info } of members) yield info;
  }

  /** The addresses of the blocks and networks among peers, by peer id. */
  blockAddresses(ids: ReadonlySet<number>): AddressSet[] {
    return [...this.#policies.blocks.addressesOf(ids), ...this.#tiers.networkAddresses(ids)];
  }

  /** Ids of the pod peers, blocks and networks that match a pod. */
  peersOfPod(pod: PodInfo, family: Family): number[] {
    const entry = this.#entry(pod);
    const cluster = this.#tiers.size === 0 ? [] : this.#podViews(entry)[family].matching;
    return [...new Set([...entry.group.peers, ...this.#podBlocks(entry)[family], ...cluster])];
  }

  /** The labels of a pod that any pod selector looks at. */
  selectedLabels(pod: PodInfo): Readonly<Record<string, string>> {
    return this.#entry(pod).group.labels;
  }

  #entry(pod: PodInfo): PodEntry {
    const entry = this.#pods.get(pod.id);
    if (entry === undefined) throw new Error(`pod ${pod.id} is not in the index`);
    return entry;
  }

  #podBlocks(entry: PodEntry): PodEntry['blocks'] {
    if (entry.blocksVersion !== this.#policies.blocks.version) {
      entry.blocks = {
        IPv4: this.#blocksHolding(entry.info, 'IPv4'),
        IPv6: this.#blocksHolding(entry.info, 'IPv6'),
      };
      entry.blocksVersion = this.#policies.blocks.version;
    }
    return entry.blocks;
  }

  #blocksHolding(pod: PodInfo, family: Family): readonly number[] {
    if (pod.addresses.length === 0) return this.#policies.blocks.holdingAll(this.#state.podCidrs.ofFamily(family));
    const address = pod.addresses.find((candidate: Address) => candidate.family === family);
    return address === undefined ? [] : this.#policies.blocks.holding(address);
  }

  /** Peer ids of the blocks that hold an end. */
  #blocksOf(end: FlowEnd, family: Family): readonly number[] {
    if (end.type === 'pod') return this.#podBlocks(this.#entry(end.pod))[family];
    if (end.type === 'domain' || end.type === 'unseen') {
      return this.#policies.blocks.holdingAll(endAddresses(this.#state, end, family));
    }
    return end.address === undefined || end.address.family !== family ? [] : this.#policies.blocks.holding(end.address);
  }

  /** Ids of the pod peers that an end which is no pod of the state is in. */
  #peersOf(end: FlowEnd): ReadonlySet<number> {
    return end.type === 'unseen' ? this.#store.peersOfUnseen(end).all : NO_PEERS;
  }

  #clusterView(end: FlowEnd, family: Family): ClusterView {
    return end.type === 'pod' ? this.#podViews(this.#entry(end.pod))[family] : this.#tiers.endView(end, family);
  }

  #podViews(entry: PodEntry): PodViews {
    let { views } = entry;
    if (views === undefined || views.version !== this.#tiers.version || views.group !== entry.group) {
      views = this.#tiers.podViews({ type: 'pod', pod: entry.info }, entry.group);
      entry.views = views;
    }
    return views;
  }
}

/**
 * The ports that a pod's policies admit, all tiers together.
 * @param destination whose container ports resolve names @param ownNode the peer is the pod's own node (S16)
 */
export function admittedPorts(
  { tiers, program }: DirectionPolicies,
  view: PeerView,
  destination: NamedPorts | undefined,
  ownNode: boolean,
): PortSet {
  const byPolicies = program === null || ownNode ? PortSet.ALL : program.ports(view.peers, view.blocks, destination);
  if (tiers === null || view.cluster === undefined) return byPolicies;
  const { accepted, rest, baselineDenied } = tiers.decide(view.cluster, destination);
  return accepted.union(program === null ? rest.subtract(baselineDenied) : rest.intersect(byPolicies));
}

/** The ports that the cluster-wide tiers deny, whatever NetworkPolicies say. */
export function portsDeniedByTiers(
  { tiers, program }: DirectionPolicies,
  view: PeerView,
  destination: NamedPorts | undefined,
): PortSet {
  if (tiers === null || view.cluster === undefined) return PortSet.EMPTY;
  const { accepted, rest, baselineDenied } = tiers.decide(view.cluster, destination);
  const admin = PortSet.ALL.subtract(accepted).subtract(rest);
  return program === null ? admin.union(rest.intersect(baselineDenied)) : admin;
}

function contains(ports: PortSet, protocol: FlowProtocol, port: number): boolean {
  return protocol === 'other' ? ports.other : ports.contains(protocol, port);
}

const NO_BLOCKS: PodEntry['blocks'] = { IPv4: [], IPv6: [] };
