import type { PortEntry } from '../../../src/analysis/ports.ts';
import { computeReachability } from '../../../src/analysis/reach.ts';
import type { Unit } from '../../../src/analysis/units.ts';
import type { World } from '../../../src/analysis/world.ts';
import { shortPorts } from '../../../src/report/html/data.ts';
import { formatPorts, isFullyOpen } from '../../../src/report/ports.ts';
import { type MatrixData, MOST_ENDPOINTS } from './protocol.ts';

/** Who reaches whom. @param units in the order of rows and columns */
export function matrixOf(world: World, units: readonly Unit[]): Omit<MatrixData, 'revision'> {
  const order = new Map(units.slice(0, MOST_ENDPOINTS).map(({ endpoint }, at) => [endpoint.id, at]));
  const size = order.size;
  const cells = new Uint16Array(size * size);
  const ports: MatrixData['ports'][number][] = [];
  const numbers = new Map<string, number>();
  const known = new Map<readonly PortEntry[], number>();
  const result = computeReachability(world);
  if (!('error' in result)) {
    for (const { from, to, ports: entries } of result.reachability.connections()) {
      const row = order.get(from);
      const column = order.get(to);
      if (row === undefined || column === undefined) continue;
      let number = known.get(entries);
      if (number === undefined) {
        const text = formatPorts(entries);
        number = numbers.get(text);
        if (number === undefined) {
          ports.push({ text, short: shortPorts(entries), open: isFullyOpen(entries) });
          number = ports.length;
          numbers.set(text, number);
        }
        known.set(entries, number);
      }
      cells[row * size + column] = number;
    }
  }
  return { size, cells, ports };
}
