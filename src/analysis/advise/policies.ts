import { NAMESPACE_NAME_LABEL } from '../../engine/namespace.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { LabelSelector, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../model/types.ts';
import { formatCidr } from '../../net/cidr.ts';
import { PortSet } from '../../net/port-set.ts';
import type { LabelGroup } from './groups.ts';
import { compareEnds, endKey, endNamespace, type Need, type NeedEnd } from './needs.ts';

/** A policy with what to say about it and about each of its rules, in the order of the rules. */
export interface AdvisedPolicy {
  readonly policy: NetworkPolicy;
  readonly comment: string;
  readonly ingress: readonly (readonly string[])[];
  readonly egress: readonly (readonly string[])[];
}

/** The DNS servers that isolated pods may ask. */
export interface DnsPeer {
  readonly peers: readonly NetworkPolicyPeer[];
  readonly ports: PortSet;
}

/** Names that policies of a whole namespace have. */
const DEFAULT_DENY = 'default-deny';
const ALLOW_DNS = 'allow-dns';
const ALLOW_SERVICES = 'allow-services';

/**
 * Writes the policies of some namespaces: everything denied by default, name resolution, and for each group one policy
 * with what is needed.
 * @param namespaces in the order in which they are written
 * @param dns absent: no policy for name resolution
 */
export function buildPolicies(
  needs: readonly Need[],
  namespaces: readonly string[],
  dns: DnsPeer | undefined,
): AdvisedPolicy[] {
  const policies: AdvisedPolicy[] = [];
  for (const namespace of namespaces) {
    policies.push(wholeNamespace(namespace, DEFAULT_DENY, 'Nothing in or out unless another policy allows it.'));
    if (dns !== undefined) policies.push(dnsPolicy(namespace, dns));
    const outgoing = needs.filter(({ from }) => from.type === 'namespace' && from.namespace === namespace);
    if (outgoing.length > 0) {
      const comment = 'Every pod may call the Services of the namespace.';
      const { rules, comments } = rulesFor(outgoing, 'to', namespace);
      const egress = rules.map(({ peers, ports }) => ({ to: peers, ports }));
      policies.push(wholeNamespace(namespace, ALLOW_SERVICES, comment, ['Egress'], egress, comments));
    }
    policies.push(...groupPolicies(needs, namespace, [DEFAULT_DENY, ALLOW_DNS, ALLOW_SERVICES]));
  }
  return policies;
}

function wholeNamespace(
  namespace: string,
  name: string,
  comment: string,
  policyTypes: readonly string[] = ['Ingress', 'Egress'],
  egress: NetworkPolicy['spec']['egress'] = [],
  comments: readonly (readonly string[])[] = [],
): AdvisedPolicy {
  const spec = { podSelector: {}, policyTypes, ingress: [], egress };
  return { policy: policyOf(namespace, name, spec), comment, ingress: [], egress: comments };
}

function dnsPolicy(namespace: string, { peers, ports }: DnsPeer): AdvisedPolicy {
  const egress = [{ to: peers, ports: policyPorts(ports) }];
  return wholeNamespace(namespace, ALLOW_DNS, 'Name resolution for every pod.', ['Egress'], egress, [[]]);
}

function policyOf(namespace: string, name: string, spec: NetworkPolicy['spec']): NetworkPolicy {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace }, spec };
}

/**
 * One policy for each group of a namespace, with what is needed of it and nothing else.
 * @param taken names that they must not have
 */
export function groupPolicies(needs: readonly Need[], namespace: string, taken: Iterable<string>): AdvisedPolicy[] {
  const groups = new Map<string, LabelGroup>();
  for (const end of needs.flatMap(({ from, to }) => [from, to])) {
    if (end.type === 'group' && end.group.namespace === namespace) groups.set(end.group.id, end.group);
  }
  const names = new Set(taken);
  return [...groups.values()]
    .sort((a, b) => compareCodePoints(a.id, b.id))
    .flatMap((group) => {
      const isGroup = (end: NeedEnd): boolean => end.type === 'group' && end.group === group;
      const incoming = rulesFor(
        needs.filter(({ to }) => isGroup(to)),
        'from',
        namespace,
      );
      const outgoing = rulesFor(
        needs.filter(({ from }) => isGroup(from)),
        'to',
        namespace,
      );
      const policyTypes = [
        ...(incoming.rules.length > 0 ? ['Ingress'] : []),
        ...(outgoing.rules.length > 0 ? ['Egress'] : []),
      ];
      if (policyTypes.length === 0) return [];
      return group.selectors.map((podSelector) => ({
        policy: policyOf(namespace, freeName(group, names), {
          podSelector,
          policyTypes,
          ingress: incoming.rules.map(({ peers, ports }) => ({ from: peers, ports })),
          egress: outgoing.rules.map(({ peers, ports }) => ({ to: peers, ports })),
        }),
        comment: group.id,
        ingress: incoming.comments,
        egress: outgoing.comments,
      }));
    });
}

