import type { Direction, FlowEnd, PolicyRef, RuleRef, Verdict } from '../engine/index.ts';
import { formatAddress } from '../net/address.ts';
import { LOG_PREFIX, type NodeCompiler } from '../nft/index.ts';
import type { LoggedPacket } from './kernel/kernel.ts';
import { endOf } from './revoker.ts';

/** One end of a connection in the flow log. */
export interface LoggedEnd {
  readonly address: string;
  readonly port?: number;
  readonly namespace?: string;
  readonly pod?: string;
  /** `Kind/name` of the workload that the pod belongs to. */
  readonly workload?: string;
  readonly node?: string;
}

/** A denied connection as a line of the flow log. Other programs read it: fields may be added, none renamed. */
export interface DenialRecord {
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  readonly node: string;
  readonly verdict: 'denied';
  /** The packet was let through: this is what enforcement would deny. */
  readonly audit?: true;
  /** The direction, seen from the pod whose policies denied. */
  readonly direction: Direction;
  readonly source: LoggedEnd;
  readonly destination: LoggedEnd;
  /** `TCP`, `UDP`, `SCTP`, `ICMP`, `ICMPv6`, or the protocol's number. */
  readonly protocol: string;
  /** Destination port, of protocols that have ports. */
  readonly port?: number;
  /** What decided; `unknown-pod` for an address in the pod range of the node that no known pod has (strict mode). */
  readonly tier: 'admin' | 'networkpolicy' | 'baseline' | 'unknown-pod';
  /** The NetworkPolicies that isolate the pod. */
  readonly policies: readonly PolicyRef[];
  /** The rule that denied, of cluster-wide policies. */
  readonly rule?: RuleRef;
}

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'ICMP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [58, 'ICMPv6'],
  [132, 'SCTP'],
]);

/**
 * Says what a logged packet was: who sent it, who was to get it, and whose policies denied it. Undefined when policies
 * have changed since and admit it now, or when the packet is none of ours.
 */
export function describeDenial(
  compiler: NodeCompiler,
  packet: LoggedPacket,
  { node, audit, time }: { readonly node: string; readonly audit: boolean; readonly time: Date },
): DenialRecord | undefined {
  const direction = directionOf(packet.prefix);
  if (direction === undefined) return undefined;
  const from = endOf(compiler, packet.source);
  const to = endOf(compiler, packet.destination);
  const protocol = PROTOCOL_NAMES.get(packet.protocol) ?? String(packet.protocol);
  const port = packet.destinationPort;
  const base = {
    time: time.toISOString(),
    node,
    verdict: 'denied' as const,
    ...(audit ? { audit: true as const } : {}),
    direction,
    source: endRecord(from, formatAddress(packet.source), packet.sourcePort),
    destination: endRecord(to, formatAddress(packet.destination), undefined),
    protocol,
    ...(port === undefined ? {} : { port }),
  };
  const subject = direction === 'egress' ? from : to;
  if (subject.type !== 'pod') return { ...base, tier: 'unknown-pod', policies: [] };
  const { tier, isolatedBy, decidedBy, allowed } = verdictOf(compiler, from, to, packet)[direction];
  if (allowed || (tier !== 'admin' && tier !== 'networkpolicy' && tier !== 'baseline')) return undefined;
  return { ...base, tier, policies: isolatedBy, ...(decidedBy === null ? {} : { rule: decidedBy }) };
}

function verdictOf(compiler: NodeCompiler, from: FlowEnd, to: FlowEnd, packet: LoggedPacket): Verdict {
  const name = PROTOCOL_NAMES.get(packet.protocol);
  return compiler.index.verdict({
    from,
    to,
    family: packet.source.family,
    protocol: name === 'TCP' || name === 'UDP' || name === 'SCTP' ? name : 'other',
    port: packet.destinationPort ?? 0,
  });
}

function directionOf(prefix: string): Direction | undefined {
  const [found] = Object.entries(LOG_PREFIX).find(([, text]) => prefix.trim() === text) ?? [];
  return found === 'egress' || found === 'ingress' ? found : undefined;
}

function endRecord(end: FlowEnd, address: string, port: number | undefined): LoggedEnd {
  const base = { address, ...(port === undefined ? {} : { port }) };
  if (end.type === 'host') return { ...base, ...(end.node === undefined ? {} : { node: end.node }) };
  if (end.type !== 'pod') return base;
  const { namespace, name, owner, labels, node } = end.pod;
  return {
    ...base,
    namespace,
    pod: name,
    ...(owner === undefined ? {} : { workload: workloadName(owner, labels['pod-template-hash']) }),
    ...(node === undefined ? {} : { node }),
  };
}

/** A ReplicaSet that carries the hash of a Deployment's template in its name is told as the Deployment. */
function workloadName(
  { kind, name }: { readonly kind: string; readonly name: string },
  hash: string | undefined,
): string {
  if (kind === 'ReplicaSet' && hash !== undefined && name.endsWith(`-${hash}`)) {
    return `Deployment/${name.slice(0, -hash.length - 1)}`;
  }
  return `${kind}/${name}`;
}
