import type { Connection } from '../analysis/index.ts';
import { formatPorts, formatRange, perPortList } from './ports.ts';
import type { ReachabilitySource } from './reachability-source.ts';
import { PLAIN, type Style } from './style.ts';
import { tableLine } from './table.ts';
import { displayWidth, visible } from './text.ts';

/** Rows that are looked at before the column widths are settled; a longer table takes its widths from all endpoints. */
const WIDTH_SAMPLE = 20_000;
/** Longer names, such as blocks with many ranges, stand out of their column instead of widening it. */
const MAX_COLUMN = 64;

/** How the row formats are written. */
export interface ReachRowOptions {
  /** Leave out the header line. */
  readonly noHeaders?: boolean;
  readonly style?: Style;
}

/** One row for each connection, those of one source together with an empty line between sources. Nothing for no rows. */
export function* reachTable(reachability: ReachabilitySource, options: ReachRowOptions = {}): Generator<string> {
  const style = options.style ?? PLAIN;
  const source = reachability.connections()[Symbol.iterator]();
  const sample: Connection[] = [];
  let next = source.next();
  for (; next.done !== true && sample.length < WIDTH_SAMPLE; next = source.next()) sample.push(next.value);
  if (sample.length === 0) return;
  const ids = reachability.endpoints.map((endpoint) => endpoint.id);
  const complete = next.done === true;
  const widths = [
    columnWidth('FROM', complete ? sample.map((row) => row.from) : ids),
    columnWidth('TO', complete ? sample.map((row) => row.to) : ids),
  ];
  if (options.noHeaders !== true) yield `${style.bold(tableLine(['FROM', 'TO', 'PORTS'], widths))}\n`;
  const portsText = perPortList(formatPorts);
  let previous: string | undefined;
  const line = ({ from, to, ports }: Connection): string => {
    const gap = previous !== undefined && previous !== from ? '\n' : '';
    previous = from;
    return `${gap}${tableLine([visible(from), visible(to), portsText(ports)], widths)}\n`;
  };
  for (const row of sample) yield line(row);
  for (; next.done !== true; next = source.next()) yield line(next.value);
}

function columnWidth(title: string, texts: readonly string[]): number {
  let width = title.length;
  let last: string | undefined;
  for (const text of texts) {
    if (text === last) continue;
    last = text;
    const own = displayWidth(visible(text));
    if (own <= MAX_COLUMN) width = Math.max(width, own);
  }
  return width;
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * RFC 4180 with CRLF: `from,to,protocol,ports,families`, one record for each protocol of a connection. `ports` is a
 * comma-separated list of ports and ranges; `families` is empty when all common families are open.
 */
export function* reachCsv(reachability: ReachabilitySource, options: ReachRowOptions = {}): Generator<string> {
  if (options.noHeaders !== true) yield 'from,to,protocol,ports,families\r\n';
  const recordEnds = perPortList((ports) =>
    ports.map(({ protocol, ranges, families }) =>
      [protocol, ranges.map(formatRange).join(','), (families ?? []).join(',')].map(csvCell).join(','),
    ),
  );
  for (const { from, to, ports } of reachability.connections()) {
    const ends = `${csvCell(from)},${csvCell(to)}`;
    for (const record of recordEnds(ports)) yield `${ends},${record}\r\n`;
  }
}

/** Text for a cell of a Markdown table. */
export function markdownCell(text: string): string {
  return visible(text).replace(/[\\|<*_`]/g, (char) => (char === '<' ? '&lt;' : `\\${char}`));
}

/** A Markdown table of the connections; a line of text when there are none. */
export function* reachMarkdown(reachability: ReachabilitySource): Generator<string> {
  let any = false;
  for (const { from, to, ports } of reachability.connections()) {
    if (!any) yield '| From | To | Ports |\n| --- | --- | --- |\n';
    any = true;
    yield `| ${markdownCell(from)} | ${markdownCell(to)} | ${formatPorts(ports)} |\n`;
  }
  if (!any) yield 'No connections.\n';
}
