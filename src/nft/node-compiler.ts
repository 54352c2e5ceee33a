import type { Direction, NamespaceInfo, NodeInfo, PodInfo, PolicyIndex } from '../engine/index.ts';
import { finish, type Steps } from '../model/steps.ts';
import type { ClusterNetworkPolicy, NetworkPolicy } from '../model/types.ts';
import { type Address, formatAddress } from '../net/address.ts';
import { sameVerdict } from './delta.ts';
import { putFixedParts, putInputChain } from './fixed-parts.ts';
import { ContentNames, NAMES } from './names.ts';
import { type CompileOptions, DEFAULT_OPTIONS } from './options.ts';
import { OutcomeChains } from './outcome.ts';
import { PeerSets } from './peer-sets.ts';
import { type ClassContext, CompiledClass, classKey, FAMILY, type PodClass } from './pod-class.ts';
import type { Delta, IpVersion, Ruleset, Verdict } from './ruleset.ts';
import { RulesetStore } from './store.ts';

const VERSIONS: readonly IpVersion[] = [4, 6];
const DIRECTIONS: readonly Direction[] = ['egress', 'ingress'];

/** A dispatch map: by own address to the class in a direction, or for connections to the own node. */
type Dispatch = Direction | 'own-node';

/** One change of a node's ruleset, with what it means for connections that are open. */
export interface NodeChange {
  readonly delta: Delta;
  /**
   * Addresses of which less may be admitted than before: an open connection with one of them at either end must be
   * judged anew.
   */
  readonly narrowed: ReadonlySet<string>;
}

/** A pod of this node as it was last dispatched. */
interface LocalPod {
  readonly addresses: readonly string[];
  /** By dispatch map and address. */
  readonly classes: Map<string, CompiledClass>;
}

/**
 * What a node's kernel must do so that its pods' connections are those that the policies admit, kept true while the
 * cluster changes. Two look-ups lead to an answer in either direction: the pod's own address gives the chain of all pods
 * under the same policies, the other address gives what is open between the two.
 *
 * Changes are told by the methods, and take effect together in {@link NodeCompiler.take}. A pod that comes, goes or
 * changes costs the elements that its addresses have in the sets and maps of this node, however large the cluster is.
 * Names are made from contents: a compiler in a later process that is told the same makes the same ruleset.
 */
export class NodeCompiler {
  readonly #index: PolicyIndex;
  readonly #node: string;
  readonly #store = new RulesetStore();
  readonly #names = new ContentNames();
  readonly #context: ClassContext;
  readonly #peerSets: PeerSets;
  readonly #owners = new Owners();
  readonly #classes = new Map<string, CompiledClass>();
  readonly #classesByPeer = new Map<number, Set<CompiledClass>>();
  /** Those that a pod concerns whether a peer matches it or not. */
  readonly #classesOfEveryPod = new Set<CompiledClass>();
  readonly #local = new Map<string, LocalPod>();
  readonly #hostPods = new Map<string, PodInfo>();
  #nodeAddresses: Map<string, { readonly name: string; readonly address: Address }> | undefined;

  /** Addresses whose owner came, went or changed, with the peers that matched it before. */
  readonly #dirtyAddresses = new Map<string, { readonly value: Address; readonly peers: Set<number> }>();
  /** Local pods, or pods that were. */
  readonly #dirtyPods = new Set<string>();
  /** Policies, nodes or what they select changed: every local pod's class is looked at. */
  #policiesChanged = true;
  #nodesChanged = false;
  #inputHooked = false;
  #narrowed = new Set<string>();

