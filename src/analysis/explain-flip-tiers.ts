import { clusterRuleHit, clusterRuleMiss, type RulePlace, tierRules } from '../engine/cluster-rules.ts';
import { evaluate } from '../engine/reference.ts';
import { type ClusterState, type Flow, type FlowEnd, type PodInfo, policyKey } from '../engine/state.ts';
import type { Direction } from '../engine/verdict.ts';
import { say } from '../model/say.ts';
import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicyPeer,
  ClusterNetworkPolicyRule,
  NetworkPolicy,
  NetworkPolicyPeer,
} from '../model/types.ts';
import { addressBits, formatAddress } from '../net/address.ts';
import { formatCidr } from '../net/cidr.ts';
import { isPortMiss } from './can.ts';
import { clusterPolicyOf, clusterRuleText } from './explain-tier-words.ts';
import { listText, namingLabels, wayName } from './explain-words.ts';

/** More rules than these are not listed as what must go. */
const MOST_REMOVALS = 20;
/** Near misses that become proposals. */
const MOST_NEAR = 3;

/** What changes of cluster-wide policies are tried on: one direction of an answer that should turn around. */
export interface TierFlip {
  readonly state: ClusterState;
  readonly direction: Direction;
  /** Connections that must all turn around; never empty. The first stands for the answer. */
  readonly flows: readonly Flow[];
  /** A single port was asked for; else the question is of every port. */
  readonly onePort: boolean;
  /** The pod whose policies speak. */
  readonly pod: PodInfo;
  /** How results call the other end. */
  readonly otherId: string;
  /** The port asked for, as people write it. */
  readonly port: string | undefined;
  /** What the direction answers now. */
  readonly allowed: boolean;
}

/** Ways to allow what the Admin or the Baseline tier denies. Each but the last was tried. */
export function tierAdmissions(flip: TierFlip, tier: 'admin' | 'baseline'): string[] {
  const changes = [...nearTierChanges(flip), ...insertion(flip, ['Accept', 'Pass']), ...removal(flip)];
  return tier === 'baseline'
    ? [...changes, ...overriding(flip)]
    : [...changes, say`no NetworkPolicy can allow it: the Admin tier comes first`];
}

/** Ways to deny what the Admin or the Baseline tier accepts. Each but the last was tried. */
export function tierDenials(flip: TierFlip, tier: 'admin' | 'baseline'): string[] {
  const changes = [...insertion(flip, ['Deny']), ...removal(flip)];
  return tier === 'baseline'
    ? [...changes, ...overriding(flip)]
    : [
        ...changes,
        say`no NetworkPolicy can refuse the ${wayName(flip.direction)} here: an Admin Accept cannot be overridden by NetworkPolicies`,
      ];
}

/** Rules of either tier that miss one thing only and would turn the answer around with it. Each was tried. */
export function nearTierChanges(flip: TierFlip): string[] {
  const { state, direction, pod, flows, onePort, port, allowed } = flip;
  const [flow] = flows;
  const found: string[] = [];
  if (flow === undefined) return found;
  for (const place of [...tierRules(state, direction, 'Admin', pod), ...tierRules(state, direction, 'Baseline', pod)]) {
    if (found.length >= MOST_NEAR) break;
    const rule = ruleAt(place);
    if (rule === undefined || clusterRuleHit(state, flow, place) !== undefined) continue;
    const miss = clusterRuleMiss(state, flow, place);
    if (miss === undefined || miss.missed === 'host' || (isPortMiss(miss.missed) ? !onePort : allowed)) continue;
    const text = clusterRuleText(place);
    if (miss.missed === 'unknown') {
      const peers = rule.peers.filter(({ type }) => type !== 'unknown');
      if (turns(flip, withRules(state, place, [{ ...rule, peers }])))
        found.push(say`take peer ${miss.peer + 1} out of ${text}`);
    } else if (isPortMiss(miss.missed)) {
      const ports = [...(rule.ports ?? []), ...(portsOf(flip) ?? [])];
      if (turns(flip, withRules(state, place, [{ ...rule, ports }])))
        found.push(say`add ${port ?? say`the port`} to ${text}`);
    } else {
      const peer = peerFor(flip, rule.action);
      const peers = peer === undefined ? [] : [...rule.peers, peer.peer];
      if (peer !== undefined && turns(flip, withRules(state, place, [{ ...rule, peers }])))
        found.push(say`add ${peer.text} to ${text}`);
    }
  }
  return found;
}

