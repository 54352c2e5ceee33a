import { pod, policy } from '../manifests.ts';
import { all, app, denyIngress, egress, ingress, OUTSIDE, type StatementCase } from './cluster.ts';

/** Fields of a policy and its ports: S17 to S31. */
export const fields: readonly StatementCase[] = [
  {
    name: 'S17: an absent podSelector selects all pods of the namespace',
    policies: [policy('x/p', { policyTypes: ['Ingress'] })],
    probes: [
      ['y/a', 'x/a', '80/TCP', false],
      ['y/a', 'x/b', '80/TCP', false],
    ],
  },
  {
    name: 'S18: without policyTypes it is Ingress, also with an empty egress list',
    policies: [policy('x/p', { ...all, egress: [] })],
    probes: [
      ['x/a', 'y/a', '80/TCP', true],
      ['y/a', 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S18: and Egress when there is an egress rule',
    policies: [policy('x/p', { ...all, policyTypes: [], egress: [{ ports: [{ port: 80 }] }] })],
    probes: [
      ['x/a', 'y/a', '80/TCP', true],
      ['x/a', 'y/a', '81/TCP', false],
      ['y/a', 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S19: policyTypes [Egress] leaves ingress alone, ingress rules or not',
    policies: [policy('x/p', { ...all, policyTypes: ['Egress'], ingress: [{ from: [app('nobody')] }] })],
    probes: [
      ['x/a', 'y/a', '80/TCP', false],
      ['y/a', 'x/a', '80/TCP', true],
    ],
  },
  {
    name: 'S20: a direction without rules is denied',
    policies: [policy('x/p', { ...all, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [] })],
    probes: [
      ['y/a', 'x/a', '80/TCP', true],
      ['x/a', 'y/a', '80/TCP', false],
    ],
  },
  {
    name: 'S21: rules are ORed, peers and ports of one rule ANDed',
    policies: [
      policy('x/p', {
        ...all,
        ingress: [
          { from: [app('a')], ports: [{ port: 80 }] },
          { from: [app('b')], ports: [{ port: 81 }] },
        ],
      }),
    ],
    probes: [
      ['x/a', 'x/b', '80/TCP', true],
      ['x/a', 'x/b', '81/TCP', false],
      ['x/b', 'x/a', '81/TCP', true],
      ['x/b', 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S22: empty and null lists match everything, also outside',
    policies: [ingress({ from: [], ports: [{ port: 80 }] }), egress({ to: null, ports: null })],
    probes: [
      [OUTSIDE, 'x/a', '80/TCP', true],
      [OUTSIDE, 'x/a', '81/TCP', false],
      ['x/a', OUTSIDE, '9/SCTP', true],
      ['x/a', OUTSIDE, 'ICMP', true],
    ],
  },
  {
    name: 'S23: ingress [{}] allows all that other policies do not',
    policies: [ingress({}), denyIngress, ingress({ from: [app('b')] }, 'x/other')],
    probes: [
      [OUTSIDE, 'x/a', '80/TCP', true],
      ['y/a', 'x/a', '53/UDP', true],
      ['node/n2', 'x/a', 'ICMP', true],
    ],
  },
  {
    name: 'S24: no protocol means TCP',
    policies: [ingress({ ports: [{ port: 80 }] })],
    probes: [
      ['y/a', 'x/a', '80/TCP', true],
      ['y/a', 'x/a', '80/UDP', false],
      ['y/a', 'x/a', '80/SCTP', false],
    ],
  },
  {
    name: 'S24, S25: an empty port entry is every TCP port',
    policies: [ingress({ ports: [{}] })],
    probes: [
      ['y/a', 'x/a', '1/TCP', true],
      ['y/a', 'x/a', '65535/TCP', true],
      ['y/a', 'x/a', '1/UDP', false],
      ['y/a', 'x/a', 'ICMP', false],
    ],
  },
  {
    name: 'S25: a protocol alone is all its ports',
    policies: [ingress({ ports: [{ protocol: 'UDP' }] })],
    probes: [
      ['y/a', 'x/a', '1/UDP', true],
      ['y/a', 'x/a', '65535/UDP', true],
      ['y/a', 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S26: a named port is that of the selected pod for ingress',
    policies: [ingress({ ports: [{ port: 'web' }] })],
    probes: [
      ['y/a', 'x/a', '80/TCP', true],
      ['y/a', 'x/b', '8080/TCP', true],
      ['y/a', 'x/b', '80/TCP', false],
      ['y/a', 'x/a', '80/UDP', false],
    ],
  },
  {
    name: 'S26: and of the peer for egress; protocols must agree; without the name nothing matches',
    policies: [egress({ to: [{ namespaceSelector: {} }], ports: [{ port: 'web' }, { port: 'dns', protocol: 'TCP' }] })],
    probes: [
      ['x/a', 'x/b', '8080/TCP', true],
      ['x/b', 'x/a', '80/TCP', true],
      ['x/b', 'x/a', '53/UDP', false],
      ['x/b', 'x/a', '53/TCP', false],
      ['x/a', 'y/b', '8080/TCP', false],
    ],
  },
  {
    name: 'S26: a name that several ports have stands for all of them of its protocol',
    policies: [
      ingress({ ports: [{ port: 'web' }] }, 'w/p'),
      {
        ...pod('w/multi', {
          ips: ['10.0.4.1'],
          ports: [
            { name: 'web', containerPort: 80 },
            { name: 'web', containerPort: 81 },
            { name: 'web', containerPort: 82, protocol: 'UDP' },
          ],
        }),
      },
    ],
    probes: [
      ['y/a', 'w/multi', '80/TCP', true],
      ['y/a', 'w/multi', '81/TCP', true],
      ['y/a', 'w/multi', '82/TCP', false],
      ['y/a', 'w/multi', '82/UDP', false],
    ],
  },
  {
    name: 'S27: a named port matches nothing outside; behind an ipBlock it resolves at a pod',
    policies: [egress({ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 'web' }] })],
    probes: [
      ['x/a', OUTSIDE, '80/TCP', false],
      ['x/a', 'node/n2', '80/TCP', false],
      ['x/a', 'x/b', '8080/TCP', true],
      ['x/a', 'x/b', '80/TCP', false],
    ],
  },
  {
    name: 'S28: ports are those of the destination',
    policies: [egress({ ports: [{ port: 'web' }] })],
    probes: [
      ['x/a', 'x/b', '80/TCP', false],
      ['x/a', 'x/b', '8080/TCP', true],
    ],
  },
  {
    name: 'S29, S30: endPort is included, and so is one equal to port',
    policies: [
      ingress({
        ports: [
          { port: 100, endPort: 200 },
          { port: 300, endPort: 300, protocol: 'UDP' },
        ],
      }),
    ],
    probes: [
      ['y/a', 'x/a', '99/TCP', false],
      ['y/a', 'x/a', '100/TCP', true],
      ['y/a', 'x/a', '150/TCP', true],
      ['y/a', 'x/a', '200/TCP', true],
      ['y/a', 'x/a', '201/TCP', false],
      ['y/a', 'x/a', '150/UDP', false],
      ['y/a', 'x/a', '299/UDP', false],
      ['y/a', 'x/a', '300/UDP', true],
      ['y/a', 'x/a', '301/UDP', false],
    ],
  },
  {
    name: 'S31: a policy that allows SCTP isolates for TCP and UDP',
    policies: [ingress({ ports: [{ protocol: 'SCTP', port: 80 }] })],
    probes: [
      ['y/a', 'x/a', '80/SCTP', true],
      ['y/a', 'x/a', '80/TCP', false],
      ['y/a', 'x/a', '80/UDP', false],
    ],
  },
];
