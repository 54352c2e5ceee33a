import { unknownFamilies } from '../engine/build.ts';
import type { PolicyIndex } from '../engine/compiled/policy-index.ts';
import { type ClusterState, domainKey, type FlowEnd, type PodInfo } from '../engine/state.ts';
import { compareCodePoints } from '../model/text.ts';
import type { Address, Family } from '../net/address.ts';
import { formatAddress } from '../net/address.ts';
import { AddressSet, splitIntoAtoms } from '../net/address-set.ts';
import { formatCidr, parseCidr } from '../net/cidr.ts';
import type { PortSet } from '../net/port-set.ts';

export type EndpointType = 'workload' | 'node' | 'host' | 'external' | 'domain' | 'ingress-controller';

/**
 * What results call one end: a workload (or pod), a node, a hostNetwork pod of an unknown node, a block of outside
 * addresses, a domain name that policies know, or the ingress controller.
 */
export interface Endpoint {
  /** `shop/cart[Deployment]`, `node/n1`, `10.0.0.0/8`. Variants of one workload: `shop/cart[Deployment]{track=canary}`. */
  readonly id: string;
  readonly type: EndpointType;
  readonly namespace?: string;
  readonly name?: string;
  readonly workloadKind?: string;
  /** Labels that all its pods share. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Whether NetworkPolicies isolate it; pods only. */
  readonly isolated?: { readonly ingress: boolean; readonly egress: boolean };
  /** First and last address of each range; external only. */
  readonly ranges?: readonly (readonly [string, string])[];
  /** Known addresses of a node, a host or a single pod. */
  readonly addresses?: readonly string[];
  /** Names of the pods that it stands for, when it is not one Pod itself. */
  readonly pods?: readonly string[];
  /** Of the ingress controller: what is known of it, as asked for. */
  readonly controller?: string;
}

/** An endpoint with what the engine needs to judge it. All its pods are judged alike. */
export interface Unit {
  readonly endpoint: Endpoint;
  /** One end for every way to address it: one for pods and blocks, one for each address of a node. */
  readonly ends: readonly FlowEnd[];
  readonly families: readonly Family[];
  /** Nodes that its pods run on; for a node or host, its own name. */
  readonly nodes: ReadonlySet<string>;
  /** The pods it stands for; empty for blocks and nodes. */
  readonly pods: readonly PodInfo[];
  /** What Ingresses and routes lead the ingress controller to, whatever policies say; absent: nothing. */
  readonly routed?: PortSet;
}

export type Granularity = 'workload' | 'pod';

/**
 * All endpoints of a world but the external ones, ordered by id.
 * @param unknown the families of pods and nodes whose address is unknown
 */
export function clusterUnits(
  index: PolicyIndex,
  by: Granularity,
  unknown: readonly Family[] = unknownFamilies(index.state),
): Unit[] {
  const { state } = index;
  const units: Unit[] = [];
  const hostPods = new Map<string, PodInfo[]>();
  const workloads = new Map<string, PodInfo[]>();
  for (const pod of state.pods.values()) {
    if (!pod.hostNetwork) push(workloads, by === 'pod' ? pod.id : workloadId(pod), pod);
    else if (pod.node !== undefined && state.nodes.has(pod.node)) push(hostPods, pod.node, pod);
    else units.push(hostUnit(pod, unknown));
  }
  for (const [id, pods] of workloads) units.push(...workloadUnits(index, id, pods, unknown));
  for (const node of state.nodes.values()) {
    const name = node.name;
    const ends: FlowEnd[] = node.addresses.map((address) => ({ type: 'host', node: name, address }));
    units.push({
      endpoint: {
        id: `node/${name}`,
        type: 'node',
        name,
        labels: node.labels,
        addresses: node.addresses.map(formatAddress),
        ...optional(
          'pods',
          hostPods
            .get(name)
            ?.map((pod) => `${pod.namespace}/${pod.name}`)
            .sort(compareCodePoints),
        ),
      },
      ends: ends.length > 0 ? ends : [{ type: 'host', node: name, address: undefined }],
      families: node.addresses.length > 0 ? familiesOf(node.addresses) : unknown,
      nodes: new Set([name]),
      pods: [],
    });
  }
  return units.sort((a, b) => compareCodePoints(a.endpoint.id, b.endpoint.id));
}

/** The endpoint id of the workload that a pod stands for. */
export function workloadId(pod: PodInfo): string {
  return pod.owner === undefined ? pod.id : `${pod.namespace}/${pod.owner.name}[${pod.owner.kind}]`;
}

