import { describe, expect, it } from 'vitest';
import { decodeObject } from '../decode.ts';

const GATEWAY_API = 'gateway.networking.k8s.io/v1';

function object(kind: string, spec: unknown, apiVersion = GATEWAY_API): Record<string, unknown> {
  return { apiVersion, kind, metadata: { name: 'web', namespace: 'shop' }, spec };
}

function ingress(spec: unknown): Record<string, unknown> {
  return object('Ingress', spec, 'networking.k8s.io/v1');
}

/** The spec, when nothing was reported. */
function specOf(value: unknown): unknown {
  const { object: decoded, diagnostics } = decodeObject(value);
  expect(diagnostics).toEqual([]);
  return (decoded as { readonly spec?: unknown } | undefined)?.spec;
}

function problems(value: unknown): string[] {
  return decodeObject(value).diagnostics.map(
    ({ severity, code, path, message, help }) => `${severity} ${code} ${path}: ${message}${help ? ` (${help})` : ''}`,
  );
}

describe('Ingress', () => {
  const service = (name: string, port: object): object => ({ service: { name, port } });

  it('leads to the Services of its default backend and its paths', () => {
    const spec = {
      ingressClassName: 'nginx',
      defaultBackend: service('fallback', { name: 'http' }),
      tls: [{ hosts: ['a'] }],
      rules: [
        { host: 'a', http: { paths: [{ path: '/', pathType: 'Prefix', backend: service('web', { number: 80 }) }] } },
        { host: 'b' },
        {
          http: {
            paths: [
              { backend: { resource: { kind: 'Bucket', name: 'x' } } },
              { backend: service('api', { number: 8080 }) },
            ],
          },
        },
      ],
    };
    expect(specOf(ingress(spec))).toEqual({
      ingressClassName: 'nginx',
      backends: [
        { service: 'fallback', port: 'http', path: ['spec', 'defaultBackend'] },
        { service: 'web', port: 80, path: ['spec', 'rules', 0, 'http', 'paths', 0, 'backend'] },
        { service: 'api', port: 8080, path: ['spec', 'rules', 2, 'http', 'paths', 1, 'backend'] },
      ],
    });
    expect(specOf(ingress(undefined))).toEqual({ backends: [] });
  });

  it.each([
    [
      { defaultBackend: { serviceName: 'web' } },
      'warning unknown-field spec.defaultBackend.serviceName: unknown field "spec.defaultBackend.serviceName" (networking.k8s.io/v1 has service: { name: … })',
    ],
    [{ rule: [] }, 'warning unknown-field spec.rule: unknown field "spec.rule" (did you mean rules?)'],
    [
      { defaultBackend: { service: { name: 'web' } } },
      'error required spec.defaultBackend.service.port: Required value: port name or number is required',
    ],
    [
      { defaultBackend: { service: { port: { number: 80 } } } },
      'error required spec.defaultBackend.service.name: Required value',
    ],
  ])('%j', (spec, expected) => {
    expect(problems(ingress(spec))).toEqual([expected]);
  });

  it.each(['networking.k8s.io/v1beta1', 'extensions/v1beta1'])('%s is served no more', (apiVersion) => {
    expect(problems(object('Ingress', {}, apiVersion))).toEqual([
      `error unknown-version apiVersion: no matches for kind "Ingress" in version "${apiVersion}" (use apiVersion: networking.k8s.io/v1)`,
    ]);
  });
});

describe('Gateway API', () => {
  it.each([
    ['HTTPRoute', 'v1'],
    ['HTTPRoute', 'v1beta1'],
    ['GRPCRoute', 'v1'],
    ['TLSRoute', 'v1alpha3'],
    ['TCPRoute', 'v1alpha2'],
    ['UDPRoute', 'v1alpha2'],
  ])('%s of %s', (kind, version) => {
    const spec = {
      hostnames: ['a.example'],
      parentRefs: [
        { name: 'edge', namespace: 'infra', sectionName: 'https' },
        { kind: 'Service', name: 'web', port: 80 },
      ],
      rules: [
        {
          matches: [{ path: { value: '/' } }],
          filters: [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'shadow', port: 81 } } }],
          backendRefs: [
            { name: 'web', port: 80, weight: 9 },
            { name: 'old', port: 80, weight: 0 },
            { name: 'api', namespace: 'api', port: 8080 },
            { group: 'storage.example', kind: 'Bucket', name: 'x' },
          ],
        },
      ],
    };
    expect(specOf(object(kind, spec, `gateway.networking.k8s.io/${version}`))).toEqual({
      parents: [
        { kind: 'Gateway', name: 'edge', namespace: 'infra', sectionName: 'https' },
        { kind: 'Service', name: 'web', port: 80 },
      ],
      backends: [
        { service: 'web', port: 80, path: ['spec', 'rules', 0, 'backendRefs', 0] },
        { service: 'api', namespace: 'api', port: 8080, path: ['spec', 'rules', 0, 'backendRefs', 2] },
        { service: 'shadow', port: 81, path: ['spec', 'rules', 0, 'filters', 0, 'requestMirror', 'backendRef'] },
      ],
    });
  });

  it('reports what looks misspelt, and lets fields of newer versions pass', () => {
    expect(problems(object('HTTPRoute', { parentRef: [], useDefaultGateways: 'All' }))).toEqual([
      'warning unknown-field spec.parentRef: unknown field "spec.parentRef" (did you mean parentRefs?)',
    ]);
    expect(problems(object('HTTPRoute', { rules: [{ backendRefs: [{ name: 'web' }] }] }))).toEqual([
      'error required spec.rules[0].backendRefs[0].port: Required value: of a Service',
    ]);
  });

  it('Gateway', () => {
    const listeners = [
      { name: 'http', port: 80, protocol: 'HTTP' },
      {
        name: 'tcp',
        port: 5000,
        protocol: 'TCP',
        allowedRoutes: {
          namespaces: { from: 'Selector', selector: { matchLabels: { expose: 'yes' } } },
          kinds: [{ kind: 'TCPRoute' }],
        },
      },
    ];
    expect(specOf(object('Gateway', { gatewayClassName: 'envoy', listeners }))).toEqual({
      gatewayClassName: 'envoy',
      listeners: [
        { name: 'http', port: 80, protocol: 'HTTP', from: 'Same', selector: {}, kinds: [] },
        {
          name: 'tcp',
          port: 5000,
          protocol: 'TCP',
          from: 'Selector',
          selector: { matchLabels: { expose: 'yes' } },
          kinds: ['TCPRoute'],
        },
      ],
    });
    const wrong = { listeners: [{ allowedRoutes: { namespaces: { from: 'Any' } } }] };
    expect(problems(object('Gateway', wrong))).toEqual([
      'error unsupported spec.listeners[0].allowedRoutes.namespaces.from: Unsupported value: "Any": supported values: "All", "Same", "Selector"',
    ]);
  });

  it('ReferenceGrant', () => {
    const from = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }];
    const to = [
      { group: '', kind: 'Service' },
      { group: '', kind: 'Service', name: 'api' },
    ];
    expect(specOf(object('ReferenceGrant', { from, to }, 'gateway.networking.k8s.io/v1beta1'))).toEqual({ from, to });
  });
});
