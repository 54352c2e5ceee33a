import type {
  DirectionExposure,
  DomainExposure,
  ExposedBy,
  OutsideExposure,
  PeerCondition,
  PodExposure,
  WorkloadExposure,
} from '../analysis/index.ts';
import type { PolicyRef } from '../engine/verdict.ts';
import { formatLabelSelector, selectorIsEmpty } from '../model/selector.ts';
import { formatPorts } from './ports.ts';
import { markdownCell } from './reach-table.ts';
import { PLAIN, type Style } from './style.ts';
import { tableLine } from './table.ts';
import { count, displayWidth, visible } from './text.ts';

export type ExposureDirection = 'ingress' | 'egress';

/** What of an exposure is shown, and how. */
export interface ExposureFormatOptions {
  readonly directions?: readonly ExposureDirection[];
  /** Leave out pods, existing or not. */
  readonly externalOnly?: boolean;
  /** Nothing else was read. */
  readonly onlyNamespace?: string;
  readonly noHeaders?: boolean;
  readonly style?: Style;
}

const BOTH: readonly ExposureDirection[] = ['ingress', 'egress'];
const HEADERS = ['WORKLOAD', 'DIRECTION', 'PEER', 'PORTS', 'NOW'];
/** Longer texts stand out of their column instead of widening it. */
const MAX_COLUMN = 72;

/** One line of the table: a peer with its ports, and what it stands for today. */
interface Row {
  readonly peer: string;
  readonly ports: string;
  readonly now: string;
  /** Nothing takes anything away. */
  readonly open?: boolean;
}

/** A row for each peer, an empty line between workloads. */
export function* exposureTable(
  workloads: readonly WorkloadExposure[],
  options: ExposureFormatOptions = {},
): Generator<string> {
  const { style = PLAIN, noHeaders = false } = options;
  const rowsOf = rowMaker(options);
  const widths = columnWidths(workloads, options, rowsOf);
  if (workloads.length === 0) return;
  if (!noHeaders) yield `${style.bold(tableLine(HEADERS, widths))}\n`;
  for (const [index, workload] of workloads.entries()) {
    if (index > 0) yield '\n';
    const id = visible(workload.endpoint.id);
    for (const direction of options.directions ?? BOTH) {
      for (const { peer, ports, now, open } of allRows(workload, direction, rowsOf)) {
        const line = tableLine([id, direction, peer, ports, now], widths);
        yield `${open === true ? style.warning(line) : line}\n`;
      }
    }
  }
}

/** What is not protected as a list, then a table of all. */
export function* exposureMarkdown(
  workloads: readonly WorkloadExposure[],
  options: ExposureFormatOptions = {},
): Generator<string> {
  if (workloads.length === 0) {
    yield 'No workloads.\n';
    return;
  }
  const directions = options.directions ?? BOTH;
  const rowsOf = rowMaker(options);
  for (const direction of directions) {
    const open = workloads.filter((workload) => !workload[direction].protected);
    const names = open.map(({ endpoint }) => markdownCell(endpoint.id)).join(', ');
    yield `**Not protected for ${direction}** (${open.length} of ${workloads.length}): ${open.length === 0 ? 'none' : names}\n\n`;
  }
  yield '| Workload | Direction | Peer | Ports | Now |\n| --- | --- | --- | --- | --- |\n';
  for (const workload of workloads) {
    for (const direction of directions) {
      for (const { peer, ports, now } of allRows(workload, direction, rowsOf)) {
        yield `| ${[workload.endpoint.id, direction, peer, ports, now].map(markdownCell).join(' | ')} |\n`;
      }
    }
  }
}

