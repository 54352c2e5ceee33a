import type { ClusterState } from '../engine/state.ts';
import { PortSet } from '../net/port-set.ts';
import type { Backend } from './backends.ts';
import type { InboundRoute } from './inbound.ts';
import type { Unit } from './units.ts';

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
export function routesTo(
  { pods, endpoint }: Unit,
  routes: readonly InboundRoute[],
  state: ClusterState,
): InboundRoute[] {
  const own = new Set(pods.map(({ id }) => id));
  const isOwn = ({ pod }: Backend): boolean => own.has(pod.id) || hostId(pod, state) === endpoint.id;
  return routes.flatMap((route) => {
    const backends = route.via === 'ingress-controller' ? route.backends.filter(isOwn) : [];
    return backends.length === 0 ? [] : [{ ...route, backends }];
  });
}

/** A hostNetwork pod is its node, where that is known. */
function hostId({ id, node }: { readonly id: string; readonly node?: string }, state: ClusterState): string {
  return node !== undefined && state.nodes.has(node) ? `node/${node}` : id;
}
