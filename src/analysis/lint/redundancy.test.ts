import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effort, patient } from '../../../test/support/property.ts';
import { decodeCluster, randomCluster } from '../../../test/support/random-cluster.ts';
import { flowFrom, flowParts, flowPicks, flowText } from '../../../test/support/random-flow.ts';
import { type ClusterState, evaluate, type FlowEnd, namespaceOf, PolicyIndex, policyKey } from '../../engine/index.ts';
import type { FlowProtocol } from '../../engine/verdict.ts';
import { matchesSelector } from '../../model/selector.ts';
import type { ClusterNetworkPolicy, NetworkPolicy } from '../../model/types.ts';
import type { Family } from '../../net/address.ts';
import type { PortSet } from '../../net/port-set.ts';
import { ClassTable } from '../classes.ts';
import { World } from '../world.ts';
import { lint } from './lint.ts';
import { type PolicyRule, rulesOf } from './policy-rule.ts';
import { findRedundancies, isGuard, type Redundancies } from './redundancy.ts';

function redundanciesOf(state: ClusterState): Redundancies {
  const world = new World(state, 'default');
  const units = [...world.units('workload'), ...world.external(), ...world.domains()];
  return findRedundancies(state.policies.values(), new ClassTable(world.index, units));
}

function withPolicies(state: ClusterState, policies: Iterable<NetworkPolicy>): ClusterState {
  return { ...state, policies: new Map([...policies].map((policy) => [policyKey(policy), policy])) };
}

function withoutRules(policy: NetworkPolicy, rules: readonly PolicyRule[]): NetworkPolicy {
  const kept = <T>(list: readonly T[], direction: 'ingress' | 'egress'): T[] =>
    list.filter(
      (_, index) =>
        !rules.some(
          (rule) =>
            policyKey(rule.policy) === policyKey(policy) && rule.direction === direction && rule.index === index,
        ),
    );
  const { spec } = policy;
  return { ...policy, spec: { ...spec, ingress: kept(spec.ingress, 'ingress'), egress: kept(spec.egress, 'egress') } };
}

interface Difference {
  readonly from: FlowEnd;
  readonly to: FlowEnd;
  readonly family: Family;
  readonly ports: PortSet;
}

/** A pair of ends for which the states admit different ports in a direction. `ends` and families are those of both. */
function difference(one: ClusterState, other: ClusterState, ends: Ends): Difference | undefined {
  const [a, b] = [new PolicyIndex(one), new PolicyIndex(other)];
  for (const pod of ends.pods) {
    for (const end of ends.all) {
      if (end === pod) continue;
      for (const [from, to] of end.type === 'domain'
        ? [[pod, end]]
        : [
            [pod, end],
            [end, pod],
          ]) {
        if (from === undefined || to === undefined) continue;
        for (const family of ends.families(from).filter((one) => ends.families(to).includes(one))) {
          const [before, after] = [a.ports(from, to, family), b.ports(from, to, family)];
          for (const direction of ['egress', 'ingress'] as const) {
            const ports = before[direction]
              .subtract(after[direction])
              .union(after[direction].subtract(before[direction]));
            if (!ports.isEmpty()) return { from, to, family, ports };
          }
        }
      }
    }
  }
  return undefined;
}

interface Ends {
  readonly pods: readonly FlowEnd[];
  readonly all: readonly FlowEnd[];
  readonly families: (end: FlowEnd) => readonly Family[];
}

/** Every end of a state: pods, replicas of templates, nodes and blocks by all of their addresses, domains. */
function endsOf(state: ClusterState): Ends {
  const world = new World(state, 'default');
  const units = [...world.units('pod'), ...world.external(), ...world.domains()];
  const families = new Map<FlowEnd, readonly Family[]>();
  for (const unit of units) {
    for (const end of unit.ends) {
      const own = 'address' in end && end.address !== undefined ? [end.address.family] : unit.families;
      families.set(end, own);
      // A second replica of a template: what a template's pods say to each other counts.
      if (end.type === 'pod' && end.pod.kind !== 'Pod') families.set({ ...end }, own);
    }
  }
  const all = [...families.keys()];
  return { all, pods: all.filter(({ type }) => type === 'pod'), families: (end) => families.get(end) ?? [] };
}

/** What the reference evaluator says of the first port of a difference, in both states. */
function referenceSees(one: ClusterState, other: ClusterState, { from, to, family, ports }: Difference): boolean {
  const [entry] = ports.toJSON();
  const protocol: FlowProtocol = entry?.protocol ?? 'other';
  const flow = { from, to, family, protocol, port: entry?.ranges[0]?.[0] ?? 0 };
  const [a, b] = [evaluate(one, flow), evaluate(other, flow)];
  return a.egress.allowed !== b.egress.allowed || a.ingress.allowed !== b.ingress.allowed;
}

