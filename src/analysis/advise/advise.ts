import { namespaceOf } from '../../engine/state.ts';
import type { Diagnostic } from '../../model/source.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { KubeObject, NetworkPolicyPeer, Service } from '../../model/types.ts';
import { PortSet } from '../../net/port-set.ts';
import { backendsOf } from '../backends.ts';
import { createWorld, type World, type WorldOptions } from '../world.ts';
import type { ObservedFlow } from './flow.ts';
import { needsOfFlows, type Wanted } from './from-flows.ts';
import { needsOfServices } from './from-services.ts';
import { type LabelGroups, labelGroups } from './groups.ts';
import { endKey, type Need } from './needs.ts';
import type { BlockOptions } from './peers.ts';
import { type AdvisedPolicy, buildPolicies, type DnsPeer, groupPeers, namespaceSelector } from './policies.ts';
import { blockedFlows, needlessConnections } from './verify.ts';

export interface AdviseOptions extends WorldOptions {
  /** Observed flows; absent: what Services imply. */
  readonly flows?: readonly ObservedFlow[];
  /** Namespaces to write policies for; absent: all that have pods but those of the system. */
  readonly namespaces?: readonly string[];
  /** Whether isolated pods may ask the cluster's DNS servers; they may by default. */
  readonly dns?: boolean;
  /** Prefix lengths of blocks around outside addresses; by default each address for itself. */
  readonly prefixes?: BlockOptions['prefixes'];
  /** Leave out flows that no policy can admit, instead of failing. */
  readonly skipUnusable?: boolean;
}

