import type { DirectionPolicies, PodGroup } from '../engine/compiled/policy-index.ts';
import type { NamedPorts } from '../engine/compiled/program.ts';
import type { Direction, FlowEnd, PodInfo, PolicyIndex } from '../engine/index.ts';
import { policyKey } from '../engine/state.ts';
import { type Steps, sorted } from '../model/steps.ts';
import { type Address, type Family, formatAddress } from '../net/address.ts';
import { AddressSet, splitIntoAtoms } from '../net/address-set.ts';
import { sameVerdict } from './delta.ts';
import { type ContentNames, Fingerprint } from './names.ts';
import type { CompileOptions } from './options.ts';
import { type OutcomeChains, outcomeOf } from './outcome.ts';
import type { PeerSets } from './peer-sets.ts';
import { RangeVerdicts } from './ranges.ts';
import type { IpVersion, Rule, Side, Verdict } from './ruleset.ts';
import type { RulesetStore } from './store.ts';

export const FAMILY: Readonly<Record<IpVersion, Family>> = { 4: 'IPv4', 6: 'IPv6' };

/** So many shared peers are tried one after the other before the map of single addresses would be the better place. */
const MOST_SHARED_PEERS = 6;

/** Pods of a node that the same policies select, in one direction and IP version. */
export interface PodClass {
  readonly direction: Direction;
  readonly version: IpVersion;
  readonly policies: DirectionPolicies;
  /** The container ports of the pods themselves: names resolve to them on ingress. */
  readonly named: NamedPorts | undefined;
  /** The name of the node, when the class is about connections to the own node only. */
  readonly ownNode: string | undefined;
}

/** Equal for classes of the same policies by name, whatever those say. */
export function classKey({ direction, version, policies, named, ownNode }: PodClass): string {
  const namesMatter = direction === 'ingress' && namesPorts(policies);
  return [
    direction,
    version,
    ownNode ?? '',
    namesMatter ? namesKey(named) : '',
    ...(policies.tiers?.policies.map(policyKey) ?? []),
    '/',
    ...(policies.program?.policies.map((policy) => policy.key) ?? []),
  ].join(' ');
}

/** What the classes of a node have in common. */
export interface ClassContext {
  readonly index: PolicyIndex;
  readonly options: CompileOptions;
  readonly store: RulesetStore;
  readonly names: ContentNames;
  readonly outcomes: OutcomeChains;
  readonly peerSets: PeerSets;
  /** The pod that an address belongs to, if any. */
  readonly owner: (address: string) => PodInfo | undefined;
  /** Whether one of a pod's addresses is its own: mostly so, and then faster to tell than by {@link owner}. */
  readonly owns: (pod: PodInfo, address: string) => boolean;
  /** The node that an address belongs to, if any. */
  readonly nodeOf: (address: string) => { readonly name: string; readonly address: Address } | undefined;
  readonly nodeAddresses: () => Iterable<string>;
}

/** A peer that matches many pods has a set of its own, and one verdict for most of them. */
interface SharedPeer {
  readonly id: number;
  readonly set: string;
  readonly verdict: Verdict;
}

/**
 * The chain of a class. It asks in turn: a map of single addresses, sets of many pods, a map of address ranges; what
 * none of them has goes the way of the rest. Only the single addresses and the sets change while a class lives. A class
 * that is to ask otherwise is another chain, so that no packet ever meets a mixture of both.
 */
export class CompiledClass {
  readonly key: string;
  readonly podClass: PodClass;
  /** Ids of the peers that its policies name. */
  readonly named: ReadonlySet<number>;
  /** Local addresses whose packets are sent here. */
  readonly users: Set<string> = new Set();
  #isOutdated = false;
  #entry: Verdict | undefined;
  readonly #context: ClassContext;
  readonly #rest: Verdict;
  #ranges: RangeVerdicts = new RangeVerdicts([]);
  #shared: readonly SharedPeer[] = [];
  #singles: string | undefined;
  /** The blocks that are named: in them, what becomes of a pod depends on its address too. */
  readonly #blocks: AddressSet;
  /** Names resolve at the peer. */
  readonly #byNames: boolean;
  /** Whether it must look at pods that none of its peers match: a rule for every peer names ports. */
  readonly judgesEveryPod: boolean;
  readonly #podPeers: readonly number[];
  readonly #cache = new Map<string, Verdict>();
  readonly #groups = new Map<PodGroup, GroupView>();

