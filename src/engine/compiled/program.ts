import type { NetworkPolicy, NetworkPolicyPort, Protocol } from '../../model/types.ts';
import { PortSet } from '../../net/port-set.ts';
import type { FlowProtocol } from '../verdict.ts';

/** A port that is named: it resolves at the destination pod (S26). */
export interface NamedPort {
  readonly protocol: Protocol;
  readonly name: string;
}

/** What a rule says of ports: a fixed set, and names still to be resolved at the destination. */
export interface PortSpec {
  readonly fixed: PortSet;
  readonly named: readonly NamedPort[];
}

/** One entry of a rule's `ports`, compiled. */
export type CompiledPort = PortSpec;

/** One rule. Indexes of `peers` and `ports` are those of the manifest; `null` is "any" (S22). */
export interface CompiledRule {
  readonly peers: readonly number[] | null;
  readonly ports: readonly CompiledPort[] | null;
  readonly spec: PortSpec;
}

/** A policy with its peers as ids. A direction that is `undefined` is not isolated by it. */
export interface CompiledPolicy {
  readonly id: number;
  readonly key: string;
  readonly policy: NetworkPolicy;
  readonly egress: readonly CompiledRule[] | undefined;
  readonly ingress: readonly CompiledRule[] | undefined;
}

/** The container ports of a pod that have names, as `protocol/name` to numbers. Pods with equal ports share one. */
export interface NamedPorts {
  readonly id: number;
  readonly byName: ReadonlyMap<string, PortSet>;
}

const PROTOCOLS: readonly string[] = ['TCP', 'UDP', 'SCTP'];

/** Compiles one entry of `ports`. An entry the API server would refuse admits nothing. */
export function compilePort(port: NetworkPolicyPort): CompiledPort {
  if (!PROTOCOLS.includes(port.protocol)) return { fixed: PortSet.EMPTY, named: [] };
  const protocol = port.protocol as Protocol;
  if (port.port === undefined) return { fixed: PortSet.allOf(protocol), named: [] };
  if (typeof port.port === 'string') return { fixed: PortSet.EMPTY, named: [{ protocol, name: port.port }] };
  return { fixed: PortSet.of(protocol, port.port, port.endPort ?? port.port), named: [] };
}

/** The union of several specs. */
export function mergeSpecs(specs: readonly PortSpec[]): PortSpec {
  const [first] = specs;
  if (first !== undefined && specs.length === 1) return first;
  let fixed = PortSet.EMPTY;
  const named = new Map<string, NamedPort>();
  for (const spec of specs) {
    fixed = fixed.union(spec.fixed);
    for (const port of spec.named) named.set(`${port.protocol}/${port.name}`, port);
  }
  return { fixed, named: [...named.values()] };
}

export const EVERY_PORT: PortSpec = { fixed: PortSet.ALL, named: [] };

/** A spec with its names resolved at a destination; a name that the destination lacks adds nothing (S26, S27). */
export function resolveSpec(spec: PortSpec, destination: NamedPorts | undefined): PortSet {
  let ports = spec.fixed;
  if (destination !== undefined) {
    for (const { protocol, name } of spec.named) {
      const resolved = destination.byName.get(`${protocol}/${name}`);
      if (resolved !== undefined) ports = ports.union(resolved);
    }
  }
  return ports;
}

/**
 * What all policies that isolate a pod in one direction admit together (S8): a port spec for every peer id, and one for
 * everybody. Pods isolated by the same policies share one program.
 */
export class DirectionProgram {
  readonly id: number;
  readonly policies: readonly CompiledPolicy[];
  /** Admitted for every peer, also outside the cluster; undefined when no rule is that wide. */
  readonly any: PortSpec | undefined;
  readonly byPeer: ReadonlyMap<number, PortSpec>;
  /** Whether any spec names a port: answers then depend on the destination. */
  readonly hasNamed: boolean;

  constructor(id: number, policies: readonly CompiledPolicy[], direction: 'egress' | 'ingress') {
    this.id = id;
    this.policies = policies;
    const any: PortSpec[] = [];
    const byPeer = new Map<number, PortSpec[]>();
    for (const policy of policies) {
      for (const rule of policy[direction] ?? []) {
        if (rule.peers === null) any.push(rule.spec);
        for (const peer of rule.peers ?? []) {
          const specs = byPeer.get(peer);
          if (specs === undefined) byPeer.set(peer, [rule.spec]);
          else specs.push(rule.spec);
        }
      }
    }
    this.any = any.length === 0 ? undefined : mergeSpecs(any);
    this.byPeer = new Map([...byPeer].map(([peer, specs]) => [peer, mergeSpecs(specs)]));
    this.hasNamed = [...(this.any?.named ?? []), ...[...this.byPeer.values()].flatMap((spec) => spec.named)].length > 0;
  }

  /**
   * The ports admitted for a peer.
   * @param peers ids of the pod peers that match it @param blocks ids of the blocks that hold it
   * @param destination whose container ports resolve names
   */
  ports(peers: ReadonlySet<number>, blocks: readonly number[], destination: NamedPorts | undefined): PortSet {
    let ports = this.any === undefined ? PortSet.EMPTY : resolveSpec(this.any, destination);
    if (this.byPeer.size <= peers.size) {
      for (const [peer, spec] of this.byPeer) if (peers.has(peer)) ports = ports.union(resolveSpec(spec, destination));
    } else {
      for (const peer of peers) {
        const spec = this.byPeer.get(peer);
        if (spec !== undefined) ports = ports.union(resolveSpec(spec, destination));
      }
    }
    for (const block of blocks) {
      const spec = this.byPeer.get(block);
      if (spec !== undefined) ports = ports.union(resolveSpec(spec, destination));
    }
    return ports;
  }

  /** Whether one port is admitted for a peer: as {@link ports}, but it stops at the first rule that admits it. */
  admits(
    peers: ReadonlySet<number>,
    blocks: readonly number[],
    destination: NamedPorts | undefined,
    protocol: FlowProtocol,
    port: number,
  ): boolean {
    if (this.any !== undefined && specContains(this.any, destination, protocol, port)) return true;
    if (this.byPeer.size <= peers.size) {
      for (const [peer, spec] of this.byPeer) {
        if (peers.has(peer) && specContains(spec, destination, protocol, port)) return true;
      }
    } else {
      for (const peer of peers) {
        const spec = this.byPeer.get(peer);
        if (spec !== undefined && specContains(spec, destination, protocol, port)) return true;
      }
    }
    for (const block of blocks) {
      const spec = this.byPeer.get(block);
      if (spec !== undefined && specContains(spec, destination, protocol, port)) return true;
    }
    return false;
  }
}

/** Whether a spec holds one port, names resolved at the destination. `other` is held by "every port" only. */
export function specContains(
  spec: PortSpec,
  destination: NamedPorts | undefined,
  protocol: FlowProtocol,
  port: number,
): boolean {
  if (protocol === 'other') return spec.fixed.other;
  if (spec.fixed.contains(protocol, port)) return true;
  return spec.named.some(
    (named) =>
      named.protocol === protocol &&
      destination?.byName.get(`${protocol}/${named.name}`)?.contains(protocol, port) === true,
  );
}
