import { namespaceOf } from '../../engine/state.ts';
import type { Direction } from '../../engine/verdict.ts';
import { say } from '../../model/say.ts';
import { matchesSelector } from '../../model/selector.ts';
import type { Diagnostic } from '../../model/source.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { KubeObject, NetworkPolicy, Service } from '../../model/types.ts';
import { createWorld, type World, type WorldOptions } from '../world.ts';
import type { AdviseOptions } from './advise.ts';
import type { ObservedFlow } from './flow.ts';
import { needsOfFlows, type Probe, type Wanted } from './from-flows.ts';
import { labelGroups } from './groups.ts';
import type { BlockOptions } from './peers.ts';
import { type AdvisedPolicy, groupPolicies } from './policies.ts';

/** Policies to add to those that are there. */
export interface Additions {
  /** Empty when an error keeps them from doing what was asked, or when nothing has to be added. */
  readonly policies: readonly AdvisedPolicy[];
  /** Flows that would pass and did not before. */
  readonly admitted: number;
  readonly diagnostics: readonly Diagnostic[];
}

const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];

/**
 * The least that must be added to the policies of a cluster for denied flows to pass. A policy is written only for the ends
 * that some NetworkPolicy isolates in the direction in question: for another it would isolate what is open today. So what is
 * added opens, and never closes anything.
 *
 * The engine judges every flow with the additions in place; one that would still be denied, because a tier of cluster-wide
 * policies denies it, is an error, and so is one that no policy can admit. With `skipUnusable` those are left out, each with a warning.
 */
export function adviseAdditions(
  objects: readonly KubeObject[],
  flows: readonly ObservedFlow[],
  options: WorldOptions & Partial<BlockOptions> & Pick<AdviseOptions, 'skipUnusable'> = {},
): Additions {
  const { world } = createWorld(objects, options);
  const groups = labelGroups(world.state);
  const services = objects.filter((object): object is Service => object.kind === 'Service');
  const { prefixes = { IPv4: 32, IPv6: 128 } } = options;
  const all = needsOfFlows(world, groups, flows, { prefixes, services });
  const blocked = { ingress: new Set<ObservedFlow>(), egress: new Set<ObservedFlow>() };
  for (const { flow, observed } of all.probes) {
    const verdict = world.index.verdict(flow);
    for (const direction of DIRECTIONS) {
      if (observed !== undefined && !verdict[direction].allowed) blocked[direction].add(observed);
    }
  }
  const flowsOf = (some: Iterable<ObservedFlow>): Wanted =>
    needsOfFlows(world, groups, [...some], { prefixes, services });
  const { needs, probes } = flowsOf(new Set([...blocked.ingress, ...blocked.egress]));
  const namespaces = [...new Set([...groups.values()].map(({ namespace }) => namespace))].sort(compareCodePoints);
  const named = namespaces.flatMap((namespace) => groupPolicies(needs, namespace, namesIn(world, namespace)));
  const rules = new Map(
    DIRECTIONS.map((direction) => {
      const own = flowsOf(blocked[direction]).needs;
      const advised = namespaces.flatMap((namespace) => groupPolicies(own, namespace, []));
      return [direction, new Map(advised.map((one) => [groupKey(one), one]))];
    }),
  );
  const policies = named.flatMap((advised) => {
    const ingress = rules.get('ingress')?.get(groupKey(advised));
    const egress = rules.get('egress')?.get(groupKey(advised));
    return onlyIsolated(world, withRules(advised, ingress, egress)) ?? [];
  });
  const admitted = new Set(probes.flatMap(({ observed }) => observed ?? [])).size;
  const after = createWorld([...objects, ...policies.map(({ policy }) => policy)], options).world;
  const { skipUnusable = false } = options;
  const lost = probes.filter(isDenied(after));
  if (skipUnusable && lost.length > 0) {
    const left = new Set(lost.map(({ observed }) => observed));
    const rest = adviseAdditions(
      objects,
      flows.filter((flow) => !left.has(flow)),
      options,
    );
    return { ...rest, diagnostics: [...rest.diagnostics, ...asWarnings(stillDenied(lost))] };
  }
  const diagnostics = [...(skipUnusable ? asWarnings(all.problems) : all.problems), ...stillDenied(lost)];
  return diagnostics.some(({ severity }) => severity === 'error')
    ? { policies: [], admitted: 0, diagnostics }
    : { policies, admitted, diagnostics };
}

function isDenied(world: World): (probe: Probe) => boolean {
  return ({ flow }) => !world.index.verdict(flow).allowed;
}

/** Equal for the policies of one set of pods. */
function groupKey({ policy, comment }: AdvisedPolicy): string {
  return JSON.stringify([policy.metadata.namespace, comment, policy.spec.podSelector]);
}

/** A policy with the ingress rules of one other and the egress rules of another. */
function withRules(
  advised: AdvisedPolicy,
  ingress: AdvisedPolicy | undefined,
  egress: AdvisedPolicy | undefined,
): AdvisedPolicy {
  const spec = {
    ...advised.policy.spec,
    ingress: ingress?.policy.spec.ingress ?? [],
    egress: egress?.policy.spec.egress ?? [],
  };
  return {
    ...advised,
    policy: { ...advised.policy, spec },
    ingress: ingress?.ingress ?? [],
    egress: egress?.egress ?? [],
  };
}

function namesIn(world: World, namespace: string): string[] {
  return [...world.state.policies.values()]
    .filter((policy) => namespaceOf(policy) === namespace)
    .map(({ metadata }) => metadata.name);
}

/** A policy without the directions in which it would isolate pods that nothing isolates; undefined when none is left. */
function onlyIsolated(world: World, advised: AdvisedPolicy): AdvisedPolicy | undefined {
  const { policy } = advised;
  const namespace = namespaceOf(policy);
  const pods = [...world.state.pods.values()].filter(
    (pod) => !pod.hostNetwork && pod.namespace === namespace && matchesSelector(policy.spec.podSelector, pod.labels),
  );
  const kept = DIRECTIONS.filter(
    (direction) =>
      policy.spec[direction].length > 0 &&
      pods.length > 0 &&
      pods.every((pod) => world.index.policiesOf(pod, direction).program !== null),
  );
  if (kept.length === 0) return undefined;
  const spec: NetworkPolicy['spec'] = {
    podSelector: policy.spec.podSelector,
    policyTypes: kept.map((direction) => (direction === 'ingress' ? 'Ingress' : 'Egress')),
    ingress: kept.includes('ingress') ? policy.spec.ingress : [],
    egress: kept.includes('egress') ? policy.spec.egress : [],
  };
  return {
    ...advised,
    policy: { ...policy, spec },
    ingress: kept.includes('ingress') ? advised.ingress : [],
    egress: kept.includes('egress') ? advised.egress : [],
  };
}

function asWarnings(problems: readonly Diagnostic[]): Diagnostic[] {
  return problems.map((problem) => ({ ...problem, severity: 'warning' }));
}

function stillDenied(probes: readonly Probe[]): Diagnostic[] {
  const seen = new Set<string>();
  return probes.flatMap(({ words, observed }) => {
    if (seen.has(words)) return [];
    seen.add(words);
    return {
      code: 'flow-stays-denied',
      severity: 'error',
      message: say`no NetworkPolicy lets ${words} pass: a cluster-wide policy denies it`,
      ...(observed === undefined ? {} : { source: observed.source }),
    };
  });
}
