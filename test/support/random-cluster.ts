/**
 * Random clusters for property tests, small and full of corners: few names and labels, so that selectors often match;
 * blocks and excepts around the pods' addresses; every feature of NetworkPolicy and of the cluster-wide kinds.
 *
 * A cluster is made of raw manifests and goes through the decoder, so that defaulting is exercised too. It prints as
 * one manifest a line, and shrinks to few and plain objects. The same seed gives the same cluster.
 */

import fc from 'fast-check';
import { buildState, type ClusterState } from '../../src/engine/index.ts';
import { domainKey } from '../../src/engine/state.ts';
import { decodeObject } from '../../src/model/decode.ts';
import type { KubeObject } from '../../src/model/types.ts';
import { validateNetworkPolicy } from '../../src/model/validate/network-policy.ts';
import { addressBits, type Family } from '../../src/net/address.ts';
import { AddressSet } from '../../src/net/address-set.ts';
import { formatCidr } from '../../src/net/cidr.ts';
import { address } from './flows.ts';
import {
  cidr,
  type Labels,
  type Manifest,
  namespace,
  node,
  type PodParts,
  pod,
  policy,
  workload,
} from './manifests.ts';
import { clusterPolicyArbitrary } from './random-cluster-policy.ts';

export interface RandomCluster {
  readonly manifests: readonly Manifest[];
  readonly podCidrs: readonly string[];
  /** Addresses of domain names, as of a hosts file. */
  readonly domains: Readonly<Record<string, string>>;
}

const NAMESPACES = ['x', 'y', 'z'];
/** Some namespaces that objects are in have no object of their own; few are crowded, so that policies meet pods. */
const NAMESPACES_IN_USE = [...NAMESPACES, 'undeclared'];
const namespaceInUse = fc.constantFrom('x', 'x', 'x', 'y', 'y', ...NAMESPACES_IN_USE);
const NODES = ['n0', 'n1', 'n2'];
const POD_COUNT = 7;
const POLICY_COUNT = 6;
const CLUSTER_POLICY_COUNT = 3;
const PORT_NAMES = ['web', 'dns'];
const PORT_NUMBERS = [1, 53, 80, 81, 8080, 65535];

// Labels and selectors

/** `constructor` and `__proto__` are in every plain object, asked for carelessly. */
const podLabelKey = fc.constantFrom('app', 'tier', 'constructor', '__proto__');
const namespaceLabelKey = fc.constantFrom('team', 'app', 'constructor');
const labelValue = fc.constantFrom('a', 'a', 'b', '');

function labelsOf(key: fc.Arbitrary<string>): fc.Arbitrary<Labels> {
  return fc
    .uniqueArray(fc.tuple(key, labelValue), { maxLength: 3, selector: ([name]) => name })
    .map((entries) => Object.fromEntries(entries));
}

/** Makes a field absent or null at times, which means the same. */
function perhaps<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> {
  return fc.oneof({ weight: 6, arbitrary: value }, { weight: 2, arbitrary: fc.constantFrom(undefined, null) });
}

/** Something that the server refuses, now and then; policies with it are dropped unless asked for. */
function rarely<T>(refused: T, value: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 30, arbitrary: value }, { weight: 1, arbitrary: fc.constant(refused) });
}

/** A record without the fields that are undefined. */
function manifestOf(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Manifest> {
  return fc
    .record(fields)
    .map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)));
}

function requirementOf(key: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<Manifest> {
  return fc.oneof(
    fc
      .tuple(key, fc.constantFrom('Exists', 'DoesNotExist'), fc.constantFrom(undefined, []))
      .map(([name, operator, values]) => ({ key: name, operator, ...(values === undefined ? {} : { values }) })),
    fc
      .tuple(key, fc.constantFrom('In', 'NotIn'), rarely([], fc.array(value, { minLength: 1, maxLength: 3 })))
      .map(([name, operator, values]) => ({ key: name, operator, values })),
  );
}

function selectorOf(key: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<Manifest> {
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant<Manifest>({}) },
    {
      weight: 6,
      arbitrary: manifestOf({
        matchLabels: perhaps(
          fc
            .uniqueArray(fc.tuple(key, value), { maxLength: 2, selector: ([name]) => name })
            .map((entries) => Object.fromEntries(entries)),
        ),
        matchExpressions: perhaps(fc.array(requirementOf(key, value), { maxLength: 2 })),
      }),
    },
  );
}

/** `toString` is a key that no pod has; `__proto__` is refused by the server. */
const podSelector = selectorOf(
  rarely('__proto__', fc.constantFrom('app', 'tier', 'constructor', 'toString')),
  labelValue,
);
const namespaceSelector = selectorOf(
  fc.oneof(namespaceLabelKey, fc.constant('kubernetes.io/metadata.name')),
  fc.oneof(labelValue, namespaceInUse),
);

