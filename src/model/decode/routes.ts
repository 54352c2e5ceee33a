/** What leads traffic from outside to Services: Ingress and the Gateway API. */

import { say } from '../say.ts';
import type { FieldPath } from '../source.ts';
import type {
  Gateway,
  GatewayListener,
  Ingress,
  IngressBackend,
  LabelSelector,
  ReferenceGrant,
  Route,
  RouteBackend,
} from '../types.ts';
import type { DecodeContext } from './context.ts';
import { openMeta } from './metadata.ts';
import {
  anything,
  closedRecord,
  int32,
  list,
  misspeltRecord,
  type Reader,
  type RecordOf,
  string,
  stringMap,
} from './schema.ts';

const ingressBackend = closedRecord(
  {
    service: closedRecord({ name: string, port: closedRecord({ name: string, number: int32 }) }),
    resource: anything,
  },
  new Map([
    ['serviceName', () => say`networking.k8s.io/v1 has ${'service: { name: … }'}`],
    ['servicePort', () => say`networking.k8s.io/v1 has ${'service: { port: { number: … } }'}`],
  ]),
);

const ingressFields = {
  metadata: openMeta,
  spec: closedRecord({
    ingressClassName: string,
    defaultBackend: ingressBackend,
    tls: anything,
    rules: list(
      closedRecord({
        host: string,
        http: closedRecord({ paths: list(closedRecord({ path: string, pathType: string, backend: ingressBackend })) }),
      }),
    ),
  }),
} as const;

/** Reads an Ingress; unknown fields of its spec are reported. */
export const ingress: Reader<RecordOf<typeof ingressFields>> = misspeltRecord(ingressFields);

/** The Services that an Ingress leads to. A backend names a Service and its port, or some other resource. */
export function ingressSpec(raw: RecordOf<typeof ingressFields>, context: DecodeContext): Ingress['spec'] {
  const spec = raw.spec ?? {};
  const backends: IngressBackend[] = [];
  const add = (backend: ReturnType<typeof ingressBackend.read> | undefined, path: FieldPath): void => {
    const service = backend?.service;
    if (service === undefined) return;
    const name = service.name ?? '';
    const port = service.port?.name || service.port?.number;
    if (name === '') context.required([...path, 'service', 'name']);
    else if (port === undefined || port === 0) {
      context.required([...path, 'service', 'port'], 'port name or number is required');
    } else backends.push({ service: name, port, path });
  };
  add(spec.defaultBackend, ['spec', 'defaultBackend']);
  for (const [rule, { http }] of (spec.rules ?? []).entries()) {
    for (const [at, { backend }] of (http?.paths ?? []).entries()) {
      add(backend, ['spec', 'rules', rule, 'http', 'paths', at, 'backend']);
    }
  }
  return { ...(spec.ingressClassName ? { ingressClassName: spec.ingressClassName } : {}), backends };
}

const selector = misspeltRecord({
  matchLabels: stringMap,
  matchExpressions: list(misspeltRecord({ key: string, operator: string, values: list(string) })),
});

const gatewayFields = {
  metadata: openMeta,
  spec: misspeltRecord({
    gatewayClassName: string,
    listeners: list(
      misspeltRecord({
        name: string,
        hostname: anything,
        port: int32,
        protocol: string,
        tls: anything,
        allowedRoutes: misspeltRecord({
          namespaces: misspeltRecord({ from: string, selector }),
          kinds: list(misspeltRecord({ group: string, kind: string })),
        }),
      }),
    ),
    addresses: anything,
    infrastructure: anything,
  }),
} as const;

/** Reads a Gateway. */
export const gateway: Reader<RecordOf<typeof gatewayFields>> = misspeltRecord(gatewayFields);

const FROM: readonly GatewayListener['from'][] = ['All', 'Same', 'Selector', 'None'];

/** The listeners of a gateway with the defaults of the API. */
export function gatewaySpec(raw: RecordOf<typeof gatewayFields>, context: DecodeContext): Gateway['spec'] {
  const listeners = (raw.spec?.listeners ?? []).map((listener, at): GatewayListener => {
    const { namespaces, kinds } = listener.allowedRoutes ?? {};
    const text = namespaces?.from || 'Same';
    const from = FROM.find((one) => one === text);
    if (from === undefined) {
      context.at(['spec', 'listeners', at, 'allowedRoutes', 'namespaces', 'from'], () => {
        context.report(
          'unsupported',
          `Unsupported value: ${JSON.stringify(text)}: supported values: "All", "Same", "Selector"`,
        );
      });
    }
    return {
      name: listener.name ?? '',
      port: listener.port ?? 0,
      protocol: listener.protocol ?? '',
      from: from ?? 'None',
      selector: labelSelector(namespaces?.selector),
      kinds: (kinds ?? []).flatMap(({ kind }) => (kind ? [kind] : [])),
    };
  });
  return { gatewayClassName: raw.spec?.gatewayClassName ?? '', listeners };
}

