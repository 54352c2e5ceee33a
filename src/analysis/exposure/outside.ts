import type { Direction } from '../../engine/verdict.ts';
import type { Family } from '../../net/address.ts';
import { formatAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import { type ClassTable, cell, type UnitClass } from '../classes.ts';
import { type FamilyPorts, type PortEntry, portEntries } from '../ports.ts';
import { blockSet } from '../resolve.ts';
import type { Unit } from '../units.ts';

/** Addresses outside the cluster that a workload's policies admit on the same ports. */
export interface OutsideExposure {
  /** `all`: every outside address of the families of `ports`; `blocks`: those of `ranges`, beyond what all have. */
  readonly scope: 'all' | 'blocks';
  /** The blocks as an endpoint id; absent for `all`. */
  readonly id?: string;
  /** First and last address of each range. */
  readonly ranges?: readonly (readonly [string, string])[];
  readonly ports: readonly PortEntry[];
}

/** A domain name that a workload's policies admit on more ports than every outside address. */
export interface DomainExposure {
  readonly name: string;
  readonly ports: readonly PortEntry[];
}

/** What the policies of a class admit outside the cluster: first what they admit for every address, then what is beyond. */
export function outsideExposure(
  table: ClassTable,
  subject: UnitClass,
  direction: Direction,
  outside: { readonly blocks: readonly OutsideUnit[]; readonly domains: readonly OutsideUnit[] },
): { readonly outside: OutsideExposure[]; readonly domains: DomainExposure[] } {
  const common: FamilyPorts = {};
  const beyond = new Map<string, { ports: PortSet; sets: AddressSet[] }>();
  for (const family of subject.families) {
    const row = table.row(subject, direction, family);
    const blocks = outside.blocks.filter(({ unit }) => unit.families[0] === family);
    if (blocks.length === 0) continue;
    const admitted = new Map<UnitClass, PortSet>();
    for (const { ofClass } of blocks) {
      if (!admitted.has(ofClass)) admitted.set(ofClass, cell(row, ofClass).subtract(PortSet.OTHER));
    }
    let all: PortSet | undefined;
    for (const ports of admitted.values()) all = all === undefined ? ports : all.intersect(ports);
    const everywhere = all ?? PortSet.EMPTY;
    common[family] = everywhere;
    for (const { unit, ofClass } of blocks) {
      const ports = (admitted.get(ofClass) ?? PortSet.EMPTY).subtract(everywhere);
      if (ports.isEmpty()) continue;
      const known = beyond.get(ports.key);
      if (known === undefined) beyond.set(ports.key, { ports, sets: [blockSet(unit)] });
      else known.sets.push(blockSet(unit));
    }
  }
  const wide = allAddresses(common, subject.families);
  const narrow = [...beyond.values()]
    .map(({ ports, sets }) => ({ ports, set: AddressSet.unionOf(sets) }))
    .sort((a, b) => compareSets(a.set, b.set))
    .map(
      ({ ports, set }): OutsideExposure => ({
        scope: 'blocks',
        id: set.toString(),
        ranges: set.ranges.map(({ family, first, last }) => [
          formatAddress({ family, value: first }),
          formatAddress({ family, value: last }),
        ]),
        ports: portEntries(inFamilies(set, ports)),
      }),
    );
  return {
    outside: wide === undefined ? narrow : [wide, ...narrow],
    domains: direction === 'ingress' ? [] : domainExposure(table, subject, outside.domains, common),
  };
}

/** An outside endpoint with its class. */
export interface OutsideUnit {
  readonly unit: Unit;
  readonly ofClass: UnitClass;
}

function allAddresses(common: FamilyPorts, families: readonly Family[]): OutsideExposure | undefined {
  const ports: FamilyPorts = {};
  for (const family of families) ports[family] = common[family] ?? PortSet.EMPTY;
  const entries = portEntries(ports);
  return entries.length === 0 ? undefined : { scope: 'all', ports: entries };
}

function inFamilies(set: AddressSet, ports: PortSet): FamilyPorts {
  const found: FamilyPorts = {};
  for (const family of ['IPv4', 'IPv6'] as const) if (!set.ofFamily(family).isEmpty()) found[family] = ports;
  return found;
}

function compareSets(a: AddressSet, b: AddressSet): number {
  const [one, other] = [a.ranges[0], b.ranges[0]];
  if (one === undefined || other === undefined) return 0;
  if (one.family !== other.family) return one.family === 'IPv4' ? -1 : 1;
  return one.first < other.first ? -1 : one.first > other.first ? 1 : 0;
}

function domainExposure(
  table: ClassTable,
  subject: UnitClass,
  domains: readonly OutsideUnit[],
  common: FamilyPorts,
): DomainExposure[] {
  return domains.flatMap(({ unit, ofClass }) => {
    const ports: FamilyPorts = {};
    for (const family of subject.families) {
      if (!unit.families.includes(family)) continue;
      const admitted = cell(table.row(subject, 'egress', family), ofClass);
      ports[family] = admitted.subtract(common[family] ?? PortSet.EMPTY).subtract(PortSet.OTHER);
    }
    const entries = portEntries(ports);
    return entries.length === 0 ? [] : [{ name: unit.endpoint.id, ports: entries }];
  });
}
