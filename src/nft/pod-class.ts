import type { DirectionPolicies } from '../engine/compiled/policy-index.ts';
import type { NamedPorts } from '../engine/compiled/program.ts';
import type { Direction, FlowEnd, PolicyIndex } from '../engine/index.ts';
import { policyKey } from '../engine/state.ts';
import { type Address, compareAddresses, formatAddress } from '../net/address.ts';
import { AddressSet, splitIntoAtoms } from '../net/address-set.ts';
import type { ContentNames } from './names.ts';
import type { CompileOptions } from './options.ts';
import { type OutcomeChains, outcomeOf } from './outcome.ts';
import { FAMILY, type PeerClass, type Peers } from './peers.ts';
import type { Chain, IpVersion, NftMap, NftSet, Rule, Side, Verdict } from './ruleset.ts';

/** So many shared peers are tried one after the other before the map of single addresses would be the better place. */
const MOST_SHARED_PEERS = 6;

/** What is put into a ruleset as it is compiled. */
export interface Parts {
  readonly sets: Map<string, NftSet>;
  readonly maps: Map<string, NftMap>;
  readonly chains: Map<string, Chain>;
  readonly names: ContentNames;
  readonly outcomes: OutcomeChains;
}

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

/** Compiles classes of pods into chains, each once. */
export class PodClasses {
  readonly #index: PolicyIndex;
  readonly #peers: Peers;
  readonly #parts: Parts;
  readonly #options: CompileOptions;
  readonly #known = new Map<string, Verdict | undefined>();

  constructor(index: PolicyIndex, peers: Peers, parts: Parts, options: CompileOptions) {
    this.#index = index;
    this.#peers = peers;
    this.#parts = parts;
    this.#options = options;
  }

