import { describe, expect, test } from 'vitest';
import type { Connection } from '../../src/analysis/index.ts';
import type { Family } from '../../src/net/address.ts';
import { portcullis } from '../cli/run-main.ts';
import { isOpen } from '../support/connections.ts';
import { yamlOf } from '../support/manifest-files.ts';
import { type Labels, type Manifest, namespace, pod, policy } from '../support/manifests.ts';
import { readTruth } from '../support/truth.ts';

/** The network policy suite of Kubernetes itself, asked through the command line in one dual-stack cluster. */
interface Suite {
  readonly topology: {
    readonly namespaces: readonly { readonly name: string; readonly labels: Labels }[];
    readonly pods: readonly {
      readonly id: string;
      readonly labels: Labels;
      readonly ipv4: string;
      readonly ipv6: string;
    }[];
  };
  readonly cases: readonly Case[];
}

interface Case {
  readonly id: string;
  readonly protocols: readonly string[];
  readonly ports: readonly number[];
  readonly steps: readonly { readonly actions: readonly Action[]; readonly probes: readonly Probe[] }[];
}

type Policy = Manifest & { readonly metadata: { readonly namespace: string; readonly name: string } };

type Action =
  | { readonly op: 'create' | 'update'; readonly policy: Policy; readonly policyIPv6?: Policy }
  | { readonly op: 'deleteAllPolicies'; readonly namespaces: readonly string[] }
  | { readonly op: 'labelNamespace'; readonly namespace: string; readonly set: Labels }
  | { readonly op: 'labelPod'; readonly pod: string; readonly set: Labels };

interface Probe {
  readonly port: number;
  readonly protocol: string;
  readonly denied: readonly (readonly [from: string, to: string])[];
}

const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];
const suite = readTruth<Suite>('e2e-netpol.json');
const ids = suite.topology.pods.map(({ id }) => id);
const pairs = ids.flatMap((from) => ids.filter((to) => to !== from).map((to) => [from, to] as const));

/** The objects of a case as its steps leave them. */
class Cluster {
  readonly #case: Case;
  readonly #labels: Map<string, Labels>;
  readonly #policies = new Map<string, Policy>();

