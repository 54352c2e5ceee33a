import { describe, expect, it } from 'vitest';
import { decodeObject } from '../decode.ts';
import type { ClusterNetworkPolicy, ClusterNetworkPolicyRule, KubeObject } from '../types.ts';
import { fieldErrorText, isClusterPolicy, isPolicy, validateClusterNetworkPolicy, validatePolicy } from './index.ts';

type Peer = ClusterNetworkPolicyRule['peers'][number];
type Port = NonNullable<ClusterNetworkPolicyRule['ports']>[number];

const web = { matchLabels: { app: 'web' } };
const shop = { matchLabels: { team: 'shop' } };
const everyPod: Peer = { type: 'pods', pods: { namespaceSelector: {}, podSelector: {} } };
const webOfShop: Peer = { type: 'pods', pods: { namespaceSelector: shop, podSelector: web } };
const webEverywhere: Peer = { type: 'pods', pods: { namespaceSelector: {}, podSelector: web } };
const port80: Port = { protocol: 'TCP', first: 80, last: 80 };
const http: Port = { name: 'http' };

function networks(...blocks: string[]): Peer {
  return { type: 'networks', networks: blocks };
}

function rule(
  peers: Peer[],
  ports?: Port[],
  action: ClusterNetworkPolicyRule['action'] = 'Accept',
): ClusterNetworkPolicyRule {
  return { action, peers, ...(ports === undefined ? {} : { ports }) };
}

function policy(spec: Partial<ClusterNetworkPolicy['spec']>): ClusterNetworkPolicy {
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: 'x' },
    spec: {
      tier: 'Admin',
      priority: 1,
      subject: { namespaceSelector: {}, podSelector: {} },
      ingress: [],
      egress: [],
      ...spec,
    },
  };
}

function findings(spec: Partial<ClusterNetworkPolicy['spec']>): string[] {
  return validateClusterNetworkPolicy(policy(spec)).map(
    ({ code, severity, path, message }) => `${severity} ${code} ${path}: ${message}`,
  );
}

describe('warnings', () => {
  const noNamedPorts =
    "have no named ports: the rule's named ports match nothing here, and servers with the experimental channel refuse the policy";
  it.each<[string, Partial<ClusterNetworkPolicy['spec']>, string[]]>([
    ['nothing to say', { ingress: [rule([webOfShop], [port80, http])] }, []],
    ['no rules', {}, ['warning no-rules spec: the policy has no rules: it changes nothing']],
    [
      'host bits',
      { egress: [rule([networks('10.0.0.0/8', '10.1.2.3/8')])] },
      [
        'warning cidr-format spec.egress[0].to[0].networks[1]: CIDR value "10.1.2.3/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.2.3/32"?)',
      ],
    ],
    [
      'another spelling of IPv6',
      { egress: [rule([networks('2001:DB8::/64')])] },
      [
        'warning cidr-format spec.egress[0].to[0].networks[0]: IPv6 CIDR value "2001:DB8::/64" should be in RFC 5952 canonical format ("2001:db8::/64")',
      ],
    ],
    [
      'domain names that are denied or passed',
      {
        egress: (['Accept', 'Deny', 'Pass'] as const).map((action) =>
          rule([{ type: 'domainNames', domainNames: [`${action}.io`] }], undefined, action),
        ),
      },
      ['Deny', 'Pass'].map(
        (action, index) =>
          `warning domain-names-not-accepted spec.egress[${index + 1}].to[0].domainNames: domain names belong in rules that accept: what ${action} does to them is not defined`,
      ),
    ],
    [
      'named ports of peers that have none',
      {
        egress: [
          rule([webOfShop, networks('::/0'), { type: 'nodes', nodes: {} }], [port80, http]),
          rule([{ type: 'domainNames', domainNames: ['a.io'] }], [http]),
        ],
      },
      [
        `warning named-port-on-network-peer spec.egress[0].to[1]: networks ${noNamedPorts}`,
        `warning named-port-on-network-peer spec.egress[0].to[2]: nodes ${noNamedPorts}`,
        `warning named-port-on-network-peer spec.egress[1].to[0]: domainNames ${noNamedPorts}`,
      ],
    ],
    [
      'a rule that is never reached',
      { ingress: [rule([webOfShop]), { ...rule([everyPod], undefined, 'Deny'), name: 'all' }, rule([webEverywhere])] },
      [
        'warning unreachable-rule spec.ingress[2]: the rule is never reached: spec.ingress[1] "all" decides all that it matches, with Deny',
      ],
    ],
    [
      'a rule that says what was said',
      { egress: [rule([everyPod]), rule([everyPod])] },
      [
        'warning unreachable-rule spec.egress[1]: the rule is never reached: spec.egress[0] decides all that it matches, with the same action',
      ],
    ],
    ['the same rule in both directions', { ingress: [rule([everyPod])], egress: [rule([everyPod])] }, []],
  ])('%s', (_, spec, expected) => {
    expect(findings(spec)).toEqual(expected);
  });
});

