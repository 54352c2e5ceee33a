import { say } from '../../model/say.ts';
import type { SourcePosition } from '../../model/source.ts';
import type { Protocol } from '../../model/types.ts';

/** One end of an observed connection, as far as the log tells. */
export interface FlowPeer {
  /** As in `can`: set by CSV, whose columns have names. */
  readonly name?: string;
  readonly namespace?: string;
  readonly pod?: string;
  /** `cart`, `Deployment/cart` or `cart[Deployment]`. */
  readonly workload?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly address?: string;
}

/** One line of a flow log: somebody connected to somebody, and it went through. */
export interface ObservedFlow {
  readonly from: FlowPeer;
  readonly to: FlowPeer;
  /** `other` is ICMP and every protocol without ports, which no rule can name. */
  readonly protocol: Protocol | 'other';
  /** Destination ports, inclusive; 0 to 0 for `other`. */
  readonly first: number;
  readonly last: number;
  /** How often the log has it. */
  readonly count: number;
  /** Where it stands first. */
  readonly source: SourcePosition;
}

/** Which kind of text a log is. */
export type FlowFormat = 'portcullis' | 'hubble' | 'csv';

/** Collects flows, equal ones once. */
export class FlowCollector {
  readonly #flows = new Map<string, ObservedFlow>();

  /** Adds a flow that was seen once, unless it says how often. */
  add({ count = 1, ...flow }: Omit<ObservedFlow, 'count'> & { readonly count?: number }): void {
    const key = JSON.stringify([flow.from, flow.to, flow.protocol, flow.first, flow.last]);
    const known = this.#flows.get(key);
    this.#flows.set(key, known === undefined ? { ...flow, count } : { ...known, count: known.count + count });
  }

  /** In the order in which they were first seen. */
  flows(): ObservedFlow[] {
    return [...this.#flows.values()];
  }
}

/** An end in words, for messages. */
export function peerWords({ name, namespace, pod, workload, address }: FlowPeer): string {
  if (name !== undefined) return name;
  const own = pod ?? workload;
  if (own !== undefined) return namespace === undefined ? own : `${namespace}/${own}`;
  return address ?? (namespace === undefined ? say`an unknown end` : say`a pod of ${namespace}`);
}

/** A flow in words, for messages. */
export function flowWords({ from, to, protocol, first, last }: ObservedFlow): string {
  const port = protocol === 'other' ? say`ICMP or another protocol without ports` : portWords(protocol, first, last);
  return say`${peerWords(from)} to ${peerWords(to)} on ${port}`;
}

/** `80/TCP`, `8000-8080/TCP`. */
export function portWords(protocol: Protocol, first: number, last: number): string {
  return `${first === last ? first : `${first}-${last}`}/${protocol}`;
}
