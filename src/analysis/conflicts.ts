import { clusterRuleHit, tierRules } from '../engine/cluster-rules.ts';
import { comparePrecedence, type RuleHit } from '../engine/outcome.ts';
import { clusterPeerMatches, selectsPod } from '../engine/peer-match.ts';
import { type ClusterState, type Flow, policyKey } from '../engine/state.ts';
import type { Direction, DirectionVerdict } from '../engine/verdict.ts';
import { say } from '../model/say.ts';
import { type Diagnostic, type FieldPath, formatPath } from '../model/source.ts';
import {
  type ClusterNetworkPolicy,
  type ClusterNetworkPolicyRule,
  type ContainerPort,
  objectRef,
} from '../model/types.ts';
import { PortSet } from '../net/port-set.ts';
import { wayName } from './explain-words.ts';
import type { Unit } from './units.ts';

/** The endpoints that policies can meet on. */
export interface Endpoints {
  /** Those of the cluster. */
  readonly pods: readonly Unit[];
  /** Blocks of addresses and domains. */
  readonly outside: readonly Unit[];
}

interface Meeting {
  readonly direction: Direction;
  readonly rules: readonly [number, number];
  readonly subject: Unit;
  readonly peer: Unit;
}

/**
 * Pairs of cluster-wide policies of one tier and priority that say different things of the same traffic: an
 * implementation may apply either (C9). Decided on the endpoints there are; one warning for a pair of policies.
 * @param endpoints asked for only when two policies share a tier and a priority
 */
export function priorityConflicts(state: ClusterState, endpoints: () => Endpoints): Diagnostic[] {
  const warnings: Diagnostic[] = [];
  const ordered = [...state.clusterPolicies.values()].sort(comparePrecedence);
  if (ordered.length < 2) return warnings;
  for (const [at, first] of ordered.entries()) {
    for (const second of ordered.slice(at + 1)) {
      if (first.spec.priority !== second.spec.priority || first.spec.tier !== second.spec.tier) continue;
      const meeting = firstMeeting(state, endpoints(), first, second);
      if (meeting !== undefined) warnings.push(conflict(first, second, meeting));
    }
  }
  return warnings;
}

function firstMeeting(
  state: ClusterState,
  { pods, outside }: Endpoints,
  first: ClusterNetworkPolicy,
  second: ClusterNetworkPolicy,
): Meeting | undefined {
  const both = pods.filter(({ pods: [pod] }) => {
    return pod !== undefined && [first, second].every(({ spec }) => selectsPod(state, spec.subject, pod));
  });
  if (both.length === 0) return undefined;
  const units = [...pods, ...outside];
  for (const direction of ['ingress', 'egress'] as const) {
    for (const [one, rule] of first.spec[direction].entries()) {
      for (const [other, rival] of second.spec[direction].entries()) {
        if (rule.action === rival.action) continue;
        const peers = units.filter((unit) => ruleMatches(state, rule, unit) && ruleMatches(state, rival, unit));
        for (const peer of peers) {
          const subject = both.find((unit) => {
            const destination = (direction === 'ingress' ? unit : peer).pods[0]?.ports ?? [];
            return unit !== peer && rulePorts(rule, destination).intersects(rulePorts(rival, destination));
          });
          if (subject !== undefined) return { direction, rules: [one, other], subject, peer };
        }
      }
    }
  }
  return undefined;
}

function ruleMatches(state: ClusterState, { peers, action }: ClusterNetworkPolicyRule, unit: Unit): boolean {
  return unit.ends.some((end) =>
    unit.families.some((family) => peers.some((peer) => clusterPeerMatches(state, peer, action, end, family))),
  );
}

function rulePorts({ ports }: ClusterNetworkPolicyRule, destination: readonly ContainerPort[]): PortSet {
  if (ports === undefined) return PortSet.ALL;
  return ports.reduce((set, port) => {
    if ('protocol' in port) return set.union(PortSet.of(port.protocol, port.first, port.last));
    return destination
      .filter(({ name }) => name === port.name)
      .reduce((named, { protocol, containerPort }) => named.union(PortSet.of(protocol, containerPort)), set);
  }, PortSet.EMPTY);
}

function conflict(first: ClusterNetworkPolicy, second: ClusterNetworkPolicy, meeting: Meeting): Diagnostic {
  const { direction, rules, subject, peer } = meeting;
  const [from, to] = direction === 'egress' ? [subject, peer] : [peer, subject];
  const actions = [first.spec[direction][rules[0]]?.action, second.spec[direction][rules[1]]?.action];
  const path: FieldPath = ['spec', direction, rules[1]];
  return {
    code: 'equal-priority',
    severity: 'warning',
    object: objectRef(second),
    path: formatPath(path),
    message: say`${actions[1]} has the same priority ${second.spec.priority} as ${actions[0]} in ${wayName(direction)} rule ${rules[0] + 1} of ${first.kind} ${first.metadata.name}, and both match ${from.endpoint.id} -> ${to.endpoint.id}: which one holds is undefined; here ${first.metadata.name} goes first, by name`,
    help: say`give the two policies different priorities`,
    ...(second.source === undefined ? {} : { source: second.source.locate(path) }),
  };
}

/**
 * Sentences about policies that have the tier and priority of one that decided or passed a flow on, and that say
 * something else of it: the answer is then one of two that an implementation may give (C9).
 */
export function equalPriorityNotes(
  state: ClusterState,
  direction: Direction,
  { decidedBy, passedBy = [] }: DirectionVerdict,
  flow: Flow,
): string[] {
  const subject = direction === 'egress' ? flow.from : flow.to;
  if (subject.type !== 'pod') return [];
  return [...passedBy, ...(decidedBy === null ? [] : [decidedBy])].flatMap(({ policy: ref, rule, action }) => {
    const policy = state.clusterPolicies.get(`${ref.kind}//${ref.name}`);
    if (policy === undefined) return [];
    const rivals = new Map<string, RuleHit>();
    for (const place of tierRules(state, direction, policy.spec.tier, subject.pod)) {
      if (place.policy.spec.priority !== policy.spec.priority || place.policy === policy) continue;
      const hit = clusterRuleHit(state, flow, place);
      if (hit !== undefined && !rivals.has(policyKey(place.policy))) rivals.set(policyKey(place.policy), hit);
    }
    return [...rivals.values()]
      .filter((rival) => rival.action !== action)
      .map(
        (rival) =>
          say`${rival.policy.kind} ${rival.policy.metadata.name} has the same priority ${policy.spec.priority} as ${ref.kind} ${ref.name}, and its ${wayName(direction)} rule ${rival.rule + 1} says ${rival.action} where rule ${rule + 1} of the other says ${action}: which one holds is undefined; here ${ref.name} goes first, by name`,
      );
  });
}
