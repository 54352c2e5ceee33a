import { formatPorts, isFullyOpen } from './ports.ts';
import type { ReachRowOptions } from './reach-table.ts';
import type { ReachabilitySource } from './reachability-source.ts';
import { PLAIN } from './style.ts';
import { displayWidth, padCells, visible } from './text.ts';

const ALL = '#';
const NONE = '.';
const NOT_ASKED = '-';
const OTHER = '+';
/** Longer names are cut before the row and written out below. */
const MAX_LABEL = 56;
/** Each set of ports gets a letter of its own, as far as they go. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** How the matrix is written. */
export interface ReachMatrixOptions extends ReachRowOptions {
  /** Show only rows and columns that have a connection. */
  readonly connectedOnly?: boolean;
}

/**
 * Sources in rows, destinations in columns, one letter in each cell. Endpoints are numbered once, the number stands
 * (read downwards) over the column and before the row; letters are explained below.
 */
export function* reachMatrix(reachability: ReachabilitySource, options: ReachMatrixOptions = {}): Generator<string> {
  const style = options.style ?? PLAIN;
  const numbers = new Map(reachability.endpoints.map((endpoint, index) => [endpoint.id, index]));
  const types = reachability.endpoints.map((endpoint) => endpoint.type);
  const outside = types.map((type) => type === 'external' || type === 'domain');
  const cells = new Map<number, Map<number, string>>();
  const sources = new Set<number>();
  const targets = new Set<number>();
  const letters = new Map<string, string>();
  for (const { from, to, ports } of reachability.connections()) {
    const row = numbers.get(from);
    const column = numbers.get(to);
    if (row === undefined || column === undefined) continue;
    sources.add(row);
    targets.add(column);
    const line = cells.get(row) ?? new Map<number, string>();
    cells.set(row, line);
    line.set(column, isFullyOpen(ports) ? ALL : letterOf(formatPorts(ports), letters));
  }
  const every = [...numbers.values()];
  // Policies know domains as destinations only.
  const rows = every.filter((index) =>
    options.connectedOnly === true ? sources.has(index) : types[index] !== 'domain',
  );
  const columns = every.filter((index) =>
    options.connectedOnly === true ? targets.has(index) : types[index] !== 'ingress-controller',
  );
  if (rows.length === 0 || columns.length === 0) return;

  const digits = String(every.length).length;
  const key = (index: number): string => String(index + 1).padStart(digits);
  const id = (index: number): string => visible(reachability.endpoints[index]?.id ?? '');
  const label = (index: number): string =>
    id(index).length > MAX_LABEL ? `${id(index).slice(0, MAX_LABEL - 1)}…` : id(index);
  const labelWidth = rows.reduce((width, index) => Math.max(width, displayWidth(label(index))), 'FROM'.length);
  if (options.noHeaders !== true) {
    for (let digit = 0; digit < digits; digit++) {
      const title = padCells(digit === digits - 1 ? 'FROM' : '', labelWidth);
      const head = columns.map((index) => key(index)[digit] ?? ' ').join(' ');
      yield `${style.bold(`${' '.repeat(digits)} ${title}  ${head}`.trimEnd())}\n`;
    }
  }
  for (const row of rows) {
    const line = columns.map((column) => {
      if (row === column || (outside[row] === true && outside[column] === true)) return NOT_ASKED;
      return cells.get(row)?.get(column) ?? NONE;
    });
    yield `${key(row)} ${padCells(label(row), labelWidth)}  ${line.join(' ')}\n`;
  }
  if (options.noHeaders === true) return;
  yield '\n';
  const inRows = new Set(rows);
  const inColumns = new Set(columns);
  const untold = every.filter((index) => (inRows.has(index) ? label(index) !== id(index) : inColumns.has(index)));
  for (const index of untold) yield `${key(index)} ${id(index)}\n`;
  if (untold.length > 0) yield '\n';
  yield `rows: from, columns: to\n${ALL} all ports\n${NONE} nothing\n${NOT_ASKED} not judged (itself, or both outside)\n`;
  for (const [ports, letter] of letters) if (letter !== OTHER) yield `${letter} ${ports}\n`;
  if (letters.size > LETTERS.length)
    yield `${OTHER} some ports, of ${letters.size - LETTERS.length} further kinds (see -o table)\n`;
}

function letterOf(ports: string, letters: Map<string, string>): string {
  let letter = letters.get(ports);
  if (letter === undefined) {
    letter = LETTERS[letters.size] ?? OTHER;
    letters.set(ports, letter);
  }
  return letter;
}
