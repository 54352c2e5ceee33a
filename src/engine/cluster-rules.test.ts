import { describe, expect, it } from 'vitest';
import { flowOf } from '../../test/support/flows.ts';
import { decode, type Manifest, namespace, node, pod } from '../../test/support/manifests.ts';
import { AddressSet } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import { buildState } from './build.ts';
import { type ClusterMiss, clusterRuleHit, clusterRuleMiss, formatClusterPort, tierRules } from './cluster-rules.ts';
import type { ClusterState, Flow } from './state.ts';

const cluster: readonly Manifest[] = [
  namespace('x', { team: 'one' }),
  namespace('y', { team: 'two' }),
  node('n1', '192.0.2.1'),
  pod('x/a', { labels: { app: 'a' }, ips: ['10.0.0.1'], ports: [{ name: 'web', containerPort: 80 }] }),
  pod('y/b', { labels: { app: 'b' }, ips: ['10.0.0.2'] }),
];

/** A cluster with one Admin policy of one rule for all pods. */
function stateWith(
  direction: 'ingress' | 'egress',
  rule: Manifest,
  domains: Readonly<Record<string, string>> = {},
): ClusterState {
  const manifest = {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: 'one' },
    spec: { tier: 'Admin', priority: 1, subject: { namespaces: {} }, [direction]: [rule] },
  };
  const known = Object.entries(domains).flatMap(([name, text]) => {
    const cidr = parseCidr(text)?.cidr;
    return cidr === undefined ? [] : [[name, AddressSet.ofCidr(cidr)] as const];
  });
  return buildState(
    [...cluster, manifest].map((one) => decode(one)),
    { domains: new Map(known) },
  );
}

/** What the rule misses; `undefined` when it matches or is far from it. */
function missOf(state: ClusterState, flow: Flow): ClusterMiss | undefined {
  const direction = flow.to.type === 'pod' && flow.to.pod.id === 'x/a[Pod]' ? 'ingress' : 'egress';
  const subject = direction === 'ingress' ? flow.to : flow.from;
  if (subject.type !== 'pod') throw new Error('no pod to judge');
  const [place] = tierRules(state, direction, 'Admin', subject.pod);
  if (place === undefined) throw new Error('no rule');
  expect(clusterRuleHit(state, flow, place)).toBeUndefined();
  return clusterRuleMiss(state, flow, place);
}

const tcp = (number: number): Manifest => ({ tcp: { destinationPort: { number } } });
const everyPod: Manifest = { namespaces: {} };
const deny = (from: Manifest, ...protocols: readonly Manifest[]): Manifest => ({
  action: 'Deny',
  from: [from],
  ...(protocols.length === 0 ? {} : { protocols }),
});

describe('what a rule for a pod misses', () => {
  it.each<[string, Manifest, string, ClusterMiss | undefined]>([
    [
      'the port',
      deny(everyPod, tcp(443), tcp(8443)),
      '80/TCP',
      { missed: 'port', peer: 0, message: 'denies 443/TCP, 8443/TCP, not 80/TCP' },
    ],
    [
      'the protocol',
      deny(everyPod, tcp(53)),
      '53/UDP',
      { missed: 'protocol', peer: 0, message: 'denies 53/TCP, not 53/UDP' },
    ],
    [
      'a protocol without ports',
      deny(everyPod, tcp(53)),
      'ICMP',
      { missed: 'protocol', peer: 0, message: 'denies 53/TCP, not ICMP and protocols without ports' },
    ],
    [
      'a name of another port',
      deny(everyPod, { destinationNamedPort: 'web' }),
      '81/TCP',
      { missed: 'port', peer: 0, message: 'denies web, not 81/TCP' },
    ],
    [
      'the protocol of a name',
      deny(everyPod, { destinationNamedPort: 'web' }),
      '80/UDP',
      { missed: 'protocol', peer: 0, message: 'denies web, not 80/UDP' },
    ],
    [
      'a name that is no port there',
      deny(everyPod, { destinationNamedPort: 'sql' }),
      '80/TCP',
      { missed: 'named-port', peer: 0, message: 'denies sql, not 80/TCP: x/a has no container port named sql' },
    ],
    [
      'the labels',
      deny({ pods: { podSelector: { matchLabels: { app: 'c' } } } }),
      '80/TCP',
      { missed: 'labels', peer: 0, message: 'denies pods app=c; this pod has app=b' },
    ],
    [
      'the namespace',
      deny({ namespaces: { matchLabels: { team: 'one' } } }),
      '80/TCP',
      { missed: 'namespace', peer: 0, message: 'denies pods of namespaces team=one; namespace y has team=two' },
    ],
    [
      'labels and namespace',
      deny({
        pods: { podSelector: { matchLabels: { app: 'c' } }, namespaceSelector: { matchLabels: { team: 'one' } } },
      }),
      '80/TCP',
      undefined,
    ],
    ['labels and port', deny({ pods: { podSelector: { matchLabels: { app: 'c' } } } }, tcp(81)), '80/TCP', undefined],
  ])('%s', (_, rule, port, expected) => {
    const state = stateWith('ingress', rule);
    expect(missOf(state, flowOf(state, 'y/b', 'x/a', port))).toEqual(expected);
  });

  it('nothing but that the end is a node', () => {
    const state = stateWith('ingress', deny(everyPod));
    expect(missOf(state, flowOf(state, 'node/n1', 'x/a', '80/TCP'))?.missed).toBe('host');
    const some = stateWith('ingress', deny({ namespaces: { matchLabels: { team: 'one' } } }));
    expect(missOf(some, flowOf(some, 'node/n1', 'x/a', '80/TCP'))).toBeUndefined();
  });
});