describe('what keeps a rule from being reached', () => {
  const tcp = (first: number, last: number): Port => ({ protocol: 'TCP', first, last });
  const domains = (...names: string[]): Peer => ({ type: 'domainNames', domainNames: names });
  const nodes = (selector: object): Peer => ({ type: 'nodes', nodes: selector });
  const sameWeb: Peer = {
    type: 'pods',
    pods: {
      namespaceSelector: {},
      podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] },
    },
  };
  it.each<[string, ClusterNetworkPolicyRule, ClusterNetworkPolicyRule, boolean]>([
    ['another spelling of the selector', rule([sameWeb]), rule([webEverywhere]), true],
    ['a wider namespace selector', rule([webEverywhere]), rule([webOfShop]), true],
    ['a narrower namespace selector', rule([webOfShop]), rule([webEverywhere]), false],
    ['one peer of two', rule([webOfShop]), rule([webOfShop, networks('::/0')]), false],
    ['both peers', rule([networks('::/0'), everyPod]), rule([webOfShop, networks('1::/64')]), true],
    ['a wider network', rule([networks('10.0.0.0/8')]), rule([networks('10.1.0.0/16', '10.2.3.4/32')]), true],
    ['a network of the other family', rule([networks('0.0.0.0/0')]), rule([networks('::/0')]), false],
    ['networks, which are not known to be pods', rule([networks('0.0.0.0/0', '::/0')]), rule([everyPod]), false],
    ['every node', rule([nodes({})]), rule([nodes(web)]), true],
    ['some nodes', rule([nodes(web)]), rule([nodes({})]), false],
    ['the same domain', rule([domains('*.a.io', 'B.io')]), rule([domains('b.io.')]), true],
    ['another domain', rule([domains('*.a.io')]), rule([domains('b.a.io')]), false],
    ['every port', rule([everyPod]), rule([everyPod], [http]), true],
    ['some ports', rule([everyPod], [port80]), rule([everyPod]), false],
    ['ranges together', rule([everyPod], [tcp(80, 90), tcp(91, 99)]), rule([everyPod], [tcp(85, 95)]), true],
    ['a range in part', rule([everyPod], [tcp(80, 90)]), rule([everyPod], [tcp(85, 95)]), false],
    ['another protocol', rule([everyPod], [{ ...port80, protocol: 'UDP' }]), rule([everyPod], [port80]), false],
    ['the same name', rule([everyPod], [port80, http]), rule([everyPod], [http]), true],
    ['a number, whose name is not known', rule([everyPod], [port80]), rule([everyPod], [http]), false],
    ['no port at all', rule([everyPod], []), rule([everyPod], []), false],
    ['an unknown peer', rule([everyPod, { type: 'unknown', field: 'x' }]), rule([everyPod]), false],
    ['before an unknown peer', rule([everyPod]), rule([{ type: 'unknown', field: 'x' }]), false],
  ])('%s', (_, earlier, later, shadowed) => {
    const found = validateClusterNetworkPolicy(policy({ egress: [earlier, later] }));
    expect(found.some((one) => one.code === 'unreachable-rule')).toBe(shadowed);
  });
});

describe('validatePolicy', () => {
  function object(kind: string, apiVersion: string, spec: object): KubeObject {
    const decoded = decodeObject({ apiVersion, kind, metadata: { name: 'default' }, spec }).object;
    if (decoded === undefined) throw new Error('not decoded');
    return decoded;
  }
  const group = 'policy.networking.k8s.io';
  const subject = { namespaces: {} };
  it.each<[KubeObject, string[]]>([
    [
      object('NetworkPolicy', 'networking.k8s.io/v1', { ingress: [{ from: [{}] }] }),
      ['spec.ingress[0].from[0]: Required value: must specify a peer'],
    ],
    [
      object('ClusterNetworkPolicy', `${group}/v1alpha2`, { tier: 'Admin', priority: 1, subject }),
      ['spec: the policy has no rules: it changes nothing'],
    ],
    [
      object('AdminNetworkPolicy', `${group}/v1alpha1`, { priority: 1, subject }),
      ['spec: the policy has no rules: it changes nothing'],
    ],
    [
      object('BaselineAdminNetworkPolicy', `${group}/v1alpha1`, { subject }),
      ['spec: the policy has no rules: it changes nothing'],
    ],
  ])('knows $0.kind', (one, expected) => {
    if (!isPolicy(one)) throw new Error('no policy');
    expect(validatePolicy(one).map(fieldErrorText)).toEqual(expected);
    expect(isClusterPolicy(one)).toBe(one.kind !== 'NetworkPolicy');
  });

  it('knows what is no policy', () => {
    expect(isPolicy(object('Namespace', 'v1', {}))).toBe(false);
  });

  it('passes the options on', () => {
    const legacy = object('NetworkPolicy', 'networking.k8s.io/v1', {
      ingress: [{ from: [{ ipBlock: { cidr: '10.1.2.3/8' } }] }],
    });
    if (!isPolicy(legacy)) throw new Error('no policy');
    expect(validatePolicy(legacy).map((one) => one.severity)).toEqual(['error']);
    expect(validatePolicy(legacy, { legacyCidrs: true }).map((one) => one.severity)).toEqual(['warning']);
  });
});
