import type { ContainerPort, Protocol, Service } from '../model/types.ts';
import type { Family } from '../net/address.ts';
import type { Cidr } from '../net/cidr.ts';
import { AddressPool, familyOf } from './addresses.ts';
import type { LabPod, LabService } from './model.ts';

const SERVICE_CIDRS: Readonly<Record<Family, Cidr>> = {
  IPv4: { family: 'IPv4', base: 0x0a60_0000n, prefix: 16 },
  IPv6: { family: 'IPv6', base: 0xfd00_0010_0096n << 80n, prefix: 112 },
};
const NODE_PORTS = { first: 30_000, last: 32_767 };

/** What stays as it was. */
interface Earlier {
  readonly clusterIPs: Readonly<Record<string, readonly string[]>>;
  readonly nodePorts: Readonly<Record<string, number>>;
}

/** Gives Services addresses and node ports where they have none, and finds the pods behind them. */
export function planServices(
  services: readonly Service[],
  pods: readonly LabPod[],
  families: readonly Family[],
  earlier: Earlier,
  warnings: string[],
): LabService[] {
  const usual = services.filter(({ spec }) => spec.type !== 'ExternalName');
  const taken = new Set(usual.flatMap(({ spec }) => spec.clusterIPs));
  for (const service of usual) for (const address of earlier.clusterIPs[idOf(service)] ?? []) taken.add(address);
  const pools = new Map(families.map((family) => [family, new AddressPool(SERVICE_CIDRS[family], taken)]));
  const takenPorts = new Set<number>(usual.flatMap(({ spec }) => spec.ports.flatMap(({ nodePort }) => nodePort ?? [])));
  for (const port of Object.values(earlier.nodePorts)) takenPorts.add(port);
  let nextPort = NODE_PORTS.first;
  const nodePort = (key: string): number => {
    const known = earlier.nodePorts[key];
    if (known !== undefined) return known;
    while (takenPorts.has(nextPort)) nextPort++;
    takenPorts.add(nextPort);
    return nextPort;
  };
  return usual.map((service): LabService => {
    const { spec } = service;
    const id = idOf(service);
    const selected = selectedPods(service, pods);
    const clusterIPs = spec.headless === true ? [] : [...spec.clusterIPs];
    if (spec.headless !== true && clusterIPs.length === 0) {
      const kept = earlier.clusterIPs[id] ?? [];
      for (const family of families) {
        const address = kept.find((one) => familyOf(one) === family) ?? pools.get(family)?.take();
        if (address !== undefined) clusterIPs.push(address);
      }
    }
    const exposed = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
    return {
      id,
      clusterIPs,
      pods: selected.map((pod) => pod.id),
      ports: spec.ports.map(({ protocol, port, targetPort, nodePort: written }) => {
        const endpoints = selected.flatMap((pod) => {
          const target = resolveTarget(pod.ports, protocol, targetPort);
          return target === undefined ? [] : pod.addresses.map((address) => ({ address, port: target }));
        });
        if (endpoints.length === 0 && selected.length > 0) {
          warnings.push(`service ${id}: no pod behind it has a port ${targetPort}/${protocol}`);
        }
        const key = `${id}/${port}/${protocol}`;
        return { protocol, port, ...(exposed ? { nodePort: written ?? nodePort(key) } : {}), endpoints };
      }),
    };
  });
}