/** The workload's name, with its kind or a number where that is taken. Names of policies are at most 253 characters. */
function freeName({ name, kind }: LabelGroup, taken: Set<string>): string {
  const base = name.slice(0, 230);
  const candidates = [base, `${base}-${kind.toLowerCase()}`];
  let number = 2;
  let free = candidates.find((candidate) => !taken.has(candidate));
  while (free === undefined) {
    const numbered = `${base}-${number}`;
    if (!taken.has(numbered)) free = numbered;
    number++;
  }
  taken.add(free);
  return free;
}

interface Rule {
  readonly peers: readonly NetworkPolicyPeer[];
  readonly ports: readonly NetworkPolicyPort[];
}

/** One rule for all peers with equal ports. Ports that are open to anyone, or to every pod, are not said again for others. */
function rulesFor(
  needs: readonly Need[],
  side: 'from' | 'to',
  namespace: string,
): { readonly rules: readonly Rule[]; readonly comments: readonly (readonly string[])[] } {
  const byPeer = new Map<string, { readonly end: NeedEnd; readonly needs: Need[] }>();
  for (const need of needs) {
    const end = need[side];
    const known = byPeer.get(endKey(end)) ?? { end, needs: [] };
    byPeer.set(endKey(end), known);
    known.needs.push(need);
  }
  const open = portsOf(byPeer.get('anyone')?.needs ?? []);
  const openToPods = open.union(portsOf(byPeer.get('cluster')?.needs ?? []));
  const byPorts = new Map<string, { readonly ends: NeedEnd[]; readonly ports: PortSet; readonly needs: Need[] }>();
  for (const { end, needs: all } of [...byPeer.values()].sort((a, b) => compareEnds(a.end, b.end))) {
    const wider = end.type === 'group' || end.type === 'namespace' ? openToPods : open;
    const own = end.type === 'anyone' ? all : all.filter((need) => !wider.containsSet(portsOf([need])));
    if (own.length === 0) continue;
    const ports = end.type === 'anyone' ? open : portsOf(own).subtract(wider);
    const key = `${end.type === 'anyone'} ${ports.key}`;
    const known = byPorts.get(key) ?? { ends: [], ports, needs: [] };
    byPorts.set(key, known);
    known.ends.push(end);
    known.needs.push(...own);
  }
  const rules = [...byPorts.values()];
  return {
    rules: rules.map(({ ends, ports }) => ({
      peers: ends.flatMap((end) => peersOf(end, namespace)),
      ports: policyPorts(ports),
    })),
    comments: rules.map((rule) => reasons(rule.needs)),
  };
}

function portsOf(needs: readonly Need[]): PortSet {
  return PortSet.ofPorts(needs.map(({ protocol, first, last }) => ({ protocol, ranges: [[first, last]] })));
}

/** Each reason once, with how often it was seen. */
function reasons(needs: readonly Need[]): string[] {
  const seen = new Map<string, number | undefined>();
  for (const need of needs) {
    const known = seen.get(need.because);
    seen.set(need.because, need.seen === undefined ? known : (known ?? 0) + need.seen);
  }
  return [...seen]
    .sort(([a], [b]) => compareCodePoints(a, b))
    .map(([text, times]) => {
      if (times === undefined) return text;
      return `${text}, seen ${times === 1 ? 'once' : `${times} times`}`;
    });
}

/** How a policy of a namespace names an end. */
function peersOf(end: NeedEnd, namespace: string): NetworkPolicyPeer[] {
  switch (end.type) {
    case 'group':
      return groupPeers(end.group, namespace);
    case 'block':
      return [{ ipBlock: { cidr: formatCidr(end.block), except: [] } }];
    case 'namespace':
      return endNamespace(end) === namespace
        ? [{ podSelector: {} }]
        : [{ namespaceSelector: namespaceSelector(end.namespace) }];
    case 'cluster':
      return [{ namespaceSelector: {} }];
    case 'anyone':
      return [];
  }
}

/** How a policy of a namespace names the pods of a group. */
export function groupPeers(group: LabelGroup, namespace: string | undefined): NetworkPolicyPeer[] {
  return group.selectors.map((podSelector) =>
    group.namespace === namespace
      ? { podSelector }
      : { namespaceSelector: namespaceSelector(group.namespace), podSelector },
  );
}

/** Selects a namespace by the label that it always has (S37). */
export function namespaceSelector(name: string): LabelSelector {
  return { matchLabels: { [NAMESPACE_NAME_LABEL]: name } };
}

function policyPorts(ports: PortSet): NetworkPolicyPort[] {
  return ports
    .toJSON()
    .flatMap(({ protocol, ranges }) =>
      ranges.map(([first, last]) => ({ protocol, port: first, ...(last > first ? { endPort: last } : {}) })),
    );
}
