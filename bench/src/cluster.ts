import { type Random, seededRandom } from './random.ts';
import { type ClusterShape, labelValues } from './shape.ts';

/** A value as JSON has them. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** An object as the Kubernetes API would answer it, nothing decoded and nothing defaulted by us. */
export interface ApiObject {
  readonly [key: string]: Json;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly [key: string]: Json };
}

/** Where a pod runs: the number of its node and its place on that node, both from 0. */
interface Slot {
  readonly node: number;
  readonly place: number;
}

/** The number of address blocks of each family; blocks repeat after that many. */
const BLOCKS = 16_384;

/**
 * The objects of a cluster in the shape of kube-burner's network-policy workload (kube-burner/kube-burner-ocp,
 * cmd/config/network-policy): pods numbered by the label `num`, policies that select some numbers of their own
 * namespace, and rules that name some namespaces by `kubernetes.io/metadata.name` and some numbers in them, or an
 * address block outside the cluster, each with single ports and port ranges.
 *
 * Differences: which numbers and namespaces a policy names is drawn from the seed, and so spread over all of them.
 *
 * Namespaces come first, then pods, then policies, then cluster-wide policies. Objects are made one at a time, so that a large cluster can be
 * written without holding it.
 */
export function* clusterObjects(shape: ClusterShape): Generator<ApiObject, void, undefined> {
  for (let n = 0; n < shape.namespaces; n++) yield namespaceObject(namespaceName(n));
  for (let n = 0; n < shape.namespaces; n++) {
    for (let p = 0; p < shape.pods; p++) yield podObject(shape, n, p);
  }
  const random = seededRandom(shape.seed);
  for (let n = 0; n < shape.namespaces; n++) {
    if (shape.denyAll) yield policyObject(namespaceName(n), 'deny-all', { policyTypes: ['Ingress', 'Egress'] });
    for (let p = 0; p < shape.policies; p++) yield generatedPolicy(shape, n, p, random);
  }
  for (let p = 0; p < shape.clusterPolicies; p++) yield clusterPolicy(shape, p, random);
}

function namespaceName(index: number): string {
  return `netpol-${index}`;
}

function namespaceObject(name: string): ApiObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name, workload: 'netpol' } },
  };
}

function podObject(shape: ClusterShape, namespace: number, index: number): ApiObject {
  const ordinal = namespace * shape.pods + index;
  const slot = { node: Math.floor(ordinal / shape.podsPerNode), place: ordinal % shape.podsPerNode };
  const number = Math.floor(index / shape.replicas) + 1;
  const podIPs = podAddresses(shape, slot);
  const hostIPs = nodeAddresses(shape, slot.node);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: shape.replicas === 1 ? `server-${number}` : `server-${number}-${index % shape.replicas}`,
      namespace: namespaceName(namespace),
      labels: { app: 'server', num: `${number}` },
      ...(shape.replicas === 1 ? {} : { ownerReferences: [owner(number)] }),
    },
    spec: {
      nodeName: `node-${slot.node}`,
      containers: [
        {
          name: 'server',
          image: 'registry.example.com/server:1.0',
          ports: [
            { name: 'http', containerPort: 8080, protocol: 'TCP' },
            { name: 'metrics', containerPort: 9090, protocol: 'TCP' },
          ],
        },
      ],
    },
    status: {
      phase: 'Running',
      hostIP: hostIPs[0] ?? '',
      hostIPs: hostIPs.map((ip) => ({ ip })),
      podIP: podIPs[0] ?? '',
      podIPs: podIPs.map((ip) => ({ ip })),
    },
  };
}

function owner(number: number): Json {
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `server-${number}`, controller: true };
}

/** Pods of a node take theirs from 10.X.Y.0/24 and fd00:a:0:NODE::/64, IPv4 first. */
function podAddresses({ family }: ClusterShape, { node, place }: Slot): string[] {
  const addresses: string[] = [];
  if (family !== 'ipv6') addresses.push(`10.${node >>> 8}.${node & 255}.${place + 2}`);
  if (family !== 'ipv4') addresses.push(`fd00:a:0:${(node + 1).toString(16)}::${(place + 2).toString(16)}`);
  return addresses;
}

function nodeAddresses({ family }: ClusterShape, node: number): string[] {
  const addresses: string[] = [];
  if (family !== 'ipv6') addresses.push(`172.16.${(node + 1) >>> 8}.${(node + 1) & 255}`);
  if (family !== 'ipv4') addresses.push(`fd00:b::${(node + 1).toString(16)}`);
  return addresses;
}

function policyObject(namespace: string, name: string, spec: { readonly [key: string]: Json }): ApiObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: { podSelector: {}, ...spec },
  };
}

