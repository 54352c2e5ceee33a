import { unknownFamilies } from '../../engine/build.ts';
import { domainKey } from '../../engine/state.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { Family } from '../../net/address.ts';
import type { AddressSet } from '../../net/address-set.ts';
import { listedController } from '../resolve.ts';
import {
  clusterFamilies,
  clusterUnits,
  domainUnit,
  externalUnits,
  type Granularity,
  namedBlocks,
  namedDomains,
  type Unit,
  workloadId,
} from '../units.ts';
import type { World } from '../world.ts';
import { bothSides, SIDES, type Sides } from './sides.ts';

/**
 * An endpoint of both inputs, or of one of them. All pods that it stands for are judged alike by the policies of each
 * side.
 */
export interface JointUnit extends Sides<Unit | undefined> {
  readonly id: string;
}

/** Which endpoints are compared. */
export interface UnitOptions {
  readonly by: Granularity;
  /** Whether the outside and domain names are compared. */
  readonly external: boolean;
  /** Sets that cut the outside as the policies of both sides do. */
  readonly cuts: readonly AddressSet[];
  /** Domain names besides those that policies give. */
  readonly domains: readonly string[];
  /** Units that {@link clusterUnits} does not list, such as a single pod of a workload. */
  readonly extra: Sides<readonly Unit[]>;
}

/**
 * The endpoints of two worlds, ordered by id. The outside is cut by the CIDRs of both, and domain names of either are
 * endpoints of both, so that they are comparable. Pods whose address is unknown have the same families on both sides.
 */
export function jointUnits(worlds: Sides<World>, options: UnitOptions): JointUnit[] {
  const { by, external, cuts, domains, extra } = options;
  const unknown = unknownFamilies(worlds.old.state, worlds.new.state);
  const cluster = bothSides((side) => [
    ...worlds[side].routed(clusterUnits(worlds[side].index, by, unknown)),
    ...listedController(worlds[side]),
    ...extra[side].map((unit) => withFamilies(unit, unknown)),
  ]);
  const joint = by === 'pod' ? byId(cluster) : joinWorkloads(cluster);
  if (external) {
    const families = jointFamilies(worlds, cluster);
    const names = new Set([
      ...SIDES.flatMap((side) => [...namedDomains(worlds[side].state)]),
      ...domains.map(domainKey),
    ]);
    const blocks = bothSides((side) => namedBlocks(worlds[side].state));
    joint.push(
      ...byId(
        bothSides((side) => {
          const { state } = worlds[side];
          const other = side === 'old' ? blocks.new : blocks.old;
          return [
            ...externalUnits(state, families, [...other, ...cuts]),
            ...[...names].map((name) => domainUnit(state, name, families)),
          ];
        }),
      ),
    );
  }
  return joint.sort((a, b) => compareCodePoints(a.id, b.id));
}

/** The families that pods of either side have. */
function jointFamilies(worlds: Sides<World>, units: Sides<readonly Unit[]>): readonly Family[] {
  const families = new Set(SIDES.flatMap((side) => clusterFamilies(worlds[side].state, units[side])));
  return (['IPv4', 'IPv6'] as const).filter((family) => families.has(family));
}

function withFamilies(unit: Unit, unknown: readonly Family[]): Unit {
  const [pod] = unit.pods;
  return pod !== undefined && pod.addresses.length === 0 ? { ...unit, families: unknown } : unit;
}

function byId(units: Sides<readonly Unit[]>): JointUnit[] {
  const sides = bothSides((side) => new Map(units[side].map((unit) => [unit.endpoint.id, unit])));
  const ids = new Set([...sides.old.keys(), ...sides.new.keys()]);
  return [...ids].map((id) => ({ id, old: sides.old.get(id), new: sides.new.get(id) }));
}

/** Joins workloads by their id, and their variants by the pods that they share. */
function joinWorkloads(units: Sides<readonly Unit[]>): JointUnit[] {
  const variants = bothSides((side) => {
    const groups = new Map<string, Unit[]>();
    for (const unit of units[side]) {
      const id = workloadOf(unit);
      const list = groups.get(id);
      if (list === undefined) groups.set(id, [unit]);
      else list.push(unit);
    }
    return groups;
  });
  const ids = new Set([...variants.old.keys(), ...variants.new.keys()]);
  return [...ids].flatMap((id) => joinVariants(id, variants.old.get(id) ?? [], variants.new.get(id) ?? []));
}

/** The workload of a variant; other units, and pods of a workload listed apart, are by themselves. */
function workloadOf({ endpoint, pods }: Unit): string {
  const id = pods[0] === undefined ? endpoint.id : workloadId(pods[0]);
  return endpoint.id.startsWith(id) ? id : endpoint.id;
}

/**
 * Old and new variants of one workload. Variants that share a pod are compared; one that shares none with any is
 * compared with the variant of the same labels, or with all where the other side has no variants. What is left exists
 * on one side only.
 */
function joinVariants(id: string, olds: readonly Unit[], news: readonly Unit[]): JointUnit[] {
  const suffix = (unit: Unit): string => unit.endpoint.id.slice(id.length);
  const joint: JointUnit[] = [];
  const joined = new Set<Unit>();
  const join = (old: Unit, fresh: Unit): void => {
    const [was, is] = [suffix(old), suffix(fresh)];
    const shown = was === is || is === '' ? was : was === '' ? is : `${was}->${is}`;
    joint.push({ id: id + shown, old, new: fresh });
    joined.add(old).add(fresh);
  };
  if (olds.length === 1 && news.length === 1) {
    join(olds[0] as Unit, news[0] as Unit);
    return joint;
  }
  const homes = new Map(olds.flatMap((old) => old.pods.map((pod) => [pod.id, old] as const)));
  for (const fresh of news) {
    const shared = new Set(fresh.pods.flatMap((pod) => homes.get(pod.id) ?? []));
    for (const old of olds) if (shared.has(old)) join(old, fresh);
  }
  for (const fresh of news) {
    if (joined.has(fresh)) continue;
    const same = olds.find((old) => !joined.has(old) && suffix(old) === suffix(fresh));
    const only = olds.length === 1 ? olds[0] : undefined;
    const old = same ?? only;
    if (old !== undefined) join(old, fresh);
  }
  const [onlyNew] = news;
  for (const old of olds) if (!joined.has(old) && news.length === 1 && onlyNew !== undefined) join(old, onlyNew);
  for (const old of olds) if (!joined.has(old)) joint.push({ id: old.endpoint.id, old, new: undefined });
  for (const fresh of news) if (!joined.has(fresh)) joint.push({ id: fresh.endpoint.id, old: undefined, new: fresh });
  return joint;
}
