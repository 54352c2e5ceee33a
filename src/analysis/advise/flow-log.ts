import { say } from '../../model/say.ts';
import type { Diagnostic, SourcePosition } from '../../model/source.ts';
import type { Protocol } from '../../model/types.ts';
import { FlowCollector, type FlowFormat, type FlowPeer, type ObservedFlow } from './flow.ts';
import { readCsvFlows } from './flow-csv.ts';

/** What a log says. */
export interface FlowLog {
  /** That of the first log. */
  readonly format: FlowFormat | undefined;
  readonly flows: readonly ObservedFlow[];
  /** The connections that were denied, where the log tells what they were. */
  readonly refused: readonly ObservedFlow[];
  /** Lines about connections that were denied, or about answers to others: they need no rule. */
  readonly denied: number;
  readonly replies: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** The most problems that are told of one log. */
const MAX_PROBLEMS = 20;
const EMPTY_LOG = 'empty-flow-log';

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a flow log: JSON lines of Portcullis (`source`, `destination`, `protocol`, `port`) or of Hubble (`flow.source`,
 * `flow.l4`), or CSV with a header line (`from,to,protocol,port`). The format is told from the first character. A line
 * that cannot be read is an error with its place; the others are read.
 */
export function readFlowLog(name: string, text: string): FlowLog {
  const start = text.search(/\S/);
  if (start < 0) {
    const source = { file: name, line: 1, column: 1 };
    return { ...EMPTY, diagnostics: [problem(EMPTY_LOG, say`the flow log is empty`, source)] };
  }
  if (text[start] !== '{') {
    const { flows, diagnostics } = readCsvFlows(name, text);
    return { ...EMPTY, format: 'csv', flows, diagnostics: few(diagnostics) };
  }
  return readJsonLines(name, text);
}

/**
 * Reads several logs, such as those of the nodes of a cluster, as one. They may be of different formats. A node that saw
 * nothing has an empty log: that is an error only where all are empty.
 */
export function readFlowLogs(logs: readonly { readonly name: string; readonly text: string }[]): FlowLog {
  const read = logs.map(({ name, text }) => readFlowLog(name, text));
  const filled = read.filter(({ diagnostics }) => diagnostics.every(({ code }) => code !== EMPTY_LOG));
  const used = filled.length === 0 ? read : filled;
  const merged = (flows: (log: FlowLog) => readonly ObservedFlow[]): ObservedFlow[] => {
    const collector = new FlowCollector();
    for (const flow of used.flatMap(flows)) collector.add(flow);
    return collector.flows();
  };
  const sum = (numbers: (log: FlowLog) => number): number => used.reduce((total, log) => total + numbers(log), 0);
  return {
    format: used[0]?.format,
    flows: merged((log) => log.flows),
    refused: merged((log) => log.refused),
    denied: sum((log) => log.denied),
    replies: sum((log) => log.replies),
    diagnostics: used.flatMap((log) => log.diagnostics),
  };
}

const EMPTY: FlowLog = { format: undefined, flows: [], refused: [], denied: 0, replies: 0, diagnostics: [] };

function few(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const left = diagnostics.length - MAX_PROBLEMS;
  if (left <= 0) return diagnostics;
  const message = say`and ${left} more lines that cannot be read`;
  return [...diagnostics.slice(0, MAX_PROBLEMS), { code: 'flow-log', severity: 'error', message }];
}

function problem(code: string, message: string, source: SourcePosition): Diagnostic {
  return { code, severity: 'error', message, source };
}

function readJsonLines(name: string, text: string): FlowLog {
  const collector = new FlowCollector();
  const refused = new FlowCollector();
  const diagnostics: Diagnostic[] = [];
  let format: FlowFormat | undefined;
  let denied = 0;
  let replies = 0;
  let line = 0;
  for (const raw of text.split('\n')) {
    line++;
    const content = raw.trim();
    if (content === '') continue;
    const source = { file: name, line, column: raw.length - raw.trimStart().length + 1 };
    const parsed = parseObject(content);
    if (typeof parsed === 'string') {
      diagnostics.push(problem('flow-log', parsed, source));
      continue;
    }
    const flow = asObject(parsed['flow']) ?? parsed;
    // Hubble also writes lines about lost events and the state of nodes.
    if (asObject(flow['source']) === undefined && NOT_FLOWS.some((key) => key in parsed)) continue;
    const isHubble = 'l4' in flow || 'IP' in flow || 'traffic_direction' in flow;
    format ??= isHubble ? 'hubble' : 'portcullis';
    const read = isHubble ? hubbleFlow(flow) : ownFlow(flow);
    if (typeof read === 'string') diagnostics.push(problem('flow-log', read, source));
    else if (read.kind === 'flow') collector.add({ ...read.flow, source });
    else if (read.kind === 'denied') {
      denied++;
      if (read.flow !== undefined) refused.add({ ...read.flow, source });
    } else replies++;
  }
  return { format, flows: collector.flows(), refused: refused.flows(), denied, replies, diagnostics: few(diagnostics) };
}

const NOT_FLOWS = ['lost_events', 'node_status', 'agent_event', 'debug_event'];

type Read =
  | { readonly kind: 'reply' }
  | { readonly kind: 'denied'; readonly flow?: Omit<ObservedFlow, 'count' | 'source'> }
  | { readonly kind: 'flow'; readonly flow: Omit<ObservedFlow, 'count' | 'source'> };

/** A denied connection: a line that does not say which one it was is counted all the same. */
function refusal(read: Read | string): Read {
  return typeof read !== 'string' && read.kind === 'flow' ? { kind: 'denied', flow: read.flow } : { kind: 'denied' };
}

function parseObject(text: string): Json | string {
  try {
    return asObject(JSON.parse(text)) ?? say`not a JSON object`;
  } catch (error) {
    return say`not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A flow as Portcullis logs it. */
function ownFlow(flow: Json): Read | string {
  const verdict = asText(flow['verdict'])?.toLowerCase();
  if (verdict !== undefined && ['denied', 'deny', 'drop', 'dropped', 'reject', 'rejected'].includes(verdict)) {
    return refusal(ownConnection(flow));
  }
  if (verdict !== undefined && !['allowed', 'allow', 'accept', 'accepted', 'forwarded'].includes(verdict)) {
    return say`"verdict": "${verdict}" is neither allowed nor denied`;
  }
  return ownConnection(flow);
}

function ownConnection(flow: Json): Read | string {
  const from = ownPeer(flow['source'], 'source');
  if (typeof from === 'string') return from;
  const to = ownPeer(flow['destination'], 'destination');
  if (typeof to === 'string') return to;
  const protocol = asText(flow['protocol'])?.toUpperCase() ?? 'TCP';
  return flowOf(from, to, protocol, flow['port']);
}

function ownPeer(value: unknown, which: string): FlowPeer | string {
  const peer = asObject(value);
  if (peer === undefined) return say`"${which}" is missing or not an object`;
  const { address, namespace, pod, workload } = peer;
  const read = {
    ...optional('address', asText(address)),
    ...optional('namespace', asText(namespace)),
    ...optional('pod', asText(pod)),
    ...optional('workload', asText(workload)),
  };
  return Object.keys(read).length === 0 ? say`"${which}" names neither a pod nor an address` : read;
}

/** A flow as Hubble exports it, with or without the `flow` wrapper. */
function hubbleFlow(flow: Json): Read | string {
  if (flow['is_reply'] === true) return { kind: 'reply' };
  const verdict = asText(flow['verdict']);
  if (verdict !== undefined && verdict !== 'FORWARDED' && verdict !== 'REDIRECTED' && verdict !== 'TRANSLATED') {
    return refusal(hubbleConnection(flow));
  }
  return hubbleConnection(flow);
}

function hubbleConnection(flow: Json): Read | string {
  const addresses = asObject(flow['IP']);
  const from = hubblePeer(flow['source'], addresses?.['source']);
  if (from === undefined) return say`"source" names neither a pod nor an address`;
  const to = hubblePeer(flow['destination'], addresses?.['destination']);
  if (to === undefined) return say`"destination" names neither a pod nor an address`;
  const layer4 = asObject(flow['l4']) ?? {};
  for (const protocol of ['TCP', 'UDP', 'SCTP'] as const) {
    const ports = asObject(layer4[protocol]);
    if (ports !== undefined) return flowOf(from, to, protocol, ports['destination_port']);
  }
  return flowOf(from, to, 'ICMP', undefined);
}

function hubblePeer(value: unknown, address: unknown): FlowPeer | undefined {
  const peer = asObject(value) ?? {};
  const labels = Array.isArray(peer['labels']) ? peer['labels'].flatMap((label) => asText(label) ?? []) : [];
  const [workload] = Array.isArray(peer['workloads']) ? peer['workloads'].map(asObject) : [];
  const name = asText(workload?.['name']);
  const kind = asText(workload?.['kind']);
  const ownLabels = labels.filter((label) => label.startsWith('k8s:') && !label.startsWith('k8s:io.'));
  const read = {
    ...optional('address', asText(address)),
    ...optional('namespace', asText(peer['namespace'])),
    ...optional('pod', asText(peer['pod_name'])),
    ...optional('workload', name === undefined || kind === undefined ? name : `${kind}/${name}`),
    ...(ownLabels.length === 0 ? {} : { labels: Object.fromEntries(ownLabels.map(splitLabel)) }),
  };
  return read.address === undefined && read.namespace === undefined ? undefined : read;
}

/** `k8s:app=cart` without its origin. */
function splitLabel(label: string): [string, string] {
  const text = label.slice('k8s:'.length);
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

function flowOf(from: FlowPeer, to: FlowPeer, protocol: string, port: unknown): Read | string {
  if (!isProtocol(protocol)) return { kind: 'flow', flow: { from, to, protocol: 'other', first: 0, last: 0 } };
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535) {
    return say`the destination port ${JSON.stringify(port) ?? ''} is not a number from 1 to 65535`.replace('  ', ' ');
  }
  return { kind: 'flow', flow: { from, to, protocol, first: port, last: port } };
}

function isProtocol(text: string): text is Protocol {
  return text === 'TCP' || text === 'UDP' || text === 'SCTP';
}

function optional<K extends string, T>(key: K, value: T | undefined): { readonly [key in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]?: T });
}
