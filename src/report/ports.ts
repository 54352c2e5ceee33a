import type { PortEntry } from '../analysis/index.ts';
import type { Family } from '../net/address.ts';

const LAST_PORT = 65535;
const PROTOCOLS = 3;

/**
 * Remembers what a function makes of a list of ports. Equal ports of a result are one list, so that millions of
 * connections need few texts.
 */
export function perPortList<T>(make: (ports: readonly PortEntry[]) => T): (ports: readonly PortEntry[]) => T {
  const known = new WeakMap<readonly PortEntry[], T>();
  return (ports) => {
    let made = known.get(ports);
    if (made === undefined) {
      made = make(ports);
      known.set(ports, made);
    }
    return made;
  };
}

/** `80`, `8000-8080`. */
export function formatRange([first, last]: readonly [number, number]): string {
  return first === last ? String(first) : `${first}-${last}`;
}

/**
 * Ports for people: `80/TCP, 8000-8080/TCP, 53/UDP`; `all TCP` for every port of a protocol and `all ports` for every
 * port of all three; ` (IPv4 only)` where only one address family is open. `none` for nothing.
 */
export function formatPorts(entries: readonly PortEntry[]): string {
  const parts: string[] = [];
  for (const family of familySets(entries)) {
    const own = entries.filter((entry) => familyKey(entry.families) === family);
    const suffix = family === '' ? '' : ` (${family} only)`;
    const open = new Set(own.filter(isWholeProtocol).map((entry) => entry.protocol));
    if (open.size === PROTOCOLS) {
      parts.push(`all ports${suffix}`);
      continue;
    }
    for (const entry of own) {
      if (isWholeProtocol(entry)) parts.push(`all ${entry.protocol}${suffix}`);
      else for (const range of entry.ranges) parts.push(`${formatRange(range)}/${entry.protocol}${suffix}`);
    }
  }
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** Whether the entries leave nothing closed: every port of the three protocols on all common families. */
export function isFullyOpen(entries: readonly PortEntry[]): boolean {
  return (
    new Set(entries.filter((entry) => entry.families === undefined && isWholeProtocol(entry)).map((e) => e.protocol))
      .size === PROTOCOLS
  );
}

function isWholeProtocol(entry: PortEntry): boolean {
  const [range] = entry.ranges;
  return entry.ranges.length === 1 && range !== undefined && range[0] <= 1 && range[1] === LAST_PORT;
}

function familyKey(families: readonly Family[] | undefined): string {
  return families === undefined ? '' : families.join(' and ');
}

function familySets(entries: readonly PortEntry[]): string[] {
  return [...new Set(entries.map((entry) => familyKey(entry.families)))];
}