describe('what a rule for the outside misses', () => {
  const accept = (to: Manifest): Manifest => ({ action: 'Accept', to: [to] });

  it.each<[string, Manifest, string, ClusterMiss | undefined]>([
    [
      'the address',
      { networks: ['198.51.100.0/24'] },
      '203.0.113.9',
      { missed: 'address', peer: 0, message: 'accepts 198.51.100.0/24, which does not hold 203.0.113.9' },
    ],
    [
      'the labels of a node',
      { nodes: { matchLabels: { role: 'edge' } } },
      'node/n1',
      { missed: 'labels', peer: 0, message: 'accepts nodes role=edge; node n1 has no label role' },
    ],
    ['an address of no node', { nodes: {} }, '203.0.113.9', undefined],
    ['an address that is no domain', { domainNames: ['a.example.com'] }, '203.0.113.9', undefined],
  ])('%s', (_, peer, to, expected) => {
    const state = stateWith('egress', accept(peer));
    expect(missOf(state, flowOf(state, 'x/a', to, '80/TCP'))).toEqual(expected);
  });

  it('the name of a domain, or its addresses', () => {
    const toDomain = (state: ClusterState): Flow => ({
      ...flowOf(state, 'x/a', '203.0.113.9', '80/TCP'),
      to: { type: 'domain', name: 'b.example.com' },
    });
    const named = stateWith('egress', accept({ domainNames: ['a.example.com'] }));
    expect(missOf(named, toDomain(named))).toEqual({
      missed: 'domain',
      peer: 0,
      message: 'accepts a.example.com, not b.example.com',
    });
    const unknown = stateWith('egress', accept({ networks: ['198.51.100.0/24'] }));
    expect(missOf(unknown, toDomain(unknown))).toBeUndefined();
    const known = stateWith('egress', accept({ networks: ['198.51.100.0/24'] }), { 'b.example.com': '203.0.113.9/32' });
    expect(missOf(known, toDomain(known))?.message).toBe('accepts 198.51.100.0/24, which does not hold 203.0.113.9');
  });
});

describe('a domain of unknown addresses', () => {
  it.each<[string, string, boolean]>([
    ['Deny', '0.0.0.0/0', true],
    ['Deny', '10.0.0.0/8', false],
    ['Accept', '0.0.0.0/0', true],
    ['Accept', '10.0.0.0/8', false],
  ])('%s of %s holds for it: %s', (action, network, matches) => {
    const state = stateWith('egress', { action, to: [{ networks: [network] }] });
    const flow: Flow = {
      ...flowOf(state, 'x/a', '203.0.113.9', '80/TCP'),
      to: { type: 'domain', name: 'a.example.com' },
    };
    if (flow.from.type !== 'pod') throw new Error('not a pod');
    const [place] = tierRules(state, 'egress', 'Admin', flow.from.pod);
    if (place === undefined) throw new Error('no rule');
    expect(clusterRuleHit(state, flow, place) !== undefined).toBe(matches);
  });
});

it.each([
  [{ name: 'web' }, 'web'],
  [{ protocol: 'TCP', first: 80, last: 80 } as const, '80/TCP'],
  [{ protocol: 'UDP', first: 8000, last: 8080 } as const, '8000-8080/UDP'],
  [{ protocol: 'SCTP', first: 1, last: 65535 } as const, 'every SCTP port'],
])('formatClusterPort %j', (port, text) => {
  expect(formatClusterPort(port)).toBe(text);
});
