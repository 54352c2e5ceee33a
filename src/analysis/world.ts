import { buildState } from '../engine/build.ts';
import { PolicyIndex } from '../engine/compiled/policy-index.ts';
import type { ClusterState } from '../engine/state.ts';
import type { Diagnostic } from '../model/source.ts';
import type { KubeObject } from '../model/types.ts';
import type { Cidr } from '../net/cidr.ts';
import { clusterFamilies, clusterUnits, externalUnits, type Granularity, type Unit } from './units.ts';
import { stateWarnings } from './warnings.ts';

/** What every question is asked of: a cluster's objects with the index over them. */
export class World {
  readonly index: PolicyIndex;
  /** Assumed for names that give no namespace. */
  readonly defaultNamespace: string;
  readonly #units = new Map<Granularity, readonly Unit[]>();
  #external: readonly Unit[] | undefined;

  constructor(state: ClusterState, defaultNamespace: string) {
    this.index = new PolicyIndex(state);
    this.defaultNamespace = defaultNamespace;
  }

  get state(): ClusterState {
    return this.index.state;
  }

  /** Endpoints of the cluster, ordered by id; computed once. */
  units(by: Granularity): readonly Unit[] {
    let units = this.#units.get(by);
    if (units === undefined) {
      units = clusterUnits(this.index, by);
      this.#units.set(by, units);
    }
    return units;
  }

  /** Blocks of outside addresses, ordered by id; computed once. */
  external(): readonly Unit[] {
    this.#external ??= externalUnits(this.state, clusterFamilies(this.state, this.units('workload')));
    return this.#external;
  }
}

export interface WorldOptions {
  /** Ranges that stand for every unknown pod address of their family. */
  readonly podCidrs?: readonly Cidr[];
  /** Assumed for names that give no namespace; `default` when absent. */
  readonly defaultNamespace?: string;
}

/**
 * Makes a world of decoded objects. They must be valid: leave out what validation refused.
 * The diagnostics are warnings about what makes answers other than one may expect.
 */
export function createWorld(
  objects: readonly KubeObject[],
  options: WorldOptions = {},
): { readonly world: World; readonly diagnostics: readonly Diagnostic[] } {
  const state = buildState(objects, options.podCidrs === undefined ? {} : { podCidrs: options.podCidrs });
  return { world: new World(state, options.defaultNamespace ?? 'default'), diagnostics: stateWarnings(state) };
}
