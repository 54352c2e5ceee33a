import type { MessageKey } from '../i18n/en.ts';
import type { EndpointItem, MatrixData, Snapshot } from '../worker/protocol.ts';

/** How NetworkPolicies isolate a workload. */
export type Isolation = 'both' | 'ingress' | 'egress' | 'none';

export function isolationOf({ isolated }: Pick<EndpointItem, 'isolated'>): Isolation | undefined {
  if (isolated === undefined) return undefined;
  if (isolated.ingress) return isolated.egress ? 'both' : 'ingress';
  return isolated.egress ? 'egress' : 'none';
}

export const ISOLATION_KEYS: Readonly<Record<Isolation, MessageKey>> = {
  both: 'isolation.both',
  ingress: 'isolation.ingress',
  egress: 'isolation.egress',
  none: 'isolation.none',
};

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
    for (let to = 0; to < size; to++) if ((cells[from * size + to] ?? 0) > 0) exposed.add(to);
  }
  return exposed;
}
