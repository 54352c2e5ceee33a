import { describe, test } from 'vitest';
import { namespace, pod, policy, stateOf } from '../support/manifests.ts';
import { expectProbes } from '../support/probes.ts';

/** The worked example of the Kubernetes page on network policies (spec section J). */
const example = policy('default/test-network-policy', {
  podSelector: { matchLabels: { role: 'db' } },
  policyTypes: ['Ingress', 'Egress'],
  ingress: [
    {
      from: [
        { ipBlock: { cidr: '172.17.0.0/16', except: ['172.17.1.0/24'] } },
        { namespaceSelector: { matchLabels: { project: 'myproject' } } },
        { podSelector: { matchLabels: { role: 'frontend' } } },
      ],
      ports: [{ protocol: 'TCP', port: 6379 }],
    },
  ],
  egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/24' } }], ports: [{ protocol: 'TCP', port: 5978 }] }],
});

/** The example of a range of ports on the same page. */
const portRange = policy('default/multi-port-egress', {
  podSelector: { matchLabels: { role: 'db' } },
  policyTypes: ['Egress'],
  egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/24' } }], ports: [{ protocol: 'TCP', port: 32000, endPort: 32768 }] }],
});

const cluster = [
  namespace('default'),
  namespace('other'),
  namespace('mine', { project: 'myproject' }),
  pod('default/db', { labels: { role: 'db' }, ips: ['192.0.2.1'] }),
  pod('default/web', { labels: { role: 'frontend' }, ips: ['192.0.2.2'] }),
  pod('default/idle', { ips: ['192.0.2.3'] }),
  pod('other/web', { labels: { role: 'frontend' }, ips: ['192.0.2.4'] }),
  pod('other/dns', { ips: ['192.0.2.5'] }),
  pod('mine/web', { labels: { role: 'frontend' }, ips: ['192.0.2.6'] }),
  pod('mine/idle', { ips: ['192.0.2.7'] }),
];

describe('the example of the page', () => {
  const state = stateOf([...cluster, example]);

  test('S72: pods by role in the own namespace, all pods of a namespace by project', () => {
    expectProbes(state, [
      ['default/web', 'default/db', '6379/TCP', true],
      ['default/idle', 'default/db', '6379/TCP', false],
      ['other/web', 'default/db', '6379/TCP', false],
      ['mine/web', 'default/db', '6379/TCP', true],
      ['mine/idle', 'default/db', '6379/TCP', true],
    ]);
  });

  test('S73: the block less its except, and only 6379/TCP', () => {
    expectProbes(state, [
      ['172.17.0.1', 'default/db', '6379/TCP', true],
      ['172.17.0.255', 'default/db', '6379/TCP', true],
      ['172.17.1.0', 'default/db', '6379/TCP', false],
      ['172.17.1.1', 'default/db', '6379/TCP', false],
      ['172.17.1.255', 'default/db', '6379/TCP', false],
      ['172.17.2.0', 'default/db', '6379/TCP', true],
      ['172.17.2.1', 'default/db', '6379/TCP', true],
      ['172.16.255.255', 'default/db', '6379/TCP', false],
      ['172.18.0.0', 'default/db', '6379/TCP', false],
      ['172.17.0.1', 'default/db', '6380/TCP', false],
      ['172.17.0.1', 'default/db', '6379/UDP', false],
      ['default/web', 'default/db', '6378/TCP', false],
      ['default/web', 'default/db', '6379/UDP', false],
    ]);
  });

  test('S74: egress to the block on 5978/TCP alone, so no DNS', () => {
    expectProbes(state, [
      ['default/db', '10.0.0.5', '5978/TCP', true],
      ['default/db', '10.0.1.5', '5978/TCP', false],
      ['default/db', '10.0.0.5', '5979/TCP', false],
      ['default/db', '10.0.0.5', '5978/UDP', false],
      ['default/db', 'other/dns', '53/UDP', false],
      ['default/db', 'other/dns', '53/TCP', false],
      ['default/web', '10.0.1.5', '5978/TCP', true],
    ]);
  });

  test('port range: both ends are inside', () => {
    expectProbes(stateOf([...cluster, portRange]), [
      ['default/db', '10.0.0.5', '31999/TCP', false],
      ['default/db', '10.0.0.5', '32000/TCP', true],
      ['default/db', '10.0.0.5', '32768/TCP', true],
      ['default/db', '10.0.0.5', '32769/TCP', false],
      ['default/db', '10.0.1.5', '32000/TCP', false],
    ]);
  });
});
