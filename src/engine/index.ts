/** Meaning: what policies let through, by a plain reference evaluator and by a compiled index that answers alike. */
export { buildState, namespaceInfo, nodeInfo, podInfo, type StateOptions } from './build.ts';
export { type IndexStatistics, PolicyIndex } from './compiled/policy-index.ts';
export { evaluate } from './reference.ts';
export {
  type ClusterState,
  type Flow,
  type FlowEnd,
  type NamespaceInfo,
  type NodeInfo,
  namespaceOf,
  type PodInfo,
  policyKey,
} from './state.ts';
export type {
  Direction,
  DirectionVerdict,
  FlowProtocol,
  NearMiss,
  PolicyRef,
  RuleRef,
  Tier,
  Verdict,
} from './verdict.ts';
