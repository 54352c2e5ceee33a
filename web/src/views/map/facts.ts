import { t } from '../../i18n/index.ts';
import type { EndpointItem, MatrixData, Snapshot } from '../../worker/protocol.ts';

/** How a workload is marked: isolated both ways, for one direction, only limited by cluster-wide policies, or not at all. */
export type Mark = 'both' | 'ingress' | 'egress' | 'limited' | 'none';

export function markOf({ protection }: Pick<EndpointItem, 'protection'>): Mark | undefined {
  if (protection === undefined) return undefined;
  const { ingress, egress } = protection;
  if (ingress === 'isolated') return egress === 'isolated' ? 'both' : 'ingress';
  if (egress === 'isolated') return 'egress';
  return ingress === 'limited' || egress === 'limited' ? 'limited' : 'none';
}

/** What an endpoint is, in a few words: how policies protect it, or its type where they do not speak of it. */
export function wordsOf({ protection, type }: Pick<EndpointItem, 'protection' | 'type'>): string {
  return protection === undefined ? t(`type.${type}`) : t(`protection.${protection.ingress}-${protection.egress}`);
}

/** One end that an endpoint connects with. */
export interface Peer {
  readonly at: number;
  readonly direction: 'out' | 'in';
  readonly ports: string;
  readonly open: boolean;
}

/** Everything that an endpoint reaches and that reaches it. */
export function peersOf({ cells, size, ports }: MatrixData, at: number): Peer[] {
  const peers: Peer[] = [];
  if (at >= size) return peers;
  for (let other = 0; other < size; other++) {
    const out = ports[(cells[at * size + other] ?? 0) - 1];
    if (out !== undefined) peers.push({ at: other, direction: 'out', ports: out.text, open: out.open });
    const into = ports[(cells[other * size + at] ?? 0) - 1];
    if (into !== undefined) peers.push({ at: other, direction: 'in', ports: into.text, open: into.open });
  }
  return peers;
}

/** Workloads that some outside address reaches, by number. */
export function exposedWorkloads({ endpoints }: Snapshot, { cells, size }: MatrixData): ReadonlySet<number> {
  const exposed = new Set<number>();
  for (const [from, { type }] of endpoints.entries()) {
    if ((type !== 'external' && type !== 'ingress-controller') || from >= size) continue;
    for (let to = 0; to < size; to++) {
      if ((cells[from * size + to] ?? 0) > 0 && endpoints[to]?.protection !== undefined) exposed.add(to);
    }
  }
  return exposed;
}
