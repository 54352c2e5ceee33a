import { type FamilyPorts, portEntries } from '../analysis/ports.ts';
import { PortSet } from '../net/port-set.ts';
import { formatPorts } from '../report/ports.ts';
import { PLAIN, type Style } from '../report/style.ts';
import { tableLine } from '../report/table.ts';
import { count, displayWidth } from '../report/text.ts';
import { familyOf } from './addresses.ts';
import type { LabPod } from './model.ts';
import { labPaths } from './names.ts';
import type { ProbeReport, ProbeResult } from './probe.ts';
import type { LabStatus } from './status.ts';

/** How tables are written. */
export interface LabTextOptions {
  readonly noHeaders?: boolean;
  readonly style?: Style;
  /** Pairs without any connection too. */
  readonly all?: boolean;
  readonly by?: 'workload' | 'pod';
  /** Only nodes and sums. */
  readonly summary?: boolean;
}

function table(header: readonly string[], rows: readonly (readonly string[])[], options: LabTextOptions): string {
  const { style = PLAIN } = options;
  const widths = header.map((title, column) =>
    rows.reduce((width, row) => Math.max(width, displayWidth(row[column] ?? '')), title.length),
  );
  const lines = rows.map((row) => `${tableLine(row, widths)}\n`);
  return [...(options.noHeaders === true ? [] : [`${style.bold(tableLine(header, widths))}\n`]), ...lines].join('');
}

/** Nodes, pods and Services of a lab. */
export function statusText(status: LabStatus, options: LabTextOptions = {}): string {
  const { style = PLAIN } = options;
  const { plan, agents, problems } = status;
  const byNode = new Map(agents.map((agent) => [agent.node, agent]));
  const pods = (node: string): number => plan.pods.filter((pod) => pod.node === node).length;
  const nodes = plan.nodes.map(({ name, addresses }) => {
    const agent = byNode.get(name);
    const state = agent === undefined ? 'no agent' : agent.ready ? 'ready' : 'not ready';
    return [name, addresses.join(', '), state, String(pods(name)), String(agent?.denied ?? '-')];
  });
  const header = table(['NODE', 'ADDRESSES', 'AGENT', 'PODS', 'DENIED'], nodes, options);
  if (options.summary === true) return header;
  const lines = [
    header,
    '\n',
    table(
      ['POD', 'NODE', 'ADDRESSES', 'PORTS'],
      plan.pods.map((pod) => [pod.id, pod.node, pod.addresses.join(', '), portsText(pod)]),
      options,
    ),
  ];
  const services = plan.services.filter(({ clusterIPs }) => clusterIPs.length > 0);
  if (services.length > 0) {
    const rows = services.map(({ id, clusterIPs, ports, pods: behind }) => [
      id,
      clusterIPs.join(', '),
      ports
        .map(({ port, protocol, nodePort }) => `${port}${nodePort === undefined ? '' : `:${nodePort}`}/${protocol}`)
        .join(', '),
      String(behind.length),
    ]);
    lines.push('\n', table(['SERVICE', 'CLUSTER ADDRESSES', 'PORTS', 'PODS'], rows, options));
  }
  lines.push(`\noutside: ${plan.outside.join(', ')}\n`);
  for (const problem of problems) lines.push(`${style.error('problem')}: ${problem}\n`);
  return lines.join('');
}

/** The command that shows a lab in the page: its files, and what each node denies. `more` are further words of it. */
export function pageCommand({ name, paths, plan }: LabStatus, more: readonly string[] = []): string {
  const { flowLog } = labPaths(name);
  const files = paths.flatMap((file) => ['-f', file]);
  const logs = plan.nodes.flatMap(({ slot }) => ['--flows', flowLog(slot)]);
  return ['portcullis', 'serve', ...files, ...more, ...logs].map(shellWord).join(' ');
}

