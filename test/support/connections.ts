import type { Connection } from '../../src/analysis/index.ts';
import type { Family } from '../../src/net/address.ts';

/** Whether a connection, where there is one, is open on a port in a family. */
export function isOpen(
  connection: Connection | undefined,
  family: Family,
  { protocol, port }: { readonly protocol: string; readonly port: number },
): boolean {
  return (connection?.ports ?? []).some(
    (entry) =>
      entry.protocol === protocol &&
      (entry.families === undefined || entry.families.includes(family)) &&
      entry.ranges.some(([first, last]) => first <= port && port <= last),
  );
}
