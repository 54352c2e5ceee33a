import { describe, expect, it } from 'vitest';
import { decodeObject } from '../model/decode.ts';
import type { ClusterNetworkPolicy } from '../model/types.ts';
import { isClusterPolicy } from '../model/validate/index.ts';
import { describeClusterPolicies, describeClusterPolicyPlain } from './describe-cluster-policy.ts';

function decoded(value: object): ClusterNetworkPolicy {
  const { object } = decodeObject(value);
  if (object === undefined || !isClusterPolicy(object)) throw new Error('not decoded');
  return object;
}

const admin = decoded({
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  metadata: {
    name: 'guard',
    creationTimestamp: '2026-01-02T03:04:05Z',
    labels: { b: '2', a: '1' },
    annotations: { note: 'n' },
  },
  spec: {
    tier: 'Admin',
    priority: 10,
    subject: { pods: { podSelector: { matchLabels: { app: 'web' } } } },
    ingress: [
      {
        name: 'from\tshop\u001b[31m',
        action: 'Accept',
        from: [
          { namespaces: { matchLabels: { team: 'shop' } } },
          { pods: { podSelector: { matchLabels: { a: 'b' } } } },
        ],
        protocols: [
          { tcp: { destinationPort: { number: 80 } } },
          { udp: { destinationPort: { range: { start: 1, end: 9 } } } },
          { destinationNamedPort: 'http' },
        ],
      },
      { action: 'Deny', from: [{ namespaces: {} }] },
    ],
    egress: [
      {
        action: 'Pass',
        to: [{ networks: ['10.0.0.0/8', '::/0'] }, { nodes: {} }, { nodes: { matchLabels: { n: 'm' } } }],
      },
      { action: 'Accept', to: [{ domainNames: ['*.a.io'] }] },
      { action: 'Deny', to: [{ later: {} }] },
      { action: 'Accept', to: [{ later: {} }, { namespaces: {} }] },
    ],
  },
});

const baseline = decoded({
  apiVersion: 'policy.networking.k8s.io/v1alpha1',
  kind: 'BaselineAdminNetworkPolicy',
  metadata: { name: 'default' },
  spec: {
    subject: { namespaces: {} },
    egress: [
      {
        name: 'dns',
        action: 'Allow',
        to: [{ namespaces: {} }],
        ports: [{ portNumber: { protocol: 'UDP', port: 53 } }],
      },
      { action: 'Deny', to: [{ namespaces: {} }], ports: [{ portNumber: { protocol: 'x', port: 53 } }] },
    ],
  },
});

const baselineTier: ClusterNetworkPolicy = {
  ...admin,
  spec: {
    ...admin.spec,
    tier: 'Baseline',
    ingress: [{ action: 'Pass', peers: [{ type: 'nodes', nodes: {} }] }],
    egress: [],
  },
};

