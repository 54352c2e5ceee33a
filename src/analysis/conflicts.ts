import { comparePrecedence } from '../engine/outcome.ts';
import { clusterPeerMatches, selectsPod } from '../engine/peer-match.ts';
import type { ClusterState } from '../engine/state.ts';
import type { Direction } from '../engine/verdict.ts';
import { type Diagnostic, type FieldPath, formatPath } from '../model/source.ts';
import {
  type ClusterNetworkPolicy,
  type ClusterNetworkPolicyRule,
  type ContainerPort,
  objectRef,
} from '../model/types.ts';
import { PortSet } from '../net/port-set.ts';
import type { Unit } from './units.ts';
import type { World } from './world.ts';

interface Meeting {
  readonly direction: Direction;
  readonly rules: readonly [number, number];
  readonly subject: Unit;
  readonly peer: Unit;
}

/**
 * Pairs of cluster-wide policies of one tier and priority that say different things of the same traffic: an
 * implementation may apply either (C9). Decided on the endpoints of the world; one warning for a pair of policies.
 */
export function priorityConflicts(world: World): Diagnostic[] {
  const warnings: Diagnostic[] = [];
  const { state } = world;
  const ordered = [...state.clusterPolicies.values()].sort(comparePrecedence);
  if (ordered.length < 2) return warnings;
  for (const [at, first] of ordered.entries()) {
    for (const second of ordered.slice(at + 1)) {
      if (first.spec.priority !== second.spec.priority || first.spec.tier !== second.spec.tier) continue;
      const meeting = firstMeeting(world, first, second);
      if (meeting !== undefined) warnings.push(conflict(first, second, meeting));
    }
  }
  return warnings;
}

function firstMeeting(world: World, first: ClusterNetworkPolicy, second: ClusterNetworkPolicy): Meeting | undefined {
  const { state } = world;
  const pods = world.units('workload');
  const both = pods.filter(({ pods: [pod] }) => {
    return pod !== undefined && [first, second].every(({ spec }) => selectsPod(state, spec.subject, pod));
  });
  if (both.length === 0) return undefined;
  const units = [...pods, ...world.external(), ...world.domains()];
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
    message:
      `${actions[1]} has the same priority ${second.spec.priority} as ${actions[0]} in ${direction} rule ${rules[0] + 1} ` +
      `of ${first.kind} ${first.metadata.name}, and both match ${from.endpoint.id} -> ${to.endpoint.id}: ` +
      `which one holds is undefined; here ${first.metadata.name} goes first, by name`,
    help: 'give the two policies different priorities',
    ...(second.source === undefined ? {} : { source: second.source.locate(path) }),
  };
}