  private constructor(context: ClassContext, podClass: PodClass, key: string) {
    const { index } = context;
    const { direction, policies, ownNode } = podClass;
    this.#context = context;
    this.key = key;
    this.podClass = podClass;
    this.named = index.namedPeers(policies);
    this.#byNames = direction === 'egress' && namesPorts(policies);
    this.judgesEveryPod = this.#byNames && ownNode === undefined && (policies.program?.any?.named.length ?? 0) > 0;
    this.#podPeers = ownNode === undefined ? [...this.named].filter((id) => index.peerSize(id) !== undefined) : [];
    this.#blocks = AddressSet.unionOf(index.blockAddresses(this.named));
    this.#rest = this.#judge({ type: 'host', node: ownNode, address: undefined });
  }

  /**
   * Makes the chain of a class, and puts it into the store.
   * @param key its {@link classKey}
   */
  static *compile(context: ClassContext, podClass: PodClass, key: string): Steps<CompiledClass> {
    const compiled = new CompiledClass(context, podClass, key);
    yield* compiled.#compile();
    return compiled;
  }

  *#compile(): Steps<void> {
    const { index, store, names, options } = this.#context;
    const { direction, version, policies, ownNode } = this.podClass;
    this.#ranges = yield* this.#rangesOf(index.blockAddresses(this.named));
    this.#shared = yield* this.#sharedPeers(options.sharedPeerSize);
    // Their views were taken before anything was shared.
    this.forget();
    const dynamic = this.#podPeers.length > 0 || this.#byNames || policies.tiers !== null;

