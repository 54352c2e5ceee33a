import { describe, expect, it } from 'vitest';
import { type Manifest, namespace, pod, policy, stateOf, workload } from '../../../test/support/manifests.ts';
import { formatLabelSelector, selectorIsEmpty } from '../../model/selector.ts';
import type { PortEntry } from '../ports.ts';
import { World } from '../world.ts';
import { computeExposure, type DirectionExposure, type PeerCondition, type WorkloadExposure } from './exposure.ts';

const WORKLOADS: readonly Manifest[] = [
  namespace('shop', { team: 'a' }),
  namespace('other', { team: 'b' }),
  workload('Deployment', 'shop/cart', { labels: { app: 'cart' }, ports: [{ name: 'http', containerPort: 8080 }] }),
  workload('Deployment', 'other/client', { labels: { app: 'client' }, ports: [{ name: 'http', containerPort: 81 }] }),
];

function clusterPolicy(name: string, spec: Manifest): Manifest {
  return { apiVersion: 'policy.networking.k8s.io/v1alpha2', kind: 'ClusterNetworkPolicy', metadata: { name }, spec };
}

function exposureOf(manifests: readonly Manifest[], podCidrs: readonly string[] = []): WorkloadExposure {
  const world = new World(stateOf([...WORKLOADS, ...manifests], podCidrs), 'default');
  const found = computeExposure(world).find(({ endpoint }) => endpoint.id === 'shop/cart[Deployment]');
  if (found === undefined) throw new Error('no cart');
  return found;
}

/** `cluster`, `namespace shop`, `pods app=a of team=b`, with exceptions, ports, and what it stands for now. */
function lines({ pods, outside }: DirectionExposure): string[] {
  const condition = ({ namespaceSelector, podSelector, named }: PeerCondition): string =>
    [
      selectorIsEmpty(podSelector) ? '*' : formatLabelSelector(podSelector),
      'of',
      selectorIsEmpty(namespaceSelector)
        ? '*'
        : formatLabelSelector(namespaceSelector).replaceAll('kubernetes.io/metadata.name', 'name'),
      ...(named ?? []),
    ].join(' ');
  return [
    ...pods.map((entry) =>
      [
        `${entry.scope}:`,
        condition(entry),
        ...entry.except.map((one) => `except ${condition(one)}`),
        ports(entry.ports),
        `now ${entry.now.workloads}`,
      ].join(' '),
    ),
    ...outside.map(({ scope, id, ports: open }) => `outside ${id ?? scope} ${ports(open)}`),
  ];
}

function ports(entries: readonly PortEntry[]): string {
  const text = (entry: PortEntry): string =>
    `${entry.ranges.map((range) => [...new Set(range)].join('-')).join(',')}/${entry.protocol}${entry.families?.join() ?? ''}`;
  const all = entries.map(text).join(' ');
  return all === '1-65535/TCP 1-65535/UDP 1-65535/SCTP' ? 'all' : all;
}

const cart = { podSelector: { matchLabels: { app: 'cart' } } };
const everything = ['cluster: * of * all now 2', 'outside all all'];