  constructor(entry: Case) {
    this.#case = entry;
    const { namespaces, pods } = suite.topology;
    this.#labels = new Map([
      ...namespaces.map(({ name, labels }) => [name, labels] as const),
      ...pods.map(({ id, labels }) => [id, labels] as const),
    ]);
  }

  apply(action: Action): void {
    switch (action.op) {
      case 'create':
      case 'update':
        this.#set(action.policy);
        if (action.policyIPv6 !== undefined) {
          // The same cluster has both families: what one family's policy lets through is a policy of its own.
          const { metadata } = action.policyIPv6;
          this.#set({ ...action.policyIPv6, metadata: { ...metadata, name: `${metadata.name}-ipv6` } });
        }
        return;
      case 'deleteAllPolicies':
        for (const [key, { metadata }] of this.#policies) {
          if (action.namespaces.includes(metadata.namespace)) this.#policies.delete(key);
        }
        return;
      case 'labelNamespace':
        this.#label(action.namespace, action.set);
        return;
      case 'labelPod':
        this.#label(action.pod, action.set);
    }
  }

  #set(policy: Policy): void {
    this.#policies.set(`${policy.metadata.namespace}/${policy.metadata.name}`, policy);
  }

  #label(name: string, set: Labels): void {
    this.#labels.set(name, { ...this.#labels.get(name), ...set });
  }

  yaml(): string {
    const { namespaces, pods } = suite.topology;
    const ports = this.#case.ports.flatMap((containerPort) =>
      this.#case.protocols.map((protocol) => ({
        name: `serve-${containerPort}-${protocol.toLowerCase()}`,
        containerPort,
        protocol,
      })),
    );
    return yamlOf([
      ...namespaces.map(({ name }) => namespace(name, this.#labels.get(name))),
      ...pods.map(({ id, ipv4, ipv6 }) => pod(id, { labels: this.#labels.get(id) ?? {}, ips: [ipv4, ipv6], ports })),
      ...this.#policies.values(),
    ]);
  }
}

async function connectionsOf(stdin: string): Promise<Map<string, Connection>> {
  const { code, stdout, stderr } = await portcullis(['reach', '-f', '-', '--by', 'pod', '-o', 'json'], { stdin });
  expect([code, stderr]).toEqual([0, '']);
  const { connections } = JSON.parse(stdout) as { readonly connections: readonly Connection[] };
  return new Map(connections.map((connection) => [`${connection.from} ${connection.to}`, connection]));
}

test('the suite has its 48 cases', () => expect(suite.cases).toHaveLength(48));

test.each(suite.cases.map((entry) => [entry.id, entry] as const))('%s', async (_, entry) => {
  const cluster = new Cluster(entry);
  for (const { actions, probes } of entry.steps) {
    for (const action of actions) cluster.apply(action);
    const stdin = cluster.yaml();
    const connections = await connectionsOf(stdin);
    for (const probe of probes) {
      const denied = new Set(probe.denied.map(([from, to]) => `${from} ${to}`));
      for (const family of FAMILIES) {
        const closed = pairs
          .filter(([from, to]) => !isOpen(connections.get(`${from}[Pod] ${to}[Pod]`), family, probe))
          .map(([from, to]) => `${from} ${to}`);
        expect(closed.sort(), family).toEqual([...denied].sort());
      }
      const sample = [
        pairs.find(([from, to]) => denied.has(`${from} ${to}`)),
        pairs.find(([from, to]) => !denied.has(`${from} ${to}`)),
      ];
      for (const pair of sample) {
        if (pair === undefined) continue;
        const [from, to] = pair;
        const { code } = await portcullis(['can', '-f', '-', from, to, `${probe.port}/${probe.protocol}`], { stdin });
        expect(code, `${from} -> ${to}`).toBe(denied.has(`${from} ${to}`) ? 1 : 0);
      }
    }
  }
});

describe('families that differ', () => {
  test('a policy for one family leaves the other isolated', async () => {
    const entry = suite.cases.find(({ id }) => id === 'tcp-egress-cidr') as Case;
    const [step] = entry.steps;
    const cluster = new Cluster(entry);
    for (const action of step?.actions ?? []) {
      cluster.apply(action.op === 'create' ? { op: 'create', policy: action.policy } : action);
    }
    const connections = [...(await connectionsOf(cluster.yaml())).values()];
    const partial = connections.flatMap(({ ports }) => ports).filter(({ families }) => families !== undefined);
    expect(partial.length).toBeGreaterThan(0);
    for (const { families } of partial) expect(families).toEqual(['IPv4']);
  });

  test('an address asks about its own family only', async () => {
    const pods = [
      pod('shop/web', { labels: { app: 'web' }, ips: ['10.0.0.1', 'fd00::1'] }),
      pod('shop/cart', { labels: { app: 'cart' }, ips: ['10.0.0.2', 'fd00::2'] }),
    ];
    const admitted = { from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] };
    const stdin = yamlOf([
      ...pods,
      policy('shop/cart', { podSelector: { matchLabels: { app: 'cart' } }, ingress: [admitted] }),
    ]);
    const codeOf = async (from: string, to: string): Promise<number> =>
      (await portcullis(['can', '-f', '-', from, to, '80'], { stdin })).code;
    expect(await codeOf('10.0.0.1', 'shop/cart')).toBe(0);
    expect(await codeOf('fd00::1', 'shop/cart')).toBe(1);
    expect(await codeOf('shop/web', 'fd00::2')).toBe(1);
    expect(await codeOf('10.0.0.1', 'fd00::2')).toBe(1);
    expect(await codeOf('shop/web', 'shop/cart')).toBe(0);
  });
});
