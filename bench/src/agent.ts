import { monitorEventLoopDelay } from 'node:perf_hooks';
import { clusterObjects } from './cluster.ts';
import type { Failure, Figure } from './figures.ts';
import {
  AddressSet,
  Agent,
  decodeObject,
  type KubeObject,
  type LinuxKernel,
  linuxKernel,
  type ObjectChange,
  type ObjectSink,
  systemClock,
} from './portcullis.ts';
import type { ClusterShape } from './shape.ts';
import { median, quantile } from './stats.ts';

const EVENTS = 1000;
const POLICY_EDITS = 300;
/** Pods that one policy edit lets in or shuts out. */
const WIDE_PEERS = 1000;
const BATCH = 500;

/** Tells objects and waits until the kernel has what they lead to. */
class Driver {
  readonly certain = true;
  sink: ObjectSink | undefined;
  #done: (() => void) | undefined;

  async start(sink: ObjectSink): Promise<void> {
    this.sink = sink;
  }

  async close(): Promise<void> {}

  /** A change is in force. */
  inForce(): void {
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }

  /** Milliseconds from telling to the kernel's answer. */
  async tell(tell: (sink: ObjectSink) => void): Promise<number> {
    if (this.sink === undefined) throw new Error('the agent has not begun');
    const begin = performance.now();
    const done = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    tell(this.sink);
    await done;
    return performance.now() - begin;
  }

  change(...changes: readonly ObjectChange[]): Promise<number> {
    return this.tell((sink) => sink.apply(changes));
  }
}

function decoded(value: unknown): KubeObject {
  const { object } = decodeObject(value);
  if (object === undefined) throw new Error(`not an object: ${JSON.stringify(value)}`);
  return object;
}

/**
 * What the agent takes from an event to the commit of the kernel, for the first load and at rest. The yardstick is a
 * transaction of one element by the same library in the same namespace.
 */
export async function measureAgent(size: string, shape: ClusterShape): Promise<(Figure | Failure)[]> {
  const kernel = await linuxKernel();
  const bare = await bareTransactions(kernel);
  const driver = new Driver();
  const agent = new Agent({
    node: 'node-0',
    kernel,
    clock: systemClock,
    log: {
      debug: (_fields, message) => void (message === 'in force' && driver.inForce()),
      info: () => undefined,
      warn: (fields, message) => void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
      error: (fields, message) => void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
    },
    source: () => driver,
    denial: 'drop',
    audit: false,
    strict: false,
    podRange: AddressSet.EMPTY,
    adoptMs: 0,
    version: 'bench',
  });
  await agent.start();
  const pods: unknown[] = [];
  let batch: ObjectChange[] = [];
  const flush = (): void => {
    driver.sink?.apply(batch);
    batch = [];
  };
  for (const object of clusterObjects(shape)) {
    if (object.kind === 'Pod' && pods.length < EVENTS) pods.push(object);
    batch.push({ type: 'set', object: decoded(object) });
    if (batch.length >= BATCH) flush();
  }
  batch.push({ type: 'set', object: decoded(widePolicy('nobody')) });
  flush();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // What comes before its first tick is not seen.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const loadMs = await driver.tell((sink) => sink.synced());
  delay.disable();
  const loaded = resident();

  const events: number[] = [];
  // Each pod becomes a peer of this node's pods, and is one no more: every event changes the kernel's sets.
  for (const label of ['nobody', 'other']) {
    for (const value of pods) events.push(await driver.change({ type: 'set', object: relabelled(value, label) }));
  }
  const policies: number[] = [];
  for (let at = 0; at < POLICY_EDITS; at++) {
    policies.push(await driver.change({ type: 'set', object: decoded(widePolicy(at % 2 === 0 ? 'wide' : 'nobody')) }));
  }
  const cpu = process.cpuUsage();
  const idleFrom = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const { user, system } = process.cpuUsage(cpu);
  const idle = (user + system) / 10 / (performance.now() - idleFrom);
  const baseline = { what: 'one element written by the bare library', value: bare };
  await agent.stop();
  return [
    { size, what: 'first load, from the last object to the commit', unit: 'time', value: loadMs },
    {
      size,
      what: 'longest pause of the event loop meanwhile',
      unit: 'time',
      value: delay.max / 1e6,
      baseline: { what: 'the first load', value: loadMs },
    },
    { size, what: 'resident after the load', unit: 'memory', value: loaded },
    { size, what: 'a pod event, median', unit: 'time', value: median(events), baseline },
    { size, what: 'a pod event, 99th percentile', unit: 'time', value: quantile(events, 0.99), baseline },
    { size, what: `a policy edit for ${WIDE_PEERS} peers, median`, unit: 'time', value: median(policies), baseline },
    {
      size,
      what: `a policy edit for ${WIDE_PEERS} peers, 99th percentile`,
      unit: 'time',
      value: quantile(policies, 0.99),
      baseline,
    },
    { size, what: 'resident after all that', unit: 'memory', value: resident() },
    { size, what: 'processor time at rest, per cent of one core', unit: 'count', value: Math.round(idle * 100) / 100 },
  ];
}

function resident(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

async function bareTransactions(kernel: LinuxKernel): Promise<number> {
  await kernel.run('add table inet bench\nadd set inet bench one { type ipv4_addr; }\n');
  const times: number[] = [];
  for (let at = 0; at < 300; at++) {
    const begin = performance.now();
    await kernel.run(`add element inet bench one { 10.0.${at >> 8}.${at & 255} }\n`);
    times.push(performance.now() - begin);
  }
  await kernel.run('delete table inet bench\n');
  return median(times);
}

/** A pod with a label that the wide policy looks at. */
function relabelled(value: unknown, label: string): KubeObject {
  const pod = structuredClone(value) as { metadata: { labels: Record<string, string> } };
  pod.metadata.labels['bench'] = label;
  return decoded(pod);
}

/** Lets pods with a label into all pods of the first namespace. */
function widePolicy(label: string): unknown {
  const from =
    label === 'wide'
      ? [
          {
            namespaceSelector: {},
            podSelector: { matchExpressions: [{ key: 'num', operator: 'In', values: WIDE_NUMBERS }] },
          },
        ]
      : [{ namespaceSelector: {}, podSelector: { matchLabels: { bench: label } } }];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'wide', namespace: 'netpol-0' },
    spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from, ports: [{ port: 9999 }] }] },
  };
}

const WIDE_NUMBERS: readonly string[] = Array.from({ length: 10 }, (_, at) => `${at + 1}`);