describe('ingress', () => {
  const app = (value: string): Manifest => ({ podSelector: { matchLabels: { app: value } } });
  const team = (value: string): Manifest => ({ namespaceSelector: { matchLabels: { team: value } } });

  it.each<[name: string, rules: readonly unknown[], expected: readonly string[]]>([
    ['nothing', [], []],
    ['everything', [{}], everything],
    ['a port for all', [{ ports: [{ port: 80 }] }], ['cluster: * of * 80/TCP now 2', 'outside all 80/TCP']],
    ['a name of its own', [{ ports: [{ port: 'http' }] }], ['cluster: * of * 8080/TCP now 2', 'outside all 8080/TCP']],
    ['a name it lacks', [{ ports: [{ port: 'https' }] }], []],
    ['the namespace', [{ from: [{ podSelector: {} }] }], ['namespace: * of name=shop all now 1']],
    ['all namespaces', [{ from: [{ namespaceSelector: {} }] }], ['cluster: * of * all now 2']],
    ['namespaces', [{ from: [team('b')] }], ['namespaces: * of team=b all now 1']],
    ['namespaces that do not exist', [{ from: [team('z')] }], ['namespaces: * of team=z all now 0']],
    ['pods of the namespace', [{ from: [app('x')] }], ['pods: app=x of name=shop all now 0']],
    ['pods of namespaces', [{ from: [{ ...app('client'), ...team('b') }] }], ['pods: app=client of team=b all now 1']],
    [
      'a name of a namespace',
      [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } }] }],
      ['namespace: * of name=other all now 1'],
    ],
    [
      'namespaces that have a name, which is all',
      [
        {
          from: [
            { namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'Exists' }] } },
          ],
        },
      ],
      ['cluster: * of * all now 2'],
    ],
    [
      'what can never be',
      [
        {
          from: [
            {
              podSelector: { matchLabels: { app: 'x' }, matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] },
            },
          ],
        },
      ],
      [],
    ],
    [
      'a wider peer swallows a narrower one with the same port',
      [{ from: [app('x'), { podSelector: {} }], ports: [{ port: 80 }] }],
      ['namespace: * of name=shop 80/TCP now 1'],
    ],
    [
      'and leaves it what it has beyond',
      [
        { from: [app('x')], ports: [{ port: 80 }, { port: 81 }] },
        { from: [{ podSelector: {} }], ports: [{ port: 80 }] },
      ],
      ['namespace: * of name=shop 80/TCP now 1', 'pods: app=x of name=shop 81/TCP now 0'],
    ],
    [
      'ports of one peer are joined',
      [
        { from: [app('x')], ports: [{ port: 80 }] },
        { from: [app('x')], ports: [{ port: 53, protocol: 'UDP' }] },
      ],
      ['pods: app=x of name=shop 80/TCP 53/UDP now 0'],
    ],
    [
      'a narrower expression is seen to be so',
      [
        { from: [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'b'] }] } }] },
        { from: [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } }] },
        { from: [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['z'] }] } }] },
      ],
      ['pods: app of name=shop all now 1', 'pods: app notin (z) of name=shop all now 1'],
    ],
    [
      'blocks are the outside',
      [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [{ port: 80 }] }],
      ['outside 10.0.0.0/16,10.2.0.0-10.255.255.255 80/TCP'],
    ],
    [
      'blocks beyond what every address has',
      [{ ports: [{ port: 80 }] }, { from: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 80 }, { port: 81 }] }],
      ['cluster: * of * 80/TCP now 2', 'outside all 80/TCP', 'outside 10.0.0.0/8 81/TCP'],
    ],
  ])('%s', (_, ingress, expected) => {
    const { ingress: found } = exposureOf([policy('shop/cart', { ...cart, ingress })]);
    expect(lines(found)).toEqual(expected);
    expect([found.protected, found.isolatedBy.map(({ name }) => name)]).toEqual([true, ['cart']]);
  });

  it('counts pods of unknown address by --pod-cidr', () => {
    const rules = [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 80 }] }];
    const found = exposureOf([policy('shop/cart', { ...cart, ingress: rules })], ['10.1.0.0/16', 'fd00::/64']);
    expect(lines(found.ingress)).toEqual(['cluster: * of * 80/TCPIPv4 now 2', 'outside 10.0.0.0/8 80/TCP']);
  });
});

describe('egress', () => {
  it('keeps names of ports: they resolve at pods that do not exist yet', () => {
    const rule = { to: [{ namespaceSelector: {} }], ports: [{ port: 'http' }, { port: 53, protocol: 'UDP' }] };
    const { egress } = exposureOf([policy('shop/cart', { ...cart, policyTypes: ['Egress'], egress: [rule] })]);
    expect(lines(egress)).toEqual(['cluster: * of * 53/UDP now 2', 'cluster: * of * TCP/http 1-65535/TCP now 2']);
  });

  it('a name adds nothing to a port that is open anyway', () => {
    const rules = [{ to: [{ namespaceSelector: {} }], ports: [{ protocol: 'TCP' }, { port: 'http' }] }];
    const { egress } = exposureOf([policy('shop/cart', { ...cart, policyTypes: ['Egress'], egress: rules })]);
    expect(lines(egress)).toEqual(['cluster: * of * 1-65535/TCP now 2']);
  });
});

describe('without protection', () => {
  it('is everything, and says so', () => {
    const { ingress, egress } = exposureOf([policy('shop/other', { podSelector: { matchLabels: { app: 'none' } } })]);
    for (const found of [ingress, egress]) {
      expect([found.protected, found.reason, found.isolatedBy]).toEqual([false, undefined, []]);
      expect(lines(found)).toEqual(everything);
    }
  });

  it('is what hostNetwork pods have', () => {
    const world = new World(
      stateOf([pod('shop/agent', { hostNetwork: true }), policy('shop/deny', { podSelector: {} })]),
      'default',
    );
    expect(computeExposure(world)).toMatchObject([
      { endpoint: { id: 'shop/agent[Pod]', type: 'host' }, ingress: { protected: false, reason: 'host-network' } },
    ]);
  });
});

