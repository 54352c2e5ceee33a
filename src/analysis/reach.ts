import { matchesSelector } from '../model/selector.ts';
import { compareCodePoints } from '../model/text.ts';
import type { LabelSelector } from '../model/types.ts';
import { misplacedEnd } from './can.ts';
import { ClassTable } from './classes.ts';
import type { PairFilter } from './connections.ts';
import { type PortQuery, queriedPorts } from './ports.ts';
import { Reachability } from './reachability.ts';
import { listedController, type ResolveError, resolveEndpoint } from './resolve.ts';
import type { Granularity, Unit } from './units.ts';
import type { World } from './world.ts';

export interface ReachOptions {
  /** `workload` (the default) shows pods as their owners, `pod` shows each apart. */
  readonly by?: Granularity;
  /** Whether outside addresses and domain names are endpoints; they are by default. */
  readonly external?: boolean;
  /** Only connections from, to this endpoint, named as for `can`. */
  readonly from?: string;
  readonly to?: string;
  /** Only what is open on these ports. */
  readonly port?: PortQuery;
  /** Only connections with an end in one of these namespaces. */
  readonly namespaces?: readonly string[];
  /** Only connections with an end whose labels match. */
  readonly selector?: LabelSelector;
}

/** Who reaches whom, on what. Fails only when `from` or `to` names nothing. */
export function computeReachability(
  world: World,
  options: ReachOptions = {},
): { readonly reachability: Reachability } | { readonly error: ResolveError } {
  const by = options.by ?? 'workload';
  const focus: Record<'from' | 'to', readonly Unit[] | undefined> = { from: undefined, to: undefined };
  for (const end of ['from', 'to'] as const) {
    const name = options[end];
    if (name === undefined) continue;
    const resolved = resolveEndpoint(world, name);
    if ('error' in resolved) return { error: resolved };
    const misplaced = misplacedEnd(end, resolved);
    if (misplaced !== undefined) return { error: misplaced };
    focus[end] = resolved.units;
  }
  const listed = [
    ...world.units(by),
    ...listedController(world),
    ...(options.external === false ? [] : [...world.external(), ...world.domains()]),
  ];
  const extra = [focus.from ?? [], focus.to ?? []].flat().filter((unit) => !listed.some((one) => sameUnit(one, unit)));
  const units = [...listed, ...new Set(extra)].sort((a, b) => compareCodePoints(a.endpoint.id, b.endpoint.id));
  const pick = (wanted: readonly Unit[]): ReadonlySet<Unit> =>
    new Set(units.filter((unit) => wanted.some((one) => sameUnit(one, unit) || isPart(unit, one))));

  const { port, namespaces, selector } = options;
  const either =
    namespaces === undefined && selector === undefined
      ? undefined
      : new Set(
          units.filter(
            ({ endpoint }) =>
              endpoint.type !== 'external' &&
              endpoint.type !== 'domain' &&
              (namespaces === undefined || namespaces.includes(endpoint.namespace ?? '')) &&
              (selector === undefined || matchesSelector(selector, endpoint.labels ?? {})),
          ),
        );
  const filter: PairFilter = {
    ...(focus.from === undefined ? {} : { from: pick(focus.from) }),
    ...(focus.to === undefined ? {} : { to: pick(focus.to) }),
    ...(either === undefined ? {} : { either }),
    ...(port === undefined ? {} : { ports: (to: Unit) => queriedPorts(port, to.pods[0]?.ports ?? []) }),
  };
  return { reachability: new Reachability(new ClassTable(world.index, units), units, filter) };
}

function sameUnit(a: Unit, b: Unit): boolean {
  return a.endpoint.id === b.endpoint.id;
}

/** A pod listed apart is a part of the workload that was named. */
function isPart(unit: Unit, whole: Unit): boolean {
  const [pod] = unit.pods;
  return pod !== undefined && whole.pods.length > 1 && whole.pods.some(({ id }) => id === pod.id);
}
