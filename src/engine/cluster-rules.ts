import { say } from '../model/say.ts';
import { formatLabelSelector, matchesSelector, selectorIsEmpty } from '../model/selector.ts';
import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicyPeer,
  ClusterNetworkPolicyPort,
  ClusterNetworkPolicyRule,
} from '../model/types.ts';
import { formatAddress } from '../net/address.ts';
import { shownLabels } from './near-misses.ts';
import { comparePrecedence, type RuleHit } from './outcome.ts';
import { clusterPeerMatches, endAddresses, endNodes, isUnknownDomain, selectsPod } from './peer-match.ts';
import type { ClusterState, Flow, FlowEnd, PodInfo } from './state.ts';
import type { Direction, NearMiss } from './verdict.ts';

/** One rule of a cluster-wide policy by its place. */
export interface RulePlace {
  readonly policy: ClusterNetworkPolicy;
  readonly direction: Direction;
  readonly rule: number;
}

/** Why a rule of a cluster-wide policy does not match a flow that it would match but for one thing. */
export interface ClusterMiss {
  /**
   * As in {@link NearMiss}; `host`: the end is a node or a hostNetwork pod, which pod selectors never match;
   * `domain`: the rule names other domains; `unknown`: an Accept rule with a peer that cannot be read (C15).
   */
  readonly missed: NearMiss['missed'] | 'host' | 'domain' | 'unknown';
  /** Index of the peer that nearly matched; of the one that matched, where the port is what misses. */
  readonly peer: number;
  /** One line such as `denies 7070/TCP, not 8080/TCP`. */
  readonly message: string;
}

/** The rules that a tier has for a pod in a direction, in the order in which they are tried (C1, C9). */
export function tierRules(
  state: ClusterState,
  direction: Direction,
  tier: 'Admin' | 'Baseline',
  pod: PodInfo,
): RulePlace[] {
  return [...state.clusterPolicies.values()]
    .filter(({ spec }) => spec.tier === tier && selectsPod(state, spec.subject, pod))
    .sort(comparePrecedence)
    .flatMap((policy) => policy.spec[direction].map((_, rule) => ({ policy, direction, rule })));
}

/** The match of a rule with a flow whose subject its policy selects; undefined when it does not match. */
export function clusterRuleHit(state: ClusterState, flow: Flow, place: RulePlace): RuleHit | undefined {
  const rule = place.policy.spec[place.direction][place.rule];
  if (rule === undefined) return undefined;
  // C15: a rule with a peer that cannot be read fails closed.
  const unknown = unknownPeer(rule);
  if (unknown !== -1)
    return rule.action === 'Accept' ? undefined : { ...place, peer: unknown, port: null, action: 'Deny' };
  // C10: some peer AND (no protocols, or some entry) must match.
  const peer = matchingPeer(state, flow, place.direction, rule);
  const port =
    rule.ports === undefined ? null : rule.ports.findIndex((candidate) => clusterPortMatches(candidate, flow));
  return peer === -1 || port === -1 ? undefined : { ...place, peer, port, action: rule.action };
}

function unknownPeer(rule: ClusterNetworkPolicyRule): number {
  return rule.peers.findIndex((peer) => peer.type === 'unknown');
}

function otherEnd(flow: Flow, direction: Direction): FlowEnd {
  return direction === 'egress' ? flow.to : flow.from;
}

function matchingPeer(state: ClusterState, flow: Flow, direction: Direction, rule: ClusterNetworkPolicyRule): number {
  const other = otherEnd(flow, direction);
  return rule.peers.findIndex((peer) => clusterPeerMatches(state, peer, rule.action, other, flow.family));
}

function clusterPortMatches(port: ClusterNetworkPolicyPort, flow: Flow): boolean {
  if (flow.protocol === 'other') return false;
  if ('protocol' in port) return port.protocol === flow.protocol && port.first <= flow.port && flow.port <= port.last;
  // C14: a name is that of a container port of the destination pod, with that port's protocol.
  return namedPorts(port.name, flow).some(
    ({ protocol, containerPort }) => protocol === flow.protocol && containerPort === flow.port,
  );
}

function namedPorts(name: string, flow: Flow): PodInfo['ports'] {
  return flow.to.type === 'pod' ? flow.to.pod.ports.filter((port) => port.name === name) : [];
}

/** What keeps a rule from matching, when it is one thing only. For rules of which {@link clusterRuleHit} is undefined. */
export function clusterRuleMiss(state: ClusterState, flow: Flow, place: RulePlace): ClusterMiss | undefined {
  const rule = place.policy.spec[place.direction][place.rule];
  if (rule === undefined) return undefined;
  const unknown = rule.peers[unknownPeer(rule)];
  if (unknown?.type === 'unknown') {
    const message =
      unknown.field === ''
        ? say`a peer has fields that this version does not know, and an Accept rule with such a peer matches nothing`
        : say`a peer has the field ${unknown.field} that this version does not know, and an Accept rule with such a peer matches nothing`;
    return { missed: 'unknown', peer: unknownPeer(rule), message };
  }
  const told = (what: string): string => VERBS[rule.action](what);
  const peer = matchingPeer(state, flow, place.direction, rule);
  const portFault = portMiss(rule.ports, flow);
  if (peer !== -1)
    return portFault === undefined ? undefined : { ...portFault, peer, message: told(portFault.message) };
  if (portFault !== undefined) return undefined;
  for (const [index, candidate] of rule.peers.entries()) {
    const miss = peerMiss(state, candidate, otherEnd(flow, place.direction), flow);
    if (miss !== undefined) return { ...miss, peer: index, message: told(miss.message) };
  }
  return undefined;
}

