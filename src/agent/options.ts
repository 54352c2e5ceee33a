import type { Clock } from '../kube/clock.ts';
import type { Pause } from '../kube/slices.ts';
import type { ObjectSource } from '../kube/source.ts';
import type { AddressSet } from '../net/address-set.ts';
import type { ListenAddress } from './endpoint.ts';
import type { Kernel } from './kernel/kernel.ts';

/** What a source tells besides objects, where it can. */
export interface SourceListener {
  /** A digest of what has been told until now. */
  readonly onRead: (digest: string) => void;
  /** A watch of a resource, in the plural, was begun again. */
  readonly onRestart: (resource: string) => void;
}

/** Where the agent says what it does; a logger of pino is one. */
export type AgentLog = Readonly<Record<'debug' | 'info' | 'warn' | 'error', (fields: object, message: string) => void>>;

export interface AgentOptions {
  /** Name of the node, as pods have it in `spec.nodeName`. */
  readonly node: string;
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly log: AgentLog;
  /** Makes the source of the cluster's objects. */
  readonly source: (listener: SourceListener) => ObjectSource;
  readonly denial: 'drop' | 'reject';
  readonly audit: boolean;
  /** Addresses in the pod range of the node that no known pod has are denied. */
  readonly strict: boolean;
  /** What errors of the input hide is left out on purpose: neither the start nor readiness waits for it. */
  readonly skipInvalid?: boolean;
  /** The pod range in strict mode, besides that of the Node object. */
  readonly podRange: AddressSet;
  /** Where denials are written, a line each; absent: they are counted only. */
  readonly flowLog?: {
    /** Answers whether the line was taken; else it is counted as lost. */
    readonly write: (line: string) => boolean;
    readonly group: number;
    /** Lines per second and pod. */
    readonly ratePerSecond: number;
    readonly burst: number;
  };
  readonly listen?: ListenAddress;
  /** How long connections are watched that are older than connection tracking, before anything is enforced, in milliseconds. */
  readonly adoptMs: number;
  readonly version: string;
  /** Makes the pauses of long work; by the clock of the process when absent. */
  readonly pauses?: () => Pause;
}

/** Why the agent cannot start, in lines for the user. */
export class AgentError extends Error {
  readonly code = 'agent';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.name = 'AgentError';
    this.problems = problems;
  }
}
