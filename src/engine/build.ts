import type {
  ClusterNetworkPolicy,
  KubeObject,
  Namespace,
  NetworkPolicy,
  Node,
  ObjectMeta,
  OwnerReference,
  Pod,
  Workload,
} from '../model/types.ts';
import { type Address, type Family, parseAddress } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { type Cidr, parseCidr } from '../net/cidr.ts';
import { NAMESPACE_NAME_LABEL } from './namespace.ts';
import { type ClusterState, type NamespaceInfo, type NodeInfo, namespaceOf, type PodInfo, policyKey } from './state.ts';

export interface StateOptions {
  /** Ranges that stand for every unknown pod address of their family. */
  readonly podCidrs?: readonly Cidr[];
  /** Addresses of domain names, by `domainKey`. */
  readonly domains?: ReadonlyMap<string, AddressSet>;
}

/**
 * Makes the snapshot that verdicts are computed from.
 *
 * Pods that have ended (`Succeeded`, `Failed`) are left out: they hold no address any more. A workload is represented by
 * its pods where there are any, else by its template, one entry with an unknown address.
 */
export function buildState(objects: readonly KubeObject[], options: StateOptions = {}): ClusterState {
  const namespaces = new Map<string, NamespaceInfo>();
  const nodes = new Map<string, NodeInfo>();
  const policies = new Map<string, NetworkPolicy>();
  const clusterPolicies = new Map<string, ClusterNetworkPolicy>();
  const livePods: Pod[] = [];
  const workloads = new Map<string, Workload>();

  for (const object of objects) {
    switch (object.kind) {
      case 'Namespace':
        namespaces.set(object.metadata.name, namespaceInfo(object));
        break;
      case 'Node':
        nodes.set(object.metadata.name, nodeInfo(object));
        break;
      case 'NetworkPolicy':
        policies.set(policyKey(object), object);
        break;
      case 'ClusterNetworkPolicy':
      case 'AdminNetworkPolicy':
      case 'BaselineAdminNetworkPolicy':
        clusterPolicies.set(policyKey(object), object);
        break;
      case 'Pod':
        if (!hasEnded(object)) livePods.push(object);
        break;
      case 'Service':
      case 'Ingress':
      case 'Gateway':
      case 'HTTPRoute':
      case 'GRPCRoute':
      case 'TCPRoute':
      case 'TLSRoute':
      case 'UDPRoute':
      case 'ReferenceGrant':
        break; // They lead to pods, and say nothing of what is allowed.
      default:
        workloads.set(workloadKey(object.kind, object.metadata.namespace, object.metadata.name), object);
    }
  }

  const pods = new Map<string, PodInfo>();
  const owners = new OwnerIndex(workloads);
  const represented = new Set<string>();
  for (const pod of livePods) {
    const info = podInfo(pod, owners);
    pods.set(info.id, info);
    for (const key of owners.chain(pod.metadata)) represented.add(key);
  }
  for (const [key, workload] of workloads) {
    // A ReplicaSet of a known Deployment adds nothing: its pods, or the Deployment's template, stand for both.
    if (represented.has(key) || owners.hasKnownOwner(workload)) continue;
    const info = templateInfo(workload, owners);
    pods.set(info.id, info);
  }

  for (const pod of pods.values()) {
    if (!namespaces.has(pod.namespace)) namespaces.set(pod.namespace, impliedNamespace(pod.namespace));
  }
  for (const policy of policies.values()) {
    const name = namespaceOf(policy);
    if (!namespaces.has(name)) namespaces.set(name, impliedNamespace(name));
  }

  let podCidrs = AddressSet.EMPTY;
  for (const cidr of options.podCidrs ?? []) podCidrs = podCidrs.union(AddressSet.ofCidr(cidr));

  return { namespaces, nodes, pods, policies, clusterPolicies, podCidrs, domains: options.domains ?? new Map() };
}

/** A namespace that no object declares has its name label only. */
export function impliedNamespace(name: string): NamespaceInfo {
  return { name, labels: { [NAMESPACE_NAME_LABEL]: name }, declared: false };
}

/** The engine's view of a Namespace object. */
export function namespaceInfo(namespace: Namespace): NamespaceInfo {
  const name = namespace.metadata.name;
  return { name, labels: { ...namespace.metadata.labels, [NAMESPACE_NAME_LABEL]: name }, declared: true };
}

/** The engine's view of a Node object: addresses that are not IP addresses (host names) are left out. */
export function nodeInfo(node: Node): NodeInfo {
  const addresses: Address[] = [];
  for (const entry of node.addresses) {
    if (entry.type === 'Hostname' || entry.type.endsWith('DNS')) continue;
    const address = parseAddress(entry.address);
    if (address !== undefined) addresses.push(address);
  }
  return {
    name: node.metadata.name,
    labels: node.metadata.labels ?? {},
    addresses,
    ...(node.source === undefined ? {} : { source: node.source }),
  };
}

/** True for a pod that will never send or receive again. */
export function hasEnded(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}

/**
 * The engine's view of a Pod object.
 * @param owners finds the workload above the direct owner; without it the owner reference is taken as it is.
 */
export function podInfo(pod: Pod, owners?: OwnerIndex): PodInfo {
  const namespace = pod.metadata.namespace ?? 'default';
  const owner = owners === undefined ? controllerOf(pod.metadata) : owners.top(pod.metadata);
  return {
    id: `${namespace}/${pod.metadata.name}[Pod]`,
    kind: 'Pod',
    namespace,
    name: pod.metadata.name,
    labels: pod.metadata.labels ?? {},
    ...(owner === undefined ? {} : { owner: { kind: owner.kind, name: owner.name } }),
    ...(pod.spec.nodeName === undefined || pod.spec.nodeName === '' ? {} : { node: pod.spec.nodeName }),
    hostNetwork: pod.spec.hostNetwork,
    addresses: onePerFamily(
      pod.spec.hostNetwork && pod.status.podIPs.length === 0 ? pod.status.hostIPs : pod.status.podIPs,
    ),
    ports: pod.spec.ports,
    ...precedenceOf(pod.metadata),
    ...(pod.source === undefined ? {} : { source: pod.source }),
  };
}

