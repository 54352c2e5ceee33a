import { describe, expect, it } from 'vitest';
import { decodeObject } from '../model/decode.ts';
import type { NetworkPolicy } from '../model/types.ts';
import { describeNetworkPolicies, describePlain } from './describe.ts';

function policy(spec: unknown, metadata: object = {}): NetworkPolicy {
  const { object } = decodeObject({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'np', namespace: 'ns', ...metadata },
    spec,
  });
  if (object?.kind !== 'NetworkPolicy') throw new Error('not decoded');
  return object;
}

const rich = {
  ports: [{ port: 80 }, { port: 82, protocol: 'TCP' }],
  peers: [
    {
      podSelector: { matchLabels: { id: 'pod1', id2: 'pod2' } },
      namespaceSelector: { matchLabels: { id: 'ns1', id2: 'ns2' } },
    },
    { podSelector: { matchLabels: { id: 'app2', id2: 'app3' } } },
    { namespaceSelector: { matchLabels: { id: 'app2', id2: 'app3' } } },
    {
      namespaceSelector: {
        matchLabels: { id: 'app2', id2: 'app3' },
        matchExpressions: [{ key: 'foo', operator: 'In', values: ['bar1', 'bar2'] }],
      },
    },
    { ipBlock: { cidr: '192.168.0.0/16', except: ['192.168.3.0/24', '192.168.4.0/24'] } },
  ],
};

