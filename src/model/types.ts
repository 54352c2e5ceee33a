import type { FieldPath, ObjectRef, ObjectSource } from './source.ts';

/** IP protocols that a NetworkPolicy port can name (S50). */
export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** `metadata` of any object, cut down to what policies depend on or commands print. */
export interface ObjectMeta {
  readonly name: string;
  readonly generateName?: string;
  /** Absent on cluster-scoped objects. */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** RFC 3339, as written. */
  readonly creationTimestamp?: string;
  /** RFC 3339: the object is being deleted. Read of all but policies. */
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly OwnerReference[];
  /** Read of policies only, for validation. */
  readonly finalizers?: readonly string[];
}

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean;
  /** This and the two below: read of policies only, for validation. */
  readonly apiVersion?: string;
  readonly uid?: string;
  readonly blockOwnerDeletion?: boolean;
}

/**
 * A label selector; all requirements must hold. An empty selector matches everything (spec/networkpolicy-v1 section 1).
 * `operator` is a plain string because the validator must be able to name a wrong one.
 */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}

export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

interface KubeObjectBase {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  /** Where the object was read; not part of the Kubernetes API. */
  readonly source?: ObjectSource;
}

/** `networking.k8s.io/v1` NetworkPolicy after decoding and defaulting. */
export interface NetworkPolicy extends KubeObjectBase {
  readonly kind: 'NetworkPolicy';
  readonly spec: NetworkPolicySpec;
}

export interface NetworkPolicySpec {
  /** Pods of the policy's own namespace; empty selects all (S17). */
  readonly podSelector: LabelSelector;
  /** `Ingress`, `Egress`; plain strings so that the validator can name wrong ones. Defaulted (S18). */
  readonly policyTypes: readonly string[];
  readonly ingress: readonly NetworkPolicyIngressRule[];
  readonly egress: readonly NetworkPolicyEgressRule[];
}

export interface NetworkPolicyIngressRule {
  /** Empty means every port of every protocol (S22). */
  readonly ports: readonly NetworkPolicyPort[];
  /** Empty means every peer, also outside the cluster (S22). */
  readonly from: readonly NetworkPolicyPeer[];
}

export interface NetworkPolicyEgressRule {
  readonly ports: readonly NetworkPolicyPort[];
  readonly to: readonly NetworkPolicyPeer[];
}

export interface NetworkPolicyPort {
  /** Defaulted to `TCP` (S24). A plain string so that the validator can name a wrong one. */
  readonly protocol: string;
  /** A number, or the name of a container port of the destination (S26). Absent: every port of the protocol (S25). */
  readonly port?: number | string;
  /** Inclusive end of a range that begins at a numeric `port` (S29). */
  readonly endPort?: number;
}

/** One peer. A field that is absent is not used; `{}` as a selector selects all (S32 to S36). */
export interface NetworkPolicyPeer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: IPBlock;
}

export interface IPBlock {
  readonly cidr: string;
  readonly except: readonly string[];
}

/**
 * A cluster-wide policy of `policy.networking.k8s.io`: ClusterNetworkPolicy (v1alpha2), or its forerunners
 * AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1), all in one form (spec cluster-network-policy).
 */
export interface ClusterNetworkPolicy extends KubeObjectBase {
  readonly kind: 'ClusterNetworkPolicy' | 'AdminNetworkPolicy' | 'BaselineAdminNetworkPolicy';
  readonly spec: ClusterNetworkPolicySpec;
}

export interface ClusterNetworkPolicySpec {
  /** AdminNetworkPolicy is `Admin`, BaselineAdminNetworkPolicy is `Baseline`. */
  readonly tier: 'Admin' | 'Baseline';
  /** 0 to 1000, lower goes first. A BaselineAdminNetworkPolicy has none: it comes after every other, as 1001. */
  readonly priority: number;
  readonly subject: ClusterPodSelector;
  readonly ingress: readonly ClusterNetworkPolicyRule[];
  readonly egress: readonly ClusterNetworkPolicyRule[];
}

