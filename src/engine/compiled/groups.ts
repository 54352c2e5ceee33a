import { matchesSelector } from '../../model/selector.ts';
import type { LabelSelector } from '../../model/types.ts';
import { type UnseenShare, unseenShare } from '../peer-match.ts';
import type { FlowEnd, NamespaceInfo, PodInfo } from '../state.ts';
import type { Direction } from '../verdict.ts';
import type { ClusterProgram } from './cluster-program.ts';
import type { CompiledPolicy, DirectionProgram } from './program.ts';
import { LabelPostings, type Labels, type SelectorEntry, SelectorTable } from './selectors.ts';

/** Pods of one namespace with the same values of all labels that any selector looks at: no policy can tell them apart by label. */
export interface Group {
  readonly id: number;
  readonly key: string;
  readonly namespace: NamespaceEntry;
  /** Only the labels that selectors look at. */
  readonly labels: Labels;
  readonly members: Set<GroupMember>;
  /** The policies that isolate these pods for egress, by name. */
  egress: readonly CompiledPolicy[];
  ingress: readonly CompiledPolicy[];
  /** Ids of the pod peers that match these pods. */
  readonly peers: Set<number>;
  /** Computed when first asked for; `null` when not isolated. */
  egressProgram: DirectionProgram | null | undefined;
  ingressProgram: DirectionProgram | null | undefined;
  /** The cluster-wide policies that select these pods, as of one version of them. */
  tiers: GroupTiers | undefined;
}

/** A pod in a group. */
export interface GroupMember {
  readonly info: PodInfo;
}

/** Programs of cluster-wide policies; `null`: none selects the group. */
export interface GroupTiers extends Readonly<Record<Direction, ClusterProgram | null>> {
  readonly version: number;
}

export interface NamespaceEntry {
  info: NamespaceInfo;
  readonly groups: Set<Group>;
  /** Ids of the namespace selectors that match. */
  readonly selectors: Set<number>;
}

/** One distinct peer that selects pods: pods by label, in one namespace or in those that a selector picks. */
export interface PodPeer {
  readonly id: number;
  readonly podSelector: SelectorEntry;
  readonly scope: string | SelectorEntry;
  readonly groups: Set<Group>;
  uses: number;
}

/** Who uses a pod selector, and for what. */
interface SelectorUses {
  /** Policies that it is the subject of, by namespace. */
  readonly subjects: Map<string, Set<CompiledPolicy>>;
  readonly peersByNamespace: Map<string, PodPeer>;
  /** By id of the namespace selector. */
  readonly peersBySelector: Map<number, PodPeer>;
}

/**
 * Which groups of pods each policy selects and each peer matches, kept true under change. Every selector is evaluated
 * once for a group, not once for a pod, and only where the labels give it a chance.
 */
export class GroupStore {
  readonly namespaces: Map<string, NamespaceEntry> = new Map();
  readonly groups: Map<string, Group> = new Map();
  readonly podSelectors: SelectorTable = new SelectorTable();
  readonly #namespaceSelectors = new SelectorTable();
  readonly #namespacePostings = new LabelPostings<NamespaceEntry>();
  readonly #groupPostings = new LabelPostings<Group>();
  readonly #uses = new Map<SelectorEntry, SelectorUses>();
  #nextGroup = 0;

  // Groups

  /** The group of pods with these labels, made if need be. One that is made waits for its first member. */
  groupOf(namespace: NamespaceEntry, labels: Labels): Group {
    const keys = Object.keys(labels)
      .filter((key) => this.podSelectors.usesLabel(key))
      .sort();
    let key = namespace.info.name;
    for (const label of keys) {
      const value = labels[label] as string;
      // Lengths keep keys apart whatever characters labels hold.
      key += `\0${label.length},${value.length} ${label}${value}`;
    }
    let group = this.groups.get(key);
    if (group === undefined) {
      group = this.#newGroup(namespace, key, Object.fromEntries(keys.map((label) => [label, labels[label] as string])));
    }
    return group;
  }

  /** Takes a pod out of its group, which ends with its last pod. */
  leave(group: Group, member: GroupMember): void {
    group.members.delete(member);
    if (group.members.size > 0) return;
    this.groups.delete(group.key);
    group.namespace.groups.delete(group);
    this.#groupPostings.remove(group, group.labels);
    this.#unlinkPeers(group);
  }

  #newGroup(namespace: NamespaceEntry, key: string, labels: Labels): Group {
    const group: Group = {
      id: this.#nextGroup++,
      key,
      namespace,
      labels,
      members: new Set(),
      egress: [],
      ingress: [],
      peers: new Set(),
      egressProgram: undefined,
      ingressProgram: undefined,
      tiers: undefined,
    };
    this.groups.set(key, group);
    namespace.groups.add(group);
    this.#groupPostings.add(group, labels);
    for (const selector of this.podSelectors.matching(labels)) {
      for (const policy of this.#uses.get(selector)?.subjects.get(namespace.info.name) ?? []) isolate(group, policy);
    }
    this.#linkPeers(group);
    return group;
  }

