import { evaluate } from '../engine/reference.ts';
import { type ClusterState, type Flow, type PodInfo, policyKey } from '../engine/state.ts';
import type { Direction, DirectionVerdict, NearMiss } from '../engine/verdict.ts';
import { say } from '../model/say.ts';
import type { NetworkPolicy } from '../model/types.ts';
import type { CanAnswer, CanCase } from './can.ts';
import { nearTierChanges, type TierFlip, tierAdmissions, tierDenials } from './explain-flip-tiers.ts';
import {
  askedPort,
  listText,
  namingLabels,
  placeOf,
  policyName,
  policyOf,
  rulesOf,
  ruleText,
  wayName,
} from './explain-words.ts';
import { resolveEndpoint } from './resolve.ts';
import type { Unit } from './units.ts';
import type { World } from './world.ts';

/** Near misses that become proposals. */
const MOST_PROPOSALS = 3;
/** More rules than these are not listed as what must go. */
const MOST_REMOVALS = 20;

/** The two ends of an explained answer. */
interface Ends {
  readonly from: string;
  readonly to: string;
  readonly fromUnit: Unit | undefined;
  readonly toUnit: Unit | undefined;
}

/** Changes of policies that would turn an answer around, as sentences without a full stop. */
export function changesOf(world: World, answer: CanAnswer, decided: CanCase): string[] {
  const { from, to } = decided;
  const ends: Ends = { from, to, fromUnit: unitOf(world, from), toUnit: unitOf(world, to) };
  if (answer.allowed) {
    return [...denials(world, 'egress', answer, ends, decided), ...denials(world, 'ingress', answer, ends, decided)];
  }
  const directions = (['egress', 'ingress'] as const).filter((direction) => !answer[direction].allowed);
  const changes = directions.flatMap((direction) => admissions(world, direction, answer, ends, decided));
  return directions.length === 2 ? [say`both directions need a change`, ...changes] : changes;
}

function unitOf(world: World, id: string): Unit | undefined {
  const resolved = resolveEndpoint(world, id);
  return 'error' in resolved ? undefined : resolved.units[0];
}

/** Ways to admit the connection in a direction that refuses it. */
function admissions(world: World, direction: Direction, answer: CanAnswer, ends: Ends, decided: CanCase): string[] {
  const tiers = tierFlip(world, direction, answer, ends, decided);
  const { tier } = answer[direction];
  if (tier === 'route')
    return [say`an Ingress or a route of a Gateway that leads to a Service of ${ends.to} with this port`];
  if (tier === 'admin' || tier === 'baseline') return tiers === undefined ? [] : tierAdmissions(tiers, tier);
  const changes = policyAdmissions(world, direction, answer, ends);
  const left = Math.max(0, MOST_PROPOSALS - changes.length);
  return tiers === undefined ? changes : [...changes, ...nearTierChanges(tiers).slice(0, left)];
}

/** What is known for changes of cluster-wide policies; undefined where they have no say. */
function tierFlip(
  { state }: World,
  direction: Direction,
  answer: CanAnswer,
  ends: Ends,
  decided: CanCase,
): TierFlip | undefined {
  const flow = decided.flows[direction];
  const subject = direction === 'egress' ? flow.from : flow.to;
  if (subject.type !== 'pod') return undefined;
  const single = decided.port !== undefined;
  return {
    state,
    direction,
    flows: single || !answer.allowed ? [flow] : [flow, ...openFlows(flow, decided)],
    onePort: single,
    pod: subject.pod,
    otherId: direction === 'egress' ? ends.to : ends.from,
    port: askedPort(answer),
    allowed: answer[direction].allowed,
  };
}

/** One connection of each open range: a change must refuse them all. */
function openFlows(flow: Flow, { ports = [] }: CanCase): Flow[] {
  const open = ports.flatMap(({ protocol, ranges }) => ranges.map(([port]) => ({ ...flow, protocol, port })));
  return open.slice(0, MOST_REMOVALS);
}

/** Ways in which NetworkPolicies would admit the connection. */
function policyAdmissions(world: World, direction: Direction, answer: CanAnswer, ends: Ends): string[] {
  const { isolatedBy, nearMisses } = answer[direction];
  const other = direction === 'egress' ? ends.toUnit : ends.fromUnit;
  const otherId = direction === 'egress' ? ends.to : ends.from;
  const port = askedPort(answer);
  const proposals = nearMisses.flatMap((miss) => {
    const policy = policyOf(world.state, miss.policy);
    return policy === undefined ? [] : [nearChange(policy, direction, miss, port, otherId, other)];
  });
  if (proposals.length > 0) return [...new Set(proposals)].slice(0, MOST_PROPOSALS);
  const policies = isolatedBy.flatMap((ref) => policyOf(world.state, ref) ?? []);
  const target = policies.find((policy) => rulesOf(policy, direction).length > 0) ?? policies[0];
  if (target === undefined) return [];
  const onPort = port === undefined ? '' : say` on ${port}`;
  const where = `${policyName(target.metadata)}${placeOf(target, [])}`;
  const peer = peerFor(otherId, other, target);
  return [
    direction === 'ingress'
      ? say`add an ingress rule to ${where}: from ${peer}${onPort}`
      : say`add an egress rule to ${where}: to ${peer}${onPort}`,
  ];
}