describe('describeNetworkPolicies', () => {
  it('both directions with every kind of peer', () => {
    const object = policy(
      {
        podSelector: {
          matchLabels: { id1: 'app1', id2: 'app2' },
          matchExpressions: [
            { key: 'foo', operator: 'In', values: ['bar1', 'bar2'] },
            { key: 'foo2', operator: 'NotIn', values: ['bar1', 'bar2'] },
          ],
        },
        ingress: [{ ports: rich.ports, from: rich.peers }, {}],
        egress: [{ ports: rich.ports, to: rich.peers }, {}],
        policyTypes: ['Ingress', 'Egress'],
      },
      { name: 'network-policy-1', namespace: 'default', creationTimestamp: '2017-06-04T21:45:56-07:00' },
    );
    expect(describeNetworkPolicies([object], { timeZone: 'America/Los_Angeles' })).toBe(
      `Name:         network-policy-1
Namespace:    default
Created on:   2017-06-04 21:45:56 -0700 PDT
Labels:       <none>
Annotations:  <none>
Spec:
  PodSelector:     foo in (bar1,bar2),foo2 notin (bar1,bar2),id1=app1,id2=app2
  Allowing ingress traffic:
    To Port: 80/TCP
    To Port: 82/TCP
    From:
      NamespaceSelector: id=ns1,id2=ns2
      PodSelector: id=pod1,id2=pod2
    From:
      PodSelector: id=app2,id2=app3
    From:
      NamespaceSelector: id=app2,id2=app3
    From:
      NamespaceSelector: foo in (bar1,bar2),id=app2,id2=app3
    From:
      IPBlock:
        CIDR: 192.168.0.0/16
        Except: 192.168.3.0/24, 192.168.4.0/24
    ----------
    To Port: <any> (traffic allowed to all ports)
    From: <any> (traffic not restricted by source)
  Allowing egress traffic:
    To Port: 80/TCP
    To Port: 82/TCP
    To:
      NamespaceSelector: id=ns1,id2=ns2
      PodSelector: id=pod1,id2=pod2
    To:
      PodSelector: id=app2,id2=app3
    To:
      NamespaceSelector: id=app2,id2=app3
    To:
      NamespaceSelector: foo in (bar1,bar2),id=app2,id2=app3
    To:
      IPBlock:
        CIDR: 192.168.0.0/16
        Except: 192.168.3.0/24, 192.168.4.0/24
    ----------
    To Port: <any> (traffic allowed to all ports)
    To: <any> (traffic not restricted by destination)
  Policy Types: Ingress, Egress
`,
    );
  });

  it('default deny, and no time', () => {
    const object = policy({ policyTypes: ['Ingress', 'Egress'] });
    expect(describeNetworkPolicies([object])).toBe(
      `Name:         np
Namespace:    ns
Created on:   0001-01-01 00:00:00 +0000 UTC
Labels:       <none>
Annotations:  <none>
Spec:
  PodSelector:     <none> (Allowing the specific traffic to all pods in this namespace)
  Allowing ingress traffic:
    <none> (Selected pods are isolated for ingress connectivity)
  Allowing egress traffic:
    <none> (Selected pods are isolated for egress connectivity)
  Policy Types: Ingress, Egress
`,
    );
  });

  it('ports of each sort, an empty block, an invalid selector, one direction only', () => {
    const object = policy({
      podSelector: { matchExpressions: [{ key: 'a', operator: 'in' }] },
      ingress: [
        {
          ports: [{ port: 80, endPort: 82 }, { port: 'dns', protocol: 'UDP' }, { protocol: 'SCTP' }, { endPort: 5 }],
          from: [{ ipBlock: { cidr: '::/0' } }, {}, { podSelector: {} }],
        },
      ],
    });
    expect(describeNetworkPolicies([object]).split('\n').slice(6)).toEqual([
      '  PodSelector:     <error>',
      '  Allowing ingress traffic:',
      '    To Port Range: 80-82/TCP',
      '    To Port: dns/UDP',
      '    To Port: <nil>/SCTP',
      '    To Port Range: <nil>-5/TCP',
      '    From:',
      '      IPBlock:',
      '        CIDR: ::/0',
      '        Except: ',
      '    From:',
      '    From:',
      '      PodSelector: <none>',
      '  Not affecting egress traffic',
      '  Policy Types: Ingress',
      '',
    ]);
  });

  it('labels and annotations', () => {
    const value = 'v'.repeat(140);
    const object = policy(
      {},
      {
        labels: { b: '2', a: '1' },
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': '{}',
          short: 'one line\n',
          lines: `first\nsecond ${value}\n\n`,
          long: value,
          fits: 'f'.repeat(134),
          over: 'f'.repeat(135),
          escape: 'a\u001b[31m\rb',
          unicode: 'é'.repeat(80),
          cut: `${'x'.repeat(137)}éyy`,
        },
      },
    );
    expect(describeNetworkPolicies([object]).split('\n').slice(3, 23)).toEqual([
      'Labels:       a=1',
      '              b=2',
      'Annotations:  cut:',
      `                ${'x'.repeat(137)}\ufffd...`,
      '              escape: a^[[31m\\rb',
      `              fits: ${'f'.repeat(134)}`,
      '              lines:',
      '                first',
      `                second ${'v'.repeat(131)}...`,
      '                ',
      '              long:',
      `                ${'v'.repeat(138)}...`,
      '              over:',
      `                ${'f'.repeat(135)}`,
      '              short: one line',
      '              unicode:',
      `                ${'é'.repeat(69)}...`,
      'Spec:',
      '  PodSelector:     <none> (Allowing the specific traffic to all pods in this namespace)',
      '  Allowing ingress traffic:',
    ]);
  });

  it('only the skipped annotation', () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}' };
    expect(describeNetworkPolicies([policy({}, { annotations })])).toContain('\nAnnotations:  <none>\n');
  });

  it('tabs inside values make columns', () => {
    const annotations = { a: 'x\ty', b: 'long long\tz', c: 'plain' };
    expect(
      describeNetworkPolicies([policy({}, { annotations })])
        .split('\n')
        .slice(4, 7),
    ).toEqual(['Annotations:  a: x          y', '              b: long long  z', '              c: plain']);
  });

  it('separates objects by two empty lines', () => {
    const one = describeNetworkPolicies([policy({})]);
    expect(describeNetworkPolicies([policy({}), policy({})])).toBe(`${one}\n\n${one}`);
    expect(describeNetworkPolicies([])).toBe('');
  });
});

