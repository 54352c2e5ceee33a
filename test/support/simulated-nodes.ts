/** The simulated rulesets of every node of a cluster, as one more judge of flows. */

import { isDeepStrictEqual } from 'node:util';
import type { ClusterState, Flow, FlowEnd, PodInfo, PolicyIndex } from '../../src/engine/index.ts';
import { isOwnNode } from '../../src/engine/state.ts';
import { type Address, formatAddress } from '../../src/net/address.ts';
import {
  type CompileOptions,
  compileNode,
  DEFAULT_OPTIONS,
  type Fate,
  type NodeCompiler,
  type Packet,
  type Ruleset,
  simulate,
} from '../../src/nft/index.ts';
import type { Judge } from './flows.ts';

export const NODE_NAMES: readonly string[] = ['n0', 'n1', 'n2'];

/**
 * A state as a kernel can have it: every pod has a node, and addresses that no other pod and no node has. Pods of
 * unknown address get some of both families, and nothing stands for unknown addresses any more.
 */
export function settled(state: ClusterState): ClusterState {
  const taken = new Set([...state.nodes.values()].flatMap(({ addresses }) => addresses.map(formatAddress)));
  const pods = new Map(state.pods);
  let next = 0n;
  for (const [at, pod] of [...state.pods.values()].entries()) {
    const node = pod.node ?? NODE_NAMES[at % NODE_NAMES.length] ?? '';
    let addresses = pod.addresses;
    if (
      !pod.hostNetwork &&
      (addresses.length === 0 || addresses.some((address) => taken.has(formatAddress(address))))
    ) {
      const number = next++;
      addresses = [
        { family: 'IPv4', value: 0x0a14_0001n + number },
        { family: 'IPv6', value: (0xfd20n << 112n) + 1n + number },
      ];
    }
    if (!pod.hostNetwork) for (const address of addresses) taken.add(formatAddress(address));
    // A template becomes one pod: on a node there are no others.
    pods.set(pod.id, { ...pod, kind: 'Pod', node, addresses });
  }
  return { ...state, pods, podCidrs: state.podCidrs.subtract(state.podCidrs) };
}

/**
 * The state with every pod of an own address on one of three nodes, in turn. hostNetwork pods stay where their node is one
 * of these and nobody else has their address; whether the Node object lists it does not matter.
 */
export function placed(state: ClusterState): ClusterState {
  const nodeOf = new Map<string, string | undefined>();
  for (const { name, addresses } of state.nodes.values()) {
    for (const address of addresses) nodeOf.set(formatAddress(address), name);
  }
  for (const { addresses } of podsOf(state)) {
    for (const address of addresses) nodeOf.set(formatAddress(address), undefined);
  }
  const isThere = ({ hostNetwork, node, addresses }: PodInfo): boolean => {
    if (!hostNetwork) return true;
    const texts = addresses.map(formatAddress);
    if (!NODE_NAMES.includes(node ?? '') || texts.some((text) => nodeOf.has(text) && nodeOf.get(text) !== node)) {
      return false;
    }
    for (const text of texts) nodeOf.set(text, node);
    return true;
  };
  const pods = new Map([...state.pods].filter(([, pod]) => isThere(pod)));
  for (const [slot, pod] of podsOf(state).entries()) pods.set(pod.id, { ...pod, node: nodeOfSlot(slot) });
  return { ...state, pods };
}

/** The pods that have an address of their own, in the order of their places. */
export function podsOf(state: ClusterState): PodInfo[] {
  return [...state.pods.values()].filter((pod) => !pod.hostNetwork);
}

/** The node of the pod at a place in {@link podsOf}. */
export function nodeOfSlot(slot: number, names: readonly string[] = NODE_NAMES): string {
  return names[slot % names.length] ?? '';
}

