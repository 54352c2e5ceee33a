import type { LabPlan } from './model.ts';

/** The agent of one node. */
export interface AgentStatus {
  readonly node: string;
  /** Whether the kernel holds what the agent has read. */
  readonly ready: boolean;
  /** Of the files that the kernel enforces. */
  readonly digest?: string;
  readonly pid?: number;
  /** How often it ended and was started again. */
  readonly restarts: number;
  /** Why not ready, in words. */
  readonly reason?: string;
  /** Packets denied so far, where they were asked for. */
  readonly denied?: number;
}

/** What a lab is doing. */
export interface LabStatus {
  readonly name: string;
  /** Whether every agent enforces what the files say now. */
  readonly ready: boolean;
  /** Of the user's files as they are laid out. */
  readonly inputDigest: string;
  readonly paths: readonly string[];
  readonly agents: readonly AgentStatus[];
  readonly plan: LabPlan;
  /** What keeps the lab from being as the files say: sentences. */
  readonly problems: readonly string[];
  /** Connections and datagrams that pods have answered. */
  readonly answered: number;
}
