import type { FieldPath } from '../model/source.ts';
import type { Gateway, Ingress, LabelSelector, ReferenceGrant, Route } from '../model/types.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The spec of an Ingress: every backend where it was written. Hosts and paths are not kept. */
export function ingressSpec({ spec }: Ingress): Fields {
  const { ingressClassName, backends } = spec;
  const placed = placeAll(
    backends.map(({ service, port, path }) => [
      path,
      { service: { name: service, port: typeof port === 'number' ? { number: port } : { name: port } } },
    ]),
  );
  return { ...(ingressClassName === undefined ? {} : { ingressClassName }), ...placed };
}

/** The spec of a Gateway. */
export function gatewaySpec({ spec }: Gateway): Fields {
  const { gatewayClassName, listeners } = spec;
  return {
    gatewayClassName,
    listeners: listeners.map(({ name, port, protocol, from, selector, kinds }) => ({
      name,
      port,
      protocol,
      allowedRoutes: {
        namespaces: { from, ...(isEmpty(selector) ? {} : { selector }) },
        ...(kinds.length === 0 ? {} : { kinds: kinds.map((kind) => ({ kind })) }),
      },
    })),
  };
}

function isEmpty({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return matchLabels === undefined && matchExpressions === undefined;
}

/** The spec of a route of any kind: parents, and every backend where it was written. */
export function routeSpec({ spec }: Route): Fields {
  const backends = spec.backends.map(
    ({ service, namespace, port, path }): Placed => [
      path,
      { name: service, ...(namespace === undefined ? {} : { namespace }), port },
    ],
  );
  return { ...(spec.parents.length === 0 ? {} : { parentRefs: spec.parents }), ...placeAll(backends) };
}

/** The spec of a ReferenceGrant. */
export function grantSpec({ spec }: ReferenceGrant): Fields {
  return { from: spec.from, to: spec.to };
}

type Placed = readonly [path: FieldPath, value: Fields];

/** Stands for a backend that was not kept: none gets less traffic. */
const NO_BACKEND: Fields = { name: 'none', weight: 0 };

/** What stands below `spec` when values are at their paths. Items before them, of which nothing is known, say nothing. */
function placeAll(values: readonly Placed[]): Fields {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    let at: Record<string | number, unknown> = root;
    for (const [index, step] of path.entries()) {
      const next = path[index + 1];
      const nothing = path[index - 1] === 'backendRefs' ? NO_BACKEND : {};
      for (let before = 0; typeof step === 'number' && before < step; before++) at[before] ??= { ...nothing };
      at[step] ??= next === undefined ? value : typeof next === 'number' ? [] : {};
      at = at[step] as Record<string | number, unknown>;
    }
  }
  return (root['spec'] ?? {}) as Fields;
}
