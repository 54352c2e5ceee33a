/** What a picture of reachability shows, before it is drawn. All orders are fixed by the input. */
export interface Picture {
  /** In the order of their titles; the outside first and last. */
  readonly frames: readonly Frame[];
  readonly edges: readonly Edge[];
  /** One sentence on what the picture leaves out, where it does. */
  readonly note?: string;
}

/** A group of boxes: a namespace, the nodes, the outside as source or as destination, or what spans namespaces. */
export interface Frame {
  readonly id: string;
  readonly kind: 'namespace' | 'nodes' | 'from-outside' | 'to-outside' | 'cluster';
  readonly title: string;
  readonly boxes: readonly Box[];
}

/** Which directions NetworkPolicies isolate; `mixed` for boxes of ends that differ. */
export type Isolation = 'both' | 'ingress' | 'egress' | 'none' | 'mixed';

/** One or more endpoints that connect alike, or a stand-in for all boxes of a frame. */
export interface Box {
  /** `b1`, `b2`: safe in every format. */
  readonly id: string;
  readonly kind: 'workload' | 'host' | 'node' | 'external' | 'domain' | 'ingress-controller' | 'all' | 'overview';
  readonly title: string;
  /** Below the title: what it is, then names where it stands for many. */
  readonly lines: readonly string[];
  /** Pods only. */
  readonly isolation?: Isolation;
  /** Ports that are open between its own members; with ` (some pairs)` where not between all. */
  readonly among?: string;
  /** Ids of the endpoints it stands for. */
  readonly members: readonly string[];
}

export interface Edge {
  /** Ids of boxes. */
  readonly from: string;
  readonly to: string;
  readonly ports: string;
  /** All ports. */
  readonly open: boolean;
  /** Not every pair of members is open on these ports: some are. */
  readonly partial: boolean;
}

/** How the state of isolation is called, in every format. */
export const ISOLATION_TEXT: Readonly<Record<Isolation, string>> = {
  both: 'isolated in + out',
  ingress: 'isolated in, out open',
  egress: 'isolated out, in open',
  none: 'not isolated',
  mixed: 'isolation differs',
};