function selectsSome(state: ClusterState, policy: NetworkPolicy): boolean {
  return [...state.pods.values()].some(
    (pod) =>
      !pod.hostNetwork && pod.namespace === namespaceOf(policy) && matchesSelector(policy.spec.podSelector, pod.labels),
  );
}

function reduced(state: ClusterState, { policies, rules }: Redundancies): ClusterState {
  const gone = new Set(policies.map(({ policy }) => policyKey(policy)));
  const left = [...state.policies.values()].filter((policy) => !gone.has(policyKey(policy)));
  return withPolicies(
    state,
    left.map((policy) =>
      withoutRules(
        policy,
        rules.map(({ rule }) => rule),
      ),
    ),
  );
}

describe('on random clusters', () => {
  test('taking away all that is redundant changes no verdict', patient, () => {
    let removed = 0;
    fc.assert(
      fc.property(randomCluster, flowPicks(40), (cluster, picks) => {
        const state = decodeCluster(cluster);
        const found = redundanciesOf(state);
        removed += found.policies.length + found.rules.length;
        const left = reduced(state, found);
        const changed = difference(state, left, endsOf(state));
        expect(changed && flowText({ ...changed, protocol: 'TCP', port: 0 })).toBeUndefined();
        const parts = flowParts(state);
        for (const pick of picks) {
          const flow = flowFrom(parts, pick);
          // What is redundant depends on the pods there are.
          if (flow === undefined || flow.from.type === 'unseen' || flow.to.type === 'unseen') continue;
          const [before, after] = [evaluate(state, flow), evaluate(left, flow)];
          expect([after.egress.allowed, after.ingress.allowed], flowText(flow)).toEqual([
            before.egress.allowed,
            before.ingress.allowed,
          ]);
        }
      }),
      effort(120),
    );
    expect(removed).toBeGreaterThan(50);
  });

  test('each rule and policy that stays is needed', patient, () => {
    let needed = 0;
    fc.assert(
      fc.property(randomCluster, (cluster) => {
        const state = decodeCluster(cluster);
        const left = reduced(state, redundanciesOf(state));
        const ends = endsOf(state);
        const expectNeeded = (smaller: ClusterState, what: string): void => {
          const changed = difference(left, smaller, ends);
          expect(changed, what).toBeDefined();
          if (changed !== undefined) expect(referenceSees(left, smaller, changed), what).toBe(true);
          needed++;
        };
        for (const policy of left.policies.values()) {
          if (!selectsSome(state, policy)) continue;
          const others = [...left.policies.values()].filter((other) => other !== policy);
          if (!isGuard(policy) && policy.spec.policyTypes.length > 0)
            expectNeeded(withPolicies(left, others), policy.metadata.name);
          for (const rule of rulesOf(policy)) {
            if (!rule.inForce) continue;
            expectNeeded(
              withPolicies(left, [...others, withoutRules(policy, [rule])]),
              `${policy.metadata.name} ${rule.direction} ${rule.index}`,
            );
          }
        }
      }),
      effort(120),
    );
    expect(needed).toBeGreaterThan(50);
  });

  test('a tier rule that is never reached can go', patient, () => {
    let unreachable = 0;
    fc.assert(
      fc.property(randomCluster, (cluster) => {
        const state = decodeCluster(cluster);
        const objects = [...state.policies.values(), ...state.clusterPolicies.values()];
        const input = { world: new World(state, 'default'), objects, invalid: new Set<never>(), diagnostics: [] };
        const { findings } = lint(input, { select: new Set(['unreachable-tier-rule']) });
        unreachable += findings.length;
        const told = new Set(findings.map(({ object, path }) => `${object?.kind} ${object?.name} ${path}`));
        const kept = <T>({ kind, metadata }: ClusterNetworkPolicy, direction: string, rules: readonly T[]): T[] =>
          rules.filter((_, index) => !told.has(`${kind} ${metadata.name} spec.${direction}[${index}]`));
        const clusterPolicies = new Map(
          [...state.clusterPolicies].map(([key, policy]) => {
            const [ingress, egress] = [
              kept(policy, 'ingress', policy.spec.ingress),
              kept(policy, 'egress', policy.spec.egress),
            ];
            return [key, { ...policy, spec: { ...policy.spec, ingress, egress } }] as const;
          }),
        );
        const changed = difference(state, { ...state, clusterPolicies }, endsOf(state));
        expect(changed && flowText({ ...changed, protocol: 'TCP', port: 0 })).toBeUndefined();
      }),
      effort(100),
    );
    expect(unreachable).toBeGreaterThan(10);
  });
});