  /** Where to send packets of the class; undefined when its policies admit everything. */
  verdict(podClass: PodClass): Verdict | undefined {
    const { direction, version, policies, named, ownNode } = podClass;
    const key = [
      direction,
      version,
      ownNode ?? '',
      direction === 'ingress' ? namesKey(named) : '',
      ...(policies.tiers?.policies.map(policyKey) ?? []),
      '/',
      ...(policies.program?.policies.map((policy) => policy.key) ?? []),
    ].join(' ');
    if (!this.#known.has(key)) this.#known.set(key, this.#compile(podClass, key));
    return this.#known.get(key);
  }

  #compile(podClass: PodClass, key: string): Verdict | undefined {
    const { direction, version, policies, ownNode } = podClass;
    const { names, maps, chains } = this.#parts;
    const side: Side = direction === 'egress' ? 'daddr' : 'saddr';
    const named = this.#index.namedPeers(policies);
    const rest = this.#verdict(podClass, { type: 'host', node: ownNode, address: undefined });
    const ranges = this.#ranges(podClass, named, rest);
    const shared = ownNode === undefined ? this.#sharedPeers(podClass, named) : [];
    const single = new Map<string, Verdict>();
    if (ownNode === undefined) this.#singlePods(podClass, named, shared, ranges.size > 0 ? undefined : rest, single);
    this.#singleNodes(podClass, single);

    const rules: Rule[] = [];
    const suffix = names.name('', key).slice(1);
    const vmap = (type: NftMap['type'], elements: ReadonlyMap<string, Verdict>): void => {
      if (elements.size === 0) return;
      const map = `${type === 'address' ? 'peers' : 'blocks'}-${direction}${version}-${suffix}`;
      maps.set(map, { type, version, elements });
      rules.push({ matches: [], action: { kind: 'vmap', side, version, map } });
    };
    vmap('address', single);
    for (const { id, verdict } of shared) {
      rules.push({ matches: [{ type: 'address', side, version, set: this.#peerSet(id, version) }], action: verdict });
    }
    vmap('range', ranges);
    if (rest.kind !== 'return') rules.push({ matches: [], action: rest });
    if (rules.length === 0) return undefined;
    const chain = `${ownNode === undefined ? direction : 'own-node'}${version}-${suffix}`;
    chains.set(chain, { rules });
    return { kind: 'jump', chain };
  }

  #verdict({ direction, version, policies, named, ownNode }: PodClass, end: FlowEnd): Verdict {
    const view = this.#index.peerView(end, FAMILY[version]);
    const destination = direction === 'ingress' ? named : view.named;
    const outcome = outcomeOf(policies, view, destination, ownNode !== undefined, this.#options);
    return this.#parts.outcomes.verdict(outcome, direction, version);
  }

  /** Addresses outside, cut by the blocks that the policies name; only those that differ from the rest. */
  #ranges(podClass: PodClass, named: ReadonlySet<number>, rest: Verdict): Map<string, Verdict> {
    const { version, ownNode } = podClass;
    const found: [string, Verdict][] = [];
    const blocks = this.#index.blockAddresses(named);
    if (blocks.length === 0) return new Map();
    for (const atom of splitIntoAtoms(blocks, AddressSet.all(FAMILY[version]))) {
      if (atom.members.length === 0) continue;
      const address = this.#unclaimed(atom.set);
      const verdict = this.#verdict(podClass, { type: 'host', node: ownNode, address });
      if (sameVerdict(verdict, rest)) continue;
      for (const range of atom.set.ranges) found.push([rangeText(AddressSet.ofRanges([range])), verdict]);
    }
    return new Map(found);
  }

  /** An address of a set that stands for all of them: none of a node, unless all are. */
  #unclaimed(set: AddressSet): Address {
    const [first] = set.ranges;
    if (first === undefined) throw new Error('an empty set of addresses stands for nothing');
    const ofNodes = new Set<string>();
    for (const { addresses } of this.#index.state.nodes.values()) {
      for (const address of addresses) ofNodes.add(formatAddress(address));
    }
    for (const { family, first: low, last } of set.ranges) {
      for (let value = low; value <= last; value++) {
        const address = { family, value };
        if (!ofNodes.has(formatAddress(address))) return address;
      }
    }
    return { family: first.family, value: first.first };
  }

  /** The peers that match many pods, with what becomes of most of the pods whose first it is. */
  #sharedPeers(podClass: PodClass, named: ReadonlySet<number>): { id: number; verdict: Verdict }[] {
    const { version } = podClass;
    const candidates = [...named]
      .map((id) => ({ id, size: this.#index.peerSize(id) ?? 0 }))
      .filter(({ size }) => size >= this.#options.sharedPeerSize)
      .sort((a, b) => b.size - a.size || a.id - b.id)
      .slice(0, MOST_SHARED_PEERS)
      .map(({ id }) => id);
    return candidates.flatMap((id, place) => {
      const weights = new Map<string, { verdict: Verdict; pods: number }>();
      for (const peerClass of this.#peers.byPeer[version].get(id) ?? []) {
        if (candidates.slice(0, place).some((earlier) => peerClass.peers[version].includes(earlier))) continue;
        const verdict = this.#verdict(podClass, { type: 'pod', pod: peerClass.pod });
        const key = verdictKey(verdict);
        const known = weights.get(key) ?? { verdict, pods: 0 };
        known.pods += peerClass.addresses[version].length;
        weights.set(key, known);
      }
      const [most] = [...weights.values()].sort((a, b) => b.pods - a.pods);
      return most === undefined ? [] : [{ id, verdict: most.verdict }];
    });
  }

  /** Pods that named peers match, and that the rules behind the map would treat otherwise. */
  #singlePods(
    podClass: PodClass,
    named: ReadonlySet<number>,
    shared: readonly { readonly id: number; readonly verdict: Verdict }[],
    rest: Verdict | undefined,
    single: Map<string, Verdict>,
  ): void {
    const { version } = podClass;
    const touched = new Set<PeerClass>();
    for (const id of named) for (const peerClass of this.#peers.byPeer[version].get(id) ?? []) touched.add(peerClass);
    for (const peerClass of touched) {
      const verdict = this.#verdict(podClass, { type: 'pod', pod: peerClass.pod });
      const first = shared.find(({ id }) => peerClass.peers[version].includes(id))?.verdict ?? rest;
      if (first !== undefined && sameVerdict(verdict, first)) continue;
      for (const address of peerClass.addresses[version]) single.set(address, verdict);
    }
  }

  /** Nodes that cluster-wide rules name as nodes; by address alone the blocks have them. */
  #singleNodes(podClass: PodClass, single: Map<string, Verdict>): void {
    if (podClass.policies.tiers === null) return;
    const { nodes } = this.#index.state;
    const { ownNode } = podClass;
    for (const node of [...nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (ownNode !== undefined && node.name !== ownNode) continue;
      for (const address of [...node.addresses].sort(compareAddresses)) {
        if (address.family !== FAMILY[podClass.version]) continue;
        const text = formatAddress(address);
        if (this.#peers.owners.has(text)) continue;
        single.set(text, this.#verdict(podClass, { type: 'host', node: node.name, address }));
      }
    }
  }

  #peerSet(id: number, version: IpVersion): string {
    const name = `peer${version}-${id}`;
    if (!this.#parts.sets.has(name)) {
      const elements = new Set(
        (this.#peers.byPeer[version].get(id) ?? []).flatMap(({ addresses }) => addresses[version]),
      );
      this.#parts.sets.set(name, { type: 'address', version, elements });
    }
    return name;
  }
}

function namesKey(named: NamedPorts | undefined): string {
  return [...(named?.byName ?? [])]
    .map(([name, ports]) => `${name}=${ports.key}`)
    .sort()
    .join(' ');
}

function rangeText(set: AddressSet): string {
  return set.toString().replace(/^([\d.]+)\/32$|^([\da-f:.]+)\/128$/, '$1$2');
}

function verdictKey(verdict: Verdict): string {
  return 'chain' in verdict ? `${verdict.kind} ${verdict.chain}` : verdict.kind;
}

function sameVerdict(a: Verdict, b: Verdict): boolean {
  return verdictKey(a) === verdictKey(b);
}