/** Pods of the cluster, hostNetwork pods never: `namespaces` alone selects all pods of the namespaces. */
export interface ClusterPodSelector {
  readonly namespaceSelector: LabelSelector;
  readonly podSelector: LabelSelector;
}

export interface ClusterNetworkPolicyRule {
  readonly name?: string;
  /** v1alpha1's `Allow` reads as `Accept`. */
  readonly action: 'Accept' | 'Deny' | 'Pass';
  /** `from` or `to`, never empty. */
  readonly peers: readonly ClusterNetworkPolicyPeer[];
  /**
   * `protocols`, in v1alpha1 `ports`; absent: any protocol and port, ICMP too. Entries that can match nothing are left
   * out, so the list may be empty, and then the rule matches nothing.
   */
  readonly ports?: readonly ClusterNetworkPolicyPort[];
}

/**
 * One peer; exactly one field is set. `unknown` is a peer of a newer API that this version cannot read: a rule with one
 * fails closed (`Accept` matches nothing, `Deny` and `Pass` act as Deny of everything).
 */
export type ClusterNetworkPolicyPeer =
  | { readonly type: 'pods'; readonly pods: ClusterPodSelector }
  | { readonly type: 'networks'; readonly networks: readonly string[] }
  | { readonly type: 'nodes'; readonly nodes: LabelSelector }
  | { readonly type: 'domainNames'; readonly domainNames: readonly string[] }
  | { readonly type: 'unknown'; readonly field: string };

/** A port of a protocol, or the name of a container port of the destination, whose protocol it then has. */
export type ClusterNetworkPolicyPort =
  | { readonly protocol: Protocol; readonly first: number; readonly last: number }
  | { readonly name: string };

export interface Namespace extends KubeObjectBase {
  readonly kind: 'Namespace';
}

/** A container port that a policy can name. */
export interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  /** Defaulted to `TCP`. */
  readonly protocol: Protocol;
}

/** What policies need of a pod spec. */
export interface PodSpec {
  readonly nodeName?: string;
  readonly hostNetwork: boolean;
  /** Ports of all containers and of restartable init containers (`restartPolicy: Always`); plain init containers are left out. */
  readonly ports: readonly ContainerPort[];
}

export interface Pod extends KubeObjectBase {
  readonly kind: 'Pod';
  readonly spec: PodSpec;
  readonly status: PodStatus;
}

export interface PodStatus {
  /** `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`, or absent in a manifest. */
  readonly phase?: string;
  /** `podIP` and `podIPs` together, without duplicates, as written. */
  readonly podIPs: readonly string[];
  /** `hostIP` and `hostIPs` together. */
  readonly hostIPs: readonly string[];
}

export interface Node extends KubeObjectBase {
  readonly kind: 'Node';
  /** `status.addresses` in order. */
  readonly addresses: readonly NodeAddress[];
  /** `spec.podCIDRs` (or `spec.podCIDR`). */
  readonly podCIDRs: readonly string[];
}

export interface NodeAddress {
  /** `InternalIP`, `ExternalIP`, `Hostname`, … */
  readonly type: string;
  readonly address: string;
}

export interface Service extends KubeObjectBase {
  readonly kind: 'Service';
  readonly spec: {
    readonly type: string;
    readonly selector: Readonly<Record<string, string>>;
    /** As written; empty for a headless service and where the server is yet to choose. */
    readonly clusterIPs: readonly string[];
    /** `clusterIP: None`: names lead to the pods themselves. */
    readonly headless?: true;
    readonly ports: readonly ServicePort[];
  };
}

export interface ServicePort {
  readonly name?: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly targetPort: number | string;
  readonly nodePort?: number;
}

/** `networking.k8s.io/v1` Ingress: HTTP from outside, led to Services of its namespace by an ingress controller. */
export interface Ingress extends KubeObjectBase {
  readonly kind: 'Ingress';
  readonly spec: {
    readonly ingressClassName?: string;
    /** Of `defaultBackend` and of every path, in written order; resources other than Services are left out. */
    readonly backends: readonly IngressBackend[];
  };
}

