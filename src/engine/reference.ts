import { matchesSelector } from '../model/selector.ts';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../model/types.ts';
import { clusterRuleHit, tierRules } from './cluster-rules.ts';
import { nearMisses } from './near-misses.ts';
import { directionVerdict, type RuleHit, sortPolicies } from './outcome.ts';
import { blockAddresses, blockMatches, endAddresses, unseenShare } from './peer-match.ts';
import {
  type ClusterState,
  type Flow,
  type FlowEnd,
  isOwnNode,
  isSamePod,
  namespaceOf,
  type PodInfo,
} from './state.ts';
import type { Direction, DirectionVerdict, Verdict } from './verdict.ts';

/**
 * The reference evaluator: the text of the Kubernetes page (statements `S…`) and of the cluster-wide policy API
 * (statements `C…`, by their numbers in its semantics) as code. It looks at every policy every time; the compiled index
 * must answer exactly alike.
 */
export function evaluate(state: ClusterState, flow: Flow): Verdict {
  const egress = judge(state, flow, 'egress');
  const ingress = judge(state, flow, 'ingress');
  // S10, C5: the source's egress side AND the destination's ingress side; either refusing is enough.
  return { allowed: egress.allowed && ingress.allowed, family: flow.family, egress, ingress };
}

function judge(state: ClusterState, flow: Flow, direction: Direction): DirectionVerdict {
  const subject = direction === 'egress' ? flow.from : flow.to;
  const other = direction === 'egress' ? flow.to : flow.from;

  // S15, C16: a pod cannot block access to itself.
  if (isSamePod(flow.from, flow.to)) return directionVerdict(true, 'self');
  // S11, S58b, C11: policies speak of pods only, and a hostNetwork pod is its node.
  if (subject.type !== 'pod') return directionVerdict(true, 'default');

  // S2, S4, S12: isolated iff some policy of the pod's namespace selects it and has the direction in policyTypes.
  const isolating = sortPolicies(
    [...state.policies.values()].filter(
      (policy) =>
        namespaceOf(policy) === subject.pod.namespace &&
        policy.spec.policyTypes.includes(direction === 'egress' ? 'Egress' : 'Ingress') &&
        matchesSelector(policy.spec.podSelector, subject.pod.labels),
    ),
  );

  // C1: the Admin tier comes first. Accept and Deny are final; Pass, or no match, goes on.
  const admin = tierDecision(state, flow, direction, 'Admin', subject.pod);
  const passed = admin?.action === 'Pass' ? [admin] : [];
  if (admin !== undefined && admin.action !== 'Pass') {
    return directionVerdict(admin.action === 'Accept', 'admin', { isolating, hit: admin });
  }

  // S5, S16: to NetworkPolicies, traffic with the pod's own node is always allowed.
  const ownNode = isOwnNode(subject.pod, other);
  if (isolating.length > 0) {
    if (ownNode) return directionVerdict(true, 'node', { passed });
    // C2, S3, S8: an isolated pod: allowed iff some rule of some isolating policy admits it.
    for (const policy of isolating) {
      const hit = firstMatch(state, flow, direction, policy, other);
      if (hit !== undefined) return directionVerdict(true, 'networkpolicy', { isolating, hit, passed });
    }
    return directionVerdict(false, 'networkpolicy', {
      isolating,
      passed,
      nearMisses: nearMisses(state, flow, direction, isolating),
    });
  }

  // C3: the Baseline tier, for pods that no NetworkPolicy isolates in this direction.
  const baseline = tierDecision(state, flow, direction, 'Baseline', subject.pod);
  if (baseline !== undefined && baseline.action !== 'Pass') {
    return directionVerdict(baseline.action === 'Accept', 'baseline', { hit: baseline, passed });
  }
  // C4, S1, S13: everything else is allowed.
  return directionVerdict(true, ownNode ? 'node' : 'default', {
    passed: baseline === undefined ? passed : [...passed, baseline],
  });
}

/** The first rule that matches, over the tier's policies by precedence and their rules in written order (C1, C9). */
function tierDecision(
  state: ClusterState,
  flow: Flow,
  direction: Direction,
  tier: 'Admin' | 'Baseline',
  pod: PodInfo,
): RuleHit | undefined {
  for (const place of tierRules(state, direction, tier, pod)) {
    const hit = clusterRuleHit(state, flow, place);
    if (hit !== undefined) return hit;
  }
  return undefined;
}

function firstMatch(
  state: ClusterState,
  flow: Flow,
  direction: Direction,
  policy: NetworkPolicy,
  other: FlowEnd,
): RuleHit | undefined {
  const rules =
    direction === 'egress'
      ? policy.spec.egress.map((rule) => ({ peers: rule.to, ports: rule.ports }))
      : policy.spec.ingress.map((rule) => ({ peers: rule.from, ports: rule.ports }));
  for (const [index, { peers, ports }] of rules.entries()) {
    // S22: missing or empty lists match everything. S21: peers AND ports must match, each list is an OR.
    const peer = peers.length === 0 ? null : peers.findIndex((peer) => peerMatches(state, policy, peer, other, flow));
    const port = ports.length === 0 ? null : ports.findIndex((port) => portMatches(port, flow));
    if (peer !== -1 && port !== -1) return { policy, direction, rule: index, peer, port, action: 'Allow' };
  }
  return undefined;
}

function peerMatches(
  state: ClusterState,
  policy: NetworkPolicy,
  peer: NetworkPolicyPeer,
  other: FlowEnd,
  flow: Flow,
): boolean {
  // S40 to S42: a block matches by address, in-cluster ends included, within its own family.
  if (peer.ipBlock !== undefined) {
    return blockMatches(blockAddresses(peer.ipBlock), endAddresses(state, other, flow.family));
  }
  if (peer.podSelector === undefined && peer.namespaceSelector === undefined) return false;
  if (other.type === 'unseen') {
    return unseenShare(other, peer.namespaceSelector ?? namespaceOf(policy), peer.podSelector ?? {}) === 'all';
  }
  // S36, S58b: selectors match pods only.
  if (other.type !== 'pod') return false;
  const namespaceFits =
    peer.namespaceSelector === undefined
      ? other.pod.namespace === namespaceOf(policy) // S32
      : matchesSelector(peer.namespaceSelector, state.namespaces.get(other.pod.namespace)?.labels ?? {}); // S33, S39
  // S33, S34: both selectors in one peer are ANDed.
  return namespaceFits && (peer.podSelector === undefined || matchesSelector(peer.podSelector, other.pod.labels));
}

function portMatches(port: NetworkPolicyPort, flow: Flow): boolean {
  if (flow.protocol === 'other' || port.protocol !== flow.protocol) return false; // S24, S50
  if (port.port === undefined) return true; // S25
  if (typeof port.port === 'number') return flow.port >= port.port && flow.port <= (port.endPort ?? port.port); // S29
  // S26, S27: a name is that of a container port of the destination pod; elsewhere it matches nothing.
  return (
    flow.to.type === 'pod' &&
    flow.to.pod.ports.some(
      (candidate) =>
        candidate.name === port.port && candidate.protocol === port.protocol && candidate.containerPort === flow.port,
    )
  );
}