function hostUnit(pod: PodInfo, unknown: readonly Family[]): Unit {
  const ends: FlowEnd[] = pod.addresses.map((address) => ({ type: 'host', node: pod.node, address }));
  return {
    endpoint: {
      id: pod.id,
      type: 'host',
      namespace: pod.namespace,
      name: pod.name,
      workloadKind: pod.kind,
      labels: pod.labels,
      ...(pod.addresses.length > 0 ? { addresses: pod.addresses.map(formatAddress) } : {}),
    },
    ends: ends.length > 0 ? ends : [{ type: 'host', node: pod.node, address: undefined }],
    families: pod.addresses.length > 0 ? familiesOf(pod.addresses) : unknown,
    nodes: new Set(pod.node === undefined ? [] : [pod.node]),
    pods: [],
  };
}

/** One unit for a workload, or one for each set of its pods that policies may tell apart. */
function workloadUnits(index: PolicyIndex, id: string, pods: readonly PodInfo[], unknown: readonly Family[]): Unit[] {
  const variants = new Map<string, PodInfo[]>();
  if (pods.length === 1) variants.set('', [...pods]);
  else for (const pod of pods) push(variants, index.classKey(pod), pod);
  const ordered = [...variants.values()]
    .map((members) => members.sort((a, b) => compareCodePoints(a.name, b.name)))
    .sort((a, b) => compareCodePoints(a[0]?.name ?? '', b[0]?.name ?? ''));
  const suffixes = variantSuffixes(index, ordered);
  return ordered.map((members, at) => workloadUnit(index, id + (suffixes[at] ?? ''), members, unknown));
}

function workloadUnit(index: PolicyIndex, id: string, pods: readonly PodInfo[], unknown: readonly Family[]): Unit {
  const pod = pods[0] as PodInfo;
  const single = id === pod.id;
  const nodes = new Set<string>();
  for (const member of pods) if (member.node !== undefined) nodes.add(member.node);
  return {
    endpoint: {
      id,
      type: 'workload',
      namespace: pod.namespace,
      name: single ? pod.name : (pod.owner?.name ?? pod.name),
      workloadKind: single ? pod.kind : (pod.owner?.kind ?? pod.kind),
      labels: sharedLabels(pods),
      isolated: {
        ingress: index.policiesOf(pod, 'ingress').program !== null,
        egress: index.policiesOf(pod, 'egress').program !== null,
      },
      ...(single && pod.addresses.length > 0 ? { addresses: pod.addresses.map(formatAddress) } : {}),
      ...(single
        ? {}
        : optional(
            'pods',
            pods.filter(({ kind }) => kind === 'Pod').map(({ name }) => name),
          )),
    },
    ends: [{ type: 'pod', pod }],
    families: pod.addresses.length > 0 ? familiesOf(pod.addresses) : unknown,
    nodes,
    pods,
  };
}

/** `{track=canary}`: the labels that policies use and that tell the variants apart; a number where labels do not. */
function variantSuffixes(index: PolicyIndex, variants: readonly (readonly PodInfo[])[]): string[] {
  if (variants.length === 1) return [''];
  const labels = variants.map(([pod]) => index.selectedLabels(pod as PodInfo));
  const keys = [...new Set(labels.flatMap((own) => Object.keys(own)))]
    .filter((key) => labels.some((own) => own[key] !== labels[0]?.[key]))
    .sort(compareCodePoints);
  const seen = new Map<string, number>();
  return labels.map((own) => {
    const text = keys.map((key) => (Object.hasOwn(own, key) ? `${key}=${own[key]}` : `!${key}`)).join(',');
    const count = (seen.get(text) ?? 0) + 1;
    seen.set(text, count);
    return `${text === '' ? '' : `{${text}}`}${count > 1 || text === '' ? `#${count}` : ''}`;
  });
}

function sharedLabels(pods: readonly PodInfo[]): Readonly<Record<string, string>> {
  const [first, ...rest] = pods;
  if (first === undefined || rest.length === 0) return first?.labels ?? {};
  const entries = Object.entries(first.labels);
  return Object.fromEntries(entries.filter(([key, value]) => rest.every((pod) => pod.labels[key] === value)));
}

/** Addresses that known pods and nodes have: ascending and distinct, by family. */
export type KnownAddresses = Readonly<Record<Family, readonly bigint[]>>;

