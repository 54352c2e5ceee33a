/** Results as text: the formats of every command. Pure; long ones come in chunks. */

export { type DescribeOptions, describeNetworkPolicies, describePlain } from './describe.ts';
export { describeClusterPolicies, describeClusterPolicyPlain } from './describe-cluster-policy.ts';
export {
  countSeverities,
  type DiagnosticsOptions,
  formatPosition,
  objectName,
  renderDiagnostic,
  renderDiagnostics,
  uniqueDiagnostics,
} from './diagnostics.ts';
export { type FindingsScope, findingsJson, findingsSarif, findingsSummary } from './findings.ts';
export { formatPorts } from './ports.ts';
export { type ReachFormatOptions, reachJson, reachYaml } from './reach-json.ts';
export { type ReachMatrixOptions, reachMatrix } from './reach-matrix.ts';
export { type ReachRowOptions, reachCsv, reachMarkdown, reachTable } from './reach-table.ts';
export { ANSI, PLAIN, type Style } from './style.ts';
export { explanationText, verdictJson, verdictText } from './verdict.ts';
