import { impliedNamespace } from '../engine/build.ts';
import type { ClusterState, FlowEnd } from '../engine/state.ts';
import { PortSet } from '../net/port-set.ts';
import type { Backend } from './backends.ts';
import type { InboundRoute } from './inbound.ts';
import { type ResolveError, resolveEndpoint } from './resolve.ts';
import type { Unit } from './units.ts';
import type { World } from './world.ts';

/** How the ingress controller is called, in results and on the command line. */
export const CONTROLLER_ID = 'ingress-controller';

/** Whether a unit is the ingress controller. */
export function isController({ endpoint }: Unit): boolean {
  return endpoint.type === 'ingress-controller';
}

/** Whether a unit is the ingress controller, of which nothing is known. */
export function isUnknownController(unit: Unit): boolean {
  return isController(unit) && unit.endpoint.controller === undefined;
}

/** The units with the ports that Ingresses and routes lead to at any of their pods. */
export function routedUnits(
  units: readonly Unit[],
  routes: readonly InboundRoute[],
  state: ClusterState,
): readonly Unit[] {
  const byPod = new Map<string, PortSet>();
  for (const { via, backends } of routes) {
    if (via !== 'ingress-controller') continue;
    for (const { pod, protocol, port } of backends) {
      const id = pod.hostNetwork ? hostId(pod, state) : pod.id;
      byPod.set(id, (byPod.get(id) ?? PortSet.EMPTY).union(PortSet.of(protocol, port)));
    }
  }
  if (byPod.size === 0) return units;
  return units.map((unit) => {
    const ids = unit.pods.length === 0 ? [unit.endpoint.id] : unit.pods.map(({ id }) => id);
    const ports = ids.reduce((all, id) => all.union(byPod.get(id) ?? PortSet.EMPTY), PortSet.EMPTY);
    return ports.isEmpty() ? unit : { ...unit, routed: ports };
  });
}

/** What leads the ingress controller to a unit, each with the backends that it has there. */
export function routesTo(world: World, unit: Unit): InboundRoute[] {
  const { pods, endpoint } = unit;
  const own = new Set(pods.map(({ id }) => id));
  const isOwn = ({ pod }: Backend): boolean => own.has(pod.id) || hostId(pod, world.state) === endpoint.id;
  return world.inbound().flatMap((route) => {
    const backends = route.via === 'ingress-controller' ? route.backends.filter(isOwn) : [];
    return backends.length === 0 ? [] : [{ ...route, backends }];
  });
}

/** A hostNetwork pod is its node, where that is known. */
function hostId({ id, node }: { readonly id: string; readonly node?: string }, state: ClusterState): string {
  return node !== undefined && state.nodes.has(node) ? `node/${node}` : id;
}

/**
 * The ingress controller as an endpoint.
 * @param name what is known of it; nothing when absent
 */
export function controllerUnit(world: World, name: string | undefined): Unit | ResolveError {
  if (name === undefined) return unseen(world, undefined, { type: 'unseen' });
  const slash = name.indexOf('/');
  const namespaceName = slash < 0 ? name : name.slice(0, slash);
  const rest = slash < 0 ? '' : name.slice(slash + 1);
  const namespace = world.state.namespaces.get(namespaceName) ?? impliedNamespace(namespaceName);
  if (namespaceName === '' || (slash >= 0 && rest === '')) return unreadable(name);
  if (rest === '') return unseen(world, name, { type: 'unseen', namespace });
  if (rest.includes('=')) {
    const pairs = rest.split(',').map((pair) => pair.split('='));
    if (pairs.some((pair) => pair.length !== 2 || pair[0] === '')) return unreadable(name);
    return unseen(world, name, { type: 'unseen', namespace, labels: Object.fromEntries(pairs) });
  }
  const resolved = resolveEndpoint(world, name);
  if ('error' in resolved) return resolved;
  return known(name, resolved.units);
}

function unreadable(name: string): ResolveError {
  return {
    error: `"${name}" is not an ingress controller: write NAMESPACE, NAMESPACE/NAME, or NAMESPACE/LABEL=VALUE,…`,
    suggestions: [],
  };
}

function unseen(world: World, name: string | undefined, end: FlowEnd): Unit {
  return {
    endpoint: endpoint(name),
    ends: [end],
    families: world.families(),
    nodes: new Set(),
    pods: [],
  };
}

/** Pods of the input, or the nodes that hostNetwork pods are. */
function known(name: string, units: readonly Unit[]): Unit | ResolveError {
  const [first] = units;
  if (first === undefined || units.some(({ endpoint: { type } }) => type === 'external' || type === 'domain')) {
    return { error: `"${name}" is no workload of the cluster`, suggestions: [] };
  }
  if (units.length > 1 && units.some(({ pods }) => pods.length > 0)) {
    return {
      error: `policies tell pods of "${name}" apart: name one pod`,
      suggestions: units.flatMap(({ pods: [pod] }) => (pod === undefined ? [] : [`${pod.namespace}/${pod.name}`])),
    };
  }
  return {
    endpoint: endpoint(name),
    ends: units.flatMap(({ ends }) => ends),
    families: first.families,
    nodes: new Set(units.flatMap(({ nodes }) => [...nodes])),
    pods: first.pods,
  };
}

function endpoint(name: string | undefined): Unit['endpoint'] {
  return {
    id: CONTROLLER_ID,
    type: 'ingress-controller',
    name: CONTROLLER_ID,
    ...(name === undefined ? {} : { controller: name }),
  };
}
