import { NAMESPACE_NAME_LABEL } from '../../engine/namespace.ts';
import type { PodInfo } from '../../engine/state.ts';
import type { PolicyRef } from '../../engine/verdict.ts';
import type { Protocol } from '../../model/types.ts';
import type { Family } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import type { ClassTable, UnitClass } from '../classes.ts';
import { type InboundRoute, type InboundVia, routeRefs } from '../inbound.ts';
import { type FamilyPorts, type PortEntry, portEntries } from '../ports.ts';
import type { Unit } from '../units.ts';
import type { World } from '../world.ts';
import { podEntries } from './rules.ts';

/** An object that leads to a workload from outside. */
export interface ExposedBy {
  /** An Ingress, a route, or a Service of type LoadBalancer or NodePort. */
  readonly object: PolicyRef;
  readonly via: InboundVia;
  /** The ports of the pods that it leads to. */
  readonly ports: readonly PortEntry[];
  /** Those of them on which policies let in who comes that way: the ingress controller, any outside address, any node. */
  readonly admitted: readonly PortEntry[];
  /** Set where others of the ports are open to the ingress controller if it is one of the pods that policies name. */
  readonly depends?: true;
}

/** Finds what leads to workloads. */
export class Entrances {
  readonly #world: World;
  readonly #table: ClassTable;
  readonly #byPod = new Map<string, InboundRoute[]>();
  readonly #sources: Readonly<Record<InboundVia, readonly UnitClass[]>>;

  /** @param table over the workloads, the ingress controller, the outside and the nodes */
  constructor(world: World, table: ClassTable) {
    this.#world = world;
    this.#table = table;
    for (const route of world.inbound()) {
      for (const { pod } of route.backends) {
        const known = this.#byPod.get(pod.id);
        if (known === undefined) this.#byPod.set(pod.id, [route]);
        else if (known.at(-1) !== route) known.push(route);
      }
    }
    const outside = table.classes.filter(
      (one) => one.source && !one.controller && table.unitsOf(one).some(({ pods }) => pods.length === 0),
    );
    const controller = table.classes.filter((one) => one.controller);
    this.#sources = { 'ingress-controller': controller, 'load-balancer': outside, 'node-port': outside };
  }

  /** Whether policies of a class let in who comes that way, on which ports. */
  admitted(via: InboundVia, to: UnitClass): FamilyPorts {
    const ports: FamilyPorts = {};
    for (const from of this.#sources[via]) {
      for (const family of to.families) {
        const pair = this.#table.pair(from, to)[family];
        if (pair !== undefined) ports[family] = (ports[family] ?? PortSet.EMPTY).union(pair);
      }
    }
    return ports;
  }

  /**
   * Whether a controller of which nothing is known may be let in on a port: pods of some other namespace are.
   */
  mayAdmit(pod: PodInfo, families: readonly Family[], protocol: Protocol, port: number): boolean {
    if (this.#world.controllerName !== undefined) return false;
    return families.some((family) =>
      podEntries(this.#world, pod, 'ingress', family).some(
        ({ box, ports }) =>
          ports.contains(protocol, port) && box.namespaces.only(NAMESPACE_NAME_LABEL) !== pod.namespace,
      ),
    );
  }

  /** What leads to a workload, in the order of the input, an object once. */
  to(unit: Unit, ofClass: UnitClass): ExposedBy[] {
    const own = new Set(unit.pods.map(({ id }) => id));
    const routes = new Set(unit.pods.flatMap(({ id }) => this.#byPod.get(id) ?? []));
    const byObject = new Map<InboundRoute['object'], { route: InboundRoute; ports: PortSet }>();
    for (const route of routes) {
      const known = byObject.get(route.object) ?? { route, ports: PortSet.EMPTY };
      for (const { pod, protocol, port } of route.backends) {
        if (own.has(pod.id)) known.ports = known.ports.union(PortSet.of(protocol, port));
      }
      byObject.set(route.object, known);
    }
    return [...byObject.values()].flatMap(({ route, ports }) => {
      const admitted = this.admitted(route.via, ofClass);
      const open: FamilyPorts = {};
      for (const family of ofClass.families) open[family] = (admitted[family] ?? PortSet.EMPTY).intersect(ports);
      const [object] = routeRefs([route]);
      return object === undefined
        ? []
        : [
            {
              object,
              via: route.via,
              ports: ports.toJSON(),
              admitted: portEntries(open),
              ...(this.#depends(route.via, unit, ofClass, ports, open) ? { depends: true } : {}),
            },
          ];
    });
  }

  #depends(
    via: InboundVia,
    { pods: [pod] }: Unit,
    { families }: UnitClass,
    ports: PortSet,
    open: FamilyPorts,
  ): boolean {
    if (pod === undefined || via !== 'ingress-controller') return false;
    return families.some((family) =>
      ports
        .subtract(open[family] ?? PortSet.EMPTY)
        .toJSON()
        .some(({ protocol, ranges }) => ranges.some(([port]) => this.mayAdmit(pod, [family], protocol, port))),
    );
  }
}
