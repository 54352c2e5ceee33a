/** Questions about a whole cluster: endpoints, reachability, single answers with their reasons. */

export { type Additions, adviseAdditions } from './advise/additions.ts';
export { type Advice, type AdviseOptions, advise } from './advise/advise.ts';
export type { FlowFormat, FlowPeer, ObservedFlow } from './advise/flow.ts';
export { type FlowLog, readFlowLog, readFlowLogs } from './advise/flow-log.ts';
export type { AdvisedPolicy } from './advise/policies.ts';
export { type Breach, type GuardrailJudgement, judgeGuardrails } from './assertions/guardrails.ts';
export type { Counterexample } from './assertions/judge.ts';
export { type AssertionResult, type PolicyTestRun, runPolicyTests } from './assertions/run.ts';
export { type CanAnswer, type CanCase, can } from './can.ts';
export type { Connection, ConnectionGroup } from './connections.ts';
export {
  type Cause,
  type Change,
  type ChangeGroup,
  type ChangeKind,
  type DiffCounts,
  diffReachability,
  type PolicyChanges,
  type ReachabilityDiff,
} from './diff.ts';
export { type Explanation, explain } from './explain.ts';
export type { ExposedBy } from './exposure/exposed-by.ts';
export {
  computeExposure,
  type DirectionExposure,
  type ExposureOptions,
  type PeerCondition,
  type PodExposure,
  type WorkloadExposure,
} from './exposure/exposure.ts';
export type { DomainExposure, OutsideExposure } from './exposure/outside.ts';
export { type Hosts, type HostsInput, parseHosts } from './hosts.ts';
export { type PortEntry, type PortQuery, parsePortQuery } from './ports.ts';
export { computeReachability, type ReachOptions } from './reach.ts';
export type { Reachability } from './reachability.ts';
export { controllerOf, type Resolved, type ResolveError, resolveEndpoint, typedName } from './resolve.ts';
export type { Endpoint, EndpointType, Granularity, Unit } from './units.ts';
export { createWorld, World, type WorldOptions } from './world.ts';
