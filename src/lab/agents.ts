import type { AgentStatus } from './status.ts';

/** What enforces on the nodes of a lab. */
export interface Agents {
  /** Starts one for each node that has none, ends those of other nodes. */
  keep(nodes: readonly { readonly name: string; readonly namespace: string; readonly slot: number }[]): Promise<void>;
  status(): Promise<AgentStatus[]>;
  /** Ends them; what they enforce stays. */
  stop(): Promise<void>;
}