/** Policies, checked by the engine, or why there are none. */
export interface Advice {
  readonly policies: readonly AdvisedPolicy[];
  /** Errors mean that the policies must not be used, and then there are none. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Namespaces of the control plane: isolating them by what was seen of them would be rash. */
const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease'];
const DNS_NAMESPACE = 'kube-system';
const DNS_LABELS = { 'k8s-app': 'kube-dns' };
const DNS_PORT = 53;
const DNS_PORTS = PortSet.of('UDP', DNS_PORT).union(PortSet.of('TCP', DNS_PORT));

/**
 * The least-privilege NetworkPolicies for what was observed, or for what Services imply. NetworkPolicies of the input
 * are taken to be replaced by them; cluster-wide policies stay.
 *
 * Before they are answered, the engine judges every flow under them, and every pair of workloads: a flow that would be
 * blocked, or a connection that nothing needs, is an error and no policies are answered.
 */
export function advise(objects: readonly KubeObject[], options: AdviseOptions = {}): Advice {
  const kept = objects.filter((object) => object.kind !== 'NetworkPolicy');
  const { world } = createWorld(kept, options);
  const groups = labelGroups(world.state);
  const services = kept.filter((object): object is Service => object.kind === 'Service');
  const namespaces = chosenNamespaces(groups, options.namespaces);
  const wanted = wantedOf(world, groups, services, options);
  const dns = options.dns === false ? undefined : dnsServers(world, groups, services);
  const inScope = new Set(namespaces);
  const needs = withoutDns(wanted.needs, dns, inScope);
  const policies = buildPolicies(needs, namespaces, dns);
  const verification = {
    objects: kept,
    policies: policies.map(({ policy }) => policy),
    options,
    probes: wanted.probes,
    needs,
    groups,
    namespaces: inScope,
    dns: dns?.groups ?? new Map<string, PortSet>(),
  };
  const unusable = wanted.problems.map(
    (problem): Diagnostic => (options.skipUnusable === true ? { ...problem, severity: 'warning' } : problem),
  );
  const failures = [...blockedFlows(verification), ...needlessConnections(verification)];
  const diagnostics = [...replaced(objects), ...absent(options.namespaces, inScope), ...unusable, ...failures];
  return { policies: diagnostics.some(({ severity }) => severity === 'error') ? [] : policies, diagnostics };
}

function chosenNamespaces(groups: LabelGroups, asked: readonly string[] | undefined): string[] {
  const present = new Set([...groups.values()].map(({ namespace }) => namespace));
  const chosen = asked ?? [...present].filter((name) => !SYSTEM_NAMESPACES.includes(name));
  return chosen.filter((name) => present.has(name)).sort(compareCodePoints);
}

function wantedOf(
  world: World,
  groups: LabelGroups,
  services: readonly Service[],
  { flows, prefixes = { IPv4: 32, IPv6: 128 } }: AdviseOptions,
): Wanted {
  return flows === undefined
    ? needsOfServices(world, groups, services)
    : needsOfFlows(world, groups, flows, { prefixes, services });
}

interface DnsServers extends DnsPeer {
  /** Ports by the key of each group that is known to serve DNS. */
  readonly groups: ReadonlyMap<string, PortSet>;
  /** What policies of the servers' own namespace must admit. */
  readonly needs: readonly Need[];
}

/** The pods behind the Service kube-dns, or with its label; where the input has neither, the label it has everywhere. */
function dnsServers(world: World, groups: LabelGroups, services: readonly Service[]): DnsServers {
  const pods = [...world.state.pods.values()];
  const service = services.find((one) => one.metadata.name === 'kube-dns' && namespaceOf(one) === DNS_NAMESPACE);
  const found = new Map<string, { readonly peers: readonly NetworkPolicyPeer[]; ports: PortSet; need: Need['to'] }>();
  const add = (podId: string, ports: PortSet): void => {
    const group = groups.get(podId);
    if (group === undefined) return;
    const to = { type: 'group', group } as const;
    const known = found.get(endKey(to)) ?? { peers: groupPeers(group, undefined), ports: PortSet.EMPTY, need: to };
    known.ports = known.ports.union(ports);
    found.set(endKey(to), known);
  };
  for (const { pod, protocol, port, servicePort } of service === undefined ? [] : backendsOf(service, pods)) {
    if (servicePort.port === DNS_PORT) add(pod.id, PortSet.of(protocol, port));
  }
  if (found.size === 0) {
    for (const pod of pods) {
      if (pod.namespace === DNS_NAMESPACE && pod.labels['k8s-app'] === DNS_LABELS['k8s-app']) add(pod.id, DNS_PORTS);
    }
  }
  const servers = [...found.values()];
  const ports = servers.length === 0 ? DNS_PORTS : servers.reduce((all, one) => all.union(one.ports), PortSet.EMPTY);
  const fallback = { namespaceSelector: namespaceSelector(DNS_NAMESPACE), podSelector: { matchLabels: DNS_LABELS } };
  return {
    peers: servers.length === 0 ? [fallback] : servers.flatMap(({ peers }) => peers),
    ports,
    groups: new Map([...found.keys()].map((key) => [key, ports])),
    needs: servers.flatMap(({ need }) =>
      ports.toJSON().flatMap(({ protocol, ranges }) =>
        ranges.map(([first, last]): Need => {
          return { from: { type: 'cluster' }, to: need, protocol, first, last, because: 'name resolution' };
        }),
      ),
    ),
  };
}

/** Needs without those that the policies for name resolution meet, and with what the servers themselves must admit. */
function withoutDns(
  needs: readonly Need[],
  dns: DnsServers | undefined,
  namespaces: ReadonlySet<string>,
): readonly Need[] {
  if (dns === undefined) return needs;
  const isMet = ({ from, to, protocol, first, last }: Need): boolean =>
    from.type === 'group' &&
    namespaces.has(from.group.namespace) &&
    (dns.groups.get(endKey(to))?.containsSet(PortSet.of(protocol, first, last)) ?? false);
  const served = dns.needs.filter(({ to }) => to.type === 'group' && namespaces.has(to.group.namespace));
  return [...needs.filter((need) => !isMet(need)), ...served];
}

function replaced(objects: readonly KubeObject[]): Diagnostic[] {
  const number = objects.filter(({ kind }) => kind === 'NetworkPolicy').length;
  if (number === 0) return [];
  const which = number === 1 ? 'the NetworkPolicy' : `the ${number} NetworkPolicies`;
  const message = `${which} of the input ${number === 1 ? 'is' : 'are'} not considered: the advice is meant to replace them`;
  return [{ code: 'replaced-policies', severity: 'info', message }];
}

function absent(asked: readonly string[] | undefined, present: ReadonlySet<string>): Diagnostic[] {
  return (asked ?? [])
    .filter((name) => !present.has(name))
    .map((name) => {
      const message = `no policy can be written for namespace ${name}: the input has no pods there that policies select`;
      return { code: 'empty-namespace', severity: 'error', message };
    });
}
