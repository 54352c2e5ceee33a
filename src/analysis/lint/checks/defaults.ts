import type { DirectionPolicies } from '../../../engine/compiled/policy-index.ts';
import { type CompiledRule, resolveSpec } from '../../../engine/compiled/program.ts';
import { namespaceOf, type PodInfo } from '../../../engine/state.ts';
import type { Direction } from '../../../engine/verdict.ts';
import { say } from '../../../model/say.ts';
import { matchesSelector, selectorIsEmpty } from '../../../model/selector.ts';
import type { KubeObject, NetworkPolicy, NetworkPolicyPeer } from '../../../model/types.ts';
import { rowKey, type UnitClass } from '../../classes.ts';
import { listText, wayName } from '../../explain-words.ts';
import type { LintContext } from '../context.ts';
import { listing, podNames } from '../words.ts';

/** What is open or closed by default: `namespace-without-default-deny`, `egress-forgets-dns`. */
export function checkDefaults(context: LintContext): void {
  checkNamespaces(context);
  checkDns(context);
}

/** A default deny in these would cut the cluster's own parts off. */
const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease'];

function checkNamespaces(context: LintContext): void {
  const { catalog } = context;
  const byNamespace = new Map<string, NetworkPolicy[]>();
  for (const policy of context.networkPolicies) {
    const policies = byNamespace.get(namespaceOf(policy)) ?? [];
    policies.push(policy);
    byNamespace.set(namespaceOf(policy), policies);
  }
  for (const { name } of context.state.namespaces.values()) {
    const pods = catalog.inNamespace(name);
    if (pods.length === 0 || SYSTEM_NAMESPACES.includes(name)) continue;
    const policies = byNamespace.get(name) ?? [];
    const open = (['ingress', 'egress'] as const).filter(
      (direction) => !hasDefaultDeny(context, name, policies, direction),
    );
    const [first] = open;
    if (first === undefined) continue;
    const free = pods.filter((pod) => context.input.world.index.policiesOf(pod, first).program === null);
    const today = free.length === 0 ? say`today every pod is isolated` : say`not isolated today: ${podNames(free)}`;
    const what = listText(open.map(wayName));
    const effect = open.includes('ingress')
      ? say`a new pod is open to everybody`
      : say`a new pod may connect to everything`;
    context.remark({
      rule: 'namespace-without-default-deny',
      object: namespaceObject(context, name, policies, pods),
      path: [],
      ...(open.includes('ingress') ? {} : { severity: 'info' }),
      message: say`namespace ${name} has no default deny for ${what}: ${effect}; ${today}`,
      help: say`add a policy with podSelector: {}, policyTypes: [${open.map((one) => TYPES[one]).join(', ')}] and no rules`,
    });
  }
}

const TYPES: Readonly<Record<Direction, string>> = { ingress: 'Ingress', egress: 'Egress' };

/** Where a namespace is best pointed at. */
function namespaceObject(
  context: LintContext,
  name: string,
  policies: readonly NetworkPolicy[],
  pods: readonly PodInfo[],
): KubeObject {
  const { objects } = context.input;
  const declared = objects.find((object) => object.kind === 'Namespace' && object.metadata.name === name);
  const [pod] = pods;
  const workload = (): KubeObject | undefined =>
    objects.find(({ metadata }) => metadata.namespace === name && metadata.name === pod?.name);
  return declared ?? policies[0] ?? workload() ?? { kind: 'Namespace', apiVersion: 'v1', metadata: { name } };
}

/** Whether pods without any labels are isolated, or denied by a cluster-wide policy, whoever the peer is. */
function hasDefaultDeny(
  context: LintContext,
  name: string,
  policies: readonly NetworkPolicy[],
  direction: Direction,
): boolean {
  const isolates = policies.some(
    ({ spec }) =>
      selectorIsEmpty(spec.podSelector) &&
      spec.policyTypes.includes(TYPES[direction]) &&
      !(direction === 'ingress'
        ? spec.ingress.some(({ from, ports }) => from.length === 0 && ports.length === 0)
        : spec.egress.some(({ to, ports }) => to.length === 0 && ports.length === 0)),
  );
  if (isolates) return true;
  const labels = context.state.namespaces.get(name)?.labels ?? {};
  return context.clusterPolicies.some(
    ({ spec: { subject, [direction]: rules } }) =>
      selectorIsEmpty(subject.podSelector) &&
      matchesSelector(subject.namespaceSelector, labels) &&
      rules.some(
        ({ action, ports, peers }) =>
          action === 'Deny' &&
          ports === undefined &&
          peers.some(
            (peer) =>
              peer.type === 'pods' &&
              selectorIsEmpty(peer.pods.namespaceSelector) &&
              selectorIsEmpty(peer.pods.podSelector),
          ),
      ),
  );
}

