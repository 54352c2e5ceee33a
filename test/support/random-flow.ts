/** Connections worth asking about in a cluster: every end there is, and addresses and ports at the edges of its policies. */

import fc from 'fast-check';
import { unknownFamilies } from '../../src/engine/build.ts';
import type { ClusterState, Flow, FlowEnd } from '../../src/engine/index.ts';
import type { FlowProtocol } from '../../src/engine/verdict.ts';
import type { IPBlock, NetworkPolicyPort } from '../../src/model/types.ts';
import { type Address, type Family, formatAddress, lastAddress } from '../../src/net/address.ts';
import { AddressSet } from '../../src/net/address-set.ts';
import { parseCidr } from '../../src/net/cidr.ts';
import { endFamilies } from './flows.ts';
import { DOMAIN_NAMES } from './random-cluster-policy.ts';

/** Numbers from which {@link flowFrom} picks the parts of a flow, whatever the cluster has. */
export type FlowPick = readonly [from: number, to: number, family: number, protocol: number, port: number];

const pickNumber = fc.nat(9999);
const onePick: fc.Arbitrary<FlowPick> = fc.tuple(pickNumber, pickNumber, pickNumber, pickNumber, pickNumber);

export function flowPicks(count: number): fc.Arbitrary<readonly FlowPick[]> {
  return fc.noBias(fc.array(onePick, { minLength: 1, maxLength: count, size: 'max' }));
}

/** What flows in a cluster are made of. */
export interface FlowParts {
  readonly pods: readonly FlowEnd[];
  /** Nodes and external addresses. */
  readonly others: readonly FlowEnd[];
  readonly ports: readonly number[];
  /** Families of pods whose address is unknown. */
  readonly unknown: readonly Family[];
}

/** The ends and ports of a state. External addresses are those at the edges of blocks; none is that of a pod or node. */
export function flowParts(state: ClusterState): FlowParts {
  const blocks = [...state.policies.values()].flatMap(({ spec }) => [
    ...spec.ingress.flatMap(({ from }) => from.map((peer) => peer.ipBlock)),
    ...spec.egress.flatMap(({ to }) => to.map((peer) => peer.ipBlock)),
  ]);
  const networks = [...state.clusterPolicies.values()].flatMap(({ spec }) =>
    spec.egress.flatMap(({ peers }) =>
      peers
        .flatMap((peer) => (peer.type === 'networks' ? peer.networks : []))
        .map((block) => ({ cidr: block, except: [] })),
    ),
  );
  return {
    pods: podEnds(state),
    others: [
      ...hostEnds(state),
      ...externalEnds(state, [...blocks, ...networks]),
      ...domainEnds(state),
      ...unseenEnds(state),
    ],
    ports: edgePorts(state),
    unknown: unknownFamilies(state),
  };
}

function podEnds(state: ClusterState): FlowEnd[] {
  return [...state.pods.values()].map((pod) =>
    pod.hostNetwork ? { type: 'host', node: pod.node, address: pod.addresses[0] } : { type: 'pod', pod },
  );
}

function hostEnds(state: ClusterState): FlowEnd[] {
  return [...state.nodes.values()].flatMap(({ name, addresses }) =>
    [...addresses, undefined].map((address): FlowEnd => ({ type: 'host', node: name, address })),
  );
}

/** Names at and below those that policies give. */
function domainEnds(state: ClusterState): FlowEnd[] {
  if (state.clusterPolicies.size === 0) return [];
  return [...DOMAIN_NAMES, 'API.example.io', 'x.api.example.io', 'notexample.io'].map((name) => ({
    type: 'domain',
    name,
  }));
}

/** Pods that the state does not hold: of an unknown or a known namespace, with unknown or known labels. */
function unseenEnds(state: ClusterState): FlowEnd[] {
  const [namespace] = state.namespaces.values();
  const labels = { app: 'a' };
  return [
    { type: 'unseen' },
    { type: 'unseen', labels },
    ...(namespace === undefined
      ? []
      : ([
          { type: 'unseen', namespace },
          { type: 'unseen', namespace, labels },
        ] as const)),
  ];
}

