import { expect, test } from 'vitest';
import { decode, type Manifest, pod } from '../../test/support/manifests.ts';
import type { LabPlan } from './model.ts';
import { DEFAULT_POD_CIDRS, planLab } from './plan.ts';
import { renderServices } from './services.ts';

function service(name: string, spec: Manifest): Manifest {
  return { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'a', name }, spec };
}

const PODS = [
  pod('a/one', { labels: { app: 'x' }, ips: ['10.0.0.1'], ports: [{ name: 'http', containerPort: 8080 }] }),
  pod('a/two', { labels: { app: 'x' }, ips: ['10.0.0.2'], ports: [{ name: 'http', containerPort: 9090 }] }),
  pod('a/other', { labels: { app: 'y' }, ips: ['10.0.0.3'] }),
  pod('b/elsewhere', { labels: { app: 'x' }, ips: ['10.0.0.4'] }),
];

function plan(services: readonly Manifest[], earlier?: LabPlan): LabPlan {
  const options = { name: 't', podCidrs: DEFAULT_POD_CIDRS, maxReplicas: 3, maxPods: 300 };
  return planLab(
    [...PODS, ...services].map((manifest) => decode(manifest)),
    options,
    earlier,
  );
}

test.each<[string, Manifest, unknown]>([
  [
    'a name is each pod’s own port',
    { selector: { app: 'x' }, ports: [{ port: 80, targetPort: 'http' }] },
    [
      {
        protocol: 'TCP',
        port: 80,
        endpoints: [
          { address: '10.0.0.1', port: 8080 },
          { address: '10.0.0.2', port: 9090 },
        ],
      },
    ],
  ],
  [
    'a number needs no declaration, and none means the port itself',
    {
      selector: { app: 'y' },
      ports: [
        { port: 53, protocol: 'UDP' },
        { port: 1, targetPort: 2 },
      ],
    },
    [
      { protocol: 'UDP', port: 53, endpoints: [{ address: '10.0.0.3', port: 53 }] },
      { protocol: 'TCP', port: 1, endpoints: [{ address: '10.0.0.3', port: 2 }] },
    ],
  ],
  ['without a selector nobody is behind it', { ports: [{ port: 80 }] }, [{ protocol: 'TCP', port: 80, endpoints: [] }]],
  [
    'a port on every node',
    { type: 'NodePort', selector: { app: 'none' }, ports: [{ port: 80, nodePort: 30_080 }, { port: 81 }] },
    [
      { protocol: 'TCP', port: 80, nodePort: 30_080, endpoints: [] },
      { protocol: 'TCP', port: 81, nodePort: 30_000, endpoints: [] },
    ],
  ],
])('%s', (_, spec, ports) => {
  expect(plan([service('s', spec)]).services[0]?.ports).toEqual(ports);
});

test.each<[string, Manifest, readonly string[]]>([
  ['the next of each family', {}, ['10.96.0.1', 'fd00:10:96::1']],
  ['as written', { clusterIP: '10.96.7.7' }, ['10.96.7.7']],
  ['none of a headless one', { clusterIP: 'None' }, []],
])('cluster addresses: %s', (_, spec, addresses) => {
  expect(plan([service('s', { ports: [{ port: 80 }], ...spec })]).services[0]?.clusterIPs).toEqual(addresses);
});

test('addresses and node ports stay when other services come', () => {
  const late = service('late', { type: 'NodePort', ports: [{ port: 80 }] });
  const first = plan([late]);
  const second = plan([service('early', { type: 'NodePort', ports: [{ port: 80 }] }), late], first);
  expect(second.services.find(({ id }) => id === 'a/late')).toEqual(first.services[0]);
  const addresses = second.services.flatMap(({ clusterIPs }) => clusterIPs);
  expect(new Set(addresses).size).toBe(addresses.length);
});

test('a name that no pod behind it has is told', () => {
  const made = plan([service('s', { selector: { app: 'y' }, ports: [{ port: 80, targetPort: 'http' }] })]);
  expect(made.warnings).toEqual(['service a/s: no pod behind it has a port http/TCP']);
});

test('a service that is only a name is none', () => {
  expect(plan([service('s', { type: 'ExternalName', externalName: 'example.org' })]).services).toEqual([]);
});

test.each([['192.0.2.1'], ['2001:db8::1'], ['192.0.2.1', '2001:db8::1']])(
  'a node of %j translates its ports in the IP versions that it has',
  (...addresses) => {
    const { services } = plan([
      service('s', { type: 'NodePort', selector: { app: 'x' }, ports: [{ port: 80, targetPort: 'http' }] }),
    ]);
    const script = renderServices(services, addresses);
    expect([...script.matchAll(/ct original ip6? daddr \{(.*?)\}/g)].map(([, list]) => list?.trim())).toEqual(
      addresses,
    );
  },
);
