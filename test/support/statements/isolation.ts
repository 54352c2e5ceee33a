import { pod, policy, workload } from '../manifests.ts';
import { app, denyEgress, denyIngress, egress, ingress, OUTSIDE, type StatementCase } from './cluster.ts';

/** Isolation and the union: S1 to S16. */
export const isolation: readonly StatementCase[] = [
  {
    name: 'S1, S13: without policies everything is allowed',
    policies: [],
    probes: [
      ['x/a', 'y/b', '80/TCP', true],
      ['x/a', OUTSIDE, '53/UDP', true],
      [OUTSIDE, 'x/a', '9/SCTP', true],
      ['x/a', 'y/b', 'ICMP', true],
    ],
  },
  {
    name: 'S2: Egress in policyTypes isolates for egress',
    policies: [policy('x/p', { ...app('a'), policyTypes: ['Egress'] })],
    probes: [
      ['x/a', 'y/b', '80/TCP', false],
      ['x/b', 'y/b', '80/TCP', true],
    ],
  },
  {
    name: 'S3: an isolated pod opens what the egress list allows',
    policies: [egress({ to: [app('b')] })],
    probes: [
      ['x/a', 'x/b', '80/TCP', true],
      ['x/a', 'y/b', '80/TCP', false],
      ['x/b', 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S4: the same for ingress',
    policies: [ingress({ from: [app('b')] })],
    probes: [
      ['x/b', 'x/a', '80/TCP', true],
      ['y/b', 'x/a', '80/TCP', false],
      ['x/a', 'x/b', '80/TCP', false],
    ],
  },
  {
    name: 'S5: an isolated pod accepts connections from its own node, on any of its addresses',
    policies: [denyIngress],
    probes: [
      ['node/n1', 'x/a', '80/TCP', true],
      ['node/n1@fd01::1', 'x/a', '80/TCP', true],
      ['node/n2', 'x/a', '80/TCP', false],
      ['node/n2', 'x/b', '80/TCP', true],
    ],
  },
  {
    name: 'S6: the directions are isolated apart',
    policies: [denyIngress],
    probes: [
      ['x/a', 'y/b', '80/TCP', true],
      ['y/b', 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S7: replies need no rule, so only the side that opens is asked',
    policies: [policy('x/p', { ...app('a'), policyTypes: ['Egress', 'Ingress'], egress: [{}] })],
    probes: [
      ['x/a', 'y/b', '80/TCP', true],
      ['y/b', 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S8: policies are a union',
    policies: [ingress({ from: [app('b')] }, 'x/1'), ingress({ ports: [{ port: 81 }] }, 'x/2'), denyIngress],
    probes: [
      ['x/b', 'x/a', '80/TCP', true],
      ['y/a', 'x/a', '81/TCP', true],
      ['y/a', 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S10: both ends must allow: the source refuses',
    policies: [denyEgress],
    probes: [
      ['x/a', 'y/b', '80/TCP', false],
      ['y/b', 'x/a', '80/TCP', true],
    ],
  },
  {
    name: 'S10: both ends must allow: each allows another port',
    policies: [egress({ ports: [{ port: 80 }] }), ingress({ ports: [{ port: 81 }] }, 'y/p')],
    probes: [
      ['x/a', 'y/b', '80/TCP', false],
      ['x/a', 'y/b', '81/TCP', false],
      ['x/a', 'z/a', '80/TCP', true],
      ['z/a', 'y/b', '81/TCP', true],
    ],
  },
  {
    name: 'S11: connections without a pod are nobody’s business',
    policies: [denyIngress, denyEgress],
    probes: [
      ['node/n1', 'node/n2', '80/TCP', true],
      ['node/n1', OUTSIDE, '80/TCP', true],
      [OUTSIDE, '198.51.100.1', '80/TCP', true],
    ],
  },
  {
    name: 'S12: a policy acts in its own namespace',
    policies: [policy('y/p', { ...app('a'), policyTypes: ['Ingress'] })],
    probes: [
      ['z/a', 'y/a', '80/TCP', false],
      ['z/a', 'x/a', '80/TCP', true],
    ],
  },
  {
    name: 'S15: a pod reaches itself',
    policies: [denyIngress, denyEgress],
    probes: [
      ['x/a', 'x/a', '80/TCP', true],
      ['x/a', 'x/b', '80/TCP', false],
    ],
  },
  {
    name: 'S15: two replicas of one template are two pods',
    policies: [workload('Deployment', 'x/d', {}), denyIngress],
    probes: [['x/d[Deployment]', 'x/d[Deployment]', '80/TCP', false]],
  },
  {
    name: 'S16: the own node is always reached, other nodes are not',
    policies: [denyEgress],
    probes: [
      ['x/a', 'node/n1', '80/TCP', true],
      ['x/a', 'node/n1@fd01::1', 'ICMP', true],
      ['x/a', 'node/n2', '80/TCP', false],
    ],
  },
  {
    name: 'S16: a pod whose node is unknown has no own node, even beside another of unknown node',
    policies: [
      pod('x/unplaced', { ips: ['10.0.1.9'] }),
      pod('y/unplaced', { ips: ['192.168.0.9'], hostNetwork: true }),
      denyIngress,
    ],
    probes: [
      ['y/unplaced', 'x/unplaced', '80/TCP', false],
      ['node/n1', 'x/unplaced', '80/TCP', false],
    ],
  },
];