describe('cluster-wide tiers', () => {
  const subject = { namespaces: {} };
  const pods = (app: string): Manifest => ({ pods: { podSelector: { matchLabels: { app } } } });
  const tcp = (number: number): Manifest => ({ tcp: { destinationPort: { number } } });
  const admin = (...ingress: Manifest[]): Manifest =>
    clusterPolicy('admin', { tier: 'Admin', priority: 1, subject, ingress });
  const baseline = (...ingress: Manifest[]): Manifest =>
    clusterPolicy('baseline', { tier: 'Baseline', priority: 1, subject, ingress });
  const everyPod = { namespaces: {} };

  it.each<[name: string, manifests: readonly Manifest[], expected: readonly string[]]>([
    [
      'a Deny is an exception',
      [admin({ action: 'Deny', from: [pods('bad')] })],
      ['cluster: * of * except app=bad of * all now 2', 'outside all all'],
    ],
    [
      'a Deny of a port is an exception on that port',
      [admin({ action: 'Deny', from: [pods('bad')], protocols: [tcp(22)] })],
      [
        'cluster: * of * 1-21,23-65535/TCP 1-65535/UDP 1-65535/SCTP now 2',
        'cluster: * of * except app=bad of * 22/TCP now 2',
        'outside all all',
      ],
    ],
    [
      'a Pass before a Deny takes pods out of it',
      [admin({ action: 'Pass', from: [pods('good')] }, { action: 'Deny', from: [everyPod] })],
      ['pods: app=good of * all now 0', 'outside all all'],
    ],
    [
      'an Accept holds against NetworkPolicies, a Pass does not',
      [
        policy('shop/deny', { podSelector: {} }),
        admin({ action: 'Accept', from: [pods('good')], protocols: [tcp(80)] }, { action: 'Pass', from: [everyPod] }),
      ],
      ['pods: app=good of * 80/TCP now 0'],
    ],
    [
      'a Baseline Deny holds where no NetworkPolicy isolates, less what is accepted before it',
      [baseline({ action: 'Accept', from: [pods('good')] }, { action: 'Deny', from: [everyPod] })],
      ['pods: app=good of * all now 0', 'outside all all'],
    ],
    [
      'and not where one does',
      [policy('shop/cart', { ...cart, ingress: [{}] }), baseline({ action: 'Deny', from: [everyPod] })],
      everything,
    ],
    [
      'what a Deny covers whole is gone',
      [
        policy('shop/cart', {
          ...cart,
          ingress: [{ from: [{ podSelector: { matchLabels: { app: 'bad', tier: 'x' } } }] }],
        }),
        admin({ action: 'Deny', from: [pods('bad')] }),
      ],
      [],
    ],
  ])('%s', (_, manifests, expected) => {
    const { ingress } = exposureOf(manifests);
    expect(lines(ingress)).toEqual(expected);
    expect(ingress.protected).toBe(true);
  });

  it('names the policies that have rules for it', () => {
    const { ingress, egress } = exposureOf([admin({ action: 'Deny', from: [pods('bad')] })]);
    expect(ingress.clusterPolicies).toMatchObject([{ kind: 'ClusterNetworkPolicy', name: 'admin' }]);
    expect([egress.clusterPolicies, egress.protected]).toEqual([[], false]);
  });

  it('tells domain names apart from addresses', () => {
    const open = { action: 'Accept', to: [{ domainNames: ['api.example.io'] }], protocols: [tcp(443)] };
    const { egress } = exposureOf([
      policy('shop/deny', { podSelector: {}, policyTypes: ['Egress'] }),
      clusterPolicy('api', { tier: 'Admin', priority: 1, subject, egress: [open] }),
    ]);
    expect(egress.domains).toEqual([{ name: 'api.example.io', ports: [{ protocol: 'TCP', ranges: [[443, 443]] }] }]);
    expect(lines(egress)).toEqual([]);
  });
});

describe('which workloads', () => {
  const world = new World(
    stateOf([
      ...WORKLOADS,
      pod('shop/a-1', { labels: { app: 'a' }, owner: { kind: 'ReplicaSet', name: 'a' } }),
      pod('shop/a-2', { labels: { app: 'a' }, owner: { kind: 'ReplicaSet', name: 'a' } }),
    ]),
    'default',
  );
  const ids = (options: Parameters<typeof computeExposure>[1]): string[] =>
    computeExposure(world, options).map(({ endpoint }) => endpoint.id);

  it('are those in scope, in order', () => {
    expect(ids({})).toEqual(['other/client[Deployment]', 'shop/a[ReplicaSet]', 'shop/cart[Deployment]']);
    expect(ids({ namespaces: ['other'] })).toEqual(['other/client[Deployment]']);
    expect(ids({ selector: { matchLabels: { app: 'a' } }, by: 'pod' })).toEqual(['shop/a-1[Pod]', 'shop/a-2[Pod]']);
  });
});