/** More than any time in seconds. */
const TERMINATING = 1e12;

/** A pod that is being deleted yields to those that are not; then the one that was made last has an address. */
function precedenceOf({ creationTimestamp, deletionTimestamp }: ObjectMeta): Pick<PodInfo, 'precedence'> {
  const created = creationTimestamp === undefined ? 0 : Math.trunc(Date.parse(creationTimestamp) / 1000) || 0;
  const precedence = deletionTimestamp === undefined ? created : created - TERMINATING;
  return precedence === 0 ? {} : { precedence };
}

function templateInfo(workload: Workload, owners: OwnerIndex): PodInfo {
  const namespace = workload.metadata.namespace ?? 'default';
  const top = owners.top(workload.metadata);
  const { spec, labels } = workload.template;
  return {
    id: `${namespace}/${workload.metadata.name}[${workload.kind}]`,
    kind: workload.kind,
    namespace,
    name: workload.metadata.name,
    labels,
    ...(top === undefined ? {} : { owner: { kind: top.kind, name: top.name } }),
    ...(spec.nodeName === undefined || spec.nodeName === '' ? {} : { node: spec.nodeName }),
    hostNetwork: spec.hostNetwork,
    addresses: [],
    ports: spec.ports,
    ...(workload.source === undefined ? {} : { source: workload.source }),
  };
}

function onePerFamily(texts: readonly string[]): readonly Address[] {
  let v4: Address | undefined;
  let v6: Address | undefined;
  for (const text of texts) {
    const address = parseAddress(text);
    if (address === undefined) continue;
    if (address.family === 'IPv4') v4 ??= address;
    else v6 ??= address;
  }
  if (v4 === undefined) return v6 === undefined ? [] : [v6];
  return v6 === undefined ? [v4] : [v4, v6];
}

function workloadKey(kind: string, namespace: string | undefined, name: string): string {
  return `${kind}/${namespace ?? 'default'}/${name}`;
}

/** The controller owner reference. A mirror pod's owner of kind Node counts as none. */
function controllerOf(meta: ObjectMeta): OwnerReference | undefined {
  const owner = meta.ownerReferences?.find((reference) => reference.controller === true);
  return owner === undefined || owner.kind === 'Node' ? undefined : owner;
}

/** Climbs controller owner references as far as the owner objects are known. */
export class OwnerIndex {
  readonly #workloads: ReadonlyMap<string, Workload>;

  /** @param workloads by `Kind/namespace/name`. */
  constructor(workloads: ReadonlyMap<string, Workload>) {
    this.#workloads = workloads;
  }

  /** The topmost owner: kind and name as the last reference that could be followed gives them. */
  top(meta: ObjectMeta): OwnerReference | undefined {
    let top: OwnerReference | undefined;
    for (const { reference } of this.#climb(meta)) top = reference;
    return top;
  }

  /** Keys of all known workloads above an object. */
  *chain(meta: ObjectMeta): Iterable<string> {
    for (const { key } of this.#climb(meta)) if (this.#workloads.has(key)) yield key;
  }

  /** Whether another known workload stands for this one. Workloads that own each other in a circle stand for themselves. */
  hasKnownOwner(workload: Workload): boolean {
    const owners = [...this.chain(workload.metadata)];
    return (
      owners.length > 0 &&
      !owners.includes(workloadKey(workload.kind, workload.metadata.namespace, workload.metadata.name))
    );
  }

  *#climb(meta: ObjectMeta): Iterable<{ reference: OwnerReference; key: string }> {
    const seen = new Set<string>();
    let reference = controllerOf(meta);
    while (reference !== undefined) {
      const key = workloadKey(reference.kind, meta.namespace, reference.name);
      if (seen.has(key)) return;
      seen.add(key);
      yield { reference, key };
      const object = this.#workloads.get(key);
      reference = object === undefined ? undefined : controllerOf(object.metadata);
    }
  }
}

/**
 * Families of pods whose address is unknown: those of `--pod-cidr`, of known pods and of policies' blocks, else IPv4.
 * Of several states together, so that the same pods have the same families in all of them.
 */
export function unknownFamilies(...states: readonly ClusterState[]): readonly Family[] {
  const families = new Set<Family>();
  for (const state of states) addFamilies(families, state);
  if (families.size === 0) families.add('IPv4');
  return (['IPv4', 'IPv6'] as const).filter((family) => families.has(family));
}

function addFamilies(families: Set<Family>, state: ClusterState): void {
  for (const range of state.podCidrs.ranges) families.add(range.family);
  for (const pod of state.pods.values()) for (const address of pod.addresses) families.add(address.family);
  for (const policy of state.policies.values()) {
    for (const rule of policy.spec.ingress) for (const peer of rule.from) addFamily(families, peer.ipBlock?.cidr);
    for (const rule of policy.spec.egress) for (const peer of rule.to) addFamily(families, peer.ipBlock?.cidr);
  }
  for (const policy of state.clusterPolicies.values()) {
    for (const { peers } of policy.spec.egress) {
      for (const peer of peers)
        if (peer.type === 'networks') for (const cidr of peer.networks) addFamily(families, cidr);
    }
  }
}

function addFamily(families: Set<Family>, cidr: string | undefined): void {
  const parsed = cidr === undefined ? undefined : parseCidr(cidr);
  if (parsed !== undefined) families.add(parsed.cidr.family);
}