function labelSelector(raw: ReturnType<typeof selector.read> | undefined): LabelSelector {
  const { matchLabels, matchExpressions } = raw ?? {};
  return {
    ...(matchLabels === undefined ? {} : { matchLabels }),
    ...(matchExpressions === undefined
      ? {}
      : {
          matchExpressions: matchExpressions.map(({ key = '', operator = '', values }) => ({
            key,
            operator,
            ...(values === undefined ? {} : { values }),
          })),
        }),
  };
}

const backendRef = misspeltRecord({
  group: string,
  kind: string,
  namespace: string,
  name: string,
  port: int32,
  weight: int32,
  filters: anything,
});

const routeFields = {
  metadata: openMeta,
  spec: misspeltRecord({
    parentRefs: list(
      misspeltRecord({
        group: string,
        kind: string,
        namespace: string,
        name: string,
        sectionName: string,
        port: int32,
      }),
    ),
    hostnames: anything,
    rules: list(
      misspeltRecord({
        name: anything,
        matches: anything,
        filters: list(misspeltRecord({ type: string, requestMirror: misspeltRecord({ backendRef }) })),
        backendRefs: list(backendRef),
        timeouts: anything,
        retry: anything,
        sessionPersistence: anything,
      }),
    ),
  }),
} as const;

/** Reads a route of any kind: they name parents and backends alike. */
export const route: Reader<RecordOf<typeof routeFields>> = misspeltRecord(routeFields);

/** What a route attaches to and the Services that it leads to. Backends of other kinds are left out. */
export function routeSpec(raw: RecordOf<typeof routeFields>, context: DecodeContext): Route['spec'] {
  const { parentRefs = [], rules = [] } = raw.spec ?? {};
  const backends: RouteBackend[] = [];
  const add = (ref: ReturnType<typeof backendRef.read> | undefined, path: FieldPath): void => {
    if (ref === undefined || ref.group || (ref.kind || 'Service') !== 'Service' || ref.weight === 0) return;
    const { name, namespace, port } = ref;
    if (!name) context.required([...path, 'name']);
    else if (port === undefined) context.required([...path, 'port'], 'of a Service');
    else backends.push({ service: name, ...(namespace ? { namespace } : {}), port, path });
  };
  for (const [rule, { backendRefs = [], filters = [] }] of rules.entries()) {
    for (const [at, ref] of backendRefs.entries()) add(ref, ['spec', 'rules', rule, 'backendRefs', at]);
    for (const [at, { requestMirror }] of filters.entries()) {
      add(requestMirror?.backendRef, ['spec', 'rules', rule, 'filters', at, 'requestMirror', 'backendRef']);
    }
  }
  return {
    parents: parentRefs.map(({ kind, namespace, name = '', sectionName, port }) => ({
      kind: kind || 'Gateway',
      ...(namespace ? { namespace } : {}),
      name,
      ...(sectionName ? { sectionName } : {}),
      ...(port === undefined ? {} : { port }),
    })),
    backends,
  };
}

const grantFields = {
  metadata: openMeta,
  spec: misspeltRecord({
    from: list(misspeltRecord({ group: string, kind: string, namespace: string })),
    to: list(misspeltRecord({ group: string, kind: string, name: string })),
  }),
} as const;

/** Reads a ReferenceGrant. */
export const referenceGrant: Reader<RecordOf<typeof grantFields>> = misspeltRecord(grantFields);

/** Who may refer to what; the empty group is the core one. */
export function grantSpec(raw: RecordOf<typeof grantFields>): ReferenceGrant['spec'] {
  return {
    from: (raw.spec?.from ?? []).map(({ group = '', kind = '', namespace = '' }) => ({ group, kind, namespace })),
    to: (raw.spec?.to ?? []).map(({ group = '', kind = '', name }) => ({ group, kind, ...(name ? { name } : {}) })),
  };
}
