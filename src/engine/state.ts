import type { ObjectSource } from '../model/source.ts';
import type { ClusterNetworkPolicy, ContainerPort, NetworkPolicy, ObjectMeta, WorkloadKind } from '../model/types.ts';
import type { Address, Family } from '../net/address.ts';
import type { AddressSet } from '../net/address-set.ts';

/**
 * Something that policies treat as one pod: a Pod object, or the template of a workload of which no pod is known.
 */
export interface PodInfo {
  /** `ns/name[Kind]`, unique in the state: `shop/cart-7d9[Pod]`, `shop/cart[Deployment]`. */
  readonly id: string;
  readonly kind: 'Pod' | WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The workload it stands for, climbed as far as owner objects are known. */
  readonly owner?: { readonly kind: string; readonly name: string };
  /** Name of the node it runs on, where known. */
  readonly node?: string;
  readonly hostNetwork: boolean;
  /** Known addresses, at most one of each family. Empty: the address is unknown. */
  readonly addresses: readonly Address[];
  readonly ports: readonly ContainerPort[];
  /** Of several pods that name one address, that with the highest has it; 0 where this is absent. */
  readonly precedence?: number;
  readonly source?: ObjectSource;
}

export interface NodeInfo {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The IP addresses of `status.addresses`, in order, of any family. */
  readonly addresses: readonly Address[];
  readonly source?: ObjectSource;
}

export interface NamespaceInfo {
  readonly name: string;
  /** With `kubernetes.io/metadata.name` always present (S37). */
  readonly labels: Readonly<Record<string, string>>;
  /** False for a namespace that only shows as the namespace of other objects. */
  readonly declared: boolean;
}

/** An immutable snapshot of everything a verdict depends on. */
export interface ClusterState {
  /** By name. */
  readonly namespaces: ReadonlyMap<string, NamespaceInfo>;
  /** By {@link PodInfo.id}. */
  readonly pods: ReadonlyMap<string, PodInfo>;
  /** By name. */
  readonly nodes: ReadonlyMap<string, NodeInfo>;
  /** By {@link policyKey}. */
  readonly policies: ReadonlyMap<string, NetworkPolicy>;
  /** Cluster-wide policies, by {@link policyKey}. */
  readonly clusterPolicies: ReadonlyMap<string, ClusterNetworkPolicy>;
  /** Stands for every unknown pod address of its family (`--pod-cidr`); empty where not given. */
  readonly podCidrs: AddressSet;
  /** Addresses of domain names (`--resolve`), by {@link domainKey}; empty where not given. */
  readonly domains: ReadonlyMap<string, AddressSet>;
}

/**
 * One end of a connection. hostNetwork pods are `host` ends: policies see the node, not the pod (S58b).
 * `address` on a host end picks one of the node's addresses.
 */
export type FlowEnd =
  | { readonly type: 'pod'; readonly pod: PodInfo }
  | { readonly type: 'host'; readonly node: string | undefined; readonly address: Address | undefined }
  | { readonly type: 'address'; readonly address: Address }
  /**
   * A pod of the cluster that the state does not hold, such as an ingress controller of another repository. What is not
   * given is not known: a rule that allows is for it only when it is for every such pod, one that denies when it is for
   * any.
   */
  | {
      readonly type: 'unseen';
      readonly namespace?: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
      readonly labels?: Readonly<Record<string, string>>;
    }
  /** A domain name, or a wildcard such as `*.example.io` that stands for the names under it which no policy names. */
  | { readonly type: 'domain'; readonly name: string };

/** One connection to judge: from, to, and the destination port (S28). */
export interface Flow {
  readonly from: FlowEnd;
  readonly to: FlowEnd;
  /** Both ends must have an address of it, where their addresses are known. */
  readonly family: Family;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'other';
  /** Destination port 1 to 65535; ignored for `other`. */
  readonly port: number;
}

/** The key of a policy in {@link ClusterState.policies}. */
export function policyKey(policy: NetworkPolicy | ClusterNetworkPolicy): string {
  const namespace = policy.kind === 'NetworkPolicy' ? namespaceOf(policy) : '';
  return `${policy.kind}/${namespace}/${policy.metadata.name}`;
}

/** A domain name as names are compared: without regard to case and to the trailing dot. */
export function domainKey(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** The namespace of a namespaced object; the reader fills in the one assumed, `default` stands in elsewhere. */
export function namespaceOf(object: { readonly metadata: ObjectMeta }): string {
  return object.metadata.namespace ?? 'default';
}

/** Both ends are one Pod object (S15). Two replicas of one template are two pods. */
export function isSamePod(from: FlowEnd, to: FlowEnd): boolean {
  return from.type === 'pod' && to.type === 'pod' && from.pod.id === to.pod.id && from.pod.kind === 'Pod';
}

/** The other end is the node that the pod runs on (S16). */
export function isOwnNode(pod: PodInfo, other: FlowEnd): boolean {
  return other.type === 'host' && other.node !== undefined && other.node === pod.node;
}