/** 5353 is where the DNS pods of OpenShift listen. */
const DNS_PORTS = [53, 5353];
const DNS_LABELS = [
  { matchLabels: { 'k8s-app': 'kube-dns' } },
  { matchLabels: { 'dns.operator.openshift.io/daemonset-dns': 'default' } },
  { matchLabels: { 'app.kubernetes.io/name': 'coredns' } },
];

/** Pods that may connect to something, but to no name server: where one is in the input, it must be that one. */
function checkDns(context: LintContext): void {
  const { catalog, table } = context;
  const servers = new Set(DNS_LABELS.flatMap((selector) => catalog.matching(selector, {})));
  const serverClasses = table.classes.filter((one) =>
    table.unitsOf(one).some(({ pods }) => pods.some((pod) => servers.has(pod))),
  );
  const byRow = new Map<string, UnitClass[]>();
  for (const subject of table.classes) {
    if (subject.egress.program === null) continue;
    const key = rowKey(subject, 'egress');
    const row = byRow.get(key);
    if (row === undefined) byRow.set(key, [subject]);
    else row.push(subject);
  }
  const told = new Map<NetworkPolicy, PodInfo[]>();
  for (const subjects of byRow.values()) {
    const [subject] = subjects;
    if (subject === undefined || admitsDns(subject.egress, serverClasses)) continue;
    const policy = subject.egress.program?.policies.find(
      ({ egress }) => egress?.some(admitsSomething) === true,
    )?.policy;
    if (policy === undefined) continue;
    const pods = subjects
      .flatMap((one) => table.unitsOf(one).flatMap((unit) => unit.pods))
      .filter((pod) => !servers.has(pod));
    if (pods.length > 0) told.set(policy, [...(told.get(policy) ?? []), ...pods]);
  }
  const where = servers.size === 0 ? say`to port 53 of anything` : say`to port 53 of ${podNames(servers)}`;
  for (const [policy, pods] of told) {
    context.remark({
      rule: 'egress-forgets-dns',
      object: policy,
      path: ['spec', 'egress'],
      at: 'key',
      message: say`${podNames(pods)} may connect to what this admits, but not ${where}: names cannot be looked up`,
      help: say`add an egress rule for ports ${listing(['53/UDP', '53/TCP'])} to the cluster's name server`,
    });
  }
}

function admitsSomething({ spec }: CompiledRule): boolean {
  return !spec.fixed.isEmpty() || spec.named.length > 0;
}

function leavesNamespace({ namespaceSelector, ipBlock }: NetworkPolicyPeer): boolean {
  return namespaceSelector !== undefined || ipBlock !== undefined;
}

function admitsDns({ program, tiers }: DirectionPolicies, servers: readonly UnitClass[]): boolean {
  const isDns = (contains: (port: number) => boolean): boolean => DNS_PORTS.some(contains);
  for (const { egress, policy } of program?.policies ?? []) {
    for (const [index, { peers, spec }] of (egress ?? []).entries()) {
      if (servers.length === 0) {
        const named = spec.named.some(({ protocol }) => protocol === 'UDP');
        if (!named && !isDns((port) => spec.fixed.contains('UDP', port))) continue;
        // Every port of pods of the own namespace: hardly the name server.
        const to = policy.spec.egress[index]?.to ?? [];
        if (!spec.fixed.isAll() || to.length === 0 || to.some(leavesNamespace)) return true;
        continue;
      }
      for (const server of servers) {
        for (const view of [...server.views.IPv4, ...server.views.IPv6]) {
          if (peers !== null && !peers.some((id) => view.peers.has(id) || view.blocks.includes(id))) continue;
          const ports = resolveSpec(spec, view.named);
          if (isDns((port) => ports.contains('UDP', port))) return true;
        }
      }
      // A name server outside the pods, such as a cache on the node or the address of a Service.
      const outside =
        peers?.some((id) => servers.every(({ views }) => views.IPv4.every((view) => !view.peers.has(id)))) === true;
      if (outside && isDns((port) => spec.fixed.contains('UDP', port)) && !spec.fixed.isAll()) return true;
    }
  }
  return (
    tiers !== null &&
    servers.some(({ views }) =>
      [...views.IPv4, ...views.IPv6].some(({ cluster, named }) => {
        const accepted = cluster === undefined ? undefined : tiers.decide(cluster, named).accepted;
        return accepted !== undefined && isDns((port) => accepted.contains('UDP', port));
      }),
    )
  );
}
