import type { ContainerPort, Protocol } from '../model/types.ts';
import type { Cidr } from '../net/cidr.ts';

/** How a lab is laid out. */
export interface LabOptions {
  /** Name of the lab; begins the names of its namespaces. */
  readonly name: string;
  /** Simulated nodes; absent: those that the input names, or one. */
  readonly nodes?: number;
  /** At most one range of each family; pods have addresses of these families. */
  readonly podCidrs: readonly Cidr[];
  /** Pods of one workload at most, whatever it asks for. */
  readonly maxReplicas: number;
  /** A lab of more pods is refused. */
  readonly maxPods: number;
}

/** A simulated node: a namespace that routes, filters and translates. */
export interface LabNode {
  readonly name: string;
  readonly namespace: string;
  /** Its place; never changes, names devices and sockets. */
  readonly slot: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  readonly podCidrs: readonly string[];
}

/** A pod: a namespace with one device, or for hostNetwork a part of its node's. */
export interface LabPod {
  /** `namespace/name` */
  readonly id: string;
  readonly podNamespace: string;
  readonly name: string;
  readonly node: string;
  /** Where its sockets live. */
  readonly namespace: string;
  readonly slot: number;
  readonly hostNetwork: boolean;
  /** At most one of each family. Those of the node where the pod is on its network. */
  readonly addresses: readonly string[];
  readonly ports: readonly ContainerPort[];
  readonly labels: Readonly<Record<string, string>>;
  readonly owner?: { readonly kind: string; readonly name: string };
}

/** A Service with its addresses and where each of its ports leads. */
export interface LabService {
  /** `namespace/name` */
  readonly id: string;
  /** None for a headless one. */
  readonly clusterIPs: readonly string[];
  readonly ports: readonly LabServicePort[];
  /** Ids of the pods that it selects. */
  readonly pods: readonly string[];
}

export interface LabServicePort {
  readonly protocol: Protocol;
  readonly port: number;
  readonly nodePort?: number;
  /** An entry for each address of each pod behind it, of both families. */
  readonly endpoints: readonly { readonly address: string; readonly port: number }[];
}

/** Everything that a lab is to be, as data. Addresses are text. */
export interface LabPlan {
  readonly name: string;
  readonly nodes: readonly LabNode[];
  readonly pods: readonly LabPod[];
  readonly services: readonly LabService[];
  /** Addresses that stand for the world outside. */
  readonly outside: readonly string[];
  /** What is not as the input asks for: sentences. */
  readonly warnings: readonly string[];
  readonly memory: LabMemory;
}

/** What a later plan keeps of this one, so that what is there stays as it is. */
export interface LabMemory {
  /** By node. */
  readonly nodeSlots: Readonly<Record<string, number>>;
  /** By pod id. */
  readonly podSlots: Readonly<Record<string, number>>;
  readonly podNodes: Readonly<Record<string, string>>;
  readonly podAddresses: Readonly<Record<string, readonly string[]>>;
  /** The address handed out last, by node block. */
  readonly lastAddress: Readonly<Record<string, string>>;
  /** By service `namespace/name`. */
  readonly clusterIPs: Readonly<Record<string, readonly string[]>>;
  /** By service port `namespace/name/port/protocol`. */
  readonly nodePorts: Readonly<Record<string, number>>;
}

/** The input asks for what a lab cannot be; the message is for the user. */
export class LabError extends Error {
  readonly hints: readonly string[];

  constructor(message: string, hints: readonly string[] = [], options?: ErrorOptions) {
    super(message, options);
    this.name = 'LabError';
    this.hints = hints;
  }
}
