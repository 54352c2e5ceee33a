import type { PortEntry } from '../../analysis/index.ts';
import type { Family } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import { formatPorts, isFullyOpen } from '../ports.ts';

/** Open ports of a pair by family, for arithmetic. What all common families share is in both. */
export interface FamilyPorts {
  readonly IPv4: PortSet;
  readonly IPv6: PortSet;
}

/** No port at all. */
export const NO_PORTS: FamilyPorts = { IPv4: PortSet.EMPTY, IPv6: PortSet.EMPTY };

/** Port entries of a connection as sets. */
export function ofEntries(entries: readonly PortEntry[]): FamilyPorts {
  const of = (family: Family): PortSet =>
    PortSet.ofPorts(entries.filter(({ families }) => families === undefined || families.includes(family)));
  return { IPv4: of('IPv4'), IPv6: of('IPv6') };
}

export function union(a: FamilyPorts, b: FamilyPorts): FamilyPorts {
  return { IPv4: a.IPv4.union(b.IPv4), IPv6: a.IPv6.union(b.IPv6) };
}

export function intersect(a: FamilyPorts, b: FamilyPorts): FamilyPorts {
  return { IPv4: a.IPv4.intersect(b.IPv4), IPv6: a.IPv6.intersect(b.IPv6) };
}

export function subtract(a: FamilyPorts, b: FamilyPorts): FamilyPorts {
  return { IPv4: a.IPv4.subtract(b.IPv4), IPv6: a.IPv6.subtract(b.IPv6) };
}

export function isEmpty({ IPv4, IPv6 }: FamilyPorts): boolean {
  return IPv4.isEmpty() && IPv6.isEmpty();
}

export function isSubset(inner: FamilyPorts, outer: FamilyPorts): boolean {
  return outer.IPv4.containsSet(inner.IPv4) && outer.IPv6.containsSet(inner.IPv6);
}

/** Equal exactly for equal sets. */
export function keyOf({ IPv4, IPv6 }: FamilyPorts): string {
  return `${IPv4.key} ${IPv6.key}`;
}

function entriesOf({ IPv4, IPv6 }: FamilyPorts): PortEntry[] {
  const only = (ports: PortSet, family: Family): PortEntry[] =>
    ports.toJSON().map((entry) => ({ ...entry, families: [family] }));
  return [...IPv4.intersect(IPv6).toJSON(), ...only(IPv4.subtract(IPv6), 'IPv4'), ...only(IPv6.subtract(IPv4), 'IPv6')];
}

/** The ports in words, as in every other report. */
export function textOf(ports: FamilyPorts): string {
  return formatPorts(entriesOf(ports));
}

/** Whether nothing is closed. */
export function isOpen(ports: FamilyPorts): boolean {
  return isFullyOpen(entriesOf(ports));
}