// Addresses

/** The addresses of pod number `index`: pods share blocks of every size. */
function podAddress(family: Family, index: number): string {
  return family === 'IPv4' ? `10.0.${index % 2}.${index}` : `fd00::${index % 2}:${index}`;
}

function nodeAddress(family: Family, index: number): string {
  return family === 'IPv4' ? `10.0.2.${index}` : `fd01::${index}`;
}

const ADDRESSES: Readonly<Record<Family, readonly string[]>> = {
  IPv4: ['10.0.0.0', '10.0.0.2', '10.0.1.1', '10.0.1.3', '10.0.2.1', '192.168.0.1', '203.0.113.9'],
  IPv6: ['fd00::', 'fd00::2', 'fd00::1:1', 'fd00::1:3', 'fd01::1', '2001:db8::9'],
};
const PREFIXES: Readonly<Record<Family, readonly number[]>> = {
  IPv4: [0, 1, 8, 22, 23, 24, 29, 30, 31, 32],
  IPv6: [0, 7, 16, 64, 111, 112, 124, 126, 127, 128],
};

/** The block of `prefix` bits around an address, moved into `within` where it is not inside. */
function blockAround(text: string, prefix: number, within?: string): string {
  const { family, value } = address(text);
  const outer = within === undefined ? undefined : cidr(within);
  const bits = BigInt(addressBits(family));
  const hostBits = bits - BigInt(prefix);
  const moved = outer === undefined ? value : outer.base | (value & ((1n << (bits - BigInt(outer.prefix))) - 1n));
  return formatCidr({ family, base: (moved >> hostBits) << hostBits, prefix });
}

const ipBlock: fc.Arbitrary<Manifest> = fc.constantFrom<Family>('IPv4', 'IPv6').chain((family) =>
  fc
    .tuple(
      fc.constantFrom(...ADDRESSES[family]),
      fc.nat(PREFIXES[family].length - 1),
      perhaps(fc.array(fc.tuple(fc.constantFrom(...ADDRESSES[family]), fc.nat(9)), { maxLength: 3 })),
    )
    .map(([base, size, holes]) => {
      const prefixes = PREFIXES[family];
      const block = blockAround(base, prefixes[size] as number);
      // An except must be smaller than its block.
      const smaller = prefixes.slice(size + 1);
      if (holes === null || holes === undefined || smaller.length === 0) return { cidr: block };
      const except = holes.map(([hole, pick]) => blockAround(hole, smaller[pick % smaller.length] as number, block));
      return { cidr: block, except };
    }),
);

// Pods, workloads, nodes, namespaces

const protocol = fc.constantFrom('TCP', 'UDP', 'SCTP');

const containerPorts = fc.array(
  fc
    .tuple(fc.constantFrom(...PORT_NAMES, undefined), fc.constantFrom(...PORT_NUMBERS), perhaps(protocol))
    .map(([name, containerPort, written]) => ({
      containerPort,
      ...(name === undefined ? {} : { name }),
      ...(written === null || written === undefined ? {} : { protocol: written }),
    })),
  { maxLength: 4 },
);

const initContainers = fc
  .tuple(fc.constantFrom('Always', undefined), containerPorts)
  .map(([restartPolicy, ports]) => [
    { name: 'init', ports, ...(restartPolicy === undefined ? {} : { restartPolicy }) },
  ]);

const families = fc.constantFrom<readonly Family[]>(['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4'], []);
const owner = fc.constantFrom(
  { kind: 'Deployment', name: 'w0' },
  { kind: 'ReplicaSet', name: 'w1' },
  { kind: 'ReplicaSet', name: 'unknown' },
  { kind: 'Node', name: 'n0' },
);

/** Fields that pods and templates share; those that are undefined are left out. */
const podParts: fc.Arbitrary<PodParts> = fc
  .record({
    labels: labelsOf(podLabelKey),
    node: fc.option(fc.constantFrom(...NODES, 'gone'), { nil: undefined }),
    hostNetwork: fc.integer({ min: 0, max: 5 }).map((roll) => roll === 5),
    ports: containerPorts,
    initContainers: fc.option(initContainers, { nil: undefined, freq: 1 }),
  })
  .map(definedParts);

function definedParts(parts: Readonly<Record<string, unknown>>): PodParts {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}

