/** Real pods as network namespaces on this machine, with policies enforced in them. */

export { bringUp, runInForeground, supervise } from './daemon.ts';
export { execCommand } from './exec.ts';
export type { LabConfig } from './files.ts';
export { flowLines, flowText } from './flows.ts';
export type { FocusQuery } from './focus.ts';
export { LabError, type LabPlan } from './model.ts';
export { LAB_NAME } from './names.ts';
export { DEFAULT_POD_CIDRS, planLab } from './plan.ts';
export { type ProbeReport, type ProbeResult, probeLab, statusOf } from './probe.ts';
export type { LabStatus } from './status.ts';
export type { LabProgress } from './supervisor.ts';
export { labObstacle } from './system/commands.ts';
export { tearDown } from './teardown.ts';
export { pageCommand, probeJson, probeSummary, probeText, statusJson, statusText } from './text.ts';
