import type { ObjectRef, SourcePosition } from '../model/source.ts';
import type { Protocol } from '../model/types.ts';
import type { Family } from '../net/address.ts';

/** Direction of a connection as seen from a pod: `egress` at its source, `ingress` at its destination. */
export type Direction = 'egress' | 'ingress';

/** `other` stands for ICMP and every protocol without ports: only rules that name no ports admit it (S50, S51). */
export type FlowProtocol = Protocol | 'other';

/**
 * What decided a direction:
 * `admin`, `networkpolicy`, `baseline`: a policy of that tier;
 * `default`: no policy isolates the pod, or the end is not a pod (S1, S11, S13);
 * `self`: a pod reaches itself (S15); `node`: traffic with the pod's own node (S16);
 * `route`: an ingress controller connects to what Ingresses and routes lead it to, and to nothing else.
 */
export type Tier = 'admin' | 'networkpolicy' | 'baseline' | 'default' | 'self' | 'node' | 'route';

/** A policy as results name it, with the place it was read from where there is one. */
export interface PolicyRef extends ObjectRef {
  readonly source?: SourcePosition;
}

/** The rule that decided: indexes count from 0 as in `spec.ingress[0].from[1]`; `null` where the rule leaves that part open. */
export interface RuleRef {
  readonly policy: PolicyRef;
  readonly rule: number;
  /** The rule's `name`, where a cluster-wide policy gives it one. */
  readonly ruleName?: string;
  readonly peer: number | null;
  readonly port: number | null;
  readonly action: 'Allow' | 'Accept' | 'Deny' | 'Pass';
  readonly source?: SourcePosition;
}

/** A rule that would have admitted the connection but for one thing. */
export interface NearMiss {
  readonly policy: PolicyRef;
  readonly rule: number;
  /** Index of the peer that nearly matched, where the rule has peers. */
  readonly peer?: number;
  /**
   * `port`: the peer matches, the port does not; `protocol`: the port number is right for another protocol;
   * `labels`: the pod's labels do not match; `namespace`: the pod matches in a namespace that does not;
   * `except`: the address is inside the block but carved out; `address`: the block does not hold the address;
   * `named-port`: the destination has no container port of that name and protocol.
   */
  readonly missed: 'port' | 'protocol' | 'labels' | 'namespace' | 'except' | 'address' | 'named-port';
  /** One line such as `allows 7070/TCP, not 8080/TCP`. */
  readonly message: string;
  readonly source?: SourcePosition;
}

/** The decision for one direction. */
export interface DirectionVerdict {
  readonly allowed: boolean;
  readonly tier: Tier;
  /** `null` when no single rule decided: the default, or isolation without a matching rule. */
  readonly decidedBy: RuleRef | null;
  /**
   * NetworkPolicies that isolate the pod in this direction, by name, also where another tier decided. Empty when it is
   * not isolated, not a pod, or when the connection is with itself or its own node.
   */
  readonly isolatedBy: readonly PolicyRef[];
  /** Pass rules that handed the connection on to the next tier, in order; absent when there are none. */
  readonly passedBy?: readonly RuleRef[];
  /** Ingresses and routes that lead there; with tier `route` only. */
  readonly routes?: readonly PolicyRef[];
  /** Only when denied. In policy and rule order. */
  readonly nearMisses: readonly NearMiss[];
}

/** The full answer for one connection in one address family. Both directions must allow (S10). */
export interface Verdict {
  readonly allowed: boolean;
  readonly family: Family;
  readonly egress: DirectionVerdict;
  readonly ingress: DirectionVerdict;
}
