/** Questions about a whole cluster: endpoints, reachability, single answers with their reasons. */
export type { Counterexample } from './assertions/judge.ts';
export { type AssertionResult, type PolicyTestRun, runPolicyTests } from './assertions/run.ts';
export { type CanAnswer, type CanCase, can } from './can.ts';
export { type Explanation, explain } from './explain.ts';
export { type Hosts, type HostsInput, parseHosts } from './hosts.ts';
export { type PortEntry, type PortQuery, parsePortQuery } from './ports.ts';
export { computeReachability, type ReachOptions } from './reach.ts';
export type { Connection, ConnectionGroup, Reachability } from './reachability.ts';
export { type Resolved, type ResolveError, resolveEndpoint, typedName } from './resolve.ts';
export type { Endpoint, EndpointType, Granularity, Unit } from './units.ts';
export { createWorld, World, type WorldOptions } from './world.ts';
