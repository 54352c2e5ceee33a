/** Results as text: the formats of every command. Pure; long ones come in chunks. */

export { adviceYaml, policyYaml } from './advice.ts';
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
export { type DiffHtmlOptions, diffHtml } from './diff-html.ts';
export { diffJson } from './diff-json.ts';
export { type DiffMarkdownOptions, diffMarkdown } from './diff-markdown.ts';
export { type DiffTableOptions, diffTable } from './diff-table.ts';
export { type DiffSource, type DiffTextOptions, diffSummary } from './diff-words.ts';
export {
  type ExposureDirection,
  type ExposureFormatOptions,
  exposureJson,
  exposureMarkdown,
  exposureTable,
} from './exposure.ts';
export { type CodeText, type FindingsScope, findingsJson, findingsSarif, findingsSummary } from './findings.ts';
export { findingsMarkdown } from './findings-markdown.ts';
export { reachHtml } from './html/page.ts';
export { reportHtml } from './html/report.ts';
export type { PictureOptions } from './picture/build.ts';
export type { DocumentResult } from './picture/document.ts';
export { reachDot } from './picture/dot.ts';
export { reachMermaid } from './picture/mermaid.ts';
export { reachSvg } from './picture/svg.ts';
export { type PolicyTestOptions, policyTestJson, policyTestText } from './policy-test.ts';
export { policyTestJunit, policyTestTap } from './policy-test-ci.ts';
export { formatPorts } from './ports.ts';
export { type ReachFormatOptions, reachJson, reachYaml } from './reach-json.ts';
export { type ReachMatrixOptions, reachMatrix } from './reach-matrix.ts';
export { type ReachRowOptions, reachCsv, reachMarkdown, reachTable } from './reach-table.ts';
export { ANSI, PLAIN, type Style } from './style.ts';
export { type Replacement, unifiedDiff } from './unified-diff.ts';
export { explanationText, verdictJson, verdictText } from './verdict.ts';