/** A pod of one of the namespaces, named `p<index>`. Its addresses are its own; a hostNetwork pod has its node's. */
export function podArbitrary(index: number): fc.Arbitrary<Manifest> {
  return fc
    .record({
      inNamespace: namespaceInUse,
      parts: podParts,
      withFamilies: families,
      phase: fc.constantFrom(undefined, 'Running', 'Running', 'Pending', 'Succeeded'),
      ownedBy: fc.option(owner, { nil: undefined }),
    })
    .map(({ inNamespace, parts, withFamilies, phase, ownedBy }) => {
      const number = NODES.indexOf(parts.node ?? '');
      const host = parts.hostNetwork === true;
      const ips = withFamilies.map((family) => (host ? nodeAddress(family, number) : podAddress(family, index + 1)));
      const known = ips.length > 0 && !(host && number === -1);
      return pod(
        `${inNamespace}/p${index}`,
        definedParts({ ...parts, ips: known ? ips : undefined, phase, owner: ownedBy }),
      );
    });
}

const workloads = fc.record({
  deployment: fc.option(podParts, { nil: undefined }),
  replicaSet: fc.option(podParts, { nil: undefined }),
  cronJob: fc.option(podParts, { nil: undefined, freq: 1 }),
  inNamespace: namespaceInUse,
});

/** Labels of one of the declared namespaces. */
export const namespaceArbitrary: fc.Arbitrary<Manifest> = fc
  .tuple(fc.constantFrom(...NAMESPACES), labelsOf(namespaceLabelKey))
  .map(([name, labels]) => namespace(name, labels));

export const nodeArbitrary: fc.Arbitrary<Manifest> = fc
  .tuple(fc.nat(NODES.length - 1), fc.nat(3), fc.constantFrom(undefined, 'a', 'b', ''))
  .map(([index, count, zone]) => {
    const addresses = [nodeAddress('IPv4', index), nodeAddress('IPv6', index), `192.168.0.${index}`];
    return { ...node(NODES[index] as string, ...addresses.slice(0, count)), ...labelled(NODES[index] as string, zone) };
  });

function labelled(name: string, zone: string | undefined): Manifest {
  return { metadata: { name, ...(zone === undefined ? {} : { labels: { zone } }) } };
}

// Policies

const policyPort = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Manifest>({}) },
  { weight: 2, arbitrary: protocol.map((written): Manifest => ({ protocol: written })) },
  {
    weight: 5,
    arbitrary: manifestOf({
      protocol: perhaps(protocol),
      port: fc.oneof(fc.constantFrom<number | string>(...PORT_NUMBERS), fc.constantFrom(...PORT_NAMES, 'nowhere')),
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        perhaps(protocol),
        fc.uniqueArray(fc.constantFrom(...PORT_NUMBERS), { minLength: 2, maxLength: 2 }),
        fc.nat(20),
      )
      .map(([written, [one = 0, two = 0], roll]): Manifest => {
        const [port, endPort] =
          roll === 20 ? [Math.max(one, two), Math.min(one, two)] : [Math.min(one, two), Math.max(one, two)];
        return { ...(written === undefined ? {} : { protocol: written }), port, endPort };
      }),
  },
);

const peer = rarely<Manifest>(
  {},
  fc.oneof(
    { weight: 4, arbitrary: podSelector.map((selector): Manifest => ({ podSelector: selector })) },
    { weight: 3, arbitrary: namespaceSelector.map((selector): Manifest => ({ namespaceSelector: selector })) },
    { weight: 3, arbitrary: manifestOf({ podSelector, namespaceSelector }) },
    { weight: 5, arbitrary: ipBlock.map((block): Manifest => ({ ipBlock: block })) },
  ),
);

function ruleOf(peers: 'from' | 'to'): fc.Arbitrary<Manifest> {
  return manifestOf({
    ports: perhaps(fc.array(policyPort, { maxLength: 3 })),
    [peers]: perhaps(fc.array(peer, { maxLength: 3 })),
  });
}

/** A NetworkPolicy named `np<index>`. The server would refuse some. */
export function policyArbitrary(index: number): fc.Arbitrary<Manifest> {
  return fc
    .tuple(
      namespaceInUse,
      manifestOf({
        podSelector: perhaps(podSelector),
        policyTypes: fc.constantFrom<unknown>(
          undefined,
          null,
          [],
          ['Ingress'],
          ['Egress'],
          ['Ingress', 'Egress'],
          ['Egress', 'Ingress'],
        ),
        ingress: perhaps(fc.array(ruleOf('from'), { maxLength: 2 })),
        egress: perhaps(fc.array(ruleOf('to'), { maxLength: 2 })),
      }),
    )
    .map(([inNamespace, spec]) => policy(`${inNamespace}/np${index}`, spec));
}