function externalEnds(state: ClusterState, blocks: readonly (IPBlock | undefined)[]): FlowEnd[] {
  const known = [...state.pods.values(), ...state.nodes.values()].flatMap(({ addresses }) => addresses);
  const taken = AddressSet.unionOf(known.map((address) => AddressSet.ofAddress(address)));
  const found = new Map<string, Address>();
  const add = (family: Family, value: bigint): void => {
    const address = { family, value };
    if (value < 0n || value > lastAddress(family) || taken.contains(address)) return;
    found.set(formatAddress(address), address);
  };
  for (const text of blocks.flatMap((block) => (block === undefined ? [] : [block.cidr, ...block.except]))) {
    const block = parseCidr(text)?.cidr;
    if (block === undefined) continue;
    for (const { family, first, last } of AddressSet.ofCidr(block).ranges) {
      for (const value of [first - 1n, first, last, last + 1n]) add(family, value);
    }
  }
  add('IPv4', 0xc6336401n);
  add('IPv6', 1n);
  return [...found.values()].map((address) => ({ type: 'address', address }));
}

function edgePorts(state: ClusterState): number[] {
  const ports = new Set([1, 80, 65535]);
  const edges = ({ port, endPort }: NetworkPolicyPort): number[] =>
    typeof port === 'number' ? [port - 1, port, endPort ?? port, (endPort ?? port) + 1] : [];
  for (const { spec } of state.policies.values()) {
    for (const rule of [...spec.ingress, ...spec.egress]) for (const port of rule.ports.flatMap(edges)) ports.add(port);
  }
  for (const { spec } of state.clusterPolicies.values()) {
    for (const port of [...spec.ingress, ...spec.egress].flatMap((rule) => rule.ports ?? [])) {
      if ('first' in port) for (const edge of [port.first - 1, port.first, port.last, port.last + 1]) ports.add(edge);
    }
  }
  for (const pod of state.pods.values()) for (const { containerPort } of pod.ports) ports.add(containerPort);
  return [...ports].filter((port) => port >= 1 && port <= 65535);
}

const PROTOCOLS: readonly FlowProtocol[] = ['TCP', 'UDP', 'SCTP', 'other'];

/** The flow that a pick stands for; undefined when its ends share no address family. */
export function flowFrom(parts: FlowParts, [from, to, family, protocol, port]: FlowPick): Flow | undefined {
  const ends = { from: pickEnd(parts, from), to: pickEnd(parts, to) };
  const common = familiesOf(ends.from, parts).filter((candidate) => familiesOf(ends.to, parts).includes(candidate));
  if (common.length === 0) return undefined;
  return { ...ends, family: pick(common, family), protocol: pick(PROTOCOLS, protocol), port: pick(parts.ports, port) };
}

function familiesOf(end: FlowEnd, { unknown }: FlowParts): readonly Family[] {
  const isUnknown = end.type === 'unseen' || (end.type === 'pod' && end.pod.addresses.length === 0);
  return isUnknown ? unknown : endFamilies(end);
}

/** Pods three times out of four. */
function pickEnd({ pods, others }: FlowParts, number: number): FlowEnd {
  return pick(number % 4 < 3 && pods.length > 0 ? pods : others, Math.floor(number / 4));
}

function pick<T>(list: readonly T[], number: number): T {
  return list[number % list.length] as T;
}

/** A flow on one line, for messages. */
export function flowText({ from, to, family, protocol, port }: Flow): string {
  return `${endText(from)} -> ${endText(to)} ${protocol === 'other' ? 'ICMP' : `${port}/${protocol}`} on ${family}`;
}

function endText(end: FlowEnd): string {
  switch (end.type) {
    case 'pod':
      return end.pod.id;
    case 'host':
      return `node ${end.node ?? 'unknown'} (${end.address === undefined ? 'unknown' : formatAddress(end.address)})`;
    case 'address':
      return formatAddress(end.address);
    case 'domain':
      return end.name;
    case 'unseen':
      return `an unseen pod of ${end.namespace?.name ?? 'some namespace'} with ${JSON.stringify(end.labels ?? 'some labels')}`;
  }
}
