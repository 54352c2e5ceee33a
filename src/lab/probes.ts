import { type ClusterState, type FlowEnd, PolicyIndex } from '../engine/index.ts';
import { matchesSelector } from '../model/selector.ts';
import type { ContainerPort, NetworkPolicy, Protocol } from '../model/types.ts';
import { familyOf, planned } from './addresses.ts';
import type { LabPlan, LabPod } from './model.ts';
import { outsideNamespace } from './names.ts';
import type { Attempt } from './prober.ts';

/** An end of probes: a pod, a node, or an address outside. */
export interface ProbeEnd {
  /** `shop/cart-0`, `node/node-1`, `198.51.100.10`. */
  readonly id: string;
  readonly namespace: string;
  readonly addresses: readonly string[];
  readonly pod?: LabPod;
  readonly node?: string;
}

/** One connection with what the engine says of it. */
export interface Probe extends Attempt {
  readonly fromId: string;
  readonly toId: string;
  readonly predicted: boolean;
  /** Nobody listens there by the manifests: the prober does while it asks. */
  readonly undeclared: boolean;
}

/** Limits probes to some. */
export interface ProbeFocus {
  readonly from?: (end: ProbeEnd) => boolean;
  readonly to?: (end: ProbeEnd) => boolean;
  readonly port?: (protocol: Protocol, port: number, pod: LabPod | undefined) => boolean;
  /** Ports to ask for beside those of the manifests, of every end. */
  readonly ports?: readonly PortAsked[];
}

type PortAsked = Pick<ContainerPort, 'containerPort' | 'protocol'>;

/** Asked of outside addresses by pods whose policies name no port. */
const USUAL: readonly PortAsked[] = [{ containerPort: 443, protocol: 'TCP' }];

/** Every end there is: pods, nodes, addresses outside. */
export function probeEnds(plan: LabPlan): ProbeEnd[] {
  return [
    ...plan.pods.map((pod) => ({ id: pod.id, namespace: pod.namespace, addresses: pod.addresses, pod })),
    ...plan.nodes.map(({ name, namespace, addresses }) => ({ id: `node/${name}`, namespace, addresses, node: name })),
    ...plan.outside.map((address) => ({
      id: address,
      namespace: outsideNamespace(plan.name),
      addresses: [address],
    })),
  ];
}

/**
 * The probes of a lab with their predictions: every pair of which one end is a pod under policy, in every family both
 * have, on the container ports of the target and the ports that policies of either end name.
 * @param state what the agents enforce, with the lab's own objects
 */
export function planProbes(plan: LabPlan, state: ClusterState, focus: ProbeFocus = {}): Probe[] {
  const index = new PolicyIndex(state);
  const ends = probeEnds(plan);
  const probes: Probe[] = [];
  const named = new Map<string, { readonly ingress: readonly PortAsked[]; readonly egress: readonly PortAsked[] }>();
  for (const { pod } of ends) {
    if (pod !== undefined)
      named.set(pod.id, { ingress: policyPorts(state, pod, 'ingress'), egress: policyPorts(state, pod, 'egress') });
  }
  const hostPorts = new Map(
    plan.nodes.map(({ name }) => [
      name,
      plan.pods.flatMap((pod) => (pod.hostNetwork && pod.node === name ? pod.ports.map(portKey) : [])),
    ]),
  );
  for (const from of ends) {
    // What a pod on its node's network sends, its node sends.
    if (from.pod?.hostNetwork === true || focus.from?.(from) === false) continue;
    const asks = from.pod === undefined ? [] : (named.get(from.id)?.egress ?? []);
    for (const to of ends) {
      if (from.id === to.id || (isHost(from) && isHost(to)) || focus.to?.(to) === false) continue;
      const declared = to.pod?.ports ?? [];
      const wanted = new Map<string, PortAsked>();
      const further = [named.get(to.id)?.ingress ?? [], asks, focus.ports ?? []].flat();
      // A pod on its node's network has the ports that it declares, its node all others.
      for (const port of to.pod?.hostNetwork === true ? declared : [...declared, ...further])
        wanted.set(portKey(port), port);
      if (to.node !== undefined) for (const key of hostPorts.get(to.node) ?? []) wanted.delete(key);
      if (wanted.size === 0 && to.pod === undefined) for (const port of USUAL) wanted.set(portKey(port), port);
      for (const { containerPort: port, protocol } of wanted.values()) {
        if (focus.port?.(protocol, port, to.pod) === false) continue;
        const undeclared = !declared.some((one) => one.containerPort === port && one.protocol === protocol);
        for (const source of from.addresses) {
          const family = familyOf(source);
          const target = to.addresses.find((address) => familyOf(address) === family);
          if (target === undefined) continue;
          const { allowed } = index.verdict({
            from: flowEnd(state, from, source),
            to: flowEnd(state, to, target),
            family,
            protocol,
            port,
          });
          probes.push({
            namespace: from.namespace,
            from: source,
            to: target,
            protocol,
            port,
            fromId: from.id,
            toId: to.id,
            predicted: allowed,
            undeclared,
          });
        }
      }
    }
  }
  return probes;
}

function portKey({ containerPort, protocol }: PortAsked): string {
  return `${containerPort}/${protocol}`;
}

/** Policies say nothing of what two of these send each other. */
function isHost({ pod }: ProbeEnd): boolean {
  return pod === undefined || pod.hostNetwork;
}

function flowEnd(state: ClusterState, end: ProbeEnd, address: string): FlowEnd {
  if (end.pod !== undefined && !end.pod.hostNetwork) {
    const pod = state.pods.get(`${end.id}[Pod]`);
    if (pod === undefined) throw new Error(`the objects of the lab have no pod ${end.id}`);
    return { type: 'pod', pod };
  }
  const node = end.node ?? end.pod?.node;
  return node === undefined
    ? { type: 'address', address: planned(address) }
    : { type: 'host', node, address: planned(address) };
}

/** The ports that the policies of a pod name: numbers, and both ends of ranges. */
function policyPorts(state: ClusterState, pod: LabPod, direction: 'ingress' | 'egress'): PortAsked[] {
  const ports: PortAsked[] = [];
  const add = (protocol: string, ...numbers: readonly number[]): void => {
    for (const number of numbers) ports.push({ protocol: protocol as Protocol, containerPort: number });
  };
  for (const policy of state.policies.values()) {
    if (!selects(policy, pod)) continue;
    for (const rule of policy.spec[direction]) {
      for (const { protocol, port, endPort } of rule.ports) {
        if (typeof port === 'number') add(protocol, port, ...(endPort === undefined ? [] : [endPort]));
      }
    }
  }
  for (const { spec } of state.clusterPolicies.values()) {
    const namespace = state.namespaces.get(pod.podNamespace)?.labels ?? {};
    const { namespaceSelector, podSelector } = spec.subject;
    if (!matchesSelector(namespaceSelector, namespace) || !matchesSelector(podSelector, pod.labels)) continue;
    for (const { ports: rulePorts } of spec[direction]) {
      for (const port of rulePorts ?? []) if ('first' in port) add(port.protocol, port.first, port.last);
    }
  }
  return pod.hostNetwork ? [] : ports;
}

function selects({ metadata, spec }: NetworkPolicy, pod: LabPod): boolean {
  return (metadata.namespace ?? 'default') === pod.podNamespace && matchesSelector(spec.podSelector, pod.labels);
}
