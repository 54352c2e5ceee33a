import { describe, expect, test } from 'vitest';
import { flowOf } from '../../test/support/flows.ts';
import { type Manifest, namespace, node, pod, policy, stateOf } from '../../test/support/manifests.ts';
import { PolicyIndex } from './compiled/policy-index.ts';
import { evaluate } from './reference.ts';
import type { NearMiss } from './verdict.ts';

const cluster: readonly Manifest[] = [
  namespace('shop', { team: 'store' }),
  namespace('lab', { team: 'research' }),
  node('n1', '192.168.0.1'),
  node('n2', '192.168.0.2'),
  pod('shop/cart', {
    labels: { app: 'cart' },
    ips: ['10.0.1.1', 'fd00::1:1'],
    node: 'n1',
    ports: [
      { name: 'http', containerPort: 8080 },
      { name: 'dns', containerPort: 53, protocol: 'UDP' },
    ],
  }),
  pod('shop/web', { labels: { app: 'web', tier: '' }, ips: ['10.0.1.2'], node: 'n2' }),
  pod('lab/web', { labels: { app: 'web' }, ips: ['10.0.2.1'] }),
  pod('lab/unplaced', { labels: { app: 'web' } }),
];

/** A near miss as one test expects it: what is left out of {@link NearMiss} is the same in all. */
type Expected = readonly [rule: number, peer: number | undefined, missed: NearMiss['missed'], message: string];

interface Case {
  readonly name: string;
  readonly flow: readonly [from: string, to: string, port: string];
  readonly rules: readonly Manifest[];
  readonly expected: readonly Expected[];
  readonly podCidrs?: readonly string[];
}

const web = { podSelector: { matchLabels: { app: 'web' } } };
const fromWeb = ['shop/web', 'shop/cart'] as const;

const cases: readonly Case[] = [
  {
    name: 'port: another number',
    flow: [...fromWeb, '8080/TCP'],
    rules: [{ from: [web], ports: [{ port: 7070 }] }],
    expected: [[0, 0, 'port', 'allows 7070/TCP, not 8080/TCP']],
  },
  {
    name: 'port: every form of port is written out; the peer that matches is named',
    flow: [...fromWeb, '9/TCP'],
    rules: [
      {
        from: [{ podSelector: { matchLabels: { app: 'other' } } }, web],
        ports: [
          { port: 10, endPort: 20 },
          { port: 30, endPort: 30 },
          { port: 'http' },
          { port: 'nope', protocol: 'UDP' },
        ],
      },
    ],
    expected: [[0, 1, 'port', 'allows 10-20/TCP, 30/TCP, http/TCP, nope/UDP, not 9/TCP; http is 8080 there']],
  },
  {
    name: 'port: a rule for every peer names none',
    flow: [...fromWeb, '80/TCP'],
    rules: [{ ports: [{ port: 81 }] }],
    expected: [[0, undefined, 'port', 'allows 81/TCP, not 80/TCP']],
  },
  {
    name: 'protocol: the number is right for another',
    flow: [...fromWeb, '80/TCP'],
    rules: [{ from: [web], ports: [{ port: 80, protocol: 'UDP' }] }],
    expected: [[0, 0, 'protocol', 'allows 80/UDP, not 80/TCP']],
  },
  {
    name: 'protocol: every port of another',
    flow: [...fromWeb, '80/TCP'],
    rules: [{ from: [web], ports: [{ protocol: 'UDP' }] }],
    expected: [[0, 0, 'protocol', 'allows every UDP port, not 80/TCP']],
  },
  {
    name: 'protocol: a named port of another',
    flow: [...fromWeb, '53/TCP'],
    rules: [{ from: [web], ports: [{ port: 'dns', protocol: 'UDP' }] }],
    expected: [[0, 0, 'protocol', 'allows dns/UDP, not 53/TCP']],
  },
  {
    name: 'protocol: ICMP has no port to be right',
    flow: [...fromWeb, 'ICMP'],
    rules: [{ from: [web], ports: [{ protocol: 'TCP' }, { port: 80 }] }],
    expected: [[0, 0, 'protocol', 'allows every TCP port, 80/TCP, not ICMP and protocols without ports']],
  },
  {
    name: 'named-port: the destination has none of that name and protocol',
    flow: [...fromWeb, '8080/TCP'],
    rules: [{ from: [web], ports: [{ port: 'dns' }] }],
    expected: [[0, 0, 'named-port', 'allows dns/TCP, not 8080/TCP: shop/cart has no container port dns/TCP']],
  },
  {
    name: 'labels: right namespace, wrong pod',
    flow: [...fromWeb, '80/TCP'],
    rules: [{ from: [{ podSelector: { matchLabels: { app: 'api' } } }] }],
    expected: [[0, 0, 'labels', 'allows pods app=api; this pod has app=web']],
  },
  {
    name: 'labels: missing and empty ones, sorted by key',
    flow: [...fromWeb, '80/TCP'],
    rules: [
      {
        from: [
          {
            podSelector: {
              matchLabels: { tier: 'front' },
              matchExpressions: [
                { key: 'role', operator: 'Exists' },
                { key: 'app', operator: 'In', values: ['web', 'api'] },
              ],
            },
          },
        ],
      },
    ],
    expected: [
      [0, 0, 'labels', 'allows pods app in (api,web),role,tier=front; this pod has app=web, no label role, tier='],
    ],
  },
  {
    name: 'namespace: a podSelector alone means the policy’s own',
    flow: ['lab/web', 'shop/cart', '80/TCP'],
    rules: [{ from: [web] }],
    expected: [[0, 0, 'namespace', 'allows pods app=web of namespace shop only, not of lab']],
  },
  {
    name: 'namespace: an empty podSelector is all pods of it',
    flow: ['lab/web', 'shop/cart', '80/TCP'],
    rules: [{ from: [{ podSelector: {} }] }],
    expected: [[0, 0, 'namespace', 'allows all pods of namespace shop only, not of lab']],
  },
  {
    name: 'namespace: labels of the namespace do not match',
    flow: ['lab/web', 'shop/cart', '80/TCP'],
    rules: [
      { from: [{ namespaceSelector: { matchLabels: { team: 'store' } } }] },
      { from: [{ ...web, namespaceSelector: { matchExpressions: [{ key: 'env', operator: 'Exists' }] } }] },
    ],
    expected: [
      [0, 0, 'namespace', 'allows all pods of namespaces team=store; namespace lab has team=research'],
      [1, 0, 'namespace', 'allows pods app=web of namespaces env; namespace lab has no label env'],
    ],
  },
  {
    name: 'except: inside the block and carved out',
    flow: ['203.0.113.9', 'shop/cart', '80/TCP'],
    rules: [{ from: [{ ipBlock: { cidr: '203.0.0.0/8', except: ['203.1.0.0/16', '203.0.113.0/24'] } }] }],
    expected: [[0, 0, 'except', '203.0.113.9 is inside except 203.0.113.0/24 of 203.0.0.0/8']],
  },
  {
    name: 'except: pods too',
    flow: [...fromWeb, '80/TCP'],
    rules: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.1.2/32'] } }] }],
    expected: [[0, 0, 'except', '10.0.1.2 is inside except 10.0.1.2/32 of 10.0.0.0/8']],
  },
  {
    name: 'except: a pod of unknown address is the whole pod range',
    flow: ['lab/unplaced', 'shop/cart', '80/TCP'],
    podCidrs: ['10.0.0.0/16'],
    rules: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.1.0/24'] } }] }],
    expected: [[0, 0, 'except', '10.0.0.0/16 is inside except 10.0.1.0/24 of 10.0.0.0/8']],
  },
  {
    name: 'address: outside the block, for addresses and nodes',
    flow: ['node/n2', 'shop/cart', '80/TCP'],
    rules: [
      { from: [{ ipBlock: { cidr: '10.0.0.0/8' } }, { ipBlock: { cidr: 'fd00::/8' } }] },
      { from: [{ ipBlock: { cidr: '192.168.0.1/32' } }] },
    ],
    expected: [
      [0, 0, 'address', 'allows 10.0.0.0/8, which does not hold 192.168.0.2'],
      [0, 1, 'address', 'allows fd00::/8, which does not hold 192.168.0.2'],
      [1, 0, 'address', 'allows 192.168.0.1/32, which does not hold 192.168.0.2'],
    ],
  },
  {
    name: 'none: two things are off',
    flow: ['lab/web', 'shop/cart', '80/TCP'],
    rules: [
      { from: [web], ports: [{ port: 81 }] },
      { from: [{ podSelector: { matchLabels: { app: 'api' } } }] },
      { from: [{ ipBlock: { cidr: '172.16.0.0/12' } }] },
    ],
    expected: [],
  },
  {
    name: 'none: selectors say nothing about an address outside',
    flow: ['203.0.113.9', 'shop/cart', '80/TCP'],
    rules: [{ from: [web, { namespaceSelector: {} }] }],
    expected: [],
  },
];

