import { clusterObjects } from './cluster.ts';
import type { Failure, Figure } from './figures.ts';
import {
  decodeObject,
  engine,
  type Flow,
  type FlowEnd,
  type KubeObject,
  matchesSelector,
  type NetworkPolicy,
  type PodInfo,
  type PolicyIndex,
} from './portcullis.ts';
import { type Random, seededRandom } from './random.ts';
import type { ClusterShape } from './shape.ts';
import { median, quantile } from './stats.ts';

/** Connections for the verdict rate; the yardstick is slow and gets as many as fit in its time. */
const FLOWS = 200_000;
const REFERENCE_MS = 1_000;
/** Connections on which index and reference are compared after the deltas. */
const CHECKS = 200;

/**
 * What the compiled index takes for one cluster: build, memory, verdicts, and changes of single pods and policies.
 * Needs `--expose-gc`. A last step compares it with the reference evaluator after all changes, since a fast wrong
 * answer is no figure; a difference is answered as a failure.
 */
export function measureEngine(size: string, shape: ClusterShape, deltas: number): (Figure | Failure)[] {
  const { objects, parseMs } = readObjects(shape);
  const before = heapBytes();
  const buildTimes: number[] = [];
  let index = build(objects, buildTimes);
  for (let run = 1; run < (objects.length > 50_000 ? 2 : 5); run++) index = build(objects, buildTimes);
  const indexBytes = heapBytes() - before;
  const buildMs = median(buildTimes);
  const what = 'bare JSON.parse of the objects';

  const random = seededRandom(shape.seed);
  const flows = drawFlows(index, random);
  const lines: (Figure | Failure)[] = [
    { size, what: 'index build', unit: 'time', value: buildMs, baseline: { what, value: parseMs } },
    {
      size,
      what: 'index heap',
      unit: 'memory',
      value: indexBytes,
      baseline: { what: 'heap of the objects', value: before - EMPTY_HEAP },
    },
    ...verdictFigures(size, index, flows),
    ...deltaFigures(size, index, deltas, buildMs, random),
    { size, what: 'resident after all that', unit: 'memory', value: process.memoryUsage.rss() },
  ];
  const wrong = differences(index, flows.slice(0, CHECKS));
  if (wrong > 0)
    lines.push({ size, what: 'agreement', problem: `${wrong} of ${CHECKS} verdicts differ from the reference` });
  return lines;
}

const EMPTY_HEAP = heapBytes();

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** The typed objects of a cluster, and how long `JSON.parse` alone takes for their text, object by object. */
function readObjects(shape: ClusterShape): { readonly objects: readonly KubeObject[]; readonly parseMs: number } {
  const objects: KubeObject[] = [];
  let parseMs = 0;
  for (const plain of clusterObjects(shape)) {
    const text = JSON.stringify(plain);
    const begin = performance.now();
    const value: unknown = JSON.parse(text);
    parseMs += performance.now() - begin;
    const { object, diagnostics } = decodeObject(value);
    if (object === undefined)
      throw new Error(`the generator wrote an object that does not decode: ${diagnostics[0]?.message}`);
    objects.push(object);
  }
  return { objects, parseMs };
}

function build(objects: readonly KubeObject[], times: number[]): PolicyIndex {
  const begin = performance.now();
  const index = new engine.PolicyIndex(engine.buildState(objects));
  times.push(performance.now() - begin);
  return index;
}

function podEnd(pod: PodInfo): FlowEnd {
  return { type: 'pod', pod };
}

/** Connections between drawn pods on a port that policies of the generator name, or next to one. */
function drawFlows(index: PolicyIndex, random: Random): Flow[] {
  const pods = [...index.state.pods.values()];
  return Array.from({ length: FLOWS }, () => {
    const from = drawn(pods, random);
    const to = drawn(pods, random);
    const family = from.addresses[0]?.family ?? 'IPv4';
    return { from: podEnd(from), to: podEnd(to), family, protocol: 'TCP', port: 8080 + random.below(4) };
  });
}

