import { matchesSelector, selectorKey } from '../../model/selector.ts';
import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicyPeer,
  ClusterNetworkPolicyPort,
  ClusterNetworkPolicyRule,
  LabelSelector,
} from '../../model/types.ts';
import type { Family } from '../../net/address.ts';
import type { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import { comparePrecedence } from '../outcome.ts';
import { domainMatches, endAddresses, endNodes, isUnknownDomain } from '../peer-match.ts';
import { type ClusterState, domainKey, type FlowEnd, policyKey } from '../state.ts';
import type { Direction } from '../verdict.ts';
import { type BlockEntry, BlockTable } from './blocks.ts';
import { type Clause, ClusterProgram, type ClusterView, type CompiledClusterPolicy } from './cluster-program.ts';
import type { Group, GroupStore, PodPeer } from './groups.ts';
import { EVERY_PORT, mergeSpecs, type PortSpec } from './program.ts';

/** The views of a pod, as long as {@link ClusterTiers.version} and its group are those. */
export interface PodViews extends Readonly<Record<Family, ClusterView>> {
  readonly version: number;
  readonly group: Group;
}

interface InstalledClusterPolicy extends CompiledClusterPolicy {
  readonly subject: PodPeer;
  readonly release: () => void;
}

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
  readonly #policies = new Map<string, InstalledClusterPolicy>();
  readonly #podPeers = new Map<number, { uses: number }>();
  readonly #networks = new BlockTable();
  readonly #nodes = new Map<string, Counted<LabelSelector>>();
  readonly #domains = new Map<string, Counted<string>>();
  #ordered: readonly InstalledClusterPolicy[] = [];
  /** Grows when programs and views are stale. */
  version = 0;
  #programs = new Map<string, ClusterProgram>();
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
    this.#views = new Map();
  }

  #changed(): void {
    this.#ordered = [...this.#policies.values()].sort((a, b) => comparePrecedence(a.policy, b.policy));
    this.invalidate();
  }

  /** The program of the policies that select a group; `null` when none does. */
  program(group: Group, direction: Direction): ClusterProgram | null {
    let { tiers } = group;
    if (tiers === undefined || tiers.version !== this.version) {
      const selecting = this.#ordered.filter(({ subject }) => group.peers.has(subject.id));
      const of = (one: Direction): ClusterProgram | null =>
        selecting.length === 0 ? null : this.#programOf(selecting, one);
      tiers = { version: this.version, egress: of('egress'), ingress: of('ingress') };
      group.tiers = tiers;
    }
    return tiers[direction];
  }

  #programOf(selecting: readonly InstalledClusterPolicy[], direction: Direction): ClusterProgram {
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
    let touching: readonly number[] = [];
    if (end.type === 'unseen') {
      const { all, some } = this.#store.peersOfUnseen(end);
      for (const id of all) if (this.#podPeers.has(id)) ids.push(id);
      touching = [...some].filter((id) => this.#podPeers.has(id));
    }
    if (end.type === 'domain') {
      for (const { id, value } of this.#domains.values()) if (domainMatches(value, end.name)) ids.push(id);
    }
    return this.#addressView(ids, end, family, touching);
  }

  /** The addresses of the networks among peers. */
  networkAddresses(peers: ReadonlySet<number>): AddressSet[] {
    return this.#networks.addressesOf(peers);
  }

  /** @param some peers that select a part of what the end may be */
  #addressView(ids: readonly number[], end: FlowEnd, family: Family, some: readonly number[] = []): ClusterView {
    if (this.#networks.size === 0) return this.#view(ids, some);
    const single = end.type === 'pod' ? end.pod.addresses.find((own) => own.family === family) : undefined;
    if (single !== undefined) return this.#view([...ids, ...this.#networks.holding(single)], []);
    const addresses = endAddresses(this.#state, end, family);
    if (addresses.isEmpty()) return this.#view(ids, some);
    const holding = this.#networks.holdingAll(addresses);
    if (isUnknownDomain(this.#state, end)) return this.#view([...ids, ...holding], []);
    return this.#view(
      [...ids, ...holding],
      [...some, ...this.#networks.touching(addresses).filter((id) => !holding.includes(id))],
    );
  }

  #view(matching: readonly number[], touching: readonly number[]): ClusterView {
    const sorted = [...matching].sort((a, b) => a - b);
    const key = `${sorted.join(' ')} / ${touching.join(' ')}`;
    let view = this.#views.get(key);
    if (view === undefined) {
      view = {
        id: this.#newId(),
        index: this.#views.size,
        matching: sorted.length === 0 ? NO_IDS : new Set(sorted),
        touching: touching.length === 0 ? NO_IDS : new Set(touching),
      };
      this.#views.set(key, view);
    }
    return view;
  }

  #compile(policy: ClusterNetworkPolicy): InstalledClusterPolicy {
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
      return { rule: index, action: 'Deny', peers: null, ids: [], unknownPeer, ports: null, spec: EVERY_PORT };
    }
    const ports = rule.ports?.map(compileClusterPort) ?? null;
    const peers = rule.peers.map((peer) => this.#compilePeer(peer, releases));
    return {
      rule: index,
      action: rule.action,
      peers,
      ids: peers.flat(),
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
export function compileClusterPort(port: ClusterNetworkPolicyPort): PortSpec {
  if ('protocol' in port) return { fixed: PortSet.of(port.protocol, port.first, port.last), named: [] };
  // C14: the name alone tells; the container port gives the protocol.
  const named = (['TCP', 'UDP', 'SCTP'] as const).map((protocol) => ({ protocol, name: port.name }));
  return { fixed: PortSet.EMPTY, named };
}