  /**
   * @param index is the compiler's from now on: changes of it go through the methods here
   * @param node the name of the node; pods of other nodes are peers only
   * @param claims whether it takes notice of the pods of the index at once
   */
  constructor(index: PolicyIndex, node: string, options: CompileOptions = DEFAULT_OPTIONS, claims = true) {
    this.#index = index;
    this.#node = node;
    const owner = (address: string): PodInfo | undefined => this.#owners.of(address);
    const owns = (pod: PodInfo, address: string): boolean => this.#owners.owns(pod, address);
    this.#peerSets = new PeerSets(index, this.#store, this.#names, owner, owns);
    this.#context = {
      index,
      options,
      store: this.#store,
      names: this.#names,
      outcomes: new OutcomeChains(this.#store, this.#names),
      peerSets: this.#peerSets,
      owner,
      owns,
      nodeOf: (address) => this.#nodesByAddress().get(address),
      nodeAddresses: () => this.#nodesByAddress().keys(),
    };
    putFixedParts(this.#store, options);
    if (claims) finish(this.#claimAll());
  }

  /** As the constructor, in steps. */
  static *inSteps(index: PolicyIndex, node: string, options: CompileOptions): Steps<NodeCompiler> {
    const compiler = new NodeCompiler(index, node, options, false);
    yield* compiler.#claimAll();
    return compiler;
  }

  /** Nothing more is noted: classes look at every pod and node when they are made. */
  *#claimAll(): Steps<void> {
    for (const pod of this.#index.state.pods.values()) {
      if (pod.hostNetwork) this.#hostPods.set(pod.id, pod);
      else {
        if (pod.node === this.#node) this.#dirtyPods.add(pod.id);
        for (const value of pod.addresses) this.#owners.claim(formatAddress(value), pod);
      }
      yield;
    }
  }

  /** What the kernel is to have, as of the last {@link NodeCompiler.take}. */
  get ruleset(): Ruleset {
    return this.#store.ruleset;
  }

  get index(): PolicyIndex {
    return this.#index;
  }

  /** The pods of this node that have a ruleset of their own: by id, those that some policy isolates. */
  get isolatedPods(): number {
    let isolated = 0;
    for (const { classes } of this.#local.values()) if (classes.size > 0) isolated++;
    return isolated;
  }

  /** The pod that an address belongs to: of several that claim it the one that {@link PodInfo.precedence} names. */
  ownerOf(address: string): PodInfo | undefined {
    return this.#owners.of(address);
  }

  /** The node that an address belongs to. */
  nodeOf(address: string): string | undefined {
    return this.#nodesByAddress().get(address)?.name;
  }

  // Changes

  setPod(pod: PodInfo): void {
    const old = this.#index.state.pods.get(pod.id);
    if (old !== undefined) this.#unclaim(old);
    this.#index.setPod(pod);
    this.#claim(pod);
  }

  /** False when there is none of that id. */
  removePod(id: string): boolean {
    const old = this.#index.state.pods.get(id);
    if (old === undefined) return false;
    this.#unclaim(old);
    return this.#index.removePod(id);
  }

  setNamespace(namespace: NamespaceInfo): void {
    this.#touchNamespace(namespace.name);
    this.#index.setNamespace(namespace);
  }

  removeNamespace(name: string): boolean {
    this.#touchNamespace(name);
    return this.#index.removeNamespace(name);
  }

  setNode(node: NodeInfo): void {
    const old = this.#index.state.nodes.get(node.name);
    this.#index.setNode(node);
    // Nodes report again and again what is known of them.
    if (old === undefined || nodeKey(old) !== nodeKey(node)) this.#touchNodes();
  }

  removeNode(name: string): boolean {
    this.#touchNodes();
    return this.#index.removeNode(name);
  }

  setPolicy(policy: NetworkPolicy | ClusterNetworkPolicy): void {
    finish(this.setPolicySteps(policy));
  }

  /** As {@link NodeCompiler.setPolicy}, in steps, between which nothing must be told or taken. */
  *setPolicySteps(policy: NetworkPolicy | ClusterNetworkPolicy): Steps<void> {
    this.#policiesChanged = true;
    yield* this.#index.setPolicySteps(policy);
  }

  removePolicy(key: string): boolean {
    this.#policiesChanged = true;
    return this.#index.removePolicy(key);
  }

  #claim(pod: PodInfo): void {
    if (pod.hostNetwork) {
      this.#hostPods.set(pod.id, pod);
      if (!this.#areOfNode(pod)) this.#touchNodes();
      return;
    }
    if (pod.node === this.#node) this.#dirtyPods.add(pod.id);
    for (const value of pod.addresses) {
      const address = formatAddress(value);
      this.#touch(address, value);
      this.#owners.claim(address, pod);
    }
  }

  #unclaim(pod: PodInfo): void {
    if (pod.hostNetwork) {
      this.#hostPods.delete(pod.id);
      const node = this.#index.state.nodes.get(pod.node ?? '');
      const known = new Set(node?.addresses.map(formatAddress));
      if (pod.addresses.some((address) => !known.has(formatAddress(address)))) this.#touchNodes();
      return;
    }
    if (this.#local.has(pod.id)) this.#dirtyPods.add(pod.id);
    for (const value of pod.addresses) {
      const address = formatAddress(value);
      this.#touch(address, value);
      this.#owners.release(address, pod);
      const heir = this.#owners.of(address);
      if (heir?.node === this.#node) this.#dirtyPods.add(heir.id);
    }
  }

  /** Notes an address before its owner changes. */
  #touch(address: string, value: Address): void {
    let dirty = this.#dirtyAddresses.get(address);
    if (dirty === undefined) {
      dirty = { value, peers: new Set() };
      this.#dirtyAddresses.set(address, dirty);
    }
    const owner = this.#owners.of(address);
    if (owner === undefined) return;
    if (owner.node === this.#node) this.#dirtyPods.add(owner.id);
    if (this.#index.state.pods.get(owner.id) !== owner) return;
    for (const id of this.#index.peersOfPod(owner, value.family)) dirty.peers.add(id);
  }

  #touchNamespace(name: string): void {
    for (const pod of this.#index.podsOfNamespace(name)) {
      for (const value of pod.addresses) this.#touch(formatAddress(value), value);
    }
    for (const compiled of this.#classes.values()) compiled.forget();
    this.#policiesChanged = true;
  }

  /** Whether the addresses of a hostNetwork pod are known to be its node's. */
  #areOfNode({ node, addresses }: PodInfo): boolean {
    const known = this.#nodesByAddress();
    return node === undefined || addresses.every((address) => known.get(formatAddress(address))?.name === node);
  }

  #touchNodes(): void {
    this.#nodeAddresses = undefined;
    this.#policiesChanged = true;
    this.#nodesChanged = true;
  }

  #nodesByAddress(): Map<string, { readonly name: string; readonly address: Address }> {
    if (this.#nodeAddresses === undefined) {
      this.#nodeAddresses = new Map();
      const nodes = [...this.#index.state.nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      // A hostNetwork pod has an address of its node, whether the Node object names it or not.
      for (const { node: name, addresses } of this.#hostPods.values()) {
        if (name === undefined) continue;
        for (const address of addresses) this.#nodeAddresses.set(formatAddress(address), { name, address });
      }
      for (const { name, addresses } of nodes) {
        for (const address of addresses) this.#nodeAddresses.set(formatAddress(address), { name, address });
      }
    }
    return this.#nodeAddresses;
  }

  // Compiling

  /** What all changes since the last call make of the ruleset. The first time: all of it. */
  take(): NodeChange {
    return finish(this.takeSteps());
  }

  /** As {@link NodeCompiler.take}, in steps, between which nothing must be told. */
  *takeSteps(): Steps<NodeChange> {
    // First what is asked, then who asks it: a class that is made looks at every pod as it is now.
    if (this.#policiesChanged) yield* this.#reclassify([...this.#local.keys(), ...this.#dirtyPods]);
    else yield* this.#reclassify([...this.#dirtyPods]);
    for (const [address, { value, peers }] of this.#dirtyAddresses) {
      this.#refresh(address, value, peers);
      yield;
    }
    yield* this.#renewClasses();
    this.#dirtyAddresses.clear();
    this.#dirtyPods.clear();
    this.#policiesChanged = false;
    this.#nodesChanged = false;
    this.#hookInput();
    const narrowed = this.#narrowed;
    this.#narrowed = new Set();
    return { delta: yield* this.#store.take(), narrowed };
  }

  /** Whether {@link NodeCompiler.collect} would remove anything. */
  get hasGarbage(): boolean {
    return this.#store.hasIdle;
  }

  /**
   * Removes what the changes before left over. To be told to the kernel some time after those: a packet that was on its
   * way then went through the old rules.
   */
  collect(): Delta {
    const gone = this.#store.collect();
    for (const name of gone) this.#names.release(name);
    this.#peerSets.prune();
    for (const compiled of this.#classes.values()) compiled.forget();
    return finish(this.#store.take());
  }

  #hookInput(): void {
    const wanted = VERSIONS.some((version) => {
      const elements = this.#store.ruleset.maps.get(NAMES.dispatch('own-node', version))?.elements;
      return elements !== undefined && elements.size > 0;
    });
    if (wanted === this.#inputHooked) return;
    this.#inputHooked = wanted;
    if (wanted) putInputChain(this.#store);
    else this.#store.unkeep(NAMES.input);
  }

  #refresh(address: string, value: Address, before: ReadonlySet<number>): void {
    const version: IpVersion = value.family === 'IPv4' ? 4 : 6;
    const owner = this.#owners.of(address);
    const peers = new Set(before);
    if (owner !== undefined) for (const id of this.#index.peersOfPod(owner, value.family)) peers.add(id);
    const affected = new Map<CompiledClass, Verdict>();
    const note = (compiled: CompiledClass): void => {
      if (compiled.podClass.version !== version || affected.has(compiled)) return;
      affected.set(compiled, compiled.current(address, value));
    };
    for (const id of peers) for (const compiled of this.#classesByPeer.get(id) ?? []) note(compiled);
    for (const compiled of this.#classesOfEveryPod) note(compiled);
    if (this.#nodesByAddress().has(address)) for (const compiled of this.#classes.values()) note(compiled);
    for (const id of peers) this.#peerSets.refresh(id, version, address);
    for (const [compiled, then] of affected) {
      compiled.refresh(address, value);
      const now = compiled.current(address, value);
      // All of it, the same as before, or something in place of nothing: not less.
      if (now.kind === 'return' || sameVerdict(now, then) || sameVerdict(then, denial(compiled.podClass))) continue;
      this.#narrowed.add(address);
    }
  }

  /** Lets other chains take over where an address needs another verdict. */
  *#renewClasses(): Steps<void> {
    const outdated = new Set([...this.#classes.values()].filter(({ isOutdated }) => isOutdated));
    if (outdated.size === 0) return;
    const ids = [...this.#local].filter(([, { classes }]) => [...classes.values()].some((one) => outdated.has(one)));
    yield* this.#reclassify(ids.map(([id]) => id));
  }

  /** Finds the classes of local pods anew and sends their packets there. */
  *#reclassify(ids: readonly string[]): Steps<void> {
    const made = new Set<CompiledClass>();
    for (const id of new Set(ids)) {
      const pod = this.#index.state.pods.get(id);
      const old = this.#local.get(id);
      const classes = new Map<string, CompiledClass>();
      const addresses: string[] = [];
      if (pod !== undefined && pod.node === this.#node && !pod.hostNetwork) {
        for (const value of pod.addresses) {
          const address = formatAddress(value);
          if (this.#owners.of(address)?.id !== id) continue;
          addresses.push(address);
          const version = value.family === 'IPv4' ? 4 : 6;
          for (const [dispatch, podClass] of this.#podClasses(pod, version)) {
            classes.set(`${dispatch}${version} ${address}`, yield* this.#classOf(podClass, made));
          }
        }
      }
      if (addresses.length > 0) this.#local.set(id, { addresses, classes });
      else this.#local.delete(id);
      this.#dispatch(old, addresses, classes);
      yield;
    }
    for (const [key, compiled] of this.#classes) if (compiled.users.size === 0) this.#retire(key, compiled);
  }

  #podClasses(pod: PodInfo, version: IpVersion): [Dispatch, PodClass][] {
    const found: [Dispatch, PodClass][] = [];
    for (const direction of DIRECTIONS) {
      const policies = this.#index.policiesOf(pod, direction);
      if (policies.tiers === null && policies.program === null) continue;
      const { named } = this.#index.peerView({ type: 'pod', pod }, FAMILY[version]);
      found.push([direction, { direction, version, policies, named, ownNode: undefined }]);
    }
    // Only cluster-wide rules can deny a pod its own node, and only on egress.
    const policies = this.#index.policiesOf(pod, 'egress');
    if (policies.tiers !== null) {
      found.push(['own-node', { direction: 'egress', version, policies, named: undefined, ownNode: this.#node }]);
    }
    return found;
  }

  *#classOf(podClass: PodClass, made: Set<CompiledClass>): Steps<CompiledClass> {
    const key = classKey(podClass);
    const known = this.#classes.get(key);
    if (known !== undefined) {
      const stale =
        known.isOutdated || !known.isOf(podClass) || (this.#nodesChanged && podClass.policies.tiers !== null);
      if (!stale || made.has(known)) return known;
      this.#retire(key, known);
    }
    const compiled = yield* CompiledClass.compile(this.#context, podClass, key);
    made.add(compiled);
    this.#classes.set(key, compiled);
    if (compiled.judgesEveryPod) this.#classesOfEveryPod.add(compiled);
    for (const id of compiled.named) {
      const classes = this.#classesByPeer.get(id);
      if (classes === undefined) this.#classesByPeer.set(id, new Set([compiled]));
      else classes.add(compiled);
    }
    return compiled;
  }

  /** Forgets a class. Its chain stays until it is collected, for packets that are in it. */
  #retire(key: string, compiled: CompiledClass): void {
    if (this.#classes.get(key) === compiled) this.#classes.delete(key);
    this.#classesOfEveryPod.delete(compiled);
    for (const id of compiled.named) {
      const classes = this.#classesByPeer.get(id);
      classes?.delete(compiled);
      if (classes?.size === 0) this.#classesByPeer.delete(id);
    }
  }

  #dispatch(
    old: LocalPod | undefined,
    addresses: readonly string[],
    classes: ReadonlyMap<string, CompiledClass>,
  ): void {
    for (const [where, compiled] of old?.classes ?? []) {
      const [map = '', address = ''] = where.split(' ');
      if (classes.get(where) !== compiled) compiled.users.delete(address);
      if (!classes.has(where)) this.#undispatch(map, address);
    }
    const guarded = new Set([...classes.keys()].map((where) => where.split(' ')[1] ?? ''));
    for (const address of new Set([...(old?.addresses ?? []), ...addresses])) {
      // Of an address that has moved on, its new owner decides.
      if (!addresses.includes(address) && this.#isLocal(address)) continue;
      const version = address.includes(':') ? 6 : 4;
      this.#member(NAMES.local(version), address, addresses.includes(address));
      // Nobody's address in the pod range gets less than that of a pod without policies.
      if (!addresses.includes(address) && !this.#context.options.strictRange.isEmpty()) this.#narrowed.add(address);
      this.#member(NAMES.guarded(version), address, guarded.has(address));
      this.#member(NAMES.self(version), `${address} . ${address}`, guarded.has(address));
    }
    for (const [where, compiled] of classes) {
      const [map = '', address = ''] = where.split(' ');
      compiled.users.add(address);
      if (old?.classes.get(where) !== compiled) this.#narrowed.add(address);
      if (compiled.entry === undefined) this.#undispatch(map, address);
      else {
        // The element of the address never changes: its own chain does, which packets see whole.
        const chain = NAMES.own(map, address);
        this.#store.putChain(chain, { rules: [{ matches: [], action: compiled.entry }] });
        this.#store.setInMap(map, address, { kind: 'jump', chain });
      }
    }
  }

  #undispatch(map: string, address: string): void {
    const owner = this.#owners.of(address);
    const where = `${map} ${address}`;
    // The new owner of the address may have been dispatched already.
    if (owner !== undefined && this.#local.get(owner.id)?.classes.get(where)?.entry !== undefined) return;
    this.#store.removeFromMap(map, address);
  }

  #isLocal(address: string): boolean {
    const owner = this.#owners.of(address);
    return owner !== undefined && owner.node === this.#node;
  }

  #member(set: string, element: string, isMember: boolean): void {
    if (isMember) this.#store.addToSet(set, element);
    else this.#store.removeFromSet(set, element);
  }
}

/** Equal for nodes that policies and addresses cannot tell apart. */
function nodeKey({ labels, addresses }: NodeInfo): string {
  return JSON.stringify([Object.entries(labels).sort(), addresses.map(formatAddress)]);
}

/** The class's packets are all refused. */
function denial({ direction, version }: PodClass): Verdict {
  return { kind: 'goto', chain: NAMES.deny(direction, version) };
}

/**
 * Which pod has an address. It does not depend on who was told of first: a late change or farewell of an old owner does not
 * take the address from the new one.
 */
class Owners {
  /** Claimants, the owner last; mostly there is one. */
  readonly #claims = new Map<string, PodInfo | readonly PodInfo[]>();
  /** Addresses that several claim. */
  #contested = 0;

  /** Whether an address that a pod claims is its own. */
  owns(pod: PodInfo, address: string): boolean {
    return this.#contested === 0 || this.of(address)?.id === pod.id;
  }

  of(address: string): PodInfo | undefined {
    const claims = this.#claims.get(address);
    return claims !== undefined && isList(claims) ? claims.at(-1) : claims;
  }

  claim(address: string, pod: PodInfo): void {
    this.#replace(address, [...this.#others(address, pod), pod].sort(byPrecedence));
  }

  release(address: string, pod: PodInfo): void {
    this.#replace(address, this.#others(address, pod));
  }

  #replace(address: string, claims: readonly PodInfo[]): void {
    const [only] = claims;
    const before = this.#claims.get(address);
    if (before !== undefined && isList(before)) this.#contested--;
    if (claims.length > 1) this.#contested++;
    if (only === undefined) this.#claims.delete(address);
    else this.#claims.set(address, claims.length === 1 ? only : claims);
  }

  #others(address: string, pod: PodInfo): readonly PodInfo[] {
    const claims = this.#claims.get(address);
    if (claims === undefined) return [];
    return (isList(claims) ? claims : [claims]).filter(({ id }) => id !== pod.id);
  }
}

/** Without a difference in precedence any order will do that is the same in every process. */
function byPrecedence(a: PodInfo, b: PodInfo): number {
  return (a.precedence ?? 0) - (b.precedence ?? 0) || (a.id < b.id ? -1 : 1);
}

function isList(claims: PodInfo | readonly PodInfo[]): claims is readonly PodInfo[] {
  return Array.isArray(claims);
}