function nearChange(
  policy: NetworkPolicy,
  direction: Direction,
  miss: NearMiss,
  port: string | undefined,
  otherId: string,
  other: Unit | undefined,
): string {
  const rule = ruleText(policy, direction, miss.rule);
  switch (miss.missed) {
    case 'port':
    case 'protocol':
    case 'named-port':
      return say`add ${port ?? say`the port`} to ${rule}`;
    case 'except': {
      const field = direction === 'ingress' ? 'from' : 'to';
      const path = ['spec', direction, miss.rule, field, miss.peer ?? 0, 'ipBlock', 'except'];
      return say`take ${otherId} out of the except list of ${policyName(policy.metadata)}${placeOf(policy, path)}`;
    }
    case 'labels':
    case 'namespace':
    case 'address':
      return say`add ${peerFor(otherId, other, policy)} to ${rule}`;
  }
}

/** A peer that is the other end and as little else as its labels allow. */
function peerFor(otherId: string, other: Unit | undefined, policy: NetworkPolicy): string {
  const pod = other?.pods[0];
  if (pod !== undefined) return podPeer(pod, policy);
  if (otherId === 'internet') return 'ipBlock 0.0.0.0/0';
  if (other?.ends[0]?.type === 'unseen') return say`a peer that selects ${otherId}`;
  if (other?.endpoint.type === 'domain') return say`ipBlocks with the addresses of ${otherId}`;
  const address = other?.endpoint.addresses?.[0] ?? otherId;
  if (address.includes('/') && other?.endpoint.type !== 'external')
    return say`an ipBlock with an address of ${otherId}`;
  if (address.includes('/')) return `ipBlock ${address}`;
  return `ipBlock ${address}/${address.includes(':') ? 128 : 32}`;
}

function podPeer(pod: PodInfo, policy: NetworkPolicy): string {
  const labels = namingLabels(pod);
  const pods = labels === '' ? 'podSelector {}' : `podSelector ${labels}`;
  return pod.namespace === policy.metadata.namespace
    ? pods
    : say`namespaceSelector kubernetes.io/metadata.name=${pod.namespace} with ${pods}`;
}

/** Ways to refuse the connection in a direction that allows it. */
function denials(world: World, direction: Direction, answer: CanAnswer, ends: Ends, decided: CanCase): string[] {
  const verdict = answer[direction];
  const { tier } = verdict;
  const subject = direction === 'egress' ? ends.from : ends.to;
  const tiers = tierFlip(world, direction, answer, ends, decided);
  if (tier === 'route') {
    const names = (verdict.routes ?? []).map((route) => `${route.kind} ${policyName(route)}`);
    return [say`take its Service out of ${listText(names)}`];
  }
  if (tier === 'self') return [say`no policy can refuse the ${wayName(direction)} of ${subject} here`];
  if (tier === 'node') {
    return [
      direction === 'egress'
        ? say`no NetworkPolicy can refuse the egress of ${subject} here; a Deny rule of the Admin tier for nodes or networks can`
        : say`no NetworkPolicy can refuse the ingress of ${subject} here`,
    ];
  }
  if (tier === 'admin' || tier === 'baseline') return tiers === undefined ? [] : tierDenials(tiers, tier);
  if (tier === 'default') {
    const pod = (direction === 'egress' ? ends.fromUnit : ends.toUnit)?.pods[0];
    if (pod === undefined) return [];
    const labels = namingLabels(pod);
    const selector = labels === '' ? say`every pod` : labels;
    return [
      say`no NetworkPolicy isolates ${subject} for ${wayName(direction)}: add one to namespace ${pod.namespace} that selects ${selector} and does not admit this`,
      ...(tiers === undefined ? [] : nearTierChanges(tiers).slice(0, 1)),
    ];
  }
  const flow = decided.port === undefined ? undefined : decided.flows[direction];
  if (verdict.decidedBy === null || flow === undefined) return removalOfDecider(world, direction, verdict);
  const rules = admittingRules(world.state, direction, flow);
  if (rules === undefined) return removalOfDecider(world, direction, verdict);
  return [say`remove ${listText(rules)}`];
}

function removalOfDecider(world: World, direction: Direction, { decidedBy }: DirectionVerdict): string[] {
  const policy = decidedBy === null ? undefined : policyOf(world.state, decidedBy.policy);
  if (policy === undefined || decidedBy === null) return [];
  return [say`remove ${ruleText(policy, direction, decidedBy.rule)}, and every other rule that admits it`];
}

/**
 * Every rule that must go until the direction refuses the flow, found by taking away what decides and asking again.
 * `undefined` when they are too many to list.
 */
function admittingRules(state: ClusterState, direction: Direction, flow: Flow): string[] | undefined {
  /** Remaining rules of changed policies, by their original indexes. */
  const remaining = new Map<string, number[]>();
  const removed: string[] = [];
  let policies = new Map(state.policies);
  for (;;) {
    const { decidedBy, allowed } = evaluate({ ...state, policies }, flow)[direction];
    if (!allowed) return removed;
    const policy = decidedBy === null ? undefined : policyOf(state, decidedBy.policy);
    if (decidedBy === null || policy === undefined || removed.length >= MOST_REMOVALS) return undefined;
    const key = policyKey(policy);
    const left = remaining.get(key) ?? rulesOf(policy, direction).map((_, index) => index);
    const original = left[decidedBy.rule];
    if (original === undefined) return undefined;
    removed.push(ruleText(policy, direction, original));
    const kept = left.filter((index) => index !== original);
    remaining.set(key, kept);
    policies = new Map(policies).set(key, withRules(policy, direction, kept));
  }
}

function withRules(policy: NetworkPolicy, direction: Direction, kept: readonly number[]): NetworkPolicy {
  const { ingress, egress } = policy.spec;
  const spec =
    direction === 'ingress'
      ? { ...policy.spec, ingress: ingress.filter((_, index) => kept.includes(index)) }
      : { ...policy.spec, egress: egress.filter((_, index) => kept.includes(index)) };
  return { ...policy, spec };
}