describe('describePlain', () => {
  it.each<[string, unknown, string[]]>([
    [
      'default deny by default',
      {},
      [
        'NetworkPolicy ns/np applies to every pod of namespace ns.',
        'Incoming: these pods are isolated for ingress, and this policy allows nothing (connections from their own node and replies always pass).',
        'Outgoing: not restricted by this policy.',
      ],
    ],
    [
      'rules',
      {
        podSelector: { matchLabels: { app: 'db' } },
        ingress: [
          {
            ports: [{ port: 80 }, { port: 'dns', protocol: 'UDP' }, { port: 8000, endPort: 8080 }],
            from: [
              { podSelector: { matchExpressions: [{ key: 'role', operator: 'In', values: ['a', 'b'] }] } },
              { namespaceSelector: {}, podSelector: { matchExpressions: [{ key: 'x', operator: 'Exists' }] } },
              { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['z'] }] } },
              { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.2.0.0/16'] } },
            ],
          },
          { ports: [{ protocol: 'SCTP' }] },
        ],
        egress: [{ to: [{ namespaceSelector: {} }, { podSelector: {} }] }],
      },
      [
        'NetworkPolicy ns/np applies to pods with app=db of namespace ns.',
        'Incoming: these pods are isolated for ingress and may receive these connections (connections from their own node and replies always pass):',
        '- from pods with role one of a or b of namespace ns, on TCP port 80, the UDP port that the receiving pod names dns and TCP ports 8000 to 8080',
        '- from pods with the label x of every namespace, on TCP port 80, the UDP port that the receiving pod names dns and TCP ports 8000 to 8080',
        '- from every pod of namespaces with team other than z (or absent), on TCP port 80, the UDP port that the receiving pod names dns and TCP ports 8000 to 8080',
        '- from addresses in 10.0.0.0/8 except 10.1.0.0/16 and 10.2.0.0/16, on TCP port 80, the UDP port that the receiving pod names dns and TCP ports 8000 to 8080',
        '- from anywhere, inside and outside the cluster, on every SCTP port',
        'Outgoing: these pods are isolated for egress and may open these connections (connections to their own node and replies always pass):',
        '- to every pod of every namespace, on every port and protocol',
        '- to every pod of namespace ns, on every port and protocol',
      ],
    ],
    [
      'an allow-all rule, and rules without effect',
      { ingress: [{}], egress: [{}, {}], policyTypes: ['Ingress'] },
      [
        'NetworkPolicy ns/np applies to every pod of namespace ns.',
        'Incoming: these pods are isolated for ingress, but an empty rule allows everything: no other NetworkPolicy can deny them ingress traffic.',
        'Outgoing: not restricted by this policy.',
        'Note: The 2 egress rules have no effect, because Egress is not among policyTypes.',
      ],
    ],
    [
      'egress rules without policyTypes',
      { podSelector: { matchLabels: { 'a b': 'c' } }, egress: [{ to: [{}] }] },
      [
        'NetworkPolicy ns/np applies to pods that an invalid selector names (it matches none) of namespace ns.',
        'Incoming: these pods are isolated for ingress, and this policy allows nothing (connections from their own node and replies always pass).',
        'Outgoing: these pods are isolated for egress and may open these connections (connections to their own node and replies always pass):',
        '- to nobody (the peer names nothing), on every port and protocol',
        'Note: there are egress rules only, yet incoming traffic is denied too. When policyTypes is left out it always has Ingress; for outgoing traffic alone write policyTypes: [Egress].',
      ],
    ],
  ])('%s', (_name, spec, lines) => {
    expect(describePlain(policy(spec)).split('\n')).toEqual([...lines, '']);
  });
});