  #linkPeers(group: Group): void {
    const { info, selectors } = group.namespace;
    for (const selector of this.podSelectors.matching(group.labels)) {
      const uses = this.#uses.get(selector);
      if (uses === undefined) continue;
      const local = uses.peersByNamespace.get(info.name);
      if (local !== undefined) link(local, group);
      if (uses.peersBySelector.size < selectors.size) {
        for (const [id, peer] of uses.peersBySelector) if (selectors.has(id)) link(peer, group);
      } else {
        for (const id of selectors) {
          const peer = uses.peersBySelector.get(id);
          if (peer !== undefined) link(peer, group);
        }
      }
    }
  }

  #unlinkPeers(group: Group): void {
    for (const id of group.peers) this.peer(id)?.groups.delete(group);
    group.peers.clear();
  }

  // Namespaces

  /** Adds a namespace or changes its labels. */
  setNamespace(info: NamespaceInfo): NamespaceEntry {
    let entry = this.namespaces.get(info.name);
    if (entry === undefined) {
      entry = { info, groups: new Set(), selectors: new Set() };
      this.namespaces.set(info.name, entry);
    } else {
      this.#namespacePostings.remove(entry, entry.info.labels);
      entry.info = info;
      entry.selectors.clear();
    }
    this.#namespacePostings.add(entry, info.labels);
    for (const selector of this.#namespaceSelectors.matching(info.labels)) entry.selectors.add(selector.id);
    for (const group of entry.groups) {
      this.#unlinkPeers(group);
      this.#linkPeers(group);
    }
    return entry;
  }

  /** Forgets a namespace without pods. */
  dropNamespace(entry: NamespaceEntry): void {
    this.#namespacePostings.remove(entry, entry.info.labels);
    this.namespaces.delete(entry.info.name);
  }

  // Subjects and peers

  /** Registers a policy as selecting pods. Returns the selector, to be given back to {@link removeSubject}. */
  addSubject(namespace: string, podSelector: LabelSelector, policy: CompiledPolicy): SelectorEntry {
    const selector = this.#acquirePods(podSelector);
    const { subjects } = this.#usesOf(selector);
    const policies = subjects.get(namespace);
    if (policies === undefined) subjects.set(namespace, new Set([policy]));
    else policies.add(policy);
    for (const group of this.#groupsMatching(selector, namespace)) isolate(group, policy);
    return selector;
  }

  removeSubject(namespace: string, selector: SelectorEntry, policy: CompiledPolicy): void {
    const subjects = this.#uses.get(selector)?.subjects;
    const policies = subjects?.get(namespace);
    policies?.delete(policy);
    if (policies?.size === 0) subjects?.delete(namespace);
    for (const group of this.#groupsMatching(selector, namespace)) release(group, policy);
    this.#releasePods(selector);
  }

  /**
   * The peer of a pod selector in a scope, made if need be; counts one use.
   * @param scope a namespace's name, or a namespace selector
   */
  acquirePeer(podSelector: LabelSelector, scope: string | LabelSelector, newId: () => number): PodPeer {
    const selector = this.#acquirePods(podSelector);
    const uses = this.#usesOf(selector);
    const scoped = typeof scope === 'string' ? scope : this.#acquireNamespaces(scope);
    const known = typeof scoped === 'string' ? uses.peersByNamespace.get(scoped) : uses.peersBySelector.get(scoped.id);
    if (known !== undefined) {
      known.uses++;
      return known;
    }
    const peer: PodPeer = { id: newId(), podSelector: selector, scope: scoped, groups: new Set(), uses: 1 };
    if (typeof scoped === 'string') uses.peersByNamespace.set(scoped, peer);
    else uses.peersBySelector.set(scoped.id, peer);
    this.#peers.set(peer.id, peer);
    for (const group of this.#groupsMatching(selector, scoped)) link(peer, group);
    return peer;
  }

  releasePeer(peer: PodPeer): void {
    if (--peer.uses === 0) {
      for (const group of peer.groups) group.peers.delete(peer.id);
      const uses = this.#uses.get(peer.podSelector);
      if (typeof peer.scope === 'string') uses?.peersByNamespace.delete(peer.scope);
      else uses?.peersBySelector.delete(peer.scope.id);
      this.#peers.delete(peer.id);
    }
    // Every use of a peer holds one use of its selectors.
    this.#releasePods(peer.podSelector);
    if (typeof peer.scope !== 'string') this.#releaseNamespaces(peer.scope);
  }

  readonly #peers = new Map<number, PodPeer>();

  peer(id: number): PodPeer | undefined {
    return this.#peers.get(id);
  }

  /** Ids of the peers that select all, and some, of what a pod that is not in the store may be. */
  peersOfUnseen(
    end: Extract<FlowEnd, { type: 'unseen' }>,
  ): Readonly<Record<Exclude<UnseenShare, 'none'>, ReadonlySet<number>>> {
    const found = { all: new Set<number>(), some: new Set<number>() };
    for (const { id, scope, podSelector } of this.#peers.values()) {
      const selected = unseenShare(end, typeof scope === 'string' ? scope : scope.selector, podSelector.selector);
      if (selected !== 'none') found[selected].add(id);
    }
    return found;
  }

  /** Label keys that no selector looked at until now; pods that carry them must be grouped anew. */
  readonly newLabelKeys: Set<string> = new Set();

  #acquirePods(podSelector: LabelSelector): SelectorEntry {
    const before = this.podSelectors.size;
    const keys = [
      ...Object.keys(podSelector.matchLabels ?? {}),
      ...(podSelector.matchExpressions ?? []).map((expression) => expression.key),
    ].filter((key) => !this.podSelectors.usesLabel(key));
    const { entry } = this.podSelectors.acquire(podSelector);
    if (this.podSelectors.size > before) for (const key of keys) this.newLabelKeys.add(key);
    return entry;
  }

  #releasePods(selector: SelectorEntry): void {
    if (this.podSelectors.release(selector)) this.#uses.delete(selector);
  }

  #acquireNamespaces(selector: LabelSelector): SelectorEntry {
    const { entry, created } = this.#namespaceSelectors.acquire(selector);
    if (created) {
      for (const namespaces of this.#namespacePostings.candidates(entry) ?? [new Set(this.namespaces.values())]) {
        for (const namespace of namespaces) {
          if (matchesSelector(selector, namespace.info.labels)) namespace.selectors.add(entry.id);
        }
      }
    }
    return entry;
  }

  #releaseNamespaces(selector: SelectorEntry): void {
    if (!this.#namespaceSelectors.release(selector)) return;
    for (const namespace of this.namespaces.values()) namespace.selectors.delete(selector.id);
  }

  #usesOf(selector: SelectorEntry): SelectorUses {
    let uses = this.#uses.get(selector);
    if (uses === undefined) {
      uses = { subjects: new Map(), peersByNamespace: new Map(), peersBySelector: new Map() };
      this.#uses.set(selector, uses);
    }
    return uses;
  }

  /** Groups that a selector matches in a scope, by whichever way looks at fewer. */
  *#groupsMatching(selector: SelectorEntry, scope: string | SelectorEntry): Iterable<Group> {
    const postings = this.#groupPostings.candidates(selector);
    const local = typeof scope === 'string' ? (this.namespaces.get(scope)?.groups ?? new Set<Group>()) : undefined;
    const posted = postings?.reduce((sum, set) => sum + set.size, 0) ?? Number.POSITIVE_INFINITY;
    const inScope = (group: Group): boolean =>
      typeof scope === 'string' ? group.namespace.info.name === scope : group.namespace.selectors.has(scope.id);
    if (postings !== undefined && (local === undefined || posted < local.size)) {
      for (const set of postings) {
        for (const group of set) {
          if (inScope(group) && matchesSelector(selector.selector, group.labels)) yield group;
        }
      }
      return;
    }
    if (local !== undefined) {
      for (const group of local) if (matchesSelector(selector.selector, group.labels)) yield group;
      return;
    }
    for (const namespace of this.namespaces.values()) {
      if (typeof scope !== 'string' && !namespace.selectors.has(scope.id)) continue;
      for (const group of namespace.groups) if (matchesSelector(selector.selector, group.labels)) yield group;
    }
  }
}

function link(peer: PodPeer, group: Group): void {
  peer.groups.add(group);
  group.peers.add(peer.id);
}

function isolate(group: Group, policy: CompiledPolicy): void {
  if (policy.egress !== undefined && !group.egress.includes(policy)) {
    group.egress = inserted(group.egress, policy);
    group.egressProgram = undefined;
  }
  if (policy.ingress !== undefined && !group.ingress.includes(policy)) {
    group.ingress = inserted(group.ingress, policy);
    group.ingressProgram = undefined;
  }
}

function release(group: Group, policy: CompiledPolicy): void {
  if (group.egress.includes(policy)) {
    group.egress = group.egress.filter((candidate) => candidate !== policy);
    group.egressProgram = undefined;
  }
  if (group.ingress.includes(policy)) {
    group.ingress = group.ingress.filter((candidate) => candidate !== policy);
    group.ingressProgram = undefined;
  }
}

/** Keeps policies in name order, a new version of one after the old. */
function inserted(policies: readonly CompiledPolicy[], policy: CompiledPolicy): CompiledPolicy[] {
  const at = policies.findIndex((candidate) => candidate.key > policy.key);
  return at === -1 ? [...policies, policy] : policies.toSpliced(at, 0, policy);
}
