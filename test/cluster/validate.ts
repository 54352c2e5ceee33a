import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeObject } from '../../src/model/decode.ts';
import { isPolicy, validatePolicy } from '../../src/model/validate/index.ts';
import { KubeApiserver } from '../support/kube-apiserver.ts';
import { type Manifest, namespace } from '../support/manifests.ts';
import { effort, patient } from '../support/property.ts';
import { policyArbitrary } from '../support/random-cluster.ts';

let server: KubeApiserver;

beforeAll(async () => {
  server = await KubeApiserver.start();
  await server.load([namespace('shop')]);
});

afterAll(() => server?.stop());

type Place = (string | number)[];

/** Where values are in a value. */
function placesIn(value: unknown, place: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[...place, key], ...placesIn(inner, [...place, key])]);
}

/** What might stand in a policy by mistake. */
const MISTAKES = fc.constantFrom<unknown>(
  ...[
    null,
    '',
    'x',
    'X y',
    0,
    -1,
    80,
    65_535,
    65_536,
    1.5,
    true,
    [],
    {},
    [{}],
    'TCP',
    'tcp',
    'In',
    'Exists',
    'Ingress',
  ],
  ...['10.0.0.0/8', '10.0.0.1/8', '010.0.0.0/8', '::/0', 'fe80::1%eth0/64', '1.2.3.4', 'a'.repeat(64), '8080'],
  ...[{ matchLabels: { 'a/b/c': 'x' } }, { matchExpressions: [{ key: 'a', operator: 'In' }] }, [{ protocol: 'TCP' }]],
);

/** A policy in which one value was replaced or taken away. */
const mistaken = fc
  .tuple(policyArbitrary(0), fc.nat(), fc.option(MISTAKES, { nil: undefined, freq: 4 }))
  .map(([policy, at, mistake]): Manifest => {
    const copy = structuredClone(policy) as Record<string, unknown>;
    copy['metadata'] = { name: 'mistaken', namespace: 'shop' };
    const places = placesIn(copy['spec'], ['spec']);
    const place = places[at % places.length] ?? [];
    let holder = copy;
    for (const key of place.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
    const last = place.at(-1) ?? 'spec';
    if (mistake !== undefined) holder[last] = mistake;
    else if (Array.isArray(holder)) holder.splice(Number(last), 1);
    else delete holder[last];
    return copy;
  });

test('validate refuses what the API server refuses, and nothing else', patient, async () => {
  const seen = { taken: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(mistaken, async (policy) => {
      const { object, diagnostics } = decodeObject(policy, {});
      const problems = [...diagnostics, ...(object !== undefined && isPolicy(object) ? validatePolicy(object) : [])];
      const errors = problems.filter(({ severity }) => severity === 'error');
      const page = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies?dryRun=All';
      const { status, body } = await server.ask('POST', page, policy);
      expect([errors.length === 0, errors, body['message']]).toEqual([status === 201, errors, body['message']]);
      seen[status === 201 ? 'taken' : 'refused']++;
    }),
    effort(1000),
  );
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(100);
});
