import type { Diagnostic } from '../../model/source.ts';
import type { KubeObject } from '../../model/types.ts';
import { PortSet } from '../../net/port-set.ts';
import { computeReachability } from '../reach.ts';
import { createWorld, type WorldOptions } from '../world.ts';
import type { Probe } from './from-flows.ts';
import type { LabelGroup, LabelGroups } from './groups.ts';
import { endKey, type Need } from './needs.ts';

/** What policies are checked against. */
export interface Verification {
  /** The input without NetworkPolicies. */
  readonly objects: readonly KubeObject[];
  readonly policies: readonly KubeObject[];
  readonly options: WorldOptions;
  readonly probes: readonly Probe[];
  readonly needs: readonly Need[];
  readonly groups: LabelGroups;
  /** Namespaces that policies were written for. */
  readonly namespaces: ReadonlySet<string>;
  /** What every pod of these may reach beyond the needs: the DNS servers, by the keys of their groups. */
  readonly dns: ReadonlyMap<string, PortSet>;
}

/** Every wanted connection that the policies, with the cluster-wide ones of the input, would block. */
export function blockedFlows({ objects, policies, options, probes }: Verification): Diagnostic[] {
  const { world } = createWorld([...objects, ...policies], options);
  const told = new Set<string>();
  const problems: Diagnostic[] = [];
  for (const { flow, words, observed } of probes) {
    const { from, to, family, protocol, port } = flow;
    if (told.has(words) || world.index.allows(from, to, family, protocol, port)) continue;
    told.add(words);
    const verdict = world.index.verdict(flow);
    const denying = verdict.egress.allowed ? verdict.ingress : verdict.egress;
    const by = denying.decidedBy?.policy;
    const reason = by === undefined ? `in tier ${denying.tier}` : `by ${by.kind} ${by.name}`;
    const message = `${words} stays denied ${reason}, whatever NetworkPolicies say`;
    problems.push({
      code: 'blocked-flow',
      severity: 'error',
      message,
      ...(observed === undefined ? {} : { source: observed.source }),
    });
  }
  return problems;
}

/** Every connection between workloads that the policies admit although nothing needs it. Cluster-wide policies are left out. */
export function needlessConnections(verification: Verification): Diagnostic[] {
  const { objects, policies, options, groups, namespaces } = verification;
  const plain = [...objects.filter(({ kind }) => !kind.endsWith('NetworkPolicy')), ...policies];
  const { world } = createWorld(plain, options);
  const result = computeReachability(world, { external: false });
  if ('error' in result) return [];
  const groupOf = new Map<string, LabelGroup>();
  for (const { endpoint, pods } of world.units('workload')) {
    const group = groups.get(pods[0]?.id ?? '');
    if (group !== undefined) groupOf.set(endpoint.id, group);
  }
  const needed = neededPorts(verification);
  const problems: Diagnostic[] = [];
  for (const { from, to, ports } of result.reachability.connections()) {
    const [source, target] = [groupOf.get(from), groupOf.get(to)];
    if (source === undefined || target === undefined) continue;
    if (!namespaces.has(source.namespace) && !namespaces.has(target.namespace)) continue;
    const rest = PortSet.ofPorts(ports).subtract(needed(source, target));
    if (rest.isEmpty()) continue;
    problems.push({
      code: 'needless-connection',
      severity: 'error',
      message: `the policies would admit ${from} to ${to} on ${rest.toString()}, which nothing needs`,
    });
  }
  return problems;
}

/** What is needed between two groups. */
function neededPorts({ needs, dns, namespaces }: Verification): (from: LabelGroup, to: LabelGroup) => PortSet {
  const byEnds = new Map<string, PortSet>();
  for (const { from, to, protocol, first, last } of needs) {
    const key = `${endKey(from)} ${endKey(to)}`;
    byEnds.set(key, (byEnds.get(key) ?? PortSet.EMPTY).union(PortSet.of(protocol, first, last)));
  }
  return (from, to) => {
    const target = endKey({ type: 'group', group: to });
    const sources = [
      endKey({ type: 'group', group: from }),
      endKey({ type: 'namespace', namespace: from.namespace }),
      'cluster',
      'anyone',
    ];
    const own = namespaces.has(from.namespace) ? (dns.get(target) ?? PortSet.EMPTY) : PortSet.EMPTY;
    return sources.reduce((ports, key) => ports.union(byEnds.get(`${key} ${target}`) ?? PortSet.EMPTY), own);
  };
}
