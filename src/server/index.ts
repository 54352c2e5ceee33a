/** The page, the HTTP API and the admission webhook, served from files or a live cluster. */

export type { AnalystOptions } from './analyst/question.ts';
export { ExportError, type ExportedWorld, exportPage } from './export.ts';
export { FlowFeed } from './flows/flow-feed.ts';
export { followLogs, isFlowUrl } from './flows/follow-logs.ts';
export { ListenError } from './http/listen.ts';
export { ClusterTexts, fanOut } from './input/cluster-texts.ts';
export { LiveInput } from './input/live-input.ts';
export { TextWatcher } from './input/watch-texts.ts';
export type { Log } from './log.ts';
export { Metrics } from './metrics.ts';
export { type ServedPage, type ServeOptions, servePage } from './serve.ts';
export { readTls, type TlsContent, TlsError, type TlsPaths } from './tls-files.ts';
export { type AdmissionOptions, AdmissionOptionsError } from './webhook/admission.ts';
export { Judge } from './webhook/judge.ts';
export { serveWebhook, type WebhookOptions } from './webhook/webhook.ts';