/** The `Exposure` document as JSON in chunks, a workload a line. */
export function* exposureJson(
  workloads: readonly WorkloadExposure[],
  options: ExposureFormatOptions = {},
): Generator<string> {
  const texts = new WeakMap<DirectionExposure, string>();
  const ofDirection = (exposure: DirectionExposure): string => {
    const text = texts.get(exposure) ?? JSON.stringify(directionJson(exposure, options));
    texts.set(exposure, text);
    return text;
  };
  const { onlyNamespace } = options;
  const only = onlyNamespace === undefined ? '' : `  "onlyNamespace": ${JSON.stringify(onlyNamespace)},\n`;
  yield `{\n  "apiVersion": "portcullis.dev/v1",\n  "kind": "Exposure",\n${only}  "workloads": [`;
  for (const [index, workload] of workloads.entries()) {
    const { id, type, namespace, name, workloadKind, labels } = workload.endpoint;
    const exposedBy = workload.exposedBy.map(({ object, ...rest }) => ({ object: reference(object), ...rest }));
    const own = { id, type, namespace, name, workloadKind, labels, ...(exposedBy.length === 0 ? {} : { exposedBy }) };
    const head = JSON.stringify(own).slice(0, -1);
    const directions = (options.directions ?? BOTH).map(
      (direction) => `"${direction}":${ofDirection(workload[direction])}`,
    );
    yield `${index === 0 ? '' : ','}\n    ${head},${directions.join(',')}}`;
  }
  yield `${workloads.length === 0 ? '' : '\n  '}]\n}\n`;
}

function reference({ kind, namespace, name, source }: PolicyRef): object {
  return { kind, namespace, name, source };
}

function directionJson(exposure: DirectionExposure, { externalOnly = false }: ExposureFormatOptions): object {
  const { protected: isProtected, reason, isolatedBy, clusterPolicies, pods, outside, domains } = exposure;
  return {
    protected: isProtected,
    reason,
    isolatedBy: isolatedBy.map(reference),
    clusterPolicies: clusterPolicies.map(reference),
    ...(externalOnly ? {} : { pods }),
    outside,
    domains,
  };
}

/** The rows of a direction; those of what leads there from outside come first. */
function allRows(
  workload: WorkloadExposure,
  direction: ExposureDirection,
  rowsOf: (exposure: DirectionExposure) => readonly Row[],
): readonly Row[] {
  const rows = rowsOf(workload[direction]);
  const { exposedBy } = workload;
  return direction === 'egress' || exposedBy.length === 0 ? rows : [...exposedBy.map(entranceRow), ...rows];
}

const WHO: Readonly<Record<ExposedBy['via'], string>> = {
  'ingress-controller': 'the ingress controller',
  'load-balancer': 'clients of its load balancer',
  'node-port': 'clients of its node port',
};

function entranceRow({ object, via, ports, admitted, depends }: ExposedBy): Row {
  const name = `${object.kind} ${visible(`${object.namespace ?? 'default'}/${object.name}`)}`;
  const blocked = admitted.length === 0;
  return {
    peer: `exposed by ${name}: ${WHO[via]}${depends === true ? ', if it is a pod that policies name' : blocked ? ', whom policies do not let in' : ''}`,
    ports: depends === true ? formatPorts(ports) : blocked ? `none of ${formatPorts(ports)}` : formatPorts(admitted),
    now: '',
  };
}

/** Rows by direction, made once for workloads that share their policies. */
function rowMaker({ externalOnly = false }: ExposureFormatOptions): (exposure: DirectionExposure) => readonly Row[] {
  const known = new WeakMap<DirectionExposure, readonly Row[]>();
  return (exposure) => {
    let rows = known.get(exposure);
    if (rows === undefined) {
      rows = directionRows(exposure, externalOnly);
      known.set(exposure, rows);
    }
    return rows;
  };
}

function directionRows(exposure: DirectionExposure, externalOnly: boolean): Row[] {
  if (!exposure.protected) {
    const why = exposure.reason === 'host-network' ? ' (hostNetwork: policies do not apply)' : '';
    return [{ peer: `NOT PROTECTED: everything${why}`, ports: 'all ports', now: '', open: true }];
  }
  const rows = [
    ...(externalOnly ? [] : podRows(exposure.pods)),
    ...exposure.outside.map(outsideRow),
    ...exposure.domains.map(domainRow),
  ];
  return rows.length > 0 ? rows : [{ peer: externalOnly ? 'nothing outside' : 'nothing', ports: 'none', now: '' }];
}