const VERBS: Readonly<Record<ClusterNetworkPolicyRule['action'], (what: string) => string>> = {
  Accept: (what) => say`accepts ${what}`,
  Deny: (what) => say`denies ${what}`,
  Pass: (what) => say`passes on ${what}`,
};

type Miss = Pick<ClusterMiss, 'missed' | 'message'>;

/** `undefined`: the ports match. The message goes behind the verb. */
function portMiss(ports: ClusterNetworkPolicyRule['ports'], flow: Flow): Miss | undefined {
  if (ports === undefined || ports.some((port) => clusterPortMatches(port, flow))) return undefined;
  const listed = ports.length === 0 ? say`no port` : ports.map(formatClusterPort).join(', ');
  if (flow.protocol === 'other') {
    return { missed: 'protocol', message: say`${listed}, not ICMP and protocols without ports` };
  }
  const message = say`${listed}, not ${flow.port}/${flow.protocol}`;
  const rightNumber = ports.some((port) =>
    'protocol' in port
      ? port.first <= flow.port && flow.port <= port.last
      : namedPorts(port.name, flow).some(({ containerPort }) => containerPort === flow.port),
  );
  if (rightNumber) return { missed: 'protocol', message };
  const unresolved = ports.find((port) => 'name' in port && namedPorts(port.name, flow).length === 0);
  if (unresolved === undefined) return { missed: 'port', message };
  const where = flow.to.type === 'pod' ? `${flow.to.pod.namespace}/${flow.to.pod.name}` : say`an end outside the pods`;
  return {
    missed: 'named-port',
    message: say`${message}: ${where} has no container port named ${formatClusterPort(unresolved)}`,
  };
}

/** A port of a cluster-wide rule as people write it: `80/TCP`, `8000-8080/UDP`, `every SCTP port`, `http`. */
export function formatClusterPort(port: ClusterNetworkPolicyPort): string {
  if ('name' in port) return port.name;
  const { protocol, first, last } = port;
  if (first === 1 && last === 65535) return say`every ${protocol} port`;
  return first === last ? `${first}/${protocol}` : `${first}-${last}/${protocol}`;
}

/** `undefined`: more than one thing is off, or the peer is of another sort than the end. The message goes behind the verb. */
function peerMiss(state: ClusterState, peer: ClusterNetworkPolicyPeer, other: FlowEnd, flow: Flow): Miss | undefined {
  switch (peer.type) {
    case 'pods': {
      const { podSelector, namespaceSelector } = peer.pods;
      if (other.type === 'host' && selectorIsEmpty(podSelector) && selectorIsEmpty(namespaceSelector)) {
        return {
          missed: 'host',
          message: say`all pods, but a hostNetwork pod is its node, which pod selectors never match`,
        };
      }
      return other.type === 'pod' ? podMiss(state, peer.pods, other.pod) : undefined;
    }
    case 'networks': {
      const addresses = endAddresses(state, other, flow.family);
      const [range] = addresses.ranges;
      if (other.type === 'pod' || other.type === 'unseen' || range === undefined || isUnknownDomain(state, other))
        return undefined;
      const single = range.first === range.last && addresses.ranges.length === 1;
      const shown = single ? formatAddress({ family: range.family, value: range.first }) : addresses.toString();
      return { missed: 'address', message: say`${peer.networks.join(', ')}, which does not hold ${shown}` };
    }
    case 'nodes': {
      const [node] = endNodes(state, other);
      if (node === undefined) return undefined;
      const selector = formatLabelSelector(peer.nodes);
      return {
        missed: 'labels',
        message: say`nodes ${selector}; node ${node.name} has ${shownLabels(peer.nodes, node.labels)}`,
      };
    }
    case 'domainNames':
      if (other.type !== 'domain') return undefined;
      return { missed: 'domain', message: say`${peer.domainNames.join(', ')}, not ${other.name}` };
    case 'unknown':
      return undefined;
  }
}

function podMiss(
  state: ClusterState,
  { podSelector, namespaceSelector }: Extract<ClusterNetworkPolicyPeer, { type: 'pods' }>['pods'],
  pod: PodInfo,
): Miss | undefined {
  const labels = state.namespaces.get(pod.namespace)?.labels ?? {};
  const pods = selectorIsEmpty(podSelector) ? say`pods` : say`pods ${formatLabelSelector(podSelector)}`;
  const namespaceFits = matchesSelector(namespaceSelector, labels);
  const podFits = matchesSelector(podSelector, pod.labels);
  if (namespaceFits === podFits) return undefined;
  if (namespaceFits)
    return { missed: 'labels', message: say`${pods}; this pod has ${shownLabels(podSelector, pod.labels)}` };
  const has = shownLabels(namespaceSelector, labels);
  const wanted = formatLabelSelector(namespaceSelector);
  return { missed: 'namespace', message: say`${pods} of namespaces ${wanted}; namespace ${pod.namespace} has ${has}` };
}