function idOf({ metadata }: Service): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`;
}

/** A Service without selector has the endpoints that somebody else gives it: none here. */
function selectedPods({ metadata, spec }: Service, pods: readonly LabPod[]): LabPod[] {
  const wanted = Object.entries(spec.selector);
  if (wanted.length === 0) return [];
  const namespace = metadata.namespace ?? 'default';
  return pods.filter(
    (pod) => pod.podNamespace === namespace && wanted.every(([key, value]) => pod.labels[key] === value),
  );
}

/** A named target is that pod's own port of the name; a number needs no declaration. */
function resolveTarget(
  ports: readonly ContainerPort[],
  protocol: Protocol,
  target: number | string,
): number | undefined {
  if (typeof target === 'number') return target;
  return ports.find((port) => port.name === target && port.protocol === protocol)?.containerPort;
}

/** The table of the lab's stand-in for kube-proxy, in a node's namespace. */
const PROXY_TABLE = 'portcullis-lab-proxy';

/** What an nft script says of an IP version. */
const VERSIONS = [
  { family: 'IPv4', keyword: 'ip', type: 'ipv4_addr' },
  { family: 'IPv6', keyword: 'ip6', type: 'ipv6_addr' },
] as const;

/**
 * The nft script that makes a node translate Services, as kube-proxy does: before routing, by look-up in one map, then
 * an endpoint at random. It replaces the table in one transaction.
 * @param nodeAddresses of this node, for node ports
 */
export function renderServices(services: readonly LabService[], nodeAddresses: readonly string[]): string {
  const lines = [`table inet ${PROXY_TABLE}`, `delete table inet ${PROXY_TABLE}`, `table inet ${PROXY_TABLE} {`];
  const dispatch: string[] = [];
  const refuse: string[] = [];
  const masquerade: string[] = [];
  for (const { family, keyword, type } of VERSIONS) {
    const ofFamily = (address: string): boolean => familyOf(address) === family;
    const leads: string[] = [];
    const nowhere: string[] = [];
    const hairpins = new Set<string>();
    const own = nodeAddresses.filter(ofFamily);
    let nodePorts = false;
    for (const { id, clusterIPs, ports } of services) {
      for (const { protocol, port, nodePort, endpoints } of ports) {
        const lower = protocol.toLowerCase();
        const fronts = clusterIPs.filter(ofFamily).map((address) => `${address} . ${lower} . ${port}`);
        if (nodePort !== undefined) {
          nodePorts = own.length > 0;
          fronts.push(...own.map((address) => `${address} . ${lower} . ${nodePort}`));
        }
        const behind = endpoints.filter(({ address }) => ofFamily(address));
        if (behind.length === 0) {
          nowhere.push(...fronts);
          continue;
        }
        for (const { address } of behind) hairpins.add(`${address} . ${address}`);
        const chain = `${family}/${id}/${port}/${lower}`;
        const targets = behind.map((endpoint, index) => `${index} : ${endpoint.address} . ${endpoint.port}`);
        lines.push(
          `chain ${chain} {`,
          `meta l4proto ${lower} dnat ${keyword} addr . port to numgen random mod ${behind.length} map { ${targets.join(', ')} }`,
          '}',
        );
        leads.push(...fronts.map((front) => `${front} : goto ${chain}`));
      }
    }
    const key = `type ${type} . inet_proto . inet_service`;
    lines.push(`map services-${keyword} {`, `${key} : verdict`, ...elements(leads), '}');
    lines.push(`set nowhere-${keyword} {`, key, ...elements(nowhere), '}');
    lines.push(`set hairpin-${keyword} {`, `type ${type} . ${type}`, ...elements([...hairpins]), '}');
    dispatch.push(`${keyword} daddr . meta l4proto . th dport vmap @services-${keyword}`);
    refuse.push(`${keyword} daddr . meta l4proto . th dport @nowhere-${keyword} reject`);
    // A pod that reached itself through a Service must see the answers come back through it.
    masquerade.push(`ct status dnat ${keyword} saddr . ${keyword} daddr @hairpin-${keyword} masquerade`);
    // So must who came in by a port of this node.
    if (nodePorts) masquerade.push(`ct status dnat ct original ${keyword} daddr { ${own.join(', ')} } masquerade`);
  }
  const chain = (name: string, hook: string, rules: readonly string[]): void => {
    lines.push(`chain ${name} {`, `type ${hook};`, ...rules, '}');
  };
  chain('refuse-forwarded', 'filter hook prerouting priority -110', refuse);
  chain('refuse-own', 'filter hook output priority -110', refuse);
  chain('prerouting', 'nat hook prerouting priority -100', dispatch);
  chain('output', 'nat hook output priority -100', dispatch);
  chain('postrouting', 'nat hook postrouting priority 100', masquerade);
  return `${[...lines, '}'].join('\n')}\n`;
}

function elements(list: readonly string[]): string[] {
  return list.length === 0 ? [] : [`elements = { ${list.join(', ')} }`];
}