/** Entries with one condition, apart from names of ports, share a row. */
function podRows(pods: readonly PodExposure[]): Row[] {
  const rows = new Map<string, { ports: string[]; now: string }>();
  for (const entry of pods) {
    const peer = peerText(entry);
    const ports = portsText(entry);
    const now = entry.now.workloads === 0 ? 'none now' : count(entry.now.workloads, 'workload');
    const known = rows.get(peer);
    if (known === undefined) rows.set(peer, { ports: [ports], now });
    else known.ports.push(ports);
  }
  return [...rows].map(([peer, { ports, now }]) => ({ peer, ports: ports.join(', '), now }));
}

function outsideRow({ scope, id = '', ports }: OutsideExposure): Row {
  return {
    peer: scope === 'all' ? 'every outside address' : `outside ${visible(id)}`,
    ports: formatPorts(ports),
    now: '',
  };
}

function domainRow({ name, ports }: DomainExposure): Row {
  return { peer: `domain ${visible(name)}`, ports: formatPorts(ports), now: '' };
}

/** `every pod in namespace shop except pods app=a`. */
function peerText(entry: PodExposure): string {
  const exceptions = entry.except.map((one) => {
    const names = one.named === undefined ? '' : ` on ${one.named.map(portName).join(' and ')}`;
    return `${conditionText(one)}${names}`;
  });
  return `${conditionText(entry)}${exceptions.length === 0 ? '' : ` except ${exceptions.join(', ')}`}`;
}

function conditionText({ namespaceSelector, podSelector }: PeerCondition): string {
  const everyPod = selectorIsEmpty(podSelector);
  const pods = everyPod ? 'every pod' : `pods ${visible(formatLabelSelector(podSelector))}`;
  if (selectorIsEmpty(namespaceSelector)) return everyPod ? 'every pod in the cluster' : `${pods} in every namespace`;
  const name = onlyName(namespaceSelector);
  if (name !== undefined) return `${pods} in namespace ${visible(name)}`;
  return `${pods} in namespaces ${visible(formatLabelSelector(namespaceSelector))}`;
}

const NAME_LABEL = 'kubernetes.io/metadata.name';

function onlyName({ matchLabels = {}, matchExpressions = [] }: PeerCondition['namespaceSelector']): string | undefined {
  return Object.keys(matchLabels).length === 1 && matchExpressions.length === 0 ? matchLabels[NAME_LABEL] : undefined;
}

function portsText({ ports, named }: PodExposure): string {
  const text = formatPorts(ports);
  const [only, second] = named ?? [];
  if (only === undefined) return text;
  const [protocol = '', name = ''] = only.split('/');
  if (second === undefined && text === `all ${protocol}`) return `${visible(name)}/${protocol}`;
  return `${text} where it is ${(named ?? []).map(portName).join(' and ')}`;
}

/** `TCP/http` as people write it. */
function portName(named: string): string {
  const slash = named.indexOf('/');
  return visible(`${named.slice(slash + 1)}/${named.slice(0, slash)}`);
}

function columnWidths(
  workloads: readonly WorkloadExposure[],
  { directions = BOTH, noHeaders = false }: ExposureFormatOptions,
  rowsOf: (exposure: DirectionExposure) => readonly Row[],
): number[] {
  const widths = HEADERS.map((header) => (noHeaders ? 0 : header.length));
  const widen = (column: number, text: string): void => {
    const width = displayWidth(text);
    if (width <= MAX_COLUMN) widths[column] = Math.max(widths[column] ?? 0, width);
  };
  const seen = new Set<DirectionExposure>();
  for (const workload of workloads) {
    widen(0, visible(workload.endpoint.id));
    for (const { peer, ports } of workload.exposedBy.map(entranceRow)) {
      widen(2, peer);
      widen(3, ports);
    }
    for (const direction of directions) {
      widen(1, direction);
      if (seen.has(workload[direction])) continue;
      seen.add(workload[direction]);
      for (const { peer, ports } of rowsOf(workload[direction])) {
        widen(2, peer);
        widen(3, ports);
      }
    }
  }
  return widths;
}