/** A word of a command line as a POSIX shell takes it. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function portsText({ ports }: LabPod): string {
  return (
    ports
      .map(({ containerPort, protocol, name }) => `${name === undefined ? '' : `${name}=`}${containerPort}/${protocol}`)
      .join(', ') || '-'
  );
}

/** One row for each pair with a connection, or where prediction and kernel differ; last, the sums. */
export function probeText(report: ProbeReport, options: LabTextOptions = {}): string {
  const { style = PLAIN, by = 'workload', all = false } = options;
  const names = new Map(report.status.plan.pods.map((pod) => [pod.id, by === 'pod' ? pod.id : workloadId(pod)]));
  const rows = new Map<string, { readonly cells: readonly string[]; readonly differs: boolean }>();
  for (const results of pairsOf(report.results)) {
    const [first] = results;
    if (first === undefined) continue;
    const differs = results.some(({ agrees }) => !agrees);
    const predicted = portsOf(results, (result) => result.predicted);
    const actual = portsOf(results, (result) => result.actual);
    if (!all && !differs && predicted === 'none') continue;
    const ends = [names.get(first.fromId) ?? first.fromId, names.get(first.toId) ?? first.toId];
    const cells = [...ends, predicted, actual, differs ? differences(results) : ''];
    rows.set(JSON.stringify(cells), { cells, differs });
  }
  const shown = [...rows.values()].map(({ cells, differs }) => (differs ? cells : cells.slice(0, 4)));
  const body = shown.length === 0 ? '' : `${table(['FROM', 'TO', 'PREDICTED', 'ACTUAL'], shown, options)}\n`;
  return `${body}${probeSummary(report, style)}`;
}

/** One line: how many probes, how many of them let through, whether the kernel did what was predicted. */
export function probeSummary({ results }: ProbeReport, style: Style = PLAIN): string {
  const wrong = results.filter(({ agrees }) => !agrees).length;
  const allowed = results.filter(({ predicted }) => predicted).length;
  const pairs = pairsOf(results).length;
  const sums = `${count(results.length, 'connection')} between ${count(pairs, 'pair')}: ${allowed} predicted allowed, ${results.length - allowed} denied`;
  const verdict = wrong === 0 ? style.good('predicted = actual') : style.error(`${wrong} differ`);
  return `${sums}; ${verdict}\n`;
}

/** Probes as data; names and shapes are a contract. */
export function probeJson({ results, digest }: ProbeReport): string {
  const probes = results.map(({ fromId, toId, from, to, protocol, port, predicted, actual, agrees, outcome }) => ({
    from: fromId,
    to: toId,
    family: familyOf(to),
    source: from,
    destination: to,
    protocol,
    port,
    predicted: predicted ? 'allowed' : 'denied',
    actual: actual ? 'allowed' : 'denied',
    agrees,
    outcome,
  }));
  const mismatches = probes.filter(({ agrees }) => !agrees).length;
  const head = { apiVersion: 'portcullis.dev/v1', kind: 'LabProbe', digest, mismatches };
  return `${JSON.stringify({ ...head, probes }, null, 2)}\n`;
}

/** The status as data. */
export function statusJson(status: LabStatus): string {
  const { name, ready, paths, inputDigest, plan, agents, problems, answered } = status;
  const { nodes, pods, services, outside, warnings } = plan;
  const value = {
    apiVersion: 'portcullis.dev/v1',
    kind: 'LabStatus',
    name,
    ready,
    paths,
    digest: inputDigest,
    nodes: nodes.map((node) => ({ ...node, agent: agents.find((agent) => agent.node === node.name) })),
    pods: pods.map(({ podNamespace, namespace, ...pod }) => ({ ...pod, podNamespace, networkNamespace: namespace })),
    services,
    outside,
    warnings,
    problems,
    answered,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What a pod is called where replicas are not told apart. */
function workloadId({ podNamespace, name, owner }: LabPod): string {
  return owner === undefined ? `${podNamespace}/${name}[Pod]` : `${podNamespace}/${owner.name}[${owner.kind}]`;
}

function pairsOf(results: readonly ProbeResult[]): ProbeResult[][] {
  const pairs = new Map<string, ProbeResult[]>();
  for (const result of results) {
    const key = `${result.fromId} ${result.toId}`;
    const known = pairs.get(key);
    if (known === undefined) pairs.set(key, [result]);
    else known.push(result);
  }
  return [...pairs.values()];
}

function portsOf(results: readonly ProbeResult[], open: (result: ProbeResult) => boolean): string {
  const families: FamilyPorts = {};
  for (const result of results) {
    const family = familyOf(result.to);
    const known = families[family] ?? PortSet.EMPTY;
    families[family] = open(result) ? known.union(PortSet.of(result.protocol, result.port)) : known;
  }
  return formatPorts(portEntries(families));
}

/** What differs, where it is not plain from the ports. */
function differences(results: readonly ProbeResult[]): string {
  const others = new Set(
    results.flatMap(({ agrees, outcome, toId }) =>
      !agrees && outcome.type === 'answered' && outcome.by !== toId ? [outcome.by] : [],
    ),
  );
  return others.size === 0 ? '<- differs' : `<- differs: answered by ${[...others].join(', ')}`;
}
