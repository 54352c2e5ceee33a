import { say } from '../model/say.ts';
import { formatLabelSelector, matchesSelector, selectorIsEmpty } from '../model/selector.ts';
import type { FieldPath } from '../model/source.ts';
import type { LabelSelector, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../model/types.ts';
import { formatAddress } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import { policyRef, withSource } from './outcome.ts';
import { blockAddresses, blockMatches, endAddresses, isUnknownDomain, unseenShare } from './peer-match.ts';
import { type ClusterState, type Flow, type FlowEnd, namespaceOf } from './state.ts';
import type { Direction, NearMiss } from './verdict.ts';

type Miss = Pick<NearMiss, 'missed' | 'message'>;

/**
 * Rules of the isolating policies that refuse the flow for exactly one reason: the right peer on another port, or the
 * right port for a peer that fits in all but one respect. Both evaluators call it, on a flow that is denied.
 */
export function nearMisses(
  state: ClusterState,
  flow: Flow,
  direction: Direction,
  isolating: readonly NetworkPolicy[],
): NearMiss[] {
  const other = direction === 'egress' ? flow.to : flow.from;
  const found: NearMiss[] = [];
  for (const policy of isolating) {
    const ref = policyRef(policy);
    const listed = direction === 'egress' ? policy.spec.egress : policy.spec.ingress;
    for (const [rule, entry] of listed.entries()) {
      const add = (miss: Miss, peer: number | undefined, path: FieldPath): void => {
        const target = { policy: ref, rule, ...(peer === undefined ? {} : { peer }), ...miss };
        found.push(withSource(target, policy.source, ['spec', direction, rule, ...path]));
      };
      const peers = 'from' in entry ? entry.from : entry.to;
      const misses = peers.map((peer) => peerMiss(state, policy, peer, other, flow));
      const peer = misses.indexOf(undefined);
      const portFault = portMiss(entry.ports, flow);
      if (peers.length === 0 || peer !== -1) {
        if (portFault !== undefined) add(portFault, peer === -1 ? undefined : peer, ['ports', 0]);
      } else if (portFault === undefined) {
        for (const [index, miss] of misses.entries()) {
          if (miss !== undefined && miss !== 'far') add(miss, index, ['from' in entry ? 'from' : 'to', index]);
        }
      }
    }
  }
  return found;
}

/** `undefined`: the ports admit the flow. */
function portMiss(ports: readonly NetworkPolicyPort[], flow: Flow): Miss | undefined {
  if (ports.length === 0) return undefined;
  const listed = ports.map(formatPort).join(', ');
  if (flow.protocol === 'other') {
    return { missed: 'protocol', message: say`allows ${listed}, not ICMP and protocols without ports` };
  }
  const candidates = ports.filter((port) => port.protocol === flow.protocol);
  if (candidates.some((port) => portAdmits(port, flow))) return undefined;
  const message = say`allows ${listed}, not ${flow.port}/${flow.protocol}`;
  if (ports.some((port) => port.protocol !== flow.protocol && portAdmits(port, flow))) {
    return { missed: 'protocol', message };
  }
  const unresolved = candidates.find((port) => typeof port.port === 'string' && namedPorts(port, flow).length === 0);
  if (unresolved !== undefined) {
    const where =
      flow.to.type === 'pod' ? `${flow.to.pod.namespace}/${flow.to.pod.name}` : say`an end outside the pods`;
    return { missed: 'named-port', message: say`${message}: ${where} has no container port ${formatPort(unresolved)}` };
  }
  const resolved = candidates
    .filter((port) => typeof port.port === 'string')
    .map((port) => say`${port.port} is ${namedPorts(port, flow).join(', ')} there`);
  return { missed: 'port', message: [message, ...resolved].join('; ') };
}

/** Whether an entry admits the flow's port number on its own protocol, whichever that of the flow is. */
function portAdmits(port: NetworkPolicyPort, flow: Flow): boolean {
  if (port.port === undefined) return true;
  return typeof port.port === 'number' ? inRange(port, flow) : namedPorts(port, flow).includes(flow.port);
}

function inRange(port: NetworkPolicyPort, flow: Flow): boolean {
  return typeof port.port === 'number' && flow.port >= port.port && flow.port <= (port.endPort ?? port.port);
}

function namedPorts(port: NetworkPolicyPort, flow: Flow): number[] {
  if (flow.to.type !== 'pod') return [];
  return flow.to.pod.ports
    .filter((candidate) => candidate.name === port.port && candidate.protocol === port.protocol)
    .map((candidate) => candidate.containerPort);
}

/** A policy's port as people write it: `80/TCP`, `8000-8080/TCP`, `http/TCP`, `every UDP port`. */
export function formatPort(port: NetworkPolicyPort): string {
  if (port.port === undefined) return say`every ${port.protocol} port`;
  const range = port.endPort === undefined || port.endPort === port.port ? '' : `-${port.endPort}`;
  return `${port.port}${range}/${port.protocol}`;
}

/** `undefined`: the peer matches. `far`: more than one thing is off, or the peer is of another sort than the end. */
function peerMiss(
  state: ClusterState,
  policy: NetworkPolicy,
  peer: NetworkPolicyPeer,
  other: FlowEnd,
  flow: Flow,
): Miss | 'far' | undefined {
  if (peer.ipBlock !== undefined) {
    const addresses = endAddresses(state, other, flow.family);
    if (blockMatches(blockAddresses(peer.ipBlock), addresses)) return undefined;
    if (addresses.isEmpty() || isUnknownDomain(state, other)) return 'far';
    const [range] = addresses.ranges;
    const shown =
      range !== undefined && range.first === range.last
        ? formatAddress({ family: range.family, value: range.first })
        : addresses.toString();
    const except = peer.ipBlock.except.find((text) => {
      const parsed = parseCidr(text);
      return parsed !== undefined && AddressSet.ofCidr(parsed.cidr).intersects(addresses);
    });
    const cidr = parseCidr(peer.ipBlock.cidr);
    if (except !== undefined && cidr !== undefined && AddressSet.ofCidr(cidr.cidr).intersects(addresses)) {
      return { missed: 'except', message: say`${shown} is inside except ${except} of ${peer.ipBlock.cidr}` };
    }
    if (other.type === 'pod' || other.type === 'unseen') return 'far';
    return { missed: 'address', message: say`allows ${peer.ipBlock.cidr}, which does not hold ${shown}` };
  }
  if (peer.podSelector === undefined && peer.namespaceSelector === undefined) return 'far';
  if (other.type === 'unseen') return unseenMiss(policy, peer, other);
  if (other.type !== 'pod') return 'far';
  const { pod } = other;
  const namespaceLabels = state.namespaces.get(pod.namespace)?.labels ?? {};
  const namespaceFits =
    peer.namespaceSelector === undefined
      ? pod.namespace === namespaceOf(policy)
      : matchesSelector(peer.namespaceSelector, namespaceLabels);
  const podFits = peer.podSelector === undefined || matchesSelector(peer.podSelector, pod.labels);
  if (namespaceFits && podFits) return undefined;
  if (namespaceFits && peer.podSelector !== undefined) {
    return {
      missed: 'labels',
      message: say`allows pods ${formatLabelSelector(peer.podSelector)}; this pod has ${shownLabels(peer.podSelector, pod.labels)}`,
    };
  }
  if (!podFits) return 'far';
  const pods =
    peer.podSelector === undefined || selectorIsEmpty(peer.podSelector)
      ? say`all pods`
      : say`pods ${formatLabelSelector(peer.podSelector)}`;
  return {
    missed: 'namespace',
    message:
      peer.namespaceSelector === undefined
        ? say`allows ${pods} of namespace ${namespaceOf(policy)} only, not of ${pod.namespace}`
        : say`allows ${pods} of namespaces ${formatLabelSelector(peer.namespaceSelector)}; namespace ${pod.namespace} has ${shownLabels(peer.namespaceSelector, namespaceLabels)}`,
  };
}

function unseenMiss(
  policy: NetworkPolicy,
  { namespaceSelector, podSelector = {} }: NetworkPolicyPeer,
  other: Extract<FlowEnd, { type: 'unseen' }>,
): Miss | 'far' | undefined {
  const selected = unseenShare(other, namespaceSelector ?? namespaceOf(policy), podSelector);
  if (selected !== 'some') return selected === 'all' ? undefined : 'far';
  const pods = selectorIsEmpty(podSelector) ? say`all pods` : say`pods ${formatLabelSelector(podSelector)}`;
  const where =
    namespaceSelector === undefined
      ? say`of namespace ${namespaceOf(policy)}`
      : selectorIsEmpty(namespaceSelector)
        ? say`of every namespace`
        : say`of namespaces ${formatLabelSelector(namespaceSelector)}`;
  const missed = selectorIsEmpty(podSelector) ? 'namespace' : 'labels';
  return { missed, message: say`allows ${pods} ${where} only; whether it is one of them is not known` };
}

/** The labels that a selector looks at, as they are: `app=web`, `no label tier`. */
export function shownLabels(selector: LabelSelector, labels: Readonly<Record<string, string>>): string {
  const keys = new Set([
    ...Object.keys(selector.matchLabels ?? {}),
    ...(selector.matchExpressions ?? []).map((expression) => expression.key),
  ]);
  const shown = [...keys]
    .sort()
    .map((key) => (Object.hasOwn(labels, key) ? `${key}=${labels[key]}` : say`no label ${key}`));
  return shown.length === 0 ? say`none` : shown.join(', ');
}