/** A rule of one of the actions, put before the rule that decides. */
function insertion(flip: TierFlip, wanted: readonly ClusterNetworkPolicyRule['action'][]): string[] {
  const place = firstDecider(flip);
  const decider = place === undefined ? undefined : ruleAt(place);
  if (place === undefined || decider === undefined) return [];
  const ports = portsOf(flip);
  const able = wanted.filter((action) => {
    const peer = peerFor(flip, action)?.peer;
    if (peer === undefined) return false;
    const rule: ClusterNetworkPolicyRule = { action, peers: [peer], ...(ports === undefined ? {} : { ports }) };
    return turns(flip, withRules(flip.state, place, [rule, decider]));
  });
  const who = able.map((action) => peerFor(flip, action)?.text)[0];
  if (who === undefined) return [];
  const actions = able.join(say` or `);
  const onPort = flip.port === undefined ? '' : say` on ${flip.port}`;
  const before = clusterRuleText(place);
  return [
    able[0] === 'Accept'
      ? say`put an ${actions} rule for ${who}${onPort} before ${before}`
      : say`put a ${actions} rule for ${who}${onPort} before ${before}`,
  ];
}

/** The first of the rules that decide the flows, in the order in which they are tried. */
function firstDecider({ state, direction, flows, pod }: TierFlip): RulePlace | undefined {
  const deciders = flows.flatMap((flow) => evaluate(state, flow)[direction].decidedBy ?? []);
  return (['Admin', 'Baseline'] as const)
    .flatMap((tier) => tierRules(state, direction, tier, pod))
    .find((place) =>
      deciders.some((ref) => clusterPolicyOf(state, ref.policy) === place.policy && ref.rule === place.rule),
    );
}

/** Every cluster-wide rule that must go, found by taking away what decides and asking again. */
function removal(flip: TierFlip): string[] {
  const { state, direction, flows, allowed } = flip;
  /** Rules that are left of changed policies, by their original indexes. */
  const remaining = new Map<string, number[]>();
  const removed: string[] = [];
  let changed = state;
  for (const flow of flows) {
    for (;;) {
      const verdict = evaluate(changed, flow)[direction];
      if (verdict.allowed !== allowed) break;
      const policy = verdict.decidedBy === null ? undefined : clusterPolicyOf(state, verdict.decidedBy.policy);
      if (policy === undefined || verdict.decidedBy === null || removed.length >= MOST_REMOVALS) return [];
      const key = policyKey(policy);
      const left = remaining.get(key) ?? policy.spec[direction].map((_, index) => index);
      const rule = left[verdict.decidedBy.rule];
      if (rule === undefined) return [];
      removed.push(clusterRuleText({ policy, direction, rule }));
      const kept = left.filter((index) => index !== rule);
      remaining.set(key, kept);
      const rules = policy.spec[direction].filter((_, index) => kept.includes(index));
      changed = withPolicy(changed, { ...policy, spec: { ...policy.spec, [direction]: rules } });
    }
  }
  return removed.length === 0 ? [] : [say`remove ${listText(removed)}`];
}

/** A NetworkPolicy that isolates the pod, which takes it out of the Baseline tier. */
function overriding(flip: TierFlip): string[] {
  const { state, direction, pod, port, allowed } = flip;
  const [flow] = flip.flows;
  const labels = namingLabels(pod);
  const where = say`add a NetworkPolicy to namespace ${pod.namespace} that selects ${labels === '' ? say`every pod` : labels}`;
  const peer = flow === undefined || allowed ? undefined : policyPeer(direction === 'egress' ? flow.to : flow.from);
  if (!allowed && peer === undefined) return [];
  const policy = isolatingPolicy(flip, peer);
  if (!turns(flip, { ...state, policies: new Map(state.policies).set(policyKey(policy), policy) })) return [];
  if (allowed)
    return [
      say`${where} for ${wayName(direction)} and does not admit this: a NetworkPolicy overrides the Baseline tier`,
    ];
  const onPort = port === undefined ? '' : say` on ${port}`;
  return [
    direction === 'egress'
      ? say`${where} and admits egress to ${flip.otherId}${onPort}: a NetworkPolicy overrides the Baseline tier (and refuses every other egress that none admits)`
      : say`${where} and admits ingress from ${flip.otherId}${onPort}: a NetworkPolicy overrides the Baseline tier (and refuses every other ingress that none admits)`,
  ];
}

function isolatingPolicy(
  { direction, pod, flows, onePort }: TierFlip,
  peer: NetworkPolicyPeer | undefined,
): NetworkPolicy {
  const [flow] = flows;
  const ports = onePort && flow !== undefined ? [{ protocol: flow.protocol, port: flow.port }] : [];
  const peers = peer === undefined ? [] : [peer];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: PROPOSED, namespace: pod.namespace },
    spec: {
      podSelector: { matchLabels: labelsNaming(pod) },
      policyTypes: [direction === 'egress' ? 'Egress' : 'Ingress'],
      ingress: direction === 'ingress' && peer !== undefined ? [{ from: peers, ports }] : [],
      egress: direction === 'egress' && peer !== undefined ? [{ to: peers, ports }] : [],
    },
  };
}