/** A cluster-wide policy of any kind. */
export function clusterPolicyOf(index: number): fc.Arbitrary<Manifest> {
  return clusterPolicyArbitrary(
    {
      podSelector: selectorOf(fc.constantFrom('app', 'tier', 'constructor'), labelValue),
      namespaceSelector,
      nodeSelector: selectorOf(fc.constant('zone'), labelValue),
      networks: fc
        .constantFrom<Family>('IPv4', 'IPv6')
        .chain((family) => fc.tuple(fc.constantFrom(...ADDRESSES[family]), fc.constantFrom(...PREFIXES[family])))
        .map(([base, prefix]) => blockAround(base, prefix)),
      portNumbers: PORT_NUMBERS,
      portNames: PORT_NAMES,
    },
    index,
  );
}

const domainsArbitrary = fc.constantFrom<Readonly<Record<string, string>>>(
  {},
  { 'api.example.io': '203.0.113.9' },
  { 'api.example.io': '10.0.0.2', 'example.io': 'fd00::2' },
);

// Clusters

/** Most of the arbitraries of indexes 0 to `count - 1`, some left out. */
function several<T>(count: number, one: (index: number) => fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> {
  const all = Array.from({ length: count }, (_, index) => fc.option(one(index), { nil: undefined, freq: 4 }));
  return fc.tuple(...all).map((chosen) => chosen.filter((item) => item !== undefined));
}

function byName(manifest: Manifest): string {
  return (manifest['metadata'] as { readonly name: string }).name;
}

export const podCidrsArbitrary: fc.Arbitrary<readonly string[]> = fc.constantFrom(
  [],
  ['10.0.0.0/23'],
  ['10.0.0.0/24', 'fd00::/112'],
  ['10.0.0.2/31', '10.0.1.0/24'],
);

/** A whole cluster. Use {@link decodeCluster} to make a state of it. */
export const randomCluster: fc.Arbitrary<RandomCluster> = fc
  .noBias(
    fc.record({
      namespaces: fc.uniqueArray(namespaceArbitrary, { maxLength: 3, selector: byName }),
      nodes: fc.uniqueArray(nodeArbitrary, { maxLength: 3, selector: byName }),
      pods: several(POD_COUNT, podArbitrary),
      templates: workloads,
      policies: several(POLICY_COUNT, policyArbitrary),
      clusterPolicies: several(CLUSTER_POLICY_COUNT, clusterPolicyOf),
      podCidrs: podCidrsArbitrary,
      domains: domainsArbitrary,
    }),
  )
  .map(({ namespaces, nodes, pods, templates, policies, clusterPolicies, podCidrs, domains }) => {
    const { deployment, replicaSet, cronJob, inNamespace } = templates;
    const owned = { owner: { kind: 'Deployment', name: 'w0' } };
    return printed({
      manifests: [
        ...namespaces,
        ...nodes,
        ...pods,
        ...(deployment === undefined ? [] : [workload('Deployment', `${inNamespace}/w0`, deployment)]),
        ...(replicaSet === undefined ? [] : [workload('ReplicaSet', `${inNamespace}/w1`, { ...replicaSet, ...owned })]),
        ...(cronJob === undefined ? [] : [workload('CronJob', `${inNamespace}/w2`, cronJob)]),
        ...policies,
        ...clusterPolicies.filter(
          (one, at) => clusterPolicies.findIndex((other) => byName(other) === byName(one)) === at,
        ),
      ],
      podCidrs,
      domains,
    });
  });

/** Adds the text that a failing property shows. */
export function printed(cluster: RandomCluster): RandomCluster {
  const text = (): string =>
    [
      ...cluster.manifests.map((manifest) => JSON.stringify(manifest)),
      `podCidrs: ${cluster.podCidrs}`,
      `domains: ${JSON.stringify(cluster.domains)}`,
    ].join('\n');
  return Object.defineProperty(cluster, fc.toStringMethod, { value: text, enumerable: false });
}

export interface ClusterOptions {
  /** Keeps policies that the server would refuse; an engine must then let their wrong parts admit nothing. */
  readonly keepInvalid?: boolean;
}

/** The typed object of a random manifest; undefined when the server would refuse it. */
export function decodeRandom(manifest: Manifest, { keepInvalid = false }: ClusterOptions = {}): KubeObject | undefined {
  const { object, diagnostics } = decodeObject(manifest);
  if (object === undefined) throw new Error(`not decoded: ${JSON.stringify(diagnostics)}`);
  if (keepInvalid || object.kind !== 'NetworkPolicy') return object;
  return validateNetworkPolicy(object).some(({ severity }) => severity === 'error') ? undefined : object;
}

export function decodeCluster(
  { manifests, podCidrs, domains }: RandomCluster,
  options: ClusterOptions = {},
): ClusterState {
  const objects = manifests.map((manifest) => decodeRandom(manifest, options)).filter((object) => object !== undefined);
  return buildState(objects, {
    podCidrs: podCidrs.map(cidr),
    domains: new Map(
      Object.entries(domains).map(([name, text]) => [domainKey(name), AddressSet.ofAddress(address(text))]),
    ),
  });
}
