import { policy } from '../manifests.ts';
import { all, app, denyEgress, denyIngress, fromBlock, ingress, OUTSIDE, type StatementCase } from './cluster.ts';

/** Default policies, and protocols without ports: S45 to S51. */
export const defaults: readonly StatementCase[] = [
  {
    name: 'S45: default-deny-ingress',
    policies: [policy('x/p', { ...all, policyTypes: ['Ingress'] })],
    probes: [
      ['y/a', 'x/a', '80/TCP', false],
      ['x/b', 'x/a', '80/TCP', false],
      ['x/a', OUTSIDE, '80/TCP', true],
    ],
  },
  {
    name: 'S46: allow-all-ingress',
    policies: [policy('x/p', { ...all, policyTypes: ['Ingress'], ingress: [{}] }), denyEgress],
    probes: [
      [OUTSIDE, 'x/a', '80/TCP', true],
      ['x/a', OUTSIDE, '80/TCP', false],
    ],
  },
  {
    name: 'S47: default-deny-egress blocks DNS too',
    policies: [policy('x/p', { ...all, policyTypes: ['Egress'] })],
    probes: [
      ['x/a', 'z/a', '53/UDP', false],
      [OUTSIDE, 'x/a', '80/TCP', true],
    ],
  },
  {
    name: 'S48: allow-all-egress',
    policies: [policy('x/p', { ...all, policyTypes: ['Egress'], egress: [{}] }), denyIngress],
    probes: [
      ['x/a', OUTSIDE, '80/TCP', true],
      [OUTSIDE, 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S49: default-deny-all',
    policies: [policy('x/p', { ...all, policyTypes: ['Ingress', 'Egress'] })],
    probes: [
      ['x/a', OUTSIDE, '80/TCP', false],
      [OUTSIDE, 'x/a', '80/TCP', false],
      ['x/a', 'x/b', '80/TCP', false],
    ],
  },
  {
    name: 'S50, S51: ICMP passes rules without ports only; a default deny denies it',
    policies: [
      policy('x/p', { ...all, ingress: [{ from: [app('b')] }, { from: [app('a')], ports: [{ protocol: 'TCP' }] }] }),
    ],
    probes: [
      ['x/b', 'x/a', 'ICMP', true],
      ['x/a', 'x/b', 'ICMP', false],
      [OUTSIDE, 'x/a', 'ICMP', false],
    ],
  },
];

/** hostNetwork pods: S58 to S60. */
export const hostNetwork: readonly StatementCase[] = [
  {
    name: 'S58, S59: a hostNetwork pod is not selected',
    policies: [policy('y/p', { ...all, policyTypes: ['Ingress', 'Egress'] })],
    probes: [
      ['x/a', 'y/host', '80/TCP', true],
      ['y/host', 'x/a', '80/TCP', true],
      ['x/a', 'y/a', '80/TCP', false],
    ],
  },
  {
    name: 'S58, S59: nor matched by selectors',
    policies: [ingress({ from: [{ ...app('a'), namespaceSelector: {} }] })],
    probes: [
      ['y/a', 'x/a', '80/TCP', true],
      ['y/host', 'x/a', '80/TCP', false],
    ],
  },
  {
    name: 'S60: it passes by a block of its node, and on the pod’s own node',
    policies: [policy('x/p', { ...app('a'), ingress: [fromBlock('192.168.0.2/32')] }), policy('x/q', app('b'))],
    probes: [
      ['y/host', 'x/a', '80/TCP', true],
      ['y/host', 'x/b', '80/TCP', true],
      ['node/n1', 'x/b', '80/TCP', false],
    ],
  },
];