function generatedPolicy(shape: ClusterShape, namespace: number, index: number, random: Random): ApiObject {
  const egress = shape.directions === 'egress' || (shape.directions === 'both' && index % 2 === 1);
  const podSelector = shape.podsSelected === 0 ? {} : numbered(shape, shape.podsSelected, random);
  const peers = egress ? 'to' : 'from';
  const ordinal = namespace * shape.policies + index;
  const isEdited = shape.edited > 0 && ordinal % shape.edited === 0;
  const ports = isEdited ? [...rulePorts(shape), { protocol: 'TCP', port: 4443 }] : rulePorts(shape);
  const rules: Json[] = [];
  for (let rule = 0; rule < shape.podSelectors; rule++) rules.push({ [peers]: [selectorPeer(shape, random)], ports });
  for (let rule = 0; rule < shape.cidrs; rule++) {
    const block = (index * shape.cidrs + rule) % BLOCKS;
    for (const peer of blockPeers(shape, block)) rules.push({ [peers]: [peer], ports });
  }
  return policyObject(namespaceName(namespace), `${egress ? 'egress' : 'ingress'}-${index}`, {
    podSelector,
    policyTypes: [egress ? 'Egress' : 'Ingress'],
    [egress ? 'egress' : 'ingress']: rules,
  });
}

/**
 * A cluster-wide policy in the way that platform teams write them: for some namespaces, monitoring is accepted on one
 * port, some namespaces are denied, others passed on, and a block outside is denied; in the Baseline tier, other
 * namespaces are denied.
 */
function clusterPolicy(shape: ClusterShape, index: number, random: Random): ApiObject {
  const count = Math.min(shape.peerNamespaces, shape.namespaces);
  const namespaces = (): Json => ({
    namespaces: inList('kubernetes.io/metadata.name', window(shape.namespaces, count, random), namespaceName),
  });
  const isBaseline = index % 10 === 9;
  const block = blockPeers({ ...shape, excepts: 0 }, index % BLOCKS).flatMap((peer) => cidrOf(peer));
  const spec = isBaseline
    ? { ingress: [{ name: 'others', action: 'Deny', from: [namespaces()] }] }
    : {
        ingress: [
          {
            name: 'monitoring',
            action: 'Accept',
            from: [namespaces()],
            protocols: [{ tcp: { destinationPort: { number: 9090 } } }],
          },
          { name: 'tenants', action: 'Pass', from: [namespaces()] },
          { name: 'quarantine', action: 'Deny', from: [namespaces()] },
        ],
        egress: [{ name: 'metadata', action: 'Deny', to: [{ networks: block }] }],
      };
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: `${isBaseline ? 'baseline' : 'admin'}-${index}` },
    spec: { tier: isBaseline ? 'Baseline' : 'Admin', priority: index % 1001, subject: namespaces(), ...spec },
  };
}

function cidrOf(peer: Json): string[] {
  const { ipBlock: block } = peer as { readonly ipBlock: { readonly cidr: string } };
  return [block.cidr];
}

/** A selector of `count` neighbouring values of the label `num`, from a drawn first one, going round at the end. */
function numbered(shape: ClusterShape, count: number, random: Random): Json {
  return inList('num', window(labelValues(shape), count, random), (index) => `${index + 1}`);
}

function selectorPeer(shape: ClusterShape, random: Random): Json {
  const namespaces = window(shape.namespaces, shape.peerNamespaces, random);
  return {
    namespaceSelector: inList('kubernetes.io/metadata.name', namespaces, namespaceName),
    podSelector: numbered(shape, shape.peerPods, random),
  };
}

function inList(key: string, indexes: readonly number[], name: (index: number) => string): Json {
  return { matchExpressions: [{ key, operator: 'In', values: indexes.map(name) }] };
}

function window(size: number, count: number, random: Random): number[] {
  const first = random.below(size);
  return Array.from({ length: count }, (_, index) => (first + index) % size);
}

/** One peer per family, outside the addresses of pods and nodes: /24 of 100.64.0.0/10, /48 of 2001:db8::/32. */
function blockPeers({ family, excepts }: ClusterShape, block: number): Json[] {
  const holes = Array.from({ length: excepts }, (_, index) => index);
  const peers: Json[] = [];
  if (family !== 'ipv6') {
    const prefix = `100.${64 + (block >>> 8)}.${block & 255}`;
    peers.push(
      ipBlock(
        `${prefix}.0/24`,
        holes.map((hole) => `${prefix}.${hole * 16}/28`),
      ),
    );
  }
  if (family !== 'ipv4') {
    const prefix = `2001:db8:${(block + 1).toString(16)}`;
    peers.push(
      ipBlock(
        `${prefix}::/48`,
        holes.map((hole) => `${prefix}:${(hole + 1).toString(16)}::/64`),
      ),
    );
  }
  return peers;
}

function ipBlock(cidr: string, except: readonly string[]): Json {
  return { ipBlock: { cidr, ...(except.length === 0 ? {} : { except }) } };
}

/** Single ports from 8080 up; ranges of six ports, ten apart, from 5000 up and, past 7999, from 10000 up. */
function rulePorts({ singlePorts, portRanges }: ClusterShape): readonly Json[] {
  const single = Array.from({ length: singlePorts }, (_, index) => ({ protocol: 'TCP', port: 8080 + index }));
  const ranges = Array.from({ length: portRanges }, (_, index) => {
    const port = index < 300 ? 5000 + index * 10 : 10_000 + (index - 300) * 10;
    return { protocol: 'TCP', port, endPort: port + 5 };
  });
  return [...single, ...ranges];
}
