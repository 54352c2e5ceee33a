import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Manifest } from '../../../test/support/manifests.ts';
import { effort, patient } from '../../../test/support/property.ts';
import { randomCluster } from '../../../test/support/random-cluster.ts';
import { randomRoute } from '../../../test/support/random-route.ts';
import { decodeObject } from '../../model/decode.ts';
import type { RawObject } from './list.ts';
import { slim } from './slim.ts';

const template = {
  metadata: { labels: { app: 'a' } },
  spec: {
    hostNetwork: true,
    volumes: [{ name: 'v', secret: { secretName: 's' } }],
    containers: [{ name: 'c', env: [{ name: 'PASSWORD', value: 'hunter2' }], ports: [{ containerPort: 80 }] }],
  },
};

function keepsMeaning(manifest: Manifest): void {
  const raw = { ...manifest, status: manifest['status'] ?? { observedGeneration: 1 } } as unknown as RawObject;
  expect(decodeObject(slim(raw))).toEqual(decodeObject(raw));
}

test.each(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'ReplicationController'])(
  '%s loses nothing that is understood, and keeps no secrets',
  (kind) => {
    const apiVersion = kind === 'Job' ? 'batch/v1' : kind === 'ReplicationController' ? 'v1' : 'apps/v1';
    const manifest = { apiVersion, kind, metadata: { name: 'a', namespace: 'a' }, spec: { replicas: 2, template } };
    keepsMeaning(manifest);
    expect(JSON.stringify(slim(manifest as unknown as RawObject))).not.toMatch(/hunter2|secret/);
  },
);

test('what is left of an object decodes to the same', patient, () => {
  fc.assert(
    fc.property(randomCluster, randomRoute, ({ manifests }, route) => {
      for (const manifest of [...manifests, route]) keepsMeaning(manifest);
    }),
    effort(100),
  );
});
