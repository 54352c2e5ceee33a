import { buildState } from '../engine/build.ts';
import { PolicyIndex } from '../engine/compiled/policy-index.ts';
import type { ClusterState } from '../engine/state.ts';
import type { Diagnostic } from '../model/source.ts';
import type { KubeObject } from '../model/types.ts';
import type { Family } from '../net/address.ts';
import type { AddressSet } from '../net/address-set.ts';
import type { Cidr } from '../net/cidr.ts';
import { type Endpoints, priorityConflicts } from './conflicts.ts';
import { routedUnits } from './controller.ts';
import { type InboundRoute, inboundRoutes, isInboundObject } from './inbound.ts';
import { clusterFamilies, clusterUnits, domainUnits, externalUnits, type Granularity, type Unit } from './units.ts';
import { stateWarnings } from './warnings.ts';

/** What every question is asked of: a cluster's objects with the index over them. */
export class World {
  readonly index: PolicyIndex;
  /** Assumed for names that give no namespace. */
  readonly defaultNamespace: string;
  readonly #units = new Map<Granularity, readonly Unit[]>();
  #external: readonly Unit[] | undefined;
  #domains: readonly Unit[] | undefined;
  #inbound: readonly InboundRoute[] | undefined;
  readonly #entrances: readonly KubeObject[];
  /** What is known of the ingress controller, as {@link WorldOptions.ingressController}. */
  readonly controllerName: string | undefined;

  /**
   * @param objects of which those count that lead traffic from outside to pods
   * @param controller what is known of the ingress controller, as {@link WorldOptions.ingressController}
   */
  constructor(state: ClusterState, defaultNamespace: string, objects: readonly KubeObject[] = [], controller?: string) {
    this.index = new PolicyIndex(state);
    this.defaultNamespace = defaultNamespace;
    this.#entrances = objects.filter(isInboundObject);
    this.controllerName = controller;
  }

  get state(): ClusterState {
    return this.index.state;
  }

  /** Endpoints of the cluster, ordered by id; computed once. */
  units(by: Granularity): readonly Unit[] {
    let units = this.#units.get(by);
    if (units === undefined) {
      units = this.routed(clusterUnits(this.index, by));
      this.#units.set(by, units);
    }
    return units;
  }

  /** Blocks of outside addresses, ordered by id; computed once. */
  external(): readonly Unit[] {
    this.#external ??= externalUnits(this.state, this.families());
    return this.#external;
  }

  /** Domain names that policies give, ordered by id; computed once. */
  domains(): readonly Unit[] {
    this.#domains ??= domainUnits(this.state, this.families());
    return this.#domains;
  }

  /** What leads from outside to pods, in the order of the input; computed once. */
  inbound(): readonly InboundRoute[] {
    this.#inbound ??= inboundRoutes(this.#entrances, this.state.pods.values(), this.state.namespaces);
    return this.#inbound;
  }

  /** The units with what Ingresses and routes lead to. */
  routed(units: readonly Unit[]): readonly Unit[] {
    return this.#entrances.length === 0 ? units : routedUnits(units, this.inbound(), this.state);
  }

  /** The address families of the cluster's pods. */
  families(): readonly Family[] {
    return clusterFamilies(this.state, this.units('workload'));
  }
}

export interface WorldOptions {
  /** Ranges that stand for every unknown pod address of their family. */
  readonly podCidrs?: readonly Cidr[];
  /** Addresses of domain names. */
  readonly domains?: ReadonlyMap<string, AddressSet>;
  /** Assumed for names that give no namespace; `default` when absent. */
  readonly defaultNamespace?: string;
  /**
   * What is known of the ingress controller: its namespace, a workload of the input (`ns/name`, `ns/kind/name`), or
   * labels in a namespace (`ns/app=x,tier=y`). Absent: it may be any pod that the input does not hold.
   */
  readonly ingressController?: string;
}

/**
 * Makes a world of decoded objects. They must be valid: leave out what validation refused.
 * The diagnostics are warnings about what makes answers other than one may expect.
 */
export function createWorld(
  objects: readonly KubeObject[],
  options: WorldOptions = {},
): { readonly world: World; readonly diagnostics: readonly Diagnostic[] } {
  const { defaultNamespace = 'default', ingressController, ...stateOptions } = options;
  const state = buildState(objects, stateOptions);
  const world = new World(state, defaultNamespace, objects, ingressController);
  const endpoints = (): Endpoints => ({
    pods: world.units('workload'),
    outside: [...world.external(), ...world.domains()],
  });
  return { world, diagnostics: [...stateWarnings(state), ...priorityConflicts(state, endpoints)] };
}