/** A port of a Service that an Ingress leads to. */
export interface IngressBackend {
  readonly service: string;
  /** The number or the name of the Service's port. */
  readonly port: number | string;
  /** Where it is written, from the object down. */
  readonly path: FieldPath;
}

/** `gateway.networking.k8s.io` Gateway: what listens for traffic from outside, by the listeners that routes attach to. */
export interface Gateway extends KubeObjectBase {
  readonly kind: 'Gateway';
  readonly spec: { readonly gatewayClassName: string; readonly listeners: readonly GatewayListener[] };
}

export interface GatewayListener {
  readonly name: string;
  readonly port: number;
  /** `HTTP`, `HTTPS`, `TLS`, `TCP`, `UDP`, or one of an implementation's own. */
  readonly protocol: string;
  /** Namespaces whose routes may attach; `Same` by default. */
  readonly from: 'All' | 'Same' | 'Selector' | 'None';
  /** With `Selector`. */
  readonly selector: LabelSelector;
  /** Kinds of routes that may attach; empty: those of the protocol. */
  readonly kinds: readonly string[];
}

/** Kinds of Gateway API routes. */
export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TCPRoute' | 'TLSRoute' | 'UDPRoute';

/** A route of the Gateway API: what a Gateway leads to which Services. */
export interface Route extends KubeObjectBase {
  readonly kind: RouteKind;
  readonly spec: {
    readonly parents: readonly RouteParent[];
    /** Those that get traffic, mirrored traffic too; Services only, weight 0 left out. */
    readonly backends: readonly RouteBackend[];
  };
}

/** What a route attaches to: a Gateway from outside, or a Service within a mesh. */
export interface RouteParent {
  /** `Gateway` by default. */
  readonly kind: string;
  /** That of the route by default. */
  readonly namespace?: string;
  readonly name: string;
  /** The listener; all when absent. */
  readonly sectionName?: string;
  readonly port?: number;
}

/** A port of a Service that a route leads to. */
export interface RouteBackend {
  readonly service: string;
  /** That of the route by default; another one wants a ReferenceGrant there. */
  readonly namespace?: string;
  readonly port: number;
  /** Where it is written, from the object down. */
  readonly path: FieldPath;
}

/** `gateway.networking.k8s.io` ReferenceGrant: objects of other namespaces that may refer to objects of its own. */
export interface ReferenceGrant extends KubeObjectBase {
  readonly kind: 'ReferenceGrant';
  readonly spec: {
    readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[];
    /** Without name: every object of the kind. */
    readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string }[];
  };
}

/** Kinds that make pods from a template. */
export type WorkloadKind =
  | 'Deployment'
  | 'ReplicaSet'
  | 'StatefulSet'
  | 'DaemonSet'
  | 'Job'
  | 'CronJob'
  | 'ReplicationController';

export interface Workload extends KubeObjectBase {
  readonly kind: WorkloadKind;
  /** `spec.replicas` where it is written; kinds that are not scaled have none. */
  readonly replicas?: number;
  /** The pod template: labels and spec (for CronJob, that of the job template). */
  readonly template: { readonly labels: Readonly<Record<string, string>>; readonly spec: PodSpec };
}

/** Every object the engine understands. */
export type KubeObject =
  | NetworkPolicy
  | ClusterNetworkPolicy
  | Namespace
  | Pod
  | Node
  | Service
  | Ingress
  | Gateway
  | Route
  | ReferenceGrant
  | Workload;

/** The reference that messages and results carry for an object. */
export function objectRef(object: { readonly kind: string; readonly metadata: ObjectMeta }): ObjectRef {
  const { name, generateName, namespace } = object.metadata;
  return {
    kind: object.kind,
    ...(namespace === undefined ? {} : { namespace }),
    name: name !== '' ? name : (generateName ?? ''),
  };
}
