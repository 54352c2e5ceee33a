import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../test/support/manifests.ts';
import { effort, patient } from '../../test/support/property.ts';
import { decodeRandom, type RandomCluster, randomCluster } from '../../test/support/random-cluster.ts';
import { randomRoute } from '../../test/support/random-route.ts';
import { readManifests } from '../manifest/index.ts';
import { KINDS } from '../model/decode/kinds.ts';
import { decodeObject } from '../model/decode.ts';
import type { KubeObject } from '../model/types.ts';
import { manifestOf } from './manifest.ts';

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
  ingress: [{ name: some, action: Allow, from: [{ namespaces: {} }], ports: [{ portRange: { protocol: TCP, start: 1, end: 9 } }, { namedPort: http }, { portNumber: { protocol: UDP, port: 53 } }] }]
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
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: { name: a }
spec: { priority: 7, subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { a: b } } } }, ingress: [{ action: Pass, from: [{ namespaces: {} }] }] }
---
{ apiVersion: apps/v1, kind: ReplicaSet, metadata: { name: r }, spec: { replicas: 0, template: { metadata: { labels: { a: b } }, spec: {} } } }
---
{ apiVersion: batch/v1, kind: Job, metadata: { name: j }, spec: { template: { metadata: { labels: { a: b } }, spec: { hostNetwork: true } } } }
---
{ apiVersion: v1, kind: ReplicationController, metadata: { name: r }, spec: { replicas: 3, template: { metadata: { labels: { a: b } }, spec: {} } } }
${['GRPCRoute', 'TCPRoute', 'TLSRoute', 'UDPRoute']
  .map(
    (kind) =>
      `---\n{ apiVersion: gateway.networking.k8s.io/v1alpha2, kind: ${kind}, metadata: { name: r }, spec: { rules: [{ backendRefs: [{ name: s, port: 1 }] }] } }\n`,
  )
  .join('')}---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: g, namespace: a }
spec: { from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: b }], to: [{ group: '', kind: Service, name: s }, { group: '', kind: Service }] }
`;

/** What is read of a manifest, without its place. */
function decoded(manifest: unknown): KubeObject {
  const { object, diagnostics } = decodeObject(JSON.parse(JSON.stringify(manifest)));
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return object as KubeObject;
}

describe('an object that is written and read again is the same', () => {
  const { objects } = readManifests([...texts, { name: 'others.yaml', content: OTHERS }]);

  test('these are read whole', () => {
    expect(readManifests([{ name: 'others.yaml', content: OTHERS }]).diagnostics).toEqual([]);
  });

  test.each([...KINDS.keys()])('%s', (kind) => {
    const some = objects.filter((one) => one.kind === kind);
    expect(some.length).toBeGreaterThan(0);
    for (const { source: _, ...object } of some) expect(decoded(manifestOf(object as KubeObject))).toEqual(object);
  });

  test('in random clusters', patient, () => {
    const check = ({ manifests }: RandomCluster): void => {
      for (const manifest of manifests) {
        const object = decodeRandom(manifest, { keepInvalid: true }) as KubeObject;
        expect(decodeObject(JSON.parse(JSON.stringify(manifestOf(object)))).object).toEqual(object);
      }
    };
    fc.assert(fc.property(randomCluster, check), effort(200));
  });

  test('of all that leads to Services', patient, () => {
    const check = (manifest: Manifest): void => {
      const object = decoded(manifest);
      expect(decoded(manifestOf(object))).toEqual(object);
    };
    fc.assert(fc.property(randomRoute, check), effort(500));
  });
});