describe('describeClusterPolicies', () => {
  it('shows everything that is in the spec', () => {
    expect(describeClusterPolicies([admin])).toBe(`Name:         guard
Kind:         ClusterNetworkPolicy
API Version:  policy.networking.k8s.io/v1alpha2
Created on:   2026-01-02 03:04:05 +0000 UTC
Labels:       a=1
              b=2
Annotations:  note: n
Spec:
  Tier:      Admin
  Priority:  10
  Subject:
    NamespaceSelector: <none>
    PodSelector: app=web
  Ingress rules (the first that matches decides):
    1. Accept (from\\tshop\\x1b[31m)
      To Port: 80/TCP
      To Port Range: 1-9/UDP
      To Port: http (by name)
      From:
        NamespaceSelector: team=shop
      From:
        NamespaceSelector: <none>
        PodSelector: a=b
    2. Deny
      To Port: <any> (every port and protocol)
      From:
        NamespaceSelector: <none>
  Egress rules (the first that matches decides):
    1. Pass
      To Port: <any> (every port and protocol)
      To:
        Networks: 10.0.0.0/8, ::/0
      To:
        Nodes: <none>
      To:
        Nodes: n=m
    2. Accept
      To Port: <any> (every port and protocol)
      To:
        DomainNames: *.a.io
    3. Deny
      To Port: <any> (every port and protocol)
      To:
        Unknown: later (the rule fails closed)
    4. Accept
      To Port: <any> (every port and protocol)
      To:
        Unknown: later (the rule fails closed)
      To:
        NamespaceSelector: <none>
`);
  });

  it('uses the words of the older version, and shows times in the given zone', () => {
    const dated = { ...baseline, metadata: { ...baseline.metadata, creationTimestamp: '2026-01-02T03:04:05Z' } };
    expect(describeClusterPolicies([dated], { timeZone: 'Asia/Tokyo' })).toBe(`Name:         default
Kind:         BaselineAdminNetworkPolicy
API Version:  policy.networking.k8s.io/v1alpha1
Created on:   2026-01-02 12:04:05 +0900 JST
Labels:       <none>
Annotations:  <none>
Spec:
  Tier:      Baseline
  Priority:  <none> (after every other)
  Subject:
    NamespaceSelector: <none>
  Not affecting ingress traffic
  Egress rules (the first that matches decides):
    1. Allow (dns)
      To Port: 53/UDP
      To:
        NamespaceSelector: <none>
    2. Deny
      To Port: <none> (the rule matches nothing)
      To:
        NamespaceSelector: <none>
`);
  });

  it('separates policies by two empty lines', () => {
    const [one, two] = [describeClusterPolicies([admin]), describeClusterPolicies([baseline])];
    expect(describeClusterPolicies([admin, baseline])).toBe(`${one}\n\n${two}`);
    expect(describeClusterPolicies([])).toBe('');
  });
});

describe('describeClusterPolicyPlain', () => {
  it('tells of tier, order and rules', () => {
    expect(describeClusterPolicyPlain(admin)).toBe(
      `ClusterNetworkPolicy guard applies to pods with app=web of every namespace; pods on the host's network are never meant.
Tier: Admin, priority 10; policies of this tier with a lower number come first. They are judged before all NetworkPolicies, which cannot overrule them.
Incoming: the first rule that matches a connection decides.
1. Accept (from\\tshop\\x1b[31m): connections from every pod of namespaces with team=shop or pods with a=b of every namespace, on TCP port 80, UDP ports 1 to 9 or the port that the receiving pod names http, are allowed.
2. Deny: connections from every pod of every namespace, on every port and protocol, are dropped.
What matches no rule goes on to the next Admin policy, then to NetworkPolicies and the Baseline tier.
Outgoing: the first rule that matches a connection decides.
1. Pass: connections to addresses in 10.0.0.0/8 or ::/0, every node or nodes with n=m, on every port and protocol, skip the rest of the Admin tier: NetworkPolicies decide, then the Baseline tier.
2. Accept: connections to the domains *.a.io, on every port and protocol, are allowed.
3. Deny: the peer later cannot be read, so the rule denies everything.
4. Accept: the peer later cannot be read, so the rule matches nothing.
What matches no rule goes on to the next Admin policy, then to NetworkPolicies and the Baseline tier.
`,
    );
  });

  it('tells of the Baseline tier', () => {
    expect(describeClusterPolicyPlain(baseline)).toBe(
      `BaselineAdminNetworkPolicy default applies to every pod of every namespace; pods on the host's network are never meant.
Tier: Baseline, behind every other policy. It counts only where no NetworkPolicy isolates the pod in that direction.
Incoming: not affected by this policy.
Outgoing: the first rule that matches a connection decides.
1. Allow (dns): connections to every pod of every namespace, on UDP port 53, are allowed.
2. Deny: matches nothing, because none of its ports can exist.
What matches no rule goes on to the next Baseline policy, and is allowed when none decides.
`,
    );
    expect(describeClusterPolicyPlain(baselineTier)).toBe(
      `ClusterNetworkPolicy guard applies to pods with app=web of every namespace; pods on the host's network are never meant.
Tier: Baseline, priority 10; policies of this tier with a lower number come first. They count only where no NetworkPolicy isolates the pod in that direction.
Incoming: the first rule that matches a connection decides.
1. Pass: connections from every node, on every port and protocol, skip the rest of the Baseline tier, and so are allowed.
What matches no rule goes on to the next Baseline policy, and is allowed when none decides.
Outgoing: not affected by this policy.
`,
    );
  });
});
