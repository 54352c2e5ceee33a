import type { Reachability } from '../analysis/index.ts';

/** What the formats need of a reachability. */
export type ReachabilitySource = Pick<Reachability, 'endpoints' | 'connections' | 'groups'>;
