import type { Endpoint, PortEntry } from '../../analysis/index.ts';
import { ISOLATION_TEXT } from '../picture/model.ts';
import { isolationOf } from '../picture/parts.ts';
import { formatPorts, formatRange, isFullyOpen } from '../ports.ts';
import type { ReachabilitySource } from '../reachability-source.ts';
import { visible } from '../text.ts';

/** More endpoints than these are not listed: the page would be slow and nobody reads it. */
export const MAX_LISTED = 2000;

/** What the page's script works on. Ends and ports are positions in their lists. */
export interface ReportData {
  readonly endpoints: readonly {
    readonly id: string;
    readonly type: Endpoint['type'];
    /** Words that the search finds, in lower case. */
    readonly find: string;
    readonly isolation: string;
    /** Connections between two of these are not judged. */
    readonly outside: boolean;
  }[];
  readonly ports: readonly { readonly text: string; readonly short: string; readonly open: boolean }[];
  readonly groups: readonly (readonly [from: readonly number[], to: readonly number[], ports: number])[];
}

/** The first endpoints, those of the cluster first, with every group of connections between them. */
export function reportData(reachability: ReachabilitySource): ReportData {
  const isOutside = ({ type }: Endpoint): boolean => type === 'external' || type === 'domain';
  const ordered = [
    ...reachability.endpoints.filter((one) => !isOutside(one)),
    ...reachability.endpoints.filter(isOutside),
  ].slice(0, MAX_LISTED);
  const numbers = new Map(ordered.map(({ id }, at) => [id, at]));
  const ports = new Map<string, { readonly at: number; readonly entries: readonly PortEntry[] }>();
  const groups: ReportData['groups'][number][] = [];
  const positions = (ids: readonly string[]): number[] => ids.flatMap((id) => numbers.get(id) ?? []);
  for (const group of reachability.groups()) {
    const from = positions(group.from);
    const to = positions(group.to);
    if (from.length === 0 || to.length === 0) continue;
    const key = JSON.stringify(group.ports);
    const known = ports.get(key) ?? { at: ports.size, entries: group.ports };
    ports.set(key, known);
    groups.push([from, to, known.at]);
  }
  return {
    endpoints: ordered.map((endpoint) => {
      const isolation = isolationOf(endpoint);
      const words = isolation === undefined ? '' : ISOLATION_TEXT[isolation];
      const labels = Object.entries(endpoint.labels ?? {}).map(([key, value]) => `${key}=${value}`);
      return {
        id: visible(endpoint.id),
        type: endpoint.type,
        find: [endpoint.id, endpoint.type, words, ...labels].join(' ').toLowerCase(),
        isolation: words,
        outside: isOutside(endpoint),
      };
    }),
    ports: [...ports.values()].map(({ entries }) => ({
      text: formatPorts(entries),
      short: shortPorts(entries),
      open: isFullyOpen(entries),
    })),
    groups,
  };
}

/** A few characters for a cell: `7070`, `80 +1`, `TCP`, `ALL`. */
export function shortPorts(entries: readonly PortEntry[]): string {
  if (isFullyOpen(entries)) return 'ALL';
  const parts = entries.flatMap(({ protocol, ranges }) =>
    ranges.map((range) => (range[0] === 1 && range[1] === 65535 ? protocol : formatRange(range))),
  );
  const distinct = [...new Set(parts)];
  const [first = ''] = distinct;
  const head = first.length > 5 && first.includes('-') ? `${first.split('-')[0]}…` : first;
  return distinct.length > 1 ? `${head} +${distinct.length - 1}` : head;
}