    const side: Side = direction === 'egress' ? 'daddr' : 'saddr';
    const rules: Rule[] = [];
    for (const { set, verdict } of this.#shared) {
      rules.push({ matches: [{ type: 'address', side, version, set }], action: verdict });
    }
    if (!this.#ranges.isEmpty()) {
      const map = names.name(`blocks${version}`, this.#ranges.key);
      store.putMap(map, { type: 'range', version, elements: this.#ranges.elements() });
      rules.push({ matches: [], action: { kind: 'vmap', side, version, map } });
    }
    if (this.#rest.kind !== 'return') rules.push({ matches: [], action: this.#rest });
    if (rules.length === 0 && !dynamic) return;
    const kind = ownNode === undefined ? direction : 'own-node';
    const singles = dynamic ? yield* this.#allSingles() : undefined;
    const content = singles === undefined ? '' : yield* elementsKey(singles);
    const chain = names.name(`${kind}${version}`, `${this.key} ${JSON.stringify(rules)} ${content}`);
    this.#singles = singles === undefined ? undefined : `peers-${chain}`;
    if (this.#singles !== undefined && singles !== undefined) {
      store.putMap(this.#singles, { type: 'address', version, elements: singles });
      rules.unshift({ matches: [], action: { kind: 'vmap', side, version, map: this.#singles } });
    }
    store.putChain(chain, { rules });
    this.#entry = { kind: 'goto', chain };
  }

  /** Whether its policies are those, not others of the same names. */
  isOf({ policies: { program, tiers } }: PodClass): boolean {
    return this.podClass.policies.program === program && this.podClass.policies.tiers === tiers;
  }

  /** Where to send packets; undefined when everything is admitted and always will be. */
  get entry(): Verdict | undefined {
    return this.#entry;
  }

  /** What becomes of packets of an address now. */
  current(address: string, value: Address): Verdict {
    const { store } = this.#context;
    const single =
      this.#singles === undefined ? undefined : store.ruleset.maps.get(this.#singles)?.elements.get(address);
    if (single !== undefined) return single;
    for (const { set, verdict } of this.#shared) {
      if (store.ruleset.sets.get(set)?.elements.has(address) === true) return verdict;
    }
    return this.#ranges.verdict(value) ?? this.#rest;
  }

  /** Looks anew at an address that has got another owner, or whose owner has changed. */
  refresh(address: string, value: Address): void {
    const { store, owner, nodeOf } = this.#context;
    if (this.#singles === undefined) return;
    const pod = owner(address);
    const node = pod === undefined ? nodeOf(address) : undefined;
    const verdict = pod !== undefined ? this.#podElement(pod, address, value) : this.#nodeElement(node);
    const old = store.ruleset.maps.get(this.#singles)?.elements.get(address);
    if (verdict === undefined) store.removeFromMap(this.#singles, address);
    else if (old === undefined) store.setInMap(this.#singles, address, verdict);
    // A packet may find neither the old nor the new element of one key while they are exchanged.
    else if (!sameVerdict(old, verdict)) this.#isOutdated = true;
  }

  /** Whether an address needs another verdict than the chain has for it: another chain must take over. */
  get isOutdated(): boolean {
    return this.#isOutdated;
  }

  /** Forgets what it remembers of groups and outcomes: they have changed, or their chains are gone. */
  forget(): void {
    this.#cache.clear();
    this.#groups.clear();
  }

  /** Pods of a group outside the named blocks fare alike. */
  get #byGroup(): boolean {
    return !this.#byNames && this.podClass.policies.tiers === null;
  }

  /** Whether names of ports count for pods that no selector of its policies matches. */
  get #namesReachBeyondPeers(): boolean {
    return this.judgesEveryPod || (this.#byNames && !this.#blocks.isEmpty());
  }

  #judge(end: FlowEnd): Verdict {
    const { index, options, outcomes } = this.#context;
    const { direction, version, policies, named, ownNode } = this.podClass;
    const view = index.peerView(end, FAMILY[version]);
    const destination = direction === 'ingress' ? named : view.named;
    return outcomes.verdict(outcomeOf(policies, view, destination, ownNode !== undefined, options), direction, version);
  }

  /** As {@link #judge}, remembered for pods that the class cannot tell apart. */
  #judgePod(pod: PodInfo, value: Address | undefined, view: GroupView): Verdict {
    if (this.#byGroup && (value === undefined || !this.#blocks.contains(value))) {
      view.verdict ??= this.#judge({ type: 'pod', pod });
      return view.verdict;
    }
    const { named, blocks, cluster } = this.#context.index.peerView(
      { type: 'pod', pod },
      FAMILY[this.podClass.version],
    );
    const held = blocks.filter((id) => this.named.has(id)).join(',');
    const key = `${view.id} ${this.#byNames ? named?.id : ''} ${held} ${cluster?.id}`;
    let verdict = this.#cache.get(key);
    if (verdict === undefined) {
      verdict = this.#judge({ type: 'pod', pod });
      this.#cache.set(key, verdict);
    }
    return verdict;
  }

  /** What all pods of a group have in common here. */
  #viewOf(group: PodGroup): GroupView {
    let view = this.#groups.get(group);
    if (view === undefined) {
      // Groups come and go.
      if (this.#groups.size >= CACHE_LIMIT) this.forget();
      view = {
        id: group.id,
        isPeer: this.#podPeers.some((id) => group.peers.has(id)),
        shared: this.#shared.find(({ id }) => group.peers.has(id))?.verdict,
        verdict: undefined,
      };
      this.#groups.set(group, view);
    }
    return view;
  }

  /** Addresses outside, cut by the blocks that the policies name; only those that differ from the rest. */
  *#rangesOf(blocks: readonly AddressSet[]): Steps<RangeVerdicts> {
    const { version, ownNode } = this.podClass;
    const found: { set: AddressSet; verdict: Verdict }[] = [];
    if (blocks.length > 0) {
      for (const { members, set } of splitIntoAtoms(blocks, AddressSet.all(FAMILY[version]))) {
        yield;
        if (members.length === 0) continue;
        const verdict = this.#judge({ type: 'host', node: ownNode, address: this.#unclaimed(set) });
        if (!sameVerdict(verdict, this.#rest)) found.push({ set, verdict });
      }
    }
    return new RangeVerdicts(found);
  }

  /** An address of a set that stands for all of them: none of a node, unless all are. */
  #unclaimed(set: AddressSet): Address {
    const [start] = set.ranges;
    if (start === undefined) throw new Error('an empty set of addresses stands for nothing');
    for (const { family, first, last } of set.ranges) {
      for (let value = first; value <= last; value++) {
        const address = { family, value };
        if (this.#context.nodeOf(formatAddress(address)) === undefined) return address;
      }
    }
    return { family: start.family, value: start.first };
  }

  /** The peers that match many pods, with what becomes of most of the pods whose first it is. */
  *#sharedPeers(size: number): Steps<SharedPeer[]> {
    const { index, peerSets } = this.#context;
    const { version } = this.podClass;
    const candidates = this.#podPeers
      .map((id) => ({ id, size: index.peerSize(id) ?? 0, text: index.peerText(id) ?? '' }))
      .filter((candidate) => candidate.size >= size)
      .sort((a, b) => b.size - a.size || (a.text < b.text ? -1 : 1))
      .slice(0, MOST_SHARED_PEERS)
      .map(({ id }) => id);
    const shared: SharedPeer[] = [];
    for (const [place, id] of candidates.entries()) {
      const weights = new Map<string, { verdict: Verdict; pods: number }>();
      for (const group of index.peerGroups(id)) {
        yield;
        if (candidates.slice(0, place).some((earlier) => group.peers.has(earlier))) continue;
        // One of the group stands for it: those that differ become single addresses.
        const [member] = group.members;
        if (member === undefined) continue;
        const verdict = this.#judgePod(member.info, undefined, this.#viewOf(group));
        const key = verdictKey(verdict);
        const known = weights.get(key) ?? { verdict, pods: 0 };
        known.pods += group.members.size;
        weights.set(key, known);
      }
      const [most] = [...weights.values()].sort((a, b) => b.pods - a.pods);
      if (most === undefined) continue;
      shared.push({ id, set: yield* peerSets.acquire(id, version), verdict: most.verdict });
    }
    return shared;
  }

  /** Every address that is an element of the map of single addresses. */
  *#allSingles(): Steps<Map<string, Verdict>> {
    const singles = new Map<string, Verdict>();
    const { index, owner, owns, nodeAddresses, nodeOf } = this.#context;
    const family = FAMILY[this.podClass.version];
    const add = (pod: PodInfo): void => {
      for (const value of pod.addresses) {
        if (value.family !== family) continue;
        const address = formatAddress(value);
        if (!owns(pod, address)) continue;
        const verdict = this.#podElement(pod, address, value);
        if (verdict !== undefined) singles.set(address, verdict);
      }
    };
    const seen = new Set<PodGroup>();
    for (const id of this.#podPeers) {
      for (const group of index.peerGroups(id)) {
        if (seen.has(group)) continue;
        seen.add(group);
        yield;
        if (this.#groupNeedsNone(group)) continue;
        for (const { info } of group.members) {
          add(info);
          yield;
        }
      }
    }
    if (this.#namesReachBeyondPeers && this.podClass.ownNode === undefined) {
      for (const pod of index.state.pods.values()) {
        if (!pod.hostNetwork) add(pod);
        yield;
      }
    }
    if (this.podClass.policies.tiers !== null) {
      for (const address of nodeAddresses()) {
        yield;
        if (owner(address) !== undefined) continue;
        const verdict = this.#nodeElement(nodeOf(address));
        if (verdict !== undefined) singles.set(address, verdict);
      }
    }
    return singles;
  }

  /** Whether all pods of a group go the way that the rules after the map of single addresses send them. */
  #groupNeedsNone(group: PodGroup): boolean {
    if (!this.#byGroup || !this.#blocks.isEmpty()) return false;
    const [member] = group.members;
    if (member === undefined) return true;
    const view = this.#viewOf(group);
    return sameVerdict(this.#judgePod(member.info, undefined, view), view.shared ?? this.#rest);
  }

  /** The element for a pod's address; undefined where the rules after the map do as well. */
  #podElement(pod: PodInfo, address: string, value: Address): Verdict | undefined {
    if (this.podClass.ownNode !== undefined) return undefined;
    const view = this.#viewOf(this.#context.index.groupOfPod(pod));
    if (!view.isPeer && !this.#namesReachBeyondPeers && this.#context.nodeOf(address) === undefined) return undefined;
    const verdict = this.#judgePod(pod, value, view);
    const otherwise = view.shared ?? this.#ranges.verdict(value) ?? this.#rest;
    return sameVerdict(verdict, otherwise) ? undefined : verdict;
  }

  /** The element for a node's address: cluster-wide rules may name nodes as nodes; by address alone the ranges have them. */
  #nodeElement(node: { readonly name: string; readonly address: Address } | undefined): Verdict | undefined {
    const { version, policies, ownNode } = this.podClass;
    if (node === undefined || policies.tiers === null || node.address.family !== FAMILY[version]) return undefined;
    if (ownNode !== undefined && node.name !== ownNode) return undefined;
    const verdict = this.#judge({ type: 'host', node: node.name, address: node.address });
    const otherwise = this.#ranges.verdict(node.address) ?? this.#rest;
    return sameVerdict(verdict, otherwise) ? undefined : verdict;
  }
}

/** What a class remembers of a group of pods. */
interface GroupView {
  readonly id: number;
  /** Policies of the class name it. */
  readonly isPeer: boolean;
  /** The verdict of the first shared peer that it is of. */
  readonly shared: Verdict | undefined;
  /** Of those that the named blocks do not hold, once it is known; only where the group decides. */
  verdict: Verdict | undefined;
}

/** Groups that one class remembers. */
const CACHE_LIMIT = 4096;

function namesPorts({ program, tiers }: DirectionPolicies): boolean {
  return program?.hasNamed === true || tiers?.hasNamed === true;
}

function namesKey(named: NamedPorts | undefined): string {
  return [...(named?.byName ?? [])]
    .map(([name, ports]) => `${name}=${ports.key}`)
    .sort()
    .join(' ');
}

/** Equal for equal elements in any order. */
function* elementsKey(elements: ReadonlyMap<string, Verdict>): Steps<string> {
  const texts: string[] = [];
  for (const [address, verdict] of elements) {
    texts.push(`${address} ${verdictKey(verdict)},`);
    yield;
  }
  const print = new Fingerprint();
  for (const text of yield* sorted(texts)) {
    print.add(text);
    yield;
  }
  return print.text;
}

function verdictKey(verdict: Verdict): string {
  return 'chain' in verdict ? `${verdict.kind} ${verdict.chain}` : verdict.kind;
}