describe('near misses of ingress', () => {
  test.each(cases)('$name', ({ flow: [from, to, port], rules, expected, podCidrs }) => {
    const denying = policy('shop/cart', {
      podSelector: { matchLabels: { app: 'cart' } },
      policyTypes: ['Ingress'],
      ingress: rules,
    });
    const state = stateOf([...cluster, denying], podCidrs);
    const flow = flowOf(state, from, to, port);
    const verdict = evaluate(state, flow);
    expect(verdict.ingress.allowed).toBe(false);
    expect(verdict.ingress.nearMisses).toEqual(
      expected.map(([rule, peer, missed, message]) => ({
        policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'cart' },
        rule,
        ...(peer === undefined ? {} : { peer }),
        missed,
        message,
      })),
    );
    expect(new PolicyIndex(state).verdict(flow)).toEqual(verdict);
  });
});

test('egress: a named port has nothing to resolve at outside of the pods', () => {
  const rule = { to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 'http' }] };
  const state = stateOf([...cluster, policy('shop/p', { policyTypes: ['Egress'], egress: [rule] })]);
  const { egress } = evaluate(state, flowOf(state, 'shop/cart', '203.0.113.9', '80/TCP'));
  expect(egress.nearMisses.map(({ missed, message }) => [missed, message])).toEqual([
    ['named-port', 'allows http/TCP, not 80/TCP: an end outside the pods has no container port http/TCP'],
  ]);
});

test('misses come in the order of policies and rules; policies that do not isolate have none', () => {
  const rules = [{ ports: [{ port: 1 }] }, { ports: [{ port: 2 }] }];
  const state = stateOf([
    ...cluster,
    policy('shop/z', { podSelector: {}, ingress: rules }),
    policy('shop/a', { podSelector: {}, ingress: rules.slice(1) }),
    policy('shop/other', { podSelector: { matchLabels: { app: 'web' } }, ingress: rules }),
  ]);
  const { egress, ingress } = evaluate(state, flowOf(state, 'lab/web', 'shop/cart', '80/TCP'));
  expect(ingress.nearMisses.map((miss) => [miss.policy.name, miss.rule])).toEqual([
    ['a', 0],
    ['z', 0],
    ['z', 1],
  ]);
  expect(egress.nearMisses).toEqual([]);
});
