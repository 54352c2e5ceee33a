import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifests } from '../manifest/index.ts';
import { decodeObject } from '../model/decode.ts';
import { isWritten, manifestOf } from './manifest.ts';

const examples = path.join(import.meta.dirname, '../../examples');
const texts = readdirSync(examples, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml') && !name.includes('tests'))
  .map((name) => ({ name, content: readFileSync(path.join(examples, name), 'utf8') }));

const OTHERS = `
{ apiVersion: v1, kind: Node, metadata: { name: n1, labels: { a: b } }, spec: { podCIDRs: [10.0.0.0/24] }, status: { addresses: [{ type: InternalIP, address: 192.0.2.1 }] } }
---
apiVersion: v1
kind: Pod
metadata: { name: p, namespace: a, ownerReferences: [{ kind: ReplicaSet, name: r, controller: true }] }
spec: { nodeName: n1, hostNetwork: true, containers: [{ name: c, ports: [{ name: http, containerPort: 80 }] }] }
status: { phase: Running, podIP: 192.0.2.1, podIPs: [{ ip: 192.0.2.1 }, { ip: '2001:db8::1' }], hostIP: 192.0.2.1 }
---
{ apiVersion: v1, kind: Service, metadata: { name: s, namespace: a }, spec: { clusterIP: None, ports: [{ port: 80 }] } }
---
{ apiVersion: batch/v1, kind: CronJob, metadata: { name: j }, spec: { jobTemplate: { spec: { template: { metadata: { labels: { a: b } }, spec: {} } } } } }
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: { name: default }
spec:
  subject: { namespaces: {} }
  ingress: [{ name: no, action: Allow, from: [{ namespaces: {} }], ports: [{ portRange: { protocol: TCP, start: 1, end: 9 } }, { namedPort: http }, { portNumber: { protocol: UDP, port: 53 } }] }]
  egress: [{ action: Deny, to: [{ nodes: {} }, { networks: [0.0.0.0/0] }] }]
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: c }
spec:
  tier: Admin
  priority: 3
  subject: { namespaces: {} }
  egress: [{ action: Accept, to: [{ domainNames: ['*.example.com'] }], protocols: [{ tcp: { destinationPort: { range: { start: 1, end: 9 } } } }, { destinationNamedPort: http }] }]
`;

describe('an object that is written and read again is the same', () => {
  const { objects } = readManifests([...texts, { name: 'others.yaml', content: OTHERS }]);
  const written = objects.filter(isWritten);
  const kinds = [...new Set(written.map(({ kind }) => kind))];

  test('of all kinds', () => {
    expect(kinds).toEqual(
      expect.arrayContaining([
        'NetworkPolicy',
        'ClusterNetworkPolicy',
        'Pod',
        'Node',
        'Service',
        'Deployment',
        'CronJob',
      ]),
    );
  });

  test.each(kinds)('%s', (kind) => {
    for (const { source: _, ...object } of written.filter((one) => one.kind === kind)) {
      const manifest = manifestOf(object as (typeof written)[number]);
      const { object: again, diagnostics } = decodeObject(JSON.parse(JSON.stringify(manifest)));
      expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(again).toEqual(object);
    }
  });
});
