/** Connections written as text, and the implementations of "is it allowed?" that must agree on them. */

import { type ClusterState, evaluate, type Flow, type FlowEnd, PolicyIndex } from '../../src/engine/index.ts';
import type { FlowProtocol } from '../../src/engine/verdict.ts';
import { type Address, type Family, parseAddress } from '../../src/net/address.ts';

export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

/**
 * An end by name: `ns/name` or `ns/name[Kind]` of a pod (a hostNetwork pod is its node), `node/NAME` with its first
 * address, `node/NAME@ADDRESS`, or an address outside the cluster.
 */
export function endOf(state: ClusterState, text: string): FlowEnd {
  const outside = parseAddress(text);
  if (outside !== undefined) return { type: 'address', address: outside };
  if (text.startsWith('node/')) {
    const [name = '', picked] = text.slice('node/'.length).split('@');
    const first = state.nodes.get(name)?.addresses[0];
    return { type: 'host', node: name, address: picked === undefined ? first : address(picked) };
  }
  const pod = state.pods.get(text.endsWith(']') ? text : `${text}[Pod]`);
  if (pod === undefined) throw new Error(`no such pod: ${text}`);
  return pod.hostNetwork ? { type: 'host', node: pod.node, address: pod.addresses[0] } : { type: 'pod', pod };
}

/** The families that an end can use; both when its address is unknown. */
export function endFamilies(end: FlowEnd): readonly Family[] {
  if (end.type === 'pod' && end.pod.addresses.length > 0) return end.pod.addresses.map(({ family }) => family);
  if ((end.type === 'address' || end.type === 'host') && end.address !== undefined) return [end.address.family];
  return ['IPv4', 'IPv6'];
}

/**
 * A flow as text.
 * @param port `80/TCP`, or `ICMP` for a protocol without ports
 * @param family the first that both ends have, when not given
 */
export function flowOf(state: ClusterState, from: string, to: string, port: string, family?: Family): Flow {
  const ends = { from: endOf(state, from), to: endOf(state, to) };
  const common = endFamilies(ends.from).find((candidate) => endFamilies(ends.to).includes(candidate));
  const chosen = family ?? common;
  if (chosen === undefined) throw new Error(`${from} and ${to} have no address family in common`);
  if (port === 'ICMP') return { ...ends, family: chosen, protocol: 'other', port: 0 };
  const [number, protocol] = port.split('/');
  return { ...ends, family: chosen, protocol: protocol as FlowProtocol, port: Number(number) };
}

/** One way to answer whether a flow is allowed. */
export interface Judge {
  readonly name: string;
  allows(flow: Flow): boolean;
}

/** Every implementation over one index and its state: shared tables run against each of them. */
export function judgesOf(index: PolicyIndex): readonly Judge[] {
  return [
    { name: 'reference', allows: (flow) => evaluate(index.state, flow).allowed },
    { name: 'index.verdict', allows: (flow) => index.verdict(flow).allowed },
    {
      name: 'index.allows',
      allows: ({ from, to, family, protocol, port }) => index.allows(from, to, family, protocol, port),
    },
    {
      name: 'index.ports',
      allows: ({ from, to, family, protocol, port }) => {
        const { egress, ingress } = index.ports(from, to, family);
        const both = egress.intersect(ingress);
        return protocol === 'other' ? both.other : both.contains(protocol, port);
      },
    },
  ];
}

/** {@link judgesOf} a state that does not change. */
export function judges(state: ClusterState): readonly Judge[] {
  return judgesOf(new PolicyIndex(state));
}