function drawn<T>(items: readonly T[], random: Random): T {
  return items[random.below(items.length)] as T;
}

function verdictFigures(size: string, index: PolicyIndex, flows: readonly Flow[]): Figure[] {
  const pass = (): number => {
    const begin = performance.now();
    for (const { from, to, family, protocol, port } of flows) index.allows(from, to, family, protocol, port);
    return perSecond(flows.length, performance.now() - begin);
  };
  const first = pass();
  const again = pass();

  let judged = 0;
  const begin = performance.now();
  while (judged < flows.length && performance.now() - begin < REFERENCE_MS) {
    engine.evaluate(index.state, flows[judged++] as Flow);
  }
  const baseline = { what: 'reference evaluator', value: perSecond(judged, performance.now() - begin) };
  return [
    { size, what: 'verdicts, pairs new to the index', unit: 'rate', value: first, baseline },
    { size, what: 'verdicts, pairs seen before', unit: 'rate', value: again, baseline },
  ];
}

function perSecond(count: number, ms: number): number {
  return (count / ms) * 1000;
}

/**
 * A change and the first verdict that depends on it, so that work which the index puts off is counted. Each change is
 * taken back, which counts as a change too. The yardstick is the build of a new index.
 */
function deltaFigures(size: string, index: PolicyIndex, deltas: number, buildMs: number, random: Random): Figure[] {
  const pods = [...index.state.pods.values()];
  const policies = [...index.state.policies.values()];
  const podTimes: number[] = [];
  const policyTimes: number[] = [];
  for (let round = 0; round < deltas / 2; round++) {
    const pod = drawn(pods, random);
    const relabelled: PodInfo = { ...pod, labels: drawn(pods, random).labels };
    const peer = drawn(pods, random);
    for (const changed of [relabelled, pod]) {
      podTimes.push(
        timed(() => {
          index.setPod(changed);
          askBothWays(index, changed, peer);
        }),
      );
    }
    if (policies.length === 0) continue;
    const policy = drawn(policies, random);
    const subject = pods.find((candidate) => selects(policy, candidate)) ?? pod;
    for (const changed of [withoutFirstRule(policy), policy]) {
      policyTimes.push(
        timed(() => {
          index.setPolicy(changed);
          askBothWays(index, subject, peer);
        }),
      );
    }
  }
  const baseline = { what: 'full rebuild', value: buildMs };
  const rows = (name: string, times: readonly number[]): Figure[] =>
    times.length === 0
      ? []
      : [
          { size, what: `${name}, median`, unit: 'time', value: median(times), baseline },
          { size, what: `${name}, p99`, unit: 'time', value: quantile(times, 0.99), baseline },
        ];
  return [...rows('pod delta', podTimes), ...rows('policy delta', policyTimes)];
}

function timed(action: () => void): number {
  const begin = performance.now();
  action();
  return performance.now() - begin;
}

function askBothWays(index: PolicyIndex, pod: PodInfo, peer: PodInfo): void {
  const family = pod.addresses[0]?.family ?? 'IPv4';
  index.allows(podEnd(pod), podEnd(peer), family, 'TCP', 8080);
  index.allows(podEnd(peer), podEnd(pod), family, 'TCP', 8080);
}

function selects({ metadata, spec }: NetworkPolicy, pod: PodInfo): boolean {
  return metadata.namespace === pod.namespace && matchesSelector(spec.podSelector, pod.labels);
}

function withoutFirstRule(policy: NetworkPolicy): NetworkPolicy {
  const { ingress, egress } = policy.spec;
  return { ...policy, spec: { ...policy.spec, ingress: ingress.slice(1), egress: egress.slice(1) } };
}

function differences(index: PolicyIndex, flows: readonly Flow[]): number {
  return flows.filter(
    (flow) =>
      engine.evaluate(index.state, flow).allowed !==
      index.allows(flow.from, flow.to, flow.family, flow.protocol, flow.port),
  ).length;
}