/** A name that no object of a cluster can have. */
const PROPOSED = '(proposed)';

/** A peer of a NetworkPolicy that is the end; undefined for an end that it cannot name. */
function policyPeer(end: FlowEnd): NetworkPolicyPeer | undefined {
  if (end.type === 'pod') {
    return {
      podSelector: { matchLabels: labelsNaming(end.pod) },
      namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: end.pod.namespace } },
    };
  }
  const cidr = end.type === 'domain' || end.type === 'unseen' ? undefined : hostCidr(end);
  return cidr === undefined ? undefined : { ipBlock: { cidr, except: [] } };
}

const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

/** The labels of {@link namingLabels}, as a map. */
function labelsNaming(pod: PodInfo): Readonly<Record<string, string>> {
  const named = new Set(namingLabels(pod).split(','));
  return Object.fromEntries(Object.entries(pod.labels).filter(([key, value]) => named.has(`${key}=${value}`)));
}

function hostCidr(end: Extract<FlowEnd, { type: 'address' | 'host' }>): string | undefined {
  const { address } = end;
  return address === undefined ? undefined : `${formatAddress(address)}/${addressBits(address.family)}`;
}

/** A peer of a rule that is the other end and as little else as its labels allow, with words; undefined where none can be. */
function peerFor(
  { state, direction, flows, otherId }: TierFlip,
  action: ClusterNetworkPolicyRule['action'],
): { readonly peer: ClusterNetworkPolicyPeer; readonly text: string } | undefined {
  const end = direction === 'egress' ? flows[0]?.to : flows[0]?.from;
  if (end === undefined) return undefined;
  if (end.type === 'pod') {
    const labels = namingLabels(end.pod);
    return {
      peer: {
        type: 'pods',
        pods: {
          podSelector: { matchLabels: labelsNaming(end.pod) },
          namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: end.pod.namespace } },
        },
      },
      text: say`${labels === '' ? say`all pods` : say`pods ${labels}`} of namespace ${end.pod.namespace}`,
    };
  }
  // Ingress peers are pods only.
  if (direction === 'ingress' || end.type === 'unseen') return undefined;
  if (end.type === 'domain') {
    // C24: domains stand in Accept rules only.
    if (action === 'Accept')
      return { peer: { type: 'domainNames', domainNames: [end.name] }, text: say`domain ${otherId}` };
    const networks = state.domains.get(end.name)?.cidrs().map(formatCidr) ?? [];
    return networks.length === 0
      ? undefined
      : { peer: { type: 'networks', networks }, text: say`networks ${networks.join(', ')}` };
  }
  const cidr = hostCidr(end);
  if (cidr === undefined) return undefined;
  // A block of outside addresses is named as a whole.
  const block = end.type === 'address' && !cidr.startsWith(`${otherId}/`);
  return { peer: { type: 'networks', networks: [cidr] }, text: say`networks ${block ? otherId : cidr}` };
}

/** The ports of the question as a rule names them; undefined for every port. */
function portsOf({ flows, onePort }: TierFlip): ClusterNetworkPolicyRule['ports'] {
  const [flow] = flows;
  if (!onePort || flow === undefined || flow.protocol === 'other') return undefined;
  return [{ protocol: flow.protocol, first: flow.port, last: flow.port }];
}

function ruleAt({ policy, direction, rule }: RulePlace): ClusterNetworkPolicyRule | undefined {
  return policy.spec[direction][rule];
}

/** The state with a rule replaced by others. */
function withRules(
  state: ClusterState,
  { policy, direction, rule }: RulePlace,
  rules: readonly ClusterNetworkPolicyRule[],
): ClusterState {
  const changed = policy.spec[direction].flatMap((own, index) => (index === rule ? rules : [own]));
  return withPolicy(state, { ...policy, spec: { ...policy.spec, [direction]: changed } });
}

function withPolicy(state: ClusterState, policy: ClusterNetworkPolicy): ClusterState {
  return { ...state, clusterPolicies: new Map(state.clusterPolicies).set(policyKey(policy), policy) };
}

/** Whether every connection of the question gets the other answer. */
function turns({ direction, flows, allowed }: TierFlip, changed: ClusterState): boolean {
  return flows.every((flow) => evaluate(changed, flow)[direction].allowed !== allowed);
}
