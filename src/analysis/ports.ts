import { say } from '../model/say.ts';
import type { Protocol } from '../model/types.ts';
import type { Family } from '../net/address.ts';
import { PortSet } from '../net/port-set.ts';

/** Open ports of one protocol, as results carry them. */
export interface PortEntry {
  readonly protocol: Protocol;
  /** Inclusive, ascending, disjoint. */
  readonly ranges: readonly (readonly [number, number])[];
  /** Only when some but not all of the pair's common address families are open on these ports. */
  readonly families?: readonly Family[];
}

/** A port as a user asks for it. Neither `first` nor `name`: every port (of `protocol`, where given). */
export interface PortQuery {
  readonly protocol?: Protocol;
  readonly first?: number;
  readonly last?: number;
  readonly name?: string;
  /** As written. */
  readonly text: string;
}

const PROTOCOLS: readonly string[] = ['TCP', 'UDP', 'SCTP'];

/** Reads `80`, `80/TCP`, `53/udp`, `8000-8080`, `http`, `http/TCP`, `UDP`. A number or a name without protocol is TCP (S24). */
export function parsePortQuery(text: string): PortQuery | { readonly error: string } {
  const [port = '', protocolText, extra] = text.trim().split('/');
  if (extra !== undefined)
    return { error: say`"${text}" is not a port: write 80, 80/TCP, 8000-8080/UDP or a port name` };
  if (protocolText === undefined && PROTOCOLS.includes(port.toUpperCase())) {
    return { protocol: port.toUpperCase() as Protocol, text };
  }
  const protocol = (protocolText ?? 'TCP').toUpperCase();
  if (!PROTOCOLS.includes(protocol)) return { error: say`"${protocolText}" is not a protocol: use TCP, UDP or SCTP` };
  const range = /^(\d+)(?:-(\d+))?$/.exec(port);
  if (range !== null) {
    const first = Number(range[1]);
    const last = Number(range[2] ?? range[1]);
    if (first < 1 || last > 65535) return { error: say`"${port}" is out of range: ports are 1 to 65535` };
    if (first > last) return { error: say`"${port}" ends before it begins` };
    return { protocol: protocol as Protocol, first, last, text };
  }
  if (/^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/.test(port)) return { protocol: protocol as Protocol, name: port, text };
  return { error: say`"${text}" is not a port: write 80, 80/TCP, 8000-8080/UDP or a port name` };
}

/** The ports that a query means at a destination with these container ports; a name may mean several or none (S26). */
export function queriedPorts(
  query: PortQuery,
  destination: readonly { readonly name?: string; readonly protocol: Protocol; readonly containerPort: number }[],
): PortSet {
  const { protocol, first, last, name } = query;
  if (name !== undefined) {
    return destination
      .filter((port) => port.name === name && port.protocol === protocol)
      .reduce((set, port) => set.union(PortSet.of(port.protocol, port.containerPort)), PortSet.EMPTY);
  }
  if (protocol === undefined) return PortSet.ALL;
  return first === undefined ? PortSet.allOf(protocol) : PortSet.of(protocol, first, last ?? first);
}

/** What each common family admits; a family that the ends do not share is absent. */
export type FamilyPorts = Partial<Record<Family, PortSet>>;

/** The entries of a pair: what all common families share first, then what only one of them admits. */
export function portEntries(ports: FamilyPorts): readonly PortEntry[] {
  const { IPv4, IPv6 } = ports;
  if (IPv4 === undefined || IPv6 === undefined || IPv4.equals(IPv6)) return (IPv4 ?? IPv6 ?? PortSet.EMPTY).toJSON();
  return [...IPv4.intersect(IPv6).toJSON(), ...only(IPv4.subtract(IPv6), 'IPv4'), ...only(IPv6.subtract(IPv4), 'IPv6')];
}

function only(ports: PortSet, family: Family): PortEntry[] {
  return ports.toJSON().map((entry) => ({ ...entry, families: [family] }));
}