/** Tells a compiler what makes one state of another, as a source does: only objects that differ. */
export function tellChanges(compiler: NodeCompiler, from: ClusterState, to: ClusterState): void {
  for (const id of from.pods.keys()) if (!to.pods.has(id)) compiler.removePod(id);
  for (const key of from.policies.keys()) if (!to.policies.has(key)) compiler.removePolicy(key);
  for (const key of from.clusterPolicies.keys()) if (!to.clusterPolicies.has(key)) compiler.removePolicy(key);
  for (const name of from.nodes.keys()) if (!to.nodes.has(name)) compiler.removeNode(name);
  for (const { declared, name } of from.namespaces.values()) {
    if (declared && to.namespaces.get(name)?.declared !== true) compiler.removeNamespace(name);
  }
  for (const namespace of differing(from.namespaces, to.namespaces)) {
    if (namespace.declared) compiler.setNamespace(namespace);
  }
  for (const node of differing(from.nodes, to.nodes)) compiler.setNode(node);
  for (const policy of differing(from.policies, to.policies)) compiler.setPolicy(policy);
  for (const policy of differing(from.clusterPolicies, to.clusterPolicies)) compiler.setPolicy(policy);
  for (const pod of differing(from.pods, to.pods)) compiler.setPod(pod);
}

function differing<T>(from: ReadonlyMap<string, T>, to: ReadonlyMap<string, T>): T[] {
  return [...to].filter(([key, one]) => !isDeepStrictEqual(from.get(key), one)).map(([, one]) => one);
}

/** The rulesets of the nodes that pods are on. */
export function compileNodes(index: PolicyIndex, options: CompileOptions = DEFAULT_OPTIONS): Map<string, Ruleset> {
  const nodes = new Set([...index.state.pods.values()].flatMap(({ node }) => node ?? []));
  return new Map(Array.from(nodes, (node) => [node, compileNode(index, node, options)]));
}

/** Whether the rulesets let the first packet of a flow through; undefined for ends that have no address to send from or to. */
export function simulatedAllows(rulesets: ReadonlyMap<string, Ruleset>, flow: Flow): boolean | undefined {
  const fate = simulatedFate(rulesets, flow);
  return fate === undefined ? undefined : fate === 'accept';
}

/** The simulated rulesets of an index's nodes as a judge of flows between ends that have addresses. */
export function simulatedJudge(index: PolicyIndex): Judge {
  const rulesets = compileNodes(index);
  return { name: 'simulated rulesets', allows: (flow) => simulatedFate(rulesets, flow) === 'accept' };
}

/** What the rulesets make of the first packet of a flow, on the nodes that it passes in order. */
export function simulatedFate(rulesets: ReadonlyMap<string, Ruleset>, flow: Flow): Fate['verdict'] | undefined {
  const saddr = addressOf(flow.from, flow);
  const daddr = addressOf(flow.to, flow);
  if (saddr === undefined || daddr === undefined) return undefined;
  const fate = (hook: Packet['hook'], node: string | undefined): Fate['verdict'] => {
    const ruleset = rulesets.get(node ?? '');
    if (ruleset === undefined) return 'accept';
    const { protocol, port } = flow;
    return simulate(ruleset, { hook, saddr, daddr, protocol, dport: port, ctState: 'new' }).verdict;
  };
  if (flow.from.type === 'pod' && isOwnNode(flow.from.pod, flow.to)) return fate('input', flow.from.pod.node);
  // What a node sends to its own pods passes no hook of ours.
  if (flow.to.type === 'pod' && isOwnNode(flow.to.pod, flow.from)) return 'accept';
  const nodes = new Set([flow.from, flow.to].map((end) => (end.type === 'pod' ? end.pod.node : undefined)));
  for (const node of nodes) {
    const verdict = fate('forward', node);
    if (verdict !== 'accept') return verdict;
  }
  return 'accept';
}

/** The address of an end in the family of its flow; undefined when it has none. */
export function addressOf(end: FlowEnd, { family }: Flow): Address | undefined {
  switch (end.type) {
    case 'address':
    case 'host':
      return end.address?.family === family ? end.address : undefined;
    case 'pod':
      return end.pod.addresses.find((address) => address.family === family);
    case 'domain':
    case 'unseen':
      return undefined;
  }
}