export function knownAddresses(state: ClusterState): KnownAddresses {
  const known: Record<Family, Set<bigint>> = { IPv4: new Set(), IPv6: new Set() };
  for (const pod of state.pods.values()) for (const { family, value } of pod.addresses) known[family].add(value);
  for (const node of state.nodes.values()) for (const { family, value } of node.addresses) known[family].add(value);
  const sorted = (values: Set<bigint>): bigint[] => [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return { IPv4: sorted(known.IPv4), IPv6: sorted(known.IPv6) };
}

/** The lowest address of a set that no known pod or node has. */
function firstFree(set: AddressSet, known: KnownAddresses): Address | undefined {
  for (const { family, first, last } of set.ranges) {
    const values = known[family];
    let low = 0;
    for (let high = values.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((values[middle] as bigint) < first) low = middle + 1;
      else high = middle;
    }
    let candidate = first;
    while (values[low] === candidate) {
      candidate++;
      low++;
    }
    if (candidate <= last) return { family, value: candidate };
  }
  return undefined;
}

/**
 * The outside, cut into blocks by the CIDRs that policies name: all addresses of a block lie in the same CIDRs. A block
 * of which every address belongs to a known pod or node is left out.
 * @param families those that some endpoint of the cluster has
 * @param further sets that cut the outside as well
 */
export function externalUnits(
  state: ClusterState,
  families: readonly Family[],
  further: readonly AddressSet[] = [],
): Unit[] {
  const named = [...namedBlocks(state), ...further];
  const known = knownAddresses(state);
  const units: Unit[] = [];
  for (const family of families) {
    const sets = named.filter((set) => set.ranges[0]?.family === family);
    for (const { set } of splitIntoAtoms(sets, AddressSet.all(family))) {
      const unit = externalUnit(set, known);
      if (unit !== undefined) units.push(unit);
    }
  }
  return units.sort((a, b) => compareCodePoints(a.endpoint.id, b.endpoint.id));
}

/** A block as an endpoint; undefined when known pods and nodes hold all of it. */
export function externalUnit(set: AddressSet, known: KnownAddresses, id: string = set.toString()): Unit | undefined {
  const address = firstFree(set, known);
  if (address === undefined) return undefined;
  return {
    endpoint: {
      id,
      type: 'external',
      ranges: set.ranges.map(({ family, first, last }) => [
        formatAddress({ family, value: first }),
        formatAddress({ family, value: last }),
      ]),
    },
    ends: [{ type: 'address', address }],
    families: [address.family],
    nodes: new Set(),
    pods: [],
  };
}

/**
 * The domain names that policies give (C18), ordered by id. A wildcard stands for the names under it that have no
 * endpoint of their own. Domains are destinations only.
 */
export function domainUnits(state: ClusterState, families: readonly Family[]): Unit[] {
  return [...namedDomains(state)].sort(compareCodePoints).map((name) => domainUnit(state, name, families));
}

/** Every domain name that a policy gives, in the form of {@link domainKey}. */
export function namedDomains(state: ClusterState): Set<string> {
  const names = new Set<string>();
  for (const { spec } of state.clusterPolicies.values()) {
    for (const { peers } of spec.egress) {
      for (const peer of peers)
        if (peer.type === 'domainNames') for (const name of peer.domainNames) names.add(domainKey(name));
    }
  }
  return names;
}

/** A domain name as an endpoint. Its families are those of its addresses, where they are known. */
export function domainUnit(state: ClusterState, name: string, families: readonly Family[]): Unit {
  const addresses = state.domains.get(domainKey(name));
  return {
    endpoint: {
      id: name,
      type: 'domain',
      name,
      ...(addresses === undefined ? {} : { addresses: addresses.cidrs().map(formatCidr) }),
    },
    ends: [{ type: 'domain', name }],
    families: addresses === undefined ? families : families.filter((family) => !addresses.ofFamily(family).isEmpty()),
    nodes: new Set(),
    pods: [],
  };
}

/** Every distinct CIDR that a policy names, excepts included. */
export function namedBlocks(state: ClusterState): AddressSet[] {
  const sets = new Map<string, AddressSet>();
  const add = (text: string): void => {
    const cidr = parseCidr(text)?.cidr;
    if (cidr === undefined) return;
    const key = `${cidr.family} ${cidr.base}/${cidr.prefix}`;
    if (!sets.has(key)) sets.set(key, AddressSet.ofCidr(cidr));
  };
  for (const { spec } of state.policies.values()) {
    for (const peers of [...spec.ingress.map((rule) => rule.from), ...spec.egress.map((rule) => rule.to)]) {
      for (const { ipBlock } of peers) {
        if (ipBlock === undefined) continue;
        add(ipBlock.cidr);
        for (const except of ipBlock.except) add(except);
      }
    }
  }
  for (const { spec } of state.clusterPolicies.values()) {
    for (const { peers } of spec.egress) {
      for (const peer of peers) if (peer.type === 'networks') for (const network of peer.networks) add(network);
    }
  }
  return [...sets.values()];
}

/** The families that endpoints of the cluster have, in order. */
export function clusterFamilies(state: ClusterState, units: readonly Unit[]): readonly Family[] {
  const present = new Set(units.filter((unit) => unit.pods.length > 0).flatMap((unit) => unit.families));
  if (present.size === 0) return unknownFamilies(state);
  return (['IPv4', 'IPv6'] as const).filter((family) => present.has(family));
}

function familiesOf(addresses: readonly Address[]): readonly Family[] {
  return (['IPv4', 'IPv6'] as const).filter((family) => addresses.some((address) => address.family === family));
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function optional<K extends string, T>(key: K, list: readonly T[] | undefined): { readonly [key in K]?: readonly T[] } {
  return list === undefined || list.length === 0 ? {} : ({ [key]: list } as { readonly [key in K]?: readonly T[] });
}
