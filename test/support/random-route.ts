/** Random objects that lead from outside to Services, as manifests: Ingress and the Gateway API. */

import fc from 'fast-check';
import type { Manifest } from './manifests.ts';

const name = fc.constantFrom('a', 'b', 'web');
const portNumber = fc.constantFrom(1, 80, 65535);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const listOf = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(value, { maxLength: 3 });
const selector = fc.record(
  {
    matchLabels: fc.dictionary(name, name, { maxKeys: 2 }),
    matchExpressions: listOf(
      fc.oneof(
        fc.record({ key: name, operator: fc.constantFrom('In', 'NotIn'), values: fc.array(name, { minLength: 1 }) }),
        fc.record({ key: name, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
      ),
    ),
  },
  { requiredKeys: [] },
);

/** Some lead to a resource that is no Service, some nowhere. */
const ingressBackend = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      service: fc.record({ name, port: fc.oneof(fc.record({ name }), fc.record({ number: portNumber })) }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ resource: { kind: 'Bucket', name: 'x' } }) },
  { weight: 1, arbitrary: fc.constant({}) },
);
const ingressSpec = fc.record(
  {
    ingressClassName: name,
    defaultBackend: ingressBackend,
    rules: listOf(
      fc.record(
        {
          host: name,
          http: fc.record({ paths: listOf(fc.record({ path: fc.constant('/'), backend: ingressBackend })) }),
        },
        { requiredKeys: [] },
      ),
    ),
  },
  { requiredKeys: [] },
);

const gatewaySpec = fc.record({
  gatewayClassName: name,
  listeners: listOf(
    fc.record(
      {
        name,
        port: portNumber,
        protocol: fc.constantFrom('HTTP', 'TLS', 'UDP', 'example.com/own'),
        allowedRoutes: fc.record(
          {
            namespaces: fc.record({ from: fc.constantFrom('All', 'Same', 'Selector'), selector }, { requiredKeys: [] }),
            kinds: listOf(fc.record({ kind: fc.constantFrom('HTTPRoute', 'TLSRoute') })),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: ['name', 'port', 'protocol'] },
    ),
  ),
});

const backendRef = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record(
      {
        name,
        namespace: name,
        port: portNumber,
        weight: fc.constantFrom(0, 1, 9),
        kind: fc.constantFrom('', 'Service'),
      },
      { requiredKeys: ['name', 'port'] },
    ),
  },
  { weight: 1, arbitrary: fc.constant({ group: 'example.com', kind: 'Bucket', name: 'x' }) },
);
const routeSpec = fc.record(
  {
    parentRefs: listOf(
      fc.record(
        { kind: fc.constantFrom('Gateway', 'Service'), namespace: name, name, sectionName: name, port: portNumber },
        { requiredKeys: ['name'] },
      ),
    ),
    rules: listOf(
      fc.record(
        {
          backendRefs: listOf(backendRef),
          filters: listOf(
            fc.oneof(
              fc.record({ type: fc.constant('RequestMirror'), requestMirror: fc.record({ backendRef }) }),
              fc.constant({ type: 'URLRewrite' }),
            ),
          ),
        },
        { requiredKeys: [] },
      ),
    ),
  },
  { requiredKeys: [] },
);

const grantSpec = fc.record({
  from: listOf(
    fc.record({ group: fc.constant('gateway.networking.k8s.io'), kind: fc.constant('HTTPRoute'), namespace: name }),
  ),
  to: listOf(fc.record({ group: fc.constant(''), kind: fc.constant('Service'), name: maybe(name) })),
});

const ROUTES = ['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute', 'UDPRoute'];

/** One object, of any of the kinds. Wrong parts, which the decoder drops with a message, are not among them. */
export const randomRoute: fc.Arbitrary<Manifest> = fc
  .oneof(
    ingressSpec.map((spec) => ({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', spec })),
    gatewaySpec.map((spec) => ({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', spec })),
    fc.tuple(fc.constantFrom(...ROUTES), routeSpec).map(([kind, spec]) => ({
      apiVersion: 'gateway.networking.k8s.io/v1alpha2',
      kind,
      spec,
    })),
    grantSpec.map((spec) => ({ apiVersion: 'gateway.networking.k8s.io/v1beta1', kind: 'ReferenceGrant', spec })),
  )
  .chain((object) => name.map((of) => ({ ...object, metadata: { name: of, namespace: 'a' } })))
  // As from a file: a field that is undefined is not there.
  .map((object) => JSON.parse(JSON.stringify(object)) as Manifest);
