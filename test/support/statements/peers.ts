import { pod, policy } from '../manifests.ts';
import { all, app, egress, fromBlock, ingress, OUTSIDE, type StatementCase } from './cluster.ts';

/** Peers: S32 to S44. */
export const peers: readonly StatementCase[] = [
  {
    name: 'S32: podSelector alone looks in the policy’s namespace',
    policies: [ingress({ from: [app('a')] })],
    probes: [
      ['x/a', 'x/b', '80/TCP', true],
      ['y/a', 'x/b', '80/TCP', false],
    ],
  },
  {
    name: 'S33: namespaceSelector alone takes all pods of the namespaces',
    policies: [ingress({ from: [{ namespaceSelector: { matchLabels: { team: 'two' } } }] })],
    probes: [
      ['y/a', 'x/b', '80/TCP', true],
      ['y/b', 'x/b', '80/TCP', true],
      ['x/a', 'x/b', '80/TCP', false],
      ['z/a', 'x/b', '80/TCP', false],
    ],
  },
  {
    name: 'S34: both in one peer are ANDed',
    policies: [ingress({ from: [{ ...app('a'), namespaceSelector: { matchLabels: { team: 'two' } } }] })],
    probes: [
      ['y/a', 'x/b', '80/TCP', true],
      ['y/b', 'x/b', '80/TCP', false],
      ['x/a', 'x/b', '80/TCP', false],
    ],
  },
  {
    name: 'S35: two peers are ORed',
    policies: [ingress({ from: [app('a'), { namespaceSelector: { matchLabels: { team: 'two' } } }] })],
    probes: [
      ['x/a', 'x/b', '80/TCP', true],
      ['y/b', 'x/b', '80/TCP', true],
      ['x/b', 'x/a', '80/TCP', false],
      ['z/a', 'x/b', '80/TCP', false],
    ],
  },
  {
    name: 'S36: an empty podSelector is the whole namespace',
    policies: [ingress({ from: [all] })],
    probes: [
      ['x/b', 'x/a', '80/TCP', true],
      ['y/b', 'x/a', '80/TCP', false],
      [OUTSIDE, 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S36: an empty namespaceSelector is all pods of the cluster and nothing outside',
    policies: [ingress({ from: [{ namespaceSelector: {} }] })],
    probes: [
      ['x/b', 'x/a', '80/TCP', true],
      ['z/a', 'x/a', '80/TCP', true],
      [OUTSIDE, 'x/a', '80/TCP', false],
      ['node/n2', 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S37: a namespace is known by its name label, declared or not',
    policies: [
      ingress({ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'nowhere' } } }] }),
      pod('nowhere/p', { ips: ['10.0.5.1'] }),
    ],
    probes: [
      ['nowhere/p', 'x/a', '80/TCP', true],
      ['z/a', 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S38: In over a label picks several namespaces',
    policies: [
      ingress({
        from: [{ namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['one', 'two'] }] } }],
      }),
    ],
    probes: [
      ['x/b', 'x/a', '80/TCP', true],
      ['y/b', 'x/a', '80/TCP', true],
      ['z/a', 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S39: NotIn and DoesNotExist also match what lacks the key; Exists matches an empty value',
    policies: [
      policy('y/p', {
        podSelector: { matchExpressions: [{ key: 'role', operator: 'Exists' }] },
        ingress: [
          {
            from: [
              { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['one', 'two'] }] } },
              { podSelector: { matchExpressions: [{ key: 'role', operator: 'DoesNotExist' }] } },
            ],
          },
        ],
      }),
    ],
    probes: [
      ['z/a', 'y/b', '80/TCP', true],
      ['y/a', 'y/b', '80/TCP', true],
      ['x/a', 'y/b', '80/TCP', false],
      ['x/a', 'y/a', '80/TCP', true],
    ],
  },
  {
    name: 'S40: a block matches outside addresses, nodes and pods by address, less its except',
    policies: [ingress(fromBlock('10.0.0.0/16', '10.0.2.0/31'))],
    probes: [
      ['10.0.255.255', 'x/a', '80/TCP', true],
      ['10.1.0.0', 'x/a', '80/TCP', false],
      ['x/b', 'x/a', '80/TCP', true],
      ['y/a', 'x/a', '80/TCP', false],
      ['y/b', 'x/a', '80/TCP', true],
      ['node/n2', 'x/a', '80/TCP', false],
      ['node/n2@10.0.9.9', 'x/a', '80/TCP', true],
    ],
  },
  {
    name: 'S41: another peer, rule or policy may allow what an except takes out',
    policies: [
      ingress(fromBlock('10.0.0.0/8', '10.0.0.0/16'), 'x/1'),
      ingress(fromBlock('10.0.2.1/32'), 'x/2'),
      policy('x/3', { ...all, ingress: [fromBlock('172.16.0.0/12'), { from: [app('b')] }] }),
    ],
    probes: [
      ['y/a', 'x/a', '80/TCP', true],
      ['y/b', 'x/a', '80/TCP', false],
      ['x/b', 'x/a', '80/TCP', true],
      ['10.1.0.1', 'x/a', '80/TCP', true],
    ],
  },
  {
    name: 'S42: a block is of one family',
    policies: [ingress(fromBlock('0.0.0.0/0'))],
    probes: [
      ['x/b', 'x/a', '80/TCP', true],
      ['2001:db8::1', 'x/a', '80/TCP', false],
      [OUTSIDE, 'x/a', '80/TCP', true],
    ],
  },
  {
    name: 'S42: an IPv6 block holds no IPv4 address',
    policies: [ingress(fromBlock('::/0'))],
    probes: [
      ['x/b', 'x/a', '80/TCP', false],
      ['2001:db8::1', 'x/a', '80/TCP', true],
      [OUTSIDE, 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S44: what counts is the pod behind a service and its own port',
    policies: [egress({ to: [app('b')], ports: [{ port: 8080 }] })],
    probes: [
      ['x/a', 'x/b', '8080/TCP', true],
      ['x/a', 'x/b', '80/TCP', false],
    ],
  },
];
